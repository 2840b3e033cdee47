//! How many instructions and allocations everything takes: the same numbers in every run, on a busy machine too.
//!
//! ```text
//! cargo bench --bench counts                what it is now, the goals, and the difference to counts.tsv
//! cargo bench --bench counts -- --check     the same; fails if more than a little has changed or a limit is broken
//! cargo bench --bench counts -- --write     the same, and writes counts.tsv
//! cargo bench --bench counts -- NAME …      only the cases whose name contains one of these
//! ```
//!
//! Instructions are counted by valgrind (callgrind), one process a case, inside [`counted_region`] alone and after a
//! first run of the same work. Allocations are counted outside of valgrind; the counting allocator is there in both
//! runs, so that an allocation costs some twenty instructions more here than elsewhere. A reallocation counts as one.
//!
//! The numbers belong to one compiler and to machines with AVX2: `memchr` and the C library choose by it.

mod goals;
mod inputs;
mod operations;
mod reference;
mod sending;
mod waiting;

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::thread;

use inputs::Input;
use operations::Operation;
use sending::Sending;
use waiting::Waiting;

/// How much more than in counts.tsv a case may take.
const MORE: f64 = 1.03;
/// How much less is worth writing down.
const LESS: f64 = 0.90;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, name] = arguments.as_slice()
        && flag == "--case"
    {
        run_case(name);
        return ExitCode::SUCCESS;
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--test") || !has("--bench") {
        // As a test, also for `cargo test --benches`: everything runs, nothing is counted.
        for case in Case::all() {
            run_case(&case.to_string());
        }
        return ExitCode::SUCCESS;
    }
    let names: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with("--")).collect();
    match measure(&names) {
        Ok(counts) => report(&counts, has("--check"), has("--write") && names.is_empty()),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// One thing that is counted.
#[derive(Clone, Copy)]
enum Case {
    Read(Operation, &'static str),
    Send(Sending),
    Wait(Waiting),
}

impl Case {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for operation in Operation::ALL {
            for input in Input::NAMES {
                // Cut into pieces, only the lists are of interest.
                let cut = matches!(operation, Operation::Deframe(_) | Operation::Copy(_));
                if !cut || input.starts_with("list") {
                    all.push(Self::Read(operation, input));
                }
            }
        }
        all.extend(Sending::ALL.map(Self::Send));
        all.extend(Waiting::ALL.map(Self::Wait));
        all
    }

    /// What it is compared with.
    const fn reference(self) -> Option<Self> {
        match self {
            Self::Read(Operation::Index | Operation::Fresh | Operation::Peek, input) => {
                Some(Self::Read(Operation::TwoScans, input))
            }
            Self::Read(Operation::Deframe(cut), input) => Some(Self::Read(Operation::Copy(cut), input)),
            Self::Read(..) | Self::Send(_) | Self::Wait(_) => None,
        }
    }

    /// Whether it is ours, and not a reference.
    const fn is_ours(self) -> bool {
        self.reference().is_some() || matches!(self, Self::Send(_) | Self::Wait(_))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(operation, input) => write!(f, "{operation}/{input}"),
            Self::Send(sending) => write!(f, "{sending}"),
            Self::Wait(waiting) => write!(f, "{waiting}"),
        }
    }
}

/// In the child: the work, once to warm up and once counted.
fn run_case(name: &str) {
    let case = Case::all().into_iter().find(|case| case.to_string() == name).expect("a known case");
    match case {
        Case::Read(operation, input) => {
            let input = Input::of(input).expect("a known input");
            twice(&mut *operation.work(&input));
        }
        Case::Send(sending) => twice(&mut *sending.work()),
        Case::Wait(waiting) => twice(&mut *waiting.work()),
    }
}

fn twice(work: &mut dyn FnMut()) {
    work();
    counted_region(work);
}

/// What callgrind counts: this function, and all that it calls.
#[inline(never)]
fn counted_region(work: &mut dyn FnMut()) {
    work();
    // Not a tail call, so that callgrind sees the return.
    black_box(());
}

#[derive(Clone, Copy)]
struct Count {
    case: Case,
    bytes: usize,
    replies: usize,
    instructions: u64,
    allocations: u64,
}

impl Count {
    fn per_byte(&self) -> f64 {
        self.instructions as f64 / self.bytes as f64
    }
}

type Counts = BTreeMap<String, Count>;

fn measure(names: &[&str]) -> Result<Counts, String> {
    let chosen: Vec<Case> = Case::all()
        .into_iter()
        .filter(|case| names.is_empty() || names.iter().any(|name| case.to_string().contains(name)))
        .collect();
    let instructions = count_instructions(&chosen)?;
    let inputs: BTreeMap<&str, Input> =
        Input::NAMES.into_iter().filter_map(|name| Some((name, Input::of(name)?))).collect();
    let mut counts = Counts::new();
    for (case, instructions) in chosen.into_iter().zip(instructions) {
        let count = match case {
            Case::Read(operation, name) => {
                let input = inputs.get(name).ok_or("an unknown input")?;
                let allocations = count_allocations(&mut *operation.work(input));
                let (bytes, replies) = (operation.bytes(input), input.frames.len());
                Count { case, bytes, replies, instructions, allocations }
            }
            Case::Send(sending) => {
                let allocations = count_allocations(&mut *sending.work());
                Count { case, bytes: sending.bytes(), replies: 1, instructions, allocations }
            }
            Case::Wait(waiting) => {
                let allocations = count_allocations(&mut *waiting.work());
                let (bytes, replies) = (Waiting::BYTES, Waiting::EACH);
                Count { case, bytes, replies, instructions, allocations }
            }
        };
        counts.insert(case.to_string(), count);
    }
    Ok(counts)
}

fn count_allocations(work: &mut dyn FnMut()) -> u64 {
    work();
    allocation_counter::measure(work).count_total
}

/// The instructions of each case, as many processes at a time as there are processors.
fn count_instructions(cases: &[Case]) -> Result<Vec<u64>, String> {
    let found = Mutex::new(vec![0; cases.len()]);
    let next = Mutex::new(cases.iter().enumerate());
    let worker = || -> Result<(), String> {
        loop {
            let Some((at, case)) = next.lock().map_err(|_| "another case failed")?.next() else {
                return Ok(());
            };
            let count = callgrind(&case.to_string())?;
            found.lock().map_err(|_| "another case failed")?[at] = count;
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        handles.into_iter().try_for_each(|handle| handle.join().map_err(|_| "a case failed")?)
    })?;
    found.into_inner().map_err(|_| "a case failed".to_owned())
}

const COPYING: &str = "glibc.cpu.x86_rep_movsb_threshold=0x7fffffffffff:\
    glibc.cpu.x86_non_temporal_threshold=0x7fffffffffff";

fn callgrind(case: &str) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| format!("this program has no path: {error}"))?;
    let mut valgrind = Command::new("valgrind");
    // The environment lies on the stack and moves everything on it; and the C library is to copy in the same way
    // whatever the size of the caches, and never with `rep movsb`, which counts as one instruction a byte.
    valgrind.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path))).env("GLIBC_TUNABLES", COPYING);
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg("--toggle-collect=*counted_region*")
        .arg(program)
        .args(["--case", case]);
    let output = valgrind.output().map_err(|error| {
        format!("valgrind does not run ({error}): install it, on Debian `apt-get install valgrind libc6-dbg`")
    })?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let collected = stderr
        .lines()
        .filter_map(|line| line.split_once("Collected :"))
        .find_map(|(_, number)| number.trim().parse().ok());
    match collected {
        Some(count) if count > 0 && output.status.success() => Ok(count),
        _ => Err(format!("valgrind counted nothing for {case} ({}):\n{stderr}", output.status)),
    }
}

fn report(counts: &Counts, check: bool, write: bool) -> ExitCode {
    print_table(counts);
    let mut failures = Vec::new();
    println!();
    for goal in goals::all(counts) {
        println!("{goal}");
        if !goal.holds() {
            failures.push("a limit is broken".to_owned());
        }
    }
    failures.dedup();
    if write {
        if let Err(error) = fs::write(TABLE, Recorded::write(counts)) {
            failures.push(format!("{TABLE} cannot be written: {error}"));
        }
    } else {
        failures.extend(compare(counts));
    }
    println!();
    for failure in &failures {
        println!("{failure}");
    }
    match failures.is_empty() {
        true => {
            println!("as recorded, within the limits");
            ExitCode::SUCCESS
        }
        false if check => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn print_table(counts: &Counts) {
    println!(
        "{:<26} {:>9} {:>12} {:>9} {:>9} {:>11}",
        "case", "bytes", "instructions", "per byte", "ratio", "allocations"
    );
    for case in Case::all() {
        let Some(count) = counts.get(&case.to_string()) else { continue };
        let reference = case.reference().and_then(|reference| counts.get(&reference.to_string()));
        let ratio = reference.map(|reference| count.instructions as f64 / reference.instructions as f64);
        let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.3}"));
        println!(
            "{:<26} {:>9} {:>12} {:>9.2} {:>9} {:>11}",
            case.to_string(),
            count.bytes,
            count.instructions,
            count.per_byte(),
            ratio,
            count.allocations
        );
    }
}

/// Where the counts are recorded.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/counts.tsv");

/// One line of the record.
struct Recorded {
    case: String,
    instructions: u64,
    allocations: u64,
}

impl Recorded {
    fn read(text: &str) -> Result<Vec<Self>, String> {
        let line = |line: &str| {
            let mut fields = line.split('\t');
            let recorded = Self {
                case: fields.next()?.to_owned(),
                instructions: fields.next()?.parse().ok()?,
                allocations: fields.next()?.parse().ok()?,
            };
            fields.next().is_none().then_some(recorded)
        };
        text.lines()
            .skip(1)
            .map(|text| line(text).ok_or_else(|| format!("{TABLE}: no such line is known: {text}")))
            .collect()
    }

    fn write(counts: &Counts) -> String {
        let lines = Case::all().into_iter().filter_map(|case| counts.get(&case.to_string()));
        let lines =
            lines.map(|count| format!("{}\t{}\t{}\n", count.case, count.instructions, count.allocations));
        format!("case\tinstructions\tallocations\n{}", lines.collect::<String>())
    }
}

/// What differs from the record by more than a little. Of the references only that they are there: what they take is
/// for others to change.
fn compare(counts: &Counts) -> Vec<String> {
    let recorded = fs::read_to_string(TABLE)
        .map_err(|error| format!("{TABLE}: {error}"))
        .and_then(|text| Recorded::read(&text));
    let recorded = match recorded {
        Ok(recorded) => recorded,
        Err(message) => return vec![message],
    };
    let mut differences = Vec::new();
    for count in counts.values() {
        let name = count.case.to_string();
        let Some(before) = recorded.iter().find(|recorded| recorded.case == name) else {
            differences.push(format!("{name}: not recorded; --write records it"));
            continue;
        };
        if !count.case.is_ours() {
            continue;
        }
        let change = count.instructions as f64 / before.instructions as f64;
        let instructions =
            format!("{name}: {} instructions, {} before", count.instructions, before.instructions);
        if change > MORE {
            differences.push(format!("{instructions}: {:+.1} %", (change - 1.0) * 100.0));
        } else if change < LESS {
            differences.push(format!("{instructions}: better; --write records it"));
        }
        if count.allocations != before.allocations {
            differences
                .push(format!("{name}: {} allocations, {} before", count.allocations, before.allocations));
        }
    }
    for gone in
        recorded.iter().filter(|recorded| !Case::all().iter().any(|case| case.to_string() == recorded.case))
    {
        differences.push(format!("{}: recorded, but no longer counted; --write drops it", gone.case));
    }
    differences
}
