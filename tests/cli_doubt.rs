//! `rrp call --journal` and `rrp doubt settle` against a simulated registry: what is lost is settled, what is killed is found
//! again, and nothing is executed twice.
#![cfg(feature = "cli")]

use std::process::{Child, Command, Stdio};

use rrp::journal::{Options, Scope, Store};
use rrp::sim::{Close, Effect, Fault, Trigger};
use serde_json::{Value, json};

use entries::{NOW, put};
use program::{Said, Sim};

#[path = "support/entries.rs"]
mod entries;
#[path = "support/program.rs"]
mod program;

const ADD: [&str; 4] = ["call", "AddDomain", "domain=example.com", "period=1"];
const RENEW: [&str; 5] = ["call", "RenewDomain", "domain=example.com", "period=1", "expiration=2027"];
const LOST: Effect = Effect::ExecuteAndClose(Close::Reset);

/// A registry, and a journal for it.
struct Place {
    sim: Sim,
    journal: String,
}

impl Place {
    fn new() -> Self {
        Self::of(Sim::plain())
    }

    fn of(sim: Sim) -> Self {
        let journal = sim.file("journal.redb").into_os_string().into_string().unwrap();
        Self { sim, journal }
    }

    /// With a domain that expires in 2027.
    fn with_domain() -> Self {
        let place = Self::new();
        place.sim.run(&ADD).exits(0);
        place
    }

    /// Told of the registry and of the journal.
    fn program(&self, args: &[&str]) -> Command {
        self.sim.program(&[args, &["--journal", &self.journal]].concat())
    }

    fn run(&self, args: &[&str]) -> Said {
        Said::of(self.program(args).output().unwrap())
    }

    fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--json"]].concat()).json()
    }

    /// On the journal alone.
    fn doubt(&self, args: &[&str]) -> Said {
        let args = [&["doubt"], args, &["--journal", &self.journal]].concat();
        Said::of(program::program(&args).output().unwrap())
    }

    /// Starts it, and waits until the registry has executed the command and does not answer.
    fn stalled(&self, args: &[&str]) -> Child {
        self.sim.fault(args[1], Effect::ExecuteAndStall);
        let mut child = self.program(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while self.sim.executed(args[1]) == 0 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child
    }
}

/// The text without the line ends that only keep it narrow.
fn unwrapped(said: &Said) -> String {
    said.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_write_is_recorded_sent_and_accepted_and_a_key_is_good_for_one() {
    let place = Place::new();
    let keyed = [&ADD[..], &["--key", "order-1"]].concat();
    let said = place.run(&keyed).exits(0).says("accepted, ticket 1: 200 Command completed successfully");
    assert!(said.err.contains("AddDomain goes out as ticket 1 (safety: read-back)"), "{said:?}");
    assert!(said.err.contains("is a new journal"), "{said:?}");
    assert!(unwrapped(&said).contains("rests on the registry's reply"), "{said:?}");
    place.run(&keyed).exits(0).says("accepted, ticket 1: done before with this key, and not sent again");
    let told = place.json(&keyed);
    assert_eq!((&told["outcome"], &told["replayed"]), (&json!("accepted"), &json!(true)));
    assert_eq!(place.sim.executed("AddDomain"), 1);
    // It belongs to that order and to no other.
    let other = ["call", "AddDomain", "domain=example.net", "period=1", "--key", "order-1"];
    let said = place.run(&other).exits(2).says("key belongs to another command, ticket `1`");
    assert!(!said.err.contains("goes out"), "{said:?}");
    // Forgotten, it would be paid for again.
    place.doubt(&["forget", "1"]).exits(2).says("a call with its key would be sent");
    place.run(&["call", "AddDomain", "domain=example.net", "--key", ""]).exits(2);
    // Without a key it is another order, which the registry refuses.
    place.run(&ADD).exits(4).says("refused, ticket 2: 554 Domain already registered");
    place.doubt(&["list"]).exits(0).says("nothing is in doubt");
}

#[test]
fn a_lost_answer_is_read_back_within_the_call_and_nothing_is_paid_twice() {
    let place = Place::with_domain();
    place.sim.fault("RenewDomain", LOST);
    let said = place.run(&[&RENEW[..], &["--key", "renewal"]].concat()).exits(0);
    let said = said.says("accepted, ticket 1: no answer came, and a read shows that it was done");
    let said = said.says("sent, and no whole answer came").says("looked: it was applied (guard)");
    assert!(said.out.contains("2028-01-01"), "{said:?}");
    let told = place.json(&[&RENEW[..], &["--key", "renewal"]].concat());
    assert_eq!((&told["ticket"], &told["proof"]), (&json!(1), &json!("guard")));
    assert_eq!(place.sim.executed("RenewDomain"), 1);
}

#[test]
fn what_the_registry_refuses_for_now_is_tried_again_or_told_as_refused() {
    let place = Place::new();
    place.sim.fault("AddDomain", Effect::answer(421, false));
    let told = place.json(&ADD);
    assert_eq!((&told["outcome"], &told["exit"]), (&json!("accepted"), &json!(0)));
    assert_eq!(told["notes"].as_array().unwrap().len(), 2, "{told}");
    place.sim.fault("RenewDomain", Effect::answer(421, false));
    let said = place.run(&[&RENEW[..], &["--safety", "once"]].concat()).exits(3);
    said.says("refused for now, ticket 2: 421 ");
    assert_eq!((place.sim.executed("AddDomain"), place.sim.executed("RenewDomain")), (1, 0));
}

#[test]
fn what_no_read_can_prove_is_in_doubt_and_stands_before_nothing_else() {
    let place = Place::new();
    let sms = ["call", "SendSMS", "text=a", "number=1"];
    place.sim.fault("SendSMS", LOST);
    let said = place.run(&sms).exits(5).says("in doubt, ticket 1: no read can prove what became of it");
    assert!(said.out.contains(&format!("rrp doubt show 1 --journal {}", place.journal)), "{said:?}");
    let said = place.run(&["doubt", "settle", "1"]).exits(5);
    said.says("1: still in doubt: no read can prove what became of it (SendSMS)").says("rrp doubt show 1");
    place.doubt(&["resolve", "1", "--applied"]).exits(0);
    place.run(&["doubt", "settle", "1"]).exits(4).says("`1` is finished: accepted");
    place.run(&["doubt", "settle", "9"]).exits(1).says("there is no ticket `9`");
    place.run(&["doubt", "settle", "--all"]).exits(0).says("nothing is in doubt");
    assert_eq!(place.run(&["doubt", "settle", "--all", "--json"]).exits(0).out, "[]\n");
    place.run(&["doubt", "settle", "--all", "1"]).exits(2);
    place.run(&["doubt", "settle"]).exits(2);
}

#[cfg(unix)]
#[test]
fn one_that_is_killed_in_the_middle_is_listed_and_settled_and_its_key_told() {
    let place = Place::with_domain();
    let keyed = [&RENEW[..], &["--key", "renewal"]].concat();
    let mut child = place.stalled(&keyed);
    child.kill().unwrap();
    child.wait().unwrap();
    let said = place.doubt(&["list"]).exits(0).says("RenewDomain");
    assert!(
        said.out.lines().nth(1).is_some_and(|line| line.starts_with("1 ") && line.contains("open")),
        "{said:?}"
    );
    place.doubt(&["show", "1"]).exits(0).says("rrp doubt settle 1 --journal");
    // While it is in doubt nothing else goes to the domain.
    let said = place.run(&["call", "DeleteDomain", "domain=example.com"]).exits(6);
    said.says("not sent: object has a write in doubt, ticket `1`").says("rrp doubt settle 1");
    let said = place
        .run(&["doubt", "settle", "1"])
        .exits(0)
        .says("1: applied: it was done (RenewDomain example.com)");
    assert!(said.err.contains("counts only after 70 s") && said.out.contains("2028-01-01"), "{said:?}");
    place.doubt(&["list"]).exits(0).says("nothing is in doubt");
    place.run(&keyed).exits(0).says("done before with this key");
    let told = place.doubt(&["show", "1", "--json"]).json();
    assert_eq!((&told["standing"], &told["proof"]), (&json!("accepted"), &json!("guard")));
    assert_eq!((place.sim.executed("RenewDomain"), place.sim.executed("DeleteDomain")), (1, 0));
}

#[cfg(unix)]
#[test]
fn several_are_settled_at_once_and_told_as_json() {
    let place = Place::with_domain();
    let mut child = place.stalled(&RENEW);
    child.kill().unwrap();
    child.wait().unwrap();
    place.sim.fault("SendSMS", LOST);
    place.run(&["call", "SendSMS", "text=a", "number=1"]).exits(5);
    let said = place.run(&["doubt", "settle", "--all", "--json"]).exits(5);
    let told = said.json();
    let found: Vec<_> = told.as_array().unwrap().iter().map(|one| (&one["found"], &one["exit"])).collect();
    assert_eq!(found, [(&json!("applied"), &json!(0)), (&json!("still-in-doubt"), &json!(5))]);
    assert_eq!(told[0]["proof"], "guard");
    assert!(told[1]["next"].as_str().unwrap().starts_with("rrp doubt show 2 --journal "), "{told}");
}

/// With a journal of its own it would not know of the other, and both would exceed what the account may do.
#[test]
fn a_second_process_on_an_account_is_told_who_has_it() {
    let place = Place::with_domain();
    let mut child = place.stalled(&RENEW);
    let other = place.sim.file("other.redb").into_os_string().into_string().unwrap();
    let call = [&ADD[..], &["--journal", &other]].concat();
    let said = place.sim.run(&call).exits(3);
    let host = place.sim.address();
    let says =
        format!("rrp: client: account `registrar` at `{host}` is in use by process {} (`rrp", child.id());
    assert!(said.err.contains(&says) && said.err.contains("hint: wait for its end"), "{said:?}");
    // Nor does whoever asks without a journal come on top of it, unless he says so.
    for look in [&["check", "example.org"][..], &["status", "example.com"], &ADD] {
        let said = place.sim.run(look).exits(3);
        assert!(said.err.contains(&says) && said.err.contains("`--beside`"), "{said:?}");
    }
    assert_eq!(place.sim.executed("AddDomain"), 1);
    place.sim.run(&["check", "example.org", "--beside"]).exits(0);
    // A registry on another port is another one, and that of the demonstration has nobody else.
    let another = Place::new();
    another.run(&ADD).exits(0);
    Said::of(program::program(&["demo"]).output().unwrap()).exits(0);
    child.kill().unwrap();
    child.wait().unwrap();
    place.sim.run(&call).exits(4).says("refused, ticket 1: 554");
}

/// A signal ends it in order: what may have been sent is in doubt, and its ticket is told.
#[cfg(unix)]
#[test]
fn a_signal_leaves_a_ticket_and_the_ticket_can_be_settled() {
    let place = Place::with_domain();
    let child = place.stalled(&RENEW);
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let said = Said::of(child.wait_with_output().unwrap()).exits(5);
    said.says("in doubt, ticket 1: interrupted (SIGTERM)").says("rrp doubt settle 1 --journal");
    place.run(&["doubt", "settle", "1"]).exits(0).says("1: applied: it was done");
    assert_eq!(place.sim.executed("RenewDomain"), 1);
}

/// No greeting comes: nothing was handed over, and nothing is in the journal.
#[cfg(unix)]
#[test]
fn a_signal_before_the_first_byte_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let journal = directory.path().join("journal.redb").into_os_string().into_string().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut program = program::program(&RENEW);
    program.args(["--plain", "--user", "a", "--server", &address, "--journal", &journal]);
    program.env("RRP_PASSWORD", "abcd").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = program.spawn().unwrap();
    let connection = listener.accept().unwrap();
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let said = Said::of(child.wait_with_output().unwrap()).exits(6);
    drop(connection);
    let said = said.says("not sent: interrupted (SIGTERM) before the command was sent");
    assert!(!said.err.contains("goes out"), "{said:?}");
    let list = Said::of(program::program(&["doubt", "list", "--journal", &journal]).output().unwrap());
    list.exits(0).says("nothing is in doubt");
}

#[test]
fn without_a_connection_or_a_login_nothing_is_sent_and_a_doubt_stays() {
    let place = Place::new();
    place.sim.fault("SendSMS", LOST);
    place.run(&["call", "SendSMS", "text=a", "number=1"]).exits(5);
    place.sim.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(530)));
    let said = place.run(&ADD).exits(6).says("not sent: ");
    assert!(!said.err.contains("goes out"), "{said:?}");
}

#[test]
fn a_host_that_cannot_be_reached_is_told_at_once() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let journal = directory.path().join("journal.redb");
    let mut store =
        Store::create_file(&journal, &Scope::new(&free, program::USER), &Options::new(), NOW).unwrap();
    store.write(&[put(1, "in-doubt")], NOW).unwrap();
    drop(store);
    let run = |args: &[&str]| {
        let mut program = program::program(args);
        program.args(["--plain", "--user", program::USER, "--server", &free, "--journal"]).arg(&journal);
        Said::of(program.env("RRP_PASSWORD", program::PASSWORD).output().unwrap())
    };
    let said = run(&ADD).exits(6).says("not sent: connect");
    assert!(said.out.contains("to do") && !said.err.contains("goes out"), "{said:?}");
    let said = run(&["doubt", "settle", "1"]).exits(6).says("1: still in doubt: connect");
    assert!(said.out.contains("to do") && said.out.contains("rrp doubt show 1"), "{said:?}");
}

#[test]
fn a_journal_is_one_accounts_and_one_hosts() {
    let place = Place::new();
    place.run(&ADD).exits(0);
    let other = Place::of(Sim::plain());
    let foreign = [&ADD[..], &["--journal", &place.journal]].concat();
    let said = Said::of(other.sim.program(&foreign).output().unwrap()).exits(7);
    let said = said.says("it belongs to account `registrar` at").says("hint: give each account");
    assert!(!said.err.contains("goes out"), "{said:?}");
    let said = Said::of(
        other.sim.program(&["doubt", "settle", "--all", "--journal", &other.journal]).output().unwrap(),
    );
    said.exits(7).says("there is no such file");
    assert_eq!((other.sim.executed("AddDomain"), place.sim.executed("AddDomain")), (0, 1));
}

#[test]
fn what_needs_a_journal_says_so_and_reads_need_none() {
    let place = Place::with_domain();
    for flag in [["--key", "a"], ["--safety", "once"], ["--wait", "30"]] {
        let said = place.sim.run(&[&RENEW[..], &flag].concat()).exits(2);
        said.says(&format!("{} needs --journal FILE", flag[0])).says("nothing was sent");
    }
    place.run(&[&RENEW[..], &["--safety", "perhaps"]].concat()).exits(2).says("read-back, trust-reply");
    assert_eq!(place.sim.executed("RenewDomain"), 0);
    place.run(&["call", "StatusDomain", "domain=example.com"]).exits(0).says("200 ");
    assert!(!std::fs::exists(&place.journal).unwrap(), "a read makes no journal");
}

#[test]
fn secrets_are_neither_shown_nor_kept() {
    let place = Place::with_domain();
    let modify = "[COMMAND]\ncommand=ModifyDomain\ndomain=example.com\nauth=hunter22\nEOF\n";
    let said = program::with_input(&mut place.program(&["call", "-"]), modify);
    assert!(said.err.contains("auth=***") && said.out.contains("ticket 1"), "{said:?}");
    place.doubt(&["show", "1"]).exits(0).says("auth=***");
    let bytes = std::fs::read(&place.journal).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"hunter22"));
}

#[test]
fn the_help_tells_what_is_waited_for_and_what_a_safety_is() {
    let help = |args: &[&str]| Said::of(program::program(args).output().unwrap()).exits(0).out;
    let settle = help(&["doubt", "settle", "--help"]);
    for text in
        ["--after-loss <SECONDS>", "--wait <SECONDS>", "[default: 180]", "[default: 60]", "It only reads"]
    {
        assert!(settle.contains(text), "`{text}` in:\n{settle}");
    }
    let call = help(&["call", "--help"]);
    for text in
        ["--journal <FILE>", "--key <KEY>", "  read-back ", "  trust-reply ", "  once ", "  repeatable "]
    {
        assert!(call.contains(text), "`{text}` in:\n{call}");
    }
    assert!(help(&["doubt", "--help"]).contains("rrp doubt settle --all"));
}
