//! What a server asks of the stream.

use bookline_server::storage::replicated::append::{Append, AppendResult};
use bookline_server::storage::replicated::stream_read::StreamRead;
use bookline_server::storage::replicated::stream_sequence::StreamSequence;

use super::clock::{MILLI, Micros, SECOND};

/// The index of a request among all that were sent.
pub type RequestId = usize;

#[derive(Debug, Clone)]
pub enum Body {
    Read(StreamSequence),
    Append(Append),
}

#[derive(Debug)]
pub struct Request {
    pub server: usize,
    /// Of the process that has sent it. A later one gets no answer.
    pub life: u32,
    pub body: Body,
}

#[derive(Debug, Clone)]
pub enum Answer {
    Read(StreamRead),
    Append(AppendResult),
}

impl Body {
    /// When the owner of a member gives up waiting for the stream.
    pub fn answer_max(&self) -> Micros {
        match self {
            Self::Read(_) => 250 * MILLI,
            Self::Append(_) => SECOND,
        }
    }

    /// What that counts as, and any other answer that says nothing.
    pub fn no_answer(&self) -> Answer {
        match self {
            Self::Read(_) => Answer::Read(StreamRead::NoAnswer),
            Self::Append(_) => Answer::Append(AppendResult::Unknown),
        }
    }
}
