//! The journal in a file: what comes back, whose it is, how much it keeps and for how long, and what is in its bytes.
#![cfg(feature = "journal")]

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use redb::{Database, TableDefinition};
use rrp::dispatch::{Entry, Put, Ticket};
use rrp::journal::{
    FORMAT, Journal, JournalErrorKind, MAX_RECORD, MAX_STEP_MS, Memory, Options, Restored, Scope, Store,
    decode, encode, put_back, resolved, to_json,
};
use serde_json::{Value, json};

use crashy::Crashy;
use entries::{DAY, NOW, any_record, entry, entry_of, put, record};

#[path = "support/crashy.rs"]
mod crashy;
#[path = "support/entries.rs"]
mod entries;

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("journal.redb")
    }

    fn open(&self) -> Store {
        Store::create_file(self.path(), &scope(), &Options::new(), NOW).unwrap()
    }
}

fn scope() -> Scope {
    Scope::new("Registry.Example.com:2001", "registrar")
}

fn law() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() };
    config.rng_seed = proptest::test_runner::RngSeed::Fixed(2832);
    config
}

fn tickets(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.ticket().get()).collect()
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn every_sort_of_entry_comes_back_as_it_was(record in any_record()) {
        let entry = decode(record.to_string().as_bytes()).unwrap();
        let bytes = encode(&entry).unwrap();
        // The order of the members is nobody's business.
        prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), record);
        prop_assert_eq!(&decode(&bytes).unwrap(), &entry);
        let line = to_json(&entry);
        prop_assert!(!line.contains('\n') && serde_json::from_str::<Value>(&line).is_ok());
    }

    #[test]
    fn all_that_was_written_is_there_when_it_is_opened_again(records in prop::collection::vec(any_record(), 1..12)) {
        let storage = Crashy::new();
        let mut store = Store::open(storage.clone(), &scope(), &Options::new(), 0).unwrap();
        let entries: Vec<Entry> = records.iter().map(entry_of).collect();
        let puts: Vec<Put> = entries.iter().cloned().map(Put::Entry).collect();
        store.write(&puts, 0).unwrap();
        let mut again = Store::open(storage.crash(), &scope(), &Options::new(), 0).unwrap();
        for entry in &entries {
            let found = again.entry(entry.ticket()).unwrap();
            prop_assert_eq!(found.as_ref(), Some(entry));
        }
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
    }
}

#[test]
fn a_record_that_says_what_is_not_known_is_refused() {
    let mut wrong = Vec::new();
    for (name, value) in [
        ("standing", json!("perhaps")),
        ("resolver", json!("oracle")),
        ("billable", json!("a little")),
        ("safety", json!("none")),
        ("dialect", json!("epp")),
        ("payload", json!("+0000000000000000000000000000001")),
        ("summary", json!({"proof": "reply", "text": ""})),
        ("surprise", json!(1)),
        ("objects", json!([["planet", "mars"]])),
        ("user", json!("u".repeat(129))),
        ("key", json!("k".repeat(256))),
        ("notes", json!(vec![(1, "note"); 33])),
    ] {
        let mut record = record(1, "open");
        record[name] = value;
        if decode(record.to_string().as_bytes()).is_ok() {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(decode(&vec![b' '; MAX_RECORD + 1]).is_err());
}

#[test]
fn tickets_key_and_scope_outlive_what_they_were_for() {
    let place = Place::new();
    let mut store = place.open();
    let first = store.restore(NOW).unwrap();
    assert_eq!(first.scope(), Some(&scope()));
    assert_eq!((first.next_ticket(), first.entries().len(), first.wall()), (1, 0, NOW));
    store.write(&[put(7, "open")], NOW).unwrap();
    store.write(&[Put::Remove(Ticket::new(7))], NOW).unwrap();
    store.close().unwrap();
    let mut store = place.open();
    let second = store.restore(NOW).unwrap();
    assert_eq!((second.next_ticket(), second.key()), (8, first.key()));
    assert_ne!(first.key(), &[0; 32]);
    assert_eq!((store.scope().host(), store.scope().account()), ("registry.example.com:2001", "registrar"));
    let other = Place::new().open().restore(NOW).unwrap();
    assert_ne!(other.key(), first.key());
    assert!(!format!("{first:?}").contains(&format!("{:?}", first.key())));
}

#[test]
fn another_accounts_journal_is_refused_and_both_are_named() {
    let place = Place::new();
    place.open().close().unwrap();
    let other = Scope::new("registry.example.com:2001", "another");
    let error = Store::create_file(place.path(), &other, &Options::new(), NOW).unwrap_err();
    assert!(matches!(error.kind(), JournalErrorKind::Foreign { .. }));
    let text = error.to_string();
    assert!(text.contains("`registrar`") && text.contains("`another`"), "{text}");
    // Whosever it is, it can be looked at.
    assert_eq!(*Store::open_any(place.path(), &Options::new(), NOW).unwrap().scope(), scope());
}

#[test]
fn a_journal_of_a_newer_version_is_refused() {
    let place = Place::new();
    let mut store = place.open();
    store.write(&[put(1, "open")], NOW).unwrap();
    store.close().unwrap();
    let database = Database::open(place.path()).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
    transaction.open_table(meta).unwrap().insert("format", (FORMAT + 1).to_string().as_bytes()).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = Store::create_file(place.path(), &scope(), &Options::new(), NOW).unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::TooNew { found: FORMAT + 1, known: FORMAT });
}

#[test]
fn a_second_opener_is_refused() {
    let place = Place::new();
    let store = place.open();
    let error = Store::create_file(place.path(), &scope(), &Options::new(), NOW).unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Locked);
    assert_eq!(error.path(), Some(&*place.path()));
    drop(store);
    place.open();
}

#[test]
fn other_databases_and_other_files_are_refused_and_stay_as_they_are() {
    let place = Place::new();
    let database = Database::create(place.path()).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(TableDefinition::<u64, u64>::new("other")).unwrap();
    transaction.commit().unwrap();
    drop(database);
    only_for_us(&place.path());
    let error = Store::create_file(place.path(), &scope(), &Options::new(), NOW).unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Damaged, "{error}");
    let text = place.directory.path().join("text");
    fs::write(&text, "a file of somebody else's").unwrap();
    only_for_us(&text);
    let error = Store::create_file(&text, &scope(), &Options::new(), NOW).unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Damaged, "{error}");
    assert_eq!(fs::read(&text).unwrap(), b"a file of somebody else's");
    let missing = place.directory.path().join("missing");
    let error = Store::open_any(&missing, &Options::new(), NOW).unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Missing);
    assert!(!missing.exists());
}

fn only_for_us(path: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let _ = path;
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let place = Place::new();
    let mut store = place.open();
    assert_eq!(mode(&place.path()), 0o600);
    let copy = place.directory.path().join("copy");
    store.backup(&copy).unwrap();
    assert_eq!(mode(&copy), 0o600);
    drop(store);
    for bits in [0o640, 0o604, 0o620] {
        fs::set_permissions(place.path(), fs::Permissions::from_mode(bits)).unwrap();
        let error = Store::create_file(place.path(), &scope(), &Options::new(), NOW).unwrap_err();
        assert_eq!(*error.kind(), JournalErrorKind::Exposed(bits));
        assert!(error.fix().contains("chmod 600"));
    }
}

#[test]
fn a_ticket_is_one_intents_for_ever() {
    let place = Place::new();
    let mut store = place.open();
    let other = |member: &str, value: Value| {
        let mut record = record(1, "open");
        record[member] = value;
        Put::Entry(entry_of(&record))
    };
    store.write(&[put(1, "open"), put(2, "open")], NOW).unwrap();
    drop(store);
    let mut store = place.open();
    for other in [other("payload", json!(format!("{:032x}", 7))), other("key", json!("order-2"))] {
        // All or none; and nothing more, for whoever has that ticket may want it to be removed.
        for puts in [&[put(2, "accepted"), other][..], &[Put::Remove(Ticket::new(1))]] {
            let error = store.write(puts, NOW).unwrap_err();
            assert_eq!((error.kind(), error.nothing_written()), (&JournalErrorKind::TicketTaken, true));
        }
        drop(store);
        store = place.open();
        assert_eq!(store.entries().unwrap(), [entry(1, "open"), entry(2, "open")]);
    }
    store.write(&[put(1, "accepted")], NOW).unwrap();
}

#[test]
fn a_full_journal_refuses_new_tickets_and_writes_outcomes() {
    let options = Options::new().max_entries(3);
    let mut store = Store::open(Crashy::new(), &scope(), &options, NOW).unwrap();
    for ticket in 1..=3 {
        store.write(&[put(ticket, "open")], NOW).unwrap();
    }
    let error = store.write(&[put(1, "in-doubt"), put(4, "open")], NOW).unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Full);
    assert!(error.nothing_written());
    assert_eq!(store.entry(Ticket::new(1)).unwrap(), Some(entry(1, "open")), "all or none");
    store.write(&[put(1, "accepted"), put(2, "in-doubt")], NOW).unwrap();
    store.write(&[Put::Remove(Ticket::new(3))], NOW).unwrap();
    store.write(&[put(4, "open")], NOW).unwrap();
    assert!(store.write(&[put(5, "open")], NOW).is_err());
    // What was finished expires, and there is room again.
    for day in 1..=8 {
        store.write(&[put(4, "open")], NOW + day * DAY).unwrap();
    }
    store.write(&[put(5, "open")], NOW + 8 * DAY).unwrap();
    assert_eq!(tickets(&store.entries().unwrap()), [2, 4, 5]);
}

#[test]
fn the_file_stays_within_its_bounds_and_keeps_room_for_outcomes() {
    let limit = 8 << 20;
    let place = Place::new();
    let options = Options::new().max_file_bytes(limit);
    let mut store = Store::create_file(place.path(), &scope(), &options, NOW).unwrap();
    let long = |ticket: u64, standing: &str| {
        let mut record = record(ticket, standing);
        record["lines"] = (0..20)
            .map(|_| json!({"name": "x", "does": "set", "value": {"clear": "v".repeat(200)}}))
            .collect();
        Put::Entry(entry_of(&record))
    };
    let mut written = 0;
    let full = loop {
        let puts: Vec<Put> = (written..written + 20).map(|ticket| long(ticket, "open")).collect();
        match store.write(&puts, NOW) {
            Ok(()) => written += 20,
            Err(error) => break error,
        }
    };
    assert_eq!(*full.kind(), JournalErrorKind::Full);
    assert!(written > 300, "{written}");
    // Outcomes, one by one, and longer than what they replace.
    for ticket in 0..written {
        store.write(&[long(ticket, "refused")], NOW).unwrap();
    }
    let report = store.verify().unwrap();
    assert!(report.file_bytes() <= limit, "{}", report.file_bytes());
    assert_eq!(report.file_bytes(), fs::metadata(place.path()).unwrap().len());
}

fn finished(ticket: u64, days_ago: u64, key: Option<&str>) -> Put {
    let mut record = record(ticket, "accepted");
    record["changed"] = json!(NOW - days_ago * DAY);
    record["begun"] = json!(NOW - days_ago * DAY);
    if let Some(key) = key {
        record["key"] = json!(key);
    }
    Put::Entry(entry_of(&record))
}

fn contact(ticket: u64, days_ago: u64, change: impl FnOnce(&mut Value)) -> Put {
    let mut record = record(ticket, "in-doubt");
    record["command"] = json!("AddContact");
    record["billable"] = json!("no");
    record["begun"] = json!(NOW - days_ago * DAY);
    record.as_object_mut().unwrap().remove("resolver");
    change(&mut record);
    Put::Entry(entry_of(&record))
}

#[test]
fn what_is_finished_is_forgotten_and_what_is_in_doubt_is_not() {
    let mut store = Store::open(Crashy::new(), &scope(), &Options::new(), NOW).unwrap();
    let old = |ticket: u64, standing: &str| {
        let mut record = record(ticket, standing);
        (record["begun"], record["changed"]) = (json!(1), json!(1));
        Put::Entry(entry_of(&record))
    };
    let puts = [
        finished(1, 6, None),
        finished(2, 8, None),
        finished(3, 8, Some("order-3")),
        finished(4, 31, Some("order-4")),
        old(5, "open"),
        old(6, "in-doubt"),
        contact(7, 29, |_| {}),
        contact(8, 31, |_| {}),
        contact(9, 31, |record| record["billable"] = json!("maybe")),
        contact(10, 31, |record| record["resolver"] = json!("modify-contact")),
        contact(11, 31, |record| record["command"] = json!("AddWidget")),
    ];
    store.write(&puts, NOW).unwrap();
    let restored = store.restore(NOW).unwrap();
    assert_eq!(tickets(restored.entries()), [1, 3, 5, 6, 7, 9, 10, 11]);
    assert_eq!(tickets(&store.entries().unwrap()), [1, 3, 5, 6, 7, 9, 10, 11]);
}

#[test]
fn a_clock_that_jumps_forgets_nothing() {
    let storage = Crashy::new();
    let open = |wall: u64| Store::open(storage.clone(), &scope(), &Options::new(), wall).unwrap();
    let mut store = open(NOW);
    store.write(&[finished(1, 5, None), finished(2, 28, Some("order-2"))], NOW).unwrap();
    let years = 3_650 * DAY;
    // Within a run, and again while it is wrong.
    for step in 0..5 {
        store.write(&[put(9, "open")], NOW + years + step).unwrap();
    }
    assert_eq!(store.wall(), NOW + MAX_STEP_MS + 4);
    store.close().unwrap();
    // Set right, which is behind what was seen: the time stands still and then goes on.
    let mut store = open(NOW + DAY / 2);
    assert_eq!(store.restore(NOW + DAY / 2).unwrap().wall(), NOW + DAY + 4);
    assert_eq!(store.restore(NOW + DAY / 2 + 60).unwrap().wall(), NOW + DAY + 64);
    assert_eq!(tickets(&store.entries().unwrap()), [1, 2, 9]);
    store.close().unwrap();
    // A real day later what is due goes.
    let mut store = open(NOW + 2 * DAY + 100);
    assert_eq!(tickets(store.restore(NOW + 2 * DAY + 100).unwrap().entries()), [9]);
}

#[test]
fn a_clock_that_stays_ahead_is_no_reason_to_forget_at_each_start() {
    let storage = Crashy::new();
    let open = |wall: u64| Store::open(storage.clone(), &scope(), &Options::new(), wall).unwrap();
    let mut store = open(NOW);
    store.write(&[finished(1, 0, Some("order-1"))], NOW).unwrap();
    store.close().unwrap();
    // Each minute another process, on a machine that is a year ahead.
    let minute = |n: u64| NOW + 365 * DAY + n * 60_000;
    for n in 0..60 {
        let restored = open(minute(n)).restore(minute(n)).unwrap();
        assert_eq!((tickets(restored.entries()), restored.wall()), (vec![1], NOW + DAY + n * 60_000));
    }
    // It is due by the days that pass, whatever they are called.
    for day in 1..=31 {
        let clock = minute(59) + day * DAY;
        let kept = !open(clock).restore(clock).unwrap().entries().is_empty();
        assert_eq!(kept, day < 29, "{day}");
    }
}

#[test]
fn what_a_clock_wrote_that_is_behind_is_kept_as_long_as_all_else() {
    let storage = Crashy::new();
    let mut store = Store::open(storage.clone(), &scope(), &Options::new(), NOW).unwrap();
    // A machine that begins in another year, until somebody tells it the time.
    store.write(&[finished(1, 400, Some("order-1"))], NOW - 400 * DAY).unwrap();
    store.write(&[put(2, "open")], NOW - 400 * DAY + 1).unwrap();
    store.close().unwrap();
    for (days, wanted) in [(0, &[1, 2][..]), (1, &[1, 2])] {
        let mut store = Store::open(storage.clone(), &scope(), &Options::new(), NOW + days * DAY).unwrap();
        assert_eq!(tickets(store.restore(NOW + days * DAY).unwrap().entries()), wanted, "{days}");
    }
    // A millisecond has passed before the first of these days, too.
    for day in 2..=31 {
        let mut store = Store::open(storage.clone(), &scope(), &Options::new(), NOW + day * DAY).unwrap();
        let restored = store.restore(NOW + day * DAY).unwrap();
        assert_eq!(tickets(restored.entries()).contains(&1), day < 30, "{day}");
    }
}

#[test]
fn times_that_have_not_come_yet_are_taken_for_now() {
    let mut store = Store::open(Crashy::new(), &scope(), &Options::new(), NOW).unwrap();
    let mut record = record(1, "accepted");
    for name in ["begun", "changed"] {
        record[name] = json!(NOW + 400 * DAY);
    }
    record["notes"] = json!([[NOW + 400 * DAY, "later"], [NOW - 1, "before"]]);
    store.write(&[Put::Entry(entry_of(&record))], NOW).unwrap();
    let restored = store.restore(NOW).unwrap();
    let entry = &restored.entries()[0];
    assert_eq!((entry.intent().begun_at(), entry.changed_at()), (NOW, NOW));
    assert_eq!(entry.notes().iter().map(|note| note.at()).collect::<Vec<_>>(), [NOW, NOW - 1]);
}

#[test]
fn after_a_long_rest_the_clock_is_right_and_the_journal_behind() {
    let storage = Crashy::new();
    let open = |wall: u64| Store::open(storage.clone(), &scope(), &Options::new(), wall).unwrap();
    open(NOW).close().unwrap();
    // Stamped by the clock, which is ten days on.
    let later = NOW + 10 * DAY;
    let mut record = record(1, "accepted");
    (record["begun"], record["changed"]) = (json!(later), json!(later));
    let mut store = open(later);
    store.write(&[Put::Entry(entry_of(&record))], later).unwrap();
    store.close().unwrap();
    let restored = open(later + 5).restore(later + 5).unwrap();
    assert!(restored.wall() < later);
    let entry = &restored.entries()[0];
    assert_eq!((entry.intent().begun_at(), entry.changed_at()), (later, later));
}

#[test]
fn no_secret_is_in_the_bytes_of_the_file_the_copy_or_the_export() {
    use rrp::command::{Command, PtfCommand};
    use rrp::settle::{Keyed, Sent};
    let place = Place::new();
    let mut store = place.open();
    let keyed = Keyed::new(store.restore(NOW).unwrap().key());
    let command = PtfCommand::new("AddContact")
        .and_then(|command| command.param("lastname", "Mustermann-Planted"))
        .and_then(|command| command.param("email", "planted@example.com"))
        .and_then(|command| command.param("auth", "Planted-Auth-Code"))
        .unwrap();
    let sent = Sent::of(&Command::from(command), &keyed);
    // As the dispatcher keeps it: each value by what `Keyed` leaves of it.
    let lines: Vec<Value> = sent
        .lines()
        .iter()
        .map(|line| {
            let digits = |hash: &[u8; 16]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let value = match line.value() {
                rrp::settle::Kept::Clear(value) => json!({"clear": value}),
                rrp::settle::Kept::Hash(hash) => json!({"hash": digits(hash)}),
            };
            json!({"name": line.name(), "does": "set", "value": value})
        })
        .collect();
    let mut record = record(1, "in-doubt");
    (record["command"], record["lines"]) = (json!("AddContact"), json!(lines));
    store.write(&[Put::Entry(entry_of(&record))], NOW).unwrap();
    let copy = place.directory.path().join("copy");
    store.backup(&copy).unwrap();
    let mut export = Vec::new();
    store.export(&mut export).unwrap();
    store.close().unwrap();
    let exported = String::from_utf8(export.clone()).unwrap();
    assert!(exported.contains("lastname") && exported.contains("AddContact"), "{exported}");
    assert!(!exported.contains("hash"), "{exported}");
    for bytes in [fs::read(place.path()).unwrap(), fs::read(copy).unwrap(), export] {
        let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(has("lastname"), "what is kept is there");
        for secret in ["Planted-Auth-Code", "Mustermann-Planted", "planted@example.com"] {
            assert!(!has(secret), "{secret}");
        }
    }
}

#[test]
fn a_copy_is_put_back_with_other_tickets_and_never_over_a_journal() {
    let place = Place::new();
    let mut store = place.open();
    store.write(&[put(1, "open"), put(2, "accepted")], NOW).unwrap();
    let (copy, to) = (place.directory.path().join("copy"), place.path());
    store.backup(&copy).unwrap();
    assert_eq!(*store.backup(&copy).unwrap_err().kind(), JournalErrorKind::Exists);
    store.write(&[put(3, "open")], NOW).unwrap();
    let error = put_back(&copy, &to, true, NOW).unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Locked, "{error}");
    let key = *store.restore(NOW).unwrap().key();
    store.close().unwrap();
    assert_eq!(*put_back(&copy, &to, false, NOW).unwrap_err().kind(), JournalErrorKind::Exists);
    let aside = put_back(&copy, &to, true, NOW).unwrap().unwrap();
    let mut old = Store::open_any(&aside, &Options::new(), NOW).unwrap();
    assert_eq!(tickets(&old.entries().unwrap()), [1, 2, 3]);
    let restored = place.open().restore(NOW).unwrap();
    assert_eq!((tickets(restored.entries()), restored.next_ticket()), (vec![1, 2], 1_000_003));
    assert_eq!(*restored.key(), key);
    // Aside is taken now; and where nothing is, nothing is moved.
    assert_eq!(*put_back(&copy, &to, true, NOW).unwrap_err().kind(), JournalErrorKind::Exists);
    assert_eq!(tickets(&place.open().entries().unwrap()), [1, 2]);
    assert_eq!(put_back(&copy, place.directory.path().join("new"), false, NOW).unwrap(), None);
    let names = fs::read_dir(place.directory.path()).unwrap().count();
    assert_eq!(names, 4, "nothing is left over");
}

#[test]
fn an_operators_word_is_written_and_kept() {
    let place = Place::new();
    let mut store = place.open();
    store.write(&[put(1, "in-doubt"), put(2, "open"), put(3, "accepted")], NOW).unwrap();
    let entry = store.resolve(Ticket::new(1), true, NOW + 5).unwrap().unwrap();
    let rrp::dispatch::Standing::Accepted(summary) = entry.standing() else { panic!("{entry:?}") };
    assert_eq!((summary.proof(), summary.code()), (rrp::settle::Proof::Operator, None));
    store.resolve(Ticket::new(2), false, NOW + 6).unwrap().unwrap();
    assert_eq!(store.resolve(Ticket::new(3), false, NOW).unwrap(), None);
    assert_eq!(store.resolve(Ticket::new(9), false, NOW).unwrap(), None);
    store.close().unwrap();
    let entries = place.open().entries().unwrap();
    assert_eq!(entries[0], entry);
    assert_eq!(entries[1].standing().as_str(), "not-applied");
    assert!(entries[1].notes()[0].text().contains("operator"));
    assert_eq!(entries[2].standing().as_str(), "accepted");
}

#[tokio::test]
async fn memory_keeps_the_same_rules() {
    let memory = Memory::with_options([9; 32], Options::new().max_entries(2));
    assert_eq!(memory.restore(NOW).await.unwrap().key(), &[9; 32]);
    memory.write(vec![put(1, "open"), finished(2, 6, None)], NOW).await.unwrap();
    let error = memory.write(vec![put(1, "accepted"), put(3, "open")], NOW).await.unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::Full);
    assert_eq!(memory.entry(Ticket::new(1)), Some(entry(1, "open")), "all or none");
    memory.fail(Some(JournalErrorKind::NoSpace));
    assert!(memory.write(vec![put(1, "accepted")], NOW).await.is_err());
    memory.fail(None);
    memory.write(vec![put(1, "accepted")], NOW + 2 * DAY).await.unwrap();
    let restored = memory.clone().restore(NOW + 3 * DAY).await.unwrap();
    assert_eq!((tickets(restored.entries()), restored.next_ticket()), (vec![1], 3));
    assert_eq!((memory.entries().len(), memory.writes()), (1, 2));
    // A ticket is one intent's here, too.
    let mut other = record(1, "open");
    other["payload"] = json!(format!("{:032x}", 7));
    for put in [Put::Entry(entry_of(&other)), Put::Remove(Ticket::new(1))] {
        let error = memory.write(vec![put], NOW + 3 * DAY).await.unwrap_err();
        assert_eq!(*error.kind(), JournalErrorKind::TicketTaken);
    }
}

#[test]
fn what_is_restored_is_in_order_and_never_reuses_a_ticket() {
    let restored = Restored::new(vec![entry(5, "open"), entry(2, "open")], 3, [0; 32], NOW);
    assert_eq!((tickets(restored.entries()), restored.next_ticket()), (vec![2, 5], 6));
    let word = resolved(&restored.entries()[0], false, NOW);
    assert!(word.standing().is_finished());
}
