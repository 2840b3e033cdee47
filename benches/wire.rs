//! How long everything takes, ours and the references side by side: one group an input, in bytes per second.

mod inputs;
mod operations;
mod reference;
mod sending;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use inputs::Input;
use operations::Operation;
use sending::Sending;

fn reading(criterion: &mut Criterion) {
    for name in Input::NAMES {
        let input = Input::of(name).expect("a known input");
        let mut group = criterion.benchmark_group(name);
        if input.wire.len() > 1_000_000 {
            group.sample_size(10);
        }
        for operation in Operation::ALL {
            group.throughput(Throughput::Bytes(operation.bytes(&input) as u64));
            let mut work = operation.work(&input);
            group.bench_function(operation.to_string(), |bencher| bencher.iter(&mut work));
        }
        group.finish();
    }
}

fn sending(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sending");
    for sending in Sending::ALL {
        group.throughput(Throughput::Bytes(sending.bytes() as u64));
        let mut work = sending.work();
        group.bench_function(sending.to_string(), |bencher| bencher.iter(&mut work));
    }
    group.finish();
}

criterion_group!(benches, reading, sending);
criterion_main!(benches);
