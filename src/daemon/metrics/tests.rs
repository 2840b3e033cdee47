//! Metrics and health of a daemon whose registry says what a test wants.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::super::account::Account;
use super::super::config::{Config, Surroundings};
use super::super::shared::{Counters, Phase, Shared, State};
use super::encode::encode;
use super::reading::Reading;
use super::{Server, Serving};
use crate::command::{Describe, Ptf, ToCommand};

const PLANTED: &str = "pl4nted";

/// A registry that answers the login with this, and everything else with that. It ends with the test.
async fn registry(login: &'static str, otherwise: &'static str) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(speak(stream, login, otherwise));
        }
    });
    port
}

async fn speak(stream: TcpStream, login: &'static str, otherwise: &'static str) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let greeting = "registry RRP Server version 2.0\r\nThu Jan 01 00:00:00 2026\r\n.\r\n";
    let mut answers = [greeting, login].into_iter();
    let _ = write.write_all(answers.next().unwrap().as_bytes()).await;
    while let Ok(Some(line)) = lines.next_line().await {
        if line == "." {
            let answer = format!("{}\r\n.\r\n", answers.next().unwrap_or(otherwise));
            let _ = write.write_all(answer.as_bytes()).await;
        }
    }
}

/// The section of an account at this port, with a lock of its own.
fn account(name: &str, port: u16) -> String {
    format!(
        "[account.{name}]\nserver = \"127.0.0.1:{port}\"\nplain = true\nlogin = \"registrar\"\npassword-env = \"PASSWORD\"\n\
         sessions = [1, 2]\nrate = \"unlimited\"\njournal = \"memory\"\nlock = \"{name}\"\n"
    )
}

/// A daemon that serves these.
async fn shared(accounts: &[String], locks: &tempfile::TempDir) -> Arc<Shared> {
    let surroundings = Surroundings::none().variable("PASSWORD", PLANTED);
    let name = locks.path().join("rrp.toml");
    let config = Config::parse(&accounts.concat(), name.to_str().unwrap(), &surroundings).unwrap();
    let mut started = BTreeMap::new();
    for (name, account) in &config.accounts {
        std::fs::create_dir(account.lock.as_ref().unwrap()).unwrap();
        started.insert(
            name.clone(),
            Arc::new(
                Account::start(Arc::clone(account), Arc::new(crate::client::system_wall)).await.unwrap(),
            ),
        );
    }
    Arc::new(Shared::new(State { config: Arc::new(config), accounts: started }))
}

fn serve(shared: &Arc<Shared>) -> (SocketAddr, Serving) {
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    (server.address().unwrap(), server.serve(shared))
}

/// What it answers to these bytes, until it closes.
async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A reset after the answer is as good.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

async fn get(address: SocketAddr, path: &str) -> String {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
}

/// The names that a text has samples of, without the endings of counters and histograms.
fn families(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    lines.filter_map(|line| line.split_once(' ')).map(|(name, kind)| (name.into(), kind.into())).collect()
}

#[tokio::test]
async fn a_scrape_tells_connections_and_accounts() {
    let locks = tempfile::tempdir().unwrap();
    let port = registry("200 Command completed successfully", "200 Command completed successfully").await;
    let shared = shared(&[account("main", port)], &locks).await;
    let (address, _serving) = serve(&shared);
    let connected = shared.connections.enter("unix".into(), 10).unwrap();
    shared.connections.enter("unix".into(), 10).unwrap();
    assert!(shared.connections.belongs_to(&connected, "shop \"1\"\n", 10));
    connected.set_doing(Some(Ptf::query(&format!("Query{PLANTED}")).unwrap().to_command()));
    Counters::add(&shared.counters.requests);
    shared.state().accounts["main"].client.query(&Describe::new()).await.unwrap();
    let answer = get(address, "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-type: application/openmetrics-text; version=1.0.0"), "{answer}");
    assert!(answer.ends_with("# EOF\n"), "{answer}");
    for line in [
        "rrp_local_connections{user=\"\"} 1",
        "rrp_local_connections{user=\"shop \\\"1\\\"\\n\"} 1",
        "rrp_local_connections_busy 1",
        "rrp_local_requests_total 1",
        "rrp_local_connections_max 1024",
        "rrp_phase{phase=\"running\"} 1",
        "rrp_account_ready{account=\"main\",environment=\"simulated\"} 1",
        "rrp_sessions{account=\"main\",environment=\"simulated\",state=\"idle\"} 1",
        "rrp_sessions_limit{account=\"main\",environment=\"simulated\",limit=\"max\"} 2",
        "rrp_queue_oldest_seconds{account=\"main\",environment=\"simulated\",lane=\"bulk\"} 0",
        "rrp_doubts{account=\"main\",environment=\"simulated\"} 0",
        "rrp_commands_total{account=\"main\",environment=\"simulated\",sort=\"read\",code=\"200\",class=\"success\"} 1",
        "rrp_command_wire_seconds_count{account=\"main\",environment=\"simulated\",sort=\"read\"} 1",
        "rrp_command_wire_seconds_bucket{le=\"+Inf\",account=\"main\",environment=\"simulated\",sort=\"read\"} 1",
        "rrp_command_wire_seconds_bucket{le=\"+Inf\",account=\"main\",environment=\"simulated\",sort=\"write\"} 0",
        "rrp_sessions_opened_total{account=\"main\",environment=\"simulated\"} 1",
        "rrp_foreign_use_total{account=\"main\",environment=\"simulated\"} 0",
    ] {
        assert!(
            answer.lines().any(|told| told == line || told == format!("{line}.0")),
            "no {line} in {answer}"
        );
    }
    for secret in [PLANTED, "registrar"] {
        assert!(!answer.contains(secret), "{answer}");
    }
    let text = answer.split_once("\r\n\r\n").unwrap().1;
    let series: Vec<&str> =
        text.lines().filter_map(|line| line.rsplit_once(' ')).map(|(series, _)| series).collect();
    let different: BTreeSet<&str> =
        series.iter().copied().filter(|series| !series.starts_with('#')).collect();
    assert_eq!(
        different.len(),
        series.iter().filter(|series| !series.starts_with('#')).count(),
        "each once: {text}"
    );
}

#[tokio::test]
async fn health_and_readiness_say_why() {
    let locks = tempfile::tempdir().unwrap();
    let well = registry("200 Command completed successfully", "200 Command completed successfully").await;
    let refused = registry("530 Authentication failed", "530 Authentication failed").await;
    // The account is locked by the first command.
    let locked = registry("200 Command completed successfully", "422 Account locked").await;
    let accounts = [account("well", well), account("refused", refused), account("locked", locked)];
    let shared = shared(&accounts, &locks).await;
    let state = shared.state();
    for name in ["refused", "locked"] {
        let asked =
            state.accounts[name].client.query(&Describe::new()).deadline(Duration::from_secs(2)).await;
        assert!(asked.is_err());
    }
    let (address, serving) = serve(&shared);
    let answer = get(address, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "one of them works: {answer}");
    for line in [
        "running",
        "well (simulated): ready",
        "refused (simulated): login refused: ",
        "locked (simulated): held by",
    ] {
        assert!(answer.lines().any(|told| told.starts_with(line)), "no {line} in {answer}");
    }
    let metrics = get(address, "/metrics").await;
    for line in [
        "rrp_login_refused{account=\"refused\",environment=\"simulated\"} 1.0",
        "rrp_held{account=\"locked\",environment=\"simulated\",by=\"registry\"} 1.0",
        "rrp_held{account=\"locked\",environment=\"simulated\",by=\"operator\"} 0.0",
        "rrp_held{account=\"well\",environment=\"simulated\",by=\"registry\"} 0.0",
        "rrp_account_ready{account=\"locked\",environment=\"simulated\"} 0",
    ] {
        assert!(metrics.lines().any(|told| told == line), "no {line} in {metrics}");
    }
    // What an operator does is told, with the reason.
    let well = &state.accounts["well"].client;
    well.pause().await.unwrap();
    let answer = get(address, "/readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("well (simulated): paused by an operator\n"),
        "{answer}"
    );
    well.hold(Duration::from_secs(90), "an invoice is open").await.unwrap();
    well.resume().await.unwrap();
    let answer = get(address, "/readyz").await;
    assert!(answer.contains("well (simulated): held by an operator for "), "{answer}");
    assert!(answer.contains(" s more: an invoice is open\n"), "{answer}");
    // None of them works any more.
    state.accounts["well"].shutdown().await;
    let answer = get(address, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("well (simulated): stopped"), "{answer}");
    // Health and metrics are told until the end.
    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(
        get(address, "/metrics")
            .await
            .contains("rrp_account_up{account=\"well\",environment=\"simulated\"} 0\n")
    );
    drop(serving);
    tokio::task::yield_now().await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_daemon_that_drains_is_alive_and_not_ready() {
    let locks = tempfile::tempdir().unwrap();
    let port = registry("200 Command completed successfully", "200 Command completed successfully").await;
    let shared = shared(&[account("main", port)], &locks).await;
    let (address, _serving) = serve(&shared);
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200 OK\r\n"));
    shared.phase.send_replace(Phase::Draining);
    let answer = get(address, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\n\r\ndraining\n"), "{answer}");
    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(get(address, "/metrics").await.contains("rrp_phase{phase=\"draining\"} 1\n"));
}

#[tokio::test]
async fn only_small_questions_are_answered() {
    let locks = tempfile::tempdir().unwrap();
    let shared = shared(&[account("main", 1)], &locks).await;
    let (address, _serving) = serve(&shared);
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        ("GET /metrics/../healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        ("GET /healthz?any HTTP/1.0\r\n\r\n", "200"),
        ("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", "405"),
        ("DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
        ("login\r\n\r\n", "400"),
    ] {
        let answer = ask(address, request).await;
        assert_eq!(answer.get(9..12), Some(status), "{request:?} {answer:?}");
    }
    let head = ask(address, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    // One request a connection.
    let twice = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2);
    assert_eq!(ask(address, &twice).await.matches("HTTP/1.1").count(), 1);
    let long = format!("GET /healthz HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let answer = ask(address, &long).await;
    assert!(!answer.contains(" 200 "), "{answer}");
    let many = format!("GET /healthz HTTP/1.1\r\n{}\r\n", "X: x\r\n".repeat(100));
    let answer = ask(address, &many).await;
    assert!(!answer.contains(" 200 "), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn silent_connections_give_way() {
    let locks = tempfile::tempdir().unwrap();
    let shared = shared(&[account("main", 1)], &locks).await;
    let (address, _serving) = serve(&shared);
    let mut silent = Vec::new();
    for _ in 0..40 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /me").await.unwrap();
        silent.push(stream);
    }
    // Sixteen of them at a time, five seconds each.
    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200 OK\r\n"));
    for stream in &mut silent {
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
    }
}

#[tokio::test]
async fn nothing_is_told_beyond_loopback() {
    for address in ["0.0.0.0:0", "192.0.2.1:9100", "[::]:0", "[::ffff:192.0.2.1]:0"] {
        let error = Server::bind(address.parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("not on loopback"), "{error}");
    }
    let taken = Server::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let error = Server::bind(taken.address().unwrap()).unwrap_err();
    assert!(error.to_string().contains("cannot be listened to"), "{error}");
}

/// Names of metrics in a text: words that begin with `rrp_`.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("rrp_")).collect()
}

/// Every name under which a sample can be asked for.
async fn samples() -> BTreeSet<String> {
    let locks = tempfile::tempdir().unwrap();
    let shared = shared(&[account("main", 1)], &locks).await;
    let text = encode(Reading::take(&shared).await).unwrap();
    let endings = |kind: &str| match kind {
        "counter" => ["_total"].as_slice(),
        "info" => &["_info"],
        "histogram" => &["_bucket", "_count", "_sum"],
        _ => &[""],
    };
    let families = families(&text).into_iter();
    families.flat_map(|(name, kind)| endings(&kind).iter().map(move |end| format!("{name}{end}"))).collect()
}

fn repository(file: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn the_documentation_names_every_metric_and_no_other() {
    let told = samples().await;
    let documented = repository("docs/metrics.md");
    let rows =
        documented.lines().filter_map(|line| line.strip_prefix("| `").filter(|row| row.starts_with("rrp_")));
    let documented: BTreeSet<String> =
        rows.filter_map(|row| row.split(['`', '{']).next()).map(str::to_owned).collect();
    let short = |name: &String| {
        let histogram = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
        histogram
            .filter(|_| name.ends_with("_bucket") || told.contains(&format!("{}_bucket", histogram.unwrap())))
            .map_or_else(|| name.clone(), str::to_owned)
    };
    let told: BTreeSet<String> = told.iter().map(short).collect();
    assert_eq!(documented, told);
}

#[tokio::test]
async fn alerts_ask_for_metrics_that_exist_and_say_what_to_do() {
    let told = samples().await;
    let alerts = repository("dist/alerts.yml");
    let mut rules = alerts.split("- alert: ").skip(1);
    let mut count = 0;
    assert!(rules.all(|rule| {
        count += 1;
        let key = |key: &str| rule.lines().find_map(|line| line.trim().strip_prefix(key));
        let expr = rule.split_once("expr:").unwrap().1.split_once("labels:").unwrap().0;
        for name in named(expr) {
            assert!(told.contains(name), "{name} is not told: {rule}");
        }
        assert!(!named(expr).is_empty() || expr.contains("up{"), "{rule}");
        assert!(matches!(key("severity: "), Some("page" | "ticket")), "{rule}");
        key("summary: ").unwrap();
        let link = key("runbook: ").unwrap();
        let anchor = link.strip_prefix("docs/runbook.md#").unwrap();
        ["doubt", "login-refused", "hold", "foreign-use", "journal", "unreachable", "queue"].contains(&anchor)
    }));
    assert!(count >= 9, "{count}");
    // YAML takes no tab, and two blanks lead in.
    assert!(
        alerts.lines().all(|line| !line.contains('\t') && (line.len() - line.trim_start().len()) % 2 == 0)
    );
}
