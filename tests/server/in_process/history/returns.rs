//! The sale of an event whose tickets return: clients book, hold, confirm, release, cancel and check in, and
//! contend for the same holds and tickets.
//!
//! A change leads from one number of available tickets to another, and its reply has the second. An order
//! that explains all replies is a trail through the numbers that takes each change once (an Eulerian trail).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bookline_testkit::in_process::Server;
use bookline_testkit::reply::words;
use bookline_testkit::{AsyncConn, Reply, Rng};
use serde_json::Value;

const CLIENTS: u64 = 8;
const REQUESTS: usize = 120;

/// So few that many requests are refused.
const TICKETS: i64 = 40;

/// Clients contend for so many of the newest holds and tickets.
const CONTENDED: usize = 6;

/// What the replies to all clients contain.
#[derive(Debug, Default)]
struct Ledger {
    /// The changes: what they add to the available tickets, and how many are available after them.
    changes: Vec<(i64, i64)>,
    /// The numbers of available tickets in the replies to reads, and in refusals.
    seen: BTreeSet<i64>,
    /// The tickets of each hold, the newest last.
    holds: Vec<(String, i64)>,
    tickets: Vec<String>,
    /// The holds that were confirmed or released, and the tickets that were cancelled or checked in, with the
    /// status since then.
    ended: BTreeMap<String, &'static str>,
}

enum Request {
    Book(i64),
    Hold(i64),
    Confirm { hold: String, held: i64, tickets: i64 },
    Release { hold: String, held: i64 },
    Cancel(String),
    CheckIn(String),
    Read,
}

/// Runs the sale, and checks the replies.
pub async fn sell(seed: u64) {
    let server = Server::fresh().await;
    let mut conn = server.connect().await;
    conn.ask(&format!("CREATE Jazz 2026-12-31 {TICKETS} id=jazz")).await.ok();
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| tokio::spawn(sell_some(server.address, Rng::new(seed << 8 | client), ledger.clone())))
        .collect();
    for client in clients {
        client.await.expect("a client");
    }
    let ledger = Arc::into_inner(ledger).expect("the clients are done").into_inner().expect("no panic");
    let rows = check_end(&mut conn, &ledger).await;
    drop(conn);

    // All of it survives a kill.
    let server = Server::on(server.kill().await).await.expect("recovery succeeds");
    let mut conn = server.connect().await;
    assert_eq!(check_end(&mut conn, &ledger).await, rows, "the tickets after a kill");
    conn.finish().await;
    server.stop().await;
}

async fn sell_some(address: std::net::SocketAddr, mut rng: Rng, ledger: Arc<Mutex<Ledger>>) {
    let mut conn = AsyncConn::open(address).await;
    for _ in 0..REQUESTS {
        let request = ledger.lock().expect("no panic under the lock").draw(&mut rng);
        let reply = conn.ask(&request.line()).await;
        ledger.lock().expect("no panic under the lock").record(&request, &reply);
    }
}

impl Request {
    fn line(&self) -> String {
        match self {
            Self::Book(count) => format!("BOOK jazz {count}"),
            Self::Hold(count) => format!("HOLD jazz {count}"),
            Self::Confirm { hold, tickets, .. } => format!("CONFIRM {hold} {tickets}"),
            Self::Release { hold, .. } => format!("RELEASE {hold}"),
            Self::Cancel(ticket) => format!("CANCEL {ticket}"),
            Self::CheckIn(ticket) => format!("CHECKIN {ticket}"),
            Self::Read => "GET jazz".to_owned(),
        }
    }
}

impl Ledger {
    fn draw(&self, rng: &mut Rng) -> Request {
        let count = 1 + rng.below(4) as i64;
        let hold = newest(&self.holds, rng).cloned();
        let ticket = newest(&self.tickets, rng).cloned();
        match (rng.below(20), hold, ticket) {
            (0..4, ..) => Request::Book(count),
            (4..7, ..) => Request::Hold(count),
            (7..11, Some((hold, held)), _) => Request::Confirm { hold, held, tickets: count.min(held) },
            (11..13, Some((hold, held)), _) => Request::Release { hold, held },
            (13..17, _, Some(ticket)) => Request::Cancel(ticket),
            (17, _, Some(ticket)) => Request::CheckIn(ticket),
            _ => Request::Read,
        }
    }

    fn record(&mut self, request: &Request, reply: &Reply) {
        if let Some(code) = &reply.code {
            match request {
                Request::Book(count) | Request::Hold(count) => {
                    let available = reply.err("SOLD_OUT")["available"].as_i64().expect("a number");
                    assert!(available < *count, "{reply:?}");
                    self.seen.insert(available);
                }
                _ => assert_eq!(code, "CONFLICT", "{reply:?}"),
            }
            return;
        }
        let body = reply.ok();
        let available = body["available_tickets"].as_i64();
        let mut change = |more| self.changes.push((more, available.expect("a number")));
        match request {
            Request::Book(count) => {
                change(-count);
                self.tickets.extend(words(&body["tickets"]));
            }
            Request::Hold(count) => {
                change(-count);
                self.holds.push((body["hold_id"].as_str().expect("an id").to_owned(), *count));
            }
            Request::Confirm { hold, held, tickets } => {
                change(held - tickets);
                self.tickets.extend(words(&body["tickets"]));
                self.end(hold, "confirmed");
            }
            Request::Release { hold, held } => {
                change(*held);
                self.end(hold, "released");
            }
            Request::Cancel(ticket) => {
                self.changes.push((1, body["events"][0]["available_tickets"].as_i64().expect("a number")));
                self.end(ticket, "cancelled");
            }
            Request::CheckIn(ticket) => self.end(ticket, "checked_in"),
            Request::Read => drop(self.seen.insert(available.expect("a number"))),
        }
    }

    /// A hold or a ticket has another status now, for good.
    fn end(&mut self, id: &str, status: &'static str) {
        let other = self.ended.insert(id.to_owned(), status);
        assert_eq!(other, None, "{id} is {status} too");
    }

    /// Asserts that a trail through the numbers of available tickets takes each change once, from all tickets
    /// to `left`, and passes all numbers that were seen.
    fn check_trail(&self, left: i64) {
        // Each number must be left as often as it is reached, except for the ends of the trail.
        let mut balance = BTreeMap::from([(TICKETS, -1)]);
        *balance.entry(left).or_insert(0) += 1;
        let mut neighbors: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (more, after) in &self.changes {
            let before = after - more;
            *balance.entry(before).or_insert(0) += 1;
            *balance.entry(*after).or_insert(0) -= 1;
            neighbors.entry(before).or_default().push(*after);
            neighbors.entry(*after).or_default().push(before);
        }
        balance.retain(|_, balance| *balance != 0);
        assert!(balance.is_empty(), "no order explains the changes at these numbers: {balance:?}");
        let (mut reached, mut open) = (BTreeSet::new(), vec![TICKETS]);
        while let Some(number) = open.pop() {
            if reached.insert(number) {
                open.extend(neighbors.get(&number).into_iter().flatten());
            }
        }
        assert!(neighbors.keys().chain(&self.seen).all(|number| reached.contains(number)), "{:?}", self.seen);
    }
}

/// One of the newest.
fn newest<'a, T>(of: &'a [T], rng: &mut Rng) -> Option<&'a T> {
    let newest = &of[of.len().saturating_sub(CONTENDED)..];
    (!newest.is_empty()).then(|| rng.pick(newest))
}

/// Asserts that the event, its holds and its tickets are as the replies say. Returns the list of tickets.
async fn check_end(conn: &mut AsyncConn, ledger: &Ledger) -> Vec<Value> {
    let event = conn.ask("GET jazz").await;
    let [available, held] = ["available_tickets", "held_tickets"].map(|field| event.number(field) as i64);
    ledger.check_trail(available);
    let active = ledger.holds.iter().filter(|(hold, _)| !ledger.ended.contains_key(hold));
    assert_eq!(held, active.map(|(_, tickets)| tickets).sum::<i64>());
    for (hold, _) in &ledger.holds {
        let status = ledger.ended.get(hold).unwrap_or(&"held");
        assert_eq!(conn.ask(&format!("HOLD {hold}")).await.ok()["status"], *status, "{hold}");
    }
    let different: BTreeSet<&String> = ledger.tickets.iter().collect();
    assert_eq!(different.len(), ledger.tickets.len(), "a ticket was issued twice");
    let list = conn.ask("TICKETS jazz status=all ids=yes").await;
    assert_eq!(list.rows.len(), ledger.tickets.len());
    let mut valid = 0;
    for row in &list.rows {
        let ticket = row["ticket"].as_str().expect("an id").to_owned();
        let status = *ledger.ended.get(&ticket).unwrap_or(&"booked");
        assert!(row["status"] == status && different.contains(&ticket), "{row}");
        valid += i64::from(status != "cancelled");
    }
    assert_eq!(available + held + valid, TICKETS, "total = available + held + issued");
    list.rows
}

#[test]
fn trail_is_found_exactly_if_there_is_one() {
    let explains = |changes: &[(i64, i64)], seen: &[i64], left| {
        let (changes, seen) = (changes.to_vec(), seen.iter().copied().collect());
        let ledger = Ledger { changes, seen, ..Ledger::default() };
        std::panic::catch_unwind(|| ledger.check_trail(left)).is_ok()
    };
    // A ticket is sold, returns, and is sold again.
    let sold = [(-1, 39), (1, 40), (-1, 39)];
    assert!(explains(&sold, &[39, 40], 39));
    assert!(!explains(&sold, &[38], 39), "a number that was never left");
    assert!(!explains(&sold, &[], 40), "another end");
    assert!(!explains(&[(-1, 39), (1, 40), (1, 40)], &[], 40), "it returns twice");
    assert!(!explains(&[(-1, 39), (-1, 39)], &[], 38), "one ticket is sold twice");
    assert!(!explains(&[(-1, 39), (-1, 5), (1, 6)], &[], 39), "a part that the start does not reach");
}
