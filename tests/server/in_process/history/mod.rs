//! Linearizability: what concurrent clients of a real server see must be explained by some sequential order.
//!
//! Clients record requests and replies with one logical clock. In a sale, each reply contains the number of
//! tickets left, which determines the order, or whether there is one if tickets return. For other requests,
//! an order is searched in which the naive model gives the same replies.
//!
//! It would fail if a ticket were issued twice, if a read returned a state that never existed between its
//! request and its reply, if a connection saw an older state than before, if a part of a meeting were
//! visible, or if a change were made twice or not at all. A failure prints its seed. `BOOKLINE_TEST_SEED=n`
//! draws the same requests again, and the schedule may differ.

mod order;
mod returns;
mod sales;

use bookline_testkit::seeds::for_each_seed;

/// More threads than cores, so that clients are interrupted anywhere.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime")
}

#[test]
fn a_concurrent_sale_is_linearizable() {
    for_each_seed(3, |seed| runtime().block_on(sales::sell(seed)));
}

#[test]
fn a_concurrent_sale_with_returned_tickets_is_linearizable() {
    for_each_seed(4, |seed| runtime().block_on(returns::sell(seed)));
}

#[test]
fn concurrent_requests_of_all_kinds_are_linearizable() {
    for_each_seed(12, |seed| runtime().block_on(order::check_linearizable(seed)));
}
