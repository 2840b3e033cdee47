//! A running daemon, as the program finds it and asks it: through the socket of operators.
//!
//! What is asked may hold secrets, and what is answered is believed. So the other side must be root, this user, the one whose directory
//! the socket is in and nobody else's, or the process that has the account; the kernel says who it is.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rrp::client::Holder;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::client::block_on;
use crate::exit::Exit;
use crate::failure::Refusal;
use crate::look::word;
use crate::options::variable;
use crate::output::escape;

const STAGE: &str = "daemon";

/// Where one listens that was installed as a service.
const SYSTEM: &str = "/run/rrp/admin.sock";

/// The most bytes of an answer: those of a reply, escaped.
const MAX_ANSWER: u64 = 64 << 20;

/// For whatever needs nothing of a registry.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a daemon is looked for.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Place {
    /// The daemon's admin socket [env: RRP_ADMIN]; looked for in /run/rrp and $XDG_RUNTIME_DIR/rrp by default
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// An account that a daemon serves.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) login: String,
    pub(crate) environment: String,
    journal: Option<PathBuf>,
}

/// A daemon that answers, and is to be trusted.
#[derive(Clone, Debug)]
pub(crate) struct Daemon {
    path: PathBuf,
    /// Whether the user has named it.
    named: bool,
    holder: Option<u32>,
    pub(crate) may_order: bool,
    pub(crate) accounts: Vec<Served>,
}

/// Why a daemon does not answer.
enum Silent {
    /// There is none.
    Absent,
    Refused(Refusal),
}

impl Place {
    fn paths(&self) -> Result<(Vec<PathBuf>, bool), Refusal> {
        if let Some(path) = &self.socket {
            return Ok((vec![path.clone()], true));
        }
        if let Some(path) = variable("RRP_ADMIN")? {
            return Ok((vec![path.into()], true));
        }
        let own = variable("XDG_RUNTIME_DIR")?.map(|directory| Path::new(&directory).join("rrp/admin.sock"));
        Ok((core::iter::once(PathBuf::from(SYSTEM)).chain(own).collect(), false))
    }

    /// The daemon there, for somebody who wants one.
    pub(crate) fn daemon(&self) -> Result<Daemon, Refusal> {
        let (paths, named) = self.paths()?;
        let mut refused = None;
        for path in &paths {
            match Daemon::at(path, named, None) {
                Ok(daemon) => return Ok(daemon),
                Err(Silent::Absent) => {}
                Err(Silent::Refused(refusal)) => refused = refused.or(Some(refusal)),
            }
        }
        Err(refused.unwrap_or_else(|| {
            let shown: Vec<String> = paths.iter().map(|path| format!("`{}`", shown(path))).collect();
            Refusal::new(STAGE, format!("nobody listens at {}", shown.join(" or ")))
                .hint("`rrp serve` runs one; --socket PATH or RRP_ADMIN says where it listens")
                .exit(Exit::NotSent)
        }))
    }

    /// A daemon that serves what is wanted, if one can be asked. Where one is there that cannot, that is noted.
    pub(crate) fn find(
        &self,
        holder: Option<&Holder>,
        wanted: impl Fn(&Served) -> bool,
        err: &mut dyn Write,
    ) -> Result<Option<(Daemon, Served)>, Refusal> {
        let (paths, named) = self.paths()?;
        for path in paths {
            match Daemon::at(&path, named, holder.map(Holder::pid)) {
                Ok(daemon) => {
                    if let Some(served) = daemon.accounts.iter().find(|served| wanted(served)).cloned() {
                        return Ok(Some((daemon, served)));
                    }
                }
                Err(Silent::Absent) => {}
                Err(Silent::Refused(refusal)) => {
                    // A note that nobody sees is no failure.
                    let _ = writeln!(err, "note: not asked: {}", refusal.what());
                }
            }
        }
        Ok(None)
    }
}

impl Daemon {
    /// The one at this path. `holder`: the process that has the account.
    fn at(path: &Path, named: bool, holder: Option<u32>) -> Result<Self, Silent> {
        let mut daemon =
            Self { path: path.to_owned(), named, holder, may_order: false, accounts: Vec::new() };
        let hello = match block_on(daemon.exchange(&json!({"do": "hello"}), Some(PATIENCE))) {
            Ok(told) => told?,
            Err(refusal) => return Err(Silent::Refused(refusal)),
        };
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        daemon.may_order = text(&hello, "role").as_deref() == Some("read-write");
        let accounts = hello.get("accounts").and_then(Value::as_array);
        daemon.accounts = accounts
            .into_iter()
            .flatten()
            .filter_map(|account| {
                Some(Served {
                    name: text(account, "name")?,
                    host: text(account, "host")?,
                    login: text(account, "login")?,
                    environment: text(account, "environment")?,
                    journal: text(account, "journal_file").map(PathBuf::from),
                })
            })
            .collect();
        Ok(daemon)
    }

    pub(crate) const fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Asks something that is answered at once, and gives what is told.
    pub(crate) fn ask(&self, request: &Value) -> Result<Value, Refusal> {
        block_on(self.tell(request, Some(PATIENCE)))?
    }

    /// The same, within this time, if any.
    pub(crate) async fn tell(&self, request: &Value, patience: Option<Duration>) -> Result<Value, Refusal> {
        self.exchange(request, patience).await.map_err(|silent| match silent {
            Silent::Refused(refusal) => refusal,
            Silent::Absent => {
                let what = format!("nobody listens at `{}` any more", shown(&self.path));
                Refusal::new(STAGE, what).exit(Exit::NotSent)
            }
        })
    }

    async fn exchange(&self, request: &Value, patience: Option<Duration>) -> Result<Value, Silent> {
        let path = shown(&self.path);
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => Silent::Absent,
            _ => Silent::Refused(
                Refusal::new(STAGE, format!("`{path}` cannot be asked")).because(error).exit(Exit::NotSent),
            ),
        };
        let stream = UnixStream::connect(&self.path).await.map_err(failed)?;
        self.trust(&stream)?;
        let broken = |why: &str| {
            Silent::Refused(Refusal::new(STAGE, format!("`{path}`: {why}")).exit(Exit::Temporary))
        };
        let mut stream = BufReader::new(stream);
        let line = async {
            let mut line = Vec::new();
            // What has said no more than `busy` may have closed already, and is read all the same.
            let _ = stream.get_mut().write_all(format!("{request}\n").as_bytes()).await;
            (&mut stream).take(MAX_ANSWER).read_until(b'\n', &mut line).await.map(|_| line)
        };
        let line = match patience {
            Some(patience) => timeout(patience, line).await.map_err(|_| broken("no answer in time"))?,
            None => line.await,
        };
        let line = line.map_err(failed)?;
        let answer: Value =
            serde_json::from_slice(&line).map_err(|_| broken("it has ended without an answer"))?;
        let Value::Object(mut answer) = answer else { return Err(broken("it answers something else")) };
        match (answer.remove("ok"), answer.get("error")) {
            (Some(told), None) => Ok(told),
            (None, Some(error)) => Err(Silent::Refused(refusal(error))),
            _ => Err(broken("it answers something else")),
        }
    }

    /// Nobody may put a socket where orders are sent to, and be believed.
    fn trust(&self, stream: &UnixStream) -> Result<(), Silent> {
        let path = shown(&self.path);
        let not = |why: String| {
            let what = format!("`{path}`: {why}: it is told nothing");
            Silent::Refused(Refusal::new(STAGE, what).exit(Exit::NotSent))
        };
        let peer = stream.peer_cred().map_err(|_| not("nobody says who listens there".to_owned()))?;
        let (uid, own) = (peer.uid(), rustix::process::geteuid().as_raw());
        if uid == 0 || uid == own {
            return Ok(());
        }
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = std::fs::metadata(directory.unwrap_or_else(|| Path::new(".")));
        // Where others may write, others may have put it there.
        let guarded = directory.as_ref().is_ok_and(|directory| directory.mode() & 0o002 == 0);
        let its_own =
            directory.is_ok_and(|directory| directory.uid() == uid && directory.mode() & 0o022 == 0);
        let has_account =
            self.holder.is_some() && peer.pid().and_then(|pid| u32::try_from(pid).ok()) == self.holder;
        if its_own || guarded && has_account {
            return Ok(());
        }
        Err(not(format!(
            "user {uid} listens there, who is neither root nor you, nor the owner of its directory alone"
        )))
    }

    /// For a line that is ready to copy: how this account is meant.
    pub(crate) fn reach(&self, served: &Served) -> String {
        let mut words = Vec::new();
        if self.named {
            let path = word(&self.path.to_string_lossy()).unwrap_or_else(|| "…".to_owned());
            words.push(format!("--socket {path}"));
        }
        if self.accounts.len() > 1 {
            words.push(format!("--account {}", word(&served.name).unwrap_or_else(|| "…".to_owned())));
        }
        words.join(" ")
    }
}

impl Served {
    /// Whether it writes this journal.
    pub(crate) fn has_journal(&self, file: &Path) -> bool {
        let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
            (Ok(a), Ok(b)) => a == b,
            _ => false,
        };
        self.journal.as_ref().is_some_and(|journal| same(journal, file))
    }
}

/// A request of this command, for an account if one is named.
pub(crate) fn request(command: &str, account: Option<&str>) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("do".to_owned(), json!(command));
    if let Some(account) = account {
        map.insert("account".to_owned(), json!(account));
    }
    map
}

/// What a daemon says against it.
fn refusal(error: &Value) -> Refusal {
    let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
    let exit = match text("kind") {
        "request" | "denied" => Exit::Usage,
        "not-found" => Exit::No,
        "busy" | "idle" | "ending" => Exit::Temporary,
        _ => Exit::NotSent,
    };
    Refusal::new(STAGE, escape(text("text"))).exit(exit)
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}
