//! A simulated registry to serve an account of, in a directory of its own.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rrp::sim::server::{Listen, Server};
use rrp::sim::{Config, Registrar, Registry, Stamp};

use super::STAGE;
use crate::exit::Exit;
use crate::failure::Refusal;
use crate::journal::wall;
use crate::ledger;
use crate::look::word;
use crate::nest::Nest;

const LOGIN: &str = "registrar";
const USER: &str = "demo";

/// A registry that only plays, and where the daemon of its account lives.
pub(super) struct Rehearsal {
    server: Server,
    nest: Nest,
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
        let nest = Nest::new().map_err(refused("no directory to live in"))?;
        nest.write("ca.pem", server.authority().unwrap_or_default())
            .and_then(|()| nest.write("registry.password", "password"))
            .and_then(|()| nest.write("user.password", USER))
            .map_err(refused("the directory cannot be written"))?;
        Ok(Self { server, nest })
    }

    fn path(&self, name: &str) -> String {
        self.nest.path(name).to_string_lossy().into_owned()
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
            self.nest.directory(),
            quoted("user.password"),
        )
    }

    /// How to talk to it.
    pub(super) fn tell(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let quoted = |name| word(&self.path(name)).unwrap_or_else(|| "…".to_owned());
        let (front, admin) = (quoted("front.sock"), quoted("admin.sock"));
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
            writeln!(out, "{}", format!("  {line}").trim_end())?;
        }
        writeln!(out)?;
        out.flush()
    }

    /// What the registry has executed.
    pub(super) fn conclude(&self, out: &mut dyn Write) -> std::io::Result<()> {
        ledger::print(self.server.registry().ledger(), LOGIN, out)
    }
}
