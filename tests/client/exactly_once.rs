//! Clients with `--retry` behind a proxy that cuts their connections: each change is made exactly once.
//!
//! Catches: a change that is lost, or made twice, when its reply is lost and it is sent again; a reply that
//! is lost, printed twice, or printed in the place of another.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::thread;

use bookline_testkit::HANG_TIMEOUT;
use bookline_testkit::reply::{PartialReply, Reply};
use bookline_testkit::rng::Rng;
use serde_json::{Value, json};

use crate::support::client::{bookline, run_with_input};
use crate::support::cutting_proxy::CuttingProxy;
use crate::support::real_server::RealServer;

const CLIENTS: usize = 10;
const CHANGES_PER_CLIENT: usize = 1_000;

/// Connections that are cut at least. Fewer prove little.
const CUTS_MIN: usize = 100;

/// Tickets of the event that is sold out by a part of the bookings.
const SMALL_TICKETS: usize = 50;

/// A request and what is expected of its reply.
struct Change {
    line: String,
    expected: Expected,
}

enum Expected {
    /// An `OK` with these fields, among others.
    Granted(Value),
    /// A refusal with this code.
    Refused(&'static str),
    /// A ticket of the small event, while it has some.
    GrantedOrSoldOut,
}

/// What a client was told of its changes.
#[derive(Default)]
struct Acknowledged {
    changes: usize,
    /// Attendees by ticket.
    tickets: HashMap<String, String>,
    holds: HashSet<String>,
}

/// Whom the ticket of a booking is for, and the name of whatever else a change makes.
fn name(client: usize, number: usize) -> String {
    format!("c{client}-{number}")
}

/// A change of this client. Some depend on those before them, so the order is seen as well.
fn change(client: usize, number: usize) -> Change {
    let own = name(client, number);
    let earlier = |distance| name(client, number - distance);
    let granted = |line: String, fields| Change { line, expected: Expected::Granted(fields) };
    let refused = |line: String, code| Change { line, expected: Expected::Refused(code) };
    match number % 30 {
        0 => granted(format!("CREATE x 2026-12-31 5 id={own}"), json!({"id": own})),
        1 => refused(format!("CREATE y 2026-12-31 5 id={}", earlier(1)), "CONFLICT"),
        2 => granted(
            format!("UPDATE {} name={own}", earlier(2)),
            json!({"id": earlier(2), "name": own, "available_tickets": 5}),
        ),
        3 => granted(
            format!("HOLD {} 2", earlier(3)),
            json!({"event_id": earlier(3), "tickets": 2, "available_tickets": 3}),
        ),
        4 => granted(format!("BLOCK {own} 21-12-2026 09:00"), json!({"name": own})),
        5 => granted(format!("DELETE {} 21-12-2026 09:00", earlier(1)), json!({"deleted": "block"})),
        6 => granted(format!("MEET {own} 21-12-2026 09:00 talk {own}b"), json!({"name": own})),
        7 => refused(format!("BLOCK {} 21-12-2026 09:00", earlier(1)), "CONFLICT"),
        8 => Change { line: format!("BOOK small 1 for={own}"), expected: Expected::GrantedOrSoldOut },
        _ => {
            let event = format!("large-{}", number % 3);
            granted(format!("BOOK {event} 1 for={own}"), json!({"event_id": event}))
        }
    }
}

/// Sends all changes of a client, and checks each reply.
fn run_client(addr: SocketAddr, client: usize) -> Acknowledged {
    let changes: Vec<_> = (0..CHANGES_PER_CLIENT).map(|number| change(client, number)).collect();
    let script: String = changes.iter().map(|change| format!("{}\n", change.line)).collect();
    let max_time = format!("{}s", HANG_TIMEOUT.as_secs());
    let exited = run_with_input(bookline(addr, &["--retry", "100", "--max-time", &max_time]), script);
    let is_about_refusals = |line: &str| line.starts_with("stdin:") || line.contains(" failed (line");
    assert_eq!(exited.exit, 1, "client {client}");
    assert!(exited.stderr.lines().all(is_about_refusals), "client {client}: {}", exited.stderr);
    assert_eq!(exited.stdout.lines().count(), changes.len(), "client {client}: one reply a change");
    let mut acknowledged = Acknowledged::default();
    for (number, (change, line)) in changes.iter().zip(exited.stdout.lines()).enumerate() {
        let reply = PartialReply::default().add(line).unwrap_or_else(|| panic!("a row: {line}"));
        change.expected.check(&change.line, &reply);
        if reply.is_ok() {
            acknowledged.add(&reply.body, name(client, number));
        }
    }
    acknowledged
}

impl Expected {
    fn check(&self, line: &str, reply: &Reply) {
        match self {
            Self::Granted(fields) => {
                let is_shown = |(field, value): (&String, &Value)| reply.ok()[field] == *value;
                assert!(fields.as_object().unwrap().iter().all(is_shown), "{line}: {reply:?}");
            }
            Self::Refused(code) => drop(reply.err(code)),
            Self::GrantedOrSoldOut if reply.is_ok() => assert_eq!(reply.body["event_id"], "small", "{line}"),
            Self::GrantedOrSoldOut => drop(reply.err("SOLD_OUT")),
        }
    }
}

impl Acknowledged {
    /// Adds a change that was granted.
    fn add(&mut self, body: &Value, attendee: String) {
        self.changes += 1;
        if let Some(hold) = body["hold_id"].as_str() {
            assert!(self.holds.insert(hold.to_owned()), "a hold is acknowledged twice: {body}");
        } else if let Some([ticket]) = body["tickets"].as_array().map(Vec::as_slice) {
            let earlier = self.tickets.insert(ticket.as_str().unwrap().to_owned(), attendee);
            assert_eq!(earlier, None, "a ticket is acknowledged twice: {body}");
        }
    }

    fn merge(mut self, other: Self) -> Self {
        let (tickets, holds) =
            (self.tickets.len() + other.tickets.len(), self.holds.len() + other.holds.len());
        self.changes += other.changes;
        self.tickets.extend(other.tickets);
        self.holds.extend(other.holds);
        let merged = (self.tickets.len(), self.holds.len());
        assert_eq!(merged, (tickets, holds), "two clients have the same tickets or holds");
        self
    }
}

/// The reply of the server itself.
fn ask(server: &RealServer, words: &[&str]) -> Reply {
    let exited = server.run(words);
    let mut partial = PartialReply::default();
    exited.stdout.lines().find_map(|line| partial.add(line)).expect("a final line")
}

/// The attendees of all tickets of these events, by ticket.
fn issued(server: &RealServer, events: &[&str]) -> HashMap<String, String> {
    let mut issued = HashMap::new();
    for event in events {
        for row in ask(server, &["TICKETS", event, "status=all", "ids=yes"]).rows {
            let text = |field: &str| row[field].as_str().unwrap().to_owned();
            issued.insert(text("ticket"), text("for"));
        }
    }
    issued
}

#[test]
fn changes_over_connections_that_are_cut_are_made_exactly_once() {
    let server = RealServer::start();
    let large = ["large-0", "large-1", "large-2"];
    for event in large {
        ask(&server, &["CREATE", "x", "2026-12-31", "10000", &format!("id={event}")]).ok();
    }
    ask(&server, &["CREATE", "x", "2026-12-31", &SMALL_TICKETS.to_string(), "id=small"]).ok();
    let before = ask(&server, &["STATS"]);

    let proxy = CuttingProxy::start(server.addr, Rng::from_environment());
    // The proxy runs until all clients have ended, also if one of them fails.
    let acknowledged = thread::scope(|scope| {
        let addr = proxy.addr;
        let clients: Vec<_> =
            (0..CLIENTS).map(|client| scope.spawn(move || run_client(addr, client))).collect();
        let acknowledged =
            clients.into_iter().map(|client| client.join().expect("the replies are as expected"));
        acknowledged.fold(Acknowledged::default(), Acknowledged::merge)
    });
    println!("{} connections were cut", proxy.cuts());
    assert!(proxy.cuts() >= CUTS_MIN, "only {} connections were cut", proxy.cuts());

    assert_eq!(issued(&server, &["small"]).len(), SMALL_TICKETS);
    let issued = issued(&server, &[&large[..], &["small"]].concat());
    assert!(issued == acknowledged.tickets, "the tickets that exist are not those that were acknowledged");
    let after = ask(&server, &["STATS"]);
    // Each of them is a commit with a key, and a refusal leaves neither.
    let changes = acknowledged.changes as u64;
    assert_eq!(after.number("sequence"), before.number("sequence") + changes);
    assert_eq!(after.number("keys"), changes);
    assert_eq!(after.number("tickets"), issued.len() as u64);
    assert_eq!(after.number("holds"), acknowledged.holds.len() as u64);
    // The one meeting of 30 changes. The block is deleted.
    let rounds = (CLIENTS * CHANGES_PER_CLIENT.div_ceil(30)) as u64;
    assert_eq!(after.number("entries"), rounds);
    assert_eq!(after.number("events"), before.number("events") + rounds);
}
