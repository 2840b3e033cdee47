//! Sessions, and the limits of connections and accounts.

use std::time::Duration;

use rrp::command::Dialect;
use rrp::sim::{Close, Registrar};

use crate::drive::{Client, config};

const CHECK: &str = "check\nEntityName:Domain\nDomainName:example.com";
const WRONG: &str = "session\n-Id:registrarA\n-Password:wrong-password";
const RIGHT: &str = "session\n-Id:registrarA\n-Password:i-am-registrarA";

#[test]
fn nothing_goes_before_the_login() {
    let mut client = Client::connect(config());
    for text in [CHECK, "quit", "frobnicate", "describe"] {
        assert_eq!(client.code(text), 547, "{text}");
    }
    assert_eq!(client.ptf("command = Describe").code(), 547);
    assert_eq!(client.code(RIGHT), 200);
    assert_eq!(client.code(CHECK), 210);
    let mut client = Client::connect(config().before_login(530));
    assert_eq!(client.code(CHECK), 530);
}

#[test]
fn second_refused_login_ends_the_connection() {
    let mut client = Client::connect(config());
    assert_eq!((client.code(WRONG), client.closed), (530, None));
    assert_eq!((client.code(RIGHT), client.closed), (200, None));
    client.reconnect();
    assert_eq!((client.code(WRONG), client.closed), (530, None));
    assert_eq!((client.code(WRONG), client.closed), (530, Some(Close::Orderly)));
    client.reconnect();
    let unknown = "session\n-Id:nobody\n-Password:wrong-password";
    assert_eq!(client.code(unknown), 530);
}

#[test]
fn logins_must_be_whole() {
    let mut client = Client::connect(config());
    assert_eq!(client.code("session\n-Id:registrarA"), 509);
    assert_eq!(client.code("session\n-Password:i-am-registrarA"), 509);
    assert_eq!(client.code(&format!("{RIGHT}\n-Frob:x")), 501);
    assert_eq!(client.code(&format!("{RIGHT}\nEntityName:Domain")), 507);
    assert_eq!(client.code(&format!("{RIGHT}\n-NewPassword:")), 506);
    let mut strict = Client::connect(config().dialect(Dialect::Rfc));
    assert_eq!(strict.code(&format!("{RIGHT}\n-NewPassword:longer-than-sixteen")), 506);
    let suspended = Registrar::new("registrarA", "i-am-registrarA").suspended(true);
    assert_eq!(Client::connect(config().registrar(suspended)).code(RIGHT), 531);
}

#[test]
fn password_is_changed_by_a_login() {
    let mut client = Client::connect(config());
    assert_eq!(client.code(&format!("{RIGHT}\n-NewPassword:another-word")), 200);
    client.reconnect();
    assert_eq!(client.code(RIGHT), 530);
    assert_eq!(client.code("session\n-Id:registrarA\n-Password:another-word"), 200);
}

#[test]
fn sessions_are_limited() {
    let two = Registrar::new("registrarA", "i-am-registrarA").sessions(2);
    let mut client = Client::new(config().registrar(two));
    let first = client.switch("registrarA");
    assert_eq!(client.registry.sessions("registrarA"), 2);
    let second = client.id;
    assert_eq!(client.registry.logged_in(second), Some("registrarA"));
    client.reconnect();
    assert_eq!(client.registry.logged_in(client.id), None);
    assert_eq!((client.code(RIGHT), client.closed), (521, Some(Close::Orderly)));
    // Another account has its own.
    client.reconnect();
    client.log_in("registrarB");
    // A session that ends makes room, however it ends.
    client.registry.disconnect(first, client.now);
    client.reconnect();
    client.log_in("registrarA");
    client.id = second;
    assert_eq!((client.code("quit"), client.closed), (220, Some(Close::Orderly)));
    assert_eq!(client.registry.sessions("registrarA"), 1);
}

#[test]
fn lost_sessions_count_for_a_while() {
    let one = Registrar::new("registrarA", "i-am-registrarA").sessions(1);
    let mut client = Client::new(config().registrar(one).ghosts(Duration::from_secs(60)));
    client.registry.disconnect(client.id, client.now);
    client.reconnect();
    assert_eq!(client.code(RIGHT), 521);
    client.wait(60);
    client.reconnect();
    assert_eq!(client.code(RIGHT), 200);
    // QUIT leaves no ghost.
    assert_eq!(client.code("quit"), 220);
    client.reconnect();
    assert_eq!(client.code(RIGHT), 200);
}

#[test]
fn connections_are_limited() {
    let mut client = Client::connect(config().connections(1));
    let id = client.registry.connect(client.now);
    client.id = id;
    client.settle();
    assert_eq!(client.take(), "521 Too many sessions open. Server closing connection\r\n.\r\n");
    assert_eq!(client.closed, Some(Close::Orderly));
    assert_eq!(client.registry.connections().len(), 1);
}

#[test]
fn idle_connections_are_closed() {
    let mut client = Client::new(config().idle_limit(Duration::from_secs(600)));
    client.wait(599);
    assert_eq!(client.code(CHECK), 210);
    let due = client.registry.poll_timeout().unwrap();
    assert_eq!(due, client.now + Duration::from_secs(600));
    client.wait(599);
    assert_eq!((client.take().as_str(), client.closed), ("", None));
    client.wait(1);
    assert_eq!(
        client.take(),
        "520 Server closing connection. Client should try opening new connection; idle timeout\r\n.\r\n"
    );
    assert_eq!(client.closed, Some(Close::Orderly));
    assert_eq!(client.registry.sessions("registrarA"), 0);
}

#[test]
fn a_command_that_begins_does_not_keep_a_connection_alive() {
    let mut client = Client::new(config().idle_limit(Duration::from_secs(10)));
    client.wait(9);
    client.send("check\nEntityName:Domain");
    client.wait(1);
    assert_eq!(client.closed, Some(Close::Orderly));
    // And comes too late: of the moment, the limit has been passed first.
    client.registry.receive(client.id, b"DomainName:example.com\r\n.\r\n", client.now);
    assert_eq!(client.registry.poll(client.now), None);
}

#[test]
fn sessions_end_with_their_lifetime() {
    let hour = Duration::from_secs(3_600);
    let mut client =
        Client::new(config().session_lifetime(hour).latency(Duration::from_secs(2)).idle_limit(None));
    // Two seconds have passed since the login was executed.
    client.now += hour - Duration::from_secs(3);
    client.send(&format!("{CHECK}\n."));
    // A command that is being executed is answered first.
    client.wait(2);
    let received = client.take();
    assert!(received.starts_with("210 ") && received.contains("\r\n.\r\n520 "), "{received}");
    assert!(received.ends_with("; session timeout\r\n.\r\n"), "{received}");
}

#[test]
fn too_many_commands_lock_the_account() {
    let rate = |config: rrp::sim::Config| config.rate(3, Duration::from_secs(1), Duration::from_secs(300));
    let mut client = Client::new(rate(config()));
    assert_eq!((client.code(CHECK), client.code(CHECK)), (210, 210));
    assert_eq!(client.code(CHECK), 422);
    // Locked is the account, on every connection, and from new logins.
    client.wait(200);
    let ptf = client.ptf("command = CheckDomain\ndomain = example.com");
    assert_eq!(ptf.code(), 422);
    client.reconnect();
    assert_eq!(client.code(RIGHT), 422);
    client.reconnect();
    client.log_in("registrarB");
    assert_eq!(client.code(CHECK), 210);
    client.wait(100);
    client.reconnect();
    client.log_in("registrarA");
    assert_eq!(client.code(CHECK), 210);
}

#[test]
fn one_command_a_second_is_not_too_many() {
    let mut client = Client::new(config().rate(1, Duration::from_secs(1), Duration::from_secs(300)));
    for _ in 0..50 {
        client.wait(1);
        assert_eq!(client.code(CHECK), 210);
    }
}

#[test]
fn latency_is_kept_and_commands_wait_for_each_other() {
    let mut client = Client::connect(config().latency(Duration::from_secs(1)));
    client.send(&format!("{RIGHT}\n.\n{CHECK}\n.\nquit\n."));
    assert_eq!(client.take(), "");
    client.wait(1);
    assert!(client.take().starts_with("200 "));
    client.wait(1);
    assert!(client.take().starts_with("210 "));
    assert_eq!(client.registry.poll_timeout(), Some(client.now + Duration::from_secs(1)));
    client.wait(1);
    assert!(client.take().starts_with("220 "));
    assert_eq!(client.closed, Some(Close::Orderly));
}

#[test]
fn what_arrived_whole_is_executed_and_what_did_not_is_not() {
    let add = |name: &str| format!("add\r\nEntityName:Domain\r\nDomainName:{name}\r\n.\r\n");
    let mut client = Client::new(config().latency(Duration::from_secs(1)));
    let bytes = [add("one.com"), add("two.com"), add("three.com").trim_end().to_owned()].concat();
    client.registry.receive(client.id, bytes.as_bytes(), client.now);
    client.registry.disconnect(client.id, client.now);
    client.wait(10);
    assert_eq!(client.take(), "", "nothing is sent into a lost connection");
    let ledger = client.registry.ledger();
    assert_eq!((ledger.executed("add", "one.com"), ledger.executed("add", "two.com")), (1, 1));
    assert!(client.registry.domain("three.com").is_none());

    client.reconnect();
    client.send(RIGHT);
    client.registry.receive(client.id, b".\r\n", client.now);
    client.registry.receive(
        client.id,
        [add("four.com"), "quit\r\n".to_owned()].concat().as_bytes(),
        client.now,
    );
    client.registry.receive_eof(client.id, client.now);
    client.wait(1);
    client.wait(1);
    assert_eq!(client.closed, Some(Close::Orderly));
    assert_eq!(client.registry.ledger().executed("add", "four.com"), 1);
    assert!(!client.take().contains("220"));
}
