//! Python's icalendar reads what is exported.
//!
//! Catches: a file that only this client would read; an event that is lost or invented, or has another time,
//! when clocks change.
//!
//! `.ci/run` installs the package, and sets `BOOKLINE_TEST_PYTHON` to a Python that has it. Elsewhere these
//! tests do nothing where `python3` lacks the package.

use std::collections::HashSet;
use std::io::Write;
use std::process::{Command, Stdio};

use bookline::ical::calendar::{self, Entry, Meeting};
use bookline_protocol::{Date, Hour, Hours, Period, Slot};
use chrono::NaiveDate;
use chrono_tz::Tz;

/// Prints each event of a calendar on standard input: its times in UTC, its id, its title and its people.
const SCRIPT: &str = r#"
import sys, datetime, icalendar
calendar = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
assert not calendar.errors, calendar.errors
for zone in calendar.walk("VTIMEZONE"):
    zone.to_tz()
for event in calendar.walk("VEVENT"):
    assert not event.errors, event.errors
    utc = [event[name].dt.astimezone(datetime.timezone.utc) for name in ("DTSTART", "DTEND")]
    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    people = [event["ORGANIZER"], *attendees] if "ORGANIZER" in event else []
    names = [person.params["CN"] for person in people]
    times = [time.strftime("%Y-%m-%dT%H:%M") for time in utc]
    print(*times, event["UID"], repr(str(event["SUMMARY"])), *names, sep="|")
"#;

/// The Python to use. `None` where there is none that has the package, and none was promised.
fn python() -> Option<String> {
    let promised = std::env::var("BOOKLINE_TEST_PYTHON").ok();
    let python = promised.clone().unwrap_or_else(|| "python3".to_owned());
    let has_package = Command::new(&python)
        .args(["-c", "import icalendar"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has_package && (promised.is_some() || std::env::var_os("CI").is_some()) {
        panic!("{python} cannot import icalendar");
    }
    has_package.then_some(python)
}

/// The lines that the script prints for a calendar of these entries.
fn read(python: &str, zone: Tz, entries: &[Entry]) -> Vec<String> {
    let now = NaiveDate::from_ymd_opt(2026, 11, 26).unwrap().and_hms_opt(9, 0, 0).unwrap();
    let text = calendar::write("F1", entries, zone, now);
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.env("PYTHONIOENCODING", "utf-8").spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn block(date: &str, hour: u8, hours: u8) -> Entry {
    let start = Slot { date: Date::parse(date).unwrap(), hour: Hour::new(hour).unwrap() };
    let period = Period::new(start, Hours::new(hours).unwrap()).unwrap();
    Entry { period, host: "F1".to_owned(), meeting: None }
}

#[test]
fn meeting_is_read_with_its_title_and_its_people() {
    let Some(python) = python() else { return };
    let attendees: Vec<_> = (0..50).map(|n| format!("member-{n}")).collect();
    let title = "a, b; c\\d \"e\" äöü 日本語 ".repeat(8);
    let meeting = Some(Meeting { title: title.clone(), attendees: attendees.clone() });
    let lines = read(&python, Tz::Europe__Berlin, &[Entry { meeting, ..block("2026-11-21", 22, 4) }]);
    let expected = format!("'{}'|F1|{}", title.replace('\\', "\\\\"), attendees.join("|"));
    assert_eq!(lines, [format!("2026-11-21T21:00|2026-11-22T01:00|F1-20261121T22@bookline|{expected}")]);
}

#[test]
fn every_hour_is_read_when_clocks_change() {
    let Some(python) = python() else { return };
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
    let Some(python) = python() else { return };
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
