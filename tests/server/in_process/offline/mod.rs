//! `booklined check`, `dump`, `backup` and `--restore`, by the real program, on directories of servers that
//! are stopped and of one that books and makes snapshots all the while.
//!
//! It would fail if a backup were anything but the state after some number of changes, if a healthy directory
//! were called corrupt because a server writes to it, or if corruption were passed over.

// Where a backup may go, and what it leaves behind.
mod target;
// A standard output that takes nothing.
mod output;
// What is in a data directory beside segments and snapshots, and in their place.
mod files;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::in_process::common::{Conn, Reply, Rng, Server};
use crate::in_process::model::line;
use crate::in_process::model::naive::{Ask, Naive};
use crate::in_process::model::steps::{Conditions, Step, everything, slots};
use chrono::Utc;
use serde_json::Value;
use tempfile::TempDir;

/// What was asked and answered, in order.
type Scenario = Vec<(Ask, Reply)>;

fn booklined(command: &str, directory: &Path, more: &[&Path]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_booklined"));
    program.args([Path::new(command), Path::new("--data-dir"), directory]).args(more);
    program.output().expect("the program runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// Asks one thing after the other until it is enough. Never STATS, which tells of snapshots that others make.
async fn live(conn: &mut Conn, naive: &mut Naive, seed: u64, enough: impl Fn(usize) -> bool) -> Scenario {
    let (mut rng, slots) = (Rng::new(seed), slots(Utc::now().naive_utc()));
    let conditions = Conditions::draw(&mut rng);
    let mut scenario = Scenario::new();
    while !enough(scenario.len()) {
        let Step::Ask { drawn, style } = Step::draw(&mut rng, conditions) else { continue };
        let ask = drawn.find(naive, &slots);
        if matches!(ask, Ask::Stats | Ask::Snapshot | Ask::Quit | Ask::Hod(_)) {
            continue;
        }
        let before = Utc::now().naive_utc();
        let line = line::write(&ask, &mut Rng::new(style));
        conn.send(&[line, b"\n".to_vec()].concat()).await;
        let reply = conn.reply().await.expect("an answer");
        let checked = naive.check(&ask, &reply, [before, Utc::now().naive_utc()]);
        checked.unwrap_or_else(|what| panic!("{ask:?}: {reply:?}: {what}"));
        scenario.push((ask, reply));
    }
    scenario
}

/// What there is after so many changes of the scenario.
fn after(scenario: &Scenario, changes: u64) -> Naive {
    let mut naive = Naive::new(true);
    for (ask, reply) in scenario {
        if naive.changes() == changes {
            break;
        }
        naive.check(ask, reply, [Utc::now().naive_utc(); 2]).expect("it was right the first time");
    }
    assert_eq!(naive.changes(), changes, "so many were made");
    naive
}

/// Starts a server from a backup and looks at everything. Says how many changes it has.
async fn restore(backup: &Path, scenario: &Scenario) -> u64 {
    let backup = backup.to_str().expect("a plain name");
    let server = Server::fresh_with(|config| config.restore = Some(backup.into())).await;
    let mut conn = server.connect().await;
    let changes = conn.ask("STATS").await.number("sequence");
    let mut naive = after(scenario, changes);
    naive.restored();
    look_at_everything(&mut conn, &mut naive).await;
    // What was booked later is not there.
    let last = after(scenario, scenario_len(scenario));
    for ticket in last.tickets().filter(|ticket| naive.tickets().all(|known| known != *ticket)) {
        assert_eq!(conn.ask(&format!("TICKET {ticket}")).await.code.as_deref(), Some("NOT_FOUND"));
    }
    // And it goes on like any other.
    live(&mut conn, &mut naive, changes, |n| n == 30).await;
    conn.finish().await;
    let server = Server::on(server.kill().await).await.expect("it starts again");
    let mut conn = server.connect().await;
    look_at_everything(&mut conn, &mut naive).await;
    conn.finish().await;
    server.stop().await;
    changes
}

/// Changes of the whole scenario.
fn scenario_len(scenario: &Scenario) -> u64 {
    let mut naive = Naive::new(true);
    for (ask, reply) in scenario {
        naive.check(ask, reply, [Utc::now().naive_utc(); 2]).expect("it was right the first time");
    }
    naive.changes()
}

async fn look_at_everything(conn: &mut Conn, naive: &mut Naive) {
    let slots = slots(Utc::now().naive_utc());
    for ask in everything(naive, &slots) {
        let before = Utc::now().naive_utc();
        conn.send(&[line::write(&ask, &mut Rng::new(0)), b"\n".to_vec()].concat()).await;
        let reply = conn.reply().await.expect("an answer");
        let checked = naive.check(&ask, &reply, [before, Utc::now().naive_utc()]);
        checked.unwrap_or_else(|what| panic!("{ask:?}: {reply:?}: {what}"));
    }
}

/// The directory of a server that stopped, and what was done on it: two snapshots, and changes behind them.
async fn stopped() -> (TempDir, Scenario) {
    let server = Server::fresh().await;
    let mut conn = server.connect().await;
    let (mut naive, mut scenario) = (Naive::new(true), Scenario::new());
    for seed in 1..4 {
        if seed > 1 {
            conn.ask("SNAPSHOT").await.ok();
        }
        scenario.extend(live(&mut conn, &mut naive, seed, |n| n == 300).await);
    }
    conn.finish().await;
    (server.stop().await, scenario)
}

/// The directory of a server that stopped, with a snapshot and a booking behind it.
async fn small() -> TempDir {
    let server = Server::fresh().await;
    let mut conn = server.connect().await;
    for line in
        ["CREATE Jazz 2026-12-31 20000 id=jazz", "BLOCK F1 21-12-2026 09:00", "SNAPSHOT", "BOOK jazz 10000"]
    {
        conn.ask(line).await.ok();
    }
    conn.finish().await;
    server.stop().await
}

/// The files in a part of a data directory, sorted.
fn files(directory: &Path, part: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory.join(part)).expect("a data directory");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn flip_the_middle(path: &Path) {
    let mut bytes = std::fs::read(path).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("it can be written");
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a name")
}

#[tokio::test]
async fn a_healthy_directory_is_checked_and_exits_0() {
    let (directory, _) = stopped().await;
    let checked = booklined("check", directory.path(), &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    assert!(text(&checked).ends_with("all is well\n"), "{}", text(&checked));
    for snapshot in files(directory.path(), "snapshots") {
        assert!(text(&checked).contains(name(&snapshot)), "{}", text(&checked));
    }
}

#[tokio::test]
async fn damage_is_named_by_file_and_offset_and_exits_1() {
    let (directory, _) = stopped().await;
    let snapshots = files(directory.path(), "snapshots");
    let segments: Vec<PathBuf> =
        files(directory.path(), "journal").into_iter().filter(|path| name(path).ends_with(".seg")).collect();
    // A segment that is read from the older snapshot on: the last but one.
    let segment = &segments[segments.len() - 2];
    for file in snapshots.iter().chain([segment]) {
        let whole = std::fs::read(file).expect("it is there");
        flip_the_middle(file);
        let checked = booklined("check", directory.path(), &[]);
        assert_eq!(checked.status.code(), Some(1), "{}", text(&checked));
        assert!(text(&checked).contains(&format!("{}, offset ", name(file))), "{}", text(&checked));
        std::fs::write(file, whole).expect("it can be written");
    }
    let checked = booklined("check", directory.path(), &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
}

#[tokio::test]
async fn a_dump_is_an_object_a_line_and_all_there_is() {
    let (directory, scenario) = stopped().await;
    let dumped = booklined("dump", directory.path(), &[]);
    assert!(dumped.status.success(), "{}", text(&dumped));
    let (mut tickets, mut events) = (Vec::new(), 0);
    for line in String::from_utf8(dumped.stdout).expect("UTF-8").lines() {
        let change: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(change["sequence"].is_u64() && change.get("at").is_some(), "{line}");
        assert!(!line.contains(bookline_protocol::needs_escape), "it acts on a terminal: {line:?}");
        match change["fact"].as_str().expect("every change has a name") {
            "event_created" => events += 1,
            "tickets_issued" => {
                let issued: Vec<String> = serde_json::from_value(change["tickets"].clone()).expect("tickets");
                tickets.extend(issued);
            }
            "block_taken" | "meeting_taken" | "entry_freed" => {
                let hour =
                    change["time"].as_str().is_some_and(|hour| hour.len() == 5 && hour.ends_with(":00"));
                assert!(hour && change["date"].is_string(), "{line}");
            }
            other => panic!("{other}: {line}"),
        }
    }
    let naive = after(&scenario, scenario_len(&scenario));
    tickets.sort();
    assert_eq!(tickets, naive.tickets().cloned().collect::<Vec<_>>());
    let created =
        scenario.iter().filter(|(ask, reply)| matches!(ask, Ask::Create { .. }) && reply.code.is_none());
    assert_eq!(events, created.count());
}

#[tokio::test]
async fn a_backup_of_a_stopped_server_is_all_of_it() {
    let (directory, scenario) = stopped().await;
    let place = TempDir::with_prefix("bookline").expect("a directory");
    let file = place.path().join("all.bookline");
    // An older one is replaced.
    let older = booklined("backup", small().await.path(), &[Path::new("--to"), &file]);
    assert!(older.status.success(), "{}", text(&older));
    let done = booklined("backup", directory.path(), &[Path::new("--to"), &file]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(files(place.path(), "."), [place.path().join("./all.bookline")], "nothing else is left there");
    assert_eq!(restore(&file, &scenario).await, scenario_len(&scenario));

    // A directory that has data is not overwritten, whatever the file.
    let refused = Server::on_with(directory, |config| {
        config.restore = Some(file.to_str().expect("a plain name").into())
    })
    .await;
    let refused = refused.expect_err("it has data").to_string();
    assert!(refused.contains("start without --restore to serve what is there"), "{refused}");
    // A corrupt backup is refused, and the directory stays usable.
    flip_the_middle(&file);
    let empty = TempDir::with_prefix("bookline").expect("a directory");
    let path = empty.path().to_owned();
    let refused =
        Server::on_with(empty, |config| config.restore = Some(file.to_str().expect("a plain name").into()))
            .await;
    let refused = refused.expect_err("it is corrupt").to_string();
    assert!(refused.contains("all.bookline"), "{refused}");
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_running_server_a_backup_is_a_beginning_and_check_finds_no_damage() {
    // Five times as often as a real server makes them.
    let server = Server::fresh_with(|config| config.snapshot_interval_min = Duration::from_millis(200)).await;
    let (mut conn, mut other) = (server.connect().await, server.connect().await);
    let over = Arc::new(AtomicBool::new(false));
    let is_over = over.clone();
    let booking = tokio::spawn(async move {
        let mut naive = Naive::new(true);
        let scenario = live(&mut conn, &mut naive, 7, |_| is_over.load(Ordering::Relaxed)).await;
        conn.finish().await;
        scenario
    });
    let is_over = over.clone();
    let keeping = tokio::spawn(async move {
        while !is_over.load(Ordering::Relaxed) {
            other.ask("SNAPSHOT").await.ok();
        }
        other.finish().await;
    });
    let (directory, place) = (server.directory().to_owned(), TempDir::with_prefix("bookline").expect("one"));
    let backups = tokio::task::spawn_blocking(move || {
        let mut backups = Vec::new();
        for n in 0..12 {
            let file = place.path().join(n.to_string());
            let done = booklined("backup", &directory, &[Path::new("--to"), &file]);
            assert!(done.status.success(), "{}", text(&done));
            backups.push(file);
            let checked = booklined("check", &directory, &[]);
            assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
        }
        (place, backups)
    });
    let backups = backups.await;
    over.store(true, Ordering::Relaxed);
    let (_place, backups) = backups.expect("backups");
    let scenario = booking.await.expect("a client");
    keeping.await.expect("a client");
    server.stop().await;
    let mut before = 0;
    for backup in [&backups[0], &backups[5], &backups[11]] {
        let changes = restore(backup, &scenario).await;
        assert!(changes >= before, "a later backup holds no less");
        before = changes;
    }
    assert!(before > 0, "something was booked meanwhile");
}
