//! Thousands of simulated schedules of a cluster. Its servers follow a model of the stream that loses,
//! doubles and delays what it is sent, elects its leaders, and answers from servers that are behind or
//! alone. They sleep, crash and resign, and their clocks drift.
//!
//! Catches: two histories, the loss of an acknowledged commit, a stale read, a cluster that does not go on
//! when the faults are over, an election of the stream that deposes a healthy leader. Bugs that break these
//! rules are planted, and found.

mod checks;
mod clients;
mod clock;
mod faults;
mod happenings;
mod history;
mod link;
mod network;
mod request;
mod rule;
mod schedule;
mod server;
mod stream;
mod summary;
mod transcript;
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;

use bookline_server::storage::replicated::member::Bug;
use bookline_testkit::seeds::{for_each_seed, number};

use rule::Rule;
use schedule::{Faults, Planted, Schedule};
use summary::{StreamCounts, Summary};
use world::World;

/// The schedules with each kind of faults.
const SCHEDULES: u64 = 2_000;

/// The schedules with each planted bug. If only the stream fails, fewer are enough.
const PLANTED_SCHEDULES: u64 = 1_000;
const PLANTED_STREAM_SCHEDULES: u64 = 400;

/// Whether one schedule is run again, that of `BOOKLINE_TEST_SEED`. It need not show everything.
fn is_one_schedule() -> bool {
    number("BOOKLINE_TEST_SEED").is_some()
}

/// Runs all schedules without a planted bug, and returns what they have shown together.
fn run_all(faults: Faults) -> Summary {
    let sum = Mutex::new(Summary::default());
    for_each_seed(SCHEDULES, |seed| {
        let schedule = Schedule { seed, faults, planted: None };
        let Ok(summary) = World::run(schedule, false) else {
            let broken = World::run(schedule, true).expect_err("the same as before");
            panic!("seed {seed} of {faults:?}: {broken}");
        };
        sum.lock().expect("no panic").add(&summary);
    });
    let sum = sum.into_inner().expect("no panic");
    println!("{faults:?}: {sum:?}");
    // Schedules in which nothing happens would keep every rule.
    let is_busy = sum.takeovers > 0 && sum.resignations > 0 && sum.acknowledged > 0 && sum.reads > 0;
    assert!(is_busy || is_one_schedule(), "{sum:?}");
    sum
}

#[test]
fn a_cluster_keeps_its_rules_while_servers_sleep_crash_and_lose_messages() {
    let StreamCounts { stored_late, duplicates, in_process, refused_by_proposal, dropped } =
        run_all(Faults::OfAll).stream;
    let counts = [stored_late, duplicates, in_process, refused_by_proposal, dropped];
    assert!(!counts.contains(&0) || is_one_schedule(), "{counts:?}");
}

#[test]
fn an_election_of_the_stream_deposes_no_healthy_leader() {
    run_all(Faults::OfStream);
}

/// Plants a bug, which is to break this rule.
fn assert_found(planted: Planted, faults: Faults, rule: Rule) {
    let schedules = match faults {
        Faults::OfAll => PLANTED_SCHEDULES,
        Faults::OfStream => PLANTED_STREAM_SCHEDULES,
    };
    let found: Mutex<BTreeMap<Rule, Vec<u64>>> = Mutex::default();
    for_each_seed(schedules, |seed| {
        let schedule = Schedule { seed, faults, planted: Some(planted) };
        if let Err(broken) = World::run(schedule, is_one_schedule()) {
            if is_one_schedule() {
                println!("seed {seed} of {faults:?} with {planted:?}: {broken}");
            }
            found.lock().expect("no panic").entry(broken.rule).or_default().push(seed);
        }
    });
    let found = found.into_inner().expect("no panic");
    for (rule, seeds) in &found {
        println!("{planted:?} breaks {rule:?} in {} schedules, first {:?}", seeds.len(), seeds.iter().min());
    }
    assert!(found.contains_key(&rule) || is_one_schedule(), "{planted:?} does not break {rule:?}");
}

#[test]
fn two_appends_in_flight_are_found() {
    assert_found(Planted::TwoInFlight, Faults::OfAll, Rule::OneHistory);
}

#[test]
fn a_lease_that_is_counted_from_the_acknowledgment_is_found() {
    assert_found(Planted::Member(Bug::LeaseFromAcknowledgment), Faults::OfAll, Rule::NoStaleRead);
}

#[test]
fn an_outage_that_counts_as_quiet_is_found() {
    let planted = Planted::Member(Bug::OutageCountsAsQuiet);
    assert_found(planted, Faults::OfStream, Rule::NoHealthyLeaderDeposed);
}

#[test]
fn a_refusal_that_decides_an_append_is_found() {
    let planted = Planted::Member(Bug::RefusalDecides);
    assert_found(planted, Faults::OfStream, Rule::NoHealthyLeaderDeposed);
}

#[test]
fn a_lease_that_outlives_a_resignation_is_found() {
    assert_found(Planted::Member(Bug::ResignedLease), Faults::OfAll, Rule::NoStaleRead);
}
