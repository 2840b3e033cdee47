//! Validated text and secrets: nothing that a caller puts into a value becomes a second command, and nothing secret is
//! printed.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rrp::secret::{REDACTED, is_secret_name};
use rrp::text::{ModValue, ParameterName, TextError, same_name};
use rrp::{Secret, Token, Value};

/// What a caller may not say to a registry: each is the end of a line, or an order, to some reader.
const INJECTIONS: [(&str, &str); 16] = [
    ("CR", "\r"),
    ("LF", "\n"),
    ("NUL", "\0"),
    ("TAB", "\t"),
    ("VT", "\u{b}"),
    ("FF", "\u{c}"),
    ("FS", "\u{1c}"),
    ("ESC", "\u{1b}"),
    ("DEL", "\u{7f}"),
    ("NEL", "\u{85}"),
    ("CSI", "\u{9b}"),
    ("LINE SEPARATOR", "\u{2028}"),
    ("PARAGRAPH SEPARATOR", "\u{2029}"),
    ("a second block", "\r\nEOF\r\n[COMMAND]"),
    ("a lone dot line", "\r\n.\r\n"),
    ("a bare second block", "\nEOF\n[COMMAND]\n"),
];

type Check = fn(&str) -> Result<String, TextError>;

/// Each type's constructor, giving back what was kept.
const TYPES: [(&str, Check); 4] = [
    ("Token", |text| Token::new(text).map(|made| made.as_str().to_owned())),
    ("ParameterName", |text| ParameterName::new(text).map(|made| made.as_str().to_owned())),
    ("Value", |text| Value::new(text).map(|made| made.as_str().to_owned())),
    ("ModValue", |text| ModValue::new(text).map(|made| made.as_str().to_owned())),
];

#[test]
fn what_could_end_a_line_is_refused_in_every_type_at_every_place_with_the_byte_and_its_position() {
    const BEFORE: &str = "hunter";
    const AFTER: &str = "zwei";
    for (name, new) in TYPES {
        assert_eq!(new("hunterzwei").as_deref(), Ok("hunterzwei"), "{name}: the same without the injection");
        for (what, injected) in INJECTIONS {
            let first = injected.chars().next().expect("not empty");
            let places = [
                (format!("{injected}{BEFORE}{AFTER}"), 0),
                (format!("{BEFORE}{injected}{AFTER}"), BEFORE.len()),
                (format!("{BEFORE}{AFTER}{injected}"), BEFORE.len() + AFTER.len()),
                (injected.to_owned(), 0),
            ];
            for (text, position) in places {
                let error = new(&text).expect_err(&format!("{name} takes {what} in {text:?}"));
                assert_eq!(error.position(), Some(position), "{name}, {what}, {text:?}");
                assert_eq!(error.character(), Some(first), "{name}, {what}, {text:?}");
                for shown in [error.to_string(), format!("{error:?}")] {
                    assert!(!shown.contains(BEFORE) && !shown.contains(AFTER), "{name} shows it: {shown}");
                    assert!(!shown.contains("COMMAND"), "{name} shows it: {shown}");
                    assert!(!shown.chars().any(char::is_control), "{name}, {what}: {shown:?}");
                }
            }
        }
    }
}

#[test]
fn positions_count_bytes_and_not_characters() {
    let error = Value::new("müller\r").unwrap_err();
    assert_eq!((error.position(), error.character()), (Some(7), Some('\r')));
    let error = ModValue::new("mü=").unwrap_err();
    assert_eq!((error.position(), error.character()), (Some(3), Some('=')));
}

#[test]
fn every_control_character_of_unicode_is_refused_in_a_value_and_no_other_character_is() {
    for c in '\0'..=char::MAX {
        let refused = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let mut text = String::from("a");
        text.push(c);
        text.push('a');
        assert_eq!(Value::new(&text).is_err(), refused, "{c:?}");
    }
}

#[test]
fn a_word_is_of_ascii_letters_digits_and_inner_dashes_and_underscores_alone() {
    for c in (0..=u8::MAX).map(char::from) {
        let inner = c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        assert_eq!(Token::new(&format!("a{c}")).is_ok(), inner, "{c:?}");
        let first = Token::new(&format!("{c}a"));
        assert_eq!(first.is_ok(), c.is_ascii_alphanumeric(), "{c:?}");
        if let Err(error) = first {
            assert_eq!((error.position(), error.character()), (Some(0), Some(c)));
        }
    }
    for word in ["add", "EntityName", "-Period", "--", "_a", "X-FEE-AMOUNT", "1st"] {
        assert_eq!(Token::new(word).is_ok(), !word.starts_with(['-', '_']), "{word}");
    }
    assert_eq!(Token::new("dömäin").unwrap_err().position(), Some(1));
    // A homoglyph is no letter.
    assert!(Token::new("\u{430}dd").is_err());
}

#[test]
fn no_word_ends_a_block() {
    for word in ["EOF", "eof", "Eof", "eOf"] {
        let error = Token::new(word).unwrap_err();
        assert_eq!(error.position(), None, "{word}");
        assert_eq!(error.to_string(), "word may not be `EOF`");
    }
    for word in ["EOFs", "geof", "EO", "EOF-"] {
        assert!(Token::new(word).is_ok(), "{word}");
    }
}

#[test]
fn no_parameter_is_called_command_in_any_spelling() {
    let spellings = [
        "command",
        "COMMAND",
        "Command",
        "cOmMaNd",
        "com-mand",
        "c-o-m-m-a-n-d",
        "command0",
        "COMMAND1",
        "command12",
        "command007",
        "c.o.m.m.a.n.d",
        "COMMAND_",
        "_command",
        "-Command",
        "command[0]",
        "command[]",
        "command:",
        "\"command\"",
        "$command",
        "command!",
        "com_mand_3",
        "command-0",
        "command;",
        "#command",
        "%command%",
    ];
    for name in spellings {
        let error = ParameterName::new(name).expect_err(name);
        assert_eq!(error.position(), None, "{name}");
        assert_eq!(error.to_string(), "parameter name may not be `command`", "{name}");
    }
    // These are refused for a character already.
    for name in
        ["[command]", "command=", "com mand", " command", "command ", "\u{441}ommand", "com\u{ad}mand"]
    {
        assert!(ParameterName::new(name).is_err(), "{name}");
    }
}

#[test]
fn names_that_only_contain_command_are_allowed() {
    for name in
        ["commandline", "recommend", "subcommand", "commander", "commands", "0command", "commandA1", "cmd"]
    {
        assert_eq!(ParameterName::new(name).as_ref().map(ParameterName::as_str), Ok(name));
    }
}

#[test]
fn parameter_names_are_of_visible_ascii_without_equals_sign_and_never_open_a_section() {
    for c in (0..=u8::MAX).map(char::from) {
        let allowed = c.is_ascii_graphic() && c != '=';
        assert_eq!(ParameterName::new(&format!("a{c}b")).is_ok(), allowed, "{c:?}");
    }
    for (name, found, at) in
        [("=a", '=', 0), ("a=", '=', 1), ("a=b", '=', 1), ("[a", '[', 0), ("[COMMAND]", '[', 0)]
    {
        let error = ParameterName::new(name).expect_err(name);
        assert_eq!((error.character(), error.position()), (Some(found), Some(at)), "{name}");
    }
    for name in ["domain", "nameserver0", "X-FEE-AMOUNT", "DELRR%", "a[0]", "RR0", "owner_contact0"] {
        assert_eq!(ParameterName::new(name).as_ref().map(ParameterName::as_str), Ok(name));
    }
}

#[test]
fn no_parameter_name_begins_like_the_end_of_a_frame() {
    for name in [".", "..", ".domain", "EOF", "eof", "Eof"] {
        assert!(ParameterName::new(name).is_err(), "{name}");
    }
}

#[test]
fn a_modification_cannot_turn_into_a_removal_or_a_replacement() {
    for (value, at) in
        [("ns1=", 3), ("ns1.example.com=", 15), ("a=b", 1), ("=", 0), ("=ns1", 0), ("ns1==", 3)]
    {
        let error = ModValue::new(value).expect_err(value);
        assert_eq!((error.character(), error.position()), (Some('='), Some(at)), "{value}");
    }
    assert!(ModValue::new("").is_err(), "nothing is not a value to set");
    assert_eq!(ModValue::new("ns1.example.com").unwrap(), "ns1.example.com");
    // Elsewhere the sign is an ordinary character.
    assert_eq!(Value::new("a=b=").unwrap(), "a=b=");
}

#[test]
fn a_modification_names_the_first_character_that_it_may_not_have() {
    let error = ModValue::new("ns1\r\nEOF\r\n[COMMAND]\r\ncommand=DeleteDomain").unwrap_err();
    assert_eq!((error.character(), error.position()), (Some('\r'), Some(3)));
}

#[test]
fn a_value_may_be_empty_and_may_look_like_an_end_because_it_stands_behind_its_name() {
    for value in
        ["", ".", "..", "EOF", "[COMMAND]", "command=AddDomain", "müller", "日本語", "a b", "x;y", "\u{202e}"]
    {
        assert_eq!(Value::new(value).map(|made| made.to_string()).as_deref(), Ok(value));
    }
    assert!(Value::new("").unwrap().is_empty());
    assert!(!Value::new(".").unwrap().is_empty());
}

#[test]
fn blanks_at_either_end_of_a_value_are_refused_because_readers_drop_them() {
    for (value, at) in [(" a", 0), ("a ", 1), (" ", 0), ("a  ", 2), ("  a", 0), ("ü ", 2)] {
        let error = Value::new(value).expect_err(value);
        assert_eq!((error.character(), error.position()), (Some(' '), Some(at)), "{value:?}");
        assert!(ModValue::new(value).is_err(), "{value:?}");
    }
    assert!(Value::new("a b").is_ok());
}

#[test]
fn each_type_has_a_length_that_it_takes_and_one_byte_more_that_it_refuses() {
    let bounds = [Token::MAX_LEN, ParameterName::MAX_LEN, Value::MAX_LEN, Value::MAX_LEN];
    for ((name, new), bound) in TYPES.into_iter().zip(bounds) {
        assert!(new(&"a".repeat(bound)).is_ok(), "{name}");
        let error = new(&"a".repeat(bound + 1)).expect_err(name);
        assert_eq!((error.position(), error.character()), (None, None), "{name}");
        assert!(error.to_string().ends_with(&format!("is longer than {bound} bytes")), "{error}");
        assert!(new("a").is_ok(), "{name}");
    }
    assert_eq!((Token::MAX_LEN, ParameterName::MAX_LEN), (128, 128));
    assert_eq!(Token::new("").unwrap_err().to_string(), "word is empty");
    assert_eq!(ParameterName::new("").unwrap_err().to_string(), "parameter name is empty");
}

#[test]
fn lengths_are_counted_in_bytes() {
    let umlauts = "ü".repeat(Value::MAX_LEN / 2);
    assert!(Value::new(&umlauts).is_ok());
    assert!(Value::new(&format!("{umlauts}a")).is_err());
}

#[test]
fn every_way_to_make_a_text_checks_it() {
    assert_eq!("add".parse::<Token>(), Token::new("add"));
    assert_eq!(Token::try_from("add"), Token::new("add"));
    assert_eq!(Token::try_from("add".to_owned()), Token::new("add"));
    assert!("a\r".parse::<Token>().is_err() && Token::try_from("a\r").is_err());
    assert!(Token::try_from("a\r".to_owned()).is_err());
    assert!("a\r".parse::<Value>().is_err() && Value::try_from("a\r").is_err());
    assert!(Value::try_from("a\r".to_owned()).is_err());
    assert!("command".parse::<ParameterName>().is_err() && ParameterName::try_from("command").is_err());
    assert!(ParameterName::try_from("command".to_owned()).is_err());
    assert!("a=".parse::<ModValue>().is_err() && ModValue::try_from("a=").is_err());
    assert!(ModValue::try_from("a=".to_owned()).is_err());
}

#[test]
fn a_text_prints_as_itself_and_keeps_its_case() {
    let token = Token::new("EntityName").unwrap();
    assert_eq!(token.to_string(), "EntityName");
    assert_eq!(format!("{token:?}"), "\"EntityName\"");
    assert_ne!(token, Token::new("entityname").unwrap());
    assert_eq!(token.as_ref(), "EntityName");
}

#[test]
fn names_are_the_same_without_case_and_blanks_only() {
    let same = [
        ("registration expiration date", "RegistrationExpirationDate"),
        ("REGISTRATION EXPIRATION DATE", "registrationexpirationdate"),
        ("ip address", "IPAddress"),
        ("name\tserver", "NameServer"),
        ("  status ", "Status"),
        ("", "  \t"),
        ("a", "A"),
    ];
    for (a, b) in same {
        assert!(same_name(a.as_bytes(), b.as_bytes()), "{a:?} {b:?}");
        assert!(same_name(b.as_bytes(), a.as_bytes()), "{b:?} {a:?}");
    }
    let different = [
        ("created date", "created by"),
        ("created_date", "created date"),
        ("created-date", "createddate"),
        ("createddate", "createddate2"),
        ("createddate", "createddat"),
        ("", "a"),
        ("ä", "Ä"),
        ("a\u{a0}b", "ab"),
        ("k", "\u{212a}"),
        ("a\0", "a"),
        ("@", "`"),
        ("[", "{"),
    ];
    for (a, b) in different {
        assert!(!same_name(a.as_bytes(), b.as_bytes()), "{a:?} {b:?}");
        assert!(!same_name(b.as_bytes(), a.as_bytes()), "{b:?} {a:?}");
    }
    // Any bytes, not only UTF-8.
    assert!(same_name(b"\xff A", b"\xffa"));
    assert!(!same_name(b"\xff", b"\xfe"));
}

const PASSWORD: &str = "i-am-registrarA";

/// What holds a secret in a user's program.
#[derive(Debug)]
#[expect(dead_code, reason = "read by Debug alone, which is what is tested")]
struct Account {
    user: &'static str,
    password: Option<Secret>,
    earlier: Vec<Secret>,
}

#[test]
fn a_secret_is_printed_by_no_way_of_debugging_it() {
    let secret = Secret::from(PASSWORD);
    let account = Account {
        user: "registrarA",
        password: Some(secret.clone()),
        earlier: vec![Secret::new(PASSWORD.to_owned()), Secret::from(PASSWORD.to_owned())],
    };
    let shown = [
        format!("{secret:?}"),
        format!("{secret:#?}"),
        format!("{secret:40?}"),
        format!("{:?}", Some(&secret)),
        format!("{:#?}", Some(&secret)),
        format!("{:?}", Err::<(), _>(&secret)),
        format!("{account:?}"),
        format!("{account:#?}"),
    ];
    for text in shown {
        assert!(text.contains("Secret(***)"), "{text}");
        assert!(!text.contains("registrarA-") && !text.contains("i-am"), "{text}");
        assert!(!text.contains(&PASSWORD.len().to_string()), "its length is told: {text}");
    }
    assert_eq!(REDACTED, "***");
    assert_eq!(secret.expose(), PASSWORD);
}

#[test]
fn an_empty_secret_prints_like_any_other() {
    assert_eq!(format!("{:?}", Secret::from("")), format!("{:?}", Secret::from(PASSWORD)));
}

#[test]
fn secrets_are_equal_by_their_text() {
    assert_eq!(Secret::from(PASSWORD), Secret::from(PASSWORD.to_owned()));
    assert_eq!(Secret::from(""), Secret::from(""));
    for other in
        ["", "i-am-registrarB", "I-am-registrarA", "i-am-registrar", "i-am-registrarAA", "j-am-registrarA"]
    {
        assert_ne!(Secret::from(PASSWORD), Secret::from(other), "{other}");
        assert_ne!(Secret::from(other), Secret::from(PASSWORD), "{other}");
    }
    // Differences must not cancel out over the bytes.
    assert_ne!(Secret::from("ab"), Secret::from("ba"));
}

#[test]
fn names_that_carry_secrets_are_known_in_every_spelling() {
    let names = [
        "auth",
        "AUTH",
        "Auth",
        "-Auth",
        "domainauth",
        "DOMAINAUTH",
        "auth code",
        "X-AUTH-CODE",
        "authinfo1",
        "password",
        "-Password",
        "-NewPassword",
        "new password",
        "PASSWORD2",
        "passwd",
        "passphrase",
        "s_pw",
        "spw",
        "pw",
        "sessionid",
        "session id",
        "SESSION-ID",
        "s_sessionid",
        "secret",
        "clientsecret",
        "token",
        "apikey",
        "api-key",
        "private key",
        "creditcard",
        "creditcard number",
        "card number",
        "cvc",
        "cvv2",
        "pin",
        "PIN1",
        "domainpin",
        "transfercode",
        "transfer code",
        "eppcode",
        "EPP-CODE",
        "property[auth][0]",
    ];
    for name in names {
        assert!(is_secret_name(name), "{name}");
    }
}

#[test]
fn names_that_carry_no_secrets_stay_readable() {
    let names = [
        "",
        "domain",
        "DOMAIN",
        "nameserver0",
        "registration expiration date",
        "created by",
        "status",
        "registrar",
        "renewalmode",
        "roid",
        "ownercontact0",
        "x-fee-amount",
        "repository",
        "description",
        "code",
        "runtime",
        "period",
        "ipaddress",
        "shipping",
        "opinion",
        "email",
        "transfermode",
        "transferlock",
        "eppstatus",
        "pinned",
        "zip",
        "expiration",
        "company",
        "jobid",
        "cltrid",
        "domaincheck",
        "phone",
        "objectid",
        "EVENTDATA0",
    ];
    for name in names {
        assert!(!is_secret_name(name), "{name}");
    }
}

#[test]
fn names_that_carry_secrets_in_practice_are_known_too() {
    let names = [
        "pass",
        "-Pass",
        "userpass",
        "pwd",
        "newpwd",
        "userpw",
        "transferpw",
        "webspacepw",
        "ftp-pw",
        "passcode",
        "otp",
        "s_otp",
        "totp",
        "pincode",
        "newpin",
        "mobile pin",
        "credential",
        "credentials",
        "transferkey",
        "eppkey",
        "accesskey",
        "ccnumber",
        "cc number",
        "cardno",
        "iban",
        "privkey",
        "cookie",
        "property[pw][0]",
    ];
    let printed: Vec<&str> = names.into_iter().filter(|name| !is_secret_name(name)).collect();
    assert_eq!(printed, Vec::<&str>::new());
}

/// Texts that try to be trouble: letters, and every second character one of the awkward ones.
fn awkward_text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(
        "\r\n\0\t\u{1b}\u{7f}\u{85}\u{2028}\u{2029}\u{feff}\u{ad}=:;.[] -_EOFcommand0ü。"
            .chars()
            .collect::<Vec<_>>(),
    );
    let letter = prop::char::range('a', 'z');
    prop::collection::vec(prop_oneof![4 => letter, 1 => awkward, 1 => any::<char>()], 0..24)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, rng_seed: RngSeed::Fixed(2832), ..ProptestConfig::default() })]

    #[test]
    fn what_a_value_accepts_fits_on_one_line_and_comes_back_unchanged(text in awkward_text()) {
        match Value::new(&text) {
            Ok(value) => {
                let ends_a_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
                prop_assert!(!text.chars().any(ends_a_line));
                prop_assert!(text.len() <= Value::MAX_LEN);
                prop_assert_eq!(text.lines().count(), usize::from(!text.is_empty()));
                prop_assert!(!text.starts_with(' ') && !text.ends_with(' '));
                prop_assert_eq!(value.as_str(), &text);
                prop_assert_eq!(value.to_string(), text);
            }
            Err(error) => {
                let at = error.position().expect("none is too long");
                prop_assert_eq!(text[at..].chars().next(), error.character());
            }
        }
    }

    #[test]
    fn what_a_modification_accepts_is_a_value_without_equals_sign(text in awkward_text()) {
        let accepted = ModValue::new(&text).is_ok();
        prop_assert_eq!(accepted, Value::new(&text).is_ok() && !text.is_empty() && !text.contains('='));
    }

    #[test]
    fn every_word_is_a_parameter_name_or_a_spelling_of_command(text in "[A-Za-z0-9_-]{1,12}") {
        if Token::new(&text).is_ok() && ParameterName::new(&text).is_err() {
            prop_assert!(text.to_ascii_lowercase().replace(['-', '_'], "").starts_with("command"));
        }
    }

    #[test]
    fn command_with_any_punctuation_and_any_index_is_no_parameter_name(
        gaps in prop::collection::vec("[-_.:;!#$%&*+/?@^|~]{0,3}", 7),
        upper in prop::collection::vec(any::<bool>(), 7),
        index in prop::option::of(0..1000_u32),
    ) {
        let mut name = String::new();
        for ((letter, gap), upper) in "command".chars().zip(gaps).zip(upper) {
            name.push_str(&gap);
            name.push(if upper { letter.to_ascii_uppercase() } else { letter });
        }
        if let Some(index) = index {
            name.push_str(&index.to_string());
        }
        prop_assert!(ParameterName::new(&name).is_err(), "{}", name);
    }

    #[test]
    fn sameness_of_names_does_not_depend_on_case_blanks_or_order(
        name in prop::collection::vec(any::<u8>(), 0..16),
        blanks in prop::collection::vec(0..3_usize, 16),
    ) {
        let spread: Vec<u8> = name
            .iter()
            .zip(blanks)
            .flat_map(|(byte, count)| std::iter::repeat_n(b' ', count).chain([byte.to_ascii_uppercase()]))
            .collect();
        prop_assert!(same_name(&name, &spread));
        prop_assert!(same_name(&spread, &name));
        let mut longer = name.clone();
        longer.push(b'x');
        prop_assert!(!same_name(&name, &longer));
    }

    #[test]
    fn secrets_are_equal_exactly_when_their_texts_are(a in "[ab]{0,3}", b in "[ab]{0,3}") {
        prop_assert_eq!(Secret::from(a.as_str()) == Secret::from(b.as_str()), a == b);
    }

    #[test]
    fn a_name_with_auth_or_password_in_it_is_secret_whatever_stands_around(before in "\\PC{0,8}", after in "\\PC{0,8}") {
        for secret in ["auth", "PassWord", "session-id", "T o k e n"] {
            let name = format!("{before}{secret}{after}");
            prop_assert!(is_secret_name(&name), "{}", name);
        }
    }
}

#[test]
fn equal_texts_are_one_key_of_a_set() {
    let set: HashSet<Token> =
        ["add", "add", "ADD"].into_iter().map(|word| Token::new(word).unwrap()).collect();
    assert_eq!(set.len(), 2);
}
