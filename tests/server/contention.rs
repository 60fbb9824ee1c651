//! Hundreds of connections that compete for the same tickets and the same hour.
//!
//! Catches: a ticket or an hour sold twice, a duplicate ticket id, a counter of tickets that differs from
//! their list, a meeting in the calendars of only some of its people, a deadlock.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Barrier;
use std::thread;

use bookline_testkit::process::Server;
use bookline_testkit::reply::words;
use bookline_testkit::{Conn, Reply, Rng};

use crate::audit::check_tickets;

/// Opens `clients` connections, runs `work` on all of them at once, and returns the results.
pub fn together<T: Send>(
    server: &Server,
    clients: usize,
    work: impl Fn(usize, &mut Conn) -> T + Sync,
) -> Vec<T> {
    let start = Barrier::new(clients);
    let one = |client: usize| {
        let mut conn = server.connect();
        start.wait();
        work(client, &mut conn)
    };
    let one = &one;
    thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|client| scope.spawn(move || one(client))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

#[test]
fn last_tickets_are_sold_exactly_once() {
    const SEATS: usize = 100;
    let server = Server::fresh();
    server.connect().ask(&format!("CREATE x 2026-01-01 {SEATS} id=x")).ok();
    let replies = together(&server, 300, |_, conn| conn.ask("BOOK x 1"));
    let mut tickets = Vec::new();
    let mut left = Vec::new();
    for reply in &replies {
        if reply.is_ok() {
            tickets.extend(reply.tickets());
            left.push(reply.number("available_tickets"));
        } else {
            let refusal = reply.err("SOLD_OUT");
            assert_eq!((&refusal["available"], &refusal["requested"]), (&0.into(), &1.into()));
        }
    }
    assert_eq!(tickets.len(), SEATS);
    left.sort_unstable();
    assert_eq!(left, (0..SEATS as u64).collect::<Vec<_>>());
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 0);
    check_tickets(&mut server.connect(), "x", &tickets);
}

/// Bookings of different sizes on a few events until little is left, and reads between them.
#[test]
fn total_equals_available_plus_sold_after_concurrent_bookings() {
    const TOTAL: u64 = 3_000;
    let mut rng = Rng::from_environment();
    let server = Server::fresh();
    let events = ["e0", "e1", "e2", "e3"];
    for event in events {
        server.connect().ask(&format!("CREATE {event} 2026-01-01 {TOTAL} id={event}")).ok();
    }
    let plans: Vec<Vec<(usize, usize)>> = (0..200)
        .map(|_| {
            (0..30)
                .map(|_| (rng.below(4), if rng.one_in(20) { rng.range(50, 400) } else { rng.range(1, 6) }))
                .collect()
        })
        .collect();
    let replies = together(&server, plans.len(), |client, conn| {
        let lines: Vec<String> = plans[client]
            .iter()
            .map(|(event, count)| format!("BOOK e{event} {count}\nGET e{event}"))
            .collect();
        conn.send_bytes(lines.join("\n") + "\n");
        plans[client].iter().map(|_| (conn.reply(), conn.reply())).collect::<Vec<_>>()
    });
    let mut tickets = vec![Vec::new(); events.len()];
    for (plan, replies) in plans.iter().zip(&replies) {
        let mut seen = [TOTAL; 4];
        for ((event, count), (booked, read)) in plan.iter().zip(replies) {
            let left = if booked.is_ok() {
                assert_eq!(booked.tickets().len(), *count, "all or nothing");
                tickets[*event].extend(booked.tickets());
                booked.number("available_tickets")
            } else {
                let refusal = booked.err("SOLD_OUT");
                assert!(refusal["available"].as_u64().unwrap() < *count as u64, "refused with enough left");
                refusal["available"].as_u64().unwrap()
            };
            let read = read.number("available_tickets");
            assert!(
                left <= seen[*event] && read <= left,
                "tickets came back: {} {left} {read}",
                seen[*event]
            );
            seen[*event] = read;
        }
    }
    for (event, tickets) in events.iter().zip(&tickets) {
        let left = server.connect().ask(&format!("GET {event}")).number("available_tickets");
        assert_eq!(left + tickets.len() as u64, TOTAL, "total = available + sold for {event}");
        check_tickets(&mut server.connect(), event, tickets);
    }
    let issued: usize = tickets.iter().map(Vec::len).sum();
    assert_eq!(server.connect().ask("STATS").number("tickets"), issued as u64);
    let all: HashSet<&String> = tickets.iter().flatten().collect();
    assert_eq!(all.len(), issued, "one id for two events");
}

/// Bookings, and updates that raise and lower the number of tickets. No event has more issued than in all,
/// and the tickets that were sold are those that it has issued.
#[test]
fn updates_of_the_number_of_tickets_beside_bookings_never_oversell() {
    let mut rng = Rng::from_environment();
    let server = Server::fresh();
    server.connect().ask("CREATE x 2026-01-01 100 id=x").ok();
    let forks: Vec<_> = (0..100).map(|_| std::sync::Mutex::new(rng.fork())).collect();
    let sold = together(&server, forks.len(), |client, conn| {
        let mut rng = forks[client].lock().unwrap();
        let mut sold = Vec::new();
        for _ in 0..30 {
            if client % 5 == 0 {
                let total = rng.range(1, 800) as u64;
                let reply = conn.ask(&format!("UPDATE x tickets={total}"));
                if reply.is_ok() {
                    assert_eq!(reply.number("total_tickets"), total);
                    assert!(
                        reply.number("available_tickets") <= total,
                        "more available than in all: {reply:?}"
                    );
                } else {
                    let refusal = reply.err("CONFLICT");
                    assert_eq!(refusal["requested"], total);
                    assert!(refusal["issued"].as_u64().unwrap() > total, "{reply:?}");
                }
            } else {
                let reply = conn.ask(&format!("BOOK x {}", rng.range(1, 4)));
                if reply.is_ok() {
                    sold.extend(reply.tickets());
                } else {
                    let refusal = reply.err("SOLD_OUT");
                    assert!(refusal["available"].as_u64().unwrap() < refusal["requested"].as_u64().unwrap());
                }
            }
        }
        sold
    });
    let sold = sold.concat();
    let mut conn = server.connect();
    let event = conn.ask("GET x");
    let issued = event.number("total_tickets") - event.number("available_tickets");
    assert_eq!(issued, sold.len() as u64);
    check_tickets(&mut server.connect(), "x", &sold);
    // Exactly what is issued is the least.
    conn.ask(&format!("UPDATE x tickets={}", issued - 1)).err("CONFLICT");
    assert_eq!(conn.ask(&format!("UPDATE x tickets={issued}")).number("available_tickets"), 0);
    conn.ask("BOOK x 1").err("SOLD_OUT");
}

/// Listings in pages while other events move about: each event that stays where it is, is listed once.
#[test]
fn listing_in_pages_beside_updates_has_every_unmoved_event_once() {
    const EVENTS: usize = 400;
    let server = Server::fresh();
    let create = |n| format!("CREATE \"event {n:03}\" 2026-06-15 1 id=e{n}\n");
    let lines: String = (0..EVENTS).map(create).collect();
    server.connect().pipeline(lines.into_bytes(), EVENTS);
    together(&server, 8, |client, conn| {
        if client % 2 == 0 {
            // The events with these numbers move between the beginning and the end.
            for round in 0..20 {
                let date = if round % 2 == 0 { "2026-01-01" } else { "2026-12-31" };
                let update = |n| format!("UPDATE e{n} date={date} name=\"moved {round} {n}\"\n");
                let moved = (client..EVENTS).step_by(8);
                let (count, lines) = (moved.len(), moved.map(update).collect::<String>());
                let replies = conn.pipeline(lines.into_bytes(), count);
                assert!(replies.iter().all(|reply| reply.starts_with("OK ")), "{replies:?}");
            }
            return;
        }
        let stays = |id: &str| id[1..].parse::<usize>().unwrap() % 2 == 1;
        for limit in [1_000, 7, 64, 100] {
            let (mut listed, mut after) = (Vec::new(), String::new());
            loop {
                let page = conn.ask(&format!("GET limit={limit}{after}"));
                listed.extend(page.rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
                let Some(next) = page.ok().get("next").and_then(|next| next.as_str()) else { break };
                after = format!(" after={next}");
            }
            let listed: Vec<_> = listed.into_iter().filter(|id| stays(id)).collect();
            let expected: Vec<_> = (0..EVENTS).map(|n| format!("e{n}")).filter(|id| stays(id)).collect();
            assert_eq!(listed, expected, "in pages of {limit}");
        }
    });
    let listing = server.connect().ask("GET");
    let ids: HashSet<_> = listing.rows.iter().map(|row| row["id"].to_string()).collect();
    assert_eq!((ids.len(), listing.rows.len()), (EVENTS, EVENTS), "every event is listed once");
}

/// Bookings of two events in both orders, until at most one event has tickets left. Locks in the order of the
/// request would deadlock.
#[test]
fn bookings_of_two_events_are_all_or_nothing_and_survive_a_kill() {
    const TOTAL: u64 = 1_000;
    const TICKETS_MAX: usize = 4;
    let mut rng = Rng::from_environment();
    let mut server = Server::fresh_with(&["--threads", "4"]);
    let events = ["e0", "e1", "e2", "e3"];
    for event in events {
        server.connect().ask(&format!("CREATE {event} 2026-01-01 {TOTAL} id={event}")).ok();
    }
    let plans: Vec<Vec<Vec<(usize, u64)>>> = (0..50)
        .map(|_| {
            let mut plan = || {
                let first = rng.below(4);
                let second = (first + rng.range(1, 4)) % 4;
                [first, second].map(|event| (event, 1 + rng.below(TICKETS_MAX) as u64)).to_vec()
            };
            (0..80).map(|_| plan()).collect()
        })
        .collect();
    let replies = together(&server, plans.len(), |client, conn| {
        let line = |bookings: &Vec<(usize, u64)>| {
            let bookings = bookings.iter().map(|(event, count)| format!(" {} {count}", events[*event]));
            format!("BOOK{}\n", bookings.collect::<String>())
        };
        conn.send_bytes(plans[client].iter().map(line).collect::<String>());
        plans[client].iter().map(|_| conn.reply()).collect::<Vec<_>>()
    });
    let (mut tickets, mut commits) = (vec![Vec::new(); events.len()], 0);
    for (bookings, reply) in plans.iter().flatten().zip(replies.iter().flatten()) {
        if reply.is_ok() {
            commits += 1;
            let booked = reply.ok()["bookings"].as_array().unwrap();
            assert_eq!(booked.len(), bookings.len(), "{reply:?}");
            for ((event, count), booked) in bookings.iter().zip(booked) {
                assert_eq!(booked["event_id"], events[*event], "in the order written");
                let issued = words(&booked["tickets"]);
                assert_eq!(issued.len() as u64, *count, "all or nothing");
                tickets[*event].extend(issued);
            }
        } else {
            let refusal = reply.err("SOLD_OUT");
            let (event, count) =
                bookings.iter().find(|(event, _)| refusal["event_id"] == events[*event]).expect("its event");
            assert_eq!(refusal["requested"], *count, "of event {event}");
            assert!(refusal["available"].as_u64().unwrap() < *count, "refused with enough left: {reply:?}");
        }
    }
    for replayed in ["nothing", "the journal", "a snapshot"] {
        if replayed == "a snapshot" {
            server.connect().ask("SNAPSHOT").ok();
        }
        if replayed != "nothing" {
            server.kill9();
            server.start_again();
        }
        let mut left = Vec::new();
        for (event, tickets) in events.iter().zip(&tickets) {
            left.push(server.connect().ask(&format!("GET {event}")).number("available_tickets"));
            assert_eq!(left[left.len() - 1] + tickets.len() as u64, TOTAL, "total = available + sold");
            check_tickets(&mut server.connect(), event, tickets);
        }
        let not_sold_out = left.iter().filter(|left| **left >= TICKETS_MAX as u64).count();
        assert!(not_sold_out <= 1, "not sold out: {left:?}");
        let stats = server.connect().ask("STATS");
        assert_eq!(stats.number("tickets"), tickets.iter().map(Vec::len).sum::<usize>() as u64);
        assert_eq!(stats.number("sequence"), events.len() as u64 + commits, "a commit for each booking");
    }
}

#[test]
fn hour_is_taken_once_by_concurrent_requests() {
    let server = Server::fresh();
    let replies = together(&server, 300, |client, conn| match client % 3 {
        0 => conn.ask("BLOCK F1 2026-11-21 09:00"),
        1 => conn.ask(&format!("MEET F1 2026-11-21 09:00 t{client} q{client}")),
        _ => conn.ask(&format!("MEET q{client} 2026-11-21 09:00 t{client} p{client},F1")),
    });
    let taken: Vec<&Reply> = replies.iter().filter(|reply| reply.is_ok()).collect();
    assert_eq!(taken.len(), 1, "{taken:?}");
    for reply in replies.iter().filter(|reply| !reply.is_ok()) {
        assert_eq!(reply.busy(), ["F1"]);
    }
    // The clients that were refused have nothing at that hour.
    let mut conn = server.connect();
    let winner = taken[0].ok();
    for client in 0..300 {
        let day = conn.ask(&format!("GET q{client} 2026-11-21"));
        let entries = day.ok()["schedule"].as_array().unwrap();
        let won = winner["title"] == format!("t{client}");
        assert_eq!(entries.len(), usize::from(won), "q{client}: {entries:?}");
    }
    assert_eq!(conn.ask("STATS").number("entries"), 1);
}

/// Meetings whose people overlap: an accepted meeting is in all its calendars, nobody is in two, and every
/// refusal names people who are busy.
#[test]
fn overlapping_meetings_are_mutually_exclusive() {
    let mut rng = Rng::from_environment();
    let server = Server::fresh();
    let people: Vec<String> = (0..24).map(|n| format!("p{n}")).collect();
    let groups: Vec<Vec<String>> = (0..240).map(|_| rng.some(&people, 6)).collect();
    let replies = together(&server, groups.len(), |client, conn| {
        let group = &groups[client];
        conn.ask(&format!(
            "MEET {} 2026-11-21 10:00 t{client} {} {}",
            group[0],
            group.join(","),
            group[group.len() - 1]
        ))
    });
    let mut taken: BTreeMap<&str, String> = BTreeMap::new();
    for ((client, reply), group) in
        replies.iter().enumerate().zip(&groups).filter(|((_, reply), _)| reply.is_ok())
    {
        assert_eq!(words(&reply.ok()["group"]), *group);
        for person in group {
            let other = taken.insert(person, format!("t{client}"));
            assert_eq!(other, None, "{person} is in two meetings, the other is t{client}");
        }
    }
    for (reply, group) in replies.iter().zip(&groups).filter(|(reply, _)| !reply.is_ok()) {
        let busy = reply.busy();
        assert!(!busy.is_empty());
        for person in &busy {
            assert!(group.contains(person), "{person} is not in the request: {group:?}");
            assert!(taken.contains_key(person.as_str()), "{person} is not busy");
        }
    }
    let mut conn = server.connect();
    for person in &people {
        let day = conn.ask(&format!("GET {person} 2026-11-21"));
        let titles: Vec<&str> = day.ok()["schedule"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["meet"]["title"].as_str().unwrap())
            .collect();
        let expected: Vec<&str> = taken.get(person.as_str()).map(String::as_str).into_iter().collect();
        assert_eq!(titles, expected, "{person}");
    }
}

/// Thousands of moves between the same two days, half of them in each direction. Taking locks in the order of
/// the request would deadlock.
#[test]
fn concurrent_moves_between_two_days_do_not_deadlock() {
    const MOVES: usize = 20_000;
    let server = Server::fresh_with(&["--durability", "never", "--threads", "4"]);
    let days = ["2026-11-21", "2026-11-22"];
    together(&server, 8, |client, conn| {
        let (here, there) = (days[client % 2], days[1 - client % 2]);
        conn.ask(&format!("BLOCK w{client} {here} 10:00")).ok();
        let to = format!("PUT w{client} {here} 10:00 BLOCK {there} 10:00\n");
        let fro = format!("PUT w{client} {there} 10:00 MEET {here} 10:00 talk w{client}\n");
        let replies = conn.pipeline((to + &fro).repeat(MOVES / 2).into_bytes(), MOVES);
        assert!(replies.iter().all(|line| line.starts_with("OK ")));
        let day = conn.ask(&format!("GET w{client} {here}"));
        assert_eq!(day.ok()["schedule"][0]["meet"]["title"], "talk");
    });
    assert_eq!(server.connect().ask("STATS").number("entries"), 8);
}

/// Meetings, moves and deletions of shared people across days: no meeting is in the calendars of only some of
/// its people.
#[test]
fn concurrent_moves_leave_every_meeting_with_all_its_people() {
    let mut rng = Rng::from_environment();
    let server = Server::fresh();
    let slots = ["2026-11-21 10:00", "2026-11-22 10:00", "2026-11-23 11:00"];
    let forks: Vec<_> = (0..60).map(|_| std::sync::Mutex::new(rng.fork())).collect();
    together(&server, forks.len(), |client, conn| {
        let mut rng = forks[client].lock().unwrap();
        let who = format!("w{}", client % 20);
        for step in 0..60 {
            let (old, new) = (rng.pick(&slots), rng.pick(&slots));
            let mate = format!("w{}", rng.below(20));
            let reply = match rng.below(6) {
                0 => conn.ask(&format!("BLOCK {who} {old}")),
                1 => conn.ask(&format!("DELETE {who} {old}")),
                2 => conn.ask(&format!("MEET {who} {old} m{client}-{step} {mate}")),
                3 => conn.ask(&format!("PUT {who} {old} BLOCK {new}")),
                4 => conn.ask(&format!("GET {mate} {}", &old[..10])),
                _ => conn.ask(&format!("PUT {who} {old} MEET {new} m{client}-{step} {mate}")),
            };
            let code = reply.code.as_deref();
            assert!(matches!(code, None | Some("CONFLICT" | "NOT_FOUND" | "FORBIDDEN")), "{reply:?}");
        }
    });
    let mut conn = server.connect();
    // A meeting that is in one calendar is in those of its host and its whole group, and in no other.
    let mut seen: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for n in 0..20 {
        for slot in slots {
            let who = format!("w{n}");
            let day = conn.ask(&format!("GET {who} {}", &slot[..10]));
            for entry in day.ok()["schedule"].as_array().unwrap() {
                let meet = &entry["meet"];
                let Some(title) = meet["title"].as_str().filter(|title| !title.is_empty()) else {
                    continue;
                };
                let (there, invited) = seen.entry(format!("{title} at {slot}")).or_default();
                there.insert(who.clone());
                invited.extend(words(&meet["group"]));
                invited.insert(meet["host"].as_str().unwrap().to_owned());
            }
        }
    }
    for (meeting, (there, invited)) in seen {
        assert_eq!(there, invited, "{meeting}");
    }
}

#[test]
fn event_id_is_created_once_by_concurrent_requests() {
    let server = Server::fresh();
    let replies =
        together(&server, 200, |client, conn| conn.ask(&format!("CREATE n{client} 2026-01-01 5 id=same")));
    assert_eq!(replies.iter().filter(|reply| reply.is_ok()).count(), 1);
    assert!(replies.iter().all(|reply| reply.is_ok() || reply.code.as_deref() == Some("CONFLICT")));
    let mut conn = server.connect();
    let winner = replies.iter().find(|reply| reply.is_ok()).unwrap();
    assert_eq!(conn.ask("GET same").ok(), winner.ok());
    assert_eq!(conn.ask("GET").rows.len(), 1);
    assert_eq!(conn.ask("STATS").number("events"), 1);
}
