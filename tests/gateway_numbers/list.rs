//! The saved page, to the letter.

use std::collections::BTreeMap;

use rrp::gateway::numbers::{Code, Status};
use rrp::gateway::{CodeInfo, Sort};
use rrp::verdict::{Advice, Class, Executed, Word};

use super::fixture;
use super::verdicts::summary;

/// The rows of the saved page's tables, by the first cell of their heads.
fn tables() -> BTreeMap<String, Vec<Vec<String>>> {
    let page = fixture("numbers-rest-api-errors.txt");
    let mut tables: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    let mut head: Option<String> = None;
    for line in page.lines() {
        let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else {
            // The line between head and rows begins with a bar too, but with no blank.
            head = head.filter(|_| line.starts_with("|---"));
            continue;
        };
        let cells: Vec<String> = row.split(" | ").map(str::to_owned).collect();
        match &head {
            None => head = cells.first().cloned(),
            Some(head) => tables.entry(head.clone()).or_default().push(cells),
        }
    }
    tables
}

#[test]
fn every_status_of_the_saved_page_is_listed_to_the_letter_and_no_other() {
    let listed = &tables()["Status Code"];
    assert_eq!(listed.len(), 4);
    let ours =
        Status::known().map(|info| [&info.status().to_string(), info.name(), info.text()].map(String::from));
    assert_eq!(ours.map(Vec::from).collect::<Vec<_>>(), *listed);
}

#[test]
fn every_code_of_the_saved_page_is_listed_to_the_letter_and_no_other() {
    let listed = &tables()["Error Code"];
    assert_eq!(listed.len(), 23);
    let (saved, newer): (Vec<&CodeInfo>, Vec<&CodeInfo>) =
        Code::known().partition(|info| !info.note().contains("not on the saved list"));
    let ours = saved.iter().map(|info| vec![info.name().to_owned(), info.text().unwrap().to_owned()]);
    assert_eq!(ours.collect::<Vec<_>>(), *listed);
    assert_eq!(newer.iter().map(|info| info.name()).collect::<Vec<_>>(), ["CONFLICTING_PARAMETERS"]);
}

#[test]
fn every_member_that_the_saved_page_names_is_read() {
    let names: Vec<String> = tables().remove("Parameter").unwrap().iter().map(|row| row[0].clone()).collect();
    assert_eq!(names, ["ErrorCode", "Message", "Errors", "FieldName"]);
}

#[test]
fn every_researched_row_has_its_sort_and_text() {
    let table = fixture("number-codes.tsv");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let (without, with_code): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row[0].starts_with('('));
    assert_eq!((without.len(), with_code.len()), (2, 24));
    assert_eq!(Code::known().len(), with_code.len());
    for (row, info) in with_code.iter().zip(Code::known()) {
        assert_eq!((info.name(), info.text(), info.sort().as_str()), (row[0], Some(row[1]), row[2]));
        assert_eq!(
            row[4].contains("NOT in seed"),
            info.note().contains("not on the saved list"),
            "{}",
            row[0]
        );
        // The constant is found under its name, and says the same.
        assert_eq!(Code::new(row[0]).info().unwrap().verdict(), info.verdict());
    }
    for row in without {
        let number = row[3].parse().unwrap();
        assert_eq!(Status::new(number).info().unwrap().sort().as_str(), row[2]);
    }
}

#[test]
fn a_refusal_is_none_that_another_try_would_change() {
    for info in Code::known() {
        let advice = match info.sort() {
            Sort::ConflictInUse => Advice::ChangeState,
            Sort::Auth => Advice::AskPermission,
            Sort::Permanent | Sort::NotFound | Sort::Conflict => Advice::FixRequest,
            sort => panic!("`{}` is `{sort}`", info.name()),
        };
        let expected = (Class::Permanent, Executed::No, Word::Registry, advice);
        assert_eq!(summary(info.verdict()), expected, "{}", info.name());
    }
}
