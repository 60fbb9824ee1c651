//! TICKETS: the tickets of an event, for the door.

use bookline_protocol::commands::Tickets;
use bookline_protocol::commands::tickets::write_ticket_row;
use bookline_protocol::reply::{CountReply, write_ok};
use bookline_protocol::{Refusal, StatusFilter, TicketCursor, Timestamp, event_tag};

use super::chunk_status::ChunkStatus;
use super::chunked_reply::ChunkedReply;
use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::refusals::no_such_event;
use super::service::Service;
use super::turn::Turn;
use super::turn_budget::Cost;
use crate::domain::EventKey;
use crate::state::TicketPage;
use crate::state::UnusedKey;

/// Tickets that are read under one lock: some 10 µs.
const PAGE_TICKETS_MAX: u32 = 256;

impl Command for Tickets<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let id = self.event.as_str();
        let number = service.store.event(&mut turn.context, id, |event| event.sale.number);
        let Some(number) = number else {
            return turn.refuse(Refusal::not_found(no_such_event(id)));
        };
        if self.after.is_some_and(|cursor| cursor.event != number.0) {
            return turn.refuse(Refusal::not_found(format!(
                "the cursor is of another event than the present {id}: leave after= out to begin anew"
            )));
        }
        ExecutionStatus::Chunked(Box::new(ChunkedTickets {
            event: EventKey { tag: event_tag(id), number },
            next: self.after.map_or(0, |cursor| cursor.position),
            status: self.status,
            attendee: self.attendee.as_ref().map(|text| fold_case(text.as_str())),
            whole_ids: self.ids,
            left: self.limit,
            count: 0,
        }))
    }
}

/// The reply to TICKETS: tickets in the order of issue.
#[derive(Debug)]
struct ChunkedTickets {
    event: EventKey,
    /// The position of the ticket to look at next.
    next: u32,
    status: StatusFilter,
    /// Part of the names to list, without a difference in case.
    attendee: Option<String>,
    whole_ids: bool,
    /// How many more tickets may be written.
    left: Option<u32>,
    /// Tickets written.
    count: u64,
}

/// Why the writing of a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageEnd {
    /// All of it is written.
    Complete,
    /// The reply buffer is full.
    Full,
    /// Another ticket follows that was asked for, and `limit=` allows no more.
    Limit,
}

impl ChunkedTickets {
    /// Writes those tickets of a page that were asked for.
    fn write_page(&mut self, out: &mut Vec<u8>, page: &TicketPage, bytes_target: usize) -> PageEnd {
        let is_listed: Vec<bool> = page.names.iter().map(|name| self.lists(name)).collect();
        for &(ticket, state, name) in &page.tickets {
            let is_named = name.map_or(self.attendee.is_none(), |name| is_listed[name]);
            if is_named && self.status.accepts(state.status()) {
                if self.left == Some(0) {
                    return PageEnd::Limit;
                }
                if out.len() >= bytes_target {
                    return PageEnd::Full;
                }
                let (at, name) = (state.at().map(Timestamp), name.map(|name| &*page.names[name]));
                write_ticket_row(out, ticket, self.whole_ids, state.status(), at, name);
                self.count += 1;
                self.left = self.left.map(|left| left - 1);
            }
            self.next += 1;
        }
        PageEnd::Complete
    }

    /// Whether tickets with this name were asked for.
    fn lists(&self, name: &str) -> bool {
        self.attendee.as_ref().is_none_or(|part| fold_case(name).contains(part.as_str()))
    }

    fn end(&self, turn: &mut Turn, has_more: bool) -> ChunkStatus {
        let cursor = TicketCursor { event: self.event.number.0, position: self.next };
        let next = has_more.then(|| cursor.encode().into());
        write_ok(&mut turn.replies, &CountReply { count: self.count, next });
        ChunkStatus::Complete
    }
}

/// Makes texts equal that differ in case only. To lower case alone would be too little: `ß` is `SS` or `ẞ` in
/// upper case, and `Σ` is `σ` or, at the end of a word, `ς` in lower case.
fn fold_case(text: &str) -> String {
    let lower = text.chars().flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

impl ChunkedReply for ChunkedTickets {
    fn write(&mut self, turn: &mut Turn, service: &Service, bytes_target: usize) -> ChunkStatus {
        loop {
            let page = service.store.ticket_page(&mut turn.context, self.event, self.next, PAGE_TICKETS_MAX);
            // An event that was deleted meanwhile has no more tickets.
            let page = page.unwrap_or_default();
            match self.write_page(&mut turn.replies, &page, bytes_target) {
                PageEnd::Limit => return self.end(turn, true),
                PageEnd::Full => return ChunkStatus::Partial,
                PageEnd::Complete if !page.has_more => return self.end(turn, false),
                PageEnd::Complete => turn.budget.charge(Cost::High, &service.clock),
            }
            if turn.budget.is_exhausted() {
                return ChunkStatus::Partial;
            }
        }
    }
}
