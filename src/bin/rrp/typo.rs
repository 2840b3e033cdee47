//! Names of commands that were meant to be others: what is not listed counts as a write that may cost, and no typo should.

use rrp::Command;
use rrp::command::nature::{self, Row};
use rrp::command::{Body, Dialect};

use crate::failure::Refusal;
use crate::output::escape;
use crate::request::STAGE;

/// How many similar names a hint offers.
const MAX_HINTS: usize = 3;

/// Refuses a command that is on no list if its name is close to one that is.
pub(crate) fn check(command: &Command) -> Result<(), Refusal> {
    let (ours, other, grammar) = match command.body() {
        Body::Ptf(_) => (Dialect::Xrrp, Dialect::Rfc, "a verb of RRP, which goes with `--rrp`"),
        _ => (Dialect::Rfc, Dialect::Xrrp, "a command of PTF, which goes without `--rrp`"),
    };
    let listed = |dialect| nature::rows().filter(move |row| row.dialect() == dialect).map(Row::name);
    let is_listed = |dialect| listed(dialect).any(|listed| listed.eq_ignore_ascii_case(command.name()));
    let name = escape(command.name());
    let what = if is_listed(ours) {
        return Ok(());
    } else if is_listed(other) {
        format!("`{name}` is {grammar}")
    } else {
        match similar(command.name(), listed(ours)).as_slice() {
            [] => return Ok(()),
            names => format!("`{name}` is on no list of commands: did you mean {}?", names.join(" or ")),
        }
    };
    Err(Refusal::usage(STAGE, what).hint(format!("nothing was sent; `--unlisted` sends `{name}` as it is")))
}

/// The listed names, in backticks, that an unlisted one may have been meant for: those that it begins, or those with
/// few letters changed.
pub(crate) fn similar<'n>(name: &str, listed: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut names: Vec<&str> = listed.collect();
    names.dedup();
    if names.iter().any(|listed| listed.eq_ignore_ascii_case(name)) {
        return Vec::new();
    }
    let begun =
        |listed: &&&str| listed.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let mut found: Vec<&&str> = names.iter().filter(begun).collect();
    if name.len() < 3 || found.len() > MAX_HINTS {
        found.clear();
    }
    if found.is_empty() {
        // One letter in four: more makes another command of a short name.
        let lowered = name.to_ascii_lowercase();
        let far = |listed: &str| strsim::osa_distance(&listed.to_ascii_lowercase(), &lowered);
        let mut near: Vec<(usize, &&str)> = names.iter().map(|listed| (far(listed), listed)).collect();
        near.retain(|(far, _)| *far <= (name.len() / 4).min(3));
        near.sort_by_key(|(far, _)| *far);
        found = near.into_iter().map(|(_, listed)| listed).take(MAX_HINTS).collect();
    }
    found.into_iter().map(|listed| format!("`{listed}`")).collect()
}

#[cfg(test)]
mod tests {
    use rrp::command::PtfCommand;

    use super::*;

    fn listed(name: &str) -> Vec<String> {
        similar(name, nature::rows().map(Row::name))
    }

    #[test]
    fn similar_names_are_few_and_near() {
        assert_eq!(listed("RenewDom"), ["`RenewDomain`"]);
        assert_eq!(listed("RenewDomian"), ["`RenewDomain`"]);
        assert_eq!(listed("transfr"), ["`transfer`"]);
        // Two letters that changed places are one mistake.
        assert_eq!(listed("ehcck"), ["`check`"; 0]);
        assert_eq!(listed("chekc"), ["`check`"]);
        assert!(listed("RenewDomain").is_empty());
        assert!(listed("QueryFoo").is_empty());
        assert!(listed("a").is_empty());
        assert!(listed("Query").is_empty());
        // The nearest stands first.
        assert_eq!(similar("word_1_", ["word_2", "word_1"].into_iter()), ["`word_1`"]);
        assert_eq!(similar("a_wrod_1", ["a_word_2", "a_word_1"].into_iter()), ["`a_word_1`", "`a_word_2`"]);
    }

    #[test]
    fn a_typo_is_refused_and_another_name_is_not() {
        let of = |name: &str| check(&PtfCommand::new(name).unwrap().into());
        assert!(of("RenewDomian").is_err());
        assert!(of("renewdomain").is_ok() && of("FrobnicateDomain").is_ok());
    }
}
