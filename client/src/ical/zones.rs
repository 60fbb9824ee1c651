//! The time zones of a file.

use std::collections::HashMap;
use std::rc::Rc;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

use crate::ical::component::Component;
use crate::ical::content_line::ContentLine;
use crate::ical::described_zone::DescribedZone;
use crate::ical::problem::{Problem, ReadError};
use crate::ical::recurrence::Steps;
use crate::ical::value::{Value, excerpt};
use crate::ical::windows_zone;
use crate::ical::zone::Zone;

/// The zones that a file may use.
#[derive(Debug)]
pub struct Zones {
    /// That of times without a zone.
    floating: Zone,
    described: HashMap<String, Zone>,
}

/// A date or a time with its zone.
#[derive(Clone, Debug)]
pub enum Moment {
    Date(NaiveDate),
    Time { civil: NaiveDateTime, zone: Zone },
}

impl Moment {
    /// The civil time: midnight of a date.
    pub fn civil(&self) -> NaiveDateTime {
        match self {
            Self::Date(date) => date.and_time(NaiveTime::MIN),
            Self::Time { civil, .. } => *civil,
        }
    }
}

impl Zones {
    /// The zones that the components of a file describe, as they are until `end`. Times without a zone are in
    /// `floating`.
    ///
    /// # Errors
    ///
    /// A description is not valid.
    pub fn read(
        components: &[Component],
        floating: Tz,
        end: NaiveDateTime,
        steps: &mut Steps,
    ) -> Result<Self, ReadError> {
        let mut described = HashMap::new();
        for component in components.iter().filter(|component| component.name == "VTIMEZONE") {
            let Some(name) = component.property("TZID") else { continue };
            if let Some(zone) = DescribedZone::read(component, end, steps)? {
                described.insert(name.value.clone(), Zone::Described(Rc::new(zone)));
            }
        }
        Ok(Self { floating: Zone::Iana(floating), described })
    }

    /// The moments in the value of a property, which are separated by commas.
    ///
    /// # Errors
    ///
    /// A moment is not valid, or its zone is unknown.
    pub fn moments(&self, property: &ContentLine) -> Result<Vec<Moment>, ReadError> {
        let moments = property.value.split(',').filter(|value| !value.is_empty());
        let moments = moments.map(|value| self.moment(property, value)).collect::<Result<_, _>>();
        moments.map_err(|problem| problem.at(property.number))
    }

    fn moment(&self, property: &ContentLine, value: &str) -> Result<Moment, Problem> {
        Ok(match Value::parse(value)? {
            Value::Date(date) => Moment::Date(date),
            Value::Utc(civil) => Moment::Time { civil, zone: Zone::UTC },
            Value::Civil(civil) => Moment::Time { civil, zone: self.zone(property.parameter("TZID"))? },
        })
    }

    /// The zone of a name. The IANA database comes first: it knows what changed over the years.
    fn zone(&self, name: Option<&str>) -> Result<Zone, Problem> {
        let Some(name) = name else { return Ok(self.floating.clone()) };
        let zone = iana_zone(name)
            .map(Zone::Iana)
            .or_else(|| self.described.get(name).cloned())
            .or_else(|| windows_zone::zone(name).map(Zone::Iana));
        zone.ok_or_else(|| Problem::Zone { name: excerpt(name) })
    }
}

/// The IANA zone of a name, or of its end: some programs put their own before it, as in
/// `/mozilla.org/20050126_1/Europe/Berlin`.
fn iana_zone(name: &str) -> Option<Tz> {
    let behind_slashes = name.match_indices('/').map(|(at, _)| &name[at + 1..]);
    std::iter::once(name).chain(behind_slashes).find_map(|name| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ical::content_line::content_lines;

    fn zones() -> Zones {
        Zones { floating: Zone::Iana(Tz::Europe__Prague), described: HashMap::new() }
    }

    #[test]
    fn zone_is_found_by_the_names_that_programs_write() {
        for name in ["Europe/Berlin", "/mozilla.org/20050126_1/Europe/Berlin", "W. Europe Standard Time"] {
            let zone = zones().zone(Some(name)).unwrap();
            assert!(matches!(zone, Zone::Iana(Tz::Europe__Berlin)), "{name}");
        }
        assert!(matches!(zones().zone(None), Ok(Zone::Iana(Tz::Europe__Prague))));
        let unknown = zones().zone(Some("Middle Earth/Shire"));
        assert!(matches!(unknown, Err(Problem::Zone { name }) if name == "Middle Earth/Shire"));
    }

    #[test]
    fn time_in_utc_has_no_other_zone() {
        let line = content_lines("DTSTART;TZID=Europe/Berlin:20261121T220000Z").next().unwrap();
        let moments = zones().moments(&line).unwrap();
        assert!(matches!(moments[0], Moment::Time { zone: Zone::Iana(Tz::UTC), .. }));
    }
}
