//! PUT.

use std::collections::HashSet;

use bookline_protocol::Slot;
use bookline_protocol::commands::Put;
use bookline_protocol::commands::put::RequestedEntry;
use bookline_protocol::reply::{EntryFields, ReplacedEntry, ReplacedMeeting, entry_fields_bytes_max};

use super::buffers::LARGE_REPLY_SHARE_BYTES;
use super::chunk_status::CHUNK_BYTES_MAX;
use super::command::Command;
use super::entries::{new_meeting, write_entry_reply};
use super::execution_status::ExecutionStatus;
use super::refusals::{busy, not_freed};
use super::service::Service;
use super::turn::{Turn, take_share};
use crate::domain::calendar::Entry;
use crate::state::{NewEntry, Replacement, ReplacementRejection};

/// The longest replaced entry in a reply that needs no share.
const REPLACED_BYTES_MAX: usize = CHUNK_BYTES_MAX / 4;

/// The longest new entry in a reply, if its line fits into a connection's own buffer of 16 KiB.
const NEW_ENTRY_BYTES_MAX: usize = 24 << 10;

const _: () = assert!(NEW_ENTRY_BYTES_MAX + REPLACED_BYTES_MAX <= CHUNK_BYTES_MAX);

/// No share for a large reply is free.
struct NoShare;

impl Command for Put<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        let (who, old, new) = (self.who.as_str(), self.old, self.new);
        let entry = match &self.entry {
            RequestedEntry::Block => NewEntry::Block,
            RequestedEntry::Meeting(meeting) => new_meeting(meeting),
        };
        let replacement = Replacement { who, old, new, entry };
        let Turn { context, share, large_reply_share, .. } = turn;
        // The reply shows the replaced entry, which the state no longer has then: a share for a large one is
        // acquired before the change.
        let acquire_share = |old: &Entry| {
            if !is_short(old) {
                *large_reply_share =
                    Some(take_share(share, service, LARGE_REPLY_SHARE_BYTES).ok_or(NoShare)?);
            }
            Ok(())
        };
        match service.store.replace(context, &replacement, acquire_share) {
            Ok(replaced) => {
                let replaced = replaced_entry(old, &replaced, entry.people(who));
                write_entry_reply(turn, who, new, &entry, Some(&replaced))
            }
            Err(error) => turn.fail(error, |turn, rejection| match rejection {
                ReplacementRejection::Freeing(rejection) => turn.refuse(not_freed(who, old, rejection)),
                ReplacementRejection::Busy(rejection) => {
                    turn.refuse(busy(new, rejection, " (the old entry is still there)"))
                }
                ReplacementRejection::NotAccepted(NoShare) => {
                    ExecutionStatus::NeedsShare(LARGE_REPLY_SHARE_BYTES)
                }
            }),
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
    ReplacedEntry { date, time, meeting }
}
