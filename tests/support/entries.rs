//! Entries of a journal, out of records as a file holds them.
#![allow(dead_code, reason = "each test uses a part")]

use proptest::prelude::*;
use rrp::dispatch::{Account, Entry, Put};
use rrp::journal::{decode, decode_account};
use serde_json::{Map, Value, json};

/// 2026-01-01, in milliseconds of Unix time.
pub(crate) const NOW: u64 = 1_767_225_600_000;
pub(crate) const DAY: u64 = 24 * 60 * 60 * 1000;

/// The record of an AddDomain with this standing.
pub(crate) fn record(ticket: u64, standing: &str) -> Value {
    let mut record = json!({
        "ticket": ticket,
        "standing": standing,
        "attempts": 1,
        "begun": NOW,
        "changed": NOW,
        "dialect": "ptf",
        "command": "AddDomain",
        "objects": [["domain", format!("n{ticket}.example.com")]],
        "lines": [
            {"name": "domain", "does": "set", "value": {"clear": format!("n{ticket}.example.com")}},
            {"name": "auth", "does": "set", "value": {"hash": format!("{ticket:032x}")}},
        ],
        "resolver": "add-domain",
        "billable": "yes",
        "safety": "read-back",
        "payload": format!("{ticket:032x}"),
    });
    match standing {
        "accepted" => record["summary"] = json!({"proof": "reply", "code": 200, "text": "done"}),
        "refused" => record["summary"] = json!({"proof": "reply", "code": 540, "text": "taken"}),
        _ => {}
    }
    record
}

pub(crate) fn entry_of(record: &Value) -> Entry {
    decode(record.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {record:#}"))
}

pub(crate) fn entry(ticket: u64, standing: &str) -> Entry {
    entry_of(&record(ticket, standing))
}

pub(crate) fn put(ticket: u64, standing: &str) -> Put {
    Put::Entry(entry(ticket, standing))
}

/// What is known of an account with so many sessions, out of a record as a file holds it.
pub(crate) fn account(sessions: u32) -> Account {
    account_of(&json!({
        "version": 1,
        "refused": {"credential": "0123456789abcdef".repeat(2), "why": "530: not right", "at": NOW - 7},
        "held_until": NOW + 300_000,
        "sessions": sessions,
        "boot": "boot-1",
        "ghosts": [NOW + 600_000, NOW + 500_000],
    }))
}

pub(crate) fn account_of(record: &Value) -> Account {
    decode_account(record.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {record:#}"))
}

/// Every sort of record of an account.
pub(crate) fn any_account() -> impl Strategy<Value = Value> {
    let refused = (any::<u128>(), "\\PC{0,80}", any::<u64>())
        .prop_map(|(hash, why, at)| json!({"credential": format!("{hash:032x}"), "why": why, "at": at}));
    let ghosts = prop_oneof![
        prop::collection::vec(any::<u64>(), 0..5),
        prop::collection::vec(any::<u64>(), Account::MAX_GHOSTS),
    ];
    let rest = (prop::option::of(any::<u64>()), any::<u32>(), prop::option::of("\\PC{0,32}"), ghosts);
    (prop::option::of(refused), rest).prop_map(|(refused, (held_until, sessions, boot, ghosts))| {
        let mut record = json!({"version": 1});
        for (name, value) in [
            ("refused", json!(refused)),
            ("held_until", json!(held_until)),
            ("sessions", json!(sessions)),
            ("boot", json!(boot)),
            ("ghosts", json!(ghosts)),
        ] {
            // What a record leaves out.
            if !value.is_null() && value != json!([]) {
                record[name] = value;
            }
        }
        record
    })
}

/// Every sort of record.
pub(crate) fn any_record() -> impl Strategy<Value = Value> {
    let resolvers = [
        "add-domain",
        "add-name-server",
        "add-zone",
        "renew",
        "transfer-request",
        "transfer-approve",
        "transfer-deny",
        "transfer-cancel",
        "delete-domain",
        "delete-name-server",
        "delete-contact",
        "delete-zone",
        "restore",
        "modify-domain",
        "modify-name-server",
        "modify-contact",
        "modify-zone",
    ];
    let objects = prop_oneof![
        "[a-z]{1,9}\\.example\\.com".prop_map(|name| json!(["domain", name])),
        "ns[0-9]\\.example\\.(com|net)".prop_map(|name| json!(["name server", name])),
        "[A-Z]{2}-[0-9]{1,6}".prop_map(|name| json!(["contact", name])),
        "[a-z]{1,9}\\.example\\.org".prop_map(|name| json!(["zone", name])),
    ];
    let head = (any::<u64>(), any::<u32>(), any::<u64>(), any::<u64>(), any::<u128>(), any::<bool>());
    let words = (
        prop::sample::select(vec!["no", "maybe", "yes"]),
        prop::sample::select(vec!["read-back", "trust-reply", "once", "repeatable"]),
        prop::option::of(prop::sample::select(resolvers.to_vec())),
        "\\PC{0,40}",
        prop::option::of("\\PC{0,40}"),
        "[A-Za-z]{1,20}",
    );
    let lists = (
        prop::collection::vec(objects, 0..3),
        prop::collection::vec(any_line(), 0..6),
        prop::collection::vec(any_reading(), 0..3),
        prop::collection::vec((any::<u64>(), "\\PC{0,60}"), 0..5),
    );
    (head, words, lists, any_standing()).prop_map(|(head, words, lists, (standing, summary))| {
        let (ticket, attempts, begun, changed, payload, rrp) = head;
        let (billable, safety, resolver, user, key, command) = words;
        let (objects, lines, before, notes) = lists;
        let mut record = Map::new();
        let mut add = |name: &str, value: Value| {
            // What a record leaves out.
            let empty = value.is_null() || value == json!("") || value == json!([]);
            if !empty || matches!(name, "objects" | "lines") {
                record.insert(name.to_owned(), value);
            }
        };
        add("ticket", json!(ticket));
        add("standing", json!(standing));
        add("summary", summary);
        add("attempts", json!(attempts));
        add("begun", json!(begun));
        add("changed", json!(changed));
        add("dialect", json!(if rrp { "rrp" } else { "ptf" }));
        add("command", json!(command));
        add("objects", json!(objects));
        add("lines", json!(lines));
        add("resolver", json!(resolver));
        add("billable", json!(billable));
        add("safety", json!(safety));
        add("user", json!(user));
        if let Some(key) = key {
            record.insert("key".to_owned(), json!(key));
        }
        record.insert("payload".to_owned(), json!(format!("{payload:032x}")));
        if !before.is_empty() {
            record.insert("before".to_owned(), json!(before));
        }
        if !notes.is_empty() {
            record.insert("notes".to_owned(), json!(notes));
        }
        Value::Object(record)
    })
}

fn any_kept() -> impl Strategy<Value = Value> {
    prop_oneof![
        "\\PC{0,30}".prop_map(|value| json!({"clear": value})),
        any::<u128>().prop_map(|hash| json!({"hash": format!("{hash:032x}")})),
    ]
}

fn any_line() -> impl Strategy<Value = Value> {
    let does = prop::sample::select(vec!["set", "option", "remove", "replace"]);
    ("[A-Za-z0-9]{1,20}", does, any_kept(), any_kept()).prop_map(|(name, does, old, value)| {
        if does == "replace" {
            json!({"name": name, "does": does, "old": old, "value": value})
        } else {
            json!({"name": name, "does": does, "value": value})
        }
    })
}

fn any_reading() -> impl Strategy<Value = Value> {
    let fields = prop::collection::vec(("[a-z]{1,20}", any_kept()), 0..5);
    (200_u16..560, any::<bool>(), fields)
        .prop_map(|(code, whole, fields)| json!({"code": code, "whole": whole, "fields": fields}))
}

fn any_standing() -> impl Strategy<Value = (&'static str, Value)> {
    let proof = prop::sample::select(vec!["reply", "read-back", "guard", "created-within-a-day", "operator"]);
    let code = prop::option::of(200_u16..560);
    let texts = ("\\PC{0,80}", prop::option::of("\\PC{1,20}"), prop::option::of("[0-9-]{10}"));
    let summary =
        (proof, code, any::<bool>(), texts).prop_map(|(proof, code, pending, (text, job, expires))| {
            let mut map = Map::new();
            map.insert("proof".to_owned(), json!(proof));
            if let Some(code) = code {
                map.insert("code".to_owned(), json!(code));
            }
            map.insert("text".to_owned(), json!(text));
            if pending {
                map.insert("pending".to_owned(), json!(true));
            }
            (map, job, expires)
        });
    let standing = prop::sample::select(vec!["open", "in-doubt", "not-applied", "accepted", "refused"]);
    (standing, summary, any::<bool>()).prop_map(|(standing, (mut map, job, expires), for_now)| {
        if !matches!(standing, "accepted" | "refused") {
            return (standing, Value::Null);
        }
        if standing == "refused" && for_now {
            map.insert("for_now".to_owned(), json!(true));
        }
        if let Some(job) = job {
            map.insert("job".to_owned(), json!(job));
        }
        if let Some(expires) = expires {
            map.insert("expires".to_owned(), json!(expires));
        }
        (standing, Value::Object(map))
    })
}
