//! Requests for a snapshot of the cluster.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use crate::codec::Sequence;
use crate::storage::snapshot::Made;
use crate::storage::snapshot::history::History;
use crate::storage::snapshot::snapshotter::NotMade;

/// What is asked of those who make the snapshots of a cluster, the newest one that is confirmed, and those
/// that this server has made.
#[derive(Debug)]
pub struct SnapshotRequests {
    state: watch::Sender<State>,
    made: Arc<History>,
}

#[derive(Debug, Default)]
struct State {
    /// A snapshot is wanted that holds everything up to this commit.
    wanted: Option<Sequence>,
    newest: Option<Confirmed>,
    is_stopping: bool,
}

/// A confirmed snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// The last commit that it holds.
    pub sequence: Sequence,
    /// Its length in bytes.
    pub bytes: u64,
}

impl SnapshotRequests {
    /// Without a request. `made` has the snapshots that this server has made before.
    pub fn new(made: Arc<History>) -> Self {
        Self { state: watch::Sender::default(), made }
    }

    /// The snapshots that this server has made since its start.
    pub fn made(&self) -> &History {
        &self.made
    }

    /// Requests a snapshot that holds everything up to `through`, and waits until it is confirmed.
    ///
    /// # Errors
    ///
    /// [`NotMade::Stopping`]
    pub async fn make(&self, through: Sequence) -> Result<Made, NotMade> {
        let begun = Instant::now();
        self.state.send_modify(|state| state.wanted = state.wanted.max(Some(through)));
        let mut state = self.state.subscribe();
        let holds = |newest: &Confirmed| newest.sequence >= through;
        let waited = state.wait_for(|state| state.is_stopping || state.newest.as_ref().is_some_and(holds));
        // The sender lives as long as the requests.
        let newest = waited.await.ok().and_then(|state| state.newest.filter(holds));
        let Confirmed { sequence, bytes } = newest.ok_or(NotMade::Stopping)?;
        Ok(Made { sequence, bytes, took: begun.elapsed() })
    }

    /// Whether somebody has asked for more than the newest one holds.
    pub fn is_wanted(&self) -> bool {
        let state = self.state.borrow();
        state.wanted.is_some_and(|wanted| state.newest.is_none_or(|newest| newest.sequence < wanted))
    }

    /// The newest one that is known to be confirmed.
    pub fn newest(&self) -> Option<Confirmed> {
        self.state.borrow().newest
    }

    /// Notes that a snapshot is confirmed.
    pub fn note(&self, confirmed: Confirmed) {
        self.state.send_if_modified(|state| state.newest.replace(confirmed) != Some(confirmed));
    }

    /// Fails those who wait.
    pub fn give_up(&self) {
        self.state.send_modify(|state| state.is_stopping = true);
    }
}
