//! PUT.

use std::collections::HashSet;

use bookline_protocol::commands::Put;
use bookline_protocol::commands::put::RequestedEntry;
use bookline_protocol::reply::{
    EntryFields, ReplacedEntry, ReplacedMeeting, WrittenEntry, entry_fields_bytes_max,
};
use bookline_protocol::{Hours, Period, Scope, Slot};

use super::chunk_status::CHUNK_BYTES_MAX;
use super::command::Command;
use super::entries::{new_meeting, write_entry_reply};
use super::execution_status::ExecutionStatus;
use super::refusals::{busy, not_freed, not_yet};
use super::service::Service;
use super::turn::Turn;
use crate::domain::calendar::Entry;
use crate::state::{Context, Keyed, NewEntry, Replacement, ReplacementRejection, UnusedKey};

/// The longest replaced entry in a reply that needs no share.
const REPLACED_BYTES_MAX: usize = CHUNK_BYTES_MAX / 4;

/// The longest new entry in a reply, if its line fits into a connection's own buffer of 16 KiB.
const NEW_ENTRY_BYTES_MAX: usize = 24 << 10;

const _: () = assert!(NEW_ENTRY_BYTES_MAX + REPLACED_BYTES_MAX <= CHUNK_BYTES_MAX);

impl Command for Put<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        if self.scope != Scope::This || self.hours.is_some_and(|hours| hours != Hours::ONE) {
            return turn.refuse(not_yet());
        }
        let (who, old, new) = (self.who.as_str(), self.old, self.new);
        let entry = match &self.entry {
            RequestedEntry::Block => NewEntry::Block,
            RequestedEntry::Meeting(meeting) => new_meeting(meeting),
        };
        let replacement = Replacement { who, old, new, entry };
        let write = |replaced: &Entry, out: &mut Vec<u8>| {
            let replaced = replaced_entry(old, replaced, entry.people(who));
            let written =
                WrittenEntry { replaced: Some(&replaced), ..WrittenEntry::new(who, Period::of_slot(new)) };
            write_entry_reply(out, &written, &entry);
        };
        let refusal = |rejection| match rejection {
            ReplacementRejection::Freeing(rejection) => not_freed(who, old, rejection),
            ReplacementRejection::Busy(rejection) => busy(new, rejection, " (the old entry is still there)"),
        };
        if key.is_some() {
            let replace = |context: &mut Context, keyed: Option<Keyed<'_, '_, Entry>>| {
                service.store.replace(context, &replacement, |_| Ok(()), keyed)
            };
            return turn.change(service, key, replace, write, refusal);
        }
        // The reply shows the replaced entry, which the state no longer has then: a share for a large one is
        // acquired before the change.
        let Turn { context, replies, shares, .. } = turn;
        let accept = |old: &Entry| if is_short(old) { Ok(()) } else { shares.acquire_large(service) };
        match service.store.replace(context, &replacement, accept, None) {
            Ok(replaced) => {
                write(&replaced, replies);
                ExecutionStatus::Complete
            }
            Err(error) => turn.fail(error, refusal),
        }
    }
}

/// Whether the reply shows a replaced entry in at most [`REPLACED_BYTES_MAX`] bytes.
fn is_short(entry: &Entry) -> bool {
    let (title, group, host) = entry.texts();
    // The group appears again as `removed`.
    2 * entry_fields_bytes_max(title, group, host) <= REPLACED_BYTES_MAX
}

/// The entry that was replaced, and those of its people who are not `people` of the new entry.
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
    ReplacedEntry { date, time, hours: None, meeting }
}
