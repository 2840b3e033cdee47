//! How things are printed: escaped, in columns, wrapped, as JSON. No width, colour or locale of a terminal matters.

use std::io::{self, Write};

use rrp::verdict::{Advice, Answer, Verdict};
use serde_json::{Map, Value, json};

/// Where a line of our own words ends.
const WIDTH: usize = 100;

/// What a peer or the user wrote, so that no terminal takes it for an order: control characters, and what does not
/// show, become `\r`, `\u{1b}` and the like, a backslash becomes two. Letters of every script stay.
pub(crate) fn escape(text: &str) -> String {
    // Every quote got a backslash of its own, and the one before it is that one.
    text.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\"")
}

/// `key  value` lines with the values in one column. For our own words: long ones are wrapped.
pub(crate) struct Fields {
    rows: Vec<(&'static str, String)>,
    /// How wide the keys are at least.
    keys: usize,
}

impl Fields {
    pub(crate) const fn new() -> Self {
        Self::with_keys(0)
    }

    /// With keys that are at least so wide, to stand below others.
    pub(crate) const fn with_keys(keys: usize) -> Self {
        Self { rows: Vec::new(), keys }
    }

    pub(crate) fn add(&mut self, key: &'static str, value: impl Into<String>) {
        self.rows.push((key, value.into()));
    }

    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let keys = self.rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0).max(self.keys);
        for (key, value) in &self.rows {
            let room = WIDTH.saturating_sub(keys).saturating_sub(4);
            let mut key = *key;
            for line in wrap(value, room) {
                writeln!(out, "  {key:keys$}  {line}")?;
                key = "";
            }
        }
        Ok(())
    }
}

/// A text in lines of at most `width` characters, or one word.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0_usize;
    for word in text.split(' ') {
        let len = word.chars().count();
        match lines.last_mut() {
            Some(line) if used == 0 || used.saturating_add(1).saturating_add(len) <= width => {
                if used > 0 {
                    line.push(' ');
                    used = used.saturating_add(1);
                }
                line.push_str(word);
                used = used.saturating_add(len);
            }
            _ => {
                lines.push(word.to_owned());
                used = len;
            }
        }
    }
    lines
}

/// A text of at most `width` characters, the last of them `…` if there were more.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Rows below a head, in columns as wide as their longest cell.
pub(crate) fn table<const N: usize>(
    head: [&str; N],
    rows: &[[String; N]],
    out: &mut dyn Write,
) -> io::Result<()> {
    let head = head.map(str::to_owned);
    let mut widths = [0_usize; N];
    for row in core::iter::once(&head).chain(rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in core::iter::once(&head).chain(rows) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// A JSON array with one element a line, written as the elements come.
pub(crate) struct JsonArray {
    empty: bool,
}

impl JsonArray {
    pub(crate) fn begin(out: &mut dyn Write) -> io::Result<Self> {
        write!(out, "[")?;
        Ok(Self { empty: true })
    }

    pub(crate) fn push(&mut self, element: &Value, out: &mut dyn Write) -> io::Result<()> {
        let separator = if self.empty { "\n" } else { ",\n" };
        self.empty = false;
        write!(out, "{separator}{}", escape_json(&element.to_string()))
    }

    pub(crate) fn end(self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}]", if self.empty { "" } else { "\n" })
    }
}

/// A whole JSON array.
pub(crate) fn json_array(elements: impl Iterator<Item = Value>, out: &mut dyn Write) -> io::Result<()> {
    let mut array = JsonArray::begin(out)?;
    for element in elements {
        array.push(&element, out)?;
    }
    array.end(out)
}

/// One JSON value for people: indented.
pub(crate) fn json_value(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", escape_json(&format!("{value:#}")))
}

/// JSON without what a terminal may take for an order. JSON itself escapes only what lies below U+0020; what is
/// escaped here can stand only in its strings.
pub(crate) fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        let order = c.is_control() && c != '\n'
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if order {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// What a verdict says, for JSON: `class`, `answer`, `fits`, `closes`, `executed`, `word`, `advice` (a word and a
/// sentence) and `wait` (seconds).
pub(crate) fn verdict_json(verdict: &Verdict) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("class", json!(verdict.class().as_str()));
    put("answer", json!(verdict.answer().map(Answer::as_str)));
    put("fits", json!(verdict.fits()));
    put("closes", json!(verdict.closes_connection()));
    put("executed", json!(verdict.executed().as_str()));
    put("word", json!(verdict.word().as_str()));
    put("advice", json!(verdict.advice().keyword()));
    put("advice_text", json!(verdict.advice().as_str()));
    put("wait", json!(verdict.advice().wait().map(|wait| wait.as_secs_f64())));
    map
}

pub(crate) const fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Whether it was executed, and who says so.
pub(crate) fn executed(verdict: &Verdict) -> String {
    format!("{}, by {}", verdict.executed(), verdict.word().as_str())
}

/// What to do next, and how long to wait.
pub(crate) fn advice(advice: Advice) -> String {
    match advice.wait() {
        None => advice.to_string(),
        Some(wait) if wait.is_zero() => format!("{advice} (at once)"),
        Some(wait) => format!("{advice} ({} s or more)", wait.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_to_a_terminal_are_escaped_and_letters_stay() {
        assert_eq!(escape("\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\r"), "\\u{1b}]0;x\\u{7}\\u{9b}31m\\u{202e}\\r");
        assert_eq!(escape("bücher.example 日本 \u{fffd}"), "bücher.example 日本 \u{fffd}");
        assert_eq!(escape(r#"it's "so" \' \n"#), r#"it's "so" \\' \\n"#);
    }

    #[test]
    fn json_holds_no_order_and_means_the_same() {
        let value = json!({"a": "\u{1b}\u{7f}\u{9b}\u{202e}\n"});
        let compact = escape_json(&value.to_string());
        let pretty = escape_json(&format!("{value:#}"));
        assert!(
            !compact.chars().chain(pretty.chars()).any(|c| c != '\n' && (c.is_control() || c == '\u{202e}'))
        );
        assert_eq!(serde_json::from_str::<Value>(&compact).unwrap(), value);
        assert_eq!(serde_json::from_str::<Value>(&pretty).unwrap(), value);
    }

    #[test]
    fn long_words_of_ours_are_wrapped() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("aaaaaaa b", 5), ["aaaaaaa", "b"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("bücher", 6), "bücher");
        assert_eq!(cut("bücher", 5), "büch…");
        assert_eq!(cut("aa bb", 4), "aa…");
    }

    #[test]
    fn an_empty_array_is_an_array() {
        let mut out = Vec::new();
        json_array(core::iter::empty(), &mut out).unwrap();
        assert_eq!(out, b"[]\n");
    }
}
