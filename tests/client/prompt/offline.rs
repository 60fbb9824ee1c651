//! A server that goes while the user sits at the prompt.
//!
//! Catches: a prompt that looks as if the server were there, typed text that is lost when the prompt changes,
//! a command that is not sent after a restart.

use std::sync::mpsc;

use crate::support::child_server::ChildServer;
use crate::support::client::bookline;
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::session::{OFFLINE_PROMPT, PROMPT, Session};
use crate::support::terminal::Terminal;

/// A server that goes on with `then` on other connections, and what closes its first one.
fn closing_server(
    then: impl FnOnce(&std::net::TcpListener) + Send + 'static,
) -> (FakeServer<()>, impl FnOnce()) {
    let (close, closes) = mpsc::channel::<()>();
    let (closed, is_closed) = mpsc::channel();
    let fake = FakeServer::with_listener(move |listener| {
        let first = Peer::greeted(&listener);
        closes.recv().unwrap();
        drop(first);
        closed.send(()).unwrap();
        then(&listener);
    });
    let close = move || {
        close.send(()).unwrap();
        is_closed.recv().unwrap();
    };
    (fake, close)
}

#[test]
fn killed_server_is_noticed_in_a_typed_line_which_is_sent_after_its_restart() {
    let directory = tempfile::tempdir().unwrap();
    let server = ChildServer::start(directory.path());
    let addr = server.addr;
    let mut terminal = Terminal::at_prompt(addr, 80);
    terminal.press("CREATE x 2026-12-31 10 id=e\r");
    terminal.wait_until(|screen| screen.contains("2026-12-31") && screen.ends_with(PROMPT));
    // The cursor is within the line, where a letter is missing.
    terminal.press("BOK e 2\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D");
    terminal.wait_for("bookline> BOK e 2");
    server.kill();
    let screen = terminal.wait_until(|screen| screen.trim_end().ends_with("bookline (offline)> BOK e 2"));
    assert!(screen.contains(&format!("bookline: connection to {addr} lost\n")), "{screen}");
    assert!(!screen.contains("bookline> BOK"), "the old prompt is gone: {screen}");

    let _server = ChildServer::start_at(directory.path(), addr);
    terminal.press("O\r");
    let screen = terminal.wait_until(|screen| {
        screen.contains("2 tickets for x (e) on 2026-12-31") && screen.ends_with(PROMPT)
    });
    assert!(
        screen.contains("(offline)> BOOK e 2\nbookline: reconnected; the server was restarted\n"),
        "{screen}"
    );
    terminal.leave();
}

#[test]
fn server_of_the_same_instance_is_reconnected_to_and_that_is_said_once() {
    let instance = "\"instance\":\"0123456789abcdef\",\"server\"";
    let hello = HELLO_REPLY.replace("\"server\"", instance);
    let (close, closes) = mpsc::channel::<()>();
    let fake = FakeServer::with_listener(move |listener| {
        let mut first = Peer::accept(&listener);
        first.expect("HELLO\n", &hello);
        closes.recv().unwrap();
        drop(first);
        let mut second = Peer::accept(&listener);
        second.expect("HELLO\n", &hello);
        second.expect("PING\n", "OK {}\n");
        second.expect("STATS\n", "OK {}\n");
        assert_eq!(second.read_to_end(), b"");
    });
    let mut session = Session::at_prompt(fake.addr);
    close.send(()).unwrap();
    session.type_line_offline("PING");
    session.wait_for("bookline: reconnected\r\nOK\r\n");
    session.type_line("STATS");
    assert!(!session.wait_for("OK\r\n").contains("reconnected"));
    session.leave();
    fake.join();
}

#[test]
fn pasted_text_is_not_disturbed() {
    let (fake, close) = closing_server(|listener| {
        let mut second = Peer::greeted(listener);
        second.expect("PING\n", "OK {}\n");
        second.expect("STATS\n", "OK {}\n");
        assert_eq!(second.read_to_end(), b"");
    });
    let mut session = Session::at_prompt(fake.addr);
    session.press("\x1b[200~PING\nST");
    close();
    session.press("ATS\x1b[201~");
    session.wait_for(OFFLINE_PROMPT);
    session.wait_for("STATS");
    session.press("\r");
    session.wait_for("bookline: reconnected\r\nOK\r\nOK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn server_that_is_back_gets_the_line_typed_before_it_went() {
    let (fake, close) = closing_server(|listener| {
        Peer::greeted(listener).expect("PING\n", "OK {}\n");
    });
    let mut session = Session::at_prompt(fake.addr);
    session.press("PI");
    close();
    session.wait_for(&format!("connection to {} lost\r\n", fake.addr));
    session.wait_for(&format!("{OFFLINE_PROMPT}PI"));
    session.press("NG\r");
    assert!(!session.wait_for("OK\r\n").contains("asked again"));
    drop(session);
    fake.join();
}

#[test]
fn ctrl_c_clears_the_line_offline() {
    let (fake, close) = closing_server(|_| {});
    let mut session = Session::at_prompt(fake.addr);
    session.press("BOOK e 1");
    close();
    session.wait_for(&format!("{OFFLINE_PROMPT}BOOK e 1"));
    session.press("\x03");
    assert_eq!(session.leave_offline().0, 0);
    fake.join();
}

#[test]
fn quit_offline_needs_no_server() {
    let (fake, close) = closing_server(|_| {});
    let mut session = Session::at_prompt(fake.addr);
    close();
    session.type_line_offline("quit");
    let (exit, shown) = session.wait_for_exit();
    assert!(exit == 0 && shown.trim().ends_with("quit"), "{exit}: {shown}");
    fake.join();
}

#[test]
fn dumb_terminal_notices_the_lost_connection_with_the_next_line() {
    let (fake, close) = closing_server(|listener| {
        Peer::greeted(listener).expect("PING\n", "OK {}\n");
    });
    let mut command = bookline(fake.addr, &[]);
    command.env("TERM", "dumb");
    let mut session = Session::start(command);
    session.wait_for(PROMPT);
    close();
    session.press("PING\r");
    session.wait_for("bookline: reconnected\r\nOK\r\n");
    drop(session);
    fake.join();
}
