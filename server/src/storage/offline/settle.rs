//! Retries of a read of the data directory while a server writes to it.
//!
//! A running server writes, creates and removes files while they are read, so that they may look corrupt. A
//! second read then succeeds. But a disk that fails intermittently shows the same. So a read is retried only
//! if a file was changed meanwhile, and never after an error of the system.

use std::error::Error;
use std::io;
use std::time::{Duration, SystemTime};

use crate::storage::snapshot::error::CompactionError;
use crate::storage::snapshot::error::{SnapshotError, SnapshotErrorKind};

/// The number of reads before the data counts as corrupt.
const ATTEMPTS_MAX: usize = 3;

/// The pause between two reads. A server that begins a segment or removes a snapshot is done with it by then.
const PAUSE: Duration = Duration::from_millis(50);

/// The coarsest resolution of the times of changes in a file system. A file that was changed so shortly
/// before a read may have been changed again during it, and have the same time.
const TIME_RESOLUTION: Duration = Duration::from_secs(2);

/// The time of the last change of a data directory, in seconds and nanoseconds since 1970.
type LastChange = io::Result<(i64, i64)>;

/// Calls `read` until its result is `done`: at most [`ATTEMPTS_MAX`] times, and only once if nothing changes
/// meanwhile.
pub(super) fn settled<T>(
    last_change: impl Fn() -> LastChange,
    done: impl Fn(&T) -> bool,
    mut read: impl FnMut() -> T,
) -> T {
    for _ in 1..ATTEMPTS_MAX {
        let (before, began) = (last_change(), SystemTime::now());
        let result = read();
        if done(&result) || !may_have_changed(&before, &last_change(), began) {
            return result;
        }
        std::thread::sleep(PAUSE);
    }
    read()
}

fn may_have_changed(before: &LastChange, after: &LastChange, began: SystemTime) -> bool {
    let (Ok(before), Ok(after)) = (before, after) else { return true };
    let since = began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let unchanged_since = since.saturating_sub(TIME_RESOLUTION).as_secs();
    before != after || i64::try_from(unchanged_since).is_ok_and(|since| before.0 >= since)
}

/// Whether a retry would meet the same error. Missing files, files that end early and invalid contents may
/// come from a server that writes. Errors of the system do not, nor does a corrupt snapshot, which no server
/// changes.
pub(super) fn is_lasting(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| match (io_error(cause), snapshot_error(cause)) {
        (Some(error), _) => !is_transient(error),
        (None, Some(error)) => error.is_corruption(),
        (None, None) => false,
    })
}

fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    matches!(error.kind(), NotFound | UnexpectedEof | InvalidData)
}

fn io_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    if let Some(CompactionError::Io(error)) = cause.downcast_ref() {
        return Some(error);
    }
    if let Some(SnapshotError { kind: SnapshotErrorKind::Io(error), .. }) = snapshot_error(cause) {
        return Some(error);
    }
    cause.downcast_ref()
}

fn snapshot_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a SnapshotError> {
    if let Some(CompactionError::Snapshot(error)) = cause.downcast_ref() {
        return Some(error);
    }
    cause.downcast_ref()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::codec::segment_header::SegmentHeaderError;
    use crate::storage::journal::OpenError;
    use crate::storage::journal::commits::Unreadable;

    /// The number of reads if the first successful one is `succeeds_at`, and the times of the last change are
    /// `changes`.
    fn reads(changes: &[(i64, i64)], succeeds_at: usize) -> usize {
        let (calls, reads) = (Cell::new(0), Cell::new(0));
        let last_change = || {
            let n = calls.replace(calls.get() + 1);
            Ok(changes[n.min(changes.len() - 1)])
        };
        let read = || {
            reads.set(reads.get() + 1);
            reads.get()
        };
        settled(last_change, |&n| n == succeeds_at, read);
        reads.get()
    }

    #[test]
    fn a_read_is_retried_only_if_something_may_have_changed() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
        let now = i64::try_from(now).expect("a time");
        let long_ago = (now - 3_600, 0);
        assert_eq!(reads(&[long_ago], 2), 1, "an intermittent failure is reported");
        assert_eq!(reads(&[long_ago, (now - 3_000, 0)], 2), 2, "a change during the read");
        assert_eq!(reads(&[(now - 1, 0)], 2), 2, "possibly a change during the read");
        assert_eq!(reads(&[(now + 60, 0)], 9), ATTEMPTS_MAX);
        assert_eq!(reads(&[long_ago], 1), 1);
    }

    #[test]
    fn errors_of_the_system_and_corrupt_snapshots_are_lasting() {
        let snapshot = |kind| SnapshotError { file: "x.snap".into(), offset: 0, kind };
        let system = || io::Error::from_raw_os_error(5);
        let absent = || io::Error::from(io::ErrorKind::NotFound);
        let open = |error| OpenError::Io { doing: "reading", file: "x.seg".into(), error };
        let journal = CompactionError::from(Unreadable {
            file: "x.seg".into(),
            offset: 0,
            what: "it ends early".into(),
        });
        let lasting: [anyhow::Error; 8] = [
            system().into(),
            anyhow::Error::from(system()).context("reading"),
            open(system()).into(),
            CompactionError::from(system()).into(),
            snapshot(system().into()).into(),
            snapshot(SnapshotErrorKind::Frame).into(),
            CompactionError::from(snapshot(SnapshotErrorKind::TrailingBytes(1))).into(),
            CompactionError::from(snapshot(system().into())).into(),
        ];
        for error in lasting {
            assert!(is_lasting(&error), "{error:#}");
        }
        let transient: [anyhow::Error; 7] = [
            absent().into(),
            open(absent()).into(),
            CompactionError::from(absent()).into(),
            journal.into(),
            snapshot(absent().into()).into(),
            snapshot(SegmentHeaderError::Format { format: 9, writer: "9".into() }.into()).into(),
            anyhow::anyhow!("anything else"),
        ];
        for error in transient {
            assert!(!is_lasting(&error), "{error:#}");
        }
    }
}
