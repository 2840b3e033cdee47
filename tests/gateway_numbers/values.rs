//! Phone numbers and country codes.

use proptest::prelude::*;
use rrp::gateway::numbers::{CountryCode, PhoneNumber, Status};

proptest! {
    #[test]
    fn a_phone_number_is_a_plus_and_two_to_fifteen_digits(text in "[+0-9 a]{0,18}", digits in "[1-9][0-9]{1,14}") {
        let digit = |c: char| c.is_ascii_digit();
        let plain = text.len() <= 16 && text.len() >= 3 && text.starts_with('+') && text[1..].chars().all(digit);
        prop_assert_eq!(text.parse::<PhoneNumber>().is_ok(), plain && !text.starts_with("+0"));
        let number = PhoneNumber::new(&format!("+{digits}")).unwrap();
        prop_assert_eq!(number.to_string(), format!("+{digits}"));
        let shown = format!("{number:?}");
        prop_assert!(digits.len() < 4 || !shown.contains(&digits[digits.len() - 3..]));
    }
}

#[test]
fn a_phone_number_that_is_none_is_refused_by_place_and_never_shown() {
    for (text, position, message) in [
        ("", None, "phone number is empty"),
        ("61299999999", Some(0), "phone number does not begin with `+` and its country code"),
        ("0061299999999", Some(0), "phone number does not begin with `+` and its country code"),
        ("+", None, "phone number has fewer than 2 digits"),
        ("+6", None, "phone number has fewer than 2 digits"),
        ("+0299999999", Some(1), "phone number has `0` at byte 1, with which no country code begins"),
        ("+61-29", Some(3), "phone number has `-` at byte 3, where a digit must be"),
        ("++612", Some(1), "phone number has `+` at byte 1, where a digit must be"),
        ("+612\n", Some(4), "phone number has `\\n` at byte 4, where a digit must be"),
        ("+61٢", Some(3), "phone number has `\\u{662}` at byte 3, where a digit must be"),
        ("+1234567890123456", Some(16), "phone number has more than 15 digits"),
    ] {
        let error = PhoneNumber::try_from(text).unwrap_err();
        assert_eq!((error.position(), error.to_string()), (position, message.to_owned()), "{text}");
    }
    assert_eq!(PhoneNumber::new("+123456789012345").unwrap().as_str(), "+123456789012345");
    assert_eq!(
        format!("{:?} {:?}", PhoneNumber::new("+12").unwrap(), PhoneNumber::new("+12345").unwrap()),
        "+… +…45"
    );
}

#[test]
fn the_country_codes_are_the_249_of_iso_3166() {
    let codes: Vec<CountryCode> = CountryCode::known().collect();
    assert_eq!(codes.len(), 249);
    assert!(codes.is_sorted_by(|a, b| a < b), "in order, each once");
    for code in &codes {
        assert_eq!(code.as_str().parse(), Ok(*code));
    }
    for code in [
        "AD", "AU", "AX", "BQ", "CW", "DE", "EH", "GB", "GG", "IM", "JE", "ME", "MF", "PS", "RS", "SS", "SX",
        "TW", "US", "ZW",
    ] {
        assert_eq!(CountryCode::new(code).unwrap().to_string(), code);
    }
    // For users; reserved; withdrawn; never assigned.
    let mut none: Vec<String> =
        ["AA", "ZZ", "UK", "EU", "EZ", "SU", "UN", "AN", "CS", "YU", "TP", "ZR", "AB"]
            .map(String::from)
            .to_vec();
    none.extend(('M'..='Z').map(|letter| format!("Q{letter}")));
    none.extend(('A'..='Z').map(|letter| format!("X{letter}")));
    for code in none {
        let error = CountryCode::new(&code).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("country code `{code}` is not one that iso 3166-1 has assigned")
        );
    }
}

#[test]
fn a_country_code_that_is_none_is_refused_with_what_is_meant() {
    for (text, position, meant, message) in [
        ("", None, None, "country code is not of two letters"),
        ("A", None, None, "country code is not of two letters"),
        ("AUS", None, None, "country code is not of two letters"),
        ("036", Some(0), None, "country code has `0` at byte 0, where a letter must be"),
        ("A ", Some(1), None, "country code has ` ` at byte 1, where a letter must be"),
        ("A\u{1b}", Some(1), None, "country code has `\\u{1b}` at byte 1, where a letter must be"),
        ("ÅU", Some(0), None, "country code has `\\u{c5}` at byte 0, where a letter must be"),
        ("au", Some(0), Some("AU"), "country code has `a` at byte 0, which is not upper case: `AU` is one"),
        ("Au", Some(1), Some("AU"), "country code has `u` at byte 1, which is not upper case: `AU` is one"),
        ("xk", None, None, "country code `xk` is not one that iso 3166-1 has assigned"),
    ] {
        let error = CountryCode::try_from(text).unwrap_err();
        let given = (error.position(), error.meant().map(|code| code.to_string()), error.to_string());
        assert_eq!(given, (position, meant.map(str::to_owned), message.to_owned()), "{text}");
    }
}

#[test]
fn values_are_what_was_given() {
    let number = PhoneNumber::new("+61299999999").unwrap();
    let country = CountryCode::new("AU").unwrap();
    assert_eq!((number.as_ref(), country.as_ref()), ("+61299999999", "AU"));
    assert!(format!("{country:?}").contains("AU"));
    for status in [0, 200, 401, 65_535] {
        assert_eq!(u16::from(Status::new(status)), status);
        assert!(Status::new(status) == status && Status::new(status) != status ^ 1);
    }
}
