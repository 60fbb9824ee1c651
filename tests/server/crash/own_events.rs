//! Events that only one client sells, so that their state is known exactly: tickets are booked, held,
//! confirmed, released, cancelled and checked in, and the event is deleted and created again.
//!
//! Every reply is predicted. After a kill the state must be that after the acknowledged requests and the
//! first n of the outstanding ones, for some n. The ids of what those made are unknown, so they are counted.

use std::collections::{BTreeMap, VecDeque};

use bookline_testkit::reply::words;
use bookline_testkit::{Conn, Reply, Rng};
use serde_json::Value;

use super::load::Client;

/// Few tickets, so that many requests are refused.
const TICKETS: u64 = 100;

/// Holds whose ids were never received cannot be ended. With so many tickets of them an event is deleted.
const LOST_HELD_MAX: u64 = TICKETS / 4;

/// The holds of a test do not expire.
const TTL_SECONDS: u64 = 7_200;

#[derive(Debug, Clone)]
enum Request {
    Book(u64),
    Hold(u64),
    Confirm(String, u64),
    Release(String),
    Cancel(Vec<String>),
    CheckIn { ticket: String, undo: bool },
    Delete,
    Create,
    Read,
}

impl Request {
    /// Whether it is about this ticket or hold.
    fn names(&self, id: &str) -> bool {
        match self {
            Self::Confirm(named, _) | Self::Release(named) | Self::CheckIn { ticket: named, .. } => {
                named == id
            }
            Self::Cancel(tickets) => tickets.iter().any(|ticket| ticket == id),
            Self::Book(_) | Self::Hold(_) | Self::Delete | Self::Create | Self::Read => false,
        }
    }
}

/// The state of an event.
#[derive(Debug, Clone, Default, PartialEq)]
struct State {
    exists: bool,
    /// The status of each ticket whose id is known.
    tickets: BTreeMap<String, String>,
    /// The tickets and the status of each hold whose id is known.
    holds: BTreeMap<String, (u64, String)>,
    /// Valid tickets whose ids were never received.
    lost_tickets: u64,
    /// Tickets of holds whose ids were never received.
    lost_held: u64,
}

/// A client with its own event.
pub struct BoxOfficeClient {
    event: String,
    state: State,
    outstanding: VecDeque<Request>,
}

impl State {
    fn issued(&self) -> u64 {
        let valid = self.tickets.values().filter(|status| *status != "cancelled");
        valid.count() as u64 + self.lost_tickets
    }

    fn held(&self) -> u64 {
        let active = self.holds.values().filter(|(_, status)| status == "held");
        active.map(|(tickets, _)| tickets).sum::<u64>() + self.lost_held
    }

    fn available(&self) -> u64 {
        TICKETS - self.issued() - self.held()
    }

    /// Applies a request, with the ids of its reply if there is one. The error is the code of its refusal.
    fn apply(&mut self, request: &Request, reply: Option<&Value>) -> Result<(), &'static str> {
        match request {
            Request::Read => self.check_exists(),
            Request::Delete => {
                self.check_exists()?;
                *self = Self::default();
                Ok(())
            }
            Request::Create if self.exists => Err("CONFLICT"),
            Request::Create => {
                self.exists = true;
                Ok(())
            }
            Request::Book(count) => {
                self.check_available(*count)?;
                self.issue(*count, reply);
                Ok(())
            }
            Request::Hold(count) => {
                self.check_available(*count)?;
                match reply.and_then(|reply| reply["hold_id"].as_str()) {
                    Some(hold) => drop(self.holds.insert(hold.to_owned(), (*count, "held".to_owned()))),
                    None => self.lost_held += count,
                }
                Ok(())
            }
            Request::Confirm(hold, count) => {
                let (held, status) = self.holds.get(hold).ok_or("NOT_FOUND")?;
                if status == "held" && count > held {
                    return Err("LIMIT");
                }
                self.end(hold, "confirmed")?;
                self.issue(*count, reply);
                Ok(())
            }
            Request::Release(hold) => self.end(hold, "released"),
            Request::Cancel(tickets) => {
                if tickets.iter().any(|ticket| !self.tickets.contains_key(ticket)) {
                    return Err("NOT_FOUND");
                }
                if tickets.iter().any(|ticket| self.tickets[ticket] != "booked") {
                    return Err("CONFLICT");
                }
                tickets.iter().for_each(|ticket| self.set(ticket, "cancelled"));
                Ok(())
            }
            Request::CheckIn { ticket, undo } => {
                let (from, to) = if *undo { ("checked_in", "booked") } else { ("booked", "checked_in") };
                if self.tickets.get(ticket).ok_or("NOT_FOUND")? != from {
                    return Err("CONFLICT");
                }
                self.set(ticket, to);
                Ok(())
            }
        }
    }

    fn check_exists(&self) -> Result<(), &'static str> {
        if self.exists { Ok(()) } else { Err("NOT_FOUND") }
    }

    fn check_available(&self, count: u64) -> Result<(), &'static str> {
        self.check_exists()?;
        if count <= self.available() { Ok(()) } else { Err("SOLD_OUT") }
    }

    fn issue(&mut self, count: u64, reply: Option<&Value>) {
        let Some(reply) = reply else {
            self.lost_tickets += count;
            return;
        };
        let tickets = words(&reply["tickets"]);
        assert_eq!(tickets.len() as u64, count, "all or nothing");
        for ticket in tickets {
            let other = self.tickets.insert(ticket, "booked".to_owned());
            assert!(other.is_none(), "a ticket was issued twice");
        }
    }

    fn end(&mut self, hold: &str, status: &str) -> Result<(), &'static str> {
        let (_, current) = self.holds.get_mut(hold).ok_or("NOT_FOUND")?;
        if current != "held" {
            return Err("CONFLICT");
        }
        status.clone_into(current);
        Ok(())
    }

    fn set(&mut self, ticket: &str, status: &str) {
        self.tickets.insert(ticket.to_owned(), status.to_owned());
    }

    /// The state with the ids of tickets that were never received, if it is the one that was found.
    fn as_found(&self, found: &Self) -> Option<Self> {
        let mut listed = found.tickets.clone();
        let is_listed = self.tickets.iter().all(|(id, status)| listed.remove(id).as_ref() == Some(status));
        let are_new = listed.values().all(|status| status == "booked");
        let is_found = is_listed && are_new && listed.len() as u64 == self.lost_tickets;
        let known = Self { tickets: found.tickets.clone(), lost_tickets: 0, ..self.clone() };
        (is_found && known == *found).then_some(known)
    }
}

impl BoxOfficeClient {
    /// Creates the event of the client number `name`.
    pub fn open(name: usize, conn: &mut Conn) -> Self {
        let event = format!("own{name}");
        conn.ask(&format!("CREATE {event} 2026-12-31 {TICKETS} id={event}")).ok();
        Self { event, state: State { exists: true, ..State::default() }, outstanding: VecDeque::new() }
    }

    /// The valid tickets after the last check.
    pub fn issued(&self) -> u64 {
        self.state.issued()
    }

    /// Whether the event existed at the last check.
    pub fn has_event(&self) -> bool {
        self.state.exists
    }

    /// Checks the event after a kill and a start.
    pub fn check(&mut self, conn: &mut Conn) {
        let found = self.find(conn);
        for ticket in self.state.tickets.keys().filter(|ticket| !found.tickets.contains_key(*ticket)) {
            conn.ask(&format!("TICKET {ticket}")).err("NOT_FOUND");
        }
        let mut tried = self.state.clone();
        let mut outstanding = std::mem::take(&mut self.outstanding);
        loop {
            if let Some(state) = tried.as_found(&found) {
                self.state = state;
                return;
            }
            let Some(request) = outstanding.pop_front() else { break };
            // It may have been refused.
            let _ = tried.apply(&request, None);
        }
        panic!(
            "no prefix of the outstanding requests leads to this state of {}\nacknowledged {:#?}\n\
             found {found:#?}",
            self.event, self.state
        );
    }

    /// The event, with all of its tickets, and with those of its holds whose ids are known.
    fn find(&self, conn: &mut Conn) -> State {
        let event = conn.ask(&format!("GET {}", self.event));
        let list = conn.ask(&format!("TICKETS {} status=all ids=yes", self.event));
        let requests: Vec<String> = self.state.holds.keys().map(|hold| format!("HOLD {hold}")).collect();
        let holds = conn.ask_all(&requests);
        if !event.is_ok() {
            event.err("NOT_FOUND");
            holds.iter().for_each(|hold| drop(hold.err("NOT_FOUND").clone()));
            return State::default();
        }
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let mut found = State { exists: true, ..State::default() };
        for row in &list.rows {
            let other = found.tickets.insert(text(&row["ticket"]), text(&row["status"]));
            assert!(other.is_none(), "a ticket is listed twice: {row}");
        }
        for (hold, shown) in self.state.holds.keys().zip(holds).filter(|(_, shown)| shown.is_ok()) {
            found.holds.insert(hold.clone(), (shown.number("tickets"), text(&shown.body["status"])));
        }
        found.lost_held = event.number("held_tickets").checked_sub(found.held()).expect("all holds count");
        assert_eq!(event.number("available_tickets"), found.available(), "total = available + held + issued");
        found
    }

    /// A ticket with this status that no outstanding request is about, or at times any.
    fn ticket(&self, wanted: &str, rng: &mut Rng) -> Option<String> {
        let tickets = self.state.tickets.iter().map(|(ticket, status)| (ticket, status.as_str()));
        self.pick(tickets, wanted, rng)
    }

    /// An active hold that no outstanding request is about, or at times any.
    fn hold(&self, rng: &mut Rng) -> Option<String> {
        let holds = self.state.holds.iter().map(|(hold, (_, status))| (hold, status.as_str()));
        self.pick(holds, "held", rng)
    }

    fn pick<'a>(
        &self,
        ids: impl Iterator<Item = (&'a String, &'a str)>,
        wanted: &str,
        rng: &mut Rng,
    ) -> Option<String> {
        let any = rng.one_in(8);
        let is_outstanding = |id| self.outstanding.iter().any(|request| request.names(id));
        let ids = ids.filter(|(id, status)| any || *status == wanted && !is_outstanding(id));
        let ids: Vec<&String> = ids.map(|(id, _)| id).collect();
        (!ids.is_empty()).then(|| (*rng.pick(&ids)).clone())
    }

    fn draw(&self, rng: &mut Rng) -> Request {
        let count = rng.range(1, 5) as u64;
        if !self.state.exists || matches!(self.outstanding.back(), Some(Request::Delete)) {
            return Request::Create;
        }
        if rng.one_in(300) || self.state.lost_held > LOST_HELD_MAX {
            return Request::Delete;
        }
        let drawn = match rng.below(12) {
            0..2 => Some(Request::Book(count)),
            2..4 => Some(Request::Hold(count)),
            4..6 => self.hold(rng).map(|hold| Request::Confirm(hold, count)),
            6 => self.hold(rng).map(Request::Release),
            7..10 => {
                let mut tickets: Vec<String> =
                    (0..rng.range(1, 3)).filter_map(|_| self.ticket("booked", rng)).collect();
                tickets.sort();
                tickets.dedup();
                (!tickets.is_empty()).then_some(Request::Cancel(tickets))
            }
            10 => {
                let undo = rng.one_in(2);
                let ticket = self.ticket(if undo { "checked_in" } else { "booked" }, rng);
                ticket.map(|ticket| Request::CheckIn { ticket, undo })
            }
            _ => None,
        };
        drawn.unwrap_or(Request::Read)
    }
}

impl Client for BoxOfficeClient {
    fn next(&mut self, rng: &mut Rng) -> Vec<u8> {
        let request = self.draw(rng);
        let event = &self.event;
        let line = match &request {
            Request::Book(count) => format!("BOOK {event} {count} for=Ada"),
            Request::Hold(count) => format!("HOLD {event} {count} ttl={TTL_SECONDS}"),
            Request::Confirm(hold, count) => format!("CONFIRM {hold} {count}"),
            Request::Release(hold) => format!("RELEASE {hold}"),
            Request::Cancel(tickets) => format!("CANCEL {}", tickets.join(" ")),
            Request::CheckIn { ticket, undo: false } => format!("CHECKIN {ticket}"),
            Request::CheckIn { ticket, undo: true } => format!("CHECKIN {ticket} undo=yes"),
            Request::Delete => format!("DELETE {event} tickets=drop"),
            Request::Create => format!("CREATE {event} 2026-12-31 {TICKETS} id={event}"),
            Request::Read => format!("GET {event}"),
        };
        self.outstanding.push_back(request);
        line.into_bytes()
    }

    fn on_reply(&mut self, reply: Reply) {
        let request = self.outstanding.pop_front().unwrap();
        let applied = self.state.apply(&request, reply.is_ok().then_some(&reply.body));
        assert_eq!(reply.code.as_deref(), applied.err(), "{request:?}: {reply:?}");
        let body = &reply.body;
        for available in
            [&body["available_tickets"], &body["events"][0]["available_tickets"], &body["available"]]
        {
            assert!(available.is_null() || *available == self.state.available(), "{request:?}: {reply:?}");
        }
    }
}
