//! People on the command line.

use bookline_protocol::Id;
use bookline_protocol::id::IdError;

/// Parses the id of a person.
pub fn parse_id(text: &str) -> Result<Id<'static>, IdError> {
    Id::new(text.to_owned())
}
