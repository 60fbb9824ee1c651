//! Crash cycles: a server is killed with kill -9 under mixed load, repeatedly on one data directory.
//!
//! Catches: an `OK` before the change is on the disk; an acknowledged ticket or entry that is missing; a
//! ticket sold in two crash cycles; a hold that is confirmed and available again; a cancelled ticket that is
//! valid again, or returns to sale twice; a check-in that is missing; tickets of a deleted event; a meeting
//! in the calendars of only some of its people; a change that survives although an earlier one of the same
//! client does not; a read that showed a change that the crash took back; a journal that cannot be read
//! after a kill, also during a start; a repeat of an acknowledged change that gets another reply than the
//! first time, or changes something.

mod load;
mod own_days;
mod own_events;
mod seats;
mod shared_days;

use std::thread;

use bookline_testkit::Rng;
use bookline_testkit::process::{Home, Server};
use bookline_testkit::reply::words;
use bookline_testkit::seeds::number;

use load::{KeyedRequests, Killer, drive};

/// Kills per test. Ten are enough for every kind of request to be in flight. A long run sets
/// `BOOKLINE_TEST_ROUNDS`.
fn rounds() -> u64 {
    number("BOOKLINE_TEST_ROUNDS").unwrap_or(10)
}

#[test]
fn acknowledged_changes_survive_ten_kills() {
    run_crash_cycles(&[], false);
}

/// Snapshots are written continually, by size and on request. Neither a kill during one nor the segments that
/// it frees lose a change.
#[test]
fn acknowledged_changes_survive_ten_kills_with_snapshots() {
    run_crash_cycles(&["--snapshot-every", "100KiB"], true);
}

fn run_crash_cycles(flags: &[&str], snapshots: bool) {
    let mut rng = Rng::from_environment();
    let mut server = Server::fresh_with(flags);
    let mut sales = seats::Sales::open(&mut server.connect());
    let mut bookers: Vec<_> = (0..6).map(|n| seats::BookingClient::new(n, snapshots)).collect();
    let mut sellers: Vec<_> =
        (0..4).map(|n| own_events::BoxOfficeClient::open(n, &mut server.connect())).collect();
    let mut owners: Vec<_> = (0..4).map(own_days::CalendarClient::new).collect();
    let mut meeters: Vec<_> = (0..4).map(shared_days::MeetingClient::new).collect();
    for round in 0..rounds() {
        let replies = rng.range(500, 4_000);
        let killer = &Killer::new(server.pid(), replies);
        let mut keyed_requests: Vec<KeyedRequests> = Vec::new();
        keyed_requests
            .resize_with(bookers.len() + sellers.len() + owners.len() + meeters.len(), Default::default);
        let mut keyed = keyed_requests.iter_mut();
        // All clients are connected before the first can kill the server.
        let mut clients: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
        for booker in &mut bookers {
            let (mut rng, mut conn) = (rng.fork(), server.connect());
            let keyed = keyed.next().expect("as many as clients");
            clients.push(Box::new(move || drive(booker, keyed, &mut conn, &mut rng, killer)));
        }
        for seller in &mut sellers {
            let (mut rng, mut conn) = (rng.fork(), server.connect());
            let keyed = keyed.next().expect("as many as clients");
            clients.push(Box::new(move || drive(seller, keyed, &mut conn, &mut rng, killer)));
        }
        for owner in &mut owners {
            let (mut rng, mut conn) = (rng.fork(), server.connect());
            let keyed = keyed.next().expect("as many as clients");
            clients.push(Box::new(move || drive(owner, keyed, &mut conn, &mut rng, killer)));
        }
        for meeter in &mut meeters {
            let (mut rng, mut conn) = (rng.fork(), server.connect());
            let keyed = keyed.next().expect("as many as clients");
            clients.push(Box::new(move || drive(meeter, keyed, &mut conn, &mut rng, killer)));
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
        sellers.iter_mut().for_each(|seller| seller.check(&mut conn));
        let stats = conn.ask("STATS");
        let valid = sales.issued() + sellers.iter().map(own_events::BoxOfficeClient::issued).sum::<u64>();
        assert_eq!(stats.number("tickets"), valid, "tickets of STATS");
        let events = sales.events() + sellers.iter().filter(|seller| seller.has_event()).count();
        assert_eq!(stats.number("events"), events as u64, "events of STATS");
        owners.iter_mut().for_each(|owner| owner.check(&mut conn));
        shared_days::check(&mut conn, &mut meeters);
        keyed_requests.iter().for_each(|keyed| keyed.check(&mut conn));
        assert_eq!(conn.ask("STATS").number("sequence"), stats.number("sequence"), "repeats change nothing");
    }
    println!("{} files in the data directory at the end", server.home().listing().len());
    assert!(server.stop().success());
}

/// A booking that a read has shown is durable, even if its client has no reply yet.
#[test]
fn state_that_a_read_showed_survives_a_kill() {
    let mut rng = Rng::from_environment();
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
            "round {round}: a read showed {lowest} available tickets, now there are {now}"
        );
        ever_lowest = now;
    }
}

/// Only a few of the largest commits fit into a segment.
#[test]
fn largest_commits_survive_a_kill() {
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
        assert!(found.iter().all(|line| line.starts_with("OK ")), "a ticket is missing in cycle {cycle}");
        for who in group.iter().map(String::as_str).chain(["host"]) {
            let day = conn.ask(&format!("GET {who} {date}"));
            assert_eq!(words(&day.ok()["schedule"][0]["meet"]["group"]), group, "{who} in cycle {cycle}");
        }
    }
}

/// With durability `interval` and `never` a kill may lose the last bookings, but what is left is consistent.
#[test]
fn kill_without_durability_loses_changes_from_the_end_only() {
    for durability in ["interval", "never"] {
        let mut server = Home::new().start(&["--durability", durability]);
        for cycle in 0..3 {
            let mut conn = server.connect();
            conn.ask(&format!("CREATE x{cycle} 2026-01-01 50000 id=x{cycle}")).ok();
            let lines: Vec<String> = (0..2_000).map(|n| format!("BOOK x{cycle} {}", 1 + n % 5)).collect();
            let booked: Vec<Vec<String>> = conn.ask_all(&lines).iter().map(|reply| reply.tickets()).collect();
            server.kill9();
            server.start_again();
            let mut conn = server.connect();
            let event = conn.ask(&format!("GET x{cycle}"));
            let issued = if event.is_ok() { 50_000 - event.number("available_tickets") } else { 0 };
            let requests: String = booked.iter().map(|tickets| format!("TICKET {}\n", tickets[0])).collect();
            let found: Vec<bool> = conn
                .pipeline(requests.into_bytes(), booked.len())
                .iter()
                .map(|line| line.starts_with("OK "))
                .collect();
            let kept = found.iter().take_while(|found| **found).count();
            assert!(
                found[kept..].iter().all(|found| !found),
                "{durability}: a later booking survives an earlier one"
            );
            let tickets: usize = booked[..kept].iter().map(Vec::len).sum();
            assert_eq!(issued, tickets as u64, "{durability}: the counter and the list of tickets differ");
        }
    }
}
