//! How sessions fail to open: real ends of real sessions.

use rrp::pool::{Credential, Failure};
use rrp::session::{self, End};

use crate::rig::why;
use crate::support::session::{At, Play, changing, check, login, rrp};

/// How a session ends before it is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fails {
    Unreached,
    /// The connection was closed when the login was to be sent.
    Unsent,
    /// The login was answered by this code.
    Code(u16),
    /// The connection was closed after the login was sent.
    Eof,
    Reset,
    Timeout,
}

pub(crate) fn end(fails: Fails, credential: Credential) -> End {
    let login = if credential == Credential::Change { changing() } else { login() };
    let at = if fails == Fails::Unsent { At::LoginCheck } else { At::LoginWait };
    let mut play = Play::with(session::Config::new(login), at, check());
    match fails {
        Fails::Unsent | Fails::Eof => play.eof(),
        Fails::Code(code) => play.input(rrp(code)),
        Fails::Reset => play.reset(),
        Fails::Timeout => play.wait(play.due().unwrap()),
        Fails::Unreached => unreachable!("nothing has ended"),
    }
    play.end()
}

pub(crate) fn failure(fails: Fails, credential: Credential) -> Failure {
    match fails {
        Fails::Unreached => Failure::unreached(why("connection refused")),
        fails => Failure::of(&end(fails, credential), why(&format!("{fails:?}"))),
    }
}
