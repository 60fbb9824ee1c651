//! The reply to HELLO, with which every connection begins.

use bookline_protocol::Code;
use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::reply::ReplyLine;

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
}

fn rejects_connection(code: &str) -> bool {
    [Code::Busy, Code::ShuttingDown].iter().any(|rejection| rejection.as_str() == code)
}
