//! Answers of many rows, written a piece at a time: no lock and no buffer is ever held for all of them.

use bookline_protocol::limits::HOD_SLOTS;
use bookline_protocol::reply::{self, Count, Kind};
use bookline_protocol::{Cursor, Slot};
use compact_str::CompactString;

use super::{Answer, Service};
use crate::store::Place;

/// Places read from the listing at a time: some 10 µs under its lock.
const PAGE: usize = 64;

/// A listing of which rows are still to come.
#[derive(Debug)]
pub enum Rows {
    /// GET: events behind `after`.
    Events {
        /// The last one written.
        after: Option<Place>,
        /// How many more may be.
        left: Option<u32>,
        /// How many were.
        count: u64,
    },
    /// HOD: meetings of the slots from `newest` back to `oldest`, by their index.
    Month {
        /// The next slot to look at.
        newest: u32,
        /// The last slot to look at.
        oldest: u32,
        /// Rows written.
        count: u64,
    },
}

impl Rows {
    /// All events behind `after`, at most `limit`.
    pub fn events(limit: Option<u32>, after: Option<&Cursor<'_>>) -> Rows {
        let after = after.map(|cursor| Place {
            date: cursor.date,
            name: CompactString::new(&cursor.name),
            id: CompactString::new(&cursor.id),
        });
        Rows::Events { after, left: limit, count: 0 }
    }

    /// The meetings of the month that ends with `current`.
    pub fn month(current: Slot) -> Rows {
        let newest = current.index();
        Rows::Month { newest, oldest: newest.saturating_sub(HOD_SLOTS - 1), count: 0 }
    }

    /// Writes rows until the answer has `enough` bytes or the last line is written; says whether it is.
    pub fn write(&mut self, service: &Service, answer: &mut Answer, enough: usize) -> bool {
        match self {
            Rows::Events { after, left, count } => write_events(service, answer, enough, after, left, count),
            Rows::Month { newest, oldest, count } => {
                write_month(service, answer, enough, newest, *oldest, count)
            }
        }
    }
}

fn write_events(
    service: &Service,
    answer: &mut Answer,
    enough: usize,
    after: &mut Option<Place>,
    left: &mut Option<u32>,
    count: &mut u64,
) -> bool {
    while answer.out.len() < enough {
        let wanted = left.map_or(PAGE, |left| PAGE.min(left as usize));
        let page = service.store.page(after.as_ref(), wanted, &mut answer.seen);
        let ended = page.len() < wanted || wanted == 0;
        for place in page {
            let Answer { out, seen, .. } = answer;
            let shown = service.store.event(&place.id, seen, |event| {
                reply::write_event(out, &event.json, event.sale.available(), Kind::Row);
            });
            if shown.is_some() {
                *count += 1;
                *left = left.map(|left| left - 1);
            }
            *after = Some(place);
        }
        if ended || *left == Some(0) {
            let cut = *left == Some(0) && !service.store.page(after.as_ref(), 1, &mut answer.seen).is_empty();
            let next = after.as_ref().filter(|_| cut).map(|place| {
                let cursor =
                    Cursor { date: place.date, name: (&*place.name).into(), id: (&*place.id).into() };
                cursor.encode().into()
            });
            reply::ok(&mut answer.out, &Count { count: *count, next });
            return true;
        }
    }
    false
}

fn write_month(
    service: &Service,
    answer: &mut Answer,
    enough: usize,
    newest: &mut u32,
    oldest: u32,
    count: &mut u64,
) -> bool {
    while answer.out.len() < enough {
        let slot = Slot::from_index(*newest).filter(|_| *newest >= oldest);
        let Some(slot) = slot else {
            reply::ok(&mut answer.out, &Count::of(*count));
            return true;
        };
        let meetings = service.store.meetings(slot, &mut answer.seen);
        if !meetings.is_empty() {
            let meetings = meetings.iter().map(|meeting| (&*meeting.title, &*meeting.group, &*meeting.host));
            reply::write_month_row(&mut answer.out, slot, meetings);
            *count += 1;
        }
        *newest -= 1;
    }
    false
}
