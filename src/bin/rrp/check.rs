//! `rrp check`: whether names can be registered.

use std::io::Write;

use rrp::code::CodeInfo;
use rrp::command::{Check, Dialect, PtfCommand, ToCommand};
use rrp::verdict::Answer;
use rrp::{Command, DomainName, HostName, Reply, ReturnCode};
use serde_json::{Map, Value, json};

use crate::client::{Fared, Outcome, Patience, block_on};
use crate::exit::{self, Exit};
use crate::failure::{Failure, Refusal};
use crate::object;
use crate::options;
use crate::output::{JsonArray, escape};
use crate::reply::safe;
use crate::report::{self, Report};
use crate::request;
use crate::way::Way;

/// So many names one CheckDomains takes (CNR).
const AT_ONCE: usize = 32;

/// What `check` adds to the object of [`object::HELP`].
const NAMES_JSON: &str = "  names        what is known about each name: name, answer (yes: free | no | null: unknown), code, text (ours if
               there is no code), meaning, result
The process ends with the worst `exit` of its objects.";

/// Of a name behind a request after which nothing more was sent.
const NOT_ASKED: &str = "not asked";

const EXAMPLES: &str = "\
One name is asked for by RRP's CHECK; several by CheckDomains, 32 at a time, or in dialect rfc and of name
servers by a CHECK each.

Examples:
  rrp check example.com && echo free
  rrp check example.com example.net example.org
  rrp check --name-server ns1.example.net";

#[derive(clap::Args)]
#[command(
    after_help = format!("{EXAMPLES}\n\n{}", exit::TABLE),
    after_long_help = format!("{EXAMPLES}\n\n{}\n{NAMES_JSON}\n\n{}", object::HELP, exit::TABLE),
)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// They are name servers
    #[arg(long)]
    name_server: bool,
    /// The names
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    connection: options::Connection,
}

/// One command, and the names that it asks about.
struct Question {
    names: Vec<String>,
    command: Command,
}

/// What is known about one name.
struct Finding<'f> {
    name: &'f str,
    answer: Option<Answer>,
    code: Option<ReturnCode>,
    text: Text,
    exit: Exit,
}

/// Why, or in which words.
#[derive(Clone)]
enum Text {
    /// The peer's, as it stands.
    Said(String),
    /// Ours, in which what the peer or the user wrote is escaped.
    Ours(String),
}

impl Text {
    /// For people.
    fn escaped(&self) -> String {
        match self {
            Self::Said(text) => escape(text),
            Self::Ours(text) => text.clone(),
        }
    }

    fn as_str(&self) -> &str {
        let (Self::Said(text) | Self::Ours(text)) = self;
        text
    }
}

pub(crate) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failure> {
    let (settings, through) = args.connection.settings_or_daemon(err)?;
    let questions = questions(args, settings.dialect)?;
    let mut client = Way::new(through, &settings, Patience::DEFAULT, err)?;
    let mut array = if args.json { Some(JsonArray::begin(out)?) } else { None };
    let exit = block_on(async {
        let mut exit = Exit::Yes;
        let mut questions = questions.iter();
        let mut stopped = false;
        for Question { names, command } in &mut questions {
            let outcome = client.run(command, &mut |event| report::tell(&event, err)).await;
            let findings = findings(names, &outcome);
            exit = findings.iter().map(|finding| finding.exit).fold(exit, Exit::worse);
            let report = Report { target: &settings.target, command, outcome: &outcome };
            match &mut array {
                Some(array) => array.push(&json(&findings, &report), out),
                None => print(&findings, &report, out),
            }
            .map_err(Failure::output(exit))?;
            stopped = outcome.stops();
            if stopped {
                break;
            }
        }
        // No answer is no "no": whoever was not asked about is told so.
        for Question { names, command } in questions.filter(|_| stopped) {
            let outcome = Outcome::none(command);
            let text = Text::Ours(NOT_ASKED.to_owned());
            let findings: Vec<Finding<'_>> = names
                .iter()
                .map(|name| Finding { name, answer: None, code: None, text: text.clone(), exit })
                .collect();
            let report = Report { target: &settings.target, command, outcome: &outcome };
            match &mut array {
                Some(array) => array.push(&json(&findings, &report), out),
                None => print(&findings, &report, out),
            }
            .map_err(Failure::output(exit))?;
        }
        client.close().await;
        Ok::<Exit, Failure>(exit)
    })??;
    if let Some(array) = array {
        array.end(out).map_err(Failure::output(exit))?;
    }
    Ok(exit)
}

fn questions(args: &Args, dialect: Dialect) -> Result<Vec<Question>, Refusal> {
    let refused = |name: &str, error: Box<dyn std::error::Error>| {
        Refusal::usage("check", format!("`{}`", escape(name))).because(error)
    };
    let together = args.names.len() > 1 && !args.name_server && dialect != Dialect::Rfc;
    let mut questions = Vec::new();
    let mut domains = Vec::new();
    for name in &args.names {
        let command = if args.name_server {
            let host: HostName = name.parse().map_err(|error| refused(name, Box::from(error)))?;
            Check::name_server(&host).to_command()
        } else {
            let domain: DomainName = name.parse().map_err(|error| refused(name, Box::from(error)))?;
            let command = Check::domain(&domain).to_command();
            if together {
                domains.push(domain.as_str().to_owned());
                continue;
            }
            command
        };
        request::check(&command, dialect)?;
        questions.push(Question { names: vec![name.clone()], command });
    }
    for names in domains.chunks(AT_ONCE) {
        let command = PtfCommand::new("CheckDomains").and_then(|command| command.params("domain", names));
        let command = command.map_err(|error| refused("CheckDomains", Box::from(error)))?;
        questions.push(Question { names: names.to_vec(), command: command.into() });
    }
    Ok(questions)
}

fn findings<'f>(names: &'f [String], outcome: &Outcome) -> Vec<Finding<'f>> {
    let all = outcome.exit();
    let unknown = |name: &'f String, text: Text| Finding {
        name,
        answer: None,
        code: None,
        text,
        exit: if all == Exit::Yes { Exit::Temporary } else { all },
    };
    match (outcome.decisive(), names) {
        (Some(Fared::Answered { reply, verdict, .. }), [name]) => vec![Finding {
            name,
            answer: verdict.answer(),
            code: Some(reply.code()),
            text: Text::Said(reply.redacted_text()),
            // A success that says neither yes nor no answers nothing.
            exit: if all == Exit::Yes && verdict.answer().is_none() { Exit::Temporary } else { all },
        }],
        (Some(Fared::Answered { reply, verdict, .. }), names) if verdict.completed() => each(names, reply),
        (Some(Fared::Answered { reply, .. }), names) => {
            let found = |name| Finding {
                code: Some(reply.code()),
                ..unknown(name, Text::Said(reply.redacted_text()))
            };
            names.iter().map(found).collect()
        }
        (Some(Fared::Unanswered(why) | Fared::Unsent(why)), names) => {
            names.iter().map(|name| unknown(name, Text::Ours(why.clone()))).collect()
        }
        (Some(Fared::NotOpened(failure)), names) => {
            names.iter().map(|name| unknown(name, Text::Ours(failure.error.clone()))).collect()
        }
        (None, _) => Vec::new(),
    }
}

/// The answers of CheckDomains, one code for each name under a 200.
fn each<'f>(names: &'f [String], reply: &Reply) -> Vec<Finding<'f>> {
    let checks = reply.domain_checks();
    let finding = |(index, name): (usize, &'f String)| {
        let check = checks.iter().find(|check| usize::try_from(check.index()) == Ok(index));
        // A registry that names the domain must name the one that was asked for.
        let check =
            check.filter(|check| check.domain().is_none_or(|domain| domain.eq_ignore_ascii_case(name)));
        let (answer, code) = (check.and_then(|check| check.answer()), check.and_then(|check| check.code()));
        let exit = match (answer, code.map(ReturnCode::class)) {
            (Some(Answer::Yes), _) => Exit::Yes,
            (Some(Answer::No), _) => Exit::No,
            (None, Some(rrp::verdict::Class::Permanent)) => Exit::Permanent,
            (None, _) => Exit::Temporary,
        };
        let text = check.map_or_else(
            || Text::Ours("no answer about this name".to_owned()),
            |check| Text::Said(safe(check.text(), false)),
        );
        Finding { name, answer, code, text, exit }
    };
    names.iter().enumerate().map(finding).collect()
}

fn print(findings: &[Finding<'_>], report: &Report<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    for Finding { name, answer, code, text, .. } in findings {
        let answer = match answer {
            None if text.as_str() == NOT_ASKED => {
                writeln!(out, "{}: {NOT_ASKED}", escape(name))?;
                continue;
            }
            Some(Answer::Yes) => "available",
            Some(Answer::No) => "not available",
            None => "unknown",
        };
        let code_text = code.map_or_else(String::new, |code| format!("{code} "));
        writeln!(out, "{}: {answer} ({code_text}{})", escape(name), text.escaped())?;
        if answer == "unknown"
            && let Some(meaning) = code.and_then(ReturnCode::info).map(CodeInfo::meaning)
        {
            writeln!(out, "  {meaning}")?;
        }
    }
    if let Some(Fared::NotOpened(failure)) = report.outcome.decisive()
        && let Some(fix) = &failure.fix
    {
        writeln!(out, "  to do  {fix}")?;
    }
    Ok(())
}

fn json(findings: &[Finding<'_>], report: &Report<'_>) -> Value {
    let finding = |finding: &Finding<'_>| {
        json!({
            "name": finding.name,
            "answer": finding.answer.map(Answer::as_str),
            "code": finding.code.map(ReturnCode::as_u16),
            "text": finding.text.as_str(),
            "meaning": finding.code.and_then(ReturnCode::info).map(CodeInfo::meaning),
            "result": finding.exit.as_str(),
        })
    };
    let mut more = Map::new();
    more.insert("names".to_owned(), findings.iter().map(finding).collect());
    let mut object = report.json(more);
    // Of several names in one request, what it comes to for them.
    let exit = findings.iter().map(|finding| finding.exit).fold(Exit::Yes, Exit::worse);
    object::set_exit(&mut object, exit);
    if let Some(checks) = object.pointer_mut("/reply/domain_checks").and_then(Value::as_array_mut) {
        name_checks(checks, findings);
    }
    object
}

/// Answers that name no domain are about the one that was asked for at their place.
fn name_checks(checks: &mut [Value], findings: &[Finding<'_>]) {
    for check in checks {
        let index = check.get("index").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
        let asked = index.and_then(|index| findings.get(index));
        if let (Some(asked), Some(domain)) = (asked, check.get_mut("domain"))
            && domain.is_null()
        {
            *domain = json!(asked.name);
        }
    }
}
