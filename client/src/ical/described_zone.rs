//! A time zone that a file describes in a VTIMEZONE.

use chrono::{NaiveDateTime, TimeDelta};

use crate::ical::component::Component;
use crate::ical::problem::{Problem, ReadError};
use crate::ical::recurrence::{Rule, Steps};
use crate::ical::value::{self, Value};

/// The offsets of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedZone {
    /// The offset before the first onset.
    initial: TimeDelta,
    /// The instants, in UTC, from which on an offset holds, in order.
    onsets: Vec<(NaiveDateTime, TimeDelta)>,
}

impl DescribedZone {
    /// Reads a VTIMEZONE, with its onsets up to `end`.
    ///
    /// # Errors
    ///
    /// A time, an offset or a rule in it is not valid. `Ok(None)` if it describes no offset.
    pub fn read(
        component: &Component,
        end: NaiveDateTime,
        steps: &mut Steps,
    ) -> Result<Option<Self>, ReadError> {
        let mut onsets = Vec::new();
        for observance in &component.children {
            if observance.name != "STANDARD" && observance.name != "DAYLIGHT" {
                continue;
            }
            let read = read_observance(observance, end, steps);
            onsets.extend(read.map_err(|problem| problem.at(observance.line))?);
        }
        onsets.sort_unstable();
        let initial = onsets.first().map(|&(_, from, _)| from);
        let onsets = onsets.into_iter().map(|(instant, _, to)| (instant, to)).collect();
        Ok(initial.map(|initial| Self { initial, onsets }))
    }

    /// The difference of civil time and UTC at an instant, given in UTC.
    pub fn offset_at(&self, instant: NaiveDateTime) -> TimeDelta {
        let behind = self.onsets.partition_point(|&(onset, _)| onset <= instant);
        behind.checked_sub(1).map_or(self.initial, |last| self.onsets[last].1)
    }
}

/// The onsets of a STANDARD or a DAYLIGHT, with the offsets before and after them.
fn read_observance(
    observance: &Component,
    end: NaiveDateTime,
    steps: &mut Steps,
) -> Result<Vec<(NaiveDateTime, TimeDelta, TimeDelta)>, Problem> {
    let offset = |name| {
        let text = observance.property(name).map_or("", |property| &property.value);
        value::offset(text).ok_or_else(|| Problem::Offset { name, value: value::excerpt(text) })
    };
    let (from, to) = (offset("TZOFFSETFROM")?, offset("TZOFFSETTO")?);
    let start = observance.property("DTSTART").ok_or(Problem::NoStart)?;
    let civil = |value| match value {
        Value::Date(date) => date.and_time(chrono::NaiveTime::MIN),
        Value::Civil(time) | Value::Utc(time) => time,
    };
    let start = civil(Value::parse(&start.value)?);
    let instant = |civil: NaiveDateTime| civil.checked_sub_signed(from).unwrap_or(civil);
    let mut onsets = vec![start];
    for rule in observance.properties("RRULE") {
        onsets.extend(Rule::parse(&rule.value)?.occurrences(start, end, instant, steps)?);
    }
    for date in observance.properties("RDATE").flat_map(|property| property.value.split(',')) {
        steps.take(1)?;
        onsets.push(civil(Value::parse(date)?));
    }
    Ok(onsets.into_iter().map(|onset| (instant(onset), from, to)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ical::component::components;

    fn time(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    #[test]
    fn offset_follows_the_rules_of_the_description() {
        let text = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\n\
                    BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
                    RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n\
                    BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
                    RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\n\
                    END:VTIMEZONE\nEND:VCALENDAR\n";
        let component = &components(text).unwrap()[0];
        let read = DescribedZone::read(component, time("2028-01-01 00:00"), &mut Steps::default());
        let zone = read.unwrap().unwrap();
        for (instant, hours) in [
            ("2026-10-25 00:59", 2),
            ("2026-10-25 01:00", 1),
            ("2027-03-28 00:59", 1),
            ("2027-03-28 01:00", 2),
            ("2027-10-31 01:00", 1),
        ] {
            assert_eq!(zone.offset_at(time(instant)), TimeDelta::hours(hours), "{instant}");
        }
    }
}
