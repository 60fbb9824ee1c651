//! Reads a message that exists, on a thread that may wait.

use std::io;
use std::time::Duration;

use bytes::Bytes;

use super::stream_read::StreamRead;
use super::stream_sequence::StreamSequence;

/// How often a message is asked for that the stream does not return, and the pause between: an election of
/// NATS takes 4 to 8 seconds.
pub(super) const TRIES: u32 = 60;
pub(super) const TRY_PAUSE: Duration = Duration::from_millis(250);

/// The frame of a message that exists, as `read` returns it.
///
/// # Errors
///
/// That of `read`, or the stream does not return it.
pub(super) fn existing_message<E: From<io::Error>>(
    sequence: StreamSequence,
    mut read: impl FnMut(StreamSequence) -> Result<StreamRead, E>,
) -> Result<Bytes, E> {
    for _ in 0..TRIES {
        if let StreamRead::Message { frame, .. } = read(sequence)? {
            return Ok(frame);
        }
        std::thread::sleep(TRY_PAUSE);
    }
    let reason = format!("the stream does not return message {}, which it has", sequence.0);
    Err(io::Error::new(io::ErrorKind::TimedOut, reason).into())
}
