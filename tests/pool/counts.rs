//! Work that does not grow with what waits: counted, not timed.

use rrp::dispatch::{Account, GiveBack, JobId, Lane, Moment, Slots, Wish};
use rrp::pace::Rate;
use rrp::pool::{Action, Machine, Options, Pool};

use crate::rig::{Jobs, WALL};
use crate::support::session::base;

const MANY: usize = 100_000;

/// A pool whose sessions are open at once, however many it wants.
fn answered(pool: &mut Pool) {
    let at = Moment::new(base(), WALL);
    while let Some(action) = pool.poll_action(at) {
        match action {
            Action::Remember(_) => pool.remembered(true, at.now()),
            Action::Connect { session, .. } => pool.greeted(session, at.now()),
            Action::LogIn(session) => pool.opened(session, at.now()),
            Action::End(session) => pool.ended(session, None, rrp::session::Remains::Nothing, at.now()),
            Action::KeepAlive(_) | Action::Close(_) | Action::Reset(_) => {}
        }
    }
}

fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

fn wish(job: JobId, caller: &std::sync::Arc<str>, not_on: Option<u64>) -> Wish {
    Wish { job, lane: Lane::ALL[job.get() as usize % 4], caller: caller.clone(), again: false, not_on }
}

#[test]
fn a_hundred_thousand_that_wait_are_asked_for_given_and_withdrawn() {
    let mut jobs = Jobs::new();
    let ids: Vec<JobId> = (0..MANY).map(|job| jobs.id(job)).collect();
    let options = Options::new(1).rate(Rate::UNLIMITED).sessions(0..=2);
    let mut pool =
        Pool::new(options, Machine::new(), [1; 16], &Account::default(), Moment::new(base(), WALL));
    let callers: Vec<std::sync::Arc<str>> = (0..1_000).map(|caller| format!("{caller}").into()).collect();
    // A third must not have the first session, which is the only one at first.
    pool.ask(wish(ids[0], &callers[0], None), base());
    answered(&mut pool);
    for (number, id) in ids.iter().enumerate().skip(1) {
        let not_on = (number % 3 == 0).then_some(1);
        pool.ask(wish(*id, &callers[number % 1_000], not_on), base());
    }
    for id in ids.iter().skip(1).step_by(5) {
        pool.withdraw(*id);
    }
    let mut given = 0;
    // Each step is asked as its owner asks, for what is to be done and for when.
    loop {
        answered(&mut pool);
        let Some(slot) = pool.poll_slot(base()) else { break };
        assert!(pool.poll_timeout().is_none_or(|due| due >= base()));
        given += 1;
        pool.sent(slot, base());
        pool.give_back(slot, GiveBack::Alive, base());
    }
    assert_eq!(given, MANY - (MANY - 1).div_ceil(5));
    assert_eq!(pool.snapshot().parked, 0);
}

#[test]
fn those_that_were_put_aside_cost_no_more_the_more_they_are() {
    // All but the first must not have the only session, and no other opens: the login of none is accepted.
    let cost = |many: usize| {
        let mut jobs = Jobs::new();
        let ids: Vec<JobId> = (0..many).map(|job| jobs.id(job)).collect();
        let options = Options::new(1).rate(Rate::UNLIMITED).sessions(0..=2);
        let at = Moment::new(base(), WALL);
        let mut pool = Pool::new(options, Machine::new(), [1; 16], &Account::default(), at);
        let caller: std::sync::Arc<str> = "c".into();
        pool.ask(wish(ids[0], &caller, None), base());
        answered(&mut pool);
        let slot = pool.poll_slot(base()).unwrap();
        pool.give_back(slot, GiveBack::Alive, base());
        ids[1..].iter().for_each(|id| pool.ask(wish(*id, &caller, Some(1)), base()));
        assert_eq!(pool.poll_slot(base()), None);
        assert_eq!(pool.snapshot().parked, many - 1);
        allocations(|| {
            for _ in 0..1_000 {
                pool.ask(wish(ids[0], &caller, None), base());
                let slot = pool.poll_slot(base()).unwrap();
                pool.give_back(slot, GiveBack::Alive, base());
                assert!(pool.poll_timeout().is_some());
            }
        })
    };
    let (few, many) = (cost(10), cost(20_000));
    assert!(many <= few + few / 10 + 100, "{few} allocations with few, {many} with many");
}
