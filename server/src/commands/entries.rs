//! Hours of people's calendars.

use std::collections::HashSet;

use bookline_protocol::reply::{self, DeleteReply, EntryFields, EntryKind, ReplacedEntry, ReplacedMeeting};
use bookline_protocol::{Id, Refusal, RequestedEntry as Asked, RequestedMeeting, Slot};

use super::answer::Answer;
use super::error::{CommandError, command_error, unexpected};
use super::month::Month;
use super::progress::AT_ONCE;
use super::service::Service;
use crate::commands::buffers::LONG_REPLY_SHARE;
use crate::domain::Rejection;
use crate::domain::calendar::Entry;
use crate::state::{NewEntry, Replacement, StateRejection};

/// What a PUT replaces is told at once up to this length, beside the new entry, which a line of 16 KiB makes no longer
/// than 24.
const REPLACED_AT_ONCE: usize = AT_ONCE / 4;

/// BLOCK
pub(super) fn block(
    service: &Service,
    who: &str,
    slot: Slot,
    answer: &mut Answer,
) -> Result<(), CommandError> {
    take(service, who, slot, &NewEntry::Block, answer)
}

/// MEET
pub(super) fn meet(
    service: &Service,
    who: &str,
    slot: Slot,
    meeting: &RequestedMeeting<'_>,
    answer: &mut Answer,
) -> Result<(), CommandError> {
    take(service, who, slot, &new_meeting(meeting), answer)
}

/// PUT
pub(super) fn put(
    service: &Service,
    who: &str,
    old: Slot,
    new: Slot,
    asked: &Asked<'_>,
    answer: &mut Answer,
) -> Result<(), CommandError> {
    let entry = match asked {
        Asked::Block => NewEntry::Block,
        Asked::Meeting(meeting) => new_meeting(meeting),
    };
    let replacement = Replacement { who, old, new, entry };
    let replace = |takes: fn(&Entry) -> bool, answer: &mut Answer| {
        service.store.replace(&replacement, takes, answer.micros, &mut answer.seen)
    };
    let mut replaced = replace(is_short, answer);
    if replaced == Err(StateRejection::TooLarge) {
        // What was replaced is told, and is in the state no more: its share is taken before anything is changed.
        answer.long =
            Some(answer.share(service, LONG_REPLY_SHARE).ok_or(CommandError::Share(LONG_REPLY_SHARE))?);
        replaced = replace(|_| true, answer);
    }
    let replaced = replaced.map_err(|rejection| {
        command_error(rejection, |rejection| match rejection {
            StateRejection::Rule(Rejection::Busy(busy)) => {
                busy_at(new, busy, " (the old entry is still there)")
            }
            other => cannot_free(who, old, other),
        })
    })?;
    let replaced = shown_replaced(old, &replaced, entry.people(who));
    taken(who, new, &entry, Some(&replaced), answer);
    Ok(())
}

/// Whether what is told of a replaced entry is short.
fn is_short(entry: &Entry) -> bool {
    let (title, group, host) = entry.texts();
    // The group comes once more, as those who were removed.
    2 * reply::entry_fields_bytes_max(title, group, host) <= REPLACED_AT_ONCE
}

/// DELETE
pub(super) fn delete(
    service: &Service,
    who: &str,
    slot: Slot,
    answer: &mut Answer,
) -> Result<(), CommandError> {
    let freed = service.store.free(who, slot, answer.micros, &mut answer.seen);
    let entry =
        freed.map_err(|rejection| command_error(rejection, |rejection| cannot_free(who, slot, rejection)))?;
    let deleted = match entry {
        Entry::Block { .. } => EntryKind::Block,
        Entry::Meeting(_) => EntryKind::Meeting,
    };
    reply::write_ok(
        &mut answer.out,
        &DeleteReply { name: who.into(), date: slot.date, time: slot.hour, deleted },
    );
    Ok(())
}

/// HOD: whether this person may see it, and what is to come.
pub(super) fn month(service: &Service, who: &Id<'_>) -> Result<Month, Refusal> {
    let head = service.head.as_str();
    if who.as_str() != head {
        let message =
            format!("{who} is not the head of department, and only {head} may see the month's meetings");
        return Err(Refusal::forbidden(message));
    }
    Ok(Month::new(service.clock.current_slot()))
}

fn take(
    service: &Service,
    who: &str,
    slot: Slot,
    entry: &NewEntry<'_>,
    answer: &mut Answer,
) -> Result<(), CommandError> {
    let done = service.store.take(who, slot, entry, answer.micros, &mut answer.seen);
    done.map_err(|rejection| {
        command_error(rejection, |rejection| match rejection {
            StateRejection::Rule(Rejection::Busy(busy)) => busy_at(slot, busy, ""),
            other => unexpected(&other),
        })
    })?;
    taken(who, slot, entry, None, answer);
    Ok(())
}

fn taken(
    who: &str,
    slot: Slot,
    entry: &NewEntry<'_>,
    replaced: Option<&ReplacedEntry<'_>>,
    answer: &mut Answer,
) {
    match *entry {
        NewEntry::Block => reply::write_block_reply(&mut answer.out, who, slot, replaced),
        NewEntry::Meeting { title, group, host } => {
            let meet = EntryFields { title: title.into(), group: group.into(), host: host.into() };
            reply::write_meet_reply(&mut answer.out, who, slot, &meet, replaced);
        }
    }
}

/// What PUT replaced, and who had an hour taken by it that the new entry does not take.
fn shown_replaced<'a>(
    slot: Slot,
    entry: &'a Entry,
    people: impl Iterator<Item = &'a str>,
) -> ReplacedEntry<'a> {
    let Slot { date, hour: time } = slot;
    let meeting = match entry {
        Entry::Block { .. } => None,
        Entry::Meeting(_) => {
            // Of those who are neither in the new entry nor named already.
            let mut named: HashSet<&str> = people.collect();
            let removed: Vec<_> = entry.people().filter(|person| named.insert(person)).collect();
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

fn busy_at(slot: Slot, busy: String, aside: &str) -> Refusal {
    /// A message names so many; the field `busy` has them all.
    const NAMED: usize = 5;
    let count = busy.split(',').count();
    let mut names = busy.split(',').take(NAMED).collect::<Vec<_>>().join(", ");
    if count > NAMED {
        names = format!("{names} and {} more", count - NAMED);
    }
    let are = if count == 1 { "is" } else { "are" };
    let message =
        format!("{names} {are} busy on {} at {}{aside}: choose another time", slot.date.dmy(), slot.hour);
    Refusal::conflict_busy(message, busy)
}

fn cannot_free(who: &str, slot: Slot, rejection: StateRejection) -> Refusal {
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
