//! `--wait`: a server that is starting is waited for.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use crate::support::client::{bookline, run, run_with_input};
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::session::{PROMPT, Session};

const SHUTTING_DOWN: &str = "ERR SHUTTING_DOWN {\"message\":\"come back later\",\"retry\":true}\n";

/// A server that rejects the first connections, loses the next one and accepts the one after it.
fn starts_slowly() -> FakeServer<Vec<u8>> {
    FakeServer::with_listener(|listener| {
        (0..2).for_each(|_| Peer::accept(&listener).send(SHUTTING_DOWN));
        Peer::accept(&listener).expect("HELLO\n", &HELLO_REPLY[..10]);
        let mut peer = Peer::greeted(&listener);
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end()
    })
}

#[test]
fn single_command_and_script_wait_for_the_server() {
    for flags in [&["--wait"][..], &["--wait=20s"], &["--wait=20s", "--retry", "1"]] {
        let fake = starts_slowly();
        run(bookline(fake.addr, &[flags, &["PING"]].concat())).expect(0, "OK {}\n", "");
        assert_eq!(fake.join(), b"", "{flags:?}");
        let fake = starts_slowly();
        run_with_input(bookline(fake.addr, flags), "PING\n").expect(0, "OK {}\n", "");
        assert_eq!(fake.join(), b"", "{flags:?}");
    }
}

#[test]
fn server_that_does_not_listen_yet_is_waited_for() {
    // A port that was free a moment ago: nothing listens on it until the client has failed to connect.
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (failed, has_failed) = mpsc::channel();
    let server = thread::spawn(move || {
        has_failed.recv().unwrap();
        let listener = TcpListener::bind(addr).unwrap();
        Peer::greeted(&listener).expect("PING\n", "OK {}\n");
    });
    let mut session = Session::start(bookline(addr, &["--wait", "PING"]));
    session.wait_for("; waiting up to 30s\r\n");
    failed.send(()).unwrap();
    assert_eq!(session.wait_for_exit(), (0, "OK\r\n".to_owned()));
    server.join().unwrap();
}

#[test]
fn prompt_waits_for_the_server() {
    let fake = FakeServer::with_listener(|listener| {
        Peer::accept(&listener).send(SHUTTING_DOWN);
        Peer::greeted(&listener).read_to_end()
    });
    let mut session = Session::start(bookline(fake.addr, &["--wait"]));
    session.wait_for(PROMPT);
    session.press("\x04");
    assert_eq!(session.wait_for_exit().0, 0);
    fake.join();
}

#[test]
fn wait_that_is_over_exits_3_with_the_last_reason() {
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for words in [&["--wait=250ms", "PING"][..], &["--wait=250ms"]] {
        let exited = run_with_input(bookline(addr, words), "PING\n");
        assert_eq!((exited.exit, exited.stdout.as_str()), (3, ""));
        let reason = format!("bookline: cannot connect to {addr}: ");
        assert!(exited.stderr.starts_with(&reason), "{}", exited.stderr);
    }
    let fake = FakeServer::with_listener(|listener| {
        // The client gives up while the next connection waits.
        listener.set_nonblocking(false).unwrap();
        Peer::accept(&listener).send(SHUTTING_DOWN);
        Peer::accept(&listener).send(SHUTTING_DOWN);
        listener
    });
    let message = format!("bookline: {} accepts no new connections\n", fake.addr);
    run(bookline(fake.addr, &["--wait=150ms", "PING"])).expect(3, SHUTTING_DOWN, &message);
    drop(fake.join());
}

#[test]
fn other_server_is_not_waited_for() {
    let fake = FakeServer::new(|mut peer| {
        peer.expect("HELLO\n", "SSH-2.0-OpenSSH_10.0\r\n");
        peer.read_to_end()
    });
    let exited = run(bookline(fake.addr, &["--wait=60s", "PING"]));
    assert_eq!(exited.exit, 3);
    assert!(exited.stderr.contains(" is not a bookline server"), "{}", exited.stderr);
    fake.join();
}

#[test]
fn time_is_joined_to_the_flag() {
    // A word behind --wait is the command.
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let exited = run(bookline(addr, &["--wait=soon", "PING"]));
    assert_eq!(exited.exit, 2);
    assert!(exited.stderr.starts_with("error: invalid value 'soon' for '--wait"), "{}", exited.stderr);
}
