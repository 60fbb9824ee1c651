//! What BLOCK, MEET and PUT share: new entries, and the replies that show them.

use bookline_protocol::Slot;
use bookline_protocol::commands::RequestedMeeting;
use bookline_protocol::commands::block::write_block_reply;
use bookline_protocol::commands::meet::write_meet_reply;
use bookline_protocol::reply::{EntryFields, ReplacedEntry};

use super::execution_status::ExecutionStatus;
use super::refusals::{busy, unexpected};
use super::service::Service;
use super::turn_context::TurnContext;
use crate::domain::Rejection;
use crate::state::{NewEntry, StateRejection};

/// Executes BLOCK or MEET.
pub fn create_entry(
    context: &mut TurnContext,
    service: &Service,
    who: &str,
    slot: Slot,
    entry: &NewEntry<'_>,
) -> ExecutionStatus {
    match service.store.take(who, slot, entry, context.micros, &mut context.depends_on) {
        Ok(()) => write_entry_reply(context, who, slot, entry, None),
        Err(rejection) => context.reject(rejection, |rejection| match rejection {
            StateRejection::Rule(Rejection::Busy(people)) => busy(slot, people, ""),
            other => unexpected(&other),
        }),
    }
}

/// Writes the reply to BLOCK, MEET or PUT.
pub fn write_entry_reply(
    context: &mut TurnContext,
    who: &str,
    slot: Slot,
    entry: &NewEntry<'_>,
    replaced: Option<&ReplacedEntry<'_>>,
) -> ExecutionStatus {
    match *entry {
        NewEntry::Block => write_block_reply(&mut context.replies, who, slot, replaced),
        NewEntry::Meeting { title, group, host } => {
            let meet = EntryFields { title: title.into(), group: group.into(), host: host.into() };
            write_meet_reply(&mut context.replies, who, slot, &meet, replaced);
        }
    }
    ExecutionStatus::Complete
}

pub fn new_meeting<'a>(meeting: &'a RequestedMeeting<'_>) -> NewEntry<'a> {
    NewEntry::Meeting {
        title: meeting.title.as_str(),
        group: meeting.group.as_str(),
        host: meeting.host.as_str(),
    }
}
