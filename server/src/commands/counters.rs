//! What the server has done since its start.

use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Instant, SystemTime};

use bookline_protocol::{Code, Verb};

use crate::histogram::{self, Histogram};

/// The counters behind STATS and the metrics.
#[derive(Debug)]
pub struct Counters {
    /// When the server was ready to serve.
    pub started: Instant,
    /// The same moment on the clock of the system.
    pub started_at: SystemTime,
    /// Open connections.
    pub connections: AtomicUsize,
    /// The most connections that are open at a time.
    pub connections_max: usize,
    /// Lines executed or refused, added once per turn.
    pub commands: AtomicU64,
    /// Requests that were executed, or refused after they were parsed, in the order of [`Verb::ALL`].
    pub(super) by_verb: [AtomicU64; Verb::ALL.len()],
    /// Refusals of lines, in the order of [`Code::ALL`].
    pub(super) by_code: [AtomicU64; Code::ALL.len()],
    /// Refused connections, in the order of [`NotAdmitted::ALL`].
    not_admitted: [AtomicU64; NotAdmitted::ALL.len()],
    /// From the decision of a change until it may be acknowledged, in microseconds.
    pub acknowledged: Histogram,
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// There are as many connections as may be.
    Connections,
    /// There are as many of its address as may be.
    Address,
    /// There are as many that have not authenticated as may be.
    Unauthenticated,
    ShuttingDown,
}

impl Counters {
    pub fn new(connections_max: usize) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            started: Instant::now(),
            started_at: SystemTime::now(),
            connections: AtomicUsize::new(0),
            connections_max,
            commands: zero(),
            by_verb: std::array::from_fn(|_| zero()),
            by_code: std::array::from_fn(|_| zero()),
            not_admitted: std::array::from_fn(|_| zero()),
            acknowledged: Histogram::new(histogram::WAIT_MICROS),
        }
    }

    pub fn count_not_admitted(&self, why: NotAdmitted) {
        self.not_admitted[why as usize].fetch_add(1, Relaxed);
    }

    /// Requests by their verbs.
    pub fn executed(&self) -> impl Iterator<Item = (Verb, u64)> {
        Verb::ALL.iter().copied().zip(self.by_verb.iter().map(|count| count.load(Relaxed)))
    }

    /// Refusals of lines by their codes.
    pub fn refused(&self) -> impl Iterator<Item = (Code, u64)> {
        Code::ALL.into_iter().zip(self.by_code.iter().map(|count| count.load(Relaxed)))
    }

    /// Refused connections.
    pub fn refused_connections(&self) -> impl Iterator<Item = (NotAdmitted, u64)> {
        NotAdmitted::ALL.into_iter().zip(self.not_admitted.iter().map(|count| count.load(Relaxed)))
    }
}

impl NotAdmitted {
    pub const ALL: [Self; 4] = [Self::Connections, Self::Address, Self::Unauthenticated, Self::ShuttingDown];
}

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connections => "connections",
            Self::Address => "address",
            Self::Unauthenticated => "unauthenticated",
            Self::ShuttingDown => "shutting_down",
        })
    }
}
