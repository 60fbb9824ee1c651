//! The reply to BOOK of many tickets or of several events, and to CONFIRM of many tickets.

use bookline_protocol::HoldId;
use bookline_protocol::commands::Booking;
use bookline_protocol::commands::book::{BookingPlace, close_booking, open_booking, write_tickets};
use compact_str::CompactString;

use crate::commands::chunk_status::ChunkStatus;
use crate::commands::chunked_reply::ChunkedReply;
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::commands::turn_budget::Cost;
use crate::state::ticket_ids::BookingTicketIds;
use crate::state::ticket_place::TicketPlace;
use crate::state::{BookedOfEvent, ConfirmedHold};

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
    /// The place of the first ticket.
    first: TicketPlace,
    available: u32,
}

impl ChunkedBookings {
    /// The reply to these bookings, whose ids `ids` draws again.
    pub(super) fn new(bookings: &[Booking<'_>], booked: &[BookedOfEvent], ids: BookingTicketIds) -> Self {
        let bookings = bookings.iter().zip(booked).map(|(booking, booked)| WrittenBooking {
            event: booking.event.as_str().into(),
            count: booking.count as usize,
            written: 0,
            first: booked.first,
            available: booked.available,
        });
        Self { hold: None, bookings: bookings.collect(), index: 0, ids }
    }

    /// The reply to CONFIRM of a hold, whose ids `ids` draws again.
    pub fn confirmed(hold: HoldId, confirmed: &ConfirmedHold<'_>, ids: BookingTicketIds) -> Self {
        let &ConfirmedHold { ref event, first, tickets, available } = confirmed;
        let (event, count) = (event.clone(), tickets.len());
        let booking = WrittenBooking { event, count, written: 0, first, available };
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
            let first = self.draw_next(ids, &mut buffer[..1]);
            open_booking(out, place, &self.event, first[0]);
        }
        while self.written < self.count {
            if out.len() >= bytes_target {
                return ChunkStatus::Partial;
            }
            let chunk = &mut buffer[..DRAWN_IDS_MAX.min(self.count - self.written)];
            write_tickets(out, self.draw_next(ids, chunk));
        }
        close_booking(out, place, self.available);
        ChunkStatus::Complete
    }

    /// Draws the ids that are written next.
    fn draw_next<'t>(&mut self, ids: &mut BookingTicketIds, tickets: &'t mut [[u8; 16]]) -> &'t [[u8; 16]] {
        let tickets = ids.draw(tickets).at(self.first.after(self.written));
        self.written += tickets.len();
        tickets
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
