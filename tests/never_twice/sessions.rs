//! The sessions of a process: what its pool wants done about them, and what it is told of them.

use std::time::Duration;

use rrp::command::{Describe, Effect, ToCommand};
use rrp::dispatch::{Slot, Unavailable};
use rrp::pool::{Action, Failure, Kept};
use rrp::session::{self, Event, Fate};
use rrp::verdict::Advice;
use rrp::{Command, Reply};

use crate::client::{Client, Place, Weather, trace};
use crate::faults::{self, Kind};
use crate::line::{InHand, Line};
use crate::mark;
use crate::pair::Break;

impl Client {
    /// What a session is to write, written; whether there was anything.
    pub(crate) fn write(&mut self, at: usize, place: &mut Place<'_>) -> bool {
        let line = &mut self.lines[at];
        if line.dropped {
            return false;
        }
        let Some(bytes) = line.write(place.now) else { return false };
        self.last_left.leaves(line.number, place.now);
        if let InHand::Command { mark, writes: true, ticket, .. } = line.in_hand {
            let mark = mark.expect("every write has a mark");
            place.oracle.handed_over(self.number, mark, ticket, line.id, place.now, &bytes);
        }
        true
    }

    pub(crate) fn send(&mut self, slot: Slot, command: Command, place: &mut Place<'_>) {
        let mark = mark::of(&command);
        let writes = command.nature().effect() == Effect::Write;
        let billable = command.nature().billable().at_stake();
        let ticket = self.dispatch.callers(slot.job).find_map(|call| self.dispatch.ticket(call));
        let line = self.lines.iter_mut().find(|line| line.number == slot.session && !line.dropped);
        let Some(line) = line else {
            return self.dispatch.handle_fate(slot, Ok(Fate::Unsent(command)), false, place.at());
        };
        match line.session.submit(command, place.now) {
            Err(rejected) => {
                assert!(line.session.has_ended() || !line.session.is_ready(), "{rejected:?}");
                let alive = !line.session.has_ended();
                self.dispatch.handle_fate(slot, Err(rejected), alive, place.at());
            }
            Ok(id) => {
                line.in_hand = InHand::Command { slot, id, mark, writes, ticket };
                let first = writes && mark.is_some_and(|mark| place.oracle.is_first(mark));
                let Weather { writes: often, others, only, .. } = place.weather;
                let kind = if !place.dice.percent(if first { often } else { others }) {
                    Kind::None
                } else {
                    only.unwrap_or_else(|| Kind::any(place.dice))
                };
                line.cut = place.weather.cut.filter(|_| first).or_else(|| kind.cut(place.dice));
                let effects = kind.effects(billable, line.is_whole(), place.dice);
                trace(
                    place,
                    format_args!("{} on {}: with {effects:?} {:?}", self.number, line.id.number(), line.cut),
                );
                if place.registry.faults().pending() == 0 {
                    place.registry.faults().clear();
                }
                if let Some(fault) = faults::next_on(line.id.number(), effects) {
                    place.registry.faults().add(fault);
                }
                if let (true, Some(mark)) = (writes, mark) {
                    place.oracle.faulted(mark, kind, first);
                }
            }
        }
    }

    fn line(&mut self, number: u64) -> &mut Line {
        let line = self.lines.iter_mut().find(|line| line.number == number && !line.dropped);
        line.expect("of a session that has ended its pool knows")
    }

    pub(crate) fn act_on_session(&mut self, action: Action, place: &mut Place<'_>) {
        let now = place.now;
        match action {
            Action::Remember(_) => unreachable!("its journal does that"),
            Action::Connect { session, credential } => {
                assert_eq!(credential, rrp::pool::Credential::Current);
                self.connect(session, place);
            }
            Action::LogIn(session) => self.line(session).session.log_in(now).expect("it has greeted"),
            Action::KeepAlive(session) => {
                if self.line(session).session.keep_alive(now).is_err() {
                    // Something has begun to come, and it is about to end.
                    self.dispatch.slots_mut().kept_alive(session, Kept::Open, now);
                }
            }
            Action::End(session) => self.line(session).session.quit(now),
            Action::Reset(_) => unreachable!("nobody asks for it"),
            Action::Close(session) => {
                let line = self.line(session);
                line.session.abandon();
                line.events();
                line.drop(now);
            }
        }
    }

    fn connect(&mut self, number: u64, place: &mut Place<'_>) {
        let now = place.now;
        let open = self.lines.iter().filter(|line| !line.dropped).count();
        assert!(open < self.setup.sessions, "more sessions than may be");
        if place.weather.connections && place.dice.percent(4) {
            let failure = Failure::unreached(Unavailable::new("connection refused"));
            return self.dispatch.slots_mut().failed(number, failure, place.at());
        }
        let connection = place.oracle.connected() + 1;
        let delay = place.dice.one_of(&self.setup.delays);
        if place.weather.connections {
            for fault in faults::of_connection(connection, delay.is_none(), place.dice) {
                place.registry.faults().add(fault);
            }
        }
        let id = place.registry.connect(now);
        assert_eq!(id.number(), connection);
        place.oracle.connect();
        let session = session::Session::new(self.setup.session.clone(), now).unwrap();
        let chunk = place.dice.one_of(&self.setup.chunks);
        let mut cut = || {
            let how = place.dice.one_of(&[Break::Fin, Break::Reset]);
            (place.weather.connections && place.dice.percent(2)).then(|| (place.dice.below(3_000), how))
        };
        let cuts = (cut(), cut());
        let silent = place.dice.percent(place.weather.silence);
        let silent_from = silent.then(|| now + Duration::from_millis(place.dice.next() % 3_600_000));
        let dice = place.dice.next();
        let mut line = Line::new(number, id, session, (delay, dice), chunk, cuts);
        line.silent_from = silent_from;
        self.lines.push(line);
    }

    /// What a session tells, told to the dispatcher and its pool; whether there was anything.
    pub(crate) fn take_events(&mut self, at: usize, place: &mut Place<'_>) -> bool {
        let now = place.now;
        let mut events = self.lines[at].events();
        let line = &mut self.lines[at];
        let done = |event: &Event| matches!(event, Event::Done { .. } | Event::KeptAlive { .. });
        if events.iter().any(done) && !line.session.is_ready() && !line.session.has_ended() {
            // Something has come behind the reply: nobody uses it any more, so that another one may be opened.
            line.session.abandon();
            events.extend(line.events());
        }
        let any = !events.is_empty();
        for event in events {
            let line = &mut self.lines[at];
            let alive = line.session.is_ready();
            let number = line.number;
            if matches!(
                event,
                Event::LoggedIn { .. }
                    | Event::KeptAlive { .. }
                    | Event::Done { fate: Fate::Answered(_), .. }
            ) && alive
            {
                self.last_left.answered(number, now);
            }
            match event {
                Event::Greeted(_) => self.dispatch.slots_mut().greeted(number, now),
                Event::LoggedIn { .. } => {
                    line.logged_in = true;
                    self.dispatch.slots_mut().opened(number, now);
                }
                Event::Done { id, fate } => {
                    let InHand::Command { slot, id: sent, mark, writes, .. } =
                        std::mem::replace(&mut line.in_hand, InHand::Nothing)
                    else {
                        panic!("an end of what nobody sent");
                    };
                    assert_eq!(id, sent);
                    if let (true, Some(mark)) = (writes, mark) {
                        place.oracle.fate(mark, &fate);
                    }
                    trace(place, format_args!("{} on {number}: {fate:?}", self.number));
                    self.dispatch.handle_fate(slot, Ok(fate), alive, place.at());
                }
                Event::KeptAlive { reply, proven } => {
                    let kept = if proven { Kept::Holds } else { kept(&reply) };
                    self.dispatch.slots_mut().kept_alive(number, kept, now);
                }
                Event::Ended(end) => self.ended(at, &end, place),
                _ => {}
            }
            self.dispatch.handle_timeout(place.at());
        }
        any
    }

    fn ended(&mut self, at: usize, end: &session::End, place: &Place<'_>) {
        trace(place, format_args!("{} on {}: ended: {end}", self.number, self.lines[at].number));
        let line = &mut self.lines[at];
        line.drop(place.now);
        line.in_hand = InHand::Nothing;
        let (number, pool) = (line.number, self.dispatch.slots_mut());
        if line.logged_in {
            pool.ended(number, end.code(), end.remains(), place.now);
        } else {
            let failure = Failure::of(end, Unavailable::new("session ended"));
            pool.failed(number, failure, place.at());
        }
    }
}

/// What a refusal of the keepalive says about the account.
fn kept(reply: &Reply) -> Kept {
    match reply.verdict(Describe::new().to_command().context()).advice() {
        Advice::HoldAccount { after } => Kept::Locked(after),
        _ => Kept::Open,
    }
}
