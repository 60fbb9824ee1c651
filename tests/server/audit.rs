//! Everything that holds of events, tickets and holds whenever no request is in progress.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bookline_protocol::Timestamp;
use bookline_testkit::process::Server;
use bookline_testkit::{Conn, Reply};
use serde_json::Value;

/// An event, as GET and TICKETS show it.
#[derive(Debug, PartialEq)]
pub struct Audited {
    pub event: Value,
    /// The rows of all its tickets, with their whole ids.
    pub tickets: Vec<Value>,
}

impl Audited {
    pub fn number(&self, field: &str) -> u64 {
        self.event[field].as_u64().unwrap_or_else(|| panic!("no number {field} in {}", self.event))
    }

    /// Valid tickets.
    pub fn issued(&self) -> u64 {
        let issued = self.number("total_tickets").checked_sub(self.number("available_tickets"));
        let issued = issued.and_then(|taken| taken.checked_sub(self.number("held_tickets")));
        issued.unwrap_or_else(|| panic!("more is available and held than there is: {}", self.event))
    }

    /// The ids of the tickets with this status.
    pub fn ids(&self, status: &str) -> BTreeSet<String> {
        let with_status = self.tickets.iter().filter(|row| row["status"] == status);
        with_status.map(|row| text(&row["ticket"])).collect()
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// A moment of a reply, in microseconds since 1970 (UTC).
#[track_caller]
pub fn micros(value: &Value) -> i64 {
    serde_json::from_value::<Timestamp>(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}")).0
}

/// Every ticket is valid, belongs to the event, and is unique.
pub fn check_tickets(conn: &mut Conn, event: &str, tickets: &[String]) {
    let distinct: HashSet<&String> = tickets.iter().collect();
    assert_eq!(distinct.len(), tickets.len(), "a ticket id is not unique");
    for (reply, ticket) in look_up(conn, tickets).iter().zip(tickets) {
        assert_eq!((&reply["ticket"], &reply["event_id"]), (&ticket.as_str().into(), &event.into()));
        assert_eq!(reply["status"], "booked", "{reply}");
    }
}

/// The replies to TICKET of these tickets, all of which exist.
fn look_up(conn: &mut Conn, tickets: &[String]) -> Vec<Value> {
    let lines: String = tickets.iter().map(|ticket| format!("TICKET {ticket}\n")).collect();
    let replies = conn.pipeline(lines.into_bytes(), tickets.len());
    let object = |line: &String| {
        let object = line.strip_prefix("OK ").unwrap_or_else(|| panic!("no ticket: {line}"));
        serde_json::from_str(object).unwrap()
    };
    replies.iter().map(object).collect()
}

/// Checks an event without imported tickets: each of its tickets is available, held or issued, the door list
/// has exactly the valid tickets, and every list and TICKET agree on every ticket.
pub fn audit(conn: &mut Conn, event: &str) -> Audited {
    let list = |conn: &mut Conn, options: &str| {
        let reply = conn.ask(&format!("TICKETS {event}{options}"));
        assert_eq!(reply.number("count"), reply.rows.len() as u64, "{options}");
        reply.rows
    };
    let audited =
        Audited { event: conn.ask(&format!("GET {event}")).body, tickets: list(conn, " status=all ids=yes") };
    let valid: Vec<_> = audited.tickets.iter().filter(|row| row["status"] != "cancelled").cloned().collect();
    assert_eq!(audited.issued(), valid.len() as u64, "issued and listed tickets: {}", audited.event);
    assert_eq!(list(conn, " ids=yes"), valid, "the door list of {event}");
    for status in ["booked", "checked_in", "cancelled"] {
        let with_status: Vec<_> =
            audited.tickets.iter().filter(|row| row["status"] == status).cloned().collect();
        assert_eq!(list(conn, &format!(" ids=yes status={status}")), with_status, "{event}");
    }
    let ids: Vec<String> = audited.tickets.iter().map(|row| text(&row["ticket"])).collect();
    for (short, id) in list(conn, " status=all").iter().zip(&ids) {
        assert_eq!(short["ticket"], id[id.len() - 6..], "the end of an id");
    }
    for (row, ticket) in audited.tickets.iter().zip(look_up(conn, &ids)) {
        assert_eq!(ticket["event_id"], event);
        for field in ["ticket", "status", "at", "for"] {
            assert_eq!(row.get(field), ticket.get(field), "{field} of {ticket}");
        }
    }
    audited
}

/// Checks every event, that no ticket belongs to two, and that STATS has their sums.
pub fn audit_all(conn: &mut Conn) -> BTreeMap<String, Audited> {
    let listed: Vec<_> = conn.ask("GET").rows.iter().map(|row| text(&row["id"])).collect();
    let events: BTreeMap<_, _> = listed.into_iter().map(|id| (id.clone(), audit(conn, &id))).collect();
    let ids: HashSet<_> =
        events.values().flat_map(|event| &event.tickets).map(|row| text(&row["ticket"])).collect();
    let sum = |of: &dyn Fn(&Audited) -> u64| events.values().map(of).sum::<u64>();
    let (held, listed) =
        (sum(&|event| event.number("held_tickets")), sum(&|event| event.tickets.len() as u64));
    assert_eq!(ids.len() as u64, listed, "a ticket id is not unique");
    let stats = conn.ask("STATS");
    assert_eq!(stats.number("events"), events.len() as u64);
    assert_eq!(stats.number("tickets"), sum(&Audited::issued), "valid tickets");
    assert_eq!(stats.number("ticket_ids"), listed);
    assert!(stats.number("holds") <= held, "{} holds of {held} tickets", stats.number("holds"));
    assert_eq!(stats.number("holds") == 0, held == 0, "{} holds of {held} tickets", stats.number("holds"));
    assert_eq!(stats.number("sequence"), stats.number("durable_sequence"));
    events
}

/// Checks every event now, after a kill with the journal, and after one with a snapshot. What the events and
/// the `requests` show stays the same. No hold may fall due meanwhile.
pub fn audit_and_kill(server: &mut Server, requests: &[String]) -> BTreeMap<String, Audited> {
    let seen = |server: &Server| {
        let mut conn = server.connect();
        let replies: Vec<Reply> = requests.iter().map(|request| conn.ask(request)).collect();
        (audit_all(&mut conn), replies)
    };
    let before = seen(server);
    for replayed in ["the journal", "a snapshot"] {
        if replayed == "a snapshot" {
            server.connect().ask("SNAPSHOT").ok();
        }
        server.kill9();
        server.start_again();
        assert_eq!(seen(server), before, "after a kill, from {replayed}");
    }
    before.0
}
