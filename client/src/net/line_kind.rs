//! What a typed line asks for, as far as the client has to know.

use bookline_protocol::{ParsedLine, Request};

use crate::net::line_splitter::TypedLine;
use crate::render::listing::Listing;

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Nothing: a blank line or a comment. It has no reply.
    Silent,
    /// Something that changes nothing, and what it lists.
    Read(Option<Listing>),
    /// A change without a key.
    Change,
    /// A change with a key.
    KeyedChange,
    /// The proof of an account.
    Auth,
    /// The end of the session.
    Quit,
    /// What this version does not know. The server refuses it, unless it is a later one.
    Invalid,
}

impl LineKind {
    /// What one complete line of the user asks for, given without its end.
    pub fn of_text(text: &str) -> Self {
        Self::of(&TypedLine { text: text.as_bytes(), end: b"\n", number: 1, is_too_long: false })
    }

    pub fn of(line: &TypedLine<'_>) -> Self {
        if line.is_too_long {
            return Self::Invalid;
        }
        match bookline_protocol::parse(line.text, &mut Vec::new()) {
            ParsedLine::Blank => Self::Silent,
            ParsedLine::Request(Request::Quit(_)) => Self::Quit,
            ParsedLine::Request(Request::Auth(_)) => Self::Auth,
            ParsedLine::Request(request) if request.changes() => Self::Change,
            ParsedLine::Request(request) => Self::Read(Listing::of_request(&request)),
            ParsedLine::Keyed(_) => Self::KeyedChange,
            ParsedLine::Refused(_) | ParsedLine::Foreign(_) => Self::Invalid,
        }
    }

    /// What the line lists, if it is a read that does.
    pub const fn listing(self) -> Option<Listing> {
        match self {
            Self::Read(listing) => listing,
            _ => None,
        }
    }

    pub const fn changes(self) -> bool {
        matches!(self, Self::Change | Self::KeyedChange)
    }
}
