//! How long everything takes in multiples of the references: the same on a fast machine and a slow one.
//!
//! All operations take turns, round after round, so that a slow moment hits them alike; the fastest round of each
//! counts. `--test` is one round, without numbers worth reading.

mod inputs;
mod operations;
mod reference;

use std::env;
use std::time::{Duration, Instant};

use inputs::Input;
use operations::Operation;

/// How often each operation has its turn.
const ROUNDS: u32 = 40;
/// How long one turn is, about. An operation that takes longer runs once a turn.
const SLICE: Duration = Duration::from_millis(4);

/// What reading is compared with.
const READING: [Operation; 5] =
    [Operation::TwoScans, Operation::Memchr, Operation::Memcpy, Operation::Httparse, Operation::HashMap];

fn main() {
    let has = |flag: &str| env::args().any(|argument| argument == flag);
    // `cargo bench` says so; without it this is a test.
    let test = has("--test") || !has("--bench");
    for name in Input::NAMES {
        let input = Input::of(name).expect("a known input");
        let times = measure(&input, if test { 1 } else { ROUNDS });
        println!("{name}: {} bytes, {} replies", input.frame_bytes(), input.frames.len());
        for operation in Operation::ALL {
            print(operation, &input, &times);
        }
    }
}

/// The least time of one run of each operation, in nanoseconds.
type Times = Vec<(Operation, f64)>;

fn measure(input: &Input, rounds: u32) -> Times {
    let mut works = Operation::ALL.map(|operation| (operation, operation.work(input)));
    let mut least: Times = Vec::new();
    let runs: Vec<u32> = works.iter_mut().map(|(_, work)| runs_for(SLICE, work)).collect();
    for round in 0..rounds {
        for (at, (operation, work)) in works.iter_mut().enumerate() {
            let time = time(runs[at], work).as_nanos() as f64 / f64::from(runs[at]);
            match least.get_mut(at) {
                Some((_, least)) if round > 0 => *least = least.min(time),
                _ => least.push((*operation, time)),
            }
        }
    }
    least
}

/// How many runs take about this time.
fn runs_for(slice: Duration, work: &mut impl FnMut()) -> u32 {
    let mut runs = 1_u32;
    while time(runs, work) < slice / 2 && runs < 1 << 20 {
        runs *= 2;
    }
    runs
}

#[expect(clippy::disallowed_methods, reason = "to read the clock is what it is for")]
fn time(runs: u32, work: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..runs {
        work();
    }
    start.elapsed()
}

fn print(operation: Operation, input: &Input, times: &Times) {
    let of =
        |wanted: Operation| times.iter().find(|(one, _)| *one == wanted).map_or(f64::NAN, |(_, time)| *time);
    let time = of(operation);
    let speed = operation.bytes(input) as f64 / time;
    print!("  {:<14} {time:>12.1} ns {speed:>7.2} GB/s", operation.to_string());
    let references: &[Operation] = match operation {
        Operation::Index | Operation::Fresh | Operation::Peek => &READING,
        Operation::Deframe(cut) => &[Operation::Copy(cut)],
        _ => &[],
    };
    for reference in references {
        print!("  {:.3} {reference}", time / of(*reference));
    }
    println!();
}
