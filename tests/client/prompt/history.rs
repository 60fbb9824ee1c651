//! The history of typed lines.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::client::bookline;
use crate::support::fake_server::FakeServer;
use crate::support::session::{Session, empty_home};

#[test]
fn history_is_kept_in_the_state_directory() {
    let home = empty_home();
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.expect("STATS\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::start_in(bookline(fake.addr, &[]), &home);
    session.type_line("PING");
    session.type_line("STATS");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();

    let file = home.path().join(".local/state/bookline/history");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(fs::read_to_string(&file).unwrap().lines().skip(1).collect::<Vec<_>>(), ["PING", "STATS"]);
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);

    // In the next session, the key Up recalls the lines, the last one first.
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::start_in(bookline(fake.addr, &[]), &home);
    session.type_line("\x1b[A\x1b[A");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn line_with_a_ticket_id_is_kept_with_history_all_only() {
    let ticket = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";
    let line = format!("TICKET {ticket}");
    let typed = line.clone();
    for (flags, kept) in [
        (&[][..], &["PING"][..]),
        (&["--history", "all"], &[line.as_str(), "PING"]),
        (&["--history", "none"], &[]),
    ] {
        let line = line.clone();
        let fake = FakeServer::greeted(move |mut peer| {
            peer.expect(&format!("{line}\n"), "OK {}\n");
            peer.expect("PING\n", "OK {}\n");
            peer.read_to_end()
        });
        let home = empty_home();
        let mut session = Session::start_in(bookline(fake.addr, flags), &home);
        session.type_line(&typed);
        session.type_line("PING");
        session.wait_for("OK\r\n");
        session.leave();
        fake.join();
        let file = home.path().join(".local/state/bookline/history");
        let history = fs::read_to_string(file).unwrap_or_default();
        assert_eq!(history.lines().skip(1).collect::<Vec<_>>(), kept, "{flags:?}");
    }
}

#[test]
fn line_about_a_ticket_or_a_hold_is_not_kept() {
    // Ids that are cut off, as after a mistake, are not recognized as ids.
    let secret = [
        "HOLD 2cdba4d5",
        "CONFIRM 2cdba4d5 2",
        "EXTEND 2cdba4d5 60",
        "RELEASE 2cdba4d5",
        "CANCEL 2cdba4d5",
        "CHECKIN 2cdba4d5",
    ];
    let kept = ["HOLD rustconf 2", "TICKETS rustconf"];
    let fake = FakeServer::greeted(move |mut peer| {
        for line in secret.iter().chain(&kept) {
            peer.expect(&format!("{line}\n"), "OK {}\n");
        }
        peer.read_to_end()
    });
    let home = empty_home();
    let mut session = Session::start_in(bookline(fake.addr, &[]), &home);
    for line in secret.iter().chain(&kept) {
        session.type_line(line);
    }
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
    let history = fs::read_to_string(home.path().join(".local/state/bookline/history")).unwrap();
    assert_eq!(history.lines().skip(1).collect::<Vec<_>>(), kept);
}

#[test]
fn history_follows_xdg_state_empty_home() {
    let (home, state) = (empty_home(), empty_home());
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut command = bookline(fake.addr, &[]);
    command.env("HOME", home.path()).env("XDG_STATE_HOME", state.path());
    let mut session = Session::start_unchanged(command);
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
    assert!(fs::read_to_string(state.path().join("bookline/history")).unwrap().contains("PING"));
    assert!(!home.path().join(".local").exists());
}

#[test]
fn session_without_home_has_no_history() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut command = bookline(fake.addr, &[]);
    command.env_remove("HOME").env_remove("XDG_STATE_HOME");
    let mut session = Session::start_unchanged(command);
    session.type_line("PING");
    assert!(!session.wait_for("OK\r\n").contains("history"));
    session.leave();
    fake.join();
}

#[test]
fn unwritable_home_is_reported_once() {
    let home = empty_home();
    fs::write(home.path().join(".local"), "no directory").unwrap();
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::start_in(bookline(fake.addr, &[]), &home);
    session.wait_for("history is not kept: ");
    session.type_line("PING");
    assert!(!session.wait_for("OK\r\n").contains("history"));
    session.leave();
    fake.join();
}
