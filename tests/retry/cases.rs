//! The rule as cases: commands, replies as they come over the wire, and what is decided.

use std::collections::BTreeSet;

use rrp::command::nature::rows;
use rrp::command::{
    Add, Check, Command, Del, Effect, Mod, Period, Ptf, PtfCommand, Renew, Safety, Status, ToCommand,
    Transfer, Year,
};
use rrp::retry::{Attempt, Case, Decision, Login, NotApplied, Resend, Trust, decide};
use rrp::{DomainName, HostName, ReturnCode};

use super::{again, look, support};
use Decision::{Accept, Doubt, Fail, Probe, Refuse, RefuseForNow};
use NotApplied::{Again, Refused, RefusedForNow};
use Safety::{Once, ReadBack, Repeatable, TrustReply};
use Trust::{AtOnce, Later};

/// RRP commands in lower case, PTF commands by their names.
fn command(name: &str) -> Command {
    let domain: DomainName = "example.com".parse().unwrap();
    let host: HostName = "ns1.example.com".parse().unwrap();
    match name {
        "check" => Check::domain(&domain).to_command(),
        "check host" => Check::name_server(&host).to_command(),
        "status" => Status::domain(&domain).to_command(),
        "add" => Add::domain(&domain).to_command(),
        "renew" => Renew::domain(&domain, Period::years(1).unwrap(), Year::new(2027).unwrap()).to_command(),
        "mod" => Mod::domain(&domain).add_name_server(&host).unwrap().to_command(),
        "del" => Del::domain(&domain).to_command(),
        "transfer" => Transfer::request(&domain).to_command(),
        _ if name.starts_with("Check") => Ptf::query(name).unwrap().to_command(),
        _ => Command::new(PtfCommand::new(name).unwrap().param("domain", "example.com").unwrap()),
    }
}

/// `unsent`, `silence`, or the lines of a reply.
fn attempt(command: &Command, what: &str) -> Attempt {
    let wire = match what {
        "unsent" => return Attempt::Unsent,
        "silence" => return Attempt::Unanswered,
        block if block.starts_with('[') => format!("{block}\r\nEOF\r\n"),
        lines => format!("{lines}\r\n.\r\n"),
    };
    Attempt::Answered(support::reply(wire.as_bytes()).verdict(command.context()))
}

fn case(command: &Command, what: &str, safety: Safety, flags: &str) -> Case {
    let case = Case::new(*command.nature(), safety, attempt(command, what));
    flags.split_whitespace().fold(case, |case, flag| match flag {
        "readable" => case.readable(true),
        "resent" => case.resent(true),
        "last" => case.may_resend(false),
        "alive" => case.login(Login::Holds),
        "lost" => case.login(Login::Lost),
        _ => panic!("`{flag}`"),
    })
}

const UNCOUNTED: Decision =
    Decision::Resend(Resend { after: core::time::Duration::ZERO, another_session: true, counted: false });

const LOCKED: &str =
    "422 Abuse detected! The account has been temporarily locked! Please standby some minutes.";

/// Why, the command, what came of it, the safety, what else is so, and what is decided.
type Row = (&'static str, &'static str, &'static str, Safety, &'static str, Decision);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Nothing was sent.
    ("nothing handed to the transport: another session, uncounted", "check", "unsent", Once, "", UNCOUNTED),
    ("the same for a write, even once and with no try left", "renew", "unsent", Once, "last", UNCOUNTED),

    // Reads.
    ("2xx that the command can get: done", "check", "210 Domain name available", Once, "", Accept),
    ("211 is an answer", "check", "211 Domain name not available", Once, "", Accept),
    ("PTF `Check*`: 200, 210–219: done", "CheckContact",
        "[RESPONSE]\r\ncode=215\r\ndescription=Contact not available",
        Once, "", Accept),
    ("220 ends the session", "status", "220 Command completed successfully. Server closing connection", Once,
        "", Accept),
    ("220 to any CHECK is a failure: ask again", "check", "220 Command completed successfully", Once, "",
        again(0, true)),
    ("to any CHECK", "CheckDomain", "[RESPONSE]\r\ncode=220\r\ndescription=Command completed successfully",
        Once, "", again(0, true)),
    ("220 to a CHECK, no try left", "check", "220 Command completed successfully", Once, "last",
        RefuseForNow),
    ("2xx that it cannot get (200 to a CHECK): session ends, ask again", "check", "200 Command completed",
        Once, "",
        again(1, true)),
    ("212 answers for a name server", "check", "212 Name server available", Once, "", again(1, true)),
    ("210 answers for a domain", "check host", "210 Domain name available", Once, "last", Fail),
    ("420: on another session", "status", "420 Command failed due to server error", Once, "", again(1, true)),
    ("421: after backoff", "status", "421 Command failed due to server error", Once, "", again(1, false)),
    ("422: account held for minutes, then resend", "status", LOCKED, Once, "", again(300, false)),
    ("422, no try left: refused (temporary) after all tries", "status", LOCKED, Once, "last", RefuseForNow),
    ("423: resend", "status", "423 error (socket error)", Once, "", again(1, true)),
    ("520: resend", "status",
        "520 Server closing connection. Client should try opening new connection; idle", Once, "",
        again(1, true)),
    ("521: resend", "status", "521 Too many sessions open. Server closing connection", Once, "last",
        RefuseForNow),
    ("530, exactly the text: probe", "status", "530 Authentication failed", Once, "", Probe),
    ("something after it: refused", "status", "530 Authentication failed; access denied", Once, "", Refuse),
    ("another text: refused", "status", "547 Not now", Once, "", Refuse),
    ("alive: refused", "status", "547 Invalid command sequence", Once, "alive", Refuse),
    ("lost: evict, resend", "status", "547 Invalid command sequence", Once, "lost", again(1, true)),
    ("549: refused", "status", "549 Command failed", Once, "", Refuse),
    ("other 5xx: refused", "status", "545 Entity reference not found", Once, "", Refuse),
    ("unknown: 2xx an answer", "status", "299 Something new", Once, "", Accept),
    ("unknown: 4xx resend", "status", "499 Something new", Once, "", again(1, true)),
    ("unknown: 5xx refused", "status", "599 Something new", Once, "", Refuse),
    ("unknown: else an `Err`", "status", "100 Something new", Once, "", Fail),
    ("unanswered: resend", "status", "silence", Once, "", again(1, true)),
    ("unanswered, no try left", "status", "silence", Once, "last", Fail),

    // Writes that were answered.
    ("done", "add", "200 Command completed successfully", Once, "", Accept),
    ("220 ends the session", "add", "220 Command completed successfully", Once, "", Accept),
    ("a re-sent write that is done is done", "add", "200 Command completed successfully", ReadBack,
        "resent readable", Accept),
    ("210 to an ADD: desynchronised, in doubt", "add", "210 Domain name available", ReadBack, "readable",
        look(Later, Again)),
    ("in doubt, and no read proves it", "transfer", "210 Domain name available", ReadBack, "", Doubt),
    ("a success in the other grammar is out of step too", "add",
        "[RESPONSE]\r\ncode=200\r\ndescription=done", ReadBack, "readable",
        look(Later, Again)),
    ("RRP's attributes are no answer to PTF", "RenewDomain", "200 Command completed\r\nstatus:ACTIVE",
        ReadBack, "readable",
        look(Later, Again)),
    ("unknown 2xx: in doubt", "add", "299 Something new", ReadBack, "readable", look(Later, Again)),
    ("unknown 4xx: in doubt", "add", "499 Something new", TrustReply, "readable", look(Later, Again)),
    ("unknown 5xx: refused", "add", "599 Something new", ReadBack, "readable", Refuse),
    ("unknown: else in doubt", "add", "100 Something new", ReadBack, "readable", look(Later, Again)),
    ("other 5xx: refused", "add", "540 Attribute value is not unique", ReadBack, "readable", Refuse),
    ("549 of a billable write: read back first", "add", "549 Command failed", ReadBack, "readable",
        look(Later, Refused)),
    ("549 whatever the caller allows", "add", "549 Command failed", Repeatable, "readable",
        look(Later, Refused)),
    ("549, refused", "mod", "549 Command failed", ReadBack, "readable", Refuse),
    ("*maybe* is billable", "del", "549 Command failed", ReadBack, "readable", look(Later, Refused)),
    ("549 of what no read can prove", "ChargeCreditcard", "549 Command failed", ReadBack, "", Doubt),
    ("530, exactly the text: probe", "renew", "530 Authentication failed", ReadBack, "readable", Probe),
    ("alive: refused", "renew", "530 Authentication failed", ReadBack, "readable alive", Refuse),
    ("lost: in doubt, refused if not applied", "renew", "530 Authentication failed", ReadBack,
        "readable lost",
        look(Later, Refused)),
    ("something after it: refused", "renew", "530 Authentication failed; not for you", ReadBack, "readable",
        Refuse),

    // Writes of which nobody knows.
    ("unanswered: in doubt: read back", "add", "silence", ReadBack, "readable", look(Later, Again)),
    ("whatever the registry's replies are trusted for", "add", "silence", TrustReply, "readable",
        look(Later, Again)),
    ("once: never resubmit", "add", "silence", Once, "readable", look(Later, RefusedForNow)),
    ("repeatable: resent wherever a read would be", "mod", "silence", Repeatable, "readable", again(1, true)),
    ("repeatable, no try left", "mod", "silence", Repeatable, "readable last", look(Later, Again)),
    ("what no read can prove: in doubt", "SendSMS", "silence", ReadBack, "", Doubt),
    ("an unknown nature: in doubt", "FrobnicateDomain", "silence", TrustReply, "", Doubt),
    ("423: in doubt: read back, then by its result", "add", "423 error (socket error)", TrustReply,
        "readable", look(Later, Again)),
    ("520 after the write: in doubt", "renew", "520 Server closing connection", ReadBack, "readable",
        look(Later, Again)),
    ("521 after the write: in doubt", "renew", "521 Too many sessions open", ReadBack, "readable",
        look(Later, Again)),

    // "Failed, try again", said to a write.
    ("creations that the registry refuses to repeat: without a read", "add", "421 Command failed", ReadBack,
        "readable",
        again(1, false)),
    ("420: on another session", "AddDomain", "420 Command failed", ReadBack, "readable", again(1, true)),
    ("422: account held, then as 421", "AddNameserver", LOCKED, ReadBack, "readable", again(300, false)),
    ("no try left: a billable write is read back before refused", "add", "421 Command failed", ReadBack,
        "readable last",
        look(AtOnce, Again)),
    ("no try left: one that costs nothing is refused", "AddNameserver", "421 Command failed", ReadBack,
        "readable last",
        RefuseForNow),
    ("no try left: a re-sent one is read back", "AddNameserver", "421 Command failed", ReadBack,
        "readable resent last",
        look(AtOnce, Again)),
    ("renewals (guarded too) are read back first", "renew", "421 Command failed", ReadBack, "readable",
        look(AtOnce, Again)),
    ("PTF transfers are read back first", "TransferDomain", "421 Command failed", ReadBack, "readable",
        look(AtOnce, Again)),
    ("deletions", "del", "420 Command failed", ReadBack, "readable", look(AtOnce, Again)),
    ("modifications, though they cost nothing", "mod", "421 Command failed", ReadBack, "readable",
        look(AtOnce, Again)),
    ("restores", "RestoreDomain", LOCKED, ReadBack, "readable", look(AtOnce, Again)),
    ("RRP's TRANSFER request: in doubt", "transfer", "421 Command failed", ReadBack, "", Doubt),
    ("ChargeCreditcard: in doubt", "ChargeCreditcard", "421 Command failed", ReadBack, "", Doubt),
    ("AddContact has no key", "AddContact", "421 Command failed", ReadBack, "", Doubt),
    ("an unknown nature", "FrobnicateDomain", "421 Command failed", ReadBack, "", Doubt),
    ("trust the reply: resubmit", "renew", "421 Command failed", TrustReply, "readable", again(1, false)),
    ("trust the reply: even what no read can prove", "SendSMS", "421 Command failed", TrustReply, "",
        again(1, false)),
    ("trust the reply: all that there is", "SendSMS", "421 Command failed", TrustReply, "last", RefuseForNow),
    ("once: 420–422 are `Refused`", "add", "421 Command failed", Once, "readable", RefuseForNow),
    ("repeatable: resent", "renew", "420 Command failed", Repeatable, "readable", again(1, true)),
    ("repeatable, after something that may have been lost", "renew", "421 Command failed", Repeatable,
        "readable resent last",
        look(Later, Again)),

    // Any refusal of what was sent before: evidence, not an answer.
    ("540", "add", "540 Attribute value is not unique", ReadBack, "readable resent", look(Later, Refused)),
    ("554", "add", "554 Domain already registered", TrustReply, "readable resent", look(Later, Refused)),
    ("555", "renew", "555 Domain already renewed", ReadBack, "readable resent", look(Later, Refused)),
    ("536", "transfer", "536 Domain already flagged for transfer", TrustReply, "resent", Doubt),
    ("546", "add", "546 Credit limit exceeded", Repeatable, "readable resent", look(Later, Refused)),
    ("549", "mod", "549 Command failed", Repeatable, "readable resent last", look(Later, Refused)),
    ("530, alive", "mod", "530 Authentication failed", Repeatable, "readable resent alive",
        look(Later, Refused)),
    ("552", "DeleteDomain", "552 Domain status does not allow for operation", ReadBack, "readable resent",
        look(Later, Refused)),
];

#[test]
fn every_case_is_decided_as_the_rule_says() {
    for &(because, name, what, safety, flags, decision) in TABLE {
        let command = command(name);
        let case = case(&command, what, safety, flags);
        assert_eq!(decide(case), decision, "{because}: {name}, {what}, {safety}, {flags}");
    }
}

#[test]
fn any_listed_refusal_of_a_write_is_an_answer_once_and_evidence_twice() {
    let (add, probed) = (command("AddDomain"), ["530", "547"]);
    let refusals = ReturnCode::known().filter(|info| (500..600).contains(&info.code().as_u16()));
    let mut met = 0;
    for info in refusals.filter(|info| !info.code().closes_connection()) {
        let code = info.code().to_string();
        let line = format!("{code} {}", info.text());
        let alive = if probed.contains(&&*code) { "alive" } else { "" };
        let first = decide(case(&add, &line, ReadBack, &format!("readable {alive}")));
        assert_eq!(first, if code == "549" { look(Later, Refused) } else { Refuse }, "{line}");
        let second = decide(case(&add, &line, ReadBack, &format!("readable resent {alive}")));
        assert_eq!(second, look(Later, Refused), "{line}");
        met += 1;
    }
    assert_eq!(met, 41);
}

#[test]
fn these_are_all_that_is_resubmitted_without_a_look_by_default() {
    let failed = ReturnCode::SERVER_ERROR_TRY_AGAIN.verdict(rrp::Context::Ptf);
    let resent = rows().filter(|row| {
        let case = Case::new(row.nature(), ReadBack, Attempt::Answered(failed)).readable(true);
        row.nature().effect() != Effect::Read && matches!(decide(case), Decision::Resend(_))
    });
    let names: BTreeSet<&str> = resent.map(|row| row.name()).collect();
    let creations = [
        "AddDNSZone",
        "AddDomain",
        "AddMailFwd",
        "AddNameserver",
        "AddRegistrar",
        "AddTag",
        "AddWebFwd",
        "AddWebspace",
        "ReserveDomain",
        "add",
    ];
    assert_eq!(names, BTreeSet::from(creations));
}
