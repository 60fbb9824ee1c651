//! The sale of a few events to many clients that pipeline bookings and reads.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bookline_testkit::in_process::Server;
use bookline_testkit::{AsyncConn, Reply, Rng};
use serde_json::Value;

const CLIENTS: u64 = 12;

/// The number of batches that each client sends, and the largest number of lines in one.
const BATCHES: usize = 40;
const LINES: usize = 12;

const EVENTS: [&str; 3] = ["jazz", "rock", "open"];

/// Less than the clients ask for, so that all events are sold out at the end.
const TICKETS: u64 = 2_000;

/// What a reply contains about an event.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    /// A booking of `count` tickets, after which `left` are left.
    Sold { count: u64, left: u64 },
    /// The number of tickets left.
    Left(u64),
}

/// A request about an event and its reply.
#[derive(Debug, Clone)]
struct Observation {
    client: u64,
    /// The logical times of request and reply.
    sent: u64,
    received: u64,
    event: String,
    outcome: Outcome,
}

/// What all clients share.
#[derive(Debug, Default)]
struct Shared {
    clock: AtomicU64,
    /// The tickets in replies, and their events.
    tickets: Mutex<Vec<(String, String)>>,
}

impl Shared {
    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }
}

/// A request, with what its reply must contain.
enum Request {
    Book(String, u64),
    /// Of two different events.
    BookBoth([(String, u64); 2]),
    Event(String),
    /// An update of the name, which leaves the tickets as they are.
    Rename(String, u64),
    List,
    /// A ticket that another reply has contained before.
    Ticket(String, String),
}

/// Sells all tickets, and checks the replies.
pub async fn sell(seed: u64) {
    let server = Server::fresh().await;
    let mut conn = server.connect().await;
    for event in EVENTS {
        conn.ask(&format!("CREATE {event} 2026-12-31 {TICKETS} id={event}")).await.ok();
    }
    let shared = Arc::new(Shared::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let rng = Rng::new(seed << 8 | client);
            tokio::spawn(buy(server.address, client, rng, shared.clone()))
        })
        .collect();
    // Concurrent snapshots must not affect anything.
    let mut all = Vec::new();
    for client in clients {
        conn.ask("SNAPSHOT").await.ok();
        all.extend(client.await.expect("a client"));
    }
    for event in EVENTS {
        let observed: Vec<&Observation> = all.iter().filter(|observed| observed.event == event).collect();
        let left = check(event, &observed);
        assert_eq!(conn.ask(&format!("GET {event}")).await.number("available_tickets"), left);
    }
    let tickets = shared.tickets.lock().expect("no panic under the lock").clone();
    check_tickets(&mut conn, &tickets, &all).await;
    drop(conn);

    // All of it survives a kill.
    let server = Server::on(server.kill().await).await.expect("recovery succeeds");
    let mut conn = server.connect().await;
    check_tickets(&mut conn, &tickets, &all).await;
    conn.finish().await;
    server.stop().await;
}

async fn buy(
    address: std::net::SocketAddr,
    client: u64,
    mut rng: Rng,
    shared: Arc<Shared>,
) -> Vec<Observation> {
    let mut conn = AsyncConn::open(address).await;
    let mut all = Vec::new();
    for _ in 0..BATCHES {
        let requests: Vec<Request> = (0..=rng.below(LINES)).map(|_| draw(&mut rng, &shared)).collect();
        let lines: String = requests.iter().map(Request::line).collect();
        let sent = shared.tick();
        conn.send(lines.as_bytes()).await;
        for request in requests {
            let reply = conn.reply().await.expect("a reply");
            let received = shared.tick();
            let observed = |event: &str, outcome| Observation {
                client,
                sent,
                received,
                event: event.to_owned(),
                outcome,
            };
            request.check(&reply, &shared, &mut |event, outcome| all.push(observed(event, outcome)));
        }
    }
    all
}

fn draw(rng: &mut Rng, shared: &Shared) -> Request {
    let event = (*rng.pick(&EVENTS)).to_owned();
    match rng.below(12) {
        0..4 => Request::Book(event, 1 + rng.below(4) as u64),
        4..6 => {
            let others: Vec<&str> = EVENTS.into_iter().filter(|other| *other != event).collect();
            let other = (*rng.pick(&others)).to_owned();
            Request::BookBoth([event, other].map(|event| (event, 1 + rng.below(4) as u64)))
        }
        6..9 => Request::Event(event),
        9 => Request::Rename(event, rng.next() % 100),
        10 => Request::List,
        _ => {
            let tickets = shared.tickets.lock().expect("no panic under the lock");
            match tickets.is_empty() {
                true => Request::Event(event),
                // The newest tickets, of which a shard might not know yet.
                false => {
                    let back = rng.below(tickets.len().min(4));
                    let (ticket, event) = tickets[tickets.len() - 1 - back].clone();
                    Request::Ticket(ticket, event)
                }
            }
        }
    }
}

impl Request {
    fn line(&self) -> String {
        match self {
            Self::Book(event, count) => format!("BOOK {event} {count}\n"),
            Self::BookBoth([(one, count), (other, other_count)]) => {
                format!("BOOK {one} {count} {other} {other_count}\n")
            }
            Self::Event(event) => format!("GET {event}\n"),
            Self::Rename(event, n) => format!("UPDATE {event} name=\"name {n}\"\n"),
            Self::List => "GET\n".to_owned(),
            Self::Ticket(ticket, _) => format!("TICKET {ticket}\n"),
        }
    }

    fn check(&self, reply: &Reply, shared: &Shared, observed: &mut dyn FnMut(&str, Outcome)) {
        match self {
            Self::Book(event, count) => match reply.code.as_deref() {
                None => observed(event, sold(event, *count, &reply.body, shared)),
                Some("SOLD_OUT") => observed(event, sold_out(*count, reply)),
                Some(_) => panic!("{reply:?}"),
            },
            Self::BookBoth(bookings) => match reply.code.as_deref() {
                None => {
                    let booked = reply.body["bookings"].as_array().expect("a list");
                    assert_eq!(booked.len(), bookings.len(), "{reply:?}");
                    for ((event, count), booked) in bookings.iter().zip(booked) {
                        assert_eq!(booked["event_id"], event.as_str(), "{reply:?}");
                        observed(event, sold(event, *count, booked, shared));
                    }
                }
                Some("SOLD_OUT") => {
                    let of_event = |booking: &&(String, u64)| reply.body["event_id"] == booking.0.as_str();
                    let (event, count) = bookings.iter().find(of_event).expect("a requested event");
                    observed(event, sold_out(*count, reply));
                }
                Some(_) => panic!("{reply:?}"),
            },
            Self::Event(event) => {
                reply.ok();
                observed(event, Outcome::Left(reply.number("available_tickets")));
            }
            Self::Rename(event, n) => {
                assert_eq!(reply.ok()["name"], format!("name {n}"));
                observed(event, Outcome::Left(reply.number("available_tickets")));
            }
            Self::List => {
                assert_eq!(reply.rows.len(), EVENTS.len(), "{reply:?}");
                for row in &reply.rows {
                    let left = row["available_tickets"].as_u64().expect("a number");
                    observed(row["id"].as_str().expect("an id"), Outcome::Left(left));
                }
            }
            Self::Ticket(_, event) => assert_eq!(reply.ok()["event_id"], Value::from(event.as_str())),
        }
    }
}

/// What a booking contains. Its tickets are known from now on.
fn sold(event: &str, count: u64, booked: &Value, shared: &Shared) -> Outcome {
    let tickets: Vec<String> = serde_json::from_value(booked["tickets"].clone()).expect("tickets");
    assert_eq!(tickets.len() as u64, count, "{booked}");
    let mut known = shared.tickets.lock().expect("no panic under the lock");
    known.extend(tickets.into_iter().map(|ticket| (ticket, event.to_owned())));
    Outcome::Sold { count, left: booked["available_tickets"].as_u64().expect("a number") }
}

/// What a refusal of so many tickets contains.
fn sold_out(count: u64, reply: &Reply) -> Outcome {
    let left = reply.number("available");
    assert!(left < count && reply.number("requested") == count, "{reply:?}");
    Outcome::Left(left)
}

/// Orders all sales of an event by the tickets left, and asserts that this order agrees with the times of
/// requests and replies. Returns the number of tickets left.
fn check(event: &str, observed: &[&Observation]) -> u64 {
    let mut sales: Vec<(u64, u64)> = observed
        .iter()
        .filter_map(|observed| match observed.outcome {
            Outcome::Sold { count, left } => Some((left, count)),
            Outcome::Left(_) => None,
        })
        .collect();
    sales.sort_unstable_by(|a, b| b.cmp(a));
    // The number of sales before each number of tickets left.
    let mut places = BTreeMap::from([(TICKETS, 0_u64)]);
    let mut before = TICKETS;
    for (n, &(left, count)) in sales.iter().enumerate() {
        assert_eq!(left + count, before, "{event}: {count} tickets sold of {before} leave {left}");
        places.insert(left, n as u64 + 1);
        before = left;
    }
    // Twice the number of sales, plus one for a read, which comes after the sale that it saw.
    let place = |observed: &Observation| match observed.outcome {
        Outcome::Sold { left, .. } => 2 * places[&left],
        Outcome::Left(left) => {
            let place = places.get(&left);
            2 * place.unwrap_or_else(|| panic!("{event}: there were never {left} left: {observed:?}")) + 1
        }
    };
    check_order(
        observed
            .iter()
            .map(|observed| (observed.sent, observed.received, place(observed), *observed))
            .collect(),
    );
    let mut by_client = observed.to_vec();
    by_client.sort_by_key(|observed| (observed.client, observed.received));
    for pair in by_client.windows(2).filter(|pair| pair[0].client == pair[1].client) {
        assert!(place(pair[0]) <= place(pair[1]), "a connection saw an older state: {pair:?}");
    }
    before
}

/// Asserts that a request that was answered before another one was sent comes before it in the order.
fn check_order(mut by_sent: Vec<(u64, u64, u64, &Observation)>) {
    let mut by_received = by_sent.clone();
    by_sent.sort_by_key(|&(sent, ..)| sent);
    by_received.sort_by_key(|&(_, received, ..)| received);
    let mut replies = by_received.into_iter().peekable();
    let mut latest: Option<(u64, &Observation)> = None;
    for (sent, _, place, observed) in by_sent {
        while let Some((_, _, place, observed)) = replies.next_if(|&(_, received, ..)| received < sent) {
            if latest.is_none_or(|(latest, _)| place > latest) {
                latest = Some((place, observed));
            }
        }
        if let Some((latest, earlier)) = latest {
            assert!(latest <= place, "{earlier:?} was received before {observed:?} was sent");
        }
    }
}

/// Asserts that every ticket exists once, and no others.
async fn check_tickets(conn: &mut AsyncConn, tickets: &[(String, String)], all: &[Observation]) {
    let different: HashSet<&String> = tickets.iter().map(|(ticket, _)| ticket).collect();
    assert_eq!(different.len(), tickets.len(), "a ticket was issued twice");
    let sold =
        all.iter().map(|observed| if let Outcome::Sold { count, .. } = observed.outcome { count } else { 0 });
    assert_eq!(sold.sum::<u64>(), tickets.len() as u64);
    for some in tickets.chunks(500) {
        let lines: String = some.iter().map(|(ticket, _)| format!("TICKET {ticket}\n")).collect();
        conn.send(lines.as_bytes()).await;
        for (ticket, event) in some {
            let reply = conn.reply().await.expect("a reply");
            assert_eq!(reply.ok()["event_id"], Value::from(event.as_str()), "{ticket}");
        }
    }
    let stats = conn.ask("STATS").await;
    assert_eq!(stats.number("tickets"), tickets.len() as u64);
    let mut available = 0;
    for event in EVENTS {
        available += conn.ask(&format!("GET {event}")).await.number("available_tickets");
    }
    assert_eq!(available + tickets.len() as u64, EVENTS.len() as u64 * TICKETS, "an event is oversold");
}
