//! Accounts at the prompt.
//!
//! Catches: a secret that is shown or kept, a reconnect as somebody else, a key that is asked for as another
//! account.

use std::fs;
use std::sync::mpsc;

use super::{ANNA, AUTH, HELLO_DONE, HELLO_REQUIRED, SECRET, greet};
use crate::support::client::bookline;
use crate::support::fake_server::{FakeServer, Peer};
use crate::support::session::{Session, empty_home};

#[test]
fn auth_asks_for_the_secret_and_is_the_account_of_later_connections() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::accept(&listener);
        greet(&mut peer);
        peer.expect("PING\n", "OK {}\n");
        drop(peer);
        let mut peer = Peer::accept(&listener);
        greet(&mut peer);
        peer.expect("STATS\n", "OK {}\n");
        peer.read_to_end();
    });
    let home = empty_home();
    let mut session = Session::start_in(bookline(fake.addr, &[]), &home);
    session.wait_for(&format!("bookline at {}: this server has accounts.\r\n", fake.addr));
    session.wait_for("AUTH <name> asks for the secret of yours");
    session.type_line("auth anna");
    session.wait_for("Secret of anna: ");
    session.press(&format!("{SECRET}\r"));
    let shown = session.wait_for("anna is a seller.\r\n");
    assert!(!shown.contains("horse"), "{shown}");
    session.wait_for("anna@");
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.wait_for("anna@bookline (offline)> ");
    session.press("STATS\r");
    session.wait_for("bookline: reconnected\r\nOK\r\n");
    session.leave();
    fake.join();
    let history = fs::read_to_string(home.path().join(".local/state/bookline/history")).unwrap();
    assert_eq!(history.lines().skip(1).collect::<Vec<_>>(), ["PING", "STATS"]);
}

#[test]
fn lines_with_secrets_are_sent_and_not_kept() {
    let token = "bkl_0123456789012345678901234567890123456789";
    let fake = FakeServer::new(move |mut peer| {
        peer.expect("HELLO\n", HELLO_REQUIRED);
        peer.expect(AUTH, ANNA);
        peer.expect("HELLO\n", HELLO_DONE);
        let added = format!("OK {{\"account\":\"bob\",\"role\":\"door\",\"secret\":\"{token}\"}}\n");
        peer.expect("account add bob role=door\n", &added);
        let list = concat!(
            "ROW {\"account\":\"anna\",\"role\":\"seller\",\"person\":\"F1\"}\n",
            "ROW {\"account\":\"bob\",\"role\":\"door\"}\nOK {\"count\":2}\n"
        );
        peer.expect("ACCOUNT LIST\n", list);
        let refused = "ERR FORBIDDEN {\"message\":\"m\",\"retry\":false,\"needs\":\"admin\"}\n";
        peer.expect("AUHT anna 'correct horse'\n", refused);
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let home = empty_home();
    let mut session = Session::start_in(bookline(fake.addr, &["--history", "all"]), &home);
    session.type_line(AUTH.trim_end());
    session.wait_for("anna is a seller.\r\n");
    session.type_line("account add bob role=door");
    session.wait_for(&format!(
        "bob is at the door.\r\nThis is its token, which is shown this once:\r\n{token}\r\n"
    ));
    session.type_line("ACCOUNT LIST");
    session.wait_for(" bob     | door   |");
    session.wait_for("2 accounts.\r\n");
    session.type_line("AUHT anna 'correct horse'");
    session.wait_for("Forbidden: m (it needs: admin).\r\n");
    let shown = session.wait_for("anna@bookline> ");
    assert!(!shown.contains("horse"), "{shown}");
    session.press("PING\r");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
    let history = fs::read_to_string(home.path().join(".local/state/bookline/history")).unwrap();
    assert_eq!(history.lines().skip(1).collect::<Vec<_>>(), ["PING"]);
}

#[test]
fn ctrl_c_at_the_question_sends_nothing_and_keeps_the_prompt() {
    let fake = FakeServer::new(|mut peer| {
        peer.expect("HELLO\n", HELLO_REQUIRED);
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("AUTH anna");
    session.wait_for("Secret of anna: ");
    session.press("correct\x03");
    session.wait_for("bookline: interrupted\r\n");
    session.type_line("PING");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}

/// Who looks for a secret takes longer than a server waits for an AUTH.
#[test]
fn connection_that_is_closed_during_the_question_is_opened_again() {
    let (ask, asked) = mpsc::channel::<()>();
    let (close, closed) = mpsc::channel::<()>();
    let fake = FakeServer::with_listener(move |listener| {
        let mut peer = Peer::accept(&listener);
        peer.expect("HELLO\n", HELLO_REQUIRED);
        asked.recv().unwrap();
        peer.send("ERR UNAUTHENTICATED {\"message\":\"no account was proved in time\",\"retry\":false}\n");
        drop(peer);
        close.send(()).unwrap();
        let mut peer = Peer::accept(&listener);
        peer.expect("HELLO\n", HELLO_REQUIRED);
        peer.expect(AUTH, ANNA);
        peer.expect("HELLO\n", HELLO_DONE);
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("AUTH anna");
    session.wait_for("Secret of anna: ");
    ask.send(()).unwrap();
    closed.recv().unwrap();
    session.press(&format!("{SECRET}\r"));
    session.wait_for("Unauthenticated: no account was proved in time.\r\n");
    session.wait_for("bookline: reconnected\r\nanna is a seller.\r\n");
    session.leave();
    fake.join();
}

#[test]
fn granted_auth_is_granted_also_if_the_connection_ends_behind_it() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::accept(&listener);
        peer.expect("HELLO\n", HELLO_REQUIRED);
        peer.expect(AUTH, ANNA);
        assert_eq!(peer.read_line(), "HELLO\n");
        drop(peer);
        let mut peer = Peer::accept(&listener);
        greet(&mut peer);
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line(AUTH.trim_end());
    session.wait_for("anna is a seller.\r\n");
    session.wait_for(" lost\r\n");
    session.wait_for("anna@bookline (offline)> ");
    session.press("PING\r");
    session.wait_for("bookline: reconnected\r\nOK\r\n");
    session.leave();
    fake.join();
}

#[test]
fn account_change_whose_reply_is_lost_is_not_sent_again() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::greeted(&listener);
        assert_eq!(peer.read_line(), "ACCOUNT DROP bob\n");
        drop(peer);
        let mut peer = Peer::greeted(&listener);
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let mut session = Session::prompt(fake.addr);
    session.type_line("ACCOUNT DROP bob");
    session.wait_for(" lost; one command went unanswered and may have been carried out; it has no key");
    session.type_line_offline("PING");
    session.wait_for("OK\r\n");
    session.leave();
    fake.join();
}
