//! `rrp call` with writes against a simulated registry: what is told of them, what is sent again blindly, and what
//! whoever ends the program hears.
#![cfg(feature = "cli")]

use rrp::sim::{Close, Effect, Fault, Trigger};
use serde_json::{Value, json};

use program::{Said, Sim};

#[path = "support/program.rs"]
mod program;

const ADD: [&str; 4] = ["call", "AddDomain", "domain=example.com", "period=1"];
const RENEW: [&str; 4] = ["call", "RenewDomain", "domain=example.com", "period=1"];
const GUARDED: [&str; 5] = ["call", "RenewDomain", "domain=example.com", "period=1", "expiration=2027"];
const SENT_ADD: &str = "[COMMAND] | command=AddDomain | domain=example.com | period=1 | EOF | .";
const SENT_RENEW: &str = "[COMMAND] | command=RenewDomain | domain=example.com | period=1 | EOF | .";

/// The text without the line ends that only keep it narrow.
fn unwrapped(said: &Said) -> String {
    said.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn json_of(sim: &Sim, args: &[&str]) -> Value {
    sim.run(&[args, &["--json"]].concat()).json()
}

#[cfg(unix)]
mod signals {
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn start(program: &mut Command) -> Child {
        program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn kill(child: &Child, signal: &str) {
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// Those that this process was not started without, as behind `nohup` or `&`: a child inherits that.
    fn heeded() -> impl Iterator<Item = &'static str> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
        let all = [("INT", 2), ("TERM", 15), ("HUP", 1), ("QUIT", 3)];
        all.into_iter().filter(move |(_, number)| ignored >> (number - 1) & 1 == 0).map(|(name, _)| name)
    }

    /// Waits until the registry has executed it and does not answer.
    fn wait_for(sim: &Sim, command: &str, child: &mut Child) {
        while sim.executed(command) == 0 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn whoever_ends_the_program_during_a_write_hears_that_it_is_in_doubt() {
        for signal in heeded() {
            let sim = Sim::new();
            sim.fault("AddDomain", Effect::ExecuteAndStall);
            let mut child = start(&mut sim.program(&ADD));
            wait_for(&sim, "AddDomain", &mut child);
            kill(&child, &format!("-{signal}"));
            let said = Said::of(child.wait_with_output().unwrap()).exits(5);
            let said =
                said.says(&format!("no answer: interrupted (SIG{signal}) while the answer was waited for"));
            assert!(said.err.contains(SENT_ADD) && said.out.contains("do NOT send it again"), "{said:?}");
            assert!(said.out.contains("rrp status --ptf example.com"), "{said:?}");
        }
        let sim = Sim::new();
        sim.fault("AddDomain", Effect::ExecuteAndStall);
        let mut child = start(sim.program(&ADD).arg("--json"));
        wait_for(&sim, "AddDomain", &mut child);
        kill(&child, "-TERM");
        let told = Said::of(child.wait_with_output().unwrap()).exits(5).json();
        assert_eq!(
            (&told["fate"], &told["in_doubt"], &told["sent"]),
            (&json!("unanswered"), &json!(true), &json!(SENT_ADD))
        );
    }

    #[test]
    fn before_it_is_handed_over_it_is_not_sent() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        for signal in heeded() {
            let mut program = program::program(&ADD);
            program.args(["--plain", "--user", "a", "--server", &address]).env("RRP_PASSWORD", "abcd");
            let child = start(&mut program);
            // No greeting comes.
            let connection = listener.accept().unwrap();
            kill(&child, &format!("-{signal}"));
            let said = Said::of(child.wait_with_output().unwrap()).exits(6);
            drop(connection);
            let said = said.says("not sent: interrupted (SIG").says("before the command was sent");
            assert!(!said.err.contains("is sent once") && said.out.contains(SENT_ADD), "{said:?}");
        }
    }

    /// `nohup` is there so that a hangup ends nothing.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_signal_that_is_switched_off_stays_so() {
        let sim = Sim::new();
        sim.fault("AddDomain", Effect::ExecuteAndStall);
        let program = sim.program(&ADD);
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
            .arg(program.get_program())
            .args(program.get_args());
        shell.env("RRP_PASSWORD", program::PASSWORD);
        let mut child = start(&mut shell);
        wait_for(&sim, "AddDomain", &mut child);
        kill(&child, "-HUP");
        kill(&child, "-TERM");
        Said::of(child.wait_with_output().unwrap()).exits(5).says("interrupted (SIGTERM)");
    }
}

#[test]
fn what_failed_for_now_goes_out_again_blindly_only_if_nothing_is_paid_twice() {
    let sim = Sim::new();
    let domain = ["EntityName:Domain", "DomainName:example.com"];
    let rfc =
        |verb: &'static str, more: &[&'static str]| [&["call", "--rrp", verb], &domain[..], more].concat();
    let guarded = ["-Period:1", "-CurrentExpirationYear:2027"];
    for (command, blindly) in [
        (rfc("add", &["-Period:1"]), true),
        (rfc("renew", &[]), false),
        (rfc("renew", &guarded), false),
        (rfc("del", &[]), false),
        (rfc("mod", &["NameServer:ns1.example.com"]), false),
        (rfc("transfer", &[]), false),
    ] {
        for code in [420, 421, 422] {
            sim.fault(command[2], Effect::answer(code, false));
            let said = sim.run(&command).exits(if blindly { 3 } else { 5 });
            let text = "the registry says that it failed; look before sending it again";
            assert_eq!(unwrapped(&said).contains(text), !blindly, "{code}: {said:?}");
            assert_eq!(said.out.contains("the registry refuses a second one"), blindly, "{code}: {said:?}");
        }
    }
    // PTF commands, where the gateway has locked the account and says so.
    for (command, blindly) in [
        (&ADD[..], true),
        (&["call", "AddContact", "firstname=a"], true),
        (&GUARDED, false),
        (&["call", "TransferDomain", "domain=example.com"], false),
        (&["call", "RestoreDomain", "domain=example.com"], false),
        (&["call", "SendSMS", "text=a"], false),
    ] {
        sim.fault(command[1], Effect::answer(422, false));
        let said = sim.run(command).exits(if blindly { 3 } else { 5 });
        assert_eq!(
            unwrapped(&said)
                .contains("the account is locked: send nothing for it, from anywhere, for 300 s; then"),
            !blindly,
            "{said:?}"
        );
    }
}

#[test]
fn every_outcome_of_a_write_shows_what_was_sent() {
    let sim = Sim::new();
    let shows = |said: Said| {
        assert!(unwrapped(&said).contains(SENT_ADD), "{said:?}");
        assert!(said.err.contains(SENT_ADD) && said.err.contains("AddDomain is sent once"), "{said:?}");
    };
    shows(sim.run(&ADD).exits(0));
    shows(sim.run(&ADD).exits(4));
    sim.fault("AddDomain", Effect::CloseBefore(Close::Fin));
    shows(sim.run(&ADD).exits(5));
    sim.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(521)));
    let unsent = sim.run(&ADD).exits(6);
    assert!(unwrapped(&unsent).contains(&format!("not sent {SENT_ADD}")), "{unsent:?}");
    // Nothing goes out, and nothing says so.
    assert!(!unsent.err.contains("is sent once"), "{unsent:?}");
    for _ in 0..2 {
        assert_eq!(json_of(&sim, &ADD)["sent"], SENT_ADD);
        sim.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(521)));
    }
    let sim = Sim::new();
    let modify = "[COMMAND]\ncommand=ModifyDomain\ndomain=example.com\nauth=hunter22\nEOF\n";
    let said = sim.run_with_input(&["call", "--json", "-"], modify);
    assert_eq!(
        said.json()["sent"],
        "[COMMAND] | command=ModifyDomain | domain=example.com | auth=*** | EOF | ."
    );
}

#[test]
fn the_look_is_told_where_there_is_something_to_look_for_and_nowhere_else() {
    let sim = Sim::new();
    let told = json_of(&sim, &ADD);
    assert_eq!(
        (&told["settle"], &told["look"], &told["advice"]),
        (&json!(null), &json!(null), &json!("done"))
    );
    let told = json_of(&sim, &ADD);
    assert_eq!((&told["exit"], &told["settle"], &told["look"]), (&json!(4), &json!(null), &json!(null)));
    sim.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(521)));
    let told = json_of(&sim, &RENEW);
    assert_eq!((&told["exit"], &told["settle"], &told["advice"]), (&json!(6), &json!(null), &json!(null)));
    for effect in [Effect::answer(421, false), Effect::answer(423, true), Effect::ExecuteAndClose(Close::Fin)]
    {
        sim.fault("RenewDomain", effect.clone());
        let told = json_of(&sim, &RENEW);
        assert_eq!(told["look"], "rrp status --ptf example.com", "{effect:?}");
        assert!(told["settle"].as_str().unwrap().contains("later than before"), "{told}");
        // A program that heeds the advice must not send it again.
        assert_eq!((&told["advice"], &told["wait"]), (&json!("read-back"), &json!(null)), "{effect:?}");
        if told["fate"] == "answered" {
            let reply = &told["reply"];
            assert_eq!((&reply["advice"], &reply["wait"]), (&json!("read-back"), &json!(null)), "{effect:?}");
        }
        sim.fault("RenewDomain", effect.clone());
        let said = sim.run(&RENEW).exits(5);
        assert!(!unwrapped(&said).contains("send again after a pause"), "{said:?}");
    }
    sim.fault("ModifyDomain", Effect::CloseBefore(Close::Fin));
    let said =
        sim.run(&["call", "ModifyDomain", "domain=example.com", "nameserver0=ns1.example.com"]).exits(5);
    assert!(unwrapped(&said).contains("the values that you sent"), "{said:?}");
    assert!(!said.out.contains("may be paid for again"), "{said:?}");
}

#[test]
fn a_guard_that_refuses_is_not_to_be_adjusted() {
    let sim = Sim::new();
    sim.run(&ADD).exits(0);
    sim.run(&GUARDED).exits(0);
    let said = sim.run(&GUARDED).exits(4);
    let text = unwrapped(&said);
    assert!(
        text.contains("the expiration is not 2027 any more, perhaps through an earlier renewal"),
        "{said:?}"
    );
    assert!(
        text.contains("do not adjust the year") && text.contains("rrp status --ptf example.com"),
        "{said:?}"
    );
    for code in [541, 555] {
        sim.fault("RenewDomain", Effect::answer(code, false));
        let told = json_of(&sim, &GUARDED);
        assert!(told["guard"].as_str().unwrap().contains("look first"), "{told}");
        assert_eq!(told["look"], "rrp status --ptf example.com");
    }
    // Of a name that is not there, or without a guard, nothing of the kind is said.
    for (command, code) in [(&GUARDED[..], 545), (&GUARDED, 546), (&RENEW, 541)] {
        sim.fault("RenewDomain", Effect::answer(code, false));
        assert_eq!(json_of(&sim, command)["guard"], json!(null), "{code}");
    }
}

#[test]
fn a_renewal_that_nothing_guards_is_told_so() {
    let sim = Sim::new();
    sim.run(&ADD).exits(0);
    let said = sim.run(&RENEW).exits(0);
    let note = said.err.find("no guard: sent twice it renews twice; give expiration=YEAR").unwrap();
    assert!(note < said.err.find("is sent once").unwrap(), "{said:?}");
    assert!(unwrapped(&said).contains(SENT_RENEW), "{said:?}");
    for command in [&ADD[..], &GUARDED] {
        assert!(!sim.run(command).err.contains("no guard"));
    }
}

#[test]
fn half_a_request_is_not_sent() {
    let sim = Sim::new();
    let whole = "[COMMAND]\r\ncommand=AddDomain\r\ndomain=example.com\r\nEOF\r\n";
    for end in 0..whole.len() - "\r\n".len() {
        // Its last line may lack its line end.
        sim.run_with_input(&["call", "-"], &whole[..end]).exits(7).says("nothing was sent");
    }
    for half in ["add\nEntityName:Domain\nDomainName:example.com\n", "renew\nEOF\n"] {
        let said = sim.run_with_input(&["call", "-"], half).exits(7);
        said.says("rrp: request: request is not terminated: nothing was sent");
    }
    assert_eq!(sim.server.registry().ledger().entries().len(), 0);
    sim.run_with_input(&["call", "-"], &whole[..whole.len() - 2]).exits(0);
    sim.run_with_input(&["call", "-"], "[COMMAND]\ncommand=DeleteDomain\ndomain=example.com\n.").exits(0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_that_was_done_is_not_lost_with_its_output() {
    let sim = Sim::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let run = |args: &[&str]| Said::of(sim.program(args).stdout(full()).output().unwrap());
    let said = run(&ADD).exits(7).says("cannot write the output");
    said.says(&format!("executed: {SENT_ADD} (200 Command completed successfully")).says("is sent once");
    run(&ADD).exits(4).says(&format!("not executed: {SENT_ADD} (5"));
    // Doubt comes first.
    sim.fault("RenewDomain", Effect::ExecuteAndClose(Close::Reset));
    let said = run(&RENEW).exits(5).says("cannot write the output");
    said.says(&format!("IN DOUBT, look before it is sent again: {SENT_RENEW} (no answer: "));
    sim.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(521)));
    run(&RENEW).exits(6).says(&format!("not sent: {SENT_RENEW}"));
    // Of a read nothing is lost that cannot be asked again.
    run(&["call", "StatusDomain", "domain=example.com"]).exits(7).says("cannot write the output");
    // Nobody reads the output.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = sim.program(&RENEW).stdout(writer).output().unwrap();
    Said::of(output).exits(7).says(&format!("executed: {SENT_RENEW}"));
}
