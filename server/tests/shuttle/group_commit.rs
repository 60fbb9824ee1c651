//! Many append and wait at once.

use shuttle::future::block_on;
use shuttle::thread::spawn;

use crate::codec::Sequence;
use crate::disk::Disk;
use crate::explore::explore;
use crate::waiting::{ONE_SEGMENT, append_soon, assert_on_disk, open};

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
                    let sequence = append_soon(&journal, day);
                    block_on(journal.wait(sequence));
                    assert_on_disk(&disk, sequence, day, BASE);
                }
            })
        });
        for client in clients {
            client.join().expect("a client");
        }
        journal.close().expect("the disk is well");
        let mut days = disk.after_a_power_cut().days(BASE);
        days.sort_unstable();
        assert_eq!(days, [10, 11, 20, 21, 30, 31], "each once");
    });
}

/// As on one connection: several commits, then their waits; and as a read does, for the commits of others.
#[test]
fn waits_end_in_whatever_order_they_are_made() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, ONE_SEGMENT);
        let pipelined = [10, 20].map(|client| {
            let (disk, journal) = (disk.clone(), journal.clone());
            spawn(move || {
                let sequences = [client, client + 1, client + 2].map(|day| append_soon(&journal, day));
                for n in [1, 0, 2] {
                    block_on(journal.wait(sequences[n]));
                    assert_on_disk(&disk, sequences[n], client + n as u32, BASE);
                }
            })
        });
        let reader = {
            let (disk, journal) = (disk.clone(), journal.clone());
            spawn(move || {
                for _ in 0..3 {
                    let seen = journal.appended();
                    block_on(journal.wait(seen));
                    let found = disk.after_a_power_cut().days(BASE).len() as u64;
                    assert!(found >= seen.0, "told of {seen:?}; {found} commits are on the disk");
                    assert!(journal.durable() >= seen);
                }
            })
        };
        for client in pipelined.into_iter().chain([reader]) {
            client.join().expect("a client");
        }
        journal.close().expect("the disk is well");
    });
}
