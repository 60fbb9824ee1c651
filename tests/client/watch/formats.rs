//! The formats of `bookline watch`.

use crate::support::client::{bookline, run};
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::session::Session;
use crate::watch::support::{progress, sold, watching};

const OLD: &str = "CHANGE 5 {\"kind\":\"event_deleted\",\"at\":\"2026-11-19T22:59:59.000000Z\",\
                   \"event_id\":\"jazz\",\"end\":true}\n";

const LATER: &str = "CHANGE 8 {\"kind\":\"seat_\u{9b}taken\",\"at\":\"2026-11-22T10:31:09.000000Z\",\
                     \"seat\":[1],\"end\":true}\n";

/// What is printed with these flags of changes that a server tells, which then refuses to go on.
fn printed(flags: &[&str]) -> String {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::greeted(&listener);
        let changes = [OLD.to_owned(), sold(6), progress(7), LATER.to_owned()].concat();
        peer.expect("WATCH all since=4\n", &(watching(4) + &changes));
        drop(peer);
        let gone = "ERR GONE {\"message\":\"m\",\"retry\":false,\"oldest\":9}\n";
        Peer::greeted(&listener).expect("WATCH all since=8\n", gone);
    });
    let exited = run(bookline(fake.addr, &[flags, &["watch", "--since", "4"]].concat()));
    fake.join();
    let gone = "bookline: the changes after 8 are not in the server's log any more, only those after 9: \
                --resync goes on from there\n";
    assert_eq!((exited.exit, exited.stderr.as_str()), (1, gone));
    exited.stdout
}

#[test]
fn sentences_have_the_time_at_the_server_and_a_date_where_the_day_changes() {
    let lines = "\
2026-11-19
23:59:59 jazz: deleted
2026-11-22
11:31:07 rustconf: 1 sold, 96 left
11:31:09 seat \\u{9b}taken, seat=[1]
";
    assert_eq!(printed(&["--format", "table"]), lines);
    assert_eq!(printed(&["--format", "text"]), lines);
}

#[test]
fn plain_lines_have_their_date() {
    let lines = "\
2026-11-19 23:59:59 jazz: deleted
2026-11-22 11:31:07 rustconf: 1 sold, 96 left
2026-11-22 11:31:09 seat \\u{9b}taken, seat=[1]
";
    assert_eq!(printed(&["--format", "plain"]), lines);
}

#[test]
fn raw_lines_are_those_of_the_server() {
    let lines = [watching(4), OLD.to_owned(), sold(6), progress(7), LATER.to_owned()].concat();
    assert_eq!(printed(&["--format", "raw"]), lines);
}

#[test]
fn json_has_the_progress() {
    let lines = printed(&[]);
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0], r#"{"sequence":4,"kind":"progress","end":true}"#);
    assert_eq!(lines[1], OLD.trim_end().replace("CHANGE 5 {", "{\"sequence\":5,"));
    assert_eq!(lines[3], r#"{"sequence":7,"kind":"progress","end":true}"#);
    assert_eq!(printed(&["--format", "json"]).lines().collect::<Vec<_>>(), lines);
}

#[test]
fn flag_behind_the_command_decides() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("WATCH all\n", "ERR NEW {\"message\":\"m\",\"retry\":false}\n");
    });
    let words = ["--format", "csv", "watch", "--format", "raw"];
    run(bookline(fake.addr, &words)).expect(1, "", "bookline: New: m.\n");
    fake.join();
}

#[test]
fn csv_is_refused_before_anything_is_sent() {
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let message =
        "bookline: changes have no columns in common, so that they cannot be CSV: use --format json\n";
    run(bookline(addr, &["watch", "--format", "csv"])).expect(2, "", message);
    run(bookline(addr, &["--format", "csv", "watch"])).expect(2, "", message);
}

#[test]
fn terminal_has_colors_and_no_control_characters() {
    let colors = |variables: &[(&str, &str)]| {
        let fake = FakeServer::with_listener(|listener| {
            let mut peer = Peer::greeted(&listener);
            peer.expect("WATCH all\n", &(watching(4) + &sold(6) + LATER));
            assert_eq!(peer.read_to_end(), b"");
        });
        let mut command = bookline(fake.addr, &["watch"]);
        command.envs(variables.iter().copied());
        let mut session = Session::start_with_escapes(command);
        let shown = session.wait_for("seat=[1]");
        session.press("\x03");
        assert_eq!(session.wait_for_exit().0, 130);
        fake.join();
        assert!(shown.contains("\\u{9b}") && !shown.contains('\u{9b}'), "{shown}");
        shown.split_once("11:31:07").unwrap().1.to_owned()
    };
    assert!(colors(&[]).starts_with("\u{1b}[0m rustconf: \u{1b}[32m1 sold\u{1b}[0m, 96 left\r\n"));
    assert!(colors(&[("NO_COLOR", "1")]).starts_with(" rustconf: 1 sold, 96 left\r\n"));
}

#[test]
fn zone_that_is_not_known_has_the_offset_of_the_greeting() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::accept(&listener);
        let hello = HELLO_REPLY.replace("Europe/Prague", "Moon/Sea").replace("+01:00", "+05:30");
        peer.expect("HELLO\n", &hello);
        peer.expect("WATCH all\n", &(watching(4) + &sold(6) + "CHANGE 7 {\"kind\":7}\n"));
        assert_eq!(peer.read_to_end(), b"");
    });
    let exited = run(bookline(fake.addr, &["watch", "--format", "table"]));
    assert_eq!((exited.exit, exited.stdout.as_str()), (2, "16:01:07 rustconf: 1 sold, 96 left\n"));
    fake.join();
}
