//! A daemon, a simulated registry and local clients in one process and one thread.

use std::io;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rrp::daemon::{Config, Control, Hooks, RunError, Surroundings, run};
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Change, Effect, Fault, Registrar, Registry, Trigger};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub(crate) const PROMPTS: &str = "login:password:";

/// How a daemon is to be.
pub(crate) struct Setup {
    pub(crate) registry: sim::Config,
    /// Lines of the account.
    pub(crate) account: String,
    /// Lines of each of the users, `desk` and `batch`.
    pub(crate) users: String,
    pub(crate) limits: String,
    /// In a file, or in memory: what is written to a file takes time that no paused clock knows of.
    pub(crate) durable: bool,
    pub(crate) wrong_password: bool,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let today = sim::Stamp::midnight(1970, 1, 1).after(since);
        let registrar = Registrar::new("registrar", "password");
        Self {
            registry: sim::Config::new().registrar(registrar).start_date(today),
            account: String::new(),
            users: String::new(),
            limits: String::new(),
            durable: true,
            wrong_password: false,
        }
    }

    pub(crate) fn in_memory() -> Self {
        Self { durable: false, ..Self::new() }
    }

    pub(crate) fn account(mut self, lines: &str) -> Self {
        self.account.push_str(lines);
        self.account.push('\n');
        self
    }

    pub(crate) fn users(mut self, lines: &str) -> Self {
        self.users.push_str(lines);
        self.users.push('\n');
        self
    }

    pub(crate) fn limits(mut self, lines: &str) -> Self {
        self.limits.push_str(lines);
        self.limits.push('\n');
        self
    }

    pub(crate) async fn start(self) -> Daemon {
        let registry = Registry::new(self.registry.clone(), Server::now());
        let registry = Server::start(registry, Listen::plain("127.0.0.1:0".parse().unwrap())).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        // Nobody else takes it in the blink of an eye.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let tcp = free.local_addr().unwrap().port();
        drop(free);
        let (control, task) = Daemon::run(self.config(directory.path(), &registry, tcp));
        let daemon = Daemon { directory, registry, control, task, tcp, setup: self };
        daemon.ready().await;
        daemon
    }

    pub(crate) fn config(&self, directory: &Path, registry: &Server, tcp: u16) -> Config {
        let path = directory.display();
        let journal = if self.durable { format!("{path}/main.redb") } else { "memory".to_owned() };
        let Self { account, users, limits, .. } = self;
        let negatives = if account.contains("negatives") { "" } else { "negatives = ['0s', '0s', '10ms']" };
        let text = format!(
            "drain = '10s'\n[limits]\n{limits}\n[[listen]]\nunix = '{path}/front.sock'\n[[listen]]\n\
             tcp = '127.0.0.1:{tcp}'\n[user.desk]\npassword-env = 'SECRET'\n{users}\n[user.batch]\n\
             password-env = 'SECRET'\n{users}\n[account.main]\nserver = '{}'\nlogin = 'registrar'\n\
             password-env = 'PASSWORD'\nplain = true\nrate = 'unlimited'\njournal = '{journal}'\n\
             lock = '{path}'\n{negatives}\n{account}\n",
            registry.address()
        );
        let password = if self.wrong_password { "wrong" } else { "password" };
        let surroundings = Surroundings::none().variable("SECRET", "secret").variable("PASSWORD", password);
        Config::parse(&text, "test.toml", &surroundings).unwrap()
    }
}

pub(crate) struct Daemon {
    pub(crate) directory: TempDir,
    pub(crate) registry: Server,
    pub(crate) control: mpsc::Sender<Control>,
    pub(crate) task: JoinHandle<Result<(), RunError>>,
    tcp: u16,
    setup: Setup,
}

impl Daemon {
    pub(crate) async fn start() -> Self {
        Setup::new().start().await
    }

    fn run(config: Config) -> (mpsc::Sender<Control>, JoinHandle<Result<(), RunError>>) {
        let (control, asked) = mpsc::channel(2);
        (control, tokio::spawn(run(config, Hooks::default(), asked)))
    }

    async fn ready(&self) {
        while TcpStream::connect(("127.0.0.1", self.tcp)).await.is_err() || !self.path().exists() {
            assert!(!self.task.is_finished(), "the daemon has not begun");
            tokio::task::yield_now().await;
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("front.sock")
    }

    /// Ends, and begins again with the same journal and the same registry.
    pub(crate) async fn restart(mut self) -> Self {
        self.control.send(Control::Drain).await.unwrap();
        (&mut self.task).await.unwrap().unwrap();
        let config = self.setup.config(self.directory.path(), &self.registry, self.tcp);
        (self.control, self.task) = Self::run(config);
        self.ready().await;
        self
    }

    /// By a unix socket.
    pub(crate) async fn connect(&self) -> Local {
        Local(Socket::Unix(UnixStream::connect(self.path()).await.unwrap()))
    }

    pub(crate) async fn connect_by_tcp(&self) -> Local {
        Local(Socket::Tcp(TcpStream::connect(("127.0.0.1", self.tcp)).await.unwrap()))
    }

    pub(crate) async fn log_in(&self, user: &str) -> Local {
        self.connect().await.logged_in(user).await
    }

    pub(crate) async fn log_in_by_tcp(&self, user: &str) -> Local {
        self.connect_by_tcp().await.logged_in(user).await
    }

    /// What has reached the registry, but for its sessions: commands and their objects, in order.
    pub(crate) fn reached(&self) -> Vec<String> {
        let registry = self.registry.registry();
        let told: Vec<String> = registry
            .ledger()
            .entries()
            .iter()
            .filter(|entry| entry.change() != Change::Session && entry.command() != "session")
            .map(|entry| format!("{} {}", entry.command().to_ascii_lowercase(), entry.object()))
            .collect();
        // What was not even understood is counted, too; and so is a QUIT.
        let quits = registry.ledger().entries().iter().filter(|entry| entry.command() == "quit").count();
        assert_eq!(usize::try_from(registry.commands()).unwrap(), told.len() + quits, "{told:?}");
        told
    }

    pub(crate) fn changes(&self, change: Change, object: &str) -> usize {
        self.registry.registry().ledger().changes(change, object)
    }

    /// Until the registry has made so many such changes.
    pub(crate) async fn until(&self, change: Change, object: &str, times: usize) {
        let since = Instant::now();
        while self.changes(change, object) < times {
            assert!(since.elapsed() < Duration::from_secs(60), "{object} stays as it is");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn fault(&self, command: &str, effect: Effect) {
        self.add(Fault::on(Trigger::Command(command.to_owned())).then(effect));
    }

    pub(crate) fn add(&self, fault: Fault) {
        self.registry.registry().faults().add(fault);
    }

    /// Drains it.
    pub(crate) async fn end(self) -> Server {
        self.control.send(Control::Drain).await.unwrap();
        self.task.await.unwrap().unwrap();
        assert!(!self.directory.path().join("front.sock").exists());
        assert_eq!(self.registry.registry().sessions("registrar"), 0);
        self.registry
    }
}

enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// A local client.
pub(crate) struct Local(Socket);

impl Local {
    pub(crate) async fn logged_in(mut self, user: &str) -> Self {
        self.send(format!("{user}\nsecret\n")).await;
        assert_eq!(self.read(PROMPTS.len()).await, PROMPTS);
        self
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.write_all(bytes.as_ref()).await.unwrap();
    }

    /// A `[COMMAND]` block of these lines.
    pub(crate) async fn request(&mut self, lines: &str) {
        self.send(format!("[COMMAND]\n{lines}\nEOF\n")).await;
    }

    pub(crate) async fn ask(&mut self, lines: &str) -> String {
        self.request(lines).await;
        self.reply().await
    }

    pub(crate) async fn read(&mut self, bytes: usize) -> String {
        let mut told = vec![0; bytes];
        self.read_exact(&mut told).await.unwrap();
        String::from_utf8(told).unwrap()
    }

    /// Up to and with the next `EOF`.
    pub(crate) async fn reply(&mut self) -> String {
        let mut told = Vec::new();
        while !told.ends_with(b"\nEOF\n") {
            match self.read_u8().await {
                Ok(byte) => told.push(byte),
                Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&told)),
            }
        }
        String::from_utf8(told).unwrap()
    }

    /// All that comes until the daemon closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut told = Vec::new();
        loop {
            let mut chunk = [0; 4_096];
            match AsyncReadExt::read(self, &mut chunk).await {
                Ok(0) => break,
                Ok(read) => told.extend_from_slice(&chunk[..read]),
                // It has closed, and we had said more.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
                Err(error) => panic!("{error}"),
            }
        }
        String::from_utf8(told).unwrap()
    }

    /// Ends without a goodbye: TCP by a reset, a unix socket by being gone.
    pub(crate) fn reset(self) {
        if let Socket::Tcp(tcp) = &self.0 {
            socket2::SockRef::from(tcp).set_linger(Some(Duration::ZERO)).unwrap();
        }
    }

    /// Waits until there is something to read, and leaves it there.
    pub(crate) async fn readable(&self) {
        let socket = match &self.0 {
            Socket::Unix(unix) => socket2::SockRef::from(unix),
            Socket::Tcp(tcp) => socket2::SockRef::from(tcp),
        };
        while socket.peek(&mut [MaybeUninit::uninit()]).is_err() {
            tokio::task::yield_now().await;
        }
    }
}

impl AsyncRead for Local {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Socket::Unix(unix) => Pin::new(unix).poll_read(cx, buf),
            Socket::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Local {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Socket::Unix(unix) => Pin::new(unix).poll_write(cx, buf),
            Socket::Tcp(tcp) => Pin::new(tcp).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Socket::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
            Socket::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
        }
    }
}

/// Awaits this while a paused clock stands still: loopback is quick, and yet not always there at once.
pub(crate) async fn at_once<T>(what: impl Future<Output = T>) -> T {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    // The clock of a runtime does not go by itself while there is such a task.
    let task = tokio::task::spawn_blocking(move || wait.recv().is_ok());
    let got = what.await;
    drop(done);
    task.await.unwrap();
    got
}

pub(crate) fn code(reply: &str) -> &str {
    reply.lines().find_map(|line| line.strip_prefix("code")?.split('=').nth(1)).unwrap_or_default().trim()
}

/// Asserts that it is one of our own, with this code.
#[track_caller]
pub(crate) fn assert_own(reply: &str, wanted: &str) {
    assert!(
        code(reply) == wanted && reply.contains("property[rrp-origin][0] = local\n"),
        "{wanted}: {reply}"
    );
}

/// Numbers that look like chance, and are the same every time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }
}
