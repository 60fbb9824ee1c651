//! Python's icalendar reads what is exported.
//!
//! Catches: a file that only this client would read; an event that is lost or invented, or has another time,
//! when clocks change.

use std::collections::HashSet;

use bookline::ical::calendar::{self, Entry, Meeting};
use bookline_protocol::{Date, Hour, Hours, Period, Slot};
use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::support::icalendar::Python;

/// What the package reads in a calendar of these entries.
fn read(python: &Python, zone: Tz, entries: &[Entry]) -> Vec<String> {
    let now = NaiveDate::from_ymd_opt(2026, 11, 26).unwrap().and_hms_opt(9, 0, 0).unwrap();
    python.events(&calendar::write("F1", entries, zone, now))
}

fn block(date: &str, hour: u8, hours: u8) -> Entry {
    let start = Slot { date: Date::parse(date).unwrap(), hour: Hour::new(hour).unwrap() };
    let period = Period::new(start, Hours::new(hours).unwrap()).unwrap();
    Entry { period, host: "F1".to_owned(), meeting: None }
}

#[test]
fn meeting_is_read_with_its_title_and_its_people() {
    let Some(python) = Python::find() else { return };
    let attendees: Vec<_> = (0..50).map(|n| format!("member-{n}")).collect();
    let title = "a, b; c\\d \"e\" äöü 日本語 ".repeat(8);
    let meeting = Some(Meeting { title: title.clone(), attendees: attendees.clone() });
    let lines = read(&python, Tz::Europe__Berlin, &[Entry { meeting, ..block("2026-11-21", 22, 4) }]);
    let expected = format!("'{}'|F1|{}", title.replace('\\', "\\\\"), attendees.join("|"));
    assert_eq!(lines, [format!("2026-11-21T21:00|2026-11-22T01:00|F1-20261121T22@bookline|{expected}")]);
}

#[test]
fn every_hour_is_read_when_clocks_change() {
    let Some(python) = Python::find() else { return };
    for (zone, date, skipped_or_repeated) in [
        (Tz::Europe__Berlin, "2026-10-25", "2026-10-25T00:00"),
        (Tz::Europe__Berlin, "2027-03-28", "2027-03-28T01:00"),
        (Tz::America__New_York, "2026-11-01", "2026-11-01T05:00"),
        (Tz::America__New_York, "2027-03-14", "2027-03-14T07:00"),
    ] {
        let entries: Vec<_> = (0..24).map(|hour| block(date, hour, 1)).collect();
        let lines = read(&python, zone, &entries);
        let uids: HashSet<_> = lines.iter().map(|line| line.split('|').nth(2).unwrap()).collect();
        assert_eq!((lines.len(), uids.len()), (24, 24), "{zone} {date}");
        assert!(lines.iter().all(|line| line.contains("|'Blocked'")), "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with(skipped_or_repeated)), "{zone} {date}: {lines:?}");
    }
}

#[test]
fn zones_without_changes_are_read() {
    let Some(python) = Python::find() else { return };
    for (zone, start) in [
        (Tz::UTC, "09:00"),
        (Tz::Asia__Kolkata, "03:30"),
        (Tz::Etc__GMTPlus5, "14:00"),
        (Tz::Asia__Tokyo, "00:00"),
    ] {
        let lines = read(&python, zone, &[block("2026-11-21", 9, 1)]);
        assert!(lines[0].starts_with(&format!("2026-11-21T{start}|")), "{lines:?}");
    }
}
