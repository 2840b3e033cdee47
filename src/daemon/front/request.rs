//! A request of a local client: a `[COMMAND]` block, and what it says to us alone.

use core::time::Duration;

use super::answer::Answer;
use crate::command::ptf::Parameter;
use crate::command::{Command, Effect, Nature, PtfCommand};
use crate::daemon::config::User;
use crate::daemon::identical::PREFIX;
use crate::pace::Lane;
use crate::wire::decode_ptf;

/// How the names of our own parameters begin.
const OWN: &str = "x-rrp-";

/// The longest deadline that a client may ask for: a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a local client asks for.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) command: Command,
    pub(super) key: Option<Box<str>>,
    pub(super) lane: Lane,
    pub(super) deadline: Option<Duration>,
}

/// A refusal of our own: nothing is sent.
fn refused(code: u16, text: &str, why: &str) -> Box<Answer> {
    Box::new(Answer::local(code, &format!("{text}; not sent: {why}"), "refused"))
}

fn invalid(why: &str) -> Box<Answer> {
    refused(507, "Invalid command format", why)
}

fn denied(why: &str) -> Box<Answer> {
    refused(531, "Authorization failed", why)
}

impl Request {
    /// What these lines ask for, if this user may.
    pub(super) fn read(lines: &[u8], user: &User) -> Result<Self, Box<Answer>> {
        let first = lines.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
        if !first.is_some_and(|line| line.starts_with(b"[")) {
            return Err(invalid("a request is a `[COMMAND]` block up to `EOF`"));
        }
        let mut ptf = decode_ptf(lines).map_err(|malformed| invalid(&malformed.to_string()))?;
        let (mut key, mut lane, mut deadline) = (None, user.lane, None);
        let has_own = |ptf: &PtfCommand| ptf.parameters().iter().any(|given| is_own(given.name().as_str()));
        if has_own(&ptf) {
            key = ptf.take("X-RRP-KEY").map(|value| value.expose().into());
            if let Some(said) = ptf.take("X-RRP-LANE") {
                lane = lane_of(said.expose(), user)?;
            }
            deadline = ptf.take("X-RRP-DEADLINE").map(|said| deadline_of(said.expose())).transpose()?;
            if has_own(&ptf) {
                return Err(invalid("an unknown `X-RRP-` parameter; there are KEY, LANE and DEADLINE"));
            }
        }
        let key: Option<Box<str>> = match (key, user.cltrid_is_key) {
            (None, true) => ptf.get("cltrid").map(|value| value.expose().into()),
            (key, _) => key,
        };
        if key.as_deref().is_some_and(|key| key.is_empty() || key.starts_with(PREFIX)) {
            return Err(invalid("this cannot be a key"));
        }
        if changes_a_password(&ptf) {
            return Err(denied("passwords are not changed by way of the daemon"));
        }
        let command = Command::new(ptf);
        if command.nature().effect() == Effect::Session || is_of_rrp(command.name()) {
            return Err(denied("the command belongs to the session, which is not the client's"));
        }
        if !user.may_send(command.name()) {
            return Err(denied("the command is not allowed to this user"));
        }
        Ok(Self { command, key, lane, deadline })
    }
}

/// Whether it sets a password of whoever may log in at the registry: the daemon would not know it. Whatever a user is allowed.
fn changes_a_password(ptf: &PtfCommand) -> bool {
    let name = ptf.name().as_str();
    let of_logins = || ["account", "user", "registrar", "role"].iter().any(|who| contains(name, who));
    let says = |given: &Parameter| contains(given.name().as_str(), "password");
    let reads = Nature::by_name(name).effect() == Effect::Read;
    !reads && (contains(name, "password") || of_logins() && ptf.parameters().iter().any(says))
}

/// Whether a text contains a word, in any case.
fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether it has the name of what RRP begins and ends a session by: some registry might take it for that.
fn is_of_rrp(name: &str) -> bool {
    name.eq_ignore_ascii_case("session") || name.eq_ignore_ascii_case("quit")
}

fn is_own(name: &str) -> bool {
    name.get(..OWN.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(OWN))
}

fn lane_of(said: &str, user: &User) -> Result<Lane, Box<Answer>> {
    let lane = Lane::ALL
        .into_iter()
        .filter(|lane| *lane != Lane::Settle)
        .find(|lane| lane.as_str().eq_ignore_ascii_case(said))
        .ok_or_else(|| invalid("`X-RRP-LANE` is `interactive`, `normal` or `bulk`"))?;
    if user.may_use(lane) { Ok(lane) } else { Err(denied("the lane is not allowed to this user")) }
}

fn deadline_of(said: &str) -> Result<Duration, Box<Answer>> {
    let seconds: u64 = said.parse().map_err(|_| invalid("`X-RRP-DEADLINE` is a number of seconds"))?;
    match Duration::from_secs(seconds) {
        Duration::ZERO => Err(invalid("`X-RRP-DEADLINE` is a number of seconds")),
        deadline => Ok(deadline.min(LONGEST)),
    }
}
