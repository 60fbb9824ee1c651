//! Writes a person's entries as an iCalendar file.

use bookline_protocol::{Period, Slot};
use chrono::{NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use crate::ical::vtimezone;
use crate::ical::writer::Writer;
use crate::ical::zone::Zone;

/// The title of a block.
const BLOCKED: &str = "Blocked";

const HOUR: TimeDelta = TimeDelta::hours(1);

/// An entry of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub period: Period,
    /// Who alone may change it: in a block the person.
    pub host: String,
    /// `None` in a block.
    pub meeting: Option<Meeting>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    pub title: String,
    /// Everyone in it but the host.
    pub attendees: Vec<String>,
}

/// The text of the file: the zone, and an event for each entry. `now` is in UTC.
pub fn write(who: &str, entries: &[Entry], zone: Tz, now: NaiveDateTime) -> String {
    let mut writer = Writer::default();
    writer.component("VCALENDAR", |writer| {
        writer.line("VERSION", "2.0");
        writer.line("PRODID", concat!("-//Bookline//bookline ", env!("CARGO_PKG_VERSION"), "//EN"));
        writer.line("CALSCALE", "GREGORIAN");
        // What programs call the calendar. It is no part of RFC 5545, but most of them read it.
        writer.text("X-WR-CALNAME", who);
        let starts = entries.iter().map(|entry| entry.period.start());
        let first = starts.clone().min().map_or(now, civil);
        let last = starts.max().map_or(now, civil);
        vtimezone::write(writer, zone, first, last);
        for entry in entries {
            write_event(writer, entry, zone, now);
        }
    });
    writer.into_text()
}

fn write_event(writer: &mut Writer, entry: &Entry, zone: Tz, now: NaiveDateTime) {
    let (start, end) = limits(entry.period, &Zone::Iana(zone));
    let in_zone = |name| format!("{name};TZID={}", zone.name());
    writer.component("VEVENT", |writer| {
        writer.text("UID", &uid(entry));
        writer.line("DTSTAMP", &format!("{}Z", written(now)));
        writer.line(&in_zone("DTSTART"), &written(start));
        writer.line(&in_zone("DTEND"), &written(end));
        let title = entry.meeting.as_ref().map_or(BLOCKED, |meeting| &meeting.title);
        writer.text("SUMMARY", title);
        if let Some(meeting) = &entry.meeting {
            writer.line(&format!("ORGANIZER;CN={}", entry.host), &address(&entry.host));
            for attendee in &meeting.attendees {
                let name = format!("ATTENDEE;CN={attendee};ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED");
                writer.line(&name, &address(attendee));
            }
        }
        writer.line("STATUS", "CONFIRMED");
        writer.line("TRANSP", "OPAQUE");
    });
}

/// The id of an event. A person has one entry at an hour, so the host and the start identify it, in the
/// calendar of everyone in it.
fn uid(entry: &Entry) -> String {
    let start = entry.period.start();
    format!("{}-{}@bookline", entry.host, civil(start).format("%Y%m%dT%H"))
}

/// The address of a person. It must be a URI. Programs expect one of mail, and some drop an event with
/// another. The people of Bookline have no mail addresses, and the domain `invalid` is reserved (RFC 2606):
/// nothing that is sent there reaches a stranger. Ids have no character that an address cannot have.
fn address(id: &str) -> String {
    format!("mailto:{id}@bookline.invalid")
}

/// The civil times at which an entry begins and ends, which the zone has. Hours are labels: one that the zone
/// skips is an hour later, and one that it repeats begins at its first pass. An entry of skipped hours alone
/// still has an hour.
fn limits(period: Period, zone: &Zone) -> (NaiveDateTime, NaiveDateTime) {
    let start = zone.existing(civil(period.start()));
    let end = zone.existing(civil(period.start()) + HOUR * period.hours().get().into());
    (start, end.max(start + HOUR))
}

fn civil(slot: Slot) -> NaiveDateTime {
    slot.date.naive().and_time(chrono::NaiveTime::MIN) + HOUR * slot.hour.get().into()
}

fn written(time: NaiveDateTime) -> String {
    time.format("%Y%m%dT%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use bookline_protocol::{Date, Hour, Hours};

    use super::*;

    fn period(date: &str, hour: u8, hours: u8) -> Period {
        let start = Slot { date: Date::parse(date).unwrap(), hour: Hour::new(hour).unwrap() };
        Period::new(start, Hours::new(hours).unwrap()).unwrap()
    }

    fn shown(zone: Tz, date: &str, hour: u8, hours: u8) -> String {
        let (start, end) = limits(period(date, hour, hours), &Zone::Iana(zone));
        format!("{} {}", start.format("%d %H:%M"), end.format("%d %H:%M"))
    }

    fn block(date: &str, hour: u8) -> Entry {
        Entry { period: period(date, hour, 1), host: "F1".to_owned(), meeting: None }
    }

    #[test]
    fn skipped_hour_is_written_an_hour_later() {
        assert_eq!(shown(Tz::Europe__Berlin, "2027-03-28", 1, 1), "28 01:00 28 03:00");
        assert_eq!(shown(Tz::Europe__Berlin, "2027-03-28", 2, 1), "28 03:00 28 04:00");
        assert_eq!(shown(Tz::Europe__Berlin, "2027-03-28", 2, 2), "28 03:00 28 04:00");
        assert_eq!(shown(Tz::Europe__Berlin, "2027-03-28", 1, 4), "28 01:00 28 05:00");
        assert_eq!(shown(Tz::America__New_York, "2027-03-14", 2, 1), "14 03:00 14 04:00");
        assert_eq!(shown(Tz::America__New_York, "2027-03-13", 23, 4), "13 23:00 14 03:00");
    }

    #[test]
    fn repeated_hour_is_written_as_its_label() {
        assert_eq!(shown(Tz::Europe__Berlin, "2026-10-25", 2, 1), "25 02:00 25 03:00");
        assert_eq!(shown(Tz::America__New_York, "2026-11-01", 1, 1), "01 01:00 01 02:00");
        assert_eq!(shown(Tz::America__New_York, "2026-10-31", 22, 24), "31 22:00 01 22:00");
    }

    #[test]
    fn no_event_is_lost_or_invented_when_the_offset_changes() {
        for (zone, dates) in [
            (Tz::Europe__Berlin, ["2026-10-25", "2027-03-28"]),
            (Tz::America__New_York, ["2026-11-01", "2027-03-14"]),
        ] {
            for date in dates {
                let entries: Vec<_> = (0..24).map(|hour| block(date, hour)).collect();
                let text = write("F1", &entries, zone, NaiveDateTime::default());
                assert_eq!(text.matches("BEGIN:VEVENT\r\n").count(), 24);
                let uids: std::collections::HashSet<_> =
                    text.lines().filter(|line| line.starts_with("UID:")).collect();
                assert_eq!(uids.len(), 24, "{zone} {date}");
            }
        }
    }

    #[test]
    fn meeting_has_the_same_id_whoever_exports_it() {
        let meeting = |attendees: &[&str]| Entry {
            period: period("2026-11-21", 22, 4),
            host: "F1".to_owned(),
            meeting: Some(Meeting {
                title: "a, b; c".to_owned(),
                attendees: attendees.iter().map(|&id| id.to_owned()).collect(),
            }),
        };
        let now = block("2026-11-20", 9).period.start();
        let text = |who| write(who, &[meeting(&["F2", "F3"])], Tz::Europe__Berlin, civil(now));
        assert_eq!(text("F2").replace("X-WR-CALNAME:F2", "X-WR-CALNAME:F3"), text("F3"));
        let event = "BEGIN:VEVENT\r\nUID:F1-20261121T22@bookline\r\nDTSTAMP:20261120T090000Z\r\n\
                     DTSTART;TZID=Europe/Berlin:20261121T220000\r\n\
                     DTEND;TZID=Europe/Berlin:20261122T020000\r\n\
                     SUMMARY:a\\, b\\; c\r\nORGANIZER;CN=F1:mailto:F1@bookline.invalid\r\n\
                     ATTENDEE;CN=F2;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:F2@bookline.in\r\n \
                     valid\r\n";
        assert!(text("F2").contains(event), "{}", text("F2"));
    }
}
