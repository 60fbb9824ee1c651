//! kill -9 under mixed load, again and again on one data directory.
//!
//! Catches: an OK before the disk has it; a ticket or an entry that was acknowledged and is gone; a seat sold twice by two
//! crash cycles of the server; a meeting that is back in some calendars only; a change that survives while an earlier one of the
//! same client did not; a read that showed what the crash took back; a journal that cannot be read after a kill at an
//! unlucky moment, also in the middle of a start.

/// The load: clients that pipeline, and the plug that is pulled at a given number of replies.
mod load;
/// Days that one client alone changes: their state is known exactly.
mod own_days;
/// Tickets that many clients book.
mod seats;
/// Days that many clients share.
mod shared_days;

use std::thread;

use crate::common::answer::words;
use crate::common::server::Home;
use crate::common::{Rng, Server};
use load::{Plug, drive};

/// Kills per test: enough for every kind of request in flight; a long run sets `BOOKLINE_TEST_ROUNDS`.
fn rounds() -> usize {
    std::env::var("BOOKLINE_TEST_ROUNDS").map_or(10, |n| n.parse().expect("BOOKLINE_TEST_ROUNDS is a number"))
}

#[test]
fn ten_lives_on_one_directory() {
    live_and_die(&[], false);
}

/// The same with snapshots made all the time, by size and by request: a kill in the midst of one costs nothing, nor does
/// what it has set free of the journal.
#[test]
fn ten_lives_with_snapshots() {
    live_and_die(&["--snapshot-every", "100KiB"], true);
}

fn live_and_die(flags: &[&str], snapshots: bool) {
    let mut rng = Rng::new();
    let mut server = Server::fresh_with(flags);
    let mut sales = seats::Sales::open(&mut server.connect());
    let mut bookers: Vec<_> = (0..6).map(|n| seats::Booker::new(n, snapshots)).collect();
    let mut owners: Vec<_> = (0..4).map(own_days::Owner::new).collect();
    let mut meeters: Vec<_> = (0..4).map(shared_days::Meeter::new).collect();
    for round in 0..rounds() {
        let replies = rng.range(500, 4_000);
        let plug = &Plug::new(server.pid(), replies);
        // All are connected before the first can pull the plug.
        let mut clients: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
        for booker in &mut bookers {
            let (mut rng, mut conn) = (rng.fork(), server.connect());
            clients.push(Box::new(move || drive(booker, &mut conn, &mut rng, plug)));
        }
        for owner in &mut owners {
            let (mut rng, mut conn) = (rng.fork(), server.connect());
            clients.push(Box::new(move || drive(owner, &mut conn, &mut rng, plug)));
        }
        for meeter in &mut meeters {
            let (mut rng, mut conn) = (rng.fork(), server.connect());
            clients.push(Box::new(move || drive(meeter, &mut conn, &mut rng, plug)));
        }
        thread::scope(|scope| clients.into_iter().for_each(|client| drop(scope.spawn(client))));
        server.kill9();
        if rng.one_in(3) {
            server.start_and_kill(rng.one_in(2));
        }
        server.start_again();
        if rng.one_in(4) {
            server.kill9();
            server.start_again();
        }
        println!("round {round}: killed after {replies} replies");
        let mut conn = server.connect();
        sales.check(&mut conn, &mut bookers);
        owners.iter_mut().for_each(|owner| owner.check(&mut conn));
        shared_days::check(&mut conn, &mut meeters);
    }
    println!("{} files in the data directory at the end", server.home().listing().len());
    assert!(server.stop().success());
}

/// A reader that was told of a booking can rely on it, though the booker has no reply yet.
#[test]
fn what_a_read_showed_is_there_after_the_kill() {
    let mut rng = Rng::new();
    let mut server = Server::fresh();
    server.connect().ask("CREATE x 2026-01-01 1000000 id=x").ok();
    let mut ever_lowest = 1_000_000;
    for round in 0..8 {
        let mut booker = server.connect();
        let mut reader = server.connect();
        booker.send_bytes("BOOK x 1\nBLOCK F1 2026-01-01 09:00\nDELETE F1 2026-01-01 09:00\n".repeat(300));
        let reads = rng.range(1, 60);
        let lowest = (0..reads).map(|_| reader.ask("GET x").number("available_tickets")).min().unwrap();
        server.kill9();
        server.start_again();
        let now = server.connect().ask("GET x").number("available_tickets");
        assert!(
            lowest <= ever_lowest && now <= lowest,
            "round {round}: a read said {lowest} are left, now {now} are"
        );
        ever_lowest = now;
    }
}

/// The largest commits, of which few fit into a segment, are commits like any other.
#[test]
fn the_largest_commits_are_kept() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 1000000 id=x").ok();
    let mut tickets = Vec::new();
    for cycle in 1..=3 {
        let mut conn = server.connect();
        for _ in 0..3 {
            let booked = conn.ask("BOOK x 10000").tickets();
            assert_eq!(booked.len(), 10_000);
            tickets.extend(booked);
        }
        let group: Vec<String> = (0..900)
            .map(|n| format!("a-person-with-a-long-name-that-takes-sixty-bytes-of-room-{n:04}"))
            .collect();
        let date = format!("2026-11-{cycle:02}");
        conn.ask(&format!("MEET host {date} 10:00 assembly {}", group.join(","))).ok();
        server.kill9();
        server.start_again();
        let mut conn = server.connect();
        assert_eq!(conn.ask("GET x").number("available_tickets"), 1_000_000 - tickets.len() as u64);
        let bytes: String = tickets.iter().map(|ticket| format!("TICKET {ticket}\n")).collect();
        let found = conn.pipeline(bytes.into_bytes(), tickets.len());
        assert!(found.iter().all(|line| line.starts_with("OK ")), "a ticket is gone in life {cycle}");
        for who in group.iter().map(String::as_str).chain(["host"]) {
            let day = conn.ask(&format!("GET {who} {date}"));
            assert_eq!(words(&day.ok()["schedule"][0]["meet"]["group"]), group, "{who} in life {cycle}");
        }
    }
}

/// With durability `never` and `interval` a kill may cost the last bookings, but never the sense of what is there.
#[test]
fn without_durability_the_past_may_be_shorter_but_not_wrong() {
    for durability in ["interval", "never"] {
        let mut server = Home::new().start(&["--durability", durability]);
        for cycle in 0..3 {
            let mut conn = server.connect();
            conn.ask(&format!("CREATE x{cycle} 2026-01-01 50000 id=x{cycle}")).ok();
            let lines: Vec<String> = (0..2_000).map(|n| format!("BOOK x{cycle} {}", 1 + n % 5)).collect();
            let booked: Vec<Vec<String>> =
                conn.ask_all(&lines).iter().map(|answer| answer.tickets()).collect();
            server.kill9();
            server.start_again();
            let mut conn = server.connect();
            let event = conn.ask(&format!("GET x{cycle}"));
            let issued = if event.is_ok() { 50_000 - event.number("available_tickets") } else { 0 };
            let asked: String = booked.iter().map(|tickets| format!("TICKET {}\n", tickets[0])).collect();
            let found: Vec<bool> = conn
                .pipeline(asked.into_bytes(), booked.len())
                .iter()
                .map(|line| line.starts_with("OK "))
                .collect();
            let kept = found.iter().take_while(|found| **found).count();
            assert!(
                found[kept..].iter().all(|found| !found),
                "{durability}: a later booking outlived an earlier one"
            );
            let tickets: usize = booked[..kept].iter().map(Vec::len).sum();
            assert_eq!(issued, tickets as u64, "{durability}: the counter and the list of tickets differ");
        }
    }
}
