//! A snapshot, as recovery reads it.

use bookline_server::codec::Sequence;
use bookline_server::state::Records;
use bookline_server::storage::replay::Replay;
use bookline_server::storage::snapshot::read::Snapshot;
use bookline_server::storage::snapshot::{MAGIC, name};

use super::file::{OneFile, file};

/// Panics if a property does not hold.
pub fn check(input: &[u8]) {
    let sequence = Sequence(7);
    let bytes = file(input, MAGIC, sequence);
    let length = bytes.len() as u64;
    let disk = OneFile { name: name(sequence), bytes };
    let Ok(snapshot) = Snapshot::open(&disk, sequence) else { return };
    let verified = snapshot.verify();
    if let Ok(changes) = verified {
        assert!(changes * 12 <= length);
    }
    let mut records = Records::new(1);
    let read = snapshot.read(&mut |number, change| records.restore(Sequence(number), change));
    match (verified, read) {
        (Err(bad), Ok(())) => panic!("read succeeds although verification fails: {bad}"),
        (_, Err(bad)) => assert!(bad.offset <= length),
        (Ok(_), Ok(())) => {}
    }
}
