//! A data directory written by version 0.1.0 (journal format 1), whose server was killed.
//!
//! It would fail if this version refused it, read it differently, or could not read what it appended to it.

use std::path::{Path, PathBuf};

use bookline_server::codec::segment_header::{MAGIC, SegmentHeader};
use bookline_testkit::AsyncConn;
use bookline_testkit::in_process::{Server, copy_all};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::offline::booklined;

async fn assert_has_original_data(conn: &mut AsyncConn) {
    assert_eq!(conn.ask("GET rustconf").await.number("available_tickets"), 48);
    assert_eq!(conn.ask("GET jazz").await.number("available_tickets"), 0);
    let ticket = conn.ask("TICKET ee893cfb-9a39-8ed5-9845-e558bd10229d").await;
    assert_eq!(ticket.body["event_id"], "rustconf");
    let meeting = json!({ "title": "class committee", "group": ["F2", "F3"], "host": "F1" });
    let day = conn.ask("GET F3 21-12-2026").await;
    assert_eq!(
        day.body["schedule"],
        json!([{ "time": "10:00", "meet": meeting }]),
        "the deleted block is absent"
    );
    assert_eq!(conn.ask("GET F4 22-12-2026").await.body["schedule"][0]["time"], "09:00");
}

async fn assert_was_updated(conn: &mut AsyncConn) {
    let event = conn.ask("GET jazz").await;
    let [name, sales, limit] = ["name", "sales", "max_per_booking"].map(|field| &event.body[field]);
    assert_eq!((name, sales, limit), (&json!("Jazz \"Night\""), &json!("closed"), &json!(4)));
}

fn segments(data: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(data.join("journal")).expect("a journal");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
    paths.sort();
    paths
}

/// A copy of the data directory.
fn fixture() -> TempDir {
    let directory = TempDir::with_prefix("bookline").expect("a directory");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/server/fixtures/format-1");
    copy_all(&fixture, directory.path()).expect("copying the fixture");
    directory
}

#[tokio::test]
async fn a_journal_of_format_1_is_read_and_appended_to() {
    let server = Server::on(fixture()).await.expect("format 1 is read");
    let mut conn = server.connect().await;
    assert_has_original_data(&mut conn).await;
    // More than fits into the segment of format 1.
    conn.ask("CREATE More 2027-02-02 10000 id=more").await.ok();
    for _ in 0..20 {
        conn.ask("BOOK more 500").await.ok();
    }
    // An event of version 0.1.0 is updated, before and after a snapshot.
    conn.ask("UPDATE jazz name=\"Jazz \\\"Night\\\"\" sales=closed").await.ok();
    conn.ask("SNAPSHOT").await.ok();
    conn.ask("UPDATE jazz max_per_booking=4").await.ok();
    assert_was_updated(&mut conn).await;
    conn.finish().await;

    let directory = server.stop().await;
    let length = |path: PathBuf| {
        SegmentHeader::decode(&std::fs::read(path).expect("a segment"), MAGIC).expect("a header").length
    };
    let lengths: Vec<_> = segments(directory.path()).into_iter().map(length).collect();
    let (old, new) = lengths.split_at(2);
    assert_eq!(old, [None, None], "existing segments keep their format");
    assert!(!new.is_empty() && new.iter().all(Option::is_some), "{new:?}");

    let server = Server::on(directory).await.expect("both formats are read");
    let mut conn = server.connect().await;
    assert_has_original_data(&mut conn).await;
    assert_was_updated(&mut conn).await;
    assert_eq!(conn.ask("GET more").await.number("available_tickets"), 0);
    conn.finish().await;
    server.stop().await;
}

/// Version 0.1.0 journaled bookings without the event's id, and ends of entries without the person.
#[tokio::test]
async fn changes_of_0_1_0_and_of_today_are_read_from_one_journal() {
    let server = Server::on(fixture()).await.expect("format 1 is read");
    let mut conn = server.connect().await;
    conn.ask("BOOK rustconf 2").await.ok();
    conn.ask("DELETE F4 22-12-2026 09:00").await.ok();
    conn.ask("DELETE F1 21-12-2026 10:00").await.ok();
    conn.finish().await;

    let directory = server.stop().await;
    let changes = journaled(directory.path());
    let have = |kinds: [&str; 2], field: &str| -> Vec<(String, bool)> {
        let kind_of = |change: &Value| change["kind"].as_str().expect("a kind").to_owned();
        let of_kinds = changes.iter().filter(|change| kinds.contains(&&*kind_of(change)));
        of_kinds.map(|change| (kind_of(change), change.get(field).is_some())).collect()
    };
    let expected = |shown: &[(&str, bool)]| -> Vec<(String, bool)> {
        shown.iter().map(|(kind, has)| ((*kind).to_owned(), *has)).collect()
    };
    assert_eq!(
        have(["earlier_tickets_booked", "tickets_booked"], "event_id"),
        expected(&[("earlier_tickets_booked", false), ("tickets_booked", true)])
    );
    assert_eq!(
        have(["earlier_entry_deleted", "entry_deleted"], "people"),
        expected(&[("earlier_entry_deleted", false), ("entry_deleted", true), ("entry_deleted", true)])
    );

    let server = Server::on(directory).await.expect("both are read");
    let mut conn = server.connect().await;
    assert_eq!(conn.ask("GET rustconf").await.number("available_tickets"), 46);
    for day in ["GET F4 22-12-2026", "GET F1 21-12-2026", "GET F3 21-12-2026"] {
        assert_eq!(conn.ask(day).await.body["schedule"], json!([]), "{day}");
    }
    conn.finish().await;
    server.stop().await;
}

/// The changes since the newest snapshot, as `dump` prints them.
fn journaled(directory: &Path) -> Vec<Value> {
    let dumped = booklined("dump", directory, &[]);
    let lines = String::from_utf8(dumped.stdout).expect("UTF-8");
    let mut changes: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("a change")).collect();
    changes.retain(|change| change.get("at").is_some());
    changes
}
