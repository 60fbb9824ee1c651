//! Refusals: writes them, and words those that several commands share.

use bookline_protocol::{Refusal, Slot};

use super::execution_status::ExecutionStatus;
use super::turn::Turn;
use crate::domain::{Busy, FreeingRejection};
use crate::state::{Error, NoShare};
use crate::storage::log::AppendError;

impl Turn {
    /// Writes a refusal as the reply.
    pub fn refuse(&mut self, refusal: Refusal) -> ExecutionStatus {
        refusal.write(&mut self.replies);
        ExecutionStatus::Complete
    }

    /// Replies to an error of the state. `refusal` words a rejection of the operation.
    pub fn fail<R>(&mut self, error: Error<R>, refusal: impl FnOnce(R) -> Refusal) -> ExecutionStatus {
        match error {
            Error::Rejected(rejection) => self.refuse(refusal(rejection)),
            Error::Full(full) => self.refuse(Refusal::full(full.to_string(), full.limit, full.requested)),
            Error::Append(AppendError::Backpressure) => ExecutionStatus::Backpressure,
            Error::Append(read_only @ AppendError::ReadOnly { .. }) => {
                self.refuse(Refusal::read_only(read_only))
            }
            Error::Append(AppendError::Closed) => {
                self.refuse(Refusal::shutting_down());
                ExecutionStatus::Close
            }
            Error::NoShare(NoShare(bytes)) => ExecutionStatus::NeedsShare(bytes),
        }
    }
}

/// The request is valid, and the state has neither longer entries nor series yet.
pub fn not_yet() -> Refusal {
    Refusal::bad_request("hours=, every=, series= and first are not served yet: leave them out")
}

/// The noun for so many tickets.
pub fn tickets(count: u32) -> &'static str {
    if count == 1 { "ticket" } else { "tickets" }
}

/// The message of BOOK, UPDATE and GET about an event that does not exist.
pub fn no_such_event(id: &str) -> String {
    format!("there is no event {id}: GET lists all events")
}

/// BLOCK, MEET or PUT would fill a slot of someone who is busy. `note` follows the slot in the message.
pub fn busy(slot: Slot, Busy { people }: Busy, note: &str) -> Refusal {
    /// The message names so many people. The field `busy` has all of them.
    const NAMED_PEOPLE_MAX: usize = 5;
    let count = people.split(',').count();
    let mut names = people.split(',').take(NAMED_PEOPLE_MAX).collect::<Vec<_>>().join(", ");
    if count > NAMED_PEOPLE_MAX {
        names = format!("{names} and {} more", count - NAMED_PEOPLE_MAX);
    }
    let are = if count == 1 { "is" } else { "are" };
    let message =
        format!("{names} {are} busy on {} at {}{note}: choose another time", slot.date.dmy(), slot.hour);
    Refusal::conflict_busy(message, people)
}

/// DELETE or PUT may not free `who`'s entry in a slot.
pub fn not_freed(who: &str, slot: Slot, rejection: FreeingRejection) -> Refusal {
    let (date, hour) = (slot.date.dmy(), slot.hour);
    match rejection {
        FreeingRejection::NoEntry => Refusal::not_found(format!(
            "{who} has nothing on {date} at {hour}: GET {who} {date} shows the day"
        )),
        FreeingRejection::NotHost { host } => {
            let message =
                format!("the meeting on {date} at {hour} is {host}'s: only its host can change or delete it");
            Refusal::forbidden_host(message, host)
        }
    }
}
