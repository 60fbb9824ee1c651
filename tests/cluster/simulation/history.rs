//! The history that the stream has.

use bookline_server::codec::frame::{self, Kind};
use bookline_server::codec::salt::Salt;

use super::server::{SALT, ids};
use super::stream::Message;

/// The commits of a stream, and how often a leader took over.
#[derive(Debug, Default)]
pub struct History {
    pub commits: Vec<u64>,
    pub takeovers: u32,
}

impl History {
    /// Reads a stream without the code of the member.
    ///
    /// # Errors
    ///
    /// A message that cannot follow the one before it.
    pub fn read(messages: &[Message]) -> Result<Self, String> {
        let salt = Salt::new(SALT);
        let mut history = Self::default();
        let (mut previous, mut term, mut is_resigned) = (0, 0, false);
        for (index, message) in messages.iter().enumerate() {
            let place = index + 1;
            let frame = frame::read_replicated(&message.frame, &salt);
            let frame = frame.ok_or_else(|| format!("message {place} is no frame"))?;
            if frame.header.kind == Kind::Takeover {
                term += 1;
                history.takeovers += 1;
            }
            if is_resigned && frame.header.kind != Kind::Takeover {
                return Err(format!("message {place} follows a resignation: {:?}", frame.header));
            }
            is_resigned = frame.header.kind == Kind::Resign;
            if (frame.header.previous, frame.header.term) != (previous, term) {
                return Err(format!("message {place} does not follow: {:?}", frame.header));
            }
            previous = frame.crc;
            if frame.header.kind == Kind::Commits {
                history.commits.extend(ids(frame.payload));
            }
        }
        Ok(history)
    }
}
