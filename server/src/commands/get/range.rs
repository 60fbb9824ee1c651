//! GET of a range of a person's days.

use bookline_protocol::reply::{CountReply, LineKind, write_ok};
use bookline_protocol::{Date, DateRange};
use compact_str::CompactString;

use super::day::ChunkedDay;
use crate::commands::chunk_status::ChunkStatus;
use crate::commands::chunked_reply::ChunkedReply;
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::commands::turn_budget::Cost;

/// The reply to GET of a range: the days on which a person has anything. Each is read at one moment.
#[derive(Debug)]
pub struct ChunkedRange {
    who: CompactString,
    range: DateRange,
    /// The day to read next.
    next: Option<Date>,
    /// The day that is written.
    day: Option<ChunkedDay>,
    /// Days written.
    count: u64,
}

impl ChunkedRange {
    pub(super) fn new(who: &str, range: DateRange) -> Self {
        Self { who: who.into(), range, next: Some(range.first()), day: None, count: 0 }
    }

    /// Reads a day. Fails with the bytes of the share that it needs.
    fn read(&mut self, turn: &mut Turn, service: &Service, date: Date) -> Result<(), usize> {
        let day = ChunkedDay::read(turn, service, LineKind::Row, &self.who, date)?;
        if day.is_empty() {
            turn.budget.charge(Cost::Low, &service.clock);
        } else {
            self.day = Some(day);
        }
        let next = Date::from_day_number(date.day_number() + 1);
        self.next = next.filter(|next| *next <= self.range.last());
        Ok(())
    }
}

impl ChunkedReply for ChunkedRange {
    fn write(&mut self, turn: &mut Turn, service: &Service, bytes_target: usize) -> ChunkStatus {
        loop {
            if let Some(day) = &mut self.day {
                match day.write(turn, service, bytes_target) {
                    ChunkStatus::Complete => self.day = None,
                    unfinished => return unfinished,
                }
                self.count += 1;
            }
            if turn.replies.len() >= bytes_target || turn.budget.is_exhausted() {
                return ChunkStatus::Partial;
            }
            let Some(date) = self.next else {
                write_ok(&mut turn.replies, &CountReply::of(self.count));
                return ChunkStatus::Complete;
            };
            if let Err(bytes) = self.read(turn, service, date) {
                return ChunkStatus::NeedsShare(bytes);
            }
        }
    }
}
