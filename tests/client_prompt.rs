//! The client on a terminal: a prompt, its keys, its history, and answers laid out for people.

mod client_fake;
mod client_pty;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;

use client_fake::{Fake, Peer, bookline};
use client_pty::{PROMPT, Session, home};

#[test]
fn a_session_greets_sends_what_is_typed_and_lays_out_the_answers() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect(
            "get   rustconf \n",
            concat!(
                r#"OK {"id":"rustconf","name":"Rust Conf","date":"2026-12-31","#,
                r#""total_tickets":100,"available_tickets":10}"#,
                "\n"
            ),
        );
        peer.expect(
            "BOOK rustconf 11\n",
            "ERR SOLD_OUT {\"message\":\"m\",\"retry\":false,\"available\":10,\"requested\":11}\n",
        );
        peer.expect("MEET \"F1\n", "ERR BAD_REQUEST {\"message\":\"a quote is open\",\"retry\":false}\n");
        peer.expect(
            "help\n",
            "ROW {\"command\":\"PING\",\"usage\":\"PING\",\"help\":\"answers OK\"}\nOK {\"count\":1}\n",
        );
        assert_eq!(peer.rest(), b"");
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.until("Welcome to the ticket reservation system\r\n");
    session.until(&format!("bookline 9.8.7 at {}, time zone Europe/Prague.", fake.addr));
    session.line("get   rustconf ");
    session.until(" rustconf | Rust Conf | 2026-12-31 |   10 |     100\r\n");
    session.line("BOOK rustconf 11");
    session.until("Sold out: 11 tickets asked, 10 left.\r\n");
    session.line("MEET \"F1");
    session.until("Bad request: a quote is open.\r\n");
    session.line("help");
    session.until(" PING    | answers OK\r\n");
    session.leave();
    fake.end();
}

#[test]
fn blank_lines_and_comments_are_waited_for_by_nobody() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        assert_eq!(peer.line(), "# remember the milk\n");
        peer.expect("PING\n", "OK {}\n");
        peer.rest();
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("");
    session.line("# remember the milk");
    session.line("PING");
    session.until("OK\r\n");
    session.leave();
    fake.end();
}

#[test]
fn exit_and_quit_leave() {
    for word in ["exit", "QUIT"] {
        let fake = Fake::new(move |mut peer| {
            peer.greet();
            peer.expect(&format!("{word}\n"), "OK {}\n");
        });
        let home = home();
        let mut session = Session::start(bookline(fake.addr, &[]), &home);
        session.line(word);
        assert_eq!(session.end().0, 0);
        fake.end();
    }
}

#[test]
fn ctrl_c_clears_the_line_and_the_session_goes_on() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect("PING\n", "OK {}\n");
        assert_eq!(peer.rest(), b"");
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.until(PROMPT);
    session.keys("BOOK rustconf 10000");
    session.until("BOOK rustconf 10000");
    session.keys("\x03");
    session.line("PING");
    session.until("OK\r\n");
    session.leave();
    fake.end();
}

#[test]
fn ctrl_c_ends_a_wait_and_the_late_answer_is_taken_for_no_other() {
    let (received, waits) = mpsc::channel();
    let fake = Fake::with_listener(move |listener| {
        let mut first = Peer::accept(&listener);
        first.greet();
        assert_eq!(first.line(), "BOOK e 1\n");
        received.send(()).unwrap();
        let mut second = Peer::accept(&listener);
        _ = first.try_say("OK {\"late\":true}\n");
        second.expect("PING\n", "OK {}\n");
        second.rest();
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("BOOK e 1");
    waits.recv().unwrap();
    session.keys("\x03");
    session.until("\r\nbookline: no longer waiting");
    session.line("PING");
    assert!(!session.until("OK\r\n").contains("late"));
    session.leave();
    fake.end();
}

#[test]
fn ctrl_c_ends_an_endless_listing() {
    let fake = Fake::with_listener(|listener| {
        let mut first = Peer::accept(&listener);
        first.greet();
        assert_eq!(first.line(), "GET\n");
        while first.try_say("ROW {\"id\":\"e\"}\n").is_ok() {}
        let mut second = Peer::accept(&listener);
        second.expect("PING\n", "OK {}\n");
        second.rest();
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("GET");
    session.until("{\"id\":\"e\"}");
    session.keys("\x03");
    session.until("\r\nbookline: no longer waiting");
    session.line("PING");
    session.until("OK\r\n");
    session.leave();
    fake.end();
}

#[test]
fn a_connection_that_was_lost_at_the_prompt_is_told_and_nothing_is_sent() {
    let (close, closes) = mpsc::channel::<()>();
    let (closed, is_closed) = mpsc::channel();
    let fake = Fake::new(move |mut peer| {
        peer.greet();
        closes.recv().unwrap();
        peer.say("ERR SHUTTING_DOWN {\"message\":\"the server is stopping\",\"retry\":true}\n");
        peer.half_close();
        closed.send(()).unwrap();
        peer.rest()
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.until(PROMPT);
    close.send(()).unwrap();
    is_closed.recv().unwrap();
    session.keys("BOOK e 1\r");
    session.until("Shutting down: the server is stopping.\r\n");
    session.until(&format!("connection to {} lost\r\n", fake.addr));
    assert_eq!(session.end().0, 3);
    assert_eq!(fake.end(), b"", "the command must not be sent");
}

#[test]
fn a_connection_that_is_lost_before_the_answer_is_told() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.line();
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("BOOK e 1");
    session.until(&format!("connection to {} lost; one command went unanswered", fake.addr));
    assert_eq!(session.end().0, 3);
    fake.end();
}

#[test]
fn a_server_that_never_answers_is_waited_for_and_no_longer() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.rest()
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &["--timeout", "1s"]), &home);
    session.line("PING");
    session.until(&format!("no answer from {} within 1s", fake.addr));
    assert_eq!(session.end().0, 3);
    fake.end();
}

#[test]
fn whoever_is_not_bookline_is_found_out() {
    for said in ["HTTP/1.1 400 Bad Request\r\n", "OK {\"server\":\"other\"}\n", "ERR NO {}\n", "\u{1b}[2J\n"]
    {
        let fake = Fake::new(move |mut peer| peer.expect("HELLO\n", said));
        let home = home();
        let mut session = Session::start(bookline(fake.addr, &[]), &home);
        session.until(&format!("{} is not a bookline server: it answered HELLO with \"", fake.addr));
        let (exit, shown) = session.end();
        assert_eq!(exit, 3);
        assert!(!shown.contains(PROMPT), "{shown}");
        fake.end();
    }
}

#[test]
fn a_newcomer_who_is_turned_away_is_told_why() {
    let fake = Fake::new(|mut peer| {
        peer.say(
            "ERR BUSY {\"message\":\"the server has 1 connections, as many as it takes\",\"retry\":true}\n",
        );
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.until("Busy: the server has 1 connections, as many as it takes.\r\n");
    session.until(&format!("{} takes no new connection now\r\n", fake.addr));
    assert_eq!(session.end().0, 3);
    fake.end();
}

#[test]
fn lines_are_remembered_in_the_state_directory_for_the_next_session() {
    let home = home();
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect("PING\n", "OK {}\n");
        peer.expect("STATS\n", "OK {}\n");
        peer.rest();
    });
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("PING");
    session.line("STATS");
    session.until("OK\r\n");
    session.leave();
    fake.end();

    let file = home.path().join(".local/state/bookline/history");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(fs::read_to_string(&file).unwrap().lines().skip(1).collect::<Vec<_>>(), ["PING", "STATS"]);
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);

    // The key Up, twice.
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect("PING\n", "OK {}\n");
        peer.rest();
    });
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("\x1b[A\x1b[A");
    session.until("OK\r\n");
    session.leave();
    fake.end();
}

#[test]
fn history_follows_xdg_state_home() {
    let (home, state) = (home(), home());
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect("PING\n", "OK {}\n");
        peer.rest();
    });
    let mut command = bookline(fake.addr, &[]);
    command.env("HOME", home.path()).env("XDG_STATE_HOME", state.path());
    let mut session = Session::start_as_is(command);
    session.line("PING");
    session.until("OK\r\n");
    session.leave();
    fake.end();
    assert!(fs::read_to_string(state.path().join("bookline/history")).unwrap().contains("PING"));
    assert!(!home.path().join(".local").exists());
}

#[test]
fn a_session_without_a_home_is_a_session() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect("PING\n", "OK {}\n");
        peer.rest();
    });
    let mut command = bookline(fake.addr, &[]);
    command.env_remove("HOME").env_remove("XDG_STATE_HOME");
    let mut session = Session::start_as_is(command);
    session.line("PING");
    assert!(!session.until("OK\r\n").contains("history"));
    session.leave();
    fake.end();
}

#[test]
fn a_home_that_cannot_be_written_is_told_once_and_no_harm() {
    let home = home();
    fs::write(home.path().join(".local"), "no directory").unwrap();
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect("PING\n", "OK {}\n");
        peer.rest();
    });
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.until("history is not kept: ");
    session.line("PING");
    assert!(!session.until("OK\r\n").contains("history"));
    session.leave();
    fake.end();
}

#[test]
fn tab_completes_verbs_and_options() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect("create x 2026-12-31 5 id=\n", "OK {}\n");
        peer.expect("STATS \n", "OK {}\n");
        peer.rest();
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("cr\tx 2026-12-31 5 i\t");
    session.until("OK\r\n");
    session.line("ST\t");
    session.until("OK\r\n");
    session.leave();
    fake.end();
}

#[test]
fn lines_that_are_pasted_together_are_all_answered() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        assert_eq!(peer.line(), "PING\n");
        assert_eq!(peer.line(), "# and\n");
        assert_eq!(peer.line(), "\n");
        assert_eq!(peer.line(), "NO\n");
        peer.say("OK {}\nERR UNKNOWN_COMMAND {\"message\":\"m\",\"retry\":false}\n");
        peer.expect("PING\n", "OK {}\n");
        peer.rest();
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("\x1b[200~PING\n# and\n\nNO\x1b[201~");
    session.until("OK\r\nUnknown command: m.\r\n");
    session.line("PING");
    session.until("OK\r\n");
    session.leave();
    fake.end();
}

#[test]
fn the_prompt_shows_the_servers_own_lines_when_asked_to() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect("PING\n", "OK {\"a\":\"\u{1b}[2J\"}\n");
        peer.rest();
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &["--format", "raw"]), &home);
    session.line("PING");
    session.until("OK {\"a\":\"\\u{1b}[2J\"}\r\n");
    session.leave();
    fake.end();
}

#[test]
fn one_command_on_a_terminal_is_laid_out() {
    let fake = Fake::new(|mut peer| {
        peer.expect(
            "BLOCK F1 21-11-2026 09:00\n",
            "OK {\"name\":\"F1\",\"date\":\"21-11-2026\",\"time\":\"09:00\"}\n",
        );
        peer.rest();
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &["BLOCK", "F1", "21-11-2026", "09:00"]), &home);
    session.until("F1 is blocked on 21-11-2026 at 09:00.\r\n");
    assert_eq!(session.end().0, 0);
    fake.end();
}
