//! The clients and the checks of the scenarios, with a single server. It shows that they work, and that a
//! server without a cluster keeps the same promises when it is killed and started again.

use std::slice;
use std::sync::Arc;
use std::time::Instant;

use bookline_testkit::Rng;
use bookline_testkit::ports::fixed_ports;

use super::fixture::Fixture;
use super::follower::{Follower, Shared};
use super::load::{CLIENTS, Outcome, under_load};
use super::member::Member;
use super::poll::poll;

/// How often the server is killed and stopped.
const FAULTS: usize = 3;

#[test]
fn a_single_server_keeps_its_promises_while_it_is_killed_and_stopped() {
    let mut rng = Rng::from_environment();
    let mut server = Member::new(fixed_ports(1)[0], Vec::new());
    server.start();
    poll("a server that listens", || server.listens().then_some(()));
    let (fixture, address) = (Fixture::new(0), server.address());
    let Outcome { mut history, readers, .. } =
        under_load(slice::from_ref(&address), &fixture, &mut rng, |progress| {
            for _ in 0..FAULTS {
                progress.change_of_each_after(CLIENTS, Instant::now());
                server.kill();
                server.start();
                progress.change_of_each_after(CLIENTS, Instant::now());
                server.stop();
                let stopped = Instant::now();
                // The clients do not wait for it any longer.
                poll("an attempt without a reply in time", || {
                    progress.has_timed_out_since(stopped).then_some(())
                });
                server.resume();
            }
            progress.change_of_each_after(CLIENTS, Instant::now());
        });
    history.check(&mut Follower::new(vec![address], 0, Arc::new(Shared::default())));
    let (known, unknown) = history.counts();
    println!("{known} replies, {unknown} unknown outcomes");
    assert!(readers.iter().all(|reader| !reader.records.is_empty()), "a reader has read nothing");
}
