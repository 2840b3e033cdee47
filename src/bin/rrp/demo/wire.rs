//! What goes to the registry and comes back, as the sessions of the library log it.

use core::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};

use rrp::ReturnCode;
use tracing::field::{Field, Visit};
use tracing::span::Id;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Who logs it.
const SESSIONS: &str = "rrp::net::driver";

/// A command, and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    /// The session, and the command's number on it.
    of: (Option<Id>, String),
    pub(super) command: String,
    pub(super) fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is on the wire.
    Open,
    NotSent,
    Answered(ReturnCode),
    Unanswered,
}

/// Listens, as a layer of a subscriber.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire(Arc<Mutex<Vec<Exchange>>>);

impl Wire {
    /// What has come since it was asked last, but for what is still under way.
    pub(super) fn take(&self) -> Vec<Exchange> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extract_if(.., |exchange| exchange.fate != Fate::Open).collect()
    }
}

/// The fields of an event that matter here.
#[derive(Default)]
struct Fields {
    message: String,
    id: String,
    name: String,
    code: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = match field.name() {
            "message" => &mut self.message,
            "id" => &mut self.id,
            "name" => &mut self.name,
            "code" => &mut self.code,
            _ => return,
        };
        // A string takes everything.
        let _ = write!(text, "{value:?}");
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Wire {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_span() || metadata.target() == SESSIONS && *metadata.level() <= Level::DEBUG
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Fields { message, id, name, code } = fields;
        let fate = match message.as_str() {
            "command" => Fate::Open,
            "command not sent" => Fate::NotSent,
            "no answer" => Fate::Unanswered,
            "answered" => match code.parse().ok().map(ReturnCode::from_u16) {
                Some(Ok(code)) => Fate::Answered(code),
                _ => return,
            },
            _ => return,
        };
        let of = (context.event_span(event).map(|span| span.id()), id);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if fate == Fate::Open {
            all.push(Exchange { of, command: name, fate });
        } else if let Some(open) = all.iter_mut().find(|open| open.fate == Fate::Open && open.of == of) {
            open.fate = fate;
        }
    }
}
