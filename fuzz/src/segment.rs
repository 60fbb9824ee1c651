//! A segment of the journal, as recovery and `booklined check` read it.

use bookline_server::codec::Sequence;
use bookline_server::codec::segment_header;
use bookline_server::state::Records;
use bookline_server::storage::journal::{self, Base, OpenError, segment};
use bookline_server::storage::replay::Replay;

use super::file::{OneFile, file};

/// Panics if a property does not hold.
pub fn check(input: &[u8]) {
    let bytes = file(input, segment_header::MAGIC, Sequence(1));
    let length = bytes.len() as u64;
    let disk = OneFile { name: segment::name(Sequence(1)), bytes };
    let mut records = Records::new(1);
    let mut commits = 0;
    let read = journal::check(&disk, Base::default(), &mut |commit| {
        commits += 1;
        records.replay(commit)
    });
    assert!(commits * 20 <= length);
    match read {
        Ok(found) => assert_eq!((found.commits, found.last), (commits, Sequence(commits))),
        // A missing segment is reported by its name, without an offset in this file.
        Err(OpenError::Corruption(corruption)) => {
            assert!(corruption.offset <= length || corruption.file != disk.name)
        }
        Err(error) => panic!("{error}"),
    }
}
