//! Reads published commits from the stream.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use super::shared::Shared;
use crate::codec::frame::{self, Kind};
use crate::codec::salt::Salt;
use crate::codec::{Sequence, frame::Frame};
use crate::storage::commits::Commits;
use crate::storage::log::{CommitReader, FollowError};
use crate::storage::replicated::existing_message::existing_message;
use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_read::StreamRead;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// Reads messages on the runtime of the driver.
pub(super) struct StreamReader<S> {
    pub stream: Arc<S>,
    pub runtime: Handle,
    pub salt: Salt,
    pub shared: Arc<Shared>,
    pub published: watch::Receiver<Sequence>,
    /// The last commit that was returned.
    pub returned: Sequence,
    /// The next message. `None` before the first read.
    pub message: Option<StreamSequence>,
}

impl<S: Stream> StreamReader<S> {
    fn read(&self, message: StreamSequence) -> io::Result<StreamRead> {
        let (sender, receiver) = oneshot::channel();
        let stream = self.stream.clone();
        self.runtime.spawn(async move {
            // The reader may be gone.
            let _ = sender.send(stream.read(message).await);
        });
        receiver.blocking_recv().map_err(|_| io::Error::other("the log was closed"))
    }
}

impl<S: Stream> CommitReader for StreamReader<S> {
    fn next(&mut self) -> Result<Option<Commits>, FollowError> {
        if self.returned >= *self.published.borrow() {
            return Ok(None);
        }
        let oldest = self.shared.trimmed();
        if self.returned < oldest {
            return Err(FollowError::Trimmed { oldest });
        }
        let wanted = self.returned.next();
        loop {
            let message = self.message.unwrap_or_else(|| self.shared.lock().index.before(wanted));
            let bytes = existing_message(message, |message| self.read(message))?;
            let invalid =
                || io::Error::new(io::ErrorKind::InvalidData, "a message of the stream is no frame");
            let Frame { header, payload, .. } =
                frame::read_replicated(&bytes, &self.salt).ok_or_else(invalid)?;
            self.message = Some(message.next());
            let last = Sequence(header.first.0 + u64::from(header.commits) - u64::from(header.commits > 0));
            if header.kind == Kind::Commits && header.commits > 0 && last >= wanted {
                self.returned = last;
                return Ok(Some(Commits::new(header.first, last, payload.into())));
            }
        }
    }
}

impl<S: Stream> fmt::Debug for StreamReader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReader").field("returned", &self.returned).finish_non_exhaustive()
    }
}
