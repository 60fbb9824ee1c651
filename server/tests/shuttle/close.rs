//! Closing the journal while other threads append and wait.

use std::sync::Arc;

use shuttle::future::block_on;
use shuttle::thread::{JoinHandle, spawn};

use crate::codec::Sequence;
use crate::disk::Disk;
use crate::explore::explore;
use crate::storage::journal::{Durability, Journal};
use crate::storage::log::{AppendError, Log, LogExt};
use crate::waiting::{TINY_SEGMENTS, append, append_when_possible, assert_on_disk, open, open_with};

#[test]
fn commits_appended_before_a_close_are_durable() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, TINY_SEGMENTS);
        let clients = [10, 20].map(|first| client(&disk, &journal, first));
        block_on(journal.wait_durable(append_when_possible(&journal, 1)));
        close(&disk, &journal, clients);
    });
}

/// With `never`, an append is acknowledged at once. It must be on the disk after the close, or refused.
#[test]
fn with_never_commits_appended_before_a_close_are_written() {
    explore(|| {
        let disk = Disk::default();
        let journal = open_with(&disk, TINY_SEGMENTS, Durability::Never);
        let clients = [10, 20].map(|first| client(&disk, &journal, first));
        close(&disk, &journal, clients);
    });
}

/// Appends and waits until an append is refused.
fn client(disk: &Disk, journal: &Arc<Journal>, first: u32) -> JoinHandle<()> {
    let (disk, journal) = (disk.clone(), journal.clone());
    spawn(move || {
        for day in first..first + 4 {
            let sequence = loop {
                match append(&journal, day) {
                    Ok(sequence) => break sequence,
                    // A closed journal preallocates no segment any more, and must not let anyone wait for
                    // one.
                    Err(AppendError::Backpressure) => block_on(journal.capacity()),
                    Err(AppendError::Closed) => return,
                    Err(read_only) => panic!("{read_only}"),
                }
            };
            block_on(journal.wait_durable(sequence));
            if journal.durability() == Durability::Always {
                assert_on_disk(&disk, sequence, day, Sequence(0));
            }
        }
    })
}

fn close(disk: &Disk, journal: &Journal, clients: [JoinHandle<()>; 2]) {
    let before = journal.appended();
    journal.close().expect("no disk error");
    let found = disk.after_power_cut().days(Sequence(0)).len() as u64;
    assert!(found >= before.0, "{before:?} was appended before the close; {found} commits are on the disk");
    assert_eq!(journal.durable().0, found);
    for client in clients {
        client.join().expect("a client");
    }
    assert_eq!(journal.appended().0, found, "every accepted commit is written");
    assert_eq!(append(journal, 99), Err(AppendError::Closed));
}
