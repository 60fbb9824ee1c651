//! Failed writes and syncs.

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::spawn;

use crate::codec::Sequence;
use crate::disk::Disk;
use crate::explore::explore;
use crate::storage::journal::Journal;
use crate::storage::log::{AppendError, Log, LogExt};
use crate::waiting::{TINY_SEGMENTS, WaitOutcome, append, assert_on_disk, open, wait_unless};

/// About the number of the committer's writes in a scenario, and of its syncs. Any of them, or none, fails.
const OPERATIONS_MAX: u64 = 12;

async fn failed(journal: &Journal) {
    journal.failed().await;
}

/// Appends, and waits for capacity, unless the journal fails before.
fn append_unless_failed(journal: &Journal, day: u32) -> Option<Sequence> {
    loop {
        match append(journal, day) {
            Ok(sequence) => return Some(sequence),
            Err(AppendError::Backpressure) => match wait_unless(journal.capacity(), failed(journal)) {
                WaitOutcome::Woken => {}
                WaitOutcome::ReadyAtEnd => panic!("a waiter for capacity was not woken"),
                WaitOutcome::Never => return None,
            },
            Err(AppendError::Closed) => return None,
            Err(read_only) => panic!("{read_only}"),
        }
    }
}

#[test]
fn nothing_lost_by_a_failed_write_or_sync_is_acknowledged() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, TINY_SEGMENTS);
        let nth = thread_rng().gen_range(0..OPERATIONS_MAX);
        if thread_rng().r#gen() {
            disk.fail_write_in(nth)
        } else {
            disk.fail_sync_in(nth)
        }
        let clients = [10, 20, 30].map(|client| {
            let (disk, journal) = (disk.clone(), journal.clone());
            spawn(move || {
                for day in client..client + 3 {
                    let Some(sequence) = append_unless_failed(&journal, day) else { return };
                    match wait_unless(journal.wait_durable(sequence), failed(&journal)) {
                        // ReadyAtEnd: when a batch contains a rotation, the commits before it become durable
                        // without a wake-up.
                        WaitOutcome::Woken | WaitOutcome::ReadyAtEnd => {
                            assert_on_disk(&disk, sequence, day, Sequence(0));
                        }
                        WaitOutcome::Never => {
                            assert!(disk.has_failed());
                            assert!(journal.durable() < sequence);
                        }
                    }
                }
            })
        });
        for client in clients {
            client.join().expect("a client");
        }
        let closed = journal.close();
        assert_eq!(closed.is_err(), disk.has_failed(), "the close reports the failure: {closed:?}");
        let found = disk.after_power_cut().days(Sequence(0));
        assert!(journal.durable().0 <= found.len() as u64);
    });
}
