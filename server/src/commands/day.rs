//! A person's day.

use bookline_protocol::reply::{self, entry_fields_bytes_max};
use bookline_protocol::{Date, Slot};
use compact_str::CompactString;

use super::answer::Answer;
use super::error::CommandError;
use super::service::Service;
use crate::commands::buffers::Share;
use crate::commands::progress::{AT_ONCE, Progress};
use crate::commands::turn::Work;
use crate::domain::calendar::Entry;

/// GET of a day: its entries are taken at one moment, and held until they are written.
#[derive(Debug)]
pub struct Day {
    who: CompactString,
    date: Date,
    entries: Vec<(Slot, Entry)>,
    /// The entry that is being written, and how far; the first is none, before the line is begun.
    current: Option<usize>,
    written: Option<usize>,
    share: Option<Share>,
}

impl Day {
    /// What `who` has on a day. A day that is not written at once needs a share.
    pub(super) fn read(
        service: &Service,
        who: &str,
        date: Date,
        answer: &mut Answer,
    ) -> Result<Self, CommandError> {
        let entries = service.store.day(who, date, &mut answer.seen);
        let mut day = Self { who: who.into(), date, entries, current: None, written: None, share: None };
        if day.len_max() > AT_ONCE {
            let bytes = day.entries.iter().map(|(_, entry)| entry.bytes_held()).sum();
            day.share = Some(answer.share(service, bytes).ok_or(CommandError::Share(bytes))?);
        }
        Ok(day)
    }

    /// Whether it has to be written in pieces.
    pub(super) fn is_large(&self) -> bool {
        self.share.is_some()
    }

    /// No more bytes than this are written of it.
    fn len_max(&self) -> usize {
        /// The line without its entries, and what stands around each of them.
        const LINE: usize = 160;
        const AROUND: usize = 32;
        let entries = self.entries.iter().map(|(_, entry)| {
            let (title, group, host) = entry.texts();
            AROUND + entry_fields_bytes_max(title, group, host)
        });
        LINE + entries.sum::<usize>()
    }

    pub(super) fn write(&mut self, answer: &mut Answer, enough: usize) -> Progress {
        let out = &mut answer.out;
        let mut current = self.current.unwrap_or_else(|| {
            reply::open_day_reply(out, &self.who, self.date);
            0
        });
        while let Some((slot, entry)) = self.entries.get(current) {
            if self.written.is_none() {
                reply::open_day_entry(out, slot.hour, current == 0);
            }
            if !reply::write_entry_fields(out, entry.texts(), &mut self.written, enough) {
                self.current = Some(current);
                return Progress::Part;
            }
            reply::close_day_entry(out);
            self.written = None;
            current += 1;
        }
        reply::close_day_reply(out);
        answer.turn.did(Work::Much);
        Progress::Whole
    }
}
