//! Replies that are taller than the screen, in a pager.
//!
//! Catches: a listing that piles up in memory or goes on after the user has left it, a pager that has to
//! share the keyboard, a terminal that a pager leaves in its own mode.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::client::bookline;
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::pause::pause;
use crate::support::real_server::RealServer;
use crate::support::session::PROMPT;
use crate::support::terminal::Terminal;

/// More rows than the screen has.
const ROWS: usize = 100;

/// Bytes of rows of which a part fits in all buffers between the server and the pager.
const ENDLESS_BYTES: usize = 256 << 20;

/// How long a write of a server waits, until it is clear that the client does not read.
const BLOCKED_WAIT: Duration = Duration::from_millis(300);

/// A reply with so many rows.
fn listing(rows: usize) -> String {
    let rows: String = (0..rows).map(|number| format!("ROW {{\"number\":\"n{number}.\"}}\n")).collect();
    format!("{rows}OK {{}}\n")
}

/// A server that answers GET with a long listing, and then PING.
fn listing_server() -> FakeServer<()> {
    FakeServer::greeted(|mut peer| {
        peer.expect("GET\n", &listing(ROWS));
        peer.expect("PING\n", "OK {}\n");
        assert_eq!(peer.read_to_end(), b"");
    })
}

/// Sends rows until the client has closed the connection, and answers PING on the next one.
fn serve_endless_rows(listener: &TcpListener) {
    let mut first = Peer::greeted(listener);
    assert_eq!(first.read_line(), "GET\n");
    while first.try_send(&"ROW {\"number\":\"n\"}\n".repeat(1_000)).is_ok() {}
    let mut second = Peer::greeted(listener);
    second.expect("PING\n", "OK {}\n");
    assert_eq!(second.read_to_end(), b"");
}

fn with_pager(mut command: Command, pager: &str) -> Command {
    command.env("PAGER", pager);
    command
}

/// A file to which a pager writes.
fn recorded() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("shown");
    (directory, file)
}

fn recorder(file: &Path) -> String {
    format!("cat > {}", file.display())
}

fn is_at_prompt(screen: &str) -> bool {
    screen.ends_with(PROMPT)
}

#[track_caller]
fn start(command: Command) -> Terminal {
    let terminal = Terminal::start(command, 80);
    terminal.wait_until(is_at_prompt);
    terminal
}

#[test]
fn reply_taller_than_the_screen_goes_to_the_pager_and_a_short_one_does_not() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("GET\n", &listing(5));
        peer.expect("GET\n", &listing(ROWS));
        assert_eq!(peer.read_to_end(), b"");
    });
    let (_directory, file) = recorded();
    let mut terminal = start(with_pager(bookline(fake.addr, &[]), &recorder(&file)));
    terminal.press("GET\r");
    terminal.wait_until(|screen| screen.contains("n4.") && is_at_prompt(screen));
    assert!(!file.exists(), "a short reply is printed");
    terminal.press("GET\r");
    let screen = terminal.wait_until(|screen| screen.ends_with("GET\nbookline> "));
    assert!(!screen.contains("n99."), "{screen}");
    assert_eq!(screen, terminal.screen());
    let shown = fs::read_to_string(&file).unwrap();
    assert!((0..ROWS).all(|number| shown.contains(&format!("n{number}."))), "{shown}");
    terminal.leave();
    fake.join();
}

#[test]
fn command_as_arguments_goes_to_the_pager() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("GET\n", &listing(ROWS));
        assert_eq!(peer.read_to_end(), b"");
    });
    let (_directory, file) = recorded();
    let terminal = Terminal::start(with_pager(bookline(fake.addr, &["GET"]), &recorder(&file)), 80);
    let (exit, screen) = terminal.wait_for_exit();
    assert_eq!((exit, screen.as_str()), (0, ""));
    assert!(fs::read_to_string(&file).unwrap().contains("n99."));
    fake.join();
}

/// Catches: a secret that every program started from the pager can read.
#[test]
fn pager_does_not_see_the_secret() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("GET\n", &listing(ROWS));
        assert_eq!(peer.read_to_end(), b"");
    });
    let (_directory, file) = recorded();
    let mut client =
        with_pager(bookline(fake.addr, &["GET"]), &format!("env > {}; cat >/dev/null", file.display()));
    client.env("BOOKLINE_SECRET", "correct horse battery");
    assert_eq!(Terminal::start(client, 80).wait_for_exit().0, 0);
    let environment = fs::read_to_string(&file).unwrap();
    assert!(environment.contains("PAGER=") && !environment.contains("horse"), "{environment}");
    fake.join();
}

#[test]
fn pager_that_is_left_ends_the_listing() {
    for pager in ["head -n 1 >/dev/null", "kill -9 $$"] {
        let fake = FakeServer::with_listener(|listener| serve_endless_rows(&listener));
        let mut terminal = start(with_pager(bookline(fake.addr, &[]), pager));
        terminal.press("GET\r");
        terminal.wait_until(|screen| screen.ends_with("GET\nbookline> "));
        terminal.press("PING\r");
        terminal.wait_until(|screen| screen.ends_with("GET\nbookline> PING\nOK\nbookline> "));
        terminal.leave();
        fake.join();
    }
}

#[test]
fn pager_that_is_left_while_no_row_comes_ends_the_listing() {
    let fake = FakeServer::with_listener(|listener| {
        let mut first = Peer::greeted(&listener);
        assert_eq!(first.read_line(), "GET\n");
        first.send(&"ROW {\"number\":\"n\"}\n".repeat(1_000));
        let mut second = Peer::greeted(&listener);
        second.expect("PING\n", "OK {}\n");
        assert_eq!(second.read_to_end(), b"");
    });
    let mut terminal = start(with_pager(bookline(fake.addr, &[]), "head -n 1 >/dev/null"));
    terminal.press("GET\r");
    terminal.wait_until(|screen| screen.ends_with("GET\nbookline> "));
    terminal.press("PING\r");
    terminal.wait_until(|screen| screen.ends_with("PING\nOK\nbookline> "));
    terminal.leave();
    fake.join();
}

#[test]
fn command_whose_pager_is_left_succeeds() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::greeted(&listener);
        assert_eq!(peer.read_line(), "GET\n");
        while peer.try_send(&"ROW {\"number\":\"n\"}\n".repeat(1_000)).is_ok() {}
    });
    let command = with_pager(bookline(fake.addr, &["GET"]), "head -n 1 >/dev/null");
    assert_eq!(Terminal::start(command, 80).wait_for_exit(), (0, String::new()));
    fake.join();
}

#[test]
fn slow_reader_of_the_pager_slows_the_server_down() {
    let fake = FakeServer::with_listener(|listener| {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_write_timeout(Some(BLOCKED_WAIT)).unwrap();
        let mut request = [0; 6];
        stream.read_exact(&mut request).unwrap();
        stream.write_all(HELLO_REPLY.as_bytes()).unwrap();
        stream.read_exact(&mut request[..4]).unwrap();
        let rows = "ROW {\"number\":\"n\"}\n".repeat(10_000);
        let mut sent = 0;
        while sent < ENDLESS_BYTES {
            match stream.write_all(rows.as_bytes()) {
                Ok(()) => sent += rows.len(),
                Err(error) => return error.kind(),
            }
        }
        panic!("the client has read {ENDLESS_BYTES} bytes that nobody looks at");
    });
    let mut terminal = start(with_pager(bookline(fake.addr, &[]), "read line </dev/tty"));
    terminal.press("GET\r");
    assert_eq!(fake.join(), ErrorKind::WouldBlock);
    // The pager ends, and the client with it: the server has gone.
    terminal.press("\r");
    terminal.wait_until(is_at_prompt);
    terminal.leave();
}

#[test]
fn pager_has_the_keyboard_and_lines_typed_ahead_are_kept() {
    let fake = listing_server();
    let (_directory, file) = recorded();
    // The terminal has its own mode, and edits the line.
    let pager =
        format!("echo ready; read line </dev/tty; echo \"got $line\" > {}; cat >/dev/null", file.display());
    let mut terminal = start(with_pager(bookline(fake.addr, &[]), &pager));
    terminal.press("GET\rPING\r");
    terminal.wait_for("ready");
    terminal.press("hallo\x7f\x7f\x7f\x7fello\r");
    terminal.wait_until(|screen| screen.ends_with("PING\nOK\nbookline> "));
    assert_eq!(fs::read_to_string(&file).unwrap(), "got hello\n");
    terminal.leave();
    fake.join();
}

#[test]
fn ctrl_c_in_the_pager_belongs_to_the_pager() {
    let fake = listing_server();
    let (_directory, file) = recorded();
    // The signal ends the inner shell wherever it is. A `read` of the outer one could begin to wait after the
    // signal, and its trap would wait as well.
    let trap = format!("trap 'echo INT >> {}' INT", file.display());
    let pager = format!("{trap}; sh -c 'echo ready; read line </dev/tty'; exec cat >/dev/null");
    let mut terminal = start(with_pager(bookline(fake.addr, &[]), &pager));
    terminal.press("GET\r");
    terminal.wait_for("ready");
    terminal.press("\x03");
    let screen = terminal.wait_until(is_at_prompt);
    assert!(!screen.contains("interrupted"), "{screen}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "INT\n");
    terminal.press("PING\r");
    terminal.wait_until(|screen| screen.ends_with("PING\nOK\nbookline> "));
    terminal.leave();
    fake.join();
}

#[test]
fn pager_that_is_not_found_is_named_once() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("GET\n", &listing(ROWS));
        peer.expect("GET\n", &listing(30));
        assert_eq!(peer.read_to_end(), b"");
    });
    // The screen shows all of it.
    let mut terminal = Terminal::start(with_pager(bookline(fake.addr, &[]), "no-such-pager -x"), 80);
    terminal.wait_until(is_at_prompt);
    terminal.press("GET\r");
    terminal.wait_until(|screen| screen.contains("n99.") && is_at_prompt(screen));
    terminal.press("GET\r");
    let screen = terminal.wait_until(|screen| screen.contains("n29.") && is_at_prompt(screen));
    assert!(!screen.contains("no-such-pager"), "{screen}");
    terminal.leave();
    fake.join();
}

#[test]
fn message_about_a_pager_that_is_not_found_says_what_to_do() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("GET\n", &listing(23));
        assert_eq!(peer.read_to_end(), b"");
    });
    let command = with_pager(bookline(fake.addr, &["GET"]), "no-such-pager -x");
    let mut session = crate::support::session::Session::start(sized(command));
    session.wait_for("bookline: cannot page with \"no-such-pager -x\": no such command; set PAGER");
    session.wait_for("n22.");
    assert_eq!(session.wait_for_exit().0, 0);
    fake.join();
}

/// The command on a terminal of 24 rows.
fn sized(command: Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "stty rows 24 columns 80 && exec \"$@\"", "sh"]);
    shell.arg(command.get_program()).args(command.get_args()).env("TERM", "xterm");
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell
}

#[test]
fn empty_pager_prints_everything() {
    let fake = listing_server();
    let mut terminal = start(with_pager(bookline(fake.addr, &[]), ""));
    terminal.press("GET\r");
    terminal.wait_until(|screen| screen.contains("n99.") && is_at_prompt(screen));
    terminal.press("PING\r");
    terminal.wait_until(|screen| screen.ends_with("PING\nOK\nbookline> "));
    terminal.leave();
    fake.join();
}

#[test]
fn less_shows_the_first_screenful_and_q_leaves_it() {
    if Command::new("less").arg("--version").output().is_err() {
        return;
    }
    let fake = FakeServer::with_listener(|listener| serve_endless_rows(&listener));
    let mut terminal = start(bookline(fake.addr, &[]));
    terminal.press("GET\r");
    terminal.wait_until(|screen| screen.ends_with("\n:"));
    terminal.press("q");
    terminal.wait_until(is_at_prompt);
    terminal.press("PING\r");
    terminal.wait_until(|screen| screen.ends_with("PING\nOK\nbookline> "));
    terminal.leave();
    fake.join();
}

#[test]
fn window_that_is_resized_during_a_listing_has_the_new_size_for_the_next_one() {
    let event = |name: &str| {
        format!(
            "ROW {{\"id\":\"e\",\"name\":\"{name}\",\"date\":\"2026-12-31\",\"total_tickets\":9,\
             \"available_tickets\":5}}\nOK {{\"count\":1,\"more\":false}}\n"
        )
    };
    let (pause, paused) = pause();
    let fake = FakeServer::greeted(move |mut peer| {
        assert_eq!(peer.read_line(), "GET\n");
        pause.wait();
        peer.send(&event(&"long ".repeat(12)));
        assert_eq!(peer.read_to_end(), b"");
    });
    let mut terminal = start(bookline(fake.addr, &[]));
    terminal.press("GET\r");
    paused.wait();
    terminal.resize(40);
    paused.release();
    let screen = terminal.wait_until(|screen| screen.contains("1 event") && is_at_prompt(screen));
    let shown = screen.rsplit("GET\n").next().unwrap();
    assert!(shown.lines().all(|line| line.chars().count() <= 40), "{screen}");
    assert!(shown.contains("2026-12-31"), "{screen}");
    terminal.leave();
    fake.join();
}

/// It would fail if a user who leaves the pager early could miss the ids of tickets that were sold.
#[test]
fn reply_to_a_change_is_not_paged() {
    let server = RealServer::start();
    server.run_script("CREATE x 2026-12-31 100 id=e\n");
    let (_directory, file) = recorded();
    let mut terminal = start(with_pager(bookline(server.addr, &[]), &recorder(&file)));
    terminal.press("book e 60\r");
    terminal.wait_until(|screen| is_at_prompt(screen) && screen.lines().any(|line| line.len() == 36));
    assert!(!file.exists());
    terminal.press("help\r");
    terminal.wait_until(|screen| screen.matches(PROMPT).count() == 2);
    assert!(fs::read_to_string(file).unwrap().contains("<event-id> <n>"));
    terminal.leave();
}
