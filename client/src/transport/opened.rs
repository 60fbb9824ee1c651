//! A connection that is open.

use super::line_buffer::LineBuffer;
use super::socket::Socket;

/// A connection on which the client is the account that it wants to be, if it wants to be one.
#[derive(Debug)]
pub struct Opened {
    pub socket: Socket,
    /// What has arrived and was not read.
    pub received: LineBuffer,
}
