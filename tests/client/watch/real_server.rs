//! `bookline watch` at a real server.

use bookline_testkit::rng::Rng;
use serde_json::Value;

use crate::support::child_server::ChildServer;
use crate::support::client::{bookline, run_with_input};
use crate::support::cutting_proxy::CuttingProxy;
use crate::support::real_server::RealServer;
use crate::support::terminal::Terminal;
use crate::watch::support::Watch;

/// Bookings of the test that cuts connections: their changes take some 20 times the distance between two
/// cuts.
const BOOKINGS: usize = 1_000;

/// The objects up to the one with this sequence number.
fn changes_up_to(watch: &mut Watch, sequence: u64) -> Vec<Value> {
    let mut changes = Vec::new();
    loop {
        let line = watch.read_line();
        let change: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let is_last = change["sequence"] == sequence && change["end"] == true;
        if change["kind"] != "progress" {
            changes.push(change);
        }
        if is_last {
            return changes;
        }
    }
}

/// It would fail if a change were missing or told twice over a connection that is cut.
#[test]
fn changes_are_complete_over_connections_that_are_cut() {
    let mut rng = Rng::from_environment();
    let server = RealServer::start();
    let meeting = "MEET F1 26-11-2027 09:00 talk F2,F3 every=day count=20\n";
    let script = format!("CREATE x 2027-12-31 5000 id=e\n{}{meeting}", "BOOK e 2\n".repeat(BOOKINGS));
    assert_eq!(server.run_script(script).exit, 0);
    let last = BOOKINGS as u64 + 2;

    let mut direct = Watch::start(server.addr, &["--since", "0"]);
    let expected = changes_up_to(&mut direct, last);
    direct.end_by("-INT");
    assert_eq!(expected.len(), BOOKINGS + 1 + 20);

    const CUTS: usize = 10;
    let mut cuts = 0;
    for _ in 0..50 {
        let proxy = CuttingProxy::start(server.addr, rng.fork());
        // The first connection may be cut as well.
        let mut watch = Watch::spawn(bookline(proxy.addr, &["--wait", "watch", "--since", "0"]));
        assert_eq!(changes_up_to(&mut watch, last), expected);
        let reports = watch.end_after_reports("-INT");
        assert!(
            reports.lines().all(|line| line.ends_with("trying again") || line.ends_with("reconnected")),
            "{reports}"
        );
        cuts += proxy.cuts();
        if cuts >= CUTS {
            return;
        }
    }
    panic!("only {cuts} connections were cut");
}

/// It would fail if a change were lost or shown twice over a crash, or the client gave up.
#[test]
fn restarted_server_is_gone_on_with() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = ChildServer::start(directory.path());
    let addr = server.addr;
    let book = || {
        let exited = run_with_input(bookline(addr, &[]), "BOOK e 1\n".repeat(5));
        assert_eq!(exited.exit, 0, "{}", exited.stderr);
    };
    assert_eq!(run_with_input(bookline(addr, &[]), "CREATE x 2027-12-31 100 id=e\n").exit, 0);
    let mut watch = Watch::start(addr, &["event:e"]);
    watch.expect("{\"sequence\":1,\"kind\":\"progress\",\"end\":true}\n");
    let mut changes = Vec::new();
    for round in 1..=3 {
        book();
        changes.extend(changes_up_to(&mut watch, 1 + 5 * round));
        server.kill();
        server = ChildServer::start_at(directory.path(), addr);
    }
    book();
    changes.extend(changes_up_to(&mut watch, 21));
    let left: Vec<_> = changes.iter().map(|change| change["available_tickets"].as_u64().unwrap()).collect();
    assert_eq!(left, (80..100).rev().collect::<Vec<_>>());
    let sequences: Vec<_> = changes.iter().map(|change| change["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, (2..22).collect::<Vec<_>>());
    drop(server);
}

#[test]
fn changes_of_each_kind_have_their_sentence() {
    let server = RealServer::start();
    let mut watch = Watch::start(server.addr, &["--format", "plain", "--since", "0"]);
    let script = "\
CREATE \"Rust Conf\" 2027-12-31 100 id=rustconf
BOOK rustconf 2
UPDATE rustconf tickets=90
HOLD rustconf 3 ttl=600
MEET F1 26-11-2027 09:00 talk F2,F3 hours=2
PUT F1 26-11-2027 09:00 MEET 27-11-2027 10:00 talk F2
BLOCK F4 27-11-2027 10:00
DELETE F4 27-11-2027 10:00
DELETE rustconf tickets=drop
";
    assert_eq!(server.run_script(script).exit, 0);
    let sentences = [
        "rustconf: created, \"Rust Conf\" on 2027-12-31, 100 tickets",
        "rustconf: 2 sold, 98 left",
        "rustconf: updated, \"Rust Conf\" on 2027-12-31, 88 of 90 left",
        "rustconf: 3 held until ",
        "F1, F2, F3: \"talk\" on 2027-11-26 at 09:00 for 2 hours, host F1",
        "F1, F2: \"talk\" moved from 2027-11-26 at 09:00 to 2027-11-27 at 10:00 for 2 hours, host F1, no \
         longer in it: F3",
        "F4: blocked on 2027-11-27 at 10:00",
        "F4: block deleted on 2027-11-27 at 10:00",
        "rustconf: deleted",
    ];
    for sentence in sentences {
        let line = watch.read_line();
        let shown = line.trim_end().get("yyyy-mm-dd hh:mm:ss ".len()..).unwrap_or_default();
        assert!(shown == sentence || sentence.ends_with("until ") && shown.starts_with(sentence), "{line}");
    }
    watch.end_by("-INT");
}

#[test]
fn changes_of_others_are_shown_at_the_prompt() {
    let server = RealServer::start();
    assert_eq!(server.run_script("CREATE x 2027-12-31 100 id=e\n").exit, 0);
    let mut terminal = Terminal::at_prompt(server.addr, 80);
    terminal.press("WATCH event:e\r");
    terminal.wait_for("Watching event:e after 1.");
    terminal.press("BOOK e");
    terminal.wait_for("bookline> BOOK e");
    assert_eq!(server.run(&["BOOK", "e", "2"]).exit, 0);
    terminal.wait_for("e: 2 sold, 98 left\nbookline> BOOK e");
    terminal.press(" 3\r");
    terminal.wait_for("3 tickets for x (e)");
    terminal.wait_for("e: 3 sold, 95 left\nbookline>");
    terminal.leave();
}
