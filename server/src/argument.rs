//! Values of arguments of the command line.

use std::time::Duration;

use bookline_protocol::Id;

/// Parses the id of an event or a person, or the name of an account.
pub fn parse_id(text: &str) -> Result<Id<'static>, String> {
    Id::new(text.to_owned()).map_err(|e| format!("it {e}"))
}

/// Parses a time within these bounds, which `bounds` tells.
pub fn parse_duration(text: &str, min: Duration, max: Duration, bounds: &str) -> Result<Duration, String> {
    let time =
        humantime::parse_duration(text).map_err(|_| "it is a number and a unit, as in 90s, 10m or 2h")?;
    if (min..=max).contains(&time) { Ok(time) } else { Err(bounds.into()) }
}
