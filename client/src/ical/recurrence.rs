//! Recurrence rules.

use chrono::{NaiveDateTime, TimeZone};
use rrule::{Frequency, RRule, Tz, Unvalidated};

use crate::ical::problem::Problem;
use crate::ical::value::{Value, excerpt};

/// Bytes of a rule. Programs write below 200. It bounds the lists of days and times in it.
const RULE_BYTES_MAX: usize = 1_000;

/// Times of a day that a rule may list: each quarter of an hour. With more, one year of a rule could fill the
/// memory.
const DAY_TIMES_MAX: usize = 96;

/// The periods of rules, occurrences and hours that are examined for a file: 500 events that recurred daily
/// since 1999, in a few seconds.
const STEPS_MAX: u64 = 10_000_000;

/// Counts what is examined for a file, so that no file makes the client busy without end.
#[derive(Debug)]
pub struct Steps {
    left: u64,
}

impl Default for Steps {
    fn default() -> Self {
        Self { left: STEPS_MAX }
    }
}

impl Steps {
    /// Takes some steps.
    ///
    /// # Errors
    ///
    /// [`Problem::TooManyOccurrences`].
    pub fn take(&mut self, count: u64) -> Result<(), Problem> {
        let left = self.left.checked_sub(count);
        self.left = left.ok_or(Problem::TooManyOccurrences { steps_max: STEPS_MAX })?;
        Ok(())
    }
}

/// A rule (RFC 5545, section 3.3.10).
#[derive(Debug)]
pub struct Rule {
    /// Without UNTIL. It is applied to civil time, as if that were UTC: what the zone makes of it is not its
    /// business.
    rule: RRule<Unvalidated>,
    until: Option<Value>,
    text: String,
}

impl Rule {
    /// Parses the value of an RRULE.
    ///
    /// # Errors
    ///
    /// The rule is not valid, too long, or repeats an event more often than hourly.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let shown = excerpt(text);
        if text.len() > RULE_BYTES_MAX {
            return Err(Problem::LongRule { rule: shown, bytes_max: RULE_BYTES_MAX });
        }
        let is_until = |part: &&str| part.get(..6).is_some_and(|name| name.eq_ignore_ascii_case("UNTIL="));
        let until = text.split(';').find(is_until).map(|part| Value::parse(&part[6..])).transpose()?;
        let parts: Vec<_> = text.split(';').filter(|part| !part.is_empty() && !is_until(part)).collect();
        let parsed = parts.join(";").parse::<RRule<Unvalidated>>();
        let rule =
            parsed.map_err(|error| Problem::Rule { rule: shown.clone(), reason: error.to_string() })?;
        let times = [rule.get_by_hour().len(), rule.get_by_minute().len(), rule.get_by_second().len()];
        let day_times: usize = times.into_iter().map(|count| count.max(1)).product();
        if rule.get_freq() > Frequency::Hourly || day_times > DAY_TIMES_MAX {
            return Err(Problem::Frequent { rule: shown });
        }
        Ok(Self { rule, until, text: shown })
    }

    /// How many days, weeks and so on the iteration looks at, about: a rule may have few occurrences in many.
    fn periods(&self, start: NaiveDateTime, end: NaiveDateTime) -> u64 {
        let hours = match self.rule.get_freq() {
            Frequency::Yearly => 365 * 24,
            Frequency::Monthly => 30 * 24,
            Frequency::Weekly => 7 * 24,
            Frequency::Daily => 24,
            Frequency::Hourly | Frequency::Minutely | Frequency::Secondly => 1,
        };
        let interval = u64::from(self.rule.get_interval()).max(1);
        u64::try_from((end - start).num_hours()).unwrap_or_default() / (hours * interval)
    }

    /// The civil times at which something recurs that begins at `start`, up to `end`. `instant` converts a
    /// civil time to UTC.
    ///
    /// # Errors
    ///
    /// The rule does not fit the start, has no further date though nothing ends it, or there are too many.
    pub fn occurrences(
        &self,
        start: NaiveDateTime,
        end: NaiveDateTime,
        instant: impl Fn(NaiveDateTime) -> NaiveDateTime,
        steps: &mut Steps,
    ) -> Result<Vec<NaiveDateTime>, Problem> {
        let civil = |time: NaiveDateTime| Tz::UTC.from_utc_datetime(&time);
        let built = self.rule.clone().build(civil(start));
        let set = built
            .map_err(|error| Problem::Rule { rule: self.text.clone(), reason: error.to_string() })?
            .limit();
        let is_behind = |time: NaiveDateTime| match self.until {
            None => false,
            Some(Value::Date(date)) => time.date() > date,
            Some(Value::Civil(until)) => time > until,
            Some(Value::Utc(until)) => instant(time) > until,
        };
        steps.take(self.periods(start, end))?;
        let mut occurrences = Vec::new();
        for occurrence in &set {
            let time = occurrence.naive_utc();
            if time > end || is_behind(time) {
                return Ok(occurrences);
            }
            steps.take(1)?;
            occurrences.push(time);
        }
        // The iteration ends at the last one, or after 100,000 periods without one, as in BYMONTHDAY=30 in
        // February.
        match self.rule.get_count() {
            Some(count) if occurrences.len() as u64 >= count.into() => Ok(occurrences),
            _ => Err(Problem::Endless { rule: self.text.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    fn expand(rule: &str) -> Result<Vec<String>, Problem> {
        let (start, end) = (time("2026-11-20 09:00"), time("2026-12-31 00:00"));
        let berlin = crate::ical::value::offset("+0100").unwrap();
        let times =
            Rule::parse(rule)?.occurrences(start, end, |civil| civil - berlin, &mut Steps::default())?;
        Ok(times.into_iter().map(|time| time.format("%m-%d %H").to_string()).collect())
    }

    #[test]
    fn rule_ends_at_its_count_or_its_last_time() {
        let three = vec!["11-20 09", "11-21 09", "11-22 09"];
        for end in ["COUNT=3", "UNTIL=20261122", "UNTIL=20261122T090000", "UNTIL=20261122T080000Z"] {
            assert_eq!(expand(&format!("FREQ=DAILY;{end}")).unwrap(), three, "{end}");
        }
        for end in ["UNTIL=20261122T085959", "UNTIL=20261122T075959Z", "COUNT=2"] {
            assert_eq!(expand(&format!("freq=daily;{end}")).unwrap(), three[..2], "{end}");
        }
        assert_eq!(expand("FREQ=DAILY;UNTIL=20261119").unwrap(), [""; 0]);
    }

    #[test]
    fn rule_of_days_is_expanded() {
        assert_eq!(expand("FREQ=MONTHLY;BYDAY=-1FR;").unwrap(), ["11-27 09", "12-25 09"]);
        let weekly = expand("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,FR;COUNT=3").unwrap();
        assert_eq!(weekly, ["11-20 09", "11-30 09", "12-04 09"]);
    }

    #[test]
    fn invalid_rule_is_refused() {
        for rule in [
            "",
            "DAILY",
            "FREQ=OFTEN",
            "FREQ=DAILY;BYMONTH=13",
            "FREQ=DAILY;UNTIL=soon",
            "FREQ=WEEKLY;BYDAY=Ä",
        ] {
            assert!(matches!(expand(rule), Err(Problem::Rule { .. } | Problem::Moment { .. })), "{rule}");
        }
    }

    #[test]
    fn hostile_rule_is_refused_at_once() {
        let list = (0..60).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        for rule in [
            "FREQ=SECONDLY".to_owned(),
            "FREQ=MINUTELY;BYHOUR=3;BYMINUTE=0".to_owned(),
            format!("FREQ=YEARLY;BYMINUTE={list};BYSECOND={list}"),
        ] {
            assert!(matches!(expand(&rule), Err(Problem::Frequent { .. })), "{rule}");
        }
        let endless = [
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=YEARLY;COUNT=2;BYYEARDAY=366;BYMONTH=1",
        ];
        for rule in endless {
            assert!(matches!(expand(rule), Err(Problem::Endless { .. })), "{rule}");
        }
        let long = format!("FREQ=DAILY;BYHOUR={}", "1,".repeat(1_000));
        assert!(matches!(expand(&long), Err(Problem::LongRule { .. })));
    }

    #[test]
    fn occurrences_of_a_file_are_limited() {
        for rule in [
            "FREQ=HOURLY",
            "FREQ=HOURLY;BYHOUR=3;BYMONTH=1;BYMONTHDAY=1",
            "FREQ=YEARLY;BYHOUR=0,6,12,18;BYDAY=MO,TU,WE,TH,FR,SA",
        ] {
            let mut steps = Steps { left: 1_000 };
            let (start, end) = (time("2026-11-20 09:00"), time("2027-11-20 09:00"));
            let expanded = Rule::parse(rule).unwrap().occurrences(start, end, |civil| civil, &mut steps);
            assert_eq!(expanded, Err(Problem::TooManyOccurrences { steps_max: STEPS_MAX }), "{rule}");
        }
    }
}
