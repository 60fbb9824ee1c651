//! Holds: tickets are put aside, and booked or given back.

use bookline_protocol::{HoldId, event_tag};
use compact_str::CompactString;

use super::bookings::OpenSale;
use super::context::Context;
use super::error::{BookingRejection, Error, HoldingRejection};
use super::events::Event;
use super::holds::StoredHold;
use super::id_index::Location;
use super::name_bytes::name_bytes;
use super::shard::Shard;
use super::store::Store;
use super::ticket_ids;
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
    pub event: CompactString,
    pub hold: Hold,
    /// Tickets of the event that are left.
    pub available: u32,
}

/// A hold whose shard is locked.
struct LockedHold<'a> {
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

    fn key(&self, hold: HoldId) -> EventKey {
        EventKey { tag: hold.tag(), number: self.event().sale.number }
    }

    fn view(&self) -> HoldView {
        let event = self.event();
        HoldView { event: event.id.clone(), hold: self.stored().hold, available: event.sale.available() }
    }
}

impl Store {
    /// Puts tickets aside, after it has written the event's tag into the id of the hold.
    pub fn hold(
        &self,
        context: &mut Context,
        new: &NewHold<'_>,
        hold: &mut [u8; 16],
    ) -> Result<HoldView, Error<BookingRejection>> {
        let NewHold { event: id, count, seconds, attendee } = *new;
        let tag = event_tag(id);
        ticket_ids::set_tag(std::slice::from_mut(hold), tag);
        let mut shard = self.lock_to_decide(context, self.records.shard_of_tag(tag));
        let open = OpenSale::decide(&shard, id, count, context.now, HOLDS_ENDED_MAX)?;
        let reserved = self.usage.holds.reserve(1)?;
        let reserved_name_bytes = self.usage.name_bytes.reserve(name_bytes(attendee))?;
        let created = Hold::new(count, context.now, seconds);
        let Sale { issued, held, .. } = open.sale;
        let event = open.event(id, tag, issued, held + count);
        let Hold { deadline, .. } = created;
        let change = HoldCreated { event, hold: *hold, tickets: count, deadline, attendee }.into();
        self.commit_after_due(context, &mut shard, &open, id, &change)?;
        reserved.keep();
        reserved_name_bytes.keep();
        Ok(HoldView { event: id.into(), hold: created, available: open.available_after() })
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

    /// Ends a hold and issues tickets of it with these ids, after it has written the event's tag into them.
    /// The others go back on sale. They are for `attendee`, or for that of the hold.
    pub fn confirm(
        &self,
        context: &mut Context,
        hold: HoldId,
        attendee: Option<&str>,
        tickets: &mut [[u8; 16]],
    ) -> Result<HoldView, Error<HoldingRejection>> {
        ticket_ids::set_tag(tickets, hold.tag());
        let mut locked = self.lock_hold(context, hold)?;
        let count = u32::try_from(tickets.len()).expect("a booking is bounded by the protocol's limits");
        locked.stored().hold.decide_confirmation(context.now, Some(count))?;
        let reserved = self.usage.tickets.reserve(count.into())?;
        let of_hold = locked.stored().attendee.clone();
        let attendee = attendee.unwrap_or(&of_hold);
        let added = locked.event().tickets.added_name_bytes(attendee);
        let released = name_bytes(&of_hold);
        let reserved_name_bytes = self.usage.name_bytes.reserve(added.saturating_sub(released))?;
        let Event { id, sale, .. } = locked.event();
        let (id, held) = (id.clone(), sale.held - locked.stored().hold.tickets);
        let Sale { total, issued, .. } = *sale;
        let event = EventAfter { key: locked.key(hold), id: &id, total, issued: issued + count, held };
        let confirmed = HoldConfirmed { event, hold: hold.0, attendee, tickets }.into();
        self.commit_to(context, &mut locked.shard, &[confirmed])?;
        reserved.keep();
        reserved_name_bytes.keep();
        self.usage.end_holds(1, released.saturating_sub(added));
        Ok(locked.view())
    }

    /// Sets the deadline of a hold to so many seconds from now.
    pub fn extend(
        &self,
        context: &mut Context,
        hold: HoldId,
        seconds: u32,
    ) -> Result<HoldView, Error<HoldingRejection>> {
        let mut locked = self.lock_hold(context, hold)?;
        let deadline = locked.stored().hold.decide_extension(context.now, seconds)?;
        let id = locked.event().id.clone();
        let event = locked.key(hold);
        let extended = HoldExtended { event, id: &id, hold: hold.0, deadline }.into();
        self.commit_to(context, &mut locked.shard, &[extended])?;
        Ok(locked.view())
    }

    /// Ends a hold, and gives its tickets back.
    pub fn release(&self, context: &mut Context, hold: HoldId) -> Result<HoldView, Error<HoldingRejection>> {
        let mut locked = self.lock_hold(context, hold)?;
        locked.stored().hold.decide_release(context.now)?;
        let Event { id, sale, .. } = locked.event();
        let (id, held) = (id.clone(), sale.held - locked.stored().hold.tickets);
        let Sale { total, issued, .. } = *sale;
        let event = EventAfter { key: locked.key(hold), id: &id, total, issued, held };
        let released_name_bytes = name_bytes(&locked.stored().attendee);
        let holds = [hold.0];
        let released = HoldsEnded { event, end: HoldEnd::Released, holds: &holds }.into();
        self.commit_to(context, &mut locked.shard, &[released])?;
        self.usage.end_holds(1, released_name_bytes);
        Ok(locked.view())
    }

    /// A hold that is active or remembered. [`Context::now`] is the time at which it is seen.
    pub fn hold_view(&self, context: &mut Context, hold: HoldId) -> Option<HoldView> {
        self.lock_hold(context, hold).ok().map(|locked| locked.view())
    }

    /// Locks the shard of a hold, and reads the time.
    fn lock_hold(&self, context: &mut Context, hold: HoldId) -> Result<LockedHold<'_>, HoldingRejection> {
        let shard = self.lock_to_decide(context, self.records.shard_of_tag(hold.tag()));
        let location = shard.locate_hold(&hold.0).ok_or(HoldingRejection::NoSuchHold)?;
        Ok(LockedHold { shard, location })
    }
}
