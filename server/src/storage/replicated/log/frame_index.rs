//! Where commits are in the stream, and how many bytes it has.

use crate::codec::Sequence;
use crate::storage::replicated::position::Position;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// Every so many messages are in the index: 24 bytes for each, and a reader reads half as many in vain.
const MESSAGES_PER_ENTRY: u64 = 256;

/// The places of some commits. Those between them are found by reading on.
#[derive(Debug)]
pub struct FrameIndex {
    /// In ascending order. There is at least one.
    entries: Vec<Entry>,
    /// The bytes of all messages that were noted.
    bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// No commit before it is in this message or a later one.
    next: Sequence,
    message: StreamSequence,
    /// The bytes of the messages before it.
    bytes: u64,
}

impl FrameIndex {
    /// An index of the messages behind this position.
    pub fn behind(position: Position) -> Self {
        let first = Entry { next: position.commit.next(), message: position.stream.next(), bytes: 0 };
        Self { entries: vec![first], bytes: 0 }
    }

    /// Notes a message with so many bytes. No commit before `next` is in it or in a later one.
    pub fn note(&mut self, next: Sequence, message: StreamSequence, bytes: u64) {
        let is_due = self.entries.last().is_none_or(|last| message.0 >= last.message.0 + MESSAGES_PER_ENTRY);
        if is_due {
            self.entries.push(Entry { next, message, bytes: self.bytes });
        }
        self.bytes += bytes;
    }

    /// A message that is not behind the one with this commit.
    pub fn before(&self, commit: Sequence) -> StreamSequence {
        let after = self.entries.partition_point(|entry| entry.next <= commit);
        self.entries[after.saturating_sub(1)].message
    }

    /// The bytes of the messages that were noted.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The commits before the first message that is left if `keep` bytes or more are to be left before
    /// message `last`, and that message. `None` if the index does not reach as far.
    pub fn keeping(&self, last: StreamSequence, keep: u64) -> Option<(Sequence, StreamSequence)> {
        let through = self.entries.partition_point(|entry| entry.message <= last);
        let end = self.entries[..through].last()?.bytes;
        let kept = self.entries[..through].iter().rev().find(|entry| end - entry.bytes >= keep)?;
        Some((Sequence(kept.next.0 - 1), kept.message))
    }

    /// Forgets what is before this message, which was purged.
    pub fn forget_before(&mut self, message: StreamSequence) {
        let first = self.entries.partition_point(|entry| entry.message < message);
        self.entries.drain(..first.min(self.entries.len() - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three commits in every other message, of 10 bytes each.
    fn index() -> FrameIndex {
        let mut index = FrameIndex::behind(Position::default());
        for message in 1..=2_000 {
            index.note(Sequence(1 + message / 2 * 3), StreamSequence(message), 10);
        }
        index
    }

    #[test]
    fn commit_is_found_behind_a_message_that_has_none_after_it() {
        let index = index();
        assert_eq!(index.entries.len(), 8);
        for commit in [1, 2, 383, 384, 385, 2_999, 3_000] {
            let (found, holds) = (index.before(Sequence(commit)).0, commit.div_ceil(3) * 2);
            assert!(found / 2 * 3 < commit, "commit {commit} is before message {found}");
            assert!(found <= holds && holds - found <= MESSAGES_PER_ENTRY, "{commit}: {found}, {holds}");
        }
    }

    #[test]
    fn index_begins_behind_a_snapshot() {
        let position = Position { stream: StreamSequence(90), commit: Sequence(40), ..Position::default() };
        let index = FrameIndex::behind(position);
        assert_eq!(index.before(Sequence(41)), StreamSequence(91));
        assert_eq!(index.before(Sequence(7)), StreamSequence(91), "the oldest that there is");
    }

    #[test]
    fn so_many_bytes_are_kept_and_never_less() {
        let mut index = index();
        assert_eq!(index.bytes(), 20_000);
        for (last, keep) in [(2_000, 0), (2_000, 1), (2_000, 5_000), (1_800, 5_000), (600, 5_000)] {
            let (commit, first) = index.keeping(StreamSequence(last), keep).expect("some");
            assert!(first.0 <= last && (last - first.0) * 10 >= keep, "{last}, {keep}: from {first:?}");
            assert_eq!(commit.0, first.0 / 2 * 3);
        }
        assert_eq!(index.keeping(StreamSequence(600), 6_001), None);
        index.forget_before(StreamSequence(1_000));
        assert_eq!(index.before(Sequence(1)), StreamSequence(1_025));
        assert_eq!(index.keeping(StreamSequence(600), 0), None, "it was purged");
    }
}
