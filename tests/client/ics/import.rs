//! `bookline import-ics` against a scripted server.

use std::process::Stdio;
use std::sync::mpsc;

use crate::support::client::{Exited, bookline, run, run_with_input, send_sigint};
use crate::support::fake_server::{FakeServer, Peer};

/// Three events: of four hours, of one, and one across midnight.
const FILE: &str = "BEGIN:VCALENDAR\n\
                    BEGIN:VEVENT\nDTSTART:20261123T220000\nDURATION:PT4H\nSUMMARY:Night\nEND:VEVENT\n\
                    BEGIN:VEVENT\nDTSTART:20261124T093000\nDURATION:PT15M\nSUMMARY:Standup\nEND:VEVENT\n\
                    BEGIN:VEVENT\nDTSTART:20261125T100000\nDURATION:PT2H\nSUMMARY:Review\nEND:VEVENT\n\
                    END:VCALENDAR\n";

const GET: &str = "GET F1 2026-11-23 2026-11-25\n";
const FREE: &str = "OK {\"count\":0}\n";

/// F1 has the second hour of the first event, and the first of the last.
const BUSY: &str = concat!(
    r#"ROW {"name":"F1","date":"23-11-2026","schedule":["#,
    r#"{"time":"23:00","meet":{"title":"talk","group":["F2"],"host":"F1"}}]}"#,
    "\n",
    r#"ROW {"name":"F1","date":"25-11-2026","schedule":["#,
    r#"{"time":"10:00","from":"25-11-2026 09:00","hours":2,"meet":{"title":"","group":[],"host":"F1"}},"#,
    r#"{"time":"09:00","from":"25-11-2026 09:00","hours":2,"meet":{"title":"","group":[],"host":"F1"}}]}"#,
    "\nOK {\"count\":2}\n"
);

const OK: &str = "OK {\"name\":\"F1\",\"date\":\"23-11-2026\",\"time\":\"22:00\"}\n";
const CONFLICT: &str =
    "ERR CONFLICT {\"message\":\"F1 is busy on 25-11-2026 at 10:00\",\"retry\":false,\"busy\":[\"F1\"]}\n";

const BLOCKS: [&str; 3] = [
    "BLOCK F1 2026-11-23 22:00 hours=4\n",
    "BLOCK F1 2026-11-24 09:00\n",
    "BLOCK F1 2026-11-25 10:00 hours=2\n",
];

type Script = Vec<(&'static str, &'static str)>;

/// Imports a file from standard input, with these further arguments, at a server that answers these requests.
fn import(file: &str, args: &[&str], script: Script) -> Exited {
    let fake = FakeServer::greeted(move |mut peer: Peer| {
        for (request, reply) in script {
            peer.expect(request, reply);
        }
        assert_eq!(peer.read_to_end(), b"");
    });
    let client = run_with_input(bookline(fake.addr, &[&["import-ics", "F1", "-"], args].concat()), file);
    fake.join();
    client
}

#[test]
fn events_are_blocked_one_by_one() {
    let script = vec![(GET, FREE), (BLOCKS[0], OK), (BLOCKS[1], OK), (BLOCKS[2], OK)];
    let client = import(FILE, &[], script);
    client.expect(0, &format!("{}# 3 blocks, 7 hours\n", BLOCKS.concat()), "");
}

#[test]
fn dry_run_blocks_nothing() {
    let client = import(FILE, &["--dry-run"], vec![(GET, FREE)]);
    client.expect(0, &format!("{}# 3 blocks, 7 hours\n", BLOCKS.concat()), "");
}

#[test]
fn nothing_is_blocked_if_the_person_is_busy() {
    for args in [&[][..], &["--dry-run"]] {
        let message = "bookline: F1 is busy in 2 hours of the file: nothing was blocked; --skip-conflicts \
                       blocks the other hours\n\
                       2026-11-23 at 23:00: \"talk\"; in the file: \"Night\"\n\
                       2026-11-25 at 10:00: a block; in the file: \"Review\"\n";
        import(FILE, args, vec![(GET, BUSY)]).expect(1, "", message);
    }
}

#[test]
fn free_hours_are_blocked_if_conflicts_are_skipped() {
    let blocks = [
        "BLOCK F1 2026-11-23 22:00\n",
        "BLOCK F1 2026-11-24 00:00 hours=2\n",
        "BLOCK F1 2026-11-24 09:00\n",
        "BLOCK F1 2026-11-25 11:00\n",
    ];
    let mut script = vec![(GET, BUSY)];
    script.extend(blocks.map(|block| (block, OK)));
    let client = import(FILE, &["--skip-conflicts"], script);
    assert_eq!((client.exit, client.stdout), (0, format!("{}# 4 blocks, 5 hours\n", blocks.concat())));
    assert!(
        client.stderr.starts_with("bookline: F1 is busy in 2 hours of the file: the other hours of the file")
    );
}

#[test]
fn what_was_blocked_is_deleted_if_an_hour_is_lost_meanwhile() {
    let script = vec![
        (GET, FREE),
        (BLOCKS[0], OK),
        (BLOCKS[1], OK),
        (BLOCKS[2], CONFLICT),
        ("DELETE F1 2026-11-23 22:00\n", OK),
        ("DELETE F1 2026-11-24 09:00\n", "ERR NOT_FOUND {\"message\":\"nothing there\",\"retry\":false}\n"),
    ];
    let message = "bookline: Conflict: F1 is busy on 2026-11-25 at 10:00. What was blocked before, in \
                   2 blocks, is deleted again.\n";
    import(FILE, &[], script).expect(1, "", message);
    let script = vec![(GET, FREE), (BLOCKS[0], CONFLICT)];
    let message = "bookline: Conflict: F1 is busy on 2026-11-25 at 10:00. Nothing was blocked.\n";
    import(FILE, &[], script).expect(1, "", message);
}

#[test]
fn block_that_cannot_be_deleted_again_is_named() {
    let script = vec![
        (GET, FREE),
        (BLOCKS[0], OK),
        (BLOCKS[1], OK),
        (BLOCKS[2], CONFLICT),
        ("DELETE F1 2026-11-23 22:00\n", OK),
        ("DELETE F1 2026-11-24 09:00\n", "ERR FORBIDDEN {\"message\":\"not yours\",\"retry\":false}\n"),
    ];
    let client = import(FILE, &[], script);
    let end =
        "is deleted again, but for 1 block; to delete them, send these lines\nDELETE F1 2026-11-24 09:00\n";
    assert!(client.exit == 1 && client.stderr.ends_with(end), "{}", client.stderr);
}

#[test]
fn interrupt_leaves_a_message_of_what_was_blocked() {
    let (reached, waits) = mpsc::channel();
    let fake = FakeServer::greeted(move |mut peer: Peer| {
        peer.expect(GET, FREE);
        peer.expect(BLOCKS[0], OK);
        assert_eq!(peer.read_line(), BLOCKS[1]);
        reached.send(()).unwrap();
        assert_eq!(peer.read_to_end(), b"");
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), FILE).unwrap();
    let mut command = bookline(fake.addr, &["import-ics", "F1", file.path().to_str().unwrap()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let client = command.spawn().unwrap();
    waits.recv().unwrap();
    send_sigint(&client);
    let client: Exited = client.wait_with_output().unwrap().into();
    fake.join();
    let message = "bookline: interrupted; the change was sent and may have been made\n\
                   What was blocked before, in 1 block, is still there; to delete it, send these lines\n\
                   DELETE F1 2026-11-23 22:00\n";
    client.expect(4, "", message);
}

#[test]
fn lost_connection_leaves_a_message_of_what_was_blocked() {
    let fake = FakeServer::greeted(move |mut peer: Peer| {
        peer.expect(GET, FREE);
        peer.expect(BLOCKS[0], OK);
        assert_eq!(peer.read_line(), BLOCKS[1]);
    });
    let client = run_with_input(bookline(fake.addr, &["--retry", "0", "import-ics", "F1", "-"]), FILE);
    fake.join();
    assert_eq!((client.exit, client.stdout.as_str()), (4, ""));
    let end = "is still there; to delete it, send these lines\nDELETE F1 2026-11-23 22:00\n";
    assert!(client.stderr.contains("lost") && client.stderr.ends_with(end), "{}", client.stderr);
}

#[test]
fn file_without_hours_asks_nothing() {
    let past = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20200101\nEND:VEVENT\nEND:VCALENDAR\n";
    let message = "bookline: left out 1 event without hours in the 366 days from 2026-11-22 on\n";
    import(past, &[], vec![]).expect(0, "# 0 blocks, 0 hours\n", message);
}

#[test]
fn unusable_file_is_refused_before_anything_is_asked() {
    let message =
        "bookline: cannot import -: line 1: BEGIN:VCALENDAR is missing: this is not an iCalendar file\n";
    import("name,date\n", &[], vec![]).expect(2, "", message);
    let large = vec![b'\n'; 16 * 1024 * 1024 + 1];
    let addr = "127.0.0.1:1".parse().unwrap();
    let client = run_with_input(bookline(addr, &["import-ics", "F1", "-"]), large);
    client.expect(2, "", "bookline: - has more than 16 MiB: split it\n");
    let client = run(bookline(addr, &["import-ics", "F1", "/no/such/file.ics"]));
    assert_eq!(client.exit, 2);
    assert!(client.stderr.starts_with("bookline: cannot read /no/such/file.ics: "), "{}", client.stderr);
    let client = run(bookline(addr, &["import-ics", "F/1", "-"]));
    assert!(client.exit == 2 && client.stderr.contains("holds \"/\""), "{}", client.stderr);
}
