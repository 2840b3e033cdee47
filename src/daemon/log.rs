//! What the daemon logs of its local clients' requests: which names an event of it has, and no secrets.
//!
//! Everything else that it logs, it logs as the library does, by `tracing`.

use core::fmt;
use std::borrow::Cow;

use crate::secret::{REDACTED, assigns_secret, is_secret_name};

/// The target of events that tell one request of a local client and its reply, at the level DEBUG. They have the fields
/// [`REQUEST`] and [`REPLY`], beside `user` and `account`.
pub const FRONT: &str = "rrp::front";
/// The field with the request: its lines as they came, without secrets.
pub const REQUEST: &str = "request";
/// The field with the reply, in the same way.
pub const REPLY: &str = "reply";

/// So many bytes of a request, and of a reply, are shown.
const MAX_SHOWN: usize = 3_584;
/// A shorter secret is not looked for where it is not named: any text may have it.
const MIN_SECRET: usize = 4;

/// Whether anybody wants requests and replies.
pub(super) fn is_wanted() -> bool {
    tracing::enabled!(target: FRONT, tracing::Level::DEBUG)
}

/// Logs that this request of this user got this reply. It costs next to nothing while nobody wants to know.
pub(super) fn exchanged(user: &str, account: &str, request: &[u8], reply: &[u8]) {
    if !is_wanted() {
        return;
    }
    let secrets = secrets(request);
    tracing::debug!(
        target: FRONT,
        user,
        account,
        request = %Shown { text: request, secrets: &[] },
        reply = %Shown { text: reply, secrets: &secrets },
        "answered"
    );
}

/// What a request holds under names of secrets: a reply may quote it.
fn secrets(request: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(request);
    let pairs = text.lines().filter_map(split).filter(|(name, _)| is_secret_name(name));
    pairs.map(|(_, value)| value.trim().to_owned()).filter(|value| value.len() >= MIN_SECRET).collect()
}

/// Name and value of a line of either grammar.
fn split(line: &str) -> Option<(&str, &str)> {
    line.split_once('=').or_else(|| line.split_once(':'))
}

/// A request or a reply as it may be shown.
struct Shown<'a> {
    text: &'a [u8],
    /// To be hidden wherever they stand.
    secrets: &'a [String],
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.text.get(..MAX_SHOWN).unwrap_or(self.text);
        // A line that is cut may be a secret's, and hide its name; it is not shown.
        let whole = match shown.iter().rposition(|byte| *byte == b'\n') {
            Some(end) if shown.len() < self.text.len() => shown.get(..end).unwrap_or_default(),
            None if shown.len() < self.text.len() => b"",
            _ => shown,
        };
        let text = String::from_utf8_lossy(whole);
        for (index, line) in text.lines().enumerate() {
            let sep = if index == 0 { "" } else { "\n" };
            write!(f, "{sep}{}", self.line(line))?;
        }
        if whole.len() < self.text.len() && shown.len() < self.text.len() {
            let left = self.text.len().saturating_sub(whole.len());
            write!(f, "\n({left} bytes more)")?;
        }
        Ok(())
    }
}

impl Shown<'_> {
    fn line<'l>(&self, line: &'l str) -> Cow<'l, str> {
        if self.secrets.iter().any(|secret| line.contains(&**secret)) {
            return Cow::Borrowed(REDACTED);
        }
        match split(line) {
            // Torn at a separator within it: `user PASSWORD:x = at 10:00`.
            Some((name, _)) if name.contains(':') && is_secret_name(name) => Cow::Borrowed(REDACTED),
            Some((name, value)) if is_secret_name(name) || assigns_secret(value) => {
                let separator =
                    if line.get(name.len()..).is_some_and(|rest| rest.starts_with('=')) { '=' } else { ':' };
                Cow::Owned(format!("{name}{separator}{REDACTED}"))
            }
            _ if assigns_secret(line) => Cow::Borrowed(REDACTED),
            _ => Cow::Borrowed(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(request: &str, reply: &str) -> String {
        let secrets = secrets(request.as_bytes());
        let reply = Shown { text: reply.as_bytes(), secrets: &secrets };
        format!("{}\n-> {reply}", Shown { text: request.as_bytes(), secrets: &[] })
    }

    #[test]
    fn a_request_and_its_reply_are_shown_line_by_line() {
        let told = shown(
            "[COMMAND]\r\ncommand = CheckDomain\r\ndomain=example.com\r\nEOF\r\n",
            "[RESPONSE]\r\ncode = 210\r\ndescription = Domain name available\r\nEOF\r\n",
        );
        assert_eq!(
            told,
            "[COMMAND]\ncommand = CheckDomain\ndomain=example.com\nEOF\n-> [RESPONSE]\ncode = 210\ndescription = Domain \
             name available\nEOF"
        );
    }

    #[test]
    fn a_planted_secret_is_not_shown() {
        const PLANTED: &str = "pl4nted";
        for (request, reply) in [
            ("[COMMAND]\ncommand=TransferDomain\nauth=pl4nted\nEOF", "[RESPONSE]\ncode=200\nEOF"),
            ("[COMMAND]\nAUTH \t=  pl4nted  \nEOF", "[RESPONSE]\ndescription = pl4nted is wrong\nEOF"),
            ("[COMMAND]\ncommand=x\nEOF", "[RESPONSE]\nproperty[auth][0] = pl4nted\nEOF"),
            (
                "session\n-Id:registrar\n-Password:pl4nted\n.",
                "530 Authentication failed: Password:pl4nted\n.",
            ),
            ("[COMMAND]\nnote=the password=pl4nted\nEOF", "200 ok\nuser PASSWORD:pl4nted = at 10:00\n."),
            ("password:pl4nted", "sessionid: pl4nted"),
        ] {
            let told = shown(request, reply);
            assert!(!told.contains(PLANTED) && told.contains(REDACTED), "{told}");
        }
        // Cut where its line is not whole: the name may be far ahead.
        let long = format!("[COMMAND]\nauth={}pl4nted\nEOF", "x".repeat(MAX_SHOWN - 20));
        assert!(!shown(&long, "").contains("xpl"), "{}", shown(&long, ""));
        let cut = format!("{}\n{}pl4nted", "a=b\n".repeat(400), "x".repeat(MAX_SHOWN));
        let told = shown(&cut, "");
        assert!(told.contains("bytes more)") && told.len() < MAX_SHOWN, "{told}");
    }

    #[test]
    fn any_bytes_are_shown() {
        let bytes: Vec<u8> = (0..=255).cycle().take(20_000).collect();
        let told = Shown { text: &bytes, secrets: &[] }.to_string();
        assert!(told.len() < 4 * MAX_SHOWN, "{}", told.len());
        assert_eq!(Shown { text: b"", secrets: &[] }.to_string(), "");
    }
}
