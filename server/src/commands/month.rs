//! The meetings of the month.

use std::sync::Arc;

use bookline_protocol::Slot;
use bookline_protocol::limits::HOD_HOURS;
use bookline_protocol::reply::{self, CountReply, entry_fields_bytes_max};

use super::answer::Answer;
use super::service::Service;
use crate::commands::buffers::Share;
use crate::commands::progress::{AT_ONCE, Progress};
use crate::commands::turn::Work;
use crate::domain::EntryNumber;
use crate::domain::calendar::Meeting;

/// Meetings in a row: as many as fit into a page of a terminal.
const MEETINGS_MAX: usize = 64;

/// HOD: everybody's meetings, hour by hour from the newest back.
#[derive(Debug)]
pub struct Month {
    /// The slot to look at, by its index.
    slot: u32,
    /// The last slot to look at.
    oldest: u32,
    /// The last entry of the slot that was looked at.
    behind: Option<EntryNumber>,
    /// Rows written.
    count: u64,
    /// The row of one meeting that is being written, because it is longer than what is written at once.
    large: Option<Large>,
}

/// A meeting that is held while it is written.
#[derive(Debug)]
struct Large {
    meeting: Arc<Meeting>,
    written: Option<usize>,
    _share: Share,
}

impl Month {
    /// The meetings of the month that ends with `current`.
    pub(super) fn new(current: Slot) -> Self {
        let slot = current.index();
        Self { slot, oldest: slot.saturating_sub(HOD_HOURS - 1), behind: None, count: 0, large: None }
    }

    pub(super) fn write(&mut self, service: &Service, answer: &mut Answer, enough: usize) -> Progress {
        loop {
            if let Some(large) = &mut self.large {
                let Meeting { title, group, host, .. } = &*large.meeting;
                if !reply::write_entry_fields(
                    &mut answer.out,
                    (title, group, host),
                    &mut large.written,
                    enough,
                ) {
                    return Progress::Part;
                }
                reply::close_hod_row(&mut answer.out);
                self.large = None;
            }
            if answer.out.len() >= enough || answer.turn.is_over() {
                return Progress::Part;
            }
            let Some(slot) = Slot::from_index(self.slot).filter(|_| self.slot >= self.oldest) else {
                reply::write_ok(&mut answer.out, &CountReply::of(self.count));
                return Progress::Whole;
            };
            if let Err(bytes) = self.write_row(service, answer, slot) {
                return Progress::Share(bytes);
            }
        }
    }

    /// Writes a row of the slot, or begins one, or passes over entries that are no meetings.
    fn write_row(&mut self, service: &Service, answer: &mut Answer, slot: Slot) -> Result<(), usize> {
        let mut room = AT_ONCE;
        let fits = |taken: usize, meeting: &Meeting| {
            let length = entry_fields_bytes_max(&meeting.title, &meeting.group, &meeting.host);
            let fits = taken == 0 || (taken < MEETINGS_MAX && length <= room);
            if fits {
                room = room.saturating_sub(length);
            }
            fits
        };
        let (meetings, behind) = service.store.meetings(slot, self.behind, fits, &mut answer.seen);
        match &meetings[..] {
            [] => answer.turn.did(Work::Little),
            [one] if room == 0 => {
                let share = answer.share(service, one.bytes_held()).ok_or(one.bytes_held())?;
                reply::open_hod_row(&mut answer.out, slot);
                self.large = Some(Large { meeting: one.clone(), written: None, _share: share });
            }
            some => {
                let texts = some.iter().map(|meeting| (&*meeting.title, &*meeting.group, &*meeting.host));
                reply::write_hod_row(&mut answer.out, slot, texts);
                answer.turn.did(Work::Much);
            }
        }
        self.count += u64::from(!meetings.is_empty());
        self.behind = behind;
        if behind.is_none() {
            self.slot -= 1;
        }
        Ok(())
    }
}
