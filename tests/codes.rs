//! Return codes: the table against its sources, the spellings, and the verdicts in every place.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use rrp::code::CodeInfo;
use rrp::verb::Entity;
use rrp::verdict::{Advice, Answer, Class, Executed, Word};
use rrp::{Context, InvalidReturnCode, ReturnCode, Verb, Verdict};

/// CNR's page on return codes, as it was saved.
const CNR: &str = include_str!("fixtures/reference/return-codes.txt");
/// RFC 2832 §5.2 with the additions of RFC 3632 §2.1.
const BY_COMMAND: &str = include_str!("fixtures/reference/rrp-command-codes.tsv");

/// RFC 2832 §5.1, with 510 and 557 of RFC 3632 §2.1.
const RFC: [(u16, &str); 46] = [
    (200, "Command completed successfully"),
    (210, "Domain name available"),
    (211, "Domain name not available"),
    (212, "Name server available"),
    (213, "Name server not available"),
    (220, "Command completed successfully. Server closing connection"),
    (420, "Command failed due to server error. Server closing connection"),
    (421, "Command failed due to server error. Client should try again"),
    (500, "Invalid command name"),
    (501, "Invalid command option"),
    (502, "Invalid entity value"),
    (503, "Invalid attribute name"),
    (504, "Missing required attribute"),
    (505, "Invalid attribute value syntax"),
    (506, "Invalid option value"),
    (507, "Invalid command format"),
    (508, "Missing required entity"),
    (509, "Missing command option"),
    (510, "Invalid encoding"),
    (520, "Server closing connection. Client should try opening new connection; <why>"),
    (521, "Too many sessions open. Server closing connection"),
    (530, "Authentication failed"),
    (531, "Authorization failed"),
    (532, "Domain names linked with name server"),
    (533, "Domain name has active name servers"),
    (534, "Domain name has not been flagged for transfer"),
    (535, "Restricted IP address"),
    (536, "Domain already flagged for transfer"),
    (540, "Attribute value is not unique"),
    (541, "Invalid attribute value"),
    (542, "Invalid old value for an attribute"),
    (543, "Final or implicit attribute cannot be updated"),
    (544, "Entity on hold"),
    (545, "Entity reference not found"),
    (546, "Credit limit exceeded"),
    (547, "Invalid command sequence"),
    (548, "Domain is not up for renewal"),
    (549, "Command failed"),
    (550, "Parent domain not registered"),
    (551, "Parent domain status does not allow for operation"),
    (552, "Domain status does not allow for operation"),
    (553, "Operation not allowed. Domain pending transfer"),
    (554, "Domain already registered"),
    (555, "Domain already renewed"),
    (556, "Maximum registration period exceeded"),
    (557, "Name server locked"),
];

/// The result codes of RFC 5730 §3.
const EPP: [u16; 34] = [
    1000, 1001, 1300, 1301, 1500, 2000, 2001, 2002, 2003, 2004, 2005, 2100, 2101, 2102, 2103, 2104, 2105,
    2106, 2200, 2201, 2202, 2300, 2301, 2302, 2303, 2304, 2305, 2306, 2307, 2308, 2400, 2500, 2501, 2502,
];

fn code(number: u16) -> ReturnCode {
    ReturnCode::from_u16(number).expect("a test names a real code")
}

fn info(number: u16) -> &'static CodeInfo {
    code(number).info().unwrap_or_else(|| panic!("{number} is not in the table"))
}

fn every_code() -> impl Iterator<Item = ReturnCode> {
    (100..=999).map(code)
}

fn every_context() -> Vec<Context> {
    let fixed = [Context::Login, Context::PtfCheck, Context::Ptf, Context::Unsolicited];
    Verb::ALL.into_iter().map(Context::Rrp).chain(fixed).collect()
}

/// The commands of RRP that change something and may cost something.
const WRITES: [Verb; 5] = [Verb::Add, Verb::Del, Verb::Mod, Verb::Renew, Verb::Transfer];

fn is_misfit(verdict: Verdict) -> bool {
    !verdict.fits()
        && !verdict.completed()
        && verdict.answer().is_none()
        && verdict.closes_connection()
        && verdict.executed() == Executed::Unknown
        && verdict.advice() == Advice::Resynchronise
}

fn cnr_rows() -> Vec<(u16, &'static str)> {
    let rows = CNR.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    rows.map(|(number, text)| (number.parse().expect("the first column is a number"), text)).collect()
}

#[test]
fn every_code_of_the_registrys_page_is_known_with_exactly_its_text() {
    let rows = cnr_rows();
    assert_eq!(rows.len(), 56);
    for (number, text) in rows {
        assert_eq!(info(number).cnr_text(), Some(text), "{number}");
        assert_eq!(info(number).text(), text, "{number}");
    }
}

#[test]
fn nothing_is_known_but_the_registrys_page_and_510() {
    let mut expected: BTreeSet<u16> = cnr_rows().into_iter().map(|(number, _)| number).collect();
    expected.insert(510);
    let known: Vec<u16> = ReturnCode::known().map(|info| info.code().as_u16()).collect();
    assert_eq!(known, expected.into_iter().collect::<Vec<_>>(), "and in ascending order");
    assert_eq!(ReturnCode::known().len(), 57);
    for number in every_code() {
        assert_eq!(number.info().is_some(), known.contains(&number.as_u16()), "{number}");
    }
}

#[test]
fn the_code_that_the_registry_does_not_list_has_the_rfcs_text_alone() {
    let invalid_encoding = info(510);
    assert_eq!(invalid_encoding.rfc_text(), Some("Invalid encoding"));
    assert_eq!(invalid_encoding.cnr_text(), None);
    assert_eq!(invalid_encoding.text(), "Invalid encoding");
    assert_eq!(invalid_encoding.code(), ReturnCode::INVALID_ENCODING);
}

#[test]
fn every_code_of_the_rfcs_has_exactly_its_text_and_no_other_code_has_one() {
    let expected: BTreeMap<u16, &str> = RFC.into_iter().collect();
    assert_eq!(expected.len(), 46);
    let known: BTreeMap<u16, &str> =
        ReturnCode::known().filter_map(|info| Some((info.code().as_u16(), info.rfc_text()?))).collect();
    assert_eq!(known, expected);
}

#[test]
fn the_two_sources_differ_for_520_and_557_alone() {
    let differ: Vec<u16> = ReturnCode::known()
        .filter(|info| matches!((info.cnr_text(), info.rfc_text()), (Some(cnr), Some(rfc)) if cnr != rfc))
        .map(|info| info.code().as_u16())
        .collect();
    assert_eq!(differ, [520, 557]);
    let cnr = info(520).cnr_text().expect("520 is on CNR's page");
    assert_eq!(info(520).rfc_text(), Some(format!("{cnr}; <why>").as_str()));
}

#[test]
fn every_listed_code_has_a_meaning_that_reads_as_a_sentence_without_full_stop() {
    for info in ReturnCode::known() {
        let meaning = info.meaning();
        assert!(meaning.len() > 10, "{}: {meaning}", info.code());
        assert!(!meaning.ends_with('.') && meaning.trim() == meaning, "{}: {meaning}", info.code());
    }
}

#[test]
fn success_and_failure_codes_of_all_ten_commands_are_those_of_the_rfcs() {
    let mut seen = Vec::new();
    for row in BY_COMMAND.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let verb = Verb::from_name(columns[0]).unwrap_or_else(|| panic!("`{}` is no verb", columns[0]));
        let numbers = |column: &str| -> Vec<u16> {
            column.split(' ').map(|number| number.parse().expect("a code")).collect()
        };
        assert_eq!(verb.success_codes(), numbers(columns[1]), "{verb}");
        assert_eq!(verb.failure_codes(), numbers(columns[2]), "{verb}");
        seen.push(verb);
    }
    assert_eq!(seen, Verb::ALL);
}

#[test]
fn every_code_of_a_command_is_in_the_table() {
    for verb in Verb::ALL {
        for number in verb.success_codes().iter().chain(verb.failure_codes()) {
            assert!(code(*number).info().is_some(), "{verb} {number}");
        }
    }
}

#[test]
fn verbs_are_found_by_name_in_any_case_and_in_full_only() {
    for verb in Verb::ALL {
        assert_eq!(Verb::from_name(verb.as_str()), Some(verb));
        assert_eq!(Verb::from_name(&verb.to_string().to_uppercase()), Some(verb));
        assert_eq!(Verb::from_name(&format!("{verb} ")), None);
        assert_eq!(Verb::from_name(&format!("{verb}domain")), None);
    }
    assert_eq!(Verb::from_name(""), None);
    assert_eq!(Verb::from_name("delete"), None);
    // The Kelvin sign lowers to a `k`, but not in ASCII.
    assert_eq!(Verb::from_name("chec\u{212a}"), None);
}

#[test]
fn every_number_from_100_to_999_survives_the_way_through_digits_and_back() {
    for number in 100..=999_u16 {
        let text = number.to_string();
        let code = code(number);
        assert_eq!(code.as_u16(), number);
        assert_eq!(u16::from(code), number);
        assert_eq!(ReturnCode::try_from(number), Ok(code));
        assert_eq!(ReturnCode::from_bytes(text.as_bytes()), Ok(code));
        assert_eq!(text.parse(), Ok(code));
        assert_eq!(code.to_string(), text);
        assert_eq!(format!("{code:?}"), text);
        assert_eq!(code, number);
        assert_eq!(number, code);
        assert_ne!(code, number + 1);
    }
}

#[test]
fn every_other_number_is_refused() {
    for number in (0..100).chain(1000..=u16::MAX) {
        assert!(ReturnCode::from_u16(number).is_err(), "{number}");
        assert!(number.to_string().parse::<ReturnCode>().is_err(), "{number}");
    }
}

#[test]
fn every_other_spelling_is_refused() {
    let spellings = [
        "99",
        "1000",
        "2 0",
        "+20",
        "-20",
        "02O",
        "020",
        "0200",
        "",
        "20",
        "2",
        "2000",
        "200 ",
        " 200",
        "20\r",
        "20\0",
        "٢٠٠",
        "２００",
        "20a",
        "0x1",
        "1e2",
        "099",
        "000",
        "/00",
        ":00",
        "2/0",
        "20:",
    ];
    for spelling in spellings {
        assert!(spelling.parse::<ReturnCode>().is_err(), "{spelling:?}");
        assert!(ReturnCode::from_bytes(spelling.as_bytes()).is_err(), "{spelling:?}");
    }
    for a in 0..=u8::MAX {
        let digit = a.is_ascii_digit();
        assert_eq!(ReturnCode::from_bytes(&[a, b'0', b'0']).is_ok(), digit && a != b'0', "{a}");
        assert_eq!(ReturnCode::from_bytes(&[b'5', a, b'0']).is_ok(), digit, "{a}");
        assert_eq!(ReturnCode::from_bytes(&[b'5', b'0', a]).is_ok(), digit, "{a}");
    }
}

#[test]
fn the_error_of_a_wrong_spelling_says_what_is_wanted_and_does_not_repeat_it() {
    let error: InvalidReturnCode = "hunter2".parse::<ReturnCode>().unwrap_err();
    assert_eq!(error.to_string(), "invalid return code: not three digits from `100` to `999`");
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn the_class_is_that_of_the_first_digit() {
    for code in every_code() {
        let expected = match code.as_u16() / 100 {
            2 => Class::Success,
            4 => Class::Temporary,
            5 => Class::Permanent,
            _ => Class::Unclassified,
        };
        assert_eq!(code.class(), expected, "{code}");
        if let Some(info) = code.info() {
            assert_eq!(info.verdict().class(), expected, "{code}");
        }
    }
}

#[test]
fn exactly_four_codes_close_the_connection() {
    let closing: Vec<u16> =
        every_code().filter(|code| code.closes_connection()).map(ReturnCode::as_u16).collect();
    assert_eq!(closing, [220, 420, 520, 521]);
    for info in ReturnCode::known() {
        assert_eq!(info.verdict().closes_connection(), info.code().closes_connection(), "{}", info.code());
    }
}

#[test]
fn four_successes_mean_no_and_four_mean_yes() {
    let told = |answer| -> Vec<u16> {
        every_code().filter(|code| code.answer() == Some(answer)).map(ReturnCode::as_u16).collect()
    };
    assert_eq!(told(Answer::Yes), [210, 212, 214, 218]);
    assert_eq!(told(Answer::No), [211, 213, 215, 219]);
}

#[test]
fn a_no_is_a_completed_query_in_the_place_where_it_was_asked_for() {
    for number in [211, 213] {
        let verdict = code(number).verdict(Context::Rrp(Verb::Check));
        assert!(verdict.completed() && verdict.fits(), "{number}");
        assert_eq!(verdict.answer(), Some(Answer::No), "{number}");
        assert_eq!(verdict.executed(), Executed::Yes, "{number}");
        assert_eq!(verdict.advice(), Advice::Done, "{number}");
        assert!(!verdict.closes_connection(), "{number}");
    }
    for number in [211, 213, 215, 219] {
        let verdict = code(number).verdict(Context::PtfCheck);
        assert!(verdict.completed(), "{number}");
        assert_eq!(verdict.answer(), Some(Answer::No), "{number}");
        assert!(is_misfit(code(number).verdict(Context::Ptf)), "{number}");
        assert!(is_misfit(code(number).verdict(Context::Login)), "{number}");
    }
    // RRP's CHECK knows domains and name servers only.
    for number in [214, 215, 218, 219] {
        assert!(is_misfit(code(number).verdict(Context::Rrp(Verb::Check))), "{number}");
    }
}

#[test]
fn a_listed_success_completes_a_command_of_rrp_exactly_where_the_rfcs_list_it() {
    for verb in Verb::ALL {
        for info in ReturnCode::known().filter(|info| info.code().class() == Class::Success) {
            let listed = verb.success_codes().contains(&info.code().as_u16());
            let verdict = info.code().verdict(Context::Rrp(verb));
            assert_eq!(verdict.completed(), listed, "{} to {verb}", info.code());
            if listed {
                assert_eq!(verdict.executed(), Executed::Yes, "{} to {verb}", info.code());
            } else if !(verb == Verb::Check && info.code() == 220) {
                assert!(is_misfit(verdict), "{} to {verb}", info.code());
            }
        }
    }
}

#[test]
fn an_availability_in_answer_to_an_add_ends_the_connection_and_proves_nothing() {
    for number in 210..=213 {
        assert!(is_misfit(code(number).verdict(Context::Rrp(Verb::Add))), "{number}");
    }
    assert!(is_misfit(code(200).verdict(Context::Rrp(Verb::Check))));
    assert!(is_misfit(code(200).verdict(Context::Rrp(Verb::Quit))));
}

#[test]
fn a_ptf_check_may_be_answered_with_200_because_the_codes_stand_in_its_properties() {
    let verdict = code(200).verdict(Context::PtfCheck);
    assert!(verdict.completed());
    assert_eq!(verdict.answer(), None);
}

#[test]
fn a_220_closes_after_success_but_leaves_a_check_unanswered() {
    for context in every_context() {
        let verdict = ReturnCode::COMPLETED_CLOSING.verdict(context);
        assert!(verdict.closes_connection(), "{context:?}");
        match context {
            Context::Rrp(Verb::Check) | Context::PtfCheck => {
                assert!(verdict.fits() && !verdict.completed(), "{context:?}");
                assert_eq!(verdict.class(), Class::Temporary, "{context:?}");
                assert_eq!(verdict.executed(), Executed::No, "{context:?}");
                assert_eq!(verdict.advice(), Advice::Reconnect { after: Duration::ZERO }, "{context:?}");
            }
            Context::Unsolicited => assert!(is_misfit(verdict)),
            _ => {
                assert!(verdict.completed(), "{context:?}");
                assert_eq!(verdict.executed(), Executed::Yes, "{context:?}");
            }
        }
    }
}

#[test]
fn a_login_is_accepted_by_200_and_220_alone() {
    let accepted: Vec<u16> = ReturnCode::known()
        .map(CodeInfo::code)
        .filter(|code| code.verdict(Context::Login).completed())
        .map(ReturnCode::as_u16)
        .collect();
    assert_eq!(accepted, [200, 220]);
}

#[test]
fn a_530_stops_logging_in_but_to_a_command_the_login_is_probed_first() {
    for number in [530, 531] {
        let login = code(number).verdict(Context::Login);
        assert_eq!(login.advice(), Advice::StopLoggingIn, "{number}");
        assert_eq!(login.executed(), Executed::No, "{number}");
    }
    for number in [530, 547] {
        for context in WRITES.map(Context::Rrp).into_iter().chain([Context::Ptf, Context::PtfCheck]) {
            let verdict = code(number).verdict(context);
            assert_eq!(verdict.advice(), Advice::ProbeLogin, "{number} {context:?}");
            assert_eq!(verdict.executed(), Executed::Unknown, "{number} {context:?}");
            assert_eq!(verdict.class(), Class::Permanent, "{number} {context:?}");
        }
    }
    assert_ne!(code(547).verdict(Context::Login).advice(), Advice::ProbeLogin);
}

#[test]
fn a_closing_code_read_before_a_command_says_that_nothing_happened() {
    for number in [420, 520, 521] {
        let verdict = code(number).verdict(Context::Unsolicited);
        assert!(verdict.fits() && verdict.closes_connection(), "{number}");
        assert_eq!((verdict.executed(), verdict.word()), (Executed::No, Word::Inference), "{number}");
    }
    for number in [420, 520] {
        let advice = code(number).verdict(Context::Unsolicited).advice();
        assert_eq!(advice, Advice::Reconnect { after: Duration::ZERO }, "{number}");
    }
    let sessions = code(521).verdict(Context::Unsolicited).advice();
    assert!(
        matches!(sessions, Advice::FewerSessions { after } if after >= Duration::from_secs(30)),
        "{sessions:?}"
    );
}

#[test]
fn every_other_code_read_before_a_command_puts_the_connection_out_of_step() {
    for code in every_code() {
        let verdict = code.verdict(Context::Unsolicited);
        assert_eq!(is_misfit(verdict), !matches!(code.as_u16(), 420 | 520 | 521), "{code}");
        assert!(verdict.closes_connection(), "{code}");
    }
}

#[test]
fn a_520_or_423_read_after_a_write_leaves_it_unknown() {
    for number in [423, 520] {
        for context in WRITES.map(Context::Rrp).into_iter().chain([Context::Ptf]) {
            let verdict = code(number).verdict(context);
            assert_eq!(verdict.executed(), Executed::Unknown, "{number} {context:?}");
            assert_eq!(verdict.advice(), Advice::ReadBack, "{number} {context:?}");
        }
    }
    assert!(code(520).verdict(Context::Rrp(Verb::Add)).closes_connection());
}

#[test]
fn a_521_read_after_a_write_leaves_it_unknown() {
    for context in WRITES.map(Context::Rrp).into_iter().chain([Context::Ptf]) {
        let verdict = code(521).verdict(context);
        assert_eq!(verdict.executed(), Executed::Unknown, "{context:?}");
        assert!(verdict.closes_connection(), "{context:?}");
    }
}

#[test]
fn a_session_command_is_a_login_by_either_name() {
    for code in every_code() {
        assert_eq!(code.verdict(Context::Rrp(Verb::Session)), code.verdict(Context::Login), "{code}");
    }
}

#[test]
fn an_unlisted_availability_fits_a_check_alone() {
    for number in [216, 217] {
        assert!(code(number).verdict(Context::PtfCheck).fits(), "{number}");
        for context in WRITES.map(Context::Rrp).into_iter().chain([Context::Ptf, Context::Login]) {
            assert!(is_misfit(code(number).verdict(context)), "{number} {context:?}");
        }
    }
}

#[test]
fn no_write_completes_without_having_been_executed() {
    for code in every_code() {
        for verb in WRITES {
            let verdict = code.verdict(Context::Rrp(verb));
            assert_eq!(verdict.completed(), verdict.executed() == Executed::Yes, "{code} {verb}");
        }
    }
}

#[test]
fn a_refused_login_never_advises_to_read_anything_back() {
    for code in every_code().filter(|code| code.class() != Class::Success) {
        assert_ne!(code.verdict(Context::Login).advice(), Advice::ReadBack, "{code}");
    }
}

#[test]
fn a_421_after_a_write_was_not_executed_by_the_rfcs_word_only() {
    for number in [420, 421] {
        let verdict = code(number).verdict(Context::Rrp(Verb::Add));
        assert_eq!((verdict.executed(), verdict.word()), (Executed::No, Word::Specification), "{number}");
        assert_eq!(verdict.class(), Class::Temporary, "{number}");
        assert_eq!(verdict.closes_connection(), number == 420);
    }
    assert!(matches!(code(420).verdict(Context::Rrp(Verb::Add)).advice(), Advice::Reconnect { .. }));
    assert!(matches!(code(421).verdict(Context::Rrp(Verb::Add)).advice(), Advice::Resubmit { .. }));
}

#[test]
fn a_422_holds_the_account_for_minutes_wherever_a_command_was_sent() {
    for context in every_context().into_iter().filter(|context| *context != Context::Unsolicited) {
        let advice = code(422).verdict(context).advice();
        assert!(
            matches!(advice, Advice::HoldAccount { after } if after >= Duration::from_secs(120)),
            "{context:?}"
        );
    }
}

#[test]
fn a_549_does_not_say_whether_the_command_was_executed() {
    for verb in WRITES {
        let verdict = code(549).verdict(Context::Rrp(verb));
        assert_eq!(verdict.executed(), Executed::Unknown, "{verb}");
        assert_eq!(verdict.advice(), Advice::ReadBack, "{verb}");
    }
}

#[test]
fn without_a_place_exactly_these_codes_leave_open_whether_the_command_was_executed() {
    for info in ReturnCode::known().filter(|info| info.code() != ReturnCode::TOO_MANY_SESSIONS) {
        let expected = match info.code().as_u16() {
            200..=299 => Executed::Yes,
            423 | 520 | 530 | 547 | 549 => Executed::Unknown,
            _ => Executed::No,
        };
        assert_eq!(info.verdict().executed(), expected, "{}", info.code());
    }
}

#[test]
fn each_refusal_comes_with_the_advice_of_its_kind() {
    let advised = |advice| -> Vec<u16> {
        let codes = ReturnCode::known().map(CodeInfo::code);
        codes.filter(|code| code.verdict(Context::Ptf).advice() == advice).map(ReturnCode::as_u16).collect()
    };
    assert_eq!(advised(Advice::Done), [200, 220]);
    // These may come from an earlier attempt of ours.
    assert_eq!(advised(Advice::LookFirst), [534, 536, 540, 542, 545, 554, 555, 562, 563]);
    assert_eq!(advised(Advice::ProbeLogin), [530, 547]);
    assert_eq!(advised(Advice::AskPermission), [531]);
    assert_eq!(advised(Advice::TopUp), [546]);
    assert_eq!(advised(Advice::WaitForOther), [553]);
    assert_eq!(advised(Advice::ChangeState), [532, 533, 544, 548, 551, 552, 557, 560, 561, 564]);
    let wrong_requests: Vec<u16> = (500..=510).chain([535, 541, 543, 550, 556]).collect();
    assert_eq!(advised(Advice::FixRequest), wrong_requests);
}

#[test]
fn at_a_login_no_failure_leaves_anything_unknown() {
    for code in every_code().filter(|code| code.class() != Class::Success) {
        assert_eq!(code.verdict(Context::Login).executed(), Executed::No, "{code}");
    }
}

#[test]
fn a_code_of_no_list_survives_and_nothing_is_assumed_about_a_write() {
    for number in [101, 216, 299, 399, 499, 599, 700, 999] {
        assert!(code(number).info().is_none(), "{number}");
        assert_eq!(code(number).answer(), None, "{number}");
        // SESSION is a login by another name.
        for context in every_context().into_iter().filter(|context| *context != Context::Rrp(Verb::Session)) {
            let verdict = code(number).verdict(context);
            assert_eq!(verdict.answer(), None, "{number} {context:?}");
            let executed = match (context, number) {
                (Context::Unsolicited, _) => {
                    assert!(is_misfit(verdict), "{number}");
                    Executed::Unknown
                }
                (_, 599) => Executed::No,
                (_, 216 | 299) => Executed::Unknown,
                (Context::Login, _) => Executed::No,
                _ => Executed::Unknown,
            };
            assert_eq!(verdict.executed(), executed, "{number} {context:?}");
            assert_eq!(verdict.class(), code(number).class(), "{number} {context:?}");
        }
    }
    // In answer to a question it counts as an answer.
    let answered = code(216).verdict(Context::PtfCheck);
    assert!(answered.fits() && answered.class() == Class::Success);
    // A refusal of an unknown kind is a refusal, and its reason stands in the text.
    assert_eq!(code(599).verdict(Context::Rrp(Verb::Add)).advice(), Advice::ReadMessage);
}

#[test]
fn the_laws_of_a_verdict_hold_for_every_code_in_every_place() {
    for code in every_code() {
        for context in every_context() {
            let verdict = code.verdict(context);
            let place = format!("{code} {context:?}: {verdict:?}");
            assert_eq!(verdict.fits(), !is_misfit(verdict), "{place}");
            if verdict.completed() {
                assert_eq!(verdict.class(), Class::Success, "{place}");
                assert_ne!(verdict.executed(), Executed::No, "{place}");
                assert_ne!(context, Context::Unsolicited, "{place}");
            }
            if verdict.answer().is_some() {
                assert!(verdict.completed() && verdict.executed() == Executed::Yes, "{place}");
                assert_eq!(verdict.answer(), code.answer(), "{place}");
                assert!(matches!(context, Context::Rrp(Verb::Check) | Context::PtfCheck), "{place}");
            }
            if verdict.executed() == Executed::Yes {
                assert!(verdict.completed() && code.info().is_some(), "{place}");
                assert_eq!(verdict.advice(), Advice::Done, "{place}");
            }
            if verdict.advice() == Advice::Done {
                assert!(verdict.completed(), "{place}");
            }
            // A closing code always ends the connection; nothing else does, but a reply out of step.
            assert_eq!(verdict.closes_connection(), code.closes_connection() || !verdict.fits(), "{place}");
            if let Advice::Resubmit { .. } = verdict.advice() {
                assert!(!verdict.closes_connection(), "{place}");
            }
            // Only the table's success codes and their absence change the class: 220 that leaves a question open.
            if verdict.class() != code.class() {
                assert_eq!(code, ReturnCode::COMPLETED_CLOSING, "{place}");
            }
            // Total, whatever it is used for.
            assert!(!verdict.advice().to_string().is_empty() && !verdict.word().as_str().is_empty());
        }
    }
}

#[test]
fn no_failure_of_a_write_is_known_to_have_been_executed() {
    for code in every_code().filter(|code| code.class() != Class::Success) {
        for verb in WRITES {
            assert_ne!(code.verdict(Context::Rrp(verb)).executed(), Executed::Yes, "{code} {verb}");
        }
    }
}

#[test]
fn every_epp_number_is_a_result_code_of_rfc_5730() {
    for info in ReturnCode::known() {
        assert!(EPP.contains(&info.epp()), "{} has {}", info.code(), info.epp());
        // EPP's success codes are those of ours that are successes.
        assert_eq!(info.epp() < 2000, info.code().class() == Class::Success, "{}", info.code());
    }
}

#[test]
fn answers_are_epp_successes_and_the_published_errors_of_the_mapping_are_corrected() {
    for number in [200, 210, 211, 212, 213, 214, 215, 218, 219] {
        assert_eq!(info(number).epp(), 1000, "{number}");
    }
    assert_eq!(info(220).epp(), 1500);
    assert_eq!(info(540).epp(), 2302);
    assert_eq!(info(545).epp(), 2303);
    assert_eq!(info(541).epp(), 2306);
}

#[test]
fn a_misfit_made_of_any_verdict_keeps_no_promise() {
    let promising = Verdict::new(Class::Success)
        .with_answer(Answer::Yes)
        .with_executed(Executed::Yes, Word::Specification)
        .with_advice(Advice::Done);
    assert!(promising.completed() && promising.fits());
    assert!(is_misfit(promising.misfit()));
    assert_eq!(promising.misfit().class(), Class::Success, "what was said stays readable");
}

#[test]
fn a_fresh_verdict_promises_nothing() {
    for class in [Class::Success, Class::Temporary, Class::Permanent, Class::Unclassified] {
        let verdict = Verdict::new(class);
        assert_eq!(verdict.executed(), Executed::Unknown, "{class}");
        assert_eq!(verdict.advice(), Advice::ReadBack, "{class}");
        assert_eq!(verdict.answer(), None, "{class}");
        assert!(!verdict.closes_connection(), "{class}");
    }
}

#[test]
fn a_check_of_one_entity_is_not_answered_for_the_other() {
    let fits = |code: ReturnCode, entity| code.verdict(Context::Check(entity)).fits();
    assert!(fits(ReturnCode::DOMAIN_AVAILABLE, Entity::Domain));
    assert!(!fits(ReturnCode::DOMAIN_AVAILABLE, Entity::NameServer));
    assert!(fits(ReturnCode::NAME_SERVER_NOT_AVAILABLE, Entity::NameServer));
    assert!(!fits(ReturnCode::NAME_SERVER_NOT_AVAILABLE, Entity::Domain));
    assert!(!fits(ReturnCode::COMPLETED, Entity::Domain));
    assert!(!ReturnCode::COMPLETED_CLOSING.verdict(Context::Check(Entity::Domain)).completed());
}

#[test]
fn a_failed_change_of_the_password_leaves_open_which_password_holds() {
    for number in [420, 421, 423, 520, 549, 499] {
        let verdict = code(number).verdict(Context::PasswordChange);
        assert_eq!(
            (verdict.executed(), verdict.advice()),
            (Executed::Unknown, Advice::ProbeLogin),
            "{number}"
        );
    }
    let refused = code(530).verdict(Context::PasswordChange);
    assert_eq!((refused.executed(), refused.advice()), (Executed::No, Advice::StopLoggingIn));
    assert!(code(200).verdict(Context::PasswordChange).completed());
}

#[test]
fn nobody_promises_that_a_ptf_command_that_failed_for_now_changed_nothing() {
    for number in [420, 421] {
        assert_eq!(code(number).verdict(Context::Rrp(Verb::Add)).executed(), Executed::No, "{number}");
        let ptf = code(number).verdict(Context::Ptf);
        assert_eq!((ptf.executed(), ptf.word()), (Executed::Unknown, Word::Practice), "{number}");
    }
}
