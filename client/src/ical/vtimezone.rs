//! Describes a time zone within an iCalendar file.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{OffsetComponents, OffsetName, Tz};

use crate::ical::writer::Writer;

/// How far the description goes beyond the events: a year, so that it has the standard time and the daylight
/// saving time of a zone that has both. Some programs refuse one without standard time.
const MARGIN: TimeDelta = TimeDelta::days(366);

/// How far apart offsets are looked at. No zone goes back to an offset within a day.
const STEP: TimeDelta = TimeDelta::days(1);

/// A time at which the offset changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Onset {
    instant: NaiveDateTime,
    before: TimeDelta,
}

/// Appends the VTIMEZONE of a zone, as it is for events from `first` to `last`, in UTC: each change of the
/// offset as it was or will be, since rules change over the years.
pub fn write(writer: &mut Writer, zone: Tz, first: NaiveDateTime, last: NaiveDateTime) {
    let first = first.checked_sub_signed(MARGIN).unwrap_or(first);
    let last = last.checked_add_signed(MARGIN).unwrap_or(last);
    writer.component("VTIMEZONE", |writer| {
        writer.line("TZID", zone.name());
        let initial = Onset { instant: first, before: offset(zone, first) };
        for onset in std::iter::once(initial).chain(onsets(zone, first, last)) {
            write_onset(writer, zone, onset);
        }
    });
}

fn write_onset(writer: &mut Writer, zone: Tz, onset: Onset) {
    let Onset { instant, before } = onset;
    let after = zone.offset_from_utc_datetime(&instant);
    let name = if after.dst_offset().is_zero() { "STANDARD" } else { "DAYLIGHT" };
    writer.component(name, |writer| {
        // The civil time of an onset is that before it.
        writer.line("DTSTART", &(instant + before).format("%Y%m%dT%H%M%S").to_string());
        writer.line("TZOFFSETFROM", &written(before));
        writer.line("TZOFFSETTO", &written(offset(zone, instant)));
        if let Some(abbreviation) = after.abbreviation() {
            writer.text("TZNAME", abbreviation);
        }
    });
}

/// The changes of the offset, earliest first.
fn onsets(zone: Tz, first: NaiveDateTime, last: NaiveDateTime) -> Vec<Onset> {
    let mut onsets = Vec::new();
    let mut instant = first;
    while instant < last {
        let next = instant.checked_add_signed(STEP).unwrap_or(last);
        let before = offset(zone, instant);
        if offset(zone, next) != before {
            onsets.push(Onset { instant: change(zone, instant, next), before });
        }
        instant = next;
    }
    onsets
}

/// The first second with another offset than `low`, up to `high`.
fn change(zone: Tz, low: NaiveDateTime, high: NaiveDateTime) -> NaiveDateTime {
    let before = offset(zone, low);
    let (mut same, mut other) = (low.and_utc().timestamp(), high.and_utc().timestamp());
    let at = |second| DateTime::<Utc>::from_timestamp(second, 0).unwrap_or_default().naive_utc();
    while other - same > 1 {
        let middle = i64::midpoint(same, other);
        if offset(zone, at(middle)) == before { same = middle } else { other = middle }
    }
    at(other)
}

fn offset(zone: Tz, instant: NaiveDateTime) -> TimeDelta {
    TimeDelta::seconds(zone.offset_from_utc_datetime(&instant).fix().local_minus_utc().into())
}

/// An offset as `+hhmm`, or `+hhmmss` where it has seconds.
fn written(offset: TimeDelta) -> String {
    let seconds = offset.num_seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, rest) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let rest = if rest == 0 { String::new() } else { format!("{rest:02}") };
    format!("{sign}{hours:02}{minutes:02}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    fn described(zone: Tz, first: &str, last: &str) -> String {
        let mut writer = Writer::default();
        write(&mut writer, zone, time(first), time(last));
        writer.into_text().replace("\r\n", "\n")
    }

    #[test]
    fn every_change_within_a_year_of_the_events_is_described() {
        let text = described(Tz::Europe__Berlin, "2026-11-01 00:00", "2026-12-01 00:00");
        let spring = "BEGIN:DAYLIGHT\nDTSTART:20270328T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
                      TZNAME:CEST\nEND:DAYLIGHT\n";
        let autumn = "BEGIN:STANDARD\nDTSTART:20261025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
                      TZNAME:CET\nEND:STANDARD\n";
        assert!(text.contains(spring) && text.contains(autumn), "{text}");
        assert!(
            text.contains("DTSTART:20260329T020000") && text.contains("DTSTART:20271031T030000"),
            "{text}"
        );
    }

    #[test]
    fn onsets_have_the_civil_time_before_them() {
        let text = described(Tz::America__New_York, "2026-11-01 00:00", "2026-12-01 00:00");
        assert!(text.contains("DTSTART:20270314T020000\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0400\nTZNAME:EDT"));
        assert!(text.contains("DTSTART:20261101T020000\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\nTZNAME:EST"));
    }

    #[test]
    fn zone_without_changes_has_one_onset() {
        for (zone, offset) in [(Tz::UTC, "+0000"), (Tz::Asia__Kolkata, "+0530"), (Tz::Etc__GMTPlus5, "-0500")]
        {
            let text = described(zone, "2026-11-01 00:00", "2026-12-01 00:00");
            assert_eq!(text.matches("BEGIN:STANDARD").count(), 1, "{text}");
            assert!(text.contains(&format!("TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\n")), "{text}");
        }
    }
}
