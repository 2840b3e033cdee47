//! A session on a blocking socket, without tokio: whoever has bytes and a clock can drive one.
//!
//! ```sh
//! cargo run --example session_without_io --features sim-server
//! ```
//!
//! Of this crate it needs no feature; `sim-server` is for the registry on the other end, which runs in a thread.

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rrp::DomainName;
use rrp::command::{self, Add, Check, Command, ToCommand};
use rrp::session::{Config, Event, Session};

fn main() -> Result<(), Box<dyn Error>> {
    let stream = TcpStream::connect(registry()?)?;
    let login = command::Session::login("registrar", "i-am-it".to_owned())?;
    let mut client = Client { session: Session::new(Config::new(login), now())?, stream };
    let name: DomainName = "example.com".parse()?;
    client.until(|event| matches!(event, Event::LoggedIn { .. }))?;
    client.send(Check::domain(&name).to_command())?;
    client.send(Add::domain(&name).to_command())?;
    client.send(Check::domain(&name).to_command())?;
    client.session.quit(now());
    client.until(|event| matches!(event, Event::Ended(end) if end.is_orderly()))
}

struct Client {
    session: Session,
    stream: TcpStream,
}

impl Client {
    fn send(&mut self, command: Command) -> Result<(), Box<dyn Error>> {
        println!("{}", command.name());
        let id = self.session.submit(command, now())?;
        self.until(|event| matches!(event, Event::Done { id: done, .. } if *done == id))
    }

    /// Does what the session wants, until something happens.
    fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Result<(), Box<dyn Error>> {
        loop {
            while let Some(event) = self.session.poll_event() {
                println!("  {event:?}");
                if wanted(&event) {
                    return Ok(());
                }
            }
            if self.session.has_ended() {
                return Err("the session has ended".into());
            }
            if self.session.wants_check() {
                self.check()?;
            } else if let Some(bytes) = self.session.poll_output() {
                // From here on the command counts as handed over: if this fails, nobody knows what has arrived.
                match self.stream.write_all(&bytes) {
                    Ok(()) => self.session.handle_flushed(now()),
                    Err(error) => self.session.handle_error(error),
                }
            } else {
                let due = self.session.poll_timeout();
                let left = due.map(|due| due.saturating_duration_since(now()));
                // A timeout of zero would be none.
                self.stream.set_read_timeout(left.map(|left| left.max(Duration::from_millis(1))))?;
                self.read();
                self.session.handle_timeout(now());
            }
        }
    }

    /// Before a write: is anything there to be read? A registry that closes an idle session says so on it, and a command
    /// that is sent all the same is lost, and nobody knows whether it was executed.
    fn check(&mut self) -> Result<(), Box<dyn Error>> {
        self.stream.set_nonblocking(true)?;
        if !self.read() {
            self.session.handle_checked(now());
        }
        self.stream.set_nonblocking(false)?;
        Ok(())
    }

    /// Reads what is there; `false` if nothing is, for now.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4_096];
        match self.stream.read(&mut bytes) {
            Ok(0) => self.session.handle_eof(now()),
            Ok(read) => self.session.handle_input(bytes.get(..read).unwrap_or_default(), now()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return false;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => self.session.handle_error(error),
        }
        true
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever owns the connection has a clock")]
fn now() -> Instant {
    Instant::now()
}

/// A simulated registry in a thread of its own, which ends with the program.
fn registry() -> Result<SocketAddr, mpsc::RecvError> {
    use rrp::sim::server::{Listen, Server};
    use rrp::sim::{Config, Registrar, Registry};

    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let config = Config::new().registrar(Registrar::new("registrar", "i-am-it"));
            let listen = Listen::plain(SocketAddr::from(([127, 0, 0, 1], 0)));
            let server = Server::start(Registry::new(config, Server::now()), listen).await?;
            // If nobody listens any more, the program has ended.
            let _ = tell.send(server.address());
            std::future::pending().await
        })
    });
    told.recv()
}
