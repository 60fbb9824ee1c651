//! Refusals: writes them, and words those that several commands share.

use bookline_protocol::limits::{CHANGE_PERSON_HOURS_MAX, COMMIT_BYTES_MAX, RANGE_DAYS_MAX};
use bookline_protocol::{DateRange, Period, Refusal, Slot};

use super::execution_status::ExecutionStatus;
use super::turn::Turn;
use crate::domain::{Busy, FreeingRejection, TooLarge};
use crate::state::{Error, NoShare};
use crate::storage::log::AppendError;

impl Turn {
    /// Writes a refusal as the reply.
    pub fn refuse(&mut self, refusal: Refusal) -> ExecutionStatus {
        self.counts.refused(refusal.code);
        refusal.write(&mut self.replies);
        ExecutionStatus::Complete
    }

    /// Replies to an error of the state. `refusal` words a rejection of the operation.
    pub fn fail<R>(&mut self, error: Error<R>, refusal: impl FnOnce(R) -> Refusal) -> ExecutionStatus {
        match error {
            Error::Rejected(rejection) => self.refuse(refusal(rejection)),
            Error::Full(full) => self.refuse(Refusal::full(full.to_string(), full.limit, full.requested)),
            Error::TooLarge(large) => self.refuse(too_large(large)),
            Error::Append(AppendError::Backpressure) => ExecutionStatus::Backpressure,
            Error::Append(read_only @ (AppendError::ReadOnly { .. } | AppendError::Misconfigured { .. })) => {
                self.refuse(Refusal::read_only(read_only))
            }
            Error::Append(unavailable @ AppendError::Unavailable { .. }) => {
                // It shows nothing of what was looked up for it, which may never be durable.
                (self.context.depends_on, self.looks) = self.before_request;
                self.refuse(Refusal::unavailable(unavailable))
            }
            Error::Append(AppendError::Closed) => {
                self.refuse(Refusal::shutting_down());
                ExecutionStatus::Close
            }
            Error::NoShare(NoShare(bytes)) => ExecutionStatus::NeedsShare(bytes),
        }
    }
}

/// Refuses a range of GET or HOD that has too many days.
pub fn check_range(range: DateRange) -> Result<(), Refusal> {
    let days = range.days();
    if days <= RANGE_DAYS_MAX {
        return Ok(());
    }
    let message = format!(
        "the range has {days} days, and at most {RANGE_DAYS_MAX} are allowed: ask for less at a time"
    );
    Err(Refusal::limit(message, RANGE_DAYS_MAX.into(), days.into()))
}

/// The noun for so many tickets.
pub fn tickets(count: u32) -> &'static str {
    if count == 1 { "ticket" } else { "tickets" }
}

/// The message of BOOK, UPDATE and GET about an event that does not exist.
pub fn no_such_event(id: &str) -> String {
    format!("there is no event {id}: GET lists all events")
}

/// BLOCK, MEET or PUT would fill hours of someone who is busy. `note` follows them in the message.
pub fn busy(period: Period, Busy { people, .. }: Busy, note: &str) -> Refusal {
    let (date, hour, hours) = (period.start().date.dmy(), period.start().hour, period.hours());
    let time = match hours.above_one() {
        None => format!("at {hour}"),
        Some(hours) => format!("in the {hours} hours from {hour}"),
    };
    let message = format!("{} busy on {date} {time}{note}: choose another time", names_are(&people));
    Refusal::conflict_busy(message, people)
}

/// A series of so many occurrences would fill hours of people who are busy. `note` and `advice` are parts of
/// the message.
pub fn busy_series(occurrences: usize, Busy { people, clashes }: Busy, note: &str, advice: &str) -> Refusal {
    let message = format!(
        "{} busy at {} of {occurrences} occurrences{note}: choose another time{advice}",
        names_are(&people),
        clashes.count(),
    );
    Refusal::conflict_clashes(message, people, *clashes)
}

/// The first of these people, and the verb.
fn names_are(people: &str) -> String {
    /// The message names so many people. The field `busy` has all of them.
    const NAMED_PEOPLE_MAX: usize = 5;
    let count = people.split(',').count();
    let names = people.split(',').take(NAMED_PEOPLE_MAX).collect::<Vec<_>>().join(", ");
    match count {
        1 => format!("{names} is"),
        ..=NAMED_PEOPLE_MAX => format!("{names} are"),
        _ => format!("{names} and {} more are", count - NAMED_PEOPLE_MAX),
    }
}

/// A request would change more than one may.
fn too_large(too_large: TooLarge) -> Refusal {
    match too_large {
        TooLarge::PersonHours(requested) => Refusal::limit(
            format!(
                "the request is about {requested} person-hours (entries, times their hours, times their people), \
                 and one may add or remove at most {CHANGE_PERSON_HOURS_MAX}: choose fewer occurrences, hours or \
                 people"
            ),
            CHANGE_PERSON_HOURS_MAX,
            requested,
        ),
        TooLarge::Bytes(requested) => Refusal::limit(
            format!(
                "the change would take {requested} bytes in the log, and one may take at most {COMMIT_BYTES_MAX}: \
                 choose fewer occurrences or people, or leave key= out"
            ),
            COMMIT_BYTES_MAX,
            requested,
        ),
    }
}

/// DELETE or PUT may not free `who`'s entry in a slot.
pub fn not_freed(who: &str, slot: Slot, rejection: FreeingRejection) -> Refusal {
    let (date, hour) = (slot.date.dmy(), slot.hour);
    match rejection {
        FreeingRejection::NoEntry => Refusal::not_found(format!(
            "{who} has nothing on {date} at {hour}: GET {who} {date} shows the day"
        )),
        FreeingRejection::NotInSeries => Refusal::bad_request(format!(
            "the entry of {who} on {date} at {hour} is not in a series: leave series= out"
        )),
        FreeingRejection::NotHost { host, start: Slot { date, hour } } => {
            let date = date.dmy();
            let message =
                format!("the meeting on {date} at {hour} is {host}'s: only its host can change or delete it");
            Refusal::forbidden_host(message, host)
        }
        FreeingRejection::OthersBlock { who, start: Slot { date, hour } } => {
            let date = date.dmy();
            let message =
                format!("the block on {date} at {hour} is {who}'s: only {who} can change or delete it");
            Refusal::forbidden_host(message, who)
        }
    }
}
