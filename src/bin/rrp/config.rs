//! `rrp config`: what is done with the configuration of the daemon without running it.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use rrp::Secret;
use rrp::daemon::{Config, ConfigError, Surroundings, hash_password};
use zeroize::Zeroizing;

use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal, chain};
use crate::output::escape;

const STAGE: &str = "config";

/// Where the configuration is if nothing is said.
const DEFAULT: &str = "/etc/rrp/rrp.toml";

/// The largest `mregd.conf`, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// The longest password, in bytes.
const MAX_PASSWORD: u64 = 4_096;

const EXAMPLES: &str = "\
Nothing is connected to, and nothing is changed. Secrets are never printed, but the hash of a new password.

Examples:
  rrp config check                               the file /etc/rrp/rrp.toml: what is wrong with it, and where
  rrp config show rrp.toml                       all settings, those that were left out too
  rrp config from-mregd mregd.conf > rrp.toml    the same for `rrp serve` as mregd's file and environment
  rrp config hash-password < password.txt        the `password-hash` of a local user";

#[derive(clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::TABLE))]
pub(crate) struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    /// Read a configuration, with the passwords and certificates that it names, and say what is wrong
    Check {
        /// The configuration
        #[arg(value_name = "FILE", default_value = DEFAULT)]
        file: PathBuf,
    },
    /// Print all settings as TOML, without secrets
    Show {
        /// The configuration
        #[arg(value_name = "FILE", default_value = DEFAULT)]
        file: PathBuf,
    },
    /// Print as TOML what mregd's configuration and environment say
    FromMregd {
        /// Its configuration; without one, the file of CONF_FILE, or the environment alone
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Hash a password, which is asked for, or is standard input
    HashPassword,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    match &args.task {
        Task::Check { file } => {
            let config = Config::load(file).map_err(|error| refusal(&error))?;
            warn(&config, err);
            if let Some(unverified) = config.unverified().first() {
                return Err(refusal(&unverified.refusal(None)).into());
            }
            let count = |number: usize, what: &str| match number {
                1 => format!("1 {what}"),
                number => format!("{number} {what}s"),
            };
            let accounts = count(config.accounts().count(), "account");
            let users = count(config.users().count(), "user");
            writeln!(out, "{}: good: {accounts}, {users}", escape(&file.to_string_lossy()))?;
        }
        Task::Show { file } => {
            let config = Config::load(file).map_err(|error| refusal(&error))?;
            warn(&config, err);
            write!(out, "{}", config.show())?;
        }
        Task::FromMregd { file } => from_mregd(file.as_deref(), out, err)?,
        Task::HashPassword => {
            let password = new_password()?;
            let hash =
                hash_password(&password).map_err(|error| Refusal::usage(STAGE, "no hash").because(error))?;
            writeln!(out, "{hash}")?;
        }
    }
    Ok(Exit::Yes)
}

/// What was found wrong, as the program says it.
pub(crate) fn refusal(error: &ConfigError) -> Refusal {
    let line = chain(error);
    let what = line.strip_prefix("configuration: ").unwrap_or(&line);
    let refusal = Refusal::usage(STAGE, what);
    match error.fix() {
        Some(fix) => refusal.hint(fix),
        None => refusal,
    }
}

/// A warning that nobody sees is no failure.
pub(crate) fn warn(config: &Config, err: &mut dyn Write) {
    for warning in config.warnings() {
        let _ = writeln!(err, "warning: {warning}");
    }
}

fn from_mregd(file: Option<&Path>, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let named = crate::options::variable("CONF_FILE")?.map(PathBuf::from);
    let file = file.map(Path::to_path_buf).or(named);
    let (text, name) = match &file {
        None => (Zeroizing::new(String::new()), "mregd.conf".to_owned()),
        Some(path) => {
            let name = path.to_string_lossy().into_owned();
            let unreadable =
                |error| Refusal::usage(STAGE, format!("cannot read `{}`", escape(&name))).because(error);
            let mut text = Zeroizing::new(String::new());
            let file = File::open(path).map_err(unreadable)?;
            file.take(MAX_FILE).read_to_string(&mut text).map_err(unreadable)?;
            (text, name)
        }
    };
    let found = Config::from_mregd(&text, &name, &Surroundings::system()).map_err(|error| refusal(&error))?;
    warn(found.config(), err);
    write!(out, "{}", found.toml())?;
    Ok(())
}

/// Asked for twice at a terminal; otherwise a line of standard input.
fn new_password() -> Result<Secret, Refusal> {
    let refused = |error| Refusal::usage(STAGE, "cannot read the password").because(error);
    if io::stdin().is_terminal() {
        let first = Zeroizing::new(rpassword::prompt_password("New password: ").map_err(refused)?);
        let second = Zeroizing::new(rpassword::prompt_password("Once more: ").map_err(refused)?);
        return if *first == *second {
            Ok(Secret::from(first.as_str()))
        } else {
            Err(Refusal::usage(STAGE, "these are two passwords"))
        };
    }
    let mut text = Zeroizing::new(String::new());
    io::stdin().lock().take(MAX_PASSWORD).read_to_string(&mut text).map_err(refused)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::from(line.strip_suffix('\r').unwrap_or(line)))
}
