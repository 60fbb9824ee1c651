//! Reads messages before they are asked for: a member that starts has the whole log to read.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_read::StreamRead;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// The most messages that are read at a time.
const AHEAD_MAX: usize = 32;

/// The most bytes of messages that are read at a time, if the next ones are as large as the last: so many
/// arrive before a read is given up. A single message may be larger.
const AHEAD_BYTES_MAX: usize = 4 << 20;

/// Reads of consecutive messages, which run at the same time.
#[derive(Debug)]
pub(super) struct ReadAhead<S> {
    stream: Arc<S>,
    /// The message that the first of `reads` reads.
    first: StreamSequence,
    reads: VecDeque<AbortOnDropHandle<StreamRead>>,
    /// How many reads may run. It doubles with each message that is found, so that a standby that has read
    /// everything does not ask for what does not exist.
    width: usize,
}

impl<S: Stream> ReadAhead<S> {
    pub fn new(stream: Arc<S>) -> Self {
        Self { stream, first: StreamSequence(1), reads: VecDeque::new(), width: 1 }
    }

    /// Reads a message. If it does not exist, that was found after the call.
    pub async fn read(&mut self, sequence: StreamSequence) -> StreamRead {
        if self.first != sequence {
            self.reads.clear();
            self.first = sequence;
        }
        let was_ahead = !self.reads.is_empty();
        while self.reads.len() < self.width {
            let (stream, next) =
                (self.stream.clone(), StreamSequence(self.first.0 + self.reads.len() as u64));
            self.reads
                .push_back(AbortOnDropHandle::new(tokio::spawn(async move { stream.read(next).await })));
        }
        let read = match self.reads.pop_front() {
            Some(read) => read.await.unwrap_or(StreamRead::NoAnswer),
            None => StreamRead::NoAnswer,
        };
        if let StreamRead::Message { frame, .. } = &read {
            self.first = sequence.next();
            let fitting = (AHEAD_BYTES_MAX / frame.len().max(1)).clamp(1, AHEAD_MAX);
            self.width = (2 * self.width).min(fitting);
            return read;
        }
        // What was found before it was asked for may not be so any more.
        self.reads.clear();
        self.width = 1;
        if was_ahead { self.stream.read(sequence).await } else { read }
    }
}
