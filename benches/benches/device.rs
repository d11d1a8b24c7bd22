//! The device's rows with criterion: opening, reading, acting. The workloads are the table's.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

use casework_benches::Scale;
use casework_benches::rows::act::acting;
use casework_benches::rows::open::long_case;

fn open_and_read(c: &mut Criterion) {
    let mut case = long_case(Scale::Full);
    let mut group = c.benchmark_group("case-of-10000-changes");
    group.sample_size(20);
    group.bench_function("open-for-work", |b| b.iter(|| case.open_for_work()));
    group.bench_function("bare-load", |b| b.iter(|| case.bare_load()));
    group.bench_function("read", |b| b.iter(|| case.read()));
    group.finish();
}

fn act(c: &mut Criterion) {
    let mut acting = acting();
    let mut group = c.benchmark_group("one-local-action");
    group.sample_size(50);
    group.bench_function("act", |b| {
        b.iter_batched(|| (), |()| acting.act(), BatchSize::PerIteration);
    });
    group.bench_function("bare", |b| {
        b.iter_batched(|| (), |()| acting.act_bare(), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(device, open_and_read, act);
criterion_main!(device);
