//! The hours that the events of a file fill.

use bookline_protocol::limits::{ENTRY_HOURS_MAX, RANGE_DAYS_MAX};
use bookline_protocol::{Date, Hours, Period, Slot};
use chrono::{Datelike, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use chrono_tz::Tz;

use crate::ical::component::components;
use crate::ical::event::{Event, Occurrence, ReplacedStarts};
use crate::ical::problem::ReadError;
use crate::ical::recurrence::Steps;
use crate::ical::zone::Zone;
use crate::ical::zones::Zones;

/// Days that are read: those that one GET shows.
pub const DAYS: u32 = RANGE_DAYS_MAX;

/// What a file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyHours {
    /// In order, none over another.
    pub periods: Vec<BusyPeriod>,
    /// Events that have no hours in the days that are read.
    pub events_outside: usize,
}

/// Consecutive hours of one event, at most as many as an entry has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyPeriod {
    pub period: Period,
    /// The title of the event.
    pub summary: String,
}

impl BusyHours {
    /// Reads a file. Its hours are those of the zone `server`, from the start of `today` on, for [`DAYS`]. A
    /// part of an hour counts as the hour. An hour of several events belongs to the first of them.
    ///
    /// # Errors
    ///
    /// The text is not an iCalendar file, or has something that is not supported.
    pub fn read(text: &str, server: Tz, today: Date) -> Result<Self, ReadError> {
        let mut steps = Steps::default();
        // Events are in other zones, which are less than two days apart.
        let end = today.naive().and_time(NaiveTime::MIN) + TimeDelta::days(i64::from(DAYS) + 2);
        let components = components(text)?;
        let zones = Zones::read(&components, server, end, &mut steps)?;
        let components = components.iter().filter(|component| component.name == "VEVENT");
        let events =
            components.map(|component| Event::read(component, &zones)).collect::<Result<Vec<_>, _>>()?;
        let replaced = ReplacedStarts::of(&events);
        let mut hours = OwnedHours::new(today);
        let mut events_outside = 0;
        for (number, event) in events.iter().enumerate().filter(|(_, event)| event.is_busy) {
            let mut is_inside = false;
            for occurrence in event.occurrences(end, &replaced, &mut steps)? {
                let range = hours.range(occurrence, &Zone::Iana(server));
                event.take(&mut steps, range.len())?;
                is_inside |= !range.is_empty();
                hours.take(range, number);
            }
            events_outside += usize::from(!is_inside);
        }
        let periods = hours.periods().into_iter().map(|(period, number)| {
            let summary = events[number].summary.clone();
            BusyPeriod { period, summary }
        });
        Ok(Self { periods: periods.collect(), events_outside })
    }

    /// How many hours there are.
    pub fn hours(&self) -> u64 {
        self.periods.iter().map(|busy| u64::from(busy.period.hours().get())).sum()
    }
}

/// The hours of the days that are read, each with the number of the event that it belongs to.
struct OwnedHours {
    /// The index of the first slot.
    first: u32,
    owners: Vec<Option<usize>>,
}

impl OwnedHours {
    fn new(today: Date) -> Self {
        let first = today.day_number();
        let days = (first..first + DAYS).filter(|&day| Date::from_day_number(day).is_some()).count();
        Self { first: first * 24, owners: vec![None; days * 24] }
    }

    /// The hours of an occurrence, as far as they are among these.
    fn range(&self, occurrence: Occurrence, server: &Zone) -> std::ops::Range<usize> {
        let (first, behind) = match occurrence {
            Occurrence::Days { first, behind } => {
                (hour_number(first.and_time(NaiveTime::MIN)), hour_number(behind.and_time(NaiveTime::MIN)))
            }
            Occurrence::Time { start, end } => {
                let first = hour_number(server.civil(start));
                let last = hour_number(server.civil(end - TimeDelta::seconds(1)));
                // The civil time goes back where the zone repeats an hour.
                (first, last.max(first) + 1)
            }
        };
        let clipped =
            |number: i64| (number - i64::from(self.first)).clamp(0, self.owners.len() as i64) as usize;
        clipped(first)..clipped(behind)
    }

    fn take(&mut self, range: std::ops::Range<usize>, event: usize) {
        self.owners[range].iter_mut().for_each(|owner| *owner = owner.or(Some(event)));
    }

    /// Consecutive hours of one event, with its number.
    fn periods(&self) -> Vec<(Period, usize)> {
        let mut periods = Vec::new();
        let mut next = self.first;
        for run in self.owners.chunk_by(|one, two| one == two) {
            let start = next;
            next += run.len() as u32;
            let Some(event) = run[0] else { continue };
            for (part, chunk) in (0..).zip(run.chunks(ENTRY_HOURS_MAX.into())) {
                let slot = Slot::from_index(start + part * u32::from(ENTRY_HOURS_MAX));
                let hours = Hours::new(chunk.len() as u8);
                if let (Some(slot), Some(hours)) = (slot, hours)
                    && let Ok(period) = Period::new(slot, hours)
                {
                    periods.push((period, event));
                }
            }
        }
        periods
    }
}

/// The number of an hour, as [`Slot::index`].
fn hour_number(civil: NaiveDateTime) -> i64 {
    i64::from(civil.num_days_from_ce()) * 24 + i64::from(civil.hour())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hours of events with these properties at a server in this zone: date, hour and number of hours.
    fn hours_in(server: Tz, today: &str, events: &[&str]) -> Vec<String> {
        let events: String =
            events.iter().map(|event| format!("BEGIN:VEVENT\n{event}\nEND:VEVENT\n")).collect();
        let text = format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n");
        let busy = BusyHours::read(&text, server, Date::parse(today).unwrap()).unwrap();
        let shown = |busy: &BusyPeriod| {
            let start = busy.period.start();
            format!("{} {} {}", start.date.iso(), start.hour, busy.period.hours())
        };
        busy.periods.iter().map(shown).collect()
    }

    fn hours(events: &[&str]) -> Vec<String> {
        hours_in(Tz::Europe__Berlin, "2026-11-26", events)
    }

    #[test]
    fn part_hours_are_rounded_outward() {
        let from_0930 = |end: &str| hours(&[&format!("DTSTART:20261201T093000\nDTEND:20261201T{end}")]);
        assert_eq!(from_0930("101500"), ["2026-12-01 09:00 2"]);
        assert_eq!(from_0930("100000"), ["2026-12-01 09:00 1"]);
        assert_eq!(from_0930("100001"), ["2026-12-01 09:00 2"]);
        assert_eq!(from_0930("093001"), ["2026-12-01 09:00 1"]);
        assert_eq!(from_0930("093000"), [""; 0]);
        assert_eq!(from_0930("080000"), [""; 0]);
        assert_eq!(hours(&["DTSTART:20261201T093000"]), [""; 0]);
    }

    #[test]
    fn whole_days_have_all_their_hours() {
        assert_eq!(hours(&["DTSTART;VALUE=DATE:20261201"]), ["2026-12-01 00:00 24"]);
        assert_eq!(hours(&["DTSTART:20261201\nDTEND:20261201"]), ["2026-12-01 00:00 24"]);
        let two = ["2026-12-01 00:00 24", "2026-12-02 00:00 24"];
        assert_eq!(hours(&["DTSTART:20261201\nDTEND:20261203"]), two);
        assert_eq!(hours(&["DTSTART:20261201\nDURATION:P2D"]), two);
        assert_eq!(hours_in(Tz::Asia__Tokyo, "2026-11-26", &["DTSTART:20261201\nDTEND:20261203"]), two);
    }

    #[test]
    fn long_event_is_in_parts_of_a_day_and_goes_on_after_midnight() {
        let event = "DTSTART:20261201T220000\nDTEND:20261203T010000";
        assert_eq!(hours(&[event]), ["2026-12-01 22:00 24", "2026-12-02 22:00 3"]);
    }

    #[test]
    fn hour_of_several_events_is_taken_once() {
        let one = "DTSTART:20261201T090000\nDTEND:20261201T110000";
        let two = "DTSTART:20261201T100000\nDTEND:20261201T130000";
        assert_eq!(hours(&[one, two]), ["2026-12-01 09:00 2", "2026-12-01 11:00 2"]);
        assert_eq!(hours(&[one, one]), ["2026-12-01 09:00 2"]);
    }

    #[test]
    fn hours_before_today_and_after_a_year_are_left_out() {
        assert_eq!(hours(&["DTSTART:20261125T220000\nDTEND:20261126T020000"]), ["2026-11-26 00:00 2"]);
        assert_eq!(hours(&["DTSTART:20271126T220000\nDTEND:20271127T020000"]), ["2027-11-26 22:00 2"]);
        assert_eq!(hours(&["DTSTART:20200101T090000\nDTEND:20200101T100000\nRRULE:FREQ=DAILY"]).len(), 366);
        assert_eq!(hours_in(Tz::UTC, "9999-12-31", &["DTSTART:99991231T230000\nDURATION:PT5H"]).len(), 1);
        assert_eq!(hours_in(Tz::UTC, "0001-01-01", &["DTSTART:00010101T000000\nDURATION:PT1H"]).len(), 1);
    }

    #[test]
    fn events_without_hours_are_counted() {
        let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20200101T090000Z\nDURATION:PT1H\nEND:VEVENT\n\
                    BEGIN:VEVENT\nDTSTART:20200101T090000Z\nTRANSP:TRANSPARENT\nEND:VEVENT\nEND:VCALENDAR";
        let busy = BusyHours::read(text, Tz::UTC, Date::parse("2026-11-26").unwrap()).unwrap();
        assert_eq!((busy.events_outside, busy.hours()), (1, 0));
    }

    #[test]
    fn civil_time_of_an_event_stays_when_clocks_change() {
        // 09:00 in Berlin is 03:00 in New York, but 04:00 while only New York has changed its clocks.
        let event = "DTSTART;TZID=Europe/Berlin:20270312T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=4";
        let starts = ["2027-03-12 03:00 1", "2027-03-19 04:00 1", "2027-03-26 04:00 1", "2027-04-02 03:00 1"];
        assert_eq!(hours_in(Tz::America__New_York, "2027-03-01", &[event]), starts);
        let event = "DTSTART;TZID=America/New_York:20261023T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3";
        let starts = ["2026-10-23 15:00 1", "2026-10-30 14:00 1", "2026-11-06 15:00 1"];
        assert_eq!(hours_in(Tz::Europe__Berlin, "2026-10-01", &[event]), starts);
    }

    #[test]
    fn event_in_a_skipped_hour_is_an_hour_later() {
        let event = "DTSTART;TZID=Europe/Berlin:20270328T023000\nDURATION:PT30M";
        assert_eq!(hours_in(Tz::Europe__Berlin, "2027-03-01", &[event]), ["2027-03-28 03:00 1"]);
        let event = "DTSTART;TZID=America/New_York:20270314T020000\nDURATION:PT1H";
        assert_eq!(hours_in(Tz::America__New_York, "2027-03-01", &[event]), ["2027-03-14 03:00 1"]);
    }

    #[test]
    fn event_in_a_repeated_hour_has_the_label_of_both() {
        for (zone, date, utc) in [
            (Tz::Europe__Berlin, "2026-10-25 02:00", "DTSTART:20261025T004500Z"),
            (Tz::America__New_York, "2026-11-01 01:00", "DTSTART:20261101T054500Z"),
        ] {
            // From a quarter to the end of the first pass.
            let event = format!("{utc}\nDURATION:PT15M");
            assert_eq!(hours_in(zone, "2026-10-01", &[&event]), [format!("{date} 1")]);
            // Ten minutes into the second pass, where the civil time goes back.
            let event = format!("{utc}\nDURATION:PT25M");
            assert_eq!(hours_in(zone, "2026-10-01", &[&event]), [format!("{date} 1")]);
            // Until the hour after both.
            let event = format!("{utc}\nDURATION:PT1H20M");
            assert_eq!(hours_in(zone, "2026-10-01", &[&event]), [format!("{date} 2")]);
        }
    }

    #[test]
    fn exceptions_and_replacements_are_applied() {
        let daily = "UID:1\nDTSTART;TZID=Europe/Berlin:20261201T090000\nDURATION:PT1H\n\
                     RRULE:FREQ=DAILY;COUNT=6\nEXDATE:20261202T080000Z\nEXDATE;VALUE=DATE:20261203\n\
                     RDATE;TZID=America/New_York:20261220T090000";
        let moved = "UID:1\nRECURRENCE-ID:20261204T080000Z\nDTSTART:20261204T120000\nDURATION:PT1H";
        let cancelled = "UID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20261205T090000\nSTATUS:CANCELLED\n\
                         DTSTART:20261205T090000\nDURATION:PT1H";
        let starts = ["2026-12-01 09:00 1", "2026-12-04 12:00 1", "2026-12-06 09:00 1", "2026-12-20 15:00 1"];
        assert_eq!(hours(&[daily, moved, cancelled]), starts);
        // A replacement of another event replaces nothing here.
        let other = moved.replace("UID:1", "UID:2");
        assert_eq!(hours(&[daily, &other]).len(), 6);
    }

    #[test]
    fn what_is_not_supported_is_refused_with_its_line() {
        let read = |event: &str| {
            let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR\n");
            BusyHours::read(&text, Tz::UTC, Date::parse("2026-11-26").unwrap()).unwrap_err().to_string()
        };
        assert_eq!(read("UID:1"), "line 2: an event has no DTSTART");
        assert_eq!(
            read("DTSTART:20261301"),
            "line 3: \"20261301\" is not a date or a time of iCalendar, as 20261121 or 20261121T220000"
        );
        let range = "DTSTART:20261201\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261201";
        assert!(read(range).starts_with("line 4: RANGE=THISANDFUTURE is not supported"));
        let periods = "DTSTART:20261201\nRDATE;VALUE=PERIOD:20261201T090000Z/PT1H";
        assert_eq!(read(periods), "line 4: RDATE with periods is not supported");
        assert!(
            read("DTSTART;TZID=Shire:20261201T090000").starts_with("line 3: time zone \"Shire\" is unknown")
        );
    }

    #[test]
    fn overlapping_recurrences_do_not_take_forever() {
        let year = "DTSTART:20261126\nDURATION:P366D\nRRULE:FREQ=DAILY";
        let text = format!(
            "BEGIN:VCALENDAR\n{}END:VCALENDAR\n",
            format!("BEGIN:VEVENT\n{year}\nEND:VEVENT\n").repeat(10_000)
        );
        let refused = BusyHours::read(&text, Tz::UTC, Date::parse("2026-11-26").unwrap()).unwrap_err();
        assert!(refused.to_string().ends_with("recur more than 10000000 times in all: split the file"));
    }
}
