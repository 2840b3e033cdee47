//! Lists, page by page: to the end, and no further.

use std::error::Error;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use rrp::Client;
use rrp::client::{List, ListError, ListProblem};
use rrp::command::{Describe, Ptf, Read};
use rrp::dispatch::{Answer, QueryError};
use rrp::pace::Rate;
use rrp::sim::{Close, Domain, Effect, Fault, Stamp, Trigger};
use tokio::time::Instant;

use crate::hub::{Hub, journal, polled};
use crate::script::Script;

fn query() -> Ptf<Read> {
    Ptf::query("QueryDomainList").unwrap()
}

/// A registry with so many domains of ours.
fn hub(domains: usize) -> Hub {
    let hub = Hub::new();
    hub.registry(|registry| {
        let created = Stamp::midnight(2025, 1, 1);
        for number in 0..domains {
            let name = format!("example-{number:03}.com");
            registry.insert_domain(Domain::new(&name, "registrar", created, created.years_later(3)));
        }
    });
    hub
}

/// The numbers of a page: `first`, `count`, `total` …
fn page(numbers: &[(&str, &str)], rows: usize) -> String {
    let numbers = numbers.iter().map(|(name, value)| format!("property[{name}][0] = {value}\r\n"));
    let rows = (0..rows).map(|row| format!("property[domain][{row}] = example-{row}.com\r\n"));
    let lines: String = numbers.chain(rows).collect();
    format!("[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\n{lines}EOF\r\n")
}

fn place(first: u64, count: usize, total: u64) -> String {
    let (first, total) = (first.to_string(), total.to_string());
    page(&[("first", &first), ("count", &count.to_string()), ("total", &total)], count)
}

/// How many rows each page had, and how it ended. Behind the end nothing comes, and nothing is asked.
async fn read(list: &mut List) -> (Vec<usize>, Option<ListError>) {
    let (mut pages, mut failed) = (Vec::new(), None);
    while let Some(page) = list.next().await {
        match page {
            Ok(page) => pages.push(page.rows(&["domain"]).len()),
            Err(error) => assert!(failed.replace(error).is_none()),
        }
    }
    assert!(list.next().await.is_none());
    (pages, failed)
}

/// The same of a registry that says this.
async fn told(replies: &[String]) -> (Vec<usize>, ListError) {
    let script = Script::new(replies);
    let (pages, failed) = read(&mut script.client().await.list(&query())).await;
    let failed = failed.expect("it ends with an error");
    assert!(script.asked().len() <= replies.len(), "{failed:?}");
    (pages, failed)
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_to_its_end_each_row_once() {
    let hub = hub(25);
    let client = hub.client(journal()).await;
    let mut list = client.list(&query()).limit(10);
    let mut names = Vec::new();
    while let Some(page) = list.next().await {
        let page = page.unwrap();
        names.extend(page.property("domain").map(|name| name.into_owned()));
    }
    assert_eq!(names, (0..25).map(|number| format!("example-{number:03}.com")).collect::<Vec<_>>());
    assert_eq!((list.total(), hub.registry(|registry| registry.commands())), (Some(25), 3));
    // As the query says, or the registry.
    let by_query = query().param("limit", "5").unwrap().param("first", "20").unwrap();
    assert_eq!(read(&mut client.list(&by_query)).await.0, [5]);
    assert_eq!(read(&mut client.list(&by_query).starting_at(10).limit(8)).await.0, [8, 7]);
    assert_eq!(read(&mut client.list(&query())).await.0, [25]);
    assert_eq!(read(&mut client.list(&query()).starting_at(2_000)).await.0, [0], "nothing is there");
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_is_one_empty_page() {
    let hub = hub(0);
    let client = hub.client(journal()).await;
    let (pages, failed) = read(&mut client.list(&query())).await;
    assert!(pages == [0] && failed.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_list_is_one_page() {
    let hub = hub(1);
    let client = hub.client(journal()).await;
    let status = Ptf::query("StatusDomain").unwrap().param("domain", "example-000.com").unwrap();
    let (pages, failed) = read(&mut client.list(&status)).await;
    assert!(pages == [1] && failed.is_none());
    let (pages, failed) = read(&mut client.list(&Describe::new()).starting_at(3)).await;
    assert!(pages == [0] && failed.is_none(), "RRP has no pages");
    let script = Script::new([page(&[("total", "many"), ("count", "1")], 1)]);
    let (pages, failed) = read(&mut script.client().await.list(&query())).await;
    assert!(pages == [1] && failed.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_page_is_asked_for_when_it_is_wanted() {
    let hub = hub(25);
    let client = hub.client(journal()).await;
    let mut list = client.list(&query()).limit(10);
    for asked in 0..3 {
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(hub.registry(|registry| registry.commands()), asked);
        // The time of each page begins with it.
        assert!(std::future::poll_fn(|cx| Pin::new(&mut list).poll_next(cx)).await.unwrap().is_ok());
    }
    assert!(list.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn pages_keep_the_pace_and_their_deadlines() {
    let hub = hub(25);
    let client = hub.builder().rate(Rate::PER_SECOND).journal(journal()).connect().await.unwrap();
    let begun = Instant::now();
    assert_eq!(read(&mut client.list(&query()).limit(10)).await.0, [10, 10, 5]);
    assert_eq!(begun.elapsed().as_secs(), 4, "the login pays, too");
    hub.fault("QueryDomainList", Effect::Delay(Duration::from_secs(30)));
    let (pages, failed) =
        read(&mut client.list(&query()).user("shop").deadline(Duration::from_secs(10))).await;
    assert!(pages.is_empty());
    let failed = failed.unwrap();
    assert!(matches!(failed.problem(), ListProblem::Query(QueryError::Deadline(_))), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_page_is_asked_for_again_and_a_refused_one_tells_where_to_go_on() {
    let hub = hub(25);
    let client = hub.client(journal()).await;
    let faulty = |nth, effect| {
        hub.registry(|registry| {
            registry.faults().add(Fault::on(Trigger::NthCommand(nth)).then(effect));
        });
    };
    faulty(2, Effect::CloseBefore(Close::Fin));
    assert_eq!(read(&mut client.list(&query()).limit(10)).await.0, [10, 10, 5]);
    assert_eq!((hub.dials(), hub.registry(|registry| registry.commands())), (2, 4));
    faulty(6, Effect::answer(545, false));
    let (pages, failed) = read(&mut client.list(&query()).limit(10)).await;
    let failed = failed.unwrap();
    assert_eq!((pages.as_slice(), failed.first()), (&[10][..], 10));
    assert_eq!(failed.answer().map(|answer| answer.code().as_u16()), Some(545));
    assert_eq!(failed.to_string(), "list not read from row `10` on");
    let problem = failed.source().unwrap();
    assert_eq!(problem.to_string(), "no answer");
    assert!(problem.source().unwrap().to_string().contains("545"));
    assert_eq!(read(&mut client.list(&query()).limit(10).starting_at(failed.first())).await.0, [10, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_lies_ends_with_an_error_and_is_not_asked_for_ever() {
    // It says that there is more, and gives none.
    let (pages, failed) = told(&[place(0, 2, 4), place(2, 0, 4)]).await;
    assert!(pages == [2] && failed.first() == 2);
    assert!(matches!(failed.problem(), ListProblem::Empty(_)), "{failed:?}");
    let (pages, failed) = told(&[place(0, 0, 7)]).await;
    assert!(pages.is_empty() && matches!(failed.problem(), ListProblem::Empty(_)), "{failed:?}");
    // The same page again, or another than was asked for.
    for first in [0, 1, 3] {
        let (pages, failed) = told(&[place(0, 2, 9), place(first, 2, 9)]).await;
        assert!(pages == [2] && failed.first() == 2);
        assert!(matches!(failed.problem(), ListProblem::Elsewhere(_)), "{failed:?}");
    }
    let (pages, failed) = told(&[place(10, 2, 20)]).await;
    assert!(pages.is_empty() && matches!(failed.problem(), ListProblem::Elsewhere(_)), "{failed:?}");
    // More rows than there are in all.
    let (pages, failed) = told(&[place(0, 2, 3), place(2, 2, 3)]).await;
    assert!(pages == [2] && matches!(failed.problem(), ListProblem::NoPage(..)), "{failed:?}");
    // Numbers that are none, or too large, or missing.
    for numbers in [
        &[("first", "0"), ("count", "x"), ("total", "4")][..],
        &[("first", "-1"), ("count", "2"), ("total", "4")],
        &[("first", "0"), ("count", "2"), ("total", "")],
        &[("first", "0"), ("count", "99999999999999999999"), ("total", "4")],
        &[("first", "0"), ("total", "4")],
        &[("count", "2"), ("total", "4")],
    ] {
        let (pages, failed) = told(&[page(numbers, 2)]).await;
        assert!(pages.is_empty() && failed.answer().is_some(), "{numbers:?}");
        assert!(matches!(failed.problem(), ListProblem::NoPage(..)), "{numbers:?}: {failed:?}");
    }
    let (pages, failed) = told(&[place(0, 2, 4), page(&[], 2)]).await;
    assert!(pages == [2] && matches!(failed.problem(), ListProblem::NoPage(..)), "{failed:?}");
    let highest = u64::MAX.to_string();
    let script = Script::new([page(&[("first", &highest), ("count", "1"), ("total", &highest)], 1)]);
    let (_, failed) = read(&mut script.client().await.list(&query()).starting_at(u64::MAX)).await;
    assert!(matches!(failed.unwrap().problem(), ListProblem::NoPage(..)));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_becomes_shorter_is_an_error_and_one_that_grows_is_read_on() {
    let (pages, failed) = told(&[place(0, 2, 6), place(2, 2, 5)]).await;
    assert!(pages == [2] && failed.first() == 2);
    assert!(matches!(failed.problem(), ListProblem::Shorter(_, 6)), "{failed:?}");
    let script = Script::new([place(0, 2, 4), place(2, 2, 5), place(4, 1, 5)]);
    let mut list = script.client().await.list(&query());
    let (pages, failed) = read(&mut list).await;
    assert!(pages == [2, 2, 1] && failed.is_none() && list.total() == Some(5));
}

#[tokio::test(start_paused = true)]
async fn without_a_total_a_list_ends_where_no_more_comes() {
    let numbers = |first, count| [("first", first), ("count", count), ("limit", "2")];
    let script = Script::new([page(&numbers("0", "2"), 2), page(&numbers("2", "1"), 1)]);
    let (pages, failed) = read(&mut script.client().await.list(&query())).await;
    assert!(pages == [2, 1] && failed.is_none(), "less than the limit");
    let script = Script::new([page(&numbers("0", "2"), 2), page(&numbers("2", "0"), 0)]);
    let (pages, failed) = read(&mut script.client().await.list(&query())).await;
    assert!(pages == [2, 0] && failed.is_none(), "nothing");
}

#[tokio::test(start_paused = true)]
async fn so_many_pages_and_no_more() {
    let hub = hub(25);
    let client = hub.client(journal()).await;
    let (pages, failed) = read(&mut client.list(&query()).limit(10).max_pages(2)).await;
    let failed = failed.unwrap();
    assert_eq!((pages.as_slice(), failed.first()), (&[10, 10][..], 20));
    assert!(matches!(failed.problem(), ListProblem::TooManyPages(2)) && failed.answer().is_none());
    assert_eq!(hub.registry(|registry| registry.commands()), 2);
    let (pages, failed) = read(&mut client.list(&query()).limit(10).max_pages(3)).await;
    assert!(pages == [10, 10, 5] && failed.is_none(), "just as many");
    let mut full = query();
    for number in 0..1_024 {
        full = full.param(&format!("x{number}"), "").unwrap();
    }
    let (_, failed) = read(&mut client.list(&full).limit(10)).await;
    assert!(matches!(failed.unwrap().problem(), ListProblem::Command(_)));
}

/// Drops the list after so many polls of its second page; `Some` if the page came before.
async fn dropped(client: &Client, polls: usize, step: Duration) -> Option<Answer> {
    let mut list = client.list(&query()).limit(10);
    list.next().await.unwrap().unwrap();
    let page = polled(list.next(), polls, step).await;
    page.map(|page| page.unwrap().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_dropped_leaves_its_page_to_nobody() {
    let mut left = 0;
    for effect in [None, Some(Effect::Delay(Duration::from_secs(20))), Some(Effect::CloseBefore(Close::Fin))]
    {
        for (polls, step) in [(60, Duration::ZERO), (15, Duration::from_secs(2))] {
            for polls in 0..polls {
                let hub = hub(25);
                let client = hub.client(journal()).await;
                if let Some(effect) = effect.clone() {
                    hub.registry(|registry| {
                        registry.faults().add(Fault::on(Trigger::NthCommand(2)).then(effect));
                    });
                }
                let page = dropped(&client, polls, step).await;
                left += usize::from(page.is_none());
                let status = Ptf::query("StatusDomain").unwrap().param("domain", "example-007.com").unwrap();
                let answer = client.query(&status).await.unwrap();
                assert_eq!(answer.first("domain").as_deref(), Some("example-007.com"), "{effect:?} {polls}");
                assert!(answer.reply().page().is_none());
                if page.is_some() {
                    break;
                }
            }
        }
    }
    assert!(left > 20, "dropped {left} times only");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_nobody_waits_for_is_still_waited_for_by_the_next() {
    let hub = hub(25);
    let client = hub.client(journal()).await;
    let mut list = client.list(&query()).limit(10);
    assert!(polled(list.next(), 1, Duration::ZERO).await.is_none());
    assert_eq!(read(&mut list).await.0, [10, 10, 5]);
    assert_eq!(hub.registry(|registry| registry.commands()), 3);
}
