//! The maker of spare segments: space for the next segment is made before it is needed, from an old segment that
//! nobody needs any more, or from nothing.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::disk::{Disk, DiskFile};
use super::segment;
use super::state::{Shared, Spare};

/// How long after a failure the next try is made. A full disk is emptied by people, who are slower than this.
const RETRY: Duration = Duration::from_secs(1);

/// Runs until the journal closes.
pub(super) fn run(shared: &Arc<Shared>, disk: &Arc<dyn Disk>, segment_size: u64) {
    while wait_until_wanted(shared) {
        // Whatever keeps an old segment from being used again, a new one will do.
        let recycled = take_recyclable(shared).and_then(|name| recycle(&**disk, &name, segment_size).ok()?);
        let wanted = || shared.lock().end.is_none();
        match recycled.map_or_else(|| segment::make_spare(&**disk, segment_size, wanted), Ok) {
            Ok(file) => {
                let mut state = shared.lock();
                state.spare = Spare::Ready(file);
                let was_read_only = std::mem::take(&mut state.read_only);
                shared.wake_for_room(&mut state);
                drop(state);
                if was_read_only {
                    tracing::info!("there is room for the next journal segment again: changes are accepted");
                }
            }
            Err(error) => give_up_for_now(shared, &**disk, error.to_string()),
        }
    }
}

fn take_recyclable(shared: &Shared) -> Option<String> {
    let mut state = shared.lock();
    if state.recyclable.is_empty() { None } else { Some(state.recyclable.remove(0)) }
}

/// Makes an old segment the spare. What is in it does not matter: the salt of the segment to be makes it void.
fn recycle(disk: &dyn Disk, name: &str, segment_size: u64) -> io::Result<Option<Box<dyn DiskFile>>> {
    let file = disk.open(name)?;
    if file.len()? != segment_size {
        disk.remove(name)?;
        return Ok(None);
    }
    disk.rename(name, segment::SPARE)?;
    disk.sync()?;
    Ok(Some(file))
}

/// False when the journal closes.
fn wait_until_wanted(shared: &Shared) -> bool {
    let mut state = shared.lock();
    loop {
        if state.end.is_some() {
            return false;
        }
        if matches!(state.spare, Spare::Making | Spare::Failing(_)) {
            return true;
        }
        state =
            shared.spare_work.wait(state).unwrap_or_else(|_| crate::fatal("the journal's lock is broken"));
    }
}

fn give_up_for_now(shared: &Shared, disk: &dyn Disk, reason: String) {
    // What was filled so far may be the last room that others need.
    let _ = disk.remove(segment::SPARE);
    let mut state = shared.lock();
    if state.end.is_some() {
        return;
    }
    let before = std::mem::replace(&mut state.spare, Spare::Failing(reason.clone()));
    shared.wake_for_room(&mut state);
    drop(state);
    if !matches!(before, Spare::Failing(_)) {
        tracing::warn!(
            "no room for the next journal segment ({reason}): changes will be refused when the current one is full"
        );
    }
    let state = shared.lock();
    // An end that came meanwhile has woken nobody.
    if state.end.is_none() {
        let waited = shared.spare_work.wait_timeout(state, RETRY);
        drop(waited.unwrap_or_else(|_| crate::fatal("the journal's lock is broken")));
    }
}
