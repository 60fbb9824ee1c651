//! Tickets that many clients book.

use std::collections::{HashSet, VecDeque};

use super::load::Client;
use crate::common::{Answer, Conn, Rng};

/// Total tickets of the events; the small ones are sold out in the first round.
const TOTALS: [u64; 6] = [100_000, 100_000, 40_000, 3_000, 100, 1];

/// What the server has promised and shown about the events, over all its lives.
pub struct Sales {
    /// Tickets issued per event as found after the last start: nobody may take that back.
    issued: [u64; TOTALS.len()],
    tickets: HashSet<String>,
    of_event: Vec<(usize, String)>,
    created: Vec<String>,
}

enum Asked {
    Book(usize, u64),
    Read(usize),
    Ticket(usize, String),
    Create(String),
    Snapshot,
}

/// A client that books and reads.
pub struct Booker {
    name: usize,
    snapshots: bool,
    made: usize,
    unanswered: VecDeque<Asked>,
    booked: Vec<(usize, String)>,
    created: Vec<String>,
    lowest: [u64; TOTALS.len()],
}

impl Booker {
    /// The `name`-th one; it may ask for snapshots too.
    pub fn new(name: usize, snapshots: bool) -> Self {
        let (booked, created) = (Vec::new(), Vec::new());
        Self { name, snapshots, made: 0, unanswered: VecDeque::new(), booked, created, lowest: TOTALS }
    }
}

impl Client for Booker {
    fn next(&mut self, rng: &mut Rng) -> String {
        let event = rng.below(TOTALS.len());
        let (line, asked) = match rng.below(12) {
            0 if self.snapshots && rng.one_in(20) => ("SNAPSHOT".to_owned(), Asked::Snapshot),
            0..=6 => {
                let count = if rng.one_in(50) { rng.range(200, 2_000) } else { rng.range(1, 5) };
                (format!("BOOK e{event} {count}"), Asked::Book(event, count as u64))
            }
            7..=8 => (format!("GET e{event}"), Asked::Read(event)),
            9..=10 if !self.booked.is_empty() => {
                let (event, ticket) = rng.pick(&self.booked).clone();
                (format!("TICKET {ticket}"), Asked::Ticket(event, ticket))
            }
            _ => {
                self.made += 1;
                let id = format!("made-{}-{}", self.name, self.made);
                (format!("CREATE \"one more\" 2027-01-01 7 id={id}"), Asked::Create(id))
            }
        };
        self.unanswered.push_back(asked);
        line
    }

    fn answered(&mut self, answer: Answer) {
        match self.unanswered.pop_front().unwrap() {
            Asked::Book(event, count) if answer.is_ok() => {
                let tickets = answer.tickets();
                assert_eq!(tickets.len() as u64, count, "all or nothing");
                self.booked.extend(tickets.into_iter().map(|ticket| (event, ticket)));
                self.saw(event, answer.number("available_tickets"));
            }
            Asked::Book(event, _) => self.saw(event, answer.err("SOLD_OUT")["available"].as_u64().unwrap()),
            Asked::Read(event) => self.saw(event, answer.number("available_tickets")),
            Asked::Ticket(event, ticket) => {
                assert_eq!(answer.ok()["event_id"], format!("e{event}"), "{ticket}");
            }
            Asked::Create(id) => {
                assert_eq!(answer.ok()["id"], id.as_str());
                self.created.push(id);
            }
            Asked::Snapshot => assert!(answer.number("sequence") > 0),
        }
    }
}

impl Booker {
    fn saw(&mut self, event: usize, available: u64) {
        assert!(available <= self.lowest[event], "tickets of e{event} came back");
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
        Self { issued: [0; TOTALS.len()], tickets, of_event, created }
    }

    /// After a kill and a start: everything promised is there, nothing is oversold, nothing appeared that nobody asked.
    pub fn check(&mut self, conn: &mut Conn, bookers: &mut [Booker]) {
        let mut least = self.issued;
        let mut most_more = [0; TOTALS.len()];
        let mut lowest = TOTALS;
        let mut unanswered_creates = Vec::new();
        for booker in bookers.iter_mut() {
            for (event, ticket) in booker.booked.drain(..) {
                least[event] += 1;
                assert!(self.tickets.insert(ticket.clone()), "{ticket} was issued twice");
                self.of_event.push((event, ticket));
            }
            for asked in booker.unanswered.drain(..) {
                match asked {
                    Asked::Book(event, count) => most_more[event] += count,
                    Asked::Create(id) => unanswered_creates.push(id),
                    Asked::Read(_) | Asked::Ticket(..) | Asked::Snapshot => {}
                }
            }
            self.created.append(&mut booker.created);
            for (event, seen) in booker.lowest.iter().enumerate() {
                lowest[event] = lowest[event].min(*seen);
            }
        }
        for (event, total) in TOTALS.into_iter().enumerate() {
            let answer = conn.ask(&format!("GET e{event}"));
            assert_eq!(answer.number("total_tickets"), total);
            let available = answer.number("available_tickets");
            assert!(
                available <= lowest[event],
                "e{event}: {} were seen left, now {available}",
                lowest[event]
            );
            let issued = total.checked_sub(available).expect("more available than total");
            let most = least[event] + most_more[event];
            assert!(
                (least[event]..=most).contains(&issued),
                "e{event}: {issued} issued, acknowledged {}, with the unanswered at most {most}",
                least[event],
            );
            self.issued[event] = issued;
        }
        self.check_tickets(conn);
        self.check_created(conn, unanswered_creates);
        assert_eq!(conn.ask("STATS").number("tickets"), self.issued.iter().sum::<u64>(), "tickets of STATS");
    }

    fn check_tickets(&self, conn: &mut Conn) {
        let bytes: String = self.of_event.iter().map(|(_, ticket)| format!("TICKET {ticket}\n")).collect();
        let replies = conn.pipeline(bytes.into_bytes(), self.of_event.len());
        for (reply, (event, ticket)) in replies.iter().zip(&self.of_event) {
            let expected = format!("OK {{\"ticket\":\"{ticket}\",\"event_id\":\"e{event}\"}}");
            assert_eq!(*reply, expected, "an acknowledged ticket");
        }
    }

    fn check_created(&mut self, conn: &mut Conn, unanswered: Vec<String>) {
        let lines =
            |ids: &[String]| ids.iter().map(|id| format!("GET {id}\n")).collect::<String>().into_bytes();
        let replies = conn.pipeline(lines(&self.created), self.created.len());
        for (reply, id) in replies.iter().zip(&self.created) {
            let expected = format!(
                "OK {{\"id\":\"{id}\",\"name\":\"one more\",\"date\":\"2027-01-01\",\"total_tickets\":7,\"available_tickets\":7}}"
            );
            assert_eq!(*reply, expected, "an acknowledged event");
        }
        let replies = conn.pipeline(lines(&unanswered), unanswered.len());
        let there = replies.iter().zip(unanswered).filter(|(reply, _)| reply.starts_with("OK "));
        self.created.extend(there.map(|(_, id)| id));
        let events = conn.ask("STATS").number("events");
        assert_eq!(events, (TOTALS.len() + self.created.len()) as u64, "events of STATS");
    }
}
