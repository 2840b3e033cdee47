//! The ledger of a simulated registry, printed: what was executed, and what it cost.

use std::io::{self, Write};

use rrp::sim::{Change, Ledger};
use serde_json::{Value, json};

use crate::output::{self, escape};

/// Cents as money.
pub(crate) fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// Money as cents: `12`, `12.5`, `12.50`.
pub(crate) fn cents(money: &str) -> Option<i64> {
    let (whole, part) = money.split_once('.').unwrap_or((money, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 2 {
        return None;
    }
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part)
}

/// One line for each command that was executed or refused, then the bill.
pub(crate) fn print(ledger: &Ledger, user: &str, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = ledger
        .entries()
        .iter()
        .filter(|entry| entry.change() != Change::Session)
        .map(|entry| {
            [
                entry
                    .connection()
                    .map_or_else(|| "-".to_owned(), |connection| connection.number().to_string()),
                escape(entry.command()),
                escape(entry.object()),
                entry.code().to_string(),
                did(entry.change()).to_owned(),
                if entry.price() == 0 { String::new() } else { money(entry.price()) },
            ]
        })
        .collect();
    output::table(["connection", "command", "object", "code", "did", "price"], &rows, out)?;
    writeln!(out, "billed to {}: {}", escape(user), money(ledger.billed(user)))
}

pub(crate) fn json(ledger: &Ledger, user: &str) -> Value {
    let entries: Vec<Value> = ledger
        .entries()
        .iter()
        .map(|entry| {
            json!({
                "transaction": entry.transaction(),
                "connection": entry.connection().map(|connection| connection.number()),
                "registrar": entry.registrar(),
                "command": entry.command(),
                "object": entry.object(),
                "code": entry.code(),
                "did": did(entry.change()),
                "cents": entry.price(),
            })
        })
        .collect();
    json!({"ledger": entries, "registrar": user, "billed_cents": ledger.billed(user)})
}

pub(crate) const fn did(change: Change) -> &'static str {
    match change {
        Change::None => "nothing",
        Change::Session => "session",
        Change::Queued => "queued",
        Change::Created => "created",
        Change::Renewed => "renewed",
        Change::Modified => "modified",
        Change::Deleted => "deleted",
        Change::Restored => "restored",
        Change::TransferRequested => "transfer requested",
        Change::Transferred => "transferred",
        Change::TransferEnded => "transfer ended",
        Change::Served => "served",
        _ => "something",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_cents_and_back() {
        for (text, amount) in [("0", 0), ("12", 1_200), ("12.5", 1_250), ("12.05", 1_205)] {
            assert_eq!(cents(text), Some(amount), "{text}");
        }
        for text in ["", ".", "1.", ".5", "-1", "1.234", "1e3", "99999999999999999999"] {
            assert_eq!(cents(text), None, "{text}");
        }
        assert_eq!((money(1_205), money(-5)), ("12.05".to_owned(), "-0.05".to_owned()));
    }
}
