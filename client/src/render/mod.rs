//! Answers as people read them: tables, sentences, and never a character that acts on the terminal.
//!
//! What an answer is shows in its fields, so that replies are laid out alike at the prompt, from the shell and in a
//! script, and whatever a newer server answers is still shown, as names and values.

// Text that a terminal may show.
pub mod plain;
// An object of unknown shape.
mod fields;
// Columns.
mod table;
// What was done, or refused, in words.
mod sentence;

use bookline_protocol::reply::{
    Blocked, Booked, Count, Day, Deleted, Event, Hello, HelpRow, Met, MonthRow, Ticket,
};
use serde::Deserialize;

use fields::Fields;
pub use sentence::{greeting, refusal};

/// What the rows of a reply are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Of the listing of events.
    Events,
    /// Of HOD.
    Hours,
    /// Of HELP.
    Forms,
    /// Of a command that this version does not know.
    Other,
}

/// An `OK` object, told by its fields. The order matters: an object with more fields stands before one whose fields it
/// has too.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Answer<'a> {
    #[serde(borrow)]
    Event(Event<'a>),
    Booked(Booked<'a>),
    Ticket(Ticket<'a>),
    Day(Day<'a>),
    Met(Met<'a>),
    Deleted(Deleted<'a>),
    Blocked(Blocked<'a>),
    Hello(Hello<'a>),
    Count(Count<'a>),
    Fields(Fields),
}

/// Lays out rows, given as their objects, in at most `width` columns.
pub fn rows(bodies: &[String], width: Option<u16>) -> (String, Rows) {
    if let Some(events) = all::<Event<'_>>(bodies) {
        return (table::events(&events, width), Rows::Events);
    }
    if let Some(hours) = all::<MonthRow<'_>>(bodies) {
        return (table::hours(&hours, width), Rows::Hours);
    }
    if let Some(forms) = all::<HelpRow<'_>>(bodies) {
        return (table::forms(&forms, width), Rows::Forms);
    }
    let lines: Vec<_> = bodies.iter().map(|body| plain::text(body)).collect();
    (lines.join("\n"), Rows::Other)
}

/// Lays out the object of an `OK` line; `rows` tells what came before it. Nothing to say is the empty text.
pub fn answer(body: &str, rows: Option<Rows>, width: Option<u16>) -> String {
    let Ok(answer) = serde_json::from_str(body) else {
        return plain::text(body).into_owned();
    };
    match answer {
        Answer::Event(event) => table::events(&[event], width),
        Answer::Booked(booked) => sentence::booked(&booked),
        Answer::Ticket(ticket) => sentence::ticket(&ticket),
        Answer::Day(day) => table::day(&day, width),
        Answer::Met(met) => sentence::met(&met),
        Answer::Deleted(deleted) => sentence::deleted(&deleted),
        Answer::Blocked(blocked) => sentence::blocked(&blocked),
        Answer::Hello(hello) => sentence::hello(&hello),
        Answer::Count(count) => sentence::count(&count, rows),
        Answer::Fields(Fields(fields)) if fields.is_empty() => "OK".to_owned(),
        Answer::Fields(Fields(fields)) => table::fields(&fields, width),
    }
}

/// The objects, if each of them has that shape.
fn all<'a, T: Deserialize<'a>>(bodies: &'a [String]) -> Option<Vec<T>> {
    bodies.iter().map(|body| serde_json::from_str(body).ok()).collect()
}

/// A number with its thousands apart.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
