//! Python's icalendar, which reads exported calendars.
//!
//! `.ci/run` installs the package, and sets `BOOKLINE_TEST_PYTHON` to a Python that has it. Elsewhere the
//! tests that use it do nothing where `python3` lacks the package.

use std::io::Write;
use std::process::{Command, Stdio};

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

/// A Python that has the package.
pub struct Python(String);

impl Python {
    /// The Python to use. `None` where there is none that has the package, and none was promised.
    pub fn find() -> Option<Self> {
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
        has_package.then_some(Self(python))
    }

    /// The lines that the script prints for a calendar: `start|end|UID|title|people…`, with times in UTC.
    pub fn events(&self, text: &str) -> Vec<String> {
        let mut command = Command::new(&self.0);
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.env("PYTHONIOENCODING", "utf-8").spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}
