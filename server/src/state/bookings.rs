//! Bookings of tickets: of one event, or of several in one commit.

use bookline_protocol::commands::Booking;
use bookline_protocol::event_tag;

use super::context::Context;
use super::error::{BookingRejection, BookingsRejection, Error};
use super::locked_shards::LockedShards;
use super::shard::{EventIndex, Shard};
use super::store::Store;
use super::ticket_ids;
use crate::changes::{Change, TicketsBooked};
use crate::domain::EventKey;
use crate::domain::sale::Sale;

/// An event whose sale accepts a booking, as long as the lock of its shard is held.
struct OpenSale {
    index: EventIndex,
    /// The sale before the booking.
    sale: Sale,
    count: u32,
}

impl OpenSale {
    #[inline(always)]
    fn decide(shard: &Shard, id: &str, count: u32) -> Result<Self, BookingRejection> {
        let index = shard.index_of(id).ok_or(BookingRejection::NoSuchEvent)?;
        let sale = shard.sale(index);
        sale.decide_booking(count)?;
        Ok(Self { index, sale, count })
    }

    #[inline]
    fn change<'a>(&self, id: &'a str, tag: u16, tickets: &'a [[u8; 16]]) -> Change<'a> {
        let Sale { number, total, issued, .. } = self.sale;
        let event = EventKey { tag, number };
        TicketsBooked { event, id, total, issued: issued + self.count, tickets }.into()
    }

    /// Tickets that are left after the booking.
    #[inline]
    fn available_after(&self) -> u32 {
        self.sale.available() - self.count
    }
}

impl Store {
    /// Issues tickets with these ids, all or none, after it has written the event's tag into them. Returns
    /// the number of tickets that are left.
    pub fn book(
        &self,
        context: &mut Context,
        id: &str,
        tickets: &mut [[u8; 16]],
    ) -> Result<u32, Error<BookingRejection>> {
        let tag = event_tag(id);
        ticket_ids::set_tag(tickets, tag);
        let mut shard = self.lock_to_decide(context, self.records.shard_of_tag(tag));
        let count = u32::try_from(tickets.len()).expect("a booking is bounded by the protocol's limits");
        let open = OpenSale::decide(&shard, id, count)?;
        let reserved = self.usage.tickets.reserve(count.into())?;
        let booked = open.change(id, tag, tickets);
        self.commit(context, &[booked], |sequence| shard.issue(sequence, open.index, tickets))?;
        reserved.keep();
        Ok(open.available_after())
    }

    /// Whether these tickets could be booked at this moment.
    pub fn can_book_all(
        &self,
        context: &mut Context,
        bookings: &[Booking<'_>],
    ) -> Result<(), Error<BookingsRejection>> {
        let shards = self.lock_all(context, &mut self.shards_of(bookings));
        self.decide_all(&shards, bookings)?;
        Ok(self.usage.tickets.check_limit(ticket_count(bookings))?)
    }

    /// Issues tickets of different events in one commit, all or none, as [`Self::book`] does. `tickets` are
    /// those of all bookings, in their order. Returns the number of tickets that are left of each event.
    pub fn book_all(
        &self,
        context: &mut Context,
        bookings: &[Booking<'_>],
        tickets: &mut [[u8; 16]],
    ) -> Result<Vec<u32>, Error<BookingsRejection>> {
        let tickets = split_tickets(bookings, tickets);
        let shard_of = self.shards_of(bookings);
        let mut changes = Vec::with_capacity(bookings.len());
        let mut shards = self.lock_all(context, &mut shard_of.clone());
        context.now = self.clock.now();
        let sales = self.decide_all(&shards, bookings)?;
        let reserved = self.usage.tickets.reserve(ticket_count(bookings))?;
        for ((booking, open), tickets) in bookings.iter().zip(&sales).zip(&tickets) {
            let id = booking.event.as_str();
            changes.push(open.change(id, event_tag(id), tickets));
        }
        self.commit(context, &changes, |sequence| {
            let mut issuing = shard_of.iter().zip(&sales).zip(&tickets);
            issuing
                .try_for_each(|((&shard, open), tickets)| shards[shard].issue(sequence, open.index, tickets))
        })?;
        reserved.keep();
        Ok(sales.iter().map(OpenSale::available_after).collect())
    }

    /// The shard of each booking.
    fn shards_of(&self, bookings: &[Booking<'_>]) -> Vec<usize> {
        let tags = bookings.iter().map(|booking| event_tag(booking.event.as_str()));
        tags.map(|tag| self.records.shard_of_tag(tag)).collect()
    }

    /// Decides bookings of different events, whose shards are locked.
    fn decide_all(
        &self,
        shards: &LockedShards<'_>,
        bookings: &[Booking<'_>],
    ) -> Result<Vec<OpenSale>, BookingsRejection> {
        let mut sales = Vec::with_capacity(bookings.len());
        let mut first: Option<BookingsRejection> = None;
        for (index, Booking { event, count }) in bookings.iter().enumerate() {
            let id = event.as_str();
            let shard = &shards[self.records.shard_of_tag(event_tag(id))];
            match OpenSale::decide(shard, id, *count) {
                Ok(open) => sales.push(open),
                Err(rejection) => {
                    if first.is_none_or(|first| rejection.order() < first.rejection.order()) {
                        first = Some(BookingsRejection { index, rejection });
                    }
                }
            }
        }
        first.map_or(Ok(sales), Err)
    }
}

fn ticket_count(bookings: &[Booking<'_>]) -> u64 {
    bookings.iter().map(|booking| u64::from(booking.count)).sum()
}

/// The tickets of each booking, with the tag of its event.
fn split_tickets<'a>(bookings: &[Booking<'_>], mut tickets: &'a mut [[u8; 16]]) -> Vec<&'a [[u8; 16]]> {
    let split = bookings.iter().map(|Booking { event, count }| {
        let own = tickets.split_off_mut(..*count as usize).expect("an id for every ticket");
        ticket_ids::set_tag(own, event_tag(event.as_str()));
        &*own
    });
    split.collect()
}
