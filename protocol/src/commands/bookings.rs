//! The bookings that BOOK requests.

use std::ops::Deref;

use super::arguments::Args;
use crate::id::Id;
use crate::limits::{BOOKING_EVENTS_MAX, BOOKING_TICKETS_MAX};
use crate::refusal::Refusal;

/// Tickets of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking<'a> {
    /// The event.
    pub event: Id<'a>,
    /// The number of tickets, 1 to [`BOOKING_TICKETS_MAX`].
    pub count: u32,
}

/// The events of a BOOK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookedEvents<'a> {
    /// Tickets of one event.
    One(Booking<'a>),
    /// Tickets of several events, of all or of none.
    Several(Bookings<'a>),
}

/// Bookings of 2 to [`BOOKING_EVENTS_MAX`] different events, of at most [`BOOKING_TICKETS_MAX`] tickets
/// together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookings<'a>(Vec<Booking<'a>>);

impl<'a> Booking<'a> {
    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        Ok(Self { event: args.next_id("event-id")?, count: args.next_number("n", BOOKING_TICKETS_MAX)? })
    }
}

impl<'a> BookedEvents<'a> {
    pub(super) fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let first = Booking::parse(args)?;
        if args.has_next()? { Bookings::parse(first, args).map(Self::Several) } else { Ok(Self::One(first)) }
    }
}

impl<'a> Bookings<'a> {
    /// Takes the arguments after those of the first booking. There is at least one.
    fn parse(first: Booking<'a>, args: &mut Args<'a>) -> Result<Self, Refusal> {
        let mut bookings = vec![first];
        while args.has_next()? {
            if bookings.len() == BOOKING_EVENTS_MAX {
                return Err(Refusal::bad_request(format!(
                    "one BOOK buys tickets of {BOOKING_EVENTS_MAX} events at the most: write another BOOK \
                     for the others"
                )));
            }
            let event = args.next_id("event-id")?;
            let event_id = event.as_str();
            if !args.has_next()? {
                let message = format!("<n> of event {event_id} is missing: write {}", args.usage());
                return Err(Refusal::bad_request(message));
            }
            if bookings.iter().any(|booking| booking.event == event) {
                return Err(Refusal::bad_request(format!(
                    "event {event_id} is named twice: write it once, with the number of all its tickets"
                )));
            }
            bookings.push(Booking { event, count: args.next_number("n", BOOKING_TICKETS_MAX)? });
        }
        let tickets: u32 = bookings.iter().map(|booking| booking.count).sum();
        if tickets > BOOKING_TICKETS_MAX {
            return Err(Refusal::bad_request(format!(
                "the numbers add up to {tickets} tickets, and one BOOK buys {BOOKING_TICKETS_MAX} at the \
                 most: write smaller numbers, or several BOOKs"
            )));
        }
        Ok(Self(bookings))
    }
}

impl<'a> Deref for Bookings<'a> {
    type Target = [Booking<'a>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
