//! What the rule of resending makes of an answer, in words: for a read, for a write that costs, and for one that does not.

use core::time::Duration;

use rrp::code::{Context, ReturnCode};
use rrp::command::{Billable, Kind, Nature, Repeat, Safety, Settle};
use rrp::gateway::Sort;
use rrp::retry::{Attempt, Case, Decision, NotApplied, ReadBack, decide};
use rrp::verb::Verb;
use rrp::verdict::Verdict;
use serde_json::{Value, json};

use crate::codes::alternatives;
use crate::output::Fields;

/// Where no read can tell.
const PERSON: &str = "or a person says what became of it";

/// Stands above the lines of [`fields`](Resend::fields).
pub(crate) const HEADING: &str = "by the rule of resending, a write under the safety read-back:";

/// The writes that cost: one of which nothing else is known, and one of which the registry refuses a second.
const ANY: Nature = Nature::write(Kind::Unknown, Billable::Yes, Repeat::Unknown, Settle::Read(""));
const CREATION: Nature = Nature::write(Kind::Creation, Billable::Yes, Repeat::Refused, Settle::Read(""));

/// A write that costs nothing, and of which a second one does no harm.
const FREE: Nature = Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Read(""));

/// The commands of which a first attempt got this answer, and what follows.
pub(crate) struct Resend {
    read: Vec<Answered>,
    write: Vec<Answered>,
    /// A write that costs nothing.
    other_write: Vec<Answered>,
    /// Whether something else is done about that one.
    differs: bool,
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
    /// In a system without sessions, where an answer says the same to every command. Where another operation is in
    /// progress, what would become of a creation is left out: the code names what was asked for, mostly something else.
    pub(crate) fn of(verdict: Verdict, sort: Option<Sort>) -> Self {
        let only = |then| vec![Answered { to: Vec::new(), then }];
        let creations = sort != Some(Sort::ConflictInProgress);
        Self {
            read: only(read(verdict, false)),
            write: only(write(ANY, verdict, creations)),
            other_write: only(write(FREE, verdict, false)),
            differs: differs(verdict),
        }
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
        Self {
            read: grouped(code, &reads, |verdict| read(verdict, true)),
            write: grouped(code, &writes, |verdict| write(ANY, verdict, true)),
            other_write: grouped(code, &writes, |verdict| write(FREE, verdict, false)),
            differs: writes.iter().any(|(_, context)| differs(code.verdict(*context))),
        }
    }

    /// A line for each sort of command.
    pub(crate) fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.add("a read", phrase(&self.read));
        fields.add("a write that costs", phrase(&self.write));
        if self.differs {
            fields.add("another write", phrase(&self.other_write));
        }
        fields
    }

    pub(crate) fn json(&self) -> Value {
        let list = |answered: &[Answered]| answered.iter().map(Answered::json).collect::<Value>();
        json!({ "read": list(&self.read), "write": list(&self.write), "other_write": list(&self.other_write) })
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
fn read(verdict: Verdict, sessions: bool) -> Then {
    let decision = decide(Case::new(Nature::READ, Safety::ReadBack, Attempt::Answered(verdict)));
    let (word, phrase) = match decision {
        Decision::Accept => ("accept", "answered".to_owned()),
        Decision::Refuse => ("refuse", "refused".to_owned()),
        Decision::RefuseForNow => ("refuse-for-now", "refused for now".to_owned()),
        Decision::Resend(how) => {
            let place = if how.another_session && sessions { " on another session" } else { "" };
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

/// The first attempt of a write, of which some read can tell what became of it.
fn case(nature: Nature, verdict: Verdict) -> Case {
    Case::new(nature, Safety::ReadBack, Attempt::Answered(verdict)).readable(true)
}

/// Whether something else is done about a write that costs nothing.
fn differs(verdict: Verdict) -> bool {
    decide(case(ANY, verdict)) != decide(case(FREE, verdict))
}

/// The first attempt of a write of this nature; with `creations`, also what becomes of a creation of which a second one is
/// refused.
fn write(nature: Nature, verdict: Verdict, creations: bool) -> Then {
    let case = |nature| case(nature, verdict);
    let decision = decide(case(nature));
    let blind = decide(case(nature).readable(false));
    let mut phrase = told(decision, blind);
    if !matches!(blind, Decision::Doubt) && blind != decision {
        phrase.push_str(&format!("; where no read can tell, it is {}", told(blind, blind)));
    }
    if let (true, creation @ Decision::Resend(how)) = (creations, decide(case(CREATION)))
        && creation != decision
    {
        let phrase = format!(
            "by its nature: a creation of which a second one is refused is sent again{}; any other is {phrase}",
            wait(how.after)
        );
        return Then { word: "by-nature", phrase, wait: waits(creation) };
    }
    // Of a write that was lost before, the refusal is evidence, not an answer.
    if decision == Decision::Refuse && decide(case(nature).resent(true)) != decision {
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

/// What is done about a write; `blind` is what would be done if no read could tell what became of it.
fn told(decision: Decision, blind: Decision) -> String {
    match decision {
        Decision::Accept => "done".to_owned(),
        Decision::Refuse => "refused".to_owned(),
        Decision::RefuseForNow => "refused for now".to_owned(),
        Decision::Resend(how) => format!("sent again{}", wait(how.after)),
        Decision::Probe => {
            format!("the login is probed: refused if it holds, else in doubt until it is read back, {PERSON}")
        }
        Decision::ReadBack(ReadBack { not_applied, .. }) => {
            let then = match not_applied {
                NotApplied::Refused => "refused",
                NotApplied::Again => "sent again",
                NotApplied::RefusedForNow => "refused for now",
            };
            let person = if blind == Decision::Doubt { format!(", {PERSON}") } else { String::new() };
            format!("in doubt until it is read back{person}; {then} only if it was not applied")
        }
        Decision::Doubt | Decision::Fail => format!("in doubt, {PERSON}"),
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
        let then = write(ANY, no.with_advice(Advice::FixRequest), true);
        assert_eq!(then.word, "refuse");
        assert!(then.phrase.contains("read back first"), "{}", then.phrase);
        assert_eq!(read(no, true).phrase, "refused");
    }

    #[test]
    fn who_names_what_stands_in_the_way_leaves_no_doubt() {
        let busy = Verdict::new(Class::Temporary).with_executed(Executed::No, Word::Inference);
        let without = write(ANY, busy, true).phrase;
        assert!(without.contains(PERSON) && !without.contains("no read can tell"), "{without}");
        let busy = Resend::of(busy.with_advice(Advice::WaitForOther), Some(Sort::ConflictInProgress));
        let [Answered { then, .. }] = busy.write.as_slice() else { panic!("one") };
        assert_eq!(
            then.phrase,
            "in doubt until it is read back; sent again only if it was not applied; where no read can tell, it is refused for now"
        );
    }

    #[test]
    fn another_write_is_told_of_where_something_else_is_done_about_it() {
        let failed = Verdict::new(Class::Permanent).with_advice(Advice::ReadMessage);
        let told = Resend::of(failed, Some(Sort::SeeMessage));
        assert!(told.differs && told.write[0].then.word == "read-back");
        assert!(told.write[0].then.phrase.contains(PERSON));
        assert_eq!(told.other_write[0].then.word, "refuse");
        for verdict in [Verdict::new(Class::Unclassified), Sort::Temporary.verdict(), Sort::Billing.verdict()]
        {
            assert!(!differs(verdict), "{verdict:?}");
        }
    }

    #[test]
    fn where_there_are_no_sessions_none_is_spoken_of() {
        for &sort in Sort::ALL {
            let told = Resend::of(sort.verdict(), Some(sort)).json().to_string();
            assert!(!told.contains("session") && !told.contains("login"), "{told}");
        }
        let lost = Verdict::new(Class::Temporary);
        assert_eq!(read(lost, false).phrase, "asked again after 1 s or more");
        assert_eq!(read(lost, true).phrase, "asked again on another session after 1 s or more");
    }

    #[test]
    fn a_wait_is_told_once_and_in_seconds() {
        let later = Verdict::new(Class::Temporary)
            .with_executed(Executed::No, Word::Inference)
            .with_advice(Advice::Resubmit { after: Duration::from_secs(90) });
        assert_eq!(read(later, true).phrase, "asked again after 90 s or more");
        assert_eq!(read(later, true).wait, Some(Duration::from_secs(90)));
        assert!(
            write(ANY, later, true)
                .phrase
                .contains("sent again after 90 s or more; any other is in doubt until")
        );
    }
}
