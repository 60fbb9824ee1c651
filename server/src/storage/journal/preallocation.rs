//! The preallocation thread: it provides the next segment before it is needed, by recycling an old segment or
//! by allocating a new one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::disk::{BULK_BYTES_PER_SYNC, Disk, DiskFile};
use super::segment::{self, FAST_FILL_BYTES_PER_SYNC};
use super::space::is_out_of_space;
use super::state::{DIRECTORY, LOCK_POISONED, Preallocated, Shared};
use crate::storage::log::Failure;

pub const THREAD_NAME: &str = "preallocation";

/// How long after a failure the next attempt follows, unless a snapshot wakes the thread before. People free
/// space on a full disk more slowly than this.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Runs until the journal ends.
pub(super) fn run(shared: &Arc<Shared>, disk: &Arc<dyn Disk>, segment_size: u64) {
    // A previous process may have left an incomplete one, which takes up space.
    let _ = disk.remove(segment::PREALLOCATED);
    let mut warned = false;
    while wait_until_wanted(shared) {
        match provide(shared, &**disk, segment_size) {
            Ok(file) => {
                warned = false;
                set_ready(shared, file);
            }
            // The journal ended, and the allocation was canceled: that is no lack of space.
            Err(_) if shared.has_ended() => return,
            Err(error) => {
                // A snapshot that is made first usually frees space within moments.
                if !warned && !error.snapshot_first {
                    warned = true;
                    tracing::warn!(
                        "no room for the next journal segment ({}): changes are refused when the current \
                         one is full",
                        error.reason
                    );
                }
                wait_for_space(shared, error);
            }
        }
    }
}

/// Why no segment could be provided.
struct PreallocationError {
    reason: String,
    /// No snapshot was tried yet, which may free space.
    snapshot_first: bool,
}

/// Recycles or allocates a segment.
fn provide(shared: &Shared, disk: &dyn Disk, size: u64) -> Result<Box<dyn DiskFile>, PreallocationError> {
    // An old segment that cannot be recycled is no failure: another one or a new one takes its place.
    while let Some(name) = take_recyclable(shared) {
        if let Ok(Some(file)) = recycle(shared, disk, &name, size) {
            shared.lock().space.set_recycled();
            return Ok(file);
        }
    }
    // If the free space is not known, the attempt to allocate shows whether there is enough.
    let free = disk.free().unwrap_or(u64::MAX);
    let written = shared.written();
    {
        let mut state = shared.lock();
        let snapshot_first = !state.space.snapshot_tried();
        let reserved = state.space.reserve_segment(size, free, written);
        reserved.map_err(|reason| PreallocationError { reason, snapshot_first })?;
    }
    let filled = segment::preallocate(disk, size, |left| next_piece(shared, left));
    filled.map_err(|error| {
        // The incomplete file may take the last space that journal and snapshots need.
        let _ = disk.remove(segment::PREALLOCATED);
        if is_out_of_space(&error) {
            shared.lock().space.set_short(free);
        }
        PreallocationError { reason: error.to_string(), snapshot_first: false }
    })
}

/// The bytes to fill and sync next, of those that are left. `None` if the journal ended. A large piece delays
/// the commits that are synced meanwhile, but all commits wait if the journal needs the segment before it is
/// full. So the pieces are large when the journal fills its segment faster than this one is filled.
fn next_piece(shared: &Shared, left: u64) -> Option<u64> {
    let state = shared.lock();
    let is_late = left > state.segment_bytes_left as u64 + FAST_FILL_BYTES_PER_SYNC;
    let piece = if is_late { FAST_FILL_BYTES_PER_SYNC } else { BULK_BYTES_PER_SYNC };
    state.end.is_none().then_some(piece)
}

fn set_ready(shared: &Shared, file: Box<dyn DiskFile>) {
    let mut state = shared.lock();
    state.preallocated = Preallocated::Ready(file);
    let was_read_only = std::mem::take(&mut state.read_only);
    shared.wake_for_capacity(&mut state);
    drop(state);
    if was_read_only {
        tracing::info!("there is room for the next journal segment again: changes are accepted");
    }
}

/// `None`, too, when the journal has ended: after a failure the disk is not changed any more.
fn take_recyclable(shared: &Shared) -> Option<String> {
    let mut state = shared.lock();
    if state.end.is_some() || state.recyclable.is_empty() { None } else { Some(state.recyclable.remove(0)) }
}

/// Turns an old segment into the preallocated segment, unless its size differs. Its old frames are invalid
/// under the salt of the new segment.
fn recycle(shared: &Shared, disk: &dyn Disk, name: &str, size: u64) -> io::Result<Option<Box<dyn DiskFile>>> {
    let file = disk.open(name)?;
    if file.len()? != size {
        disk.remove(name)?;
        shared.lock().segments -= 1;
        return Ok(None);
    }
    disk.rename(name, segment::PREALLOCATED)?;
    shared.lock().segments -= 1;
    disk.sync().inspect_err(|error| {
        shared.fail(Failure { doing: "syncing", file: DIRECTORY.to_owned(), error: error.to_string() });
    })?;
    Ok(Some(file))
}

/// Waits until a segment is wanted. False when the journal has ended.
fn wait_until_wanted(shared: &Shared) -> bool {
    let mut state = shared.lock();
    loop {
        if state.end.is_some() {
            return false;
        }
        if matches!(state.preallocated, Preallocated::Pending | Preallocated::Failing(_)) {
            return true;
        }
        state = shared.preallocation_work.wait(state).unwrap_or_else(|_| crate::fatal(LOCK_POISONED));
    }
}

/// Makes the journal refuse changes that need the next segment, and waits until another attempt may succeed.
fn wait_for_space(shared: &Shared, error: PreallocationError) {
    let mut state = shared.lock();
    if state.end.is_some() {
        return;
    }
    state.preallocated = Preallocated::Failing(error.reason);
    shared.wake_for_capacity(&mut state);
    if state.recyclable.is_empty() && !state.space.snapshot_tried() {
        let waited = shared.preallocation_work.wait_timeout(state, RETRY_INTERVAL);
        drop(waited.unwrap_or_else(|_| crate::fatal(LOCK_POISONED)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Sequence;
    use crate::storage::journal::space::Space;
    use crate::storage::journal::state::State;

    #[test]
    fn pieces_are_large_when_the_journal_fills_its_segment_faster() {
        crate::sync::test(|| {
            let shared = Shared::new(State::new(Sequence(1), 0, 64 << 20, 64 << 20, Space::new(None)), 0);
            let journal_has_left = |bytes| shared.lock().segment_bytes_left = bytes;
            journal_has_left(16 << 20);
            assert_eq!(next_piece(&shared, 20 << 20), Some(BULK_BYTES_PER_SYNC));
            assert_eq!(next_piece(&shared, (20 << 20) + 1), Some(FAST_FILL_BYTES_PER_SYNC));
            shared.close();
            assert_eq!(next_piece(&shared, 1), None);
        });
    }
}
