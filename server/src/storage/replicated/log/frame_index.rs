//! Where commits are in the stream.

use crate::codec::Sequence;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// Every so many messages are in the index: 16 bytes for each, and a reader reads half as many in vain.
const MESSAGES_PER_ENTRY: u64 = 256;

/// The places of some commits. Those between them are found by reading on.
#[derive(Debug, Default)]
pub(super) struct FrameIndex {
    /// The next commit at a message, and the message, in ascending order.
    entries: Vec<(Sequence, StreamSequence)>,
}

impl FrameIndex {
    /// Notes that no commit before `next` is in this message or a later one.
    pub fn note(&mut self, next: Sequence, message: StreamSequence) {
        let is_due = self.entries.last().is_none_or(|(_, noted)| message.0 >= noted.0 + MESSAGES_PER_ENTRY);
        if is_due {
            self.entries.push((next, message));
        }
    }

    /// A message that is not behind the one with this commit.
    pub fn before(&self, commit: Sequence) -> StreamSequence {
        let after = self.entries.partition_point(|(next, _)| *next <= commit);
        self.entries[..after].last().map_or(StreamSequence(1), |(_, message)| *message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_is_found_behind_a_message_that_has_none_after_it() {
        let mut index = FrameIndex::default();
        // Three commits in every other message.
        for message in 1..=2_000 {
            index.note(Sequence(1 + message / 2 * 3), StreamSequence(message));
        }
        assert_eq!(index.entries.len(), 8);
        for commit in [1, 2, 383, 384, 385, 2_999, 3_000] {
            let (found, holds) = (index.before(Sequence(commit)).0, commit.div_ceil(3) * 2);
            assert!(found / 2 * 3 < commit, "commit {commit} is before message {found}");
            assert!(found <= holds && holds - found <= MESSAGES_PER_ENTRY, "{commit}: {found}, {holds}");
        }
        assert_eq!(FrameIndex::default().before(Sequence(7)), StreamSequence(1));
    }
}
