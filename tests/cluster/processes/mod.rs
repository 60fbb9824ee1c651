//! A cluster of real processes under load, and what happens when some of them are killed or stopped.
//!
//! Catches: a sale that does not go on in time; a stale read, also through a leader that slept or has stepped
//! down; a change that was granted and is lost, or is made twice; a ticket that is sold twice; a read that is
//! answered without a lease; a server that has to be started again by hand.
//!
//! Each scenario has its own events and its own day. What its clients were answered is checked after it, and
//! again after all processes were killed and started again. `BOOKLINE_TEST_CLUSTER_ROUNDS` is how often the
//! scenarios run, each time in a new cluster; a long run sets it.

mod client;
mod clock;
mod cluster;
mod fault;
mod fixture;
mod follower;
mod history;
mod load;
mod member;
mod nats;
mod outage;
mod poll;
mod progress;
mod reader;
mod record;
mod request;
mod scenarios;
mod single;
mod upgrade;

use bookline_testkit::Rng;
use bookline_testkit::nats::NatsProgram;
use bookline_testkit::seeds::number;

use cluster::Cluster;
use scenarios::Scenarios;

/// How often the scenarios run. Once takes two to three minutes.
fn rounds() -> u64 {
    number("BOOKLINE_TEST_CLUSTER_ROUNDS").unwrap_or(1)
}

#[test]
fn a_cluster_keeps_its_promises_while_processes_are_killed_and_stopped() {
    let Some(program) = NatsProgram::find() else { return };
    let mut rng = Rng::from_environment();
    for round in 0..rounds() {
        println!("round {round}");
        let mut run = || Scenarios::new(Cluster::start(program.clone()), rng.fork()).run();
        let too_late = run();
        if !too_late.is_empty() {
            // Others may use the machine: what is too late once is asked for once more.
            println!("{}, and so once more", too_late.join("\n"));
            let again = run();
            assert!(again.is_empty(), "twice too late: {}, and {}", too_late.join("; "), again.join("; "));
        }
    }
}
