//! `bookline bench --retry`: what was acknowledged was done once, by a server that is killed again and again.
//!
//! Catches: a change that is lost, or made twice, when its reply is lost and it is sent again; and a
//! verification that does not see it.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Stdio};
use std::time::Instant;

use bookline_protocol::commands::stats::StatsReply;
use bookline_testkit::HANG_TIMEOUT;
use serde_json::Value;

use crate::bench::faults::{SMALL_LOAD, findings};
use crate::bench::faulty_server::{Fault, FaultyServer};
use crate::bench::{number, parse_report};
use crate::support::child_server::ChildServer;
use crate::support::client::{Exited, bookline, run, run_with_input, send_sigint};

/// How often the server is killed under each workload.
const KILLS: u64 = 3;

/// Commits of a server before it is killed.
const COMMITS_MIN: u64 = 1_000;

#[test]
fn every_change_is_made_once_by_a_server_that_is_killed() {
    for workload in [
        &["--workload", "hot"][..],
        &["--workload", "hold", "--events", "20"],
        // Most requests are refused as sold out.
        &["--workload", "cancel", "--events", "2", "--seats", "100", "--tickets", "3"],
        &["--workload", "calendar"],
        &["--workload", "mixed", "--events", "20"],
    ] {
        let (client, report) = load_and_kill(workload);
        assert_eq!((client.exit, client.stderr.as_str()), (0, ""), "{workload:?}: {report:#}");
        assert_eq!(report["verified"]["ok"], true, "{workload:?}: {report:#}");
        assert!(number(&report, "/retries/reconnections") >= KILLS, "{workload:?}: {report:#}");
        assert!(number(&report, "/retries/repeated") >= KILLS, "{workload:?}: {report:#}");
    }
}

/// Runs a load until the server has been killed and restarted several times. Returns its report.
fn load_and_kill(workload: &[&str]) -> (Exited, Value) {
    let (directory, address) = (tempfile::tempdir().unwrap(), unused_address());
    let mut server = ChildServer::start_at(directory.path(), address);
    let flags = ["bench", "--retry", "--json", "--conns", "8", "--depth", "8", "--secs", "1000"];
    let mut command = bookline(address, &[&flags[..], workload].concat());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let client = command.spawn().unwrap();
    for _ in 0..KILLS {
        wait_for_commits(address);
        server.kill();
        server = ChildServer::start_at(directory.path(), address);
    }
    wait_for_commits(address);
    let client = end_measurement(client);
    let report = parse_report(&client);
    (client, report)
}

pub fn end_measurement(client: Child) -> Exited {
    send_sigint(&client);
    client.wait_with_output().unwrap().into()
}

/// Waits until the server has made some changes.
pub fn wait_for_commits(address: SocketAddr) {
    let sequence = || {
        let stats = run(bookline(address, &["STATS"]));
        let body = stats.stdout.strip_prefix("OK ").unwrap_or_else(|| panic!("{stats:?}"));
        serde_json::from_str::<StatsReply<'_>>(body).unwrap().sequence
    };
    let until = Instant::now() + HANG_TIMEOUT;
    let begin = sequence();
    while sequence() < begin + COMMITS_MIN {
        assert!(Instant::now() < until, "the load makes no changes");
    }
}

/// An address on which the server can listen again after each restart: the system gives a port below its
/// ephemeral ones to no other socket meanwhile.
fn unused_address() -> SocketAddr {
    let first = 10_000 + (std::process::id() % 20_000) as u16;
    (first..32_768)
        .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a free port")
}

fn bench_faulty_server(fault: Fault, flags: &[&str]) -> (Exited, Value) {
    let flags = [&SMALL_LOAD[..], &["--retry", "--timeout", "500ms"], flags].concat();
    let client = run_with_input(bookline(FaultyServer::start(fault), &flags), "");
    let report = parse_report(&client);
    (client, report)
}

#[test]
fn request_without_a_reply_is_sent_again() {
    let busy = serde_json::json!([{"code": "BUSY", "count": 1, "first": "too many requests"}]);
    for (fault, repeated, refused) in [
        (Fault::Closes, 1..=1, serde_json::json!([])),
        // The first request of the load may be on its way when the client sees that the connection is closed.
        (Fault::ClosesAfterCreation, 0..=1, serde_json::json!([])),
        (Fault::StopsReplying, 1..=1, serde_json::json!([])),
        (Fault::IsBusy, 1..=1, busy),
    ] {
        let (client, report) = bench_faulty_server(fault, &["--yes"]);
        assert_eq!((client.exit, client.stderr.as_str()), (0, ""), "{report:#}");
        assert_eq!(report["verified"]["ok"], true, "{report:#}");
        let retries = &report["retries"];
        assert_eq!(
            (number(retries, "/reconnections"), &retries["refused"]),
            (1, &refused),
            "{fault:?}: {retries}"
        );
        assert!(repeated.contains(&number(retries, "/repeated")), "{fault:?}: {retries}");
    }
}

#[test]
fn server_that_ignores_keys_is_found() {
    let (client, report) = bench_faulty_server(Fault::ClosesAfterBooking, &["--yes"]);
    let found = findings(&report);
    assert!(client.exit == 1 && found.len() == 1 && found[0].0 == "unacknowledged", "{found:?}");
    assert_eq!(number(&report, "/retries/repeated"), 1);
}

#[test]
fn counts_of_a_server_that_was_empty_are_compared() {
    // The reply to STATS always counts nothing.
    let (client, report) = bench_faulty_server(Fault::IsBusy, &[]);
    let found = findings(&report);
    assert!(client.exit == 1 && found.len() == 1 && found[0].0 == "counts_differ", "{found:?}");
    let counted = "STATS says 0 events, 0 tickets, 0 open holds and 0 calendar entries";
    assert!(found[0].2.starts_with("1 events, ") && found[0].2.ends_with(counted), "{found:?}");
}

#[test]
fn server_without_place_for_keys_is_reported_in_words() {
    let people = ["bench", "--conns", "1", "--depth", "1", "--secs", "0.1", "--retry", "--yes"];
    let client = run_with_input(bookline(FaultyServer::start(Fault::HasNoPlaceForKey), &people), "");
    let refused = "unexpected FULL, 1 times; the first message is \"the server keeps 1 key\"";
    let reason = "the server has no place for the keys of the run: start it with higher --max-keys";
    let retries = "retries    reconnected 0 times, 0 requests sent again";
    for expected in [refused, reason, retries] {
        assert!(client.stdout.contains(expected), "{expected:?} is missing from {}", client.stdout);
    }
    assert_eq!(client.exit, 1);
}

#[test]
fn more_tickets_than_a_request_with_a_key_may_have_are_refused() {
    let command = bookline(SocketAddr::from(([127, 0, 0, 1], 1)), &["bench", "--retry", "--tickets", "1001"]);
    let message = "bookline: --retry books at most 1,000 tickets at a time, as every change has a key: \
                   pass a lower --tickets\n";
    run(command).expect(2, "", message);
}
