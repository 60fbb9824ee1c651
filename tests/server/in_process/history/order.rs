//! Concurrent requests of all kinds, and the search for an order in which the naive model gives the same
//! replies (the linearizability check of Wing and Gong, with the memoization of Lowe).

use std::collections::HashSet;
use std::ops::RangeFrom;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bookline_server::commands::Service;
use bookline_server::maintenance;
use bookline_server::state::StateLimits;
use bookline_testkit::in_process::Server;
use bookline_testkit::model::{Model, Request, Slot, Terms, TimeSearch, Window, request_line};
use bookline_testkit::reply::PartialReply;
use bookline_testkit::{AsyncConn, Reply, Rng};
use chrono::NaiveDateTime;

use crate::in_process::model::moment::{manual_time, now};
use crate::in_process::model::steps::{Advance, Conditions, KeyUse, Step, Template, all_reads, slots};

const CLIENTS: usize = 4;

/// The number of rounds in a scenario. All clients finish a round before the next one begins.
const ROUNDS: usize = 12;

/// The number of batches that a client sends in a round, and the largest number of lines in one.
const BATCHES: usize = 3;
const LINES: usize = 4;

/// Rounds of maintenance during a round of requests.
const MAINTENANCE_ROUNDS: usize = 3;

/// The most time that passes between two rounds, an hour: no hold of a scenario is forgotten.
const ADVANCE_MICROS_MAX: i64 = 3_600_000_000;

const _: () = assert!(ROUNDS < 24);

/// No two holds of a round live for the same time: the order in which holds with one deadline end is not
/// specified.
const FIRST_LIFETIME_SECONDS: u64 = 1;

/// A request and its reply, with the logical times of both.
#[derive(Debug, Clone)]
struct Observation {
    sent: u64,
    received: u64,
    request: Request,
    reply: Reply,
}

/// Runs a scenario, and asserts that it is linearizable. Time passes between the rounds. Due holds are ended
/// during a round.
pub async fn check_linearizable(seed: u64) {
    let mut rng = Rng::new(seed);
    let time = manual_time();
    let server = Server::fresh_with(|config| {
        config.shards = *rng.pick(&[1, 64]);
        config.limits = StateLimits::NONE;
        config.time_source = Some(time.clone());
        config.background_maintenance = false;
    })
    .await;
    let mut conns = Vec::new();
    for _ in 0..CLIENTS {
        conns.push(server.connect().await);
    }
    let slots = slots(now(&time));
    let mut naive = Model::new(true, StateLimits::NONE).with_concurrent_searches();
    let mut lifetimes = FIRST_LIFETIME_SECONDS..;
    let clock = Arc::new(AtomicU64::new(0));
    for round in 0..ROUNDS {
        let micros = Advance::draw(&mut rng).micros(&naive, now(&time));
        time.advance(micros.min(ADVANCE_MICROS_MAX));
        let now = now(&time);
        let mut keyed = Vec::new();
        let clients: Vec<_> = conns
            .drain(..)
            .map(|conn| {
                let batches = draw(&mut rng, &naive, &slots, &mut lifetimes, &mut keyed);
                tokio::spawn(run_client(conn, batches, rng.next(), clock.clone()))
            })
            .collect();
        let maintained = tokio::spawn(maintain(server.service.clone()));
        let mut observed = Vec::new();
        for client in clients {
            let (conn, seen) = client.await.expect("a client");
            conns.push(conn);
            observed.push(seen);
        }
        maintained.await.expect("maintenance");
        let explained =
            find_order(&naive, &observed, now, |naive| Some(naive.clone())).unwrap_or_else(|| {
                panic!("round {round}: no order explains these replies:\n{}", report(&observed))
            });
        // Several orders may explain the replies and end in different states, as when a meeting is deleted
        // between two meetings of the same hour. One of them must end in the current state.
        let seen = check_all_state(&mut conns[0], &explained, &slots).await;
        naive = check_replies(&explained, &seen, now).unwrap_or_else(|difference| {
            find_order(&naive, &observed, now, |naive| check_replies(naive, &seen, now).ok()).unwrap_or_else(
                || panic!("round {round}: no order ends in this state: {difference}\n{}", report(&observed)),
            )
        });
    }
    for conn in &mut conns {
        conn.finish().await;
    }
    server.stop().await;
}

/// Rounds of maintenance while clients send requests.
async fn maintain(service: Arc<Service>) {
    for _ in 0..MAINTENANCE_ROUNDS {
        maintenance::round(&service.store).await.expect("the journal is open");
        tokio::task::yield_now().await;
    }
}

/// Batches of random requests, resolved against the state at the beginning of the round. `keyed` are the
/// requests with keys of the round so far, of which some are sent again by the same client or by another.
fn draw(
    rng: &mut Rng,
    naive: &Model,
    slots: &[Slot],
    lifetimes: &mut RangeFrom<u64>,
    keyed: &mut Vec<Request>,
) -> Vec<Vec<Request>> {
    let conditions = Conditions::draw(&mut rng.clone());
    let mut draw_request = || loop {
        let Step::Request { template, key, .. } = Step::draw(rng, conditions) else { continue };
        if !keyed.is_empty() && rng.one_in(5) {
            return rng.pick(keyed).clone();
        }
        // It would be a second hold with the lifetime of the first.
        if matches!(key, KeyUse::AgainWithNew(..)) {
            continue;
        }
        // Only a few slots, so that the requests of a short round conflict.
        let template = match template {
            Template::Slots(action, slot, other) => {
                // The current hour, the next one, which is on the next day, and the same hour of that day.
                Template::Slots(action, [0, 1, 10][slot % 3], [0, 7, 10][other % 3])
            }
            other => other,
        };
        let mut request = template.resolve(naive, slots);
        match &mut request {
            Request::Hold { ttl, .. } => *ttl = lifetimes.next(),
            Request::Extend { seconds, .. } => *seconds = lifetimes.next().expect("another number"),
            _ => {}
        }
        // Requests that read several shards are not linearizable as a whole.
        if !matches!(
            request,
            Request::List { .. }
                | Request::Tickets(_)
                | Request::Range { .. }
                | Request::Hod { .. }
                | Request::Free(TimeSearch { window: Window { to: Some(_), .. }, .. })
                | Request::Stats
                | Request::Snapshot
                | Request::Quit
        ) {
            let request = key.resolve(request, naive);
            keyed.extend(matches!(request, Request::Keyed { .. }).then(|| request.clone()));
            return request;
        }
    };
    (0..BATCHES).map(|batch| (0..1 + (batch + LINES) % LINES).map(|_| draw_request()).collect()).collect()
}

async fn run_client(
    mut conn: AsyncConn,
    batches: Vec<Vec<Request>>,
    style: u64,
    clock: Arc<AtomicU64>,
) -> (AsyncConn, Vec<Observation>) {
    let (mut all, mut style) = (Vec::new(), Rng::new(style));
    for batch in batches {
        let mut bytes = Vec::new();
        for request in &batch {
            bytes.extend(request_line(request, &mut style));
            bytes.push(b'\n');
        }
        let sent = clock.fetch_add(1, Ordering::SeqCst);
        conn.send(&bytes).await;
        for request in batch {
            let reply = conn.reply().await.expect("an answer");
            let received = clock.fetch_add(1, Ordering::SeqCst);
            all.push(Observation { sent, received, request, reply });
        }
    }
    (conn, all)
}

/// Searches for an order in which the model gives the same replies and ends in a state that is accepted. The
/// order keeps that of each connection, and a request that was answered before another one was sent comes
/// before it. The server may end the due holds of an event at any time.
fn find_order(
    naive: &Model,
    observed: &[Vec<Observation>],
    now: NaiveDateTime,
    accept: impl Fn(&Model) -> Option<Model>,
) -> Option<Model> {
    let mut known = HashSet::new();
    let mut open = vec![(vec![0; observed.len()], naive.clone())];
    while let Some((done, naive)) = open.pop() {
        for event in naive.events_with_due_holds(now) {
            let mut naive = naive.clone();
            naive.end_due_holds_of(event, now);
            if known.insert((done.clone(), format!("{naive:?}"))) {
                open.push((done.clone(), naive));
            }
        }
        let next = |client: usize| observed[client].get(done[client]);
        let Some(first_answer) = (0..observed.len()).filter_map(next).map(|observed| observed.received).min()
        else {
            match accept(&naive) {
                Some(accepted) => return Some(accepted),
                None => continue,
            }
        };
        for client in 0..observed.len() {
            let Some(observed) = next(client).filter(|observed| observed.sent < first_answer) else {
                continue;
            };
            let mut naive = naive.clone();
            if naive.check(&observed.request, &observed.reply, now).is_ok() {
                let mut done = done.clone();
                done[client] += 1;
                if known.insert((done.clone(), format!("{naive:?}"))) {
                    open.push((done, naive));
                }
            }
        }
    }
    None
}

/// The replies to requests that read all of the state, between two rounds.
async fn check_all_state(conn: &mut AsyncConn, naive: &Model, slots: &[Slot]) -> Vec<Observation> {
    let (mut style, mut all) = (Rng::new(0), Vec::new());
    for requests in all_reads(naive, slots).chunks(200) {
        let lines =
            requests.iter().flat_map(|request| [request_line(request, &mut style), b"\n".to_vec()].concat());
        conn.send(&lines.collect::<Vec<u8>>()).await;
        for request in requests {
            let reply = conn.reply().await.expect("an answer");
            all.push(Observation { sent: 0, received: 0, request: request.clone(), reply });
        }
    }
    all
}

/// The model after these replies, or the first difference.
fn check_replies(naive: &Model, observed: &[Observation], now: NaiveDateTime) -> Result<Model, String> {
    let mut naive = naive.clone();
    for Observation { request, reply, .. } in observed {
        naive.check(request, reply, now).map_err(|what| format!("{request:?}: {reply:?}: {what}"))?;
    }
    Ok(naive)
}

fn report(observed: &[Vec<Observation>]) -> String {
    let mut text = String::new();
    for (client, observed) in observed.iter().enumerate() {
        for Observation { sent, received, request, reply, .. } in observed {
            let code = reply.code.as_deref().unwrap_or("OK");
            text += &format!("client {client}, {sent}..{received}: {request:?}: {code} {}\n", reply.body);
        }
    }
    text
}

#[test]
fn find_order_finds_an_order_exactly_if_there_is_one() {
    let any = |naive: &Model| Some(naive.clone());
    let now = now(&manual_time());
    let new_model = || Model::new(true, StateLimits::NONE);
    let observed = |sent, received, line: Request, reply: &str| {
        let reply = PartialReply::default().add(reply).expect("a final line");
        Observation { sent, received, request: line, reply }
    };
    let date = chrono::NaiveDate::from_ymd_opt(2026, 12, 31).expect("a date");
    let (id, terms) = (Some("jazz".into()), Terms::default());
    let create = Request::Create { name: "Jazz".into(), date, tickets: 1, id, terms };
    let event = |left| {
        format!(
            r#"OK {{"id":"jazz","name":"Jazz","date":"2026-12-31","total_tickets":1,"available_tickets":{left},"held_tickets":0,"sales":"open"}}"#
        )
    };
    let sold =
        r#"OK {"event_id":"jazz","tickets":["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"],"available_tickets":0}"#;
    let sold_out = r#"ERR SOLD_OUT {"message":"none are left of it","retry":false,"available":0,"held":0,"requested":1}"#;
    let (book, read) = (Request::book("jazz", 1), Request::Event("jazz".into()));
    let created = observed(0, 1, create, &event(1));

    // The read overlaps with the sale, so it may come before or after it.
    for left in [0, 1] {
        let clients = [
            vec![created.clone(), observed(2, 9, book.clone(), sold)],
            vec![observed(3, 8, read.clone(), &event(left))],
            vec![observed(4, 7, book.clone(), sold_out)],
        ];
        assert!(find_order(&new_model(), &clients, now, any).is_some(), "{left} left");
    }
    // The read was sent after the sale was answered, so it must come after it.
    let late = |left| {
        let sold = vec![created.clone(), observed(2, 5, book.clone(), sold)];
        find_order(&new_model(), &[sold, vec![observed(6, 7, read.clone(), &event(left))]], now, any)
    };
    assert!(late(0).is_some() && late(1).is_none());
    // One ticket that is sold twice.
    let other = sold.replace("2cdba4d5", "2cdbffff");
    let twice = [vec![created, observed(2, 9, book.clone(), sold)], vec![observed(3, 8, book, &other)]];
    assert!(find_order(&new_model(), &twice, now, any).is_none());
}
