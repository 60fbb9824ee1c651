//! A write or a sync fails.

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::spawn;

use crate::codec::Sequence;
use crate::disk::Disk;
use crate::explore::explore;
use crate::storage::journal::{AppendError, Journal};
use crate::waiting::{TINY_SEGMENTS, Waited, append, assert_on_disk, open, wait_unless};

/// The committer's writes and syncs in a scenario, more or less: none, or any of them, may be the one that
/// fails.
const OPERATIONS: u64 = 24;

async fn failed(journal: &Journal) {
    journal.failed().await;
}

/// Appends when there is room, unless the journal fails before.
fn append_unless_failed(journal: &Journal, day: u32) -> Option<Sequence> {
    loop {
        match append(journal, day) {
            Ok(sequence) => return Some(sequence),
            Err(AppendError::Backpressure) => match wait_unless(journal.capacity(), failed(journal)) {
                Waited::Told => {}
                Waited::Late => panic!("nobody woke who waited for room"),
                Waited::InVain => return None,
            },
            Err(AppendError::Closed) => return None,
            Err(read_only) => panic!("{read_only}"),
        }
    }
}

#[test]
fn nobody_is_told_what_a_failed_write_or_sync_took() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, TINY_SEGMENTS);
        disk.fail_in(thread_rng().gen_range(0..OPERATIONS));
        let clients = [10, 20, 30].map(|client| {
            let (disk, journal) = (disk.clone(), journal.clone());
            spawn(move || {
                for day in client..client + 3 {
                    let Some(sequence) = append_unless_failed(&journal, day) else { return };
                    match wait_unless(journal.wait(sequence), failed(&journal)) {
                        // Late: in a batch that rotations, nobody is woken for the part before the rotate
                        // alone.
                        Waited::Told | Waited::Late => {
                            assert_on_disk(&disk, sequence, day, Sequence(0));
                        }
                        Waited::InVain => {
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
        assert_eq!(closed.is_err(), disk.has_failed(), "the failure is told: {closed:?}");
        let found = disk.after_a_power_cut().days(Sequence(0));
        assert!(journal.durable().0 <= found.len() as u64);
    });
}
