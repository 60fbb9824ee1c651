//! The load generator as an account.
//!
//! Catches: a secret that another program gets or that is shown, more connections without an account than a
//! server takes.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use super::{ANNA, AUTH, HELLO_REQUIRED, SECRET};
use crate::support::client::{bookline, run};
use crate::support::fake_server::{FakeServer, Peer};

fn bench(addr: SocketAddr) -> Command {
    let mut client = bookline(addr, &["--user", "anna", "bench", "--conns", "2", "--yes", "--json"]);
    client.env("BOOKLINE_SECRET", SECRET);
    client
}

#[test]
fn program_that_is_not_bookline_does_not_get_the_secret() {
    let fake = FakeServer::new(|mut peer| {
        peer.expect("HELLO\n", "220 mail.example ESMTP\r\n");
        assert_eq!(peer.read_to_end(), b"", "nothing is sent behind it");
    });
    let exited = run(bench(fake.addr));
    assert!(exited.exit == 3 && exited.stderr.contains("220 mail.example"), "{exited:?}");
    fake.join();
}

#[test]
fn reply_that_repeats_the_secret_is_not_shown() {
    for program in ["PING", "bench"] {
        let fake = FakeServer::new(|mut peer| {
            peer.expect("HELLO\n", HELLO_REQUIRED);
            peer.expect(AUTH, AUTH);
            assert_eq!(peer.read_to_end(), b"");
        });
        let mut client = bookline(fake.addr, &["--user", "anna", program]);
        client.env("BOOKLINE_SECRET", SECRET);
        let message = format!(
            "bookline: {} did not answer AUTH as a bookline server does; what it sent may have the secret and \
             is not shown\n",
            fake.addr
        );
        run(client).expect(3, "", &message);
        fake.join();
    }
}

#[test]
fn connection_is_opened_when_the_one_before_is_the_account_s() {
    let is_opened = |listener: &TcpListener| match listener.accept() {
        Err(error) => error.kind() != ErrorKind::WouldBlock,
        Ok(_) => true,
    };
    let fake = FakeServer::with_listener(move |listener| {
        let mut first = Peer::accept(&listener);
        listener.set_nonblocking(true).unwrap();
        assert_eq!(first.read_line(), "HELLO\n");
        assert!(!is_opened(&listener));
        first.send(HELLO_REQUIRED);
        assert_eq!(first.read_line(), AUTH);
        assert!(!is_opened(&listener));
        listener.set_nonblocking(false).unwrap();
        first.send(ANNA);
        let mut second = Peer::accept(&listener);
        second.expect("HELLO\n", HELLO_REQUIRED);
        second.expect(AUTH, "ERR UNAUTHENTICATED {\"message\":\"m\",\"retry\":false}\n");
        second.read_to_end();
    });
    run(bench(fake.addr)).expect(1, "", "bookline: Unauthenticated: m.\n");
    fake.join();
}

/// What a server sends to a client without TLS, before anything that it could encrypt.
#[test]
fn port_that_speaks_tls_is_told_with_the_flags_for_it() {
    for args in [&["PING"][..], &["bench"], &["--user", "anna", "PING"], &["--user", "anna", "bench"]] {
        let fake = FakeServer::new(|mut peer| {
            let refusal = "this port speaks TLS and got something else, and it closes now";
            peer.expect(
                "HELLO\n",
                &format!("ERR BAD_REQUEST {{\"message\":\"{refusal}\",\"retry\":false}}\n"),
            );
        });
        let mut client = bookline(fake.addr, args);
        client.env("BOOKLINE_SECRET", SECRET);
        let message = format!(
            "bookline: {} speaks TLS: pass --tls, or --ca FILE with the authority of its certificate\n",
            fake.addr
        );
        run(client).expect(3, "", &message);
        fake.join();
    }
}
