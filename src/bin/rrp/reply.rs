//! How a reply is printed, wherever it came from: for people and as JSON, without secrets unless they are wanted.

use std::io::{self, Write};

use rrp::Reply;
use rrp::code::CodeInfo;
use rrp::reply::{DomainCheck, Item};
use rrp::secret::{REDACTED, assigns_secret};
use rrp::verdict::{Answer, Verdict};
use rrp::wire::Greeting;
use rrp::wire::deframe::Grammar;
use serde_json::{Map, Value, json};

use crate::output::{self, Fields};

/// The name of a line of a reply, which in a text that was no pair may hold a secret too.
fn name(item: &Item<'_>, secrets: bool) -> String {
    if secrets { item.name().into_owned() } else { item.redacted_name() }
}

/// The value of a line of a reply, without secrets unless they are wanted.
fn value(item: &Item<'_>, secrets: bool) -> String {
    if secrets { item.value().into_owned() } else { item.redacted() }
}

/// A text taken out of a reply; the same rule as for the values of its lines.
pub(crate) fn safe(text: &str, secrets: bool) -> String {
    if !secrets && assigns_secret(text) { REDACTED.to_owned() } else { text.to_owned() }
}

/// A reply, and how to show it.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'r> {
    pub(crate) reply: &'r Reply,
    /// What it means where it came.
    pub(crate) verdict: Verdict,
    /// Whether its terminator has come.
    pub(crate) terminated: bool,
    /// Whether secrets are shown too.
    pub(crate) secrets: bool,
}

impl<'r> Shown<'r> {
    /// A whole reply, without secrets.
    pub(crate) const fn new(reply: &'r Reply, verdict: Verdict) -> Self {
        Self { reply, verdict, terminated: true, secrets: false }
    }

    fn text(&self) -> String {
        if self.secrets { self.reply.text().into_owned() } else { self.reply.redacted_text() }
    }

    fn safe(&self, text: &str) -> String {
        safe(text, self.secrets)
    }

    /// Code and text, escaped, on one line.
    pub(crate) fn head(&self) -> String {
        format!("{} {}", self.reply.code(), output::escape(&self.text())).trim_end().to_owned()
    }

    /// What the code means.
    pub(crate) fn meaning(&self) -> &'static str {
        self.reply.code().info().map_or("a code that is on no list", CodeInfo::meaning)
    }

    /// What it means.
    pub(crate) fn fields(&self) -> Fields {
        let Self { reply, verdict, .. } = self;
        let mut fields = Fields::new();
        fields.add("meaning", self.meaning());
        if let Some(answer) = verdict.answer() {
            fields.add("answer", answer.as_str());
        }
        if verdict.closes_connection() {
            // Of a reply that does not fit, it is the client that ends the connection.
            fields.add(
                "connection",
                if verdict.fits() {
                    "closed by the server"
                } else {
                    "ended: the reply answers something else"
                },
            );
        }
        fields.add("executed", output::executed(verdict));
        fields.add("advice", output::advice(verdict.advice()));
        if reply.is_pending() {
            let job = reply.job().map(|job| format!(", job {}", output::escape(&self.safe(&job))));
            fields.add(
                "pending",
                format!("yes{}: accepted, the effect is still to come", job.unwrap_or_default()),
            );
        }
        if !self.terminated {
            fields.add("incomplete", "yes: no terminator has come, and more may have been meant to");
        }
        if let Some(page) = reply.page() {
            let mut line = format!("first {}, count {}", page.first(), page.count());
            for (what, number) in
                [("limit", page.limit()), ("total", page.total()), ("next", page.next_first())]
            {
                if let Some(number) = number {
                    line.push_str(&format!(", {what} {number}"));
                }
            }
            fields.add("page", line);
        }
        fields
    }

    /// Its lines.
    pub(crate) fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        for item in self.reply.lines() {
            write!(out, "  {}", output::escape(&name(&item, self.secrets)))?;
            if let Some(index) = item.index() {
                write!(out, "[{index}]")?;
            }
            let line = format!(" = {}", output::escape(&value(&item, self.secrets)));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// All of it, for people.
    pub(crate) fn print(&self, fields: &Fields, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.head())?;
        fields.write(out)?;
        if self.reply.lines().len() > 0 {
            writeln!(out)?;
        }
        self.lines(out)
    }

    /// All of it, for programs.
    pub(crate) fn json(&self) -> Map<String, Value> {
        let Self { reply, verdict, secrets, .. } = *self;
        let text = self.text();
        let detail =
            text.split_once(';').map(|(_, detail)| detail.trim()).filter(|detail| !detail.is_empty());
        let said = output::verdict_json(&verdict);
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        put("kind", json!("reply"));
        put("grammar", json!(if reply.grammar() == Grammar::Ptf { "ptf" } else { "rrp" }));
        put("terminated", json!(self.terminated));
        put("code", json!(reply.code().as_u16()));
        put("text", json!(text));
        put("detail", json!(detail));
        put("meaning", json!(reply.code().info().map(CodeInfo::meaning)));
        for key in ["class", "answer", "fits", "executed", "word", "advice", "advice_text", "wait", "closes"]
        {
            put(key, json!(said.get(key)));
        }
        put("pending", json!(reply.is_pending()));
        put("job", json!(reply.job().map(|job| self.safe(&job))));
        put("runtime", json!(reply.runtime().map(|runtime| runtime.as_secs_f64())));
        put("queuetime", json!(reply.queuetime().map(|queuetime| queuetime.as_secs_f64())));
        let line = |item: Item<'_>| json!({"name": name(&item, secrets), "index": item.index(), "value": value(&item, secrets)});
        put("lines", reply.lines().map(line).collect());
        let checks = reply.domain_checks();
        if !checks.is_empty() {
            put("domain_checks", checks.iter().map(|check| check_json(check, secrets)).collect());
        }
        if let Some(page) = reply.page() {
            put(
                "page",
                json!({
                    "first": page.first(),
                    "count": page.count(),
                    "limit": page.limit(),
                    "total": page.total(),
                    "next_first": page.next_first(),
                }),
            );
        }
        map
    }
}

fn check_json(check: &DomainCheck<'_>, secrets: bool) -> Value {
    json!({
        "index": check.index(),
        "domain": check.domain().map(|domain| safe(domain, secrets)),
        "code": check.code().map(rrp::ReturnCode::as_u16),
        "text": safe(check.text(), secrets),
        "answer": check.answer().map(Answer::as_str),
    })
}

/// A greeting, for programs.
pub(crate) fn greeting_json(greeting: &Greeting, secrets: bool) -> Value {
    let lines: Vec<String> = greeting.lines().iter().map(|line| safe(line, secrets)).collect();
    json!({
        "kind": "greeting",
        "registry": greeting.registry().map(|registry| safe(registry, secrets)),
        "version": greeting.version().map(|version| safe(version, secrets)),
        "lines": lines,
    })
}
