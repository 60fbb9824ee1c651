//! Looking again while a server writes.
//!
//! A running server writes, begins files and drops others while they are read here: what looks corrupt then
//! does not at the next look. But a disk that fails now and then looks the same, so nothing is looked at
//! again unless something was changed meanwhile, and what the system itself reports is final.

use std::error::Error;
use std::io;
use std::time::{Duration, SystemTime};

use crate::storage::journal::OpenError;
use crate::storage::snapshot::error::CompactionError;
use crate::storage::snapshot::error::{BadSnapshot, SnapshotErrorKind};

/// So much is tried before anything is called corruption.
const TRIES: usize = 3;

/// Between two looks: a server that begins a segment or drops a snapshot is done with it by then.
const PAUSE: Duration = Duration::from_millis(50);

/// File systems round the time of a change to a clock tick, the coarsest to two seconds. Whatever was changed
/// so shortly before a look may have been changed again during it, and nothing would show that.
const RESOLUTION: Duration = Duration::from_secs(2);

/// When a data directory was last changed, in seconds and nanoseconds since 1970.
type Change = io::Result<(i64, i64)>;

/// Looks until it is `done`, [`TRIES`] times at the most, and only once if nothing changes meanwhile.
pub(super) fn settled<T>(
    last_change: impl Fn() -> Change,
    done: impl Fn(&T) -> bool,
    mut look: impl FnMut() -> T,
) -> T {
    for _ in 1..TRIES {
        let (before, began) = (last_change(), SystemTime::now());
        let seen = look();
        if done(&seen) || !is_changed(&before, &last_change(), began) {
            return seen;
        }
        std::thread::sleep(PAUSE);
    }
    look()
}

/// Was anything changed, or could it have been?
fn is_changed(before: &Change, after: &Change, began: SystemTime) -> bool {
    let (Ok(before), Ok(after)) = (before, after) else { return true };
    let quiet_since =
        began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(RESOLUTION);
    before != after || i64::try_from(quiet_since.as_secs()).is_ok_and(|quiet_since| before.0 >= quiet_since)
}

/// Does this stay, however often one looks? Files that are not there, or end early, or have other contents
/// than they should, may come from a server that writes. What the system reports does not, nor does a
/// snapshot, which nobody changes.
pub(super) fn is_lasting(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| match (io_error(cause), bad_snapshot(cause)) {
        (Some(error), _) => !may_pass(error),
        (None, Some(bad)) => bad.is_corruption(),
        (None, None) => false,
    })
}

fn may_pass(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    matches!(error.kind(), NotFound | UnexpectedEof | InvalidData)
}

/// What the system reported, if that is what this is about.
fn io_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    if let Some(OpenError::Io { error, .. }) = cause.downcast_ref() {
        return Some(error);
    }
    if let Some(CompactionError::Io(error)) = cause.downcast_ref() {
        return Some(error);
    }
    if let Some(BadSnapshot { kind: SnapshotErrorKind::Io(error), .. }) = bad_snapshot(cause) {
        return Some(error);
    }
    cause.downcast_ref()
}

fn bad_snapshot<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a BadSnapshot> {
    if let Some(CompactionError::Snapshot(bad)) = cause.downcast_ref() {
        return Some(bad);
    }
    cause.downcast_ref()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::codec::segment_header::SegmentHeaderError;

    /// How often is looked, when every look fails and changes come as told?
    fn looks(changes: &[(i64, i64)], succeeds_at: usize) -> usize {
        let (asked, looked) = (Cell::new(0), Cell::new(0));
        let last_change = || {
            let n = asked.replace(asked.get() + 1);
            Ok(changes[n.min(changes.len() - 1)])
        };
        let look = || {
            looked.set(looked.get() + 1);
            looked.get()
        };
        settled(last_change, |&n| n == succeeds_at, look);
        looked.get()
    }

    #[test]
    fn nothing_is_looked_at_again_that_nobody_changes() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
        let now = i64::try_from(now).expect("a time");
        let long_ago = (now - 3_600, 0);
        assert_eq!(looks(&[long_ago], 2), 1, "what fails now and then is not hidden");
        assert_eq!(looks(&[long_ago, (now - 3_000, 0)], 2), 2, "a change came between");
        assert_eq!(looks(&[(now - 1, 0)], 2), 2, "a change may have come between");
        assert_eq!(looks(&[(now + 60, 0)], 9), TRIES);
        assert_eq!(looks(&[long_ago], 1), 1);
    }

    #[test]
    fn what_the_system_reports_and_a_corrupt_snapshot_stay() {
        let bad = |kind| BadSnapshot { file: "x.snap".into(), offset: 0, kind };
        let system = || io::Error::from_raw_os_error(5);
        let absent = || io::Error::from(io::ErrorKind::NotFound);
        let open = |error| OpenError::Io { doing: "reading", file: "x.seg".into(), error };
        let broken =
            CompactionError::Journal { file: "x.seg".into(), offset: 0, what: "it ends early".into() };
        let lasting: [anyhow::Error; 8] = [
            system().into(),
            anyhow::Error::from(system()).context("reading"),
            open(system()).into(),
            CompactionError::from(system()).into(),
            bad(system().into()).into(),
            bad(SnapshotErrorKind::Frame).into(),
            CompactionError::from(bad(SnapshotErrorKind::TrailingBytes(1))).into(),
            CompactionError::from(bad(system().into())).into(),
        ];
        for error in lasting {
            assert!(is_lasting(&error), "{error:#}");
        }
        let passing: [anyhow::Error; 7] = [
            absent().into(),
            open(absent()).into(),
            CompactionError::from(absent()).into(),
            broken.into(),
            bad(absent().into()).into(),
            bad(SegmentHeaderError::Format { format: 9, writer: "9".into() }.into()).into(),
            anyhow::anyhow!("anything else"),
        ];
        for error in passing {
            assert!(!is_lasting(&error), "{error:#}");
        }
    }
}
