//! What is nobody's business: bodies, and the values of fields that are not kept in clear.

use std::error::Error;
use std::fmt::Write as _;

use rrp::command::Safety;
use rrp::dispatch::{OpaqueCommand, OpaqueReply, Options, Outcome, Put, QueryError, Settled, Standing, Told};

use crate::rig::Rig;
use crate::{DONE, FAILED, LATER, NO, ORDER, key, says, thing};

/// In the body of a request, in a hidden field of it, and in the body of an answer.
const SECRETS: [&str; 3] = ["sesame-body", "sesame-field", "sesame-answer"];

fn order() -> OpaqueCommand {
    OpaqueCommand::write("order", ORDER, "{\"password\":\"sesame-body\"}")
        .object(thing("n1"))
        .field("pin", "sesame-field")
        .clear_field("Status", "active")
}

fn reply(verdict: rrp::verdict::Verdict, text: &str) -> OpaqueReply {
    OpaqueReply::new(verdict, "code-1", text, "{\"token\":\"sesame-answer\"}")
}

/// Everything about a rig that could be printed.
#[derive(Default)]
struct Seen(String);

impl Seen {
    fn debug(&mut self, what: &dyn std::fmt::Debug) {
        write!(self.0, "{what:?} {what:#?}").unwrap();
    }

    fn error(&mut self, error: &dyn Error) {
        let mut next = Some(error);
        while let Some(error) = next {
            write!(self.0, "{error} {error:?}").unwrap();
            next = error.source();
        }
    }

    fn put(&mut self, put: &Put) {
        self.debug(put);
        let Put::Entry(entry) = put else { return };
        for note in entry.notes() {
            self.0.push_str(note.text());
        }
        if let Standing::Accepted(summary) | Standing::Refused { summary, .. } = entry.standing() {
            write!(self.0, "{:?} {} {:?}", summary.word(), summary.text(), summary.job()).unwrap();
        }
        #[cfg(feature = "journal")]
        self.record(entry);
    }

    #[cfg(feature = "journal")]
    fn record(&mut self, entry: &rrp::dispatch::Entry) {
        let bytes = rrp::journal::encode(entry).unwrap();
        assert_eq!(rrp::journal::decode(&bytes).unwrap(), *entry);
        self.0.push_str(core::str::from_utf8(&bytes).unwrap());
        self.0.push_str(&rrp::journal::to_json(entry));
    }

    fn rig(&mut self, rig: &Rig) {
        self.debug(&rig.dispatch);
        rig.journal.iter().for_each(|put| self.put(put));
        rig.sends.iter().for_each(|sent| self.debug(sent));
        self.debug(&rig.dispatch.waiting(9, rig.now));
        for told in &rig.told {
            self.debug(told);
            match told {
                Told::Query(Err(error)) => self.error(error),
                Told::Change(Err(not_sent)) => self.error(not_sent),
                Told::Settle(Err(why)) => self.error(why),
                Told::Change(Ok(Outcome::Refused(refusal))) | Told::Settle(Ok(Settled::Refused(refusal))) => {
                    self.0.push_str(refusal.text())
                }
                _ => {}
            }
        }
    }

    #[track_caller]
    fn hides(&self, secrets: &[&str]) {
        for secret in secrets {
            if let Some(at) = self.0.find(secret) {
                panic!("`{secret}`: …{}", &self.0[at.saturating_sub(300)..at + secret.len()]);
            }
        }
    }
}

#[test]
fn bodies_and_hidden_fields_stand_nowhere() {
    let mut seen = Seen::default();
    for (verdict, text) in [(DONE, "done"), (NO, "no"), (FAILED, "failed"), (LATER, "later")] {
        let mut rig = Rig::new();
        rig.change(order(), Safety::TrustReply, key("k"));
        seen.rig(&rig);
        rig.drain();
        seen.rig(&rig);
        rig.recorded();
        rig.drain();
        seen.rig(&rig);
        rig.answer(reply(verdict, text));
        seen.rig(&rig);
        rig.pass(30);
        seen.rig(&rig);
        if rig.drain()[0].starts_with("send") {
            rig.lost();
            rig.drain();
        }
        seen.rig(&rig);
        rig.recorded();
        rig.drain();
        seen.rig(&rig);
        // Refused for many reasons, with the request in it.
        rig.change(order().field("pin", "sesame-field"), Safety::Once, key("k"));
        let options = rig.within(1);
        rig.change(order(), Safety::Once, options);
        rig.query(order());
        rig.drain();
        seen.rig(&rig);
    }
    let mut rig = Rig::new();
    rig.query(OpaqueCommand::read("look", "sesame-body").field("pin", "sesame-field"));
    seen.rig(&rig);
    rig.drain();
    rig.answer(reply(NO, "no"));
    rig.drain();
    assert!(matches!(rig.told[0], Told::Query(Err(QueryError::Refused(_)))));
    seen.rig(&rig);
    let probed = NO.with_advice(rrp::verdict::Advice::ProbeLogin);
    rig.change(order(), Safety::Once, Options::new());
    rig.drain();
    rig.recorded();
    rig.drain();
    rig.answer(reply(probed, "no"));
    seen.rig(&rig);
    assert!(seen.0.contains("code-1") && seen.0.contains("active") && seen.0.len() > 10_000);
    seen.hides(&SECRETS);
}

#[test]
fn a_text_that_quotes_a_hidden_field_is_concealed_in_what_is_kept() {
    for (verdict, record) in [
        (DONE, "1 accepted by reply"),
        (NO, "1 refused code-1"),
        (FAILED, "1 in-doubt"),
        (LATER, "1 in-doubt"),
    ] {
        let mut rig = Rig::new();
        rig.sent(order(), Safety::ReadBack, key("k"), 1);
        rig.answer(reply(verdict, "pin `sesame-field` is wrong"));
        rig.does(&[&format!("record {record}")]);
        let mut seen = Seen::default();
        // Nor while it is being recorded.
        seen.debug(&rig.dispatch);
        rig.recorded();
        rig.drain();
        seen.debug(&rig.dispatch);
        rig.journal.iter().for_each(|put| seen.put(put));
        assert!(seen.0.contains("answered: code-1 "), "{}", seen.0);
        seen.hides(&SECRETS);
        seen.debug(&rig.told);
        seen.hides(&SECRETS);
        // Its caller hears all of it.
        if let Told::Change(Ok(Outcome::Refused(refusal))) = &rig.told[0] {
            assert_eq!(refusal.text(), "***");
            assert_eq!(refusal.reply().unwrap().text(), "pin `sesame-field` is wrong");
        }
        // A restart finds no more.
        let mut again = Rig::restored(rig.entries());
        again.change(order(), Safety::ReadBack, key("k"));
        again.settle(1);
        again.drain();
        let mut seen = Seen::default();
        seen.rig(&again);
        seen.hides(&SECRETS);
    }
}

#[test]
fn neither_does_the_error_of_a_query_quote_it() {
    let mut rig = Rig::new();
    let read = OpaqueCommand::read("look", "").field("pin", "sesame-field");
    for verdict in [NO, DONE] {
        rig.query(read.clone());
        rig.drain();
        rig.answer(reply(verdict, "no pin `sesame-field`"));
        rig.drain();
    }
    let mut seen = Seen::default();
    seen.rig(&rig);
    assert!(seen.0.contains("query refused with `code-1 ***`"));
    seen.hides(&SECRETS);
}

#[test]
fn what_is_kept_in_clear_may_be_quoted_and_what_is_short_is_not_looked_for() {
    let mut rig = Rig::new();
    let order = order().field("code", "123");
    rig.sent(order, Safety::ReadBack, key("k"), 1);
    rig.answer(reply(NO, "not while active, by rule 123"));
    rig.ends("1 refused code-1", &["tell a: refused 1 code-1"]);
    assert_eq!(rig.refusal().text(), "not while active, by rule 123");
}

#[test]
fn what_an_answer_says_is_bounded_and_on_one_line() {
    let mut rig = Rig::new();
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    let (code, text) = ("c\n".repeat(1_000), "t\r\nü".repeat(1_000));
    let job = "j".repeat(1_000);
    rig.answer(OpaqueReply::new(DONE, &code, &text, "").pending(Some(&job)));
    rig.does(&["record 1 accepted by reply"]);
    rig.recorded();
    rig.drain();
    let summary = rig.accepted().summary();
    assert_eq!(summary.word().map(str::len), Some(OpaqueReply::MAX_CODE));
    assert!(summary.text().len() <= 512 && summary.job().unwrap().len() <= 512);
    for note in rig.entries()[0].notes() {
        assert!(note.text().len() <= 512 && !note.text().contains(char::is_control), "{}", note.text());
    }
    // So is the request: its name, and how many fields are kept of it.
    let long = (0..1_000).fold(OpaqueCommand::write(&"ü".repeat(999), ORDER, ""), |command, at| {
        command.field(&format!("f{at}{}", "n".repeat(999)), &"v".repeat(999))
    });
    assert!(long.name().len() <= OpaqueCommand::MAX_NAME);
    rig.change(long, Safety::ReadBack, Options::new());
    rig.drain();
    rig.recorded();
    rig.drain();
    rig.answer(says(DONE, "ok"));
    rig.drain();
    rig.recorded();
    let entries = rig.entries();
    let sent = entries[1].intent().sent();
    assert_eq!(sent.lines().len(), OpaqueCommand::MAX_FIELDS);
    assert!(sent.lines().iter().all(|line| line.name().len() <= OpaqueCommand::MAX_NAME));
    let mut seen = Seen::default();
    rig.journal.iter().for_each(|put| seen.put(put));
}

#[cfg(feature = "journal")]
#[test]
fn an_entry_of_another_api_comes_back_as_it_was() {
    let mut rig = Rig::new();
    rig.sent(order(), Safety::ReadBack, key("k"), 1);
    rig.answer(reply(DONE, "done").pending(Some("job-1")));
    rig.ends("1 accepted by reply", &["tell a: accepted 1 by reply"]);
    let entry = rig.entries().remove(0);
    let back = rrp::journal::decode(&rrp::journal::encode(&entry).unwrap()).unwrap();
    assert_eq!(back, entry);
    let Standing::Accepted(summary) = back.standing() else { panic!() };
    assert_eq!((summary.word(), summary.code(), summary.job()), (Some("code-1"), None, Some("job-1")));
    let sent = back.intent().sent();
    assert_eq!((sent.form().as_str(), sent.name(), sent.objects()), ("opaque", "order", &[thing("n1")][..]));
    let json = rrp::journal::to_json(&back);
    assert!(json.contains(r#""code":"code-1""#) && json.contains(r#""dialect":"opaque""#), "{json}");
    // And so does one that reads settle.
    let mut rig = Rig::with(crate::looks::Look, crate::rig::config(), []);
    rig.sent(order(), Safety::ReadBack, Options::new(), 1);
    let entry = rig.entries().remove(0);
    let back = rrp::journal::decode(&rrp::journal::encode(&entry).unwrap()).unwrap();
    assert_eq!((back.intent().resolver(), &back), (Some(rrp::settle::Resolver::Other), &entry));
}
