//! What the server does on its own while it serves: it ends due holds, forgets holds that ended long ago and
//! keys that were used long ago, and frees the memory of deleted events.

use std::time::Duration;

use crate::state::Store;
use crate::storage::log::{AppendError, LogExt};

/// The time between two rounds. A hold that falls due goes back on sale within a second; beside heavy load a
/// round may begin late.
const INTERVAL: Duration = Duration::from_millis(200);

/// Does maintenance until the log takes no more changes.
pub async fn run(store: Store) {
    loop {
        match round(&store).await {
            Err(AppendError::Closed) => return,
            // A round forgets a limited number, and clients may end holds faster than that.
            Ok(()) if store.has_excess_ended_holds() => tokio::task::yield_now().await,
            Ok(()) | Err(_) => tokio::time::sleep(INTERVAL).await,
        }
    }
}

/// Ends the holds that are due now, as at a start, so that nobody sees them again.
pub async fn end_due_holds(store: &Store) {
    for shard in store.shards() {
        // On a disk without space they stay until there is some. They are expired nonetheless.
        let _ = in_pieces(store, || store.end_due_holds(shard)).await;
    }
}

/// One round: all that there is to do now.
///
/// # Errors
///
/// [`AppendError`]; what is left is done in a later round.
pub async fn round(store: &Store) -> Result<(), AppendError> {
    for shard in store.shards() {
        in_pieces(store, || Ok(store.free_deleted(shard))).await?;
    }
    for shard in store.shards() {
        in_pieces(store, || store.end_due_holds(shard)).await?;
    }
    in_pieces(store, || store.forget_old_keys()).await?;
    let through = store.forget_ended_through();
    for shard in store.shards() {
        in_pieces(store, || store.forget_ended_holds(shard, through)).await?;
    }
    Ok(())
}

/// Repeats `piece` as long as it says that more is left. Others are served in between.
async fn in_pieces(
    store: &Store,
    mut piece: impl FnMut() -> Result<bool, AppendError>,
) -> Result<(), AppendError> {
    loop {
        match piece() {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => return Ok(()),
            Err(AppendError::Backpressure) => store.log().capacity().await,
            Err(error) => return Err(error),
        }
    }
}
