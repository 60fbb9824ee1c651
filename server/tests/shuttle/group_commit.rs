//! Concurrent appends and waits.

use shuttle::future::block_on;
use shuttle::thread::spawn;

use crate::codec::Sequence;
use crate::disk::Disk;
use crate::explore::explore;
use crate::storage::log::{Log, LogExt};
use crate::waiting::{ONE_SEGMENT, append_when_possible, assert_on_disk, open};

const BASE: Sequence = Sequence(0);

#[test]
fn every_wait_ends_with_its_commit_on_the_disk() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, ONE_SEGMENT);
        let clients = [10, 20, 30].map(|client| {
            let (disk, journal) = (disk.clone(), journal.clone());
            spawn(move || {
                for day in client..client + 2 {
                    let sequence = append_when_possible(&journal, day);
                    block_on(journal.wait_durable(sequence));
                    assert_on_disk(&disk, sequence, day, BASE);
                }
            })
        });
        for client in clients {
            client.join().expect("a client");
        }
        journal.close().expect("no disk error");
        let mut days = disk.after_power_cut().days(BASE);
        days.sort_unstable();
        assert_eq!(days, [10, 11, 20, 21, 30, 31], "each commit once");
    });
}

/// Several commits of one connection, then their waits; and waits for the commits of others, as reads do.
#[test]
fn waits_end_in_any_order() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, ONE_SEGMENT);
        let pipelined = [10, 20].map(|client| {
            let (disk, journal) = (disk.clone(), journal.clone());
            spawn(move || {
                let sequences =
                    [client, client + 1, client + 2].map(|day| append_when_possible(&journal, day));
                for n in [1, 0, 2] {
                    block_on(journal.wait_durable(sequences[n]));
                    assert_on_disk(&disk, sequences[n], client + n as u32, BASE);
                }
            })
        });
        let reader = {
            let (disk, journal) = (disk.clone(), journal.clone());
            spawn(move || {
                for _ in 0..3 {
                    let depends_on = journal.appended();
                    block_on(journal.wait_durable(depends_on));
                    let found = disk.after_power_cut().days(BASE).len() as u64;
                    assert!(
                        found >= depends_on.0,
                        "waited for {depends_on:?}; {found} commits are on the disk"
                    );
                    assert!(journal.durable() >= depends_on);
                }
            })
        };
        for client in pipelined.into_iter().chain([reader]) {
            client.join().expect("a client");
        }
        journal.close().expect("no disk error");
    });
}
