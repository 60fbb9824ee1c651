//! `bookline watch` over connections that are lost: no change is missing, and none is shown twice.

use std::net::TcpListener;

use crate::support::client::{Exited, bookline, run};
use crate::support::fake_server::{FakeServer, HELLO_REPLY, Peer};
use crate::watch::support::{Watch, json, progress, sold, sold_by, watcher, watching};

/// Three lines of one commit.
fn commit(sequence: u64) -> [String; 3] {
    [sold_by(sequence, 1, false), sold_by(sequence, 2, false), sold_by(sequence, 3, true)]
}

/// Runs `bookline watch` with these flags against this server.
fn watched(flags: &[&str], server: impl FnOnce(&TcpListener) + Send + 'static) -> Exited {
    let fake = FakeServer::with_listener(move |listener| server(&listener));
    let exited = run(bookline(fake.addr, &[&["watch"], flags].concat()));
    fake.join();
    exited
}

/// Refuses the next connection for good, so that the client ends.
fn refuse(listener: &TcpListener, line: &str) {
    Peer::greeted(listener).expect(line, "ERR NEW {\"message\":\"enough\",\"retry\":false}\n");
}

const ENOUGH: &str = "bookline: New: enough.\n";

#[test]
fn connection_cut_between_two_lines_of_a_commit_is_gone_on_with() {
    let exited = watched(&[], |listener| {
        let lines = commit(9);
        let mut first = watcher(listener, "WATCH all\n", 6);
        first.send(&(sold(7) + &lines[..2].concat()));
        drop(first);
        // Half of a line was never shown.
        let mut second = watcher(listener, "WATCH all since=7\n", 7);
        second.send(&(lines[..2].concat() + &lines[2][..40]));
        drop(second);
        let mut third = watcher(listener, "WATCH all since=7\n", 7);
        third.send(&lines[..1].concat());
        drop(third);
        let mut fourth = watcher(listener, "WATCH all since=7\n", 7);
        fourth.send(&(lines.concat() + &sold(10)));
        drop(fourth);
        refuse(listener, "WATCH all since=10\n");
    });
    let lines = progress(6) + &sold(7) + &commit(9).concat() + &sold(10);
    exited.expect(1, &json(&lines), ENOUGH);
}

#[test]
fn connection_cut_during_the_replay_is_gone_on_with() {
    let exited = watched(&["--since", "2"], |listener| {
        let replay: Vec<_> = (3..40).map(|sequence| commit(sequence).concat()).collect();
        let mut since = 2;
        for cut in [1, 2, 0, 5, 30] {
            let mut peer = watcher(listener, &format!("WATCH all since={since}\n"), since);
            let rest = &replay[since as usize - 2..];
            let whole = rest[..cut.min(rest.len())].concat();
            let part = rest.get(cut).map(|next| next[..next.len() * 2 / 3].to_owned()).unwrap_or_default();
            peer.send(&(whole + &part));
            since += cut.min(rest.len()) as u64;
        }
        let mut peer = watcher(listener, &format!("WATCH all since={since}\n"), since);
        peer.send(&replay[since as usize - 2..].concat());
        drop(peer);
        refuse(listener, "WATCH all since=39\n");
    });
    let lines: String = (3..40).flat_map(commit).collect();
    exited.expect(1, &json(&(progress(2) + &lines)), ENOUGH);
}

#[test]
fn progress_moves_the_place() {
    let exited = watched(&["event:quiet"], |listener| {
        let mut peer = watcher(listener, "WATCH event:quiet\n", 6);
        peer.send(&progress(900));
        drop(peer);
        refuse(listener, "WATCH event:quiet since=900\n");
    });
    exited.expect(1, &json(&(progress(6) + &progress(900))), ENOUGH);
}

#[test]
fn gap_is_said_and_gone_on_with() {
    let exited = watched(&["--format", "table", "--tickets"], |listener| {
        let mut peer = watcher(listener, "WATCH all tickets=yes\n", 6);
        peer.send(&(sold(7) + "CHANGE 7 {\"kind\":\"gap\"}\n"));
        // The client leaves by itself.
        assert_eq!(peer.read_to_end(), b"");
        let mut peer = watcher(listener, "WATCH all since=7 tickets=yes\n", 7);
        peer.send(&sold(8));
        drop(peer);
        refuse(listener, "WATCH all since=8 tickets=yes\n");
    });
    let gap = "bookline: the changes came faster than they were read: connecting again to read the rest\n";
    let line = "11:31:07 rustconf: 1 sold, 96 left\n";
    exited.expect(1, &line.repeat(2), &format!("{gap}{ENOUGH}"));
}

#[test]
fn server_that_is_away_is_said_to_be_away_and_back() {
    let (gone, is_gone) = std::sync::mpsc::channel::<()>();
    let fake = FakeServer::with_listener(move |listener| {
        let addr = listener.local_addr().unwrap();
        let mut peer = watcher(&listener, "WATCH all\n", 6);
        peer.send(&sold(7));
        // Nothing listens before the connection is closed, so that the next one fails.
        drop(listener);
        drop(peer);
        is_gone.recv().unwrap();
        let listener = TcpListener::bind(addr).unwrap();
        let mut peer = Peer::accept(&listener);
        peer.expect(
            "HELLO\n",
            &HELLO_REPLY.replace("\"server\"", "\"instance\":\"0123456789abcdef\",\"server\""),
        );
        peer.expect("WATCH all since=7\n", &(watching(7) + &sold(8)));
        drop(peer);
        refuse(&listener, "WATCH all since=8\n");
    });
    let addr = fake.addr;
    let mut watch = Watch::start(addr, &[]);
    watch.expect(&json(&(progress(6) + &sold(7))));
    let away = watch.read_message();
    assert!(away.starts_with(&format!("bookline: cannot connect to {addr}: ")), "{away}");
    assert!(away.ends_with("; trying again\n"), "{away}");
    gone.send(()).unwrap();
    assert_eq!(watch.read_message(), "bookline: reconnected; the server was restarted\n");
    watch.expect(&json(&sold(8)));
    let ended = watch.wait();
    assert_eq!((ended.exit, ended.stdout.as_str(), ended.stderr.as_str()), (Some(1), "", ENOUGH));
    fake.join();
}

#[test]
fn tries_are_bounded_on_request() {
    let fake = FakeServer::with_listener(|listener| drop(watcher(&listener, "WATCH all\n", 6)));
    let exited = run(bookline(fake.addr, &["--retry", "0", "watch"]));
    exited.expect(3, &json(&progress(6)), &format!("bookline: connection to {} lost\n", fake.addr));
    fake.join();
}

#[test]
fn server_that_refuses_for_now_is_asked_again() {
    let exited = watched(&[], |listener| {
        let busy = "ERR BUSY {\"message\":\"later\",\"retry\":true}\n";
        Peer::greeted(listener).expect("WATCH all\n", busy);
        let mut peer = watcher(listener, "WATCH all\n", 6);
        peer.send(&sold(7));
        // What a server says before it stops.
        peer.send("ERR SHUTTING_DOWN {\"message\":\"bye\",\"retry\":true}\n");
        drop(peer);
        Peer::accept(listener).send(busy);
        refuse(listener, "WATCH all since=7\n");
    });
    exited.expect(1, &json(&(progress(6) + &sold(7))), ENOUGH);
}

const GONE: &str = "ERR GONE {\"message\":\"gone\",\"retry\":false,\"oldest\":100}\n";

#[test]
fn changes_that_are_gone_exit_1() {
    let exited = watched(&["--since", "5"], |listener| {
        Peer::greeted(listener).expect("WATCH all since=5\n", GONE);
    });
    let message = "bookline: the changes after 5 are not in the server's log any more, only those after 100: \
                   --resync goes on from there\n";
    exited.expect(1, "", message);
}

#[test]
fn resync_goes_on_from_the_oldest_changes() {
    let exited = watched(&["--resync"], |listener| {
        let mut peer = watcher(listener, "WATCH all\n", 6);
        peer.send(&commit(7)[..2].concat());
        drop(peer);
        let mut peer = Peer::greeted(listener);
        peer.expect("WATCH all since=6\n", GONE);
        peer.expect("WATCH all since=100\n", &(watching(100) + &sold(101)));
        drop(peer);
        // A server whose oldest changes do not get newer is not asked without end.
        Peer::greeted(listener).expect("WATCH all since=101\n", GONE);
    });
    let missing = "bookline: the changes after 6 up to 100 are gone and left out\n";
    let gone = "bookline: the changes after 101 are not in the server's log any more, only those after 100: \
                --resync goes on from there\n";
    let lines = progress(6) + &commit(7)[..2].concat() + &sold(101);
    exited.expect(1, &json(&lines), &format!("{missing}{gone}"));
}

const BEYOND: &str = "ERR BAD_REQUEST {\"message\":\"since= is beyond\",\"retry\":false,\"sequence\":3}\n";

#[test]
fn server_with_a_shorter_log_is_another_one() {
    let mut addr = None;
    let fake = FakeServer::with_listener(|listener| {
        drop(watcher(&listener, "WATCH all\n", 6));
        Peer::greeted(&listener).expect("WATCH all since=6\n", BEYOND);
    });
    let exited = run(bookline(*addr.insert(fake.addr), &["watch"]));
    fake.join();
    let message = format!(
        "bookline: the changes up to 6 were shown, and the last one of {} is 3: it is another server, or was \
         restored from a backup\n",
        addr.unwrap()
    );
    exited.expect(1, &json(&progress(6)), &message);
}

#[test]
fn place_of_the_user_beyond_the_log_is_refused_as_the_server_says() {
    let exited = watched(&["--since", "9"], |listener| {
        Peer::greeted(listener).expect("WATCH all since=9\n", BEYOND);
    });
    exited.expect(1, "", "bookline: Bad request: since= is beyond.\n");
}

#[test]
fn server_without_the_rest_of_a_commit_is_another_one() {
    for (other, shown) in [(sold(10), ""), (sold(9), ""), (progress(9), ""), (sold(12), "")] {
        let fake = FakeServer::with_listener(move |listener| {
            let mut peer = watcher(&listener, "WATCH all\n", 6);
            peer.send(&commit(9)[..2].concat());
            drop(peer);
            let mut peer = watcher(&listener, "WATCH all since=6\n", 6);
            peer.send(&other);
            assert_eq!(peer.read_to_end(), b"");
        });
        let exited = run(bookline(fake.addr, &["watch"]));
        let message = format!(
            "bookline: a part of commit 9 was shown, and {} does not have the rest: it is another server, or \
             was restored from a backup\n",
            fake.addr
        );
        let lines = progress(6) + &commit(9)[..2].concat() + shown;
        exited.expect(1, &json(&lines), &message);
        fake.join();
    }
}
