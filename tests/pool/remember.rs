//! What a restart must know goes to the journal, which may fail.

use rrp::dispatch::Account;
use rrp::pool::Machine;
use rrp::session::Remains;

use crate::rig::{Journal, Rig, millis, options, seconds};

fn rig(journal: Journal) -> Rig {
    let mut rig = Rig::with(options().sessions(0..=5), 5, Machine::booted("boot", None), &Account::default());
    rig.journal = journal;
    rig
}

#[test]
fn a_session_is_remembered_before_it_connects() {
    let mut rig = rig(Journal::Hangs);
    rig.ask(0);
    rig.pass(seconds(3));
    assert_eq!((rig.account.sessions(), rig.account.boot(), rig.unanswered), (1, Some("boot"), 1));
    rig.does(&[]);
    rig.remembered(true);
    rig.act();
    rig.does(&["3 connect 1"]);
}

#[test]
fn its_end_is_remembered_too() {
    let mut rig = rig(Journal::Writes);
    rig.busy(2);
    assert_eq!(rig.account.sessions(), 2);
    rig.closes(0, 220);
    assert_eq!(rig.account.sessions(), 1);
    rig.lost(1, Remains::Perhaps);
    // It may still be there.
    assert_eq!((rig.account.sessions(), rig.account.ghosts().len()), (1, 0));
}

#[test]
fn what_could_not_be_written_is_written_again_and_holds_nothing_up() {
    let mut rig = rig(Journal::Fails);
    rig.ask(0);
    rig.does(&["0 connect 1"]);
    let account = std::mem::take(&mut rig.account);
    assert_eq!(account.sessions(), 1);
    rig.journal = Journal::Writes;
    rig.pass(millis(4_999));
    assert_eq!(rig.account, Account::default());
    rig.pass(millis(1));
    assert_eq!(rig.account, account);
}

#[test]
fn a_journal_that_says_nothing_is_waited_for_once() {
    let mut rig = rig(Journal::Hangs);
    (0..9).for_each(|job| rig.ask(job));
    rig.pass(millis(4_999));
    rig.does(&[]);
    rig.pass(millis(1));
    rig.does(&["5 connect 1"]);
    rig.greeted(1);
    rig.opened(1);
    // And not again for each further one.
    rig.pass(seconds(4));
    rig.does(&["5 log in 1", "6 0 on 1", "7.25 connect 2"]);
    // What it says in the end is heard, and all that happened since is written.
    rig.journal = Journal::Writes;
    rig.remembered(true);
    rig.act();
    assert_eq!(rig.account.sessions(), 2);
}

#[test]
fn one_that_is_announced_while_another_write_hangs_goes_on_with_it() {
    let mut rig = rig(Journal::Writes);
    rig.busy(2);
    rig.journal = Journal::Hangs;
    rig.closes(0, 220);
    rig.ask(3);
    rig.pass(seconds(3));
    rig.does(&[]);
    rig.pass(seconds(2));
    rig.did(&["connect 3"]);
}

#[test]
fn whoever_stops_does_not_wait_for_a_journal_that_fails() {
    for journal in [Journal::Fails, Journal::Hangs] {
        let mut rig = rig(Journal::Writes);
        rig.idle(2);
        rig.journal = journal;
        rig.stop();
        rig.pass_well(seconds(4));
        assert!(rig.held.is_empty());
        rig.pass(seconds(6));
        assert!(rig.pool.is_over(), "{journal:?}");
    }
}

#[test]
fn while_all_goes_well_it_is_over_when_that_is_written() {
    let mut rig = rig(Journal::Writes);
    rig.idle(1);
    rig.stop();
    rig.until(|rig| rig.held[&1] == crate::rig::Held::Ending);
    rig.journal = Journal::Hangs;
    rig.quit(1);
    assert!(!rig.pool.is_over());
    while rig.unanswered > 0 {
        rig.remembered(true);
        rig.act();
    }
    assert!(rig.pool.is_over());
    assert_eq!(rig.account.sessions(), 0);
}

#[test]
fn what_is_remembered_comes_back_as_it_was() {
    let mut rig = rig(Journal::Writes);
    rig.busy(3);
    rig.lost(0, Remains::Silent);
    rig.lost(1, Remains::Perhaps);
    rig.hold(300);
    let account = rig.account.clone();
    let mut next = Rig::at(options().sessions(0..=5), 5, Machine::booted("boot", None), &account, rig.now);
    let shown = next.pool.snapshot();
    assert_eq!((shown.sessions.ghosts, shown.held_until), (3, Some(rig.now + seconds(300))));
    // Nothing is lost by what it remembers itself.
    next.hold(300);
    assert_eq!(next.account, account);
}
