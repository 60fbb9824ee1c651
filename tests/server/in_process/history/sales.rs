//! The sale of a few events to many clients who pipeline bookings and reads.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::in_process::common::{Conn, Reply, Rng, Server};

const CLIENTS: u64 = 12;

/// Batches that each client sends, and lines of one at the most.
const BATCHES: usize = 40;
const LINES: usize = 12;

const EVENTS: [&str; 3] = ["jazz", "rock", "open"];

/// Less than is asked for, so that all are sold out in the end.
const TICKETS: u64 = 2_000;

/// What an answer said of an event.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    /// So many were sold, and so many are left.
    Sold { count: u64, left: u64 },
    /// So many are left.
    Left(u64),
}

/// A question and its answer.
#[derive(Debug, Clone)]
struct Saw {
    client: u64,
    /// The clock before it was asked, and when it was answered.
    asked: u64,
    answered: u64,
    event: String,
    said: Said,
}

/// What all clients share.
#[derive(Debug, Default)]
struct Shared {
    clock: AtomicU64,
    /// Tickets that were answered, and their events.
    tickets: Mutex<Vec<(String, String)>>,
}

impl Shared {
    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }
}

/// A question, and what must be true of its answer.
enum Question {
    Book(String, u64),
    Event(String),
    List,
    /// It was answered before it is asked for.
    Ticket(String, String),
}

/// Sells everything, and checks what was seen.
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
    // Snapshots are made meanwhile, and take part in nothing.
    let mut all = Vec::new();
    for client in clients {
        conn.ask("SNAPSHOT").await.ok();
        all.extend(client.await.expect("a client"));
    }
    for event in EVENTS {
        let saw: Vec<&Saw> = all.iter().filter(|saw| saw.event == event).collect();
        let left = check(event, &saw);
        assert_eq!(conn.ask(&format!("GET {event}")).await.number("available_tickets"), left);
    }
    let tickets = shared.tickets.lock().expect("no panic under it").clone();
    check_tickets(&mut conn, &tickets, &all).await;
    drop(conn);

    // And all of it is still so behind a kill.
    let server = Server::on(server.kill().await).await.expect("recovery");
    let mut conn = server.connect().await;
    check_tickets(&mut conn, &tickets, &all).await;
    conn.finish().await;
    server.stop().await;
}

async fn buy(address: std::net::SocketAddr, client: u64, mut rng: Rng, shared: Arc<Shared>) -> Vec<Saw> {
    let mut conn = Conn::open(address).await;
    let mut all = Vec::new();
    for _ in 0..BATCHES {
        let questions: Vec<Question> = (0..=rng.below(LINES)).map(|_| ask(&mut rng, &shared)).collect();
        let lines: String = questions.iter().map(Question::line).collect();
        let asked = shared.tick();
        conn.send(lines.as_bytes()).await;
        for question in questions {
            let reply = conn.reply().await.expect("an answer");
            let answered = shared.tick();
            let saw = |event: &str, said| Saw { client, asked, answered, event: event.to_owned(), said };
            question.check(&reply, &shared, &mut |event, said| all.push(saw(event, said)));
        }
    }
    all
}

fn ask(rng: &mut Rng, shared: &Shared) -> Question {
    let event = (*rng.pick(&EVENTS)).to_owned();
    match rng.below(12) {
        0..6 => Question::Book(event, 1 + rng.below(4) as u64),
        6..10 => Question::Event(event),
        10 => Question::List,
        _ => {
            let tickets = shared.tickets.lock().expect("no panic under it");
            match tickets.is_empty() {
                true => Question::Event(event),
                // The newest ones: if any is not known everywhere yet, it is they.
                false => {
                    let back = rng.below(tickets.len().min(4));
                    let (ticket, event) = tickets[tickets.len() - 1 - back].clone();
                    Question::Ticket(ticket, event)
                }
            }
        }
    }
}

impl Question {
    fn line(&self) -> String {
        match self {
            Self::Book(event, count) => format!("BOOK {event} {count}\n"),
            Self::Event(event) => format!("GET {event}\n"),
            Self::List => "GET\n".to_owned(),
            Self::Ticket(ticket, _) => format!("TICKET {ticket}\n"),
        }
    }

    fn check(&self, reply: &Reply, shared: &Shared, saw: &mut dyn FnMut(&str, Said)) {
        match self {
            Self::Book(event, count) => match reply.code.as_deref() {
                None => {
                    let tickets: Vec<String> =
                        serde_json::from_value(reply.body["tickets"].clone()).expect("tickets");
                    assert_eq!(tickets.len() as u64, *count, "{reply:?}");
                    let mut known = shared.tickets.lock().expect("no panic under it");
                    known.extend(tickets.into_iter().map(|ticket| (ticket, event.clone())));
                    saw(event, Said::Sold { count: *count, left: reply.number("available_tickets") });
                }
                Some("SOLD_OUT") => {
                    let left = reply.number("available");
                    assert!(left < *count && reply.number("requested") == *count, "{reply:?}");
                    saw(event, Said::Left(left));
                }
                Some(_) => panic!("{reply:?}"),
            },
            Self::Event(event) => {
                reply.ok();
                saw(event, Said::Left(reply.number("available_tickets")));
            }
            Self::List => {
                assert_eq!(reply.rows.len(), EVENTS.len(), "{reply:?}");
                for row in &reply.rows {
                    let left = row["available_tickets"].as_u64().expect("a number");
                    saw(row["id"].as_str().expect("an id"), Said::Left(left));
                }
            }
            Self::Ticket(_, event) => assert_eq!(reply.ok()["event_id"], Value::from(event.as_str())),
        }
    }
}

/// Puts everything that was seen of an event into the one row that the numbers allow, and holds it against
/// the order of questions and answers. Says how many tickets are left.
fn check(event: &str, saw: &[&Saw]) -> u64 {
    let mut sales: Vec<(u64, u64)> = saw
        .iter()
        .filter_map(|saw| match saw.said {
            Said::Sold { count, left } => Some((left, count)),
            Said::Left(_) => None,
        })
        .collect();
    sales.sort_unstable_by(|a, b| b.cmp(a));
    // The place of each number of tickets left: how many sales came before it.
    let mut places = BTreeMap::from([(TICKETS, 0_u64)]);
    let mut before = TICKETS;
    for (n, &(left, count)) in sales.iter().enumerate() {
        assert_eq!(
            left + count,
            before,
            "{event}: {count} tickets were sold of {before}, and {left} are left"
        );
        places.insert(left, n as u64 + 1);
        before = left;
    }
    // Twice the place, and one more for what only looks: it comes behind the sale that it saw.
    let place = |saw: &Saw| match saw.said {
        Said::Sold { left, .. } => 2 * places[&left],
        Said::Left(left) => {
            let place = places.get(&left);
            2 * place.unwrap_or_else(|| panic!("{event}: at no moment were {left} left: {saw:?}")) + 1
        }
    };
    check_row(saw.iter().map(|saw| (saw.asked, saw.answered, place(saw), *saw)).collect());
    let mut by_client = saw.to_vec();
    by_client.sort_by_key(|saw| (saw.client, saw.answered));
    for pair in by_client.windows(2).filter(|pair| pair[0].client == pair[1].client) {
        assert!(place(pair[0]) <= place(pair[1]), "a connection saw time go backwards: {pair:?}");
    }
    before
}

/// Whatever was answered before another was asked stands before it, too.
fn check_row(mut by_question: Vec<(u64, u64, u64, &Saw)>) {
    let mut by_answer = by_question.clone();
    by_question.sort_by_key(|&(asked, ..)| asked);
    by_answer.sort_by_key(|&(_, answered, ..)| answered);
    let mut answers = by_answer.into_iter().peekable();
    let mut latest: Option<(u64, &Saw)> = None;
    for (asked, _, place, saw) in by_question {
        while let Some((_, _, place, saw)) = answers.next_if(|&(_, answered, ..)| answered < asked) {
            if latest.is_none_or(|(latest, _)| place > latest) {
                latest = Some((place, saw));
            }
        }
        if let Some((latest, earlier)) = latest {
            assert!(latest <= place, "{earlier:?} was answered before {saw:?} was asked");
        }
    }
}

/// Every ticket is there, once, and there are no others.
async fn check_tickets(conn: &mut Conn, tickets: &[(String, String)], all: &[Saw]) {
    let different: HashSet<&String> = tickets.iter().map(|(ticket, _)| ticket).collect();
    assert_eq!(different.len(), tickets.len(), "no ticket was issued twice");
    let sold = all.iter().map(|saw| if let Said::Sold { count, .. } = saw.said { count } else { 0 });
    assert_eq!(sold.sum::<u64>(), tickets.len() as u64);
    for some in tickets.chunks(500) {
        let lines: String = some.iter().map(|(ticket, _)| format!("TICKET {ticket}\n")).collect();
        conn.send(lines.as_bytes()).await;
        for (ticket, event) in some {
            let reply = conn.reply().await.expect("an answer");
            assert_eq!(reply.ok()["event_id"], Value::from(event.as_str()), "{ticket}");
        }
    }
    let stats = conn.ask("STATS").await;
    assert_eq!(stats.number("tickets"), tickets.len() as u64);
    let mut available = 0;
    for event in EVENTS {
        available += conn.ask(&format!("GET {event}")).await.number("available_tickets");
    }
    assert_eq!(available + tickets.len() as u64, EVENTS.len() as u64 * TICKETS, "nothing is oversold");
}
