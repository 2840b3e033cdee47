//! Faults on demand: what goes wrong, when, and how often.

use core::time::Duration;

use bytes::Bytes;

use super::random::Random;
use super::wire::{Answer, Form, Request};
use super::{Close, ConnectionId};

/// When a [`Fault`] fires.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// The nth connection of the registry opens, counted from 1; what is answered then is the greeting.
    Connection(u64),
    /// Any connection opens.
    AnyConnection,
    /// A SESSION arrives.
    Login,
    /// A command of this name arrives, in any case and either grammar.
    Command(String),
    /// The nth command arrives, counted from 1 over the whole registry (or over one connection: see
    /// [`Fault::on_connection`]); logins do not count.
    NthCommand(u64),
    /// Any command but SESSION arrives.
    AnyCommand,
    /// A connection has been idle for this long since its last answer or greeting; at most once in each such pause.
    Idle(Duration),
}

/// What goes wrong. A fault has one or several; each changes what the ones before it left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The connection is closed; the command is not executed. At connect: no greeting.
    CloseBefore(Close),
    /// The command is executed, the connection closed without an answer.
    ExecuteAndClose(Close),
    /// The first bytes of the answer are sent, then the connection is closed. If the command is not executed, it is the
    /// answer that execution would have given.
    Cut {
        /// How many bytes are sent; at most the whole answer.
        at: usize,
        /// Whether the command is executed.
        executed: bool,
        /// How the connection ends.
        close: Close,
    },
    /// The answer comes this much later.
    Delay(Duration),
    /// The answer is sent twice.
    Twice,
    /// The first line of the answer is overwritten with bytes that no reader can understand.
    Garble,
    /// The answer is sent in pieces of so many bytes.
    Dribble {
        /// The size of a piece; 0 counts as 1.
        bytes: usize,
        /// The time between two.
        every: Duration,
    },
    /// Not executed, never answered; the connection stays open, past all limits, until the client ends it.
    Stall,
    /// Executed, never answered; the connection stays open, as with [`Effect::Stall`].
    ExecuteAndStall,
    /// This answer instead of the true one.
    Answer {
        /// The code, any of three digits.
        code: u16,
        /// The text; `None`: the table's.
        text: Option<String>,
        /// Whether the command is executed.
        executed: bool,
        /// The grammar of the answer.
        form: Form,
        /// Whether and how the connection ends behind it; not implied by the code.
        close: Option<Close>,
    },
    /// The connection is closed without an answer; the command is executed later all the same.
    ExecuteLate {
        /// How much later.
        after: Duration,
        /// How the connection ends.
        close: Close,
    },
    /// The command is executed this much later than it is answered; the answer is the one it would have got at once,
    /// or that of [`Effect::Answer`]. SESSION and QUIT are not executed late at all: their connection has moved on.
    ExecuteAfter(Duration),
    /// More bytes right behind the answer.
    Surplus(Bytes),
    /// Bytes before the answer; on [`Trigger::Idle`], bytes that nobody asked for.
    Unsolicited(Bytes),
    /// The same with an RRP reply of this code; 220, 420, 520 and 521 also close the connection behind the answer.
    UnsolicitedCode(u16),
    /// The connection is closed behind the answer; on [`Trigger::Idle`], at once.
    Close(Close),
    /// The login is answered with an empty frame, a lone `.`, and is not done.
    EmptyLogin,
    /// The login is refused with this code, whatever the password; counts as a failed attempt.
    RefuseLogin(u16),
    /// The session is lost before the command: it and the next are answered as before a login.
    LoseLogin,
}

impl Effect {
    /// [`Effect::Answer`] with the table's text, in the grammar of the command; 220, 420, 520 and 521 close.
    #[must_use]
    pub fn answer(code: u16, executed: bool) -> Self {
        let close = Answer::new(code).closes().then_some(Close::Orderly);
        Self::Answer { code, text: None, executed, form: Form::AsCommand, close }
    }
}

/// One thing that goes wrong, once unless said otherwise.
///
/// ```
/// use rrp::sim::{Close, Effect, Fault, Trigger};
///
/// // The reply of the first AddDomain is lost, and so is every tenth answer to anything.
/// let lost = Fault::on(Trigger::Command("AddDomain".into())).then(Effect::ExecuteAndClose(Close::Reset));
/// let noise = Fault::on(Trigger::AnyCommand).then(Effect::ExecuteAndClose(Close::Fin)).always().with_probability(0.1);
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    trigger: Trigger,
    connection: Option<u64>,
    object: Option<String>,
    probability: f64,
    left: Option<u64>,
    effects: Vec<Effect>,
}

impl Fault {
    /// A fault that fires once, the first time that the trigger fits.
    #[must_use]
    pub const fn on(trigger: Trigger) -> Self {
        Self { trigger, connection: None, object: None, probability: 1.0, left: Some(1), effects: Vec::new() }
    }

    /// One more thing that goes wrong.
    #[must_use]
    pub fn then(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Fires once: the default.
    #[must_use]
    pub const fn once(self) -> Self {
        self.times(1)
    }

    /// Fires so many times.
    #[must_use]
    pub const fn times(mut self, times: u64) -> Self {
        self.left = Some(times);
        self
    }

    /// Fires whenever the trigger fits.
    #[must_use]
    pub const fn always(mut self) -> Self {
        self.left = None;
        self
    }

    /// Fires only with this probability each time that the trigger fits; 0 never, 1 always.
    #[must_use]
    pub const fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Fires only on the nth connection of the registry, counted from 1.
    #[must_use]
    pub const fn on_connection(mut self, number: u64) -> Self {
        self.connection = Some(number);
        self
    }

    /// Fires only on commands with a value that is this, in any case: the name of a domain, a host, a handle.
    #[must_use]
    pub fn about(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }
}

/// What just happened, for triggers to fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion<'a> {
    pub(super) connection: ConnectionId,
    /// The command; `None`: the connection opens.
    pub(super) request: Option<&'a Request>,
    /// How many commands the registry and the connection have had, this one included and logins not.
    pub(super) counts: (u64, u64),
}

/// The faults of a registry: on each occasion the first that fits fires, alone.
#[derive(Clone, Debug)]
pub struct FaultScript {
    faults: Vec<Fault>,
    random: Random,
}

impl FaultScript {
    pub(super) const fn new(seed: u64) -> Self {
        Self { faults: Vec::new(), random: Random::new(seed) }
    }

    /// Adds a fault behind the others.
    pub fn add(&mut self, fault: Fault) -> &mut Self {
        self.faults.push(fault);
        self
    }

    /// Takes all faults out: from here on nothing goes wrong that has not begun to.
    pub fn clear(&mut self) {
        self.faults.clear();
    }

    /// How many faults can still fire.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.faults.iter().filter(|fault| fault.left != Some(0)).count()
    }

    /// The effects of the fault that fires on this occasion; none, if none does.
    pub(super) fn fire(&mut self, occasion: Occasion<'_>) -> Vec<Effect> {
        self.first(|fault| fits(fault, occasion))
    }

    /// How long a connection may be idle before a fault could fire, having been idle for `past` already.
    pub(super) fn next_idle(&self, connection: ConnectionId, past: Option<Duration>) -> Option<Duration> {
        self.faults
            .iter()
            .filter(|fault| fault.left != Some(0) && of_connection(fault, connection))
            .filter_map(|fault| match fault.trigger {
                Trigger::Idle(after) if past.is_none_or(|past| after > past) => Some(after),
                _ => None,
            })
            .min()
    }

    /// The effects of the fault that fires after this long a pause.
    pub(super) fn fire_idle(&mut self, connection: ConnectionId, pause: Duration) -> Vec<Effect> {
        self.first(|fault| fault.trigger == Trigger::Idle(pause) && of_connection(fault, connection))
    }

    fn first(&mut self, fits: impl Fn(&Fault) -> bool) -> Vec<Effect> {
        for fault in &mut self.faults {
            if fault.left == Some(0) || !fits(fault) {
                continue;
            }
            if fault.probability < 1.0 && !self.random.happens(fault.probability) {
                continue;
            }
            fault.left = fault.left.map(|left| left.saturating_sub(1));
            return fault.effects.clone();
        }
        Vec::new()
    }
}

fn of_connection(fault: &Fault, connection: ConnectionId) -> bool {
    fault.connection.is_none_or(|number| number == connection.number())
}

fn fits(fault: &Fault, occasion: Occasion<'_>) -> bool {
    if !of_connection(fault, occasion.connection) {
        return false;
    }
    let Some(request) = occasion.request else {
        return match fault.trigger {
            Trigger::Connection(number) => number == occasion.connection.number(),
            Trigger::AnyConnection => true,
            _ => false,
        };
    };
    let about = |object: &String| {
        request.fields().iter().any(|field| field.value().trim_end_matches('.').eq_ignore_ascii_case(object))
    };
    if !fault.object.as_ref().is_none_or(about) {
        return false;
    }
    let login = request.is("session");
    let (all, here) = occasion.counts;
    match &fault.trigger {
        Trigger::Login => login,
        Trigger::Command(name) => request.is(name),
        Trigger::AnyCommand => !login,
        Trigger::NthCommand(nth) => !login && *nth == if fault.connection.is_some() { here } else { all },
        Trigger::Connection(_) | Trigger::AnyConnection | Trigger::Idle(_) => false,
    }
}
