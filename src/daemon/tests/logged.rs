//! What is logged of local clients at TRACE: each request with its reply, and no secret of anybody.

use std::io;
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn requests_and_replies_are_logged_without_secrets() {
    const PLANTED: &str = "pl4nted";
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let daemon = Daemon::start().await;
    // Wrong names and passwords are somebody's too.
    let mut stream = daemon.connect().await;
    stream.write_all(format!("desk\n{PLANTED}\n").as_bytes()).await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    let mut desk = daemon.log_in("desk").await;
    let added = ask(&mut desk, "command=AddDomain\ndomain=example.com\nperiod=1").await;
    assert_eq!(code(&added), "200");
    for request in [
        format!("command=SetAuthCode\ndomain=example.com\nauth={PLANTED}"),
        format!("command=ModifyDomain\ndomain=example.com\nX-AUTH-CODE={PLANTED}"),
        format!("command=TransferDomain\naction=REQUEST\ndomain=example.com\nAuth = {PLANTED}"),
        format!("command=CheckAuthentication\nsubuser=x\npassword={PLANTED}"),
        // What is refused here.
        format!("command=StatusDomain\ncommand=x\nauth={PLANTED}"),
        format!("command=PushDomain\nauth={PLANTED}"),
    ] {
        ask(&mut desk, &request).await;
    }
    let status = ask(&mut desk, "command=StatusDomain\ndomain=example.com").await;
    desk.write_all(format!("session\n-Id:x\n-Password:{PLANTED}\nEOF\n").as_bytes()).await.unwrap();
    reply(&mut desk).await;
    daemon.end().await;
    drop(guard);
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    for wanted in ["rrp::front: answered user=\"desk\"", "command=AddDomain", "code = 200"] {
        assert!(logged.contains(wanted), "no {wanted:?} in {logged}");
    }
    let auth = status.lines().find_map(|line| line.strip_prefix("property[auth][0] = "));
    for secret in [Some(PLANTED), auth].into_iter().flatten() {
        assert!(!logged.contains(secret), "{secret} in {logged}");
    }
    // The registry's login, and the local one: words of their own in no value.
    for line in logged.lines() {
        assert!(!line.contains("assword:password") && !line.contains("assword=password"), "{line}");
    }
}
