//! What `rrp serve` logs: as text, as JSON, or as mregd does; to standard error or a file; changed while it runs.
//!
//! One event is one line, of at most 8 KiB. Times are UTC, also in mregd's format, which knew only local time.
//! A line is handed to a thread that writes: a full disk or a terminal that stands still delays nobody. What could not be
//! written, or did not fit into the queue before it, is counted, and told as soon as a line can be written again.

mod queue;
mod style;

use std::io;
use std::path::Path;

use rrp::daemon::log::FRONT;
use rrp::daemon::{Log, LogFormat};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::{Layer, Registry, fmt, reload};

use queue::{Queue, Sink};
use style::Style;

/// The log of a program while it lives. What waits to be written is written when it is dropped, for a second at the most.
pub(crate) struct Logging {
    queue: Queue,
    style: Style,
    chosen: reload::Handle<Chosen, Registry>,
}

impl Logging {
    /// Logs from now on, for the whole program.
    ///
    /// # Errors
    /// That the file cannot be opened, or that something else logs already.
    pub(crate) fn start(log: &Log) -> io::Result<Self> {
        let (logging, subscriber) = Self::prepare(log.format, log.level, log.file.as_deref())?;
        set_global_default(subscriber).map_err(io::Error::other)?;
        Ok(logging)
    }

    /// Logs like this from now on. A file is opened anew: that is what `logrotate` waits for.
    ///
    /// # Errors
    /// That the file cannot be opened. All stays as it was then.
    pub(crate) fn reload(&self, log: &Log) -> io::Result<()> {
        self.change(log.format, log.level, log.file.as_deref())
    }

    fn change(&self, format: LogFormat, level: Level, file: Option<&Path>) -> io::Result<()> {
        self.queue.switch(Sink::open(file)?);
        self.style.set(format);
        // It fails only if nobody logs any more.
        self.chosen.reload(Chosen::of(format, level)).map_err(io::Error::other)
    }

    fn prepare(
        format: LogFormat,
        level: Level,
        file: Option<&Path>,
    ) -> io::Result<(Self, impl Subscriber + Send + Sync)> {
        let queue = Queue::start(Sink::open(file)?)?;
        let style = Style::new(format);
        let (chosen, handle) = reload::Layer::new(Chosen::of(format, level));
        let layer = fmt::layer()
            .with_ansi(false)
            .log_internal_errors(false)
            .event_format(style.clone())
            .with_writer(queue.writer())
            .with_filter(chosen);
        let subscriber = Registry::default().with(layer);
        Ok((Self { queue, style, chosen: handle }, subscriber))
    }
}

/// Which events are logged.
struct Chosen {
    level: LevelFilter,
    /// Whether requests and replies are logged from INFO on, as mregd does, and not from DEBUG on.
    requests: bool,
}

impl Chosen {
    fn of(format: LogFormat, level: Level) -> Self {
        Self { level: level.into(), requests: format == LogFormat::Mregd && level >= Level::INFO }
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level || (self.requests && metadata.target() == FRONT)
    }
}

impl<S> Filter<S> for Chosen {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.requests { self.level.max(LevelFilter::DEBUG) } else { self.level })
    }
}

#[cfg(test)]
mod tests;
