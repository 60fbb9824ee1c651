//! PUT.

use std::collections::HashSet;

use bookline_protocol::commands::Put;
use bookline_protocol::commands::put::RequestedEntry;
use bookline_protocol::reply::{
    EntryFields, ReplacedEntry, ReplacedMeeting, SeriesFields, WrittenEntry, entry_fields_bytes_max,
};
use bookline_protocol::{Refusal, Scope, Slot};

use super::chunk_status::CHUNK_BYTES_MAX;
use super::command::Command;
use super::entries::{new_meeting, write_entry_reply};
use super::execution_status::ExecutionStatus;
use super::refusals::{busy, busy_series, not_freed};
use super::service::Service;
use super::turn::Turn;
use crate::domain::calendar::Entry;
use crate::state::{
    Context, Keyed, NewEntry, NoShare, ReplacedEntries, Replacement, ReplacementRejection, UnusedKey,
};

/// The longest replaced entry in a reply that needs no share.
const REPLACED_BYTES_MAX: usize = CHUNK_BYTES_MAX / 4;

/// The longest new entry in a reply, if its line fits into a connection's own buffer of 16 KiB.
const NEW_ENTRY_BYTES_MAX: usize = 24 << 10;

const _: () = assert!(NEW_ENTRY_BYTES_MAX + REPLACED_BYTES_MAX <= CHUNK_BYTES_MAX);

impl Command for Put<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let Self { old, new, hours, scope, .. } = *self;
        let who = self.who.as_str();
        let entry = match &self.entry {
            RequestedEntry::Block => NewEntry::Block,
            RequestedEntry::Meeting(meeting) => new_meeting(meeting),
        };
        if scope.is_some()
            && let Err(NoShare(bytes)) = turn.shares.acquire_large(service)
        {
            // The refusal may list many clashes.
            return ExecutionStatus::NeedsShare(bytes);
        }
        let replacement = Replacement { who, old, new, hours, entry, scope };
        let status = replace(turn, service, key, &replacement);
        turn.charge_person_hours();
        status
    }
}

fn replace(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    replacement: &Replacement<'_>,
) -> ExecutionStatus {
    let Replacement { who, old, ref entry, .. } = *replacement;
    let write = |replaced: &ReplacedEntries, out: &mut Vec<u8>| write_reply(out, who, entry, replaced);
    let refusal = |rejection| match rejection {
        ReplacementRejection::Freeing(rejection) => not_freed(who, old, rejection),
        ReplacementRejection::Period(error) => {
            Refusal::bad_request(format!("the new time is outside of the dates: {error}"))
        }
        ReplacementRejection::Busy { period, occurrences, busy: rejection } => {
            const UNCHANGED: &str = " (the old entries are still there)";
            match replacement.scope {
                None | Some(Scope::This) => busy(period, rejection, " (the old entry is still there)"),
                Some(Scope::Following | Scope::All) => busy_series(occurrences, rejection, UNCHANGED, ""),
            }
        }
    };
    if key.is_some() {
        let replace = |context: &mut Context, keyed: Option<Keyed<'_, '_, ReplacedEntries>>| {
            service.store.replace_entries(context, replacement, |_| Ok(()), keyed)
        };
        return turn.change(service, key, replace, write, refusal);
    }
    // The reply shows the replaced entry, which the state no longer has then: a share for a large one is
    // acquired before the change.
    let Turn { context, replies, shares, .. } = turn;
    let accept = |old: &Entry| if is_short(old) { Ok(()) } else { shares.acquire_large(service) };
    match service.store.replace_entries(context, replacement, accept, None) {
        Ok(replaced) => {
            write(&replaced, replies);
            ExecutionStatus::Complete
        }
        Err(error) => turn.fail(error, refusal),
    }
}

fn write_reply(out: &mut Vec<u8>, who: &str, entry: &NewEntry<'_>, new: &ReplacedEntries) {
    let replaced = replaced_entry(&new.named, entry.people(who));
    let fields = SeriesFields { series: new.series, occurrences: new.occurrences };
    let written = WrittenEntry {
        series: new.named.series.map(|_| fields),
        replaced: Some(&replaced),
        ..WrittenEntry::new(who, new.period)
    };
    write_entry_reply(out, &written, entry);
}

/// Whether the reply shows a replaced entry in at most [`REPLACED_BYTES_MAX`] bytes.
fn is_short(entry: &Entry) -> bool {
    let (title, group, host) = entry.content.texts();
    // The group appears again as `removed`.
    2 * entry_fields_bytes_max(title, group, host) <= REPLACED_BYTES_MAX
}

/// The entry that was replaced, and those of its people who are not `people` of the new entry.
fn replaced_entry<'a>(entry: &'a Entry, people: impl Iterator<Item = &'a str>) -> ReplacedEntry<'a> {
    let Slot { date, hour: time } = entry.period.start();
    let content = &entry.content;
    let meeting = content.is_meeting().then(|| {
        let mut known: HashSet<&str> = people.collect();
        let removed: Vec<_> = content.people().filter(|person| known.insert(person)).collect();
        let (title, group, host) = content.texts();
        let meet = EntryFields { title: title.into(), group: group.into(), host: host.into() };
        ReplacedMeeting { meet, removed: removed.join(",").into() }
    });
    ReplacedEntry { date, time, hours: entry.period.hours().above_one(), meeting }
}
