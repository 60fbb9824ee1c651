//! The history of typed lines.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::support::client::bookline;
use crate::support::fake_server::FakeServer;
use crate::support::session::{Session, empty_home};

/// A server that answers these lines, and its address.
fn answering(lines: &'static [&'static str]) -> FakeServer<()> {
    FakeServer::greeted(move |mut peer| {
        for line in lines {
            peer.expect(&format!("{line}\n"), "OK {}\n");
        }
        peer.read_to_end();
    })
}

/// The lines of the file, as they are stored.
fn kept_lines(home: &TempDir) -> Vec<String> {
    let file = fs::read_to_string(home.path().join(".local/state/bookline/history")).unwrap_or_default();
    file.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn line_that_begins_with_a_blank_is_not_kept() {
    let home = empty_home();
    let fake = answering(&[" PING", "STATS"]);
    let mut session = Session::start_in(bookline(fake.addr, &[]), &home);
    session.type_line(" PING");
    session.type_line("STATS");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
    assert_eq!(kept_lines(&home), ["STATS"]);
}

#[test]
fn pasted_lines_are_one_entry_without_their_keys() {
    let home = empty_home();
    let fake = answering(&["PING", "BOOK e 1 key=0123456789abcdef", "PING", "BOOK e 1 key=0123456789abcdef"]);
    let mut session = Session::start_in(bookline(fake.addr, &["--format", "raw"]), &home);
    session.type_line("\x1b[200~PING\nBOOK e 1 key=0123456789abcdef\x1b[201~");
    session.wait_for("OK {}\r\nOK {}\r\n");
    // Up recalls both of them, and the key is typed again.
    session.type_line("\x1b[A key=0123456789abcdef");
    session.wait_for("OK {}\r\nOK {}\r\n");
    session.leave();
    fake.join();
    assert_eq!(kept_lines(&home), ["PING\\nBOOK e 1"]);
}

#[test]
fn empty_variable_turns_the_history_off() {
    let home = empty_home();
    let fake = answering(&["PING"]);
    let mut client = bookline(fake.addr, &[]);
    client.env("BOOKLINE_HISTORY", "");
    let mut session = Session::start_in(client, &home);
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
    assert_eq!(kept_lines(&home), [""; 0]);
}

#[test]
fn two_clients_at_the_same_time_keep_the_lines_of_both() {
    let home = empty_home();
    let servers = [answering(&["PING", "GET", "HELLO"]), answering(&["STATS", "GET e"])];
    let mut sessions = servers.each_ref().map(|fake| Session::start_in(bookline(fake.addr, &[]), &home));
    for (client, line) in [(0, "PING"), (1, "STATS"), (0, "GET"), (1, "GET e"), (0, "HELLO")] {
        sessions[client].type_line(line);
        sessions[client].wait_for("OK\r\n");
    }
    sessions.into_iter().for_each(Session::leave);
    servers.into_iter().for_each(FakeServer::join);
    let mut kept = kept_lines(&home);
    kept.sort();
    assert_eq!(kept, ["GET", "GET e", "HELLO", "PING", "STATS"]);
}

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
