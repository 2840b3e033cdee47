//! Replies as registries really send them: one fixture per quirk (DESIGN.md, "Facts that decide details"), all
//! written by hand. Every file of `tests/fixtures/quirks` is named by a test here.

mod support;

use std::time::Duration;

use rrp::verdict::{Advice, Answer, Class, Executed};
use rrp::wire::Greeting;
use rrp::wire::deframe::{Grammar, Terminator};
use rrp::{Context, RegistryDate, Reply, ReturnCode};
use support::{fixture, fixtures, frame, frames, items, names, reply};

const COMPLETED: &str = "Command completed successfully";

fn bytes(name: &str) -> Vec<u8> {
    fixture("quirks", &format!("{name}.txt"))
}

fn quirk(name: &str) -> Reply {
    reply(&bytes(name))
}

/// Code, text and every line, in order.
#[track_caller]
fn assert_reads(reply: &Reply, code: u16, text: &str, lines: &[(&str, Option<u32>, &str)]) {
    assert_eq!((reply.code().as_u16(), &*reply.text()), (code, text));
    let wanted: Vec<_> =
        lines.iter().map(|(name, index, value)| ((*name).into(), *index, (*value).into())).collect();
    assert_eq!(items(reply), wanted);
}

#[track_caller]
fn assert_property(reply: &Reply, name: &str, values: &[&str]) {
    assert_eq!(reply.property(name).collect::<Vec<_>>(), values, "{name}");
}

#[test]
fn every_fixture_is_named_by_a_test() {
    let source = include_str!("quirks.rs");
    for name in names(&fixtures("quirks")) {
        let name = name.strip_suffix(".txt").expect("a fixture is a .txt file");
        assert!(source.contains(&format!("\"{name}\"")), "no test reads `{name}`");
    }
}

#[test]
fn lines_may_end_with_lf_alone_or_now_and_then() {
    for name in ["lf-line-ends", "mixed-line-ends"] {
        let reply = quirk(name);
        assert_eq!((reply.code().as_u16(), &*reply.text()), (200, COMPLETED), "{name}");
        assert_property(&reply, "domain", &["example.com"]);
    }
    assert_eq!(quirk("lf-line-ends").runtime(), Some(Duration::from_millis(12)));
}

#[test]
fn a_block_ends_with_eof_in_any_case_with_a_dot_or_with_both() {
    let lines: &[_] = &[("domain", Some(0), "example.com")];
    for (name, terminator) in [
        ("eof-before-dot", Terminator::Eof),
        ("eof-instead-of-dot", Terminator::Eof),
        ("eof-lower-case", Terminator::Eof),
        ("dot-instead-of-eof", Terminator::Dot),
    ] {
        assert_reads(&quirk(name), 200, COMPLETED, lines);
        assert_eq!(frame(&bytes(name)).terminator(), Some(terminator), "{name}");
    }
}

#[test]
fn a_reply_of_rrp_may_end_with_eof_too() {
    assert_reads(&quirk("rrp-ended-by-eof"), 211, "Domain name not available", &[]);
}

#[test]
fn blank_dot_and_eof_lines_between_frames_are_no_replies() {
    let frames = frames(&bytes("stray-lines-between-frames"));
    let codes: Vec<u16> = frames.iter().map(|frame| Reply::parse(frame).unwrap().code().as_u16()).collect();
    assert_eq!(codes, [210, 211]);
}

#[test]
fn blank_lines_inside_a_block_say_nothing() {
    assert_reads(&quirk("blank-lines-inside"), 200, COMPLETED, &[("domain", Some(0), "example.com")]);
}

#[test]
fn keys_come_in_upper_case_and_are_found_in_any() {
    let reply = quirk("upper-case-keys");
    assert_reads(
        &reply,
        200,
        COMPLETED,
        &[
            ("DOMAIN", Some(0), "example.com"),
            ("DOMAIN", Some(1), "example.net"),
            ("REGISTRATION EXPIRATION DATE", Some(0), "2031-02-03 04:05:06"),
            ("QUEUETIME", None, "0"),
            ("RUNTIME", None, "0.034"),
        ],
    );
    assert_property(&reply, "domain", &["example.com", "example.net"]);
    assert_eq!(reply.property_at("Domain", 1).as_deref(), Some("example.net"));
    assert_eq!(reply.date("registration expiration date"), RegistryDate::parse("2031-02-03 04:05:06.0"));
    assert_eq!(reply.queuetime(), Some(Duration::ZERO));
    assert_eq!(reply.runtime(), Some(Duration::from_millis(34)));
}

#[test]
fn the_name_of_the_block_comes_in_any_case() {
    assert_reads(&quirk("mixed-case-block-name"), 200, COMPLETED, &[("Domain", Some(0), "example.com")]);
}

#[test]
fn tabs_and_blanks_around_the_first_equals_are_no_part_of_key_or_value() {
    let reply = quirk("tabs-and-blanks-around-equals");
    assert_reads(
        &reply,
        200,
        COMPLETED,
        &[
            ("domain", Some(0), "example.com"),
            ("domain", Some(1), "example.net"),
            ("domain", Some(2), "example.org"),
            ("runtime", None, "0.010"),
        ],
    );
}

#[test]
fn values_keep_equals_semicolons_and_brackets() {
    let reply = quirk("values-with-separators");
    let notes = ["a=b", "= leading", "one; two; three", "ends with ]", "property[other][7] = inner"];
    assert_property(&reply, "note", &notes);
    assert_property(&reply, "url", &["https://www.example.com/?q=1&r=2;s=3#t", "trailing="]);
    assert_eq!(reply.lines().len(), 7);
}

#[test]
fn values_that_look_like_blocks_and_terminators_are_values() {
    let reply = quirk("values-like-blocks");
    assert_eq!(reply.code(), 200);
    assert_property(&reply, "line", &["[HEADER]", "[COMMAND]", "[RESPONSE]", "EOF", ".", "code = 500"]);
}

#[test]
fn values_may_be_empty_with_or_without_a_blank_after_the_equals() {
    let reply = quirk("empty-values");
    assert_eq!(&*reply.text(), "");
    assert_property(&reply, "zip", &["", "", "", "12345"]);
    assert_property(&reply, "fax", &[""]);
    assert_eq!(reply.field("runtime").as_deref(), Some(""));
    assert_eq!((reply.runtime(), reply.detail()), (None, None));
}

#[test]
fn property_names_have_blanks() {
    let reply = quirk("property-names-with-blanks");
    for name in ["registration expiration date", "RegistrationExpirationDate"] {
        assert_property(&reply, name, &["2031-02-03 04:05:06"]);
    }
    assert_eq!(reply.date("created date").unwrap().to_string(), "2021-02-03 04:05:06.0");
    assert_eq!(reply.first("createdby").as_deref(), Some("ExampleRegistrar"));
    assert_eq!(reply.date("updateddate"), RegistryDate::parse("2024-05-06"));
}

#[test]
fn keys_may_be_padded_to_columns() {
    let reply = quirk("padded-keys");
    assert_reads(
        &reply,
        200,
        COMPLETED,
        &[
            ("runtime", None, "0.120"),
            ("queuetime", None, "0"),
            ("contact", Some(0), "P-EXA1"),
            ("verified", Some(0), "1"),
            ("verified", Some(10), "0"),
        ],
    );
}

#[test]
fn columns_may_be_interleaved_and_still_make_rows() {
    let reply = quirk("interleaved-columns");
    assert_property(&reply, "domain", &["example.com", "example.net", "example.org"]);
    let rows = reply.rows(&["status", "domain"]);
    let rows: Vec<_> = rows.iter().map(|row| (row.index(), row.get(0), row.get(1))).collect();
    assert_eq!(
        rows,
        [
            (0, Some("ACTIVE"), Some("example.com")),
            (1, Some("PENDING"), Some("example.net")),
            (2, Some("HOLD"), Some("example.org")),
        ]
    );
    assert_eq!(reply.runtime(), Some(Duration::from_millis(12_345)));
    assert!(!reply.is_pending(), "the status of an object is not the reply's");
}

#[test]
fn code_and_description_may_stand_on_any_line() {
    let last = quirk("code-last");
    let lines: &[_] =
        &[("domain", Some(0), "example.com"), ("runtime", None, "0.020"), ("domain", Some(1), "example.net")];
    assert_reads(&last, 200, COMPLETED, lines);
    let between = quirk("description-first-code-between");
    let lines: &[_] = &[("queuetime", None, "0"), ("runtime", None, "0.1")];
    assert_reads(&between, 211, "Domain name not available", lines);
    assert_eq!(between.code().answer(), Some(Answer::No));
}

#[test]
fn indices_have_gaps_and_repeats_and_no_order() {
    let reply = quirk("index-gaps-and-repeats");
    assert_property(&reply, "domain", &["d.example", "a.example", "again.example", "h.example"]);
    assert_eq!(reply.property_at("domain", 3).as_deref(), Some("d.example"));
    assert_eq!(reply.property_at("domain", 7).as_deref(), Some("h.example"));
    assert_eq!(reply.property_at("domain", 2), None);
    let rows = reply.rows(&["domain", "status"]);
    let rows: Vec<_> = rows.iter().map(|row| (row.index(), row.get(0), row.get(1))).collect();
    assert_eq!(
        rows,
        [
            (0, Some("a.example"), None),
            (1, None, Some("HOLD")),
            (3, Some("d.example"), None),
            (7, Some("h.example"), None)
        ]
    );
}

#[test]
fn an_index_beyond_32_bits_survives_as_a_line_and_is_no_property() {
    let reply = quirk("huge-indices");
    assert_property(&reply, "domain", &["first.example", "last.example", "second.example"]);
    assert_eq!(reply.property_at("domain", 4_294_967_294).as_deref(), Some("last.example"));
    assert_eq!(reply.property_at("domain", u32::MAX), None);
    for (key, value) in [
        ("property[domain][4294967295]", "beyond.example"),
        ("property[domain][99999999999999999999]", "far.example"),
        ("property[domain][4294967301]", "wrapped.example"),
    ] {
        assert_eq!(reply.field(key).as_deref(), Some(value));
    }
    let rows: Vec<u32> = reply.rows(&["domain"]).iter().map(rrp::reply::Row::index).collect();
    assert_eq!(rows, [0, 1, 4_294_967_294], "a huge index makes no huge list");
    assert!(reply.lines().last().unwrap().is_secret());
}

#[test]
fn keys_that_only_begin_like_properties_survive_as_lines() {
    let reply = quirk("keys-that-are-no-properties");
    let values: Vec<String> = items(&reply).into_iter().map(|(.., value)| value).collect();
    assert_eq!(values, ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| format!("{name}.example")));
    assert_property(&reply, "domain", &[]);
    assert_eq!(reply.field("property[domain]").as_deref(), Some("b.example"));
}

#[test]
fn runtime_queuetime_and_description_may_be_missing() {
    let refused = quirk("no-runtime-no-queuetime");
    assert_reads(&refused, 549, "Command failed", &[]);
    assert_eq!((refused.runtime(), refused.queuetime()), (None, None));
    assert_reads(&quirk("no-description"), 200, "", &[("domain", Some(0), "example.com")]);
}

#[test]
fn the_first_description_is_the_text_and_a_second_one_survives() {
    let reply = quirk("second-description");
    let lines: &[_] = &[("description", Some(0), "Example & Sons"), ("description", None, "a second one")];
    assert_reads(&reply, 200, COMPLETED, lines);
    assert_property(&reply, "description", &["Example & Sons"]);
}

#[test]
fn values_are_utf_8_and_only_ascii_blanks_are_trimmed() {
    let reply = quirk("utf8-values");
    assert_property(&reply, "idn", &["münchen.example"]);
    assert_property(&reply, "name", &["Łukasz Żółć", "例え株式会社", "\u{a0}kept\u{a0}"]);
}

#[test]
fn bytes_that_are_no_utf_8_are_replaced_in_texts_and_kept_as_bytes() {
    let reply = quirk("invalid-utf8");
    assert_eq!(&*reply.text(), "Invalid attribute value syntax; caf\u{fffd}");
    assert_eq!(reply.detail().as_deref(), Some("caf\u{fffd}"));
    assert!(reply.text_bytes().ends_with(b"caf\xe9"));
    assert_property(&reply, "name", &["M\u{fffd}ller"]);
    assert_eq!(reply.lines().next().unwrap().value_bytes(), b"M\xfcller");
    assert_eq!(reply.lines().nth(1).unwrap().name(), "na\u{fffd}ve");
}

#[test]
fn a_success_may_only_be_a_promise() {
    let change = quirk("owner-change-pending");
    assert_eq!(change.detail().as_deref(), Some("OwnerChange pending confirmation"));
    assert!(change.is_pending() && change.job().is_none());
    assert!(quirk("pending-flag").is_pending());
    assert!(!quirk("pending-flag-zero").is_pending());
    assert!(!quirk("pending-flag-of-a-refusal").is_pending());
    let queued = quirk("job-queue");
    assert_eq!((queued.is_pending(), queued.job().as_deref()), (true, Some("4711")));
    let job = quirk("job-id-key");
    assert_eq!((job.is_pending(), job.job().as_deref()), (true, Some("815")));
}

#[test]
fn checkdomains_hides_a_code_per_name_under_a_200() {
    let reply = quirk("checkdomains");
    assert_eq!((reply.code().as_u16(), reply.code().answer()), (200, None));
    let checks = reply.domain_checks();
    let read: Vec<_> = checks
        .iter()
        .map(|check| (check.index(), check.domain(), check.code().map(ReturnCode::as_u16), check.answer()))
        .collect();
    assert_eq!(
        read,
        [
            (0, Some("free.example"), Some(210), Some(Answer::Yes)),
            (1, Some("taken.example"), Some(211), Some(Answer::No)),
            (2, Some("broken.example"), Some(541), None),
            (3, Some("reserved.example"), Some(219), Some(Answer::No)),
            (4, None, Some(549), None),
            (5, None, None, None),
        ]
    );
    assert_eq!(checks[2].text(), "Invalid attribute value; syntax error in domain name");
    assert_eq!((checks[4].text(), checks[5].text()), ("", "not checked"));
}

#[test]
fn checkdomains_answers_come_in_any_order_and_may_lack_the_name() {
    let reply = quirk("checkdomains-interleaved");
    let checks = reply.domain_checks();
    let read: Vec<_> = checks.iter().map(|check| (check.domain(), check.answer())).collect();
    assert_eq!(read, [(Some("a.example"), Some(Answer::Yes)), (None, Some(Answer::No))]);
}

#[test]
fn the_particulars_stand_after_the_first_semicolon() {
    let no = quirk("reasons-after-219");
    assert_eq!((no.code().as_u16(), no.code().answer()), (219, Some(Answer::No)));
    assert_eq!(no.detail().as_deref(), Some("held back by the registry"));
    let two = quirk("two-semicolons");
    assert_eq!(two.detail().as_deref(), Some("RenewDomain; domain is in the wrong period"));
    let none = quirk("semicolon-without-detail");
    assert_eq!((&*none.text(), none.detail()), ("Command failed;", None));
}

#[test]
fn an_error_may_come_as_a_bare_rrp_line_in_answer_to_a_block() {
    let reply = quirk("bare-rrp-520");
    assert_eq!((reply.grammar(), reply.code().as_u16()), (Grammar::Rrp, 520));
    assert_eq!(reply.detail().as_deref(), Some("idle timeout"));
    assert!(reply.verdict(Context::Ptf).closes_connection());
    assert_eq!(reply.verdict(Context::Unsolicited).executed(), Executed::No);
    let alone = quirk("rrp-code-alone");
    assert_reads(&alone, 421, "", &[]);
    assert_eq!(alone.verdict(Context::Ptf).class(), Class::Temporary);
}

#[test]
fn attributes_of_rrp_are_found_with_blanks_without_and_in_any_case() {
    let blanks = quirk("rrp-names-with-blanks");
    assert_property(&blanks, "RegistrationExpirationDate", &["2031-02-03 04:05:06.0"]);
    assert_property(&blanks, "CreatedBy", &["ExampleRegistrar"]);
    assert_property(&blanks, "Status", &["ACTIVE", "REGISTRAR-LOCK"]);
    let mixed = quirk("rrp-names-in-mixed-case");
    assert_eq!(mixed.date("registration expiration date").unwrap().year(), 2031);
    assert_property(&mixed, "nameserver", &["ns1.example.net", "ns2.example.net"]);
}

#[test]
fn attributes_of_rrp_are_split_at_the_first_colon_and_trimmed() {
    assert_reads(
        &quirk("rrp-blanks-and-colons"),
        200,
        COMPLETED,
        &[
            ("ipaddress", None, "2001:db8::1"),
            ("note", None, "a: b=c; d"),
            ("empty", None, ""),
            ("updated date", None, "2024-05-06 07:08:09.0"),
        ],
    );
}

#[test]
fn a_page_says_where_the_next_one_begins() {
    let page = quirk("paging").page().unwrap();
    assert_eq!((page.first(), page.count(), page.limit(), page.total()), (4, 2, Some(2), Some(9)));
    assert_eq!(page.next_first(), Some(6));
    assert_eq!(quirk("paging-last-page").page().unwrap().next_first(), None);
    let empty = quirk("paging-without-entries").page().unwrap();
    assert_eq!((empty.total(), empty.next_first()), (Some(0), None));
    assert_eq!(quirk("checkdomains").page(), None);
}

#[test]
fn numbers_that_are_none_say_nothing() {
    let reply = quirk("absurd-numbers");
    assert_eq!((reply.runtime(), reply.queuetime(), reply.page()), (None, None, None));
    assert_eq!((reply.field("runtime").as_deref(), reply.date("created date")), (Some("1e999"), None));
}

#[test]
fn secrets_are_read_and_never_printed() {
    let reply = quirk("secret-properties");
    assert_property(&reply, "auth", &["planted-secret-1"]);
    assert_property(&reply, "sessionid", &["planted-secret-2"]);
    let printed = format!("{reply:?}");
    assert!(printed.contains("ns1.example.net") && printed.contains("***"), "{printed}");
    for secret in ["planted-secret-1", "planted-secret-2", "planted-secret-3", "planted-secret-5"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn a_secret_behind_another_assignment_is_not_printed_either() {
    let printed = format!("{:?}", quirk("secret-properties"));
    assert!(!printed.contains("planted-secret-4"), "{printed}");
}

#[test]
fn a_code_that_no_list_has_survives() {
    let reply = quirk("unknown-code");
    assert_reads(&reply, 299, "Something new", &[("novelty", Some(0), "kept")]);
    assert_eq!(reply.code().info().map(|info| info.text()), None);
}

#[test]
fn only_the_bare_text_of_530_may_mean_a_lost_login() {
    let lost = quirk("lost-login-530").verdict(Context::Ptf);
    assert_eq!(lost.advice(), Advice::ProbeLogin);
    let refused = quirk("refusal-530-with-detail").verdict(Context::Ptf);
    assert_eq!((refused.advice(), refused.executed()), (Advice::AskPermission, Executed::No));
}

#[test]
fn a_greeting_may_have_more_words_more_lines_and_another_case() {
    let words = Greeting::parse(frame(&bytes("greeting-with-a-name-of-words")).bytes());
    assert_eq!((words.registry(), words.version()), (Some("Example Registry"), Some("2.1 beta")));
    let whole = frame(&bytes("greeting-of-another-registry"));
    assert_eq!(whole.grammar(), Grammar::Text);
    let other = Greeting::parse(whole.bytes());
    assert_eq!(other.lines().len(), 3);
    assert_eq!(other.lines()[2], "Welcome");
}

#[test]
fn the_keywords_of_a_greeting_are_read_in_any_case() {
    let greeting = Greeting::parse(frame(&bytes("greeting-of-another-registry")).bytes());
    assert_eq!((greeting.registry(), greeting.version()), (Some("Example Registry XRRP"), Some("2.1")));
}

#[test]
fn a_job_is_found_wherever_a_source_names_one() {
    let queued = reply(b"[RESPONSE]\ncode = 200\npending = 0\njobid = 0\nproperty[job_id][0] = 77\nEOF\n");
    assert!(queued.is_pending());
    assert_eq!(queued.job().as_deref(), Some("77"));
    let done = reply(b"200 ok\npending:no\n.\n");
    assert!(!done.is_pending());
}

#[test]
fn a_transaction_id_may_be_any_text() {
    let numbered = reply(b"[RESPONSE]\ncode = 200\ncltrid = 0\nproperty[svtrid][0] = no\nEOF\n");
    assert_eq!(numbered.client_transaction_id().as_deref(), Some("0"));
    assert_eq!(numbered.server_transaction_id().as_deref(), Some("no"));
}
