//! Bytes by chance: nobody knows what they mean, and nothing comes of them.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::harness::{Daemon, Random, code};

/// What a request is made of, and what it is broken by.
const PIECES: [&[u8]; 24] = [
    b"[COMMAND]\n",
    b"[COMMAND]\r\n",
    b"command=CheckDomain\n",
    b"command = StatusDomain\r\n",
    b"domain=example.com\n",
    b"EOF\n",
    b"eof\r\n",
    b" EOF \r\r\n",
    b"\n",
    b"\r",
    b".",
    b".\n",
    b"\r\n.\r\n",
    b"quit",
    b"=",
    b" ",
    b"\0",
    b"\xc2\x85",
    b"\xff",
    b"X-RRP-KEY=a\n",
    b"session\n-Id:registrar\n",
    b"add\nEntityName:Domain\nDomainName:evil.com\n",
    b"command=AddDomain\n",
    b"[RESPONSE]\ncode=200\n",
];

#[tokio::test]
async fn garbage_is_answered_or_refused_and_never_sent() {
    let daemon = Daemon::start().await;
    let mut other = daemon.log_in("batch").await;
    let mut random = Random(1);
    for round in 0..400 {
        let mut local =
            if round % 2 == 0 { daemon.log_in("desk").await } else { daemon.log_in_by_tcp("desk").await };
        let mut bytes = Vec::new();
        for _ in 0..1 + random.below(30) {
            if random.below(4) == 0 {
                let noise = random.below(40);
                bytes.extend((0..noise).map(|_| u8::try_from(random.below(256)).unwrap()));
            } else {
                bytes.extend_from_slice(PIECES[random.below(PIECES.len())]);
            }
        }
        // In pieces of any size.
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(1 + random.below(rest.len()));
            if local.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
            rest = more;
        }
        let _ = local.shutdown().await;
        let told = local.rest().await;
        // Whole answers, each of which says that it is ours, unless a whole request was among it.
        assert!(told.is_empty() || told.ends_with("EOF\n"), "{bytes:?}: {told}");
        for answer in told.split_inclusive("\nEOF\n") {
            assert!(answer.starts_with("[RESPONSE]\ncode"), "{bytes:?}: {told}");
            let known = ["210", "504", "507", "531", "545"].contains(&code(answer));
            assert!(known || answer.contains("svtrid"), "{bytes:?}: {answer}");
        }
        if round % 50 == 0 {
            let told = tokio::time::timeout(
                Duration::from_secs(5),
                other.ask("command=CheckDomain\ndomain=example.net"),
            );
            assert_eq!(code(&told.await.unwrap()), "210");
        }
    }
    // Whatever was whole, was asked in so many words.
    for command in daemon.reached() {
        let name = command.split(' ').next().unwrap();
        assert!(
            ["checkdomain", "statusdomain", "adddomain"].contains(&name) && !command.contains("evil"),
            "{command}"
        );
    }
    daemon.end().await;
}

#[tokio::test]
async fn binary_noise_without_an_end_is_cut_off() {
    let daemon = Daemon::start().await;
    let mut random = Random(2);
    for login in ["", "desk\nsecret\n"] {
        for mut local in [daemon.connect().await, daemon.connect_by_tcp().await] {
            let _ = local.write_all(login.as_bytes()).await;
            let noise: Vec<u8> = (0..65_536).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
            let mut sent = 0;
            while sent < 64 && local.write_all(&noise).await.is_ok() {
                sent += 1;
            }
            assert!(sent < 64, "all of it was taken");
        }
    }
    assert_eq!(daemon.reached(), [] as [&str; 0]);
    daemon.end().await;
}
