//! The stream, as a member uses it.

use std::fmt::Debug;
use std::future::Future;

use super::append::{Append, AppendResult};
use super::stream_read::StreamRead;
use super::stream_sequence::StreamSequence;

/// A stream that stores an append only behind the message that it expects to be the last one. That of NATS
/// JetStream is one.
pub trait Stream: Debug + Send + Sync + 'static {
    /// Sends an append. It may be stored whatever is returned, also if the future is dropped.
    fn append(&self, append: &Append) -> impl Future<Output = AppendResult> + Send;

    /// Reads a message. It returns within a second.
    fn read(&self, sequence: StreamSequence) -> impl Future<Output = StreamRead> + Send;

    /// The first message that was not purged, or the next one if all were. `None` without an answer.
    fn first(&self) -> impl Future<Output = Option<StreamSequence>> + Send;
}
