//! Commits that were appended, and are one frame of the log.

use std::task::Waker;

use crate::changes::{Change, commit};
use crate::codec::{Sequence, frame};
use crate::domain::account::Actor;

/// A frame whose payload is encoded. The member that leads fills in its header.
#[derive(Debug)]
pub(super) struct PendingFrame {
    /// The space of the header, and the payload.
    pub bytes: Vec<u8>,
    pub first: Sequence,
    /// At least one.
    pub commits: u32,
    /// The tasks to wake when it is durable.
    pub waiters: Vec<Waker>,
}

impl PendingFrame {
    pub fn new(first: Sequence) -> Self {
        Self { bytes: vec![0; frame::HEADER_BYTES], first, commits: 0, waiters: Vec::new() }
    }

    /// Whether a frame of at most so many bytes has space for a commit of `length` bytes.
    pub fn has_space(&self, length: usize, frame_bytes_max: usize) -> bool {
        frame::len(self.bytes.len() - frame::HEADER_BYTES + length) <= frame_bytes_max
    }

    pub fn push(&mut self, micros: i64, actor: Option<Actor<'_>>, changes: &[Change<'_>]) {
        commit::encode(&mut self.bytes, micros, actor, changes);
        self.commits += 1;
    }

    /// The last commit.
    pub fn last(&self) -> Sequence {
        Sequence(self.first.0 + u64::from(self.commits) - 1)
    }
}
