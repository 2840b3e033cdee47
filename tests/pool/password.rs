//! A new password over sessions that are in use.

use rrp::dispatch::{Account, Slots, Unavailable};
use rrp::pace::Rate;
use rrp::pool::{Event, Machine, Rotated};
use rrp::session::Remains;

use crate::rig::{Fails, Rig, millis, options, seconds, why};

fn rig(sessions: usize, max: usize) -> Rig {
    let mut rig = Rig::new(options().rate(Rate::UNLIMITED), max);
    rig.idle(sessions);
    rig
}

#[track_caller]
fn rotate(rig: &mut Rig) {
    assert!(rig.pool.rotate());
    assert!(!rig.pool.rotate(), "one at a time");
    assert!(rig.pool.snapshot().changes_password);
    rig.act();
}

fn done(rig: &mut Rig) -> Vec<String> {
    rig.done().iter().map(|done| done.split_once(' ').unwrap().1.to_owned()).collect()
}

#[test]
fn one_login_changes_it_and_sessions_roll_one_at_a_time() {
    let mut rig = rig(3, 5);
    rotate(&mut rig);
    rig.open(4);
    assert_eq!(rig.rotated, [Rotated::Changed]);
    assert!(rig.told().contains(&Event::PasswordChanged));
    rig.did(&["connect 4 to change", "log in 4", "end 1"]);
    rig.pass(seconds(60));
    rig.did(&[]);
    rig.quit(1);
    rig.did(&["end 2"]);
    rig.quit(2);
    rig.did(&["end 3"]);
    rig.quit(3);
    // The one that changed it stays, and others log in with what holds now.
    rig.pass(seconds(60));
    (10..12).for_each(|job| rig.ask(job));
    rig.did(&["10 on 4", "connect 5"]);
    assert!(!rig.pool.snapshot().changes_password);
}

#[test]
fn without_a_session_it_is_changed_too() {
    let mut rig = rig(0, 1);
    rotate(&mut rig);
    rig.open(1);
    rig.did(&["connect 1 to change", "log in 1"]);
    assert_eq!(rig.rotated, [Rotated::Changed]);
}

#[test]
fn at_the_full_budget_one_goes_for_it() {
    let mut rig = rig(2, 2);
    rotate(&mut rig);
    rig.did(&["end 1"]);
    rig.quit(1);
    rig.open(3);
    rig.did(&["connect 3 to change", "log in 3", "end 2"]);
    // One that is busy is let finish.
    let mut rig = Rig::new(options(), 1);
    rig.busy(1);
    rig.ask(1);
    rotate(&mut rig);
    rig.pass(seconds(60));
    rig.did(&[]);
    rig.answer(0);
    rig.pass(seconds(2));
    rig.did(&["end 1"]);
    rig.quit(1);
    rig.open(2);
    rig.pass(seconds(2));
    rig.did(&["connect 2 to change", "log in 2", "1 on 2"]);
}

#[test]
fn other_openings_wait_for_it() {
    let mut rig = rig(1, 5);
    rotate(&mut rig);
    (10..20).for_each(|job| rig.ask(job));
    rig.pass(seconds(60));
    assert_eq!(done(&mut rig), ["connect 2 to change", "10 on 1"]);
}

#[test]
fn one_that_was_on_its_way_does_not_count() {
    let mut rig = rig(0, 5);
    rig.ask(0);
    rotate(&mut rig);
    rig.open(1);
    assert!(rig.rotated.is_empty());
    rig.open(2);
    assert_eq!(rig.rotated, [Rotated::Changed]);
    assert_eq!(done(&mut rig)[..4], ["connect 1", "log in 1", "connect 2 to change", "0 on 1"]);
    // It has the earlier password, and goes.
    rig.answer(0);
    assert_eq!(done(&mut rig).last().unwrap(), "end 1");
}

/// What is tried and what comes of it, from one change: how each login fails, or that it is accepted.
fn story(logins: &[Option<Fails>]) -> (Vec<String>, Vec<Rotated>, bool) {
    let mut rig = rig(1, 5);
    rotate(&mut rig);
    follow(&mut rig, 2, logins)
}

fn follow(rig: &mut Rig, first: u64, logins: &[Option<Fails>]) -> (Vec<String>, Vec<Rotated>, bool) {
    for (session, login) in (first..).zip(logins) {
        rig.log_in(session);
        match login {
            Some(fails) => rig.failed(session, *fails),
            None => rig.opened(session),
        }
    }
    rig.pass(seconds(10));
    let done = rig.done();
    let tried = done.iter().filter_map(|done| done.split_once(" connect ").map(|(_, what)| what.to_owned()));
    let tried = tried.collect();
    let refused = rig.pool.snapshot().login_refused.is_some();
    (tried, std::mem::take(&mut rig.rotated), refused)
}

fn not_changed(code: Fails) -> Vec<Rotated> {
    vec![Rotated::NotChanged(why(&format!("{code:?}")))]
}

#[test]
fn a_refusal_changes_nothing() {
    // The old password is refused: nothing else is tried, with either.
    let (tried, rotated, refused) = story(&[Some(Fails::Code(530))]);
    assert_eq!((tried, rotated, refused), (vec!["2 to change".into()], not_changed(Fails::Code(530)), true));
    // The new one is not liked: the old one holds.
    for code in [503, 541] {
        let (tried, rotated, refused) = story(&[Some(Fails::Code(code))]);
        assert_eq!((tried, refused), (vec!["2 to change".into()], false), "{code}");
        assert_eq!(rotated, not_changed(Fails::Code(code)));
    }
}

#[test]
fn what_says_nothing_about_it_is_tried_again() {
    for fails in [Fails::Unsent, Fails::Code(521), Fails::Code(422)] {
        let mut rig = rig(1, 5);
        rotate(&mut rig);
        rig.log_in(2);
        rig.failed(2, fails);
        assert!(rig.rotated.is_empty(), "{fails:?}");
        rig.pass_well(seconds(700));
        assert_eq!(rig.rotated, [Rotated::Changed], "{fails:?}");
        assert!(rig.done().iter().any(|done| done.ends_with(" connect 3 to change")), "{fails:?}");
    }
    let mut rig = rig(1, 5);
    rotate(&mut rig);
    rig.failed(2, Fails::Unreached);
    rig.did(&["connect 2 to change", "connect 3 to change"]);
}

#[test]
fn after_a_lost_reply_the_next_one_is_tried() {
    for lost in [Fails::Eof, Fails::Reset, Fails::Timeout] {
        let (tried, rotated, refused) = story(&[Some(lost), None]);
        assert_eq!(tried, ["2 to change", "3 with next"]);
        assert_eq!((rotated, refused), (vec![Rotated::Changed], false));
    }
}

#[test]
fn and_if_that_is_refused_or_lost_the_one_before_is() {
    for next in [Fails::Code(530), Fails::Eof, Fails::Timeout] {
        let (tried, rotated, refused) = story(&[Some(Fails::Eof), Some(next), None]);
        assert_eq!(tried, ["2 to change", "3 with next", "4"]);
        assert_eq!((rotated, refused), (not_changed(next), false));
    }
}

#[test]
fn and_if_neither_is_accepted_none_is_tried_any_more() {
    for current in [Fails::Code(530), Fails::Reset] {
        let (tried, rotated, refused) = story(&[Some(Fails::Eof), Some(Fails::Code(530)), Some(current)]);
        assert_eq!(tried, ["2 to change", "3 with next", "4"]);
        assert_eq!((rotated, refused), (vec![Rotated::Unknown(why(&format!("{current:?}")))], true));
    }
}

#[test]
fn a_login_that_was_never_sent_is_none_of_them() {
    let story = story(&[
        Some(Fails::Eof),
        Some(Fails::Unsent),
        Some(Fails::Code(530)),
        Some(Fails::Unsent),
        Some(Fails::Code(421)),
        None,
    ]);
    assert_eq!(story.0, ["2 to change", "3 with next", "4 with next", "5", "6", "7"]);
    assert_eq!((story.1, story.2), (not_changed(Fails::Code(530)), false));
}

#[test]
fn one_that_an_earlier_process_began_is_gone_on_with() {
    for (logins, tried, rotated) in [
        (vec![None], vec!["1 with next"], vec![Rotated::Changed]),
        (vec![Some(Fails::Code(530)), None], vec!["1 with next", "2"], not_changed(Fails::Code(530))),
    ] {
        let mut rig = Rig::with(options().sessions(0..=5), 5, Machine::new(), &Account::default());
        rig.pool.resume_rotation();
        rig.act();
        let story = follow(&mut rig, 1, &logins);
        assert_eq!((story.0, story.1), (tried.into_iter().map(str::to_owned).collect(), rotated));
    }
}

#[test]
fn the_sessions_stay_while_the_change_cannot_be_tried() {
    let mut rig = rig(2, 2);
    rotate(&mut rig);
    rig.quit(1);
    for session in 3..9 {
        rig.failed(session, Fails::Unreached);
    }
    rig.ask(50);
    assert_eq!(rig.slot(50).session, 2);
}

#[test]
fn nobody_rolls_while_openings_fail() {
    let options = options().rate(Rate::UNLIMITED).sessions(3..=5);
    let mut rig = Rig::with(options, 5, Machine::new(), &Account::default());
    rig.pass_well(seconds(0));
    rotate(&mut rig);
    rig.open(4);
    rig.quit(1);
    rig.quit(2);
    for session in 5..12 {
        rig.failed(session, Fails::Unreached);
        assert_eq!(rig.held[&3], crate::rig::Held::Idle);
    }
    // Once something is answered again.
    rig.open(12);
    rig.pass_well(seconds(600));
    assert!(!rig.held.contains_key(&3));
}

#[test]
fn nobody_rolls_while_the_account_is_locked() {
    let mut rig = rig(3, 5);
    rotate(&mut rig);
    rig.log_in(4);
    rig.hold(300);
    rig.opened(4);
    rig.done();
    rig.pass(seconds(299));
    rig.did(&[]);
    rig.pass_well(seconds(60));
    assert!(done(&mut rig).starts_with(&["keepalive 1".to_owned(), "end 1".to_owned()]));
}

fn stopped() -> Unavailable {
    why("sessions: stopped while the password was being changed")
}

#[test]
fn whoever_stops_is_told_what_came_of_it() {
    // Nothing was sent.
    let mut first = rig(1, 5);
    rotate(&mut first);
    first.stop();
    assert_eq!(first.rotated, [Rotated::NotChanged(stopped())]);
    // It is on its way.
    for (fails, told) in [
        (None, Rotated::Changed),
        (Some(Fails::Code(530)), Rotated::NotChanged(why("Code(530)"))),
        (Some(Fails::Code(521)), Rotated::NotChanged(stopped())),
        (Some(Fails::Eof), Rotated::Unknown(stopped())),
    ] {
        let mut rig = rig(1, 5);
        rotate(&mut rig);
        rig.log_in(2);
        rig.stop();
        assert!(rig.rotated.is_empty());
        match fails {
            None => rig.opened(2),
            Some(fails) => rig.failed(2, fails),
        }
        assert_eq!(rig.rotated, [told]);
        rig.pass_well(seconds(60));
        assert!(rig.pool.is_over());
    }
    // One that was lost before is in doubt.
    let mut rig = rig(1, 5);
    rotate(&mut rig);
    rig.log_in(2);
    rig.failed(2, Fails::Eof);
    rig.greeted(3);
    rig.stop();
    rig.pass(millis(1));
    let told = std::mem::take(&mut rig.rotated);
    assert!(told.is_empty() || told == [Rotated::Unknown(stopped())]);
    if told.is_empty() {
        rig.failed(3, Fails::Reset);
        assert_eq!(rig.rotated.len(), 1);
    }
    assert!(!rig.pool.rotate());
}

#[test]
fn it_is_not_begun_while_the_login_is_refused() {
    let mut rig = rig(1, 5);
    (10..12).for_each(|job| rig.ask(job));
    rig.log_in(2);
    rig.failed(2, Fails::Code(530));
    assert!(!rig.pool.rotate());
    rig.ended(1, None, Remains::Nothing);
    assert!(rig.pool.unavailable().is_some());
}
