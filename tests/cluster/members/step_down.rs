//! A leader that lets another one lead.

use std::time::{Duration, Instant};

use bookline_testkit::nats::Nats;

use super::{
    ask, cluster_command, cluster_of, one_nats, pair_with_lease, start_with_lease, wait_for_leader,
    wait_until_leads,
};

/// Nobody takes over because of this lease within the time of a test.
const LEASE: &str = "60s";
const WELL_BEFORE_THE_LEASE: Duration = Duration::from_secs(30);

/// Lets the leader step down, and returns what is printed.
fn step_down(nats: &Nats) -> String {
    let output = cluster_command(nats, &["step-down"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn leader_that_steps_down_answers_what_it_has_begun_and_another_one_leads_at_once() {
    let Some(nats) = one_nats() else { return };
    let (leader, standby) = pair_with_lease(&nats, LEASE, &[]);
    let mut conn = leader.connect();
    conn.ask("CREATE Jazz 2027-06-12 1000000 id=jazz").ok();
    // Some of them come before the leader steps down, and some after.
    conn.send_bytes("BOOK jazz 1\n".repeat(5_000));
    let printed = step_down(&nats);
    assert!(printed.starts_with("two.example:2 leads now, in term 2: nobody did for "), "{printed}");
    let mut booked = 0;
    while let Ok(reply) = conn.try_reply() {
        match reply.code.as_deref() {
            None => booked += 1,
            // Nothing was done.
            Some("NOT_LEADER" | "SHUTTING_DOWN") => {}
            Some(_) => panic!("{}", reply.line),
        }
    }
    let event = wait_until_leads(&standby).ask("GET jazz");
    let sold = 1_000_000 - event.number("available_tickets");
    // What is sold without a reply was decided at the end, before the connection was closed.
    assert!(booked > 0 && sold >= booked, "{booked} of {sold}");

    wait_for_leader(&leader, "two.example:2");
    assert_eq!(ask(&leader, "GET jazz").err("NOT_LEADER")["leader"], "two.example:2");
    assert!(leader.stderr().contains("this server has resigned"), "{}", leader.stderr());
    // Who has resigned may lead again, when it is asked for.
    let printed = step_down(&nats);
    assert!(printed.starts_with("one.example:1 leads now, in term 3"), "{printed}");
    wait_until_leads(&leader).ask("BOOK jazz 1").ok();
}

#[test]
fn leader_whom_nobody_could_follow_does_not_step_down() {
    let Some(nats) = one_nats() else { return };
    let nobody = cluster_command(&nats, &["step-down"]);
    assert_eq!(nobody.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&nobody.stderr);
    assert!(stderr.contains("nobody leads the cluster sales"), "{stderr}");
    let leader = start_with_lease(&nats, "one.example:1", LEASE, &[]);
    wait_until_leads(&leader);
    let refused = cluster_command(&nats, &["step-down"]);
    assert_eq!(refused.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(stderr.contains("no other member could take over") && stderr.contains("--force"), "{stderr}");
    assert_eq!(cluster_of(&leader)["role"], "leader");
}

#[test]
fn restart_of_a_leader_costs_no_lease() {
    let Some(nats) = one_nats() else { return };
    let (mut leader, standby) = pair_with_lease(&nats, LEASE, &[]);
    let stopped = Instant::now();
    leader.stop();
    wait_until_leads(&standby).ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    assert!(stopped.elapsed() < WELL_BEFORE_THE_LEASE, "{}", standby.stderr());
}
