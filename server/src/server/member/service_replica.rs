//! The state of a service as the replica of a log.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};

use super::seen_log::SeenLog;
use crate::changes::commit::Commit;
use crate::commands::Service;
use crate::domain::Contradiction;
use crate::storage::data_dir::cluster_file::SeenMessage;
use crate::storage::journal::Disk;
use crate::storage::replicated::boot_time::BootTime;
use crate::storage::replicated::genesis::{Genesis, GenesisMismatch};
use crate::storage::replicated::position::Position;
use crate::storage::replicated::replica::{Lost, Replica};

/// The time between two notes of what was seen. What was seen since the last one may be missing after a
/// crash: then a stream that has lost no more than that is not recognized.
const NOTE_INTERVAL: Duration = Duration::from_secs(10);

/// Applies the log to the state of a service, and notes what was seen of it.
pub(super) struct ServiceReplica {
    service: Arc<Service>,
    genesis: Genesis,
    /// What was seen before this start.
    seen: Option<SeenMessage>,
    log: Arc<SeenLog>,
    accounts_version: u64,
    noted_at: BootTime,
    noting: Option<JoinHandle<()>>,
}

impl ServiceReplica {
    pub fn new(
        service: Arc<Service>,
        genesis: Genesis,
        root: Arc<dyn Disk>,
        seen: Option<SeenMessage>,
    ) -> Self {
        let log = Arc::new(SeenLog::new(root, seen.as_ref()));
        let noted_at = BootTime::default();
        Self { service, genesis, seen, log, accounts_version: 0, noted_at, noting: None }
    }

    fn seen(&self, position: Position) -> SeenMessage {
        SeenMessage { cluster: self.genesis.cluster.clone(), message: position.stream.0, crc: position.crc }
    }
}

impl Replica for ServiceReplica {
    fn begin(&mut self, genesis: &[u8]) -> Result<(), GenesisMismatch> {
        self.genesis.check(genesis)
    }

    fn apply(&mut self, commit: Commit<'_>) -> Result<(), Contradiction> {
        let store = &self.service.store;
        store.follow(commit)?;
        let version = store.accounts_version();
        if version != self.accounts_version {
            self.accounts_version = version;
            self.service.authentication.require();
        }
        Ok(())
    }

    fn reached(&mut self, position: Position) -> Result<(), Lost> {
        let at = position.stream.0;
        if self.seen.as_ref().is_some_and(|seen| seen.message == at && seen.crc != position.crc) {
            return Err(Lost::Other { at });
        }
        let now = BootTime::now();
        let is_due = now.since(self.noted_at) >= NOTE_INTERVAL;
        if is_due && self.noting.as_ref().is_none_or(JoinHandle::is_finished) {
            self.noted_at = now;
            let (log, seen) = (self.log.clone(), self.seen(position));
            self.noting = Some(spawn_blocking(move || log.note(&seen)));
        }
        Ok(())
    }

    fn lead(&mut self, last_micros: Option<i64>) {
        self.service.store.begin_to_lead(last_micros);
        // Who watches from an earlier commit reads the log.
        self.service.feed.skip_to(self.service.store.log().appended());
    }

    fn end(&mut self, position: Position) {
        self.log.note(&self.seen(position));
    }
}
