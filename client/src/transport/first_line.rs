//! The first line of a server on a connection.

use bookline_loadgen::Handshake;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::opened::Opened;
use crate::error::Error;
use crate::target::Target;

/// The longest first line: some ten times what a server sends.
const LINE_BYTES_MAX: usize = 4 * 1024;

/// How a record of TLS begins: an alert, of version 3.
const TLS_ALERT: &[u8] = &[0x15, 3];

impl Opened {
    /// Sends a request, given with its line feed, and returns the line that comes back. A peer that sends
    /// other bytes and no line is not Bookline.
    ///
    /// # Errors
    ///
    /// The peer is not Bookline, the connection is lost, or nothing comes by the deadline.
    pub async fn ask(&mut self, request: &str, target: &Target, deadline: Instant) -> Result<String, Error> {
        // A write fails when the server has refused the connection and closed it. Its reason can still be
        // read.
        let _ = timeout_at(deadline, self.socket.write_all(request.as_bytes())).await;
        loop {
            if let Some(line) = self.received.next_line() {
                return Ok(String::from_utf8_lossy(line).into_owned());
            }
            if self.received.partial_line().len() > LINE_BYTES_MAX {
                return Err(self.not_bookline(target));
            }
            let address = &target.address;
            match timeout_at(deadline, self.socket.read_buf(self.received.read_target())).await {
                Ok(Ok(count)) if count > 0 => {}
                _ if !Handshake::may_begin(self.received.partial_line()) => {
                    return Err(self.not_bookline(target));
                }
                Ok(_) => return Err(self.socket.lost(address, 0)),
                Err(_) => {
                    let (address, waited) = (address.clone(), target.connect_timeout());
                    return Err(Error::ReplyTimeout { address, waited, unanswered: 0 });
                }
            }
        }
    }

    /// Sends HELLO, and returns the object of its reply.
    ///
    /// # Errors
    ///
    /// As for [`Self::ask`], or the server refuses the connection.
    pub async fn greet(&mut self, target: &Target, deadline: Instant) -> Result<String, Error> {
        let line = self.ask("HELLO\n", target, deadline).await?;
        let address = target.address.clone();
        match Handshake::parse(&line) {
            Handshake::Accepted { hello, .. } => Ok(hello.to_owned()),
            Handshake::Rejected => Err(Error::Rejected { address, refusal: Some(line) }),
            Handshake::SpeaksTls => Err(Error::SpeaksTls { address }),
            Handshake::NotBookline => Err(Error::NotBookline { address, reply: line }),
        }
    }

    fn not_bookline(&self, target: &Target) -> Error {
        let (address, reply) = (target.address.clone(), self.received.partial_line());
        if reply.starts_with(TLS_ALERT) {
            return Error::SpeaksTls { address };
        }
        Error::NotBookline { address, reply: String::from_utf8_lossy(reply).into_owned() }
    }
}
