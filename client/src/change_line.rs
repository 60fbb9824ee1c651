//! `CHANGE` lines, as far as the client has to know them.

use std::borrow::Cow;

use bookline_protocol::reply::ReplyLine;
use serde::Deserialize;

/// A `CHANGE` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeLine<'a> {
    /// The sequence number of its commit.
    pub sequence: u64,
    /// Its object.
    pub body: &'a str,
}

impl<'a> ChangeLine<'a> {
    /// The parts of a line. `None` if it is another one.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        if !line.starts_with(b"CHANGE ") {
            return None;
        }
        match ReplyLine::parse(std::str::from_utf8(line).ok()?) {
            Ok(ReplyLine::Change { sequence, body }) => Some(Self { sequence, body }),
            _ => None,
        }
    }
}

/// What is read of the object of every `CHANGE` line, also of kinds that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChangeHead<'a> {
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// Whether the line is the last one of its commit.
    #[serde(default)]
    pub end: bool,
}

impl<'a> ChangeHead<'a> {
    /// `None` if the text is not the object of a `CHANGE` line.
    pub fn parse(body: &'a str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// Whether it only says that nothing up to its sequence number is still to come.
    pub fn is_progress(&self) -> bool {
        self.kind == "progress"
    }

    /// Whether it says that the server closes the connection, because its lines were not read in time.
    pub fn is_gap(&self) -> bool {
        self.kind == "gap"
    }
}
