//! Rotations: segments so small that every second commit begins a new one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use shuttle::future::block_on;
use shuttle::thread::{JoinHandle, spawn, yield_now};

use crate::codec::Sequence;
use crate::disk::Disk;
use crate::explore::explore;
use crate::storage::journal::Journal;
use crate::storage::log::{AppendError, Log, LogExt};
use crate::sync::set_timeouts;
use crate::waiting::{TINY_SEGMENTS, append, append_when_possible, assert_on_disk, open};

/// The last commit that a snapshot holds. The journal may be trimmed up to it.
type Snapshot = Arc<AtomicU64>;

fn snapshot(at: &Snapshot) -> Sequence {
    Sequence(at.load(Ordering::Relaxed))
}

fn client(disk: &Disk, journal: &Arc<Journal>, trimmed: &Snapshot, first: u32) -> JoinHandle<()> {
    let (disk, journal, trimmed) = (disk.clone(), journal.clone(), trimmed.clone());
    spawn(move || {
        for day in first..first + 4 {
            let sequence = append_when_possible(&journal, day);
            block_on(journal.wait_durable(sequence));
            assert_on_disk(&disk, sequence, day, snapshot(&trimmed));
        }
    })
}

#[test]
fn every_append_gets_capacity() {
    explore(|| {
        let (disk, trimmed) = (Disk::default(), Snapshot::default());
        let journal = open(&disk, TINY_SEGMENTS);
        let clients = [10, 20, 30].map(|first| client(&disk, &journal, &trimmed, first));
        for client in clients {
            client.join().expect("a client");
        }
        journal.close().expect("no disk error");
        assert_eq!(disk.after_power_cut().days(Sequence(0)).len(), 12);
    });
}

#[test]
fn commits_are_kept_while_old_segments_are_trimmed_and_recycled() {
    explore(|| {
        let (disk, trimmed) = (Disk::default(), Snapshot::default());
        let journal = open(&disk, TINY_SEGMENTS);
        let clients = [10, 20].map(|first| client(&disk, &journal, &trimmed, first));
        let trimming = {
            let (journal, trimmed) = (journal.clone(), trimmed.clone());
            spawn(move || {
                for _ in 0..3 {
                    let through = journal.durable();
                    trimmed.store(through.0, Ordering::Relaxed);
                    journal.trim(through).expect("no disk error");
                }
            })
        };
        for client in clients.into_iter().chain([trimming]) {
            client.join().expect("a client");
        }
        journal.close().expect("no disk error");
        let trimmed = snapshot(&trimmed);
        assert_eq!(disk.after_power_cut().days(trimmed).len() as u64, 8 - trimmed.0);
    });
}

#[test]
fn a_full_disk_refuses_changes_until_there_is_space() {
    explore(|| {
        // The preallocation is retried after a timeout.
        set_timeouts(true);
        let disk = Disk::default();
        let journal = open(&disk, TINY_SEGMENTS);
        disk.set_full(true);
        let clients = [10, 20].map(|client| {
            let (disk, journal) = (disk.clone(), journal.clone());
            spawn(move || {
                let mut day = client;
                while day < client + 4 {
                    match append(&journal, day) {
                        Ok(sequence) => {
                            block_on(journal.wait_durable(sequence));
                            assert_on_disk(&disk, sequence, day, Sequence(0));
                            day += 1;
                        }
                        Err(AppendError::Backpressure) => block_on(journal.capacity()),
                        Err(AppendError::ReadOnly { .. }) => yield_now(),
                        Err(closed) => panic!("{closed}"),
                    }
                }
            })
        });
        // Meanwhile changes are refused.
        (0..10).for_each(|_| yield_now());
        disk.set_full(false);
        for client in clients {
            client.join().expect("a client");
        }
        assert!(!journal.read_only(), "the last commit was accepted");
        journal.close().expect("no disk error");
        assert_eq!(disk.after_power_cut().days(Sequence(0)).len(), 8);
    });
}
