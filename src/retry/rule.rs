//! The rule of resending.

use core::time::Duration;

use crate::command::{Effect, Kind, Nature, Repeat, Safety};
use crate::verdict::{Advice, Class, Executed, Verdict};

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "these are all that can become of an attempt")]
pub enum Attempt {
    /// No byte of it was handed over.
    Unsent,
    /// The whole reply means this.
    Answered(Verdict),
    /// It was handed over, and no whole reply came.
    Unanswered,
}

/// What a probe of the login has shown, after a reply that may mean that it was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "these are all that there is to know")]
pub enum Login {
    /// Nobody has asked yet.
    NotProbed,
    /// It holds, so the reply means what it says.
    Holds,
    /// It is lost, or could not be proven.
    Lost,
}

/// All that the decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    nature: Nature,
    safety: Safety,
    attempt: Attempt,
    login: Login,
    readable: bool,
    resent: bool,
    may_resend: bool,
}

impl Case {
    /// A first attempt with tries left, whose effect no read can prove.
    #[must_use]
    pub const fn new(nature: Nature, safety: Safety, attempt: Attempt) -> Self {
        let login = Login::NotProbed;
        Self { nature, safety, attempt, login, readable: false, resent: false, may_resend: true }
    }

    pub(crate) const fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// Whether nobody knows what became of the attempt, so that it may still be executed: it was lost, or answered by
    /// something that leaves that open.
    pub(crate) fn is_open(&self) -> bool {
        match self.attempt {
            Attempt::Unsent => false,
            Attempt::Unanswered => true,
            Attempt::Answered(verdict) => match reading(&verdict, self.login) {
                Reading::Misfit
                | Reading::UnknownSuccess
                | Reading::LoginLost
                | Reading::PerhapsExecuted
                | Reading::Unknown => true,
                Reading::Completed | Reading::FailedForNow { .. } | Reading::Refused { .. } => false,
            },
        }
    }

    /// Whether the whole reply says "not now, another operation is in progress", and that this one did nothing: an answer of
    /// other APIs than RRP.
    pub(crate) fn names_another(&self) -> bool {
        matches!(self.attempt, Attempt::Answered(verdict)
            if verdict.class() == Class::Temporary
                && verdict.executed() == Executed::No
                && verdict.advice() == Advice::WaitForOther)
    }

    /// With what is known of the login.
    #[must_use]
    pub const fn login(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// Whether some read can prove what became of it: see [`settle`](crate::settle).
    #[must_use]
    pub const fn readable(mut self, yes: bool) -> Self {
        self.readable = yes;
        self
    }

    /// Whether an earlier attempt handed over at least one byte.
    #[must_use]
    pub const fn resent(mut self, yes: bool) -> Self {
        self.resent = yes;
        self
    }

    /// Whether attempts, the account's budget for them and the caller's time last for another one. If its time turns out
    /// not to hold the wait of a [`Resend`], it is decided again without.
    #[must_use]
    pub const fn may_resend(mut self, yes: bool) -> Self {
        self.may_resend = yes;
        self
    }
}

/// How to send again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever carries it out must handle each of these")]
pub struct Resend {
    /// The least wait before it, without jitter.
    pub after: Duration,
    /// Whether the session must be another one.
    pub another_session: bool,
    /// Whether it counts against attempts and budget.
    pub counted: bool,
}

/// From when on a look that finds nothing counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever looks must handle each of these")]
pub enum Trust {
    /// At once: the whole reply said "failed, try again", and nothing was lost before it.
    AtOnce,
    /// Only some time after the session's end: what was lost may still be executed, and a proxy that lost it may have
    /// answered with a refusal.
    Later,
}

/// What a write comes to that was proven not to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever decides about money must handle each of these")]
pub enum NotApplied {
    /// The last reply stands: it was refused.
    Refused,
    /// It is sent again while tries and the caller's time last, and is refused for now if they do not.
    Again,
    /// It is refused for now.
    RefusedForNow,
}

/// How to read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever carries it out must handle each of these")]
pub struct ReadBack {
    /// From when on a negative counts.
    pub negatives: Trust,
    /// What follows if it was not applied.
    pub not_applied: NotApplied,
}

/// What is done about one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever carries it out must handle each of these")]
pub enum Decision {
    /// It is over: the reply is the answer to a read, or says that a write was done.
    Accept,
    /// It is over: the reply refuses it.
    Refuse,
    /// It is over: the reply refuses it for now, and it is not sent again.
    RefuseForNow,
    /// A read is over without an answer.
    Fail,
    /// It is sent again.
    Resend(Resend),
    /// The login is probed on the same session, and then decided again.
    Probe,
    /// A write is read back, and then goes by the result.
    ReadBack(ReadBack),
    /// Nobody can know what became of a write.
    Doubt,
}

/// Sending again waits so long where the answer asks for no time, or is missing.
const AFTER_LOSS: Duration = Duration::from_secs(1);

/// What is done about an attempt. A function of its argument alone.
#[must_use]
pub fn decide(case: Case) -> Decision {
    if case.attempt == Attempt::Unsent {
        return Decision::Resend(Resend { after: Duration::ZERO, another_session: true, counted: false });
    }
    match case.nature.effect() {
        Effect::Read => read(case),
        // Commands of the session are sent by its owner; whoever else gets one takes it for the worst.
        Effect::Write | Effect::Session => write(case),
    }
}

/// What a verdict comes to, before it is asked what the command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Completed,
    /// A success that the lists do not explain.
    UnknownSuccess,
    /// It belongs to another command.
    Misfit,
    /// Perhaps the login was lost.
    LoginLost,
    /// "Failed, try again".
    FailedForNow {
        another_session: bool,
    },
    /// It may have been executed: 423, 520 and 521 after the writing, a 4xx of no list.
    PerhapsExecuted,
    /// A refusal; of some nobody knows what lies behind them.
    Refused {
        certain: bool,
    },
    /// Of no class, or one that contradicts itself.
    Unknown,
}

fn reading(verdict: &Verdict, login: Login) -> Reading {
    let closes = verdict.closes_connection();
    let executed = verdict.executed();
    match verdict.class() {
        _ if !verdict.fits() => Reading::Misfit,
        Class::Success if verdict.completed() => Reading::Completed,
        Class::Success => Reading::UnknownSuccess,
        // "It failed, and was executed."
        _ if executed == Executed::Yes => Reading::Unknown,
        // Who says when to come again says that it failed, whoever vouches for it: 420 and 421 of PTF are among them.
        Class::Temporary if executed == Executed::No || verdict.advice().wait().is_some() => {
            let reconnects = matches!(verdict.advice(), Advice::Reconnect { .. });
            Reading::FailedForNow { another_session: closes || reconnects }
        }
        Class::Temporary => Reading::PerhapsExecuted,
        Class::Permanent if closes => Reading::PerhapsExecuted,
        Class::Permanent if verdict.advice() == Advice::ProbeLogin => match login {
            Login::NotProbed | Login::Lost => Reading::LoginLost,
            Login::Holds => Reading::Refused { certain: true },
        },
        Class::Permanent => Reading::Refused { certain: executed == Executed::No },
        Class::Unclassified => Reading::Unknown,
    }
}

/// Sent again while that is allowed, after what the answer asks for.
fn again(case: &Case, another_session: bool, otherwise: Decision) -> Decision {
    if !case.may_resend {
        return otherwise;
    }
    let asked = match case.attempt {
        Attempt::Answered(verdict) => verdict.advice().wait(),
        Attempt::Unsent | Attempt::Unanswered => None,
    };
    Decision::Resend(Resend { after: asked.unwrap_or(AFTER_LOSS), another_session, counted: true })
}

fn read(case: Case) -> Decision {
    let Attempt::Answered(verdict) = case.attempt else {
        return again(&case, true, Decision::Fail);
    };
    match reading(&verdict, case.login) {
        Reading::Completed | Reading::UnknownSuccess => Decision::Accept,
        Reading::LoginLost if case.login == Login::NotProbed => Decision::Probe,
        Reading::Misfit | Reading::LoginLost => again(&case, true, Decision::Fail),
        Reading::FailedForNow { another_session } => again(&case, another_session, Decision::RefuseForNow),
        Reading::PerhapsExecuted => again(&case, true, Decision::RefuseForNow),
        Reading::Refused { .. } => Decision::Refuse,
        Reading::Unknown => Decision::Fail,
    }
}

fn write(case: Case) -> Decision {
    let Attempt::Answered(verdict) = case.attempt else {
        return in_doubt(&case, or_again(&case));
    };
    match reading(&verdict, case.login) {
        Reading::Completed => Decision::Accept,
        Reading::LoginLost if case.login == Login::NotProbed => Decision::Probe,
        // Its last reply is a refusal, which stands if it was not applied.
        Reading::LoginLost => in_doubt(&case, NotApplied::Refused),
        Reading::Refused { certain } => refused(&case, certain),
        Reading::FailedForNow { another_session } => failed_for_now(&case, another_session),
        Reading::Misfit | Reading::UnknownSuccess | Reading::PerhapsExecuted | Reading::Unknown => {
            in_doubt(&case, or_again(&case))
        }
    }
}

fn read_back(case: &Case, negatives: Trust, not_applied: NotApplied) -> Decision {
    if case.readable { Decision::ReadBack(ReadBack { negatives, not_applied }) } else { Decision::Doubt }
}

/// What follows if it was not applied, unless it was refused: once means once.
fn or_again(case: &Case) -> NotApplied {
    match case.safety {
        Safety::Once => NotApplied::RefusedForNow,
        Safety::ReadBack | Safety::TrustReply | Safety::Repeatable => NotApplied::Again,
    }
}

/// It may have been executed.
fn in_doubt(case: &Case, not_applied: NotApplied) -> Decision {
    let look = read_back(case, Trust::Later, not_applied);
    match case.safety {
        Safety::Repeatable => again(case, true, look),
        Safety::ReadBack | Safety::TrustReply | Safety::Once => look,
    }
}

/// The refusal of what was sent before is evidence, not an answer: it may be refused *because* it was executed. And some
/// say "failed" when they do not know, which is not believed where money is at stake.
fn refused(case: &Case, certain: bool) -> Decision {
    if case.resent || (!certain && case.nature.billable().at_stake()) {
        read_back(case, Trust::Later, NotApplied::Refused)
    } else {
        Decision::Refuse
    }
}

/// The registry says that it failed and may be tried again. Some have said so and had executed it.
fn failed_for_now(case: &Case, another_session: bool) -> Decision {
    let trusted = match case.safety {
        Safety::Once => return Decision::RefuseForNow,
        Safety::TrustReply | Safety::Repeatable => true,
        // The registry itself refuses a second one.
        Safety::ReadBack => case.nature.kind() == Kind::Creation && case.nature.repeat() == Repeat::Refused,
    };
    // Only what is repeatable is sent again when an attempt was lost, without a look: that one may still be executed. And
    // what is in progress may be that one.
    let lost = case.resent && (case.safety == Safety::Repeatable || case.names_another());
    let look = read_back(case, if lost { Trust::Later } else { Trust::AtOnce }, NotApplied::Again);
    // Who names what stands in the way has not begun: nothing is hidden behind that.
    let look = if look == Decision::Doubt && !case.resent && case.names_another() {
        Decision::RefuseForNow
    } else {
        look
    };
    if !trusted {
        return look;
    }
    // Where no read can tell, a trusted reply is all there is.
    let trusts_blindly = case.safety == Safety::TrustReply && !case.readable;
    let at_stake = case.resent || case.nature.billable().at_stake();
    again(case, another_session, if at_stake && !trusts_blindly { look } else { Decision::RefuseForNow })
}
