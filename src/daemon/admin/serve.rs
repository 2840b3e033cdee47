//! Connections of operators, and what is done on each.

use std::sync::Arc;

use bytes::BytesMut;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tracing::{debug, info, warn};

use super::ask::{Refusal, Request};
use super::line::{self, NoLine};
use super::peer::{Peer, Role, Users};
use super::show::{self, View};
use super::socket::Socket;
use super::table::{What, permit};
use super::{AdminAsk, AdminError, accounts, call, doubts, operate, stats};
use crate::daemon::config::Admin;
use crate::daemon::shared::{Phase, Shared};

/// Connections at a time; one more is told so, and closed.
const MAX_CONNECTIONS: usize = 16;

/// Of those, so many may wait for a registry at a time: whoever wants to look gets in.
const MAX_CALLS: usize = 12;

/// The socket of whoever runs the daemon.
pub(in crate::daemon) struct AdminSocket {
    socket: Socket,
    users: Users,
}

/// What a connection needs.
pub(super) struct Hub {
    pub(super) shared: Arc<Shared>,
    pub(super) asks: mpsc::Sender<AdminAsk>,
    pub(super) users: Users,
    pub(super) places: Semaphore,
    pub(super) calls: Semaphore,
    /// The user of this process.
    pub(super) own: u32,
}

impl Hub {
    pub(super) fn new(shared: Arc<Shared>, asks: mpsc::Sender<AdminAsk>, users: Users) -> Self {
        let own = rustix::process::geteuid().as_raw();
        let (places, calls) = (Semaphore::new(MAX_CONNECTIONS), Semaphore::new(MAX_CALLS));
        Self { shared, asks, users, places, calls, own }
    }
}

impl AdminSocket {
    /// Listens.
    ///
    /// # Errors
    /// If something is there already, or what the configuration names does not exist.
    pub(in crate::daemon) fn open(admin: &Admin) -> Result<Self, AdminError> {
        let users = Users::default();
        Ok(Self { socket: Socket::open(admin, &users)?, users })
    }

    /// Answers, also while the daemon drains, until it ends at once. The file goes with the task.
    pub(in crate::daemon) fn serve(
        self,
        shared: &Arc<Shared>,
        asks: mpsc::Sender<AdminAsk>,
    ) -> JoinHandle<()> {
        let hub = Arc::new(Hub::new(Arc::clone(shared), asks, self.users));
        tokio::spawn(accept(self.socket, hub))
    }
}

async fn accept(socket: Socket, hub: Arc<Hub>) {
    let mut phase = hub.shared.phase.subscribe();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&hub)));
                }
                Err(error) => {
                    // Out of descriptors: they come back.
                    warn!(%error, "admin socket: nobody is accepted");
                    tokio::time::sleep(core::time::Duration::from_secs(1)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = ending(&mut phase) => return,
        }
    }
}

async fn ending(phase: &mut watch::Receiver<Phase>) {
    // Who is told of no other phase has to end, too.
    let _ = phase.wait_for(|phase| *phase == Phase::Ending).await;
}

/// One connection, to its end.
async fn connection(mut stream: UnixStream, hub: Arc<Hub>) {
    let Ok(credentials) = stream.peer_cred() else { return };
    let peer = Peer { uid: credentials.uid(), gid: credentials.gid(), pid: credentials.pid() };
    converse(&mut stream, peer, &hub).await;
}

/// What is said on a connection of this peer.
pub(super) async fn converse(stream: &mut UnixStream, peer: Peer, hub: &Hub) {
    let (mut reader, mut writer) = stream.split();
    let admin = hub.shared.state().config.admin.clone();
    let Some(role) = admin.and_then(|admin| hub.users.role(peer, &admin, hub.own)) else {
        warn!(uid = peer.uid, pid = peer.pid, "admin: nobody of the configuration");
        let text = format!("user {} may not ask anything here", peer.uid);
        line::write(&mut writer, &Refusal::new("denied", text).json()).await;
        return;
    };
    let Ok(_place) = hub.places.try_acquire() else {
        line::write(&mut writer, &Refusal::new("busy", "too many connections").json()).await;
        return;
    };
    let mut buffer = BytesMut::new();
    loop {
        let refusal = match line::read(&mut reader, &mut buffer).await {
            Ok(request) => {
                let answered = tokio::select! {
                    biased;
                    answered = answer(&request, role, peer, hub) => answered,
                    // What it waits for is not waited for any more.
                    () = line::gone(&reader) => return,
                };
                let answer = answered.unwrap_or_else(|refusal| refusal.json());
                if line::write(&mut writer, &answer).await {
                    continue;
                }
                return;
            }
            Err(NoLine::Ended) => return,
            Err(NoLine::TooLong) => {
                Refusal::request(format!("a request has {} bytes at the most", line::MAX_REQUEST))
            }
            Err(NoLine::TooLate) => {
                let time = line::REQUEST_TIME.as_secs();
                Refusal::new("idle", format!("no request came within {time} s"))
            }
        };
        line::write(&mut writer, &refusal.json()).await;
        return;
    }
}

/// The answer to a request. An order is logged with who gave it, whatever comes of it.
async fn answer(line: &[u8], role: Role, peer: Peer, hub: &Hub) -> Result<Value, Refusal> {
    let (name, request) = Request::parse(line)?;
    let (what, needs) = match permit(&name, role) {
        Ok(permitted) => permitted,
        Err(refusal) => {
            warn!(uid = peer.uid, pid = peer.pid, command = %name.escape_debug(), why = refusal.text(), "admin: refused");
            return Err(refusal);
        }
    };
    let done = run(what, request, role, peer, hub).await;
    let (uid, pid, command) = (peer.uid, peer.pid, name.as_str());
    match (&done, needs) {
        (_, Role::ReadOnly) => debug!(uid, pid, command, "admin: asked"),
        (Ok(done), Role::ReadWrite) => {
            let word = |key: &str| done.get(key).and_then(Value::as_str).unwrap_or_default();
            let (result, ticket) = (word("told"), done.get("ticket").and_then(Value::as_u64));
            let (account, found) = (word("account"), word("found"));
            info!(uid, pid, command, account, result, found, ticket, "admin: done");
        }
        (Err(refusal), Role::ReadWrite) => {
            warn!(uid, pid, command, why = refusal.text(), "admin: not done");
        }
    }
    done.map(|done| json!({"ok": done}))
}

async fn run(what: What, mut request: Request, role: Role, peer: Peer, hub: &Hub) -> Result<Value, Refusal> {
    let shared = &hub.shared;
    let state = shared.state();
    let user = format!("admin:{}", peer.uid);
    let _place = match what {
        What::Call | What::Settle => match hub.calls.try_acquire() {
            Ok(place) => Some(place),
            Err(_) => {
                return Err(Refusal::new("busy", "too many commands of operators wait: ask again later"));
            }
        },
        _ => None,
    };
    match what {
        What::Pools | What::Pace | What::Sessions | What::Holds => {
            let accounts = accounts::all(&mut request, &state)?;
            request.done()?;
            let views = View::of(accounts).await?;
            Ok(match what {
                What::Sessions => show::rows("sessions", views.iter().flat_map(View::sessions).collect()),
                What::Pace => show::rows("pace", views.iter().map(View::pace).collect()),
                What::Holds => show::rows("holds", views.iter().flat_map(View::holds).collect()),
                _ => show::rows("pools", views.iter().map(View::pool).collect()),
            })
        }
        What::Queue => {
            let accounts = accounts::all(&mut request, &state)?;
            request.done()?;
            show::queue(accounts).await
        }
        What::Hello => request.done().map(|()| show::hello(shared, role)),
        What::Clients => request.done().map(|()| show::clients(shared)),
        What::Stats => {
            let accounts = accounts::all(&mut request, &state)?;
            request.done()?;
            stats::tell(shared, accounts).await
        }
        What::Config => request.done().map(|()| json!({"toml": state.config.show()})),
        What::Doubts => doubts::list(request, &state).await,
        What::Doubt => doubts::show(request, &state).await,
        What::Settle => doubts::settle(request, &state, &user).await,
        What::Resolve => doubts::resolve(request, &state, &user).await,
        What::Call => {
            if *shared.phase.borrow() != Phase::Running {
                return Err(Refusal::new("ending", "the daemon takes nothing new: it ends"));
            }
            call::run(request, &state, &user).await
        }
        What::Kill => operate::kill(request, shared).await,
        What::Hold => operate::hold(request, &state).await,
        What::Drain => operate::drain(request, &hub.asks).await,
        What::Reload => operate::reload(request, &hub.asks).await,
        What::Pause | What::Resume | What::Reconnect | What::Release | What::RetryLogin => {
            operate::simple(what, request, &state).await
        }
    }
}
