//! A full disk.
//!
//! Catches: a server that ends, hangs or acknowledges a change when there is no space for the next segment;
//! one that does not serve reads; one that stays read-only when there is space again, or when a snapshot can
//! free some; one that a file size limit ends.
//!
//! The disk is a tmpfs of four megabytes in a separate mount namespace. If the system does not let a user
//! create one, the test prints that and passes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use bookline_protocol::Code;
use bookline_testkit::monitoring::{METRICS_FLAGS, Monitoring};
use bookline_testkit::process::{Home, Process, booklined, listing, spawn_listening};
use bookline_testkit::{Conn, HANG_TIMEOUT};
use rustix::process::Signal;

use crate::audit::text;
use crate::refusal_order::assert_earlier;

/// Mounts the small disk on `$0`, fills most of it with a file, and executes the server.
const ON_A_SMALL_DISK: &str = "mount -t tmpfs -o size=6m,mode=700 tmpfs \"$0\" && \
    head -c 3600000 /dev/zero > \"$0/ballast\" && exec \"$@\"";

/// The limit of the server on the small disk: more than the tests fill, and as many as a group has.
const PERSON_HOURS_MAX: usize = 1_000;

/// The size of the disk.
const DISK_BYTES: usize = 6 << 20;

fn start(disk: &Path) -> (Process, Conn) {
    let mut command = Command::new("unshare");
    command
        .args(["-rm", "sh", "-c", ON_A_SMALL_DISK])
        .arg(disk)
        .arg(booklined())
        .arg("--data-dir")
        .arg(disk.join("data"));
    command.args(["--listen", "127.0.0.1:0", "--segment-size", "768KiB", "--time-zone", "UTC"]);
    command.args(["--max-person-hours", &PERSON_HOURS_MAX.to_string()]).args(METRICS_FLAGS);
    let (process, addr) = spawn_listening(&mut command);
    (process, Conn::open(addr))
}

fn can_mount(disk: &Path) -> bool {
    let tried =
        Command::new("unshare").args(["-rm", "sh", "-c", ON_A_SMALL_DISK]).arg(disk).arg("true").output();
    let works = tried.is_ok_and(|output| output.status.success());
    if !works {
        println!("skipped: this system does not let its users mount a small disk");
    }
    works
}

#[test]
fn full_disk_refuses_changes_and_serves_reads_until_there_is_space() {
    let home = Home::new();
    let disk = home.data();
    fs::create_dir(&disk).unwrap();
    if !can_mount(&disk) {
        return;
    }
    let (mut process, mut conn) = start(&disk);
    // The path of the disk in the server's mount namespace.
    let seen: PathBuf =
        Path::new("/proc").join(process.pid().to_string()).join("root").join(disk.strip_prefix("/").unwrap());
    conn.ask("CREATE x 2026-01-01 1000000 id=x").ok();
    conn.ask("MEET F1 2026-11-21 09:00 talk F2").ok();
    conn.ask("CREATE y 2026-01-01 10 id=y").ok();
    let ticket = conn.ask("BOOK y 1").tickets().remove(0);
    let hold = text(&conn.ask("HOLD y 2 ttl=7200").ok()["hold_id"]);
    let due = text(&conn.ask("HOLD y 3 ttl=1").ok()["hold_id"]);
    let mut tickets = Vec::new();
    // The first snapshots free space, until there is none for them either.
    let until = Instant::now() + HANG_TIMEOUT;
    while !process.stderr().contains("no room for the next journal segment") {
        fill(&mut conn, &mut tickets);
        assert!(Instant::now() < until, "the disk does not fill up");
    }
    fill(&mut conn, &mut tickets);
    fill_to_the_last(&mut conn);
    let left = 1_000_000 - tickets.len() as u64;

    for line in [
        "BOOK x 1",
        "BOOK x 1 y 1",
        "HOLD x 1",
        &format!("CONFIRM {hold}"),
        &format!("EXTEND {hold} 60"),
        &format!("RELEASE {hold}"),
        &format!("CANCEL {ticket}"),
        &format!("CHECKIN {ticket}"),
        "DELETE y tickets=drop",
        "UPDATE y sales=closed",
        "CREATE z 2026-01-01 5 id=z",
        "BLOCK F3 2026-11-21 09:00",
        "MEET F3 2026-11-21 10:00 talk F4",
        "DELETE F1 2026-11-21 09:00",
        "PUT F1 2026-11-21 09:00 BLOCK 2026-11-21 10:00",
    ] {
        conn.ask(line).err("READ_ONLY");
    }
    conn.ask_until(&format!("HOLD {due}"), |shown| shown.ok()["status"] == "expired");
    for line in [format!("CONFIRM {due}"), format!("EXTEND {due} 60"), format!("RELEASE {due}")] {
        assert_earlier(&mut conn, &line, Code::Expired, Code::ReadOnly);
    }
    assert_other_refusals_precede_read_only(&mut conn);
    assert_eq!(conn.ask("GET x").number("available_tickets"), left);
    assert_eq!(conn.ask("GET").rows.len(), 2);
    assert_eq!(conn.ask("TICKETS y").rows.len(), 1);
    assert!(conn.ask("HOD F10").is_ok());
    conn.ask(&format!("TICKET {}", tickets[0])).ok();
    assert_eq!(conn.ask("GET F2 2026-11-21").ok()["schedule"][0]["meet"]["title"], "talk");
    assert!(conn.ask("GET F3 2026-11-21").ok()["schedule"].as_array().unwrap().is_empty());
    assert_eq!(conn.ask("STATS").ok()["read_only"], true);
    let monitoring = Monitoring::of(&process);
    let not_ready = monitoring.get("/readyz");
    assert_eq!(not_ready.status, 503);
    assert!(not_ready.body.contains("no space for the next journal segment"), "{}", not_ready.body);
    assert_eq!(monitoring.get("/healthz").status, 200);
    let metrics = monitoring.metrics();
    assert_eq!((metrics.get("read_only"), metrics.get("ready")), (1.0, 0.0));

    fs::remove_file(seen.join("ballast")).unwrap();
    let until = Instant::now() + HANG_TIMEOUT;
    loop {
        let reply = conn.ask("BOOK x 1");
        if reply.is_ok() {
            tickets.extend(reply.tickets());
            break;
        }
        reply.err("READ_ONLY");
        assert!(Instant::now() < until, "the server is still read-only although there is space");
    }
    assert_eq!(conn.ask("STATS").ok()["read_only"], false);
    assert_eq!(monitoring.get("/readyz").status, 200);
    conn.ask("DELETE F1 2026-11-21 09:00").ok();
    conn.ask_until("GET y", |event| event.number("held_tickets") == 2);
    conn.ask(&format!("CONFIRM {hold}")).ok();
    fill(&mut conn, &mut tickets);

    // The disk is gone when the process ends, so its state after a crash is copied while the process is
    // stopped.
    process.signal(Signal::STOP);
    let kept = Home::new();
    fs::create_dir(kept.data()).unwrap();
    let data = seen.join("data");
    for path in listing(&data) {
        let copy = kept.data().join(path.strip_prefix(&data).unwrap());
        if path.is_dir() {
            fs::create_dir(copy).unwrap();
        } else {
            fs::copy(path, copy).unwrap();
        }
    }
    process.signal(Signal::KILL);
    process.wait(HANG_TIMEOUT).unwrap();
    let server = kept.start(&[]);
    let mut conn = server.connect();
    assert_eq!(conn.ask("GET x").number("available_tickets"), 1_000_000 - tickets.len() as u64);
    let bytes: String = tickets.iter().map(|ticket| format!("TICKET {ticket}\n")).collect();
    assert!(conn.pipeline(bytes.into_bytes(), tickets.len()).iter().all(|line| line.starts_with("OK ")));
    assert!(conn.ask("GET F1 2026-11-21").ok()["schedule"].as_array().unwrap().is_empty());
    conn.ask("BOOK x 10000").ok();
}

fn assert_other_refusals_precede_read_only(conn: &mut Conn) {
    let crowd: Vec<String> = (0..PERSON_HOURS_MAX).map(|n| format!("P{n}")).collect();
    let meet = format!("MEET F9 2026-11-21 12:00 talk {}", crowd.join(","));
    for (line, earlier) in [
        ("BOOK nosuch 1", Code::NotFound),
        ("CREATE z 2026-01-01 5 id=x", Code::Conflict),
        ("DELETE y", Code::Conflict),
        ("BLOCK F2 2026-11-21 09:00", Code::Conflict),
        ("DELETE F9 2026-11-21 09:00", Code::NotFound),
        ("DELETE F2 2026-11-21 09:00", Code::Forbidden),
        ("PUT F2 2026-11-21 09:00 BLOCK 2026-11-21 10:00", Code::Forbidden),
        (&meet, Code::Full),
    ] {
        assert_earlier(conn, line, earlier, Code::ReadOnly);
    }
}

/// The state stays small while much is written, so that each snapshot frees space.
#[test]
fn snapshots_keep_free_a_disk_that_the_journal_would_fill() {
    let home = Home::new();
    let disk = home.data();
    fs::create_dir(&disk).unwrap();
    if !can_mount(&disk) {
        return;
    }
    let (process, mut conn) = start(&disk);
    let group: Vec<String> =
        (0..900).map(|n| format!("a-person-with-a-name-of-fifty-bytes-and-a-number-{n:03}")).collect();
    let meet = format!("MEET F1 2026-11-21 09:00 talk {}", group.join(","));
    let until = Instant::now() + HANG_TIMEOUT;
    let mut written = 0;
    while written < DISK_BYTES {
        for line in [meet.as_str(), "DELETE F1 2026-11-21 09:00"] {
            loop {
                let reply = conn.ask(line);
                if reply.is_ok() {
                    break;
                }
                reply.err("READ_ONLY");
                assert!(Instant::now() < until, "changes are still refused: {}", process.stderr());
            }
        }
        written += meet.len();
    }
    assert!(conn.ask("STATS").number("snapshot_sequence") > 0);
}

/// A file size limit counts as a lack of space: what exceeds it is not written, and the server keeps running.
#[test]
fn snapshot_above_the_file_size_limit_fails_and_the_server_runs_on() {
    let home = Home::new();
    let mut command = Command::new("sh");
    // 900 KiB: a segment fits, a snapshot of more tickets does not.
    command.args(["-c", "ulimit -f 1800; exec \"$0\" \"$@\"", booklined(), "--data-dir"]).arg(home.data());
    command.args(["--listen", "127.0.0.1:0", "--segment-size", "768KiB", "--time-zone", "UTC"]);
    let (mut process, addr) = spawn_listening(&mut command);
    let mut conn = Conn::open(addr);
    conn.ask("CREATE x 2026-01-01 1000000 id=x").ok();
    for _ in 0..5 {
        conn.ask("BOOK x 10000").ok();
    }
    let refused = conn.ask("SNAPSHOT");
    let message = refused.err("INTERNAL")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("File too large"), "{message}");
    assert_eq!(conn.ask("BOOK x 10000").number("available_tickets"), 940_000);
    process.signal(Signal::TERM);
    assert_eq!(process.wait(HANG_TIMEOUT).and_then(|status| status.code()), Some(0));
}

/// Books until the server is out of space, then in smaller bookings, since a small change may fit where a
/// large one did not.
fn fill(conn: &mut Conn, tickets: &mut Vec<String>) {
    for count in [100, 10, 1] {
        loop {
            let reply = conn.ask(&format!("BOOK x {count}"));
            if !reply.is_ok() {
                reply.err("READ_ONLY");
                break;
            }
            tickets.extend(reply.tickets());
            // Each takes 16 bytes at the least, in the journal or in a snapshot.
            assert!(tickets.len() * 16 < DISK_BYTES, "more than the disk holds was booked");
        }
    }
}

/// Fills the remaining space with the smallest change.
fn fill_to_the_last(conn: &mut Conn) {
    let mut slots =
        (1..=28).flat_map(|day| (0..24).map(move |hour| format!("2026-12-{day:02} {hour:02}:00")));
    while conn.ask(&format!("BLOCK B1 {}", slots.next().expect("few fit"))).is_ok() {}
}
