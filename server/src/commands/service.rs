//! What every request can reach.

use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::Instant;

use bookline_protocol::Id;
use tokio::sync::Semaphore;

use super::buffers::Buffers;
use crate::clock::Clock;
use crate::state::Store;
use crate::storage::snapshot::snapshotter::Snapshotter;

/// Who asks. Today everybody is nobody in particular; accounts come with AUTH.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity;

/// What every request can reach.
#[derive(Debug)]
pub struct Service {
    /// State and journal.
    pub store: Store,
    /// Who makes the snapshots.
    pub snapshots: Snapshotter,
    /// The time.
    pub clock: Clock,
    /// The head of department.
    pub head: Id<'static>,
    /// Memory for long lines and large replies.
    pub buffers: Buffers,
    /// For turns of connections that have used up one. There are fewer of these than threads that serve, so that who sends
    /// one command finds a thread that is free, however many others send all they can.
    pub heavy: Semaphore,
    /// What STATS counts.
    pub counters: Counters,
}

/// What the server counts of itself.
#[derive(Debug)]
pub struct Counters {
    /// When it was ready to serve.
    pub started: Instant,
    /// Connections that are open.
    pub connections: AtomicUsize,
    /// Lines taken, added once a turn.
    pub commands: AtomicU64,
}
