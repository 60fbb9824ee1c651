//! `booklined check`, `dump`, `audit`, `backup` and `--restore` of the real program, on directories of
//! stopped servers and of one that books and makes snapshots meanwhile.
//!
//! It would fail if a backup were anything but the state after some number of changes, if a directory were
//! reported corrupt because a server writes to it, or if corruption were not reported.

// Who did what when.
mod audit;
// The changes that `dump` prints.
mod dump;
// Targets of a backup, and its work directory.
mod target;
// Holds, cancellations, check-ins and deletions in a dump.
mod tickets;
// A closed or full standard output.
mod output;
// Other files in a data directory.
mod files;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bookline_server::Config;
use bookline_server::state::StateLimits;
use bookline_testkit::in_process::Server;
use bookline_testkit::model::{Model, Request, request_line};
use bookline_testkit::{AsyncConn, Reply, Rng};
use chrono::NaiveDateTime;
use tempfile::TempDir;

use crate::in_process::model::moment::{self, manual_time};
use crate::in_process::model::steps::{Conditions, Step, all_reads, slots};

/// Requests and their replies, in order, all of the same moment.
type Scenario = Vec<(Request, Reply)>;

/// The moment of all requests.
fn now() -> NaiveDateTime {
    moment::now(&manual_time())
}

/// Lets a server have the time and the limits of the model.
fn as_the_model(config: &mut Config) {
    config.time_source = Some(manual_time());
    config.background_maintenance = false;
    config.limits = StateLimits::NONE;
}

fn new_model() -> Model {
    Model::new(true, StateLimits::NONE)
}

/// Runs a command on the data directory of a stopped server.
pub fn booklined(command: &str, directory: &Path, more: &[&Path]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_booklined"));
    program.args([Path::new(command), Path::new("--data-dir"), directory]).args(more);
    program.output().expect("the program runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// Sends random requests until it is enough, and checks the replies. Never STATS, whose reply depends on
/// other clients' snapshots.
async fn run_requests(
    conn: &mut AsyncConn,
    naive: &mut Model,
    seed: u64,
    enough: impl Fn(usize) -> bool,
) -> Scenario {
    let (mut rng, slots) = (Rng::new(seed), slots(now()));
    let conditions = Conditions::draw(&mut rng);
    let mut scenario = Scenario::new();
    while !enough(scenario.len()) {
        let Step::Request { template, key, style } = Step::draw(&mut rng, conditions) else { continue };
        let request = key.resolve(template.resolve(naive, &slots), naive);
        if matches!(request, Request::Stats | Request::Snapshot | Request::Quit | Request::Hod { .. }) {
            continue;
        }
        let line = request_line(&request, &mut Rng::new(style));
        conn.send(&[line, b"\n".to_vec()].concat()).await;
        let reply = conn.reply().await.expect("a reply");
        let checked = naive.check(&request, &reply, now());
        checked.unwrap_or_else(|what| panic!("{request:?}: {reply:?}: {what}"));
        scenario.push((request, reply));
    }
    scenario
}

/// The model after this many changes of the scenario.
fn model_after(scenario: &Scenario, changes: u64) -> Model {
    let mut naive = new_model();
    for (request, reply) in scenario {
        if naive.changes() == changes {
            break;
        }
        naive.check(request, reply, now()).expect("a reply that was checked before");
    }
    assert_eq!(naive.changes(), changes, "the scenario has this many changes");
    naive
}

/// Starts a server from a backup, and checks all of its state. Returns the number of its changes.
async fn restore(backup: &Path, scenario: &Scenario) -> u64 {
    let backup = backup.to_str().expect("a plain name");
    let server = Server::fresh_with(|config| {
        as_the_model(config);
        config.restore = Some(backup.into());
    })
    .await;
    let mut conn = server.connect().await;
    let changes = conn.ask("STATS").await.number("sequence");
    let mut naive = model_after(scenario, changes);
    naive.set_restored();
    check_all_state(&mut conn, &mut naive).await;
    // Tickets that were booked later do not exist.
    let last = model_after(scenario, count_changes(scenario));
    let known = naive.tickets();
    for ticket in last.tickets().into_iter().filter(|ticket| !known.contains(ticket)) {
        assert_eq!(conn.ask(&format!("TICKET {ticket}")).await.code.as_deref(), Some("NOT_FOUND"));
    }
    // The server can be used like any other.
    run_requests(&mut conn, &mut naive, changes, |n| n == 30).await;
    conn.finish().await;
    let server = Server::on_with(server.kill().await, as_the_model).await.expect("a restart");
    let mut conn = server.connect().await;
    check_all_state(&mut conn, &mut naive).await;
    conn.finish().await;
    server.stop().await;
    changes
}

/// The number of changes in the scenario.
fn count_changes(scenario: &Scenario) -> u64 {
    let mut naive = new_model();
    for (request, reply) in scenario {
        naive.check(request, reply, now()).expect("a reply that was checked before");
    }
    naive.changes()
}

async fn check_all_state(conn: &mut AsyncConn, naive: &mut Model) {
    let slots = slots(now());
    for request in all_reads(naive, &slots) {
        conn.send(&[request_line(&request, &mut Rng::new(0)), b"\n".to_vec()].concat()).await;
        let reply = conn.reply().await.expect("a reply");
        let checked = naive.check(&request, &reply, now());
        checked.unwrap_or_else(|what| panic!("{request:?}: {reply:?}: {what}"));
    }
}

/// The directory of a stopped server with two snapshots and changes after them, and what was done on it.
async fn stopped() -> (TempDir, Scenario) {
    let server = Server::fresh_with(as_the_model).await;
    let mut conn = server.connect().await;
    let (mut naive, mut scenario) = (new_model(), Scenario::new());
    for seed in 1..4 {
        if seed > 1 {
            conn.ask("SNAPSHOT").await.ok();
        }
        scenario.extend(run_requests(&mut conn, &mut naive, seed, |n| n == 700).await);
    }
    conn.finish().await;
    (server.stop().await, scenario)
}

/// The directory of a stopped server with a snapshot and a booking after it.
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

/// The files in a directory of the data directory, sorted.
fn files(directory: &Path, part: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory.join(part)).expect("a data directory");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn flip_middle_bit(path: &Path) {
    let mut bytes = std::fs::read(path).expect("an existing file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("write succeeds");
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a name")
}

#[tokio::test]
async fn check_of_a_healthy_directory_exits_0() {
    let (directory, _) = stopped().await;
    let checked = booklined("check", directory.path(), &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    assert!(text(&checked).ends_with("all is well\n"), "{}", text(&checked));
    for snapshot in files(directory.path(), "snapshots") {
        assert!(text(&checked).contains(name(&snapshot)), "{}", text(&checked));
    }
}

#[tokio::test]
async fn check_reports_corruption_with_file_and_offset_and_exits_1() {
    let (directory, _) = stopped().await;
    let snapshots = files(directory.path(), "snapshots");
    let segments: Vec<PathBuf> =
        files(directory.path(), "journal").into_iter().filter(|path| name(path).ends_with(".seg")).collect();
    // A segment after the older snapshot.
    let segment = &segments[segments.len() - 2];
    for file in snapshots.iter().chain([segment]) {
        let original = std::fs::read(file).expect("an existing file");
        flip_middle_bit(file);
        let checked = booklined("check", directory.path(), &[]);
        assert_eq!(checked.status.code(), Some(1), "{}", text(&checked));
        assert!(text(&checked).contains(&format!("{}, offset ", name(file))), "{}", text(&checked));
        std::fs::write(file, original).expect("write succeeds");
    }
    let checked = booklined("check", directory.path(), &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
}

#[tokio::test]
async fn a_backup_of_a_stopped_server_has_all_changes() {
    let (directory, scenario) = stopped().await;
    let temp = TempDir::with_prefix("bookline").expect("a directory");
    let file = temp.path().join("all.bookline");
    // An older backup is replaced.
    let older = booklined("backup", small().await.path(), &[Path::new("--to"), &file]);
    assert!(older.status.success(), "{}", text(&older));
    let done = booklined("backup", directory.path(), &[Path::new("--to"), &file]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(files(temp.path(), "."), [temp.path().join("./all.bookline")], "no other file is left");
    assert_eq!(restore(&file, &scenario).await, count_changes(&scenario));

    // A directory with data is never overwritten.
    let refused = Server::on_with(directory, |config| {
        config.restore = Some(file.to_str().expect("a plain name").into())
    })
    .await;
    let refused = refused.expect_err("a directory with data").to_string();
    assert!(refused.contains("start without --restore to serve what is there"), "{refused}");
    // A corrupt backup is refused, and the directory stays usable.
    flip_middle_bit(&file);
    let empty = TempDir::with_prefix("bookline").expect("a directory");
    let path = empty.path().to_owned();
    let refused =
        Server::on_with(empty, |config| config.restore = Some(file.to_str().expect("a plain name").into()))
            .await;
    let refused = refused.expect_err("a corrupt backup").to_string();
    assert!(refused.contains("all.bookline"), "{refused}");
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_running_server_a_backup_is_a_prefix_and_check_and_audit_find_no_corruption() {
    // Five times as often as a real server makes snapshots.
    let server = Server::fresh_with(|config| {
        as_the_model(config);
        config.snapshot_interval_min = Duration::from_millis(200);
    })
    .await;
    let (mut conn, mut other) = (server.connect().await, server.connect().await);
    let done_flag = Arc::new(AtomicBool::new(false));
    let is_over = done_flag.clone();
    let booking = tokio::spawn(async move {
        let mut naive = new_model();
        let scenario = run_requests(&mut conn, &mut naive, 7, |_| is_over.load(Ordering::Relaxed)).await;
        conn.finish().await;
        scenario
    });
    let is_over = done_flag.clone();
    let snapshotting = tokio::spawn(async move {
        while !is_over.load(Ordering::Relaxed) {
            other.ask("SNAPSHOT").await.ok();
        }
        other.finish().await;
    });
    let (directory, temp) = (server.directory().to_owned(), TempDir::with_prefix("bookline").expect("one"));
    let backups = tokio::task::spawn_blocking(move || {
        let mut backups = Vec::new();
        for n in 0..12 {
            let file = temp.path().join(n.to_string());
            let done = booklined("backup", &directory, &[Path::new("--to"), &file]);
            assert!(done.status.success(), "{}", text(&done));
            backups.push(file);
            let checked = booklined("check", &directory, &[]);
            assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
            let audited = booklined("audit", &directory, &[]);
            assert_eq!(audited.status.code(), Some(0), "{}", text(&audited));
        }
        (temp, backups)
    });
    let backups = backups.await;
    done_flag.store(true, Ordering::Relaxed);
    let (_temp, backups) = backups.expect("backups");
    let scenario = booking.await.expect("a client");
    snapshotting.await.expect("a client");
    server.stop().await;
    let mut before = 0;
    for backup in [&backups[0], &backups[5], &backups[11]] {
        let changes = restore(backup, &scenario).await;
        assert!(changes >= before, "a later backup has no fewer changes");
        before = changes;
    }
    assert!(before > 0, "no change was made meanwhile");
}
