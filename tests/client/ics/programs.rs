//! Files as common programs write them: each fixture has the traits of one.

use bookline::ical::busy_hours::BusyHours;
use bookline_protocol::Date;
use chrono_tz::Tz;

/// The hours of a file at a server in Prague, on 2026-11-26, a line for each block.
fn hours(text: &str) -> Vec<String> {
    let busy = BusyHours::read(text, Tz::Europe__Prague, Date::parse("2026-11-26").unwrap()).unwrap();
    let shown = |period: &bookline_protocol::Period| {
        let start = period.start();
        format!("{} {} {}", start.date.iso(), start.hour, period.hours())
    };
    busy.periods.iter().map(|busy| format!("{} {}", shown(&busy.period), busy.summary)).collect()
}

#[test]
fn google_calendar() {
    let expected = [
        "2026-11-30 09:00 2 Weekly, on Mondays",
        "2026-12-02 17:00 1 Call",
        "2026-12-14 14:00 1 Weekly, in the afternoon",
        "2026-12-21 09:00 2 Weekly, on Mondays",
    ];
    assert_eq!(hours(include_str!("../fixtures/ics/google.ics")), expected);
}

#[test]
fn outlook() {
    let expected = [
        "2026-11-30 23:00 3 Night shift",
        "2026-12-03 23:00 3 Night shift",
        "2026-12-04 23:00 3 Night shift",
        "2026-12-05 09:00 2 Call with Kolkata",
        "2026-12-08 00:00 24 Trade fair",
        "2026-12-09 00:00 24 Trade fair",
    ];
    assert_eq!(hours(include_str!("../fixtures/ics/outlook.ics")), expected);
}

#[test]
fn apple_calendar() {
    let expected =
        ["2026-12-01 16:00 2 Review", "2026-12-03 17:00 1 Dinner (floating)", "2026-12-15 16:00 2 Review"];
    assert_eq!(hours(include_str!("../fixtures/ics/apple.ics")), expected);
}

#[test]
fn thunderbird() {
    let expected = [
        "2026-11-27 08:00 3 Lab",
        "2026-12-02 07:00 1 Over the Lab",
        "2026-12-02 08:00 3 Lab",
        "2026-12-25 08:00 3 Lab",
        "2027-01-29 08:00 3 Lab",
    ];
    assert_eq!(hours(include_str!("../fixtures/ics/thunderbird.ics")), expected);
}
