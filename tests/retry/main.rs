//! The rule of resending three times over: as cases by hand, as classes that cover everything, and as laws.

#[path = "../support/mod.rs"]
mod support;

mod cases;
mod classes;
mod laws;
mod said;
mod waits;

use core::time::Duration;
use std::collections::HashSet;

use rrp::command::nature::{Nature, rows};
use rrp::command::{Safety, Settle};
use rrp::retry::{Attempt, Case, Decision, Login, NotApplied, ReadBack, Resend, Trust, decide};

/// Sent again, and counted.
pub(crate) const fn again(seconds: u64, another_session: bool) -> Decision {
    Decision::Resend(Resend { after: Duration::from_secs(seconds), another_session, counted: true })
}

pub(crate) const fn look(negatives: Trust, not_applied: NotApplied) -> Decision {
    Decision::ReadBack(ReadBack { negatives, not_applied })
}

/// Each nature of the table, that of what reads, and that of what nobody knows. Those that differ only in the command
/// that settles them are one.
pub(crate) fn natures() -> Vec<Nature> {
    let mut seen = HashSet::new();
    let table = rows().map(|row| row.nature()).chain([Nature::READ, Nature::SESSION, Nature::UNKNOWN]);
    let who = |nature: &Nature| match nature.settle() {
        Settle::Read(_) => Settle::Read(""),
        Settle::List(_) => Settle::List(""),
        settle => settle,
    };
    table
        .filter(|nature| {
            seen.insert((nature.effect(), nature.kind(), nature.billable(), nature.repeat(), who(nature)))
        })
        .collect()
}

/// All that a case has beside the nature and the attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    pub(crate) safety: Safety,
    pub(crate) login: Login,
    pub(crate) readable: bool,
    pub(crate) resent: bool,
    pub(crate) may_resend: bool,
}

impl Rest {
    /// Every one.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for safety in Safety::ALL {
            for login in [Login::NotProbed, Login::Holds, Login::Lost] {
                for bits in 0..8 {
                    let [readable, resent, may_resend] = [1, 2, 4].map(|bit| bits & bit != 0);
                    all.push(Self { safety, login, readable, resent, may_resend });
                }
            }
        }
        all
    }

    pub(crate) fn decide(self, nature: Nature, attempt: Attempt) -> Decision {
        let case = Case::new(nature, self.safety, attempt).login(self.login).readable(self.readable);
        decide(case.resent(self.resent).may_resend(self.may_resend))
    }
}
