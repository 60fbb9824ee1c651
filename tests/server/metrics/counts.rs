//! The metrics are what was done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use bookline_testkit::Conn;
use bookline_testkit::monitoring::METRICS_FLAGS;
use bookline_testkit::process::Home;

use super::start;

#[test]
fn requests_refusals_and_changes_are_counted_once() {
    let (server, monitoring) = start(&["--max-connections", "3"]);
    let mut conn = server.connect();
    conn.ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    for _ in 0..3 {
        conn.ask("BOOK jazz 2").ok();
    }
    conn.ask("BOOK jazz 5").err("SOLD_OUT");
    conn.ask("BOOK nowhere 1").err("NOT_FOUND");
    conn.ask("BOKO jazz 1").err("UNKNOWN_COMMAND");
    conn.ask("BOOK jazz 1 key=one-key-of-sixteen").ok();
    conn.ask("BOOK jazz 1 key=one-key-of-sixteen").ok();
    conn.ask("BOOK jazz 2 key=one-key-of-sixteen").err("KEY_REUSED");
    conn.ask("SNAPSHOT").ok();
    let mut watcher = server.connect();
    watcher.ask("WATCH event:jazz").ok();
    server.connect().ask("PING").ok();
    let _third = server.connect();
    conn.ask_until("STATS", |stats| stats.number("connections") == 3);
    server.connect().reply().err("BUSY");

    let metrics = monitoring.metrics();
    for (name, value) in [
        (r#"commands_total{verb="CREATE"}"#, 1),
        (r#"commands_total{verb="BOOK"}"#, 8),
        (r#"commands_total{verb="SNAPSHOT"}"#, 1),
        (r#"commands_total{verb="WATCH"}"#, 1),
        (r#"commands_total{verb="CANCEL"}"#, 0),
        (r#"refusals_total{code="SOLD_OUT"}"#, 1),
        (r#"refusals_total{code="NOT_FOUND"}"#, 1),
        (r#"refusals_total{code="UNKNOWN_COMMAND"}"#, 1),
        (r#"refusals_total{code="KEY_REUSED"}"#, 1),
        (r#"refusals_total{code="BUSY"}"#, 0),
        (r#"connections_refused_total{reason="connections"}"#, 1),
        (r#"connections_refused_total{reason="address"}"#, 0),
        ("change_duration_seconds_count", 5),
        ("log_batch_commits_sum", 5),
        ("log_appended_sequence", 5),
        ("log_durable_sequence", 5),
        ("log_applied_sequence", 5),
        ("snapshot_sequence", 5),
        ("snapshot_failures_total", 0),
        ("tickets_sold", 7),
        ("connections", 3),
        ("watchers", 1),
        ("ready", 1),
        ("read_only", 0),
        ("log_lines_lost_total", 0),
        ("journal_segments", 1),
        (r#"role{role="single"}"#, 1),
        (r#"role{role="leader"}"#, 0),
        (r#"limit_used{limit="events"}"#, 1),
        (r#"limit_used{limit="tickets"}"#, 7),
        (r#"limit_used{limit="keys"}"#, 1),
        (r#"limit_used{limit="connections"}"#, 3),
        (r#"limit_max{limit="connections"}"#, 3),
    ] {
        assert_eq!(metrics.get(name), f64::from(value), "{name}:\n{}", metrics.text);
    }
    let stats = conn.ask("STATS");
    assert_eq!(metrics.get(r#"limit_max{limit="events"}"#), stats.number("max_events") as f64);
    assert!(metrics.get("journal_sync_duration_seconds_count") >= 5.0);
    assert!(metrics.get("snapshot_timestamp_seconds") >= metrics.get("process_start_time_seconds"));

    drop(watcher);
    conn.ask_until("STATS", |stats| stats.number("connections") == 2);
    assert_eq!(monitoring.metrics().get("watchers"), 0.0);
}

/// Segments are rotated, kept for recycling, recycled and removed.
#[test]
fn segments_are_those_on_the_disk() {
    let (server, monitoring) = start(&["--snapshot-every", "512KiB"]);
    let mut conn = server.connect();
    let people: Vec<String> =
        (0..900).map(|n| format!("a-person-with-a-long-name-and-the-number-{n:03}")).collect();
    let meet = format!("MEET F1 2027-01-04 10:00 talk {}", people.join(","));
    let mut segments_max = 0.0;
    for _ in 0..60 {
        conn.ask(&meet).ok();
        conn.ask("DELETE F1 2027-01-04 10:00").ok();
        segments_max = f64::max(segments_max, monitoring.metrics().get("journal_segments"));
    }
    assert!(segments_max > 1.0, "no segment was rotated");
    // The snapshotter may still tidy up.
    conn.ask("SNAPSHOT").ok();
    let on_disk = || {
        let names = server.home().listing().into_iter();
        names.filter(|path| path.extension().is_some_and(|extension| extension == "seg")).count()
    };
    let metrics = monitoring.metrics();
    // None is recycled after it, as the preallocated segment is there.
    let is_same = metrics.get("journal_segments") == on_disk() as f64;
    assert!(is_same || monitoring.metrics().get("journal_segments") == on_disk() as f64, "{}", metrics.text);
}

#[test]
fn everything_is_counted_while_it_is_scraped_ten_times_a_second() {
    const CLIENTS: u32 = 4;
    const BOOKINGS: u32 = 250;
    let (server, monitoring) = start(&[]);
    server.connect().ask("CREATE Jazz 2027-06-12 100000 id=jazz").ok();
    let has_ended = AtomicBool::new(false);
    let scrapes = thread::scope(|scope| {
        let scraping = scope.spawn(|| {
            let (mut scrapes, mut before) = (0, 0.0);
            while !has_ended.load(Ordering::Relaxed) {
                let booked = monitoring.metrics().get(r#"commands_total{verb="BOOK"}"#);
                assert!(booked >= before, "a counter has gone back from {before} to {booked}");
                (scrapes, before) = (scrapes + 1, booked);
                thread::sleep(Duration::from_millis(100));
            }
            scrapes
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut conn = server.connect();
                    (0..BOOKINGS).for_each(|_| {
                        conn.ask("BOOK jazz 1").ok();
                    });
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        has_ended.store(true, Ordering::Relaxed);
        scraping.join().unwrap()
    });
    assert!(scrapes > 0);
    let metrics = monitoring.metrics();
    let booked = f64::from(CLIENTS * BOOKINGS);
    assert_eq!(metrics.get(r#"commands_total{verb="BOOK"}"#), booked);
    assert_eq!(metrics.get("tickets_sold"), booked);
    assert_eq!(metrics.get("change_duration_seconds_count"), booked + 1.0);
    assert_eq!(metrics.get(r#"change_duration_seconds_bucket{le="+Inf"}"#), booked + 1.0);
    assert_eq!(metrics.get("log_batch_commits_sum"), booked + 1.0);
}

/// One event is in one shard, which all of them lock.
#[test]
fn waits_for_shards_are_counted() {
    let (server, monitoring) = start(&["--shards", "1", "--durability", "never"]);
    server.connect().ask("CREATE Jazz 2027-06-12 1000000 id=jazz").ok();
    let mut conns: Vec<Conn> = (0..4).map(|_| server.connect()).collect();
    let lines = "BOOK jazz 100\n".repeat(200);
    while monitoring.metrics().get("shard_lock_waits_total") == 0.0 {
        conns.iter_mut().for_each(|conn| conn.send_bytes(&lines));
        for conn in &mut conns {
            (0..200).for_each(|_| drop(conn.reply()));
        }
    }
    assert!(monitoring.metrics().get("shard_lock_wait_seconds_total") > 0.0);
}

#[test]
fn nothing_is_served_without_the_flag_and_its_variable_is_the_flag() {
    let server = Home::new().start(&[]);
    assert!(!server.stderr().contains("metrics are at"));
    let home = Home::new();
    let mut command = home.command::<&str>(&[]);
    let (process, _) =
        bookline_testkit::process::spawn_listening(command.env("BOOKLINE_METRICS_LISTEN", METRICS_FLAGS[1]));
    assert_eq!(bookline_testkit::monitoring::Monitoring::of(&process).get("/healthz").status, 200);
}
