//! What BLOCK, MEET and PUT share: new entries, and the replies that show them.

use bookline_protocol::Slot;
use bookline_protocol::commands::RequestedMeeting;
use bookline_protocol::commands::block::write_block_reply;
use bookline_protocol::commands::meet::write_meet_reply;
use bookline_protocol::reply::{EntryFields, ReplacedEntry};

use super::execution_status::ExecutionStatus;
use super::refusals::busy;
use super::service::Service;
use super::turn::Turn;
use crate::state::NewEntry;

/// Executes BLOCK or MEET.
pub fn create_entry(
    turn: &mut Turn,
    service: &Service,
    who: &str,
    slot: Slot,
    entry: &NewEntry<'_>,
) -> ExecutionStatus {
    match service.store.take(&mut turn.context, who, slot, entry) {
        Ok(()) => write_entry_reply(turn, who, slot, entry, None),
        Err(error) => turn.fail(error, |turn, rejection| turn.refuse(busy(slot, rejection, ""))),
    }
}

/// Writes the reply to BLOCK, MEET or PUT.
pub fn write_entry_reply(
    turn: &mut Turn,
    who: &str,
    slot: Slot,
    entry: &NewEntry<'_>,
    replaced: Option<&ReplacedEntry<'_>>,
) -> ExecutionStatus {
    match *entry {
        NewEntry::Block => write_block_reply(&mut turn.replies, who, slot, replaced),
        NewEntry::Meeting { title, group, host } => {
            let meet = EntryFields { title: title.into(), group: group.into(), host: host.into() };
            write_meet_reply(&mut turn.replies, who, slot, &meet, replaced);
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
