//! Holds: tickets are put aside, and booked or given back.

use bookline_protocol::{HoldId, event_tag};
use compact_str::CompactString;

use super::bookings::OpenSale;
use super::context::Context;
use super::error::{BookingRejection, Error, HoldingRejection};
use super::events::Event;
use super::holds::StoredHold;
use super::id_index::Location;
use super::keyed::{Keyed, record};
use super::name_bytes::name_bytes;
use super::shard::Shard;
use super::store::Store;
use super::ticket_ids::DrawnTicketIds;
use super::ticket_place::TicketPlace;
use crate::changes::{EventAfter, HOLDS_ENDED_MAX, HoldConfirmed, HoldCreated, HoldExtended, HoldsEnded};
use crate::domain::EventKey;
use crate::domain::hold::{Hold, HoldEnd};
use crate::domain::sale::Sale;
use crate::sync::MutexGuard;

/// Tickets to put aside.
#[derive(Debug, Clone, Copy)]
pub struct NewHold<'a> {
    /// The id of the event.
    pub event: &'a str,
    pub count: u32,
    pub seconds: u32,
    /// The name behind `for=`, or nothing.
    pub attendee: &'a str,
}

/// A hold, as replies show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldView {
    pub id: HoldId,
    pub event: CompactString,
    pub hold: Hold,
    /// Tickets of the event that are left.
    pub available: u32,
}

/// A hold that was confirmed, and the tickets of it that were issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedHold<'a> {
    /// The id of the event.
    pub event: CompactString,
    /// The place of the first ticket. The others are behind it.
    pub first: TicketPlace,
    pub tickets: &'a [[u8; 16]],
    /// Tickets of the event that are left.
    pub available: u32,
}

/// A hold that was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedHold {
    /// The id of the event.
    pub event: CompactString,
    /// The tickets that it gave back.
    pub tickets: u32,
    /// Tickets of the event that are left.
    pub available: u32,
}

/// A hold whose shard is locked.
struct LockedHold<'a> {
    id: HoldId,
    shard: MutexGuard<'a, Shard>,
    location: Location,
}

impl LockedHold<'_> {
    fn stored(&self) -> &StoredHold {
        self.shard.hold_at(self.location).expect("the hold was located under the same lock")
    }

    fn event(&self) -> &Event {
        self.shard.event_at(self.location.event)
    }

    fn key(&self) -> EventKey {
        self.event().key()
    }

    fn view(&self) -> HoldView {
        let event = self.event();
        let hold = self.stored().hold;
        HoldView { id: self.id, event: event.id.clone(), hold, available: event.sale.available() }
    }
}

impl Store {
    /// Puts tickets aside. The id of the hold is the one that was drawn.
    pub fn hold(
        &self,
        context: &mut Context,
        new: &NewHold<'_>,
        drawn: DrawnTicketIds<'_>,
        keyed: Option<Keyed<'_, '_, HoldView>>,
    ) -> Result<HoldView, Error<BookingRejection>> {
        let NewHold { event: id, count, seconds, attendee } = *new;
        let tag = event_tag(id);
        let hold = drawn.into_hold_id(tag);
        let mut shard = self.lock_to_decide(context, self.records.shard_of_tag(tag));
        let open = OpenSale::decide(&shard, id, count, context.now, HOLDS_ENDED_MAX)?;
        let reserved = self.usage.holds.reserve(1)?;
        let reserved_name_bytes = self.usage.name_bytes.reserve(name_bytes(attendee))?;
        let created = Hold::new(count, context.now, seconds);
        let Sale { issued, held, .. } = open.sale;
        let event = open.event(id, tag, issued, held + count);
        let Hold { deadline, .. } = created;
        let change = HoldCreated { event, hold, tickets: count, deadline, attendee }.into();
        let view =
            HoldView { id: HoldId(hold), event: id.into(), hold: created, available: open.available_after() };
        let reply = record(keyed, &view)?;
        self.commit_after_due(context, &mut shard, &open, id, &change, reply)?;
        reserved.keep();
        reserved_name_bytes.keep();
        Ok(view)
    }

    /// The number of tickets that a confirmation of `count`, or of all, would book at this moment.
    pub fn can_confirm(
        &self,
        context: &mut Context,
        hold: HoldId,
        count: Option<u32>,
    ) -> Result<u32, Error<HoldingRejection>> {
        let locked = self.lock_hold(context, hold)?;
        let count = locked.stored().hold.decide_confirmation(context.now, count)?;
        self.usage.tickets.check_limit(count.into())?;
        Ok(count)
    }

    /// Ends a hold and issues tickets of it with these ids. The others go back on sale. They are for
    /// `attendee`, or for that of the hold.
    pub fn confirm<'t>(
        &self,
        context: &mut Context,
        hold: HoldId,
        attendee: Option<&str>,
        tickets: DrawnTicketIds<'t>,
        keyed: Option<Keyed<'_, '_, ConfirmedHold<'t>>>,
    ) -> Result<ConfirmedHold<'t>, Error<HoldingRejection>> {
        let mut locked = self.lock_hold(context, hold)?;
        let count = u32::try_from(tickets.count()).expect("a booking is bounded by the protocol's limits");
        locked.stored().hold.decide_confirmation(context.now, Some(count))?;
        let reserved = self.usage.tickets.reserve(count.into())?;
        let first = locked.event().next_place();
        let tickets = tickets.at(first);
        let of_hold = locked.stored().attendee.clone();
        let attendee = attendee.unwrap_or(&of_hold);
        let added = locked.event().tickets.added_name_bytes(attendee);
        let released = name_bytes(&of_hold);
        let reserved_name_bytes = self.usage.name_bytes.reserve(added.saturating_sub(released))?;
        let Event { id, sale, .. } = locked.event();
        let (id, held) = (id.clone(), sale.held - locked.stored().hold.tickets);
        let Sale { total, issued, .. } = *sale;
        let event = EventAfter { key: locked.key(), id: &id, total, issued: issued + count, held };
        let change = HoldConfirmed { event, hold: hold.0, attendee, tickets }.into();
        let available = total - issued - count - held;
        let confirmed = ConfirmedHold { event: id.clone(), first, tickets, available };
        let reply = record(keyed, &confirmed)?;
        self.commit_to(context, &mut locked.shard, &[change], reply)?;
        reserved.keep();
        reserved_name_bytes.keep();
        self.usage.end_holds(1, released.saturating_sub(added));
        Ok(confirmed)
    }

    /// Sets the deadline of a hold to so many seconds from now.
    pub fn extend(
        &self,
        context: &mut Context,
        hold: HoldId,
        seconds: u32,
        keyed: Option<Keyed<'_, '_, HoldView>>,
    ) -> Result<HoldView, Error<HoldingRejection>> {
        let mut locked = self.lock_hold(context, hold)?;
        let deadline = locked.stored().hold.decide_extension(context.now, seconds)?;
        let mut view = locked.view();
        view.hold.deadline = deadline;
        let (key, Sale { total, issued, held, .. }) = (locked.key(), locked.event().sale);
        let event = EventAfter { key, id: &view.event, total, issued, held };
        let tickets = view.hold.tickets;
        let extended = HoldExtended { event, hold: hold.0, tickets, deadline }.into();
        let reply = record(keyed, &view)?;
        self.commit_to(context, &mut locked.shard, &[extended], reply)?;
        Ok(view)
    }

    /// Ends a hold, and gives its tickets back.
    pub fn release(
        &self,
        context: &mut Context,
        hold: HoldId,
        keyed: Option<Keyed<'_, '_, ReleasedHold>>,
    ) -> Result<ReleasedHold, Error<HoldingRejection>> {
        let mut locked = self.lock_hold(context, hold)?;
        locked.stored().hold.decide_release(context.now)?;
        let Event { id, sale, .. } = locked.event();
        let tickets = locked.stored().hold.tickets;
        let Sale { total, issued, held, .. } = *sale;
        let held = held - tickets;
        let released = ReleasedHold { event: id.clone(), tickets, available: total - issued - held };
        let event = EventAfter { key: locked.key(), id: &released.event, total, issued, held };
        let released_name_bytes = name_bytes(&locked.stored().attendee);
        let holds = [hold.0];
        let change = HoldsEnded { event, end: HoldEnd::Released, tickets, holds: &holds }.into();
        let reply = record(keyed, &released)?;
        self.commit_to(context, &mut locked.shard, &[change], reply)?;
        self.usage.end_holds(1, released_name_bytes);
        Ok(released)
    }

    /// A hold that is active or remembered. [`Context::now`] is the time at which it is seen.
    pub fn hold_view(&self, context: &mut Context, hold: HoldId) -> Option<HoldView> {
        self.lock_hold(context, hold).ok().map(|locked| locked.view())
    }

    /// Locks the shard of a hold, and reads the time.
    fn lock_hold(&self, context: &mut Context, hold: HoldId) -> Result<LockedHold<'_>, HoldingRejection> {
        let shard = self.lock_to_decide(context, self.records.shard_of_tag(hold.tag()));
        let location = shard.locate_hold(&hold.0).ok_or(HoldingRejection::NoSuchHold)?;
        Ok(LockedHold { id: hold, shard, location })
    }
}
