//! What it costs to wait.

use std::sync::Arc;

use rrp::pace::{Lane, Queue};

use crate::start;

const COMMANDS: u64 = 100_000;

/// What the queue holds for each command, the command itself (8 bytes) included.
fn each(callers: u64, back_to_front: bool) -> u64 {
    let names: Vec<Arc<str>> = (0..callers).map(|caller| format!("caller {caller}").into()).collect();
    let start = start();
    let mut queue = Queue::default();
    let counted = allocation_counter::measure(|| {
        for number in 0..COMMANDS {
            let id = if back_to_front { COMMANDS - number } else { number };
            let caller = &names[usize::try_from(number % callers).unwrap()];
            queue.push(id, Lane::Bulk, caller, number, start);
        }
    });
    let each = u64::try_from(counted.bytes_current).unwrap() / COMMANDS;
    let emptied = allocation_counter::measure(|| {
        let mut given = 0;
        while queue.pop().is_some() {
            given += 1;
        }
        assert_eq!(given, COMMANDS);
    });
    // All of it is given back, but for an empty node of each tree.
    assert!((0..4_096).contains(&(counted.bytes_current + emptied.bytes_current)), "{emptied:?}");
    each
}

#[test]
fn a_command_that_waits_costs_less_than_200_bytes() {
    for (callers, most) in [(1, 200), (1_000, 200), (COMMANDS, 600)] {
        for back_to_front in [false, true] {
            let each = each(callers, back_to_front);
            println!("{callers} callers: {each} bytes a command");
            assert!(each < most, "{callers} callers: {each} bytes");
        }
    }
}
