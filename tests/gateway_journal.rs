//! A request of another API in a journal: the process ends while nobody knows what became of it, and another goes on.
#![cfg(all(feature = "gateway", feature = "journal"))]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rrp::ReturnCode;
use rrp::command::{Billable, Kind, Nature, Object, ObjectKind, Repeat, Safety, Settle};
use rrp::dispatch::{
    Action, Config, Dispatch, Moment, Opaque, OpaqueCommand, OpaqueReply, Options, Outcome, Places, Reads,
    Refused, Settled, Told,
};
use rrp::gateway::reseller::{Code, Reply};
use rrp::journal::{self, Restored, Scope, Store};
use rrp::pace::Rate;
use rrp::session::Fate;
use rrp::settle::{Finding, Keyed, Proof, Reading, Sent, Sight};

const WALL: u64 = 1_790_000_000_000;
const ORDER: Nature = Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::Impossible);
/// What may stand nowhere.
const SECRETS: [&str; 2] = ["auth-4711-xyz", "Jane Doe"];

/// Looks for an order by its reference, if that read is known.
#[derive(Clone, Debug)]
struct ByReference(bool);

impl Reads for ByReference {
    fn reads(&self, sent: &Sent) -> Vec<OpaqueCommand> {
        let domain = sent.objects().first().map(Object::name).filter(|_| self.0);
        let get = |domain| OpaqueCommand::read("GET /orders", format!("GET /orders?domain={domain}"));
        domain.map(get).into_iter().collect()
    }

    fn reading(&self, reply: &OpaqueReply, keyed: &Keyed) -> Option<Reading> {
        let orders = Reply::read(200, reply.body().clone()).ok()?;
        let references: Vec<String> = orders.read_result().ok()?;
        let fields = references.iter().map(|own| ("reference".into(), keyed.keep("reference", own)));
        Some(Reading::from_parts(ReturnCode::COMPLETED, fields.collect(), true))
    }

    fn judge(&self, sight: Sight<'_>) -> Finding {
        let own = sight.sent.value("reference");
        let listed = sight.now.iter().any(|now| now.values("reference").any(|listed| Some(listed) == own));
        if listed { Finding::Applied { proof: Proof::ReadBack, twice: false } } else { Finding::NotApplied }
    }
}

struct Process {
    dispatch: Dispatch<Places, Opaque<ByReference>>,
    store: Store,
    now: Instant,
    sent: Vec<String>,
}

impl Process {
    fn start(path: &Path, knows_the_read: bool) -> Self {
        #[expect(clippy::disallowed_methods, reason = "it is moved on by hand")]
        let now = Instant::now();
        let scope = Scope::new("api.example.com", "reseller");
        let mut store = Store::create_file(path, &scope, &journal::Options::new(), WALL).unwrap();
        let restored: Restored = store.restore(WALL).unwrap();
        let (keyed, next) = (Keyed::new(restored.key()), restored.next_ticket());
        let slots = Places::new(1, Rate::UNLIMITED, now);
        let upstream = Opaque::new(ByReference(knows_the_read));
        let at = Moment::new(now, WALL);
        let entries = restored.into_entries();
        let dispatch = Dispatch::with_upstream(upstream, Config::new(1), slots, keyed, entries, next, at);
        Self { dispatch, store, now, sent: Vec::new() }
    }

    fn at(&self) -> Moment {
        Moment::new(self.now, WALL)
    }

    /// Until a call is told, or until the answers are used up: then the process is gone.
    fn run(&mut self, answers: &[Option<&'static str>]) -> Option<Told<Opaque<ByReference>>> {
        let mut answers = answers.iter();
        loop {
            match self.dispatch.poll_action() {
                Some(Action::Record { id, puts }) => {
                    let written = self.store.write(&puts, WALL);
                    let written = written.map_err(|error| Arc::new(error) as Arc<dyn Error + Send + Sync>);
                    self.dispatch.handle_recorded(id, written, self.at());
                }
                Some(Action::Send { slot, command }) => {
                    self.sent.push(command.name().to_owned());
                    let answer = answers.next()?;
                    let read = |body: &&'static str| Reply::read(200, Bytes::from_static(body.as_bytes()));
                    let reply = answer.as_ref().map(|body| OpaqueReply::from(read(body).unwrap()));
                    let fate = reply.map_or(Fate::Unanswered, Fate::Answered);
                    self.dispatch.handle_fate(slot, Ok(fate), true, self.at());
                }
                Some(Action::Probe { .. }) => panic!("there is no login"),
                Some(Action::Tell { told, .. }) => return Some(told),
                None => {
                    let due = self.dispatch.poll_timeout().unwrap();
                    assert!(due > self.now, "nothing is due, and nothing happens");
                    self.now = due + Duration::from_millis(1);
                    self.dispatch.handle_timeout(self.at());
                }
            }
        }
    }
}

fn order(reference: &str) -> OpaqueCommand {
    let body = format!(r#"{{"domain": "example.com", "auth": "{}", "owner": "{}"}}"#, SECRETS[0], SECRETS[1]);
    OpaqueCommand::write("POST /orders", ORDER, body)
        .object(Object::new(ObjectKind::Domain, "example.com"))
        .field("reference", reference)
        .field("owner", SECRETS[1])
}

fn is_clean(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    for secret in SECRETS {
        assert!(
            !bytes.windows(secret.len()).any(|part| part == secret.as_bytes()),
            "`{secret}` is in the file"
        );
    }
}

#[test]
fn what_was_on_its_way_is_in_doubt_after_a_restart_and_settled_by_what_was_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let mut process = Process::start(&path, true);
    process.dispatch.change(order("ref-1"), Safety::ReadBack, Options::new().key("order-1"), process.at());
    // The process ends while the request is on its way.
    assert!(process.run(&[]).is_none());
    assert_eq!(process.sent, ["POST /orders"]);
    drop(process);
    is_clean(&path);

    let mut process = Process::start(&path, true);
    let ticket = process.dispatch.doubts().next().unwrap().ticket();
    // The object waits for it.
    process.dispatch.change(order("ref-2"), Safety::ReadBack, Options::new(), process.at());
    match process.run(&[]) {
        Some(Told::Change(Err(not_sent))) => {
            assert!(matches!(not_sent.why(), Refused::ObjectInDoubt(other) if *other == ticket));
        }
        other => panic!("{other:?}"),
    }
    // Its key finds it, and it is not sent again, but looked for.
    process.dispatch.change(order("ref-1"), Safety::ReadBack, Options::new().key("order-1"), process.at());
    let found = r#"{"success": true, "result": ["ref-0", "ref-1"]}"#;
    match process.run(&[Some(found)]) {
        Some(Told::Change(Ok(Outcome::Accepted(accepted)))) => {
            assert_eq!((accepted.ticket(), accepted.summary().proof()), (ticket, Proof::ReadBack));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(process.sent, ["GET /orders"]);
    is_clean(&path);
}

#[test]
fn a_code_that_is_a_word_is_kept_and_told_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let mut process = Process::start(&path, true);
    process.dispatch.change(order("ref-1"), Safety::ReadBack, Options::new().key("order-1"), process.at());
    let refusal = r#"{"success": false, "error": {"code": "request_validation_failed", "message": {"owner": ["Jane Doe is no company"]}}}"#;
    match process.run(&[Some(refusal)]) {
        Some(Told::Change(Ok(Outcome::Refused(refused)))) => {
            assert_eq!(refused.summary().word(), Some(Code::REQUEST_VALIDATION_FAILED.as_str()));
            assert_eq!((refused.code(), refused.text()), (None, "fields: owner"));
            // The caller has the whole of it.
            let reply = Reply::read(200, refused.reply().unwrap().body().clone()).unwrap();
            assert_eq!(reply.fields().next().unwrap().texts().next(), Some("Jane Doe is no company"));
        }
        other => panic!("{other:?}"),
    }
    drop(process);
    is_clean(&path);

    let mut process = Process::start(&path, true);
    let entries = process.store.entries().unwrap();
    let line = journal::to_json(&entries[0]);
    for part in
        [r#""dialect":"opaque""#, r#""code":"request_validation_failed""#, r#""text":"fields: owner""#]
    {
        assert!(line.contains(part), "{part} in {line}");
    }
    let ticket = entries[0].ticket();
    process.dispatch.settle(ticket, Options::new(), process.at());
    match process.run(&[]) {
        Some(Told::Settle(Ok(Settled::Refused(refused)))) => {
            assert_eq!(refused.summary().word(), Some("request_validation_failed"));
        }
        other => panic!("{other:?}"),
    }
    assert!(process.sent.is_empty());
}

#[test]
fn what_was_sent_when_no_read_was_known_is_settled_by_one_that_is_known_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let mut process = Process::start(&path, false);
    process.dispatch.change(order("ref-1"), Safety::ReadBack, Options::new(), process.at());
    let ticket = match process.run(&[None]) {
        Some(Told::Change(Ok(Outcome::InDoubt(doubt)))) => doubt.ticket(),
        other => panic!("{other:?}"),
    };
    process.dispatch.settle(ticket, Options::new(), process.at());
    assert!(matches!(process.run(&[]), Some(Told::Settle(Ok(Settled::StillInDoubt(_))))));
    assert_eq!(process.sent, ["POST /orders"]);
    drop(process);

    let mut process = Process::start(&path, true);
    process.dispatch.settle(ticket, Options::new(), process.at());
    match process.run(&[Some(r#"{"success": true, "result": ["ref-1"]}"#)]) {
        Some(Told::Settle(Ok(Settled::Applied(accepted)))) => assert_eq!(accepted.ticket(), ticket),
        other => panic!("{other:?}"),
    }
    assert_eq!(process.sent, ["GET /orders"]);
}

#[test]
fn a_dispatcher_that_began_without_what_the_journal_kept_sends_nothing_over_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let mut process = Process::start(&path, false);
    process.dispatch.change(order("ref-1"), Safety::ReadBack, Options::new().key("order-1"), process.at());
    assert!(matches!(
        process.run(&[Some(r#"{"success": true}"#)]),
        Some(Told::Change(Ok(Outcome::Accepted(_))))
    ));
    let kept = process.store.entries().unwrap();

    // Another one on the same store: the entries and the next ticket are forgotten.
    let slots = Places::new(1, Rate::UNLIMITED, process.now);
    let (upstream, keyed) = (Opaque::new(ByReference(false)), Keyed::new(&[7; 32]));
    let at = process.at();
    process.dispatch = Dispatch::with_upstream(upstream, Config::new(1), slots, keyed, [], 1, at);
    process.dispatch.change(order("ref-2"), Safety::ReadBack, Options::new().key("order-2"), at);
    match process.run(&[]) {
        Some(Told::Change(Err(not_sent))) => assert!(matches!(not_sent.why(), Refused::Journal(_))),
        other => panic!("{other:?}"),
    }
    assert_eq!(process.sent, ["POST /orders"], "the order of the first alone");
    // Nor does it take back what is not its own.
    drop(process);
    assert_eq!(Process::start(&path, false).store.entries().unwrap(), kept);
}

#[test]
fn a_dispatcher_that_began_without_the_entries_does_not_send_the_same_order_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let mut process = Process::start(&path, false);
    let at = process.at();
    process.dispatch.change(order("ref-1"), Safety::ReadBack, Options::new().key("order-1"), at);
    assert!(matches!(
        process.run(&[Some(r#"{"success": true}"#)]),
        Some(Told::Change(Ok(Outcome::Accepted(_))))
    ));
    let restored = process.store.restore(WALL).unwrap();
    let slots = Places::new(1, Rate::UNLIMITED, process.now);
    let (upstream, keyed) = (Opaque::new(ByReference(false)), Keyed::new(restored.key()));
    process.dispatch = Dispatch::with_upstream(upstream, Config::new(1), slots, keyed, [], 1, at);
    process.dispatch.change(order("ref-1"), Safety::ReadBack, Options::new().key("order-1"), at);
    let told = process.run(&[Some(r#"{"success": true}"#)]);
    assert!(matches!(told, Some(Told::Change(Err(_)))), "{told:?}");
    assert_eq!(process.sent, ["POST /orders"], "the order of the first alone");
}
