//! `rrp read`: recorded replies, out of a file or from standard input.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use rrp::Reply;
use rrp::code::Context;
use rrp::verdict::Verdict;
use rrp::wire::deframe::{Deframer, Frame, FrameError, Grammar, Limits};
use rrp::wire::{self, Greeting};
use serde_json::Value;

use crate::codes;
use crate::exit::Exit;
use crate::failure::{Failure, Refusal};
use crate::output::{self, Fields, JsonArray};
use crate::reply::{Shown, greeting_json, safe};

const STAGE: &str = "read";

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

const EXAMPLES: &str = "\
Replies of RRP and PTF, and greetings, one after the other; lines end with CRLF or LF, replies with a
lone `.` or `EOF`. At most 16 MiB a reply.

Examples:
  rrp read reply.txt              for people
  rrp read --json - < replies     for programs: an array with one object a line
  rrp read --excerpt quoted.txt   a PTF reply as documents quote it";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file with the replies; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Take PTF replies without `[RESPONSE]`, and pass over lines without `=`
    #[arg(long)]
    excerpt: bool,
    /// Print passwords, authorisation codes and the like as they are
    #[arg(long)]
    show_secrets: bool,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    let name = args.file.to_string_lossy();
    let mut frames = Frames::new(open(&args.file)?, &name);
    if !args.json {
        each(&mut frames, args, out, err, |content, number, out| {
            if number > 1 {
                writeln!(out)?;
            }
            content.print(args.show_secrets, out)
        })?;
        return Ok(Exit::Yes);
    }
    let mut array = JsonArray::begin(out)?;
    let done = each(&mut frames, args, out, err, |content, _, out| {
        array.push(&content.json(args.show_secrets), out)
    });
    // What was read before a refusal is still an array.
    array.end(out)?;
    done.map(|()| Exit::Yes)
}

fn open(file: &Path) -> Result<Box<dyn Read>, Refusal> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    match File::open(file) {
        Ok(file) => Ok(Box::new(file)),
        Err(error) => {
            Err(Refusal::new(STAGE, format!("cannot open `{}`", output::escape(&file.to_string_lossy())))
                .because(error))
        }
    }
}

/// Hands over the content of each frame, with its number from 1.
fn each(
    frames: &mut Frames,
    args: &Args,
    out: &mut dyn Write,
    err: &mut dyn Write,
    mut print: impl FnMut(Content, usize, &mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut number = 0_usize;
    while let Some(frame) = frames.next()? {
        number = number.saturating_add(1);
        print(Content::of(&frame, number, args.excerpt, &frames.name)?, number, out)?;
        if frame.terminator().is_none() {
            out.flush()?;
            // A note that nobody sees is no failure.
            let _ = writeln!(err, "note: the last frame has no terminator");
        }
    }
    if number == 0 {
        return Err(Refusal::new(STAGE, format!("no reply in `{}`", frames.name)).into());
    }
    Ok(())
}

/// The frames of an input, read as far as the next one needs.
struct Frames {
    input: Box<dyn Read>,
    name: String,
    chunk: Vec<u8>,
    buffer: BytesMut,
    deframer: Deframer,
    found: usize,
    ended: bool,
}

impl Frames {
    fn new(input: Box<dyn Read>, name: &str) -> Self {
        Self {
            input,
            name: output::escape(name),
            chunk: vec![0; CHUNK],
            buffer: BytesMut::new(),
            deframer: Deframer::new(Limits::REPLY),
            found: 0,
            ended: false,
        }
    }

    fn next(&mut self) -> Result<Option<Frame>, Refusal> {
        let number = self.found.saturating_add(1);
        let name = self.name.clone();
        let passed =
            |error: FrameError| Refusal::new(STAGE, format!("`{name}`: frame {number}")).because(error);
        while !self.ended {
            if let Some(frame) = self.deframer.deframe(&mut self.buffer).map_err(passed)? {
                self.found = number;
                return Ok(Some(frame));
            }
            match self.input.read(&mut self.chunk) {
                Ok(0) => {
                    self.ended = true;
                    return self.deframer.finish(&mut self.buffer).map_err(passed);
                }
                Ok(read) => self.buffer.extend_from_slice(self.chunk.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Refusal::new(STAGE, format!("cannot read `{}`", self.name)).because(error));
                }
            }
        }
        Ok(None)
    }
}

/// What stands in a frame.
enum Content {
    /// A reply, and whether its terminator has come.
    Reply(Reply, bool),
    Greeting(Greeting),
}

impl Content {
    fn of(frame: &Frame, number: usize, excerpt: bool, file: &str) -> Result<Self, Refusal> {
        let text = frame.grammar() == Grammar::Text;
        let first = frame.bytes().split(|byte| *byte == b'\n').next().unwrap_or_default();
        let pair = text && first.contains(&b'=');
        let command = || match wire::decode(frame) {
            Ok(rrp::command::Body::Rrp(command)) => command.known_verb().is_some(),
            other => other.is_ok(),
        };
        if text {
            let greeting = Greeting::parse(frame.bytes());
            // Registries word it as they like, but it is the first that they send.
            let opens = number == 1 && frame.terminator().is_some() && !excerpt && !pair && !shifted(frame);
            if greeting.registry().is_some() || opens && !command() {
                return Ok(Self::Greeting(greeting));
            }
        }
        let reply = match frame.grammar() {
            Grammar::Ptf | Grammar::Text if excerpt => Reply::parse_excerpt(frame),
            _ => Reply::parse(frame),
        };
        let terminated = frame.terminator().is_some();
        reply.map(|reply| Self::Reply(reply, terminated)).map_err(|malformed| {
            let refusal = Refusal::new(STAGE, format!("`{file}`: frame {number}")).because(malformed);
            if shifted(frame) {
                refusal.hint("blanks or a byte order mark stand before the reply")
            } else if frame.terminator().is_none() {
                refusal.hint("the input ends within this reply")
            } else if !excerpt && Reply::parse_excerpt(frame).is_ok() {
                refusal.hint("`--excerpt` reads PTF replies as documents quote them")
            } else if command() {
                refusal.hint("it is a command; `rrp read` reads replies")
            } else {
                refusal
            }
        })
    }

    fn print(&self, secrets: bool, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Reply(reply, terminated) => {
                let shown = shown(reply, *terminated, secrets);
                shown.print(&shown.fields(), out)
            }
            Self::Greeting(greeting) => {
                writeln!(out, "greeting")?;
                if let (Some(registry), Some(version)) = (greeting.registry(), greeting.version()) {
                    let mut fields = Fields::new();
                    fields.add("registry", output::escape(&safe(registry, secrets)));
                    fields.add("version", output::escape(&safe(version, secrets)));
                    fields.write(out)?;
                    writeln!(out)?;
                }
                for line in greeting.lines() {
                    writeln!(out, "  {}", output::escape(&safe(line, secrets)))?;
                }
                Ok(())
            }
        }
    }

    fn json(&self, secrets: bool) -> Value {
        match self {
            Self::Reply(reply, terminated) => Value::Object(shown(reply, *terminated, secrets).json()),
            Self::Greeting(greeting) => greeting_json(greeting, secrets),
        }
    }
}

fn shown(reply: &Reply, terminated: bool, secrets: bool) -> Shown<'_> {
    Shown { reply, verdict: verdict(reply), terminated, secrets }
}

/// Whether only blanks or a byte order mark before it keep a frame from being a reply.
fn shifted(frame: &Frame) -> bool {
    let bytes = frame.bytes();
    let rest = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start();
    rest.len() < bytes.len()
        && (rest.starts_with(b"[")
            || rest.get(..3).is_some_and(|digits| rrp::ReturnCode::from_bytes(digits).is_ok()))
}

/// What the code says as far as the reply shows where it came: a block answers a PTF command, but which one, or
/// whether a line of RRP answers a login, is not to be seen.
fn verdict(reply: &Reply) -> Verdict {
    let there = reply.verdict(Context::Ptf);
    if there.fits()
        && (reply.grammar() == Grammar::Ptf || there.advice() != reply.code().verdict(Context::Ptf).advice())
    {
        return there;
    }
    codes::plain(reply.code())
}
