//! One connection of a client to the registry: its session, and the bytes on their way.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rrp::dispatch::{Slot, Ticket};
use rrp::session::{CommandId, Event, Session};
use rrp::sim::{Action, Close, ConnectionId, Registry};

use crate::mark::Mark;
use crate::pair::{Break, Dice, Item, Way};

/// What a session has in hand.
#[derive(Debug)]
pub(crate) enum InHand {
    Nothing,
    Command {
        slot: Slot,
        id: CommandId,
        mark: Option<Mark>,
        writes: bool,
        /// Of its intent.
        ticket: Option<Ticket>,
    },
}

/// How long bytes are on their way, in each direction: between two times, by chance. They come in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delay {
    least: Duration,
    most: Duration,
}

impl Delay {
    pub(crate) const fn of_millis(millis: u64) -> Self {
        Self::between(millis, millis)
    }

    pub(crate) const fn between(least: u64, most: u64) -> Self {
        Self { least: Duration::from_millis(least), most: Duration::from_millis(most) }
    }

    pub(crate) const fn is_none(&self) -> bool {
        self.most.is_zero()
    }

    fn throw(&self, dice: &mut Dice) -> Duration {
        let range = u64::try_from((self.most - self.least).as_micros()).unwrap();
        if range == 0 { self.least } else { self.least + Duration::from_micros(dice.next() % range) }
    }
}

/// How the network is to break about one command: after so many of its bytes, or of its reply's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// Of the command so many thousandths.
    Up(usize, Break),
    /// Of the command so many bytes.
    UpAt(usize, Break),
    /// Of the reply so many bytes.
    DownAt(usize, Break),
}

pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) id: ConnectionId,
    pub(crate) session: Session,
    pub(crate) in_hand: InHand,
    /// What the network does about the command in hand.
    pub(crate) cut: Option<Cut>,
    /// Nobody holds it any more.
    pub(crate) dropped: bool,
    /// Its login was accepted.
    pub(crate) logged_in: bool,
    /// From then on nothing gets through, in neither direction.
    pub(crate) silent_from: Option<Instant>,
    delay: Delay,
    dice: Dice,
    chunk: usize,
    up: Way,
    down: Way,
}

/// Behind how many bytes a way breaks, and how.
type Breaks = Option<(usize, Break)>;

impl Line {
    pub(crate) fn new(
        number: u64,
        id: ConnectionId,
        session: Session,
        (delay, dice): (Delay, u64),
        chunk: usize,
        cuts: (Breaks, Breaks),
    ) -> Self {
        Self {
            number,
            id,
            session,
            in_hand: InHand::Nothing,
            cut: None,
            dropped: false,
            logged_in: false,
            silent_from: None,
            delay,
            dice: Dice(dice),
            chunk,
            up: Way::new(cuts.0),
            down: Way::new(cuts.1),
        }
    }

    /// Whether what is sent at once arrives at once, or not at all.
    pub(crate) const fn is_whole(&self) -> bool {
        self.chunk == usize::MAX && self.down.cut.is_none()
    }

    /// Whether it is over, and nothing of it is on its way to the registry.
    pub(crate) fn is_over(&self) -> bool {
        self.dropped && self.up.items.is_empty()
    }

    pub(crate) fn is_silent(&self, now: Instant) -> bool {
        self.silent_from.is_some_and(|from| from <= now)
    }

    /// Nothing happens to it that has not happened yet.
    pub(crate) fn calm(&mut self, now: Instant) {
        self.silent_from = self.silent_from.filter(|from| *from <= now);
        (self.cut, self.up.cut, self.down.cut) = (None, None, None);
    }

    /// Whether something is on its way to the registry and will get there.
    pub(crate) fn brings_something(&self, now: Instant) -> bool {
        !self.up.items.is_empty() && !self.is_silent(now)
    }

    /// When something happens next.
    pub(crate) fn due(&self) -> Option<Instant> {
        let of = |way: &Way| way.items.front().map(|(when, _)| *when);
        let (down, timeout) =
            if self.dropped { (None, None) } else { (of(&self.down), self.session.poll_timeout()) };
        [of(&self.up), down, timeout].into_iter().flatten().min()
    }

    /// What is due to be read, read; whether anything was.
    pub(crate) fn read(&mut self, now: Instant) -> bool {
        let mut read = false;
        if self.dropped {
            return false;
        }
        while let Some(item) = self.down.due(now) {
            read = true;
            match item {
                _ if self.is_silent(now) => {}
                Item::Bytes(mut bytes) if self.chunk == usize::MAX => {
                    // What has arrived is read at once.
                    while let Some((when, Item::Bytes(_))) = self.down.items.front()
                        && *when <= now
                        && let Some(Item::Bytes(more)) = self.down.due(now)
                    {
                        bytes.extend_from_slice(&more);
                    }
                    self.session.handle_input(&bytes, now);
                }
                Item::Bytes(bytes) => self.session.handle_input(&bytes, now),
                Item::End(Break::Fin) => self.session.handle_eof(now),
                Item::End(Break::Reset) => self.session.handle_error(io::ErrorKind::ConnectionReset.into()),
            }
        }
        self.session.handle_timeout(now);
        if self.session.wants_check() {
            self.session.handle_checked(now);
        }
        read
    }

    /// What is to be written, written: the bytes.
    pub(crate) fn write(&mut self, now: Instant) -> Option<Bytes> {
        let bytes = self.session.poll_output()?;
        let due = self.due_on(now, |line| &line.up);
        if let (Some(cut), InHand::Command { .. }) = (self.cut.take(), &self.in_hand) {
            let (up, down) = (self.up.carried, self.down.carried);
            match cut {
                Cut::Up(part, how) => self.up.cut = Some((up + part * bytes.len() / 1_000, how)),
                Cut::UpAt(at, how) => self.up.cut = Some((up + at.min(bytes.len()), how)),
                Cut::DownAt(at, how) => self.down.cut = Some((down + at, how)),
            }
        }
        if let Some(how) = self.up.put(&bytes, self.chunk, due) {
            self.up.end(how, due);
            if how == Break::Reset {
                let down = self.due_on(now, |line| &line.down);
                self.down.end(how, down);
            }
        }
        self.session.handle_flushed(now);
        Some(bytes)
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }

    /// Its owner lets go of it.
    pub(crate) fn drop(&mut self, now: Instant) {
        self.dropped = true;
        let due = self.due_on(now, |line| &line.up);
        self.up.end(Break::Reset, due);
    }

    /// When that arrives which is sent now.
    fn due_on(&mut self, now: Instant, way: fn(&Self) -> &Way) -> Instant {
        let due = now + self.delay.throw(&mut self.dice);
        way(self).items.back().map_or(due, |(last, _)| due.max(*last))
    }

    /// What has arrived at the registry, shown and handed to it; whether anything was.
    pub(crate) fn deliver(
        &mut self,
        registry: &mut Registry,
        now: Instant,
        mut show: impl FnMut(ConnectionId, &[u8]),
    ) -> bool {
        let mut delivered = false;
        while let Some(item) = self.up.due(now) {
            delivered = true;
            match item {
                _ if self.is_silent(now) => {}
                Item::Bytes(bytes) => {
                    show(self.id, &bytes);
                    registry.receive(self.id, &bytes, now);
                }
                Item::End(Break::Fin) => registry.receive_eof(self.id, now),
                Item::End(Break::Reset) => registry.disconnect(self.id, now),
            }
        }
        delivered
    }

    /// What the registry does to it, put on its way.
    pub(crate) fn act(&mut self, action: Action, now: Instant) {
        let due = self.due_on(now, |line| &line.down);
        match action {
            Action::Send(bytes) => match self.down.put(&bytes, self.chunk, due) {
                Some(Break::Fin) => self.down.end(Break::Fin, due),
                Some(Break::Reset) => {
                    let up = self.due_on(now, |line| &line.up);
                    self.up.end(Break::Reset, up);
                    self.down.end(Break::Reset, due);
                }
                None => {}
            },
            Action::Close(Close::Reset) => self.down.end(Break::Reset, due),
            Action::Close(_) => self.down.end(Break::Fin, due),
            other => panic!("an action that this network does not know: {other:?}"),
        }
    }
}
