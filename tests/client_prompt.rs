//! The client on a terminal: a prompt, its keys, its history, and answers laid out for people.

mod client_fake;
mod client_pty;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use client_fake::{Fake, HELLO, Peer, bookline};
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
    session.until("Too few left: m.\r\n");
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
        second.greet();
        second.expect("PING\n", "OK {}\n");
        second.rest();
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("BOOK e 1");
    waits.recv().unwrap();
    session.keys("\x03");
    session.until("\r\nbookline: interrupted; the change was sent and may have been made\r\n");
    session.line("PING");
    assert!(!session.until("OK\r\n").contains("late"));
    session.leave();
    fake.end();
}

#[test]
fn ctrl_c_ends_an_endless_listing_and_nothing_else() {
    let fake = Fake::with_listener(|listener| {
        let mut first = Peer::accept(&listener);
        first.greet();
        assert_eq!(first.line(), "GET\n");
        while first.try_say(&"ROW {\"id\":\"e\"}\n".repeat(1_000)).is_ok() {}
        let mut second = Peer::accept(&listener);
        second.greet();
        second.expect("BOOK e 1\n", "OK {}\n");
        second.rest();
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("GET");
    session.until("{\"id\":\"e\"}");
    let pressed = Instant::now();
    session.keys("\x03BOOK e 1\r");
    session.until("\r\nbookline: interrupted after ");
    // 100 ms are promised; a machine that does other things as well takes its time.
    assert!(pressed.elapsed() < Duration::from_secs(1), "it took {:?}", pressed.elapsed());
    assert!(
        session.until(" rows\r\n").trim_start_matches(|c: char| c.is_ascii_digit() || c == ',').is_empty()
    );
    session.until("OK\r\n");
    session.leave();
    fake.end();
}

#[test]
fn ctrl_c_takes_back_what_was_typed_before_it_and_says_so() {
    let (received, waits) = mpsc::channel();
    let fake = Fake::with_listener(move |listener| {
        let mut first = Peer::accept(&listener);
        first.greet();
        assert_eq!(first.line(), "GET\n");
        received.send(()).unwrap();
        let mut second = Peer::accept(&listener);
        second.greet();
        second.expect("PING\n", "OK {}\n");
        assert_eq!(second.rest(), b"");
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("GET");
    waits.recv().unwrap();
    session.keys("BOOK e 1\rBOOK e 2\r\x03PING\r");
    session.until("\r\nbookline: interrupted\r\n");
    session.until("bookline: 2 lines typed before Ctrl-C were not sent\r\n");
    session.until("OK\r\n");
    session.leave();
    fake.end();
}

#[test]
fn lines_that_arrive_together_all_run_in_order() {
    const LINES: usize = 200;
    let fake = Fake::new(|mut peer| {
        peer.greet();
        for number in 0..LINES {
            peer.expect(&format!("BOOK event-{number} 1\n"), &format!("OK {{\"number\":\"n{number}\"}}\n"));
        }
        peer.rest()
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.until(PROMPT);
    session.keys(&(0..LINES).map(|number| format!("BOOK event-{number} 1\r")).collect::<String>());
    for number in 0..LINES {
        session.until(&format!("BOOK event-{number} 1\r\n number | n{number}\r\n"));
    }
    session.leave();
    assert_eq!(fake.end(), b"");
}

#[test]
fn what_is_typed_while_an_answer_is_awaited_waits_too() {
    let (received, waits) = mpsc::channel();
    let (typed, is_typed) = mpsc::channel::<()>();
    let fake = Fake::new(move |mut peer| {
        peer.greet();
        assert_eq!(peer.line(), "GET e\n");
        received.send(()).unwrap();
        is_typed.recv().unwrap();
        peer.say("OK {\"first\":1}\n");
        peer.expect("PING\n", "OK {\"second\":2}\n");
        // A line feed is the end of a line as well, and what was edited is sent as it was meant.
        peer.expect("BOOK e 1\n", "OK {\"third\":3}\n");
        peer.expect("STATS\n", "OK {}\n");
        peer.rest()
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("GET e");
    waits.recv().unwrap();
    session.keys("PING\nBOOK e 12\x7f\rSTA");
    typed.send(()).unwrap();
    session.until(" first | 1\r\n");
    session.until("PING\r\n second | 2\r\n");
    session.until(" third | 3\r\n");
    session.until(PROMPT);
    session.until("STA");
    session.keys("TS\r");
    session.until("OK\r\n");
    session.leave();
    assert_eq!(fake.end(), b"");
}

#[test]
fn what_is_typed_before_the_prompt_is_not_lost() {
    let (connected, waits) = mpsc::channel();
    let (typed, is_typed) = mpsc::channel::<()>();
    let fake = Fake::new(move |mut peer| {
        assert_eq!(peer.line(), "HELLO\n");
        connected.send(()).unwrap();
        is_typed.recv().unwrap();
        peer.say(HELLO);
        peer.expect("PING\n", "OK {}\n");
        peer.expect("STATS\n", "OK {}\n");
        peer.rest()
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    waits.recv().unwrap();
    session.keys("PING\rSTATS\r\x04");
    typed.send(()).unwrap();
    let (exit, shown) = session.end();
    assert_eq!((exit, shown.matches("OK\r\n").count()), (0, 2), "{shown}");
    assert_eq!(fake.end(), b"");
}

#[test]
fn what_is_typed_before_the_client_runs_is_not_lost() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect("PING\n", "OK {}\n");
        peer.rest()
    });
    let client = bookline(fake.addr, &[]);
    let mut shell = Command::new("sh");
    // The shell waits until the keys are there, and takes one of them.
    shell.args(["-c", "echo ready; read -r line; exec \"$@\"", "sh"]).env("TERM", "xterm");
    shell.arg(client.get_program()).args(client.get_args());
    let home = home();
    let mut session = Session::start(shell, &home);
    session.until("ready\r\n");
    session.keys("go\nPING\n\x04");
    let (exit, shown) = session.end();
    assert_eq!((exit, shown.matches("OK\r\n").count()), (0, 1), "{shown}");
    assert_eq!(fake.end(), b"");
}

#[test]
fn ctrl_d_while_an_answer_is_awaited_leaves_behind_it() {
    let (received, waits) = mpsc::channel();
    let (typed, is_typed) = mpsc::channel::<()>();
    let fake = Fake::new(move |mut peer| {
        peer.greet();
        assert_eq!(peer.line(), "GET e\n");
        received.send(()).unwrap();
        is_typed.recv().unwrap();
        peer.say("OK {\"answer\":1}\n");
        peer.rest()
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.line("GET e");
    waits.recv().unwrap();
    session.keys("\x04");
    typed.send(()).unwrap();
    let (exit, shown) = session.end();
    assert!(shown.contains(" answer | 1\r\n"), "{shown}");
    assert_eq!((exit, fake.end()), (0, Vec::new()));
}

#[test]
fn a_line_that_is_no_text_is_told_and_those_behind_it_run() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.expect("PING\n", "OK {}\n");
        peer.rest()
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.until(PROMPT);
    session.bytes(b"BOOK \xff 1\rPING\r");
    session.until("bookline: the line is not UTF-8 and was not sent\r\n");
    session.until("OK\r\n");
    session.leave();
    assert_eq!(fake.end(), b"");
}

#[test]
fn a_long_line_arrives_whole() {
    let title = "x".repeat(20_000);
    let line = format!("BOOK {title} 1\n");
    let fake = Fake::new(move |mut peer| {
        peer.greet();
        peer.expect(&line, "OK {}\n");
        peer.rest()
    });
    let home = home();
    let mut session = Session::start(bookline(fake.addr, &[]), &home);
    session.until(PROMPT);
    session.keys(&format!("\x1b[200~BOOK {title} 1\x1b[201~\r"));
    session.until("OK\r\n");
    session.leave();
    assert_eq!(fake.end(), b"");
}

#[test]
fn the_terminal_is_left_as_it_was() {
    let fake = Fake::new(|mut peer| {
        peer.greet();
        peer.rest()
    });
    let client = bookline(fake.addr, &[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "before=$(stty -g); \"$@\"; test \"$before\" = \"$(stty -g)\" && echo same", "sh"]);
    shell.arg(client.get_program()).args(client.get_args()).env("TERM", "xterm");
    let home = home();
    let mut session = Session::start(shell, &home);
    session.until(PROMPT);
    session.keys("\x04");
    session.until("same\r\n");
    assert_eq!(session.end().0, 0);
    fake.end();
}

#[test]
fn a_terminal_that_edits_nothing_is_read_line_by_line() {
    let fake = Fake::with_listener(|listener| {
        let mut first = Peer::accept(&listener);
        first.greet();
        first.expect("PING\n", "OK {}\n");
        assert_eq!(first.line(), "BOOK e 1\n");
        let mut second = Peer::accept(&listener);
        second.greet();
        second.expect("PING\n", "OK {}\n");
        second.rest()
    });
    let home = home();
    let mut command = bookline(fake.addr, &[]);
    command.env("TERM", "dumb");
    let mut session = Session::start(command, &home);
    session.until(PROMPT);
    session.keys("PING\nBOOK e 1\n");
    session.until("OK\r\n");
    session.until(PROMPT);
    session.keys("\x03");
    session.until("bookline: interrupted; the change was sent and may have been made\r\n");
    session.until(PROMPT);
    session.keys("PING\n");
    session.until("OK\r\n");
    session.leave();
    assert_eq!(fake.end(), b"");
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
    assert_eq!(session.end().0, 4);
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
    assert_eq!(session.end().0, 4);
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
    session.until(&format!("{} accepts no new connections\r\n", fake.addr));
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
fn a_line_with_a_tickets_id_is_remembered_only_when_the_user_asks_for_it() {
    let ticket = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";
    let line = format!("TICKET {ticket}");
    let asked = line.clone();
    for (flags, kept) in [
        (&[][..], &["PING"][..]),
        (&["--history", "all"], &[line.as_str(), "PING"]),
        (&["--history", "none"], &[]),
    ] {
        let line = line.clone();
        let fake = Fake::new(move |mut peer| {
            peer.greet();
            peer.expect(&format!("{line}\n"), "OK {}\n");
            peer.expect("PING\n", "OK {}\n");
            peer.rest()
        });
        let home = home();
        let mut session = Session::start(bookline(fake.addr, flags), &home);
        session.line(&asked);
        session.line("PING");
        session.until("OK\r\n");
        session.leave();
        fake.end();
        let file = home.path().join(".local/state/bookline/history");
        let remembered = fs::read_to_string(file).unwrap_or_default();
        assert_eq!(remembered.lines().skip(1).collect::<Vec<_>>(), kept, "{flags:?}");
    }
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
    let fake = Fake::greeted(|mut peer| {
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
