//! What each caller was told, and whether that was right.

use rrp::Reply;
use rrp::dispatch::{Accepted, DoubtReason, Outcome, Settled, Ticket, Told};
use rrp::settle::{Proof, Resolver};

use std::time::Duration;

use super::{Call, Ended, Oracle, Violation};
use crate::mark::Mark;

impl Oracle {
    fn reply(&mut self, reply: Option<&Reply>, mark: Mark) {
        if let Some(cltrid) = reply.and_then(|reply| reply.first("cltrid")) {
            let at = self.by_mark.get(&mark).copied();
            self.check(cltrid == mark.to_string(), at, "somebody else's reply");
            self.tally.attributed += 1;
        }
    }

    /// A caller was told.
    pub(crate) fn told(&mut self, client: usize, call: &Call, told: Told) {
        match (call, told) {
            (Call::Query(mark), Told::Query(Ok(answer))) => {
                self.reply(Some(answer.reply()), *mark);
                self.tally.told("answered");
            }
            (Call::Query(_), Told::Query(Err(_))) => self.tally.told("query failed"),
            (Call::Change { mark, keyed, .. }, Told::Change(Err(unsent))) => {
                let at = self.by_mark.get(mark).copied().filter(|_| !keyed);
                self.check(at.is_none(), at, "told that it was not sent, and it was");
                if !keyed {
                    self.not_sent.insert(*mark);
                }
                self.tally.unsent(unsent.why());
            }
            (Call::Change { mark, deadline, .. }, Told::Change(Ok(outcome))) => {
                self.outcome(client, *mark, *deadline, &outcome);
            }
            (Call::Settle(ticket), Told::Settle(Ok(settled))) => self.settled(client, *ticket, &settled),
            (Call::Settle(_), Told::Settle(Err(_))) => self.tally.told("settle refused"),
            (call, told) => panic!("{call:?} was told {told:?}"),
        }
    }

    fn of_ticket(&mut self, client: usize, ticket: Ticket) -> Option<usize> {
        let at = self.by_ticket.get(&(client, ticket)).copied();
        self.check(at.is_some(), None, "told of a ticket of which nothing was sent");
        at
    }

    fn is_recorded(&self, client: usize, ticket: Ticket, as_what: &[&str]) -> bool {
        self.journal.get(&(client, ticket)).is_some_and(|standing| as_what.contains(standing))
    }

    fn affirmed(&mut self, at: usize, client: usize, accepted: &Accepted) {
        let intent = &mut self.intents[at];
        intent.affirmed = true;
        let (done, denied) = (intent.executions > 0 || intent.queued > 0, intent.denied);
        let proof = accepted.summary().proof();
        if !done && proof == Proof::CreatedWithinADay && self.created.contains(&self.intents[at].object) {
            // It is ours, and was paid for once: by an earlier command.
            self.tally.told("accepted, and created by an earlier command");
        } else if !done && self.ended_by_others(at) {
            // No read tells who ended a request; it has ended as was wanted.
            self.tally.told("accepted, and somebody else had ended the transfer");
        } else if !done {
            self.violate(
                Violation::ToldDone,
                Some(at),
                format!("told that it was done ({})", proof.as_str()),
            );
        }
        self.check(!denied, Some(at), "told both");
        let written = !accepted.is_recorded() || self.is_recorded(client, accepted.ticket(), &["accepted"]);
        self.check(written, Some(at), "told before it was recorded");
    }

    /// Whether somebody else did, since it was sent, what it was to do about a transfer.
    fn ended_by_others(&self, at: usize) -> bool {
        let intent = &self.intents[at];
        let of_transfer = matches!(
            intent.resolver,
            Some(Resolver::TransferApprove | Resolver::TransferDeny | Resolver::TransferCancel)
        );
        of_transfer && self.ended_since(at)
    }

    /// Whether a request was made, and has ended since.
    pub(super) fn request_ended(&self, at: usize) -> bool {
        self.intents[at].resolver == Some(Resolver::TransferRequest) && self.ended_since(at)
    }

    fn ended_since(&self, at: usize) -> bool {
        let intent = &self.intents[at];
        // Since the earlier reading, which may be older than the sending.
        let since = intent.attempts.first().map(|attempt| attempt.at - Duration::from_secs(3_600));
        let ended = self.transfers_ended.get(&intent.object);
        since.is_some_and(|since| ended.is_some_and(|ended| *ended >= since))
    }

    fn denied(&mut self, at: usize, recorded: bool) {
        let intent = &mut self.intents[at];
        intent.denied = true;
        // What waits in a queue may come to nothing; if it does not, that is seen when it is done.
        let (done, affirmed) = (intent.executions > 0, intent.affirmed);
        if done && self.request_ended(at) {
            // The request is gone, and its money back: no read tells that there was one.
            self.tally.told("not done, for somebody else had ended the request");
        } else if done {
            self.violate(Violation::ToldNotDone, Some(at), "told that it was not done".into());
        }
        self.check(!affirmed, Some(at), "told both");
        let (client, ticket) = (self.intents[at].client, self.intents[at].ticket);
        let written = !recorded || self.is_recorded(client, ticket, &["refused", "not-applied"]);
        self.check(written, Some(at), "told before it was recorded");
    }

    fn outcome(&mut self, client: usize, mark: Mark, deadline: bool, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(accepted) => {
                let Some(at) = self.of_ticket(client, accepted.ticket()) else { return };
                self.reply(accepted.reply(), mark);
                self.affirmed(at, client, accepted);
                self.tally.told("accepted");
            }
            Outcome::Refused(refusal) => {
                let Some(at) = self.of_ticket(client, refusal.ticket()) else { return };
                self.reply(refusal.reply(), mark);
                self.denied(at, refusal.is_recorded());
                self.tally.told(if refusal.is_for_now() { "refused for now" } else { "refused" });
            }
            Outcome::InDoubt(doubt) => {
                let Some(at) = self.of_ticket(client, doubt.ticket()) else { return };
                let reason = doubt.reason();
                let may = match reason {
                    DoubtReason::Deadline => deadline || self.hurries && self.is_doubtful(at),
                    _ => self.is_doubtful(at),
                };
                self.check(may, Some(at), &format!("in doubt without a reason: {reason}"));
                let recorded = ["open", "in-doubt"];
                let written = !doubt.is_recorded() || self.is_recorded(client, doubt.ticket(), &recorded);
                self.check(written, Some(at), "told in doubt before it was recorded");
                self.tally.doubt(&reason, self.intents[at].resolver);
            }
        }
    }

    /// Whether the rule leaves it in doubt: something else than a plain answer to a first attempt.
    fn is_doubtful(&self, at: usize) -> bool {
        let intent = &self.intents[at];
        let plain = |ended: Ended| match ended {
            Ended::Answered(code) => {
                matches!(code, 200 | 220)
                    || code >= 500 && !matches!(code, 520 | 521 | 530 | 547 | 549 | 600..)
            }
            Ended::NotYet => true,
            Ended::Unanswered => false,
        };
        intent.phantom || intent.attempts.len() > 1 || intent.attempts.iter().any(|one| !plain(one.ended))
    }

    fn settled(&mut self, client: usize, ticket: Ticket, settled: &Settled) {
        let Some(at) = self.of_ticket(client, ticket) else { return };
        match settled {
            Settled::Applied(accepted) => {
                self.affirmed(at, client, accepted);
                self.tally.settled("applied");
            }
            Settled::Refused(refusal) => {
                self.denied(at, refusal.is_recorded());
                self.tally.settled("refused");
            }
            Settled::NotApplied(_) => {
                self.denied(at, false);
                self.tally.settled("not applied");
            }
            Settled::StillInDoubt(doubt) => {
                self.tally.settled("still in doubt");
                if self.calm {
                    let (reason, resolver) = (doubt.reason(), self.intents[at].resolver);
                    let may = match reason {
                        DoubtReason::Unsettleable => resolver.is_none(),
                        DoubtReason::Unproved(_) => true,
                        DoubtReason::Pending => self.may_queue,
                        _ => false,
                    };
                    self.check(may, Some(at), &format!("not settled, though it could be: {reason}"));
                    self.tally.left(&reason, resolver);
                }
            }
        }
    }
}
