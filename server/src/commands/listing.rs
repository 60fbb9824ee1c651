//! The listing of events.

use bookline_protocol::Cursor;
use bookline_protocol::reply::{self, CountReply, LineKind};
use compact_str::CompactString;

use super::answer::Answer;
use super::service::Service;
use crate::commands::progress::Progress;
use crate::commands::turn::Work;
use crate::state::ListingKey;

/// Places read from the listing at a time: some 10 µs under its lock.
const PAGE: usize = 64;

/// GET: events in their order.
#[derive(Debug)]
pub struct Listing {
    /// The last one written.
    after: Option<ListingKey>,
    /// How many more may be.
    left: Option<u32>,
    /// How many were.
    count: u64,
}

impl Listing {
    /// All events behind `after`, at most `limit`.
    pub(super) fn new(limit: Option<u32>, after: Option<&Cursor<'_>>) -> Self {
        let after = after.map(|cursor| ListingKey {
            date: cursor.date,
            name: CompactString::new(&cursor.name),
            id: CompactString::new(&cursor.id),
        });
        Self { after, left: limit, count: 0 }
    }

    pub(super) fn write(&mut self, service: &Service, answer: &mut Answer, enough: usize) -> Progress {
        loop {
            let wanted = self.left.map_or(PAGE, |left| PAGE.min(left as usize));
            let page = service.store.page(self.after.as_ref(), wanted, &mut answer.seen);
            let ended = page.len() < wanted || wanted == 0;
            for place in page {
                if answer.out.len() >= enough {
                    return Progress::Part;
                }
                self.write_event(service, answer, place);
            }
            if ended || self.left == Some(0) {
                self.end(service, answer);
                return Progress::Whole;
            }
            answer.turn.did(Work::Much);
            if answer.turn.is_over() {
                return Progress::Part;
            }
        }
    }

    fn write_event(&mut self, service: &Service, answer: &mut Answer, place: ListingKey) {
        let Answer { out, seen, .. } = answer;
        let shown = service.store.event(&place.id, seen, |event| {
            reply::write_event_reply(out, &event.json, event.sale.available(), LineKind::Row);
        });
        if shown.is_some() {
            self.count += 1;
            self.left = self.left.map(|left| left - 1);
        }
        self.after = Some(place);
    }

    fn end(&self, service: &Service, answer: &mut Answer) {
        let after = self.after.as_ref();
        let cut = self.left == Some(0) && !service.store.page(after, 1, &mut answer.seen).is_empty();
        let next = after.filter(|_| cut).map(|place| {
            let cursor = Cursor { date: place.date, name: (&*place.name).into(), id: (&*place.id).into() };
            cursor.encode().into()
        });
        reply::write_ok(&mut answer.out, &CountReply { count: self.count, next });
    }
}
