//! Thousands of simulated schedules of a cluster: whatever happens to servers, clocks and the stream, there
//! is one history, nothing acknowledged is lost, no read is stale, and somebody leads when the faults are
//! over.

mod server;
mod stream;
mod world;

use bookline_server::storage::replicated::member::Bug;
use bookline_testkit::seeds::for_each_seed;

use world::{Faults, World};

/// The schedules of each kind. With so many, each planted bug is found several times.
const SCHEDULES: u64 = 2_000;

#[test]
fn a_cluster_keeps_its_promises_while_servers_sleep_crash_and_lose_messages() {
    for_each_seed(SCHEDULES, |seed| {
        let summary = World::new(seed, Faults { of_servers: true, planted: None }).run();
        let summary = summary.unwrap_or_else(|broken| panic!("{broken}"));
        assert!(summary.acknowledged > 0 && summary.takeovers > 0, "{summary:?}");
    });
}

#[test]
fn an_election_of_the_stream_deposes_no_healthy_leader() {
    for_each_seed(SCHEDULES, |seed| {
        let summary = World::new(seed, Faults { of_servers: false, planted: None }).run();
        let summary = summary.unwrap_or_else(|broken| panic!("{broken}"));
        assert!(summary.acknowledged > 0, "{summary:?}");
    });
}

/// What the first schedule says that finds this bug.
fn find(bug: Bug, of_servers: bool) -> Option<String> {
    let run = |seed| World::new(seed, Faults { of_servers, planted: Some(bug) }).run();
    (0..SCHEDULES).find_map(|seed| run(seed).err())
}

#[test]
fn a_lease_that_is_counted_from_the_acknowledgment_is_found() {
    let broken = find(Bug::LeaseFromAcknowledgment, true).expect("a stale read");
    assert!(broken.contains("has shown"), "{broken}");
}

#[test]
fn an_outage_that_counts_as_quiet_is_found() {
    let broken = find(Bug::OutageCountsAsQuiet, false).expect("a takeover without need");
    assert!(broken.contains("a healthy leader was deposed"), "{broken}");
}

#[test]
fn a_refusal_that_decides_an_append_is_found() {
    let broken = find(Bug::RefusalDecides, false).expect("a leader that gives up without need");
    assert!(broken.contains("a healthy leader was deposed"), "{broken}");
}
