//! Deletion of events.

use bookline_protocol::event_tag;

use super::context::Context;
use super::error::{DeletionRejection, Error};
use super::events::Event;
use super::holds::Holds;
use super::keyed::{Keyed, record};
use super::store::Store;
use crate::changes::{EventAfter, EventDeleted};
use crate::domain::EventKey;
use crate::domain::sale::Sale;

/// What an event had when it was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedEvent {
    /// Valid tickets.
    pub tickets: u32,
    /// Active holds.
    pub holds: u32,
}

impl Store {
    /// Deletes an event. One with valid tickets or active holds is deleted only if they may be dropped.
    pub fn delete_event(
        &self,
        context: &mut Context,
        id: &str,
        drop_tickets: bool,
        keyed: Option<Keyed<'_, '_, DeletedEvent>>,
    ) -> Result<DeletedEvent, Error<DeletionRejection>> {
        let tag = event_tag(id);
        let mut shard = self.lock_to_decide(context, self.records.shard_of_tag(tag));
        let event = shard.event(id).ok_or(DeletionRejection::NoSuchEvent)?;
        let Sale { number, total, issued, held, .. } = event.sale;
        let deleted = DeletedEvent { tickets: issued, holds: active_holds(event, context.now) };
        if !drop_tickets && (deleted.tickets > 0 || deleted.holds > 0) {
            return Err(DeletionRejection::Sold { tickets: issued, holds: deleted.holds }.into());
        }
        let after = EventAfter { key: EventKey { tag, number }, id, total, issued, held };
        let before = shard.counts;
        let reply = record(keyed, &deleted)?;
        self.commit_to(context, &mut shard, &[EventDeleted { event: after }.into()], reply)?;
        let counts = shard.counts;
        self.usage.events.release(1);
        self.usage.tickets.release(before.ticket_ids - counts.ticket_ids);
        self.usage.holds.release(before.holds - counts.holds);
        self.usage.ended_holds.release(before.ended_holds - counts.ended_holds);
        self.usage.name_bytes.release(before.name_bytes - counts.name_bytes);
        Ok(deleted)
    }
}

/// The number of active holds. Those that are due may count, but not if there are no others.
fn active_holds(event: &Event, now: i64) -> u32 {
    let holds = event.holds().filter(|holds| holds.latest_deadline() > Some(now));
    let count = holds.map_or(0, Holds::active_count);
    u32::try_from(count).expect("each hold has a ticket of the event")
}
