//! Tickets that many clients book.

use std::collections::{HashSet, VecDeque};

use bookline_testkit::reply::words;
use bookline_testkit::{Conn, Reply, Rng};
use serde_json::Value;

use super::load::Client;

/// The tickets of each event. The small events are sold out in the first round.
const TOTALS: [u64; 6] = [100_000, 100_000, 40_000, 3_000, 100, 1];

/// What the server has acknowledged and shown about the events in all rounds.
pub struct Sales {
    /// Tickets sold per event, as found after the last start. The number must never decrease.
    issued: [u64; TOTALS.len()],
    tickets: HashSet<String>,
    of_event: Vec<(usize, String)>,
    created: Vec<String>,
    /// Those of `created` whose update was acknowledged.
    updated: HashSet<String>,
}

enum Request {
    Book(usize, u64),
    /// Of two different events.
    BookBoth([(usize, u64); 2]),
    Read(usize),
    Ticket(usize, String),
    Create(String),
    Update(String),
    Snapshot,
}

/// A client that books and reads.
pub struct BookingClient {
    name: usize,
    snapshots: bool,
    made: usize,
    outstanding: VecDeque<Request>,
    booked: Vec<(usize, String)>,
    created: Vec<String>,
    updated: HashSet<String>,
    lowest: [u64; TOTALS.len()],
}

impl BookingClient {
    /// The client number `name`. It requests snapshots too if `snapshots` is set.
    pub fn new(name: usize, snapshots: bool) -> Self {
        Self {
            name,
            snapshots,
            made: 0,
            outstanding: VecDeque::new(),
            booked: Vec::new(),
            created: Vec::new(),
            updated: HashSet::new(),
            lowest: TOTALS,
        }
    }
}

impl Client for BookingClient {
    fn next(&mut self, rng: &mut Rng) -> Vec<u8> {
        let event = rng.below(TOTALS.len());
        let (line, request) = match rng.below(13) {
            0 if self.snapshots && rng.one_in(20) => ("SNAPSHOT".to_owned(), Request::Snapshot),
            0 => {
                let other = (event + rng.range(1, TOTALS.len())) % TOTALS.len();
                let bookings = [event, other].map(|event| (event, rng.range(1, 5) as u64));
                let [(one, count), (other, other_count)] = bookings;
                (format!("BOOK e{one} {count} e{other} {other_count}"), Request::BookBoth(bookings))
            }
            1..=6 => {
                let count = if rng.one_in(50) { rng.range(200, 2_000) } else { rng.range(1, 5) };
                (format!("BOOK e{event} {count}"), Request::Book(event, count as u64))
            }
            7..=8 => (format!("GET e{event}"), Request::Read(event)),
            9..=10 if !self.booked.is_empty() => {
                let (event, ticket) = rng.pick(&self.booked).clone();
                (format!("TICKET {ticket}"), Request::Ticket(event, ticket))
            }
            11 if !self.created.is_empty() => {
                let id = rng.pick(&self.created).clone();
                (
                    format!("UPDATE {id} name=changed date=2026-01-01 tickets=9 sales=closed"),
                    Request::Update(id),
                )
            }
            _ => {
                self.made += 1;
                let id = format!("made-{}-{}", self.name, self.made);
                (format!("CREATE \"one more\" 2027-01-01 7 id={id}"), Request::Create(id))
            }
        };
        self.outstanding.push_back(request);
        line.into_bytes()
    }

    fn on_reply(&mut self, reply: Reply) {
        match self.outstanding.pop_front().unwrap() {
            Request::Book(event, count) if reply.is_ok() => self.add_booking(event, count, reply.ok()),
            Request::BookBoth(bookings) if reply.is_ok() => {
                for (index, (event, count)) in bookings.into_iter().enumerate() {
                    self.add_booking(event, count, &reply.ok()["bookings"][index]);
                }
            }
            Request::BookBoth(bookings) => {
                let refusal = reply.err("SOLD_OUT");
                let of_event = |booking: &(usize, u64)| refusal["event_id"] == format!("e{}", booking.0);
                let (event, _) = bookings.into_iter().find(of_event).expect("a requested event");
                self.check_available(event, refusal["available"].as_u64().unwrap());
            }
            Request::Book(event, _) => {
                self.check_available(event, reply.err("SOLD_OUT")["available"].as_u64().unwrap())
            }
            Request::Read(event) => self.check_available(event, reply.number("available_tickets")),
            Request::Ticket(event, ticket) => {
                assert_eq!(reply.ok()["event_id"], format!("e{event}"), "{ticket}");
            }
            Request::Create(id) => {
                assert_eq!(reply.ok()["id"], id.as_str());
                self.created.push(id);
            }
            Request::Update(id) => {
                assert_eq!(reply.ok()["name"], "changed");
                self.updated.insert(id);
            }
            Request::Snapshot => assert!(reply.number("sequence") > 0),
        }
    }
}

impl BookingClient {
    fn add_booking(&mut self, event: usize, count: u64, booked: &Value) {
        assert_eq!(booked["event_id"], format!("e{event}"));
        let tickets = words(&booked["tickets"]);
        assert_eq!(tickets.len() as u64, count, "all or nothing");
        self.booked.extend(tickets.into_iter().map(|ticket| (event, ticket)));
        self.check_available(event, booked["available_tickets"].as_u64().unwrap());
    }

    fn check_available(&mut self, event: usize, available: u64) {
        assert!(available <= self.lowest[event], "available tickets of e{event} increased");
        self.lowest[event] = available;
    }
}

impl Sales {
    /// Creates the events.
    pub fn open(conn: &mut Conn) -> Self {
        for (event, total) in TOTALS.iter().enumerate() {
            conn.ask(&format!("CREATE \"event {event}\" 2026-12-31 {total} id=e{event}")).ok();
        }
        let (tickets, of_event, created) = (HashSet::new(), Vec::new(), Vec::new());
        Self { issued: [0; TOTALS.len()], tickets, of_event, created, updated: HashSet::new() }
    }

    /// After a kill and a start: every acknowledged change is there, nothing is oversold, and there is
    /// nothing that was not requested.
    pub fn check(&mut self, conn: &mut Conn, bookers: &mut [BookingClient]) {
        let mut least = self.issued;
        let mut most_more = [0; TOTALS.len()];
        let mut lowest = TOTALS;
        let (mut outstanding_creates, mut outstanding_updates) = (Vec::new(), HashSet::new());
        for booker in bookers.iter_mut() {
            for (event, ticket) in booker.booked.drain(..) {
                least[event] += 1;
                assert!(self.tickets.insert(ticket.clone()), "{ticket} was issued twice");
                self.of_event.push((event, ticket));
            }
            for request in booker.outstanding.drain(..) {
                match request {
                    Request::Book(event, count) => most_more[event] += count,
                    Request::BookBoth(bookings) => {
                        bookings.into_iter().for_each(|(event, count)| most_more[event] += count);
                    }
                    Request::Create(id) => outstanding_creates.push(id),
                    Request::Update(id) => drop(outstanding_updates.insert(id)),
                    Request::Read(_) | Request::Ticket(..) | Request::Snapshot => {}
                }
            }
            self.created.append(&mut booker.created);
            self.updated.extend(booker.updated.drain());
            for (event, seen) in booker.lowest.iter().enumerate() {
                lowest[event] = lowest[event].min(*seen);
            }
        }
        for (event, total) in TOTALS.into_iter().enumerate() {
            let reply = conn.ask(&format!("GET e{event}"));
            assert_eq!(reply.number("total_tickets"), total);
            let available = reply.number("available_tickets");
            assert!(
                available <= lowest[event],
                "e{event}: a read showed {} available tickets, now there are {available}",
                lowest[event]
            );
            let issued = total.checked_sub(available).expect("more available than total");
            let most = least[event] + most_more[event];
            assert!(
                (least[event]..=most).contains(&issued),
                "e{event}: {issued} sold, {} acknowledged, at most {most} with the outstanding requests",
                least[event],
            );
            self.issued[event] = issued;
        }
        self.check_tickets(conn);
        self.check_created(conn, outstanding_creates, &outstanding_updates);
    }

    /// The tickets of the events that were valid after the last start.
    pub fn issued(&self) -> u64 {
        self.issued.iter().sum()
    }

    /// The events that there were after the last start.
    pub fn events(&self) -> usize {
        TOTALS.len() + self.created.len()
    }

    fn check_tickets(&self, conn: &mut Conn) {
        let bytes: String = self.of_event.iter().map(|(_, ticket)| format!("TICKET {ticket}\n")).collect();
        let replies = conn.pipeline(bytes.into_bytes(), self.of_event.len());
        for (reply, (event, ticket)) in replies.iter().zip(&self.of_event) {
            let expected =
                format!("OK {{\"ticket\":\"{ticket}\",\"event_id\":\"e{event}\",\"status\":\"booked\",");
            assert!(reply.starts_with(&expected), "an acknowledged ticket: {reply}");
        }
    }

    fn check_created(&mut self, conn: &mut Conn, outstanding: Vec<String>, updates: &HashSet<String>) {
        let lines =
            |ids: &[String]| ids.iter().map(|id| format!("GET {id}\n")).collect::<String>().into_bytes();
        let replies = conn.pipeline(lines(&self.created), self.created.len());
        for (reply, id) in replies.iter().zip(&self.created) {
            let created = format!(
                "OK {{\"id\":\"{id}\",\"name\":\"one more\",\"date\":\"2027-01-01\",\"total_tickets\":7,\"available_tickets\":7,\"held_tickets\":0,\"sales\":\"open\"}}"
            );
            let updated = format!(
                "OK {{\"id\":\"{id}\",\"name\":\"changed\",\"date\":\"2026-01-01\",\"total_tickets\":9,\"available_tickets\":9,\"held_tickets\":0,\"sales\":\"closed\"}}"
            );
            if *reply == updated {
                assert!(
                    self.updated.contains(id) || updates.contains(id),
                    "an update that was not requested: {reply}"
                );
                self.updated.insert(id.clone());
            } else {
                assert_eq!(*reply, created, "an acknowledged event");
                assert!(!self.updated.contains(id), "an acknowledged update is missing: {reply}");
            }
        }
        let replies = conn.pipeline(lines(&outstanding), outstanding.len());
        let there = replies.iter().zip(outstanding).filter(|(reply, _)| reply.starts_with("OK "));
        self.created.extend(there.map(|(_, id)| id));
    }
}
