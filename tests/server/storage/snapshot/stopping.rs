//! A stop while a snapshot is written.
//!
//! It would fail if a stop waited for more than one sync, each of which takes seconds on a slow disk.

use bookline_server::changes::TicketsIssued;
use bookline_server::codec::Sequence;
use bookline_server::domain::{EventKey, EventNumber};
use bookline_server::storage::journal::disk::Disk;
use bookline_server::storage::snapshot::error::CompactionError;
use bookline_server::storage::snapshot::write::Writer;
use bookline_testkit::disk::{IoSource, SimDisk};

/// 64 KiB of tickets.
static TICKETS: [[u8; 16]; 4096] = [[7; 16]; 4096];

fn is_stopped<T>(result: Result<T, CompactionError>) -> bool {
    matches!(result, Err(CompactionError::Stopped))
}

#[test]
fn a_snapshot_begins_no_sync_when_the_server_stops() {
    let disk = SimDisk::new(1);
    let syncs = || disk.counts(IoSource::Foreground).syncs;
    let stopping = || syncs() >= 1;
    let mut writer = Writer::new(&disk, Sequence(9), &stopping).expect("no disk error");
    let event = EventKey { tag: 0x0707, number: EventNumber(1) };
    let tickets = TicketsIssued { event, tickets: &TICKETS }.into();
    let stopped = (0..1_000).map(|_| writer.push(1, &tickets)).find(Result::is_err);
    assert!(stopped.is_some_and(is_stopped), "it stops before it has written everything");
    assert_eq!(syncs(), 1);
}

#[test]
fn a_snapshot_gets_no_name_when_the_server_stops() {
    let disk = SimDisk::new(1);
    let syncs = || disk.counts(IoSource::Foreground).syncs;
    for patience in [0, 1] {
        let before = syncs();
        let stopping = || syncs() >= before + patience;
        let writer = Writer::new(&disk, Sequence(9), &stopping).expect("no disk error");
        assert!(is_stopped(writer.finish()));
        assert_eq!(syncs(), before + patience);
        assert_eq!(disk.list().expect("no disk error"), [bookline_server::storage::snapshot::NEW]);
    }
}
