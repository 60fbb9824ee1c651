//! A service without a server.

use std::sync::Arc;

use bookline_protocol::Id;
use bookline_server::codec::Sequence;
use bookline_server::commands::buffers::{BUFFERS_BYTES_MIN, Buffers};
use bookline_server::commands::{Authentication, Counters, Service};
use bookline_server::feed::Feed;
use bookline_server::state::Store;
use bookline_server::storage::snapshot::snapshotter::Snapshotter;
use bookline_server::time::clock::Clock;
use bookline_server::time::zone::Zone;
use chrono_tz::Tz;
use tokio::sync::Semaphore;

/// A service of this store, for tests that execute requests without a server.
pub fn service(store: Store, snapshots: Snapshotter, clock: Arc<Clock>) -> Service {
    let feed = Feed::new(store.shared_log(), Sequence(0)).into();
    Service {
        store,
        feed,
        snapshots: Some(snapshots),
        clock,
        zone: Zone::new(Tz::UTC),
        instance: 0,
        head: Id::new("F10").expect("an id"),
        buffers: Buffers::new(BUFFERS_BYTES_MIN),
        backlogged_turns: Semaphore::new(1),
        changes_turns: Semaphore::new(1),
        long_locks: Semaphore::new(1),
        counters: Counters::new(1).into(),
        authentication: Authentication::not_required(),
        cluster: None,
    }
}
