//! The reply to BOOK of many tickets or of several events, and to CONFIRM of many tickets.

use bookline_protocol::commands::Booking;
use bookline_protocol::commands::book::{BookingPlace, close_booking, open_booking, write_tickets};
use bookline_protocol::{HoldId, event_tag};
use compact_str::CompactString;

use crate::commands::chunk_status::ChunkStatus;
use crate::commands::chunked_reply::ChunkedReply;
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::commands::turn_budget::Cost;
use crate::state::ConfirmedHold;
use crate::state::ticket_ids::{self, BookingTicketIds};

/// Ticket ids that are drawn and written at a time: 5 kB of JSON.
const DRAWN_IDS_MAX: usize = 128;

/// The reply to BOOK of many tickets or of several events, and to CONFIRM of many tickets. It keeps no ids
/// in memory, but draws them again.
#[derive(Debug)]
pub struct ChunkedBookings {
    /// The hold that was confirmed.
    hold: Option<HoldId>,
    bookings: Box<[WrittenBooking]>,
    /// The index of the booking that is being written.
    index: usize,
    ids: BookingTicketIds,
}

/// A booking, and how much of it is written.
#[derive(Debug)]
struct WrittenBooking {
    event: CompactString,
    count: usize,
    written: usize,
    available: u32,
}

impl ChunkedBookings {
    /// The reply to these bookings, whose ids `ids` draws again. `available` is what is left of each event.
    pub(super) fn new(bookings: &[Booking<'_>], available: &[u32], ids: BookingTicketIds) -> Self {
        let bookings = bookings.iter().zip(available).map(|(booking, &available)| WrittenBooking {
            event: booking.event.as_str().into(),
            count: booking.count as usize,
            written: 0,
            available,
        });
        Self { hold: None, bookings: bookings.collect(), index: 0, ids }
    }

    /// The reply to CONFIRM of a hold, whose ids `ids` draws again.
    pub fn confirmed(hold: HoldId, confirmed: &ConfirmedHold<'_>, ids: BookingTicketIds) -> Self {
        let ConfirmedHold { event, tickets, available } = confirmed;
        let (event, count) = (event.clone(), tickets.len());
        let booking = WrittenBooking { event, count, written: 0, available: *available };
        Self { hold: Some(hold), bookings: Box::new([booking]), index: 0, ids }
    }

    /// Writes the whole reply at once.
    pub(super) fn write_all(mut self, out: &mut Vec<u8>) {
        self.write_until(out, usize::MAX);
    }

    fn write_until(&mut self, out: &mut Vec<u8>, bytes_target: usize) -> ChunkStatus {
        let count = self.bookings.len();
        while let Some(booking) = self.bookings.get_mut(self.index) {
            let place = match self.hold {
                Some(hold) => BookingPlace::Confirmed(hold),
                None => BookingPlace::of(self.index, count),
            };
            if booking.write(out, place, &mut self.ids, bytes_target) != ChunkStatus::Complete {
                return ChunkStatus::Partial;
            }
            self.index += 1;
        }
        ChunkStatus::Complete
    }
}

impl WrittenBooking {
    /// Writes until the buffer has `bytes_target` bytes.
    fn write(
        &mut self,
        out: &mut Vec<u8>,
        place: BookingPlace,
        ids: &mut BookingTicketIds,
        bytes_target: usize,
    ) -> ChunkStatus {
        let mut buffer = [[0; 16]; DRAWN_IDS_MAX];
        if self.written == 0 {
            self.draw_next(ids, &mut buffer[..1]);
            open_booking(out, place, &self.event, buffer[0]);
        }
        while self.written < self.count {
            if out.len() >= bytes_target {
                return ChunkStatus::Partial;
            }
            let chunk = &mut buffer[..DRAWN_IDS_MAX.min(self.count - self.written)];
            self.draw_next(ids, chunk);
            write_tickets(out, chunk);
        }
        close_booking(out, place, self.available);
        ChunkStatus::Complete
    }

    /// Draws the ids that are written next.
    fn draw_next(&mut self, ids: &mut BookingTicketIds, tickets: &mut [[u8; 16]]) {
        ids.fill(tickets);
        ticket_ids::set_tag(tickets, event_tag(&self.event));
        self.written += tickets.len();
    }
}

impl ChunkedReply for ChunkedBookings {
    fn write(&mut self, turn: &mut Turn, service: &Service, bytes_target: usize) -> ChunkStatus {
        let status = self.write_until(&mut turn.replies, bytes_target);
        if status == ChunkStatus::Complete {
            turn.budget.charge(Cost::High, &service.clock);
        }
        status
    }
}
