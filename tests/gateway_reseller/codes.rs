//! The table of codes against its sources.

use rrp::gateway::Sort;
use rrp::gateway::reseller::Code;
use rrp::verdict::{Advice, Class, Executed, Word};

use super::LIST;

/// What was found out about each.
const TABLE: &str = include_str!("../fixtures/reference/reseller-codes.tsv");

/// The codes of the list, each with its text.
fn listed() -> Vec<(&'static str, Option<&'static str>)> {
    let (_, list) = LIST.split_once("\nPossible errors\n").expect("the list begins");
    let is_code = |line: &str| line.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let mut found: Vec<(_, Option<_>)> = Vec::new();
    for line in list.lines().filter(|line| !line.is_empty()) {
        if is_code(line) {
            found.push((line, None));
        } else {
            let (code, text) = found.last_mut().expect("a code before the text");
            assert_eq!(text.replace(line), None, "`{code}` has two texts");
        }
    }
    found
}

#[test]
fn the_codes_are_those_of_the_list_to_the_letter() {
    let ours: Vec<_> = Code::known().map(|info| (info.name(), info.text())).collect();
    assert_eq!(ours.len(), 101);
    for (ours, listed) in ours.iter().zip(listed()) {
        assert_eq!(*ours, listed);
    }
    assert_eq!(ours.len(), listed().len());
}

#[test]
fn the_codes_mean_what_the_table_says() {
    let mut rows = TABLE.lines().skip(1).map(|row| row.split('\t').collect::<Vec<_>>());
    for info in Code::known() {
        let row = rows.next().unwrap();
        let [code, text, sort, executed, _note] = row[..] else { panic!("{row:?}") };
        assert_eq!((info.name(), info.text().unwrap_or_default()), (code, text));
        assert_eq!(info.sort().as_str(), sort, "{code}");
        let verdict = info.verdict();
        let (known, word) = match executed {
            "no" | "no (this one)" | "no (already)" => (Executed::No, Word::Inference),
            "unknown" | "in progress" => (Executed::Unknown, Word::Practice),
            _ => panic!("`{code}`: `{executed}`"),
        };
        assert_eq!((verdict.executed(), verdict.word()), (known, word), "{code}");
        let temporary =
            matches!(info.sort(), Sort::Temporary | Sort::TemporaryUncertain | Sort::ConflictInProgress);
        assert_eq!(verdict.class(), if temporary { Class::Temporary } else { Class::Permanent }, "{code}");
        assert!(!verdict.completed() && verdict.fits() && !verdict.closes_connection(), "{code}");
        assert_eq!(verdict.answer(), None, "{code}");
        let own = [
            "reseller_api_key_missing",
            "reseller_inactive",
            "reseller_unknown",
            "request_not_allowed",
            "dns_service_none_available",
            "domain_contact_provider_unavailable",
            "domain_deleted",
            "domain_not_managed",
            "hosting_account_deleted",
            "domain_contact_operation_prohibited",
        ];
        let by_sort = verdict.advice() == info.sort().verdict().advice();
        assert_eq!(by_sort, !own.contains(&code), "{code}: {:?}", verdict.advice());
        if executed == "no (already)" {
            assert_eq!(verdict.advice(), Advice::LookFirst, "{code}");
        }
        assert!(!info.note().ends_with('.'), "{code}");
    }
    assert_eq!(rows.next(), None);
}

#[test]
fn advice_follows_the_code() {
    let advice = |code: Code| code.info().unwrap().verdict().advice().keyword();
    for code in [Code::RESELLER_API_KEY_MISSING, Code::RESELLER_INACTIVE, Code::RESELLER_UNKNOWN] {
        assert_eq!(advice(code), "stop-logging-in");
    }
    for code in [Code::REQUEST_PERMISSION_DENIED, Code::REQUEST_NOT_ALLOWED, Code::DOMAIN_PRICE_MISSING] {
        assert_eq!(advice(code), "ask-permission");
    }
    for code in
        [Code::DOMAIN_CONTACT_PROVIDER_UNAVAILABLE, Code::INTERNAL_ERROR, Code::PRODUCT_THIRD_PARTY_ERROR]
    {
        assert_eq!(advice(code), "read-back");
    }
    for code in [Code::DOMAIN_UPDATE_OTHER_PROCESS_IN_PROGRESS, Code::DOMAIN_BRAND_CREATE_PENDING] {
        assert_eq!(advice(code), "wait-for-other");
    }
    for code in [Code::DOMAIN_REGISTRATION_FAILED, Code::DOMAIN_BRAND_CREATE_FAILED] {
        assert_eq!(advice(code), "read-message");
    }
    assert_eq!(advice(Code::BILLING_BALANCE_INSUFFICIENT), "top-up");
    for code in [Code::DOMAIN_DELETED, Code::HOSTING_ACCOUNT_DELETED, Code::DOMAIN_BRAND_EXISTS] {
        assert_eq!(advice(code), "look-first");
    }
    assert_eq!(advice(Code::DOMAIN_UNKNOWN), "fix-request");
    let wait = Code::DNS_SERVICE_NONE_AVAILABLE.info().unwrap().verdict().advice().wait();
    assert_eq!(wait.map(|wait| wait.as_secs()), Some(3_600));
}

#[test]
fn codes_are_told_apart_by_name() {
    let mut names: Vec<_> = Code::known().map(|info| info.name()).collect();
    for name in &names {
        let code = Code::new(name);
        assert_eq!((code.as_str(), code.info().map(|info| info.name())), (*name, Some(*name)));
        assert_eq!((code.to_string(), format!("{code:?}")), ((*name).to_owned(), format!("`{name}`")));
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::known().len());
    // Others survive, and letters count.
    for unlisted in ["", "Domain_Unknown", "domain_unknown ", "rate_limit_reached", "\u{1b}[31m"] {
        let code = Code::new(unlisted);
        assert_eq!((code.as_str(), code.info().is_none()), (unlisted, true));
        assert!(!code.to_string().contains('\u{1b}') && !format!("{code:?}").contains('\u{1b}'));
    }
}

#[test]
fn of_a_long_code_little_is_printed() {
    for (letter, printed) in [("n", 256), ("ä", 256), ("\u{1b}", 256), ("\u{10ffff}", 256)] {
        let long = Code::new(&letter.repeat(9_999));
        assert_eq!(long.as_str().len(), 9_999 * letter.len());
        assert_eq!(long.to_string().chars().count(), printed);
        assert!(long.to_string().ends_with('…') && !long.to_string().contains(char::is_control));
        assert_eq!(format!("{long:?}"), format!("`{long}`"));
    }
    let longest = "n".repeat(256);
    assert_eq!(Code::new(&longest).to_string(), longest);
    assert_eq!(Code::new(&format!("{longest}n")).to_string(), format!("{}…", "n".repeat(255)));
}

#[test]
fn each_sort_has_its_word() {
    assert!(Sort::ALL.iter().all(|sort| sort.to_string() == sort.as_str()));
    let mut words: Vec<_> = Sort::ALL.iter().map(|sort| sort.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Sort::ALL.len());
}
