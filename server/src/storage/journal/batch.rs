//! The commits that were appended since the committer took the last batch.

use std::task::Waker;

use super::disk::DiskFile;
use crate::changes::Change;
use crate::changes::commit;
use crate::codec::{Sequence, frame};
use crate::domain::account::Actor;

/// Consecutive commits that are written as one frame.
#[derive(Debug)]
pub(super) struct PendingFrame {
    /// The offset of the frame in [`Batch::bytes`].
    pub start: usize,
    /// The length of the payload, in bytes.
    pub payload: usize,
    /// The sequence number of its first commit.
    pub first: Sequence,
    /// The number of its commits.
    pub commits: u32,
    /// The preallocated segment into which the journal rotates before this frame.
    pub rotates_into: Option<Box<dyn DiskFile>>,
}

/// Frames whose payloads are encoded. The committer fills in their headers, which depend on the frames
/// written before.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The bytes of the frames, back to back.
    pub bytes: Vec<u8>,
    pub frames: Vec<PendingFrame>,
    /// The tasks to wake when the whole batch is durable.
    pub waiters: Vec<Waker>,
}

/// A buffer that grew larger than this in a burst is freed.
const BUFFER_BYTES_KEPT_MAX: usize = 4 << 20;

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The number of bytes by which the frames on disk grow when a commit of `length` bytes is added.
    pub fn growth(&self, length: usize) -> usize {
        match self.frames.last() {
            Some(open) if open.payload + length <= frame::PAYLOAD_BYTES_MAX => {
                frame::len(open.payload + length) - frame::len(open.payload)
            }
            _ => frame::len(length),
        }
    }

    /// Encodes a commit of `length` bytes. It begins a new frame if it begins a new segment, `rotates_into`,
    /// or if the last frame has no space for it.
    pub fn push(
        &mut self,
        sequence: Sequence,
        micros: i64,
        actor: Option<Actor<'_>>,
        changes: &[Change<'_>],
        length: usize,
        rotates_into: Option<Box<dyn DiskFile>>,
    ) {
        let fits = self.frames.last().is_some_and(|open| open.payload + length <= frame::PAYLOAD_BYTES_MAX);
        if rotates_into.is_some() || !fits {
            let start = self.bytes.len().next_multiple_of(frame::ALIGNMENT_BYTES);
            self.bytes.resize(start + frame::HEADER_BYTES, 0);
            self.frames.push(PendingFrame { start, payload: 0, first: sequence, commits: 0, rotates_into });
        }
        commit::encode(&mut self.bytes, micros, actor, changes);
        let open = self.frames.last_mut().expect("a frame was pushed above if there was none");
        open.payload += length;
        open.commits += 1;
    }

    /// Pads the last frame to its length on disk.
    pub fn finish(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(frame::ALIGNMENT_BYTES), 0);
    }

    /// Empties the batch for reuse.
    pub fn clear(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > BUFFER_BYTES_KEPT_MAX {
            self.bytes = Vec::new();
        }
        self.frames.clear();
        self.waiters.clear();
    }
}
