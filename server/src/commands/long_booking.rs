//! The tickets of a large booking.

use bookline_protocol::{event_tag, reply};
use compact_str::CompactString;

use super::answer::Answer;
use crate::commands::progress::Progress;
use crate::commands::turn::Work;
use crate::state::ticket_ids::{self, BookingTicketIds};

/// Tickets written at a time: 5 kB.
const PIECE: usize = 128;

/// The reply to BOOK of many tickets. It holds none of them: they are drawn once more.
#[derive(Debug)]
pub struct Tickets {
    event: CompactString,
    draw: BookingTicketIds,
    count: usize,
    written: usize,
    available: u32,
}

impl Tickets {
    /// The reply to a booking of `count` tickets, of which `draw` draws the ids from its beginning on.
    pub(super) fn new(event: &str, draw: BookingTicketIds, count: usize, available: u32) -> Self {
        Self { event: event.into(), draw, count, written: 0, available }
    }

    pub(super) fn write(&mut self, answer: &mut Answer, enough: usize) -> Progress {
        let (out, tag) = (&mut answer.out, event_tag(&self.event));
        let mut ids = [[0; 16]; PIECE];
        if self.written == 0 {
            self.next(&mut ids[..1], tag);
            reply::open_book_reply(out, &self.event, ids[0]);
        }
        while self.written < self.count {
            if out.len() >= enough {
                return Progress::Part;
            }
            let piece = &mut ids[..PIECE.min(self.count - self.written)];
            self.next(piece, tag);
            reply::write_tickets(out, piece);
        }
        reply::close_book_reply(out, self.available);
        answer.turn.did(Work::Much);
        Progress::Whole
    }

    /// The next tickets, which are written then.
    fn next(&mut self, tickets: &mut [[u8; 16]], tag: u16) {
        self.draw.fill(tickets);
        ticket_ids::set_tag(tickets, tag);
        self.written += tickets.len();
    }
}
