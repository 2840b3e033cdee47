//! A command as the user writes it: `key=value` (PTF), `Attribute:value` and `-Option:value` (RRP), or a whole request on
//! standard input.

use std::io::{self, Read};

use bytes::BytesMut;
use rrp::Command;
use rrp::command::{Body, Dialect, Effect, PtfCommand};
use rrp::secret::is_secret_name;
use rrp::wire;
use rrp::wire::deframe::{Deframer, Frame, Grammar, Limits, Terminator};

use crate::exit::Exit;
use crate::failure::Refusal;
use crate::output::escape;

pub(crate) const STAGE: &str = "request";

/// The arguments of a command line as a PTF command.
pub(crate) fn ptf(name: &str, parameters: &[&str]) -> Result<Command, Refusal> {
    let refused = |error: rrp::command::CommandError| Refusal::usage(STAGE, "no PTF command").because(error);
    let mut command = PtfCommand::new(name).map_err(refused)?;
    for parameter in parameters {
        let (key, value) = parameter.split_once('=').ok_or_else(|| {
            Refusal::usage(STAGE, format!("`{}` is not `key=value`", escape(parameter)))
                .hint("`--rrp` is for `Attribute:value`")
        })?;
        not_secret(key)?;
        command = command.param(key, value).map_err(refused)?;
    }
    Ok(command.into())
}

/// The arguments of a command line as an RRP command.
pub(crate) fn rrp(verb: &str, lines: &[&str]) -> Result<Command, Refusal> {
    let mut text = String::new();
    for (number, line) in core::iter::once(verb).chain(lines.iter().copied()).enumerate() {
        let shown = escape(line);
        // Each is one line of the request, and none its end.
        if line.contains(['\r', '\n', '\0']) {
            return Err(Refusal::usage(STAGE, format!("`{shown}` has a line end or a NUL")));
        }
        if number > 0 {
            let (name, _) = line.split_once(':').ok_or_else(|| {
                Refusal::usage(STAGE, format!("`{shown}` is not `Attribute:value` or `-Option:value`"))
            })?;
            not_secret(name)?;
        }
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str(".\r\n");
    match decode(text.as_bytes()) {
        Ok(command @ Body::Rrp(_)) => Ok(Command::new(command)),
        Ok(Body::Ptf(_)) => Err(Refusal::usage(STAGE, "a PTF block is no RRP command")),
        Err(refusal) => Err(refusal.exit(Exit::Usage)),
    }
}

/// One request on standard input.
pub(crate) fn from_stdin() -> Result<Command, Refusal> {
    let mut input = Vec::new();
    let limit = u64::try_from(Limits::COMMAND.frame()).unwrap_or(u64::MAX).saturating_add(1);
    io::stdin().lock().take(limit).read_to_end(&mut input).map_err(|error| {
        Refusal::new(STAGE, "cannot read standard input: nothing was sent").because(error)
    })?;
    decode(&input).map(Command::new)
}

/// The one command in these bytes, with its terminator: what was cut off may be half a command.
fn decode(input: &[u8]) -> Result<Body, Refusal> {
    let refused = || Refusal::new(STAGE, "no request").hint("nothing was sent");
    let mut buffer = BytesMut::from(input);
    let mut deframer = Deframer::new(Limits::COMMAND);
    let mut next = || -> Result<Option<Frame>, Refusal> {
        let frame = deframer.deframe(&mut buffer).map_err(|error| refused().because(error))?;
        match frame {
            Some(frame) => Ok(Some(frame)),
            None => deframer.finish(&mut buffer).map_err(|error| refused().because(error)),
        }
    };
    let Some(frame) = next()? else {
        return Err(
            refused().hint("nothing was sent: give a `[COMMAND]` block, or the lines of an RRP command")
        );
    };
    if frame.terminator().is_none() {
        return Err(Refusal::new(STAGE, "request is not terminated: nothing was sent")
            .hint("a `[COMMAND]` block ends with a line `EOF`, an RRP command with a line `.`"));
    }
    if next()?.is_some() {
        return Err(Refusal::new(STAGE, "more than one request: nothing was sent"));
    }
    if frame.grammar() != Grammar::Ptf && frame.terminator() != Some(Terminator::Dot) {
        return Err(Refusal::new(STAGE, "request is not terminated: nothing was sent")
            .hint("an RRP command ends with a line `.`"));
    }
    wire::decode(&frame).map_err(|malformed| refused().because(malformed))
}

/// Refuses what does not go out as a command of a user, before anything is connected.
pub(crate) fn check(command: &Command, dialect: Dialect) -> Result<(), Refusal> {
    let name = escape(command.name());
    if command.nature().effect() == Effect::Session {
        let what = format!("`{name}` belongs to the session: the program sends it itself");
        return Err(Refusal::usage(STAGE, what));
    }
    wire::encode(command.body(), dialect, &mut BytesMut::new())
        .map_err(|error| Refusal::usage(STAGE, format!("`{name}` does not go out")).because(error))
}

/// The command line of a process can be read by every user of the machine.
fn not_secret(name: &str) -> Result<(), Refusal> {
    if !is_secret_name(name) {
        return Ok(());
    }
    let what = format!("`{}` is a secret, and does not belong on a command line", escape(name));
    Err(Refusal::usage(STAGE, what).hint("`rrp call -` takes the whole request on standard input"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(result: Result<Command, Refusal>) -> Command {
        result.ok().expect("a command")
    }

    #[test]
    fn arguments_are_lines_and_nothing_more() {
        let lines = ["EntityName:Domain", "DomainName:example.com", "-Period:2"];
        let command = of(rrp("add", &lines));
        assert_eq!((command.name(), command.nature().effect()), ("add", Effect::Write));
        for line in ["DomainName:a\r\n.\r\nquit", ".", "no separator", "-Password:x", ""] {
            assert!(rrp("add", &[line]).is_err(), "{line:?}");
        }
        assert!(rrp("[COMMAND]", &[]).is_err() && rrp(".", &[]).is_err());
    }

    #[test]
    fn one_request_and_no_second() {
        assert!(decode(b"[COMMAND]\r\ncommand=StatusDomain\r\ndomain=example.com\r\nEOF\r\n.\r\n").is_ok());
        assert!(decode(b"describe\n.").is_ok());
        assert!(decode(b"[COMMAND]\ncommand=StatusDomain\neof").is_ok());
        assert!(decode(b"[COMMAND]\ncommand=StatusDomain\n.\n").is_ok());
        for input in [
            &b""[..],
            b".\r\n",
            b"describe\n.\nquit\n.\n",
            b"describe\n.\nquit",
            b"describe",
            b"describe\nEOF\n",
            b"[COMMAND]\ncommand=StatusDomain\ndomain=example.co",
        ] {
            assert!(decode(input).is_err(), "{input:?}");
        }
    }

    #[test]
    fn secrets_and_sessions_are_refused() {
        assert!(ptf("ModifyDomain", &["auth=1234"]).is_err());
        assert!(ptf("StatusDomain", &["domain"]).is_err());
        let command = of(ptf("StatusDomain", &["domain=example.com"]));
        assert!(check(&command, Dialect::Xrrp).is_ok() && check(&command, Dialect::Rfc).is_err());
        assert!(check(&of(rrp("quit", &[])), Dialect::Xrrp).is_err());
        assert!(check(&of(ptf("EndSession", &[])), Dialect::Xrrp).is_err());
    }
}
