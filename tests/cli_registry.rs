//! `rrp call`, `rrp check` and `rrp status` against a simulated registry: what each exit code stands for, what is asked
//! again, and that a write goes out once.
#![cfg(feature = "cli")]

use rrp::sim::server::Listen;
use rrp::sim::{Close, Config, Effect, Fault, Trigger};
use serde_json::json;

use program::{Sim, program};

#[path = "support/program.rs"]
mod program;

const ADD: [&str; 4] = ["call", "AddDomain", "domain=example.com", "period=1"];
const RENEW: [&str; 4] = ["call", "RenewDomain", "domain=example.com", "period=1"];

#[test]
fn a_check_is_yes_or_no() {
    let sim = Sim::new();
    sim.run(&["check", "example.com"]).exits(0).says("example.com: available (210 Domain name available)");
    sim.run(&ADD).exits(0);
    sim.run(&["check", "example.com"]).exits(1).says("example.com: not available (211 ");
    let said = sim.run(&["check", "--json", "example.com", "example.net"]).exits(1);
    let answers = said.json();
    assert_eq!(answers[0]["command"], "CheckDomains");
    assert_eq!(
        (&answers[0]["names"][0]["answer"], &answers[0]["names"][0]["code"]),
        (&json!("no"), &json!(211))
    );
    assert_eq!(
        (&answers[0]["names"][1]["answer"], &answers[0]["names"][1]["code"]),
        (&json!("yes"), &json!(210))
    );
    // The registry answers by number; the names are those that were asked for.
    let domain = |at: usize| &answers[0]["reply"]["domain_checks"][at]["domain"];
    assert_eq!((domain(0), domain(1)), (&json!("example.com"), &json!("example.net")));
    assert_eq!((&answers[0]["exit"], &answers[0]["result"]), (&json!(1), &json!("no")));
    assert_eq!(answers[0]["tls"]["verified"], true);
    assert!(answers[0]["tls"]["pin"].as_str().unwrap().starts_with("sha256/"));
    sim.run(&["check", "--name-server", "ns1.example.com", "ns2.example.com"]).exits(0).says("212");
    sim.run(&["check", "--dialect", "rfc", "example.net", "example.org"]).exits(0);
    assert_eq!(sim.executed("CheckDomains"), 0);
}

#[test]
fn many_names_are_asked_for_32_at_a_time() {
    let sim = Sim::new();
    let names: Vec<String> = (0..70).map(|number| format!("n{number}.example.com")).collect();
    let mut args = vec!["check", "--json"];
    args.extend(names.iter().map(String::as_str));
    let answers = sim.run(&args).json();
    let counts: Vec<usize> =
        answers.as_array().unwrap().iter().map(|answer| answer["names"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [32, 32, 6]);
    for (answer, name) in
        answers.as_array().unwrap().iter().flat_map(|a| a["names"].as_array().unwrap()).zip(&names)
    {
        assert_eq!(answer["name"], name.as_str());
    }
}

#[test]
fn every_output_of_a_write_states_host_and_environment() {
    let sim = Sim::new();
    let said = sim.run(&ADD).exits(0);
    for text in [said.out.as_str(), said.err.as_str()] {
        assert!(text.contains(&sim.address()) && text.contains("simulated (loopback)"), "{text}");
        assert!(text.contains("billable: yes"), "{text}");
    }
    let said =
        sim.run(&["call", "--json", "--environment", "production", "RenewDomain", "domain=example.com"]);
    let told = said.json();
    assert_eq!((&told["host"], &told["environment"]), (&json!(sim.address()), &json!("production")));
    assert_eq!((&told["effect"], &told["billable"]), (&json!("write"), &json!("yes")));
    assert!(said.err.contains("environment: production"), "{said:?}");
}

#[test]
fn a_refusal_for_good_is_4() {
    let sim = Sim::new();
    // Not found is an answer, and it is no.
    sim.run(&["status", "example.com"]).exits(1).says("545 ").says("the object does not exist");
    sim.run(&["status", "--ptf", "example.com"]).exits(1);
    sim.run(&["status", "--name-server", "ns1.example.com"]).exits(1);
    let told = sim.run(&["status", "--json", "example.com"]).exits(1).json();
    assert_eq!((&told["exit"], &told["result"]), (&json!(1), &json!("no")));
    sim.run(&["call", "StatusDomain", "domain=example.com"]).exits(4);
    sim.run(&["call", "--rrp", "del", "EntityName:Domain", "DomainName:example.com"]).exits(4);
    // Asked once, for it would be refused again.
    let told = sim.run(&["status", "--json", "example.com"]).json();
    assert_eq!(told["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_read_is_asked_again_on_the_same_session_after_421() {
    let sim = Sim::new();
    sim.run(&ADD).exits(0);
    sim.fault("status", Effect::answer(421, false));
    let said = sim.run(&["status", "--json", "example.com"]).exits(0).says("on the same session in 1 s");
    let attempts = &said.json()["attempts"];
    assert_eq!((&attempts[0]["code"], &attempts[0]["new_session"]), (&json!(421), &json!(false)));
    assert_eq!((&attempts[1]["session"], &attempts[1]["code"]), (&json!(1), &json!(200)));
}

#[test]
fn a_read_is_asked_again_on_a_new_session_where_the_old_one_ended() {
    let sim = Sim::new();
    sim.run(&ADD).exits(0);
    for (effect, code) in [
        (Effect::answer(420, false), Some(420)),
        (Effect::answer(520, false), Some(520)),
        (Effect::answer(521, false), Some(521)),
        (Effect::answer(423, false), Some(423)),
        (Effect::LoseLogin, Some(547)),
        (Effect::CloseBefore(Close::Reset), None),
        (Effect::Garble, None),
        (Effect::Cut { at: 12, executed: true, close: Close::Orderly }, None),
    ] {
        sim.fault("StatusDomain", effect.clone());
        let said = sim.run(&["status", "--ptf", "--json", "example.com"]).exits(0);
        let attempts = &said.json()["attempts"];
        assert_eq!(
            (&attempts[0]["code"], &attempts[0]["new_session"]),
            (&json!(code), &json!(true)),
            "{effect:?}"
        );
        assert_eq!((&attempts[1]["session"], &attempts[1]["code"]), (&json!(2), &json!(200)), "{effect:?}");
    }
    // 220 to a CHECK is no answer either.
    sim.fault("check", Effect::answer(220, false));
    sim.run(&["check", "example.com"]).exits(1).says("on a new session");
}

#[test]
fn a_read_is_asked_three_times_and_no_more() {
    let sim = Sim::new();
    sim.add(Fault::on(Trigger::Command("status".into())).then(Effect::answer(421, false)).times(3));
    let said = sim.run(&["status", "--json", "example.com"]).exits(3);
    let attempts = said.json()["attempts"].clone();
    let pauses: Vec<&serde_json::Value> =
        attempts.as_array().unwrap().iter().map(|one| &one["pause"]).collect();
    assert_eq!(pauses, [&json!(1.0), &json!(2.0), &json!(null)]);
    // None is left.
    sim.run(&["status", "example.com"]).exits(1);
}

#[test]
fn a_refused_login_is_not_repeated_for_a_read_either() {
    for code in [530, 422, 521, 549] {
        let sim = Sim::new();
        sim.fault("status", Effect::CloseBefore(Close::Reset));
        sim.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(code)).on_connection(2));
        let told = sim.run(&["status", "--json", "example.com"]).exits(3).json();
        let fates: Vec<&serde_json::Value> =
            told["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["fate"]).collect();
        assert_eq!(fates, [&json!("unanswered"), &json!("unsent")], "{code}");
        assert_eq!(
            (&told["attempts"][0]["session"], &told["attempts"][1]["session"]),
            (&json!(1), &json!(0))
        );
    }
    // What passes by itself is no reason to give up, nor is any other end of an attempt to log in.
    for end in [
        Fault::on(Trigger::Login).then(Effect::RefuseLogin(421)).on_connection(2),
        Fault::on(Trigger::Connection(2)).then(Effect::CloseBefore(Close::Reset)),
    ] {
        let sim = Sim::new();
        sim.fault("status", Effect::CloseBefore(Close::Reset));
        sim.add(end);
        sim.run(&["status", "example.com"]).exits(1);
    }
    // The account is locked: told so, at once.
    let sim = Sim::new();
    sim.add(Fault::on(Trigger::Login).then(Effect::RefuseLogin(422)));
    sim.run(&["status", "example.com"]).exits(6).says("send nothing for it, from anywhere, for five minutes");
}

#[test]
fn a_locked_account_is_left_alone() {
    let sim = Sim::new();
    sim.fault("status", Effect::answer(422, false));
    let said = sim.run(&["status", "--json", "example.com"]).exits(3);
    let told = said.json();
    assert_eq!(told["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(told["reply"]["advice"], "hold-account");
    assert!(told["reply"]["wait"].as_f64().unwrap() >= 60.0);
    // Nor are the other names asked about, and it is said so.
    let check = ["check", "--dialect", "rfc", "a.com", "b.com", "c.com", "d.com"];
    let locked =
        || Fault::on(Trigger::Command("check".into())).about("b.com").then(Effect::answer(422, false));
    sim.add(locked());
    let said = sim.run(&check).exits(3);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "a.com: available (210 Domain name available)");
    assert!(lines[1].starts_with("b.com: unknown (422 "), "{said:?}");
    assert_eq!(lines[3..], ["c.com: not asked", "d.com: not asked"]);
    sim.add(locked());
    let told = sim.run(&[&check[..], &["--json"]].concat()).exits(3).json();
    assert_eq!(told.as_array().unwrap().len(), 4);
    for (at, name) in [(2, "c.com"), (3, "d.com")] {
        let names = json!([{
            "name": name, "answer": null, "code": null, "text": "not asked", "meaning": null,
            "result": "temporary",
        }]);
        assert_eq!((&told[at]["names"], &told[at]["fate"]), (&names, &json!("unsent")));
        assert_eq!((&told[at]["exit"], &told[at]["result"]), (&json!(3), &json!("temporary")));
    }
}

#[test]
fn where_nobody_can_log_in_every_name_is_told_of() {
    let sim = Sim::new();
    let run = |args: &[&str]| {
        let mut program = sim.program(&[&["check"], args].concat());
        program::Said::of(program.env("RRP_PASSWORD", "wrong-one").output().unwrap()).exits(6)
    };
    for args in [
        &["--name-server", "a.com", "b.com", "c.com"][..],
        &["--dialect", "rfc", "a.com", "b.com", "c.com"],
        &["a.com", "b.com", "c.com"],
    ] {
        let text = run(args);
        let told = run(&[args, &["--json"]].concat()).json();
        let told = told.as_array().unwrap();
        let listed: Vec<&serde_json::Value> =
            told.iter().flat_map(|object| object["names"].as_array().unwrap()).collect();
        for (at, name) in ["a.com", "b.com", "c.com"].into_iter().enumerate() {
            assert!(text.out.lines().any(|line| line.starts_with(&format!("{name}: "))), "{text:?}");
            assert_eq!((&listed[at]["name"], &listed[at]["answer"]), (&json!(name), &json!(null)));
            assert_eq!(listed[at]["result"], "not-sent");
        }
        assert!(told.iter().all(|object| object["exit"] == 6 && object["result"] == "not-sent"));
    }
}

#[test]
fn a_refusal_that_may_be_a_lost_login_is_believed_if_the_login_holds() {
    let sim = Sim::new();
    sim.fault(
        "StatusDomain",
        Effect::Answer {
            code: 547,
            text: None,
            executed: false,
            form: rrp::sim::wire::Form::AsCommand,
            close: None,
        },
    );
    let said = sim.run(&["status", "--ptf", "example.com"]).exits(4).says("holds, as a DESCRIBE shows");
    assert!(!said.err.contains("attempt"), "{said:?}");
    // Of a write too.
    sim.fault("AddDomain", Effect::answer(547, false));
    let probes = |sim: &Sim| sim.server.registry().ledger().executed("describe", "");
    let before = probes(&sim);
    sim.run(&ADD).exits(4).says("holds, as a DESCRIBE shows");
    // Twice: a reply that comes late, behind the first proof, would be seen before the second.
    assert_eq!(probes(&sim) - before, 2);
    sim.fault("AddDomain", Effect::LoseLogin);
    sim.run(&ADD).exits(5).says("not proven: a DESCRIBE did not succeed").says("IN DOUBT");
}

#[test]
fn a_write_whose_answer_is_lost_is_in_doubt_and_goes_out_once() {
    let sim = Sim::new();
    sim.run(&ADD).exits(0);
    for effect in [
        Effect::ExecuteAndClose(Close::Reset),
        Effect::ExecuteAndClose(Close::Orderly),
        Effect::Garble,
        Effect::Cut { at: 12, executed: true, close: Close::Fin },
        Effect::answer(423, true),
        Effect::answer(520, true),
        Effect::answer(210, true),
    ] {
        let before = sim.executed("RenewDomain");
        sim.fault("RenewDomain", effect.clone());
        let said = sim.run(&RENEW).exits(5);
        for text in
            ["IN DOUBT", "do NOT send it again", "by StatusDomain", "may be paid for again", &sim.address()]
        {
            assert!(said.out.contains(text), "{effect:?}: {said:?}");
        }
        assert_eq!(sim.executed("RenewDomain"), before + 1, "{effect:?}");
    }
    sim.fault("RenewDomain", Effect::CloseBefore(Close::Fin));
    let told = sim.run(&["call", "--json", "RenewDomain", "domain=example.com"]).exits(5).json();
    assert_eq!((&told["fate"], &told["in_doubt"]), (&json!("unanswered"), &json!(true)));
    assert!(told["settle"].as_str().unwrap().contains("StatusDomain"), "{told}");
    assert_eq!((&told["exit"], &told["result"]), (&json!(5), &json!("in-doubt")));
}

#[test]
fn a_write_that_was_refused_for_now_is_3_and_goes_out_once() {
    let sim = Sim::new();
    let add = ["call", "--rrp", "add", "EntityName:Domain", "DomainName:example.com", "-Period:1"];
    sim.fault("add", Effect::answer(421, false));
    sim.run(&add).exits(3).says("the registry refuses a second one");
    assert_eq!(sim.executed("add"), 0);
    sim.run(&add).exits(0);
    // Of PTF nobody promises that what failed for now was not executed.
    sim.fault("RenewDomain", Effect::answer(421, false));
    sim.run(&RENEW).exits(5);
}

#[test]
fn what_was_not_sent_is_6() {
    let sim = Sim::new();
    let refused = sim.program(&ADD).env("RRP_PASSWORD", "wrong-one").output().unwrap();
    program::Said::of(refused).exits(6).says("530 Authentication failed").says("do not repeat the login");
    for effect in [Effect::RefuseLogin(521), Effect::CloseBefore(Close::Reset), Effect::Garble] {
        sim.add(Fault::on(Trigger::Login).then(effect));
        sim.run(&ADD).exits(6).says("not sent");
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    for json in [&[][..], &["--json"]] {
        let mut program = program(&["status", "example.com", "--plain", "--user", "a", "--server", &address]);
        let said = program::Said::of(program.env("RRP_PASSWORD", "abcd").args(json).output().unwrap());
        said.exits(6).says("connection refused").says("whether the server runs");
    }
    assert_eq!(sim.executed("AddDomain"), 0);
}

#[test]
fn a_request_comes_on_standard_input_too() {
    let sim = Sim::new();
    sim.run_with_input(&["call", "-"], "[COMMAND]\ncommand=AddDomain\ndomain=example.com\nEOF\n").exits(0);
    let status = "status\r\nEntityName:Domain\r\nDomainName:example.com\r\n.\r\n";
    let said = sim.run_with_input(&["call", "--json", "-"], status).exits(0);
    assert_eq!(said.json()["reply"]["grammar"], "rrp");
    for input in ["", "200 Command completed successfully\r\nwhat\r\n.\r\n", "describe\n.\ndescribe\n.\n"] {
        sim.run_with_input(&["call", "-"], input).exits(7).says("rrp: request: ");
    }
    sim.run_with_input(&["call", "-"], "quit\n.\n").exits(2).says("belongs to the session");
    // A secret may come here, and is shown nowhere.
    let modify = "[COMMAND]\ncommand=ModifyDomain\ndomain=example.com\nauth=hunter22\nEOF\n";
    sim.run_with_input(&["call", "-"], modify);
    assert_eq!(sim.executed("AddDomain"), 1);
}

#[test]
fn what_cannot_go_out_is_refused_before_anything_is_connected() {
    let sim = Sim::new();
    for (args, why) in [
        (
            &["call", "ModifyDomain", "domain=example.com", "auth=hunter-2"][..],
            "does not belong on a command line",
        ),
        (&["call", "StatusDomain", "example.com"], "is not `key=value`"),
        (&["call", "StatusDomain", "domain=a", "command=DeleteDomain"], "command"),
        (&["call", "RenewDomian", "domain=example.com"], "did you mean `RenewDomain`?"),
        (&["call", "renew", "domain=example.com"], "a verb of RRP, which goes with `--rrp`"),
        (&["call", "--rrp", "RenewDomain", "DomainName:example.com"], "goes without `--rrp`"),
        (&["call", "--rrp", "renw", "DomainName:example.com"], "did you mean `renew`?"),
        (&["call", "--rrp", "check", "DomainName"], "is not `Attribute:value`"),
        (&["call", "--rrp", "session", "-Id:a"], "session"),
        (&["call", "EndSession"], "belongs to the session"),
        (&["call", "--dialect", "rfc", "StatusDomain", "domain=example.com"], "does not go out"),
        (&["check", "--dialect", "rfc", "a.b.example.com"], "does not go out"),
        (&["check", "not a name"], "domain name"),
        (&["status", "example..com"], "domain name"),
    ] {
        let said = sim.run(args).exits(2).says(why);
        assert!(!said.err.contains("hunter-2"), "{said:?}");
    }
    let smuggled = sim.run(&["call", "--rrp", "check", "DomainName:a.com\r\n.\r\ndel"]);
    smuggled.exits(2).says("has a line end");
    assert_eq!(sim.server.registry().ledger().entries().len(), 0);
    // Whoever means it says so.
    let said = sim.run(&["call", "--unlisted", "RenewDomian", "domain=example.com"]);
    said.exits(4).says("500 ");
}

#[test]
fn what_a_registry_says_gives_no_orders_to_a_terminal_and_shows_no_secret() {
    let sim = Sim::with(Config::new(), Listen::plain("127.0.0.1:0".parse().unwrap()));
    for args in [&["status", "example.com"][..], &["status", "--json", "example.com"]] {
        sim.fault(
            "status",
            Effect::Answer {
                code: 200,
                text: Some("done \u{1b}]0;x\u{7}; password=hunter22".to_owned()),
                executed: false,
                form: rrp::sim::wire::Form::AsCommand,
                close: None,
            },
        );
        let said = sim.run(args).exits(0);
        assert!(!said.out.contains(['\u{1b}', '\u{7}']), "{said:?}");
    }
}
