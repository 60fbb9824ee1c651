//! `--retry`: what is sent again after a lost connection or a refusal, and what is printed.
//!
//! Catches: a change that is sent again with another key or none, a reply that is printed twice or in the
//! wrong place, a request that must not be repeated and is.

use std::io;
use std::net::TcpListener;

use rustix::io::Errno;

use crate::support::client::{Exited, bookline, run, run_with_input};
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::support::session::Session;

const BOOKED: &str = "OK {\"event_id\":\"e\",\"tickets\":[],\"available_tickets\":9}\n";
const READ_ONLY: &str = "ERR READ_ONLY {\"message\":\"m\",\"retry\":true}\n";
const HOLD: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

fn retry(fake_addr: std::net::SocketAddr, words: &[&str]) -> Exited {
    run(bookline(fake_addr, &[&["--retry", "3"], words].concat()))
}

fn retry_script(fake_addr: std::net::SocketAddr, script: &str) -> Exited {
    run_with_input(bookline(fake_addr, &["--retry", "3"]), script)
}

/// Reads a line that must be `command` with a key of the client's behind it. Returns the whole line.
#[track_caller]
fn read_keyed(peer: &mut Peer, command: &str) -> String {
    let line = peer.read_line();
    let key = line.strip_prefix(command).and_then(|rest| rest.strip_prefix(" key="));
    let key = key.unwrap_or_else(|| panic!("{command:?} was sent as {line:?}")).trim_end();
    assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line:?}");
    line
}

#[test]
fn change_is_sent_again_with_its_key_wherever_the_connection_is_lost() {
    // Before the request is read, after it, and in the middle of the reply.
    for point in 0..3 {
        let fake = FakeServer::with_listener(move |listener| {
            let mut first = Peer::with_keys(&listener);
            let sent = (point > 0).then(|| read_keyed(&mut first, "BOOK e 2"));
            if point == 2 {
                first.send(&BOOKED[..20]);
            }
            drop(first);
            let mut second = Peer::with_keys(&listener);
            let again = read_keyed(&mut second, "BOOK e 2");
            assert!(sent.is_none_or(|sent| sent == again));
            second.send(BOOKED);
            assert_eq!(second.read_to_end(), b"");
        });
        retry(fake.addr, &["BOOK", "e", "2"]).expect(0, BOOKED, "");
        fake.join();
    }
}

#[test]
fn change_without_a_reply_in_time_is_sent_again() {
    let fake = FakeServer::with_listener(|listener| {
        let mut first = Peer::with_keys(&listener);
        let sent = read_keyed(&mut first, "BOOK e 2");
        let mut second = Peer::with_keys(&listener);
        second.expect(&sent, BOOKED);
        drop(first);
    });
    run(bookline(fake.addr, &["--timeout", "300ms", "--retry", "1", "BOOK", "e", "2"])).expect(0, BOOKED, "");
    fake.join();
}

#[test]
fn key_is_put_behind_what_was_typed() {
    let typed = "BOOK e 1 key=0123456789abcdef";
    let fake = FakeServer::with_listener(move |listener| {
        let mut peer = Peer::with_keys(&listener);
        let line = read_keyed(&mut peer, "book   e\t1 ");
        assert!(line.ends_with("\r\n"), "{line:?}");
        peer.send(BOOKED);
        assert_eq!(peer.read_line(), "# comment\n");
        peer.expect(&format!("{typed}\n"), BOOKED);
        // More tickets than a key allows, a read, a verb without keys, and a line that is invalid.
        for line in ["BOOK e 1001\n", "GET e\n", "BLOCK F1 21-11-2026 09:00\n", "BOOK e\n"] {
            peer.expect(line, "OK {}\n");
        }
        assert_eq!(peer.read_to_end(), b"");
    });
    let script =
        format!("book   e\t1 \r\n# comment\n{typed}\nBOOK e 1001\nGET e\nBLOCK F1 21-11-2026 09:00\nBOOK e");
    retry_script(fake.addr, &script).expect(0, &format!("{BOOKED}{BOOKED}{}", "OK {}\n".repeat(4)), "");
    fake.join();
}

#[test]
fn key_of_the_user_is_sent_again() {
    let line = "BOOK e 1 key=0123456789abcdef\n";
    let fake = FakeServer::with_listener(move |listener| {
        assert_eq!(Peer::greeted(&listener).read_line(), line);
        Peer::greeted(&listener).expect(line, BOOKED);
    });
    retry(fake.addr, &["BOOK", "e", "1", "key=0123456789abcdef"]).expect(0, BOOKED, "");
    fake.join();
}

#[test]
fn pipelined_requests_without_a_reply_are_sent_again_in_order() {
    let fake = FakeServer::with_listener(|listener| {
        let mut first = Peer::with_keys(&listener);
        let lines: Vec<_> = (1..=5).map(|count| read_keyed(&mut first, &format!("BOOK e {count}"))).collect();
        first.send("OK {\"n\":1}\nOK {\"n\":2}\n");
        drop(first);
        let mut second = Peer::with_keys(&listener);
        for (number, line) in (1..).zip(&lines).skip(2) {
            second.expect(line, &format!("OK {{\"n\":{number}}}\n"));
        }
        assert_eq!(second.read_to_end(), b"");
    });
    let script: String = (1..=5).map(|count| format!("BOOK e {count}\n")).collect();
    let replies: String = (1..=5).map(|number| format!("OK {{\"n\":{number}}}\n")).collect();
    retry_script(fake.addr, &script).expect(0, &replies, "");
    fake.join();
}

#[test]
fn rows_of_a_lost_reply_are_not_printed() {
    let fake = FakeServer::with_listener(|listener| {
        Peer::greeted(&listener).expect("GET\n", "ROW {\"n\":1}\nROW {\"n\":2}\nROW {\"n");
        Peer::greeted(&listener).expect("GET\n", "ROW {\"n\":3}\nOK {\"count\":1}\n");
    });
    retry(fake.addr, &["GET"]).expect(0, "ROW {\"n\":3}\nOK {\"count\":1}\n", "");
    fake.join();
}

#[test]
fn reply_of_more_than_16_mib_is_not_asked_for_again() {
    let row = format!("ROW {{\"text\":\"{}\"}}\n", "x".repeat(1 << 20));
    let rows = row.repeat(17);
    let sent = rows.clone();
    let fake = FakeServer::with_listener(move |listener| {
        let mut first = Peer::greeted(&listener);
        first.expect("GET\n", &sent);
    });
    let client = retry(fake.addr, &["GET"]);
    assert_eq!((client.exit, client.stdout.len()), (4, rows.len()), "{}", client.stderr);
    fake.join();
}

#[test]
fn request_that_is_refused_for_now_is_repeated_in_its_place() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::with_keys(&listener);
        let lines: Vec<_> = (1..=3).map(|count| read_keyed(&mut peer, &format!("BOOK e {count}"))).collect();
        peer.send(&format!("OK {{\"n\":1}}\n{READ_ONLY}OK {{\"n\":3}}\n"));
        // It is repeated alone, until it is not refused any more.
        peer.expect(&lines[1], READ_ONLY);
        peer.expect(&lines[1], "OK {\"n\":2}\n");
        // What was behind it is granted already, and its key gets the reply again.
        peer.expect(&lines[2], "OK {\"n\":3}\n");
        assert_eq!(peer.read_to_end(), b"");
    });
    let client = retry_script(fake.addr, "BOOK e 1\nBOOK e 2\nBOOK e 3\n");
    client.expect(0, "OK {\"n\":1}\nOK {\"n\":2}\nOK {\"n\":3}\n", "");
    fake.join();
}

#[test]
fn refusal_after_the_last_try_is_printed() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::with_keys(&listener);
        let sold_out = "ERR SOLD_OUT {\"message\":\"m\",\"retry\":false}\n";
        let first = read_keyed(&mut peer, "BOOK e 1");
        assert_eq!(peer.read_line(), "PING\n");
        let last = read_keyed(&mut peer, "BOOK e 2");
        peer.send(&format!("{READ_ONLY}OK {{}}\n{sold_out}"));
        (0..3).for_each(|_| peer.expect(&first, READ_ONLY));
        peer.expect("PING\n", "OK {}\n");
        peer.expect(&last, sold_out);
        assert_eq!(peer.read_to_end(), b"");
    });
    let sold_out = "ERR SOLD_OUT {\"message\":\"m\",\"retry\":false}\n";
    let client = retry_script(fake.addr, "BOOK e 1\nPING\nBOOK e 2\n");
    let messages = "stdin:1: BOOK e 1: Read only: m.\n\
                    stdin:3: BOOK e 2: Sold out: m.\n\
                    bookline: 2 of 3 failed (lines 1, 3)\n";
    client.expect(1, &format!("{READ_ONLY}OK {{}}\n{sold_out}"), messages);
    fake.join();
}

#[test]
fn confirmation_of_too_many_tickets_for_a_key_is_sent_without_one() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::with_keys(&listener);
        read_keyed(&mut peer, &format!("CONFIRM {HOLD}"));
        peer.send("ERR LIMIT {\"message\":\"m\",\"retry\":false,\"limit\":1000,\"requested\":2000}\n");
        peer.expect(&format!("CONFIRM {HOLD}\n"), BOOKED);
        assert_eq!(peer.read_to_end(), b"");
    });
    retry(fake.addr, &["CONFIRM", HOLD]).expect(0, BOOKED, "");
    fake.join();
}

#[test]
fn change_without_a_key_is_not_sent_again() {
    let fake = FakeServer::with_listener(|listener| {
        // A server of version 0.1.0.
        let mut first = Peer::greeted(&listener);
        first.expect("GET e\n", "ROW {}\n");
        drop(first);
        let mut second = Peer::greeted(&listener);
        second.expect("GET e\n", "OK {}\n");
        assert_eq!(second.read_line(), "BOOK e 1\n");
    });
    let message = format!(
        "bookline: connection to {} lost; one command went unanswered and may have been carried out; it has \
         no key, because the server does not take one with it, so it was not sent again: look before you \
         type it again\n",
        fake.addr
    );
    retry_script(fake.addr, "GET e\nBOOK e 1\nPING\n").expect(4, "OK {}\n", &message);
    fake.join();
}

#[test]
fn change_that_stays_in_doubt_exits_4_and_says_what_to_type() {
    let fake = FakeServer::with_listener(|listener| {
        let mut line = String::new();
        for _ in 0..4 {
            let mut peer = Peer::with_keys(&listener);
            let again = read_keyed(&mut peer, "BOOK e 1");
            assert!(line.is_empty() || line == again);
            line = again;
        }
        line
    });
    let addr = fake.addr;
    let client = retry(addr, &["BOOK", "e", "1"]);
    let message = format!(
        "bookline: connection to {addr} lost; one command went unanswered and may have been carried out; to \
         find out, and to make the change if it was not made, type at the prompt\n{}",
        fake.join()
    );
    client.expect(4, "", &message);
}

#[test]
fn refusal_of_the_connection_does_not_end_the_doubt() {
    let busy = "ERR BUSY {\"message\":\"m\",\"retry\":true}\n";
    let fake = FakeServer::with_listener(move |listener| {
        let mut first = Peer::with_keys(&listener);
        let line = read_keyed(&mut first, "BOOK e 1");
        drop(first);
        let mut second = Peer::with_keys(&listener);
        second.expect(&line, busy);
    });
    let client = run(bookline(fake.addr, &["--retry", "1", "BOOK", "e", "1"]));
    assert_eq!((client.exit, client.stdout.as_str()), (4, ""), "{}", client.stderr);
    fake.join();
}

#[test]
fn server_that_rejects_connections_or_is_down_is_tried_again() {
    let busy = "ERR BUSY {\"message\":\"come back later\",\"retry\":true}\n";
    let fake = FakeServer::with_listener(move |listener| {
        (0..2).for_each(|_| Peer::accept(&listener).send(busy));
        Peer::greeted(&listener).expect("PING\n", "OK {}\n");
    });
    retry(fake.addr, &["PING"]).expect(0, "OK {}\n", "");
    fake.join();

    let fake = FakeServer::with_listener(move |listener| {
        (0..2).for_each(|_| Peer::accept(&listener).send(busy));
    });
    let message = format!("bookline: {} accepts no new connections\n", fake.addr);
    run(bookline(fake.addr, &["--retry", "1", "PING"])).expect(3, busy, &message);
    fake.join();

    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = run(bookline(addr, &["--retry", "1", "PING"]));
    assert_eq!((client.exit, client.stdout.as_str()), (3, ""));
    assert!(client.stderr.starts_with(&format!("bookline: cannot connect to {addr}: ")), "{}", client.stderr);
}

#[test]
fn connection_that_is_lost_within_the_reply_to_hello_is_tried_again() {
    for sent in ["O", &HELLO_REPLY[..40], &HELLO_REPLY[..HELLO_REPLY.len() - 1]] {
        let fake = FakeServer::with_listener(move |listener| {
            Peer::accept(&listener).expect("HELLO\n", sent);
            Peer::greeted(&listener).expect("PING\n", "OK {}\n");
        });
        retry(fake.addr, &["PING"]).expect(0, "OK {}\n", "");
        fake.join();
    }
}

#[test]
fn change_that_stays_in_doubt_exits_4_whatever_ends_the_tries() {
    let fake = FakeServer::with_listener(|listener| {
        read_keyed(&mut Peer::with_keys(&listener), "BOOK e 1");
        Peer::accept(&listener).expect("HELLO\n", "SSH-2.0-OpenSSH_10.0\n");
    });
    let client = retry(fake.addr, &["BOOK", "e", "1"]);
    let expected =
        " is not a bookline server: it answered HELLO with \"SSH-2.0-OpenSSH_10.0\"; to find out, ";
    assert!(client.exit == 4 && client.stderr.contains(expected), "{client:?}");
    fake.join();
}

#[test]
fn user_at_a_terminal_is_told_once_of_further_tries() {
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut session = Session::start(bookline(addr, &["--retry", "4", "PING"]));
    let reason = format!("bookline: cannot connect to {addr}: {}", io::Error::from(Errno::CONNREFUSED));
    session.wait_for(&format!("{reason}; trying again\r\n"));
    let next_step = "is booklined running there? Start it, or give another address with --addr";
    assert_eq!(session.wait_for_exit(), (3, format!("{reason}; {next_step}\r\n")));
}

#[test]
fn max_time_ends_the_tries() {
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = run(bookline(addr, &["--retry", "1000", "--max-time", "300ms", "PING"]));
    let message = format!("bookline: {addr} took more than the 300ms of --max-time\n");
    client.expect(3, "", &message);
}

#[test]
fn lines_after_quit_are_not_sent_with_retry_either() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::greeted(&listener);
        peer.expect("PING\n", "OK {}\n");
        peer.expect("QUIT\n", "OK {}\n");
        peer.read_to_end()
    });
    let script = format!("PING\nQUIT\n{}", "BOOK e 1\n".repeat(100_000));
    let message = "bookline: 100,000 lines after QUIT were not sent\n";
    retry_script(fake.addr, &script).expect(1, "OK {}\nOK {}\n", message);
    assert_eq!(fake.join(), b"");
}
