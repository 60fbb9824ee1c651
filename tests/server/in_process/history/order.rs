//! Requests of every kind from a few clients at a time, and the search for an order of them in which the
//! naive model gives the same answers (Wing and Gong's check of linearizability, with the memory of Lowe's).

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{NaiveDateTime, Utc};

use crate::in_process::common::{Conn, Reply, Rng, Server};
use crate::in_process::model::line::write;
use crate::in_process::model::naive::{Ask, Naive, Slot};
use crate::in_process::model::steps::{Conditions, Drawn, Step, everything, slots};

const CLIENTS: usize = 4;

/// Rounds of one scenario; everybody waits for everybody between two of them.
const ROUNDS: usize = 12;

/// Batches of a client in a round, and lines in one at the most.
const BATCHES: usize = 3;
const LINES: usize = 4;

/// A question and its answer.
#[derive(Debug, Clone)]
struct Saw {
    asked: u64,
    answered: u64,
    ask: Ask,
    reply: Reply,
    now: [NaiveDateTime; 2],
}

/// One scenario.
pub async fn explain(seed: u64) {
    let mut rng = Rng::new(seed);
    let server = Server::fresh_with(|config| config.shards = *rng.pick(&[1, 64])).await;
    let mut conns = Vec::new();
    for _ in 0..CLIENTS {
        conns.push(server.connect().await);
    }
    let slots = slots(Utc::now().naive_utc());
    let mut naive = Naive::new(true);
    let clock = Arc::new(AtomicU64::new(0));
    for round in 0..ROUNDS {
        let clients: Vec<_> = conns
            .drain(..)
            .map(|conn| tokio::spawn(chat(conn, draw(&mut rng, &naive, &slots), rng.next(), clock.clone())))
            .collect();
        let mut saw = Vec::new();
        for client in clients {
            let (conn, seen) = client.await.expect("a client");
            conns.push(conn);
            saw.push(seen);
        }
        let explained = find_order(&naive, &saw, |naive| Some(naive.clone()))
            .unwrap_or_else(|| panic!("round {round}: no order explains this:\n{}", told(&saw)));
        // Several orders may explain it and end differently, as when a meeting is deleted between two that
        // are made of the same hour. What is there now must be where one of them ends.
        let now = look_at_everything(&mut conns[0], &explained, &slots).await;
        naive = agrees(&explained, &now).unwrap_or_else(|difference| {
            find_order(&naive, &saw, |naive| agrees(naive, &now).ok()).unwrap_or_else(|| {
                panic!("round {round}: no order ends with this: {difference}\n{}", told(&saw))
            })
        });
    }
    for conn in &mut conns {
        conn.finish().await;
    }
    server.stop().await;
}

/// Batches of requests, about what there is when the round begins.
fn draw(rng: &mut Rng, naive: &Naive, slots: &[Slot]) -> Vec<Vec<Ask>> {
    let conditions = Conditions::draw(&mut rng.clone());
    let mut ask = || loop {
        let Step::Ask { drawn, .. } = Step::draw(rng, conditions) else { continue };
        // A round is short, so that its slots are few.
        let drawn = match drawn {
            Drawn::Slots(of, slot, other) => Drawn::Slots(of, slot % 2, other % 2 * 7),
            other => other,
        };
        let ask = drawn.find(naive, slots);
        // What looks at many things one after the other is promised to be of one moment for none but each of
        // them.
        if !matches!(ask, Ask::List { .. } | Ask::Hod(_) | Ask::Stats | Ask::Snapshot | Ask::Quit) {
            return ask;
        }
    };
    (0..BATCHES).map(|batch| (0..1 + (batch + LINES) % LINES).map(|_| ask()).collect()).collect()
}

async fn chat(mut conn: Conn, batches: Vec<Vec<Ask>>, style: u64, clock: Arc<AtomicU64>) -> (Conn, Vec<Saw>) {
    let (mut all, mut style) = (Vec::new(), Rng::new(style));
    for batch in batches {
        let mut bytes = Vec::new();
        for ask in &batch {
            bytes.extend(write(ask, &mut style));
            bytes.push(b'\n');
        }
        let before = Utc::now().naive_utc();
        let asked = clock.fetch_add(1, Ordering::SeqCst);
        conn.send(&bytes).await;
        for ask in batch {
            let reply = conn.reply().await.expect("an answer");
            let answered = clock.fetch_add(1, Ordering::SeqCst);
            let now = [before, Utc::now().naive_utc()];
            all.push(Saw { asked, answered, ask, reply, now });
        }
    }
    (conn, all)
}

/// Searches for an order in which the model says the same, and which ends in a state that is accepted. A
/// connection's requests keep theirs; what was answered before another was asked stands before it.
fn find_order(naive: &Naive, saw: &[Vec<Saw>], accept: impl Fn(&Naive) -> Option<Naive>) -> Option<Naive> {
    let mut known = HashSet::new();
    let mut open = vec![(vec![0; saw.len()], naive.clone())];
    while let Some((done, naive)) = open.pop() {
        let next = |client: usize| saw[client].get(done[client]);
        let Some(first_answer) = (0..saw.len()).filter_map(next).map(|saw| saw.answered).min() else {
            match accept(&naive) {
                Some(accepted) => return Some(accepted),
                None => continue,
            }
        };
        for client in 0..saw.len() {
            let Some(saw) = next(client).filter(|saw| saw.asked < first_answer) else { continue };
            let mut naive = naive.clone();
            if naive.check(&saw.ask, &saw.reply, saw.now).is_ok() {
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

/// What is there between two rounds, when nothing is in doubt.
async fn look_at_everything(conn: &mut Conn, naive: &Naive, slots: &[Slot]) -> Vec<Saw> {
    let (mut style, mut all) = (Rng::new(0), Vec::new());
    for asks in everything(naive, slots).chunks(200) {
        let lines = asks.iter().flat_map(|ask| [write(ask, &mut style), b"\n".to_vec()].concat());
        let before = Utc::now().naive_utc();
        conn.send(&lines.collect::<Vec<u8>>()).await;
        for ask in asks {
            let reply = conn.reply().await.expect("an answer");
            let now = [before, Utc::now().naive_utc()];
            all.push(Saw { asked: 0, answered: 0, ask: ask.clone(), reply, now });
        }
    }
    all
}

/// The model behind these answers, or what it says otherwise.
fn agrees(naive: &Naive, saw: &[Saw]) -> Result<Naive, String> {
    let mut naive = naive.clone();
    for Saw { ask, reply, now, .. } in saw {
        naive.check(ask, reply, *now).map_err(|what| format!("{ask:?}: {reply:?}: {what}"))?;
    }
    Ok(naive)
}

fn told(saw: &[Vec<Saw>]) -> String {
    let mut text = String::new();
    for (client, saw) in saw.iter().enumerate() {
        for Saw { asked, answered, ask, reply, .. } in saw {
            let code = reply.code.as_deref().unwrap_or("OK");
            text += &format!("client {client}, {asked}..{answered}: {ask:?}: {code} {}\n", reply.body);
        }
    }
    text
}

#[test]
fn the_search_finds_an_order_where_there_is_one_and_none_where_there_is_none() {
    let any = |naive: &Naive| Some(naive.clone());
    let now = [Utc::now().naive_utc(); 2];
    let saw = |asked, answered, line: Ask, reply: &str| {
        let (code, body) = reply.split_once(' ').expect("a code and an object");
        let code = (code != "OK").then(|| code.to_owned());
        let body = serde_json::from_str(body).expect("an object");
        Saw { asked, answered, ask: line, reply: Reply { rows: Vec::new(), code, body }, now }
    };
    let date = chrono::NaiveDate::from_ymd_opt(2026, 12, 31).expect("a date");
    let create = Ask::Create { name: "Jazz".into(), date, tickets: 1, id: Some("jazz".into()) };
    let event = |left| {
        format!(
            r#"OK {{"id":"jazz","name":"Jazz","date":"2026-12-31","total_tickets":1,"available_tickets":{left}}}"#
        )
    };
    let sold =
        r#"OK {"event_id":"jazz","tickets":["2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"],"available_tickets":0}"#;
    let gone = r#"SOLD_OUT {"message":"none are left of it","retry":false,"available":0,"requested":1}"#;
    let (book, look) = (Ask::Book("jazz".into(), 1), Ask::Event("jazz".into()));
    let created = saw(0, 1, create, &event(1));

    // The read overlaps with the sale: it may have come before or behind.
    for left in [0, 1] {
        let clients = [
            vec![created.clone(), saw(2, 9, book.clone(), sold)],
            vec![saw(3, 8, look.clone(), &event(left))],
            vec![saw(4, 7, book.clone(), gone)],
        ];
        assert!(find_order(&Naive::new(true), &clients, any).is_some(), "{left} left");
    }
    // It was asked when the sale was answered: it must have come behind.
    let late = |left| {
        let sold = vec![created.clone(), saw(2, 5, book.clone(), sold)];
        find_order(&Naive::new(true), &[sold, vec![saw(6, 7, look.clone(), &event(left))]], any)
    };
    assert!(late(0).is_some() && late(1).is_none());
    // One ticket, sold twice.
    let other = sold.replace("2cdba4d5", "2cdbffff");
    let twice = [vec![created, saw(2, 9, book.clone(), sold)], vec![saw(3, 8, book, &other)]];
    assert!(find_order(&Naive::new(true), &twice, any).is_none());
}
