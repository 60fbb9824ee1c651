//! Faults of a server, which `bookline bench` must find.

use serde_json::Value;

use crate::bench::faulty_server::{Fault, FaultyServer};
use crate::bench::{number, parse_report};
use crate::support::client::{Exited, bookline, run_with_input};

/// One connection, so that the fault occurs in the middle of its load on any machine; and a load so small
/// that all entries are checked, as a sample might miss the fault.
pub const SMALL_LOAD: [&str; 8] = ["bench", "--conns", "1", "--depth", "1", "--secs", "0.1", "--json"];

fn bench_faulty_server(fault: Fault, flags: &[&str]) -> Exited {
    run_with_input(bookline(FaultyServer::start(fault), &[&SMALL_LOAD, flags].concat()), "")
}

/// The kind, the number of cases and the first case of each finding.
pub fn findings(report: &Value) -> Vec<(String, u64, String)> {
    let found =
        report["verified"]["findings"].as_array().unwrap_or_else(|| panic!("no findings: {report:#}"));
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    found.iter().map(|f| (text(f, "what"), number(f, "/count"), text(f, "first"))).collect()
}

#[track_caller]
fn expect_finding(fault: Fault, flags: &[&str], what: &str, expected: &str) {
    let client = bench_faulty_server(fault, flags);
    let report = parse_report(&client);
    assert_eq!((client.exit, client.stderr.as_str()), (1, ""), "{report:#}");
    assert_eq!(report["verified"]["ok"], false);
    let found = findings(&report);
    let hit = found.iter().find(|(kind, ..)| kind == what);
    let (_, count, first) = hit.unwrap_or_else(|| panic!("{what} is not among {found:?}"));
    assert!(*count == 1 && first.contains(expected), "{found:?}");
}

#[test]
fn duplicate_ticket_is_found() {
    expect_finding(
        Fault::DuplicateTicket,
        &[],
        "ticket_twice",
        "two bookings got the ticket 00000063-0000-8000-8000-000000000000",
    );
}

#[test]
fn wrong_count_of_an_event_is_found() {
    expect_finding(Fault::SoldNotCounted, &[], "oversold", "-000000 issued ");
    expect_finding(Fault::CountedNotSold, &["--tickets", "2"], "unacknowledged", " as sold: ");
    expect_finding(
        Fault::FalseSoldOut,
        &["--seats", "1000000"],
        "not_sold_out",
        "-000000 refused 1 tickets as sold out and has ",
    );
}

#[test]
fn lost_or_misplaced_ticket_is_found() {
    let spread = ["--workload", "spread", "--events", "2"];
    let ticket =
        "ticket 00000064-0000-8000-8000-000000000000 was issued; TICKET says NOT_FOUND: no such ticket";
    expect_finding(Fault::LosesTicket, &[], "ticket_missing", ticket);
    expect_finding(Fault::MisplacesTicket, &spread, "ticket_elsewhere", " tickets are for event bench-");
    expect_finding(Fault::WrongEvent, &spread, "reply_elsewhere", " was answered OK {\"event_id\":\"bench-");
}

#[test]
fn ticket_that_was_cancelled_in_part_is_found() {
    let cancel = ["--workload", "cancel", "--events", "2"];
    let ticket = "ticket 00000064-0000-8000-8000-000000000000 must be cancelled; TICKET says booked";
    expect_finding(Fault::KeepsCancelledTicket, &cancel, "ticket_status", ticket);
    expect_finding(Fault::KeepsCancelledPlace, &cancel, "unacknowledged", " as sold: ");
}

#[test]
fn hold_that_ends_in_part_is_found() {
    let hold = ["--workload", "hold", "--events", "2", "--tickets", "2"];
    let lost = "hold 00000064-0000-8000-9000-000000000000 of bench-";
    expect_finding(Fault::LosesHold, &hold, "hold_missing", lost);
    expect_finding(
        Fault::KeepsHeldTickets,
        &hold,
        "held_miscounted",
        " holds 0 tickets and counts 2 as held",
    );
    expect_finding(Fault::ConfirmsTooFew, &hold, "reply_elsewhere", "CONFIRM of a hold of bench-");
}

#[test]
fn lost_or_undeleted_entry_is_found() {
    let calendar = ["--workload", "calendar"];
    // The entry with the fault is a meeting of three that is not deleted.
    let client = bench_faulty_server(Fault::LosesEntry, &calendar);
    let found = findings(&parse_report(&client));
    assert!(
        client.exit == 1 && found.len() == 1 && found[0].0 == "entry_missing" && found[0].1 == 3,
        "{found:?}"
    );
    assert!(found[0].2.contains("was acknowledged; GET of the day says OK {"), "{found:?}");
    expect_finding(Fault::LosesMember, &calendar, "entry_missing", "the meeting of bench-");
    // The deletion with the fault is that of a meeting.
    let client = bench_faulty_server(Fault::KeepsDeletedEntry, &calendar);
    let found = findings(&parse_report(&client));
    assert!(
        client.exit == 1 && found.len() == 1 && found[0].0 == "entry_back" && found[0].1 == 3,
        "{found:?} in {}",
        client.stdout
    );
}

#[test]
fn unexpected_refusal_is_reported() {
    let client = bench_faulty_server(Fault::Refuses, &[]);
    let report = parse_report(&client);
    assert_eq!((client.exit, client.stderr.as_str()), (1, ""), "{report:#}");
    let shown = serde_json::json!([{"code": "INTERNAL", "count": 1, "first": "out of memory"}]);
    assert_eq!((&report["unexpected"], &report["verified"]["ok"]), (&shown, &true.into()), "{report:#}");
}

#[test]
fn lost_connection_reports_what_was_measured() {
    for (fault, expected) in [
        (Fault::Closes, " lost; "),
        (Fault::StopsReplying, "no answer from "),
        (Fault::SendsHttp, "sent a line that is not a reply: \"HTTP/1.1 400 Bad Request\""),
    ] {
        let client = bench_faulty_server(fault, &["--timeout", "500ms"]);
        let report = parse_report(&client);
        assert_eq!((client.exit, &report["ended"]), (4, &"lost".into()), "{client:?}");
        assert_eq!(report["verified"], Value::Null);
        assert!(client.stderr.contains(expected), "{}", client.stderr);
    }
}
