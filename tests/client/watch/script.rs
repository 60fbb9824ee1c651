//! A script that watches: changes are lines of their own between its replies, and no replies.

use crate::support::client::{Exited, bookline, run_with_input};
use crate::support::fake_server::{FakeServer, Peer};
use crate::watch::support::{progress, sold, watching};

const NOT_FOUND: &str = "ERR NOT_FOUND {\"message\":\"m\",\"retry\":false}\n";

const SCRIPT: &str = "WATCH all\nGET\nGET x\nPING\n";

/// The replies to the script, with changes before, between and behind them.
fn replies() -> String {
    let row = "ROW {\"id\":\"e\",\"name\":\"x\",\"date\":\"2026-12-31\",\"total_tickets\":9,\"available_tickets\":9}\n";
    let rows = &*format!("{row}{row}OK {{\"count\":2}}\n");
    [&*watching(6), &*sold(7), rows, &*progress(7), NOT_FOUND, &*sold(8), &*sold(9), "OK {}\n", &*sold(10)]
        .concat()
}

/// Runs the script with these flags.
fn script(flags: &[&str]) -> Exited {
    let fake = FakeServer::greeted(|mut peer| {
        for line in SCRIPT.lines() {
            assert_eq!(peer.read_line(), format!("{line}\n"));
        }
        peer.send(&replies());
        peer.read_to_end()
    });
    let exited = run_with_input(bookline(fake.addr, flags), SCRIPT);
    fake.join();
    exited
}

const MESSAGES: &str = "stdin:3: GET x: Not found: m.\nbookline: 1 of 4 failed (line 3)\n";

#[test]
fn raw_lines_are_printed_where_they_arrive() {
    script(&[]).expect(1, &replies(), MESSAGES);
}

#[test]
fn replies_are_counted_with_retries_too() {
    let exited = script(&["--retry", "1"]);
    assert_eq!((exited.exit, exited.stderr.as_str()), (1, MESSAGES));
    // The last change may arrive when the script has ended.
    let all = replies();
    let last = sold(10);
    assert!(exited.stdout == all || exited.stdout == all.strip_suffix(&last).unwrap(), "{}", exited.stdout);
}

#[test]
fn json_lines_have_their_type_and_sequence() {
    let exited = script(&["--format", "json"]);
    let lines: Vec<_> = exited.stdout.lines().collect();
    let change = |sequence| {
        sold(sequence).trim_end().replace(&format!("CHANGE {sequence} {{"), &{
            format!("{{\"type\":\"change\",\"sequence\":{sequence},")
        })
    };
    assert_eq!(lines.len(), 11);
    assert_eq!(lines[0], "{\"type\":\"ok\",\"sequence\":6,\"watching\":[\"all\"]}");
    assert_eq!(lines[1], change(7));
    assert_eq!(lines[5], "{\"type\":\"change\",\"sequence\":7,\"kind\":\"progress\",\"end\":true}");
    assert_eq!(lines[10], change(10));
    assert_eq!((exited.exit, exited.stderr.as_str()), (1, MESSAGES));
}

#[test]
fn csv_has_a_record_for_each_change() {
    let exited = script(&["--format", "csv"]);
    let columns = "sequence,kind,at,event_id,count,available_tickets,held_tickets,end\r\n";
    let change = |sequence: u64| {
        format!("{sequence},tickets_booked,2026-11-22T10:31:07.123456Z,rustconf,1,96,0,true\r\n")
    };
    let tail = format!("\n{columns}{}{}{}", change(8), change(9), change(10));
    assert!(exited.stdout.ends_with(&tail), "{}", exited.stdout);
    assert!(exited.stdout.contains(&format!("\n\n{columns}{}", change(7))), "{}", exited.stdout);
    assert!(exited.stdout.contains("\n\nsequence,kind,end\r\n7,progress,true\r\n"), "{}", exited.stdout);
}

#[test]
fn sentences_are_those_of_the_watch_command() {
    let table = script(&["--format", "table"]).stdout;
    assert!(table.starts_with("Watching all after 6.\n11:31:07 rustconf: 1 sold, 96 left\n"), "{table}");
    assert!(!table.contains("progress"), "{table}");
    let plain = script(&["--format", "plain"]).stdout;
    assert!(
        plain.starts_with("Watching all after 6.\n2026-11-22 11:31:07 rustconf: 1 sold, 96 left\n"),
        "{plain}"
    );
    assert!(!plain.contains("progress"), "{plain}");
}

#[test]
fn change_before_the_clients_own_help_is_replied_to_is_printed() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::greeted(&listener);
        peer.expect("WATCH all\n", &watching(6));
        assert_eq!(peer.read_any_line(), "HELP\n");
        peer.send(&(sold(7) + "OK {\"count\":0}\n"));
        peer.expect("BOOK e 1\n", "OK {}\n");
        peer.read_to_end()
    });
    let exited = run_with_input(bookline(fake.addr, &["--retry", "1"]), "WATCH all\nBOOK e 1\n");
    exited.expect(0, &(watching(6) + &sold(7) + "OK {}\n"), "");
    fake.join();
}

#[test]
fn lost_connection_of_a_script_with_retries_says_that_nothing_is_watched() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::greeted(&listener);
        peer.expect("WATCH all\n", &(watching(6) + &sold(7)));
        assert_eq!(peer.read_line(), "PING\n");
        drop(peer);
        let mut peer = Peer::greeted(&listener);
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end()
    });
    let exited = run_with_input(bookline(fake.addr, &["--retry", "1"]), "WATCH all\nPING\n");
    let message =
        "bookline: nothing is watched any more; this line goes on where it ended: WATCH all since=7\n";
    exited.expect(0, &(watching(6) + &sold(7) + "OK {}\n"), message);
    fake.join();
}
