//! `rrp codes`: the list of return codes, and everything about one; with `--all`, the lists of the other systems too.

use std::io::Write;

use rrp::code::{CodeInfo, Context, ReturnCode};
use rrp::gateway::Sort;
use rrp::verb::Verb;
use rrp::verdict::{Answer, Verdict};
use serde_json::{Map, Value, json};

use crate::entry::Entry;
use crate::exit::Exit;
use crate::failure::{Failure, Refusal};
use crate::output::{self, Fields};

const STAGE: &str = "codes";
const KNOWN: &str = "`rrp codes` lists the known codes";

/// So much of a text stands in the list of all systems' codes, in characters.
const MAX_TEXT: usize = 60;

const EXAMPLES: &str = "\
Examples:
  rrp codes             every listed code
  rrp codes 554         what one says
  rrp codes 599         what a code that is on no list says
  rrp codes --json      for programs
  rrp codes --all       the codes of the reseller platform and of the telephone-number API, too";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The code to explain: three digits
    code: Option<String>,
    /// List the codes of the two other APIs, too, each with its system; --json has the whole of long texts
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    if args.all {
        return every(args, out);
    }
    match (&args.code, args.json) {
        (None, true) => {
            output::json_array(ReturnCode::known().map(|info| Value::Object(json(info.code()))), out)?
        }
        (None, false) => list(out)?,
        (Some(code), true) => output::json_value(&Value::Object(explained(parse(STAGE, code, KNOWN)?)), out)?,
        (Some(code), false) => explain(parse(STAGE, code, KNOWN)?, out)?,
    }
    Ok(Exit::Yes)
}

/// Every code of every system.
fn every(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    if let Some(code) = &args.code {
        let refusal = Refusal::usage(STAGE, "`--all` lists every code, and explains none");
        return Err(refusal.hint(format!("`rrp explain {}`", output::escape(code))).into());
    }
    if args.json {
        output::json_array(Entry::all().map(|entry| entry.json()), out)?;
        return Ok(Exit::Yes);
    }
    let rows: Vec<_> = Entry::all()
        .map(|entry| {
            let verdict = entry.verdict();
            [
                entry.system().as_str().to_owned(),
                entry.code(),
                verdict.class().to_string(),
                entry.sort().map_or("-", Sort::as_str).to_owned(),
                verdict.executed().to_string(),
                output::cut(entry.text().unwrap_or("-"), MAX_TEXT),
            ]
        })
        .collect();
    output::table(["system", "code", "class", "sort", "executed", "text"], &rows, out)?;
    Ok(Exit::Yes)
}

/// The code of these digits; if they are none, perhaps a result code of EPP was meant, else `known` says where to look.
pub(crate) fn parse(stage: &'static str, digits: &str, known: &str) -> Result<ReturnCode, Refusal> {
    digits.parse().map_err(|error: rrp::InvalidReturnCode| {
        let refusal = Refusal::usage(stage, format!("`{}`", output::escape(digits))).because(error);
        let epp = digits.parse().unwrap_or(0_u16);
        let near = ReturnCode::known().filter(|info| info.epp() == epp);
        let near: Vec<String> = near.map(|info| format!("`{}`", info.code())).collect();
        if near.is_empty() {
            refusal.hint(known)
        } else {
            refusal.hint(format!("as a result code of EPP it is nearest to {}", near.join(", ")))
        }
    })
}

/// The verdict on a code where nothing is known of the place.
pub(crate) fn plain(code: ReturnCode) -> Verdict {
    // To a code of no list, "some PTF command" adds nothing.
    code.info().map_or_else(|| code.verdict(Context::Ptf), CodeInfo::verdict)
}

fn list(out: &mut dyn Write) -> Result<(), Failure> {
    let rows: Vec<_> = ReturnCode::known()
        .map(|info| {
            let verdict = info.verdict();
            [
                info.code().to_string(),
                verdict.class().to_string(),
                verdict.answer().map_or("-", Answer::as_str).to_owned(),
                output::yes_no(verdict.closes_connection()).to_owned(),
                verdict.executed().to_string(),
                info.text().to_owned(),
            ]
        })
        .collect();
    output::table(["code", "class", "answer", "closes", "executed", "text"], &rows, out)?;
    Ok(())
}

/// Prints all that is known of a code.
pub(crate) fn explain(code: ReturnCode, out: &mut dyn Write) -> Result<(), Failure> {
    let verdict = plain(code);
    let mut fields = Fields::new();
    match code.info() {
        Some(info) => {
            writeln!(out, "{code} {}", info.text())?;
            match (info.cnr_text(), info.rfc_text()) {
                (None, _) => fields.add("CNR text", "none"),
                (cnr, rfc) if cnr != rfc => fields.add("RFC text", rfc.unwrap_or("none")),
                _ => {}
            }
            fields.add("meaning", info.meaning());
        }
        None => {
            writeln!(out, "{code} (on no list)")?;
            fields.add("meaning", "unknown: what stands here follows from the first digit alone");
        }
    }
    fields.add("class", verdict.class().as_str());
    if let Some(answer) = verdict.answer() {
        fields.add("answer", answer.as_str());
    }
    fields.add("connection", connection(&verdict));
    fields.add("executed", output::executed(&verdict));
    fields.add("advice", output::advice(verdict.advice()));
    if let Some(info) = code.info() {
        fields.add("nearest EPP", info.epp().to_string());
        let names = |found: Vec<&str>| if found.is_empty() { "-".to_owned() } else { found.join(", ") };
        fields.add("success of", names(verbs(code, Verb::success_codes)));
        fields.add("failure of", names(verbs(code, Verb::failure_codes)));
    }
    fields.write(out)?;
    for elsewhere in differing(code) {
        writeln!(out, "in answer to {}:", elsewhere.phrase())?;
        elsewhere.fields(&verdict).write(out)?;
    }
    Ok(())
}

const fn connection(verdict: &Verdict) -> &'static str {
    if verdict.closes_connection() { "closed by the server" } else { "stays open" }
}

/// The RRP commands whose list, of successes or failures, has the code.
fn verbs(code: ReturnCode, codes: impl Fn(Verb) -> &'static [u16]) -> Vec<&'static str> {
    let has = |verb: &Verb| codes(*verb).contains(&code.as_u16());
    Verb::ALL.into_iter().filter(has).map(Verb::as_str).collect()
}

/// What an answer may answer: a word for programs, a phrase for people.
struct Place {
    key: &'static str,
    phrase: &'static str,
    context: Context,
}

/// Every place. SESSION is the login.
fn places() -> Vec<Place> {
    let verb = |verb: Verb| Place { key: verb.as_str(), phrase: verb.as_str(), context: Context::Rrp(verb) };
    let mut places = vec![Place { key: "login", phrase: "a login", context: Context::Login }];
    places.extend(Verb::ALL.into_iter().filter(|verb| *verb != Verb::Session).map(verb));
    places.extend([
        Place { key: "ptf check", phrase: "a PTF check", context: Context::PtfCheck },
        Place { key: "ptf", phrase: "another PTF command", context: Context::Ptf },
        Place { key: "nothing", phrase: "nothing", context: Context::Unsolicited },
    ]);
    places
}

/// Places where a code says something other than its plain verdict, and what.
struct Elsewhere {
    places: Vec<Place>,
    verdict: Verdict,
}

/// The places, those with the same verdict together.
fn differing(code: ReturnCode) -> Vec<Elsewhere> {
    let mut found: Vec<Elsewhere> = Vec::new();
    for place in places() {
        let verdict = code.verdict(place.context);
        if verdict == plain(code) {
            continue;
        }
        match found.iter_mut().find(|elsewhere| elsewhere.verdict == verdict) {
            Some(elsewhere) => elsewhere.places.push(place),
            None => found.push(Elsewhere { places: vec![place], verdict }),
        }
    }
    found
}

impl Elsewhere {
    /// `a, b or c`, or `anything but d` where that is shorter.
    fn phrase(&self) -> String {
        let here = |place: &Place| self.places.iter().any(|own| own.context == place.context);
        let others: Vec<Place> = places().into_iter().filter(|place| !here(place)).collect();
        let phrases = |places: &[Place]| places.iter().map(|place| place.phrase).collect::<Vec<_>>();
        match (others.is_empty(), others.len() < self.places.len()) {
            (true, _) => "anything".to_owned(),
            (false, true) => format!("anything but {}", alternatives(&phrases(&others))),
            (false, false) => alternatives(&phrases(&self.places)),
        }
    }

    /// What differs from the plain verdict.
    fn fields(&self, plain: &Verdict) -> Fields {
        let there = &self.verdict;
        let mut fields = Fields::new();
        if !there.fits() {
            fields.add("fits", "no: it answers something else");
        }
        if there.class() != plain.class() {
            fields.add("class", there.class().as_str());
        }
        if there.answer() != plain.answer() {
            fields.add("answer", there.answer().map_or("none", Answer::as_str));
        }
        if there.closes_connection() != plain.closes_connection() {
            // Of a reply that does not fit, it is the client that ends the connection.
            fields.add("connection", if there.fits() { connection(there) } else { "to be closed" });
        }
        if (there.executed(), there.word()) != (plain.executed(), plain.word()) {
            fields.add("executed", output::executed(there));
        }
        if there.advice() != plain.advice() {
            fields.add("advice", output::advice(there.advice()));
        }
        fields
    }

    fn json(&self) -> Value {
        let mut map = Map::new();
        map.insert("to".to_owned(), self.places.iter().map(|place| json!(place.key)).collect());
        map.extend(output::verdict_json(&self.verdict));
        Value::Object(map)
    }
}

/// `a, b or c`.
pub(crate) fn alternatives(phrases: &[&str]) -> String {
    match phrases.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}

/// All that is known of a code.
pub(crate) fn explained(code: ReturnCode) -> Map<String, Value> {
    let mut map = json(code);
    map.insert("elsewhere".to_owned(), differing(code).iter().map(Elsewhere::json).collect());
    map
}

fn json(code: ReturnCode) -> Map<String, Value> {
    let info = code.info();
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("code", json!(code.as_u16()));
    put("listed", json!(info.is_some()));
    put("text", json!(info.map(CodeInfo::text)));
    put("cnr_text", json!(info.and_then(CodeInfo::cnr_text)));
    put("rfc_text", json!(info.and_then(CodeInfo::rfc_text)));
    put("meaning", json!(info.map(CodeInfo::meaning)));
    put("epp", json!(info.map(CodeInfo::epp)));
    put("success_of", json!(verbs(code, Verb::success_codes)));
    put("failure_of", json!(verbs(code, Verb::failure_codes)));
    map.extend(output::verdict_json(&plain(code)));
    map
}
