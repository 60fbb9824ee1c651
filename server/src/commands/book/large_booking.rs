//! BOOK of many tickets.

use bookline_protocol::commands::book::{close_book_reply, open_book_reply, write_tickets};
use bookline_protocol::event_tag;
use compact_str::CompactString;

use crate::commands::chunk_status::ChunkStatus;
use crate::commands::chunked_reply::ChunkedReply;
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::commands::turn_budget::Cost;
use crate::state::ticket_ids::{self, BookingTicketIds};

/// Ticket ids that are drawn and written at a time: 5 kB of JSON.
const DRAWN_IDS_MAX: usize = 128;

/// The reply to BOOK of many tickets. It keeps no ids in memory, but draws them again.
#[derive(Debug)]
pub struct ChunkedBooking {
    event: CompactString,
    ids: BookingTicketIds,
    count: usize,
    written: usize,
    available: u32,
}

impl ChunkedBooking {
    /// The reply to a booking of `count` tickets, whose ids `ids` draws again.
    pub(super) fn new(event: &str, ids: BookingTicketIds, count: usize, available: u32) -> Self {
        Self { event: event.into(), ids, count, written: 0, available }
    }

    /// Draws the ids that are written next.
    fn draw_next(&mut self, tickets: &mut [[u8; 16]], tag: u16) {
        self.ids.fill(tickets);
        ticket_ids::set_tag(tickets, tag);
        self.written += tickets.len();
    }
}

impl ChunkedReply for ChunkedBooking {
    fn write(&mut self, turn: &mut Turn, service: &Service, bytes_target: usize) -> ChunkStatus {
        let (out, tag) = (&mut turn.replies, event_tag(&self.event));
        let mut buffer = [[0; 16]; DRAWN_IDS_MAX];
        if self.written == 0 {
            self.draw_next(&mut buffer[..1], tag);
            open_book_reply(out, &self.event, buffer[0]);
        }
        while self.written < self.count {
            if out.len() >= bytes_target {
                return ChunkStatus::Partial;
            }
            let chunk = &mut buffer[..DRAWN_IDS_MAX.min(self.count - self.written)];
            self.draw_next(chunk, tag);
            write_tickets(out, chunk);
        }
        close_book_reply(out, self.available);
        turn.budget.charge(Cost::High, &service.clock);
        ChunkStatus::Complete
    }
}
