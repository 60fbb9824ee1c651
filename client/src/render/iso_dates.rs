//! Dates in messages of the server, which writes those of calendars as `dd-mm-yyyy`. On a screen there is one
//! format, `yyyy-mm-dd`.

use std::borrow::Cow;

use bookline_protocol::Date;

/// The text with its dates written `yyyy-mm-dd`. What stands between quotes was typed by somebody, and stays
/// as it is. A word that only has a date in it is an id.
pub fn with_iso_dates(text: &str) -> Cow<'_, str> {
    if !text.split(' ').any(|word| dmy_date(word).is_some()) {
        return Cow::Borrowed(text);
    }
    let (mut is_quoted, mut is_event) = (false, false);
    let words = text.split(' ').map(|word| {
        // The id of an event may be a date.
        let (was_quoted, was_event) = (is_quoted, is_event);
        is_event = word == "event";
        let has_quote = word.contains('"');
        is_quoted ^= word.matches('"').count() % 2 == 1;
        match dmy_date(word) {
            Some((written, date)) if !was_quoted && !was_event && !has_quote => {
                Cow::Owned(word.replacen(written, &date.iso().to_string(), 1))
            }
            _ => Cow::Borrowed(word),
        }
    });
    Cow::Owned(words.collect::<Vec<_>>().join(" "))
}

/// The date that the word consists of, besides punctuation and the name of an option.
fn dmy_date(word: &str) -> Option<(&str, Date)> {
    let value = word.rsplit_once('=').map_or(word, |(_, value)| value);
    let written = value.trim_matches(|c: char| c.is_ascii_punctuation() && c != '-');
    let date = Date::parse(written)?;
    (date.dmy().to_string() == written).then_some((written, date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_calendars_are_written_as_those_of_events() {
        for (message, shown) in [
            ("F1 is busy on 21-11-2026 at 09:00: choose another time", {
                "F1 is busy on 2026-11-21 at 09:00: choose another time"
            }),
            ("it is on 21-11-2026.", "it is on 2026-11-21."),
            ("there is no event 21-11-2026: GET lists all", "there is no event 21-11-2026: GET lists all"),
            ("between 01-01-0001 00:00 and (31-12-9999), from=21-11-2026", {
                "between 0001-01-01 00:00 and (9999-12-31), from=2026-11-21"
            }),
            ("on 2026-11-21", "on 2026-11-21"),
        ] {
            assert_eq!(with_iso_dates(message), shown);
        }
    }

    #[test]
    fn what_is_quoted_or_no_date_or_part_of_an_id_stays() {
        for message in [
            "date \"21-11-2026\" is out of range",
            "title \"plans of 21-11-2026 and later\" is long",
            "there is no event x-21-11-2026",
            "there is no event 21-11-2026-x",
            "on 31-02-2026",
            "on 1-11-2026",
        ] {
            assert_eq!(with_iso_dates(message), message);
        }
    }
}
