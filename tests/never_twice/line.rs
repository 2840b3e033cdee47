//! One connection of a client to the registry: its session, and the bytes on their way.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rrp::dispatch::Slot;
use rrp::session::{CommandId, Event, Session};
use rrp::sim::{Action, Close, ConnectionId, Registry};

use crate::mark::Mark;
use crate::pair::{Break, Item, Way};

/// What a session has in hand.
#[derive(Debug)]
pub(crate) enum InHand {
    Nothing,
    /// With the mark and whether it writes.
    Command(Slot, CommandId, Option<Mark>, bool),
    /// With the proofs that came.
    Probe(Slot, u8),
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
    latency: Duration,
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
        latency: Duration,
        chunk: usize,
        cuts: (Breaks, Breaks),
    ) -> Self {
        let (up, down) = (Way::new(cuts.0), Way::new(cuts.1));
        let in_hand = InHand::Nothing;
        Self { number, id, session, in_hand, cut: None, dropped: false, latency, chunk, up, down }
    }

    /// Whether what is sent at once arrives at once, or not at all.
    pub(crate) const fn is_whole(&self) -> bool {
        self.chunk == usize::MAX && self.down.cut.is_none()
    }

    /// Whether it is over, and nothing of it is on its way to the registry.
    pub(crate) fn is_over(&self) -> bool {
        self.dropped && self.up.items.is_empty()
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
        if let (Some(cut), InHand::Command(..)) = (self.cut.take(), &self.in_hand) {
            let (up, down) = (self.up.carried, self.down.carried);
            match cut {
                Cut::Up(part, how) => self.up.cut = Some((up + part * bytes.len() / 1_000, how)),
                Cut::UpAt(at, how) => self.up.cut = Some((up + at.min(bytes.len()), how)),
                Cut::DownAt(at, how) => self.down.cut = Some((down + at, how)),
            }
        }
        if let Some(how) = self.up.put(&bytes, self.chunk, now + self.latency) {
            self.up.end(how, now + self.latency);
            if how == Break::Reset {
                self.down.end(how, now + self.latency);
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
        self.up.end(Break::Reset, now + self.latency);
    }

    /// What has arrived at the registry, handed to it; whether anything was.
    pub(crate) fn deliver(&mut self, registry: &mut Registry, now: Instant) -> bool {
        let mut delivered = false;
        while let Some(item) = self.up.due(now) {
            delivered = true;
            match item {
                Item::Bytes(bytes) => registry.receive(self.id, &bytes, now),
                Item::End(Break::Fin) => registry.receive_eof(self.id, now),
                Item::End(Break::Reset) => registry.disconnect(self.id, now),
            }
        }
        delivered
    }

    /// What the registry does to it, put on its way.
    pub(crate) fn act(&mut self, action: Action, now: Instant) {
        let due = now + self.latency;
        match action {
            Action::Send(bytes) => match self.down.put(&bytes, self.chunk, due) {
                Some(Break::Fin) => self.down.end(Break::Fin, due),
                Some(Break::Reset) => {
                    self.up.end(Break::Reset, due);
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
