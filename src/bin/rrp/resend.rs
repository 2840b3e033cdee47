//! What the rule of resending makes of an answer, in words: for a read, and for a write that costs.

use core::time::Duration;

use rrp::code::{Context, ReturnCode};
use rrp::command::{Billable, Kind, Nature, Repeat, Safety, Settle};
use rrp::retry::{Attempt, Case, Decision, NotApplied, ReadBack, decide};
use rrp::verb::Verb;
use rrp::verdict::Verdict;
use serde_json::{Value, json};

use crate::codes::alternatives;
use crate::output::Fields;

/// Stands above the lines of [`fields`](Resend::fields).
pub(crate) const HEADING: &str = "by the rule of resending, a write under the safety read-back:";

/// The writes that cost: one of which nothing else is known, and one of which the registry refuses a second.
const ANY: Nature = Nature::write(Kind::Unknown, Billable::Yes, Repeat::Unknown, Settle::Read(""));
const CREATION: Nature = Nature::write(Kind::Creation, Billable::Yes, Repeat::Refused, Settle::Read(""));

/// The commands of which a first attempt got this answer, and what follows.
pub(crate) struct Resend {
    read: Vec<Answered>,
    write: Vec<Answered>,
}

/// What follows, for commands of which the same answer says the same.
struct Answered {
    to: Vec<&'static str>,
    then: Then,
}

/// What follows on an answer: a stable word for programs, and a phrase for people.
#[derive(Debug, PartialEq, Eq)]
struct Then {
    word: &'static str,
    phrase: String,
    wait: Option<Duration>,
}

impl Resend {
    /// Where an answer says the same to every command.
    pub(crate) fn of(verdict: Verdict) -> Self {
        let only = |then| vec![Answered { to: Vec::new(), then }];
        Self { read: only(read(verdict)), write: only(write(verdict)) }
    }

    /// What an RRP return code says depends on the command.
    pub(crate) fn of_rrp(code: ReturnCode) -> Self {
        let rrp = |verb: Verb| (verb.as_str(), Context::Rrp(verb));
        let ptf = ("another PTF command", Context::Ptf);
        let reads = [
            rrp(Verb::Check),
            rrp(Verb::Describe),
            rrp(Verb::Status),
            ("a PTF check", Context::PtfCheck),
            ptf,
        ];
        let writes = [
            rrp(Verb::Add),
            rrp(Verb::Del),
            rrp(Verb::Mod),
            rrp(Verb::Renew),
            rrp(Verb::Transfer),
            ("a PTF command", Context::Ptf),
        ];
        Self { read: grouped(code, &reads, read), write: grouped(code, &writes, write) }
    }

    /// A line for each sort of command.
    pub(crate) fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.add("a read", phrase(&self.read));
        fields.add("a write that costs", phrase(&self.write));
        fields
    }

    pub(crate) fn json(&self) -> Value {
        let list = |answered: &[Answered]| answered.iter().map(Answered::json).collect::<Value>();
        json!({ "read": list(&self.read), "write": list(&self.write) })
    }
}

impl Answered {
    fn json(&self) -> Value {
        let to = (!self.to.is_empty()).then_some(&self.to);
        let wait = self.then.wait.map(|wait| wait.as_secs_f64());
        json!({ "to": to, "then": self.then.word, "then_text": self.then.phrase, "wait": wait })
    }
}

/// What follows in each place, those together in which the same does.
fn grouped(
    code: ReturnCode,
    places: &[(&'static str, Context)],
    then: impl Fn(Verdict) -> Then,
) -> Vec<Answered> {
    let mut groups: Vec<Answered> = Vec::new();
    for (place, context) in places {
        let then = then(code.verdict(*context));
        match groups.iter_mut().find(|group| group.then == then) {
            Some(group) => group.to.push(place),
            None => groups.push(Answered { to: vec![place], then }),
        }
    }
    // Where nothing depends on the command, none is named.
    if let [only] = groups.as_mut_slice() {
        only.to.clear();
    }
    groups
}

fn phrase(groups: &[Answered]) -> String {
    let phrases = groups.iter().map(|group| match group.to.as_slice() {
        [] => group.then.phrase.clone(),
        to => format!("{}: {}", alternatives(to), group.then.phrase),
    });
    phrases.collect::<Vec<_>>().join("; ")
}

/// The first attempt of a read.
fn read(verdict: Verdict) -> Then {
    let decision = decide(Case::new(Nature::READ, Safety::ReadBack, Attempt::Answered(verdict)));
    let (word, phrase) = match decision {
        Decision::Accept => ("accept", "answered".to_owned()),
        Decision::Refuse => ("refuse", "refused".to_owned()),
        Decision::RefuseForNow => ("refuse-for-now", "refused for now".to_owned()),
        Decision::Resend(how) => {
            let place = if how.another_session { " on another session" } else { "" };
            ("resend", format!("asked again{place}{}", wait(how.after)))
        }
        Decision::Probe => (
            "probe",
            "the login is probed: refused if it holds, else asked again on another session".to_owned(),
        ),
        Decision::Fail | Decision::ReadBack(_) | Decision::Doubt => {
            ("fail", "fails: nobody knows what the answer says".to_owned())
        }
    };
    Then { word, phrase, wait: waits(decision) }
}

/// The first attempt of a write that costs, of which some read can tell what became of it.
fn write(verdict: Verdict) -> Then {
    let case = |nature| Case::new(nature, Safety::ReadBack, Attempt::Answered(verdict)).readable(true);
    let decision = decide(case(ANY));
    let mut phrase = told(decision);
    let blind = decide(case(ANY).readable(false));
    if !matches!(blind, Decision::Doubt) && blind != decision {
        phrase.push_str(&format!("; where no read can tell, it is {}", told(blind)));
    }
    if let creation @ Decision::Resend(how) = decide(case(CREATION))
        && creation != decision
    {
        let phrase = format!(
            "by its nature: a creation of which a second one is refused is sent again{}; any other is {phrase}",
            wait(how.after)
        );
        return Then { word: "by-nature", phrase, wait: waits(creation) };
    }
    // Of a write that was lost before, the refusal is evidence, not an answer.
    if decision == Decision::Refuse && decide(case(ANY).resent(true)) != decision {
        phrase.push_str("; if an earlier attempt was lost, read back first, for that may be why");
    }
    let word = match decision {
        Decision::Accept => "accept",
        Decision::Refuse => "refuse",
        Decision::RefuseForNow => "refuse-for-now",
        Decision::Resend(_) => "resend",
        Decision::Probe => "probe",
        Decision::ReadBack(_) => "read-back",
        Decision::Doubt | Decision::Fail => "doubt",
    };
    Then { word, phrase, wait: waits(decision) }
}

/// What is done about a write.
fn told(decision: Decision) -> String {
    match decision {
        Decision::Accept => "done".to_owned(),
        Decision::Refuse => "refused".to_owned(),
        Decision::RefuseForNow => "refused for now".to_owned(),
        Decision::Resend(how) => format!("sent again{}", wait(how.after)),
        Decision::Probe => {
            "the login is probed: refused if it holds, else in doubt until it is read back".to_owned()
        }
        Decision::ReadBack(ReadBack { not_applied, .. }) => {
            let then = match not_applied {
                NotApplied::Refused => "refused",
                NotApplied::Again => "sent again",
                NotApplied::RefusedForNow => "refused for now",
            };
            format!("in doubt until it is read back; {then} only if it was not applied")
        }
        Decision::Doubt | Decision::Fail => "in doubt".to_owned(),
    }
}

fn wait(after: Duration) -> String {
    if after.is_zero() { " at once".to_owned() } else { format!(" after {} s or more", after.as_secs_f64()) }
}

const fn waits(decision: Decision) -> Option<Duration> {
    match decision {
        Decision::Resend(how) => Some(how.after),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rrp::verdict::{Advice, Class, Executed, Word};

    use super::*;

    /// The word of each group, and how many commands are in it.
    type Words = Vec<(&'static str, usize)>;

    fn words(code: u16) -> (Words, Words) {
        let resend = Resend::of_rrp(ReturnCode::from_u16(code).unwrap());
        let words =
            |groups: &[Answered]| groups.iter().map(|group| (group.then.word, group.to.len())).collect();
        (words(&resend.read), words(&resend.write))
    }

    #[test]
    fn what_follows_on_a_code_is_what_the_table_of_the_rule_says() {
        assert_eq!(words(421), (vec![("resend", 0)], vec![("by-nature", 0)]));
        assert_eq!(words(423), (vec![("resend", 0)], vec![("read-back", 0)]));
        assert_eq!(words(520), (vec![("resend", 0)], vec![("read-back", 0)]));
        assert_eq!(words(530), (vec![("probe", 0)], vec![("probe", 0)]));
        assert_eq!(words(549), (vec![("refuse", 0)], vec![("read-back", 0)]));
        assert_eq!(words(999), (vec![("fail", 0)], vec![("read-back", 0)]));
    }

    #[test]
    fn the_answer_to_a_check_is_none_to_a_write() {
        let (read, write) = words(211);
        assert_eq!(read, [("accept", 2), ("resend", 3)]);
        assert_eq!(write, [("read-back", 0)]);
    }

    #[test]
    fn a_refusal_of_what_was_lost_before_is_no_answer() {
        let no = Verdict::new(Class::Permanent).with_executed(Executed::No, Word::Inference);
        let then = write(no.with_advice(Advice::FixRequest));
        assert_eq!(then.word, "refuse");
        assert!(then.phrase.contains("read back first"), "{}", then.phrase);
        assert_eq!(read(no).phrase, "refused");
    }

    #[test]
    fn who_names_what_stands_in_the_way_leaves_no_doubt() {
        let busy = Verdict::new(Class::Temporary).with_executed(Executed::No, Word::Inference);
        assert!(!write(busy).phrase.contains("no read can tell"));
        let busy = write(busy.with_advice(Advice::WaitForOther)).phrase;
        assert!(busy.ends_with("; where no read can tell, it is refused for now"), "{busy}");
    }

    #[test]
    fn a_wait_is_told_once_and_in_seconds() {
        let later = Verdict::new(Class::Temporary)
            .with_executed(Executed::No, Word::Inference)
            .with_advice(Advice::Resubmit { after: Duration::from_secs(90) });
        assert_eq!(read(later).phrase, "asked again after 90 s or more");
        assert_eq!(read(later).wait, Some(Duration::from_secs(90)));
        assert!(write(later).phrase.contains("sent again after 90 s or more; any other is in doubt until"));
    }
}
