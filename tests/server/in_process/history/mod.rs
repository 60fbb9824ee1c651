//! What many clients saw at the same time, on a real server: could it all have happened one after another?
//!
//! Clients note the order of their questions and answers by one clock. Of a sale, each answer says how many
//! tickets were left, so that all of them can be put in a row, which must be the row in which they were
//! given. Of everything else, an order is searched in which the naive model would have given the same
//! answers.
//!
//! It would fail if a ticket were issued twice, a read showed what was not so at any moment between question
//! and answer, a connection saw time go backwards, a meeting were seen in part, or a change were made twice
//! or not at all. A failure prints its seed; `BOOKLINE_TEST_SEED=n` draws the same requests again, in
//! whatever order they then meet.

mod order;
mod sales;
use crate::in_process::common::seeds;

/// As many clients as there are cores would hardly ever meet: more threads, so that they are interrupted
/// anywhere.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime")
}

/// Runs `test` for each seed, and says which one failed.
fn for_each_seed(default_count: u64, test: impl Fn(u64)) {
    for seed in seeds(default_count) {
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(seed)));
        if let Err(panic) = ended {
            eprintln!("this was seed {seed}: BOOKLINE_TEST_SEED={seed} runs it again");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn a_sale_to_many_is_a_sale_to_one_after_another() {
    for_each_seed(3, |seed| runtime().block_on(sales::sell(seed)));
}

#[test]
fn whatever_meets_there_is_an_order_that_explains_it() {
    for_each_seed(12, |seed| runtime().block_on(order::explain(seed)));
}
