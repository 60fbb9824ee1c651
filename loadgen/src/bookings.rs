//! The cancel load: bookings that are cancelled, the oldest first, so that no event sells out for long.

use std::collections::VecDeque;
use std::ops::Range;

use bookline_protocol::TicketId;
use bookline_protocol::limits::CANCELLED_TICKETS_MAX;

/// Tickets of an event that are next to each other in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The number of the event.
    pub event: u32,
    /// The index of the first ticket.
    first: usize,
    count: usize,
}

impl Booking {
    pub const fn new(event: u32, tickets: &Range<usize>) -> Self {
        Self { event, first: tickets.start, count: tickets.end - tickets.start }
    }

    /// The indices of its tickets.
    pub const fn tickets(self) -> Range<usize> {
        self.first..self.first + self.count
    }
}

/// Bookings that were acknowledged, and that no CANCEL was sent for. They are at most as many as requests in
/// flight: every booking is followed by a CANCEL, over the one connection or another.
#[derive(Debug, Default)]
pub struct Bookings(VecDeque<Booking>);

impl Bookings {
    /// Adds a booking, unless the ledger keeps no ticket of it: those that it does not keep stay valid.
    #[inline]
    pub fn add(&mut self, booking: Booking) {
        if booking.count > 0 {
            self.0.push_back(booking);
        }
    }

    /// Appends the CANCEL of the oldest booking, or of as many of its tickets as a CANCEL may have. `tickets`
    /// are those of the ledger. Returns the tickets that the CANCEL has.
    #[inline]
    pub fn request_cancellation(&mut self, tickets: &[TicketId], out: &mut Vec<u8>) -> Option<Booking> {
        let mut booking = self.0.pop_front()?;
        if booking.count > CANCELLED_TICKETS_MAX {
            let Booking { event, first, count } = booking;
            let (first, count) = (first + CANCELLED_TICKETS_MAX, count - CANCELLED_TICKETS_MAX);
            self.0.push_front(Booking { event, first, count });
            booking.count = CANCELLED_TICKETS_MAX;
        }
        out.extend_from_slice(b"CANCEL");
        for ticket in &tickets[booking.tickets()] {
            out.push(b' ');
            ticket.write(out);
        }
        out.push(b'\n');
        Some(booking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_booking_is_cancelled_in_parts() {
        let tickets: Vec<_> = (0..2_500u128).map(|number| TicketId(number.to_be_bytes())).collect();
        let mut bookings = Bookings::default();
        bookings.add(Booking::new(7, &(0..0)));
        bookings.add(Booking::new(7, &(100..2_400)));
        let mut cancelled = Vec::new();
        let mut out = Vec::new();
        while let Some(booking) = bookings.request_cancellation(&tickets, &mut out) {
            assert_eq!(booking.event, 7);
            cancelled.push(booking.tickets());
        }
        assert_eq!(cancelled, [100..1_100, 1_100..2_100, 2_100..2_400]);
        let lines = String::from_utf8(out).unwrap();
        assert_eq!(
            lines.lines().map(|line| line.split(' ').count()).collect::<Vec<_>>(),
            [1_001, 1_001, 301]
        );
    }
}
