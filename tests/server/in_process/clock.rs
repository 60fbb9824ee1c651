//! The server's time, under a clock that the test sets.
//!
//! It would fail if the server read the time of the system where it should read its own, or if its time went
//! back after a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bookline_server::Config;
use bookline_server::codec::Sequence;
use bookline_server::time::source::{ManualTime, TimeSource};
use bookline_testkit::AsyncConn;
use bookline_testkit::in_process::Server;

const SECOND_MICROS: i64 = 1_000_000;
const HOUR_MICROS: i64 = 3_600 * SECOND_MICROS;

/// 2027-01-15T08:00:00Z, the time when the tests begin.
const START_MICROS: i64 = 1_800_000_000 * SECOND_MICROS;

fn with(time: &Arc<ManualTime>) -> impl FnOnce(&mut Config) {
    let time = time.clone();
    |config| config.time_source = Some(time)
}

async fn now(conn: &mut AsyncConn) -> String {
    conn.ask("HELLO").await.ok()["now"].as_str().expect("a time").to_owned()
}

/// The date and time of the newest meeting of HOD.
async fn newest_meeting(conn: &mut AsyncConn) -> (String, String) {
    let month = conn.ask("HOD F10").await;
    let row = month.rows.first().expect("a meeting");
    let field = |name: &str| row[name].as_str().expect("text").to_owned();
    (field("date"), field("time"))
}

#[tokio::test]
async fn hello_and_hod_follow_the_clock() {
    let time = Arc::new(ManualTime::new(START_MICROS));
    let server = Server::fresh_with(with(&time)).await;
    let mut conn = server.connect().await;
    for hour in ["08:00", "09:00"] {
        conn.ask(&format!("MEET F1 2027-01-15 {hour} standup F2")).await.ok();
    }
    assert_eq!(now(&mut conn).await, "2027-01-15T08:00:00+00:00");
    assert_eq!(newest_meeting(&mut conn).await, ("15-01-2027".into(), "08:00".into()));
    time.advance(HOUR_MICROS - 1);
    assert_eq!(now(&mut conn).await, "2027-01-15T08:59:59+00:00");
    time.advance(1);
    assert_eq!(now(&mut conn).await, "2027-01-15T09:00:00+00:00");
    assert_eq!(newest_meeting(&mut conn).await, ("15-01-2027".into(), "09:00".into()));

    time.step(-HOUR_MICROS);
    time.advance(SECOND_MICROS);
    assert_eq!(now(&mut conn).await, "2027-01-15T09:00:01+00:00", "it does not go back");
    time.advance(10 * SECOND_MICROS);
    assert_eq!(now(&mut conn).await, "2027-01-15T09:00:06+00:00", "half speed");
    time.step(2 * HOUR_MICROS);
    time.advance(SECOND_MICROS);
    assert_eq!(now(&mut conn).await, "2027-01-15T10:00:12+00:00", "it follows forward");
    server.stop().await;
}

#[tokio::test]
async fn time_after_a_restart_is_not_before_the_last_commit() {
    let server = Server::fresh_with(with(&Arc::new(ManualTime::new(START_MICROS)))).await;
    let mut conn = server.connect().await;
    conn.ask("BLOCK F1 2027-01-15 08:00").await.ok();
    let mut directory = server.stop().await;
    // The second start reads a snapshot that holds the commit.
    for _ in 0..2 {
        let earlier = Arc::new(ManualTime::new(START_MICROS - HOUR_MICROS));
        let server = Server::on_with(directory, with(&earlier)).await.expect("a start");
        let mut conn = server.connect().await;
        assert_eq!(now(&mut conn).await, "2027-01-15T08:00:00+00:00");
        conn.ask("SNAPSHOT").await.ok();
        directory = server.stop().await;
    }
    let later = Arc::new(ManualTime::new(START_MICROS + HOUR_MICROS));
    let server = Server::on_with(directory, with(&later)).await.expect("a start");
    assert_eq!(now(&mut server.connect().await).await, "2027-01-15T09:00:00+00:00");
    server.stop().await;
}

/// Time that advances by 10 microseconds at each reading, and by nothing else.
#[derive(Debug, Default)]
struct CountingTime(AtomicI64);

impl TimeSource for CountingTime {
    fn boot_micros(&self) -> i64 {
        self.0.fetch_add(10, Ordering::Relaxed)
    }

    fn system_micros(&self) -> i64 {
        START_MICROS + self.0.load(Ordering::Relaxed)
    }
}

/// It would fail if the time were read once for all decisions of a turn.
#[tokio::test]
async fn each_commit_has_the_time_of_its_own_decision() {
    let server = Server::fresh_with(|config| config.time_source = Some(Arc::<CountingTime>::default())).await;
    let mut conn = server.connect().await;
    conn.ask("CREATE x 2027-01-15 10 id=x").await.ok();
    // One turn executes all of them.
    conn.send("BOOK x 1\n".repeat(5).as_bytes()).await;
    for _ in 0..5 {
        conn.reply().await.expect("a reply").ok();
    }
    let mut times = Vec::new();
    let log = server.service.store.log();
    log.replay(Sequence(0), &mut |commit| {
        times.push(commit.micros);
        Ok(())
    })
    .expect("a journal");
    assert_eq!(times.len(), 6);
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    server.stop().await;
}
