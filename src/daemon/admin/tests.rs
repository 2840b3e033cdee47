use core::time::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use bytes::BytesMut;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::ask::Request;
use super::call::redacted;
use super::peer::{Peer, Role, Users};
use super::serve::{AdminSocket, Hub, converse};
use super::table::{COMMANDS, permit};
use super::{AdminAsk, Reloaded, line};
use crate::daemon::account::Account;
use crate::daemon::config::{Admin, Config, Surroundings};
use crate::daemon::shared::{Phase, Shared, State};
use crate::reply::Reply;
use crate::wire::deframe::{Deframer, Limits as FrameLimits};

const OWN: u32 = 4_000;
const READER: Peer = Peer { uid: 4_001, gid: 50, pid: Some(7) };
const WRITER: Peer = Peer { uid: 4_002, gid: 51, pid: Some(8) };
const NOBODY: Peer = Peer { uid: 4_003, gid: 52, pid: Some(9) };

/// A daemon, without all but its admin socket.
struct World {
    directory: TempDir,
    hub: Arc<Hub>,
    asks: mpsc::Receiver<AdminAsk>,
}

impl World {
    /// With an account at each of these ports of loopback.
    async fn at(ports: &[u16]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let passwd =
            "root:x:0:0::/:/bin/sh\nreader:x:4001:50::/:\nwriter:x:4002:51::/:\nother:x:4003:52::/:\n";
        fs::write(directory.path().join("passwd"), passwd).unwrap();
        fs::write(directory.path().join("group"), "# groups\nops:x:60:writer,somebody\nlook:x:50:\n")
            .unwrap();
        let users = Users::of(directory.path().join("passwd"), directory.path().join("group"));
        let socket = directory.path().join("admin.sock");
        let mut text =
            format!("[admin]\nsocket = {socket:?}\nread-write = [\"@ops\"]\nread-only = [\"reader\"]\n");
        // There must be one.
        for (number, port) in ports.iter().chain([&1].into_iter().filter(|_| ports.is_empty())).enumerate() {
            text.push_str(&format!(
                "[account.account{number}]\nserver = \"127.0.0.1:{port}\"\nlogin = \"registrar{number}\"\npassword-env = \"PW\"\n\
                 plain = true\nrate = \"unlimited\"\njournal = \"memory\"\nlock = {:?}\nquery-deadline = 20\n",
                directory.path()
            ));
        }
        let surroundings = Surroundings::none().variable("PW", "hunter22");
        let config = Config::parse(&text, "rrp.toml", &surroundings).unwrap();
        let mut accounts = BTreeMap::new();
        for account in config.accounts.values().take(ports.len()) {
            let started =
                Account::start(Arc::clone(account), Arc::new(crate::client::system_wall)).await.unwrap();
            accounts.insert(account.name.clone(), Arc::new(started));
        }
        let shared = Arc::new(Shared::new(State { config: Arc::new(config), accounts }));
        let (sender, asks) = mpsc::channel(4);
        let mut hub = Hub::new(shared, sender, users);
        hub.own = OWN;
        Self { directory, hub: Arc::new(hub), asks }
    }

    fn connect(&self, peer: Peer) -> (UnixStream, JoinHandle<()>) {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let hub = Arc::clone(&self.hub);
        (ours, tokio::spawn(async move { converse(&mut theirs, peer, &hub).await }))
    }

    /// What is answered to one request.
    async fn ask(&self, peer: Peer, request: Value) -> Value {
        let (stream, _task) = self.connect(peer);
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(format!("{request}\n").as_bytes()).await.unwrap();
        answer(&mut stream).await
    }
}

async fn answer(stream: &mut BufReader<UnixStream>) -> Value {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
}

fn admin(socket: &Path, read_write: &[&str], read_only: &[&str]) -> Admin {
    let names = |names: &[&str]| names.iter().map(|name| Box::from(*name)).collect();
    Admin { socket: socket.to_owned(), read_write: names(read_write), read_only: names(read_only) }
}

/// A registry that lets everybody in, says this to every command, and keeps what it got.
async fn registry(reply: &'static str) -> (u16, Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let got = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&got);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                stream
                    .write_all(b"Example RRP Server version 1.1.0\r\nThu Jan 1 00:00:00 2026\r\n.\r\n")
                    .await
                    .unwrap();
                let mut all = Vec::new();
                while stream.read_buf(&mut all).await.is_ok_and(|read| read > 0) {
                    let Some(text) = all
                        .ends_with(b"\r\n.\r\n")
                        .then(|| String::from_utf8(std::mem::take(&mut all)).unwrap())
                    else {
                        continue;
                    };
                    let answer = match text.as_str() {
                        text if text.starts_with("session") => "200 Command completed successfully\r\n.\r\n",
                        text if text.starts_with("quit") => {
                            "220 Command completed successfully. Server closing connection\r\n.\r\n"
                        }
                        _ => reply,
                    };
                    kept.lock().unwrap().push(text);
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (port, got)
}

fn kind(answer: &Value) -> &str {
    answer["error"]["kind"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn every_command_is_refused_to_whoever_may_not_give_it() {
    let world = World::at(&[1]).await;
    for (_, name, needs) in COMMANDS {
        // With something in it that no command takes: who gets beyond the check hears of that, and nothing is done.
        let request = json!({"do": name, "no such field": 1});
        let nobody = world.ask(NOBODY, request.clone()).await;
        assert_eq!(kind(&nobody), "denied", "{name}: {nobody}");
        let reader = world.ask(READER, request.clone()).await;
        let writer = world.ask(WRITER, request).await;
        assert_eq!(kind(&reader) == "denied", needs == Role::ReadWrite, "{name}: {reader}");
        assert!(!matches!(kind(&writer), "denied" | ""), "{name}: {writer}");
        assert_eq!(permit(name, Role::ReadOnly).is_ok(), needs == Role::ReadOnly, "{name}");
        assert!(permit(name, Role::ReadWrite).is_ok(), "{name}");
    }
    assert_eq!(kind(&world.ask(WRITER, json!({"do": "no such command"})).await), "request");
    // What changes something needs the role, and that list is this one.
    let reads: Vec<&str> =
        COMMANDS.iter().filter(|(_, _, needs)| *needs == Role::ReadOnly).map(|(_, name, _)| *name).collect();
    let expected = [
        "hello", "pools", "sessions", "clients", "queue", "pace", "holds", "doubts", "doubt", "config",
        "stats",
    ];
    assert_eq!(reads, expected);
}

#[tokio::test]
async fn roles_are_by_user_and_by_group() {
    let world = World::at(&[]).await;
    let (users, own) = (&world.hub.users, OWN);
    let peer = |uid, gid| Peer { uid, gid, pid: None };
    let socket = world.directory.path().join("x");
    let role = |admin: &Admin, uid, gid| users.role(peer(uid, gid), admin, own);
    let none = admin(&socket, &[], &[]);
    assert_eq!(role(&none, 0, 0), Some(Role::ReadWrite));
    assert_eq!(role(&none, OWN, 1), Some(Role::ReadWrite));
    assert_eq!(role(&none, 4_001, 50), None);
    for (named, uid, gid, is) in [
        ("reader", 4_001, 1, true),
        ("4001", 4_001, 1, true),
        ("reader", 4_002, 50, false),
        ("@ops", 4_002, 1, true),
        ("@60", 4_002, 1, true),
        ("@ops", 4_001, 60, true),
        ("@ops", 4_001, 1, false),
        // The group that it is in by its own row.
        ("@look", 4_001, 1, true),
        ("@nosuch", 4_001, 1, false),
        ("nosuch", 4_001, 1, false),
        ("", 4_001, 1, false),
        ("@", 4_001, 1, false),
        // A group's name is no user's.
        ("ops", 4_002, 1, false),
    ] {
        assert_eq!(role(&admin(&socket, &[named], &[]), uid, gid).is_some(), is, "{named}, {uid}, {gid}");
    }
    let both = admin(&socket, &["writer"], &["writer", "reader"]);
    assert_eq!((role(&both, 4_002, 1), role(&both, 4_001, 1)), (Some(Role::ReadWrite), Some(Role::ReadOnly)));
}

#[tokio::test(start_paused = true)]
async fn requests_are_bounded_in_bytes_time_and_number() {
    let world = World::at(&[1]).await;
    let (mut stream, task) = world.connect(READER);
    let _ = stream.write_all(&vec![b'x'; line::MAX_REQUEST + 10_000]).await;
    let mut stream = BufReader::new(stream);
    let said = answer(&mut stream).await;
    assert!(said["error"]["text"].as_str().unwrap().contains("65536 bytes"), "{said}");
    task.await.unwrap();
    // A dribbler has the same time.
    let (stream, task) = world.connect(READER);
    let mut stream = BufReader::new(stream);
    for byte in b"{\"do\":\"he" {
        stream.get_mut().write_all(&[*byte]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(kind(&answer(&mut stream).await), "idle");
    task.await.unwrap();
    // And so many of them.
    let mut all = Vec::new();
    for _ in 0..16 {
        let (stream, _) = world.connect(READER);
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(b"{\"do\":\"hello\"}\n").await.unwrap();
        assert_eq!(answer(&mut stream).await["ok"]["role"], "read-only");
        all.push(stream);
    }
    let (stream, _) = world.connect(READER);
    assert_eq!(kind(&answer(&mut BufReader::new(stream)).await), "busy");
    // Garbage, and what is nearly a request; each is answered, in order.
    let mut stream = all.pop().unwrap();
    stream
        .get_mut()
        .write_all(b"\xff\x00{\n[]\n{}\n{\"do\":7}\n{\"do\":\"hello\",\"x\":1}\n{\"do\":\"hello\"}\n")
        .await
        .unwrap();
    for _ in 0..5 {
        assert_eq!(kind(&answer(&mut stream).await), "request");
    }
    assert!(answer(&mut stream).await["ok"].is_object());
}

#[tokio::test]
async fn what_stands_is_told() {
    let world = World::at(&[1, 2]).await;
    let hello = world.ask(READER, json!({"do": "hello"})).await;
    let first = &hello["ok"]["accounts"][0];
    assert_eq!(
        (&first["name"], &first["host"], &first["login"]),
        (&json!("account0"), &json!("127.0.0.1:1"), &json!("registrar0"))
    );
    assert_eq!(first["environment"], "simulated");
    for (command, list, count) in [
        ("pools", "pools", 2),
        ("queue", "lanes", 8),
        ("pace", "pace", 2),
        ("holds", "holds", 0),
        ("doubts", "doubts", 0),
    ] {
        let said = world.ask(READER, json!({"do": command})).await;
        assert_eq!(said["ok"][list].as_array().map(Vec::len), Some(count), "{command}: {said}");
        assert_eq!(said["ok"]["more"], 0);
    }
    let one = world.ask(READER, json!({"do": "pools", "account": "account1"})).await;
    assert_eq!(one["ok"]["pools"][0]["account"], "account1");
    assert_eq!(one["ok"]["pools"].as_array().map(Vec::len), Some(1));
    assert_eq!(kind(&world.ask(READER, json!({"do": "pools", "account": "x"})).await), "not-found");
    // Of several accounts, an order needs one.
    assert_eq!(kind(&world.ask(WRITER, json!({"do": "retry-login"})).await), "request");
    let connected = world.hub.shared.connections.enter("unix".into(), 9).unwrap();
    assert!(world.hub.shared.connections.belongs_to(&connected, "till", 9));
    let clients = world.ask(READER, json!({"do": "clients"})).await;
    assert_eq!(clients["ok"]["clients"][0]["user"], "till");
    let killed = world.ask(WRITER, json!({"do": "kill", "client": connected.number})).await;
    assert_eq!(killed["ok"]["client"], connected.number);
    connected.kill.notified().await;
    assert_eq!(kind(&world.ask(WRITER, json!({"do": "kill", "client": 99})).await), "not-found");
}

#[tokio::test]
async fn a_reload_is_told_and_a_drain_is_asked() {
    let mut world = World::at(&[]).await;
    let hub = Arc::clone(&world.hub);
    let (reload, ()) = tokio::join!(world.hub_ask(&hub, json!({"do": "reload"})), async {
        let Some(AdminAsk::Reload(tell)) = world.asks.recv().await else { panic!() };
        tell.send(Reloaded { changed: vec!["user `till`".to_owned()], ..Reloaded::default() }).unwrap();
    });
    assert_eq!(reload["ok"]["changed"], json!(["user `till`"]));
    world.ask(WRITER, json!({"do": "drain"})).await;
    assert!(matches!(world.asks.recv().await, Some(AdminAsk::Drain)));
    hub.shared.phase.send_replace(Phase::Draining);
    assert_eq!(kind(&world.ask(WRITER, json!({"do": "call", "command": "CheckDomain"})).await), "ending");
    assert_eq!(world.ask(READER, json!({"do": "hello"})).await["ok"]["phase"], "draining");
}

impl World {
    /// As `ask`, while the world is used.
    fn hub_ask(&self, hub: &Arc<Hub>, request: Value) -> impl Future<Output = Value> + use<> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let hub = Arc::clone(hub);
        tokio::spawn(async move { converse(&mut theirs, WRITER, &hub).await });
        async move {
            let mut stream = BufReader::new(ours);
            stream.get_mut().write_all(format!("{request}\n").as_bytes()).await.unwrap();
            answer(&mut stream).await
        }
    }
}

const STATUS: &str = "[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\nproperty[auth][0] = secret77\r\n\
                      property[domain][0] = example.com\r\nEOF\r\n";

#[tokio::test]
async fn a_command_goes_out_and_its_secrets_stay() {
    let (port, got) = registry(STATUS).await;
    let world = World::at(&[port]).await;
    let request = json!({"do": "call", "command": "StatusDomain", "parameters": {"domain": "example.com"}});
    let said = world.ask(WRITER, request).await;
    assert_eq!(said["ok"]["told"], "answered", "{said}");
    let reply = said["ok"]["reply"].as_str().unwrap();
    assert!(
        reply.contains("property[auth][0] = ***") && reply.contains("property[domain][0] = example.com"),
        "{reply}"
    );
    assert!(!said.to_string().contains("secret77"));
    let text = "[COMMAND]\r\ncommand=RenewDomain\r\ndomain=example.com\r\nexpiration=2027\r\nEOF\r\n";
    let said =
        world.ask(WRITER, json!({"do": "call", "request": text, "key": "order-1", "deadline_s": 60})).await;
    assert_eq!((&said["ok"]["told"], &said["ok"]["ticket"]), (&json!("accepted"), &json!(1)), "{said}");
    let again = world.ask(WRITER, json!({"do": "call", "request": text, "key": "order-1"})).await;
    assert_eq!(again["ok"]["replayed"], true, "{again}");
    let renewals = got.lock().unwrap().iter().filter(|text| text.contains("RenewDomain")).count();
    assert_eq!(renewals, 1);
    // One command, whole, and none of the session.
    let before = got.lock().unwrap().len();
    for (text, why) in [
        ("[COMMAND]\r\ncommand=StatusDomain\r\ndomain=a.com\r\nEOF\r\nquit\r\n.\r\n", "more than one"),
        ("[COMMAND]\r\ncommand=StatusDomain\r\ndomain=a.co", "not ended"),
        ("describe\r\n", "not ended"),
        ("quit\r\n.\r\n", "session"),
        ("[COMMAND]\r\ncommand=EndSession\r\nEOF\r\n", "session"),
        ("", "no command"),
    ] {
        let said = world.ask(WRITER, json!({"do": "call", "request": text})).await;
        assert!(
            kind(&said) == "request" && said["error"]["text"].as_str().unwrap().contains(why),
            "{text:?}: {said}"
        );
    }
    assert_eq!(got.lock().unwrap().len(), before);
}

#[test]
fn a_reply_without_secrets_stays_as_it_is() {
    for (bytes, expected) in [
        ("200 ok\r\nstatus:ACTIVE\r\n.\r\n", "200 ok\r\nstatus:ACTIVE\r\n.\r\n"),
        ("200 ok\r\nauth:x\r\n.\r\n", "200 ok\r\nauth:***\r\n.\r\n"),
        (STATUS, &STATUS.replace("secret77", "***")),
    ] {
        let frame = Deframer::new(FrameLimits::REPLY).deframe(&mut BytesMut::from(bytes)).unwrap().unwrap();
        assert_eq!(redacted(&Reply::parse(&frame).unwrap()), expected);
    }
}

#[tokio::test]
async fn the_file_is_made_for_those_who_are_named() {
    let world = World::at(&[]).await;
    let path = world.directory.path().join("admin.sock");
    let (asks, _asked) = mpsc::channel(1);
    let open = |admin: &Admin| AdminSocket::open(admin);
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    // What is no socket is left alone, and a link is not followed.
    fs::write(&path, "precious").unwrap();
    assert!(open(&admin(&path, &[], &[])).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    fs::rename(&path, world.directory.path().join("file")).unwrap();
    symlink(world.directory.path().join("file"), &path).unwrap();
    assert!(open(&admin(&path, &[], &[])).is_err());
    fs::remove_file(&path).unwrap();
    // One that nobody listens to is replaced, one that somebody listens to is not.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let socket = open(&admin(&path, &[], &[])).unwrap();
    assert_eq!(mode(), 0o600);
    let error = open(&admin(&path, &[], &[])).err().unwrap();
    assert!(error.to_string().contains("listens there already"), "{error}");
    let task = socket.serve(&world.hub.shared, asks);
    let stream = UnixStream::connect(&path).await.unwrap();
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"{\"do\":\"hello\"}\n").await.unwrap();
    // Of this process's own user.
    assert_eq!(answer(&mut stream).await["ok"]["role"], "read-write");
    world.hub.shared.phase.send_replace(Phase::Ending);
    task.await.unwrap();
    assert!(!path.exists());
    let group = fs::metadata(world.directory.path()).unwrap().gid();
    open(&admin(&path, &[&format!("@{group}")], &[])).map(|_socket| assert_eq!(mode(), 0o660)).unwrap();
    open(&admin(&path, &["4001"], &["4002"])).map(|_socket| assert_eq!(mode(), 0o666)).unwrap();
    assert!(open(&admin(&path, &["@no such group"], &[])).is_err());
    assert!(open(&admin(&path.join("no such directory"), &[], &[])).is_err());
}

#[test]
fn a_request_says_nothing_that_is_not_understood() {
    let (name, mut request) = Request::parse(b"{\"do\":\"x\",\"n\":1,\"t\":\"a\",\"null\":null}").unwrap();
    assert_eq!((name.as_str(), request.number("n").unwrap()), ("x", Some(1)));
    assert!(request.text("null").unwrap().is_none() && request.done().is_err());
    let (_, mut request) = Request::parse(b"{\"do\":\"x\",\"n\":-1,\"s\":0}").unwrap();
    assert!(request.number("n").is_err() && request.seconds("s", 9).is_err() && request.done().is_ok());
}

#[tokio::test]
async fn whoever_looks_gets_in_while_others_wait() {
    let world = World::at(&[1]).await;
    let mut waiting = Vec::new();
    while world.hub.calls.available_permits() > 0 {
        let (mut stream, _task) = world.connect(WRITER);
        // Nobody can be reached: it waits for its time to be over.
        let request = json!({"do": "call", "command": "CheckDomain", "parameters": [["domain", "a.com"]]});
        stream.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        let before = world.hub.calls.available_permits();
        while world.hub.calls.available_permits() == before {
            tokio::task::yield_now().await;
        }
        waiting.push(stream);
    }
    assert_eq!(waiting.len(), 12);
    let settle = json!({"do": "settle", "ticket": 1});
    assert_eq!(kind(&world.ask(WRITER, settle).await), "busy");
    assert!(world.ask(READER, json!({"do": "queue"})).await["ok"]["waiting"].is_array());
    // Whoever goes gives its place back.
    drop(waiting);
    while world.hub.calls.available_permits() < 12 {
        tokio::task::yield_now().await;
    }
}
