//! Searches by several clients at once, and the largest series and moves of series.
//!
//! It would fail if two meetings at the first free time got the same hour, if one of them were lost or made
//! twice, if the longest reply of a series could not be stored with its key, or if a commit were longer than
//! the log allows.

use std::collections::BTreeSet;

use bookline_protocol::limits::{CLASHES_BYTES_MAX, COMMIT_BYTES_MAX};
use bookline_protocol::reply::KEYED_REPLY_BYTES_MAX;
use bookline_server::state::StateLimits;
use bookline_server::storage::log::Log;
use bookline_testkit::in_memory::Server;
use bookline_testkit::{MemoryLog, Reply, in_process};

/// The clients that search at once, and the requests of each. Together they fill the three days of
/// [`WINDOW`].
const CLIENTS: usize = 9;
const REQUESTS: usize = 8;

const WINDOW: &str = "to=2199-01-03 days=all from=00:00 until=24:00";

const _: () = assert!(CLIENTS * REQUESTS == 3 * 24);

fn server() -> Server {
    Server::on(MemoryLog::default(), 64, StateLimits::NONE)
}

fn ask(server: &mut Server, line: &str) -> Reply {
    let mut replies = server.execute(format!("{line}\n").as_bytes());
    assert_eq!(replies.len(), 1, "{} replies", replies.len());
    replies.remove(0)
}

/// So many people with the longest ids, joined by commas.
fn group(people: usize) -> String {
    (0..people).map(|n| format!("{n:0>64}")).collect::<Vec<_>>().join(",")
}

/// The requests of a client, of which every second has a key.
fn requests(client: usize) -> Vec<String> {
    let request = |n: usize| {
        let key =
            if n.is_multiple_of(2) { format!(" key=first-time-{client:02}-{n:02}") } else { String::new() };
        format!("MEET F{client} 2199-01-01 first talk boss {WINDOW}{key}")
    };
    (0..REQUESTS).map(request).collect()
}

#[test]
fn meetings_at_the_first_time_that_are_requested_at_once_get_different_times() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let server = in_process::Server::fresh().await;
        let mut clients = Vec::new();
        for client in 0..CLIENTS {
            let mut conn = server.connect().await;
            clients.push(tokio::spawn(async move {
                let mut granted = Vec::new();
                for line in requests(client) {
                    let reply = conn.ask(&line).await;
                    granted.push((line, reply));
                }
                conn.finish().await;
                granted
            }));
        }
        let mut granted = Vec::new();
        for client in clients {
            granted.extend(client.await.expect("a client"));
        }
        let times = granted.iter().map(|(_, reply)| format!("{} {}", reply.ok()["date"], reply.body["time"]));
        assert_eq!(times.collect::<BTreeSet<_>>().len(), CLIENTS * REQUESTS, "two have the same time");
        let mut conn = server.connect().await;
        for day in 1..=3 {
            let day = conn.ask(&format!("GET boss 2199-01-{day:02}")).await;
            assert_eq!(day.ok()["schedule"].as_array().map(Vec::len), Some(24), "{day:?}");
        }
        for (line, reply) in granted.iter().filter(|(line, _)| line.contains("key=")) {
            assert_eq!(conn.ask(line).await.line, reply.line, "the stored reply to {line}");
        }
        let none = conn.ask(&format!("MEET other 2199-01-01 first talk boss {WINDOW}")).await;
        assert_eq!(none.err("CONFLICT")["busy"], serde_json::json!(["boss"]));
        assert_eq!(conn.ask("STATS").await.number("entries"), (CLIENTS * REQUESTS) as u64);
        conn.finish().await;
        server.stop().await;
    });
}

#[test]
fn longest_reply_of_a_series_is_stored_with_its_key() {
    let mut server = server();
    let group = group(330);
    for who in group.split(',').take(25) {
        ask(&mut server, &format!("BLOCK {who} 2199-01-01 10:00 every=day count=59")).ok();
    }
    let title = "x".repeat(200);
    let line = format!(
        "MEET host 2199-01-01 10:00 {title} {group} every=day count=60 on_conflict=skip \
         key=a-key-of-a-series"
    );
    let reply = ask(&mut server, &line);
    assert_eq!((reply.number("occurrences"), reply.number("skipped_count")), (1, 59));
    let skipped = reply.body["skipped"].as_array().expect("a list");
    let bytes = reply.body["skipped"].to_string().len() - "[]".len();
    let longest = skipped.iter().map(|clash| clash.to_string().len()).max().expect("clashes");
    assert!(bytes <= CLASHES_BYTES_MAX && bytes + ",".len() + longest > CLASHES_BYTES_MAX, "{bytes} bytes");
    assert!(reply.line.len() < KEYED_REPLY_BYTES_MAX);
    assert_eq!(ask(&mut server, &line).line, reply.line);
    server.restart();
    assert_eq!(ask(&mut server, &line).line, reply.line);
}

#[test]
fn move_of_a_series_whose_stored_reply_makes_the_commit_too_long_is_refused() {
    let mut server = server();
    let group = group(900);
    ask(&mut server, &format!("MEET host 2199-01-01 10:00 t1 {group} every=day count=3")).ok();
    // Each has its own title, so that each is in the commit with its group.
    for day in 2..=3 {
        let line = format!("PUT host 2199-01-0{day} 10:00 MEET 2199-01-0{day} 10:00 t{day} {group}");
        assert_eq!(ask(&mut server, &line).number("occurrences"), 1);
    }
    let before = server.log.appended();
    let line = format!("PUT host 2199-01-01 10:00 MEET 2199-01-01 11:00 t4 {group} series=all");
    let refused = ask(&mut server, &format!("{line} key=a-key-of-a-move-"));
    assert_eq!(refused.err("LIMIT")["limit"], COMMIT_BYTES_MAX);
    assert!(refused.number("requested") > COMMIT_BYTES_MAX, "{refused:?}");
    assert_eq!(server.log.appended(), before, "a refusal appends nothing");
    assert_eq!(ask(&mut server, &line).number("occurrences"), 3);
}
