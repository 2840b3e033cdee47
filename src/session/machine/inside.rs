//! What a session does inside: exchanges begin, frames are read, the end comes.

use std::time::Instant;

use bytes::BytesMut;

use super::{MAX_EVENTS, NOISE, Session, State, later};
use crate::command::{Quit, ToCommand};
use crate::reply::Reply;
use crate::session::end::{End, Why};
use crate::session::event::{Event, Fate, NotReady};
use crate::session::exchange::{Exchange, Phase, What, encoded};
use crate::session::stage::Stage;
use crate::verdict::{Advice, Class, Executed};
use crate::wire::Greeting;
use crate::wire::deframe::{Deframer, Ends, Frame, Grammar, Terminator};

impl Session {
    pub(super) fn not_ready(&self) -> Option<NotReady> {
        self.not_idle().or_else(|| (self.events.len() >= MAX_EVENTS).then_some(NotReady::Unread))
    }

    pub(super) const fn not_idle(&self) -> Option<NotReady> {
        match &self.state {
            State::Ended => Some(NotReady::Ended),
            _ if self.quitting => Some(NotReady::Ending),
            State::Idle { ending: None, .. } => None,
            State::Idle { ending: Some(_), .. } => Some(NotReady::Ending),
            State::Greeting { .. } | State::Greeted { .. } | State::Busy { .. } => {
                Some(NotReady::Busy(self.stage()))
            }
        }
    }

    pub(super) const fn quit_was_sent(&self) -> bool {
        matches!(
            &self.state,
            State::Busy {
                exchange: Exchange { what: What::Quit, .. },
                phase: Phase::Write | Phase::FirstByte | Phase::Reply,
                ..
            }
        )
    }

    fn login_was_sent(&self) -> bool {
        match &self.state {
            State::Greeting { .. } | State::Greeted { .. } => false,
            State::Busy { exchange: Exchange { what: What::Login { .. }, .. }, phase, .. } => {
                *phase >= Phase::Write
            }
            State::Busy { .. } | State::Idle { .. } | State::Ended => true,
        }
    }

    pub(super) fn begin(&mut self, exchange: Exchange, now: Instant) {
        let deadline = later(
            now,
            match exchange.what {
                What::Login { .. } => self.deadlines.login(),
                What::Quit => self.deadlines.quit(),
                What::Keepalive | What::Command { .. } => self.deadlines.write(),
            },
        );
        self.state = State::Busy { exchange, phase: Phase::Check, deadline, whole: deadline };
    }

    pub(super) fn begin_quit(&mut self, now: Instant) {
        match encoded(&Quit.to_command(), self.dialect) {
            Ok(encoded) => {
                let context = Quit.to_command().context();
                self.begin(Exchange::new(What::Quit, context, encoded), now);
            }
            Err(_) => self.end(Why::Abandoned),
        }
    }

    pub(super) fn idle(&mut self, now: Instant) {
        if self.buffer.is_empty() {
            // A long reply leaves no long buffer.
            self.buffer = BytesMut::new();
        }
        self.state = State::Idle { since: now, ending: None };
    }

    /// A whole frame.
    pub(super) fn frame(&mut self, frame: &Frame, now: Instant) {
        match core::mem::replace(&mut self.state, State::Ended) {
            State::Greeting { login, deadline, first } => {
                if frame.grammar() == Grammar::Text {
                    self.events.push_back(Event::Greeted(Greeting::parse(frame.bytes())));
                    if self.login_when_told {
                        self.state = State::Greeted { login };
                    } else {
                        self.begin(login, now);
                    }
                } else {
                    self.state = State::Greeting { login, deadline, first };
                    self.end(reply_or(frame, Why::InsteadOfGreeting));
                }
            }
            state @ State::Greeted { .. } => {
                self.state = state;
                self.end(reply_or(frame, Why::InsteadOfGreeting));
            }
            state @ State::Idle { .. } => {
                self.state = state;
                self.end(unasked(frame));
            }
            State::Busy { exchange, phase, deadline, whole } if phase < Phase::Write => {
                let at_login = matches!(exchange.what, What::Login { .. });
                self.state = State::Busy { exchange, phase, deadline, whole };
                self.end(if at_login { reply_or(frame, Why::InsteadOfGreeting) } else { unasked(frame) });
            }
            State::Busy { exchange, phase, deadline, whole } => match Reply::parse(frame) {
                Ok(reply) => {
                    // Of a keepalive, too: a reply that came late is no proof.
                    let answers = matches!(exchange.what, What::Command { .. } | What::Keepalive);
                    self.state = State::Busy { exchange, phase, deadline, whole };
                    if answers {
                        self.learn(frame);
                        if self.has_surplus() {
                            return self.end_at(Stage::Reply, Why::Surplus(Box::new(reply)));
                        }
                        self.reply(reply, now);
                    } else {
                        self.reply(reply, now);
                        // A login that was accepted begins with a new deframer.
                        self.learn(frame);
                    }
                }
                Err(malformed) => {
                    self.state = State::Busy { exchange, phase, deadline, whole };
                    self.end(Why::Malformed(malformed));
                }
            },
            State::Ended => {}
        }
        if self.quitting && matches!(self.state, State::Idle { ending: None, .. }) {
            self.begin_quit(now);
        }
    }

    /// Whether more than stray lines has come behind a reply: then nobody knows which of the two is the answer.
    fn has_surplus(&mut self) -> bool {
        match self.deframer.deframe(&mut self.buffer) {
            Ok(None) => !self.deframer.is_between_frames(&self.buffer),
            Ok(Some(_)) | Err(_) => true,
        }
    }

    /// Which line ends a PTF reply, the first one tells; RRP has the dot alone.
    pub(super) fn learn(&mut self, frame: &Frame) {
        if frame.grammar() == Grammar::Ptf {
            match frame.terminator() {
                Some(Terminator::Dot) => self.deframer.set_ends(Ends::Dot),
                Some(Terminator::Eof) => self.deframer.set_ends(Ends::Eof),
                None => {}
            }
        }
    }

    /// A whole, well-formed reply after something was handed over.
    pub(super) fn reply(&mut self, mut reply: Reply, now: Instant) {
        let State::Busy { exchange, phase, .. } = &self.state else {
            return;
        };
        let verdict = reply.verdict(exchange.context);
        // So early it can only be one that comes to everybody, or the connection is out of step.
        let early = exchange.early || *phase == Phase::Write;
        if early && (verdict.class() == Class::Success || !verdict.closes_connection()) {
            return self.end(Why::Early(Box::new(reply)));
        }
        if exchange.is_quoted_in(&reply) {
            reply.conceal();
        }
        let closing = verdict.closes_connection().then(|| {
            let reply = Box::new(reply.clone());
            if verdict.fits() { Why::Closing(reply) } else { Why::OutOfStep(reply) }
        });
        match &exchange.what {
            What::Login { changes_password, .. } => {
                if !verdict.fits() {
                    return self.end(Why::OutOfStep(Box::new(reply)));
                }
                if !verdict.completed() {
                    return self.end(Why::LoginRefused(Box::new(reply)));
                }
                let password_changed = *changes_password;
                self.events.push_back(Event::LoggedIn { reply, password_changed });
                self.deframer = Deframer::new(self.limits);
            }
            What::Keepalive => {
                if verdict.advice() == Advice::ProbeLogin {
                    return self.end(Why::LoginLost(Box::new(reply)));
                }
                let proven = verdict.completed();
                self.events.retain(|event| !matches!(event, Event::KeptAlive { .. }));
                self.events.push_back(Event::KeptAlive { reply, proven });
            }
            What::Quit => return self.end(Why::Quit),
            What::Command { id, .. } => {
                let id = *id;
                self.events.push_back(Event::Done { id, fate: Fate::Answered(reply) });
            }
        }
        // The command has had its end.
        let stage = self.stage();
        let answered = core::mem::replace(&mut self.state, State::Idle { since: now, ending: None });
        if let State::Busy { exchange, .. } = answered
            && !matches!(exchange.what, What::Keepalive)
        {
            self.before = exchange.has_secret().then(|| Box::new(exchange));
        }
        match closing {
            Some(why) => self.end_at(stage, why),
            None => self.idle(now),
        }
    }

    /// What is left in the buffer is no whole frame.
    pub(super) fn partial(&mut self, now: Instant) {
        if self.deframer.is_between_frames(&self.buffer) {
            return;
        }
        match &mut self.state {
            State::Idle { ending: ending @ None, .. } => *ending = Some(later(now, NOISE)),
            State::Busy { exchange, phase: Phase::Write, .. } => exchange.early = true,
            State::Busy { exchange, phase, .. } if *phase < Phase::Write => {
                if matches!(exchange.what, What::Login { .. }) {
                    // Nothing is sent before the rest is there; the login's deadline runs.
                    *phase = Phase::Check;
                    return;
                }
                self.give_back();
                self.state = State::Idle { since: now, ending: Some(later(now, NOISE)) };
            }
            State::Busy { phase: phase @ Phase::FirstByte, deadline, whole, .. } => {
                *phase = Phase::Reply;
                *deadline = *whole;
            }
            _ => {}
        }
    }

    /// The end of the command in hand, if there is one.
    pub(super) fn give_back(&mut self) {
        let state = core::mem::replace(&mut self.state, State::Ended);
        if let State::Busy { exchange: Exchange { what: What::Command { id, command }, .. }, phase, .. } =
            state
        {
            let fate = if phase < Phase::Write { Fate::Unsent(command) } else { Fate::Unanswered };
            self.events.push_back(Event::Done { id, fate });
        }
    }

    pub(super) fn end(&mut self, why: Why) {
        self.end_at(self.stage(), why);
    }

    pub(super) fn end_at(&mut self, stage: Stage, why: Why) {
        if self.has_ended() {
            return;
        }
        let mut end = End::new(stage, why, self.login_was_sent());
        // What was not handed over cannot be quoted; what came late may quote the command before.
        let quotable = match &self.state {
            State::Busy { exchange, phase, .. } if *phase >= Phase::Write => Some(exchange),
            _ => self.before.as_deref(),
        };
        if let Some(exchange) = quotable {
            end.conceal_reply_if(|reply| exchange.is_quoted_in(reply));
        }
        if let State::Greeting { first, .. } = &self.state {
            end.remember_beginning(first.bytes());
        }
        if self.leaves_password_in_doubt(end.why()) {
            end.leave_password_in_doubt();
        }
        self.give_back();
        self.buffer = BytesMut::new();
        self.events.push_back(Event::Ended(end));
    }

    /// Whether a change of the password was handed over, and nobody can tell what became of it.
    pub(super) fn leaves_password_in_doubt(&self, why: &Why) -> bool {
        let State::Busy { exchange, phase, .. } = &self.state else {
            return false;
        };
        if !matches!(exchange.what, What::Login { changes_password: true, .. }) || *phase < Phase::Write {
            return false;
        }
        match why {
            Why::LoginRefused(reply) => reply.verdict(exchange.context).executed() != Executed::No,
            _ => true,
        }
    }
}

fn reply_or(frame: &Frame, why: impl FnOnce(Box<Reply>) -> Why) -> Why {
    Reply::parse(frame).map_or_else(Why::Malformed, |reply| why(Box::new(reply)))
}

/// What came when nothing was asked.
fn unasked(frame: &Frame) -> Why {
    Reply::parse(frame).map_or(Why::Noise, |reply| Why::Unsolicited(Box::new(reply)))
}
