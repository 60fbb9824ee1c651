//! What WATCH names.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::id::{Id, IdError};

/// What a watcher is told of. An event and a person need not exist.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Watched<'a> {
    /// All events, with their tickets and holds.
    Events,
    /// The calendars of all people.
    Calendars,
    /// Events and calendars.
    All,
    /// The event with this id, with its tickets and holds.
    Event(Id<'a>),
    /// The calendar of this person.
    Person(Id<'a>),
}

/// Why a word is nothing that can be watched. The message continues a sentence that begins with the word.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WatchedError {
    /// It is none of the words, and begins with none of the prefixes.
    #[error("cannot be watched: write events, calendars, all, event:<event-id> or person:<person-id>")]
    Word,
    /// An invalid id follows the prefix.
    #[error("has an id that {0}")]
    Id(#[from] IdError),
}

/// What stands before the id of an event. No id has a colon.
const EVENT: &str = "event:";

/// What stands before the id of a person.
const PERSON: &str = "person:";

impl<'a> Watched<'a> {
    /// Parses a word.
    ///
    /// # Errors
    ///
    /// [`WatchedError`]
    pub fn new(word: impl Into<Cow<'a, str>>) -> Result<Self, WatchedError> {
        let word = word.into();
        match &*word {
            "events" => return Ok(Self::Events),
            "calendars" => return Ok(Self::Calendars),
            "all" => return Ok(Self::All),
            _ => {}
        }
        if let Some(id) = after_prefix(&word, EVENT) {
            return Ok(Self::Event(Id::new(id)?));
        }
        let id = after_prefix(&word, PERSON).ok_or(WatchedError::Word)?;
        Ok(Self::Person(Id::new(id)?))
    }

    /// Copies the id out of the line that it borrows from.
    pub fn into_owned(self) -> Watched<'static> {
        match self {
            Self::Events => Watched::Events,
            Self::Calendars => Watched::Calendars,
            Self::All => Watched::All,
            Self::Event(id) => Watched::Event(id.into_owned()),
            Self::Person(id) => Watched::Person(id.into_owned()),
        }
    }

    /// The word up to the id, and the id.
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Events => ("events", ""),
            Self::Calendars => ("calendars", ""),
            Self::All => ("all", ""),
            Self::Event(id) => (EVENT, id.as_str()),
            Self::Person(id) => (PERSON, id.as_str()),
        }
    }

    /// Appends the word.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (prefix, id) = self.parts();
        out.extend_from_slice(prefix.as_bytes());
        out.extend_from_slice(id.as_bytes());
    }
}

fn after_prefix<'a>(word: &Cow<'a, str>, prefix: &str) -> Option<Cow<'a, str>> {
    Some(match word {
        Cow::Borrowed(word) => Cow::Borrowed(word.strip_prefix(prefix)?),
        Cow::Owned(word) => Cow::Owned(word.strip_prefix(prefix)?.to_owned()),
    })
}

impl fmt::Display for Watched<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, id) = self.parts();
        f.write_str(prefix)?;
        f.write_str(id)
    }
}
