//! A person's calendar on a server, for the commands that read and write iCalendar files.

use std::ops::Range;

use bookline_protocol::commands::get::{DayEntry, DayReply};
use bookline_protocol::limits::RANGE_DAYS_MAX;
use bookline_protocol::reply::EntryFields;
use bookline_protocol::{Date, Id, Period, Slot};
use chrono::{DateTime, FixedOffset};
use chrono_tz::Tz;

use crate::error::Error;
use crate::ical::calendar::{Entry, Meeting};
use crate::local::connected::connected;
use crate::net::connection::Target;
use crate::net::connection::parse_hello_of_account;
use crate::net::requester::{FinalLine, Requester};
use crate::net::retry::Retry;

/// A person's calendar on a server.
pub struct Schedule<'a> {
    requester: Requester<'a>,
    who: &'a Id<'static>,
    /// The zone of its hours.
    pub zone: Tz,
    /// The server's time in that zone.
    pub now: DateTime<FixedOffset>,
}

impl Schedule<'_> {
    /// Connects, and executes `then`.
    ///
    /// # Errors
    ///
    /// There is no connection to a Bookline server, its time zone is unknown here, or `then` fails.
    pub fn open<T>(
        target: &Target,
        retry: Retry,
        who: &Id<'static>,
        then: impl AsyncFnOnce(&mut Schedule<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        connected(target, retry, async |requester, hello| {
            let not_bookline =
                || Error::NotBookline { address: target.address.clone(), reply: hello.clone() };
            let hello = parse_hello_of_account(&hello, &target.address)?;
            let zone = hello.time_zone.parse();
            let zone = zone.map_err(|_| Error::UnknownZone { zone: hello.time_zone.to_string() })?;
            let now = DateTime::parse_from_rfc3339(&hello.now).map_err(|_| not_bookline())?;
            then(&mut Schedule { requester, who, zone, now }).await
        })
    }

    /// The date at the server.
    pub fn today(&self) -> Date {
        // A clock that shows another year than 1 to 9999 shows nothing of use.
        Date::from_naive(self.now.date_naive()).unwrap_or(last_date())
    }

    /// The entries that fill an hour of these days, both included, by their start.
    ///
    /// # Errors
    ///
    /// The server refuses, or there is no reply.
    pub async fn entries(&mut self, from: Date, to: Date) -> Result<Vec<Entry>, Error> {
        let mut entries: Vec<Entry> = Vec::new();
        for days in chunks(from.day_number()..to.day_number() + 1) {
            let [first, last] =
                [days.start, days.end - 1].map(|day| Date::from_day_number(day).unwrap_or_else(last_date));
            let line = format!("GET {} {} {}", self.who.as_str(), first.iso(), last.iso());
            let reply = self.requester.request(&line).await?;
            if let FinalLine::Err { sentence, .. } = reply.last {
                return Err(Error::Refused { sentence });
            }
            for row in &reply.rows {
                let unknown = || Error::UnknownRow { row: row.clone() };
                let day: DayReply<'_> = serde_json::from_str(row).map_err(|_| unknown())?;
                for hour in day.schedule {
                    let entry = entry(hour, day.date, self.who).ok_or_else(unknown)?;
                    // An entry of several hours is at each of them.
                    if entries.last().is_none_or(|last| last.period.start() < entry.period.start()) {
                        entries.push(entry);
                    }
                }
            }
        }
        Ok(entries)
    }

    /// Blocks a period. Returns the refusal, if there is one.
    ///
    /// # Errors
    ///
    /// There is no reply.
    pub async fn block(&mut self, period: Period) -> Result<Option<Refusal>, Error> {
        let line = self.block_line(period);
        self.change(&line).await
    }

    /// Deletes a block. Returns the refusal, if there is one.
    ///
    /// # Errors
    ///
    /// There is no reply.
    pub async fn delete(&mut self, period: Period) -> Result<Option<Refusal>, Error> {
        let line = self.delete_line(period);
        self.change(&line).await
    }

    async fn change(&mut self, line: &str) -> Result<Option<Refusal>, Error> {
        Ok(match self.requester.request(line).await?.last {
            FinalLine::Ok(_) => None,
            FinalLine::Err { code, sentence } => Some(Refusal { code, sentence }),
        })
    }

    /// The request that blocks a period, without a key.
    pub fn block_line(&self, period: Period) -> String {
        let hours = period.hours().above_one().map(|hours| format!(" hours={hours}")).unwrap_or_default();
        format!("BLOCK {}{hours}", self.place(period))
    }

    /// The request that deletes a block, without a key.
    pub fn delete_line(&self, period: Period) -> String {
        format!("DELETE {}", self.place(period))
    }

    fn place(&self, period: Period) -> String {
        let Slot { date, hour } = period.start();
        format!("{} {} {hour}", self.who.as_str(), date.iso())
    }
}

/// Why the server refused a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: String,
    pub sentence: String,
}

/// The entry of an hour of a day, or `None` if the reply makes no sense.
fn entry(hour: DayEntry<'_>, date: Date, who: &Id<'_>) -> Option<Entry> {
    let start = hour.place.from.unwrap_or(Slot { date, hour: hour.time });
    let period = Period::new(start, hour.place.hours.unwrap_or_default()).ok()?;
    let is_block = hour.meet.is_block();
    let EntryFields { title, group, host } = hour.meet;
    // The person is in the meeting without being in its group, if someone else is the host.
    let mut attendees: Vec<_> = group.iter().map(str::to_owned).collect();
    if host != who.as_str() && !attendees.iter().any(|id| id == who.as_str()) {
        attendees.push(who.as_str().to_owned());
    }
    let meeting = (!is_block).then(|| Meeting { title: title.into_owned(), attendees });
    Some(Entry { period, host: host.into_owned(), meeting })
}

/// Ranges of days, as long as a GET may have.
fn chunks(days: Range<u32>) -> impl Iterator<Item = Range<u32>> {
    let end = days.end;
    days.step_by(RANGE_DAYS_MAX as usize).map(move |first| first..end.min(first + RANGE_DAYS_MAX))
}

fn last_date() -> Date {
    Date::parse("9999-12-31").expect("a date")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_asked_for_in_parts_of_a_year() {
        let parts = |days| chunks(days).collect::<Vec<_>>();
        assert_eq!(parts(10..11), vec![10..11]);
        assert_eq!(parts(10..376), vec![10..376]);
        assert_eq!(parts(10..377), vec![10..376, 376..377]);
    }
}
