//! Where the secret of an account comes from, and that it goes nowhere else.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::{ANNA, AUTH, HELLO_DONE, HELLO_REQUIRED, SECRET, greet};
use crate::support::client::{bookline, run, run_with_input};
use crate::support::fake_server::{FakeServer, Peer};
use crate::support::session::Session;

const UNAUTHENTICATED: &str =
    "ERR UNAUTHENTICATED {\"message\":\"the name or the secret is wrong\",\"retry\":false}\n";

/// A server that answers one PING of anna.
fn pinged() -> FakeServer<()> {
    FakeServer::new(|mut peer| {
        greet(&mut peer);
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    })
}

fn anna(addr: SocketAddr, args: &[&str]) -> Command {
    let mut client = bookline(addr, &["--user", "anna"]);
    client.env("BOOKLINE_SECRET", SECRET).args(args);
    client
}

/// The same command without a terminal to ask on.
fn without_terminal(command: &Command) -> Command {
    let mut alone = Command::new("setsid");
    alone.arg("--wait").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => alone.env(name, value),
            None => alone.env_remove(name),
        };
    }
    alone
}

fn secret_file(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    fs::write(&file, text).unwrap();
    (directory, file)
}

#[test]
fn secret_comes_from_the_environment_a_file_or_the_terminal() {
    let fake = pinged();
    run(anna(fake.addr, &["PING"])).expect(0, "OK {}\n", "");
    fake.join();

    let (_directory, file) = secret_file("correct horse battery\r\nanother line\n");
    let fake = pinged();
    let mut client = bookline(fake.addr, &["--user", "anna", "--secret-file"]);
    client.arg(&file).arg("PING");
    run(client).expect(0, "OK {}\n", "");
    fake.join();

    let fake = pinged();
    let mut session = Session::start(bookline(fake.addr, &["--user", "anna", "--format", "raw", "PING"]));
    session.wait_for("Secret of anna: ");
    session.press(&format!("{SECRET}!\x7f\r"));
    let shown = session.wait_for("OK {}\r\n");
    assert!(!shown.contains("horse") && !shown.contains('*'), "{shown}");
    assert_eq!(session.wait_for_exit().0, 0);
    fake.join();
}

#[test]
fn ctrl_c_ends_the_question_for_a_secret() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let mut session = Session::start(bookline(nobody, &["--user", "anna", "PING"]));
    session.wait_for("Secret of anna: ");
    session.press("correct\x03");
    session.wait_for("bookline: interrupted");
    assert_eq!(session.wait_for_exit().0, 130);
}

#[test]
fn missing_secret_exits_2_and_says_where_it_may_be() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let message = "bookline: there is no secret for anna: set BOOKLINE_SECRET, name a file with --secret-file \
                   FILE, or start bookline on a terminal, where it is asked for\n";
    run(without_terminal(&bookline(nobody, &["--user", "anna", "PING"]))).expect(2, "", message);
    for (args, message) in [
        (
            &["--user", "anna", "--secret-file", "/no/such"][..],
            "cannot read the secret of --secret-file /no/such: ",
        ),
        (&["--user", "anna", "--secret-file", "-"], "--secret-file cannot be standard input, "),
        (&["--secret-file", "/no/such"], "--secret-file is the secret of an account: name the account "),
    ] {
        let exited = run(bookline(nobody, &[args, &["PING"]].concat()));
        assert_eq!((exited.exit, exited.stdout.as_str()), (2, ""), "{args:?}");
        assert!(exited.stderr.starts_with(&format!("bookline: {message}")), "{}", exited.stderr);
    }
}

#[test]
fn refused_account_exits_1_with_the_sentence_of_the_server() {
    for args in [&["PING"][..], &["--retry", "3", "PING"], &["watch"], &["week", "F1"]] {
        let fake = FakeServer::new(|mut peer| {
            peer.expect("HELLO\n", HELLO_REQUIRED);
            peer.expect(AUTH, UNAUTHENTICATED);
            assert_eq!(peer.read_to_end(), b"", "nothing is sent behind it");
        });
        let message = "bookline: Unauthenticated: the name or the secret is wrong.\n";
        run(anna(fake.addr, args)).expect(1, "", message);
        fake.join();
    }
}

/// Before AUTH the server does not tell its time.
#[test]
fn command_that_needs_an_account_says_how_it_gets_one() {
    let started = || {
        FakeServer::new(|mut peer| {
            while !peer.read_line().is_empty() {
                peer.send(HELLO_REQUIRED);
            }
        })
    };
    for args in [
        &["week", "F1"][..],
        &["day", "2026-11-26", "F1"],
        &["ics", "F1"],
        &["import-ics", "F1", "/dev/null"],
    ] {
        let fake = started();
        let message = format!("bookline: {} has accounts: pass --user NAME\n", fake.addr);
        run(bookline(fake.addr, args)).expect(1, "", &message);
        fake.join();
    }
    let fake = started();
    let (exit, shown) = Session::start(bookline(fake.addr, &["board"])).wait_for_exit();
    assert!(exit == 1 && shown.contains(" has accounts: pass --user NAME"), "{shown}");
    fake.join();
}

/// Another program at the address, as after a mistyped port.
#[test]
fn program_that_is_not_bookline_does_not_get_the_secret() {
    let fake = FakeServer::new(|mut peer| {
        peer.expect("HELLO\n", "220 mail.example ESMTP\r\n");
        assert_eq!(peer.read_to_end(), b"", "nothing is sent behind it");
    });
    let exited = run(anna(fake.addr, &["PING"]));
    assert_eq!(exited.exit, 3, "{}", exited.stderr);
    fake.join();
}

#[test]
fn server_that_asks_for_a_pause_is_asked_again_within_the_timeout() {
    let limited = |ms: u32| {
        format!("ERR RATE_LIMITED {{\"message\":\"too many\",\"retry\":true,\"retry_after_ms\":{ms}}}\n")
    };
    let fake = FakeServer::new(move |mut peer| {
        peer.expect("HELLO\n", HELLO_REQUIRED);
        peer.expect(AUTH, &limited(20));
        peer.expect(AUTH, ANNA);
        peer.expect("HELLO\n", HELLO_DONE);
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    run(anna(fake.addr, &["PING"])).expect(0, "OK {}\n", "");
    fake.join();

    let fake = FakeServer::new(move |mut peer| {
        peer.expect("HELLO\n", HELLO_REQUIRED);
        peer.expect(AUTH, &limited(60_000));
        assert_eq!(peer.read_to_end(), b"");
    });
    let message = "bookline: Rate limited: too many (again in 60 seconds).\n";
    run(anna(fake.addr, &["PING"])).expect(1, "", message);
    fake.join();
}

#[test]
fn each_connection_authenticates() {
    let fake = FakeServer::with_listener(|listener| {
        let mut first = Peer::accept(&listener);
        greet(&mut first);
        assert_eq!(first.read_line(), "PING\n");
        drop(first);
        let mut second = Peer::accept(&listener);
        greet(&mut second);
        second.expect("PING\n", "OK {}\n");
        second.read_to_end();
    });
    run(anna(fake.addr, &["--retry", "1", "PING"])).expect(0, "OK {}\n", "");
    fake.join();
}

#[test]
fn auth_of_a_script_is_that_of_its_next_connection_and_is_never_sent_again() {
    let fake = FakeServer::with_listener(|listener| {
        let mut first = Peer::greeted(&listener);
        first.expect("AUTH anna \"correct horse battery\"\n", ANNA);
        assert_eq!(first.read_line(), "PING\n");
        drop(first);
        let mut second = Peer::accept(&listener);
        greet(&mut second);
        second.expect("PING\n", "OK {}\n");
        second.read_to_end();
    });
    let script = format!("{AUTH}PING\n");
    run_with_input(bookline(fake.addr, &["--retry", "1"]), script).expect(0, &format!("{ANNA}OK {{}}\n"), "");
    fake.join();

    for line in [AUTH, "ACCOUNT SET anna secret=\"correct horse battery\"\n"] {
        let fake = FakeServer::with_listener(move |listener| {
            assert_eq!(Peer::greeted(&listener).read_line(), line);
            listener.set_nonblocking(true).unwrap();
            listener
        });
        let exited = run_with_input(bookline(fake.addr, &["--retry", "5"]), line);
        assert_eq!((exited.exit, exited.stdout.as_str()), (4, ""), "{line}");
        assert!(
            exited.stderr.contains("one command went unanswered and may have been carried out"),
            "{exited:?}"
        );
        assert!(!exited.stderr.contains("horse"), "{exited:?}");
        assert!(fake.join().accept().is_err(), "another connection was opened");
    }
}

#[test]
fn messages_about_a_script_show_no_secret() {
    let lines = [
        "AUTH anna 'correct horse battery'",
        "auht anna correct-horse",
        "ACCOUNT ADD bob role=seler secret=correct-horse",
        "secret=correct-horse ACCOUT SET bob",
        "PING x",
    ];
    let refusal = "ERR BAD_REQUEST {\"message\":\"m\",\"retry\":false}\n";
    for args in [&[][..], &["--retry", "1"], &["-e"], &["--format", "table"], &["--format", "csv"]] {
        let fake = FakeServer::greeted(move |mut peer| {
            while !peer.read_line().is_empty() {
                peer.send(refusal);
            }
        });
        let exited = run_with_input(bookline(fake.addr, args), lines.join("\n"));
        fake.join();
        let first = "stdin:1: (AUTH or ACCOUNT, not shown): Bad request: m.\n";
        assert!(exited.exit == 1 && exited.stderr.starts_with(first), "{args:?}: {exited:?}");
        let shown = exited.stdout + &exited.stderr;
        assert!(!shown.contains("horse"), "{args:?}: {shown}");
        assert!(args == ["-e"] || shown.contains("stdin:5: PING x: Bad request: m.\n"), "{args:?}: {shown}");
    }
}
