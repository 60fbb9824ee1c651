//! The journal is closed while others append and wait.

use shuttle::future::block_on;
use shuttle::thread::spawn;
use tokio::sync::watch;

use crate::disk::Disk;
use crate::explore::explore;
use crate::journal::{NoRoom, Sequence};
use crate::waiting::{TINY_SEGMENTS, Waited, append, append_soon, assert_on_disk, open, wait_unless};

#[test]
fn what_was_appended_before_the_end_is_durable() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, TINY_SEGMENTS);
        let (closed, closing) = watch::channel(false);
        let clients = [10, 20].map(|client| {
            let (disk, journal, closing) = (disk.clone(), journal.clone(), closing.clone());
            spawn(move || {
                let end = || {
                    let mut closing = closing.clone();
                    async move { drop(closing.wait_for(|closed| *closed).await) }
                };
                let mut micros = client;
                while micros < client + 4 {
                    match append(&journal, micros) {
                        Ok(sequence) => {
                            match wait_unless(journal.wait(sequence), end()) {
                                Waited::Told => assert_on_disk(&disk, sequence, micros, Sequence(0)),
                                Waited::Late => panic!("nobody woke who waited for {sequence:?}"),
                                Waited::InVain => assert!(journal.durable() < sequence),
                            }
                            micros += 1;
                        }
                        // No spare segment is made any more.
                        Err(NoRoom::NotYet) => match wait_unless(journal.room(), end()) {
                            Waited::Told => {}
                            Waited::Late => panic!("nobody woke who waited for room"),
                            Waited::InVain => return,
                        },
                        Err(read_only) => panic!("{read_only}"),
                    }
                }
            })
        });
        block_on(journal.wait(append_soon(&journal, 1)));
        append_soon(&journal, 2);
        let before = journal.appended();
        journal.close().expect("the disk is well");
        let found = disk.after_a_power_cut().times(Sequence(0)).len() as u64;
        assert!(found >= before.0, "{before:?} was appended before the end; {found} commits are on the disk");
        assert_eq!(journal.durable().0, found);
        closed.send_replace(true);
        for client in clients {
            client.join().expect("a client");
        }
    });
}
