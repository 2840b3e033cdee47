//! What must not reach the registry, does not; whoever tries hears so, and others are answered meanwhile.

use tokio::io::AsyncWriteExt;

use crate::harness::{Daemon, Local, assert_own, code};

/// Billable, and recognisable: nothing of it may arrive.
const EVIL: &str = "[COMMAND]\ncommand=AddDomain\ndomain=evil.com\nperiod=1\nEOF\n";
const EVIL_RRP: &str = "add\nEntityName:Domain\nDomainName:evil.com\n-Period:1\n.\n";

async fn by_both(daemon: &Daemon) -> [Local; 2] {
    [daemon.log_in("desk").await, daemon.log_in_by_tcp("desk").await]
}

/// What follows is never read: 507, and the end.
async fn closes(daemon: &Daemon, request: &str) {
    for mut local in by_both(daemon).await {
        // It may be closed before all is written.
        let _ = local.write_all(request.as_bytes()).await;
        let told = local.rest().await;
        assert_own(&told, "507");
        assert!(told.matches("[RESPONSE]").count() == 1 && told.ends_with("\nEOF\n"), "{request:?}: {told}");
    }
}

/// It is refused with this code, and the connection goes on.
async fn refused(daemon: &Daemon, request: &[u8], wanted: &str) {
    for mut local in by_both(daemon).await {
        local.send(request).await;
        let told = local.reply().await;
        assert_eq!(code(&told), wanted, "{:?}: {told}", String::from_utf8_lossy(request));
        assert_own(&told, wanted);
        assert_eq!(code(&local.ask("command=CheckDomain\ndomain=example.com").await), "210");
    }
}

fn checks(times: usize) -> Vec<String> {
    vec!["checkdomain example.com".to_owned(); times]
}

#[tokio::test]
async fn nothing_behind_a_lone_dot_reaches_the_registry() {
    let daemon = Daemon::start().await;
    let dots = [".\n", ".\r\n", ".\r\r\n", "\r.\n", " .\n", ". \n", "\t.\t\r\n", " \r . \r\r\n", ".\x0c\n"];
    let before = ["", "\n\r\n", "[COMMAND]\n", "[COMMAND]\ncommand=CheckDomain\ndomain=example.net\n"];
    for dot in dots {
        for before in before {
            closes(&daemon, &format!("{before}{dot}{EVIL}{EVIL_RRP}{EVIL}")).await;
        }
    }
    assert_eq!(daemon.reached(), [] as [&str; 0]);
    daemon.end().await;
}

#[tokio::test]
async fn a_dot_behind_eof_ends_the_connection_behind_an_answer() {
    let daemon = Daemon::start().await;
    for end in ["EOF\n.\n", "EOF \r\n . \r\n", "eof\r\r\n\n.\n"] {
        for mut local in by_both(&daemon).await {
            let request =
                format!("[COMMAND]\ncommand=CheckDomain\ndomain=example.com\n{end}{EVIL}{EVIL_RRP}");
            let _ = local.write_all(request.as_bytes()).await;
            let told = local.rest().await;
            let (answer, refusal) = told.split_once("EOF\n").unwrap();
            assert!(code(answer) == "210" && told.matches("[RESPONSE]").count() == 2, "{told}");
            assert_own(refusal, "507");
        }
    }
    assert_eq!(daemon.reached(), checks(6));
    // On the line of `EOF` itself, it is a line of the block, and no end of it.
    refused(&daemon, b"[COMMAND]\ncommand=CheckDomain\ndomain=example.net\nEOF .\nEOF\n", "507").await;
    refused(&daemon, b"[COMMAND]\ncommand=CheckDomain\ndomain=example.net\nEOF\x0b\nEOF\n", "507").await;
    refused(&daemon, b"[COMMAND]\ncommand=CheckDomain\ndomain=example.net\n.\x0b\nEOF\n", "507").await;
    refused(&daemon, b"[COMMAND]\ncommand=CheckDomain\ndomain=example.net\n\xc2\x85.\xc2\x85\nEOF\n", "507")
        .await;
    assert_eq!(daemon.reached(), checks(14));
    daemon.end().await;
}

#[tokio::test]
async fn a_value_is_one_line_of_one_command() {
    let daemon = Daemon::start().await;
    let block = |lines: &[u8]| [b"[COMMAND]\ncommand=CheckDomain\n", lines, b"\nEOF\n"].concat();
    let lines: [&[u8]; 14] = [
        b"domain=example.net\ncommand=AddDomain",
        b"domain=example.net\nCOMMAND = AddDomain",
        b"domain=example.net\n\tCommand\t=AddDomain",
        b"domain=example.net\nc ommand=AddDomain",
        b"domain=example.net\ncommand[0]=AddDomain",
        b"domain=example.net\n command=AddDomain",
        b"domain=a\0b.com",
        b"domain=a\xc2\x85command=AddDomain",
        b"domain=a\x0bcommand=AddDomain",
        b"domain=a\x0ccommand=AddDomain",
        b"domain=a\xe2\x80\xa8command=AddDomain",
        b"domain=a\x1b[2Jb.com",
        b"domain=\xff\xfe.com",
        b"do\0main=example.com",
    ];
    let mut refusals = 0;
    for line in lines {
        for request in [block(line), [b"[COMMAND]\n", line, b"\ncommand=CheckDomain\nEOF\n"].concat()] {
            refused(&daemon, &request, "507").await;
            refusals += 2;
        }
    }
    for request in [
        &b"[COMMAND]\ncommand=CheckDomain\ndomain=example.net\n[COMMAND]\ncommand=AddDomain\ndomain=evil.com\nEOF\n"[..],
        b"[RESPONSE]\ncode=200\nEOF\n",
        b"[COMMAND]\nEOF\n",
        b"[COMMAND]\ncommand=\nEOF\n",
        b"[COMMAND]\ndomain=evil.com\nEOF\n",
        b"[COMMAND]\nno parameter\nEOF\n",
        b"[COMMAND]\n=AddDomain\nEOF\n",
        b"[COMMAND]\ncommand=Add Domain\nEOF\n",
        b"[COMMAND]\ncommand=AddDomain\x0bdomain=evil.com\nEOF\n",
        b"[COMMAND]\ncommand=EOF\nEOF\n",
        b"[COMMAND]\ncommand=.\nEOF\n",
        b"EOF\n",
        b"command=AddDomain\ndomain=evil.com\nEOF\n",
        b"[COMMAND]\ncommand=CheckDomain\nX-RRP-COMMAND=AddDomain\nEOF\n",
        b"[COMMAND]\ncommand=AddDomain\ndomain=evil.com\nX-RRP-KEY=a\nx-rrp-key=b\nEOF\n",
        b"[COMMAND]\ncommand=AddDomain\ndomain=evil.com\nX-RRP-KEY=rrp:auto:1\nEOF\n",
    ] {
        refused(&daemon, request, "507").await;
        refusals += 2;
    }
    assert_eq!(daemon.reached(), checks(refusals));
    daemon.end().await;
}

#[tokio::test]
async fn crs_in_a_value_do_not_end_its_line() {
    let daemon = Daemon::start().await;
    let mut local = daemon.log_in("desk").await;
    // As mregd: they are dropped, wherever they are.
    let told = local.ask("command=CheckDomain\ndomain=exam\rple.com\r.\rEOF\r").await;
    assert!(code(&told) != "507", "{told}");
    let told = local.ask("command=CheckDomain\ndomain=example.com\r\r").await;
    assert_eq!(code(&told), "210");
    assert!(daemon.reached().iter().all(|command| command.starts_with("checkdomain example.com")));
    assert_eq!(daemon.reached().len(), 2);
    daemon.end().await;
}

#[tokio::test]
async fn what_belongs_to_the_session_is_not_the_clients() {
    let daemon = Daemon::start().await;
    let mut refusals = 0;
    for command in
        ["StartSession", "StopSession", "startsession", "STOPSESSION", "session", "quit", "Session", "QUIT"]
    {
        let request = format!("[COMMAND]\ncommand={command}\nuser=registrar\npassword=password\nEOF\n");
        refused(&daemon, request.as_bytes(), "531").await;
        refusals += 2;
    }
    // Account, password, push and cards.
    for command in ["PushDomain", "ChargeCreditcard", "ModifyAccount", "SetAccountPassword", "ModifyUser"] {
        let request = format!("[COMMAND]\ncommand={command}\ndomain=example.com\nEOF\n");
        refused(&daemon, request.as_bytes(), "531").await;
        refusals += 2;
    }
    for request in [
        "add\nEntityName:Domain\nDomainName:evil.com\n-Period:1\nEOF\n",
        "session\n-Id:registrar\n-Password:password\n-NewPassword:another\nEOF\n",
        "describe\nEOF\n",
        "quit now\nEOF\n",
    ] {
        refused(&daemon, request.as_bytes(), "507").await;
        refusals += 2;
    }
    assert_eq!(daemon.reached(), checks(refusals));
    // With the dot that RRP has, it is over.
    closes(&daemon, EVIL_RRP).await;
    closes(&daemon, "session\r\n-Id:registrar\r\n-Password:password\r\n.\r\n").await;
    closes(&daemon, "[COMMAND]\nquit\n.\n").await;
    for quit in ["quit\n", "QUIT\r\n", " Quit \n", "quit\n.\n"] {
        for mut local in by_both(&daemon).await {
            let _ = local.write_all(format!("{quit}{EVIL}{EVIL_RRP}").as_bytes()).await;
            assert_eq!(local.rest().await, "");
        }
    }
    // The registry's sessions are all there, and nobody's password is another one.
    assert_eq!(daemon.reached(), checks(refusals));
    let registry = daemon.registry.registry();
    assert!(registry.ledger().entries().iter().all(|entry| entry.command() != "quit"));
    assert!(registry.sessions("registrar") > 0);
    drop(registry);
    daemon.end().await;
}

#[tokio::test]
async fn a_request_that_is_cut_off_is_never_heard_of() {
    let daemon = Daemon::start().await;
    let request = "[COMMAND]\r\ncommand=AddDomain\r\ndomain=evil.com\r\nperiod=1\r\nEOF\r\n";
    for cut in 0..request.len() - 1 {
        for (way, mut local) in by_both(&daemon).await.into_iter().enumerate() {
            local.send(&request[..cut]).await;
            if (cut + way) % 2 == 0 {
                local.reset();
            } else {
                local.shutdown().await.unwrap();
                assert_eq!(local.rest().await, "");
            }
        }
    }
    let mut other = daemon.log_in("batch").await;
    assert_eq!(code(&other.ask("command=CheckDomain\ndomain=example.com").await), "210");
    assert_eq!(daemon.reached(), checks(1));
    // At the last moment of a login, too.
    for cut in 0.."desk\nsecret\n".len() {
        let mut local = daemon.connect().await;
        local.send(&"desk\nsecret\n"[..cut]).await;
        local.shutdown().await.unwrap();
        let told = local.rest().await;
        assert!("login:password:".starts_with(&told), "{told}");
    }
    daemon.end().await;
}
