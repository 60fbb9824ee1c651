//! A model of the stream, with everything that NATS was seen to do.

use std::collections::HashMap;

use bookline_server::storage::replicated::append::{Append, AppendResult};
use bookline_server::storage::replicated::stream_read::StreamRead;
use bookline_server::storage::replicated::stream_sequence::StreamSequence;
use bytes::Bytes;

/// Messages, each with its id, and the ids that the stream remembers.
#[derive(Debug, Default)]
pub struct ModelStream {
    pub messages: Vec<(String, Bytes)>,
    places: HashMap<String, u64>,
    /// Whether an append that is stored already is recognized before its place is looked at, as in a stream
    /// with replicas within the duplicate window.
    recognizes_ids: bool,
}

impl ModelStream {
    pub fn new(recognizes_ids: bool) -> Self {
        Self { recognizes_ids, ..Self::default() }
    }

    pub fn append(&mut self, append: &Append) -> AppendResult {
        if self.recognizes_ids
            && let Some(&sequence) = self.places.get(&append.id)
        {
            return AppendResult::Stored { sequence: StreamSequence(sequence) };
        }
        if append.expected.0 != self.messages.len() as u64 {
            return AppendResult::WrongLastSequence;
        }
        self.messages.push((append.id.clone(), append.frame.clone()));
        let sequence = self.messages.len() as u64;
        self.places.insert(append.id.clone(), sequence);
        AppendResult::Stored { sequence: StreamSequence(sequence) }
    }

    /// Reads from a server of the stream that has seen only the first `seen` messages.
    pub fn read(&self, sequence: StreamSequence, seen: usize) -> StreamRead {
        let index = usize::try_from(sequence.0 - 1).expect("a short log");
        match self.messages[..seen].get(index) {
            Some((id, frame)) => StreamRead::Message { id: id.clone(), frame: frame.clone() },
            None => StreamRead::Absent,
        }
    }
}
