//! The result of parsing a line.

use crate::commands::{KeyedRequest, Request};
use crate::refusal::Refusal;

/// The result of parsing a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParsedLine<'a> {
    /// A blank line or a comment. It gets no reply.
    Blank,
    /// A request without a key.
    Request(Request<'a>),
    /// A request with a key, which changes the state. In a box, so that the others are not larger for it.
    Keyed(Box<KeyedRequest<'a>>),
    /// An invalid line. It gets this reply.
    Refused(Refusal),
    /// A line of another protocol. It gets this reply, and the connection is closed without executing the
    /// lines after it.
    Foreign(Refusal),
}
