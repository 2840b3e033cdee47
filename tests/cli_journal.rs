//! `rrp journal` and `rrp doubt` on journals that this test writes.
#![cfg(feature = "cli")]

use std::fs;
use std::path::{Path, PathBuf};

use rrp::dispatch::Put;
use rrp::journal::{Options, Scope, Store};
use serde_json::{Value, json};

use entries::{NOW, account, entry_of, put, record};
use program::{Said, program};

#[path = "support/entries.rs"]
mod entries;
#[path = "support/program.rs"]
mod program;

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    /// A journal with a lost AddDomain (1), a lost contact (2), an open renewal (3), and one that is done (4).
    fn new() -> Self {
        let place = Self { directory: tempfile::tempdir().unwrap() };
        let mut lost = record(1, "in-doubt");
        (lost["key"], lost["user"]) = (json!("order-1"), json!("shop"));
        lost["notes"] = json!([[NOW, "attempt 1: unanswered"], [NOW, "read back: 200, not ours \u{1b}[31m"]]);
        lost["before"] = json!([{"code": 545, "whole": true, "fields": [["x", {"clear": "seen"}]]}]);
        let mut contact = record(2, "in-doubt");
        (contact["command"], contact["billable"]) = (json!("AddContact"), json!("no"));
        (contact["objects"], contact["resolver"]) = (json!([]), Value::Null);
        contact["lines"] = json!([{"name": "lastname", "does": "set", "value": {"hash": "0".repeat(32)}}]);
        let mut renewal = record(3, "open");
        (renewal["dialect"], renewal["command"]) = (json!("rrp"), json!("renew"));
        renewal["lines"] = json!([
            {"name": "DomainName", "does": "set", "value": {"clear": "n3.example.com"}},
            {"name": "Period", "does": "option", "value": {"clear": "1"}},
        ]);
        let puts: Vec<Put> =
            [lost, contact, renewal].iter().map(|record| Put::Entry(entry_of(record))).collect();
        let mut store = place.store();
        store.write(&puts, NOW).unwrap();
        store.write(&[put(4, "accepted")], NOW).unwrap();
        place
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("journal.redb")
    }

    fn file(&self, name: &str) -> String {
        self.directory.path().join(name).into_os_string().into_string().unwrap()
    }

    fn store(&self) -> Store {
        let scope = Scope::new("registry.example.com:2001", "registrar");
        Store::create_file(self.path(), &scope, &Options::new(), NOW).unwrap()
    }

    fn standing(&self, ticket: u64) -> Option<&'static str> {
        let mut store = self.store();
        let entry = store.entry(rrp::dispatch::Ticket::new(ticket)).unwrap();
        entry.map(|entry| entry.standing().as_str())
    }

    fn doubt(&self, args: &[&str]) -> Said {
        run(&[&["doubt"], args, &["--journal", &self.file("journal.redb")]].concat())
    }

    fn journal(&self, args: &[&str]) -> Said {
        run(&[&["journal"], args].concat())
    }
}

fn run(args: &[&str]) -> Said {
    Said::of(program(args).output().unwrap())
}

#[test]
fn the_list_has_what_is_open_or_in_doubt_and_how_to_look() {
    let place = Place::new();
    let said = place.doubt(&["list"]).exits(0);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 5, "{}", said.out);
    assert!(
        lines[1].starts_with("1 ") && lines[1].contains("rrp status --ptf n1.example.com"),
        "{}",
        lines[1]
    );
    assert!(lines[2].contains("AddContact"), "{}", lines[2]);
    assert!(lines[3].contains("open") && lines[3].ends_with("rrp status n3.example.com"), "{}", lines[3]);
    assert!(!said.out.contains("n4.example.com"), "{}", said.out);
    let told = place.doubt(&["list", "--json"]).exits(0).json();
    assert_eq!(told.as_array().unwrap().len(), 3);
    assert_eq!((&told[0]["ticket"], &told[0]["money_at_stake"]), (&json!(1), &json!(true)));
    assert_eq!((&told[1]["money_at_stake"], &told[2]["standing"]), (&json!(false), &json!("open")));
    assert!(told[0]["age_s"].as_u64().is_some());
}

#[test]
fn one_is_shown_with_what_was_sent_and_what_to_do() {
    let place = Place::new();
    let said = place.doubt(&["show", "1"]).exits(0);
    for text in [
        "1: AddDomain n1.example.com (in-doubt)",
        "at stake: a second one may be paid for again",
        "command=AddDomain",
        "domain=n1.example.com",
        "auth=***",
        "attempt 1: unanswered",
        "not ours \\u{1b}[31m",
        "x=seen",
        "order-1",
        "shop",
        "look first   rrp status --ptf n1.example.com",
        "rrp doubt resolve 1 --applied --journal ",
        "rrp doubt resolve 1 --not-applied --journal ",
    ] {
        assert!(said.out.contains(text), "`{text}` in:\n{}", said.out);
    }
    place.doubt(&["show", "3"]).exits(0).says("renew").says("-Period:1").says("DomainName:n3.example.com");
    place.doubt(&["show", "2"]).exits(0).says("money        none").says("lastname=***");
    let told = place.doubt(&["show", "1", "--json"]).exits(0).json();
    assert_eq!(told["lines"][1], json!({"name": "auth", "does": "set", "value": null}));
    assert_eq!(told["look"], "rrp status --ptf n1.example.com");
    let next: Vec<&str> =
        told["next"].as_array().unwrap().iter().filter_map(|line| line.as_str()?.split(' ').nth(2)).collect();
    assert_eq!(next, ["settle", "resolve", "resolve"]);
    // Of one that is finished nothing is left to do.
    let said = place.doubt(&["show", "4"]).exits(0).says("accepted");
    assert!(!said.out.contains("resolve"), "{}", said.out);
    place.doubt(&["show", "5"]).exits(1).says("there is no ticket `5`");
    place.doubt(&["show", "five"]).exits(2);
}

/// A journal of another API, with a request that is in doubt (1), one that its program can settle (2), and a refused one (3).
fn other_api() -> Place {
    let place = Place { directory: tempfile::tempdir().unwrap() };
    let order = |ticket: u64, standing: &str| {
        let mut record = record(ticket, standing);
        (record["dialect"], record["command"]) = (json!("opaque"), json!("POST /orders"));
        record["objects"] = json!([["domain", "example.com"], ["other", format!("+4930\u{1b}{ticket}")]]);
        record["lines"] = json!([
            {"name": "reference", "does": "set", "value": {"clear": "ref-1"}},
            {"name": "owner", "does": "set", "value": {"hash": "0".repeat(32)}},
        ]);
        record["resolver"] = Value::Null;
        record
    };
    let (lost, mut own, mut refused) = (order(1, "in-doubt"), order(2, "open"), order(3, "refused"));
    own["resolver"] = json!("other");
    refused["summary"] =
        json!({"proof": "reply", "word": "request_validation_failed", "text": "fields: owner"});
    let puts: Vec<Put> = [lost, own, refused].iter().map(|record| Put::Entry(entry_of(record))).collect();
    place.store().write(&puts, NOW).unwrap();
    place
}

#[test]
fn a_request_of_another_api_is_shown_as_what_it_is() {
    let place = other_api();
    let said = place.doubt(&["show", "1"]).exits(0);
    for text in [
        "1: POST /orders example.com (in-doubt)\n",
        "\n  object       domain example.com\n               other +4930\\u{1b}1\n",
        "\n  sent         POST /orders\n               reference=ref-1\n               owner=***\n",
        "\n  look first   no read can prove it: ask whoever runs the API\n",
        "rrp doubt resolve 1 --applied --journal ",
    ] {
        assert!(said.out.contains(text), "`{text}` in:\n{}", said.out);
    }
    for text in ["[COMMAND]", "EOF", "registry", "doubt settle"] {
        assert!(!said.out.contains(text), "`{text}` in:\n{}", said.out);
    }
    let said = place.doubt(&["show", "2"]).exits(0).says("the program that sent it reads what became of it");
    assert!(!said.out.contains("doubt settle"), "{said:?}");
    place.doubt(&["show", "3"]).exits(0).says("\n  answer       request_validation_failed fields: owner\n");
    let told = place.doubt(&["show", "3", "--json"]).exits(0).json();
    assert_eq!(
        (&told["dialect"], &told["code"], &told["look"]),
        (&json!("opaque"), &json!("request_validation_failed"), &Value::Null)
    );
    let list = place.doubt(&["list"]).exits(0).out;
    assert_eq!(list.matches("  ask whoever runs the API\n").count(), 2, "{list}");
}

/// What a program with reads of its own leaves behind: the codes of what was read are numbers of its own.
#[test]
fn nothing_is_said_of_another_api_in_the_words_of_a_registry() {
    let place = Place { directory: tempfile::tempdir().unwrap() };
    let order = |ticket: u64, standing: &str| {
        let mut record = record(ticket, standing);
        (record["dialect"], record["command"]) = (json!("opaque"), json!("POST /orders"));
        record["objects"] = json!([["other", format!("o-{ticket}")]]);
        (record["lines"], record["resolver"]) = (json!([]), json!("other"));
        record
    };
    let (mut done, mut later, mut lost) = (order(1, "accepted"), order(2, "accepted"), order(3, "in-doubt"));
    done["summary"] = json!({"proof": "read-back", "code": 200, "text": ""});
    later["summary"] =
        json!({"proof": "reply", "word": "202", "text": "", "pending": true, "job": "j\u{1b}1"});
    lost["before"] = json!([{"code": 545, "whole": true, "fields": [["state", {"clear": "free"}]]}]);
    lost["attempts"] = json!(0);
    let puts: Vec<Put> = [done, later, lost].iter().map(|record| Put::Entry(entry_of(record))).collect();
    place.store().write(&puts, NOW).unwrap();

    // No answer came: a read of its program's has proven it.
    let said = place.doubt(&["show", "1"]).exits(0).says("handed over  1 time, as far");
    assert!(!said.out.contains("answer") && !said.out.contains("200"), "{}", said.out);
    let said = place.doubt(&["show", "2"]).exits(0).says("\n  answer       202\n");
    said.says("\n  pending      accepted to be done later: job j\\u{1b}1\n");
    // A crash has left it: whoever reads that it was never handed over orders it again.
    let said = place.doubt(&["show", "3"]).exits(0).says("handed over  perhaps, though that is not recorded");
    let said = said.says("\n  before       read by the program that sent it\n               state=free\n");
    assert!(!said.out.contains("545") && !said.out.contains("0 times"), "{}", said.out);
    let hint = format!("rrp doubt show 3 --journal {}", place.file("journal.redb"));
    place.doubt(&["forget", "3"]).exits(2).says(&hint);
}

#[test]
fn a_request_of_another_api_is_settled_by_its_program_or_a_person() {
    let place = other_api();
    for args in [&["settle", "1"][..], &["settle", "2"], &["settle", "--all", "--json"]] {
        // Nobody is connected to, and no password is asked for.
        let said = place
            .doubt(args)
            .exits(5)
            .says("is a request of another API: the program that sent it settles it");
        assert!(said.out.is_empty() && said.err.contains("hint: `rrp doubt show "), "{said:?}");
    }
    place
        .doubt(&["resolve", "1", "--applied"])
        .exits(0)
        .says("1: accepted, by your word (POST /orders example.com)");
    place.doubt(&["resolve", "2", "--not-applied"]).exits(0);
    assert_eq!((place.standing(1), place.standing(2)), (Some("accepted"), Some("not-applied")));
    place.doubt(&["settle", "--all"]).exits(0).says("nothing is in doubt");
}

#[test]
fn a_word_resolves_and_only_what_is_unknown() {
    let place = Place::new();
    place.doubt(&["resolve", "1"]).exits(2);
    place.doubt(&["resolve", "1", "--applied", "--not-applied"]).exits(2);
    assert_eq!(place.standing(1), Some("in-doubt"));
    place.doubt(&["resolve", "1", "--applied"]).exits(0).says("1: accepted, by your word");
    place.doubt(&["resolve", "3", "--not-applied"]).exits(0).says("3: not-applied, by your word");
    assert_eq!((place.standing(1), place.standing(3)), (Some("accepted"), Some("not-applied")));
    place.doubt(&["resolve", "1", "--not-applied"]).exits(4).says("is finished: accepted");
    place.doubt(&["resolve", "9", "--applied"]).exits(1);
    let told = place.doubt(&["show", "1", "--json"]).json();
    assert_eq!((&told["proof"], &told["code"]), (&json!("operator"), &Value::Null));
    let said = place.doubt(&["list"]).exits(0);
    assert_eq!(said.out.lines().count(), 3, "{}", said.out);
}

#[test]
fn what_costs_is_forgotten_only_on_ones_word() {
    let place = Place::new();
    place.doubt(&["forget", "1"]).exits(2).says("nothing is forgotten").says("--yes");
    assert_eq!(place.standing(1), Some("in-doubt"));
    place.doubt(&["forget", "1", "--yes"]).exits(0).says("1: forgotten");
    place.doubt(&["forget", "2"]).exits(0);
    place.doubt(&["forget", "3", "--yes"]).exits(0);
    assert_eq!(place.standing(1), None);
    place.doubt(&["forget", "1"]).exits(1);
    place.doubt(&["list"]).exits(0).says("nothing is in doubt");
    assert_eq!(place.doubt(&["list", "--json"]).exits(0).out, "[]\n");
}

#[test]
fn a_journal_is_verified_printed_copied_and_put_back() {
    let place = Place::new();
    let (journal, copy) = (place.file("journal.redb"), place.file("copy.redb"));
    place.journal(&["verify", &journal]).exits(0).says("whole").says("registry.example.com:2001");
    let told = place.journal(&["verify", "--json", &journal]).exits(0).json();
    assert_eq!((&told["entries"], &told["open"], &told["in_doubt"]), (&json!(4), &json!(1), &json!(2)));
    let said = place.journal(&["export", &journal]).exits(0);
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert!(!said.out.contains('\u{1b}') && !said.out.contains("hash"), "{}", said.out);
    place.journal(&["backup", &journal, &copy]).exits(0);
    place.journal(&["backup", &journal, &copy]).exits(7).says("there is something already");
    place.doubt(&["forget", "1", "--yes"]).exits(0);
    place.journal(&["restore", &copy, &journal]).exits(7).says("there is something already");
    let said = place.journal(&["restore", "--force", &copy, &journal]).exits(0).says(".replaced");
    assert!(said.err.contains("since the copy was made"), "{said:?}");
    assert_eq!(place.standing(1), Some("in-doubt"));
    let new = place.file("new.redb");
    place.journal(&["restore", &copy, &new]).exits(0);
    place.journal(&["verify", &new]).exits(0);
}

#[test]
fn what_is_known_of_the_account_is_printed_and_forgotten() {
    let place = Place::new();
    let journal = place.file("journal.redb");
    let entries = place.journal(&["export", &journal]).exits(0).out;
    place.store().write(&[Put::Account(account(3))], NOW).unwrap();
    let said = place.journal(&["export", &journal]).exits(0);
    let line = said.out.strip_prefix(&entries).unwrap();
    let told: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&told["account"]["sessions"], &told["account"]["boot"]), (&json!(3), &json!("boot-1")));
    assert_eq!(told["account"]["refused"], json!({"why": "530: not right", "at_ms": NOW - 7}));
    place.journal(&["forget-account", &journal]).exits(0).says("what was known of the account is forgotten");
    assert_eq!(place.journal(&["export", &journal]).exits(0).out, entries);
    // Where it cannot be read, the entries still can, and what to do is said.
    damage_account(&place.path());
    let said = place.journal(&["export", &journal]).exits(7);
    assert_eq!(said.out, entries);
    assert!(said.err.contains("hint: ") && said.err.contains("rrp journal forget-account"), "{said:?}");
    place.journal(&["verify", &journal]).exits(7).says("what it keeps of its account cannot be read");
    place.doubt(&["resolve", "1", "--applied"]).exits(0);
    place.journal(&["forget-account", &journal]).exits(0);
    place.journal(&["verify", &journal]).exits(0);
}

fn damage_account(path: &Path) {
    let database = redb::Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("meta");
    transaction.open_table(meta).unwrap().insert("account state", &b"{"[..]).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn a_journal_that_is_in_use_is_left_alone() {
    let place = Place::new();
    let store = place.store();
    let journal = place.file("journal.redb");
    for args in [&["verify", journal.as_str()][..], &["export", journal.as_str()]] {
        let said = place.journal(args).exits(3).says("another process has it open");
        assert!(said.err.contains("hint: "), "{said:?}");
    }
    place.doubt(&["resolve", "1", "--applied"]).exits(3);
    drop(store);
    assert_eq!(place.standing(1), Some("in-doubt"));
}

#[test]
fn what_is_no_journal_is_7_and_nothing_is_made_of_it() {
    let place = Place::new();
    let missing = place.file("missing.redb");
    place.journal(&["verify", &missing]).exits(7).says("no such file");
    run(&["doubt", "list", "--journal", &missing]).exits(7);
    assert!(!fs::exists(&missing).unwrap());
    let journal = place.path();
    let mut bytes = fs::read(&journal).unwrap();
    let at = bytes.windows(9).position(|window| window == b"AddDomain").unwrap();
    bytes[at] ^= 1;
    fs::write(&journal, bytes).unwrap();
    let said = place.journal(&["verify", &place.file("journal.redb")]).exits(7);
    assert!(said.err.starts_with("rrp: journal: `"), "{said:?}");
    assert!(said.err.contains("hint: put a backup in its place"), "{said:?}");
    place.doubt(&["list"]).exits(7);
    // Nor is there a daemon.
    run(&["doubt", "list", "--socket", &missing]).exits(6);
}
