//! Snapshots of a cluster.

use std::net::SocketAddr;

use bookline_testkit::connection::Conn;
use bookline_testkit::nats::Nats;
use bookline_testkit::ports::fixed_ports;
use bookline_testkit::process::{Home, Process, Server};
use bookline_testkit::reply::Reply;

use super::administrator::Administrator;
use super::{
    flags, one_nats, pair, start, status, wait_until_leads, wait_until_purged, wait_until_purged_through,
};

/// Snapshots are made only when they are asked for, and the log is purged below them.
const FLAGS: &[&str] = &["--snapshot-every", "1GiB", "--keep-log", "0"];

/// How often a member is started to stop it while it reads a snapshot.
const READS_MAX: usize = 10;

/// Books so many tickets, one after the other.
fn book(conn: &mut Conn, count: usize) {
    for _ in 0..count {
        conn.ask("BOOK jazz 1").ok();
    }
}

/// Asks for a snapshot, and returns the last commit that it holds.
fn snapshot(conn: &mut Conn) -> u64 {
    conn.ask("SNAPSHOT").ok()["sequence"].as_u64().expect("a number")
}

fn wait_for_stderr(server: &mut Server, text: &str) {
    let is_there = server.process().wait_for_stderr(|stderr| stderr.contains(text));
    assert!(is_there, "{}", server.stderr());
}

/// All that a reader sees.
fn listing(conn: &mut Conn) -> String {
    let lines = ["GET", "GET F1 2027-06-12", "GET jazz"];
    lines.map(|line| format!("{:?}", conn.ask(line))).join("\n")
}

#[test]
fn new_machine_begins_with_a_snapshot_when_the_log_before_it_is_purged() {
    let Some(nats) = one_nats() else { return };
    let (mut leader, mut standby) = pair(&nats, FLAGS);
    let mut conn = leader.connect();
    conn.ask("CREATE Jazz 2027-06-12 1000 id=jazz").ok();
    conn.ask("BLOCK F1 2027-06-12 09:00").ok();
    book(&mut conn, 20);
    let first = snapshot(&mut conn);
    wait_for_stderr(&mut standby, "snapshot made");
    book(&mut conn, 20);
    let second = snapshot(&mut conn);
    assert!(first >= 22 && second >= first + 20, "{first}, {second}");
    assert_eq!(conn.ask("STATS").ok()["snapshot_sequence"], second);
    wait_until_purged(&nats);
    let (code, all) = status(&nats, &[]);
    let snapshots = all["snapshots"].as_array().expect("a list");
    assert_eq!((code, snapshots.len()), (0, 2), "{all}");
    assert_eq!(snapshots[0]["commit"], second);
    assert_eq!(snapshots[0]["maker"], "two.example:2");
    assert_eq!(snapshots[0]["confirmed_by"], "one.example:1");
    book(&mut conn, 3);
    let before = listing(&mut conn);

    let mut joined = start(&nats, "three.example:3", FLAGS);
    assert!(joined.stderr().contains("snapshot of the cluster read"), "{}", joined.stderr());
    leader.kill9();
    drop(standby);
    let mut conn = wait_until_leads(&joined);
    assert_eq!(listing(&mut conn), before);
    let gone = conn.ask("WATCH all since=1");
    assert_eq!(gone.err("GONE")["oldest"], second);
    conn.ask("BOOK jazz 958").err("SOLD_OUT");
    conn.ask("BOOK jazz 957").ok();

    // It has the snapshot already.
    joined.kill9();
    joined.start_again();
    assert!(joined.stderr().contains("snapshot of the cluster read"), "{}", joined.stderr());
    assert!(!joined.stderr().contains("reading a snapshot"), "{}", joined.stderr());
    wait_until_leads(&joined).ask("BOOK jazz 1").err("SOLD_OUT");
}

#[test]
fn server_that_is_alone_reads_its_snapshot_back_and_fills_a_bucket_that_is_gone() {
    let Some(nats) = one_nats() else { return };
    let mut alone = start(&nats, "one.example:1", FLAGS);
    let mut conn = wait_until_leads(&alone);
    conn.ask("CREATE Jazz 2027-06-12 1000 id=jazz").ok();
    for _ in 0..2 {
        book(&mut conn, 5);
        snapshot(&mut conn);
    }
    assert!(alone.stderr().contains("snapshot read back"), "{}", alone.stderr());
    wait_until_purged(&nats);
    Administrator::of(&nats).delete_bucket();
    book(&mut conn, 5);
    snapshot(&mut conn);

    // Without its directory it has the bucket only.
    alone.stop();
    let again = start(&nats, "two.example:2", FLAGS);
    let mut conn = wait_until_leads(&again);
    assert!(again.stderr().contains("snapshot of the cluster read"), "{}", again.stderr());
    conn.ask("BOOK jazz 986").err("SOLD_OUT");
    conn.ask("BOOK jazz 985").ok();
}

#[test]
fn standby_that_is_behind_what_was_purged_begins_anew() {
    let Some(nats) = one_nats() else { return };
    let (mut leader, mut standby) = pair(&nats, FLAGS);
    let mut conn = leader.connect();
    conn.ask("CREATE Jazz 2027-06-12 1000 id=jazz").ok();
    standby.process().stop();
    for _ in 0..2 {
        book(&mut conn, 5);
        snapshot(&mut conn);
    }
    wait_until_purged(&nats);
    standby.process().resume();
    wait_for_stderr(&mut standby, "it begins anew with a snapshot");
    wait_for_stderr(&mut standby, "snapshot of the cluster read");
    book(&mut conn, 5);
    leader.kill9();
    let mut conn = wait_until_leads(&standby);
    conn.ask("BOOK jazz 986").err("SOLD_OUT");
    conn.ask("BOOK jazz 985").ok();
}

#[test]
fn cluster_whose_stream_was_deleted_is_not_begun_once_more() {
    let Some(nats) = one_nats() else { return };
    let mut member = start(&nats, "one.example:1", FLAGS);
    let mut conn = wait_until_leads(&member);
    conn.ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    snapshot(&mut conn);
    member.stop();
    Administrator::of(&nats).delete();
    let url = &nats.urls()[0];
    for (home, expected) in [
        (member.home(), "the stream BOOKLINE-sales does not exist: it was deleted"),
        (&Home::new(), "and the bucket BOOKLINE-sales-snapshots has snapshots of its cluster"),
    ] {
        let (status, stderr) = home.start_fails(&flags(url, "one.example:1"));
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}

/// Starts a member at this address that has no data, and stops it while it reads a snapshot.
fn stop_while_it_reads(nats: &Nats, address: &str) -> (Home, Process) {
    let url = &nats.urls()[0];
    for _ in 0..READS_MAX {
        let home = Home::new();
        let flags = [&flags(url, address)[..], FLAGS, &["--listen", address]].concat();
        let mut process = Process::spawn(&mut home.command(&flags));
        let reads = process.wait_for_stderr(|stderr| stderr.contains("reading a snapshot of the cluster"));
        assert!(reads, "{}", process.stderr());
        process.stop();
        if !process.stderr().contains("snapshot of the cluster read") {
            return (home, process);
        }
    }
    panic!("it always has read the snapshot before it is stopped");
}

#[test]
fn new_machine_reads_another_snapshot_if_the_log_behind_the_first_one_is_purged_meanwhile() {
    let Some(nats) = one_nats() else { return };
    let (mut leader, standby) = pair(&nats, FLAGS);
    let mut conn = leader.connect();
    conn.ask("CREATE Jazz 2027-06-12 1000000 id=jazz").ok();
    // So many that reading them takes a while.
    for _ in 0..20 {
        conn.ask("BOOK jazz 10000").ok();
    }
    snapshot(&mut conn);
    // The start has to read these, too.
    book(&mut conn, 5);
    let (_, all) = status(&nats, &[]);
    let first = all["snapshots"][0]["message"].as_u64().expect("a number");
    let address = SocketAddr::from(([127, 0, 0, 1], fixed_ports(1)[0]));
    let (_home, mut joining) = stop_while_it_reads(&nats, &address.to_string());
    for _ in 0..2 {
        book(&mut conn, 5);
        snapshot(&mut conn);
    }
    wait_until_purged_through(&nats, first + 1);
    // It finds that the snapshot came too late, or that the log behind it is purged.
    joining.resume();
    let listens = joining.wait_for_stderr(|stderr| stderr.contains("listening on"));
    assert!(listens, "{}", joining.stderr());
    leader.kill9();
    drop(standby);
    let event = Conn::open(address).ask_until("GET jazz", Reply::is_ok);
    assert_eq!(event.number("available_tickets"), 1_000_000 - 20 * 10_000 - 3 * 5, "{}", joining.stderr());
}

#[test]
fn log_that_has_lost_its_first_messages_and_has_no_snapshot_is_refused() {
    let Some(nats) = one_nats() else { return };
    let mut member = start(&nats, "one.example:1", &[]);
    let mut conn = wait_until_leads(&member);
    conn.ask("CREATE Jazz 2027-06-12 1000 id=jazz").ok();
    book(&mut conn, 5);
    Administrator::of(&nats).purge_before(3);
    member.stop();
    let (status, stderr) = member.home().start_fails(&flags(&nats.urls()[0], "one.example:1"));
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("the stream BOOKLINE-sales begins with message 3"), "{stderr}");
    assert!(stderr.contains("there is no snapshot that holds them: the bucket is empty"), "{stderr}");
}
