//! Return codes, verdicts, and the types of floor 0 on any text.

use arbitrary::{Arbitrary, Unstructured};
use rrp::command::DomainStatus;
use rrp::name::NameError;
use rrp::secret::is_secret_name;
use rrp::text::{ModValue, ParameterName, TextError, same_name};
use rrp::verb::{Entity, Verb};
use rrp::verdict::{Class, Verdict};
use rrp::{Context, DomainName, HostName, RegistryDate, ReturnCode, ServerAddress, Token, Value};

use super::{assert_error_printable, assert_printable};

/// Two bytes of a number, one of a context, then digits and text.
pub fn code_table(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let (Ok(number), Ok(context)) = (u16::arbitrary(&mut u), Context::arbitrary(&mut u)) else { return };
    let rest = u.take_rest();
    numbers(number, rest);
    let codes = [ReturnCode::from_u16(number), ReturnCode::from_bytes(rest.get(..3).unwrap_or_default())];
    for code in codes.into_iter().flatten() {
        let verdict = code.verdict(context);
        laws(code, context, &verdict);
        assert_printable(&format!("{verdict:?} {} {}", verdict.advice(), verdict.class()));
        assert_eq!(code.info().is_some(), ReturnCode::known().any(|info| info.code() == code));
    }
    let text = String::from_utf8_lossy(rest);
    texts(&text);
    names(&text);
    let (a, b) = rest.split_at(rest.len() / 2);
    assert_eq!(same_name(a, b), super::naive::folded(a) == super::naive::folded(b));
    assert!(same_name(a, a));
}

/// Every place where an answer can come.
pub(crate) fn contexts() -> impl Iterator<Item = Context> {
    let checks = [Entity::Domain, Entity::NameServer].map(Context::Check);
    let others = [Context::Login, Context::PtfCheck, Context::Ptf, Context::Unsolicited];
    Verb::ALL.into_iter().map(Context::Rrp).chain(checks).chain(others)
}

/// What holds of every verdict, whatever the code and the place.
pub(crate) fn laws(code: ReturnCode, context: Context, verdict: &Verdict) {
    let at = (code, context, verdict);
    assert!(verdict.fits() || !verdict.completed(), "a misfit completes nothing: {at:?}");
    assert!(verdict.fits() || verdict.closes_connection(), "a misfit ends the connection: {at:?}");
    assert!(!verdict.completed() || verdict.class() == Class::Success, "{at:?}");
    assert!(verdict.answer().is_none() || verdict.completed(), "an answer without completion: {at:?}");
    assert!(verdict.answer().is_none() || verdict.answer() == code.answer(), "{at:?}");
    assert!(!code.closes_connection() || verdict.closes_connection(), "a closing code: {at:?}");
    if context == Context::Unsolicited {
        assert!(!verdict.completed(), "nothing was asked: {at:?}");
        assert!(code.class() != Class::Success || !verdict.fits(), "{at:?}");
    }
    assert!(verdict.advice().wait().is_none_or(|wait| wait.as_secs() < 86_400), "{at:?}");
}

fn numbers(number: u16, rest: &[u8]) {
    let code = ReturnCode::from_u16(number);
    assert_eq!(code.is_ok(), (100..=999).contains(&number));
    let printed = number.to_string();
    assert_eq!(ReturnCode::from_bytes(printed.as_bytes()), code);
    assert_eq!(printed.parse(), code);
    assert_eq!(ReturnCode::try_from(number), code);
    match code {
        Ok(code) => {
            assert_eq!((code.to_string(), format!("{code:?}")), (printed.clone(), printed));
            assert_eq!((code.as_u16(), u16::from(code)), (number, number));
            assert_eq!(code, number);
        }
        Err(error) => assert_error_printable(&error),
    }
    for digits in [rest, rest.get(..3).unwrap_or_default()] {
        let text = std::str::from_utf8(digits).ok();
        let number = text.filter(|_| digits.len() == 3 && digits.iter().all(u8::is_ascii_digit));
        let number = number.and_then(|digits| digits.parse().ok()).filter(|number| *number >= 100_u16);
        assert_eq!(ReturnCode::from_bytes(digits).ok().map(ReturnCode::as_u16), number);
        if let Some(text) = text {
            assert_eq!(text.parse::<ReturnCode>().ok().map(ReturnCode::as_u16), number);
        }
    }
}

/// A text is kept as it is, or refused at a character that is there.
fn kept(text: &str, taken: Result<&str, &TextError>) {
    match taken {
        Ok(taken) => {
            assert_eq!(taken, text);
            assert_printable(taken);
        }
        Err(error) => {
            assert_eq!(error.position().is_some(), error.character().is_some());
            if let (Some(at), Some(found)) = (error.position(), error.character()) {
                assert!(text[at..].starts_with(found), "`{found:?}` is not at byte {at}");
            }
            assert_error_printable(error);
        }
    }
}

fn texts(text: &str) {
    let (token, parameter) = (Token::new(text), ParameterName::new(text));
    let (value, of_mod) = (Value::new(text), ModValue::new(text));
    kept(text, token.as_ref().map(Token::as_str));
    kept(text, parameter.as_ref().map(ParameterName::as_str));
    kept(text, value.as_ref().map(Value::as_str));
    kept(text, of_mod.as_ref().map(ModValue::as_str));
    let status = DomainStatus::new(text);
    kept(text, status.as_ref().map(DomainStatus::as_str));
    assert_eq!(status.is_ok(), token.is_ok());
    assert_eq!(of_mod.is_ok(), value.is_ok() && !text.is_empty() && !text.contains('='));
    assert!(token.is_err() || value.is_ok(), "a word is a value");
    assert!(parameter.is_err() || value.is_ok(), "the name of a parameter is a value");
    if let Some(date) = RegistryDate::parse(text) {
        assert_eq!(RegistryDate::parse(&date.to_string()), Some(date));
    }
    assert_eq!(is_secret_name(text), is_secret_name(&text.to_ascii_uppercase()));
    match text.parse::<ServerAddress>() {
        Ok(address) => assert_eq!(address.to_string().parse(), Ok(address)),
        Err(error) => assert_error_printable(&error),
    }
}

fn names(text: &str) {
    let (domain, host) = (DomainName::new(text), HostName::new(text));
    assert_eq!(domain.as_ref().map(DomainName::as_str).ok(), host.as_ref().map(HostName::as_str).ok());
    let name = match domain {
        Ok(name) => name,
        Err(error) => return refused(text, &error),
    };
    let canonical = name.as_str();
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    assert!(canonical.bytes().all(plain), "`{canonical}` is not canonical");
    assert!(canonical.len() <= 253 && name.labels().count() >= 2);
    assert!(name.labels().all(|label| (1..=63).contains(&label.len())));
    // However it is spelled, it is one name.
    for spelling in [canonical, &canonical.to_uppercase(), &format!("{canonical}."), name.as_given()] {
        let again = DomainName::new(spelling);
        assert_eq!(again.as_ref().map(DomainName::as_str), Ok(canonical), "spelled `{spelling}`");
    }
    assert_printable(name.as_given());
    assert!(Value::new(canonical).is_ok() && ModValue::new(canonical).is_ok(), "a name is a value");
}

fn refused(text: &str, error: &NameError) {
    if let Some(at) = error.position().filter(|_| text.is_ascii()) {
        assert!(at <= text.len(), "{at} is beyond `{text}`");
    }
    assert_error_printable(error);
}
