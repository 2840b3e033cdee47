//! What a local client sends: a user, a password, and requests up to a line `EOF`. Without I/O.
//!
//! Lines end with LF. CRs are dropped, and blanks around a line do not hide what it is. Nothing after a lone dot is ever
//! read: a registry would take it for the end of a command.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use memchr::memchr;

use crate::daemon::config::Limits;
use crate::secret::Secret;

/// The longest name of a user and the longest password, in bytes.
const MAX_LOGIN_LINE: usize = 512;

/// What was read.
#[derive(Debug)]
pub(super) enum Input {
    /// The user has said who it is: the password is asked for.
    User,
    Login {
        user: String,
        password: Secret,
    },
    /// The lines of a request, each with its LF, without `EOF`.
    Request(Bytes),
    Quit,
    /// Nothing more is read.
    Offence(Offence),
}

/// Why nothing more is read of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offence {
    Dot,
    Line,
    Request,
    Lines,
    Login,
}

impl Offence {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Dot => "a line with a lone dot",
            Self::Line => "a line is too long",
            Self::Request => "a request is too long",
            Self::Lines => "a request has too many lines",
            Self::Login => "a user or a password is too long",
        }
    }
}

#[derive(Debug)]
enum Stage {
    User,
    Password(String),
    Between,
    Inside,
    /// It has offended, or said goodbye.
    Over,
}

/// Reads what a local client sends.
#[derive(Debug)]
pub(super) struct Intake {
    stage: Stage,
    /// Received, and not read yet. It holds no memory while there is nothing.
    buffer: BytesMut,
    /// So much of it has no LF.
    searched: usize,
    /// The request so far.
    request: Vec<u8>,
    lines: usize,
}

impl Intake {
    pub(super) fn new() -> Self {
        let (buffer, request) = (BytesMut::new(), Vec::new());
        Self { stage: Stage::User, buffer, searched: 0, request, lines: 0 }
    }

    pub(super) fn push(&mut self, received: &[u8]) {
        if !matches!(self.stage, Stage::Over) {
            self.buffer.put_slice(received);
        }
    }

    /// How much is held.
    pub(super) fn held(&self) -> usize {
        self.buffer.len().saturating_add(self.request.len())
    }

    /// Whether somebody is in the middle of something.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Between) && self.buffer.is_empty()
    }

    /// The next thing that is whole.
    pub(super) fn next(&mut self, limits: &Limits) -> Option<Input> {
        let input = self.read(limits);
        if self.buffer.is_empty() {
            // A client that waits holds nothing.
            self.buffer = BytesMut::new();
        }
        if let Some(Input::Offence(_) | Input::Quit) = input {
            self.stage = Stage::Over;
            (self.buffer, self.request) = (BytesMut::new(), Vec::new());
        }
        input
    }

    fn read(&mut self, limits: &Limits) -> Option<Input> {
        let mut buffer = core::mem::take(&mut self.buffer);
        let input = self.read_of(&mut buffer, limits);
        self.buffer = buffer;
        input
    }

    fn read_of(&mut self, buffer: &mut BytesMut, limits: &Limits) -> Option<Input> {
        loop {
            let most = match self.stage {
                Stage::User | Stage::Password(_) => MAX_LOGIN_LINE,
                Stage::Between | Stage::Inside => limits.line,
                Stage::Over => return None,
            };
            let unsearched = buffer.get(self.searched..).unwrap_or_default();
            let Some(at) = memchr(b'\n', unsearched) else {
                self.searched = buffer.len();
                return (self.searched > most).then(|| Input::Offence(self.too_long()));
            };
            let end = self.searched.saturating_add(at);
            self.searched = 0;
            if end > most {
                return Some(Input::Offence(self.too_long()));
            }
            let input = self.line(buffer.get(..end).unwrap_or_default(), limits);
            buffer.advance(end.saturating_add(1));
            if input.is_some() {
                return input;
            }
        }
    }

    const fn too_long(&self) -> Offence {
        match self.stage {
            Stage::User | Stage::Password(_) => Offence::Login,
            _ => Offence::Line,
        }
    }

    fn line(&mut self, line: &[u8], limits: &Limits) -> Option<Input> {
        let without_cr;
        // Most have one at their end.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = if memchr(b'\r', line).is_some() {
            without_cr = line.iter().copied().filter(|byte| *byte != b'\r').collect::<Vec<u8>>();
            &without_cr
        } else {
            line
        };
        let word = line.trim_ascii();
        match core::mem::replace(&mut self.stage, Stage::Over) {
            Stage::User => {
                self.stage = Stage::Password(String::from_utf8_lossy(word).into_owned());
                Some(Input::User)
            }
            Stage::Password(user) => {
                self.stage = Stage::Between;
                Some(Input::Login { user, password: String::from_utf8_lossy(line).into_owned().into() })
            }
            Stage::Over => None,
            _ if word == b"." => Some(Input::Offence(Offence::Dot)),
            Stage::Between if word.is_empty() => {
                self.stage = Stage::Between;
                None
            }
            Stage::Between if word.eq_ignore_ascii_case(b"quit") => Some(Input::Quit),
            Stage::Between | Stage::Inside if word.eq_ignore_ascii_case(b"eof") => {
                (self.stage, self.lines) = (Stage::Between, 0);
                Some(Input::Request(core::mem::take(&mut self.request).into()))
            }
            Stage::Between | Stage::Inside => {
                self.stage = Stage::Inside;
                self.lines = self.lines.saturating_add(1);
                if self.lines > limits.lines {
                    return Some(Input::Offence(Offence::Lines));
                }
                if self.request.len().saturating_add(line.len()) >= limits.request {
                    return Some(Input::Offence(Offence::Request));
                }
                if self.request.is_empty() {
                    // Most are shorter.
                    self.request.reserve(256);
                }
                self.request.extend_from_slice(line);
                self.request.push(b'\n');
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(intake: &mut Intake, limits: &Limits) -> Vec<Input> {
        core::iter::from_fn(|| intake.next(limits)).collect()
    }

    fn logged_in() -> Intake {
        let mut intake = Intake::new();
        intake.push(b"user\npassword\n");
        assert_eq!(all(&mut intake, &Limits::DEFAULT).len(), 2);
        intake
    }

    fn told(input: &[u8]) -> Vec<String> {
        let mut intake = logged_in();
        intake.push(input);
        all(&mut intake, &Limits::DEFAULT)
            .iter()
            .map(|input| match input {
                Input::Request(lines) => String::from_utf8_lossy(lines).into_owned(),
                Input::Quit => "quit".to_owned(),
                Input::Offence(offence) => offence.as_str().to_owned(),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_login_may_come_byte_by_byte_or_ahead_of_its_prompts() {
        let whole = b" user \r\n pass word\r\n[COMMAND]\ncommand=Describe\neof\n";
        let mut intake = Intake::new();
        let mut inputs = Vec::new();
        for byte in whole {
            intake.push(&[*byte]);
            inputs.extend(all(&mut intake, &Limits::DEFAULT));
        }
        let mut ahead = Intake::new();
        ahead.push(whole);
        for inputs in [inputs, all(&mut ahead, &Limits::DEFAULT)] {
            let [Input::User, Input::Login { user, password }, Input::Request(request)] = &inputs[..] else {
                panic!("{inputs:?}");
            };
            // Blanks may belong to a password.
            assert_eq!((user.as_str(), password.expose()), ("user", " pass word"));
            assert_eq!(request, "[COMMAND]\ncommand=Describe\n");
        }
        assert!(intake.is_idle() && intake.held() == 0);
    }

    #[test]
    fn requests_end_at_eof_however_it_is_written() {
        let two =
            told(b"\r\n\n[COMMAND]\r\na=b\r\r\n\r\nEOF\r\n[COMMAND]\nc=d\n \t eOf \nEOF\n[COMMAND]\ncut");
        assert_eq!(two, ["[COMMAND]\na=b\n\n", "[COMMAND]\nc=d\n", ""]);
    }

    #[test]
    fn nothing_after_a_lone_dot_is_read() {
        for dot in [&b".\n"[..], b".\r\n", b".\r\r\n", b" . \n", b"\t.\n", b"\r.\n"] {
            for before in [&b""[..], b"[COMMAND]\ncommand=StatusDomain\n", b"\n", b"EOF \n"] {
                let input = [before, dot, b"[COMMAND]\ncommand=AddDomain\nEOF\nadd\n.\n"].concat();
                let inputs = told(&input);
                assert_eq!(inputs.last().map(String::as_str), Some("a line with a lone dot"), "{input:?}");
                assert!(inputs.iter().all(|input| !input.contains("AddDomain")), "{input:?}");
            }
        }
        assert_eq!(told(b"[COMMAND]\na=.\n..\n. .\nEOF\n"), ["[COMMAND]\na=.\n..\n. .\n"]);
    }

    #[test]
    fn quit_is_heard_between_requests_only() {
        assert_eq!(told(b"QUIT\r\n[COMMAND]\nEOF\n"), ["quit"]);
        assert_eq!(told(b"[COMMAND]\nquit\nEOF\n"), ["[COMMAND]\nquit\n"]);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let limits = Limits { line: 100, request: 1_000, lines: 20, ..Limits::DEFAULT };
        let flood = |chunk: &[u8]| {
            let mut intake = logged_in();
            let mut most = 0;
            for _ in 0..10_000 {
                intake.push(chunk);
                match intake.next(&limits) {
                    Some(Input::Offence(offence)) => {
                        intake.push(chunk);
                        assert_eq!((intake.held(), intake.next(&limits).is_none()), (0, true));
                        return (offence, most);
                    }
                    _ => most = most.max(intake.held()),
                }
            }
            panic!("nobody was offended");
        };
        assert_eq!(flood(b"aaaaaaaaaaaaaaaa").0, Offence::Line);
        assert_eq!(flood(b"a\n").0, Offence::Lines);
        let (offence, most) = flood(&[&[b'a'; 99][..], b"\n"].concat());
        assert!(offence == Offence::Request && most <= 1_100, "{offence:?} {most}");
        let mut intake = Intake::new();
        intake.push(&[b'a'; 600]);
        assert!(matches!(intake.next(&limits), Some(Input::Offence(Offence::Login))));
    }
}
