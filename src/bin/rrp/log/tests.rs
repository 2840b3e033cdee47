//! What stands in a file after this or that was logged.

use std::path::PathBuf;

use serde_json::Value;
use tracing::subscriber::with_default;
use tracing::{Level, debug, debug_span, info, trace, warn};

use super::*;

/// Everything that is logged in each of these formats and levels, one after the other.
fn logged(chosen: &[(LogFormat, Level)], log: impl Fn()) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path: PathBuf = directory.path().join("rrp.log");
    let (format, level) = chosen[0];
    let (logging, subscriber) = Logging::prepare(format, level, Some(&path)).unwrap();
    with_default(subscriber, || {
        for (format, level) in chosen {
            logging.change(*format, *level, Some(&path)).unwrap();
            log();
        }
    });
    drop(logging);
    std::fs::read_to_string(path).unwrap()
}

fn exchange() {
    debug!(
        target: FRONT,
        user = "shop",
        account = "main",
        request = %"[COMMAND]\ncommand=CheckDomain\nEOF",
        reply = %"[RESPONSE]\r\ncode=210\r\nEOF",
        "answered"
    );
}

#[test]
fn mregds_lines_are_a_time_and_a_message() {
    let text = logged(&[(LogFormat::Mregd, Level::INFO)], || {
        info!(sessions = 2_u64, name = "main", "session is open\nreally");
        exchange();
        debug!("nobody wants to know");
    });
    let messages: Vec<&str> = text
        .lines()
        .map(|line| {
            let (time, message) = line.split_at(20);
            let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            assert_eq!(shape, "0000-00-00 00:00:00 ");
            message
        })
        .collect();
    assert_eq!(
        messages,
        [
            "session is open\treally sessions=2 name=main",
            "[COMMAND]\tcommand=CheckDomain\tEOF\t[RESPONSE]\tcode=210\tEOF",
        ]
    );
}

#[test]
fn json_is_an_object_a_line() {
    let text = logged(&[(LogFormat::Json, Level::DEBUG)], || {
        let _in = debug_span!("client", endpoint = "example.com:2001").entered();
        warn!(count = 3_u64, ok = true, error = %"a\nb", "it \"fails\"");
        exchange();
    });
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["level"], "WARN");
    assert_eq!(lines[0]["message"], "it \"fails\"");
    assert_eq!(lines[0]["count"], 3);
    assert_eq!(lines[0]["ok"], true);
    assert_eq!(lines[0]["error"], "a\nb");
    assert_eq!(lines[0]["spans"][0], "client{endpoint=\"example.com:2001\"}");
    assert!(lines[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(lines[1]["target"], FRONT);
    assert_eq!(lines[1]["request"], "[COMMAND]\ncommand=CheckDomain\nEOF");
}

#[test]
fn format_and_level_change_while_it_runs() {
    let chosen = [
        (LogFormat::Text, Level::WARN),
        (LogFormat::Json, Level::INFO),
        (LogFormat::Text, Level::TRACE),
        (LogFormat::Mregd, Level::ERROR),
        (LogFormat::Mregd, Level::INFO),
        (LogFormat::Text, Level::INFO),
    ];
    let text = logged(&chosen, || {
        let _in = debug_span!("client").entered();
        info!("an info");
        trace!("a trace");
        exchange();
    });
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 7, "{text}");
    assert!(lines[0].starts_with('{') && lines[0].contains("an info"), "{text}");
    assert!(lines[1].contains(" INFO client: ") && lines[1].ends_with("an info"), "{text}");
    assert!(lines[2].contains("TRACE client: "), "{text}");
    assert!(lines[3].contains("DEBUG client: rrp::front: answered user=\"shop\""), "{text}");
    assert!(lines[3].ends_with("reply=[RESPONSE]\tcode=210\tEOF"), "{text}");
    assert!(lines[4].ends_with(" an info") && lines[5].contains("[COMMAND]\tcommand="), "{text}");
    assert!(lines[6].ends_with("an info"), "{text}");
}

#[test]
fn no_event_forges_a_line() {
    for format in [LogFormat::Text, LogFormat::Json, LogFormat::Mregd] {
        let text = logged(&[(format, Level::INFO)], || {
            info!(name = %"x\n2026-01-01 00:00:00 forged", "a\r\nforged\u{1b}[2J\u{85}\u{2028}");
            info!("{}", "long ".repeat(10_000));
        });
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{85}'), "{text:?}");
        assert!(text.lines().all(|line| line.len() < 8_192));
        let objects = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
        assert_eq!(objects, if format == LogFormat::Json { 2 } else { 0 }, "{text}");
    }
}

#[test]
fn a_planted_secret_is_in_no_format() {
    const PLANTED: &str = "pl4nted";
    for format in [LogFormat::Text, LogFormat::Json, LogFormat::Mregd] {
        let text = logged(&[(format, Level::TRACE)], || {
            let password = rrp::Secret::from(PLANTED);
            let code = rrp::command::Ptf::change("SetAuthCode").unwrap();
            let code = code.secret("auth", password.clone()).unwrap();
            let reply = rrp::reply::ReplyBuilder::listed(rrp::ReturnCode::COMPLETED)
                .unwrap()
                .property("auth", 0, PLANTED)
                .unwrap();
            let _in = debug_span!("client", ?password, ?code).entered();
            info!(?code, ?reply, "sending {password:?}");
        });
        assert!(text.contains("sending Secret(***)") && !text.contains(PLANTED), "{text}");
    }
}
