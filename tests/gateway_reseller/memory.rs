//! Memory is bounded, whatever stands in a body.

use bytes::Bytes;
use rrp::gateway::MAX_BODY;
use rrp::gateway::reseller::Reply;

/// Bodies of the greatest length, whose contents would take the more memory the more of them were kept.
fn greatest() -> Vec<(&'static str, Bytes)> {
    let fill = |before: &str, piece: &str, last: &str, after: &str| {
        let room = MAX_BODY - before.len() - last.len() - after.len();
        let body = format!("{before}{}{last}{after}", piece.repeat(room / piece.len()));
        assert!(body.len() <= MAX_BODY && body.len() + piece.len() > MAX_BODY);
        Bytes::from(body)
    };
    let error = r#"{"success":false,"error":{"code":"x","message":"#;
    vec![
        ("texts", fill(&format!("{error}{{\"a\":["), "\"\",", "0", "]}}}")),
        ("fields", fill(&format!("{error}{{"), "\"a\":0,", "\"b\":0", "}}}")),
        ("lists", fill(&format!("{error}{{"), "\"a\":[],", "\"b\":[0]", "}}}")),
        ("one field", fill(&format!("{error}{{\"a\":\""), "\\n", "", "\"}}}")),
        ("one name", fill(&format!("{error}{{\""), "\\u0001", "", "\":\"\"}}}")),
        ("message", fill(&format!("{error}\""), "\\n", "", "\"}}")),
        ("plain message", fill(&format!("{error}\""), "n", "", "\"}}")),
        ("list", fill(&format!("{error}["), "[],", "0", "]}}")),
        ("code", fill(r#"{"success":false,"error":{"code":""#, "\\n", "", "\"}}")),
        // A buffer that grows twofold at its very end, and is copied then.
        (
            "code that ends with an escape",
            fill(
                &format!(r#"{{"success":false,"error":{{"code":"\n{}"#, "n".repeat(7 << 20)),
                "n",
                "\\n\\n",
                "\"}}",
            ),
        ),
        ("plain code", fill(r#"{"success":false,"error":{"code":""#, "n", "", "\"}}")),
        ("members", fill("{", "\"a\":0,", "\"success\":true", "}")),
        ("member", fill("{\"", "\\n", "", "\":0,\"success\":true}")),
        ("result", fill("{\"success\":true,\"result\":[", "{\"a\":0},", "0", "]}")),
        ("blanks", fill("", " ", "", "{\"success\":true}")),
    ]
}

#[test]
fn memory_is_bounded_whatever_the_body() {
    for (name, body) in greatest() {
        let mut reply = None;
        let used = allocation_counter::measure(|| reply = Some(Reply::read(200, body.clone())));
        assert!(reply.unwrap().is_ok(), "{name}");
        // What the documentation of the module says.
        let most = 3 * body.len() as u64 + 256 * 1_024;
        assert!(used.bytes_max <= most, "{name}: {} of {most} bytes", used.bytes_max);
    }
    for (name, body) in
        [("deep", vec![b'['; MAX_BODY]), ("quotes", vec![b'"'; MAX_BODY]), ("no text", vec![0xff; MAX_BODY])]
    {
        let body = Bytes::from(body);
        let used = allocation_counter::measure(|| assert!(Reply::read(200, body).is_err()));
        assert!(used.bytes_max <= 4_096, "{name}: {} bytes", used.bytes_max);
    }
}

#[test]
fn printing_takes_little_memory_whatever_the_body() {
    for (name, body) in greatest() {
        let reply = Reply::read(200, body).unwrap();
        let mut printed = String::new();
        let used = allocation_counter::measure(|| printed = format!("{reply:?}"));
        assert!(used.bytes_max < 64 * 1_024, "{name}: {} bytes", used.bytes_max);
        assert!(printed.len() < 16 * 1_024, "{name}: {} bytes", printed.len());
    }
    // Words and separators, which are looked at for secrets.
    for piece in ["a ", "a=", "=", "\\n", "\\u00e4 ", "\\ud83d\\ude00"] {
        for before in ["", "password=hunter2"] {
            // All that stands before the separator is a name, by its last words.
            let message = format!("{before} {}=x", piece.repeat(8_000_000 / piece.len()));
            let body = format!(r#"{{"success":false,"error":{{"code":"x","message":"{message}"}}}}"#);
            let reply = Reply::read(200, Bytes::from(body)).unwrap();
            let mut printed = String::new();
            let used = allocation_counter::measure(|| printed = format!("{reply:?}"));
            assert!(used.bytes_max < 64 * 1_024, "{piece}: {} bytes", used.bytes_max);
            assert_eq!(printed.contains(r#"message: "***""#), !before.is_empty(), "{printed}");
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }
}

#[test]
fn of_many_fields_the_first_are_printed() {
    let fields = |count: usize| {
        let fields: Vec<String> = (0..count).map(|at| format!(r#""f{at}":["x"]"#)).collect();
        let body =
            format!(r#"{{"success":false,"error":{{"code":"x","message":{{{}}}}}}}"#, fields.join(","));
        format!("{:?}", Reply::read(200, Bytes::from(body)).unwrap())
    };
    assert!(fields(32).contains("\"f31\"") && !fields(32).contains("more"));
    let printed = fields(40);
    assert!(printed.contains("\"f31\"") && !printed.contains("\"f32\"") && printed.contains("more: 8"));
}
