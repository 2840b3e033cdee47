//! Many requests at once are answered in order, whatever becomes of each.

use rrp::sim::Change;
use tokio::io::AsyncWriteExt;

use crate::harness::{Daemon, Local, code};

/// Asks these at once, and reads their answers while it does.
async fn pipelined(local: Local, requests: String, answers: usize) -> (Local, Vec<String>) {
    let (reader, mut writer) = tokio::io::split(local);
    let writing = tokio::spawn(async move {
        writer.write_all(requests.as_bytes()).await.unwrap();
        writer
    });
    let mut reader = tokio::io::BufReader::new(reader);
    let mut told = Vec::new();
    while told.len() < answers {
        let (mut answer, mut line) = (String::new(), String::new());
        while line != "EOF\n" {
            line.clear();
            assert!(
                tokio::io::AsyncBufReadExt::read_line(&mut reader, &mut line).await.unwrap() > 0,
                "{answer}"
            );
            answer.push_str(&line);
        }
        told.push(answer);
    }
    assert_eq!(reader.buffer(), b"");
    (reader.into_inner().unsplit(writing.await.unwrap()), told)
}

#[tokio::test]
async fn a_thousand_at_once_are_answered_in_order() {
    let daemon = Daemon::start().await;
    for local in [daemon.log_in("desk").await, daemon.log_in_by_tcp("desk").await] {
        let (mut requests, mut wanted) = (String::new(), Vec::new());
        for number in 0..1_000 {
            // Answered by the registry, and here: each in its turn.
            if number % 7 == 3 {
                requests.push_str(&format!("[COMMAND]\ncommand=StopSession\nnumber={number}\nEOF\n"));
                wanted.push(("531", String::new()));
            } else {
                requests.push_str(&format!(
                    "[COMMAND]\r\ncommand=StatusDomain\r\ndomain=name{number}.com\r\nEOF\r\n"
                ));
                wanted.push(("545", format!("name{number}.com")));
            }
        }
        let before = daemon.reached().len();
        let (mut local, told) = pipelined(local, requests, 1_000).await;
        for (told, (wanted, _)) in told.iter().zip(&wanted) {
            assert_eq!(code(told), *wanted, "{told}");
        }
        let asked: Vec<String> = wanted
            .iter()
            .filter(|(_, name)| !name.is_empty())
            .map(|(_, name)| format!("statusdomain {name}"))
            .collect();
        assert_eq!(daemon.reached()[before..], asked);
        assert_eq!(code(&local.ask("command=CheckDomain\ndomain=example.com").await), "210");
    }
    daemon.end().await;
}

#[tokio::test]
async fn reads_and_writes_at_once_see_what_came_before() {
    let daemon = Daemon::start().await;
    let local = daemon.log_in("desk").await;
    let (mut requests, mut wanted) = (String::new(), Vec::new());
    for number in 0..40 {
        let name = format!("name{number}.com");
        for (lines, code) in [
            (format!("command=StatusDomain\ndomain={name}"), "545"),
            (format!("command=AddDomain\ndomain={name}\nperiod=1"), "200"),
            (format!("command=StatusDomain\ndomain={name}"), "200"),
            (format!("command=RenewDomain\ndomain={name}\nperiod=1"), "200"),
            (format!("command=AddDomain\ndomain={name}\nperiod=2"), "554"),
        ] {
            requests.push_str(&format!("[COMMAND]\n{lines}\nEOF\n"));
            wanted.push(code);
        }
    }
    let (_, told) = pipelined(local, requests, wanted.len()).await;
    assert_eq!(told.iter().map(|told| code(told)).collect::<Vec<_>>(), wanted);
    for number in 0..40 {
        let name = format!("name{number}.com");
        assert_eq!((daemon.changes(Change::Created, &name), daemon.changes(Change::Renewed, &name)), (1, 1));
    }
    daemon.end().await;
}
