//! A session on scripted bytes, with a clock that moves only when it is told to.

use std::io;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rrp::command::{Add, Check, Command, PtfCommand, Session as Login, ToCommand};
use rrp::session::{Config, End, Event, Fate, Session, Stage, Why};
use rrp::{DomainName, Reply};

/// Has none of the marks of a secret itself, and is a password in either dialect.
pub(crate) const PASSWORD: &str = "pl4nted";
pub(crate) const NEW_PASSWORD: &str = "n3wly-pl4nted";

pub(crate) const GREETING: &str = "Example RRP Server version 1.1.0\r\nMon Oct 25 20:20:34 EDT 1999\r\n.\r\n";
pub(crate) const LOGIN: &str = "session\r\n-Id:registrar\r\n-Password:pl4nted\r\n.\r\n";
pub(crate) const OK: &str = "200 Command completed successfully\r\n.\r\n";
pub(crate) const QUIT: &str = "quit\r\n.\r\n";
pub(crate) const BYE: &str = "220 Command completed successfully. Server closing connection\r\n.\r\n";
pub(crate) const TIMED_OUT: &str =
    "520 Server closing connection. Client should try opening new connection\r\n.\r\n";
pub(crate) const DESCRIBE: &str = "describe\r\n.\r\n";

/// One instant to count from.
pub(crate) fn base() -> Instant {
    static BASE: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "an instant comes from nowhere else; nothing waits for it")]
    *BASE.get_or_init(Instant::now)
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn login() -> Login {
    Login::login("registrar", PASSWORD).unwrap()
}

/// A login that changes the password.
pub(crate) fn changing() -> Login {
    login().new_password(NEW_PASSWORD).unwrap()
}

fn domain() -> DomainName {
    "example.com".parse().unwrap()
}

/// A query in RRP.
pub(crate) fn check() -> Command {
    Check::domain(&domain()).to_command()
}

/// A change in RRP.
pub(crate) fn add() -> Command {
    Add::domain(&domain()).to_command()
}

/// A PTF command of this name about a domain.
pub(crate) fn ptf(name: &str) -> Command {
    Command::new(PtfCommand::new(name).unwrap().param("domain", "example.com").unwrap())
}

/// A bare reply of RRP.
pub(crate) fn rrp(code: u16) -> String {
    let text = rrp::ReturnCode::from_u16(code).unwrap().info().map_or("", |info| info.text());
    format!("{code} {text}\r\n.\r\n")
}

/// A bare PTF block.
pub(crate) fn block(code: u16) -> String {
    let text = rrp::ReturnCode::from_u16(code).unwrap().info().map_or("", |info| info.text());
    format!("[RESPONSE]\r\ncode = {code}\r\ndescription = {text}\r\nEOF\r\n")
}

/// Where a session can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Greeting,
    /// The login waits for its owner.
    Greeted,
    LoginCheck,
    LoginChecked,
    LoginWrite,
    LoginWait,
    LoginReply,
    Idle,
    /// Idle, and something unexpected has begun to arrive.
    Doomed,
    Check,
    Checked,
    Write,
    Wait,
    Reply,
    AliveCheck,
    AliveWrite,
    AliveWait,
    QuitCheck,
    QuitWrite,
    QuitWait,
    Ended,
}

impl At {
    pub(crate) const ALL: [Self; 21] = [
        Self::Greeting,
        Self::Greeted,
        Self::LoginCheck,
        Self::LoginChecked,
        Self::LoginWrite,
        Self::LoginWait,
        Self::LoginReply,
        Self::Idle,
        Self::Doomed,
        Self::Check,
        Self::Checked,
        Self::Write,
        Self::Wait,
        Self::Reply,
        Self::AliveCheck,
        Self::AliveWrite,
        Self::AliveWait,
        Self::QuitCheck,
        Self::QuitWrite,
        Self::QuitWait,
        Self::Ended,
    ];
}

/// A session, the time on its clock, and all that it handed to the transport.
pub(crate) struct Play {
    pub(crate) session: Session,
    pub(crate) now: Instant,
    pub(crate) sent: String,
}

impl Play {
    pub(crate) fn new(config: Config) -> Self {
        let now = base();
        Self { session: Session::new(config, now).unwrap(), now, sent: String::new() }
    }

    /// At the beginning, with the usual login.
    pub(crate) fn start() -> Self {
        Self::new(Config::new(login()))
    }

    /// Logged in; the events up to there are read.
    pub(crate) fn idle() -> Self {
        Self::at(At::Idle)
    }

    /// At this state, with a query as the command; what happened up to there is read.
    pub(crate) fn at(at: At) -> Self {
        Self::with(Config::new(login()), at, check())
    }

    pub(crate) fn with(config: Config, at: At, command: Command) -> Self {
        let mut play = Self::new(if at == At::Greeted { config.login_when_told() } else { config });
        play.go(at, command);
        play.events();
        play.sent.clear();
        play
    }

    fn go(&mut self, at: At, command: Command) {
        if at == At::Greeting {
            return;
        }
        self.input(GREETING);
        match at {
            At::Greeted | At::LoginCheck => return,
            At::LoginChecked => return self.checked(),
            At::LoginWrite => return self.hand_over(),
            _ => self.send(),
        }
        match at {
            At::LoginWait => return,
            At::LoginReply => return self.input("200 Comm"),
            _ => self.input(OK),
        }
        match at {
            At::Doomed => self.input("520 Serv"),
            At::Check | At::Checked | At::Write | At::Wait | At::Reply => {
                self.submit(command);
            }
            At::AliveCheck | At::AliveWrite | At::AliveWait => self.session.keep_alive(self.now).unwrap(),
            At::QuitCheck | At::QuitWrite | At::QuitWait => self.session.quit(self.now),
            At::Ended => self.session.abandon(),
            _ => {}
        }
        match at {
            At::Checked => self.checked(),
            At::Write | At::AliveWrite | At::QuitWrite => self.hand_over(),
            At::Wait | At::AliveWait | At::QuitWait | At::Reply => self.send(),
            _ => {}
        }
        if at == At::Reply {
            self.input("210 Domain na");
        }
    }

    pub(crate) fn input(&mut self, bytes: impl AsRef<[u8]>) {
        self.session.handle_input(bytes.as_ref(), self.now);
    }

    pub(crate) fn byte_by_byte(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref().chunks(1) {
            self.session.handle_input(byte, self.now);
        }
    }

    pub(crate) fn eof(&mut self) {
        self.session.handle_eof(self.now);
    }

    pub(crate) fn reset(&mut self) {
        self.session.handle_error(io::ErrorKind::ConnectionReset.into());
    }

    /// The clock goes on, and nothing looks at it.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// The clock goes on, and the session is told.
    pub(crate) fn wait(&mut self, time: Duration) {
        self.pass(time);
        self.session.handle_timeout(self.now);
    }

    /// How long until the session wants to be told the time.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.session.poll_timeout().map(|due| due - self.now)
    }

    #[track_caller]
    pub(crate) fn submit(&mut self, command: Command) {
        self.session.submit(command, self.now).unwrap();
    }

    pub(crate) fn checked(&mut self) {
        self.session.handle_checked(self.now);
    }

    /// Looks, and hands over what is to be handed over.
    pub(crate) fn hand_over(&mut self) {
        self.checked();
        while let Some(bytes) = self.session.poll_output() {
            assert!(!bytes.is_empty(), "nothing is handed over");
            self.sent.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The same, and all of it is written.
    pub(crate) fn send(&mut self) {
        self.hand_over();
        self.session.handle_flushed(self.now);
    }

    /// What was handed over since this was asked last.
    pub(crate) fn take_sent(&mut self) -> String {
        std::mem::take(&mut self.sent)
    }

    /// The stage, or `ended`.
    pub(crate) fn stage(&self) -> &'static str {
        if self.session.has_ended() { "ended" } else { self.session.stage().as_str() }
    }

    /// What has happened, in words.
    pub(crate) fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.session.poll_event()).map(|event| in_words(&event)).collect()
    }

    /// The one reply of the next event.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Reply {
        match self.session.poll_event() {
            Some(Event::Done { fate: Fate::Answered(reply), .. }) => reply,
            other => panic!("not answered: {other:?}"),
        }
    }

    /// Itself, after something has happened to it.
    pub(crate) fn also(mut self, happens: impl FnOnce(&mut Self)) -> Self {
        happens(&mut self);
        self
    }

    /// How it ended; all other events are passed over.
    #[track_caller]
    pub(crate) fn end(&mut self) -> End {
        std::iter::from_fn(|| self.session.poll_event())
            .find_map(|event| match event {
                Event::Ended(end) => Some(end),
                _ => None,
            })
            .expect("the session has ended")
    }
}

pub(crate) fn in_words(event: &Event) -> String {
    match event {
        Event::Greeted(_) => "greeted".to_owned(),
        Event::LoggedIn { reply, password_changed: false } => format!("logged in {}", reply.code()),
        Event::LoggedIn { reply, password_changed: true } => format!("password changed {}", reply.code()),
        Event::Done { id, fate: Fate::Unsent(_) } => format!("{id} unsent"),
        Event::Done { id, fate: Fate::Answered(reply) } => format!("{id} answered {}", reply.code()),
        Event::Done { id, fate: Fate::Unanswered } => format!("{id} unanswered"),
        Event::KeptAlive { reply, proven: true } => format!("proven {}", reply.code()),
        Event::KeptAlive { reply, proven: false } => format!("unproven {}", reply.code()),
        Event::Ended(end) => {
            let doubt = if end.password_in_doubt() { ", password in doubt" } else { "" };
            format!("ended at {}: {}{doubt}", end.stage(), why(end))
        }
        other => panic!("an event without words: {other:?}"),
    }
}

/// What ended it, in words.
pub(crate) fn why(end: &End) -> String {
    let code = end.code().map_or(0, |code| code.as_u16());
    match end.why() {
        Why::Quit => "quit".to_owned(),
        Why::Abandoned => "abandoned".to_owned(),
        Why::Closing(_) => format!("closing {code}"),
        Why::LoginRefused(_) => format!("refused {code}"),
        Why::LoginLost(_) => format!("lost {code}"),
        Why::InsteadOfGreeting(_) => format!("instead of greeting {code}"),
        Why::Unsolicited(_) => format!("unsolicited {code}"),
        Why::Noise => "noise".to_owned(),
        Why::Early(_) => format!("early {code}"),
        Why::Surplus(_) => format!("surplus behind {code}"),
        Why::OutOfStep(_) => format!("out of step {code}"),
        Why::Malformed(_) => "malformed".to_owned(),
        Why::Frame(_) => "limit".to_owned(),
        Why::Incomplete { bytes } => format!("incomplete {bytes}"),
        Why::Eof => "eof".to_owned(),
        Why::Transport(_) => "transport".to_owned(),
        Why::Timeout => "timeout".to_owned(),
        other => panic!("a cause without words: {other:?}"),
    }
}

/// The stage of a state, as its end tells it.
pub(crate) fn stage_of(at: At) -> Stage {
    match at {
        At::Greeting => Stage::Greeting,
        At::Greeted => Stage::Greeted,
        At::LoginCheck | At::LoginChecked | At::LoginWrite | At::LoginWait | At::LoginReply => Stage::Login,
        At::Idle | At::Doomed => Stage::Idle,
        At::Check | At::Checked | At::AliveCheck => Stage::Check,
        At::Write | At::AliveWrite => Stage::Write,
        At::Wait | At::AliveWait => Stage::FirstByte,
        At::Reply => Stage::Reply,
        At::QuitCheck | At::QuitWrite | At::QuitWait => Stage::Quit,
        At::Ended => Stage::Ended,
    }
}
