//! What becomes of one command: its true answer, or what a fault makes of it.

use core::time::Duration;

use bytes::{Bytes, BytesMut};

use super::Close;
use super::fault::Effect;
use super::random::Random;
use super::wire::{Answer, Form, Style, write_reply};

/// When the command is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Execution {
    Now,
    Never,
    After(Duration),
}

/// What is sent for the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reply {
    True,
    This(Answer),
    Empty,
    Silence,
}

/// The fate of one command (or greeting), put together from the effects of the fault that fired.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) execution: Execution,
    reply: Reply,
    pub(super) delay: Duration,
    twice: bool,
    garble: bool,
    cut: Option<usize>,
    dribble: Option<(usize, Duration)>,
    before: BytesMut,
    after: BytesMut,
    pub(super) close: Option<Close>,
    /// Nothing further is read: the server hangs.
    pub(super) stall: bool,
    pub(super) lose_login: bool,
    /// The login is refused with this code.
    pub(super) refuse_login: Option<u16>,
}

impl Plan {
    pub(super) fn new(effects: Vec<Effect>, style: &Style) -> Self {
        let mut plan = Self {
            execution: Execution::Now,
            reply: Reply::True,
            delay: Duration::ZERO,
            twice: false,
            garble: false,
            cut: None,
            dribble: None,
            before: BytesMut::new(),
            after: BytesMut::new(),
            close: None,
            stall: false,
            lose_login: false,
            refuse_login: None,
        };
        for effect in effects {
            plan.add(effect, style);
        }
        plan
    }

    fn add(&mut self, effect: Effect, style: &Style) {
        match effect {
            Effect::CloseBefore(close) => self.end(Execution::Never, Some(close)),
            Effect::ExecuteAndClose(close) => self.end(Execution::Now, Some(close)),
            Effect::ExecuteLate { after, close } => self.end(Execution::After(after), Some(close)),
            Effect::Stall => self.end(Execution::Never, None),
            Effect::ExecuteAndStall => self.end(Execution::Now, None),
            Effect::Cut { at, executed, close } => {
                self.execute(executed);
                self.cut = Some(at);
                self.close = Some(close);
            }
            Effect::Delay(time) => self.delay = self.delay.saturating_add(time),
            Effect::Twice => self.twice = true,
            Effect::Garble => self.garble = true,
            Effect::Dribble { bytes, every } => self.dribble = Some((bytes.max(1), every)),
            Effect::Answer { code, text, executed, form, close } => {
                self.execute(executed);
                let answer = Answer::new(code).form(form);
                self.reply = Reply::This(match text {
                    Some(text) => answer.text(text),
                    None => answer,
                });
                self.close = close;
            }
            Effect::ExecuteAfter(time) => self.execution = Execution::After(time),
            Effect::Surplus(bytes) => self.after.extend_from_slice(&bytes),
            Effect::Unsolicited(bytes) => self.before.extend_from_slice(&bytes),
            Effect::UnsolicitedCode(code) => {
                let answer = Answer::new(code).form(Form::Rrp);
                if answer.closes() {
                    self.close = Some(Close::Orderly);
                }
                self.before.extend_from_slice(&write_reply(&answer, style));
            }
            Effect::Close(close) => self.close = Some(close),
            Effect::EmptyLogin => {
                self.execution = Execution::Never;
                self.reply = Reply::Empty;
            }
            Effect::RefuseLogin(code) => self.refuse_login = Some(code),
            Effect::LoseLogin => self.lose_login = true,
        }
    }

    fn execute(&mut self, now: bool) {
        self.execution = if now { Execution::Now } else { Execution::Never };
    }

    /// No answer; the connection closes or hangs.
    fn end(&mut self, execution: Execution, close: Option<Close>) {
        self.execution = execution;
        self.reply = Reply::Silence;
        self.stall = close.is_none();
        self.close = close;
    }

    /// Whether the bytes of the true answer are needed although the command is not executed now.
    pub(super) fn wants_true_answer(&self) -> bool {
        self.reply == Reply::True
    }

    /// The code of the answer that stands for the true one.
    pub(super) const fn answered(&self) -> Option<u16> {
        match &self.reply {
            Reply::This(answer) => Some(answer.code()),
            _ => None,
        }
    }

    /// What is sent, and how long after the answer is due.
    ///
    /// `form` is the grammar of the command; `written` the bytes of its true answer.
    pub(super) fn pieces(
        &self,
        written: Bytes,
        form: Form,
        style: &Style,
        random: &mut Random,
    ) -> Vec<(Duration, Bytes)> {
        let mut reply = BytesMut::from(match &self.reply {
            Reply::True => written,
            Reply::This(answer) if answer.grammar() == Form::AsCommand => {
                write_reply(&answer.clone().form(form), style)
            }
            Reply::This(answer) => write_reply(answer, style),
            Reply::Empty => Bytes::from([".", style.end()].concat()),
            Reply::Silence => Bytes::new(),
        });
        if self.garble {
            for byte in reply.iter_mut().take_while(|byte| !matches!(byte, b'\r' | b'\n')) {
                *byte = random.next().to_le_bytes()[0] | 0x80;
            }
        }
        if let Some(at) = self.cut {
            reply.truncate(at);
        }
        let mut sent = self.before.clone();
        sent.extend_from_slice(&reply);
        if self.twice {
            sent.extend_from_slice(&reply);
        }
        sent.extend_from_slice(&self.after);
        let mut sent = sent.freeze();
        let Some((size, every)) = self.dribble else {
            return if sent.is_empty() { Vec::new() } else { vec![(Duration::ZERO, sent)] };
        };
        let mut pieces = Vec::new();
        let mut when = Duration::ZERO;
        while !sent.is_empty() {
            pieces.push((when, sent.split_to(size.min(sent.len()))));
            when = when.saturating_add(every);
        }
        pieces
    }
}
