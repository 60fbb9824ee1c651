//! The maker of preallocated segments: space for the next segment is made before it is needed, from an old segment that
//! nobody needs any more, or from nothing.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::disk::{Disk, DiskFile};
use super::segment;
use super::space::is_out_of_space;
use super::state::{DIRECTORY, Preallocated, Shared};
use crate::storage::journal::error::Failure;

/// How long after a failure the next try is made, unless a snapshot calls for one before. A full disk is emptied by
/// people, who are slower than this.
const RETRY: Duration = Duration::from_secs(1);

/// Runs until the journal ends.
pub(super) fn run(shared: &Arc<Shared>, disk: &Arc<dyn Disk>, segment_size: u64) {
    // What a process before left of one is of no use, and counts as taken.
    let _ = disk.remove(segment::PREALLOCATED);
    let mut warned = false;
    while wait_until_wanted(shared) {
        match make(shared, &**disk, segment_size) {
            Ok(file) => {
                warned = false;
                put_ready(shared, file);
            }
            // It was given up halfway: there may be space enough.
            Err(_) if shared.has_ended() => return,
            Err(lack) => {
                // Where a snapshot comes first there will be space in a moment, mostly.
                if !warned && !lack.snapshot_first {
                    warned = true;
                    tracing::warn!(
                        "no room for the next journal segment ({}): changes are refused when the current one is full",
                        lack.reason
                    );
                }
                wait_for_space(shared, lack);
            }
        }
    }
}

/// Why no segment could be made.
struct Lack {
    reason: String,
    /// A snapshot was not tried yet.
    snapshot_first: bool,
}

/// Makes one, or says why it cannot be made.
fn make(shared: &Shared, disk: &dyn Disk, size: u64) -> Result<Box<dyn DiskFile>, Lack> {
    // Whatever keeps an old segment from being used again, another or a new one will do.
    while let Some(name) = take_recyclable(shared) {
        if let Ok(Some(file)) = recycle(shared, disk, &name, size) {
            shared.lock().space.got_one();
            return Ok(file);
        }
    }
    // Where it is not known, there is some: to fill it tells.
    let free = disk.free().unwrap_or(u64::MAX);
    let written = shared.written();
    {
        let mut state = shared.lock();
        let snapshot_first = !state.space.snapshot_tried();
        state.space.take(size, free, written).map_err(|reason| Lack { reason, snapshot_first })?;
    }
    segment::preallocate(disk, size, || !shared.has_ended()).map_err(|error| {
        // What was filled so far may be the last space that others need.
        let _ = disk.remove(segment::PREALLOCATED);
        if is_out_of_space(&error) {
            shared.lock().space.run_short(free);
        }
        Lack { reason: error.to_string(), snapshot_first: false }
    })
}

fn put_ready(shared: &Shared, file: Box<dyn DiskFile>) {
    let mut state = shared.lock();
    state.preallocated = Preallocated::Ready(file);
    let was_read_only = std::mem::take(&mut state.read_only);
    shared.wake_for_capacity(&mut state);
    drop(state);
    if was_read_only {
        tracing::info!("there is room for the next journal segment again: changes are accepted");
    }
}

/// None, too, when the journal has ended: behind a failure the disk is left alone.
fn take_recyclable(shared: &Shared) -> Option<String> {
    let mut state = shared.lock();
    if state.end.is_some() || state.recyclable.is_empty() { None } else { Some(state.recyclable.remove(0)) }
}

/// Makes an old segment the preallocated segment. What is in it does not matter: the salt of the segment to be makes it void.
fn recycle(shared: &Shared, disk: &dyn Disk, name: &str, size: u64) -> io::Result<Option<Box<dyn DiskFile>>> {
    let file = disk.open(name)?;
    if file.len()? != size {
        disk.remove(name)?;
        return Ok(None);
    }
    disk.rename(name, segment::PREALLOCATED)?;
    disk.sync().inspect_err(|error| {
        shared.fail(Failure { doing: "syncing", file: DIRECTORY.to_owned(), error: error.to_string() });
    })?;
    Ok(Some(file))
}

/// False when the journal ends.
fn wait_until_wanted(shared: &Shared) -> bool {
    let mut state = shared.lock();
    loop {
        if state.end.is_some() {
            return false;
        }
        if matches!(state.preallocated, Preallocated::Making | Preallocated::Failing(_)) {
            return true;
        }
        state = shared
            .preallocation_work
            .wait(state)
            .unwrap_or_else(|_| crate::fatal("the journal's lock is broken"));
    }
}

/// Lets changes be refused, and waits until another try is worth it.
fn wait_for_space(shared: &Shared, lack: Lack) {
    let mut state = shared.lock();
    if state.end.is_some() {
        return;
    }
    state.preallocated = Preallocated::Failing(lack.reason);
    shared.wake_for_capacity(&mut state);
    if state.recyclable.is_empty() && !state.space.snapshot_tried() {
        let waited = shared.preallocation_work.wait_timeout(state, RETRY);
        drop(waited.unwrap_or_else(|_| crate::fatal("the journal's lock is broken")));
    }
}
