//! What the commands about calendars share: new entries, and the replies that show entries.

use bookline_protocol::commands::RequestedMeeting;
use bookline_protocol::commands::block::write_block_reply;
use bookline_protocol::commands::meet::write_meet_reply;
use bookline_protocol::limits::SERIES_OCCURRENCES_MAX;
use bookline_protocol::recurrence::{OnConflict, Recurrence, RecurrenceError};
use bookline_protocol::reply::{EntryFields, EntryPlace, SeriesFields, WrittenEntry};
use bookline_protocol::{Period, Refusal, SeriesId};

use super::execution_status::ExecutionStatus;
use super::refusals::{busy, busy_series};
use super::service::Service;
use super::turn::Turn;
use crate::domain::Busy;
use crate::domain::calendar::Entry;
use crate::state::{Error, NewEntries, NewEntry, NewSeries, UnusedKey};

/// Where an entry is, beside one of its hours.
pub fn place_of(entry: &Entry) -> EntryPlace {
    EntryPlace::of(entry.period, entry.series)
}

/// Executes BLOCK or MEET.
pub fn create_entries(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    who: &str,
    entry: NewEntry<'_>,
    (period, recurrence): (Period, Option<Recurrence>),
) -> ExecutionStatus {
    match recurrence {
        None => {
            let new = NewEntries { who, entry, periods: &[period], series: None };
            turn.create_entries(service, key, &new)
        }
        Some(recurrence) => create_series(turn, service, key, who, entry, period, recurrence),
    }
}

fn create_series(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    who: &str,
    entry: NewEntry<'_>,
    first: Period,
    recurrence: Recurrence,
) -> ExecutionStatus {
    let periods = match recurrence.occurrences(first) {
        Ok(periods) => periods,
        Err(error) => return turn.refuse(no_occurrences(error)),
    };
    // The reply may list many clashes.
    if let Err(no_share) = turn.shares.acquire_large(service) {
        return ExecutionStatus::NeedsShare(no_share.0);
    }
    let series = NewSeries { id: SeriesId(rand::random()), on_conflict: recurrence.on_conflict };
    let new = NewEntries { who, entry, periods: &periods, series: Some(series) };
    turn.create_entries(service, key, &new)
}

/// The recurrence of a request has no list of occurrences.
fn no_occurrences(error: RecurrenceError) -> Refusal {
    match error {
        RecurrenceError::TooMany { requested } => {
            Refusal::limit(error.to_string(), SERIES_OCCURRENCES_MAX.into(), requested.into())
        }
        RecurrenceError::Empty { .. } | RecurrenceError::Period(_) => Refusal::bad_request(error.to_string()),
    }
}

impl Turn {
    /// Creates entries, or refuses it.
    #[inline]
    fn create_entries(
        &mut self,
        service: &Service,
        key: Option<UnusedKey<'_>>,
        new: &NewEntries<'_>,
    ) -> ExecutionStatus {
        match self.try_create_entries(service, key, new) {
            Ok(()) => ExecutionStatus::Complete,
            Err(error) => self.fail(error, |rejection| clash(new, rejection)),
        }
    }

    /// Creates entries and writes the reply.
    #[inline]
    pub(super) fn try_create_entries(
        &mut self,
        service: &Service,
        key: Option<UnusedKey<'_>>,
        new: &NewEntries<'_>,
    ) -> Result<(), Error<Busy>> {
        let created = self.try_change(
            service,
            key,
            |context, keyed| service.store.create_entries(context, new, keyed),
            |created, out| {
                let (series, occurrences) = (created.series, created.occurrences);
                let written = WrittenEntry {
                    series: series.map(|id| SeriesFields { series: Some(id), occurrences }),
                    skipped: created.skipped.as_deref(),
                    ..WrittenEntry::new(new.who, created.first)
                };
                write_entry_reply(out, &written, &new.entry);
            },
        );
        self.charge_person_hours();
        created
    }
}

/// People are busy at the time of new entries.
fn clash(NewEntries { periods, series, .. }: &NewEntries<'_>, rejection: Busy) -> Refusal {
    match series {
        None => busy(periods[0], rejection, ""),
        Some(NewSeries { on_conflict: OnConflict::Refuse, .. }) => {
            busy_series(periods.len(), rejection, "", ", or skip these by on_conflict=skip")
        }
        Some(NewSeries { on_conflict: OnConflict::Skip, .. }) => {
            busy_series(periods.len(), rejection, "", "")
        }
    }
}

/// Writes the reply to BLOCK, MEET or PUT.
pub fn write_entry_reply(out: &mut Vec<u8>, written: &WrittenEntry<'_>, entry: &NewEntry<'_>) {
    match *entry {
        NewEntry::Block => write_block_reply(out, written),
        NewEntry::Meeting { title, group, host } => {
            let meet = EntryFields { title: title.into(), group: group.into(), host: host.into() };
            write_meet_reply(out, written, &meet);
        }
    }
}

pub fn new_meeting<'a>(meeting: &'a RequestedMeeting<'_>) -> NewEntry<'a> {
    NewEntry::Meeting {
        title: meeting.title.as_str(),
        group: meeting.group.as_str(),
        host: meeting.host.as_str(),
    }
}
