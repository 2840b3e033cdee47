//! `rrp serve`: the daemon in mregd's place.

mod rehearsal;

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rrp::client::StartError;
use rrp::daemon::{Config, ConfigError, Control, Hooks, Surroundings, run as run_daemon};
use tokio::sync::mpsc;
use tracing::{error, warn};

use crate::config;
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal, chain};
use crate::log::Logging;
use crate::output::escape;
use rehearsal::Rehearsal;

const STAGE: &str = "serve";

/// Where the configuration is if nothing is said.
const CONFIG: &str = "/etc/rrp/rrp.toml";

const HELP: &str = "\
Local backends connect to it as to mregd: login, password, then `[COMMAND]` blocks up to `EOF`. It owns the sessions, the pace
and the journal of each account. `dist/rrp.toml` shows all that can be configured, docs/migration.md what is not as with mregd.

SIGHUP reads the configuration again. SIGTERM and SIGINT drain: nothing new is taken, what is under way is finished and
recorded, sessions end by QUIT. At the second one it ends at once: what was on the wire is in the journal, and in doubt.

Examples:
  rrp serve --sim                               on a simulated registry; it says how to talk to it
  rrp serve --config rrp.toml
  rrp serve --mregd-conf /etc/mregd.conf        with mregd's own configuration, and its environment variables";

#[derive(clap::Args)]
#[command(after_help = format!("{HELP}\n\n{}", exit::TABLE))]
pub(crate) struct Args {
    /// The configuration [default: /etc/rrp/rrp.toml]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mregd_conf", "sim"])]
    config: Option<PathBuf>,
    /// The configuration of mregd, as it stands; its environment variables win over it
    #[arg(long, value_name = "FILE", conflicts_with = "sim")]
    mregd_conf: Option<PathBuf>,
    /// Serve an account at a simulated registry, which forgets everything at its end
    #[arg(long)]
    sim: bool,
}

/// Where the configuration comes from, also when it is read again.
#[derive(Clone)]
enum Source {
    Toml(PathBuf),
    Mregd(PathBuf),
    Text(String),
}

impl Source {
    fn read(&self) -> Result<Config, Unread> {
        match self {
            Self::Toml(path) => Config::load(path).map_err(Unread::Config),
            Self::Mregd(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| Unread::File(path.clone(), error))?;
                let name = path.display().to_string();
                let read = Config::from_mregd(&text, &name, &Surroundings::system());
                Ok(read.map_err(Unread::Config)?.into_config())
            }
            Self::Text(text) => {
                Config::parse(text, "simulation", &Surroundings::system()).map_err(Unread::Config)
            }
        }
    }
}

/// Why there is no configuration.
#[derive(Debug)]
enum Unread {
    Config(ConfigError),
    File(PathBuf, io::Error),
}

impl Unread {
    fn refusal(self) -> Refusal {
        match self {
            Self::Config(error) => config::refusal(&error),
            Self::File(path, error) => {
                let path = path.to_string_lossy().into_owned();
                Refusal::usage(STAGE, format!("cannot read `{}`", escape(&path))).because(error)
            }
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::File(path, _) => write!(f, "cannot read `{}`", path.display().to_string().escape_debug()),
        }
    }
}

impl Error for Unread {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Config(error) => error.source(),
            Self::File(_, error) => Some(error),
        }
    }
}

/// Says what may not be meant. Of a simulation nobody wants to hear that it does not last.
fn warn_of(config: &Config, source: &Source) {
    if matches!(source, Source::Text(_)) {
        return;
    }
    for warning in config.warnings() {
        warn!("{warning}");
    }
}

/// Whether another client of this machine has an account.
fn is_locked(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(StartError::AccountLocked { .. }) = error.downcast_ref() {
            return true;
        }
        next = error.source();
    }
    false
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Refusal::new(STAGE, "the runtime does not start").because(error).exit(Exit::NotSent)
    })?;
    let done = runtime.block_on(serve(args, out));
    // What is still under way is in the journal.
    runtime.shutdown_background();
    done
}

async fn serve(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    let rehearsal = if args.sim { Some(Rehearsal::begin().await?) } else { None };
    let source = match (&rehearsal, &args.mregd_conf) {
        (Some(rehearsal), _) => Source::Text(rehearsal.config()),
        (None, Some(path)) => Source::Mregd(path.clone()),
        (None, None) => Source::Toml(args.config.clone().unwrap_or_else(|| Path::new(CONFIG).to_owned())),
    };
    let config = source.read().map_err(Unread::refusal)?;
    config.verify_upstreams().await.map_err(|error| config::refusal(&error))?;
    let logging = Logging::start(config.log())
        .map_err(|error| Refusal::usage(STAGE, "the log cannot be written").because(error))?;
    warn_of(&config, &source);
    let (orders, control) = mpsc::channel(4);
    signals(orders)?;
    if let Some(rehearsal) = &rehearsal {
        rehearsal.tell(out)?;
    }
    let reread = source.clone();
    let mut hooks = Hooks::default();
    hooks.reload = Box::new(move || {
        let config = reread.read()?;
        warn_of(&config, &reread);
        Ok(config)
    });
    // What is said last is written, too.
    let logging = Arc::new(logging);
    let logs = Arc::clone(&logging);
    hooks.log = Box::new(move |log| {
        if let Err(error) = logs.reload(log) {
            error!(%error, "the log stays as it was");
        }
    });
    let done = run_daemon(config, hooks, control).await;
    if let Some(rehearsal) = &rehearsal {
        rehearsal.conclude(out)?;
    }
    match done {
        Ok(()) => Ok(Exit::Yes),
        Err(error) => {
            error!(why = %chain(&error), "not begun");
            let exit = if is_locked(&error) { Exit::Temporary } else { Exit::NotSent };
            Err(Refusal::new(STAGE, "not begun").because(error).exit(exit).into())
        }
    }
}

/// Turns signals into orders, from now on.
fn signals(orders: mpsc::Sender<Control>) -> Result<(), Refusal> {
    use tokio::signal::unix::{SignalKind, signal};
    let on = |kind| {
        signal(kind).map_err(|error| {
            Refusal::new(STAGE, "cannot wait for signals").because(error).exit(Exit::NotSent)
        })
    };
    let (mut terminate, mut interrupt) = (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
    let mut hang_up = on(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            let order = tokio::select! {
                _ = terminate.recv() => Control::Drain,
                _ = interrupt.recv() => Control::Drain,
                _ = hang_up.recv() => Control::Reload,
            };
            if orders.send(order).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}
