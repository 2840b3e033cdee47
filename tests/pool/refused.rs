//! A login that was refused (530): no other is tried until somebody says so.

use rrp::dispatch::{Account, Moment, Slots};
use rrp::pool::{Event, Failure, Machine, Options, Pool};

use crate::rig::{Fails, Rig, WALL, moment, options, seconds, why};
use crate::support::session::base;

fn refused() -> Rig {
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    rig.log_in(1);
    rig.failed(1, Fails::Code(530));
    rig
}

#[test]
fn nothing_opens_and_everybody_hears_of_it() {
    let mut rig = refused();
    assert_eq!(rig.told(), [Event::LoginRefused { why: why("Code(530)") }]);
    assert_eq!(rig.pool.unavailable(), Some(why("Code(530)")));
    assert_eq!(rig.pool.snapshot().login_refused, Some(why("Code(530)")));
    rig.done();
    (1..9).for_each(|job| rig.ask(job));
    rig.pass(seconds(100_000));
    rig.does(&[]);
    assert!(!rig.pool.rotate());
    rig.act();
    rig.does(&[]);
    assert_eq!(rig.due(), None);
}

#[test]
fn a_login_that_cannot_be_written_is_refused_too() {
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    let failure = Failure::unwritten(why("login: too long"));
    assert!(failure.is_refused() && failure.why() == &why("login: too long"));
    rig.pool.failed(1, failure, moment(rig.now));
    assert!(rig.pool.unavailable().is_some());
}

#[test]
fn those_that_are_open_go_on() {
    let mut rig = Rig::new(options(), 5);
    rig.busy(1);
    rig.ask(1);
    rig.log_in(2);
    rig.failed(2, Fails::Code(530));
    rig.done();
    assert_eq!(rig.pool.unavailable(), None);
    rig.answer(0);
    rig.pass(seconds(2));
    rig.did(&["1 on 1"]);
    // Not even for somebody who must not have it is the last one given up.
    rig.ask_not_on(2, 1);
    rig.answer(1);
    rig.pass_well(seconds(3_000));
    assert_eq!(rig.pool.sessions(), 1);
    rig.ended(1, None, rrp::session::Remains::Nothing);
    assert!(rig.pool.unavailable().is_some());
}

#[test]
fn an_explicit_retry_tries_once() {
    let mut rig = refused();
    rig.pass(seconds(60));
    rig.done();
    rig.pool.retry_login();
    rig.act();
    assert_eq!(rig.pool.unavailable(), None);
    rig.did(&["connect 2"]);
    rig.log_in(2);
    rig.failed(2, Fails::Code(530));
    rig.pass(seconds(6_000));
    rig.did(&["log in 2"]);
    assert!(rig.pool.unavailable().is_some());
}

#[test]
fn other_credentials_try_again_and_the_same_do_not() {
    let mut rig = refused();
    rig.done();
    rig.pool.set_credential([1; 16]);
    rig.act();
    rig.did(&[]);
    rig.pool.set_credential([2; 16]);
    rig.act();
    rig.did(&["connect 2"]);
    assert_eq!(rig.account.refused(), None);
}

#[test]
fn other_credentials_do_not_shorten_what_the_registry_asks_for() {
    let mut rig = Rig::new(options(), 5);
    rig.ask(0);
    rig.log_in(1);
    rig.failed(1, Fails::Code(521));
    rig.done();
    rig.pool.set_credential([2; 16]);
    rig.pass(seconds(10));
    rig.did(&[]);
}

#[test]
fn it_survives_a_restart_with_the_same_credentials_alone() {
    let account = refused().account;
    let why_not = account.refused().expect("it is remembered");
    assert_eq!((why_not.why(), why_not.at()), ("Code(530)", WALL + 1_000));
    assert!(!format!("{account:?}").contains("[1, 1"), "{account:?}");
    let pool = |credential, account: &Account| {
        Pool::new(Options::new(1), Machine::new(), credential, account, Moment::new(base(), WALL))
    };
    assert_eq!(pool([1; 16], &account).unavailable(), Some(why("Code(530), as an earlier process was told")));
    assert_eq!(pool([2; 16], &account).unavailable(), None);
}

#[test]
fn it_stays_remembered_with_all_that_is_remembered_later() {
    let account = refused().account;
    let mut rig = Rig::with(options().sessions(0..=5), 5, Machine::new(), &account);
    rig.ask(0);
    rig.hold(60);
    assert!(rig.account.refused().is_some() && rig.account.held_until().is_some());
}
