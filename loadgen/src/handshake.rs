//! The reply to HELLO, with which every connection begins.

use bookline_protocol::Code;
use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::reply::ReplyLine;

/// How the first line of a Bookline server begins.
const FIRST_LINES: [&[u8]; 2] = [b"OK {", b"ERR "];

/// What the first line of a peer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handshake<'a> {
    /// It is a Bookline server.
    Accepted {
        /// The object of its reply.
        hello: &'a str,
        /// The version that it reports.
        version: String,
    },
    /// It is a Bookline server, and it accepts no new connections.
    Rejected,
    /// It is something else.
    NotBookline,
}

impl<'a> Handshake<'a> {
    /// Reads the first line of a peer, given without its line feed.
    pub fn parse(line: &'a str) -> Self {
        match ReplyLine::parse(line) {
            Ok(ReplyLine::Ok(hello)) => match serde_json::from_str::<HelloReply<'_>>(hello) {
                Ok(HelloReply { server, version, .. }) if server == "bookline" => {
                    Self::Accepted { hello, version: version.into_owned() }
                }
                _ => Self::NotBookline,
            },
            Ok(ReplyLine::Err { code, .. }) if rejects_connection(code) => Self::Rejected,
            _ => Self::NotBookline,
        }
    }

    /// Whether the first line of a Bookline server may begin with these bytes: then a connection that ends
    /// behind them was lost.
    pub fn may_begin(line: &[u8]) -> bool {
        FIRST_LINES.iter().any(|first| line.iter().zip(*first).all(|(byte, expected)| byte == expected))
    }
}

fn rejects_connection(code: &str) -> bool {
    [Code::Busy, Code::ShuttingDown].iter().any(|rejection| rejection.as_str() == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_of_a_first_line_is_told_from_other_protocols() {
        for line in ["", "O", "OK {", "OK {\"server\":\"book", "ER", "ERR BUSY {"] {
            assert!(Handshake::may_begin(line.as_bytes()), "{line}");
        }
        for line in ["SSH-2.0", "OKAY", "OK\r", "ERROR", "HTTP/1.1", "x"] {
            assert!(!Handshake::may_begin(line.as_bytes()), "{line}");
        }
    }
}
