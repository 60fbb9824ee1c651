//! The events of a file, and when they occur.

use std::collections::{HashMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::ical::component::Component;
use crate::ical::problem::{Problem, ReadError};
use crate::ical::recurrence::{Rule, Steps};
use crate::ical::value::Length;
use crate::ical::zone::Zone;
use crate::ical::zones::{Moment, Zones};

/// An event, with the dates at which it recurs.
#[derive(Debug)]
pub struct Event {
    /// The number of its first line in the file, from 1.
    line: usize,
    uid: Option<String>,
    /// The title, on one line.
    pub summary: String,
    start: Moment,
    length: Length,
    rules: Vec<Rule>,
    further_starts: Vec<Moment>,
    excluded_starts: Vec<Moment>,
    /// The start of the occurrence of another event that this one replaces.
    replaced_start: Option<Moment>,
    /// Whether its person is busy: it is neither cancelled nor marked as free.
    pub is_busy: bool,
}

/// Dates, or a time from one instant up to another, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    Days { first: NaiveDate, behind: NaiveDate },
    Time { start: NaiveDateTime, end: NaiveDateTime },
}

impl Event {
    /// Reads a VEVENT.
    ///
    /// # Errors
    ///
    /// It has no start, or something in it that is not valid or not supported.
    pub fn read(component: &Component, zones: &Zones) -> Result<Self, ReadError> {
        let first = |name: &str| match component.property(name) {
            Some(property) => Ok(zones.moments(property)?.into_iter().next()),
            None => Ok(None),
        };
        let all = |name: &str| -> Result<Vec<Moment>, ReadError> {
            let moments = component.properties(name).map(|property| zones.moments(property));
            Ok(moments.collect::<Result<Vec<_>, _>>()?.concat())
        };
        for property in component.properties("RDATE") {
            if property.parameter("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("PERIOD")) {
                return Err(Problem::Periods.at(property.number));
            }
        }
        if let Some(property) = component.property("RECURRENCE-ID")
            && property.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"))
        {
            return Err(Problem::ThisAndFuture.at(property.number));
        }
        let start = first("DTSTART")?.ok_or_else(|| Problem::NoStart.at(component.line))?;
        let length = match (first("DTEND")?, component.property("DURATION")) {
            (Some(end), _) => length_between(&start, &end),
            (None, Some(duration)) => {
                Length::parse(&duration.value).map_err(|problem| problem.at(duration.number))?
            }
            (None, None) => Length::of_days(i64::from(matches!(start, Moment::Date(_)))),
        };
        let rules = component
            .properties("RRULE")
            .map(|property| Rule::parse(&property.value).map_err(|problem| problem.at(property.number)));
        let is = |name: &str, value: &str| {
            component.property(name).is_some_and(|found| found.value.trim().eq_ignore_ascii_case(value))
        };
        Ok(Self {
            line: component.line,
            uid: component.property("UID").map(|property| property.value.clone()),
            summary: component.property("SUMMARY").map(|property| property.text()).unwrap_or_default(),
            length,
            rules: rules.collect::<Result<_, _>>()?,
            further_starts: all("RDATE")?,
            excluded_starts: all("EXDATE")?,
            replaced_start: first("RECURRENCE-ID")?,
            start,
            is_busy: !is("TRANSP", "TRANSPARENT") && !is("STATUS", "CANCELLED"),
        })
    }

    /// When it occurs up to `end`. `replaced` has the occurrences that other events replace.
    ///
    /// # Errors
    ///
    /// A rule does not fit, or there are too many occurrences.
    pub fn occurrences(
        &self,
        end: NaiveDateTime,
        replaced: &ReplacedStarts<'_>,
        steps: &mut Steps,
    ) -> Result<Vec<Occurrence>, ReadError> {
        let zone = self.zone();
        let mut starts = vec![self.start.civil()];
        for rule in &self.rules {
            let expanded = rule.occurrences(self.start.civil(), end, |civil| zone.instant(civil), steps);
            starts.extend(expanded.map_err(|problem| problem.at(self.line))?);
        }
        for further in &self.further_starts {
            steps.take(1).map_err(|problem| problem.at(self.line))?;
            // It may be in another zone than the start.
            starts.push(match further {
                Moment::Date(_) => further.civil(),
                Moment::Time { civil, zone: other } => zone.civil(other.instant(*civil)),
            });
        }
        starts.sort_unstable();
        starts.dedup();
        let excluded = self.excluded(replaced);
        let kept = starts.into_iter().filter(|&start| !excluded.contain(start, &zone));
        Ok(kept.filter_map(|start| self.occurrence(start, &zone)).collect())
    }

    /// Counts the hours of an occurrence as steps.
    ///
    /// # Errors
    ///
    /// There are too many.
    pub fn take(&self, steps: &mut Steps, hours: usize) -> Result<(), ReadError> {
        steps.take(hours as u64).map_err(|problem| problem.at(self.line))
    }

    /// The zone of its start. Dates are the same in every zone.
    fn zone(&self) -> Zone {
        match &self.start {
            Moment::Date(_) => Zone::UTC,
            Moment::Time { zone, .. } => zone.clone(),
        }
    }

    /// The starts that do not occur. An event that replaces an occurrence is not replaced itself.
    fn excluded(&self, replaced: &ReplacedStarts<'_>) -> ExcludedStarts {
        let mut excluded = ExcludedStarts::default();
        let is_all_day = matches!(self.start, Moment::Date(_));
        let by_events = match (&self.uid, &self.replaced_start) {
            (Some(uid), None) => replaced.0.get(uid.as_str()).map_or(&[][..], Vec::as_slice),
            _ => &[],
        };
        self.excluded_starts
            .iter()
            .chain(by_events.iter().copied())
            .for_each(|start| excluded.add(start, is_all_day));
        excluded
    }

    /// `None` if it takes no time.
    fn occurrence(&self, start: NaiveDateTime, zone: &Zone) -> Option<Occurrence> {
        let end = start.checked_add_signed(self.length.days)?;
        if let Moment::Date(_) = self.start {
            let behind = end.checked_add_signed(self.length.seconds)?;
            let part_day = i64::from(behind.time() > NaiveTime::MIN || behind <= start);
            let behind = behind.date().checked_add_signed(TimeDelta::days(part_day))?;
            return Some(Occurrence::Days { first: start.date(), behind });
        }
        let end = zone.instant(end).checked_add_signed(self.length.seconds)?;
        let start = zone.instant(start);
        (start < end).then_some(Occurrence::Time { start, end })
    }
}

/// The length of an event with this end.
fn length_between(start: &Moment, end: &Moment) -> Length {
    match (start, end) {
        (Moment::Time { civil, zone }, Moment::Time { civil: end, zone: end_zone }) => {
            Length::exact(end_zone.instant(*end) - zone.instant(*civil))
        }
        _ => Length { days: end.civil().date() - start.civil().date(), seconds: TimeDelta::zero() },
    }
}

/// By the UID of an event, the starts of its occurrences that other events replace.
#[derive(Debug)]
pub struct ReplacedStarts<'a>(HashMap<&'a str, Vec<&'a Moment>>);

impl<'a> ReplacedStarts<'a> {
    pub fn of(events: &'a [Event]) -> Self {
        let mut starts: HashMap<_, Vec<_>> = HashMap::new();
        for event in events {
            if let (Some(uid), Some(replaced)) = (&event.uid, &event.replaced_start) {
                starts.entry(uid.as_str()).or_default().push(replaced);
            }
        }
        Self(starts)
    }
}

/// The starts at which an event does not occur. Some programs exclude a date where the event has a time.
#[derive(Debug, Default)]
struct ExcludedStarts {
    instants: HashSet<NaiveDateTime>,
    dates: HashSet<NaiveDate>,
}

impl ExcludedStarts {
    fn add(&mut self, start: &Moment, is_all_day: bool) {
        match start {
            Moment::Time { civil, zone } if !is_all_day => drop(self.instants.insert(zone.instant(*civil))),
            _ => drop(self.dates.insert(start.civil().date())),
        }
    }

    fn contain(&self, start: NaiveDateTime, zone: &Zone) -> bool {
        self.dates.contains(&start.date()) || self.instants.contains(&zone.instant(start))
    }
}
