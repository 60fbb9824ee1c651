//! The time of each piece, by Criterion.

use bookline_bench::PIECES;
use criterion::{Criterion, criterion_group, criterion_main};

fn pieces(criterion: &mut Criterion) {
    for piece in PIECES {
        let mut work = (piece.ready)();
        criterion.bench_function(piece.name, |bencher| bencher.iter(&mut work));
    }
}

criterion_group!(benches, pieces);
criterion_main!(benches);
