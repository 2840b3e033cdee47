//! `rrp explain`: everything about one code, whichever system it is of.

use std::io::Write;

use rrp::command::nature::{self, Row};
use rrp::gateway::Sort;
use rrp::gateway::numbers::Status;

use crate::codes;
use crate::entry::{Entry, System};
use crate::exit::Exit;
use crate::failure::{Failure, Refusal};
use crate::output::{self, Fields};
use crate::resend;
use crate::typo;

const STAGE: &str = "explain";
const KNOWN: &str = "`rrp codes --all` lists the known codes";

/// How many codes that have a word in them a hint names.
const MAX_NAMED: usize = 12;

/// A word that is longer is no listed code with a mistake in it.
const LONGEST: usize = 80;

const EXAMPLES: &str = "\
Examples:
  rrp explain 554                             a return code of RRP and XRRP
  rrp explain billing_balance_insufficient    a code of the reseller platform
  rrp explain PARAMETER_REQUIRED              an error code of the telephone-number API
  rrp explain 500                             of two systems: both are explained
  rrp explain 502                             of RRP, and an HTTP status that a proxy sends
  rrp explain http-502                        as an HTTP status alone: --system numbers-http
  rrp explain new_error --system reseller     on no list: what follows from that
  rrp explain balance                         no code: those with the word in them are named
  rrp explain domain_unknown --json           for programs: an array with one object a system

JSON: `system`, `code`, `listed`, `text`, `sort` (null for rrp), what the code means by the names that `rrp codes --json`
has for it, and `resend`: for `read`, `write` (one that costs) and `other_write` (one that does not) what follows.
`then` is accept, refuse, refuse-for-now, resend, read-back, by-nature, probe, doubt or fail, `wait` the seconds before
sending again, `to` the commands that it holds for, null for all.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The code: three digits, perhaps behind `HTTP`, or a word in any case, with `_`, `-` or blanks in it
    code: String,
    /// Whose code it is; else all whose list has it
    #[arg(long)]
    system: Option<System>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    let found = match find(&args.code, args.system) {
        Ok(found) => found,
        Err(refusal) => {
            let unlisted = args.system.and_then(|system| Entry::unlisted(system, args.code.trim()));
            let Some(unlisted) = unlisted else { return Err(refusal.into()) };
            // It was perhaps meant otherwise.
            refusal.note(err);
            vec![unlisted]
        }
    };
    if args.json {
        output::json_array(found.into_iter().map(Entry::json), out)?;
        return Ok(Exit::Yes);
    }
    for (number, entry) in found.into_iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        explain(entry, out)?;
    }
    Ok(Exit::Yes)
}

/// Every system's code of this text.
fn find(text: &str, system: Option<System>) -> Result<Vec<Entry<'static>>, Refusal> {
    let text = text.trim();
    if let (Some(digits), None | Some(System::NumbersHttp)) = (behind_http(text), system) {
        return number(digits, Some(System::NumbersHttp));
    }
    let of_numbers = matches!(system, None | Some(System::Rrp | System::NumbersHttp));
    let of_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if of_numbers && (of_digits || system.is_some()) { number(text, system) } else { word(text, system) }
}

/// What stands behind a leading `HTTP`, if it begins with a digit.
fn behind_http(text: &str) -> Option<&str> {
    let (head, rest) = text.split_at_checked("http".len())?;
    let rest = rest.trim_start_matches([' ', '-', '_']);
    (head.eq_ignore_ascii_case("http") && rest.starts_with(|c: char| c.is_ascii_digit())).then_some(rest)
}

/// What is on a list, of the systems whose codes are numbers, and what a proxy may send; if it is on no list, what follows
/// from the number.
fn number(digits: &str, system: Option<System>) -> Result<Vec<Entry<'static>>, Refusal> {
    if system == Some(System::NumbersHttp) {
        return status(digits).map(|status| vec![status]).ok_or_else(|| {
            let what = format!("`{}`: no HTTP status: not from `100` to `599`", output::escape(digits));
            Refusal::usage(STAGE, what).hint(KNOWN)
        });
    }
    let code = Entry::Rrp(codes::parse(STAGE, digits, KNOWN)?);
    if system.is_some() {
        return Ok(vec![code]);
    }
    let found: Vec<Entry<'_>> = core::iter::once(code).chain(status(digits)).collect();
    let listed = found.iter().any(|entry| entry.is_listed());
    Ok(found.into_iter().filter(|entry| !listed || entry.is_met()).collect())
}

/// The HTTP status of these digits, if there can be one.
fn status(digits: &str) -> Option<Entry<'static>> {
    let number = digits.parse().ok().filter(|number| (100..600).contains(number) && digits.len() == 3)?;
    Some(Entry::NumbersHttp(Status::new(number)))
}

/// The listed codes that are this word, whatever its case, and whatever stands between its parts.
fn word(text: &str, system: Option<System>) -> Result<Vec<Entry<'static>>, Refusal> {
    let plain = plain(text);
    let wanted = |entry: &Entry<'_>| system.is_none_or(|system| entry.system() == system);
    let listed: Vec<(Entry<'_>, String)> =
        Entry::words().filter(wanted).map(|entry| (entry, entry.code())).collect();
    let same = listed.iter().filter(|(_, code)| code.eq_ignore_ascii_case(&plain));
    let found: Vec<Entry<'_>> = same.map(|(entry, _)| *entry).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let what = system.map_or_else(
        || "is on no list of codes".to_owned(),
        |system| format!("is no listed {}", system.heading()),
    );
    let refusal = Refusal::usage(STAGE, format!("`{}` {what}", output::escape(text)));
    let elsewhere = if system.is_some() { find(text, None).unwrap_or_default() } else { Vec::new() };
    Err(match elsewhere.iter().find(|entry| entry.is_listed()) {
        Some(entry) => refusal.hint(format!("found without `--system`: {}", entry.system().heading())),
        None => refusal.hint(hint(text, &plain, listed.iter().map(|(_, code)| code.as_str()))),
    })
}

/// In small letters, its parts joined as the lists join them.
fn plain(text: &str) -> String {
    text.to_lowercase().replace(['-', ' '], "_")
}

/// What may have been meant by a word that is on no list.
fn hint<'n>(text: &str, plain: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    if plain.len() > LONGEST {
        return KNOWN.to_owned();
    }
    if nature::rows().map(Row::name).any(|name| name.eq_ignore_ascii_case(text)) {
        return format!("it is a command: `rrp commands {text}`");
    }
    let mut statuses = Status::known();
    if let Some(status) = statuses.find(|status| self::plain(status.name()) == plain) {
        return format!("it is the name of an HTTP status: `rrp explain http-{}`", status.status());
    }
    let having: Vec<&str> = match plain.len() {
        0..3 => Vec::new(),
        _ => names.clone().filter(|name| name.to_ascii_lowercase().contains(plain)).collect(),
    };
    if having.is_empty() {
        let similar = typo::similar(plain, names);
        return if similar.is_empty() {
            KNOWN.to_owned()
        } else {
            format!("did you mean {}?", similar.join(" or "))
        };
    }
    let named: Vec<String> = having.iter().take(MAX_NAMED).map(|name| format!("`{name}`")).collect();
    match having.len().saturating_sub(MAX_NAMED) {
        0 => format!("it is part of {}", named.join(", ")),
        more => format!("it is part of {} and {more} more; {KNOWN}", named.join(", ")),
    }
}

/// Prints all that is known of a code, below a heading that says whose it is.
fn explain(entry: Entry<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "{}:", entry.system().heading())?;
    if let Entry::Rrp(code) = entry {
        codes::explain(code, out)?;
    } else {
        let name = entry.name().map_or_else(String::new, |name| format!(" {name}"));
        let listed = if entry.is_listed() { "" } else { " (on no list)" };
        writeln!(out, "{}{name}{listed}", entry.code())?;
        let verdict = entry.verdict();
        let mut fields = Fields::new();
        if entry.is_listed() {
            fields.add("text", entry.text().unwrap_or("none"));
        } else {
            fields.add("meaning", entry.unknown());
        }
        fields.add("class", verdict.class().as_str());
        if let Some(sort) = entry.sort() {
            fields.add("sort", Sort::as_str(sort));
        }
        fields.add("executed", output::executed(&verdict));
        fields.add("advice", output::advice(verdict.advice()));
        if !entry.note().is_empty() {
            fields.add("note", entry.note());
        }
        fields.write(out)?;
    }
    writeln!(out, "{}", resend::HEADING)?;
    entry.resend().fields().write(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rrp::code::ReturnCode;

    use super::*;

    fn printed(text: &str, system: Option<System>) -> String {
        let args = Args { code: text.to_owned(), system, json: false };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        assert!(run(&args, &mut out, &mut err).is_ok() && err.is_empty(), "{text}");
        String::from_utf8(out).unwrap()
    }

    fn refused(text: &str, system: Option<System>) -> Vec<u8> {
        let args = Args { code: text.to_owned(), system, json: false };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        assert_eq!(
            run(&args, &mut out, &mut err).unwrap_err().report(&mut Vec::new()),
            Exit::Usage,
            "{text}"
        );
        assert!(out.is_empty() && err.is_empty(), "{text}");
        assert_eq!(run(&args, &mut out, &mut err).unwrap_err().report(&mut err), Exit::Usage, "{text}");
        err
    }

    #[test]
    fn every_listed_code_is_found_as_it_stands_and_otherwise_written() {
        let mut systems = BTreeSet::new();
        for entry in Entry::all() {
            let code = entry.code();
            systems.insert(entry.system().as_str());
            for text in [code.clone(), code.to_lowercase(), code.to_uppercase(), code.replace('_', "-")] {
                for system in [None, Some(entry.system())] {
                    let printed = printed(&text, system);
                    let head = format!("{}:\n{code}", entry.system().heading());
                    assert!(printed.contains(&head), "{text}: {printed}");
                    for line in ["\n  class ", "\n  executed ", "\n  advice ", "\n  a write that costs  "] {
                        assert!(printed.contains(line), "{text}: no {line:?}: {printed}");
                    }
                }
            }
        }
        assert_eq!(systems, ["rrp", "reseller", "numbers", "numbers-http"].into());
    }

    #[test]
    fn a_text_of_any_kind_is_explained_or_refused() {
        let long = "domain_".repeat(20_000);
        for text in
            ["", " ", "_", "-", "0", "99", "099", "1000", "99999999999999999999", "５５４", "5 5", &long]
        {
            for system in [None, Some(System::Reseller), Some(System::NumbersHttp), Some(System::Rrp)] {
                assert!(!refused(text, system).is_empty());
            }
        }
    }

    #[test]
    fn each_number_of_three_digits_means_something() {
        for number in 100..=999 {
            let status = Entry::NumbersHttp(Status::new(number));
            let rrp = ReturnCode::from_u16(number).unwrap().info().is_some();
            let printed = printed(&number.to_string(), None);
            assert_eq!(printed.contains("return code of RRP"), rrp || !status.is_listed(), "{printed}");
            let http = status.is_met() || (!rrp && number < 600);
            assert_eq!(printed.contains("HTTP status of"), http, "{printed}");
        }
    }

    #[test]
    fn a_hint_names_few_codes() {
        let names: Vec<String> = (0..40).map(|number| format!("some_word_{number}")).collect();
        let names = names.iter().map(String::as_str);
        let hint_at = |text: &str| hint(text, &plain(text), names.clone());
        assert!(
            hint_at("WORD").starts_with("it is part of `some_word_0`, `some_word_1`, "),
            "{}",
            hint_at("WORD")
        );
        assert!(hint_at("word").contains("`some_word_11` and 28 more; `rrp codes --all`"));
        assert!(
            hint_at("some-wrod-7").starts_with("did you mean `some_word_7` or "),
            "{}",
            hint_at("some-wrod-7")
        );
        assert_eq!(hint_at("wo"), KNOWN);
        assert_eq!(hint_at("renewdomain"), "it is a command: `rrp commands renewdomain`");
    }
}
