//! `rrp doctor`: connects stage by stage, says what it found, and at which stage it failed and what to do.

use std::io::Write;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use rrp::Secret;
use rrp::code::Context;
use rrp::command::{Describe, ToCommand};
use rrp::net::{Attempt, Cause, Connection, Connector, Family, PeerCertificate, Stream, TlsInfo};
use rrp::session::{self, Config, Event, Fate, Session, Why};
use rrp::wire::Greeting;
use serde_json::{Map, Value, json};
use tokio::io::AsyncReadExt;

use crate::client::{Peer, block_on, of_verdict};
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal, chain};
use crate::object;
use crate::options;
use crate::output::{self, escape};
use crate::reply::{Shown, greeting_json, safe};
use crate::settings::Settings;

/// A certificate that is valid for fewer days is worth a word.
const FEW_DAYS: u64 = 30;

/// How long a line of what to do is at most, in characters.
const FIX_WIDTH: usize = 78;

/// Why there is no TLS.
const NO_TLS: &str = "no TLS was asked for";

/// What is read at once before the greeting, in bytes.
const READ: usize = 1_024;

const EXAMPLES: &str = "\
The stages: dns, connect, tls, greeting, login, and one read (DESCRIBE). Without a user it stops after the greeting.
Nothing is asked twice, and a login is not repeated.

Examples:
  rrp doctor --server rrp.example.com
  rrp doctor --json | jq '.stages[] | select(.state == \"failed\")'";

#[derive(clap::Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::TABLE))]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: options::Connection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ok,
    Failed,
    Skipped,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

struct Stage {
    state: State,
    /// What was found, or what failed; escaped.
    lines: Vec<String>,
    fix: Option<String>,
    /// What was found, for programs.
    more: Map<String, Value>,
}

impl Stage {
    fn new(state: State, line: impl Into<String>) -> Self {
        Self { state, lines: vec![line.into()], fix: None, more: Map::new() }
    }

    /// One that did not come about, and why, if there is something to say.
    fn skipped(why: &str) -> Self {
        let reason = Some(why).filter(|why| !why.is_empty());
        Self::new(State::Skipped, why).with("reason", json!(reason))
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.more.insert(key.to_owned(), value);
        self
    }
}

/// The stages in their order.
const STAGES: [&str; 6] = ["dns", "connect", "tls", "greeting", "login", "read"];

/// What was found so far, a stage after the other.
struct Findings {
    stages: Vec<Stage>,
    tls: Option<Peer>,
    exit: Exit,
}

impl Findings {
    fn ok(&mut self, line: impl Into<String>) {
        self.stages.push(Stage::new(State::Ok, line));
    }

    /// It ends at this stage, those before it came about, and those behind it are skipped.
    fn fail(&mut self, name: &str, line: &str, fix: Option<String>) {
        while STAGES.get(self.stages.len()).is_some_and(|next| *next != name) {
            self.ok("");
        }
        // The stage stands before it already.
        let line = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(line);
        self.stages.push(Stage { fix, ..Stage::new(State::Failed, line) });
        self.exit = Exit::NotSent;
        self.skip_rest("");
    }

    fn skip_rest(&mut self, why: &str) {
        while self.stages.len() < STAGES.len() {
            self.stages.push(Stage::skipped(why));
        }
    }

    fn print(&self, settings: &Settings, out: &mut dyn Write) -> std::io::Result<()> {
        let target = &settings.target;
        writeln!(out, "{} (environment: {})", target.host(), target.environment)?;
        for (name, stage) in STAGES.iter().zip(&self.stages) {
            let state = stage.state.as_str();
            for (at, line) in stage.lines.iter().enumerate() {
                let (name, state) = if at == 0 { (*name, state) } else { ("", "") };
                writeln!(out, "{}", format!("  {name:8}  {state:7}  {line}").trim_end())?;
            }
            if let Some(fix) = &stage.fix {
                let mut key = "to do";
                for line in output::wrap(fix, FIX_WIDTH) {
                    writeln!(out, "  {:8}  {key:7}  {line}", "")?;
                    key = "";
                }
            }
        }
        Ok(())
    }

    fn json(&self, settings: &Settings) -> Value {
        let stage = |(name, stage): (&&str, &Stage)| {
            let failed = stage.state == State::Failed;
            let mut map = Map::new();
            map.insert("stage".to_owned(), json!(name));
            map.insert("state".to_owned(), json!(stage.state.as_str()));
            map.insert("error".to_owned(), json!(failed.then(|| stage.lines.join("; "))));
            map.insert("fix".to_owned(), json!(stage.fix));
            map.extend(stage.more.clone());
            Value::Object(map)
        };
        let mut map = Map::new();
        settings.target.add_json(&mut map);
        map.insert("tls".to_owned(), object::tls(self.tls));
        map.insert("stages".to_owned(), STAGES.iter().zip(&self.stages).map(stage).collect());
        map.insert("exit".to_owned(), json!(self.exit.code()));
        map.insert("result".to_owned(), json!(self.exit.as_str()));
        Value::Object(map)
    }
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    let settings = args.connection.settings()?;
    let connector = settings.connector(err)?;
    let login = match settings.user {
        Some(_) => Some(settings.session(err)?),
        None => None,
    };
    let mut findings = Findings { stages: Vec::new(), tls: None, exit: Exit::Yes };
    block_on(examine(&settings, &connector, login, &mut findings, err))??;
    let exit = findings.exit;
    if args.json {
        output::json_value(&findings.json(&settings), out)
    } else {
        findings.print(&settings, out)
    }
    .map_err(Failure::output(exit))?;
    Ok(exit)
}

async fn examine(
    settings: &Settings,
    connector: &Connector,
    login: Option<Config>,
    findings: &mut Findings,
    err: &mut dyn Write,
) -> Result<(), Refusal> {
    let endpoint = &settings.target.endpoint;
    let stream = match connector.connect(endpoint).await {
        Ok(stream) => stream,
        Err(error) => {
            for attempt in error.tried() {
                if findings.stages.is_empty() {
                    findings.stages.push(dns(error.tried().iter().map(Attempt::address)));
                }
                if attempt.stage() == session::Stage::Tls && findings.stages.len() == 1 {
                    findings.ok(attempt.address().to_string());
                }
            }
            findings.fail(error.stage().as_str(), &chain(&error), Some(fix(error.cause())));
            if error.tried().len() > 1
                && let Some(failed) = findings.stages.iter_mut().find(|stage| stage.state == State::Failed)
            {
                failed.lines.extend(error.tried().iter().map(|attempt| format!("not {attempt}")));
            }
            return Ok(());
        }
    };
    let tried = stream.tried().iter().map(Attempt::address);
    findings.stages.push(dns(tried.chain([stream.peer_addr()])));
    findings.stages.push(connected(&stream));
    findings.tls = Peer::of(&stream);
    if let Some(warning) = stream.tls().and_then(TlsInfo::warning) {
        // A warning that nobody sees is no failure.
        let _ = writeln!(err, "WARNING: {warning}");
    }
    findings.stages.push(match stream.tls() {
        Some(info) => tls(info),
        None => Stage::skipped(NO_TLS),
    });
    match login {
        None => greet(stream, settings, findings).await?,
        Some(config) => log_in(stream, config, findings).await,
    }
    Ok(())
}

/// What to check, and by which option it is mended.
fn fix(cause: &Cause) -> String {
    let options = match cause {
        Cause::NoAddress { only: Some(_) } => "--ipv4, --ipv6",
        Cause::Timeout { stage: session::Stage::Tls, .. } => {
            "--server HOST:PORT; --plain where there is no TLS"
        }
        Cause::Timeout { stage: session::Stage::Dns, .. }
        | Cause::DnsFailure
        | Cause::NoAddress { only: None } => "--server",
        Cause::ConnectionRefused => "--server HOST:PORT",
        Cause::PlainTextNotAllowed { .. } => "leave out --plain; --plain-over-the-network allows it",
        Cause::SourceAddress { .. } => "--source, --ipv4, --ipv6",
        Cause::CertificateForAnotherName { names, .. } if names.is_empty() => "--pin",
        Cause::CertificateForAnotherName { .. } => "--server, --server-name",
        Cause::UnknownIssuer { self_signed: true, pin: Some(_), .. } | Cause::PinMismatch { .. } => "--pin",
        Cause::UnknownIssuer { .. } => "--ca-file",
        Cause::UnusableCertificate { pin: Some(_), .. } => "--pin",
        Cause::PlainTextOnTlsPort { .. } => "--server HOST:PORT; --plain, on loopback only, does without TLS",
        Cause::ProtocolVersion => "--min-tls",
        Cause::ClientCertificateRequired => "--client-certificate, --client-key",
        Cause::ClientCertificateRefused { .. } => "--client-certificate",
        Cause::UnknownServerName { .. } => "--server-name",
        Cause::EndedBeforeGreeting { tls: false, .. } | Cause::SilentBeforeGreeting { tls: false } => {
            "leave out --plain for TLS"
        }
        _ => return cause.fix(),
    };
    format!("{} ({options})", cause.fix())
}

/// The addresses that were tried, up to the one that let us in.
fn dns(addresses: impl Iterator<Item = SocketAddr>) -> Stage {
    let addresses: Vec<SocketAddr> = addresses.collect();
    let shown: Vec<String> =
        addresses.iter().map(|address| format!("{} ({})", address.ip(), Family::of(address.ip()))).collect();
    let values: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    Stage::new(State::Ok, shown.join(", ")).with("addresses", json!(values))
}

fn connected(stream: &Stream) -> Stage {
    let (peer, local) = (stream.peer_addr(), stream.local_addr());
    let family = Family::of(peer.ip());
    let mut stage = Stage::new(State::Ok, format!("{peer} over {family}, from {}", local.ip()))
        .with("peer", json!(peer.to_string()))
        .with("local", json!(local.to_string()))
        .with("family", json!(family.to_string()));
    stage.lines.extend(stream.tried().iter().map(|attempt| format!("not {attempt}")));
    stage
}

fn tls(info: &TlsInfo) -> Stage {
    let mut stage = Stage::new(State::Ok, format!("{}, {}", info.version(), info.cipher_suite()))
        .with("version", json!(info.version()))
        .with("cipher_suite", json!(info.cipher_suite()))
        .with("pin", json!(info.pin().to_string()))
        .with("verified", json!(info.verified()))
        .with("certificates", info.certificates().iter().map(certificate_json).collect());
    stage.lines.push(format!("pin {}", info.pin()));
    for (number, certificate) in (1_u32..).zip(info.certificates()) {
        let names = match certificate.names() {
            [] => String::new(),
            names => format!(" for {}", names.join(", ")),
        };
        stage.lines.push(format!("{number}. {}{names}", certificate.subject()));
        stage.lines.push(format!("   issued by {}", certificate.issuer()));
        let (before, after) = (certificate.not_before_text(), certificate.not_after_text());
        let left = days_left(certificate);
        let soon = if left < FEW_DAYS { ": EXPIRES SOON" } else { "" };
        stage.lines.push(format!("   valid from {before} to {after}, {left} days left{soon}"));
    }
    if !info.verified() {
        stage.lines.push("NOT verified: whoever is on the way may read and change what is sent".to_owned());
    }
    stage
}

fn certificate_json(certificate: &PeerCertificate) -> Value {
    json!({
        "subject": certificate.subject(),
        "issuer": certificate.issuer(),
        "self_signed": certificate.is_self_signed(),
        "names": certificate.names(),
        "not_before": certificate.not_before_text(),
        "not_after": certificate.not_after_text(),
        "days_left": days_left(certificate),
        "pin": certificate.pin().to_string(),
    })
}

/// Whole days until the certificate expires.
fn days_left(certificate: &PeerCertificate) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "for people; nothing is decided by it")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    certificate.not_after().saturating_sub(now) / 86_400
}

/// Waits for the greeting, and sends nothing.
async fn greet(mut stream: Stream, settings: &Settings, findings: &mut Findings) -> Result<(), Refusal> {
    let now = || tokio::time::Instant::now().into_std();
    // A session that never comes to its login.
    let config = settings.session_of("nobody", Secret::from("nothing"))?;
    let mut session = Session::new(config, now())
        .map_err(|error| Refusal::new("doctor", "no session").because(error).exit(Exit::NotSent))?;
    let mut chunk = vec![0; READ];
    loop {
        match session.poll_event() {
            Some(Event::Greeted(greeting)) => {
                findings.stages.push(greeted(&greeting));
                findings.skip_rest("no user is named");
                return Ok(());
            }
            Some(Event::Ended(end)) => {
                let cause = match end.why() {
                    Why::Timeout => Some(Cause::silent_before_greeting(&stream)),
                    Why::Eof | Why::Transport(_) | Why::Incomplete { .. } => {
                        Some(Cause::ended_before_greeting(&stream))
                    }
                    _ => None,
                };
                let fix = cause.map(|cause| fix(&cause)).or_else(|| end.fix().map(str::to_owned));
                findings.fail("greeting", &chain(&end), fix);
                return Ok(());
            }
            _ => {}
        }
        let deadline = session.poll_timeout().map_or_else(tokio::time::Instant::now, Into::into);
        match tokio::time::timeout_at(deadline, stream.read(&mut chunk)).await {
            Err(_) => session.handle_timeout(now()),
            Ok(Ok(0)) => session.handle_eof(now()),
            Ok(Ok(read)) => session.handle_input(chunk.get(..read).unwrap_or_default(), now()),
            Ok(Err(error)) => session.handle_error(error),
        }
    }
}

fn greeted(greeting: &Greeting) -> Stage {
    let line = match (greeting.registry(), greeting.version()) {
        (Some(registry), Some(version)) => {
            format!("{}, version {}", escape(&safe(registry, false)), escape(&safe(version, false)))
        }
        _ => greeting.lines().iter().map(|line| escape(&safe(line, false))).collect::<Vec<_>>().join(" / "),
    };
    Stage::new(State::Ok, line).with("greeting", greeting_json(greeting, false))
}

async fn log_in(stream: Stream, config: Config, findings: &mut Findings) {
    let connection = match Connection::open(stream, config).await {
        Ok(connection) => connection,
        Err(error) => {
            let greeting = error.session_end().is_some_and(|end| end.stage() == session::Stage::Greeting);
            let to_do = error.cause().map(|cause| fix(&cause)).or_else(|| error.fix());
            // A refused login comes after a greeting.
            findings.stages.extend(error.greeting().map(greeted));
            findings.fail(if greeting { "greeting" } else { "login" }, &chain(&error), to_do);
            return;
        }
    };
    findings.stages.push(connection.greeting().map_or_else(|| Stage::new(State::Ok, ""), greeted));
    let login = connection.login();
    let shown = Shown::new(login, login.verdict(Context::Login));
    findings.stages.push(Stage::new(State::Ok, shown.head()).with("reply", Value::Object(shown.json())));
    let describe = Describe::new().to_command();
    let (context, nature) = (describe.context(), *describe.nature());
    match connection.send(describe).await {
        Ok(Fate::Answered(reply)) => {
            let verdict = reply.verdict(context);
            let shown = Shown::new(&reply, verdict);
            let exit = of_verdict(&verdict, &nature);
            let state = if exit == Exit::Yes { State::Ok } else { State::Failed };
            let mut stage = Stage::new(state, format!("describe: {}", shown.head()))
                .with("reply", Value::Object(shown.json()));
            if state == State::Failed {
                stage.lines.push(shown.meaning().to_owned());
                stage.fix = Some(output::advice(verdict.advice()));
                findings.exit = exit;
            }
            findings.stages.push(stage);
        }
        Ok(_) => {
            let end = connection.ended().await;
            findings.fail("read", &chain(&*end), end.fix().map(str::to_owned));
            findings.exit = Exit::Temporary;
        }
        Err(rejected) => findings.fail("read", &chain(&rejected), None),
    }
    connection.quit().await;
}
