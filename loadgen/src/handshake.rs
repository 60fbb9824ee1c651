//! The reply to HELLO, with which every connection begins.

use bookline_protocol::Code;
use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::reply::{ErrBody, ReplyLine};

use crate::error::{Error, excerpt};

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
    /// It is a Bookline server, on a port that speaks TLS. It says so without TLS.
    SpeaksTls,
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
            Ok(ReplyLine::Err { code, body }) if asks_for_tls(code, body) => Self::SpeaksTls,
            _ => Self::NotBookline,
        }
    }

    /// The version of the server whose first line this is, given without its line feed.
    ///
    /// # Errors
    ///
    /// It is not a Bookline server, or one that cannot be used.
    pub(crate) fn check(line: &[u8]) -> Result<String, Error> {
        match std::str::from_utf8(line).map_or(Handshake::NotBookline, Handshake::parse) {
            Handshake::Accepted { version, .. } => Ok(version),
            Handshake::Rejected => Err(Error::Rejected),
            Handshake::SpeaksTls => Err(Error::SpeaksTls),
            Handshake::NotBookline => Err(Error::NotBookline { reply: excerpt(line) }),
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

/// Whether a server refuses HELLO because it speaks TLS. It has no other reason to find HELLO wrong.
fn asks_for_tls(code: &str, body: &str) -> bool {
    code == Code::BadRequest.as_str()
        && serde_json::from_str::<ErrBody>(body).is_ok_and(|body| body.message.contains("TLS"))
}

#[cfg(test)]
mod tests {
    use bookline_protocol::Refusal;

    use super::*;

    #[test]
    fn port_that_speaks_tls_is_told_from_other_servers() {
        let mut line = Vec::new();
        Refusal::needs_tls().write(&mut line);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(Handshake::parse(line.trim_end()), Handshake::SpeaksTls);
        let other = "ERR BAD_REQUEST {\"message\":\"m\",\"retry\":false}";
        assert_eq!(Handshake::parse(other), Handshake::NotBookline);
    }

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
