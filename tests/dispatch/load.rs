//! Many that wait: what each of them holds, and that none costs more because of the others.

use std::time::Instant;

use rrp::command::Safety;
use rrp::dispatch::{
    Action, CallId, Config, Dispatch, GiveBack, JobId, Lane, Moment, Options, Slot, Slots, Told, Unavailable,
    Wish,
};

use crate::rig::{WALL, base, keyed, seconds};
use crate::*;

/// No slot, ever.
#[derive(Debug, Default)]
struct Closed {
    unavailable: Option<Unavailable>,
    held_until: Option<Instant>,
}

impl Slots for Closed {
    fn ask(&mut self, _wish: Wish, _now: Instant) {}

    fn withdraw(&mut self, _job: JobId) {}

    fn poll_slot(&mut self, _now: Instant) -> Option<Slot> {
        None
    }

    fn sent(&mut self, _slot: Slot, _now: Instant) {}

    fn give_back(&mut self, _slot: Slot, _how: GiveBack, _now: Instant) {}

    fn hold(&mut self, _wait: std::time::Duration, _now: Instant) {}

    fn held_until(&self) -> Option<Instant> {
        self.held_until
    }

    fn unavailable(&self) -> Option<Unavailable> {
        self.unavailable.clone()
    }

    fn trouble(&self) -> Option<Unavailable> {
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}

fn moment(after: u64) -> Moment {
    Moment::new(base() + seconds(after), WALL)
}

fn dispatch() -> Dispatch<Closed> {
    let config = Config::new(1).per_caller(Config::JOBS);
    Dispatch::new(config, Closed::default(), keyed(), [], 1, moment(0))
}

fn renewal(number: usize) -> Command {
    let domain = format!("domain-{number}.example.com");
    ptf(
        "RenewDomain",
        &[("domain", &domain), ("period", "1"), ("expiration", "2027"), ("renewalmode", "AUTORENEW")],
    )
}

fn checks(number: usize) -> Command {
    Check::domain(&domain(&format!("domain-{number}.example.com"))).to_command()
}

fn options_of(number: usize) -> Options {
    let deadline = base() + seconds(3_600 + u64::try_from(number).unwrap());
    Options::new().user("customer-17").caller("connection 4").lane(Lane::Bulk).deadline(deadline)
}

fn told(dispatch: &mut Dispatch<Closed>) -> Vec<(CallId, Told)> {
    let mut all = Vec::new();
    while let Some(action) = dispatch.poll_action() {
        match action {
            Action::Tell { call, told } => all.push((call, told)),
            action => panic!("{action:?}"),
        }
    }
    all
}

/// What each of ten thousand holds, in bytes.
fn each(mut queue: impl FnMut(&mut Dispatch<Closed>, usize)) -> u64 {
    const COUNT: usize = 10_000;
    let mut dispatch = dispatch();
    let used = allocation_counter::measure(|| {
        for number in 0..COUNT {
            queue(&mut dispatch, number);
        }
    });
    assert_eq!(dispatch.jobs(), COUNT);
    u64::try_from(used.bytes_current).unwrap() / u64::try_from(COUNT).unwrap()
}

#[test]
fn a_command_that_waits_holds_less_than_a_kibibyte() {
    let query = each(|dispatch, number| {
        dispatch.query(checks(number), options_of(number), moment(0));
    });
    let read = each(|dispatch, number| {
        let name = format!("domain-{number}.example.com");
        dispatch.query(ptf("StatusDomain", &[("domain", &name)]), options_of(number), moment(0));
    });
    let change = each(|dispatch, number| {
        dispatch.change(renewal(number), Safety::ReadBack, options_of(number), moment(0));
    });
    let keyed = each(|dispatch, number| {
        let options = options_of(number).key(&format!("order-{number}"));
        dispatch.change(renewal(number), Safety::ReadBack, options, moment(0));
    });
    println!("bytes of each: check {query}, status {read}, renewal {change}, with a key {keyed}");
    for bytes in [query, read, change, keyed] {
        assert!(bytes < 1_024, "check {query}, status {read}, renewal {change}, with a key {keyed}");
    }
}

#[test]
fn a_hundred_thousand_leave_or_run_out_of_time() {
    const COUNT: usize = 100_000;
    let one = status();
    let mut dispatch = dispatch();
    // All in one job.
    let calls: Vec<CallId> =
        (0..COUNT).map(|number| dispatch.query(one.clone(), options_of(number), moment(0))).collect();
    assert_eq!((dispatch.jobs(), dispatch.calls()), (1, COUNT));
    for call in calls.iter().rev().step_by(2) {
        dispatch.leave(*call, moment(1));
    }
    dispatch.handle_timeout(moment(3_600 + 100_000));
    assert_eq!(told(&mut dispatch).len(), COUNT / 2);
    assert_eq!((dispatch.jobs(), dispatch.calls()), (0, 0));
    assert_eq!(dispatch.snapshot(base()).callers(), 0);
}

/// Writes to one object, one behind the other.
fn behind(count: usize) -> (Dispatch<Closed>, Vec<CallId>) {
    let (mut dispatch, one) = (dispatch(), renewal(0));
    let ask = |number| dispatch.change(one.clone(), Safety::ReadBack, options_of(number), moment(0));
    let calls: Vec<CallId> = (0..count).map(ask).collect();
    assert_eq!(dispatch.snapshot(base()).behind(), count - 1);
    (dispatch, calls)
}

#[test]
fn forty_thousand_writes_to_one_object_end_in_any_way() {
    const COUNT: usize = 40_000;
    // The first first: each time the next begins.
    let (mut dispatch, calls) = behind(COUNT);
    for call in calls {
        dispatch.leave(call, moment(0));
    }
    assert_eq!(dispatch.jobs(), 0);
    let ends: [fn(&mut Dispatch<Closed>); 3] = [
        |dispatch| dispatch.slots_mut().unavailable = Some(Unavailable::new("login refused")),
        |dispatch| dispatch.slots_mut().held_until = Some(base() + seconds(1_000_000)),
        |dispatch| dispatch.stop(moment(0)),
    ];
    for end in ends {
        let (mut dispatch, calls) = behind(COUNT);
        end(&mut dispatch);
        dispatch.handle_timeout(moment(0));
        let told: Vec<CallId> = told(&mut dispatch).into_iter().map(|(call, _)| call).collect();
        assert_eq!(told, calls);
        assert_eq!(dispatch.jobs(), 0);
    }
}
