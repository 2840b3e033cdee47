//! A simulated registry to serve an account of, in a directory of its own.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use rrp::sim::server::{Listen, Server};
use rrp::sim::{Config, Registrar, Registry, Stamp};

use super::STAGE;
use crate::exit::Exit;
use crate::failure::Refusal;
use crate::journal::wall;
use crate::ledger;

const LOGIN: &str = "registrar";
const USER: &str = "demo";

/// A registry that only plays, and where the daemon of its account lives.
pub(super) struct Rehearsal {
    server: Server,
    directory: PathBuf,
}

impl Drop for Rehearsal {
    fn drop(&mut self) {
        // It is ours alone, and was made for this.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Rehearsal {
    pub(super) async fn begin() -> Result<Self, Refusal> {
        let refused = |what: &'static str| {
            move |error: std::io::Error| Refusal::new(STAGE, what).because(error).exit(Exit::NotSent)
        };
        let today = Stamp::midnight(1970, 1, 1).after(Duration::from_millis(wall()));
        let config = Config::new().registrar(Registrar::new(LOGIN, "password")).start_date(today);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server =
            Server::start(Registry::new(config, Server::now()), Listen::tls(address)).await.map_err(
                |error| Refusal::new(STAGE, "the registry does not start").because(error).exit(Exit::NotSent),
            )?;
        let directory = std::env::temp_dir().join(format!("rrp-serve-{}", std::process::id()));
        {
            use std::os::unix::fs::DirBuilderExt;
            fs::DirBuilder::new()
                .mode(0o700)
                .create(&directory)
                .map_err(refused("no directory to live in"))?;
        }
        let rehearsal = Self { server, directory };
        let write = |name: &str, content: &str| fs::write(rehearsal.directory.join(name), content);
        write("ca.pem", rehearsal.server.authority().unwrap_or_default())
            .and_then(|()| write("registry.password", "password"))
            .and_then(|()| write("user.password", USER))
            .map_err(refused("the directory cannot be written"))?;
        Ok(rehearsal)
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).to_string_lossy().into_owned()
    }

    /// What the daemon is told to do.
    pub(super) fn config(&self) -> String {
        let quoted = |name: &str| format!("{:?}", self.path(name));
        format!(
            "[[listen]]\nunix = {}\n\n[admin]\nsocket = {}\n\n[account.simulated]\nserver = \"{}\"\n\
             login = \"{LOGIN}\"\npassword-file = {}\nca-file = {}\nrate = \"unlimited\"\njournal = {}\nlock = {:?}\n\n\
             [user.{USER}]\npassword-file = {}\n",
            quoted("front.sock"),
            quoted("admin.sock"),
            self.server.address(),
            quoted("registry.password"),
            quoted("ca.pem"),
            quoted("journal.redb"),
            self.directory,
            quoted("user.password"),
        )
    }

    /// How to talk to it.
    pub(super) fn tell(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let (front, admin) = (self.path("front.sock"), self.path("admin.sock"));
        writeln!(
            out,
            "A daemon serves the account `{LOGIN}` of a simulated registry on {}. It forgets everything at its end (Ctrl-C).\n\n\
             A backend's request, by user `{USER}` with the password `{USER}`:\n  \
             printf '{USER}\\n{USER}\\n[COMMAND]\\ncommand=AddDomain\\ndomain=example.com\\nperiod=1\\nEOF\\nquit\\n' | nc -U {front}\n\n\
             What goes on:\n  rrp admin --socket {admin} pools\n\n\
             Its configuration, to begin from:\n",
            self.server.address(),
        )?;
        for line in self.config().lines() {
            writeln!(out, "  {line}")?;
        }
        writeln!(out)?;
        out.flush()
    }

    /// What the registry has executed.
    pub(super) fn conclude(&self, out: &mut dyn Write) -> std::io::Result<()> {
        ledger::print(self.server.registry().ledger(), LOGIN, out)
    }
}
