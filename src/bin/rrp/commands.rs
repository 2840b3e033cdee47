//! `rrp commands`: the table of commands, and what is known about repeating one.

use std::io::Write;

use rrp::Token;
use rrp::command::nature::{self, Row, When};
use rrp::command::{Dialect, Effect, Nature, Repeat, Settle};
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::failure::{Failure, Refusal};
use crate::output::{self, Fields};
use crate::typo;

const STAGE: &str = "commands";

const EXAMPLES: &str = "\
Examples:
  rrp commands                every listed command
  rrp commands RenewDomain    what is known about one
  rrp commands QueryFoo       what is assumed about a command that is not listed
  rrp commands --json         for programs";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The name of a command: a PTF name or an RRP verb, in any case
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    let Some(name) = &args.name else {
        if args.json {
            output::json_array(nature::rows().map(json), out)?;
        } else {
            list(out)?;
        }
        return Ok(Exit::Yes);
    };
    let name = Token::new(name).map_err(|error| {
        Refusal::usage(STAGE, format!("`{}`", output::escape(name)))
            .because(error)
            .hint("`rrp commands` lists the known commands")
    })?;
    let rows: Vec<&Row> = nature::rows().filter(|row| same(row.name(), name.as_str())).collect();
    match (rows.is_empty(), args.json) {
        (true, true) => output::json_array([unlisted_json(&name)].into_iter(), out)?,
        (true, false) => unlisted(&name, out)?,
        (false, true) => output::json_array(rows.into_iter().map(json), out)?,
        (false, false) => explain(&rows, out)?,
    }
    let similar = typo::similar(name.as_str(), nature::rows().map(Row::name));
    if !similar.is_empty() {
        out.flush()?;
        // A hint that nobody sees is no failure.
        let _ = writeln!(err, "hint: did you mean {}?", similar.join(" or "));
    }
    Ok(Exit::Yes)
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn list(out: &mut dyn Write) -> Result<(), Failure> {
    let rows: Vec<_> = nature::rows()
        .map(|row| {
            let nature = row.nature();
            [
                row.name().to_owned(),
                dialect(row.dialect()).to_owned(),
                when(row).unwrap_or_else(|| "-".to_owned()),
                nature.effect().as_str().to_owned(),
                nature.billable().as_str().to_owned(),
                match nature.repeat() {
                    Repeat::Refused => "refused",
                    Repeat::Guarded => "guarded",
                    other => other.as_str(),
                }
                .to_owned(),
                settle(nature.settle()),
            ]
        })
        .collect();
    output::table(["name", "dialect", "when", "effect", "billable", "repeat", "settled by"], &rows, out)?;
    Ok(())
}

/// All rows of one name. What the sources say is printed once where they say it of several rows.
fn explain(rows: &[&Row], out: &mut dyn Write) -> Result<(), Failure> {
    let texts = |row: &Row| (row.dialect(), row.repetition(), row.resolver(), row.note());
    let mut rest = rows.iter().peekable();
    while let Some(row) = rest.next() {
        write!(out, "{} ({})", row.name(), dialect(row.dialect()))?;
        match when(row) {
            Some(when) => writeln!(out, ", {when}")?,
            None => writeln!(out)?,
        }
        fields(&row.nature()).write(out)?;
        if rest.peek().is_none_or(|next| texts(next) != texts(row)) {
            writeln!(out, "the sources say:")?;
            let mut sources = Fields::new();
            for (key, text) in
                [("repetition", row.repetition()), ("reading back", row.resolver()), ("note", row.note())]
            {
                if !text.is_empty() {
                    sources.add(key, text);
                }
            }
            sources.write(out)?;
        }
        if rest.peek().is_none_or(|next| next.dialect() != row.dialect()) && row.when() != When::Always {
            writeln!(out, "{} ({}), {OTHERWISE}", row.name(), dialect(row.dialect()))?;
            fields(&fallback(row)).write(out)?;
        }
    }
    Ok(())
}

const OTHERWISE: &str = "otherwise";

/// The nature of a listed command to which none of its rows applies.
fn fallback(row: &Row) -> Nature {
    match row.dialect() {
        Dialect::Rfc => Nature::UNKNOWN,
        _ => Nature::by_name(row.name()),
    }
}

fn fields(nature: &Nature) -> Fields {
    let mut fields = Fields::new();
    let (does, kind) = (nature.effect().as_str(), nature.kind().as_str());
    let plain = nature.effect() != Effect::Write;
    fields.add("effect", if plain { does.to_owned() } else { format!("{does} ({kind})") });
    fields.add("billable", nature.billable().as_str());
    fields.add("repeat", nature.repeat().as_str());
    fields.add(
        "settled by",
        match nature.settle() {
            Settle::List(command) => format!("{command}, by hand: a list tells no author"),
            Settle::Impossible => "nothing: no read can prove it".to_owned(),
            Settle::NotNeeded => "nothing: it changes nothing".to_owned(),
            other => settle(other),
        },
    );
    fields
}

fn unlisted(name: &Token, out: &mut dyn Write) -> Result<(), Failure> {
    let nature = Nature::by_name(name.as_str());
    writeln!(out, "{} (not listed)", name.as_str())?;
    let mut convention = Fields::new();
    convention.add(
        "convention",
        match nature.effect() {
            Effect::Read => {
                "PTF commands that begin with Query, Check or Status read; as an RRP command it is a write of \
                 unknown nature"
            }
            _ => "a write of unknown nature; only PTF names that begin with Query, Check or Status read",
        },
    );
    convention.write(out)?;
    fields(&nature).write(out)?;
    Ok(())
}

/// When a row applies, in a few words; `None` if always.
fn when(row: &Row) -> Option<String> {
    Some(match row.when() {
        When::Always => {
            // The first row of a name that applies wins.
            let before = nature::rows().take_while(|other| !core::ptr::eq(*other, row));
            let alternative = before
                .into_iter()
                .any(|other| other.name() == row.name() && other.dialect() == row.dialect());
            return alternative.then(|| OTHERWISE.to_owned());
        }
        When::Has(names) => format!("{} given", names.join(" and ")),
        When::Numbers(names) => format!("{} given as numbers", names.join(" and ")),
        When::Is(name, value) => format!("{name}={value}"),
        When::Lacks(name) => format!("{name} not given"),
        _ => "in a case that this program does not know".to_owned(),
    })
}

const fn dialect(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Rfc => "RRP",
        _ => "PTF",
    }
}

fn settle(settle: Settle) -> String {
    match settle {
        Settle::NotNeeded => "-".to_owned(),
        Settle::Read(command) => command.to_owned(),
        Settle::List(command) => format!("by hand: {command}"),
        _ => "nothing".to_owned(),
    }
}

fn json(row: &Row) -> Value {
    let mut map = Map::new();
    map.insert("name".to_owned(), json!(row.name()));
    map.insert("listed".to_owned(), json!(true));
    map.insert("dialect".to_owned(), json!(dialect(row.dialect())));
    map.insert("when".to_owned(), json!(when(row)));
    map.extend(nature_json(&row.nature()));
    map.insert("repetition".to_owned(), json!(row.repetition()));
    map.insert("resolver".to_owned(), json!(row.resolver()));
    map.insert("note".to_owned(), json!(row.note()));
    Value::Object(map)
}

fn unlisted_json(name: &Token) -> Value {
    let mut map = Map::new();
    map.insert("name".to_owned(), json!(name.as_str()));
    map.insert("listed".to_owned(), json!(false));
    map.insert("dialect".to_owned(), json!("PTF"));
    map.extend(nature_json(&Nature::by_name(name.as_str())));
    Value::Object(map)
}

fn nature_json(nature: &Nature) -> Map<String, Value> {
    let (settle, by) = match nature.settle() {
        Settle::NotNeeded => ("not needed", None),
        Settle::Read(command) => ("read", Some(command)),
        Settle::List(command) => ("list", Some(command)),
        _ => ("impossible", None),
    };
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("effect", json!(nature.effect().as_str()));
    put("kind", json!(nature.kind().as_str()));
    put("billable", json!(nature.billable().as_str()));
    put("repeat", json!(nature.repeat().as_str()));
    put("settle", json!(settle));
    put("settled_by", json!(by));
    map
}
