//! What BLOCK, MEET and PUT share: new entries, and the replies that show them.

use bookline_protocol::commands::RequestedMeeting;
use bookline_protocol::commands::block::write_block_reply;
use bookline_protocol::commands::meet::write_meet_reply;
use bookline_protocol::reply::{EntryFields, WrittenEntry};
use bookline_protocol::{Period, Slot};

use super::execution_status::ExecutionStatus;
use super::refusals::busy;
use super::service::Service;
use super::turn::Turn;
use crate::state::{NewEntry, UnusedKey};

/// Executes BLOCK or MEET.
pub fn create_entry(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    who: &str,
    slot: Slot,
    entry: &NewEntry<'_>,
) -> ExecutionStatus {
    turn.change(
        service,
        key,
        |context, keyed| service.store.take(context, who, slot, entry, keyed),
        |(), out| write_entry_reply(out, &WrittenEntry::new(who, Period::of_slot(slot)), entry),
        |rejection| busy(slot, rejection, ""),
    )
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
