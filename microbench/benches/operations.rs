//! The time of each operation, by Criterion.

use bookline_microbench::{OPERATIONS, SLOW_OPERATIONS};
use criterion::{Criterion, criterion_group, criterion_main};

fn operations(criterion: &mut Criterion) {
    for operation in OPERATIONS.iter().chain(SLOW_OPERATIONS) {
        let mut run = (operation.prepare)();
        criterion.bench_function(operation.name, |bencher| bencher.iter(&mut run));
    }
}

criterion_group!(benches, operations);
criterion_main!(benches);
