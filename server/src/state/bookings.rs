//! Bookings of tickets: of one event, or of several in one commit.

use bookline_protocol::commands::Booking;
use bookline_protocol::{TicketStatus, event_tag};

use super::context::Context;
use super::due_holds::DueHolds;
use super::error::{BookingRejection, BookingsRejection, Error};
use super::events::EventIndex;
use super::keyed::{Keyed, Recorded, record};
use super::limits::Usage;
use super::locked_shards::LockedShards;
use super::shard::Shard;
use super::store::Store;
use super::ticket_ids::DrawnTicketIds;
use super::ticket_place::TicketPlace;
use crate::changes::{Change, EventAfter, HOLDS_ENDED_MAX, TicketsBooked};
use crate::domain::sale::Sale;
use crate::domain::{EventKey, SaleRejection, SoldOut, TicketState};
use crate::storage::log::AppendError;

/// Tickets that were issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked<'t> {
    /// UUIDs as bytes.
    pub tickets: &'t [[u8; 16]],
    /// Tickets of the event that are left.
    pub available: u32,
}

/// Tickets of one of several events that were issued in one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookedOfEvent {
    /// The place of the first ticket. The others are behind it.
    pub first: TicketPlace,
    /// Tickets of the event that are left.
    pub available: u32,
}

/// An event whose sale accepts a booking or a hold, as long as the lock of its shard is held.
pub(super) struct OpenSale {
    pub index: EventIndex,
    /// The sale before the booking, and after the end of the due holds.
    pub sale: Sale,
    pub count: u32,
    /// Holds to end first, if fewer tickets are left than were requested.
    pub due: DueHolds,
}

impl OpenSale {
    /// Decides at `now` whether `count` tickets of an event may be booked or held, ending at most `due_max`
    /// due holds.
    pub fn decide(
        shard: &Shard,
        id: &str,
        count: u32,
        now: i64,
        due_max: usize,
    ) -> Result<Self, BookingRejection> {
        let index = shard.index_of(id).ok_or(BookingRejection::NoSuchEvent)?;
        let sale = *shard.sale(index);
        match sale.decide_booking(count) {
            Ok(()) => Ok(Self { index, sale, count, due: DueHolds::default() }),
            Err(rejection) => Ok(Self::after_due(shard, index, count, now, due_max, rejection)?),
        }
    }

    /// Decides a booking of more tickets than are left, if due holds have enough.
    #[cold]
    fn after_due(
        shard: &Shard,
        index: EventIndex,
        count: u32,
        now: i64,
        due_max: usize,
        rejection: SaleRejection,
    ) -> Result<Self, SaleRejection> {
        let SaleRejection::SoldOut(SoldOut { available, .. }) = rejection else { return Err(rejection) };
        let event = shard.event_at(index);
        let wanted = count - available;
        let due = DueHolds::of(event, now, wanted, due_max);
        if due.tickets() < wanted {
            return Err(rejection);
        }
        let sale = Sale { held: event.sale.held - due.tickets(), ..event.sale };
        Ok(Self { index, sale, count, due })
    }

    /// The event with these counts.
    #[inline]
    pub fn event<'a>(&self, id: &'a str, tag: u16, issued: u32, held: u32) -> EventAfter<'a> {
        let Sale { number, total, .. } = self.sale;
        EventAfter { key: EventKey { tag, number }, id, total, issued, held }
    }

    /// The booking of these tickets.
    #[inline]
    fn change<'a>(&self, id: &'a str, tag: u16, attendee: &'a str, tickets: &'a [[u8; 16]]) -> Change<'a> {
        let Sale { issued, held, .. } = self.sale;
        TicketsBooked { event: self.event(id, tag, issued + self.count, held), attendee, tickets }.into()
    }

    /// The end of the due holds, if there are any.
    pub fn end_of_due<'a>(&'a self, id: &'a str, tag: u16) -> Option<Change<'a>> {
        let Sale { issued, held, .. } = self.sale;
        (!self.due.is_empty()).then(|| self.due.change(self.event(id, tag, issued, held)))
    }

    /// Counts the due holds as ended.
    fn count_ended(&self, usage: &Usage) {
        usage.end_holds(self.due.count(), self.due.name_bytes());
    }

    /// Tickets that are left after the booking.
    #[inline]
    pub fn available_after(&self) -> u32 {
        self.sale.available() - self.count
    }
}

impl Store {
    /// Issues tickets with these ids, all or none. They are for `attendee`, or for nobody in particular if
    /// that is empty.
    pub fn book<'t>(
        &self,
        context: &mut Context,
        id: &str,
        attendee: &str,
        tickets: DrawnTicketIds<'t>,
        keyed: Option<Keyed<'_, '_, Booked<'t>>>,
    ) -> Result<Booked<'t>, Error<BookingRejection>> {
        let tag = event_tag(id);
        let mut shard = self.lock_to_decide(context, self.records.shard_of_tag(tag));
        let count = u32::try_from(tickets.count()).expect("a booking is bounded by the protocol's limits");
        let index = shard.index_of(id).ok_or(BookingRejection::NoSuchEvent)?;
        let Sale { number, total, issued, held, .. } = *shard.sale(index);
        let key = EventKey { tag, number };
        let tickets = tickets.at(shard.event_at(index).next_place());
        if !attendee.is_empty() || shard.sale(index).decide_booking(count).is_err() {
            return self.book_after_due(context, &mut shard, id, attendee, tickets, keyed);
        }
        let reserved = self.usage.tickets.reserve(count.into())?;
        let event = EventAfter { key, id, total, issued: issued + count, held };
        let booked = Booked { tickets, available: total - issued - held - count };
        let reply = record(keyed, &booked)?;
        let change = TicketsBooked { event, attendee: "", tickets }.into();
        self.commit(context, &[change], reply, |origin| {
            let state = TicketState::new(TicketStatus::Booked, origin.micros);
            shard.issue_drawn(origin.sequence, index, tickets, state)
        })?;
        reserved.keep();
        Ok(booked)
    }

    /// Books tickets with a name, or after the end of due holds. Apart from [`Self::book`], so that the
    /// frequent bookings are not slower for these.
    #[cold]
    fn book_after_due<'t>(
        &self,
        context: &mut Context,
        shard: &mut Shard,
        id: &str,
        attendee: &str,
        tickets: &'t [[u8; 16]],
        keyed: Option<Keyed<'_, '_, Booked<'t>>>,
    ) -> Result<Booked<'t>, Error<BookingRejection>> {
        let count = u32::try_from(tickets.len()).expect("a booking is bounded by the protocol's limits");
        let open = OpenSale::decide(shard, id, count, context.now, HOLDS_ENDED_MAX)?;
        let reserved = self.usage.tickets.reserve(count.into())?;
        let added = shard.event_at(open.index).tickets.added_name_bytes(attendee);
        let reserved_name_bytes = self.usage.name_bytes.reserve(added)?;
        let booked = Booked { tickets, available: open.available_after() };
        let reply = record(keyed, &booked)?;
        let change = open.change(id, event_tag(id), attendee, tickets);
        self.commit_after_due(context, shard, &open, id, &change, reply)?;
        reserved.keep();
        reserved_name_bytes.keep();
        Ok(booked)
    }

    /// Commits a change of an event, after the end of its due holds.
    pub(super) fn commit_after_due(
        &self,
        context: &mut Context,
        shard: &mut Shard,
        open: &OpenSale,
        id: &str,
        change: &Change<'_>,
        reply: Option<Recorded<'_, '_>>,
    ) -> Result<(), AppendError> {
        let ended = open.end_of_due(id, event_tag(id));
        let changes: Vec<_> = ended.into_iter().chain([*change]).collect();
        self.commit_to(context, shard, &changes, reply)?;
        open.count_ended(&self.usage);
        Ok(())
    }

    /// Whether these tickets could be booked at this moment, and are not more than `tickets_max`.
    pub fn can_book_all(
        &self,
        context: &mut Context,
        bookings: &[Booking<'_>],
        tickets_max: u32,
    ) -> Result<(), Error<BookingsRejection>> {
        let shards = self.lock_all(context, &mut self.shards_of(bookings));
        context.now = self.clock.now();
        self.decide_all(&shards, bookings, tickets_max, context.now)?;
        Ok(self.usage.tickets.check_limit(ticket_count(bookings))?)
    }

    /// Issues tickets of different events in one commit, all or none, as [`Self::book`] does. `tickets` are
    /// those of all bookings, in their order.
    pub fn book_all(
        &self,
        context: &mut Context,
        bookings: &[Booking<'_>],
        attendee: &str,
        tickets: DrawnTicketIds<'_>,
        keyed: Option<Keyed<'_, '_, Vec<BookedOfEvent>>>,
    ) -> Result<Vec<BookedOfEvent>, Error<BookingsRejection>> {
        let shard_of = self.shards_of(bookings);
        // A change for each booking, and one for the due holds of its event.
        let mut changes = Vec::with_capacity(2 * bookings.len());
        let mut shards = self.lock_all(context, &mut shard_of.clone());
        context.now = self.clock.now();
        let sales = self.decide_all(&shards, bookings, u32::MAX, context.now)?;
        let reserved = self.usage.tickets.reserve(ticket_count(bookings))?;
        let mut added_name_bytes = 0;
        let mut booked = Vec::with_capacity(bookings.len());
        let mut left = tickets;
        for ((booking, open), &shard) in bookings.iter().zip(&sales).zip(&shard_of) {
            let id = booking.event.as_str();
            let tag = event_tag(id);
            let (drawn, others) = left.split_at(booking.count as usize);
            left = others;
            let event = shards[shard].event_at(open.index);
            let first = event.next_place();
            let tickets = drawn.at(first);
            booked.push(BookedOfEvent { first, available: open.available_after() });
            changes.extend(open.end_of_due(id, tag).map(|ended| (shard, ended)));
            changes.push((shard, open.change(id, tag, attendee, tickets)));
            added_name_bytes += event.tickets.added_name_bytes(attendee);
        }
        let reserved_name_bytes = self.usage.name_bytes.reserve(added_name_bytes)?;
        let reply = record(keyed, &booked)?;
        self.commit_in(context, &mut shards, &changes, reply)?;
        reserved.keep();
        reserved_name_bytes.keep();
        sales.iter().for_each(|open| open.count_ended(&self.usage));
        Ok(booked)
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
        tickets_max: u32,
        now: i64,
    ) -> Result<Vec<OpenSale>, BookingsRejection> {
        let mut sales = Vec::with_capacity(bookings.len());
        let mut due_max = HOLDS_ENDED_MAX;
        let requested = ticket_count(bookings);
        let too_many = BookingsRejection::TooManyTickets { requested };
        let mut first = (requested > tickets_max.into()).then_some(too_many);
        for (index, Booking { event, count }) in bookings.iter().enumerate() {
            let id = event.as_str();
            let shard = &shards[self.records.shard_of_tag(event_tag(id))];
            match OpenSale::decide(shard, id, *count, now, due_max) {
                Ok(open) => {
                    due_max -= open.due.count() as usize;
                    sales.push(open);
                }
                Err(rejection) => {
                    if first.is_none_or(|first| rejection.order() < first.order()) {
                        first = Some(BookingsRejection::Booking { index, rejection });
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
