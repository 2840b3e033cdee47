//! The program, killed under load, again and again: nothing is done twice, nothing is forgotten, and the registry never sees
//! more sessions than it allows.
//!
//! `RRP_KILLS` says how often (20), `RRP_SEED` when.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use rrp::sim::server::Listen;
use rrp::sim::{Change, Close, Domain, Effect, Fault, Stamp, Trigger};

use crate::harness::{PROMPTS, Random, Setup, code};
use crate::program::{PASSWORD, Said, Sim, USER, program};

const SESSIONS: usize = 3;
/// Nothing takes so long that is not wrong.
const PATIENCE: Duration = Duration::from_secs(60);

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// The registry, which stays, and a daemon, which does not.
struct Rig {
    sim: Sim,
    daemon: Option<Child>,
    most_sessions: usize,
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

impl Rig {
    fn new() -> Self {
        let config = Setup::new().registry.latency(Duration::from_millis(4));
        let sim = Sim::with(config, Listen::plain("127.0.0.1:0".parse().unwrap()));
        // For those who want the same.
        for number in 0..5_000 {
            let (created, expires) = (Stamp::midnight(2026, 1, 1), Stamp::midnight(2027, 6, 1));
            let domain = Domain::new(&format!("same{number}.com"), USER, created, expires);
            sim.server.registry().insert_domain(domain);
        }
        fs::write(sim.file("registry.password"), PASSWORD).unwrap();
        fs::write(sim.file("local.password"), "secret").unwrap();
        let file = |name: &str| sim.file(name).display().to_string();
        let config = format!(
            "[log]\nlevel = 'error'\n[[listen]]\nunix = '{}'\n[account.main]\nserver = '{}'\nlogin = '{USER}'\n\
             password-file = '{}'\nplain = true\nrate = 'unlimited'\nsessions = [0, {SESSIONS}]\njournal = '{}'\n\
             lock = '{}'\nnegatives = ['0s', '0s', '10ms']\n[user.desk]\npassword-file = '{}'\n",
            file("front.sock"),
            sim.address(),
            file("registry.password"),
            file("main.redb"),
            file(""),
            file("local.password"),
        );
        fs::write(sim.file("rrp.toml"), config).unwrap();
        let mut rig = Self { sim, daemon: None, most_sessions: 0 };
        rig.start();
        rig
    }

    fn socket(&self) -> PathBuf {
        self.sim.file("front.sock")
    }

    fn start(&mut self) {
        let config = self.sim.file("rrp.toml");
        let mut daemon = program(&["serve", "--config", config.to_str().unwrap()]);
        self.daemon = Some(daemon.stdout(Stdio::null()).spawn().unwrap());
    }

    fn sessions(&mut self) -> usize {
        let sessions = self.sim.server.registry().sessions(USER);
        self.most_sessions = self.most_sessions.max(sessions);
        sessions
    }

    /// Looks at the sessions for so long.
    fn watch(&mut self, time: Duration) {
        let since = Instant::now();
        while since.elapsed() < time {
            self.sessions();
            sleep(Duration::from_millis(2));
        }
    }

    fn kill(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        // Its sockets are closed by now, and soon the registry knows.
        let since = Instant::now();
        while self.sessions() > 0 {
            assert!(since.elapsed() < PATIENCE);
            sleep(Duration::from_millis(1));
        }
    }

    fn terminate(&self) {
        let id = self.daemon.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// How it ended.
    fn ended(&mut self, within: Duration) -> i32 {
        let mut daemon = self.daemon.take().unwrap();
        let since = Instant::now();
        loop {
            if let Some(status) = daemon.try_wait().unwrap() {
                return status.code().expect("it was not killed");
            }
            assert!(since.elapsed() < within, "it does not end");
            sleep(Duration::from_millis(5));
        }
    }

    /// What the journal has as open or in doubt, while no daemon runs.
    fn unfinished(&self) -> usize {
        let journal = self.sim.file("main.redb");
        let mut list = program(&["doubt", "list", "--json", "--journal", journal.to_str().unwrap()]);
        let said = Said::of(list.output().unwrap());
        said.json().as_array().unwrap().len()
    }

    fn changes(&self, change: Change, name: &str) -> usize {
        self.sim.server.registry().ledger().changes(change, name)
    }
}

/// A client that asks again for whatever it has no answer to.
struct Client {
    path: PathBuf,
    stream: Option<BufReader<UnixStream>>,
}

impl Client {
    fn connected(&mut self) -> io::Result<&mut BufReader<UnixStream>> {
        if self.stream.is_none() {
            let stream = UnixStream::connect(&self.path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            (&stream).write_all(b"desk\nsecret\n")?;
            let mut stream = BufReader::new(stream);
            let mut prompts = [0; PROMPTS.len()];
            stream.read_exact(&mut prompts)?;
            assert_eq!(prompts, *PROMPTS.as_bytes());
            self.stream = Some(stream);
        }
        Ok(self.stream.as_mut().unwrap())
    }

    fn try_all(&mut self, requests: &[String]) -> io::Result<Vec<String>> {
        let stream = self.connected()?;
        let all: String = requests.iter().map(|lines| format!("[COMMAND]\n{lines}\nEOF\n")).collect();
        stream.get_mut().write_all(all.as_bytes())?;
        let mut told = Vec::new();
        for _ in requests {
            let mut answer = String::new();
            while !answer.ends_with("\nEOF\n") {
                match stream.read_line(&mut answer) {
                    Ok(0) if answer.is_empty() => return Ok(told),
                    Ok(0) => panic!("half an answer: {answer}"),
                    Ok(_) => {}
                    // What came before is known all the same.
                    Err(_) => return Ok(told),
                }
            }
            told.push(answer);
        }
        Ok(told)
    }

    /// Asks for these until all are done.
    fn ask(&mut self, mut requests: Vec<String>) {
        let since = Instant::now();
        while !requests.is_empty() {
            assert!(since.elapsed() < PATIENCE, "never done: {requests:?}");
            match self.try_all(&requests) {
                Ok(told) => {
                    if told.len() < requests.len() {
                        self.stream = None;
                    }
                    let mut told = told.into_iter();
                    requests.retain(|request| match told.next() {
                        None => true,
                        Some(told) => match code(&told) {
                            "200" => false,
                            // In doubt, or not sent; what was asked for behind it may have met the same.
                            "421" | "549" => {
                                assert!(
                                    told.contains("property[rrp-origin][0] = local"),
                                    "{request}: {told}"
                                );
                                true
                            }
                            _ => panic!("{request}: {told}"),
                        },
                    });
                }
                Err(_) => self.stream = None,
            }
            if !requests.is_empty() {
                sleep(Duration::from_millis(5));
            }
        }
    }
}

fn add(name: &str) -> String {
    format!("command=AddDomain\ndomain={name}\nperiod=1")
}

fn renew(name: &str) -> String {
    format!("command=RenewDomain\ndomain={name}\nperiod=1")
}

/// Clients that register and renew until they are told to stop; each says which names it was told are done.
struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn begin(rig: &Rig, clients: usize) -> Self {
        let mut load = Self { stop: Arc::default(), done: Arc::default(), clients: Vec::new() };
        for client in 0..clients {
            let (stop, done, path) = (Arc::clone(&load.stop), Arc::clone(&load.done), rig.socket());
            load.clients.push(std::thread::spawn(move || {
                let mut asker = Client { path, stream: None };
                let mut names = Vec::new();
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = match client {
                        // Two that want the same at the same time.
                        0 | 1 => format!("same{number}.com"),
                        _ => format!("name{client}-{number}.com"),
                    };
                    match client {
                        0 | 1 => asker.ask(vec![renew(&name)]),
                        // Several at once, in order.
                        2 => asker.ask(vec![add(&name), renew(&name)]),
                        _ => {
                            asker.ask(vec![add(&name)]);
                            asker.ask(vec![renew(&name)]);
                        }
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                    names.push(name);
                }
                names
            }));
        }
        load
    }

    fn until_done(&self, more: usize) {
        let (since, wanted) = (Instant::now(), self.done.load(Ordering::Relaxed) + more);
        while self.done.load(Ordering::Relaxed) < wanted {
            assert!(since.elapsed() < PATIENCE, "nothing goes on");
            assert!(!self.clients.iter().all(JoinHandle::is_finished), "all clients have failed");
            sleep(Duration::from_millis(1));
        }
    }

    /// How many clients wanted each name, once all are done.
    fn end(self) -> BTreeMap<String, usize> {
        self.stop.store(true, Ordering::Relaxed);
        let mut names = BTreeMap::new();
        for client in self.clients {
            for name in client.join().unwrap() {
                *names.entry(name).or_default() += 1;
            }
        }
        names
    }
}

/// Everything was done as often as it was asked for.
fn assert_done(rig: &Rig, names: &BTreeMap<String, usize>) {
    for (name, asked) in names {
        let renewed = rig.changes(Change::Renewed, name);
        if name.starts_with("same") {
            // One that joined another one is done with it.
            assert!((1..=*asked).contains(&renewed), "{name}: renewed {renewed} times, asked {asked} times");
        } else {
            assert_eq!((rig.changes(Change::Created, name), renewed), (1, 1), "{name}: created, renewed");
        }
    }
}

#[test]
fn a_daemon_that_is_killed_again_and_again_does_nothing_twice() {
    let (kills, seed) = (number("RRP_KILLS", 20), number("RRP_SEED", 2_832));
    let mut random = Random(seed);
    let mut rig = Rig::new();
    // Replies get lost on the way, too.
    for effect in [Effect::ExecuteAndClose(Close::Reset), Effect::CloseBefore(Close::Reset)] {
        rig.sim.add(Fault::on(Trigger::AnyCommand).then(effect).always().with_probability(0.01));
    }
    let load = Load::begin(&rig, 6);
    let mut unfinished = 0;
    for _ in 0..kills {
        load.until_done(2);
        let time = Duration::from_millis(u64::try_from(random.below(250)).unwrap());
        rig.watch(time);
        rig.kill();
        unfinished += rig.unfinished();
        rig.start();
    }
    let names = load.end();
    rig.terminate();
    assert_eq!(rig.ended(PATIENCE), 0);
    assert_done(&rig, &names);
    // Something was open each time, or the kills were none; and nothing is now.
    assert!(unfinished >= usize::try_from(kills).unwrap() / 4, "{unfinished}");
    assert_eq!(rig.unfinished(), 0);
    assert!((1..=SESSIONS).contains(&rig.most_sessions), "{}", rig.most_sessions);
    eprintln!("{kills} kills, seed {seed}: {} names, {unfinished} unfinished at the kills", names.len());
}

#[test]
fn a_daemon_that_is_told_to_end_twice_ends_at_once_and_loses_nothing() {
    let mut rig = Rig::new();
    let load = Load::begin(&rig, 6);
    load.until_done(10);
    // No write is answered any more, and a drain would last.
    for command in ["AddDomain", "RenewDomain"] {
        rig.sim.add(Fault::on(Trigger::Command(command.to_owned())).then(Effect::ExecuteAndStall).always());
    }
    rig.watch(Duration::from_millis(200));
    rig.terminate();
    rig.watch(Duration::from_millis(200));
    assert!(
        rig.daemon.as_mut().unwrap().try_wait().unwrap().is_none(),
        "it did not wait for what is under way"
    );
    rig.terminate();
    assert_eq!(rig.ended(Duration::from_secs(5)), 0);
    assert!(rig.unfinished() >= 1);
    rig.sim.server.registry().faults().clear();
    rig.start();
    load.until_done(10);
    // And once, in order.
    rig.terminate();
    assert_eq!(rig.ended(PATIENCE), 0);
    rig.start();
    let names = load.end();
    rig.terminate();
    assert_eq!(rig.ended(PATIENCE), 0);
    assert_done(&rig, &names);
    assert_eq!(rig.unfinished(), 0);
    assert!(rig.most_sessions <= SESSIONS);
}
