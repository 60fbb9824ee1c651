//! What a line is about.

use compact_str::CompactString;

/// What a line is about, which decides who is told.
#[derive(Debug)]
pub(super) enum About {
    /// The event with this id.
    Event(CompactString),
    /// An entry of these people, joined by commas.
    Entry(Box<str>),
}

impl About {
    /// The bytes that it has in memory beyond its own.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Event(id) => id.len(),
            Self::Entry(people) => people.len(),
        }
    }
}
