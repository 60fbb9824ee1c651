//! Refusals: writes them, and words those that several commands share.

use bookline_protocol::{Refusal, Slot};

use super::execution_status::ExecutionStatus;
use super::turn_context::TurnContext;
use crate::domain::Rejection;
use crate::state::StateRejection;
use crate::storage::log::AppendError;

impl TurnContext {
    /// Writes a refusal as the reply.
    pub fn refuse(&mut self, refusal: Refusal) -> ExecutionStatus {
        refusal.write(&mut self.replies);
        ExecutionStatus::Complete
    }

    /// Replies to a rejection of the state. `refusal` words the rejections that are specific to the command.
    pub fn reject(
        &mut self,
        rejection: StateRejection,
        refusal: impl FnOnce(StateRejection) -> Refusal,
    ) -> ExecutionStatus {
        match rejection {
            StateRejection::AppendError(AppendError::Backpressure) => ExecutionStatus::Backpressure,
            StateRejection::AppendError(AppendError::Closed) => {
                self.refuse(Refusal::shutting_down());
                ExecutionStatus::Close
            }
            StateRejection::AppendError(read_only @ AppendError::ReadOnly { .. }) => {
                self.refuse(Refusal::read_only(read_only))
            }
            StateRejection::Full(full) => {
                self.refuse(Refusal::full(full.to_string(), full.limit, full.requested))
            }
            other => self.refuse(refusal(other)),
        }
    }
}

/// A function of the store returned a rejection that it never returns for this request: a bug.
pub fn unexpected(rejection: &StateRejection) -> Refusal {
    Refusal::internal(format!("the state rejected the request for an unexpected reason: {rejection:?}"))
}

/// The message of BOOK and GET about an event that does not exist.
pub fn no_such_event(id: &str) -> String {
    format!("there is no event {id}: GET lists all events")
}

/// BLOCK, MEET or PUT would fill a slot of someone who is busy. `note` follows the slot in the message.
pub fn busy(slot: Slot, busy: String, note: &str) -> Refusal {
    /// The message names so many people. The field `busy` has all of them.
    const NAMED_PEOPLE_MAX: usize = 5;
    let count = busy.split(',').count();
    let mut names = busy.split(',').take(NAMED_PEOPLE_MAX).collect::<Vec<_>>().join(", ");
    if count > NAMED_PEOPLE_MAX {
        names = format!("{names} and {} more", count - NAMED_PEOPLE_MAX);
    }
    let are = if count == 1 { "is" } else { "are" };
    let message =
        format!("{names} {are} busy on {} at {}{note}: choose another time", slot.date.dmy(), slot.hour);
    Refusal::conflict_busy(message, busy)
}

/// DELETE or PUT may not free `who`'s entry in a slot.
pub fn not_freed(who: &str, slot: Slot, rejection: StateRejection) -> Refusal {
    let (date, hour) = (slot.date.dmy(), slot.hour);
    match rejection {
        StateRejection::Rule(Rejection::NoEntry) => Refusal::not_found(format!(
            "{who} has nothing on {date} at {hour}: GET {who} {date} shows the day"
        )),
        StateRejection::Rule(Rejection::NotHost { host }) => {
            let message =
                format!("the meeting on {date} at {hour} is {host}'s: only its host can change or delete it");
            Refusal::forbidden_host(message, host)
        }
        other => unexpected(&other),
    }
}
