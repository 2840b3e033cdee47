//! Laws of any body.

use bytes::Bytes;
use proptest::prelude::*;
use rrp::gateway::numbers::{Code, Reply, Status};
use serde_json::{Value, json};

use super::read;

/// The name in some letter case, some letters escaped.
fn spelled(name: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec(0..4_u8, name.len()).prop_map(move |how| {
        let letters = name.chars().zip(how).map(|(letter, how)| match how {
            0 => letter.to_ascii_lowercase().to_string(),
            1 => letter.to_ascii_uppercase().to_string(),
            2 => format!("\\u{:04x}", u32::from(letter)),
            _ => letter.to_string(),
        });
        letters.collect()
    })
}

fn error() -> impl Strategy<Value = [Option<String>; 3]> {
    prop::array::uniform3(prop::option::of(any::<String>()))
}

proptest! {
    #[test]
    fn any_case_of_the_names_reads_the_same(
        status in spelled("ResponseStatus"), code in spelled("ErrorCode"), message in spelled("Message"),
        errors in spelled("Errors"), field in spelled("FieldName"), meta in spelled("Meta"),
    ) {
        let body = format!(
            r#"{{"{status}":{{"{code}":"PARAMETER_INVALID","{message}":"m","{errors}":[{{"{field}":"f","{code}":"c","{message}":"n","{meta}":{{}}}}]}}}}"#
        );
        let reply = read(400, body);
        prop_assert_eq!(reply.code(), Some(&Code::PARAMETER_INVALID));
        prop_assert_eq!(reply.message().unwrap(), "m");
        let error = reply.errors().next().unwrap();
        prop_assert_eq!((error.code(), error.meta()), (Some(Code::new("c")), Some("{}")));
        prop_assert_eq!((error.field().unwrap(), error.message().unwrap()), ("f".into(), "n".into()));
    }

    #[test]
    fn any_answer_is_read_as_it_was_written(
        code in prop::option::of(any::<String>()), message in prop::option::of(any::<String>()),
        errors in prop::collection::vec(error(), 0..5), status in prop_oneof![any::<u16>(), 195..=230_u16, 395..=600_u16],
    ) {
        let quiet = message.as_ref().is_none_or(String::is_empty);
        let entries: Vec<Value> = errors
            .iter()
            .map(|[code, field, message]| json!({"ErrorCode": code, "FieldName": field, "Message": message}))
            .collect();
        let body = json!({"a": [1], "ResponseStatus": {"ErrorCode": code, "Message": message, "Errors": entries}});
        let reply = read(status, body.to_string());
        prop_assert_eq!(reply.code().map(Code::as_str), code.as_deref());
        prop_assert_eq!(reply.message().map(String::from), message);
        prop_assert_eq!(reply.status(), status);
        let again: Vec<_> = reply
            .errors()
            .map(|error| [error.code().map(|code| code.as_str().to_owned()), error.field().map(Into::into), error.message().map(Into::into)])
            .collect();
        prop_assert_eq!(again, errors);
        prop_assert_eq!(reply.verdict().completed(), Status::new(status).is_success() && code.is_none() && entries.is_empty() && quiet);
        prop_assert_eq!(reply.read_body::<Value>().unwrap(), body);
    }

    #[test]
    fn no_bytes_panic(status: u16, bytes: Vec<u8>, json in "[\\[\\]{}\",:\\\\a0 nul]{0,40}") {
        for body in [Bytes::from(bytes), Bytes::from(json)] {
            let printed = match Reply::read(status, body) {
                Ok(reply) => format!("{reply:?} {:?}", reply.verdict()),
                Err(error) => format!("{error} {error:?}"),
            };
            prop_assert!(!printed.contains(char::is_control));
        }
    }
}
