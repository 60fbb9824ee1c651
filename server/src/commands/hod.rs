//! HOD: the meetings of the month or of a range of days, for the head of department.

use bookline_protocol::commands::Hod;
use bookline_protocol::commands::hod::{close_hod_row, open_hod_row, write_hod_row};
use bookline_protocol::limits::HOD_HOURS;
use bookline_protocol::reply::{
    CountReply, ENTRY_PLACE_BYTES_MAX, entry_fields_bytes_max, write_entry_fields, write_ok,
};
use bookline_protocol::{DateRange, Hour, Refusal, Slot};

use super::buffers::Share;
use super::chunk_status::{CHUNK_BYTES_MAX, ChunkStatus};
use super::chunked_reply::ChunkedReply;
use super::command::Command;
use super::entries::place_of;
use super::execution_status::ExecutionStatus;
use super::refusals::check_range;
use super::service::Service;
use super::turn::Turn;
use super::turn_budget::Cost;
use crate::domain::EntryNumber;
use crate::domain::calendar::Entry;
use crate::state::NoShare;
use crate::state::UnusedKey;

/// Meetings per row: a page of a terminal.
const ROW_MEETINGS_MAX: usize = 64;

impl Command for Hod<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let (who, head) = (&self.who, &service.head);
        if who != head {
            return turn.refuse(Refusal::forbidden_role(format!(
                "{who} is not the head of department, and only {head} may see the month's meetings"
            )));
        }
        let meetings = match self.range {
            None => ChunkedMeetings::of_month(service.current_slot()),
            Some(range) => match check_range(range) {
                Ok(()) => ChunkedMeetings::of_range(range),
                Err(refusal) => return turn.refuse(refusal),
            },
        };
        ExecutionStatus::Chunked(Box::new(meetings))
    }
}

/// The reply to HOD: the meetings of all people, hour by hour from the newest back.
#[derive(Debug)]
pub struct ChunkedMeetings {
    /// The index of the slot to read next.
    slot: u32,
    /// The index of the last slot to read.
    oldest: u32,
    /// The entry of `slot` that was read last.
    after: Option<EntryNumber>,
    /// Rows written.
    count: u64,
    /// An unfinished row: its only meeting is longer than a chunk.
    large_row: Option<LargeRow>,
}

#[derive(Debug)]
struct LargeRow {
    meeting: Entry,
    /// How much of the meeting is written.
    written: Option<usize>,
    _share: Share,
}

impl ChunkedMeetings {
    /// The reply for the month that ends with `current`.
    fn of_month(current: Slot) -> Self {
        Self::new(current.index(), current.index().saturating_sub(HOD_HOURS - 1))
    }

    /// The reply for the days of a range.
    fn of_range(range: DateRange) -> Self {
        let midnight = |date| Slot { date, hour: Hour::MIDNIGHT }.index();
        Self::new(midnight(range.last()) + 23, midnight(range.first()))
    }

    /// The reply for the slots with these indices.
    const fn new(newest: u32, oldest: u32) -> Self {
        Self { slot: newest, oldest, after: None, count: 0, large_row: None }
    }

    /// Writes a row of the slot, or begins one, or skips entries that are not meetings. Fails with the bytes
    /// of the share that it needs.
    fn write_row(&mut self, turn: &mut Turn, service: &Service, slot: Slot) -> Result<(), usize> {
        let mut bytes_left = CHUNK_BYTES_MAX;
        let fits = |meetings: usize, meeting: &Entry| {
            let (title, group, host) = meeting.content.texts();
            let length = ENTRY_PLACE_BYTES_MAX + entry_fields_bytes_max(title, group, host);
            let fits = meetings == 0 || (meetings < ROW_MEETINGS_MAX && length <= bytes_left);
            if fits {
                bytes_left = bytes_left.saturating_sub(length);
            }
            fits
        };
        let (meetings, after) = service.store.meetings(&mut turn.context, slot, self.after, fits);
        match &meetings[..] {
            [] => turn.budget.charge(Cost::Low, &service.clock),
            [one] if bytes_left == 0 => {
                let share = turn.shares.take(service, one.bytes_held()).map_err(|NoShare(bytes)| bytes)?;
                open_hod_row(&mut turn.replies, slot);
                let meeting = one.clone();
                self.large_row = Some(LargeRow { meeting, written: None, _share: share });
            }
            some => {
                let listed = some.iter().map(|entry| (place_of(entry), entry.content.texts()));
                write_hod_row(&mut turn.replies, slot, listed);
                turn.budget.charge(Cost::High, &service.clock);
            }
        }
        self.count += u64::from(!meetings.is_empty());
        self.after = after;
        if after.is_none() {
            self.slot -= 1;
        }
        Ok(())
    }
}

impl ChunkedReply for ChunkedMeetings {
    fn write(&mut self, turn: &mut Turn, service: &Service, bytes_target: usize) -> ChunkStatus {
        loop {
            if let Some(row) = &mut self.large_row {
                let (out, texts) = (&mut turn.replies, row.meeting.content.texts());
                if !write_entry_fields(out, place_of(&row.meeting), texts, &mut row.written, bytes_target) {
                    return ChunkStatus::Partial;
                }
                close_hod_row(&mut turn.replies);
                self.large_row = None;
            }
            if turn.replies.len() >= bytes_target || turn.budget.is_exhausted() {
                return ChunkStatus::Partial;
            }
            let Some(slot) = Slot::from_index(self.slot).filter(|_| self.slot >= self.oldest) else {
                write_ok(&mut turn.replies, &CountReply::of(self.count));
                return ChunkStatus::Complete;
            };
            if let Err(bytes) = self.write_row(turn, service, slot) {
                return ChunkStatus::NeedsShare(bytes);
            }
        }
    }
}
