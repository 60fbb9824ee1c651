//! What a typed line asks for, as far as the client has to know.

use bookline_protocol::{ParsedLine, Request};

use crate::net::line_splitter::TypedLine;

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Nothing: a blank line or a comment. It has no reply.
    Silent,
    /// Something that changes nothing.
    Read,
    /// A change without a key.
    Change,
    /// A change with a key.
    KeyedChange,
    /// The end of the session.
    Quit,
    /// What this version does not know. The server refuses it, unless it is a later one.
    Invalid,
}

impl LineKind {
    pub fn of(line: &TypedLine<'_>) -> Self {
        if line.is_too_long {
            return Self::Invalid;
        }
        match bookline_protocol::parse(line.text, &mut Vec::new()) {
            ParsedLine::Blank => Self::Silent,
            ParsedLine::Request(Request::Quit(_)) => Self::Quit,
            ParsedLine::Request(request) if request.changes() => Self::Change,
            ParsedLine::Request(_) => Self::Read,
            ParsedLine::Keyed(_) => Self::KeyedChange,
            ParsedLine::Refused(_) | ParsedLine::Foreign(_) => Self::Invalid,
        }
    }
}
