//! The signals that end a program: whoever ends this one during a write must hear what became of the write.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Those that came since it was made. From then on, and until the program ends, none of them ends it by itself.
pub(crate) struct Signals {
    #[cfg(unix)]
    watched: Vec<(&'static str, Signal)>,
}

impl Signals {
    /// Watches for SIGINT, SIGTERM, SIGHUP and SIGQUIT, but for those that whoever started the program has switched off
    /// (`nohup`).
    ///
    /// # Errors
    /// What the system says against it.
    #[cfg(unix)]
    pub(crate) fn watch() -> io::Result<Self> {
        let ignored = ignored();
        let mut watched = Vec::new();
        for (name, kind) in [
            ("SIGINT", SignalKind::interrupt()),
            ("SIGTERM", SignalKind::terminate()),
            ("SIGHUP", SignalKind::hangup()),
            ("SIGQUIT", SignalKind::quit()),
        ] {
            let bit = u32::try_from(kind.as_raw_value()).unwrap_or_default().saturating_sub(1);
            if ignored.checked_shr(bit).unwrap_or_default() & 1 == 0 {
                watched.push((name, signal(kind)?));
            }
        }
        Ok(Self { watched })
    }

    #[cfg(not(unix))]
    pub(crate) fn watch() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one; its name.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> &'static str {
        core::future::poll_fn(|context| {
            let mut watched = self.watched.iter_mut();
            match watched.find_map(|(name, signal)| signal.poll_recv(context).is_ready().then_some(*name)) {
                Some(name) => core::task::Poll::Ready(name),
                None => core::task::Poll::Pending,
            }
        })
        .await
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => core::future::pending().await,
        }
    }

    /// One that has come already, without waiting.
    pub(crate) async fn come(&mut self) -> Option<&'static str> {
        tokio::select! {
            biased;
            name = self.next() => Some(name),
            () = core::future::ready(()) => None,
        }
    }
}

/// Waits for the next one if they are watched, otherwise for ever.
pub(crate) async fn next(signals: &mut Option<Signals>) -> &'static str {
    match signals {
        Some(signals) => signals.next().await,
        None => core::future::pending().await,
    }
}

/// The signals that the program was started without, one a bit. Where the system does not tell (it is Linux that does):
/// none.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}
