//! The metrics of members, and whether they are ready.

use std::collections::BTreeSet;
use std::time::Instant;

use bookline_testkit::HANG_TIMEOUT;
use bookline_testkit::monitoring::{METRICS_FLAGS, Monitoring};

use super::{one_nats, pair, wait_until_leads};

/// The metrics in docs/metrics.md that a member has.
fn documented() -> BTreeSet<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
    let document = std::fs::read_to_string(file).expect("the document");
    let sections = document.split("\n## ");
    let of_members =
        sections.filter(|part| ["Of every server", "Of a member"].iter().any(|name| part.starts_with(name)));
    let rows = of_members.flat_map(str::lines).filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn leader_is_ready_and_a_standby_says_who_leads_until_the_lead_changes_hands() {
    let Some(nats) = one_nats() else { return };
    let (mut leader, mut standby) = pair(&nats, &METRICS_FLAGS);
    let (of_leader, of_standby) = (Monitoring::of(leader.process()), Monitoring::of(standby.process()));
    let mut conn = leader.connect();
    conn.ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    conn.ask("BOOK jazz 1").ok();
    conn.ask("SNAPSHOT").ok();

    let metrics = of_leader.metrics();
    assert_eq!(metrics.names().into_iter().collect::<BTreeSet<_>>(), documented());
    for (name, value) in [
        (r#"role{role="leader"}"#, 1.0),
        (r#"role{role="standby"}"#, 0.0),
        ("cluster_term", 1.0),
        ("cluster_caught_up", 1.0),
        ("cluster_stalled", 0.0),
        ("log_durable_sequence", 2.0),
        ("log_batch_commits_sum", 2.0),
        ("snapshot_sequence", 2.0),
        ("snapshot_failures_total", 0.0),
        ("change_duration_seconds_count", 2.0),
        ("ready", 1.0),
    ] {
        assert_eq!(metrics.get(name), value, "{name}:\n{}", metrics.text);
    }
    assert_eq!(of_leader.get("/readyz").status, 200);
    let not_ready = of_standby.get("/readyz");
    assert_eq!(not_ready.status, 503);
    assert_eq!(not_ready.body, "This server is a standby: the leader is at one.example:1.\n");
    assert_eq!(of_standby.get("/healthz").status, 200);
    let deadline = Instant::now() + HANG_TIMEOUT;
    let follows = loop {
        let metrics = of_standby.metrics();
        // The log is a moment ahead of the state.
        if metrics.get("log_applied_sequence") == 2.0 && metrics.get("tickets_sold") == 1.0 {
            break metrics;
        }
        assert!(Instant::now() < deadline, "it does not follow: {}", metrics.text);
    };
    assert_eq!(follows.get(r#"role{role="standby"}"#), 1.0);
    assert!(follows.get("cluster_leader_silence_seconds") < HANG_TIMEOUT.as_secs_f64());

    // The stopped leader begins anew as a standby, with another service behind the same address.
    leader.process().stop();
    wait_until_leads(&standby).ask("BOOK jazz 4").ok();
    assert_eq!(of_standby.get("/readyz").status, 200);
    assert_eq!(of_standby.metrics().get("cluster_term"), 2.0);
    leader.process().resume();
    let deadline = Instant::now() + HANG_TIMEOUT;
    while of_leader.get("/readyz").body != "This server is a standby: the leader is at two.example:2.\n" {
        assert!(Instant::now() < deadline, "it is no standby: {}", leader.stderr());
    }
    let metrics = of_leader.metrics();
    assert_eq!((metrics.get(r#"role{role="standby"}"#), metrics.get("cluster_term")), (1.0, 2.0));
    assert_eq!(metrics.get(r#"commands_total{verb="BOOK"}"#), 1.0, "a counter does not go back");
    assert_eq!(metrics.get("change_duration_seconds_count"), 2.0);
}
