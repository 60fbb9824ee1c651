//! Keys at the prompt: Ctrl-C, Ctrl-D, Tab, pasted text, and keys pressed while a command runs.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::client::bookline;
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::pause::pause;
use crate::support::session::{PROMPT, Session};
use crate::support::terminal::Terminal;

#[test]
fn ctrl_c_clears_the_line() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        assert_eq!(peer.read_to_end(), b"");
    });
    let mut session = Session::at_prompt(fake.addr);
    session.press("BOOK rustconf 10000");
    session.wait_for("BOOK rustconf 10000");
    session.press("\x03");
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn ctrl_c_ends_the_wait_and_drops_the_late_reply() {
    let (pause, paused) = pause();
    let fake = FakeServer::with_listener(move |listener| {
        let mut first = Peer::greeted(&listener);
        assert_eq!(first.read_line(), "BOOK e 1\n");
        pause.wait();
        let mut second = Peer::accept(&listener);
        let _ = first.try_send("OK {\"late\":true}\n");
        second.expect("HELLO\n", HELLO_REPLY);
        second.expect("PING\n", "OK {}\n");
        second.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("BOOK e 1");
    paused.wait();
    session.press("\x03");
    paused.release();
    session.wait_for("\r\nbookline: interrupted; the change was sent and may have been made\r\n");
    session.type_line("PING");
    assert!(!session.wait_for("OK\r\n").contains("late"));
    session.leave();
    fake.join();
}

#[test]
fn ctrl_c_ends_an_endless_listing() {
    let fake = FakeServer::with_listener(|listener| {
        let mut first = Peer::greeted(&listener);
        assert_eq!(first.read_line(), "GET\n");
        while first.try_send(&"ROW {\"id\":\"e\"}\n".repeat(1_000)).is_ok() {}
        let mut second = Peer::greeted(&listener);
        second.expect("BOOK e 1\n", "OK {}\n");
        second.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("GET");
    session.wait_for("{\"id\":\"e\"}");
    let pressed = Instant::now();
    session.press("\x03BOOK e 1\r");
    session.wait_for("\r\nbookline: interrupted after ");
    // It takes below 100 ms; a busy machine needs more.
    assert!(pressed.elapsed() < Duration::from_secs(1), "it took {:?}", pressed.elapsed());
    assert!(
        session.wait_for(" rows\r\n").trim_start_matches(|c: char| c.is_ascii_digit() || c == ',').is_empty()
    );
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn ctrl_c_discards_lines_typed_before_it() {
    let (pause, paused) = pause();
    let fake = FakeServer::with_listener(move |listener| {
        let mut first = Peer::greeted(&listener);
        assert_eq!(first.read_line(), "GET\n");
        pause.wait();
        let mut second = Peer::greeted(&listener);
        second.expect("PING\n", "OK {}\n");
        assert_eq!(second.read_to_end(), b"");
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("GET");
    paused.wait();
    session.press("BOOK e 1\rBOOK e 2\r\x03PING\r");
    paused.release();
    session.wait_for("\r\nbookline: interrupted\r\n");
    session.wait_for("bookline: 2 lines typed before Ctrl-C were not sent\r\n");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn lines_typed_at_once_run_in_order() {
    const LINES: usize = 200;
    let fake = FakeServer::greeted(|mut peer| {
        for number in 0..LINES {
            peer.expect(&format!("BOOK event-{number} 1\n"), &format!("OK {{\"number\":\"n{number}\"}}\n"));
        }
        peer.read_to_end()
    });
    let mut session = Session::at_prompt(fake.addr);
    session.press(&(0..LINES).map(|number| format!("BOOK event-{number} 1\r")).collect::<String>());
    for number in 0..LINES {
        session.wait_for(&format!("BOOK event-{number} 1"));
        session.wait_for(&format!("\r\n number | n{number}\r\n"));
    }
    session.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn keys_pressed_during_a_command_are_kept() {
    let (pause, paused) = pause();
    let fake = FakeServer::greeted(move |mut peer| {
        assert_eq!(peer.read_line(), "GET e\n");
        pause.wait();
        peer.send("OK {\"first\":1}\n");
        peer.expect("PING\n", "OK {\"second\":2}\n");
        // A line feed ends a line as well, and a backspace edits it.
        peer.expect("BOOK e 1\n", "OK {\"third\":3}\n");
        peer.expect("STATS\n", "OK {}\n");
        peer.read_to_end()
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("GET e");
    paused.wait();
    session.press("PING\nBOOK e 12\x7f\rSTA");
    paused.release();
    session.wait_for(" first | 1\r\n");
    session.wait_for("PING");
    session.wait_for("\r\n second | 2\r\n");
    session.wait_for(" third | 3\r\n");
    session.wait_for(PROMPT);
    session.wait_for("STA");
    session.press("TS\r");
    session.wait_for("OK\r\n");
    session.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn keys_pressed_before_the_prompt_are_kept() {
    let (pause, paused) = pause();
    let fake = FakeServer::new(move |mut peer| {
        assert_eq!(peer.read_line(), "HELLO\n");
        pause.wait();
        peer.send(HELLO_REPLY);
        peer.expect("PING\n", "OK {}\n");
        peer.expect("STATS\n", "OK {}\n");
        peer.read_to_end()
    });
    let mut session = Session::prompt(fake.addr);
    paused.wait();
    session.press("PING\rSTATS\r\x04");
    paused.release();
    let (exit, shown) = session.wait_for_exit();
    assert_eq!((exit, shown.matches("OK\r\n").count()), (0, 2), "{shown}");
    assert_eq!(fake.join(), b"");
}

#[test]
fn keys_pressed_before_the_client_starts_are_kept() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end()
    });
    let client = bookline(fake.addr, &[]);
    let mut shell = Command::new("sh");
    // The shell reads the first line, so the other keys are there before the client starts.
    shell.args(["-c", "echo ready; read -r line; exec \"$@\"", "sh"]).env("TERM", "xterm");
    shell.arg(client.get_program()).args(client.get_args());
    let mut session = Session::start(shell);
    session.wait_for("ready\r\n");
    session.press("go\nPING\n\x04");
    let (exit, shown) = session.wait_for_exit();
    assert_eq!((exit, shown.matches("OK\r\n").count()), (0, 1), "{shown}");
    assert_eq!(fake.join(), b"");
}

#[test]
fn ctrl_d_during_a_command_ends_the_session_after_it() {
    let (pause, paused) = pause();
    let fake = FakeServer::greeted(move |mut peer| {
        assert_eq!(peer.read_line(), "GET e\n");
        pause.wait();
        peer.send("OK {\"first\":1}\n");
        peer.read_to_end()
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("GET e");
    paused.wait();
    session.press("\x04");
    paused.release();
    let (exit, shown) = session.wait_for_exit();
    assert!(shown.contains(" first | 1\r\n"), "{shown}");
    assert_eq!((exit, fake.join()), (0, Vec::new()));
}

#[test]
fn line_that_is_not_utf8_is_not_sent_and_the_next_one_is() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end()
    });
    let mut session = Session::at_prompt(fake.addr);
    session.press_bytes(b"BOOK \xff 1\rPING\r");
    session.wait_for("bookline: the line is not UTF-8 and was not sent\r\n");
    session.wait_for("OK\r\n");
    session.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn line_of_20_kb_is_sent_whole() {
    let title = "x".repeat(20_000);
    let line = format!("BOOK {title} 1\n");
    let fake = FakeServer::greeted(move |mut peer| {
        peer.expect(&line, "OK {}\n");
        peer.read_to_end()
    });
    let mut session = Session::at_prompt(fake.addr);
    session.press(&format!("\x1b[200~BOOK {title} 1\x1b[201~\r"));
    session.wait_for("OK\r\n");
    session.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn terminal_mode_is_restored() {
    let fake = FakeServer::greeted(|mut peer| peer.read_to_end());
    let client = bookline(fake.addr, &[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "before=$(stty -g); \"$@\"; test \"$before\" = \"$(stty -g)\" && echo same", "sh"]);
    shell.arg(client.get_program()).args(client.get_args()).env("TERM", "xterm");
    let mut session = Session::start(shell);
    session.wait_for(PROMPT);
    session.press("\x04");
    session.wait_for("same\r\n");
    assert_eq!(session.wait_for_exit().0, 0);
    fake.join();
}

#[test]
fn dumb_terminal_is_read_line_by_line() {
    let (pause, paused) = pause();
    let fake = FakeServer::with_listener(move |listener| {
        let mut first = Peer::greeted(&listener);
        first.expect("PING\n", "OK {}\n");
        assert_eq!(first.read_line(), "BOOK e 1\n");
        pause.wait();
        let mut second = Peer::greeted(&listener);
        second.expect("PING\n", "OK {}\n");
        second.read_to_end()
    });
    let mut command = bookline(fake.addr, &[]);
    command.env("TERM", "dumb");
    let mut session = Session::start(command);
    session.wait_for(PROMPT);
    session.press("PING\nBOOK e 1\n");
    session.wait_for("OK\r\n");
    // Ctrl-C discards what the terminal has and the client has not read.
    paused.wait();
    session.press("\x03");
    paused.release();
    session.wait_for("bookline: interrupted; the change was sent and may have been made\r\n");
    session.wait_for(PROMPT);
    session.press("PING\n");
    session.wait_for("OK\r\n");
    session.leave();
    assert_eq!(fake.join(), b"");
}

#[test]
fn tab_completes_verbs_and_options() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("create x 2026-12-31 5 id=\n", "OK {}\n");
        peer.expect("STATS \n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("cr\tx 2026-12-31 5 i\t");
    session.wait_for("OK\r\n");
    session.type_line("ST\t");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn pasted_lines_are_all_sent() {
    let fake = FakeServer::greeted(|mut peer| {
        assert_eq!(peer.read_line(), "PING\n");
        assert_eq!(peer.read_line(), "# and\n");
        assert_eq!(peer.read_line(), "\n");
        assert_eq!(peer.read_line(), "NO\n");
        peer.send("OK {}\nERR UNKNOWN_COMMAND {\"message\":\"m\",\"retry\":false}\n");
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("\x1b[200~PING\n# and\n\nNO\x1b[201~");
    session.wait_for("OK\r\nUnknown command: m.\r\n");
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn window_that_is_resized_shows_the_line_in_its_new_width() {
    let fake = FakeServer::greeted(|mut peer| {
        assert_eq!(peer.read_line(), format!("# {}\n", "x".repeat(60)));
        peer.read_to_end()
    });
    let mut terminal = Terminal::at_prompt(fake.addr, 80);
    terminal.press(&format!("# {}", "x".repeat(60)));
    terminal.wait_for("xxx");
    terminal.resize(40);
    terminal.press("\r");
    terminal.wait_until(|screen| screen.trim_end().ends_with("\nbookline>"));
    terminal.leave();
    fake.join();
}
