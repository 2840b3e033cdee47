//! What is counted.

use rrp::ReturnCode;
use rrp::command::Safety;
use rrp::dispatch::{Cause, Histogram, Sort, Statistics};
use rrp::verdict::Class;

use crate::rig::Rig;
use crate::*;

fn answers(statistics: &Statistics) -> Vec<(&'static str, &'static str, u16, u64)> {
    let told = |one: rrp::dispatch::Answered| {
        (one.sort().as_str(), one.class().as_str(), one.code().unwrap().as_u16(), one.count())
    };
    statistics.answers().map(told).collect()
}

fn code(code: u16) -> Cause {
    Cause::Code(ReturnCode::from_u16(code).unwrap())
}

#[test]
fn answers_and_resends_are_counted() {
    let mut rig = Rig::new();
    rig.query(check(), options());
    rig.does(&["send check"]);
    rig.unsent();
    rig.does(&["send check"]);
    rig.lost();
    rig.due_in(1);
    rig.does(&["send check"]);
    rig.answer(LATER);
    rig.due_in(1);
    rig.does(&["send check"]);
    rig.answer("210 Domain name available");
    rig.drain();
    rig.query(check(), options());
    rig.does(&["send check"]);
    rig.answer("210 Domain name available");
    rig.drain();
    let statistics = rig.dispatch.statistics();
    assert_eq!(answers(statistics), [("read", "temporary", 421, 1), ("read", "success", 210, 2)]);
    let resends: Vec<_> = statistics.resends().collect();
    assert_eq!(resends, [(Cause::Unsent, 1), (Cause::Unanswered, 1), (code(421), 1)]);
    assert_eq!((statistics.unanswered(Sort::Read), statistics.unanswered(Sort::Write)), (1, 0));
    assert!(statistics.answers().all(|one| one.class() != Class::Permanent));
}

#[test]
fn what_is_read_back_and_settled_is_counted() {
    let mut rig = Rig::new();
    // Applied, in doubt, and then settled as applied.
    rig.sent(add(), Safety::ReadBack, options(), 1);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.ends("1 accepted by created-within-a-day", &["tell a: accepted 1 by created-within-a-day"]);
    rig.sent(add_named("example.net"), Safety::ReadBack, options(), 2);
    rig.lost();
    rig.does(&["send status"]);
    rig.answer("200 Command completed successfully\ncreated date:2020-01-01 00:00:00.0");
    rig.drain();
    rig.recorded();
    rig.drain();
    rig.settle(2);
    rig.does(&["send status"]);
    rig.answer(OURS);
    rig.drain();
    rig.recorded();
    rig.drain();
    // Not applied, and sent again.
    rig.sent(renew(), Safety::Repeatable, options(), 3);
    rig.answer(OK);
    rig.drain();
    rig.recorded();
    rig.drain();
    let host = rig.change(add_host(), Safety::ReadBack, options());
    rig.goes_out("add", 4);
    rig.answer("423 Command failed due to server error. Client should try again");
    rig.does(&["send status"]);
    rig.pass(60);
    rig.answer(NOT_FOUND);
    rig.due_in(10);
    rig.does(&["send status"]);
    rig.answer(NOT_FOUND);
    rig.tick();
    rig.does(&["send add"]);
    rig.leave(host);
    let statistics = rig.dispatch.statistics();
    let read_backs = statistics.read_backs();
    assert_eq!((read_backs.begun(), read_backs.applied()), (3, 1));
    assert_eq!((read_backs.not_applied(), read_backs.in_doubt()), (1, 1));
    let settlings = statistics.settlings();
    assert_eq!((settlings.begun(), settlings.applied(), settlings.in_doubt()), (1, 1, 0));
    assert_eq!((statistics.doubts(), statistics.resolved()), (1, 0));
    assert_eq!(statistics.unanswered(Sort::Write), 2);
    assert!(answers(statistics).contains(&("read-back", "success", 200, 3)));
    assert_eq!(statistics.resends().last(), Some((Cause::NotApplied, 1)));
}

#[test]
fn waiting_is_split_into_the_line_and_the_turn() {
    let mut rig = Rig::new();
    rig.slots.borrow_mut().most = 0;
    for name in ["example.com", "example.net", "example.org"] {
        rig.change(add_named(name), Safety::ReadBack, options());
    }
    // A second for each.
    for ticket in 1..=3 {
        rig.pass(1);
        rig.slots.borrow_mut().most = 1;
        rig.tick();
        rig.does(&[&format!("record {ticket} open")]);
        rig.slots.borrow_mut().most = 0;
        rig.recorded();
        rig.drain();
        rig.answer(OK);
        rig.drain();
        rig.recorded();
        rig.drain();
    }
    let statistics = rig.dispatch.statistics();
    let (queue, pace) = (statistics.queue(Sort::Write).unwrap(), statistics.pace(Sort::Write).unwrap());
    assert_eq!((queue.count(), queue.sum()), (3, rig::seconds(3)));
    assert_eq!((pace.count(), pace.sum()), (3, rig::seconds(3)));
    let within = |histogram: &Histogram, most| {
        histogram.cumulated().find(|(bound, _)| *bound == rig::seconds(most)).unwrap().1
    };
    assert_eq!((within(queue, 1), within(queue, 2), within(pace, 1)), (2, 3, 3));
    assert_eq!(statistics.queue(Sort::Read).unwrap().count(), 0);
    assert!(statistics.queue(Sort::Session).is_none());
}

#[test]
fn codes_that_are_too_many_are_counted_together() {
    let mut rig = Rig::new();
    for code in 553..=999_u16 {
        rig.query(check(), options());
        rig.drain();
        rig.answer(&format!("{code} Something"));
        rig.drain();
        if !rig.sends.is_empty() {
            rig.answer("210 Domain name available");
            rig.drain();
        }
    }
    let answers: Vec<_> = rig.dispatch.statistics().answers().collect();
    assert!(answers.len() < 220, "{}", answers.len());
    assert!(answers.iter().map(|one| one.count()).sum::<u64>() >= 447);
    assert!(answers.iter().any(|one| one.code().is_none() && one.count() > 1));
}
