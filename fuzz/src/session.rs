//! A session keeps its promises whatever happens to it, judged from outside: by what went in, and what came out.

use std::collections::VecDeque;
use std::io;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::BytesMut;
use rrp::command::session::Session as Login;
use rrp::command::{Command, Dialect, Effect, PtfCommand, RrpCommand};
use rrp::reply::{Reply, ReplyBuilder};
use rrp::session::{
    CommandId, Config, Deadlines, Event, Fate, Keepalive, NotReady, Remains, Session, Stage, Wait, Why,
};
use rrp::wire::deframe::{Grammar, Limits};
use rrp::{ReturnCode, wire};

use super::{assert_error_printable, assert_printable};

const PASSWORD: &str = "Pl4ntedS3cret";
const NEW_PASSWORD: &str = "N3wS3cretW0rd";
const GREETING: &[u8] = b"Example RRP Server version 1.1.0\r\nMon Oct 25 20:20:34 EDT 1999\r\n.\r\n";
const QUIT: &[u8] = b"quit\r\n.\r\n";
const MOST_STEPS: usize = 64;
const MOST_EVENTS: usize = 8;

/// Pieces of what a registry says, whole and torn.
const PIECES: [&str; 24] = [
    "200 Command completed successfully\r\n.\r\n",
    "200 ",
    "\r\n",
    "\n",
    ".",
    ".\r\n",
    "E",
    "EOF",
    "EOF\r\n",
    "eof\n.\n",
    " ",
    "a:b\r\n",
    "[RESPONSE]\r\n",
    "code = 200\r\n",
    "[RESPONSE]\r\ncode = 200\r\nEOF\r\n",
    "[RESPONSE]\r\ncode = 200\r\n.\r\n",
    "210 Domain name available\r\n.\r\n",
    "220 Command completed successfully. Server closing connection\r\n.\r\n",
    "420 Command failed due to server error. Server closing connection\r\n.\r\n",
    "520 Server closing connection\r\n.\r\n",
    "521 Too many sessions open. Server closing connection\r\n.\r\n",
    "530 Authentication failed\r\n.\r\n",
    "547 Invalid command sequence\r\n.\r\n",
    "541 Invalid attribute value; detail\r\n.\r\n",
];

/// How a session is set up, then steps: what happens to it. All is done twice, the second time byte by byte.
pub fn session(data: &[u8]) {
    let whole = run(data, false);
    let Ok((whole, blanks)) = whole else { return };
    let Ok((cut, _)) = run(data, true) else { panic!("the steps do not depend on the session") };
    // Of that many blanks on a line nobody can say before its end whether it is a stray one.
    if !blanks {
        assert_eq!(whole, cut, "another cut, another story");
    }
}

/// One instant to count from.
fn base() -> Instant {
    static BASE: OnceLock<Instant> = OnceLock::new();
    #[allow(clippy::disallowed_methods, reason = "an instant comes from nowhere else; nothing waits for it")]
    *BASE.get_or_init(Instant::now)
}

/// What came out, in words; and whether a line had so many blanks that its cut matters.
fn run(data: &[u8], cut: bool) -> Result<(Vec<String>, bool)> {
    let mut u = Unstructured::new(data);
    let mut run = Run::new(&mut u, cut)?;
    for _ in 0..MOST_STEPS {
        if u.is_empty() {
            break;
        }
        run.step(&mut u)?;
        run.always();
    }
    run.finish();
    Ok((run.story, run.blanks))
}

/// A command that was taken.
struct Taken {
    id: CommandId,
    wire: Vec<u8>,
    handed_over: bool,
}

/// When events are read, beside where a step says so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// After every step.
    Eager,
    /// Whenever something is handed over or submitted.
    Lazy,
    /// Never: they pile up, and less can be told from them.
    Never,
}

struct Run {
    session: Session,
    now: Instant,
    cut: bool,
    reading: Reading,
    dialect: Dialect,
    login: Vec<u8>,
    keepalive: &'static [u8],
    story: Vec<String>,
    /// All that was fed, and the position of the first byte that may belong to the reply that is waited for.
    input: Vec<u8>,
    reply_from: usize,
    /// The same if the reply is not one that comes to everybody.
    flushed_at: Option<usize>,
    blanks: bool,
    submitted: u64,
    taken: VecDeque<Taken>,
    checked: bool,
    outputs: usize,
    /// Something was handed over and is not answered (as far as events were read).
    awaiting: bool,
    quit_asked: bool,
    quit_sent: bool,
    greeted: bool,
    /// The login waits until it is told.
    waits: bool,
    logged_in: bool,
    ended: bool,
}

impl Run {
    fn new(u: &mut Unstructured<'_>, cut: bool) -> Result<Self> {
        let dialect = Dialect::arbitrary(u)?;
        let login = Login::login("registrar", PASSWORD).expect("a login");
        let changes = bool::arbitrary(u)?;
        let login = if changes { login.new_password(NEW_PASSWORD).expect("a login") } else { login };
        let mut text = format!("session\r\n-Id:registrar\r\n-Password:{PASSWORD}\r\n");
        if changes {
            text.push_str(&format!("-NewPassword:{NEW_PASSWORD}\r\n"));
        }
        text.push_str(".\r\n");
        let ptf = bool::arbitrary(u)? && dialect == Dialect::Xrrp;
        let keepalive = match ptf {
            true => &b"[COMMAND]\r\ncommand=Describe\r\nEOF\r\n.\r\n"[..],
            false => b"describe\r\n.\r\n",
        };
        let mut config = Config::new(login).dialect(dialect);
        if ptf {
            config = config.keepalive(Keepalive::PtfDescribe);
        }
        let after = u8::arbitrary(u)?;
        config = config.keepalive_after((after != 0).then(|| Duration::from_secs(u64::from(after) - 1)));
        if bool::arbitrary(u)? {
            let mut time = || u8::arbitrary(u).map(|time| Duration::from_millis(u64::from(time) * 100));
            let deadlines = Deadlines::DEFAULT
                .with_greeting(time()?)
                .with_login(time()?)
                .with_write(time()?)
                .with_query(Wait::new(time()?, time()?))
                .with_change(Wait::new(time()?, time()?))
                .with_quit(time()?);
            config = config.deadlines(deadlines);
        }
        if bool::arbitrary(u)? {
            config = config.limits(Limits::REPLY.with_line(128).with_frame(512).with_lines(16));
        }
        // The last three as the first, with a login that waits.
        let readings = [Reading::Eager, Reading::Lazy, Reading::Never];
        let choice = u.int_in_range(0..=5_usize)?;
        let waits = choice >= readings.len();
        if waits {
            config = config.login_when_told();
        }
        let now = base();
        Ok(Self {
            session: Session::new(config, now).expect("both dialects take it"),
            now,
            cut,
            reading: readings[choice % readings.len()],
            dialect,
            login: text.into_bytes(),
            keepalive,
            story: Vec::new(),
            input: Vec::new(),
            reply_from: 0,
            flushed_at: None,
            blanks: false,
            submitted: 0,
            taken: VecDeque::new(),
            checked: false,
            outputs: 0,
            awaiting: false,
            quit_asked: false,
            quit_sent: false,
            greeted: false,
            waits,
            logged_in: false,
            ended: false,
        })
    }

    fn step(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.int_in_range(0..=22_u8)? {
            0 => self.feed(GREETING),
            1 => self.feed(PIECES[0].as_bytes()),
            2 | 3 => self.feed(u.choose(&PIECES)?.as_bytes()),
            4 => self.feed(&built(u, Grammar::Rrp)?),
            5 => self.feed(&built(u, Grammar::Ptf)?),
            6 => {
                let len = u.int_in_range(0..=40)?;
                self.feed(u.bytes(len.min(u.len()))?);
            }
            7 => self.submit(Command::arbitrary(u)?),
            8 => self.submit(RrpCommand::new("check").expect("a verb").into()),
            9 => self.submit(PtfCommand::new("AddDomain").expect("a name").into()),
            10 => self.check(),
            11 => self.output(),
            12 => self.flushed(),
            13 | 14 => {
                self.check();
                self.output();
                self.flushed();
            }
            15 => self.wait(Duration::from_millis(u.int_in_range(0..=600_000)?)),
            16 => {
                let due = self.session.poll_timeout().map(|due| due.saturating_duration_since(self.now));
                let early = u8::arbitrary(u)? == 0;
                let due = due.unwrap_or_default();
                self.wait(if early { due.saturating_sub(Duration::from_nanos(1)) } else { due });
            }
            17 => {
                self.session.handle_eof(self.now);
                assert!(self.session.has_ended(), "nothing can follow");
            }
            18 => {
                self.session.handle_error(io::ErrorKind::ConnectionReset.into());
                assert!(self.session.has_ended(), "nothing can follow");
            }
            19 => {
                let idle = self.session.stage() == Stage::Idle;
                let asked = self.session.keep_alive(self.now);
                assert!(asked.is_err() || (idle && !self.quit_asked), "only when idle");
            }
            20 => {
                self.session.quit(self.now);
                self.quit_asked = true;
            }
            21 => self.read(),
            _ => {
                let due = self.session.stage() == Stage::Greeted;
                assert_eq!(self.session.log_in(self.now).is_ok(), due, "only a login that waits");
                assert!(!due || (self.waits && self.outputs == 0 && !self.quit_asked));
                self.waits &= !due;
            }
        }
        if self.reading == Reading::Eager {
            self.read();
        }
        Ok(())
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        if self.cut {
            bytes.chunks(1).for_each(|byte| self.session.handle_input(byte, self.now));
        } else {
            self.session.handle_input(bytes, self.now);
        }
        let blanks = |line: &[u8]| line.iter().take_while(|byte| b" \t\r".contains(byte)).count() > 60;
        self.blanks |= self.input.split(|byte| *byte == b'\n').any(blanks);
    }

    fn submit(&mut self, command: Command) {
        let ready = self.session.is_ready();
        let mut wire = BytesMut::new();
        let encoded = wire::encode(command.body(), self.dialect, &mut wire);
        match self.session.submit(command.clone(), self.now) {
            Ok(id) => {
                assert!(ready && encoded.is_ok() && !self.quit_asked);
                assert_ne!(command.nature().effect(), Effect::Session);
                assert_eq!(id.to_string(), self.submitted.to_string());
                if self.look() {
                    assert!(self.logged_in && self.taken.is_empty(), "two commands at once");
                }
                self.submitted += 1;
                self.taken.push_back(Taken { id, wire: wire.to_vec(), handed_over: false });
            }
            Err(rejected) => {
                assert_eq!(*rejected.command(), command, "given back as it was");
                assert_error_printable(&rejected);
                match rejected.cause() {
                    NotReady::OfTheSession => assert!(ready),
                    NotReady::Encode(_) => assert!(ready && encoded.is_err()),
                    NotReady::Ended => assert!(self.session.has_ended()),
                    _ => assert!(!ready && !self.session.has_ended()),
                }
            }
        }
    }

    /// Reads the events, unless they are to pile up.
    fn look(&mut self) -> bool {
        if self.reading != Reading::Never {
            self.read();
        }
        self.reading != Reading::Never
    }

    fn check(&mut self) {
        self.checked |= self.session.wants_check();
        self.session.handle_checked(self.now);
        assert!(!self.session.wants_check());
    }

    fn output(&mut self) {
        let Some(bytes) = self.session.poll_output() else { return };
        assert!(self.session.poll_output().is_none(), "one whole command at a time");
        assert!(self.checked, "nobody has looked");
        assert!(!self.waits, "nobody has told it to log in");
        assert!(!self.quit_sent, "after the end");
        assert!(!has_begun(&self.input), "over what has begun to arrive");
        // Nothing can have happened through it.
        if self.look() {
            assert!(self.greeted, "before the greeting");
            assert!(!self.ended && !self.awaiting, "two at once");
            assert_eq!(self.logged_in, self.outputs > 0, "only the login before the login");
        }
        self.story.push(format!("out {}", String::from_utf8_lossy(&bytes)));
        match self.taken.back_mut().filter(|taken| !taken.handed_over) {
            _ if self.outputs == 0 => assert_eq!(bytes, self.login, "the login first"),
            Some(taken) => {
                assert_eq!(bytes, taken.wire);
                taken.handed_over = true;
            }
            None if bytes == QUIT => {
                assert!(self.quit_asked, "nobody asked for it");
                self.quit_sent = true;
            }
            None => assert_eq!(bytes, self.keepalive),
        }
        self.outputs += 1;
        self.checked = false;
        self.awaiting = true;
        self.reply_from = self.input.len();
        self.flushed_at = None;
    }

    fn flushed(&mut self) {
        self.session.handle_flushed(self.now);
        if self.awaiting {
            self.flushed_at.get_or_insert(self.input.len());
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        let due = self.session.poll_timeout().is_some_and(|due| due <= self.now);
        let before = (self.session.stage(), self.session.has_ended());
        self.session.handle_timeout(self.now);
        let after = (self.session.stage(), self.session.has_ended());
        assert_eq!(before != after, due, "when it is due, and only then");
        if let Some(next) = self.session.poll_timeout() {
            assert!(next >= self.now, "it would be told for ever");
        }
    }

    /// What was received for what was handed over last.
    fn is_received(&mut self, reply: &Reply) {
        if self.reading == Reading::Never {
            return;
        }
        let everybodys = reply.code().closes_connection();
        let from = if everybodys { Some(self.reply_from) } else { self.flushed_at };
        let from = from.expect("a reply before its command was written");
        let bytes = reply.bytes();
        let found = self.input[from..].windows(bytes.len()).position(|part| part == bytes);
        let at = found.expect("a reply that was not received, or too early");
        self.reply_from = from + at + bytes.len();
        self.awaiting = false;
    }

    fn read(&mut self) {
        for number in 0.. {
            let Some(event) = self.session.poll_event() else { break };
            assert!(number < MOST_EVENTS, "more events than eight");
            assert!(!self.ended, "after the end");
            assert_printable(&format!("{event:?}"));
            self.event(event);
        }
        assert_eq!(self.ended, self.session.has_ended());
    }

    fn event(&mut self, event: Event) {
        let words = match event {
            Event::Greeted(greeting) => {
                assert!(!self.greeted && !self.logged_in, "greeted first");
                self.greeted = true;
                format!("greeted {:?}", greeting.lines())
            }
            Event::LoggedIn { reply, password_changed } => {
                assert!(self.greeted && self.outputs > 0 && !self.logged_in);
                assert!(self.outputs == 1 || self.reading == Reading::Never);
                assert!(matches!(reply.code(), ReturnCode::COMPLETED | ReturnCode::COMPLETED_CLOSING));
                self.logged_in = true;
                self.is_received(&reply);
                format!("logged in {password_changed} {:?}", reply.bytes())
            }
            Event::Done { id, fate } => {
                assert!(self.logged_in);
                let taken =
                    self.taken.pop_front().expect("a command that was taken and has not come to its end");
                assert_eq!(id, taken.id);
                match fate {
                    Fate::Unsent(command) => {
                        assert!(!taken.handed_over, "it was sent");
                        let mut wire = BytesMut::new();
                        wire::encode(command.body(), self.dialect, &mut wire).expect("as before");
                        assert_eq!(wire, taken.wire, "given back as it was");
                        format!("{id} unsent")
                    }
                    Fate::Answered(reply) => {
                        assert!(taken.handed_over, "answered unsent");
                        self.is_received(&reply);
                        format!("{id} answered {:?}", reply.bytes())
                    }
                    Fate::Unanswered => {
                        assert!(taken.handed_over, "nothing of it was sent");
                        self.awaiting = false;
                        format!("{id} unanswered")
                    }
                }
            }
            Event::KeptAlive { reply, proven } => {
                assert!(self.logged_in && (self.taken.is_empty() || self.reading == Reading::Never));
                assert!(
                    !proven || matches!(reply.code(), ReturnCode::COMPLETED | ReturnCode::COMPLETED_CLOSING)
                );
                self.is_received(&reply);
                format!("kept {proven} {:?}", reply.bytes())
            }
            Event::Ended(end) => {
                self.ended = true;
                assert!(self.taken.is_empty(), "a command without its end");
                assert_error_printable(&end);
                assert!(!end.password_in_doubt() || (self.outputs == 1 && !self.logged_in));
                let nothing = end.remains() == Remains::Nothing;
                assert!(nothing || self.outputs > 0, "before the login");
                let ours = matches!(end.why(), Why::Timeout | Why::Abandoned | Why::Transport(_));
                assert!(!nothing || !ours || self.outputs == 0, "the registry has not closed it");
                match end.why() {
                    Why::LoginRefused(_) => assert!(self.outputs == 1 && !self.logged_in),
                    Why::InsteadOfGreeting(_) => assert_eq!(self.outputs, 0),
                    Why::LoginLost(_) => assert!(self.logged_in && self.outputs > 1),
                    Why::Quit => assert!(self.quit_sent),
                    Why::Timeout | Why::Eof | Why::Transport(_) | Why::Abandoned => {}
                    _ => assert!(!self.input.is_empty(), "out of nothing"),
                }
                // Where it had come to depends on the cut.
                let told = end.to_string();
                let (_, why) = told.split_once(": ").expect("the stage leads");
                format!("ended {} {why}", end.password_in_doubt())
            }
            other => panic!("what is {other:?}?"),
        };
        self.story.push(words);
    }

    /// What holds between any two steps.
    fn always(&mut self) {
        if self.session.has_ended() {
            assert_eq!(self.session.poll_timeout(), None);
            assert!(self.session.poll_output().is_none() && !self.session.wants_check());
            assert!(!self.session.is_ready() && self.session.idle_since().is_none());
        } else if !matches!(self.session.stage(), Stage::Idle | Stage::Greeted) {
            assert!(self.session.poll_timeout().is_some(), "it could hang");
        }
        let waits = !self.session.has_ended() && self.session.stage() == Stage::FirstByte;
        assert!(!waits || !has_begun(&self.input), "the first byte is there");
        assert!(!self.session.is_ready() || !has_begun(&self.input), "something has begun to arrive");
    }

    fn finish(&mut self) {
        let printed = format!("{:?}", self.session);
        assert_printable(&printed);
        for secret in [PASSWORD, NEW_PASSWORD] {
            let fed = self.input.windows(secret.len()).any(|part| part == secret.as_bytes());
            // A command may have it as a value of another name.
            assert!(fed || self.submitted > 0 || !printed.contains(secret), "a secret is printed");
        }
        self.session.abandon();
        self.always();
        self.read();
        assert!(self.ended && self.taken.is_empty());
    }
}

/// Whether a frame has begun, even if every terminator ends one.
fn has_begun(input: &[u8]) -> bool {
    let mut begun = false;
    let mut lines = input.split(|byte| *byte == b'\n');
    let open = lines.next_back().unwrap_or_default();
    for line in lines {
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        let terminator = text == b"." || text.eq_ignore_ascii_case(b"EOF");
        let blank = line.iter().all(|byte| b" \t\r".contains(byte));
        begun = !terminator && (begun || !blank);
    }
    begun || !may_be_stray(open)
}

/// Whether a line that has not ended may still become a stray one.
fn may_be_stray(line: &[u8]) -> bool {
    let begins =
        |whole: &str| whole.len() >= line.len() && whole.as_bytes()[..line.len()].eq_ignore_ascii_case(line);
    begins(".\r") || begins("EOF\r") || line.iter().all(|byte| b" \t\r".contains(byte))
}

/// A well-formed reply.
fn built(u: &mut Unstructured<'_>, grammar: Grammar) -> Result<Vec<u8>> {
    let reply = ReplyBuilder::arbitrary(u)?;
    let mut wire = BytesMut::new();
    reply.encode(grammar, &mut wire);
    Ok(wire.to_vec())
}
