//! What a local client is answered: the registry's replies as they came, and our own.

use core::fmt::Write;
use std::collections::HashMap;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::{memchr, memchr_iter, memmem};

use crate::dispatch::{Accepted, Doubt, NotSent, Outcome, QueryError, Refusal, Refused};
use crate::reply::Reply;
use crate::wire::deframe::Grammar;

/// The last line of a reply.
const END: &[u8] = b"EOF\n";

/// What goes to a local client, in up to two pieces: a frame is not copied.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct Answer {
    pub(in crate::daemon) body: Bytes,
    pub(in crate::daemon) end: &'static [u8],
    /// What came of a write, if it was one.
    pub(in crate::daemon) fate: Fate,
}

/// What an answer says about a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::daemon) enum Fate {
    /// It was none, or was not sent.
    None,
    /// What became of it is known.
    Known,
    InDoubt,
}

impl Answer {
    fn own(body: String) -> Self {
        Self { body: body.into(), end: END, fate: Fate::None }
    }

    const fn of(mut self, fate: Fate) -> Self {
        self.fate = fate;
        self
    }

    /// As mregd says it, to the byte.
    pub(in crate::daemon) fn plain(code: u16, text: &str) -> Self {
        Self::own(format!("[RESPONSE]\ncode = {code}\ndescription = {text}\n"))
    }

    /// One of our own, with what it says of the request: a word.
    pub(in crate::daemon) fn local(code: u16, text: &str, state: &str) -> Self {
        Self::own(format!(
            "[RESPONSE]\ncode = {code}\ndescription = {text}\nproperty[rrp-origin][0] = local\nproperty[rrp-state][0] = {state}\n"
        ))
    }

    fn property(mut self, name: &str, value: &str) -> Self {
        let line = format!("property[{name}][0] = {}\n", one_line(value));
        self.body = [&self.body[..], line.as_bytes()].concat().into();
        self
    }

    /// The registry's reply: a block as it came, with LF for line ends; a line of RRP as a block.
    pub(in crate::daemon) fn reply(reply: &Reply) -> Self {
        let body = match reply.grammar() {
            Grammar::Ptf => without_cr(reply.bytes()),
            _ => converted(reply),
        };
        Self { body, end: END, fate: Fate::None }
    }

    pub(in crate::daemon) fn query_error(error: &QueryError) -> Self {
        match error {
            QueryError::Refused(answer) | QueryError::Unreadable(answer, _) => Self::reply(answer.reply()),
            QueryError::Unsent(why) => Self::refused(why),
            QueryError::Unanswered => Self::local(549, "Command failed; no response", "unanswered"),
            QueryError::Deadline(why) => {
                let text = match why {
                    None => "Command failed; no response in time".to_owned(),
                    Some(why) => format!("Command failed; no response in time: {}", one_line(why.as_str())),
                };
                Self::local(421, &text, "unanswered")
            }
        }
    }

    /// Nothing of it was sent.
    pub(in crate::daemon) fn not_sent(not_sent: &NotSent) -> Self {
        Self::refused(not_sent.why())
    }

    pub(in crate::daemon) fn refused(why: &Refused) -> Self {
        let (code, state) = match why {
            Refused::Encode(_) => (507, "refused"),
            Refused::WrongEffect
            | Refused::TooLong
            | Refused::NoSuchTicket(_)
            | Refused::Finished(_)
            | Refused::UnderWay(_) => (504, "refused"),
            Refused::KeyConflict(_) => (504, "key-conflict"),
            Refused::ObjectInDoubt(_) => (549, "object-in-doubt"),
            Refused::Deadline(_) => (421, "deadline"),
            Refused::Unavailable(_) => (421, "login-refused"),
            Refused::NoSession(_) => (421, "upstream-away"),
            Refused::Held { .. } => (421, "held"),
            Refused::Backlog | Refused::CallerBacklog(_) => (421, "queue-full"),
            Refused::NoEarlierReading => (421, "no-reading"),
            Refused::Journal(_) => (421, "journal"),
            Refused::Stopped => (421, "draining"),
        };
        let text = match why {
            Refused::ObjectInDoubt(ticket) => {
                format!(
                    "Command failed; not sent: an earlier write to the object is in doubt, ticket {ticket}"
                )
            }
            // Never as if the local login had failed.
            Refused::Unavailable(_) => {
                "Command failed; not sent: the registry is not logged in to".to_owned()
            }
            why => format!("Command failed; not sent: {}", one_line(&why.to_string())),
        };
        let answer = Self::local(code, &text, state);
        match why {
            Refused::ObjectInDoubt(ticket) | Refused::KeyConflict(Some(ticket)) => {
                answer.property("rrp-ticket", &ticket.to_string())
            }
            _ => answer,
        }
    }

    pub(in crate::daemon) fn outcome(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Accepted(accepted) => Self::accepted(accepted).of(Fate::Known),
            Outcome::Refused(refusal) => Self::refusal(refusal).of(Fate::Known),
            Outcome::InDoubt(doubt) => Self::doubt(doubt).of(Fate::InDoubt),
        }
    }

    fn accepted(accepted: &Accepted) -> Self {
        let answer = match accepted.reply() {
            Some(reply) => Self::reply(reply),
            None => {
                let summary = accepted.summary();
                let answer = Self::local(200, "Command completed successfully", "settled")
                    .property("rrp-ticket", &accepted.ticket().to_string())
                    .property("rrp-proof", summary.proof().as_str());
                let answer = match accepted.expires() {
                    Some(date) => answer.property("registrationexpirationdate", date),
                    None => answer,
                };
                let answer =
                    if accepted.is_pending() { answer.property("status", "PENDING") } else { answer };
                match accepted.job() {
                    Some(job) => answer.property("job", job),
                    None => answer,
                }
            }
        };
        let answer = if accepted.is_replayed() { answer.property("rrp-replayed", "1") } else { answer };
        if accepted.is_recorded() { answer } else { answer.property("rrp-recorded", "0") }
    }

    fn refusal(refusal: &Refusal) -> Self {
        let answer = match refusal.reply() {
            Some(reply) => Self::reply(reply),
            None => {
                let code = match (refusal.code(), refusal.is_for_now()) {
                    (Some(code), _) => code.as_u16(),
                    (None, _) => 421,
                };
                let text = match refusal.text() {
                    "" => "Command failed; it was lost, and not executed",
                    text => &one_line(text),
                };
                Self::local(code, text, "not-executed").property("rrp-ticket", &refusal.ticket().to_string())
            }
        };
        if refusal.is_recorded() { answer } else { answer.property("rrp-recorded", "0") }
    }

    fn doubt(doubt: &Doubt) -> Self {
        let ticket = doubt.ticket().to_string();
        let text = format!("Command failed; outcome unknown, do not resubmit; ticket {ticket}");
        let answer = Self::local(549, &text, "in-doubt").property("rrp-ticket", &ticket);
        if doubt.is_recorded() { answer } else { answer.property("rrp-recorded", "0") }
    }

    /// The same, told once more.
    pub(in crate::daemon) fn again(self) -> Self {
        if memmem::find(&self.body, b"\nproperty[rrp-replayed]").is_some() {
            return self;
        }
        self.property("rrp-replayed", "1")
    }
}

/// Without what would end its line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// With LF for CRLF, and one at the end.
fn without_cr(frame: &Bytes) -> Bytes {
    if memchr(b'\r', frame).is_none() && frame.last() == Some(&b'\n') {
        return frame.clone();
    }
    let mut out = BytesMut::with_capacity(frame.len().saturating_add(1));
    let mut from = 0;
    for at in memchr_iter(b'\r', frame) {
        out.put_slice(frame.get(from..at).unwrap_or_default());
        from = at.saturating_add(1);
    }
    out.put_slice(frame.get(from..).unwrap_or_default());
    if out.last() != Some(&b'\n') {
        out.put_u8(b'\n');
    }
    out.freeze()
}

/// A reply in RRP as a block: code and text, and each attribute as a property.
fn converted(reply: &Reply) -> Bytes {
    let mut out = String::with_capacity(reply.bytes().len().saturating_mul(2).saturating_add(64));
    // Writing to a string does not fail.
    let _ = writeln!(out, "[RESPONSE]\ncode = {}\ndescription = {}", reply.code(), one_line(&reply.text()));
    let mut seen: HashMap<String, u32> = HashMap::new();
    for item in reply.lines() {
        let name: String = one_line(&item.name()).replace(['[', ']', '='], "_");
        let index = seen.entry(name.to_ascii_lowercase()).or_default();
        let _ = writeln!(out, "property[{name}][{index}] = {}", one_line(&item.value()));
        *index = index.saturating_add(1);
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::deframe::{Deframer, Limits};

    fn reply(bytes: &[u8]) -> Reply {
        let frame = Deframer::new(Limits::REPLY).deframe(&mut BytesMut::from(bytes)).unwrap().unwrap();
        Reply::parse(&frame).unwrap()
    }

    fn text(answer: &Answer) -> String {
        String::from_utf8([&answer.body[..], answer.end].concat()).unwrap()
    }

    #[test]
    fn a_block_goes_on_as_it_came() {
        let block = "[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\n\
                     property[x y][1] = a;b=c \r\nruntime = 0.01\r\nEOF\r\n.\r\n";
        let told = text(&Answer::reply(&reply(block.as_bytes())));
        assert_eq!(told, block.replace('\r', "").strip_suffix(".\n").unwrap());
        let with_lf = reply(b"[RESPONSE]\ncode=541\ndescription=no\nEOF\n");
        let answer = Answer::reply(&with_lf);
        assert_eq!(text(&answer), "[RESPONSE]\ncode=541\ndescription=no\nEOF\n");
        assert_eq!(answer.body.as_ptr(), with_lf.bytes().as_ptr(), "it was copied");
    }

    #[test]
    fn a_line_of_rrp_keeps_its_attributes() {
        let told = text(&Answer::reply(&reply(
            b"200 Command completed successfully\r\nnameserver:ns1.example.net\r\nNameServer:ns2.example.net\r\n\
              registration expiration date:2027-01-01 00:00:00.0\r\n.\r\n",
        )));
        assert_eq!(
            told,
            "[RESPONSE]\ncode = 200\ndescription = Command completed successfully\n\
             property[nameserver][0] = ns1.example.net\nproperty[NameServer][1] = ns2.example.net\n\
             property[registration expiration date][0] = 2027-01-01 00:00:00.0\nEOF\n"
        );
    }

    #[test]
    fn our_own_can_be_told_from_the_registrys() {
        let told = text(&Answer::refused(&Refused::Backlog));
        assert!(
            told.starts_with("[RESPONSE]\ncode = 421\ndescription = Command failed; not sent: "),
            "{told}"
        );
        assert!(told.contains("property[rrp-origin][0] = local\nproperty[rrp-state][0] = queue-full\n"));
        let refused = Refused::Unavailable(crate::dispatch::Unavailable::new("530 Authentication failed"));
        assert!(!text(&Answer::refused(&refused)).contains("530"), "it is not the local client's login");
        assert!(!text(&Answer::local(549, &one_line("a\r\nEOF\n.\n"), "x")).contains("\nEOF\n."));
    }
}
