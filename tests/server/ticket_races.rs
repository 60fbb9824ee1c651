//! Races of bookings, holds, cancellations, check-ins and deletions, over real connections. Each is followed
//! by a check of every invariant, which is repeated after a kill.
//!
//! Catches: a hold that is confirmed twice, or after its deadline; a ticket that returns to sale twice, or
//! that is checked in after its cancellation; tickets that are neither available, held nor issued; an id of a
//! deleted event that resolves to the event that has the same id now; a deadlock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use bookline_testkit::process::Server;
use bookline_testkit::reply::words;
use bookline_testkit::{Conn, Reply, Rng};

use crate::audit::{audit, audit_all, audit_and_kill, micros, text};
use crate::contention::together;

const SECOND_MICROS: i64 = 1_000_000;

/// A hold that falls due within a second.
struct Expiring {
    id: String,
    /// In microseconds since 1970 (UTC).
    deadline: i64,
}

/// Makes `count` holds of `tickets` tickets that expire after a second.
fn hold_for_a_second(conn: &mut Conn, event: &str, count: usize, tickets: u32) -> Vec<Expiring> {
    let held = conn.ask_all(&vec![format!("HOLD {event} {tickets} ttl=1"); count]);
    let expiring = |reply: &Reply| Expiring {
        id: text(&reply.ok()["hold_id"]),
        deadline: micros(&reply.body["expires_at"]),
    };
    held.iter().map(expiring).collect()
}

/// Polls until it is this time, in microseconds since 1970 (UTC).
fn wait_until(conn: &mut Conn, time: i64) {
    while now() < time {
        conn.ask("PING").ok();
    }
}

/// Makes holds of event `x`, and lets many clients send a request about each of them at about its deadline.
/// Returns the holds, each with all replies.
fn ask_at_deadlines(
    server: &Server,
    rng: &mut Rng,
    tickets: u32,
    line: impl Fn(&Expiring, &mut Rng) -> String + Sync,
) -> Vec<(Expiring, Vec<Reply>)> {
    const CLIENTS: usize = 200;
    const ROUNDS: usize = 5;
    const HOLDS: usize = 40;
    const BETWEEN_ROUNDS_MICROS: i64 = 80_000;
    let mut conn = server.connect();
    conn.ask(&format!("CREATE x 2026-12-31 {} id=x", ROUNDS * HOLDS * tickets as usize)).ok();
    let mut rounds: Vec<(i64, Vec<Expiring>)> = Vec::new();
    for _ in 0..ROUNDS {
        let holds = hold_for_a_second(&mut conn, "x", HOLDS, tickets);
        wait_until(&mut conn, holds[0].deadline - SECOND_MICROS + BETWEEN_ROUNDS_MICROS);
        // The clients start when the first one has seen this time, and that takes some milliseconds.
        rounds.push((holds[0].deadline + 2_000 - rng.range(0, 8_000) as i64, holds));
    }
    let (forks, start) = (forks(rng, CLIENTS), Barrier::new(CLIENTS));
    let replies = together(server, CLIENTS, |client, conn| {
        let mut rng = forks[client].lock().unwrap();
        let one_round = |(time, holds): &(i64, Vec<Expiring>)| {
            let lines: String = holds.iter().map(|hold| line(hold, &mut rng) + "\n").collect();
            if client == 0 {
                wait_until(conn, *time);
            }
            start.wait();
            conn.send_bytes(lines);
            holds.iter().map(|_| conn.reply()).collect::<Vec<_>>()
        };
        rounds.iter().flat_map(one_round).collect::<Vec<_>>()
    });
    let holds = rounds.into_iter().flat_map(|(_, holds)| holds).enumerate();
    holds.map(|(n, hold)| (hold, replies.iter().map(|replies| replies[n].clone()).collect())).collect()
}

/// The system clock, which the server's time follows.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(elapsed.as_micros()).expect("a date")
}

/// A generator for each client.
fn forks(rng: &mut Rng, clients: usize) -> Vec<Mutex<Rng>> {
    (0..clients).map(|_| Mutex::new(rng.fork())).collect()
}

/// Hundreds of clients confirm holds in the milliseconds in which these expire: one of them gets the tickets
/// of a hold, or none does.
#[test]
fn hold_that_expires_is_confirmed_once_or_never() {
    let mut rng = Rng::from_environment();
    let mut server = Server::fresh_with(&["--threads", "4"]);
    let holds = ask_at_deadlines(&server, &mut rng, 3, |hold, rng| {
        format!("CONFIRM {} {}", hold.id, rng.range(1, 4))
    });
    let (mut sold, mut confirmed) = (BTreeSet::new(), 0);
    for (hold, replies) in &holds {
        let winners: Vec<_> = replies.iter().filter(|reply| reply.is_ok()).collect();
        assert!(winners.len() <= 1, "{} was confirmed twice: {winners:?}", hold.id);
        confirmed += winners.len();
        sold.extend(winners.iter().flat_map(|winner| winner.tickets()));
        for reply in replies.iter().filter(|reply| !reply.is_ok()) {
            if winners.is_empty() {
                assert_eq!(micros(&reply.err("EXPIRED")["at"]), hold.deadline);
            } else {
                let refusal = reply.err("CONFLICT");
                assert_eq!(refusal["status"], "confirmed");
                assert!(micros(&refusal["at"]) < hold.deadline, "confirmed at its deadline or later");
            }
        }
    }
    println!("{confirmed} of {} holds were confirmed", holds.len());
    server.connect().ask_until("GET x", |event| event.number("held_tickets") == 0);
    let shown: Vec<_> = holds.iter().map(|(hold, _)| format!("HOLD {}", hold.id)).collect();
    let events = audit_and_kill(&mut server, &shown);
    assert_eq!(events["x"].ids("booked"), sold);
    let mut conn = server.connect();
    let shown = shown.iter().filter(|line| conn.ask(line).ok()["status"] == "confirmed").count();
    assert_eq!(shown, confirmed);
}

/// Clients extend holds in the milliseconds in which these expire. An accepted extension is decided before
/// the deadline that it replaces.
#[test]
fn hold_is_extended_before_its_deadline_only() {
    let mut rng = Rng::from_environment();
    let mut server = Server::fresh_with(&["--threads", "4"]);
    let holds = ask_at_deadlines(&server, &mut rng, 1, |hold, _| format!("EXTEND {} 1", hold.id));
    let mut conn = server.connect();
    let mut extended = 0;
    for (hold, replies) in &holds {
        let accepted = replies.iter().filter(|reply| reply.is_ok());
        let mut deadlines: Vec<_> = accepted.map(|reply| micros(&reply.body["expires_at"])).collect();
        extended += usize::from(!deadlines.is_empty());
        deadlines.push(hold.deadline);
        deadlines.sort_unstable();
        for pair in deadlines.windows(2) {
            assert!(pair[1] - SECOND_MICROS < pair[0], "{} was extended too late: {deadlines:?}", hold.id);
        }
        let last = deadlines[deadlines.len() - 1];
        for reply in replies.iter().filter(|reply| !reply.is_ok()) {
            assert_eq!(micros(&reply.err("EXPIRED")["at"]), last, "{}", hold.id);
        }
        let shown = conn.ask_until(&format!("HOLD {}", hold.id), |shown| shown.ok()["status"] == "expired");
        assert_eq!(micros(&shown.body["expires_at"]), last, "{}", hold.id);
    }
    println!("{extended} of {} holds were extended", holds.len());
    conn.ask_until("GET x", |event| event.number("available_tickets") == holds.len() as u64);
    drop(conn);
    let shown: Vec<_> = holds.iter().map(|(hold, _)| format!("HOLD {}", hold.id)).collect();
    audit_and_kill(&mut server, &shown);
}

/// Clients cancel the same tickets of two events, and check them in and out, until few are left.
#[test]
fn ticket_returns_to_sale_once_beside_cancellations_and_check_ins() {
    const CLIENTS: usize = 60;
    const STEPS: usize = 80;
    let mut rng = Rng::from_environment();
    let mut server = Server::fresh_with(&["--threads", "4"]);
    let mut conn = server.connect();
    let mut tickets = Vec::new();
    for event in ["x", "y"] {
        conn.ask(&format!("CREATE {event} 2026-12-31 1000 id={event}")).ok();
        tickets.extend(conn.ask(&format!("BOOK {event} 300 for=\"Ada Lovelace\"")).tickets());
    }
    let forks = forks(&mut rng, CLIENTS);
    let done = together(&server, CLIENTS, |client, conn| {
        let mut rng = forks[client].lock().unwrap();
        let (mut cancelled, mut checked_in) = (Vec::new(), BTreeMap::<String, i64>::new());
        for _ in 0..STEPS {
            let chosen = rng.some(&tickets, 4);
            let ticket = &chosen[0];
            match rng.below(4) {
                0 | 1 => {
                    let reply = conn.ask(&format!("CANCEL {}", chosen.join(" ")));
                    if reply.is_ok() {
                        assert_eq!(words(&reply.body["cancelled"]), chosen);
                        cancelled.extend(chosen);
                    } else {
                        let taken = words(&reply.err("CONFLICT")["tickets"]);
                        assert!(!taken.is_empty() && taken.iter().all(|taken| chosen.contains(taken)));
                    }
                }
                step => {
                    let undo = step == 3;
                    let option = if undo { " undo=yes" } else { "" };
                    let reply = conn.ask(&format!("CHECKIN {ticket}{option}"));
                    if reply.is_ok() {
                        let status = if undo { "booked" } else { "checked_in" };
                        assert_eq!(
                            (&reply.body["status"], &reply.body["for"]),
                            (&status.into(), &"Ada Lovelace".into())
                        );
                        *checked_in.entry(ticket.clone()).or_default() += if undo { -1 } else { 1 };
                    } else {
                        let refusal = reply.err("CONFLICT");
                        let allowed =
                            if undo { ["booked", "cancelled"] } else { ["checked_in", "cancelled"] };
                        assert!(allowed.iter().any(|status| refusal["status"] == *status), "{reply:?}");
                        assert!(micros(&refusal["at"]) <= now(), "{reply:?}");
                    }
                }
            }
        }
        (cancelled, checked_in)
    });
    let (mut cancelled, mut checked_in) = (BTreeSet::new(), BTreeMap::<String, i64>::new());
    for (cancelled_by_one, checked_in_by_one) in done {
        for ticket in cancelled_by_one {
            assert!(cancelled.insert(ticket.clone()), "{ticket} was cancelled twice");
        }
        for (ticket, count) in checked_in_by_one {
            *checked_in.entry(ticket).or_default() += count;
        }
    }
    assert!(checked_in.values().all(|count| (0..=1).contains(count)), "{checked_in:?}");
    let inside: BTreeSet<_> =
        checked_in.into_iter().filter(|(_, count)| *count == 1).map(|(ticket, _)| ticket).collect();
    println!("{} cancelled, {} inside", cancelled.len(), inside.len());
    drop(conn);
    let events = audit_and_kill(&mut server, &[]);
    let all = |status| events.values().flat_map(|event| event.ids(status)).collect::<BTreeSet<_>>();
    assert_eq!((all("cancelled"), all("checked_in")), (cancelled.clone(), inside));
    let left: u64 = events.values().map(|event| event.number("available_tickets")).sum();
    assert_eq!(left, 2 * 1_000 - 600 + cancelled.len() as u64);
}

/// What a client of [`number_of_tickets_is_never_below_those_issued_and_held`] has.
#[derive(Default)]
struct Customer {
    valid: Vec<String>,
    cancelled: Vec<String>,
    holds: Vec<(String, u64)>,
}

impl Customer {
    fn step(&mut self, conn: &mut Conn, rng: &mut Rng) {
        let count = rng.range(1, 5) as u64;
        match rng.below(6) {
            0 | 1 => {
                let reply = conn.ask(&format!("BOOK x {count}"));
                if !is_sold_out(&reply, count) {
                    self.valid.extend(reply.tickets());
                }
            }
            2 => {
                let reply = conn.ask(&format!("HOLD x {count} ttl=7200"));
                if !is_sold_out(&reply, count) {
                    self.holds.push((text(&reply.ok()["hold_id"]), count));
                }
            }
            3 if !self.holds.is_empty() => {
                let (hold, held) = self.holds.swap_remove(rng.below(self.holds.len()));
                let confirmed = 1 + rng.next() % held;
                let reply = conn.ask(&format!("CONFIRM {hold} {confirmed}"));
                assert_eq!(reply.tickets().len() as u64, confirmed);
                self.valid.extend(reply.tickets());
            }
            4 if !self.holds.is_empty() => {
                let (hold, held) = self.holds.swap_remove(rng.below(self.holds.len()));
                assert_eq!(conn.ask(&format!("RELEASE {hold}")).ok()["released"], held);
            }
            5 if !self.valid.is_empty() => {
                let ticket = self.valid.swap_remove(rng.below(self.valid.len()));
                conn.ask(&format!("CANCEL {ticket}")).ok();
                self.cancelled.push(ticket);
            }
            _ => {
                // The server checks its counters against the state, with all shards locked.
                conn.ask("STATS").ok();
            }
        }
    }
}

/// Whether a request for `count` tickets was refused because fewer are left.
fn is_sold_out(reply: &Reply, count: u64) -> bool {
    if reply.is_ok() {
        return false;
    }
    let refusal = reply.err("SOLD_OUT");
    assert_eq!(refusal["requested"], count);
    assert!(refusal["available"].as_u64() < Some(count), "refused with enough left: {reply:?}");
    assert!(refusal["held"].is_u64(), "{reply:?}");
    true
}

/// Updates of the number of tickets beside everything that takes tickets and gives them back.
#[test]
fn number_of_tickets_is_never_below_those_issued_and_held() {
    const CLIENTS: usize = 80;
    const STEPS: usize = 40;
    let mut rng = Rng::from_environment();
    let mut server = Server::fresh_with(&["--threads", "4"]);
    server.connect().ask("CREATE x 2026-12-31 200 id=x").ok();
    let forks = forks(&mut rng, CLIENTS);
    let customers = together(&server, CLIENTS, |client, conn| {
        let mut rng = forks[client].lock().unwrap();
        let mut customer = Customer::default();
        for _ in 0..STEPS {
            if client % 4 > 0 {
                customer.step(conn, &mut rng);
                continue;
            }
            let total = rng.range(1, 1_000) as u64;
            let reply = conn.ask(&format!("UPDATE x tickets={total}"));
            if reply.is_ok() {
                let taken = total.checked_sub(reply.number("available_tickets"));
                assert!(taken >= Some(reply.number("held_tickets")), "{reply:?}");
            } else {
                let refusal = reply.err("CONFLICT");
                let [issued, held] = ["issued", "held"].map(|field| refusal[field].as_u64().unwrap());
                assert!(issued + held > total && refusal["requested"] == total, "{reply:?}");
            }
        }
        customer
    });
    let holds: Vec<_> = customers.iter().flat_map(|customer| &customer.holds).collect();
    let shown: Vec<_> = holds.iter().map(|(hold, _)| format!("HOLD {hold}")).collect();
    let events = audit_and_kill(&mut server, &shown);
    let event = &events["x"];
    assert_eq!(event.number("held_tickets"), holds.iter().map(|(_, held)| held).sum::<u64>());
    let of = |tickets: fn(&Customer) -> &Vec<String>| {
        customers.iter().flat_map(tickets).cloned().collect::<BTreeSet<_>>()
    };
    assert_eq!(event.ids("booked"), of(|customer| &customer.valid));
    assert_eq!(event.ids("cancelled"), of(|customer| &customer.cancelled));
    // Exactly what is issued and held is the least.
    let mut conn = server.connect();
    let least = event.issued() + event.number("held_tickets");
    conn.ask(&format!("UPDATE x tickets={}", least - 1)).err("CONFLICT");
    assert_eq!(conn.ask(&format!("UPDATE x tickets={least}")).number("available_tickets"), 0);
}

/// What a client of [`deleted_event_takes_its_tickets_and_holds_with_it`] was granted.
#[derive(Default)]
struct Granted {
    /// Tickets, each with the name that its event had when the ticket was looked up first, if it still was
    /// there.
    tickets: Vec<(String, Option<String>)>,
    holds: Vec<String>,
    confirmed: usize,
    /// Valid tickets and holds of the events that it deleted.
    deleted: (u64, u64),
}

impl Granted {
    fn add_tickets(&mut self, conn: &mut Conn, tickets: Vec<String>) {
        for ticket in tickets {
            let shown = conn.ask(&format!("TICKET {ticket}"));
            let name = shown.is_ok().then(|| text(&shown.body["name"]));
            self.tickets.push((ticket, name));
        }
    }

    fn step(&mut self, conn: &mut Conn, rng: &mut Rng, created: &AtomicUsize) {
        match rng.below(9) {
            0 => {
                // The name tells which of the events with this id it is.
                let number = created.fetch_add(1, Ordering::Relaxed);
                let reply = conn.ask(&format!("CREATE event-{number} 2026-12-31 1000 id=x"));
                assert!(matches!(reply.code.as_deref(), None | Some("CONFLICT")), "{reply:?}");
            }
            1 => {
                let reply = conn.ask("DELETE x tickets=drop");
                if !is_not_found(&reply) {
                    self.deleted.0 += reply.number("tickets");
                    self.deleted.1 += reply.number("holds");
                }
            }
            2 | 3 => {
                let reply = conn.ask("BOOK x 2");
                if !is_not_found(&reply) {
                    self.add_tickets(conn, reply.tickets());
                }
            }
            4 | 5 => {
                let reply = conn.ask("HOLD x 2 ttl=7200");
                if !is_not_found(&reply) {
                    self.holds.push(text(&reply.ok()["hold_id"]));
                }
            }
            6 => {
                // The server checks its counters against the state, with all shards locked.
                conn.ask("STATS").ok();
                let listed = conn.ask("TICKETS x limit=20");
                assert!(is_not_found(&listed) || listed.rows.len() <= 20);
            }
            _ => {
                let Some(hold) = self.holds.last().cloned() else { return };
                let reply = conn.ask(&format!("CONFIRM {hold} 1"));
                if reply.code.as_deref() == Some("CONFLICT") {
                    assert_eq!(reply.body["status"], "confirmed");
                } else if !is_not_found(&reply) {
                    self.confirmed += 1;
                    self.add_tickets(conn, reply.tickets());
                }
            }
        }
    }
}

fn is_not_found(reply: &Reply) -> bool {
    if !reply.is_ok() {
        reply.err("NOT_FOUND");
    }
    !reply.is_ok()
}

/// An event is deleted and created again under the same id, beside everything that uses the id.
#[test]
fn deleted_event_takes_its_tickets_and_holds_with_it() {
    const CLIENTS: usize = 60;
    const STEPS: usize = 60;
    let mut rng = Rng::from_environment();
    let mut server = Server::fresh_with(&["--threads", "4"]);
    server.connect().ask("CREATE event 2026-12-31 1000 id=x").ok();
    let (forks, created) = (forks(&mut rng, CLIENTS), AtomicUsize::default());
    let granted = together(&server, CLIENTS, |client, conn| {
        let mut rng = forks[client].lock().unwrap();
        let mut granted = Granted::default();
        (0..STEPS).for_each(|_| granted.step(conn, &mut rng, &created));
        granted
    });
    let mut conn = server.connect();
    // The event may be there, or not.
    let present = conn.ask("CREATE event-last 2026-12-31 1000 id=x");
    assert!(matches!(present.code.as_deref(), None | Some("CONFLICT")), "{present:?}");
    let (event, name) = (audit(&mut conn, "x"), text(&conn.ask("GET x").ok()["name"]));
    let mut valid = BTreeSet::new();
    let mut dropped = Vec::new();
    for (ticket, seen) in granted.iter().flat_map(|granted| &granted.tickets) {
        let shown = conn.ask(&format!("TICKET {ticket}"));
        if is_not_found(&shown) {
            dropped.push(ticket);
            continue;
        }
        assert_eq!(shown.body["name"], name, "a ticket of an event that is gone");
        assert_eq!(seen.as_deref(), Some(name.as_str()), "the ticket was of another event: {shown:?}");
        valid.insert(ticket.clone());
    }
    assert_eq!(event.ids("booked"), valid, "the door list");
    let deleted =
        granted.iter().fold((0, 0), |sum, granted| (sum.0 + granted.deleted.0, sum.1 + granted.deleted.1));
    println!("{} events, {deleted:?} tickets and holds deleted", created.into_inner());
    assert_eq!(deleted.0, dropped.len() as u64, "deleted tickets");
    let holds: Vec<_> = granted.iter().flat_map(|granted| &granted.holds).collect();
    let confirmed: usize = granted.iter().map(|granted| granted.confirmed).sum();
    let active = event.number("held_tickets") / 2;
    assert_eq!((holds.len() - confirmed) as u64, deleted.1 + active, "deleted and active holds");
    assert_eq!(conn.ask("STATS").number("holds"), active);
    drop(conn);
    let lines = holds.iter().map(|hold| format!("HOLD {hold}"));
    let lines: Vec<_> = lines.chain(dropped.iter().map(|ticket| format!("TICKET {ticket}"))).collect();
    audit_and_kill(&mut server, &lines);

    let mut conn = server.connect();
    let deleted = conn.ask("DELETE x tickets=drop");
    assert_eq!((deleted.number("tickets"), deleted.number("holds")), (valid.len() as u64, active));
    conn.ask("CREATE anew 2026-12-31 1000 id=x").ok();
    let ids = lines.iter().cloned().chain(valid.iter().map(|ticket| format!("TICKET {ticket}")));
    for line in ids {
        conn.ask(&line).err("NOT_FOUND");
    }
    drop(conn);
    let events = audit_and_kill(&mut server, &[]);
    assert_eq!((events["x"].number("available_tickets"), events["x"].tickets.len()), (1_000, 0));
    let stats = server.connect().ask("STATS");
    let counts = ["tickets", "ticket_ids", "holds", "ended_holds", "name_bytes"];
    assert_eq!(counts.map(|count| stats.number(count)), [0; 5]);
}

/// Bookings of two events in both orders, which have to end due holds first, until the events are sold out.
#[test]
fn bookings_in_opposite_orders_end_due_holds_and_sell_every_ticket() {
    const CLIENTS: usize = 80;
    const TOTAL: u64 = 600;
    let mut rng = Rng::from_environment();
    let mut server = Server::fresh_with(&["--threads", "4"]);
    let mut conn = server.connect();
    let events = ["a", "b", "c"];
    let mut holds = Vec::new();
    for event in events {
        conn.ask(&format!("CREATE {event} 2026-12-31 {TOTAL} id={event}")).ok();
        holds.extend(hold_for_a_second(&mut conn, event, 150, 4));
        conn.ask(&format!("BOOK {event} 1")).err("SOLD_OUT");
    }
    let forks = forks(&mut rng, CLIENTS);
    wait_until(&mut conn, holds[0].deadline - 20_000);
    let sold = together(&server, CLIENTS, |client, conn| {
        let mut rng = forks[client].lock().unwrap();
        let mut sold = [const { Vec::new() }; 3];
        // Two events sold out are the end: then no pair can be booked.
        loop {
            let first = rng.below(3);
            let second = (first + rng.range(1, 3)) % 3;
            let (counts, pair) = ([rng.range(1, 4), rng.range(1, 4)], [first, second]);
            let bookings =
                pair.iter().zip(counts).map(|(event, count)| format!(" {} {count}", events[*event]));
            let reply = conn.ask(&format!("BOOK{}", bookings.collect::<String>()));
            if reply.is_ok() {
                for (booked, (event, count)) in
                    reply.body["bookings"].as_array().unwrap().iter().zip(pair.iter().zip(counts))
                {
                    assert_eq!(booked["event_id"], events[*event]);
                    let tickets = words(&booked["tickets"]);
                    assert_eq!(tickets.len(), count);
                    sold[*event].extend(tickets);
                }
                continue;
            }
            let refusal = reply.err("SOLD_OUT");
            let index = events.iter().position(|event| refusal["event_id"] == *event).expect("its event");
            let asked = counts[usize::from(index == second)] as u64;
            assert!(refusal["available"].as_u64() < Some(asked), "refused with enough left: {reply:?}");
            let left = |event: &&str| {
                let event = conn.ask(&format!("GET {event}"));
                event.number("available_tickets") + event.number("held_tickets")
            };
            if events.iter().map(left).filter(|left| *left >= 3).count() < 2 {
                return sold;
            }
        }
    });
    for event in events {
        conn.ask_until(&format!("GET {event}"), |event| event.number("held_tickets") == 0);
    }
    drop(conn);
    let audited = audit_and_kill(&mut server, &[]);
    for (index, event) in events.iter().enumerate() {
        let sold: BTreeSet<_> = sold.iter().flat_map(|sold| sold[index].clone()).collect();
        assert_eq!(audited[*event].ids("booked"), sold);
    }
    let left = audited.values().filter(|event| event.number("available_tickets") >= 3).count();
    assert!(left < 2, "not sold out");
    let mut conn = server.connect();
    let expired = holds.iter().map(|hold| format!("HOLD {}", hold.id));
    assert!(expired.into_iter().all(|line| conn.ask(&line).ok()["status"] == "expired"));
    audit_all(&mut conn);
}
