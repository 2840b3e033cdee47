//! `rrp admin`: what a running daemon looks like, and orders to it.

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::daemon::{Daemon, Place, request};
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal};
use crate::moment;
use crate::output::{self, Fields, escape};

const EXAMPLES: &str = "\
It asks the daemon at --socket, RRP_ADMIN, /run/rrp/admin.sock or $XDG_RUNTIME_DIR/rrp/admin.sock, in this order. Who may
look (read-only) and who may give orders (read-write) is said by its configuration; root and its own user may do both. With
several accounts, an order needs --account; what is looked at is that of all.

Examples:
  rrp admin pools                                 sessions by state, who waits and how long
  rrp admin holds                                 what holds an account up, for how long, and what to do
  rrp admin doubts                                writes of which nobody knows what became; then `rrp doubt show TICKET`
  rrp admin hold --until 30m --reason maintenance
  rrp admin hold --until 2026-07-01T06:00Z --reason maintenance
  rrp admin kill client 17
  rrp admin pools --json | jq '.pools[].maxwait_s'";

#[derive(clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::TABLE))]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Args)]
struct Common {
    /// The daemon's admin socket [env: RRP_ADMIN]
    #[arg(long, value_name = "PATH", global = true)]
    socket: Option<PathBuf>,
    /// The account that is meant
    #[arg(long, value_name = "NAME", global = true)]
    account: Option<String>,
    /// Print the daemon's answer: a JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum Task {
    /// Which daemon it is, and which accounts it serves
    Hello,
    /// Sessions of each account by state, and who waits
    Pools,
    /// Each session
    Sessions,
    /// Each local connection
    Clients,
    /// Who waits for what, and how long
    Queue,
    /// How fast commands go out, and when the next one may
    Pace,
    /// What holds an account up, for how long, and what to do
    Holds,
    /// Writes in doubt, and what to do about each
    Doubts,
    /// What it is told to do, without secrets
    Config,
    /// What has happened so far
    Stats,
    /// Send nothing more; what is on the wire is finished, and whoever comes waits
    Pause,
    /// Send again
    Resume,
    /// Replace all sessions, one at a time
    Reconnect,
    /// Close a local connection or a session
    Kill {
        #[arg(value_enum)]
        what: Kind,
        /// Its number, as `clients` and `sessions` show it
        number: u64,
    },
    /// Leave the account alone until then: no command, keepalive or login is sent
    Hold {
        /// So long from now (90s, 30m, 2h), or until then (2026-07-01T06:00Z)
        #[arg(long, value_name = "TIME", value_parser = moment::until)]
        until: moment::Until,
        /// For whoever asks why
        #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Leave it alone no longer; of a lock of the registry (422), a read is to prove now that it is over
    Release,
    /// Take nothing new, finish what is under way, and end the daemon
    Drain,
    /// Try a refused login again: the password was corrected
    RetryLogin,
    /// Read the configuration again: all of it, or nothing
    Reload,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// A local connection
    Client,
    /// A session with the registry
    Session,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    let common = &args.common;
    let daemon = Place { socket: common.socket.clone() }.daemon()?;
    let account = common.account.as_deref();
    let of = |command: &str| request(command, account);
    let asked = match &args.task {
        Task::Hello => of("hello"),
        Task::Pools => of("pools"),
        Task::Sessions => of("sessions"),
        Task::Clients => of("clients"),
        Task::Queue => of("queue"),
        Task::Pace => of("pace"),
        Task::Holds => of("holds"),
        Task::Doubts => of("doubts"),
        Task::Config => of("config"),
        Task::Stats => of("stats"),
        Task::Pause => of("pause"),
        Task::Resume => of("resume"),
        Task::Reconnect => of("reconnect"),
        Task::Release => of("release"),
        Task::Drain => of("drain"),
        Task::RetryLogin => of("retry-login"),
        Task::Reload => of("reload"),
        Task::Kill { what: Kind::Client, number } => with(request("kill", None), "client", json!(number)),
        Task::Kill { what: Kind::Session, number } => with(of("kill"), "session", json!(number)),
        Task::Hold { until, reason } => {
            let asked = with(of("hold"), "for_s", json!(until.seconds()?));
            with(asked, "reason", json!(reason))
        }
    };
    let told = daemon.ask(&asked.into())?;
    let exit = exit_of(&args.task, &told);
    if common.json {
        output::json_value(&told, out)?;
        return Ok(exit);
    }
    print(&args.task, &daemon, &told, out)?;
    Ok(exit)
}

fn with(mut map: Map<String, Value>, key: &str, value: Value) -> Map<String, Value> {
    map.insert(key.to_owned(), value);
    map
}

/// A reload of which something failed is refused.
fn exit_of(task: &Task, told: &Value) -> Exit {
    match task {
        Task::Reload if !list(told, "failed").is_empty() => Exit::Usage,
        _ => Exit::Yes,
    }
}

fn list<'t>(told: &'t Value, key: &str) -> &'t [Value] {
    told.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A value of an answer, in a cell: what others wrote is escaped.
fn cell(row: &Value, key: &str) -> String {
    let pointer = format!("/{}", key.replace('.', "/"));
    match row.pointer(&pointer) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => escape(text),
        Some(Value::Number(number)) if key.ends_with("_s") => {
            moment::shown(number.as_f64().unwrap_or_default())
        }
        Some(other) => escape(&other.to_string()),
    }
}

/// Rows of a list in columns: a head, and where each value stands.
fn table<const N: usize>(
    told: &Value,
    name: &str,
    columns: [(&str, &str); N],
    none: &str,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let rows: Vec<[String; N]> =
        list(told, name).iter().map(|row| columns.map(|(_, key)| cell(row, key))).collect();
    if rows.is_empty() {
        writeln!(out, "{none}")?;
        return Ok(());
    }
    output::table(columns.map(|(head, _)| head), &rows, out)?;
    if let Some(more @ 1..) = told.get("more").and_then(Value::as_u64) {
        writeln!(out, "and {more} more")?;
    }
    Ok(())
}

fn print(task: &Task, daemon: &Daemon, told: &Value, out: &mut dyn Write) -> Result<(), Failure> {
    match task {
        Task::Hello => {
            let version = cell(told, "version");
            writeln!(
                out,
                "rrp {version} at {}: {}",
                escape(&daemon.path().to_string_lossy()),
                cell(told, "phase")
            )?;
            let mut fields = Fields::new();
            fields.add("process", cell(told, "pid"));
            fields.add("since", format!("{} ago", cell(told, "up_s")));
            fields.add("you may", if daemon.may_order { "look, and give orders" } else { "look" });
            fields.write(out)?;
            let columns = [
                ("account", "name"),
                ("host", "host"),
                ("login", "login"),
                ("environment", "environment"),
                ("journal", "journal"),
            ];
            table(told, "accounts", columns, "it serves no account", out)
        }
        Task::Pools => {
            let columns = [
                ("account", "account"),
                ("environment", "environment"),
                ("state", "state"),
                ("idle", "sessions.idle"),
                ("busy", "sessions.busy"),
                ("opening", "sessions.opening"),
                ("ending", "sessions.ending"),
                ("lost", "sessions.ghosts"),
                ("max", "sessions.max"),
                ("waiting", "waiting"),
                ("maxwait", "maxwait_s"),
                ("callers", "callers"),
                ("doubts", "doubts"),
            ];
            table(told, "pools", columns, "it serves no account", out)
        }
        Task::Sessions => {
            let columns = [
                ("account", "account"),
                ("session", "session"),
                ("state", "state"),
                ("for", "state_s"),
                ("age", "age_s"),
                ("commands", "commands"),
            ];
            table(told, "sessions", columns, "no session is open", out)
        }
        Task::Clients => {
            let columns = [
                ("client", "client"),
                ("from", "from"),
                ("user", "user"),
                ("account", "account"),
                ("age", "age_s"),
                ("requests", "requests"),
                ("waits for", "command"),
                ("since", "waits_s"),
            ];
            table(told, "clients", columns, "nobody is connected", out)
        }
        Task::Queue => {
            let columns = [
                ("account", "account"),
                ("lane", "lane"),
                ("waiting", "waiting"),
                ("callers", "callers"),
                ("maxwait", "maxwait_s"),
            ];
            table(told, "lanes", columns, "it serves no account", out)?;
            if list(told, "waiting").is_empty() {
                return Ok(());
            }
            writeln!(out)?;
            let columns = [
                ("account", "account"),
                ("command", "command"),
                ("object", "object"),
                ("user", "user"),
                ("caller", "caller"),
                ("lane", "lane"),
                ("waits for", "state"),
                ("since", "waits_s"),
            ];
            table(told, "waiting", columns, "nobody waits", out)
        }
        Task::Pace => {
            let columns = [
                ("account", "account"),
                ("every", "interval_s"),
                ("next in", "next_in_s"),
                ("waiting", "waiting"),
                ("maxwait", "maxwait_s"),
            ];
            table(told, "pace", columns, "it serves no account", out)
        }
        Task::Holds => {
            let columns = [
                ("account", "account"),
                ("hold", "kind"),
                ("left", "left_s"),
                ("reason", "reason"),
                ("to do", "to_do"),
            ];
            table(told, "holds", columns, "nothing is held up", out)
        }
        Task::Doubts => {
            crate::doubt::print_list(&crate::found::all_of(daemon, told)?, crate::found::more(told), out)
        }
        Task::Config => {
            // It is redacted where it is made.
            for line in told.get("toml").and_then(Value::as_str).unwrap_or_default().lines() {
                // Its own backslashes stay: it is to be copied.
                let bare = line.replace('\\', "");
                writeln!(out, "{}", if escape(&bare) == bare { line.to_owned() } else { escape(line) })?;
            }
            Ok(())
        }
        Task::Stats => print_all("", told, out),
        Task::Reload => {
            let failed = list(told, "failed");
            for why in failed.iter().filter_map(Value::as_str) {
                writeln!(out, "not reloaded, nothing has changed: {}", escape(why))?;
            }
            for (key, what) in [("changed", "changed"), ("needs_restart", "after a restart")] {
                for line in list(told, key).iter().filter_map(Value::as_str) {
                    writeln!(out, "{what}: {}", escape(line))?;
                }
            }
            if ["changed", "failed", "needs_restart"].iter().all(|key| list(told, key).is_empty()) {
                writeln!(out, "nothing has changed")?;
            }
            Ok(())
        }
        order => {
            let done = match order {
                Task::Pause => "paused: what comes waits",
                Task::Resume => "goes on",
                Task::Reconnect => "its sessions are replaced, one at a time",
                Task::Kill { what: Kind::Client, .. } => "closed",
                Task::Kill { .. } => "ended",
                Task::Hold { .. } => "held",
                Task::Release => "held no longer",
                Task::Drain => "the daemon takes nothing new, and ends",
                _ => "a login is tried when something waits",
            };
            match told.get("account").and_then(Value::as_str) {
                Some(account) => writeln!(out, "{}: {done}", escape(account))?,
                None => writeln!(out, "{done}")?,
            }
            Ok(())
        }
    }
}

/// Every number of an answer, a line each.
fn print_all(path: &str, told: &Value, out: &mut dyn Write) -> Result<(), Failure> {
    match told {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { escape(key) } else { format!("{path}.{}", escape(key)) };
                print_all(&path, value, out)?;
            }
        }
        Value::Array(rows) => {
            for row in rows {
                let name = row.get("account").and_then(Value::as_str).map(escape).unwrap_or_default();
                print_all(&format!("{path}[{name}]"), row, out)?;
            }
        }
        Value::String(text) => writeln!(out, "{path}  {}", escape(text))?,
        other => writeln!(out, "{path}  {}", escape(&other.to_string()))?,
    }
    Ok(())
}

/// An error of a time is told where it is used.
impl From<moment::Passed> for Failure {
    fn from(passed: moment::Passed) -> Self {
        Refusal::usage("admin", passed.to_string()).into()
    }
}
