//! GET of a person's day.

use bookline_protocol::commands::get::{close_day_entry, close_day_reply, open_day_entry, open_day_reply};
use bookline_protocol::reply::{
    ENTRY_PLACE_BYTES_MAX, EntryPlace, LineKind, entry_fields_bytes_max, write_entry_fields,
};
use bookline_protocol::{Date, Slot};
use compact_str::CompactString;

use crate::commands::buffers::Share;
use crate::commands::chunk_status::{CHUNK_BYTES_MAX, ChunkStatus};
use crate::commands::chunked_reply::ChunkedReply;
use crate::commands::entries::place_of;
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::commands::turn_budget::Cost;
use crate::domain::calendar::Entry;
use crate::state::NoShare;

/// The reply to GET of a day, or a row of the reply to GET of a range. Its entries are read at one moment and
/// kept until they are written.
#[derive(Debug)]
pub struct ChunkedDay {
    kind: LineKind,
    who: CompactString,
    date: Date,
    entries: Vec<(Slot, Entry)>,
    /// The entry to write next. `None` before the line is begun.
    current: Option<usize>,
    /// How much of that entry is written.
    written: Option<usize>,
    share: Option<Share>,
}

impl ChunkedDay {
    /// Reads `who`'s entries of a day. A day that is longer than a chunk needs a share; without one it fails
    /// with the bytes of the share.
    pub(super) fn read(
        turn: &mut Turn,
        service: &Service,
        kind: LineKind,
        who: &str,
        date: Date,
    ) -> Result<Self, usize> {
        let entries = service.store.day(&mut turn.context, who, date);
        let who = who.into();
        let mut day = Self { kind, who, date, entries, current: None, written: None, share: None };
        if day.len_max() > CHUNK_BYTES_MAX {
            let bytes = day.entries.iter().map(|(_, entry)| entry.bytes_held()).sum();
            day.share = Some(turn.shares.take(service, bytes).map_err(|NoShare(bytes)| bytes)?);
        }
        Ok(day)
    }

    /// Whether the person has nothing on the day.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether it is longer than a chunk.
    pub(super) fn is_large(&self) -> bool {
        self.share.is_some()
    }

    /// An upper bound of the bytes of the reply.
    fn len_max(&self) -> usize {
        /// The line without its entries.
        const LINE_BYTES_MAX: usize = 160;
        /// An entry without its fields.
        const ENTRY_BYTES_MAX: usize = 32 + ENTRY_PLACE_BYTES_MAX;
        let entries = self.entries.iter().map(|(_, entry)| {
            let (title, group, host) = entry.content.texts();
            ENTRY_BYTES_MAX + entry_fields_bytes_max(title, group, host)
        });
        LINE_BYTES_MAX + entries.sum::<usize>()
    }
}

impl ChunkedReply for ChunkedDay {
    fn write(&mut self, turn: &mut Turn, service: &Service, bytes_target: usize) -> ChunkStatus {
        let out = &mut turn.replies;
        let mut current = self.current.unwrap_or_else(|| {
            open_day_reply(out, self.kind, &self.who, self.date);
            0
        });
        while let Some((slot, entry)) = self.entries.get(current) {
            if self.written.is_none() {
                open_day_entry(out, slot.hour, place_of(entry), current == 0);
            }
            let (place, texts) = (EntryPlace::default(), entry.content.texts());
            if !write_entry_fields(out, place, texts, &mut self.written, bytes_target) {
                self.current = Some(current);
                return ChunkStatus::Partial;
            }
            close_day_entry(out);
            self.written = None;
            current += 1;
        }
        close_day_reply(out);
        turn.budget.charge(Cost::High, &service.clock);
        ChunkStatus::Complete
    }
}
