//! Values of arguments of the command line.

use bookline_protocol::Id;

/// Parses the id of an event or a person, or the name of an account.
pub fn parse_id(text: &str) -> Result<Id<'static>, String> {
    Id::new(text.to_owned()).map_err(|e| format!("it {e}"))
}
