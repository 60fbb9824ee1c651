//! Keys under a clock that the test moves: what is forgotten, when, and what a refused request leaves.
//!
//! It would fail if a refusal or a repeat appended anything, if a full or a read-only server did not send
//! stored replies, if a younger key were forgotten before an older one, or if a repeat beside the forgetting
//! of its key got an error, or two changes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

use bookline_protocol::Role;
use bookline_server::state::{Context, Identity, StateLimits};
use bookline_server::storage::log::{AppendError, Log};
use bookline_server::time::clock::Clock;
use bookline_server::time::source::{ManualTime, TimeSource};
use bookline_testkit::in_memory::Server;
use bookline_testkit::{MemoryLog, Reply, in_process};

use super::identities::{add_account, ask_as};
use super::model::moment::manual_time;

const SECOND_MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * SECOND_MICROS;

/// Keys that are forgotten by one commit at most.
const FORGOTTEN_MAX: usize = 1_000;

fn server(limits: StateLimits) -> (Server, Arc<ManualTime>) {
    let time = manual_time();
    let clock = Arc::new(Clock::new(time.clone(), None));
    let mut server = Server::with_clock(MemoryLog::default(), 64, limits, clock);
    ask(&mut server, "CREATE x 2026-12-31 100000 id=x").ok();
    (server, time)
}

fn ask(server: &mut Server, line: &str) -> Reply {
    let mut replies = server.execute(format!("{line}\n").as_bytes());
    assert_eq!(replies.len(), 1, "{line}");
    replies.remove(0)
}

fn book(n: usize) -> String {
    format!("BOOK x 1 key=a-key-with-a-number-{n}")
}

/// It would fail if the key of one account were that of another, or a snapshot lost the owner of a key.
#[tokio::test]
async fn accounts_have_keys_of_their_own_also_after_a_restart() {
    let mut server = in_process::Server::fresh().await;
    let anna = add_account(&server, "anna", Role::Seller, "");
    let ben = add_account(&server, "ben", Role::Seller, "");
    ask_as(&server, &anna, "CREATE x 2026-12-31 100 id=x").await;
    let everybody = [anna, ben, Identity::Anybody];
    let line = "BOOK x 1 key=the-same-for-everybody";
    let mut replies = Vec::new();
    for identity in &everybody {
        replies.push(ask_as(&server, identity, line).await);
    }
    assert_eq!(replies.iter().collect::<BTreeSet<_>>().len(), 3, "a ticket for each: {replies:?}");
    for snapshot in [false, true] {
        if snapshot {
            server.service.snapshots.as_ref().expect("a single server").make().await.expect("a snapshot");
        }
        server = in_process::Server::on(server.stop().await).await.expect("a restart");
        let sequence = server.service.store.log().appended();
        // Nobody without an account is served, as there are accounts now.
        for (identity, reply) in everybody.iter().zip(&replies).take(2) {
            assert_eq!(&ask_as(&server, identity, line).await, reply, "a stored reply");
            let other = ask_as(&server, identity, "BOOK x 2 key=the-same-for-everybody").await;
            assert!(other.starts_with("ERR KEY_REUSED "), "{other}");
        }
        assert_eq!(server.service.store.log().appended(), sequence, "nothing was booked");
    }
}

#[test]
fn refused_request_with_a_key_leaves_nothing_and_is_decided_anew() {
    let (mut server, _) = server(StateLimits::NONE);
    ask(&mut server, "CREATE y 2026-12-31 1 id=y").ok();
    let ticket = ask(&mut server, "BOOK y 1").tickets().remove(0);
    ask(&mut server, "BLOCK F1 2026-12-31 09:00").ok();
    let before = server.log.appended();
    let requests = [
        ("BOOK y 1", "SOLD_OUT"),
        ("BOOK y 1 x 1", "SOLD_OUT"),
        ("HOLD y 1", "SOLD_OUT"),
        ("CREATE y 2026-12-31 1 id=y", "CONFLICT"),
        ("UPDATE z tickets=1", "NOT_FOUND"),
        ("DELETE y", "CONFLICT"),
        ("BLOCK F1 2026-12-31 09:00", "CONFLICT"),
        ("MEET F2 2026-12-31 09:00 talk F1", "CONFLICT"),
        ("PUT F2 2026-12-31 09:00 BLOCK 2026-12-31 10:00", "NOT_FOUND"),
        ("DELETE F2 2026-12-31 09:00", "NOT_FOUND"),
        ("CONFIRM 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee", "NOT_FOUND"),
        ("EXTEND 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee 9", "NOT_FOUND"),
        ("RELEASE 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee", "NOT_FOUND"),
        ("CANCEL 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee", "NOT_FOUND"),
        ("CHECKIN 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee", "NOT_FOUND"),
    ];
    for (line, code) in requests {
        // Another request with the same key is no reuse, as none of them used it.
        ask(&mut server, &format!("{line} key=refused-every-time")).err(code);
    }
    assert_eq!(server.log.appended(), before);
    assert_eq!(server.store().totals(&mut Context::default()).keys, 0);
    ask(&mut server, &format!("CANCEL {ticket}")).ok();
    let booked = ask(&mut server, "BOOK y 1 key=refused-every-time");
    assert_ne!(booked.tickets(), [ticket]);
    assert_eq!(ask(&mut server, "BOOK y 1 key=refused-every-time"), booked);
}

#[test]
fn read_only_server_sends_stored_replies() {
    let (mut server, _) = server(StateLimits::NONE);
    let booked = ask(&mut server, &book(0));
    server.log.set_refusal(Some(AppendError::ReadOnly { reason: "no space".into() }));
    assert_eq!(ask(&mut server, &book(0)), booked);
    ask(&mut server, &book(0).replace("x 1", "x 2")).err("KEY_REUSED");
    ask(&mut server, &book(1)).err("READ_ONLY");
    assert_eq!(server.store().totals(&mut Context::default()).keys, 1);
    server.log.set_refusal(None);
    ask(&mut server, &book(1)).ok();
}

/// A full table of old keys on a log without space: the place of none can be taken.
#[test]
fn read_only_server_that_is_full_of_keys_sends_stored_replies() {
    let (mut server, time) = server(StateLimits { keys: 2, ..StateLimits::NONE });
    let booked = [0, 1].map(|n| ask(&mut server, &book(n)));
    time.advance(61 * SECOND_MICROS);
    server.log.set_refusal(Some(AppendError::ReadOnly { reason: "no space".into() }));
    for (n, booked) in booked.iter().enumerate() {
        assert_eq!(&ask(&mut server, &book(n)), booked);
    }
    assert!(!ask(&mut server, &book(2)).is_ok());
    ask(&mut server, &book(2).replace("x 1", "nosuch 1")).err("NOT_FOUND");
    server.log.set_refusal(None);
    ask(&mut server, &book(2)).ok();
}

#[test]
fn keys_are_forgotten_after_a_day_the_oldest_first_and_at_most_1000_by_a_commit() {
    const KEYS: usize = 2_500;
    let (mut server, time) = server(StateLimits::NONE);
    let mut times = Vec::new();
    for n in 0..KEYS {
        time.advance(1);
        times.push(time.system_micros());
        ask(&mut server, &book(n)).ok();
    }
    // The totals are also compared with the usage that is counted.
    let left = |server: &Server| {
        let totals = server.store().totals(&mut Context::default());
        (totals.keys as usize, totals.oldest_key)
    };
    let forget = |server: &Server| server.store().forget_old_keys().expect("the log accepts commits");
    time.advance(times[0] + DAY_MICROS - 1 - time.system_micros());
    let before = server.log.appended();
    assert!(!forget(&server), "the oldest key is a microsecond too young");
    assert_eq!((left(&server), server.log.appended()), ((KEYS, Some(times[0])), before));
    time.advance(700);
    assert!(!forget(&server));
    assert_eq!(left(&server), (KEYS - 700, Some(times[700])));
    time.advance(DAY_MICROS);
    assert!(forget(&server), "more are old");
    assert_eq!(left(&server), (KEYS - 700 - FORGOTTEN_MAX, Some(times[700 + FORGOTTEN_MAX])));
    assert!(!forget(&server));
    assert_eq!(left(&server), (0, None));
    assert_eq!(server.log.appended().0, before.0 + 3, "a commit each");
    let again = ask(&mut server, &book(0));
    again.ok();
    assert_eq!(ask(&mut server, &book(0)), again);
    server.restart();
    assert_eq!(left(&server).0, 1);
}

/// A writer of the log output.
#[derive(Clone, Default)]
struct LogOutput(Arc<Mutex<Vec<u8>>>);

impl io::Write for LogOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn log_output_warns_once_a_minute_that_keys_younger_than_an_hour_are_forgotten() {
    let output = LogOutput::default();
    let writer = output.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let warnings = || {
        let output = output.0.lock().expect("no panic");
        String::from_utf8_lossy(&output).matches("keys are forgotten early").count()
    };
    let (mut server, time) = server(StateLimits { keys: 20, ..StateLimits::NONE });
    let mut numbers = 0..;
    let mut use_keys = |count: usize, warned: usize| {
        for n in numbers.by_ref().take(count) {
            ask(&mut server, &book(n)).ok();
        }
        assert_eq!(warnings(), warned);
    };
    use_keys(10, 0);
    time.advance(30 * SECOND_MICROS);
    use_keys(10, 0);
    // The first ten are 61 seconds old, and then the others.
    time.advance(31 * SECOND_MICROS);
    use_keys(10, 1);
    time.advance(29 * SECOND_MICROS);
    use_keys(10, 1);
    // A minute after the first warning.
    time.advance(31 * SECOND_MICROS);
    use_keys(10, 2);
    // All twenty are more than an hour old.
    time.advance(3_601 * SECOND_MICROS);
    use_keys(20, 2);
}

/// Clients repeat requests while others need the places of their keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn repeat_beside_forgetting_gets_the_stored_reply_or_is_executed_anew() {
    const ROUNDS: usize = 60;
    /// In a round, half of the clients use new keys, and two each repeat one of the round before.
    const CLIENTS: usize = 20;
    const TICKETS: usize = 100_000;
    let time = manual_time();
    let server = in_process::Server::fresh_with(|config| {
        config.limits.keys = CLIENTS as u64;
        config.time_source = Some(time.clone());
        config.background_maintenance = false;
    })
    .await;
    let mut conn = server.connect().await;
    conn.ask(&format!("CREATE x 2026-12-31 {TICKETS} id=x")).await.ok();
    let mut conns = Vec::new();
    for _ in 0..CLIENTS {
        conns.push(server.connect().await);
    }
    let (mut granted, mut stored) = (BTreeSet::<String>::new(), BTreeMap::<usize, String>::new());
    let (mut repeated, mut anew) = (0, 0);
    for round in 0..ROUNDS {
        // All keys so far may be forgotten.
        time.advance(61 * SECOND_MICROS);
        let earlier: Vec<usize> = stored.keys().copied().collect();
        let clients = conns.drain(..).enumerate().map(|(client, mut conn)| {
            let new = round * CLIENTS + client;
            let key = if client % 2 == 0 { new } else { *earlier.get(client / 4).unwrap_or(&new) };
            tokio::spawn(async move {
                let reply = conn.ask(&book(key)).await;
                (conn, key, reply)
            })
        });
        let mut replies = BTreeMap::<usize, BTreeSet<String>>::new();
        for client in clients.collect::<Vec<_>>() {
            let (conn, key, reply) = client.await.expect("a client");
            reply.ok();
            conns.push(conn);
            replies.entry(key).or_default().insert(reply.line);
        }
        let before = std::mem::take(&mut stored);
        for (key, mut lines) in replies {
            if let Some(line) = before.get(&key) {
                repeated += usize::from(lines.remove(line));
                anew += lines.len();
            }
            assert!(lines.len() <= 1, "{key} was executed twice: {lines:?}");
            if !before.contains_key(&key) {
                stored.extend(lines.first().map(|line| (key, line.clone())));
            }
            for line in lines {
                assert!(granted.insert(line), "two changes with one reply");
            }
        }
    }
    println!("{repeated} stored replies, {anew} requests executed anew");
    let left = conn.ask("GET x").await.number("available_tickets") as usize;
    assert_eq!(left, TICKETS - granted.len(), "a change for each different reply");
    drop((conn, conns));
    server.stop().await;
}
