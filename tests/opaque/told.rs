//! What callers are told, held against the toy's ledger.

use rrp::dispatch::{Opaque, Outcome, Reads, Settled, Ticket, Told};
use rrp::settle::Proof;

use super::{Call, World};

/// How much happened, so that a simulation in which nothing happens is no proof.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) faults: usize,
    pub(crate) crashes: usize,
    pub(crate) executed: usize,
    pub(crate) accepted: usize,
    pub(crate) proven: usize,
    pub(crate) refused: usize,
    pub(crate) doubts: usize,
    pub(crate) resent: usize,
    pub(crate) unsent: usize,
}

impl Tally {
    pub(crate) const fn add(&mut self, other: &Self) {
        self.faults += other.faults;
        self.crashes += other.crashes;
        self.executed += other.executed;
        self.accepted += other.accepted;
        self.proven += other.proven;
        self.refused += other.refused;
        self.doubts += other.doubts;
        self.resent += other.resent;
        self.unsent += other.unsent;
    }
}

impl<R: Reads> World<R> {
    fn affirm(&mut self, ticket: Ticket) {
        self.tally.accepted += 1;
        let done = self.executed.contains_key(&ticket) || self.is_beyond(ticket);
        assert!(done, "{ticket} was not done, and told that it was");
    }

    fn deny(&mut self, ticket: Ticket) {
        self.tally.refused += 1;
        assert!(!self.executed.contains_key(&ticket), "{ticket} was done, and told that it was not");
        self.denied.insert(ticket);
    }

    pub(super) fn told(&mut self, call: Call, told: &Told<Opaque<R>>) {
        match (call, told) {
            (Call::Query, Told::Query(_)) => {}
            (Call::Change { .. }, Told::Change(Ok(Outcome::Accepted(accepted)))) => {
                self.tally.proven += usize::from(accepted.summary().proof() == Proof::ReadBack);
                self.affirm(accepted.ticket());
            }
            (Call::Change { .. }, Told::Change(Ok(Outcome::Refused(refusal)))) => self.deny(refusal.ticket()),
            (Call::Change { .. }, Told::Change(Ok(Outcome::InDoubt(_)))) => self.tally.doubts += 1,
            (Call::Change { mark, keyed }, Told::Change(Err(_))) => {
                self.tally.unsent += 1;
                // Of what has a key, another call may have been sent.
                if !keyed {
                    assert_eq!(
                        self.handed_over.get(&mark),
                        None,
                        "{mark} was sent, and told that it was not"
                    );
                    self.not_sent.insert(mark);
                }
            }
            (Call::Settle(ticket), Told::Settle(Ok(settled))) => match settled {
                Settled::Applied(accepted) => self.affirm(accepted.ticket()),
                Settled::Refused(refusal) => self.deny(refusal.ticket()),
                Settled::NotApplied(not_applied) => {
                    assert_eq!(*not_applied, ticket);
                    self.deny(ticket);
                }
                Settled::StillInDoubt(doubt) => assert_eq!(doubt.ticket(), ticket),
            },
            (Call::Settle(_), Told::Settle(Err(_))) => {}
            (call, told) => panic!("{call:?} was told {told:?}"),
        }
    }
}
