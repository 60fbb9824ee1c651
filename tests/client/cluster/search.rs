//! How the leader is found.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use bookline_testkit::certificates::Authority;

use super::{BOOKED, bookline, lead, nobody, not_leader, turn_away};
use crate::support::client::{bookline_without_address, run};
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::tls_front::TlsFront;

/// Whether a client has connected to this listener.
fn has_client(listener: &TcpListener) -> bool {
    listener.set_nonblocking(true).unwrap();
    match listener.accept() {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            false
        }
    }
}

/// A server that answers HELLO with this line, until the end of the test, and is sent nothing else.
fn always(hello: String) -> SocketAddr {
    let fake = FakeServer::<()>::with_listener(move |listener| {
        loop {
            let mut peer = Peer::accept(&listener);
            peer.expect("HELLO\n", &hello);
            assert_eq!(peer.read_to_end(), b"");
        }
    });
    fake.addr
}

/// A server that stays a standby.
fn always_standby(leader: Option<SocketAddr>) -> SocketAddr {
    always(super::hello("standby", leader))
}

#[test]
fn leader_that_a_standby_names_is_used_before_the_other_servers() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let leader = FakeServer::with_listener(|listener| lead(&listener).expect("PING\n", "OK {}\n"));
    let addr = leader.addr;
    let standby = FakeServer::with_listener(move |listener| turn_away(&listener, Some(addr)));
    let list = [standby.addr, other.local_addr().unwrap(), addr];
    run(bookline(&list, &["PING"])).expect(0, "OK {}\n", "");
    assert!(!has_client(&other));
    standby.join();
    leader.join();
}

#[test]
fn server_that_names_no_leader_or_is_down_is_passed_over() {
    let leader = FakeServer::with_listener(|listener| lead(&listener).expect("PING\n", "OK {}\n"));
    let standby = FakeServer::with_listener(|listener| turn_away(&listener, None));
    let lost = FakeServer::with_listener(|listener| turn_away(&listener, Some(nobody())));
    let list = [nobody(), standby.addr, lost.addr, leader.addr];
    run(bookline(&list, &["PING"])).expect(0, "OK {}\n", "");
    for server in [standby, lost, leader] {
        server.join();
    }
}

#[test]
fn servers_are_asked_until_one_leads() {
    let fake = FakeServer::with_listener(|listener| {
        (0..3).for_each(|_| turn_away(&listener, None));
        lead(&listener).expect("PING\n", "OK {}\n");
    });
    run(bookline(&[fake.addr, nobody()], &["PING"])).expect(0, "OK {}\n", "");
    fake.join();
}

#[test]
fn list_is_taken_from_the_environment() {
    let fake = FakeServer::greeted(|mut peer| peer.expect("PING\n", "OK {}\n"));
    let mut client = bookline_without_address();
    client.env("BOOKLINE_ADDR", format!("{},{}", nobody(), fake.addr)).arg("PING");
    run(client).expect(0, "OK {}\n", "");
    fake.join();
}

#[test]
fn all_servers_and_what_they_said_are_named_when_none_leads_in_time() {
    let (addr, down) = (always_standby(None), nobody());
    let client = run(bookline(&[down, addr], &["--timeout", "1s", "PING"]));
    assert_eq!((client.exit, client.stdout.as_str()), (3, ""), "{}", client.stderr);
    let said = client.stderr.strip_prefix("bookline: no leader within 1s: ");
    let said = said.unwrap_or_else(|| panic!("{}", client.stderr));
    assert!(said.contains(&format!("cannot connect to {down}: ")), "{said}");
    assert!(said.contains(&format!("{addr} is a standby and knows no leader")), "{said}");
}

#[test]
fn list_of_servers_that_are_all_wrong_is_not_waited_for() {
    let ssh = || FakeServer::new(|mut peer| peer.expect("HELLO\n", "SSH-2.0-OpenSSH_10.0\n"));
    let servers = [ssh(), ssh()];
    let client = run(bookline(&[servers[0].addr, servers[1].addr], &["--timeout", "1h", "PING"]));
    assert_eq!(client.exit, 3, "{}", client.stderr);
    assert!(
        client.stderr.contains(&format!("{} is not a bookline server", servers[0].addr)),
        "{}",
        client.stderr
    );
    for server in servers {
        server.join();
    }
}

#[test]
fn single_server_is_used_until_it_names_the_leader() {
    let leader = FakeServer::with_listener(|listener| lead(&listener).expect("BOOK e 1\n", BOOKED));
    let addr = leader.addr;
    let standby = FakeServer::with_listener(move |listener| {
        let mut stats = Peer::accept(&listener);
        stats.expect("HELLO\n", &super::hello("standby", Some(addr)));
        stats.expect("STATS\n", "OK {\"version\":\"1\"}\n");
        let mut change = Peer::accept(&listener);
        change.expect("HELLO\n", &super::hello("standby", Some(addr)));
        // Nothing was begun, so that it needs no key.
        change.expect("BOOK e 1\n", &not_leader(Some(addr)));
    });
    run(bookline(&[standby.addr], &["STATS"])).expect(0, "OK {\"version\":\"1\"}\n", "");
    run(bookline(&[standby.addr], &["BOOK", "e", "1"])).expect(0, BOOKED, "");
    standby.join();
    leader.join();
}

#[test]
fn secret_is_not_sent_to_a_server_that_the_user_has_not_named() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = stranger.local_addr().unwrap();
    let done = super::hello("standby", Some(addr)).replace("}\n", ",\"auth\":\"done\"}\n");
    let standby = FakeServer::with_listener(move |listener| {
        let mut peer = Peer::accept(&listener);
        peer.expect("HELLO\n", HELLO_REPLY);
        assert_eq!(peer.read_line(), "AUTH anna secret1234\n");
        peer.send("OK {\"account\":\"anna\",\"role\":\"seller\"}\n");
        peer.expect("HELLO\n", &done);
        assert_eq!(peer.read_to_end(), b"");
    });
    let mut client = bookline(&[standby.addr, nobody()], &["--timeout", "1s", "--user", "anna", "PING"]);
    client.env("BOOKLINE_SECRET", "secret1234");
    let client = run(client);
    assert_eq!(client.exit, 3, "{}", client.stderr);
    assert!(!has_client(&stranger));
    standby.join();
}

#[test]
fn standby_is_sent_no_secret_that_the_leader_checks() {
    let leader = FakeServer::with_listener(|listener| {
        let mut peer = Peer::accept(&listener);
        peer.expect("HELLO\n", HELLO_REPLY);
        peer.expect("AUTH anna secret1234\n", "OK {\"account\":\"anna\",\"role\":\"seller\"}\n");
        peer.expect("HELLO\n", HELLO_REPLY);
        peer.expect("PING\n", "OK {}\n");
    });
    let (addr, before_auth) = (leader.addr, super::hello("standby", Some(leader.addr)));
    let standby = FakeServer::new(move |mut peer| {
        peer.expect("HELLO\n", &before_auth);
        // It is asked again, and nothing else.
        peer.expect("HELLO\n", &before_auth);
        assert_eq!(peer.read_to_end(), b"");
    });
    let mut client = bookline(&[standby.addr, addr], &["--user", "anna", "PING"]);
    client.env("BOOKLINE_SECRET", "secret1234");
    run(client).expect(0, "OK {}\n", "");
    standby.join();
    leader.join();
}

#[test]
fn stranger_with_accounts_is_not_used() {
    let required = "OK {\"server\":\"bookline\",\"protocol\":1,\"max_line\":4096,\"auth\":\"required\"}\n";
    let stranger = always(required.to_owned());
    let client = run(bookline(&[always_standby(Some(stranger)), nobody()], &["--timeout", "1s", "PING"]));
    assert_eq!(client.exit, 3, "{}", client.stderr);
    let said = format!("{stranger} has accounts and is not in --addr, so it gets no secret");
    assert!(client.stderr.contains(&said), "{}", client.stderr);
}

#[test]
fn certificate_is_for_the_host_of_each_address() {
    let authority = Authority::new();
    let leader = FakeServer::with_listener(|listener| lead(&listener).expect("PING\n", "OK {}\n"));
    let by_number = TlsFront::start(&authority.server(&["127.0.0.1"]), leader.addr);
    let addr = by_number.addr;
    let standby = FakeServer::with_listener(move |listener| turn_away(&listener, Some(addr)));
    let by_name = TlsFront::start(&authority.server(&["localhost"]), standby.addr);
    let mut client = bookline_without_address();
    client.arg("--addr").arg(format!("{},{addr}", by_name.at_localhost())).arg("--ca").arg(&authority.file);
    client.arg("PING");
    run(client).expect(0, "OK {}\n", "");
    standby.join();
    leader.join();
}
