//! FREE: times at which people are free.

use bookline_protocol::commands::Free;
use bookline_protocol::commands::free::{
    close_no_time_reply, open_no_time_reply, write_busy_count, write_busy_hours, write_free_row,
};
use bookline_protocol::reply::{CountReply, write_ok};
use bookline_protocol::{Date, Slot};

use super::buffers::Share;
use super::chunk_status::ChunkStatus;
use super::chunked_reply::ChunkedReply;
use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::searches::{check_search, take_search_share};
use super::service::Service;
use super::turn::Turn;
use super::turn_budget::Cost;
use crate::domain::HourSet;
use crate::state::{SearchStep, TimeSearch, UnusedKey};

impl Command for Free<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let people = self.people.as_str().to_owned();
        let search = TimeSearch::new(people, self.window, service.current_slot());
        if let Err(refusal) = check_search(&search) {
            return turn.refuse(refusal);
        }
        let share = match take_search_share(&mut turn.shares, service, &search) {
            Ok(share) => share,
            Err(bytes) => return ExecutionStatus::NeedsShare(bytes),
        };
        ExecutionStatus::Chunked(Box::new(ChunkedTimes {
            search,
            day: None,
            left: self.limit,
            count: 0,
            busy: None,
            _share: share,
        }))
    }
}

/// The reply to FREE: times, earliest first, or else the busy hours.
#[derive(Debug)]
struct ChunkedTimes {
    search: TimeSearch,
    /// The day that was searched last, and its times that are not written yet.
    day: Option<(Date, HourSet)>,
    /// How many more times may be written.
    left: u32,
    /// Times written.
    count: u64,
    /// The line with the busy hours, once it is begun.
    busy: Option<BusyLine>,
    /// For the people, if they are many.
    _share: Option<Share>,
}

/// How much of the line with the busy hours is written.
#[derive(Debug, Default)]
struct BusyLine {
    /// People who are written, or left out.
    seen: usize,
    is_begun: bool,
}

impl ChunkedTimes {
    /// The next time to write, if one is found already.
    fn next_found(&mut self) -> Option<Slot> {
        let (date, starts) = self.day.as_mut()?;
        Some(Slot { date: *date, hour: starts.pop_first()? })
    }

    /// Writes the final line. If there was no time, it may take several calls.
    fn end(&mut self, turn: &mut Turn, bytes_target: usize) -> ChunkStatus {
        let out = &mut turn.replies;
        if self.count > 0 {
            write_ok(out, &CountReply::of(self.count));
            return ChunkStatus::Complete;
        }
        let line = self.busy.get_or_insert_with(|| {
            open_no_time_reply(out);
            BusyLine::default()
        });
        for (who, hours) in self.search.busy().skip(line.seen) {
            if out.len() >= bytes_target {
                return ChunkStatus::Partial;
            }
            line.seen += 1;
            if hours.count == 0 {
                continue;
            }
            if self.search.is_range() {
                write_busy_count(out, who, hours.count, !line.is_begun);
            } else {
                write_busy_hours(out, who, hours.last_day.iter(), !line.is_begun);
            }
            line.is_begun = true;
        }
        close_no_time_reply(out);
        ChunkStatus::Complete
    }
}

impl ChunkedReply for ChunkedTimes {
    fn write(&mut self, turn: &mut Turn, service: &Service, bytes_target: usize) -> ChunkStatus {
        while self.left > 0 && self.busy.is_none() {
            if turn.replies.len() >= bytes_target || turn.budget.is_exhausted() {
                return ChunkStatus::Partial;
            }
            if let Some(start) = self.next_found() {
                write_free_row(&mut turn.replies, start, self.search.hours());
                self.count += 1;
                self.left -= 1;
                continue;
            }
            match self.search.advance(&service.store, &mut turn.context) {
                SearchStep::Partial => {}
                SearchStep::Day(date, starts) => self.day = Some((date, starts)),
                SearchStep::End => break,
            }
            turn.budget.charge(Cost::High, &service.clock);
        }
        self.end(turn, bytes_target)
    }
}
