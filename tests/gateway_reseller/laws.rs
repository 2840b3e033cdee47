//! Laws of reading, on any bytes and any JSON.

use bytes::Bytes;
use proptest::prelude::*;
use rrp::gateway::reseller::{Code, Field, Reply};

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(status: u16, body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(reply) = Reply::read(status, Bytes::from(body)) {
            prop_assert!(!reply.verdict().completed() || reply.code().is_none());
        }
    }

    #[test]
    fn nearly_json_does_not_panic(status: u16, pieces in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"success\"", "\"error\"", "\"code\"", "\"message\"", "\"result\"", "true", "false",
        "null", "\"a\"", "0", "\\", "\"", " ",
    ]), 0..40)) {
        let body = pieces.concat();
        let naive = serde_json::from_str::<serde_json::Value>(&body).ok();
        if let Ok(reply) = Reply::read(status, Bytes::from(body)) {
            let naive = naive.expect("it is JSON");
            prop_assert_eq!(naive["success"].as_bool(), Some(reply.code().is_none()));
        }
    }

    #[test]
    fn every_error_comes_back(status: u16, code: String, message in json(), result in json(), pretty: bool) {
        let value = serde_json::json!({ "result": result, "success": false, "error": { "message": message, "code": code } });
        let body = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let reply = Reply::read(status, Bytes::from(body)).unwrap();
        prop_assert_eq!(reply.code().map(Code::as_str), Some(code.as_str()));
        prop_assert_eq!(reply.status(), status);
        match &message {
            serde_json::Value::Null => prop_assert_eq!(reply.message(), None),
            serde_json::Value::String(text) => prop_assert_eq!(reply.message(), Some(text.as_str())),
            other => prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(reply.message().unwrap()).unwrap(), other),
        }
        let fields: Vec<&str> = reply.fields().map(Field::name).collect();
        let expected: Vec<&str> = message.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        prop_assert_eq!(fields, expected);
        prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(reply.result().unwrap()).unwrap(), &result);
        prop_assert!(!reply.verdict().completed());
    }

    #[test]
    fn every_success_comes_back(result in json()) {
        let body = serde_json::json!({ "success": true, "result": result }).to_string();
        let reply = Reply::read(200, Bytes::from(body)).unwrap();
        prop_assert_eq!(reply.read_result::<serde_json::Value>().unwrap(), result);
        prop_assert!(reply.verdict().completed());
    }
}
