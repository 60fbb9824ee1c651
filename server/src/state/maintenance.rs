//! What the server does on its own: it ends due holds, forgets holds that ended long ago, and frees the
//! memory of deleted events. All in pieces, so that no lock is held for long.

use bookline_protocol::event_tag;

use super::context::Context;
use super::due_holds::DueHolds;
use super::id_index::Location;
use super::store::Store;
use crate::changes::{Change, EventAfter, HOLDS_ENDED_MAX, HoldsForgotten};
use crate::domain::EventKey;
use crate::domain::sale::Sale;
use crate::storage::log::AppendError;

/// How long a hold is remembered after its end, in microseconds: 24 hours.
const REMEMBERED_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Tickets and holds of deleted events that are freed under one lock: some 200 µs.
const FREED_PER_LOCK_MAX: usize = 1_000;

impl Store {
    /// The indices of the shards.
    pub fn shards(&self) -> std::ops::Range<usize> {
        0..self.records.shards.len()
    }

    /// Ends due holds of a shard, at most 1,000. Returns whether there may be more.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; nothing has changed.
    pub fn end_due_holds(&self, shard: usize) -> Result<bool, AppendError> {
        let mut context = Context::default();
        let mut shard = self.lock_to_decide(&mut context, shard);
        let mut left = HOLDS_ENDED_MAX;
        let mut ended = Vec::new();
        for event in shard.events_with_due_holds(context.now) {
            if left == 0 {
                break;
            }
            let due = DueHolds::of(event, context.now, u32::MAX, left);
            left -= due.count() as usize;
            ended.push((event.id.clone(), event.sale, due));
        }
        if ended.is_empty() {
            return Ok(false);
        }
        let changes: Vec<_> = ended
            .iter()
            .map(|(id, sale, due)| {
                let Sale { number, total, issued, held, .. } = *sale;
                let key = EventKey { tag: event_tag(id), number };
                due.change(EventAfter { key, id, total, issued, held: held - due.tickets() })
            })
            .collect();
        self.commit_to(&mut context, &mut shard, &changes, None)?;
        for (_, _, due) in &ended {
            self.usage.end_holds(due.count(), due.name_bytes());
        }
        Ok(left == 0)
    }

    /// Whether more ended holds are remembered than may be.
    pub fn has_excess_ended_holds(&self) -> bool {
        self.usage.ended_holds.excess() > 0
    }

    /// The time up to which holds that ended are to be forgotten: 24 hours ago, or later if there are more
    /// than may be remembered.
    pub fn forget_ended_through(&self) -> i64 {
        let day_ago = self.clock.now() - REMEMBERED_MICROS;
        let excess = self.usage.ended_holds.excess().min(HOLDS_ENDED_MAX as u64) as usize;
        if excess == 0 {
            return day_ago;
        }
        let oldest = |shard| {
            let shard = self.records.lock(shard);
            shard.ended_holds().map(|(at, _)| at).take(excess).collect::<Vec<_>>()
        };
        let mut oldest: Vec<_> = self.shards().flat_map(oldest).collect();
        if oldest.len() < excess {
            return day_ago;
        }
        day_ago.max(*oldest.select_nth_unstable(excess - 1).1)
    }

    /// Forgets holds of a shard that ended at or before `through`, at most 1,000. Returns whether there may
    /// be more.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; nothing has changed.
    pub fn forget_ended_holds(&self, shard: usize, through: i64) -> Result<bool, AppendError> {
        let mut context = Context::default();
        let mut shard = self.lock_to_decide(&mut context, shard);
        let old = shard.ended_holds().take_while(|(at, _)| *at <= through);
        let old: Vec<_> = old.map(|(_, location)| location).take(HOLDS_ENDED_MAX).collect();
        // Those of deleted events are freed with their events.
        let remembered = |location| Some((location, shard.hold_at(location)?.id));
        let mut forgotten: Vec<(Location, [u8; 16])> = old.iter().copied().filter_map(remembered).collect();
        forgotten.sort_unstable();
        let by_event: Vec<(EventKey, Vec<[u8; 16]>)> = forgotten
            .chunk_by(|a, b| a.0.event == b.0.event)
            .map(|same| {
                let event = shard.event_at(same[0].0.event);
                let key = EventKey { tag: event_tag(&event.id), number: event.sale.number };
                (key, same.iter().map(|(_, id)| *id).collect())
            })
            .collect();
        let changes: Vec<Change<'_>> =
            by_event.iter().map(|(event, holds)| HoldsForgotten { event: *event, holds }.into()).collect();
        if !changes.is_empty() {
            self.commit_to(&mut context, &mut shard, &changes, None)?;
            self.usage.ended_holds.release(forgotten.len() as u64);
        }
        // If only holds of deleted events are left, there is nothing to do before these are freed.
        Ok(old.len() == HOLDS_ENDED_MAX && !forgotten.is_empty())
    }

    /// Frees memory of deleted events of a shard. Returns whether there is more to free.
    pub fn free_deleted(&self, shard: usize) -> bool {
        self.records.lock(shard).free_deleted(FREED_PER_LOCK_MAX)
    }
}
