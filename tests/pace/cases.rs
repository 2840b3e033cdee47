//! The queue by hand.

use std::sync::Arc;

use rrp::pace::{Lane, Queue, Shares, Waiting};

use crate::{SECOND, start};

fn name(name: &str) -> Arc<str> {
    name.into()
}

/// What comes out, as long as something does.
fn drain(queue: &mut Queue<u64>) -> Vec<u64> {
    core::iter::from_fn(|| queue.pop()).map(|(id, _)| id).collect()
}

/// With these: id, lane, caller.
fn filled(commands: &[(u64, Lane, &str)]) -> Queue<u64> {
    let start = start();
    let mut queue = Queue::default();
    for (id, lane, caller) in commands {
        assert_eq!(queue.push(*id, *lane, &name(caller), *id, start), None);
    }
    queue
}

use Lane::{Bulk, Interactive, Normal, Settle};

#[test]
fn an_empty_queue_gives_nothing() {
    let mut queue = Queue::<u64>::new(Shares::DEFAULT);
    assert!(queue.is_empty() && queue.peek().is_none() && queue.pop().is_none() && queue.remove(0).is_none());
    assert_eq!(queue.len(), 0);
    for lane in Lane::ALL {
        let waiting: Waiting = queue.lane(lane);
        assert_eq!((waiting.waiting(), waiting.callers(), waiting.oldest()), (0, 0, None));
    }
}

#[test]
fn a_callers_commands_come_in_their_order_and_callers_in_turn() {
    let commands = [
        (1, Normal, "a"),
        (2, Normal, "a"),
        (3, Normal, "a"),
        (4, Normal, "b"),
        (5, Normal, "c"),
        (6, Normal, "b"),
    ];
    assert_eq!(drain(&mut filled(&commands)), [1, 4, 5, 2, 6, 3]);
}

#[test]
fn whoever_comes_again_stands_at_the_end() {
    let mut queue = filled(&[(1, Normal, "a"), (2, Normal, "b"), (3, Normal, "c")]);
    assert_eq!(queue.pop(), Some((1, 1)));
    queue.push(4, Normal, &name("a"), 4, start());
    queue.push(5, Normal, &name("d"), 5, start());
    assert_eq!(drain(&mut queue), [2, 3, 4, 5]);
}

#[test]
fn taking_back_keeps_the_place_while_something_is_left() {
    let commands = [(1, Normal, "a"), (2, Normal, "a"), (3, Normal, "b"), (4, Normal, "c"), (5, Normal, "c")];
    let mut queue = filled(&commands);
    assert_eq!((queue.remove(1), queue.remove(1)), (Some(1), None));
    assert_eq!((queue.contains(1), queue.contains(2), queue.len()), (false, true, 4));
    assert_eq!(queue.remove(4), Some(4));
    assert_eq!(drain(&mut queue), [2, 3, 5]);
    assert_eq!(queue.remove(5), None);

    // With nothing left it is lost.
    let mut queue = filled(&[(1, Normal, "a"), (2, Normal, "b")]);
    assert_eq!(queue.remove(1), Some(1));
    queue.push(1, Normal, &name("a"), 1, start());
    assert_eq!(drain(&mut queue), [2, 1]);
}

#[test]
fn what_is_sent_again_goes_before_what_its_caller_queued() {
    let mut queue = filled(&[(1, Bulk, "a"), (2, Bulk, "a"), (3, Bulk, "a"), (4, Bulk, "b"), (5, Bulk, "b")]);
    assert_eq!([queue.pop(), queue.pop(), queue.pop()], [Some((1, 1)), Some((4, 4)), Some((2, 2))]);
    // In the order in which they come again; its caller's turn is not earlier for it.
    assert_eq!(queue.push_again(2, Bulk, &name("a"), 2, start()), None);
    assert_eq!(queue.push_again(1, Bulk, &name("a"), 1, start()), None);
    assert_eq!(queue.peek(), Some((5, &5)));
    assert_eq!(drain(&mut queue), [5, 2, 1, 3]);

    // It may be taken back, and stands at the end of the round if nothing else of its caller waits.
    let mut queue = filled(&[(1, Bulk, "b")]);
    assert_eq!(queue.push_again(2, Bulk, &name("a"), 2, start()), None);
    assert_eq!(queue.push_again(3, Bulk, &name("a"), 3, start()), None);
    assert_eq!(queue.remove(2), Some(2));
    assert_eq!((drain(&mut queue), queue.lane(Bulk).callers()), (vec![1, 3], 0));
}

#[test]
fn an_id_that_comes_again_is_replaced_at_the_end() {
    let mut queue = filled(&[(1, Normal, "a"), (2, Normal, "a"), (3, Normal, "a")]);
    assert_eq!(queue.push(1, Normal, &name("a"), 10, start()), Some(1));
    assert_eq!(queue.len(), 3);
    assert_eq!(queue.pop(), Some((2, 2)));
    // Into another lane, of another caller.
    assert_eq!(queue.push(3, Bulk, &name("b"), 30, start()), Some(3));
    assert_eq!((queue.lane(Normal).waiting(), queue.lane(Bulk).waiting()), (1, 1));
    assert_eq!([queue.pop(), queue.pop(), queue.pop()], [Some((3, 30)), Some((1, 10)), None]);
}

#[test]
fn a_caller_has_a_turn_in_each_lane() {
    let mut queue = filled(&[(1, Bulk, "a"), (2, Bulk, "b"), (3, Settle, "a"), (4, Settle, "b")]);
    assert_eq!([queue.lane(Bulk).callers(), queue.lane(Settle).callers()], [2, 2]);
    let mut all = drain(&mut queue);
    assert_eq!(all.first(), Some(&3));
    all.retain(|id| *id < 3);
    assert_eq!(all, [1, 2]);
}

/// How many of each lane come next, of lanes that have enough.
fn next(queue: &mut Queue<Lane>, count: usize) -> [usize; 4] {
    let given: Vec<Lane> = (0..count).map_while(|_| queue.pop()).map(|(_, lane)| lane).collect();
    assert_eq!(given.len(), count);
    Lane::ALL.map(|lane| given.iter().filter(|given| **given == lane).count())
}

fn fill(queue: &mut Queue<Lane>, lanes: &[Lane], ids: u64) {
    let caller = name("anybody");
    for lane in lanes {
        for id in 0..1_000 {
            queue.push(ids + *lane as u64 * 1_000 + id, *lane, &caller, *lane, start());
        }
    }
}

#[test]
fn each_lane_has_its_share_exactly() {
    let mut queue = Queue::default();
    fill(&mut queue, &Lane::ALL, 0);
    for _ in 0..50 {
        assert_eq!(next(&mut queue, 11), [4, 4, 2, 1]);
    }
}

#[test]
fn the_share_of_a_lane_without_work_goes_to_the_others_in_proportion() {
    let mut queue = Queue::default();
    fill(&mut queue, &[Interactive, Bulk], 0);
    for _ in 0..50 {
        assert_eq!(next(&mut queue, 5), [0, 4, 0, 1]);
    }
    let mut queue = Queue::default();
    fill(&mut queue, &[Bulk], 0);
    assert_eq!(next(&mut queue, 1_000), [0, 0, 0, 1_000]);
}

#[test]
fn a_lane_that_slept_has_no_credit() {
    let mut queue = Queue::default();
    fill(&mut queue, &[Normal, Bulk], 0);
    assert_eq!(next(&mut queue, 900), [0, 0, 600, 300]);
    fill(&mut queue, &[Settle], 10_000);
    // It is the first at equal debts, and no more than that.
    assert_eq!(next(&mut queue, 7 * 30), [121, 0, 59, 30]);
}

#[test]
fn weights_are_at_least_one() {
    let shares = Shares::DEFAULT.with(Settle, 0).with(Bulk, 255);
    assert_eq!(Lane::ALL.map(|lane| shares.weight(lane)), [1, 4, 2, 255]);
    assert_eq!(Shares::default(), Shares::DEFAULT);
    let mut queue = Queue::new(shares);
    fill(&mut queue, &[Settle, Bulk], 0);
    assert_eq!(next(&mut queue, 512), [2, 0, 0, 510]);
}

#[test]
fn the_oldest_of_a_lane_is_known() {
    let start = start();
    let mut queue = Queue::default();
    for id in 0..4_u32 {
        queue.push(id.into(), Normal, &name(if id < 2 { "a" } else { "b" }), id, start + id * SECOND);
    }
    assert_eq!(queue.lane(Normal).oldest(), Some(start));
    assert_eq!(queue.pop(), Some((0, 0)));
    assert_eq!(queue.pop(), Some((2, 2)));
    assert_eq!(queue.lane(Normal).oldest(), Some(start + SECOND));
    assert_eq!(queue.remove(1), Some(1));
    assert_eq!(queue.lane(Normal).oldest(), Some(start + 3 * SECOND));
    assert_eq!((queue.lane(Normal).callers(), queue.lane(Bulk).oldest()), (1, None));
}

#[test]
fn a_name_is_held_once_and_only_while_something_waits() {
    let mut queue = Queue::default();
    let first = name("somebody");
    let others: Vec<Arc<str>> = (0..3).map(|_| name("somebody")).collect();
    queue.push(0, Normal, &first, (), start());
    for (id, other) in (1..).zip(&others) {
        queue.push(id, Normal, other, (), start());
        assert_eq!(Arc::strong_count(other), 1, "the same name, in another place");
    }
    assert!(Arc::strong_count(&first) > 1);
    assert_eq!(queue.lane(Normal).callers(), 1);
    assert_eq!(queue.remove(0), Some(()));
    assert!(queue.pop().is_some() && queue.remove(3).is_some());
    assert!(Arc::strong_count(&first) > 1);
    assert!(queue.pop().is_some());
    assert_eq!(Arc::strong_count(&first), 1);
}
