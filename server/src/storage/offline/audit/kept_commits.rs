//! Reads the commits that the segments of a journal have, also while a server gives up the oldest of them.

use bookline_protocol::Timestamp;

use super::error::AuditError;
use super::sentence::in_seconds;
use crate::changes::commit::Commit;
use crate::codec::Sequence;
use crate::storage::journal::commits::read_commits;
use crate::storage::journal::{Disk, segment};

/// Commits of a journal that was checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptCommits {
    /// The first commit of the oldest segment.
    pub first: Sequence,
    pub last: Sequence,
}

impl KeptCommits {
    /// Passes them to `each`, in order. `warn` is told with which commit they begin, and which a server has
    /// given up meanwhile.
    pub fn read(
        self,
        journal: &dyn Disk,
        warn: &mut dyn FnMut(&str),
        each: &mut dyn FnMut(&Commit<'_>) -> Result<(), AuditError>,
    ) -> Result<(), AuditError> {
        let Self { first, last } = self;
        if first > last {
            warn(&format!("the log has no commit yet{}", before(first)));
        }
        let (mut next, mut is_first) = (first, true);
        loop {
            let read = read_commits(journal, next, last, &mut |_| Ok(()), &mut |commit| {
                if std::mem::take(&mut is_first) {
                    warn(&beginning(&commit));
                }
                next = commit.sequence.next();
                each(&commit)
            });
            let Err(error @ (AuditError::Unreadable(_) | AuditError::Disk(_))) = read else { return read };
            match segment::list(journal)?.first() {
                Some(&oldest) if oldest > next => {
                    let through = last.0.min(oldest.0 - 1);
                    warn(&format!(
                        "the server has given up the commits {} to {through} meanwhile: they are missing here",
                        next.0
                    ));
                    next = oldest;
                }
                _ => return Err(error),
            }
        }
    }
}

/// From when on there are commits, of which this is the first.
fn beginning(commit: &Commit<'_>) -> String {
    let Commit { sequence, micros, .. } = *commit;
    let at = in_seconds(Timestamp(micros));
    format!("the log begins with commit {} of {at}{}", sequence.0, before(sequence))
}

/// What became of the commits before this one, if there were some.
fn before(first: Sequence) -> &'static str {
    if first == Sequence(1) {
        ""
    } else {
        "; what was before is only in snapshots, which do not say who did it: a server with a larger \
         --keep-log keeps more"
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use bookline_protocol::Slot;
    use tempfile::TempDir;

    use super::*;
    use crate::changes::BlockTaken;
    use crate::storage::journal::{Base, Durability, Journal, Opening, Options, RealDisk};
    use crate::storage::log::{AppendError, Log, LogExt};

    /// The commits of the test.
    const LAST: u64 = 600;

    /// Writes a journal of several segments, and returns their first commits.
    fn write(directory: &Path) -> Vec<Sequence> {
        let disk = Arc::new(RealDisk::open(directory).expect("a directory"));
        let options = Options {
            durability: Durability::Never,
            segment_size: 4 << 10,
            keep_bytes: 0,
            base: Base { fresh: true, ..Base::default() },
            newest_snapshot: None,
            recent_bytes: 0,
        };
        let opened = Journal::read(disk.clone(), options, &mut |_| Ok(())).and_then(Opening::open);
        let (journal, _) = opened.expect("an empty directory");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let block = BlockTaken { slot: Slot::from_index(17_760_009).expect("an hour of 2026"), who: "F1" };
        while journal.appended().0 < LAST {
            match journal.append(0, None, &[block.into()]) {
                Err(AppendError::Backpressure) => runtime.block_on(journal.capacity()),
                appended => drop(appended.expect("an open journal")),
            }
        }
        journal.close().expect("no disk error");
        let firsts = segment::list(&*disk).expect("no disk error");
        assert!(firsts.len() > 4, "{firsts:?}");
        firsts
    }

    /// Reads the journal, in which these segments are removed when the first commit is read. Returns the
    /// sequence numbers, what was warned of, and whether the reading succeeded.
    fn read(directory: &Path, removed: &[Sequence]) -> (Vec<u64>, Vec<String>, Result<(), String>) {
        let (mut sequences, mut warnings) = (Vec::new(), Vec::new());
        let disk = RealDisk::read_only(directory).expect("a directory");
        let kept = KeptCommits { first: Sequence(1), last: Sequence(LAST) };
        let read = kept.read(&disk, &mut |warning| warnings.push(warning.to_owned()), &mut |commit| {
            if sequences.is_empty() {
                for first in removed {
                    fs::remove_file(directory.join(segment::name(*first))).expect("a segment");
                }
            }
            sequences.push(commit.sequence.0);
            Ok(())
        });
        (sequences, warnings, read.map_err(|error| error.to_string()))
    }

    #[test]
    fn commits_that_are_given_up_meanwhile_are_named() {
        let directory = TempDir::with_prefix("bookline").expect("a directory");
        let firsts = write(directory.path());
        let begins = "the log begins with commit 1 of 1970-01-01T00:00:00Z".to_owned();
        let all: Vec<u64> = (1..=LAST).collect();
        assert_eq!(read(directory.path(), &[]), (all, vec![begins.clone()], Ok(())));

        // The first segment is open, so it is read to its end.
        let (second, third) = (firsts[1].0, firsts[2].0);
        let (sequences, warnings, read) = read(directory.path(), &firsts[..2]);
        assert_eq!(read, Ok(()));
        assert_eq!(sequences, (1..second).chain(third..=LAST).collect::<Vec<_>>());
        let missing = format!(
            "the server has given up the commits {second} to {} meanwhile: they are missing here",
            third - 1
        );
        assert_eq!(warnings, [begins, missing]);
    }

    #[test]
    fn segment_that_is_missing_between_others_is_an_error() {
        let directory = TempDir::with_prefix("bookline").expect("a directory");
        let firsts = write(directory.path());
        let (sequences, _, read) = read(directory.path(), &firsts[1..2]);
        assert_eq!(sequences.last(), Some(&(firsts[1].0 - 1)));
        assert!(read.is_err_and(|error| error.contains(&segment::name(firsts[1]))));
    }
}
