//! `rrp explain` and `rrp codes --all`: the codes of every system, as the lists of the library have them.
#![cfg(feature = "cli")]

use std::process::{Command, Output, Stdio};

use rrp::ReturnCode;
use rrp::gateway::numbers::{self, Status};
use rrp::gateway::{CodeInfo, reseller};
use serde_json::{Value, json};

fn rrp(args: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_rrp"));
    program.args(args).stdin(Stdio::null()).output().expect("the program starts")
}

fn text(args: &[&str]) -> String {
    let output = rrp(args);
    assert!(output.status.success() && output.stderr.is_empty(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json_of(args: &[&str]) -> Vec<Value> {
    match serde_json::from_str(&text(args)).unwrap() {
        Value::Array(elements) => elements,
        other => panic!("{args:?}: no array: {other}"),
    }
}

/// What a refusal says, and its hint.
fn refusal(args: &[&str]) -> (String, String) {
    let output = rrp(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    let (what, hint) = error.trim_end().split_once("\nhint: ").unwrap_or_else(|| panic!("{error}"));
    (what.to_owned(), hint.to_owned())
}

#[test]
fn a_code_is_explained_by_the_system_that_has_it() {
    for (asked, heading, code, sort) in [
        (
            "billing_balance_insufficient",
            "code of the reseller platform",
            "billing_balance_insufficient",
            "billing",
        ),
        (
            "Billing-Balance Insufficient",
            "code of the reseller platform",
            "billing_balance_insufficient",
            "billing",
        ),
        ("PARAMETER_REQUIRED", "error code of the telephone-number API", "PARAMETER_REQUIRED", "permanent"),
        ("parameter-required", "error code of the telephone-number API", "PARAMETER_REQUIRED", "permanent"),
        ("401", "HTTP status of the telephone-number API", "401 Unauthorized", "auth"),
        (" 401\n", "HTTP status of the telephone-number API", "401 Unauthorized", "auth"),
    ] {
        let printed = text(&["explain", asked]);
        let head = format!("{heading}:\n{code}\n  text ");
        assert!(printed.starts_with(&head), "{asked}: {printed}");
        let field = |name: &str| {
            let line = printed.lines().find_map(|line| line.strip_prefix(&format!("  {name} ")));
            line.unwrap_or_else(|| panic!("{asked}: no `{name}`: {printed}")).trim()
        };
        assert_eq!((field("sort"), field("class")), (sort, "permanent"));
        assert!(field("executed").starts_with("no, by ") && !field("advice").is_empty(), "{printed}");
        assert_eq!(field("a read"), "refused");
        assert!(
            field("a write that costs").starts_with("refused; if an earlier attempt was lost, read back")
        );
    }
}

#[test]
fn an_rrp_code_is_explained_as_the_list_does_it_and_what_follows_too() {
    for code in ["554", "421", "211", "700"] {
        let printed = text(&["explain", code]);
        let listed = text(&["codes", code]);
        let rule = printed
            .strip_prefix("return code of RRP and XRRP:\n")
            .and_then(|rest| rest.strip_prefix(&listed));
        let rule = rule.unwrap_or_else(|| panic!("{printed}"));
        assert!(rule.starts_with("by the rule of resending"), "{rule}");
        assert!(rule.contains("\n  a read ") && rule.contains("\n  a write that costs "), "{rule}");
    }
}

#[test]
fn a_number_of_two_systems_is_explained_for_each() {
    let printed = text(&["explain", "500"]);
    let (rrp, http) = printed.split_once("\n\n").expect("two parts");
    assert!(rrp.starts_with("return code of RRP and XRRP:\n500 Invalid command name\n"), "{rrp}");
    assert!(
        http.starts_with("HTTP status of the telephone-number API:\n500 Internal Server Error\n"),
        "{http}"
    );
    // One of them knows nothing of what became of a write.
    assert!(rrp.contains("a write that costs  refused") && http.contains("a write that costs  in doubt"));
    for (system, part) in [("rrp", rrp), ("numbers-http", http)] {
        assert_eq!(text(&["explain", "500", "--system", system]).trim_end(), part.trim_end());
    }
    // 502 is RRP's, and what a proxy sends: a write is in doubt then, whatever RRP's list says of the number.
    let printed = text(&["explain", "502"]);
    let (rrp, http) = printed.split_once("\n\n").expect("two parts");
    assert!(rrp.starts_with("return code of RRP and XRRP:\n502 "), "{rrp}");
    assert!(http.starts_with("HTTP status of the telephone-number API:\n502 (on no list)\n"), "{http}");
    assert!(
        http.contains("  note      on no list of the API; perhaps of a proxy in front of it\n")
            && http.contains("a write that costs  in doubt"),
        "{http}"
    );
    for code in ["200", "503", "504", "520", "421", "423"] {
        assert_eq!(json_of(&["explain", code, "--json"]).len(), 2, "{code}");
        assert_eq!(json_of(&["explain", code, "--system", "rrp", "--json"]).len(), 1, "{code}");
    }
    let note = &json_of(&["explain", "200", "--json"])[1]["note"];
    assert_eq!(note, "on no list of the API, which lists refusals alone");
    // What only one list has is explained once, and what none has for all who could have it.
    assert!(!text(&["explain", "554"]).contains("HTTP"));
    assert!(text(&["explain", "599"]).contains("599 (on no list)\n  meaning"));
    assert_eq!(text(&["explain", "599"]).matches("599 (on no list)").count(), 2);
    assert_eq!(json_of(&["explain", "404", "--json"]).len(), 2);
    assert!(!text(&["explain", "600"]).contains("HTTP"));
}

#[test]
fn http_before_a_number_means_the_status() {
    let expected = text(&["explain", "502", "--system", "numbers-http"]);
    for asked in ["HTTP 502", "http-502", "HTTP_502", "http502", " Http 502 "] {
        assert_eq!(text(&["explain", asked]), expected, "{asked}");
        assert_eq!(text(&["explain", asked, "--system", "numbers-http"]), expected, "{asked}");
    }
    let (what, _) = refusal(&["explain", "HTTP 99"]);
    assert_eq!(what, "rrp: explain: `99`: no HTTP status: not from `100` to `599`");
    refusal(&["explain", "HTTP 502", "--system", "rrp"]);
    refusal(&["explain", "HTTP 5\u{1b}2"]);
    refusal(&["explain", "http_failed"]);
}

/// What is printed of a word on no list, and the note and hint beside it.
fn unlisted(word: &str, system: &str) -> (String, String) {
    let output = rrp(&["explain", word, "--system", system]);
    assert!(output.status.success(), "{output:?}");
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn of_a_word_on_no_list_is_told_what_follows_from_that() {
    let (printed, noted) = unlisted("SOME_new.word", "reseller");
    assert!(printed.starts_with("code of the reseller platform:\nSOME_new.word (on no list)\n"), "{printed}");
    for line in [
        "  class     unclassified\n",
        "  executed  unknown, by ",
        "  a write that costs  in doubt until it is",
    ] {
        assert!(printed.contains(line), "`{line}` in {printed}");
    }
    let note = "note: `SOME_new.word` is no listed code of the reseller platform\n";
    assert_eq!(noted, format!("{note}hint: `rrp codes --all` lists the known codes\n"));
    let (printed, noted) = unlisted("PARAMETER_REQIURED", "numbers");
    let printed = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        printed.contains("the HTTP status that came with it decides: 400, 401 and 403 refuse it"),
        "{printed}"
    );
    assert!(printed.contains("`rrp explain 400 --system numbers-http`"), "{printed}");
    assert!(noted.ends_with("\nhint: did you mean `PARAMETER_REQUIRED`?\n"), "{noted}");
    let (_, noted) = unlisted("FORBIDDEN", "reseller");
    assert!(
        noted.contains("hint: found without `--system`: error code of the telephone-number API"),
        "{noted}"
    );
    let told = rrp(&["explain", "new_error", "--system", "numbers", "--json"]);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(
        (&told[0]["system"], &told[0]["code"], &told[0]["listed"], &told[0]["executed"]),
        (&json!("numbers"), &json!("new_error"), &json!(false), &json!("unknown"))
    );
    assert_eq!(told[0]["resend"]["write"][0]["then"], "read-back");
    // What can be no code of theirs is refused as before.
    for word in ["554", "5x", "_", "", "a b", "a\u{1b}[31m", &"a".repeat(129)] {
        refusal(&["explain", word, "--system", "reseller"]);
    }
    refusal(&["explain", "new_error", "--system", "rrp"]);
}

#[test]
fn a_write_that_costs_nothing_has_a_line_where_something_else_is_done_about_it() {
    let printed = text(&["explain", "domain_registration_failed"]);
    assert!(printed.contains("\n  another write       refused"), "{printed}");
    let told = &json_of(&["explain", "domain_registration_failed", "--json"])[0]["resend"];
    let then = |command: &str| told[command][0]["then"].as_str().unwrap();
    assert_eq!((then("read"), then("write"), then("other_write")), ("refuse", "read-back", "refuse"));
    let person = "or a person says what became of it";
    assert!(told["write"][0]["then_text"].as_str().unwrap().contains(person), "{told}");
    for code in ["billing_balance_insufficient", "internal_error", "540", "502"] {
        assert!(!text(&["explain", code]).contains("another write"), "{code}");
    }
}

#[test]
fn what_other_systems_answer_is_told_without_sessions_and_creations_of_others() {
    for system in ["reseller", "numbers", "numbers-http"] {
        for object in
            json_of(&["codes", "--all", "--json"]).iter().filter(|object| object["system"] == system)
        {
            let told = object["resend"].to_string();
            assert!(!told.contains("session"), "{object}");
            assert!(object["sort"] != "conflict-in-progress" || !told.contains("creation"), "{object}");
        }
    }
    let printed = text(&["explain", "domain_update_other_process_in_progress"]);
    assert!(printed.contains("a write that costs  in doubt until it is read back; sent again"), "{printed}");
}

#[test]
fn what_is_on_no_list_is_refused_with_what_may_have_been_meant() {
    let hint = |asked: &str| refusal(&["explain", asked]).1;
    assert!(hint("balance").starts_with("it is part of `billing_balance_insufficient`, "));
    assert_eq!(hint("phonenumber"), "it is part of `INVALID_PHONENUMBER_FORMAT`");
    // What the API's list calls a status, and what its framework gives as a code then.
    for (name, status) in [("Bad Request", 400), ("unauthorized", 401), (" INTERNAL_SERVER-ERROR ", 500)] {
        let told = format!("it is the name of an HTTP status: `rrp explain http-{status}`");
        assert_eq!(hint(name), told, "{name}");
    }
    assert_eq!(hint("domain_unknwon"), "did you mean `domain_unknown`?");
    assert_eq!(hint("PARAMETER_REQIURED"), "did you mean `PARAMETER_REQUIRED`?");
    assert_eq!(hint("frobnicated"), "`rrp codes --all` lists the known codes");
    assert_eq!(hint("RenewDomain"), "it is a command: `rrp commands RenewDomain`");
    assert_eq!(hint("2303"), "as a result code of EPP it is nearest to `545`, `550`");
    assert_eq!(hint("99"), "`rrp codes --all` lists the known codes");
    let (what, hint) = refusal(&["explain", "554", "--system", "reseller"]);
    assert_eq!(what, "rrp: explain: `554` is no listed code of the reseller platform");
    assert_eq!(hint, "found without `--system`: return code of RRP and XRRP");
    refusal(&["explain", "99", "--system", "numbers-http"]);
    assert_eq!(rrp(&["explain"]).status.code(), Some(2));
}

#[test]
fn no_character_of_the_argument_gives_orders_to_a_terminal() {
    for asked in ["\u{1b}]0;x\u{7}", "domain_\u{9b}31m", "\u{202e}balance", "5\n54", "\r"] {
        for args in [
            &["explain", asked][..],
            &["explain", asked, "--system", "numbers-http"],
            &["codes", "--all", asked],
        ] {
            let (what, hint) = refusal(args);
            let order = |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c);
            assert!(!what.contains(order) && !hint.contains(order), "{what:?} {hint:?}");
        }
    }
}

#[test]
fn json_has_the_same_fields_for_every_system() {
    for (asked, system, code) in [
        ("554", "rrp", json!(554)),
        ("BILLING_BALANCE_INSUFFICIENT", "reseller", json!("billing_balance_insufficient")),
        ("parameter_required", "numbers", json!("PARAMETER_REQUIRED")),
        ("401", "numbers-http", json!(401)),
    ] {
        let [object] = json_of(&["explain", asked, "--json"]).try_into().expect("one object");
        assert_eq!(
            (&object["system"], &object["code"], &object["listed"]),
            (&json!(system), &code, &json!(true))
        );
        for field in ["text", "class", "executed", "word", "advice", "advice_text"] {
            assert!(
                object[field].as_str().is_some_and(|text| !text.is_empty()),
                "{asked}: `{field}`: {object}"
            );
        }
        assert_eq!(object["class"], "permanent");
        assert!(object.get("wait").is_some(), "{object}");
        assert_eq!(object["sort"].is_null(), system == "rrp", "{object}");
        for command in ["read", "write"] {
            assert_eq!(object["resend"][command][0]["then"], "refuse", "{object}");
            assert_eq!(object["resend"][command][0]["to"], Value::Null);
        }
    }
    let systems: Vec<Value> =
        json_of(&["explain", "500", "--json"]).iter().map(|object| object["system"].clone()).collect();
    assert_eq!(systems, ["rrp", "numbers-http"]);
    let unlisted = json_of(&["explain", "599", "--json"]);
    assert!(
        unlisted.len() == 2
            && unlisted.iter().all(|object| object["listed"] == false && object["text"].is_null())
    );
    // Who sends again hears to what, and when.
    let check = &json_of(&["explain", "211", "--json"])[0];
    assert_eq!(check["resend"]["read"][0]["to"], json!(["check", "a PTF check"]));
    let failed = &json_of(&["explain", "421", "--json"])[0];
    assert_eq!(
        (&failed["resend"]["write"][0]["then"], &failed["resend"]["write"][0]["wait"]),
        (&json!("by-nature"), &json!(1.0))
    );
}

#[test]
fn the_list_of_all_has_every_code_of_every_system() {
    let infos = |system: &'static str, known: Vec<&'static CodeInfo>| {
        known.into_iter().map(move |info| (system, info.name().to_owned(), info.text()))
    };
    let known: Vec<(&str, String, Option<&str>)> = ReturnCode::known()
        .map(|info| ("rrp", info.code().to_string(), Some(info.text())))
        .chain(infos("reseller", reseller::Code::known().collect()))
        .chain(infos("numbers", numbers::Code::known().collect()))
        .chain(
            Status::known()
                .map(|info| ("numbers-http", info.status().as_u16().to_string(), Some(info.text()))),
        )
        .collect();
    let printed = text(&["codes", "--all"]);
    let mut lines = printed.lines();
    let head: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["system", "code", "class", "sort", "executed", "text"]);
    let objects = json_of(&["codes", "--all", "--json"]);
    assert_eq!((objects.len(), lines.clone().count()), (known.len(), known.len()));
    for ((system, code, text), (line, object)) in known.iter().zip(lines.zip(objects)) {
        let cells: Vec<&str> = line.split_whitespace().take(2).collect();
        assert_eq!(cells, [*system, code]);
        let whole = text.unwrap_or("  -");
        // The end of a long one stands in JSON alone.
        let shown = match line.strip_suffix('…') {
            Some(shown) => whole.char_indices().any(|(end, _)| end > 40 && shown.ends_with(&whole[..end])),
            None => line.ends_with(whole),
        };
        assert!(shown && line.chars().count() < 200, "{line}");
        let listed = object["code"].as_str().map_or_else(|| object["code"].to_string(), str::to_owned);
        assert_eq!((&object["system"], &listed, &object["text"]), (&json!(system), code, &json!(text)));
        // It is what `explain` tells of it.
        if code.ends_with(['0', 'd', 'D']) {
            assert_eq!(json_of(&["explain", code, "--system", system, "--json"]), [object]);
        }
    }
    let (_, hint) = refusal(&["codes", "--all", "554"]);
    assert_eq!(hint, "`rrp explain 554`");
}
