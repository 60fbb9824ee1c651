//! Tickets after they were issued: looked up, cancelled, checked in, and listed.

use bookline_protocol::{TicketId, TicketStatus, event_tag};
use compact_str::CompactString;

use super::context::Context;
use super::error::{CancellationRejection, CheckInRejection, Error};
use super::events::{Event, EventIndex};
use super::id_index::Location;
use super::keyed::{Keyed, record};
use super::locked_shards::LockedShards;
use super::shard::Shard;
use super::store::Store;
use crate::changes::{EventAfter, TicketCheckedIn, TicketsCancelled};
use crate::domain::sale::Sale;
use crate::domain::{EventKey, TicketState};

/// A ticket and its event, under the lock of its shard.
#[derive(Debug, Clone, Copy)]
pub struct TicketView<'a> {
    pub event: &'a Event,
    pub state: TicketState,
    /// The name behind `for=`.
    pub attendee: Option<&'a str>,
}

impl<'a> TicketView<'a> {
    fn at(shard: &'a Shard, location: Location) -> Self {
        let event = shard.event_at(location.event);
        let ticket = event.tickets.get(location.position);
        let state = ticket.expect("the ticket was located under the same lock").state;
        Self { event, state, attendee: event.tickets.attendee(location.position) }
    }
}

/// Tickets of an event in the order of issue, as they were under one lock.
#[derive(Debug, Default)]
pub struct TicketPage {
    /// The tickets, and for those of an attendee the index of the name.
    pub tickets: Vec<(TicketId, TicketState, Option<usize>)>,
    /// The names of attendees, each once for neighboring tickets.
    pub names: Vec<Box<str>>,
    /// Whether more follow.
    pub has_more: bool,
}

/// The tickets of one event that a CANCEL names.
struct Cancelled {
    shard: usize,
    id: CompactString,
    sale: Sale,
    tickets: Vec<[u8; 16]>,
}

impl Cancelled {
    fn change(&self) -> TicketsCancelled<'_> {
        let Sale { number, total, issued, held, .. } = self.sale;
        let key = EventKey { tag: event_tag(&self.id), number };
        let issued = issued - self.tickets.len() as u32;
        TicketsCancelled {
            event: EventAfter { key, id: &self.id, total, issued, held },
            tickets: &self.tickets,
        }
    }

    fn available_after(&self) -> (CompactString, u32) {
        (self.id.clone(), self.sale.available() + self.tickets.len() as u32)
    }
}

impl Store {
    /// Calls `read` with a ticket under the lock of its shard, so `read` must be short.
    pub fn ticket<R>(
        &self,
        context: &mut Context,
        ticket: TicketId,
        read: impl FnOnce(TicketView<'_>) -> R,
    ) -> Option<R> {
        let shard = self.lock(context, self.records.shard_of_tag(ticket.tag()));
        let location = shard.locate_ticket(&ticket.0)?;
        Some(read(TicketView::at(&shard, location)))
    }

    /// Checks a ticket in, or takes its check-in back, and calls `read` with it as [`Self::ticket`] does.
    pub fn check_in<R>(
        &self,
        context: &mut Context,
        ticket: TicketId,
        undo: bool,
        read: impl FnOnce(TicketView<'_>) -> R,
        keyed: Option<Keyed<'_, '_, R>>,
    ) -> Result<R, Error<CheckInRejection>> {
        let mut shard = self.lock_to_decide(context, self.records.shard_of_tag(ticket.tag()));
        let location = shard.locate_ticket(&ticket.0).ok_or(CheckInRejection::NoSuchTicket)?;
        let view = TicketView::at(&shard, location);
        view.state.decide_check_in(undo).map_err(CheckInRejection::State)?;
        let status = if undo { TicketStatus::Booked } else { TicketStatus::CheckedIn };
        let read = read(TicketView { state: TicketState::new(status, Some(context.now)), ..view });
        let id = view.event.id.clone();
        let (key, Sale { total, issued, held, .. }) = (view.event.key(), view.event.sale);
        let event = EventAfter { key, id: &id, total, issued, held };
        let changed = TicketCheckedIn { event, ticket: ticket.0, undone: undo, at: context.now }.into();
        let reply = record(keyed, &read)?;
        self.commit_to(context, &mut shard, &[changed], reply)?;
        Ok(read)
    }

    /// Cancels tickets of any events, all or none. Each is given once. Returns the events in the order of
    /// their first tickets, and how many tickets of each are left.
    pub fn cancel(
        &self,
        context: &mut Context,
        tickets: &[TicketId],
        keyed: Option<Keyed<'_, '_, Vec<(CompactString, u32)>>>,
    ) -> Result<Vec<(CompactString, u32)>, Error<CancellationRejection>> {
        let mut shard_of: Vec<_> = tickets.iter().map(|id| self.records.shard_of_tag(id.tag())).collect();
        let mut shards = self.lock_all(context, &mut shard_of);
        context.now = self.clock.now();
        let cancelled = self.decide_cancellation(&shards, tickets)?;
        let changes: Vec<_> = cancelled.iter().map(|event| (event.shard, event.change().into())).collect();
        let available = cancelled.iter().map(Cancelled::available_after).collect();
        let reply = record(keyed, &available)?;
        self.commit_in(context, &mut shards, &changes, reply)?;
        Ok(available)
    }

    /// Groups tickets by their events, if all may be cancelled.
    fn decide_cancellation(
        &self,
        shards: &LockedShards<'_>,
        tickets: &[TicketId],
    ) -> Result<Vec<Cancelled>, CancellationRejection> {
        let (mut unknown, mut not_booked) = (Vec::new(), Vec::new());
        let mut located = Vec::with_capacity(tickets.len());
        for (order, &ticket) in tickets.iter().enumerate() {
            let index = self.records.shard_of_tag(ticket.tag());
            let shard = &shards[index];
            match shard.locate_ticket(&ticket.0) {
                None => unknown.push(ticket),
                Some(location) if !TicketView::at(shard, location).state.is_cancellable() => {
                    not_booked.push(ticket);
                }
                Some(location) => located.push((index, location.event, order)),
            }
        }
        if !unknown.is_empty() {
            return Err(CancellationRejection::Unknown(unknown));
        }
        if !not_booked.is_empty() {
            return Err(CancellationRejection::NotBooked(not_booked));
        }
        Ok(group_by_event(shards, tickets, located))
    }

    /// Up to `count` tickets of an event from a position on. `None` if the event was deleted.
    pub fn ticket_page(
        &self,
        context: &mut Context,
        event: EventKey,
        from: u32,
        count: u32,
    ) -> Option<TicketPage> {
        let shard = self.lock(context, self.records.shard_of_tag(event.tag));
        let tickets = &shard.event_at(shard.index_of_number(event.number)?).tickets;
        let end = from.saturating_add(count).min(tickets.next_position());
        let mut page = TicketPage { has_more: end < tickets.next_position(), ..TicketPage::default() };
        for position in from..end {
            let Some(ticket) = tickets.get(position) else { break };
            let name = tickets.attendee(position).map(|name| {
                if page.names.last().is_none_or(|last| **last != *name) {
                    page.names.push(name.into());
                }
                page.names.len() - 1
            });
            page.tickets.push((TicketId(ticket.id), ticket.state, name));
        }
        Some(page)
    }
}

/// Groups tickets, given by shard, event and order, in the order of the first ticket of each event.
fn group_by_event(
    shards: &LockedShards<'_>,
    tickets: &[TicketId],
    mut located: Vec<(usize, EventIndex, usize)>,
) -> Vec<Cancelled> {
    located.sort_unstable();
    let mut events: Vec<_> = located.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
    events.sort_unstable_by_key(|same| same[0].2);
    let cancelled = events.into_iter().map(|same| {
        let (shard, index, _) = same[0];
        let Event { id, sale, .. } = shards[shard].event_at(index);
        let tickets = same.iter().map(|&(_, _, order)| tickets[order].0).collect();
        Cancelled { shard, id: id.clone(), sale: *sale, tickets }
    });
    cancelled.collect()
}
