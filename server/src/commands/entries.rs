//! Requests about calendar entries.

use std::collections::HashSet;

use bookline_protocol::commands::RequestedMeeting;
use bookline_protocol::commands::block::write_block_reply;
use bookline_protocol::commands::delete::{DeleteReply, EntryKind};
use bookline_protocol::commands::meet::write_meet_reply;
use bookline_protocol::commands::put::RequestedEntry;
use bookline_protocol::reply::{self, EntryFields, ReplacedEntry, ReplacedMeeting};
use bookline_protocol::{Id, Refusal, Slot};

use super::chunk_status::CHUNK_BYTES_MAX;
use super::error::{CommandError, command_error, unexpected};
use super::month::ChunkedMonth;
use super::service::Service;
use super::turn_context::TurnContext;
use crate::commands::buffers::LARGE_REPLY_SHARE_BYTES;
use crate::domain::Rejection;
use crate::domain::calendar::Entry;
use crate::state::{NewEntry, Replacement, StateRejection};

/// The longest replaced entry in a reply to PUT that needs no share.
const REPLACED_BYTES_MAX: usize = CHUNK_BYTES_MAX / 4;

/// The longest new entry in a reply to PUT, if its line fits into a connection's own buffer of 16 KiB.
const NEW_ENTRY_BYTES_MAX: usize = 24 << 10;

const _: () = assert!(NEW_ENTRY_BYTES_MAX + REPLACED_BYTES_MAX <= CHUNK_BYTES_MAX);

pub(super) fn block(
    service: &Service,
    who: &str,
    slot: Slot,
    context: &mut TurnContext,
) -> Result<(), CommandError> {
    create_entry(service, who, slot, &NewEntry::Block, context)
}

pub(super) fn meet(
    service: &Service,
    who: &str,
    slot: Slot,
    meeting: &RequestedMeeting<'_>,
    context: &mut TurnContext,
) -> Result<(), CommandError> {
    create_entry(service, who, slot, &new_meeting(meeting), context)
}

pub(super) fn put(
    service: &Service,
    who: &str,
    old: Slot,
    new: Slot,
    requested: &RequestedEntry<'_>,
    context: &mut TurnContext,
) -> Result<(), CommandError> {
    let entry = match requested {
        RequestedEntry::Block => NewEntry::Block,
        RequestedEntry::Meeting(meeting) => new_meeting(meeting),
    };
    let replacement = Replacement { who, old, new, entry };
    let replace = |accepts: fn(&Entry) -> bool, context: &mut TurnContext| {
        service.store.replace(&replacement, accepts, context.micros, &mut context.depends_on)
    };
    let mut replaced = replace(is_short, context);
    if replaced == Err(StateRejection::TooLarge) {
        // The reply shows the replaced entry, which the state no longer has then: a share is acquired before
        // the change.
        context.large_reply_share = Some(
            context
                .share(service, LARGE_REPLY_SHARE_BYTES)
                .ok_or(CommandError::NeedsShare(LARGE_REPLY_SHARE_BYTES))?,
        );
        replaced = replace(|_| true, context);
    }
    let replaced = replaced.map_err(|rejection| {
        command_error(rejection, |rejection| match rejection {
            StateRejection::Rule(Rejection::Busy(busy)) => {
                busy_refusal(new, busy, " (the old entry is still there)")
            }
            other => free_refusal(who, old, other),
        })
    })?;
    let replaced = replaced_entry(old, &replaced, entry.people(who));
    write_entry_reply(who, new, &entry, Some(&replaced), context);
    Ok(())
}

/// Whether the reply shows a replaced entry in at most [`REPLACED_BYTES_MAX`] bytes.
fn is_short(entry: &Entry) -> bool {
    let (title, group, host) = entry.texts();
    // The group appears again as `removed`.
    2 * reply::entry_fields_bytes_max(title, group, host) <= REPLACED_BYTES_MAX
}

pub(super) fn delete(
    service: &Service,
    who: &str,
    slot: Slot,
    context: &mut TurnContext,
) -> Result<(), CommandError> {
    let freed = service.store.free(who, slot, context.micros, &mut context.depends_on);
    let entry = freed
        .map_err(|rejection| command_error(rejection, |rejection| free_refusal(who, slot, rejection)))?;
    let deleted = match entry {
        Entry::Block { .. } => EntryKind::Block,
        Entry::Meeting(_) => EntryKind::Meeting,
    };
    reply::write_ok(
        &mut context.replies,
        &DeleteReply { name: who.into(), date: slot.date, time: slot.hour, deleted },
    );
    Ok(())
}

/// HOD, which only the head of department may send.
pub(super) fn month(service: &Service, who: &Id<'_>) -> Result<ChunkedMonth, Refusal> {
    let head = service.head.as_str();
    if who.as_str() != head {
        let message =
            format!("{who} is not the head of department, and only {head} may see the month's meetings");
        return Err(Refusal::forbidden(message));
    }
    Ok(ChunkedMonth::new(service.clock.current_slot()))
}

fn create_entry(
    service: &Service,
    who: &str,
    slot: Slot,
    entry: &NewEntry<'_>,
    context: &mut TurnContext,
) -> Result<(), CommandError> {
    let created = service.store.take(who, slot, entry, context.micros, &mut context.depends_on);
    created.map_err(|rejection| {
        command_error(rejection, |rejection| match rejection {
            StateRejection::Rule(Rejection::Busy(busy)) => busy_refusal(slot, busy, ""),
            other => unexpected(&other),
        })
    })?;
    write_entry_reply(who, slot, entry, None, context);
    Ok(())
}

fn write_entry_reply(
    who: &str,
    slot: Slot,
    entry: &NewEntry<'_>,
    replaced: Option<&ReplacedEntry<'_>>,
    context: &mut TurnContext,
) {
    match *entry {
        NewEntry::Block => write_block_reply(&mut context.replies, who, slot, replaced),
        NewEntry::Meeting { title, group, host } => {
            let meet = EntryFields { title: title.into(), group: group.into(), host: host.into() };
            write_meet_reply(&mut context.replies, who, slot, &meet, replaced);
        }
    }
}

/// The entry that PUT replaced, and those of its people who are not `people` of the new entry.
fn replaced_entry<'a>(
    slot: Slot,
    entry: &'a Entry,
    people: impl Iterator<Item = &'a str>,
) -> ReplacedEntry<'a> {
    let Slot { date, hour: time } = slot;
    let meeting = match entry {
        Entry::Block { .. } => None,
        Entry::Meeting(_) => {
            let mut known: HashSet<&str> = people.collect();
            let removed: Vec<_> = entry.people().filter(|person| known.insert(person)).collect();
            let (title, group, host) = entry.texts();
            let meet = EntryFields { title: title.into(), group: group.into(), host: host.into() };
            Some(ReplacedMeeting { meet, removed: removed.join(",").into() })
        }
    };
    ReplacedEntry { date, time, meeting }
}

fn new_meeting<'a>(meeting: &'a RequestedMeeting<'_>) -> NewEntry<'a> {
    NewEntry::Meeting {
        title: meeting.title.as_str(),
        group: meeting.group.as_str(),
        host: meeting.host.as_str(),
    }
}

fn busy_refusal(slot: Slot, busy: String, note: &str) -> Refusal {
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

fn free_refusal(who: &str, slot: Slot, rejection: StateRejection) -> Refusal {
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
