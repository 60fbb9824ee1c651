//! GET without arguments: the listing of events.

use bookline_protocol::Cursor;
use bookline_protocol::reply::{self, CountReply, LineKind};
use compact_str::CompactString;

use crate::commands::chunk_status::ChunkStatus;
use crate::commands::chunked_reply::ChunkedReply;
use crate::commands::events::write_event;
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::commands::turn_budget::Cost;
use crate::state::ListingKey;

/// Keys that are read from the listing under one lock: some 10 µs.
const PAGE_KEYS_MAX: usize = 64;

/// The reply to GET: events in the order of the listing.
#[derive(Debug)]
pub struct ChunkedListing {
    /// The key of the last event that was written.
    after: Option<ListingKey>,
    /// How many more events may be written.
    left: Option<u32>,
    /// Events written.
    count: u64,
}

impl ChunkedListing {
    /// The reply with at most `limit` events after `after`.
    pub(super) fn new(limit: Option<u32>, after: Option<&Cursor<'_>>) -> Self {
        let after = after.map(|cursor| ListingKey {
            date: cursor.date,
            name: CompactString::new(&cursor.name),
            id: CompactString::new(&cursor.id),
        });
        Self { after, left: limit, count: 0 }
    }

    fn write_event(&mut self, turn: &mut Turn, service: &Service, key: ListingKey) {
        let Turn { context, replies, .. } = turn;
        let shown = service.store.event(context, &key.id, |event| {
            write_event(replies, event, LineKind::Row);
        });
        if shown.is_some() {
            self.count += 1;
            self.left = self.left.map(|left| left - 1);
        }
        self.after = Some(key);
    }

    fn end(&self, turn: &mut Turn, service: &Service) {
        let after = self.after.as_ref();
        let is_truncated =
            self.left == Some(0) && !service.store.page(&mut turn.context, after, 1).is_empty();
        let next = after.filter(|_| is_truncated).map(|key| {
            let cursor = Cursor { date: key.date, name: (&*key.name).into(), id: (&*key.id).into() };
            cursor.encode().into()
        });
        reply::write_ok(&mut turn.replies, &CountReply { count: self.count, next });
    }
}

impl ChunkedReply for ChunkedListing {
    fn write(&mut self, turn: &mut Turn, service: &Service, bytes_target: usize) -> ChunkStatus {
        loop {
            let wanted = self.left.map_or(PAGE_KEYS_MAX, |left| PAGE_KEYS_MAX.min(left as usize));
            let page = service.store.page(&mut turn.context, self.after.as_ref(), wanted);
            let is_last_page = page.len() < wanted || wanted == 0;
            for key in page {
                if turn.replies.len() >= bytes_target {
                    return ChunkStatus::Partial;
                }
                self.write_event(turn, service, key);
            }
            if is_last_page || self.left == Some(0) {
                self.end(turn, service);
                return ChunkStatus::Complete;
            }
            turn.budget.charge(Cost::High, &service.clock);
            if turn.budget.is_exhausted() {
                return ChunkStatus::Partial;
            }
        }
    }
}
