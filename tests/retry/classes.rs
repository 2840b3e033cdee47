//! The rule as classes: every case belongs to exactly one of them, and gets its decision.

use core::time::Duration;

use rrp::command::nature::Nature;
use rrp::command::{Effect, Kind, Repeat, Safety};
use rrp::retry::{Attempt, Decision, Login, NotApplied, Resend, Trust};
use rrp::verdict::Verdict;

use super::said::{Said, everything};
use super::{Rest, again, look, natures};

#[derive(Clone, Copy, Debug)]
enum Fate {
    Unsent,
    Unanswered,
    Answered(Said),
}

/// One case, in the words of the rule.
#[derive(Clone, Copy, Debug)]
struct Given {
    fate: Fate,
    read: bool,
    /// A creation that the registry refuses to repeat.
    refuses_a_second: bool,
    billable: bool,
    rest: Rest,
}

impl Given {
    fn read(&self, said: Said) -> bool {
        self.read && self.is(said)
    }

    fn write(&self, said: Said) -> bool {
        !self.read && self.is(said)
    }

    fn is(&self, said: Said) -> bool {
        matches!(self.fate, Fate::Answered(this) if this == said)
    }

    /// What was sent, and not answered.
    fn unanswered(&self) -> bool {
        matches!(self.fate, Fate::Unanswered)
    }

    /// 420, 421, 422: the wait, and whether the session is gone.
    fn not_now(&self) -> Option<(u64, bool)> {
        match self.fate {
            Fate::Answered(Said::NotNow { after, closed }) => Some((after, closed)),
            _ => None,
        }
    }

    /// 423, 520, 521: the wait.
    fn perhaps(&self) -> Option<u64> {
        match self.fate {
            Fate::Answered(Said::Perhaps { after }) => Some(after),
            _ => None,
        }
    }

    /// A write of which nobody knows what became of it; if its login was the question, it is known to be lost.
    fn in_doubt(&self) -> bool {
        let said = [Said::Misfit, Said::Unlisted2xx, Said::Unlisted4xx, Said::Unlisted];
        let answered = said.iter().any(|&said| self.is(said)) || self.perhaps().is_some();
        !self.read && (self.unanswered() || answered || self.login(Login::Lost))
    }

    fn login(&self, login: Login) -> bool {
        self.is(Said::LoginLost) && self.rest.login == login
    }

    /// Whether it is a write that was told "not now", under one of these.
    fn failed_now(&self, safety: &[Safety]) -> bool {
        !self.read && self.not_now().is_some() && safety.contains(&self.rest.safety)
    }

    /// A write whose "not now" is believed: by its caller, or because the registry refuses a second one.
    fn believed(&self) -> bool {
        self.failed_now(&[Safety::TrustReply, Safety::Repeatable])
            || self.failed_now(&[Safety::ReadBack]) && self.refuses_a_second
    }

    /// The same with no try left.
    fn spent(&self) -> bool {
        self.believed() && !self.rest.may_resend
    }

    fn at_stake(&self) -> bool {
        self.billable || self.rest.resent
    }

    /// A write that was refused for good, by a registry that knows it.
    fn refused(&self) -> bool {
        self.write(Said::Refused) || (!self.read && self.login(Login::Holds))
    }

    /// The wait before it is sent again.
    fn after(&self) -> u64 {
        self.perhaps().unwrap_or(1)
    }
}

/// Why, what belongs to it, and what is decided.
type Class = (&'static str, fn(&Given) -> bool, fn(&Given) -> Decision);

const RESEND_UNCOUNTED: Decision =
    Decision::Resend(Resend { after: Duration::ZERO, another_session: true, counted: false });

#[rustfmt::skip]
const CLASSES: &[Class] = &[
    ("unsent: another session, uncounted; the same for a write",
        |g| matches!(g.fate, Fate::Unsent), |_| RESEND_UNCOUNTED),

    // Reads.
    ("2xx of a kind that the command can get: done", |g| g.read(Said::Done), |_| Decision::Accept),
    ("an unknown 2xx: an answer", |g| g.read(Said::Unlisted2xx), |_| Decision::Accept),
    ("2xx of a kind that it cannot get: session ends, ask again",
        |g| g.read(Said::Misfit) && g.rest.may_resend, |_| again(1, true)),
    ("2xx of a kind that it cannot get, for the last time: no answer",
        |g| g.read(Said::Misfit) && !g.rest.may_resend, |_| Decision::Fail),
    ("420: resend after backoff on another session; 220 to any CHECK: ask again",
        |g| g.read && g.not_now().is_some_and(|(_, closed)| closed) && g.rest.may_resend,
        |g| again(g.not_now().unwrap().0, true)),
    ("421: resend after backoff; 422: account held for minutes, then resend",
        |g| g.read && g.not_now().is_some_and(|(_, closed)| !closed) && g.rest.may_resend,
        |g| again(g.not_now().unwrap().0, false)),
    ("420, 421, 422 for the last time: refused for now",
        |g| g.read && g.not_now().is_some() && !g.rest.may_resend, |_| Decision::RefuseForNow),
    ("423, 520, 521: resend", |g| g.read && g.perhaps().is_some() && g.rest.may_resend,
        |g| again(g.after(), true)),
    ("423, 520, 521 for the last time: refused for now",
        |g| g.read && g.perhaps().is_some() && !g.rest.may_resend, |_| Decision::RefuseForNow),
    ("an unknown 4xx: resend", |g| g.read(Said::Unlisted4xx) && g.rest.may_resend, |_| again(1, true)),
    ("an unknown 4xx for the last time: refused for now",
        |g| g.read(Said::Unlisted4xx) && !g.rest.may_resend, |_| Decision::RefuseForNow),
    ("530, 547: may be a lost login: probe", |g| g.read && g.login(Login::NotProbed), |_| Decision::Probe),
    ("530, 547, alive: refused", |g| g.read && g.login(Login::Holds), |_| Decision::Refuse),
    ("530, 547, lost: evict, resend", |g| g.read && g.login(Login::Lost) && g.rest.may_resend,
        |_| again(1, true)),
    ("530, 547, lost, for the last time: no answer",
        |g| g.read && g.login(Login::Lost) && !g.rest.may_resend, |_| Decision::Fail),
    ("549: refused", |g| g.read(Said::Failed), |_| Decision::Refuse),
    ("other 5xx: refused", |g| g.read(Said::Refused), |_| Decision::Refuse),
    ("an unknown code: else an `Err`", |g| g.read(Said::Unlisted), |_| Decision::Fail),
    ("unanswered: resend", |g| g.read && g.unanswered() && g.rest.may_resend, |_| again(1, true)),
    ("unanswered for the last time: no answer",
        |g| g.read && g.unanswered() && !g.rest.may_resend, |_| Decision::Fail),

    // Writes.
    ("2xx of a kind that the command can get: done", |g| g.write(Said::Done), |_| Decision::Accept),
    ("530, 547: may be a lost login: probe", |g| !g.read && g.login(Login::NotProbed), |_| Decision::Probe),

    // In doubt: unanswered, 423, 520, 521, out of step, unknown, login lost.
    ("repeatable: resent wherever a read would be",
        |g| g.in_doubt() && g.rest.safety == Safety::Repeatable && g.rest.may_resend,
        |g| again(g.after(), true)),
    ("repeatable, no try left: in doubt: read back; not applied: refused (temporary)",
        |g| g.in_doubt() && g.rest.safety == Safety::Repeatable && !g.rest.may_resend
            && g.rest.readable && !g.login(Login::Lost),
        |_| look(Trust::Later, NotApplied::Again)),
    ("in doubt: read back; not applied: a new attempt",
        |g| g.in_doubt() && [Safety::ReadBack, Safety::TrustReply].contains(&g.rest.safety)
            && g.rest.readable && !g.login(Login::Lost),
        |_| look(Trust::Later, NotApplied::Again)),
    ("in doubt: read back; once: never resubmit",
        |g| g.in_doubt() && g.rest.safety == Safety::Once && g.rest.readable && !g.login(Login::Lost),
        |_| look(Trust::Later, NotApplied::RefusedForNow)),
    ("530, 547, lost: in doubt; not applied: refused, for the last reply was a 5xx",
        |g| g.in_doubt() && g.login(Login::Lost) && g.rest.readable
            && !(g.rest.safety == Safety::Repeatable && g.rest.may_resend),
        |_| look(Trust::Later, NotApplied::Refused)),
    ("what cannot be proved stays in doubt",
        |g| g.in_doubt() && !g.rest.readable && !(g.rest.safety == Safety::Repeatable && g.rest.may_resend),
        |_| Decision::Doubt),

    // 420, 421, 422.
    ("once: 420–422 are refused", |g| g.failed_now(&[Safety::Once]), |_| Decision::RefuseForNow),
    ("trust the reply: resubmit whenever the registry says that it failed",
        |g| g.failed_now(&[Safety::TrustReply]) && g.rest.may_resend,
        |g| g.not_now().map(|(after, closed)| again(after, closed)).unwrap()),
    ("repeatable: resent wherever a read would be",
        |g| g.failed_now(&[Safety::Repeatable]) && g.rest.may_resend,
        |g| g.not_now().map(|(after, closed)| again(after, closed)).unwrap()),
    ("creations that the registry refuses to repeat are resubmitted after backoff without a read",
        |g| g.failed_now(&[Safety::ReadBack]) && g.refuses_a_second && g.rest.may_resend,
        |g| g.not_now().map(|(after, closed)| again(after, closed)).unwrap()),
    ("renewals, transfers, deletions, modifications, restores are read back first; a negative counts at once",
        |g| g.failed_now(&[Safety::ReadBack]) && !g.refuses_a_second && g.rest.readable,
        |_| look(Trust::AtOnce, NotApplied::Again)),
    ("what no read can prove is in doubt",
        |g| g.failed_now(&[Safety::ReadBack]) && !g.refuses_a_second && !g.rest.readable,
        |_| Decision::Doubt),
    ("no try left, neither billable nor re-sent: refused for now",
        |g| g.spent() && !g.at_stake(), |_| Decision::RefuseForNow),
    ("no try left: a billable or re-sent write is read back before it is refused",
        |g| g.spent() && g.at_stake() && g.rest.readable
            && !(g.rest.safety == Safety::Repeatable && g.rest.resent),
        |_| look(Trust::AtOnce, NotApplied::Again)),
    ("no try left: the same where the attempt before it may have been lost: the first 60 s count for nothing",
        |g| g.spent() && g.rest.readable && g.rest.safety == Safety::Repeatable && g.rest.resent,
        |_| look(Trust::Later, NotApplied::Again)),
    ("no try left, no read: trust the reply",
        |g| g.spent() && g.at_stake() && !g.rest.readable && g.rest.safety == Safety::TrustReply,
        |_| Decision::RefuseForNow),
    ("no try left, no read: in doubt",
        |g| g.spent() && g.at_stake() && !g.rest.readable && g.rest.safety != Safety::TrustReply,
        |_| Decision::Doubt),

    // Refusals.
    ("other 5xx: refused; 530, 547, alive: refused", |g| g.refused() && !g.rest.resent, |_| Decision::Refuse),
    ("any refusal of a re-sent write: evidence, not an answer: read back",
        |g| g.refused() && g.rest.resent && g.rest.readable, |_| look(Trust::Later, NotApplied::Refused)),
    ("any refusal of a re-sent write that no read can tell of: in doubt",
        |g| g.refused() && g.rest.resent && !g.rest.readable, |_| Decision::Doubt),
    ("549: refused", |g| g.write(Said::Failed) && !g.at_stake(), |_| Decision::Refuse),
    ("549: a billable write is read back first, and any refusal of a re-sent one",
        |g| g.write(Said::Failed) && g.at_stake() && g.rest.readable,
        |_| look(Trust::Later, NotApplied::Refused)),
    ("549 of a billable or re-sent write that no read can tell of: in doubt",
        |g| g.write(Said::Failed) && g.at_stake() && !g.rest.readable, |_| Decision::Doubt),
];

fn attempts() -> Vec<(Fate, Attempt)> {
    let answered = |(said, verdict): (Said, Verdict)| (Fate::Answered(said), Attempt::Answered(verdict));
    let mut all = vec![(Fate::Unsent, Attempt::Unsent), (Fate::Unanswered, Attempt::Unanswered)];
    all.extend(everything().into_iter().map(answered));
    all
}

fn given(nature: Nature, fate: Fate, rest: Rest) -> Given {
    Given {
        fate,
        read: nature.effect() == Effect::Read,
        refuses_a_second: nature.kind() == Kind::Creation && nature.repeat() == Repeat::Refused,
        billable: nature.billable().at_stake(),
        rest,
    }
}

#[test]
fn every_case_belongs_to_one_class_and_gets_its_decision() {
    let mut met = vec![0_usize; CLASSES.len()];
    let (attempts, rests) = (attempts(), Rest::all());
    for nature in natures() {
        for &(fate, attempt) in &attempts {
            for &rest in &rests {
                let given = given(nature, fate, rest);
                let mut classes = (0..CLASSES.len()).filter(|&at| CLASSES[at].1(&given));
                let at = classes.next().unwrap_or_else(|| panic!("no class: {given:?} {nature:?}"));
                if let Some(other) = classes.next() {
                    panic!("`{}` and `{}`: {given:?} {nature:?}", CLASSES[at].0, CLASSES[other].0);
                }
                met[at] += 1;
                let (because, _, decision) = CLASSES[at];
                assert_eq!(rest.decide(nature, attempt), decision(&given), "{because}: {given:?} {nature:?}");
            }
        }
    }
    for (count, (because, ..)) in met.iter().zip(CLASSES) {
        assert!(*count > 0, "nothing belongs to `{because}`");
    }
}

#[test]
fn every_row_of_what_is_said_is_met() {
    let all = everything();
    let met = |said: Said| all.iter().any(|&(this, _)| this == said);
    for said in [Said::Done, Said::Unlisted2xx, Said::Misfit, Said::Unlisted4xx, Said::LoginLost] {
        assert!(met(said), "{said:?}");
    }
    for said in [Said::Failed, Said::Refused, Said::Unlisted] {
        assert!(met(said), "{said:?}");
    }
    for (after, closed) in [(0, true), (1, true), (1, false), (300, false)] {
        assert!(met(Said::NotNow { after, closed }), "{after} {closed}");
    }
    assert!(met(Said::Perhaps { after: 1 }));
}
