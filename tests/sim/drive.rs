//! Drives a registry by virtual time.

use std::time::{Duration, Instant};

use rrp::sim::{Action, Close, Config, ConnectionId, Registrar, Registry, Stamp};

/// The moment at which a test begins.
pub fn base() -> Instant {
    // Any will do: everything is counted from it.
    tokio::time::Instant::now().into_std()
}

pub fn config() -> Config {
    Config::new()
        .registrar(Registrar::new("registrarA", "i-am-registrarA"))
        .registrar(Registrar::new("registrarB", "i-am-registrarB"))
        .start_date(Stamp::parse("1999-09-22 10:27:00.0").unwrap())
}

/// A registry, a moment, and one connection.
pub struct Client {
    pub registry: Registry,
    pub now: Instant,
    pub id: ConnectionId,
    /// What was received and not yet asked for.
    pub received: Vec<u8>,
    pub closed: Option<Close>,
}

impl Client {
    /// Connected, the greeting read.
    pub fn connect(config: Config) -> Self {
        let now = base();
        let mut registry = Registry::new(config, now);
        let id = registry.connect(now);
        let mut client = Self { registry, now, id, received: Vec::new(), closed: None };
        client.wait_for_bytes();
        client.received.clear();
        client
    }

    /// Logged in as registrarA.
    pub fn new(config: Config) -> Self {
        let mut client = Self::connect(config);
        client.log_in("registrarA");
        client
    }

    pub fn log_in(&mut self, registrar: &str) {
        self.send(&format!("session\n-Id:{registrar}\n-Password:i-am-{registrar}\n."));
        self.wait_for_bytes();
        let reply = self.take();
        assert_eq!(reply, "200 Command completed successfully\r\n.\r\n");
    }

    /// Another connection, logged in as somebody, in place of this one, which stays open.
    pub fn switch(&mut self, registrar: &str) -> ConnectionId {
        let before = self.id;
        self.reconnect();
        self.log_in(registrar);
        before
    }

    /// Another connection in place of this one, the greeting read.
    pub fn reconnect(&mut self) {
        self.id = self.registry.connect(self.now);
        self.closed = None;
        self.wait_for_bytes();
        self.received.clear();
    }

    /// Goes on to the moment at which something comes.
    fn wait_for_bytes(&mut self) {
        self.settle();
        while self.received.is_empty() && self.closed.is_none() {
            self.now = self.registry.poll_timeout().expect("nothing will ever come");
            self.settle();
        }
    }

    /// Takes all that is due at this moment.
    pub fn settle(&mut self) {
        while let Some((id, action)) = self.registry.poll(self.now) {
            if id != self.id {
                continue;
            }
            assert_eq!(self.closed, None, "an action behind the end: {action:?}");
            match action {
                Action::Send(bytes) => self.received.extend_from_slice(&bytes),
                Action::Close(close) => self.closed = Some(close),
                _ => unreachable!(),
            }
        }
    }

    pub fn send(&mut self, text: &str) {
        let bytes = format!("{}\r\n", text.replace('\n', "\r\n"));
        self.registry.receive(self.id, bytes.as_bytes(), self.now);
        self.settle();
    }

    /// What came, as text.
    pub fn take(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.received)).unwrap()
    }

    /// Sends lines, and returns what comes at once.
    pub fn ask(&mut self, text: &str) -> String {
        self.send(text);
        self.take()
    }

    /// The code of the answer to an RRP command.
    pub fn code(&mut self, text: &str) -> u16 {
        let reply = self.ask(&format!("{text}\n."));
        reply.get(..3).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("`{text}`: {reply:?}"))
    }

    /// The answer to a PTF command of these lines.
    pub fn ptf(&mut self, lines: &str) -> Ptf {
        Ptf(self.ask(&format!("[COMMAND]\n{lines}\nEOF")))
    }

    pub fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.settle();
    }
}

/// A PTF answer, as text.
#[derive(Debug)]
pub struct Ptf(pub String);

impl Ptf {
    pub fn code(&self) -> u16 {
        self.0
            .lines()
            .find_map(|line| line.strip_prefix("code = "))
            .unwrap_or_else(|| panic!("{self:?}"))
            .parse()
            .unwrap()
    }

    /// The values of a property, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let prefix = format!("property[{name}][");
        self.0.lines().filter_map(|line| Some(line.strip_prefix(&prefix)?.split_once(" = ")?.1)).collect()
    }

    pub fn one(&self, name: &str) -> &str {
        let all = self.all(name);
        assert_eq!(all.len(), 1, "{name} in {self:?}");
        all[0]
    }
}
