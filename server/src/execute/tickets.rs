//! The tickets of a large booking.

use bookline_protocol::{reply, tag_of};
use compact_str::CompactString;

use super::answer::Answer;
use super::pieces::Progress;
use crate::mint::{self, Draw};
use crate::turn::Work;

/// Tickets written at a time: 5 kB.
const PIECE: usize = 128;

/// The reply to BOOK of many tickets. It holds none of them: they are drawn once more.
#[derive(Debug)]
pub struct Tickets {
    event: CompactString,
    draw: Draw,
    count: usize,
    written: usize,
    available: u32,
}

impl Tickets {
    /// The reply to a booking of `count` tickets, of which `draw` draws the ids from its beginning on.
    pub(super) fn new(event: &str, draw: Draw, count: usize, available: u32) -> Tickets {
        Tickets { event: event.into(), draw, count, written: 0, available }
    }

    pub(super) fn write(&mut self, answer: &mut Answer, enough: usize) -> Progress {
        let (out, tag) = (&mut answer.out, tag_of(&self.event));
        if self.written == 0 {
            reply::open_booked(out, &self.event);
        }
        let mut ids = [[0; 16]; PIECE];
        while self.written < self.count {
            if out.len() >= enough {
                return Progress::Part;
            }
            let piece = &mut ids[..PIECE.min(self.count - self.written)];
            self.draw.fill(piece);
            mint::stamp(piece, tag);
            reply::write_tickets(out, piece, self.written == 0);
            self.written += piece.len();
        }
        reply::close_booked(out, self.available);
        answer.turn.did(Work::Much);
        Progress::Whole
    }
}
