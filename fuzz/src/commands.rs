//! A command is one frame, and is read back as it was made; nothing that it holds can make it two.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::BytesMut;
use rrp::arbitrary::AnyCommand;
use rrp::command::{
    Body, Command, CommandError, Describe, Dialect, DomainStatus, Effect, Field, Mod, Nature, Ptf,
    PtfCommand, RrpCommand, RrpLine, Session, ToCommand,
};
use rrp::wire::deframe::{Deframer, Ends, Limits};
use rrp::{DomainName, HostName, Secret, Value, wire};

use super::{assert_error_printable, assert_hidden, assert_printable};

/// Any bytes as commands; after a byte 0 a typed command, after 1 one of RRP by name, after 2 what could smuggle.
pub fn rrp_command(data: &[u8]) {
    // Bytes that make nothing are no failure.
    let _ = match data.split_first() {
        Some((0, rest)) => typed(&mut Unstructured::new(rest)),
        Some((1, rest)) => RrpCommand::arbitrary(&mut Unstructured::new(rest)).map(by_name),
        Some((2, rest)) => smuggle_rrp(&mut Unstructured::new(rest)),
        _ => return read(data),
    };
}

/// Any bytes as commands; after a byte 0 a command of any sort, after 1 one of PTF, after 2 what could smuggle.
pub fn ptf_command(data: &[u8]) {
    let _ = match data.split_first() {
        Some((0, rest)) => Command::arbitrary(&mut Unstructured::new(rest)).map(|command| holds(&command)),
        Some((1, rest)) => PtfCommand::arbitrary(&mut Unstructured::new(rest)).map(by_name),
        Some((2, rest)) => smuggle_ptf(&mut Unstructured::new(rest)),
        _ => return read(data),
    };
}

/// What a server reads it can write, and reads again as the same.
fn read(data: &[u8]) {
    for ends in [Ends::Either, Ends::Dot, Ends::Eof] {
        for frame in super::all_frames(data, Limits::COMMAND, ends) {
            match wire::decode(&frame) {
                Ok(body) => by_name(body),
                Err(error) => {
                    assert!(error.line() <= frame.lines(), "no such line");
                    assert_error_printable(&error);
                }
            }
        }
    }
}

fn typed(u: &mut Unstructured<'_>) -> Result<()> {
    let command = AnyCommand::arbitrary(u)?;
    assert_printable(&format!("{command:?}"));
    holds(&command.to_command());
    Ok(())
}

fn by_name(body: impl Into<Body>) {
    let command = Command::new(body);
    assert_eq!(*command.nature(), Nature::of(command.body()));
    holds(&command);
}

/// What holds of every command.
fn holds(command: &Command) {
    let out = one_command(command.body());
    let mut strict = BytesMut::new();
    match wire::encode(command.body(), Dialect::Rfc, &mut strict) {
        Ok(()) => assert_eq!(strict, out, "the strict dialect writes the same"),
        Err(error) => {
            assert!(strict.is_empty(), "a refused command leaves bytes behind");
            assert_error_printable(&error);
        }
    }
    let printed = format!("{command:?}");
    assert_printable(&printed);
    for field in fields(command.body()) {
        if field.as_str().is_none() {
            assert_hidden(&printed, field.expose().as_bytes(), &out);
        }
    }
    stands_once(command.body());
    assert!(!command.name().is_empty());
    let nature = command.nature();
    assert!(nature.effect() == Effect::Write || !nature.billable().at_stake(), "a read that costs");
    let _ = command.context();
}

fn fields(body: &Body) -> Vec<&Field> {
    match body {
        Body::Rrp(command) => command
            .lines()
            .iter()
            .filter_map(|line| match line {
                RrpLine::Attribute { value, .. } | RrpLine::Option { value, .. } => Some(value),
                _ => None,
            })
            .collect(),
        Body::Ptf(command) => {
            command.headers().iter().chain(command.parameters()).map(|parameter| parameter.value()).collect()
        }
    }
}

/// What would say two things if it stood there twice does not.
fn stands_once(body: &Body) {
    let once = |names: Vec<String>| {
        let different: BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "one of these stands there twice: {names:?}");
    };
    let lower = |name: &str| name.to_ascii_lowercase();
    match body {
        Body::Rrp(command) => {
            let (options, others): (Vec<_>, Vec<_>) =
                command.lines().iter().partition(|line| matches!(line, RrpLine::Option { .. }));
            let subject = |name: &String| ["entityname", "domainname"].contains(&name.as_str());
            once(options.iter().map(|line| lower(line.name().as_str())).collect());
            once(others.iter().map(|line| lower(line.name().as_str())).filter(subject).collect());
        }
        Body::Ptf(command) => {
            for names in [command.headers(), command.parameters()] {
                let names: Vec<String> = names.iter().map(|line| lower(line.name().as_str())).collect();
                for name in &names {
                    let word: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
                    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
                    assert_ne!(word, "command", "`{name}` could be read as the name of the command");
                }
                once(names);
            }
        }
    }
}

/// The lines that a command must be on the wire.
fn lines(body: &Body) -> Vec<String> {
    let mut lines = Vec::new();
    match body {
        Body::Rrp(command) => {
            lines.push(command.verb().to_string());
            lines.extend(command.lines().iter().map(|line| match line {
                RrpLine::Attribute { name, value } => format!("{name}:{}", value.expose()),
                RrpLine::Remove { name, old } => format!("{name}:{}=", old.expose()),
                RrpLine::Replace { name, old, new } => format!("{name}:{}={}", old.expose(), new.expose()),
                RrpLine::Option { name, value } => format!("-{name}:{}", value.expose()),
                other => panic!("a form of line that this check does not know: {other:?}"),
            }));
        }
        Body::Ptf(command) => {
            let pair = |name: &str, value: &Field| format!("{name}={}", value.expose());
            if !command.headers().is_empty() {
                lines.push("[HEADER]".to_owned());
            }
            lines.extend(command.headers().iter().map(|line| pair(line.name().as_str(), line.value())));
            lines.push("[COMMAND]".to_owned());
            lines.push(format!("command={}", command.name()));
            lines.extend(command.parameters().iter().map(|line| pair(line.name().as_str(), line.value())));
            lines.push("EOF".to_owned());
        }
    }
    lines.push(".".to_owned());
    lines
}

/// Encodes: exactly these lines, exactly one frame however its end is told, which is read as the same command.
fn one_command(body: &Body) -> BytesMut {
    let mut out = BytesMut::new();
    wire::encode(body, Dialect::Xrrp, &mut out).expect("XRRP takes every command");

    let text = std::str::from_utf8(&out).expect("what is written is UTF-8");
    assert!(text.ends_with("\r\n"));
    let written: Vec<&str> = text.trim_end_matches("\r\n").split("\r\n").collect();
    assert_eq!(written, lines(body));
    written.iter().for_each(|line| assert_printable(line));

    for ends in [Ends::Either, Ends::Dot, Ends::Eof] {
        let frame = super::only_frame(&out, Limits::COMMAND, ends);
        assert_eq!(wire::decode(&frame).as_ref(), Ok(body), "read as {ends:?}");
    }
    // Two commands one behind the other are two, whatever the first holds.
    let twice = [&out[..], b"quit\r\n.\r\n"].concat();
    let mut deframer = Deframer::new(Limits::COMMAND);
    let mut buffer = BytesMut::from(&twice[..]);
    let found = std::iter::from_fn(|| deframer.deframe(&mut buffer).expect("within limits"));
    let found: Vec<_> = found.map(|frame| wire::decode(&frame).expect("a command")).collect();
    let quit = RrpCommand::new("quit").expect("a word");
    assert_eq!(found, [body.clone(), quit.into()]);
    assert!(buffer.is_empty());
    out
}

/// A text that could be more than a text.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    const SMUGGLED: [&str; 12] = [
        "\r\n.\r\n",
        "\n.\n",
        "\r\nEOF\r\n",
        "\r",
        "\0",
        "\u{85}",
        "\u{2028}",
        "=",
        ":",
        " ",
        "\t",
        "\r\n[COMMAND]\r\ncommand=AddDomain\r\n",
    ];
    let text = match u.int_in_range(0..=2)? {
        0 => Value::arbitrary(u)?.as_str().to_owned(),
        1 => String::arbitrary(u)?,
        _ => u
            .choose(&["EntityName", "-Id", "command", "COMMAND0", "c-o-m-m-a-n-d", "EOF", ".", ""])?
            .to_string(),
    };
    if u8::arbitrary(u)? & 3 != 3 {
        return Ok(text);
    }
    let (start, end) = text.split_at(text.floor_char_boundary(u.int_in_range(0..=text.len())?));
    Ok([start, u.choose(&SMUGGLED)?, end].concat())
}

/// What is refused says so printably; what is taken holds.
fn offered<T: ToCommand>(offer: std::result::Result<T, CommandError>) -> Option<T> {
    match offer {
        Ok(taken) => {
            holds(&taken.to_command());
            Some(taken)
        }
        Err(error) => {
            assert_error_printable(&error);
            None
        }
    }
}

/// The name of a command, mostly a good one: nothing can be smuggled into a command that cannot be made.
fn command_name(u: &mut Unstructured<'_>, known: &[&'static str]) -> Result<String> {
    if u8::arbitrary(u)? & 7 == 7 { text(u) } else { u.choose(known).map(|name| (*name).to_owned()) }
}

fn smuggle_rrp(u: &mut Unstructured<'_>) -> Result<()> {
    let verb = command_name(u, &["mod", "MOD", "add", "session", "transfer", "other"])?;
    let Some(command) = offered(RrpCommand::new(&verb).map(Raw)) else { return Ok(()) };
    let mut command = command.0;
    for _ in 0..u.int_in_range(0..=8)? {
        let (name, value) = (text(u)?, text(u)?);
        let given = command.clone();
        let offer = match u.int_in_range(0..=4)? {
            0 => given.attribute(&name, &value),
            1 => given.option(&name, &value),
            2 => given.remove(&name, &value),
            3 => given.replace(&name, &value, &text(u)?),
            _ => given.secret_option(&name, Secret::new(value)),
        };
        if let Some(taken) = offered(offer.map(Raw)) {
            assert_eq!(taken.0.lines().len(), command.lines().len() + 1, "one call, one line");
            command = taken.0;
        }
    }
    let (domain, host) = (DomainName::arbitrary(u)?, HostName::arbitrary(u)?);
    match u.int_in_range(0..=4)? {
        0 => {
            if let Ok(change) = Mod::domain(&domain).add(&text(u)?, &text(u)?) {
                drop(offered(change.remove(&text(u)?, &text(u)?)));
            }
        }
        1 => {
            if let Ok(change) = Mod::name_server(&host).replace(&text(u)?, &text(u)?, &text(u)?) {
                drop(offered(change.add(&text(u)?, &text(u)?)));
            }
        }
        2 => drop(offered(Describe::new().option(&text(u)?, &text(u)?))),
        3 => {
            if let Ok(status) = DomainStatus::new(&text(u)?) {
                drop(offered(Mod::domain(&domain).add_status(&status)));
            }
        }
        _ => {
            if let Some(session) = offered(Session::login(&text(u)?, text(u)?)) {
                drop(offered(session.new_password(text(u)?)));
            }
        }
    }
    Ok(())
}

/// A command by name, to be sent.
struct Raw<C>(C);

impl<C: Clone + Into<Body>> ToCommand for Raw<C> {
    fn to_command(&self) -> Command {
        Command::new(self.0.clone())
    }
}

fn smuggle_ptf(u: &mut Unstructured<'_>) -> Result<()> {
    let name = command_name(u, &["AddDomain", "StatusDomain", "StartSession", "Other"])?;
    if let Some(query) = offered(Ptf::query(&name)) {
        drop(offered(query.param(&text(u)?, &text(u)?)));
    }
    if let Some(change) = offered(Ptf::change(&name)) {
        drop(offered(change.header(&text(u)?, &text(u)?)));
    }
    let Some(command) = offered(PtfCommand::new(&name).map(Raw)) else { return Ok(()) };
    let mut command = command.0;
    for _ in 0..u.int_in_range(0..=8)? {
        let (name, value) = (text(u)?, text(u)?);
        let given = command.clone();
        let offer = match u.int_in_range(0..=3)? {
            0 => given.param(&name, &value),
            1 => given.header(&name, &value),
            2 => given.params(&name, [value.as_str(), &text(u)?]),
            _ => given.secret(&name, Secret::new(value)),
        };
        if let Some(taken) = offered(offer.map(Raw)) {
            command = taken.0;
        }
    }
    Ok(())
}
