//! What becomes of a request: everything that goes wrong with it, and what goes wrong without anybody's doing.

use rrp::command::Safety;
use rrp::dispatch::{Entry, OpaqueCommand, OpaqueReply, Reads, Slot, Standing, Ticket};
use rrp::session::Fate;
use rrp::verdict::{Advice, Class, Executed, Verdict, Word};

use super::{Attempt, Event, World, mark_of, millis};
use crate::{BUSY, DONE, FAILED, LATER, UNKNOWN, UNLISTED, says};

impl<R: Reads> World<R> {
    /// The attempt that this request is. Its intent stands in the journal.
    fn attempt(&self, command: &OpaqueCommand) -> Attempt {
        let body = core::str::from_utf8(command.body()).unwrap();
        let mark = body.split(' ').nth(1).unwrap().parse().unwrap();
        let open = |entry: &&Entry| mark_of(entry) == mark && *entry.standing() == Standing::Open;
        let entry = self.journal.values().rfind(open);
        let ticket = entry.unwrap_or_else(|| panic!("{command:?} is sent, and the journal does not say so"));
        assert!(!self.not_sent.contains(&mark), "{command:?} is sent, and told that it was not");
        Attempt { mark, ticket: ticket.ticket() }
    }

    /// A request leaves, and something becomes of it.
    pub(super) fn send(&mut self, slot: Slot, command: OpaqueCommand) {
        let wait = self.dice.one_of(&[0, 5, 300, 3_000]);
        let body = core::str::from_utf8(command.body()).unwrap().to_owned();
        let faulty = self.stormy && self.dice.percent(if command.name() == "look" { 20 } else { 60 });
        let fault = if faulty { 1 + self.dice.below(10) } else { 0 };
        self.tally.faults += usize::from(faulty);
        self.trace(format_args!("fault {fault} about {body}"));
        if fault == 1 {
            return self.later(wait, Event::Fate(slot, Fate::Unsent(command)));
        }
        if command.name() == "look" {
            let fate = match fault {
                0 => Fate::Answered(self.api.execute(&body).1),
                2..4 => Fate::Unanswered,
                4 => Fate::Answered(says(UNLISTED, "what")),
                5 => Fate::Answered(says(LATER, "later")),
                _ => Fate::Answered(says(UNKNOWN, "500")),
            };
            return self.later(wait, Event::Fate(slot, fate));
        }
        let attempt = self.attempt(&command);
        let sent = self.handed_over.entry(attempt.mark).or_default();
        *sent += 1;
        self.tally.resent += usize::from(*sent > 1);
        let answered = |verdict: Verdict, code: &str| Fate::Answered(says(verdict, code));
        let held = LATER.with_advice(Advice::HoldAccount { after: millis(20_000) });
        let fate = match fault {
            0 => Fate::Answered(self.execute(attempt, &body)),
            2 | 3 => {
                self.perhaps(attempt, &body);
                Fate::Unanswered
            }
            4 => {
                // The other one comes to its end before the answer is there, or later.
                self.named.insert(attempt.ticket);
                match self.dice.below(4) {
                    0 => {}
                    1 => self.finish_another(attempt),
                    _ => {
                        let end = self.dice.next() % 100_000;
                        self.later(end, Event::Another(attempt));
                    }
                }
                answered(BUSY, "busy")
            }
            5 => answered(LATER, "later"),
            6 => answered(held, "locked"),
            7 => {
                self.perhaps(attempt, &body);
                answered(UNKNOWN, "500")
            }
            8 => {
                self.perhaps(attempt, &body);
                answered(UNLISTED, "what")
            }
            9 => Fate::Answered(self.answer_later(attempt, &body)),
            // "It failed" may be wrong only of what costs: of all else it is believed.
            _ => {
                if self.asked[&attempt.mark].sort.nature().billable().at_stake() {
                    self.perhaps(attempt, &body);
                }
                answered(FAILED, "failed")
            }
        };
        self.later(wait, Event::Fate(slot, fate));
    }

    /// Whether the journal says that another operation was named.
    pub(super) fn knows_another(&self, attempt: Attempt) -> bool {
        let entry = self.journal.get(&attempt.ticket);
        let named =
            |entry: &Entry| entry.notes().iter().any(|note| note.text().contains("another operation"));
        entry.is_some_and(named)
    }

    /// The other operation comes to its end.
    pub(super) fn finish_another(&mut self, attempt: Attempt) {
        let number = self.unique();
        self.trace(format_args!("another is done beside {attempt:?}"));
        self.api.finish_another(&self.asked[&attempt.mark].object, number);
    }

    /// It is accepted and done later, or perhaps: an answer that leaves that open.
    fn answer_later(&mut self, attempt: Attempt, body: &str) -> OpaqueReply {
        let open = Verdict::new(Class::Success);
        let not_yet = open.with_executed(Executed::No, Word::Registry);
        let verdict = self.dice.one_of(&[DONE, DONE, open, not_yet, UNKNOWN]);
        // Nobody knows of a queue before one was named: a loss in a crash may be taken for "not done" after a minute.
        let most = if self.queues { 300_000 } else { 40_000 };
        if verdict == DONE {
            self.promised.insert(attempt.ticket);
        }
        if verdict == DONE || self.dice.percent(60) {
            let wait = self.dice.next() % most;
            self.later(wait, Event::Late(attempt, body.to_owned()));
        }
        self.pending = true;
        let object = &self.asked[&attempt.mark].object;
        self.meddled.insert(object.clone());
        if verdict == DONE {
            self.late.insert(object.clone());
        }
        says(verdict, "202").pending(self.dice.one_of(&[None, Some("job")]))
    }

    /// Whether nothing is known of it that could be held against the ledger.
    pub(super) fn is_beyond(&self, ticket: Ticket) -> bool {
        self.promised.contains(&ticket) || self.unknowable.contains(&ticket)
    }

    /// It is executed now, soon, or never.
    fn perhaps(&mut self, attempt: Attempt, body: &str) {
        match self.dice.below(3) {
            0 => drop(self.execute(attempt, body)),
            1 => {
                let wait = self.dice.next() % 40_000;
                self.later(wait, Event::Late(attempt, body.to_owned()));
            }
            _ => {}
        }
    }

    pub(super) fn execute(&mut self, attempt: Attempt, body: &str) -> OpaqueReply {
        let (executed, reply) = self.api.execute(body);
        self.trace(format_args!("{attempt:?} executed: {executed}"));
        if executed {
            // While one is in progress, no other is done.
            let object = &self.asked[&attempt.mark].object;
            let stands_aside = |event: &Event| matches!(event, Event::Another(other) if self.asked[&other.mark].object == *object);
            self.events.retain(|_, event| !stands_aside(event));
            self.tally.executed += 1;
            let Attempt { mark, ticket } = attempt;
            *self.executed.entry(ticket).or_default() += 1;
            let count = self.executed_marks.entry(mark).or_default();
            *count += 1;
            let twice_is_harmless = self.asked[&mark].safety == Safety::Repeatable;
            assert!(*count == 1 || twice_is_harmless, "{mark} was done twice: {:?}", self.asked[&mark]);
            assert!(!self.denied.contains(&ticket), "{ticket} was done, and told that it was not");
        }
        reply
    }
}
