//! `bookline watch`: what it asks for, what it prints at once, and how it ends.

use std::process::Command;

use crate::support::client::{bookline, run};
use crate::support::fake_server::{FakeServer, one_shot};
use crate::support::session::Session;
use crate::watch::support::{Ended, Watch, json, progress, sold, watcher, watching};

#[test]
fn change_is_printed_at_once() {
    let (send, sends) = std::sync::mpsc::channel::<()>();
    let fake = FakeServer::with_listener(move |listener| {
        let mut peer = watcher(&listener, "WATCH all\n", 4711);
        for sequence in 4712..4715 {
            sends.recv().unwrap();
            peer.send(&sold(sequence));
        }
        assert_eq!(peer.read_to_end(), b"");
    });
    let mut watch = Watch::start(fake.addr, &[]);
    watch.expect("{\"sequence\":4711,\"kind\":\"progress\",\"end\":true}\n");
    for sequence in 4712..4715 {
        send.send(()).unwrap();
        watch.expect(&json(&sold(sequence)));
    }
    watch.end_by("-INT");
    fake.join();
}

#[test]
fn arguments_become_those_of_the_command() {
    for (arguments, line) in [
        (&[][..], "WATCH all\n"),
        (&["events", "person:F1"], "WATCH events person:F1\n"),
        (&["event:rustconf", "--tickets"], "WATCH event:rustconf tickets=yes\n"),
        (&["--since", "0", "all"], "WATCH all since=0\n"),
        (&["a b", "--since=7", "--tickets"], "WATCH \"a b\" since=7 tickets=yes\n"),
    ] {
        let fake = FakeServer::greeted(move |mut peer| {
            peer.expect(line, "ERR BAD_REQUEST {\"message\":\"no\",\"retry\":false}\n");
            assert_eq!(peer.read_to_end(), b"");
        });
        let words = [&["watch"], arguments].concat();
        run(bookline(fake.addr, &words)).expect(1, "", "bookline: Bad request: no.\n");
        fake.join();
    }
}

#[test]
fn server_that_does_not_know_watch_refuses_it() {
    let refusal = "ERR UNKNOWN_COMMAND {\"message\":\"unknown command WATCH\",\"retry\":false}\n";
    let (_, exited) = one_shot(&["watch"], refusal);
    exited.expect(1, "", "bookline: Unknown command: unknown command WATCH.\n");
}

#[test]
fn reader_that_has_gone_ends_it_without_a_further_change() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = watcher(&listener, "WATCH all\n", 1);
        peer.send(&sold(2));
        assert_eq!(peer.read_to_end(), b"");
    });
    let mut watch = Watch::start(fake.addr, &["--format", "table"]);
    watch.expect("11:31:07 rustconf: 1 sold, 96 left\n");
    assert_eq!(watch.close_output(), Some(0));
    fake.join();
}

#[test]
fn shell_pipeline_ends_with_its_reader() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = watcher(&listener, "WATCH all\n", 1);
        peer.send(&(progress(1) + &sold(2) + &sold(3)));
        assert_eq!(peer.read_to_end(), b"");
    });
    let bookline = bookline(fake.addr, &[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$0\" --addr \"$1\" watch --format raw | head -n 2"]);
    shell.arg(bookline.get_program()).arg(fake.addr.to_string());
    run(shell).expect(0, &(watching(1) + &progress(1)), "");
    fake.join();
}

#[test]
fn sigterm_ends_it_as_ctrl_c_does() {
    let fake = FakeServer::with_listener(|listener| {
        assert_eq!(watcher(&listener, "WATCH all\n", 1).read_to_end(), b"");
    });
    let mut watch = Watch::start(fake.addr, &[]);
    watch.expect(&json(&progress(1)));
    watch.end_by("-TERM");
    fake.join();
}

#[test]
fn ctrl_c_on_a_terminal_ends_it_without_a_message() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = watcher(&listener, "WATCH all\n", 4711);
        peer.send(&sold(4712));
        assert_eq!(peer.read_to_end(), b"");
    });
    let mut session = Session::start(bookline(fake.addr, &["watch"]));
    session.wait_for("bookline: watching all after 4711; Ctrl-C ends it\r\n");
    session.wait_for("11:31:07 rustconf: 1 sold, 96 left\r\n");
    session.press("\x03");
    let (exit, shown) = session.wait_for_exit();
    assert_eq!((exit, shown.trim_start_matches("^C")), (130, ""));
    fake.join();
}

#[test]
fn no_server_exits_3() {
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let exited = run(bookline(addr, &["watch"]));
    assert_eq!((exited.exit, exited.stdout.as_str()), (3, ""));
    assert!(exited.stderr.starts_with(&format!("bookline: cannot connect to {addr}")), "{}", exited.stderr);
}

#[test]
fn max_time_ends_it() {
    let fake = FakeServer::with_listener(|listener| {
        assert_eq!(watcher(&listener, "WATCH all since=1\n", 1).read_to_end(), b"");
    });
    let message = format!("bookline: {} took more than the 200ms of --max-time\n", fake.addr);
    let first = json(&progress(1));
    let words = ["--max-time", "200ms", "watch", "--since", "1"];
    run(bookline(fake.addr, &words)).expect(3, &first, &message);
    fake.join();
}

#[test]
fn single_command_says_what_to_use_instead() {
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for verb in ["WATCH", "Watch"] {
        run(bookline(addr, &[verb, "all"])).expect(
            2,
            "",
            "bookline: the connection of a single command ends with its reply, and WATCH with it; nothing \
             was sent: use bookline watch\n",
        );
    }
}

#[test]
fn line_that_cannot_be_read_is_an_error() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = watcher(&listener, "WATCH all\n", 1);
        peer.send("CHANGE 2 {\"kind\":7}\n");
        assert_eq!(peer.read_to_end(), b"");
    });
    let ended = Watch::start(fake.addr, &[]).wait();
    let stderr = "bookline: a row cannot be read: \"{\"kind\":7}\"\n".to_owned();
    assert_eq!(ended, Ended { exit: Some(2), stdout: json(&progress(1)), stderr });
    fake.join();
}
