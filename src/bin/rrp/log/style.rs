//! How an event looks on its line.

use core::fmt::{self, Debug, Write};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rrp::daemon::LogFormat;
use rrp::daemon::log::{FRONT, REPLY, REQUEST};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use super::queue::LINE;

const TEXT: u8 = 0;
const JSON: u8 = 1;
const MREGD: u8 = 2;

/// How events look: it may be changed at any time, for all clones.
#[derive(Clone)]
pub(super) struct Style {
    format: Arc<AtomicU8>,
    text: Format<Full>,
}

impl Style {
    pub(super) fn new(format: LogFormat) -> Self {
        let style = Self { format: Arc::new(AtomicU8::new(TEXT)), text: Format::default().with_ansi(false) };
        style.set(format);
        style
    }

    pub(super) fn set(&self, format: LogFormat) {
        let format = match format {
            LogFormat::Json => JSON,
            LogFormat::Mregd => MREGD,
            _ => TEXT,
        };
        self.format.store(format, Ordering::Relaxed);
    }
}

impl<S, N> FormatEvent<S, N> for Style
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match self.format.load(Ordering::Relaxed) {
            JSON => json(context, writer, event),
            MREGD => mregd(writer, event),
            _ => self.text.format_event(context, writer, event),
        }
    }
}

/// `2026-01-31T23:59:59.123456Z`.
fn now() -> Result<String, fmt::Error> {
    let mut now = String::new();
    SystemTime.format_time(&mut Writer::new(&mut now))?;
    Ok(now)
}

/// One object a line: `timestamp`, `level`, `target`, `message`, `spans` if it is in one, and its own fields.
fn json<S, N>(context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    let metadata = event.metadata();
    let mut fields = Fields::default();
    event.record(&mut fields);
    let mut line = Map::new();
    line.insert("timestamp".to_owned(), now()?.into());
    line.insert("level".to_owned(), metadata.level().as_str().into());
    line.insert("target".to_owned(), metadata.target().into());
    let spans = context.event_scope().into_iter().flat_map(|scope| scope.from_root());
    let spans: Vec<Value> = spans
        .map(|span| {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<N>>().map_or("", |fields| fields.fields.as_str());
            if fields.is_empty() { span.name().into() } else { format!("{}{{{fields}}}", span.name()).into() }
        })
        .collect();
    if !spans.is_empty() {
        line.insert("spans".to_owned(), spans.into());
    }
    for (name, value) in fields.0 {
        // What a field is called is the program's choice, and so is that none is called like one of those above.
        line.insert(name.to_owned(), value);
    }
    let mut line = Value::Object(line);
    let mut text = line.to_string();
    let mut most = LINE / 4;
    // Cut behind, it would be no object any more.
    while text.len() >= LINE && most > 0 {
        cut(&mut line, most);
        (text, most) = (line.to_string(), most / 2);
    }
    writeln!(writer, "{text}")
}

/// Shortens all texts in it to so many bytes.
fn cut(value: &mut Value, most: usize) {
    match value {
        Value::String(text) => text.truncate(text.floor_char_boundary(most)),
        Value::Array(values) => values.iter_mut().for_each(|value| cut(value, most)),
        Value::Object(values) => values.values_mut().for_each(|value| cut(value, most)),
        _ => {}
    }
}

/// `2026-01-31 23:59:59 message`: the message, then its fields. A request and its reply are the message themselves. Their line
/// ends become tabs like all others.
fn mregd(mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
    let mut fields = Fields::default();
    event.record(&mut fields);
    let now = now()?;
    write!(writer, "{} {}", now.get(..10).unwrap_or_default(), now.get(11..19).unwrap_or_default())?;
    if event.metadata().target() == FRONT
        && let (Some(request), Some(reply)) = (fields.get(REQUEST), fields.get(REPLY))
    {
        return writeln!(writer, " {request}\t{reply}");
    }
    if let Some(message) = fields.get("message") {
        write!(writer, " {message}")?;
    }
    for (name, value) in fields.0.iter().filter(|(name, _)| *name != "message") {
        match value {
            Value::String(text) => write!(writer, " {name}={text}")?,
            other => write!(writer, " {name}={other}")?,
        }
    }
    writeln!(writer)
}

/// The fields of an event, in their order.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn get(&self, wanted: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == wanted).and_then(|(_, value)| value.as_str())
    }

    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.push((field.name(), value.into()));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        // It cannot fail.
        let _ = write!(text, "{value:?}");
        self.add(field, text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut next = value.source();
        while let Some(error) = next {
            // It cannot fail.
            let _ = write!(text, ": {error}");
            next = error.source();
        }
        self.add(field, text);
    }
}
