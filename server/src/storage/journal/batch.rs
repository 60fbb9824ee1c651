//! What has been appended and not yet been taken by the committer.

use std::task::Waker;

use super::disk::DiskFile;
use crate::codec::{Sequence, commit, frame};
use crate::domain::Change;

/// A run of commits that becomes one frame.
#[derive(Debug)]
pub(super) struct Plan {
    /// Where the frame begins in [`Batch::bytes`].
    pub start: usize,
    /// Bytes of payload.
    pub payload: usize,
    /// Its first commit.
    pub first: Sequence,
    /// How many commits.
    pub commits: u32,
    /// The space of the segment that begins with this frame, if one does.
    pub rotates_into: Option<Box<dyn DiskFile>>,
}

/// Frames to be, their payloads encoded in place with room for the headers, which only the committer can write.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The frames' bytes, back to back.
    pub bytes: Vec<u8>,
    /// Where each frame stands.
    pub frames: Vec<Plan>,
    /// Whom to wake when all of it is durable.
    pub waiters: Vec<Waker>,
}

/// A buffer that grew past this for one burst is not kept.
const KEPT_CAPACITY: usize = 4 << 20;

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// By how much the frames on disk grow with one more commit of `length` bytes.
    pub fn growth(&self, length: usize) -> usize {
        match self.frames.last() {
            Some(open) if open.payload + length <= frame::PAYLOAD_BYTES_MAX => {
                frame::len(open.payload + length) - frame::len(open.payload)
            }
            _ => frame::len(length),
        }
    }

    /// Encodes a commit of `length` bytes at the end; into a frame, and a segment, of its own if it `rotates_into` one.
    pub fn push(
        &mut self,
        sequence: Sequence,
        micros: i64,
        changes: &[Change<'_>],
        length: usize,
        rotates_into: Option<Box<dyn DiskFile>>,
    ) {
        let fits = self.frames.last().is_some_and(|open| open.payload + length <= frame::PAYLOAD_BYTES_MAX);
        if rotates_into.is_some() || !fits {
            let start = self.bytes.len().next_multiple_of(frame::ALIGNMENT_BYTES);
            self.bytes.resize(start + frame::HEADER_BYTES, 0);
            self.frames.push(Plan { start, payload: 0, first: sequence, commits: 0, rotates_into });
        }
        commit::encode(&mut self.bytes, micros, changes);
        let open = self.frames.last_mut().expect("a frame was opened above if there was none");
        open.payload += length;
        open.commits += 1;
    }

    /// Pads the last frame, so that every frame is [`frame::len`] of its payload long.
    pub fn finish(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(frame::ALIGNMENT_BYTES), 0);
    }

    /// Empties it for the next turn, keeping its memory within bounds.
    pub fn clear(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > KEPT_CAPACITY {
            self.bytes = Vec::new();
        }
        self.frames.clear();
        self.waiters.clear();
    }
}
