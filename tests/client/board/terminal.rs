//! The board on a terminal, which is left as it was however the board ends.
//!
//! Catches: a shell on the alternate screen, without a cursor or without echo.

use std::net::SocketAddr;
use std::process::Command;

use bookline::board::terminal::BoardTerminal;

use super::drawn::event;
use crate::support::client::{bookline, run};
use crate::support::fake_server::{FakeServer, Peer};
use crate::support::terminal::Terminal;

/// The request for the events from 2026-11-22 on.
pub const LIST: &str = "GET limit=10000 after=AAtKZX4Aeg\n";

/// The environment variable that makes [`panic_on_a_terminal`] panic.
const PANIC_VARIABLE: &str = "BOOKLINE_TEST_PANIC";

/// Runs a command on a terminal as a shell has it, and shows how it has left it.
const AND_SHOW_MODES: &str = r#"stty sane; "$@"; code=$?; echo "exit $code"; stty -a; exit $code"#;

pub fn jazz_row(left: u32) -> String {
    event("jazz", "Jazz", "2026-12-01", (left, 100), "")
}

pub fn watch_reply(sequence: u64) -> String {
    format!("OK {{\"sequence\":{sequence},\"watching\":[\"events\"]}}\n")
}

/// The board on a terminal with the modes that the client leaves.
pub fn board(addr: SocketAddr, words: &[&str], columns: u16) -> Terminal {
    let mut command = bookline(addr, words);
    command.env("LC_ALL", "C.UTF-8");
    Terminal::start(followed_by_modes(&command), columns)
}

/// The command, and what tells how it left the terminal.
fn followed_by_modes(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", AND_SHOW_MODES, "sh"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// The screen after the end has the modes of a terminal in use by a shell, and nothing of the board.
#[track_caller]
fn expect_left(terminal: Terminal, exit: i32) -> String {
    let (status, screen) = terminal.wait_for_exit();
    assert_eq!(status, exit, "{screen}");
    assert!(screen.contains(&format!("exit {exit}")), "{screen}");
    let modes: Vec<_> = screen.split([' ', ';', '\n']).collect();
    for mode in ["echo", "icanon", "isig", "opost", "icrnl"] {
        assert!(modes.contains(&mode), "{mode} is off:\n{screen}");
    }
    assert!(!screen.contains("? help"), "the board is still shown:\n{screen}");
    screen
}

/// A server that shows an event, sends a change once it is told to, and waits for the end.
fn jazz_server() -> FakeServer<()> {
    FakeServer::greeted(|mut peer| {
        load_jazz(&mut peer);
        peer.read_to_end();
    })
}

fn load_jazz(peer: &mut Peer) {
    peer.expect("WATCH events\n", &watch_reply(10));
    peer.expect(LIST, &format!("ROW {}\nOK {{\"count\":1}}\n", jazz_row(96)));
}

#[test]
fn change_is_shown_and_q_leaves() {
    let (go_on, told) = std::sync::mpsc::channel::<()>();
    let server = FakeServer::greeted(move |mut peer| {
        load_jazz(&mut peer);
        told.recv().unwrap();
        peer.send(
            "CHANGE 11 {\"kind\":\"tickets_booked\",\"at\":\"2026-11-22T11:00:02.5Z\",\"event_id\":\"jazz\",\
             \"count\":2,\"available_tickets\":94,\"held_tickets\":0,\"end\":true}\n",
        );
        peer.read_to_end();
    });
    let mut terminal = board(server.addr, &["board"], 80);
    let shown = terminal.wait_for("96/100");
    assert!(shown.contains("Jazz") && shown.contains("███████░") && shown.contains("1 event"), "{shown}");
    go_on.send(()).unwrap();
    let shown = terminal.wait_for("94/100");
    assert!(shown.contains("● Jazz") && shown.contains("last change 12:00:02"), "{shown}");
    // The mark is removed without another change.
    terminal.wait_until(|screen| !screen.contains('●'));
    terminal.press("?");
    terminal.wait_for("PageUp, PageDown");
    terminal.press("\u{1b}");
    terminal.wait_for("Jazz");
    terminal.resize(60);
    terminal.wait_until(|screen| screen.contains("Jazz") && screen.contains("94/100"));
    terminal.press("q");
    expect_left(terminal, 0);
    server.join();
}

#[test]
fn escape_and_ctrl_c_leave() {
    for (key, exit) in [("\u{1b}", 0), ("\u{3}", 130)] {
        let server = jazz_server();
        let mut terminal = board(server.addr, &["board"], 80);
        terminal.wait_for("96/100");
        terminal.press(key);
        expect_left(terminal, exit);
        server.join();
    }
}

#[test]
fn ctrl_z_without_a_shell_that_has_jobs_does_not_stop_the_board() {
    let server = jazz_server();
    let mut terminal = board(server.addr, &["board"], 80);
    terminal.wait_for("96/100");
    terminal.press("\u{1a}?");
    terminal.wait_for("PageUp, PageDown");
    terminal.press("q");
    expect_left(terminal, 0);
    server.join();
}

#[test]
fn signals_leave() {
    for signal in ["TERM", "HUP", "INT"] {
        let server = jazz_server();
        let home = tempfile::tempdir().unwrap();
        let pid_file = home.path().join("pid");
        let client = bookline(server.addr, &["board"]);
        // The shell becomes the client, with its process id.
        let mut command = Command::new("sh");
        command.args(["-c", r#"echo $$ > "$0"; exec "$@""#]).arg(&pid_file);
        command.arg(client.get_program()).args(client.get_args());
        for (name, value) in client.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let terminal = Terminal::start(followed_by_modes(&command), 80);
        terminal.wait_for("96/100");
        let pid = std::fs::read_to_string(&pid_file).unwrap();
        let sent = Command::new("kill").args([&format!("-{signal}"), pid.trim()]).status().unwrap();
        assert!(sent.success());
        expect_left(terminal, 130);
        server.join();
    }
}

#[test]
fn lost_server_leaves_after_all_tries() {
    let server = FakeServer::with_listener(|listener| {
        let mut peer = Peer::greeted(&listener);
        load_jazz(&mut peer);
        drop((peer, listener));
    });
    let terminal = board(server.addr, &["--retry", "1", "board"], 80);
    let screen = expect_left(terminal, 3);
    assert!(screen.contains("bookline: cannot connect to 127.0.0.1:"), "{screen}");
    server.join();
}

#[test]
fn refusal_leaves_with_its_message() {
    let server = FakeServer::greeted(|mut peer| {
        let unknown = r#"{"message":"there is no command WATCH: HELP lists all","retry":false}"#;
        peer.expect("WATCH events\n", &format!("ERR UNKNOWN_COMMAND {unknown}\n"));
        peer.read_to_end();
    });
    let screen = expect_left(board(server.addr, &["board"], 80), 1);
    assert!(screen.contains("there is no command WATCH"), "{screen}");
    server.join();
}

#[test]
fn panic_leaves_before_its_message() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "board::terminal::panic_on_a_terminal", "--nocapture"]);
    command.env(PANIC_VARIABLE, "1").env("TERM", "xterm").env("RUST_BACKTRACE", "0");
    let screen = expect_left(Terminal::start(followed_by_modes(&command), 100), 101);
    assert!(screen.contains("the board panics"), "{screen}");
    assert!(!screen.contains("on the alternate screen"), "{screen}");
}

/// Not a test but the board that panics, if [`PANIC_VARIABLE`] is set.
#[test]
fn panic_on_a_terminal() {
    if std::env::var_os(PANIC_VARIABLE).is_none() {
        return;
    }
    let mut terminal = BoardTerminal::enter().unwrap();
    terminal.draw(|frame| frame.render_widget("on the alternate screen", frame.area())).unwrap();
    panic!("the board panics");
}

#[test]
fn without_a_terminal_another_command_is_named() {
    let addr = SocketAddr::from(([127, 0, 0, 1], 1));
    let message = "bookline: the board needs a terminal: elsewhere, `bookline watch` prints what changes, and \
                   `bookline GET` what there is\n";
    run(bookline(addr, &["board"])).expect(2, "", message);
    // A terminal that has no escapes cannot show it either.
    let mut dumb = bookline(addr, &["board", "F1"]);
    dumb.env("TERM", "dumb");
    let screen = expect_left(Terminal::start(followed_by_modes(&dumb), 120), 2);
    assert!(screen.contains("bookline: the board needs a terminal"), "{screen}");
}

#[test]
fn invalid_people_and_weeks_are_refused_before_the_terminal_is_used() {
    let addr = SocketAddr::from(([127, 0, 0, 1], 1));
    for (words, problem) in [
        (["board", "F1,,F2", "today"], "people \"F1,,F2\" has no member at position 2"),
        (["board", "F1", "someday"], "date \"someday\""),
    ] {
        let screen = expect_left(board(addr, &words, 120), 2);
        assert!(screen.contains(problem), "{screen}");
    }
}
