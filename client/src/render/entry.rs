//! What lists say of an entry.

use bookline_protocol::Slot;
use bookline_protocol::reply::{EntryFields, EntryPlace};

/// Shown instead of a title for an hour that is blocked.
const BLOCKED_TITLE: &str = "(blocked)";

/// The title of a meeting, or that it is none.
pub fn title<'a>(meet: &'a EntryFields<'_>) -> &'a str {
    if meet.is_block() { BLOCKED_TITLE } else { &meet.title }
}

/// Which hours of a longer entry these are, unless they are all, and whether it is in a series.
pub fn place_note(first: Slot, count: u32, place: EntryPlace) -> String {
    let part = place.from.zip(place.hours).filter(|(_, hours)| u32::from(hours.get()) != count);
    let part = part.map(|(from, hours)| {
        let number = first.index().saturating_sub(from.index()) + 1;
        match count {
            1 => format!("hour {number} of {hours}"),
            _ => format!("hours {number} to {} of {hours}", number + count - 1),
        }
    });
    let series = place.series.map(|_| "in a series".to_owned());
    let notes: Vec<_> = part.into_iter().chain(series).collect();
    if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) }
}
