//! What an operator may do to an account that is in use.

use rrp::dispatch::{Account, GiveBack, Slots};
use rrp::pace::Rate;
use rrp::pool::{Event, HeldBy, HoldError, Kept, Machine, Options, Pool, SessionState};
use rrp::session::Remains;

use crate::rig::{Fails, Held, Rig, millis, options, seconds};

fn unlimited() -> Options {
    options().rate(Rate::UNLIMITED)
}

#[test]
fn while_paused_nobody_gets_a_slot_and_what_is_on_the_wire_is_finished() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(2);
    rig.pause();
    (10..20).for_each(|job| rig.ask(job));
    rig.ask_next(20, None);
    rig.ask_not_on(21, 1);
    rig.answer(0);
    rig.answer(1);
    rig.pass(seconds(400));
    rig.did(&[]);
    let shown = rig.pool.snapshot();
    assert!(shown.paused && shown.sessions.idle == 2);
    assert_eq!(rig.pool.trouble().unwrap().as_str(), "paused by an operator");
    assert_eq!(rig.pool.held_until(), None);
    // They are kept alive all the same.
    rig.pass_well(seconds(200));
    let done = rig.done();
    assert!(!done.is_empty() && done.iter().all(|done| done.contains(" keepalive ")), "{done:?}");
    rig.resume();
    assert_eq!(rig.pool.trouble(), None);
    rig.pass_well(seconds(1));
    rig.did(&["20 on 2"]);
    assert_eq!(rig.told(), [Event::Paused, Event::Resumed]);
    rig.resume();
    assert!(rig.told().is_empty());
}

#[test]
fn while_paused_the_least_number_of_sessions_opens_and_no_more() {
    let mut rig = Rig::with(unlimited().sessions(1..=5), 5, Machine::new(), &Account::default());
    rig.pause();
    (10..20).for_each(|job| rig.ask(job));
    rig.pass_well(seconds(60));
    rig.did(&["connect 1", "log in 1"]);
    rig.resume();
    rig.did(&["10 on 1", "connect 2"]);
}

#[test]
fn a_pause_keeps_nobody_from_proving_that_a_lock_is_over() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.pause();
    rig.hold(300);
    rig.pass_well(seconds(301));
    rig.did(&["keepalive 1"]);
    assert_eq!(rig.pool.held_until(), None);
}

#[test]
fn while_held_nothing_is_sent_and_at_its_end_nothing_is_proven() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(2);
    rig.hold_by_operator(3_000);
    (10..13).for_each(|job| rig.ask(job));
    rig.answer(0);
    // Its login is lost: the proof waits, too.
    rig.prove(1);
    assert_eq!(rig.pool.held_until(), Some(rig.now + seconds(3_000)));
    let shown = rig.pool.snapshot();
    assert_eq!((shown.held_until, shown.holds.len()), (None, 1));
    let hold = &shown.holds[0];
    assert_eq!((hold.by, hold.reason.as_deref()), (HeldBy::Operator, Some("maintenance")));
    rig.pass(seconds(2_999));
    rig.did(&[]);
    rig.told();
    rig.pass_well(seconds(10));
    let done = rig.done();
    // The keepalive was due long ago.
    assert!(done.iter().any(|done| done.contains(" keepalive 1")), "{done:?}");
    assert!(done.iter().any(|done| done.contains(" 10 on 1")), "{done:?}");
    assert!(rig.told().contains(&Event::Released));
    assert!(rig.pool.snapshot().holds.is_empty());
}

#[test]
fn without_a_session_none_connects_while_held() {
    let mut rig = Rig::with(unlimited().sessions(1..=5), 5, Machine::new(), &Account::default());
    rig.hold_by_operator(600);
    rig.ask(0);
    rig.pass(seconds(599));
    assert!(rig.held.is_empty() && !rig.done().iter().any(|done| done.contains("connect")));
}

#[test]
fn a_login_that_waits_goes_on_waiting() {
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    rig.hold_by_operator(60);
    assert_eq!(rig.held.len(), 1);
    rig.greeted(1);
    rig.pass(seconds(59));
    rig.does(&["0 connect 1"]);
    rig.pass(seconds(1));
    rig.did(&["log in 1"]);
}

#[test]
fn a_later_hold_takes_the_place_of_an_earlier_one_and_a_release_ends_it() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.hold_by_operator(3_000);
    rig.hold_by_operator(30);
    assert_eq!(rig.pool.held_until(), Some(rig.now + seconds(30)));
    rig.ask(1);
    rig.pass(seconds(20));
    rig.did(&[]);
    rig.told();
    assert!(rig.release());
    rig.did(&["1 on 1"]);
    assert_eq!((rig.told(), rig.pool.held_until()), (vec![Event::Released], None));
    assert!(!rig.release());
    assert_eq!(rig.account.operator_hold(), None);
}

#[test]
fn a_release_ends_the_waiting_of_a_lock_and_one_read_proves_that_it_is_over() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(2);
    rig.hold(3_000);
    rig.hold_by_operator(5_000);
    rig.ask(9);
    let shown = rig.pool.snapshot();
    let by: Vec<HeldBy> = shown.holds.iter().map(|hold| hold.by).collect();
    assert_eq!(by, [HeldBy::Registry, HeldBy::Operator]);
    rig.pass(seconds(10));
    rig.did(&[]);
    rig.told();
    assert!(rig.release());
    rig.did(&["keepalive 1"]);
    rig.pass(seconds(10));
    rig.did(&[]);
    rig.kept(1, Kept::Holds);
    assert_eq!(rig.told(), [Event::Released, Event::HoldOver]);
    rig.pass(seconds(1));
    assert!(rig.done()[0].contains(" 9 on "));
    // The registry has the last word.
    rig.hold(3_000);
    rig.answer(9);
    assert!(rig.release());
    rig.pass(seconds(1));
    let session = *rig.held.iter().find(|(_, held)| matches!(held, Held::KeepingAlive(..))).unwrap().0;
    rig.kept(session, Kept::Locked(seconds(300)));
    rig.done();
    rig.pass(seconds(299));
    rig.did(&[]);
}

#[test]
fn the_longer_of_an_operators_hold_and_a_lock_is_what_callers_are_told() {
    for (lock, hold) in [(100, 3_000), (3_000, 100)] {
        let mut rig = Rig::new(options(), 5);
        rig.idle(1);
        rig.hold(lock);
        rig.hold_by_operator(hold);
        assert_eq!(rig.pool.held_until(), Some(rig.now + seconds(3_000)));
        rig.pass(seconds(2_999));
        rig.did(&[]);
        rig.pass(seconds(2));
        rig.did(&["keepalive 1"]);
    }
}

#[test]
fn a_hold_outlasts_a_restart_and_needs_no_proof_then() {
    let mut rig = Rig::new(options(), 5);
    rig.idle(1);
    rig.hold_by_operator(7_200);
    let hold = rig.account.operator_hold().unwrap().clone();
    assert_eq!((hold.reason(), rig.account.held_until()), ("maintenance", None));
    rig.pass(seconds(60));
    rig.restart(options().sessions(0..=5), Machine::booted("b", None));
    rig.ask(0);
    let shown = rig.pool.snapshot();
    assert_eq!(shown.holds[0].reason.as_deref(), Some("maintenance"));
    assert!(shown.holds[0].until - rig.now >= seconds(7_139));
    rig.pass(seconds(7_100));
    rig.did(&[]);
    rig.pass_well(seconds(50));
    rig.did(&["connect 1", "log in 1", "0 on 1"]);
    assert_eq!(rig.account.operator_hold(), None);
    // One that is over by then is over.
    let mut rig = Rig::new(options(), 5);
    rig.hold_by_operator(60);
    rig.now += seconds(61);
    rig.restart(options().sessions(0..=5), Machine::new());
    assert!(rig.pool.snapshot().holds.is_empty());
    assert_eq!(rig.account.operator_hold(), None);
}

#[test]
fn no_clock_holds_an_account_for_more_than_a_day() {
    let mut rig = Rig::new(options(), 5);
    rig.hold_by_operator(86_400);
    let early = rrp::dispatch::Moment::new(rig.now, 1_000);
    let pool = Pool::new(options(), Machine::new(), [1; 16], &rig.account, early);
    assert_eq!(pool.held_until(), Some(rig.now + seconds(86_400)));
}

#[test]
fn a_hold_says_why_and_how_long_within_bounds() {
    let mut rig = Rig::new(options(), 5);
    let mut hold = |wait, reason: &str| rig.pool.hold_by_operator(seconds(wait), reason, rig.now);
    assert_eq!(hold(86_401, "why"), Err(HoldError::TooLong));
    for reason in ["", "two\nlines", "\u{7f}", &"é".repeat(101)] {
        assert_eq!(hold(60, reason), Err(HoldError::Reason), "{reason:?}");
    }
    assert_eq!(hold(86_400, &"é".repeat(100)), Ok(()));
    assert_eq!(HoldError::TooLong.to_string(), "hold: longer than `24` hours");
}

#[test]
fn whoever_stops_while_held_closes_without_a_word() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(3);
    rig.answer(0);
    rig.hold_by_operator(3_000);
    rig.prove(1);
    rig.stop();
    assert!(!rig.proven().holds, "nobody waits for the end of the hold");
    rig.did(&["reset 1", "reset 2"]);
    rig.cut_off(1);
    rig.cut_off(2);
    // What is on the wire is finished.
    rig.pass(seconds(60));
    rig.did(&[]);
    assert!(!rig.pool.is_over());
    rig.answer(2);
    rig.did(&["reset 3"]);
    rig.cut_off(3);
    assert!(rig.pool.is_over());
    // The places are charged, and so is the hold.
    assert_eq!((rig.account.sessions(), rig.account.operator_hold().is_some()), (3, true));
}

#[test]
fn all_sessions_are_replaced_one_at_a_time_and_work_goes_on() {
    let mut rig = Rig::new(unlimited(), 5);
    rig.idle(3);
    rig.reconnect();
    // Another one opens first.
    rig.did(&["connect 4"]);
    rig.ask(10);
    rig.did(&["10 on 3"]);
    rig.open(4);
    rig.did(&["log in 4", "end 1"]);
    rig.pass(seconds(5));
    rig.did(&[]);
    rig.quit(1);
    rig.did(&["end 2"]);
    rig.quit(2);
    rig.answer(10);
    rig.did(&["end 3"]);
    rig.quit(3);
    rig.pass(seconds(60));
    rig.did(&[]);
    assert_eq!(rig.told().iter().filter(|event| **event == Event::Reconnects).count(), 1);
    // With none there is nothing to be done.
    let mut rig = Rig::new(unlimited(), 5);
    rig.reconnect();
    rig.pass(seconds(60));
    rig.did(&[]);
}

#[test]
fn at_the_full_budget_one_goes_before_it_is_replaced() {
    let mut rig = Rig::new(unlimited(), 2);
    rig.busy(2);
    (10..20).for_each(|job| rig.ask(job));
    rig.reconnect();
    rig.did(&[]);
    rig.answer(0);
    rig.did(&["end 1"]);
    rig.quit(1);
    rig.open(3);
    rig.did(&["connect 3", "log in 3", "10 on 3"]);
    rig.answer(1);
    rig.did(&["end 2"]);
    rig.quit(2);
    rig.open(4);
    rig.did(&["connect 4", "log in 4", "11 on 4"]);
    rig.pass(seconds(60));
    assert_eq!(rig.held.len(), 2);
}

#[test]
fn while_none_can_be_opened_the_sessions_stay() {
    let mut rig = Rig::new(unlimited(), 5);
    rig.idle(2);
    rig.reconnect();
    for session in 3..8 {
        rig.until(|rig| rig.held.contains_key(&session));
        rig.failed(session, Fails::Unreached);
    }
    rig.ask(10);
    assert_eq!(rig.slot(10).session, 2);
    assert_eq!(rig.held.get(&1), Some(&Held::Idle));
    let mut rig = Rig::new(unlimited(), 5);
    rig.idle(2);
    rig.reconnect();
    rig.log_in(3);
    rig.failed(3, Fails::Code(530));
    rig.pass(seconds(100));
    assert_eq!(rig.held.len(), 2);
}

#[test]
fn a_session_is_closed_at_once_and_stays_charged() {
    let mut rig = Rig::new(options(), 2);
    rig.busy(2);
    rig.answer(1);
    for session in [1, 2] {
        assert!(rig.kill(session));
        assert!(!rig.kill(session), "once");
    }
    assert!(!rig.kill(9));
    rig.did(&["reset 1", "reset 2"]);
    rig.ask(5);
    rig.cut_off(1);
    rig.cut_off(2);
    let shown = rig.pool.snapshot();
    assert_eq!((shown.sessions.ghosts, shown.ghosts[0].why.as_str()), (2, "broken-off"));
    assert!(shown.ghosts[0].may_be_gone);
    assert_eq!(rig.told().iter().filter(|told| matches!(told, Event::Killed { .. })).count(), 2);
    // Another one opens without a wait: nobody but the operator has ended these.
    rig.open(3);
    rig.pass(seconds(2));
    rig.did(&["connect 3", "log in 3", "5 on 3"]);
}

#[test]
fn one_on_its_way_is_closed_before_its_login_and_in_it() {
    let mut rig = Rig::new(unlimited(), 5);
    rig.ask(0);
    assert!(rig.kill(1));
    rig.did(&["connect 1", "close 1", "connect 2"]);
    rig.log_in(2);
    assert!(rig.kill(2));
    rig.did(&["log in 2", "reset 2"]);
    rig.cut_off(2);
    rig.pass_well(seconds(10));
    rig.did(&["connect 3", "log in 3", "0 on 3"]);
    // It was accepted just before.
    let mut rig = Rig::new(unlimited(), 5);
    rig.ask(0);
    rig.log_in(1);
    rig.kill(1);
    rig.opened(1);
    rig.pass(seconds(1));
    rig.did(&["connect 1", "log in 1", "reset 1"]);
    rig.cut_off(1);
    rig.did(&["connect 2"]);
}

#[test]
fn nothing_follows_on_one_that_is_closed() {
    // Answered just before.
    for how in [GiveBack::Alive, GiveBack::Evict] {
        let mut rig = Rig::new(unlimited(), 1);
        rig.busy(1);
        rig.ask(1);
        rig.kill(1);
        rig.back(0, how);
        rig.pass(seconds(100));
        rig.did(&["reset 1"]);
    }
    // Its login was being proven, or was to be.
    for answered in [false, true] {
        let mut rig = Rig::new(unlimited().rate(Rate::PER_SECOND), 1);
        rig.busy(1);
        rig.prove(0);
        if answered {
            rig.until(|rig| matches!(rig.held[&1], Held::KeepingAlive(..)));
        }
        rig.kill(1);
        if answered {
            rig.kept(1, Kept::Holds);
        }
        let probed = rig.proven();
        assert!(!probed.alive && !probed.holds);
        rig.done();
        rig.pass(seconds(100));
        rig.did(&[]);
        rig.cut_off(1);
        assert_eq!(rig.pool.sessions(), 0);
    }
    // It was on its way to its end.
    let mut rig = Rig::new(unlimited(), 1);
    rig.busy(1);
    rig.back(0, GiveBack::Evict);
    assert!(rig.kill(1));
    rig.did(&["end 1", "reset 1"]);
    rig.cut_off(1);
    assert_eq!(rig.pool.sessions(), 0);
}

#[test]
fn the_next_login_has_the_corrected_password() {
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    rig.log_in(1);
    rig.failed(1, Fails::Code(530));
    assert!(rig.pool.unavailable().is_some() && rig.account.refused().is_some());
    // The same one is not tried again.
    assert!(rig.pool.correct_credential([1; 16], rig.now));
    rig.act();
    assert!(rig.pool.unavailable().is_some());
    assert!(rig.pool.correct_credential([2; 16], rig.now));
    rig.done();
    rig.act();
    assert!(rig.pool.unavailable().is_none() && rig.account.refused().is_none());
    rig.pass_well(seconds(3));
    rig.did(&["connect 2", "log in 2", "0 on 2"]);
}

#[test]
fn one_that_is_about_to_log_in_with_another_password_does_not_and_a_refusal_of_that_says_nothing() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(1);
    rig.ask(1);
    rig.until(|rig| rig.held.contains_key(&2));
    rig.hold_by_operator(1);
    rig.greeted(2);
    assert!(rig.pool.correct_credential([2; 16], rig.now));
    rig.act();
    rig.did(&["connect 2", "close 2"]);
    rig.log_in(3);
    assert!(rig.pool.correct_credential([3; 16], rig.now));
    rig.act();
    rig.failed(3, Fails::Code(530));
    assert_eq!(rig.pool.snapshot().login_refused, None);
    rig.open(4);
    assert!(rig.held.contains_key(&1), "it stays");
    // That of the corrected one counts.
    rig.ask(2);
    rig.ask(3);
    rig.log_in(5);
    rig.failed(5, Fails::Code(530));
    assert!(rig.pool.snapshot().login_refused.is_some());
}

#[test]
fn no_password_is_corrected_while_it_is_being_changed() {
    let mut rig = Rig::new(unlimited(), 5);
    rig.idle(1);
    assert!(rig.pool.rotate());
    assert!(!rig.pool.correct_credential([2; 16], rig.now));
    rig.act();
    rig.open(2);
    assert!(rig.pool.correct_credential([2; 16], rig.now));
}

#[test]
fn each_session_is_shown_with_its_state_since_when_and_its_commands() {
    let mut rig = Rig::new(options(), 3);
    rig.idle(1);
    let opened = rig.pool.snapshot().each[0].opened_at.unwrap();
    rig.pass(seconds(10));
    rig.ask(1);
    let busy = rig.now;
    rig.pass(seconds(5));
    rig.ask(2);
    rig.until(|rig| rig.held.contains_key(&2));
    let shown = rig.pool.snapshot();
    let [first, second] = &shown.each[..] else { panic!("{shown:?}") };
    assert_eq!((first.number, first.state, first.since), (1, SessionState::Busy, busy));
    assert_eq!((first.opened_at, first.commands, first.retiring), (Some(opened), 2, false));
    assert_eq!((second.number, second.state.as_str(), second.opened_at), (2, "connecting", None));
    rig.answer(1);
    rig.ended(1, None, Remains::Silent);
    let shown = rig.pool.snapshot();
    assert_eq!((shown.ghosts[0].why.to_string(), shown.ghosts[0].may_be_gone), ("silent".into(), false));
    assert!(shown.ghosts[0].until > rig.now + millis(1));
}
