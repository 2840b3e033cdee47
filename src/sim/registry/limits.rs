//! What happens to a connection on which nothing happens: limits, and faults that wait for a pause.

use core::time::Duration;
use std::time::Instant;

use bytes::Bytes;

use super::super::connection::{ConnectionId, Login};
use super::super::plan::Plan;
use super::super::wire::{Answer, Form};
use super::{Action, Close, Due, Registry};

/// Why a quiet connection is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deadline {
    Idle,
    Lifetime,
    Fault(Duration),
}

impl Registry {
    /// The next limit that a connection would pass, or pause after which a fault could fire.
    pub(super) fn next_deadline(&self) -> Option<(Instant, ConnectionId, Deadline)> {
        let mut next: Option<(Instant, ConnectionId, Deadline)> = None;
        for (id, connection) in self.connections.iter().filter(|(_, connection)| !connection.busy) {
            let after =
                |since: Instant, limit: Option<Duration>| limit.and_then(|limit| since.checked_add(limit));
            let lifetime = match connection.login {
                Login::Done { since, .. } => after(since, self.config.lifetime),
                Login::Waiting { .. } => None,
            };
            let fault = self.faults.next_idle(*id, connection.idle_fired);
            let all = [
                (after(connection.idle_since, fault), Deadline::Fault(fault.unwrap_or_default())),
                (after(connection.idle_since, self.config.idle), Deadline::Idle),
                (lifetime, Deadline::Lifetime),
            ];
            for (when, why) in all {
                if let Some(when) = when
                    && next.is_none_or(|(earlier, ..)| when < earlier)
                {
                    next = Some((when, *id, why));
                }
            }
        }
        next
    }

    pub(super) fn pass_deadline(&mut self, id: ConnectionId, why: Deadline) {
        let reason = match why {
            Deadline::Idle => "idle timeout",
            Deadline::Lifetime => "session timeout",
            Deadline::Fault(pause) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.idle_fired = Some(pause);
                }
                let effects = self.faults.fire_idle(id, pause);
                let plan = Plan::new(effects, &self.config.style);
                if plan.lose_login
                    && let Some(connection) = self.connections.get_mut(&id)
                {
                    connection.login = Login::Waiting { refused: 0 };
                }
                for (after, piece) in
                    plan.pieces(Bytes::new(), Form::Rrp, &self.config.style, &mut self.random)
                {
                    self.later(plan.delay.saturating_add(after), Due::Act(id, Action::Send(piece)));
                }
                if let Some(close) = plan.close {
                    self.later(plan.delay, Due::Act(id, Action::Close(close)));
                }
                return;
            }
        };
        // §5.1, 520: the reason stands at the end of the text.
        let text = format!("Server closing connection. Client should try opening new connection; {reason}");
        let bytes = self.write(&Answer::new(520).form(Form::Rrp).text(text));
        self.ready.push_back((id, Action::Send(bytes)));
        self.close(id, Close::Orderly);
    }
}
