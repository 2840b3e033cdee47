//! The documents in `docs/` say of the daemon what it does: words, settings, links and configurations in them are held against
//! the sources.
#![cfg(feature = "daemon")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rrp::daemon::{Config, Surroundings};

/// What an operator reads.
const DOCUMENTS: [&str; 7] = [
    "README.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "docs/front.md",
    "docs/metrics.md",
    "docs/migration.md",
    "docs/runbook.md",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: impl AsRef<Path>) -> String {
    let path = root().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()))
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}

/// The literals that a state is given by: the last argument of `Answer::local`, and the second of a code and a state.
fn states_of(source: &str) -> BTreeSet<String> {
    // Behind it stand tests, whose words mean nothing.
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut found = BTreeSet::new();
    for (at, _) in source.match_indices("local(") {
        let call = &source[at..];
        let end = call.match_indices(')').map(|(end, _)| end).find(|end| balanced(&call[..=*end]));
        let last =
            call[..end.expect("a call ends")].trim_end().trim_end_matches(',').rsplit(',').next().unwrap();
        let word = last.trim().trim_matches('"');
        if last.trim().starts_with('"') && is_word(word) {
            found.insert(word.to_owned());
        }
    }
    for (at, _) in source.match_indices(", \"") {
        let code = source[..at].rsplit('(').next().unwrap();
        let word = source[at + 3..].split('"').next().unwrap();
        if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) && is_word(word) {
            found.insert(word.to_owned());
        }
    }
    found
}

/// Whether every `(` has its `)`, strings left aside.
fn balanced(text: &str) -> bool {
    let (mut depth, mut quoted) = (0_i32, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// The cells of each row of the tables under a heading.
fn rows(text: &str, heading: &str) -> Vec<Vec<String>> {
    let section = text.split(&format!("\n{heading}\n")).nth(1).unwrap_or_else(|| panic!("no `{heading}`"));
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    // `\|` is no border.
    let cells = |line: &str| {
        let line = line.replace("\\|", "\0");
        line.split('|').skip(1).map(|cell| cell.replace('\0', "|").trim().to_owned()).collect()
    };
    lines.map(cells).collect()
}

/// What stands between backticks in a text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_state_that_a_client_hears_stands_in_the_table() {
    let directory = root().join("src/daemon/front");
    let mut sources = BTreeSet::new();
    for file in fs::read_dir(directory).unwrap() {
        sources.append(&mut states_of(&read(file.unwrap().path())));
    }
    assert!(sources.len() > 10, "{sources:?}");
    let table: BTreeSet<String> = rows(&read("docs/front.md"), "## What is heard when")
        .iter()
        .skip(1)
        .flat_map(|cells| quoted(&cells[0]).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(table, sources, "left: docs/front.md; right: src/daemon/front");
}

#[test]
fn a_state_is_seen_wherever_it_stands() {
    let source = "x => Answer::local(549, \"a; b, c)\", \"in-doubt\").y()\n Answer::local(\n 421,\n text,\n \"cap\",\n)\n\
                  Refused::A { .. } | Refused::B(_) => (421, \"held\"),\n fn local(code: u16, text: &str, state: &str) {}\n\
                  #[cfg(test)] Answer::local(1, \"a\", \"x\")";
    assert_eq!(states_of(source), ["cap", "held", "in-doubt"].map(str::to_owned).into());
}

#[test]
fn every_setting_of_mregd_stands_in_the_guide() {
    let source = read("src/daemon/config/mregd/settings.rs");
    let table = source.split("const KNOWN:").nth(1).unwrap().split("];").next().unwrap();
    let code = table.replace(['\n', ' '], "");
    let mut known = BTreeSet::new();
    for entry in code.split("(\"").skip(1) {
        let name = entry.split('"').next().unwrap();
        // The reasons, too, stand behind a bracket.
        if entry
            .get(name.len() + 1..)
            .is_some_and(|rest| rest.starts_with(",None") || rest.starts_with(",Some"))
        {
            known.insert(name.to_owned());
        }
    }
    for variable in code.split("Some(\"").skip(1) {
        known.insert(variable.split('"').next().unwrap().to_owned());
    }
    assert!(known.contains("max_servers") && known.contains("MREGD_XRRP_HOST"), "{known:?}");
    let told: BTreeSet<String> = rows(&read("docs/migration.md"), "## Settings and variables")
        .iter()
        .skip(1)
        .flat_map(|cells| {
            cells[..2].iter().flat_map(|cell| quoted(cell)).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let missing: Vec<_> = known.difference(&told).collect();
    assert!(missing.is_empty(), "docs/migration.md does not tell of {missing:?}");
    let others: BTreeSet<&str> = told.difference(&known).map(String::as_str).collect();
    assert_eq!(others, ["DEBUG"].into(), "mregd has no such settings");
}

#[test]
fn every_variable_beside_mregds_stands_in_the_guide() {
    let (source, guide) = (read("src/daemon/config/mregd/translate.rs"), read("docs/migration.md"));
    let guide = guide.split("\n## Variables of our own\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let names: Vec<&str> = source
        .split("variable(settings, surroundings, \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(names.len() > 4, "{names:?}");
    for name in names {
        assert!(guide.contains(&format!("`{name}`")), "docs/migration.md does not tell of `{name}`");
    }
}

/// What a heading is linked to by.
fn anchors(markdown: &str) -> BTreeSet<String> {
    let headings = markdown.lines().filter(|line| line.starts_with('#'));
    let slug = |line: &str| {
        let kept = line.trim_start_matches('#').trim().to_lowercase();
        kept.chars()
            .filter(|c| c.is_alphanumeric() || "- _".contains(*c))
            .collect::<String>()
            .replace(' ', "-")
    };
    headings.map(slug).collect()
}

/// Where links lead: `](target)`, and a `runbook:` of an alert.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let marked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    marked.chain(text.split("runbook: ").skip(1).filter_map(|rest| rest.split_whitespace().next()))
}

#[test]
fn links_lead_somewhere() {
    let alerts = [("", "dist/alerts.yml")];
    let documents = DOCUMENTS.map(|name| (Path::new(name).parent().unwrap().to_str().unwrap(), name));
    for (directory, name) in documents.iter().chain(&alerts) {
        let text = read(name);
        for link in links(&text).filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { PathBuf::from(name) } else { Path::new(directory).join(file) };
            assert!(root().join(&target).exists(), "{name}: `{link}` leads nowhere");
            if !anchor.is_empty() {
                let there = anchors(&read(&target));
                assert!(there.contains(anchor), "{name}: `{link}`: there are {there:?}");
            }
        }
    }
}

#[test]
fn configurations_can_be_served() {
    let surroundings = Surroundings::none()
        .file("/etc/rrp/registry.password", "hidden")
        .file("/etc/rrp/shop.password", "hidden")
        .variable("CREDENTIALS_DIRECTORY", "/run/credentials/rrp.service")
        .file("/run/credentials/rrp.service/registry", "hidden");
    let mut read_any = 0;
    for name in DOCUMENTS {
        let text = read(name);
        for (number, block) in text.split("```toml\n").skip(1).enumerate() {
            let block = block.split("```").next().unwrap();
            let config = Config::parse(block, name, &surroundings);
            assert!(config.is_ok(), "{name}, configuration {}: {:?}", number + 1, config.err());
            read_any += 1;
        }
    }
    assert!(read_any > 0, "no document shows a configuration: a fenced block `toml`");
}

/// Command lines of the program: in blocks `sh`, and between backticks.
#[cfg(feature = "cli")]
fn command_lines(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut take = |line: &str| {
        let line = line.split('#').next().unwrap();
        for piece in line.split(['|', '>', '<', ';']).flat_map(|piece| piece.split("&&")) {
            // Behind variables.
            let is_set = |word: &&str| word.split('=').next().is_some_and(|name| name.starts_with("RRP_"));
            let words: Vec<&str> = piece.split_whitespace().skip_while(is_set).collect();
            if words.len() > 1 && words[0] == "rrp" {
                found.insert(words.join(" "));
            }
        }
    };
    for (number, part) in text.split("```").enumerate() {
        match part.strip_prefix("sh\n") {
            Some(block) if number % 2 == 1 => block.lines().for_each(&mut take),
            None if number % 2 == 0 => quoted(part).filter(|code| !code.contains('\n')).for_each(&mut take),
            _ => {}
        }
    }
    found
}

#[cfg(feature = "cli")]
#[test]
fn command_lines_are_known_to_the_program() {
    let is_name =
        |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    let mut seen = 0;
    for name in DOCUMENTS.iter().chain(&["dist/rrp.toml"]) {
        for line in command_lines(&read(name)) {
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            let names: Vec<&str> = words.iter().copied().take_while(is_name).collect();
            let flags: Vec<&str> = words.into_iter().filter(|word| word.starts_with("--")).collect();
            let help =
                std::process::Command::new(env!("CARGO_BIN_EXE_rrp")).args(&names).arg("--help").output();
            let help = help.unwrap();
            let text = String::from_utf8(help.stdout).unwrap();
            assert!(help.status.success(), "{name}: `{line}`: {}", String::from_utf8_lossy(&help.stderr));
            for flag in flags {
                assert!(text.contains(flag), "{name}: `{line}`: there is no `{flag}`");
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen} command lines");
}
