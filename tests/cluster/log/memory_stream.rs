//! A stream in memory, and a member's way to it, which can be cut.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bookline_server::storage::replicated::append::{Append, AppendResult};
use bookline_server::storage::replicated::stream::Stream;
use bookline_server::storage::replicated::stream_read::StreamRead;
use bookline_server::storage::replicated::stream_sequence::StreamSequence;
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::sleep;

/// How long an append takes.
const APPEND_TIME: Duration = Duration::from_millis(2);

/// How long one waits for an answer over a way that is cut.
const SILENCE: Duration = Duration::from_millis(20);

/// The messages of a stream: ids and frames.
pub type Messages = Arc<Mutex<Vec<(String, Bytes)>>>;

/// A way to a stream.
#[derive(Debug)]
pub struct MemoryStream {
    messages: Messages,
    is_cut: watch::Sender<bool>,
}

impl MemoryStream {
    pub fn new(messages: Messages) -> Self {
        Self { messages, is_cut: watch::Sender::new(false) }
    }

    /// From now on nothing arrives, or everything again.
    pub fn cut(&self, is_cut: bool) {
        self.is_cut.send_replace(is_cut);
    }
}

impl Stream for MemoryStream {
    async fn first(&self) -> Option<StreamSequence> {
        Some(StreamSequence(1))
    }

    async fn append(&self, append: &Append) -> AppendResult {
        if *self.is_cut.borrow() {
            sleep(SILENCE).await;
            return AppendResult::Unknown;
        }
        sleep(APPEND_TIME).await;
        let mut messages = self.messages.lock().expect("no test panics with it");
        if let Some(at) = messages.iter().position(|(id, _)| *id == append.id) {
            return AppendResult::Stored { sequence: StreamSequence(at as u64 + 1) };
        }
        if messages.len() as u64 != append.expected.0 {
            return AppendResult::WrongLastSequence;
        }
        messages.push((append.id.clone(), append.frame.clone()));
        AppendResult::Stored { sequence: append.expected.next() }
    }

    async fn read(&self, sequence: StreamSequence) -> StreamRead {
        if *self.is_cut.borrow() {
            sleep(SILENCE).await;
            return StreamRead::NoAnswer;
        }
        let messages = self.messages.lock().expect("no test panics with it");
        match messages.get(sequence.0 as usize - 1) {
            Some((id, frame)) => StreamRead::Message { id: id.clone(), frame: frame.clone() },
            None => StreamRead::Absent,
        }
    }
}
