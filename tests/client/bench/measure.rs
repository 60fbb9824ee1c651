//! Measurements of a real server: every workload, the report, and the arguments.

use std::net::{SocketAddr, TcpListener};

use serde_json::Value;

use crate::bench::{number, parse_report};
use crate::support::client::{Exited, bookline, bookline_without_address, run_with_input};
use crate::support::fake_server::FakeServer;
use crate::support::real_server::RealServer;
use crate::support::session::Session;

/// A short run with these flags.
fn bench(addr: SocketAddr, flags: &[&str]) -> Exited {
    let fixed = ["bench", "--conns", "4", "--depth", "8", "--secs", "0.3"];
    run_with_input(bookline(addr, &[&fixed, flags].concat()), "")
}

/// The report of a run, which must have no finding and consistent numbers.
#[track_caller]
fn expect_ok(client: &Exited) -> Value {
    let report = parse_report(client);
    assert_eq!((client.exit, client.stderr.as_str()), (0, ""), "{report:#}");
    assert_eq!(report["verified"]["ok"], true, "{report:#}");
    assert_eq!(report["verified"]["findings"], serde_json::json!([]), "{report:#}");
    assert_eq!(report["unexpected"], serde_json::json!([]), "{report:#}");

    let replies = number(&report, "/replies");
    assert!(replies > 0, "{report:#}");
    let codes: u64 = report["codes"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(codes, replies, "{report:#}");
    let (seconds, rate) =
        (report["seconds"].as_f64().unwrap(), report["replies_per_second"].as_f64().unwrap());
    assert!((rate * seconds - replies as f64).abs() < 1.0, "{report:#}");
    let times =
        ["p50", "p95", "p99", "p99.9", "max"].map(|name| report["latency_us"][name].as_f64().unwrap());
    assert!(times[0] > 0.0 && times.is_sorted(), "{report:#}");
    report
}

#[test]
fn every_workload_is_measured_and_verified() {
    let server = RealServer::start();
    for workload in ["hot", "spread", "hold", "cancel", "calendar", "mixed", "reads"] {
        let flags = ["--workload", workload, "--events", "100", "--secs", "1", "--json", "--yes"];
        let client = run_with_input(
            bookline(server.addr, &[&["bench", "--conns", "5", "--depth", "7"], &flags[..]].concat()),
            "",
        );
        let report = expect_ok(&client);
        let (tickets, entries) = (
            number(&report, "/verified/tickets_acknowledged"),
            number(&report, "/verified/entries_acknowledged"),
        );
        let (cancelled, holds) =
            (number(&report, "/verified/tickets_cancelled"), number(&report, "/verified/holds_checked"));
        assert_eq!(
            tickets > 0,
            ["hot", "spread", "hold", "cancel", "mixed"].contains(&workload),
            "{report:#}"
        );
        assert_eq!((cancelled > 0, holds > 0), (workload == "cancel", workload == "hold"), "{report:#}");
        assert_eq!(entries > 0, ["calendar", "mixed"].contains(&workload), "{report:#}");
        assert_eq!(number(&report, "/verified/tickets_checked"), tickets, "{report:#}");
        let events = match workload {
            "hot" => 1,
            "calendar" => 0,
            _ => 100,
        };
        assert_eq!((number(&report, "/events"), number(&report, "/verified/events")), (events, events));
        assert_eq!((&report["workload"], &report["ended"]), (&workload.into(), &"time".into()));

        // The server has everything that was acknowledged, and nothing else.
        if events > 0 {
            let run = report["run"].as_str().unwrap();
            let listed: Vec<Value> = server
                .run(&["GET"])
                .stdout
                .lines()
                .filter_map(|line| serde_json::from_str(line.strip_prefix("ROW ")?).ok())
                .filter(|event: &Value| event["id"].as_str().unwrap().starts_with(&format!("bench-{run}-")))
                .collect();
            assert_eq!(listed.len() as u64, events);
            let sold = |event: &Value| number(event, "/total_tickets") - number(event, "/available_tickets");
            assert_eq!(listed.iter().map(sold).sum::<u64>(), tickets - cancelled);
            assert_eq!(listed.iter().map(|event| number(event, "/held_tickets")).sum::<u64>(), 0);
        }
    }
}

#[test]
fn contention_for_the_last_tickets_sells_each_once() {
    let server = RealServer::start();
    let report = expect_ok(&bench(server.addr, &["--seats", "1000", "--tickets", "3", "--json"]));
    assert!(number(&report, "/codes/SOLD_OUT") > 0, "{report:#}");
    assert_eq!(number(&report, "/verified/tickets_acknowledged"), 999, "{report:#}");
}

#[test]
fn contention_of_holds_and_cancellations_sells_each_ticket_once() {
    let server = RealServer::start();
    for workload in ["hold", "cancel"] {
        let flags = ["--workload", workload, "--events", "2", "--seats", "10", "--tickets", "3"];
        let report = expect_ok(&bench(server.addr, &[&flags[..], &["--json", "--yes"]].concat()));
        assert!(number(&report, "/codes/SOLD_OUT") > 0, "{report:#}");
    }
}

#[test]
fn delete_flag_leaves_no_event() {
    let server = RealServer::start();
    let flags = ["--workload", "hold", "--events", "3", "--delete", "--json"];
    expect_ok(&bench(server.addr, &flags));
    let stats = server.run(&["STATS"]).stdout;
    assert!(stats.contains("\"events\":0,\"tickets\":0,"), "{stats}");
}

#[test]
fn report_for_people_has_a_line_per_topic() {
    let server = RealServer::start();
    let client = bench(server.addr, &["--workload", "mixed", "--events", "10"]);
    assert_eq!((client.exit, client.stderr.as_str()), (0, ""), "{}", client.stdout);
    let begins = [
        "workload   mixed, 4 connections x 8 requests, 10 events",
        "replies    ",
        "latency    p50 ",
        "codes      OK ",
        "client     ",
        "verified   10 events, ",
    ];
    assert_eq!(client.stdout.lines().count(), begins.len(), "{}", client.stdout);
    for (line, begin) in client.stdout.lines().zip(begins) {
        assert!(line.starts_with(begin), "{line:?} does not begin with {begin:?}");
    }
    assert!(
        client.stdout.ends_with("nothing oversold, no duplicates, nothing missing\n"),
        "{}",
        client.stdout
    );
}

#[test]
fn terminal_shows_progress_and_ctrl_c_ends_the_measurement() {
    let server = RealServer::start();
    let command = bookline(server.addr, &["bench", "--conns", "2", "--secs", "1000"]);
    let mut session = Session::start(command);
    session.wait_for(" replies/s   p50 ");
    session.wait_for(" replies/s   p50 ");
    session.press("\x03");
    session.wait_for("(interrupted)");
    session.wait_for("verified   1 event, ");
    assert_eq!(session.wait_for_exit().0, 0);
}

#[test]
fn server_with_data_is_loaded_with_yes_only() {
    let server = RealServer::start();
    server.run(&["BLOCK", "F1", "2026-12-31", "09:00"]);
    let refused = server.run(&["bench"]);
    assert_eq!((refused.exit, refused.stdout.as_str()), (1, ""));
    let message =
        format!("{} holds 0 events, 0 tickets and 1 calendar entries, and what is booked here", server.addr);
    assert!(refused.stderr.contains(&message), "{}", refused.stderr);
    assert!(server.run(&["STATS"]).stdout.contains("\"events\":0,\"tickets\":0,\"entries\":1,"));
    expect_ok(&bench(server.addr, &["--yes", "--workload", "reads", "--events", "1", "--json"]));
}

#[test]
fn control_characters_of_a_server_are_escaped() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("STATS\n", "ERR \u{1b}]0;x {}\n");
        peer.read_to_end();
    });
    let client = run_with_input(bookline(fake.addr, &["bench", "--conns", "1"]), "");
    assert_eq!(client.exit, 1);
    assert!(client.stderr.contains("ERR \\u{1b}]0;x"), "{}", client.stderr);
    fake.join();
    let fake = FakeServer::greeted(|mut peer| {
        assert!(peer.read_line().starts_with("CREATE "));
        peer.send("ERR \u{1b}]0;x {\"message\":\"\\u001b[2J\",\"retry\":false}\n");
        peer.read_to_end();
    });
    let client = run_with_input(bookline(fake.addr, &["bench", "--conns", "1", "--yes"]), "");
    assert_eq!(client.exit, 1);
    assert!(
        client.stderr.contains("cannot create the events of the run: \\u{1b}]0;x: \\u{1b}[2J\n"),
        "{}",
        client.stderr
    );
    fake.join();
}

#[test]
fn invalid_flags_exit_2() {
    for invalid in [
        &["--workload", "cold"][..],
        &["--conns", "0"],
        &["--depth", "1.5"],
        &["--secs", "0"],
        &["--tickets", "10001"],
        &["--events", "1000001"],
        &["BOOK"],
    ] {
        let mut command = bookline_without_address();
        command.arg("bench").args(invalid);
        let client = run_with_input(command, "");
        assert_eq!((client.exit, client.stdout.as_str()), (2, ""), "{invalid:?}");
        assert!(client.stderr.starts_with("error: "), "{}", client.stderr);
    }
    // `bench` is a command of the client only as the first word and in lower case.
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("BENCH\n", "OK {}\n");
    });
    run_with_input(bookline(fake.addr, &["BENCH"]), "").expect(0, "OK {}\n", "");
    fake.join();
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("HELP bench --json\n", "OK {}\n");
    });
    run_with_input(bookline(fake.addr, &["HELP", "bench", "--json"]), "").expect(0, "OK {}\n", "");
    fake.join();
}

#[test]
fn help_says_what_stays_on_the_server() {
    let mut command = bookline_without_address();
    command.args(["bench", "--help"]);
    let client = run_with_input(command, "");
    assert_eq!((client.exit, client.stderr.as_str()), (0, ""));
    for expected in ["--conns <N>", "--addr <HOST:PORT>", "what is booked\nstays there", "Ctrl-C"] {
        assert!(client.stdout.contains(expected), "{expected:?} is missing from {}", client.stdout);
    }
}

#[test]
fn refused_and_rejected_connections_exit_3() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = bench(free, &[]);
    assert_eq!((client.exit, client.stdout.as_str()), (3, ""));
    assert!(client.stderr.contains("cannot connect to "), "{}", client.stderr);

    let server = RealServer::start_with(|config| config.max_connections = 2);
    let message = format!("bookline: {} accepts no new connections\n", server.addr);
    bench(server.addr, &[]).expect(3, "", &message);
}
