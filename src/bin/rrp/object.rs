//! The JSON object of a request: what the help says about it, and the exit code in it.

use serde_json::{Value, json};

use crate::client::Peer;
use crate::exit::Exit;

/// For the long help of the subcommands that print it.
pub(crate) const HELP: &str = "\
JSON (--json): an object for each request (`check`: an array of them). Errors that exit with 2 or 7 are text on
standard error, with --json too. No field is left out, unless it says so; null: unknown, or does not apply.
  host         host and port
  environment  ote | production | simulated (loopback) | not-stated
  command      its name
  effect       read | write
  billable     no | yes | maybe
  fate         answered (a whole reply) | unanswered (sent; no whole reply came) | unsent
  code, text   the reply's; null unless fate is answered
  error, fix   why there is no reply, and what to check; null if there is one, fix also if nothing is known to do
  in_doubt     true: a write may have been executed; do not send it again
  sent         the command as it went out, or would have, secrets redacted
  advice, advice_text, wait   what to do next, as in `reply`; in doubt always `read-back`
  settle       in doubt: how to learn whether it was executed; else null
  look         in doubt, or if a guard was refused: the command line that looks; null if none is known
  guard        what a refused guard of a renewal may mean; else null
  tls          {verified, pin}: whether the certificate was, and the pin of its key; null without TLS or a connection
  reply        the reply, else null: kind, grammar (rrp | ptf), terminated, code, text, detail (behind `;`), meaning,
               class (success | temporary | permanent | unclassified), answer (yes | no | null), fits, executed
               (yes | no | unknown), word (who says so), advice, advice_text, wait (seconds), closes, pending, job,
               runtime, queuetime (seconds), lines [{name, index, value}]; domain_checks and page only where there
               are any. word is `the specification`, `the upstream's documentation`, `inference` or `practice`, the
               surest first
  attempts     [{session (0: none), fate, code, error, pause (seconds), new_session}]; the last two null if it was
               the last
  exit         the exit status that this request comes to
  result       the same as a word: yes (0) | no (1) | temporary (3) | permanent (4) | in-doubt (5) | not-sent (6)";

/// Says in the object of a request what it comes to for the user, where that is not what its reply alone comes to.
pub(crate) fn set_exit(object: &mut Value, exit: Exit) {
    if let Some(map) = object.as_object_mut() {
        map.insert("exit".to_owned(), json!(exit.code()));
        map.insert("result".to_owned(), json!(exit.as_str()));
    }
}

/// Who the other side of TLS is.
pub(crate) fn tls(peer: Option<Peer>) -> Value {
    json!(peer.map(|peer| json!({"verified": peer.verified, "pin": peer.pin.to_string()})))
}
