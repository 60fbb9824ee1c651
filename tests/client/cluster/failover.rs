//! What is sent again when the leader changes.

use super::{BOOKED, bookline, hello, lead, nobody, not_leader, turn_away};
use crate::support::client::{run, run_with_input};
use crate::support::fake_server::{FakeServer, Peer};

#[test]
fn read_and_change_with_a_key_are_sent_again_to_the_next_leader() {
    for line in ["GET e\n", "BOOK e 1 key=0123456789abcdef\n"] {
        let first = FakeServer::with_listener(move |listener| assert_eq!(lead(&listener).read_line(), line));
        let second = FakeServer::with_listener(move |listener| lead(&listener).expect(line, BOOKED));
        let words: Vec<_> = line.split_whitespace().collect();
        run(bookline(&[first.addr, second.addr], &words)).expect(0, BOOKED, "");
        first.join();
        second.join();
    }
}

#[test]
fn server_that_does_not_answer_is_tried_last() {
    let second = FakeServer::with_listener(|listener| lead(&listener).expect("GET e\n", BOOKED));
    let first = FakeServer::with_listener(|listener| {
        let mut peer = lead(&listener);
        assert_eq!(peer.read_line(), "GET e\n");
        assert_eq!(peer.read_to_end(), b"");
        // Whoever connects now is accepted by the system, and gets no reply.
        listener
    });
    run(bookline(&[first.addr, second.addr], &["--timeout", "1s", "GET", "e"])).expect(0, BOOKED, "");
    first.join();
    second.join();
}

#[test]
fn outcome_of_a_change_without_a_key_is_unknown() {
    let first = FakeServer::with_listener(|listener| assert_eq!(lead(&listener).read_line(), "BOOK e 1\n"));
    let addr = first.addr;
    let message = format!(
        "bookline: connection to {addr} lost; one command went unanswered and may have been carried out; look \
         before you send it again; with --retry 5 the client sends it again and finds out\n"
    );
    run(bookline(&[addr, nobody()], &["BOOK", "e", "1"])).expect(4, "", &message);
    first.join();
}

#[test]
fn message_names_the_server_that_was_lost() {
    let second = FakeServer::with_listener(|listener| assert_eq!(lead(&listener).read_line(), "BOOK e 1\n"));
    let addr = second.addr;
    let first = FakeServer::with_listener(move |listener| turn_away(&listener, Some(addr)));
    let client = run(bookline(&[first.addr, addr], &["BOOK", "e", "1"]));
    assert_eq!(client.exit, 4);
    assert!(
        client.stderr.starts_with(&format!("bookline: connection to {addr} lost; ")),
        "{}",
        client.stderr
    );
    first.join();
    second.join();
}

#[test]
fn change_that_was_not_begun_is_sent_again_without_a_key() {
    let second = FakeServer::with_listener(|listener| lead(&listener).expect("BOOK e 1\n", BOOKED));
    let addr = second.addr;
    for refusal in [not_leader(None), "ERR UNAVAILABLE {\"message\":\"m\",\"retry\":true}\n".to_owned()] {
        let second = FakeServer::with_listener(|listener| lead(&listener).expect("BOOK e 1\n", BOOKED));
        let first = FakeServer::with_listener(move |listener| {
            lead(&listener).expect("BOOK e 1\n", &refusal);
            turn_away(&listener, None);
        });
        run(bookline(&[first.addr, second.addr], &["BOOK", "e", "1"])).expect(0, BOOKED, "");
        first.join();
        second.join();
    }
    // The leader is named.
    let first = FakeServer::with_listener(move |listener| {
        lead(&listener).expect("BOOK e 1\n", &not_leader(Some(addr)));
    });
    run(bookline(&[first.addr, nobody(), addr], &["BOOK", "e", "1"])).expect(0, BOOKED, "");
    first.join();
    second.join();
}

#[test]
fn unavailable_server_without_another_one_is_asked_again() {
    let unavailable = "ERR UNAVAILABLE {\"message\":\"m\",\"retry\":true}\n";
    let fake = FakeServer::with_listener(move |listener| {
        (0..2).for_each(|_| lead(&listener).expect("BOOK e 1\n", unavailable));
        lead(&listener).expect("BOOK e 1\n", BOOKED);
    });
    run(bookline(&[fake.addr], &["BOOK", "e", "1"])).expect(0, BOOKED, "");
    fake.join();
}

#[test]
fn refusal_is_printed_when_the_wait_is_over() {
    let unavailable = "ERR UNAVAILABLE {\"message\":\"m\",\"retry\":true}\n";
    let fake = FakeServer::<()>::with_listener(move |listener| {
        loop {
            lead(&listener).expect("BOOK e 1\n", unavailable);
        }
    });
    let addrs = [fake.addr, nobody()];
    run(bookline(&addrs, &["--timeout", "1s", "BOOK", "e", "1"])).expect(1, unavailable, "");
}

#[test]
fn change_in_doubt_stays_so_when_no_server_leads() {
    let fake = FakeServer::with_listener(|listener| {
        assert_eq!(lead(&listener).read_line(), "BOOK e 1 key=0123456789abcdef\n");
    });
    let (addr, down) = (fake.addr, nobody());
    let words = ["--timeout", "300ms", "BOOK", "e", "1", "key=0123456789abcdef"];
    let client = run(bookline(&[addr, down], &words));
    assert_eq!((client.exit, client.stdout.as_str()), (4, ""), "{}", client.stderr);
    for part in [
        "bookline: no leader within 300ms: ",
        &format!("cannot connect to {down}: "),
        &format!("cannot connect to {addr}: "),
        "; one command went unanswered and may have been carried out; to find out, and to make the change",
        "\nBOOK e 1 key=0123456789abcdef\n",
    ] {
        assert!(client.stderr.contains(part), "{part}: {}", client.stderr);
    }
    fake.join();
}

#[test]
fn script_goes_on_with_the_next_leader() {
    let second = FakeServer::with_listener(|listener| {
        let mut peer = lead(&listener);
        peer.expect("BOOK e 2\n", BOOKED);
        peer.expect("PING\n", "OK {}\n");
    });
    let addr = second.addr;
    let first = FakeServer::with_listener(move |listener| {
        let mut peer = lead(&listener);
        peer.expect("BOOK e 1\n", BOOKED);
        peer.expect("BOOK e 2\n", &not_leader(Some(addr)));
    });
    let client = run_with_input(bookline(&[first.addr, addr], &[]), "BOOK e 1\nBOOK e 2\nPING\n");
    client.expect(0, &format!("{BOOKED}{BOOKED}OK {{}}\n"), "");
    first.join();
    second.join();
}

#[test]
fn change_gets_one_key_for_all_servers() {
    let second = FakeServer::with_listener(|listener| {
        let mut peer = Peer::with_keys(&listener);
        let line = peer.read_line();
        peer.send(BOOKED);
        line
    });
    let addr = second.addr;
    let first = FakeServer::with_listener(move |listener| {
        let line = Peer::with_keys(&listener).read_line();
        // It has become a standby, and knows the leader.
        let mut again = Peer::accept(&listener);
        again.expect("HELLO\n", &hello("standby", Some(addr)));
        line
    });
    run(bookline(&[first.addr, addr], &["--retry", "3", "BOOK", "e", "1"])).expect(0, BOOKED, "");
    let line = first.join();
    assert!(line.starts_with("BOOK e 1 key="), "{line}");
    assert_eq!(second.join(), line);
}
