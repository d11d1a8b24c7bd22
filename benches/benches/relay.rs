//! The relay's ingest with criterion, beside its yardstick. The workload is the table's.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use casework_benches::rows::ingest::workload;

fn ingest(c: &mut Criterion) {
    let work = workload(50, 4_000);
    let mut group = c.benchmark_group("ingest");
    group.sample_size(10);
    group.throughput(Throughput::Elements(work.len() as u64));
    group.bench_function("verified-and-fsynced", |b| {
        b.iter_custom(|rounds| {
            (0..rounds)
                .map(|_| {
                    let place = tempfile::tempdir().expect("the system has room for a folder");
                    work.take(&place.path().join("log.redb")).0
                })
                .sum()
        });
    });
    group.bench_function("batched-verification-alone", |b| {
        b.iter_custom(|rounds| (0..rounds).map(|_| work.verify_only()).sum());
    });
    group.finish();
}

criterion_group!(relay, ingest);
criterion_main!(relay);
