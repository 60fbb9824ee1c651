//! Replies laid out by the fields of their objects.
//!
//! The fields alone decide, so that a reply looks the same at the prompt, from a shell and in a script. An
//! object of a later version is shown as names and values.

use bookline_protocol::commands::account::{ChangedAccountReply, DroppedAccountReply};
use bookline_protocol::commands::auth::AccountReply;
use bookline_protocol::commands::block::BlockReply;
use bookline_protocol::commands::book::{BookReply, BookingsReply};
use bookline_protocol::commands::cancel::CancelReply;
use bookline_protocol::commands::confirm::ConfirmReply;
use bookline_protocol::commands::delete::{DeleteReply, DeletedEventReply};
use bookline_protocol::commands::free::{FreeRow, NoTimeReply};
use bookline_protocol::commands::get::DayReply;
use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::commands::help::HelpRow;
use bookline_protocol::commands::hod::HodRow;
use bookline_protocol::commands::hold::{HoldReply, HoldStatusReply};
use bookline_protocol::commands::meet::MeetReply;
use bookline_protocol::commands::release::ReleaseReply;
use bookline_protocol::commands::ticket::TicketReply;
use bookline_protocol::commands::tickets::TicketRow;
use bookline_protocol::commands::unwatch::UnwatchReply;
use bookline_protocol::commands::watch::WatchReply;
use bookline_protocol::reply::{CountReply, EventReply};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::render::day::day;
use crate::render::events::events;
use crate::render::fields::fields;
use crate::render::forms::forms;
use crate::render::layout::fill;
use crate::render::listing::Listing;
use crate::render::page::Page;
use crate::render::sentence::{self, RowKind};
use crate::render::text::printable;
use crate::render::ticket::TitleLookup;
use crate::render::{account, calendar, door_list, free_times, hold, ticket};

/// The object of an `OK`, recognized by its fields. The order matters: a shape comes before the shapes whose
/// fields it includes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OkBody<'a> {
    #[serde(borrow)]
    Event(EventReply<'a>),
    Confirm(ConfirmReply<'a>),
    Book(BookReply<'a>),
    Bookings(BookingsReply<'a>),
    Hold(HoldReply<'a>),
    HoldStatus(HoldStatusReply<'a>),
    Release(ReleaseReply<'a>),
    Ticket(TicketReply<'a>),
    Cancel(CancelReply<'a>),
    DeletedEvent(DeletedEventReply<'a>),
    Day(DayReply<'a>),
    Meet(MeetReply<'a>),
    Delete(DeleteReply<'a>),
    Block(BlockReply<'a>),
    Hello(HelloReply<'a>),
    Account(ChangedAccountReply<'a>),
    DroppedAccount(DroppedAccountReply<'a>),
    NoTime(NoTimeReply),
    Watch(WatchReply<'a>),
    Unwatch(UnwatchReply<'a>),
    Count(CountReply<'a>),
    Other(Map<String, Value>),
}

/// Lays out the objects of rows.
pub fn rows(bodies: &[String], page: &Page) -> (String, RowKind) {
    if let Some(listed) = parse_all::<EventReply<'_>>(bodies) {
        return (events(&listed, page), RowKind::Of(Listing::Events));
    }
    if let Some(listed) = parse_all::<TicketRow<'_>>(bodies) {
        return (door_list::tickets(&listed, page), RowKind::Of(Listing::Tickets));
    }
    if let Some(listed) = parse_all::<DayReply<'_>>(bodies) {
        return (calendar::days(&listed, page), RowKind::Of(Listing::Days));
    }
    if let Some(listed) = parse_all::<FreeRow>(bodies) {
        return (free_times::times(&listed, page), RowKind::Of(Listing::Times));
    }
    if let Some(listed) = parse_all::<HodRow<'_>>(bodies) {
        return (calendar::hours(&listed, page), RowKind::Of(Listing::Hours));
    }
    if let Some(listed) = parse_all::<AccountReply<'_>>(bodies) {
        return (account::accounts(&listed, page), RowKind::Of(Listing::Accounts));
    }
    if let Some(listed) = parse_all::<HelpRow<'_>>(bodies) {
        return (forms(&listed, page), RowKind::Of(Listing::Forms));
    }
    let lines: Vec<_> = bodies.iter().map(|body| printable(body)).collect();
    (lines.join("\n"), RowKind::Other)
}

/// Lays out the object of an `OK`, which follows rows of this kind. The text is empty if there is nothing to
/// say.
pub fn ok(body: &str, rows: Option<RowKind>, titles: TitleLookup<'_>, page: &Page) -> String {
    let Ok(parsed) = serde_json::from_str(body) else {
        return printable(body).into_owned();
    };
    let sentence = match parsed {
        OkBody::Event(event) => return events(&[event], page),
        OkBody::Day(listed) => return day(&listed, page),
        OkBody::Meet(met) => return sentence::met(&met, page),
        OkBody::Block(blocked) => return sentence::blocked(&blocked, page),
        OkBody::NoTime(busy) => return free_times::none(&busy, page),
        OkBody::Other(named) if !named.is_empty() => return fields(&named, page),
        OkBody::Other(_) => "OK".to_owned(),
        OkBody::Confirm(confirmed) => ticket::confirmed(&confirmed, titles),
        OkBody::Book(booked) => ticket::booked(&booked, titles),
        OkBody::Bookings(booked) => ticket::all_booked(&booked, titles),
        OkBody::Hold(held) => hold::held(&held),
        OkBody::HoldStatus(held) => hold::hold(&held),
        OkBody::Release(released) => hold::released(&released),
        OkBody::Ticket(shown) => ticket::ticket(&shown),
        OkBody::Cancel(cancelled) => ticket::cancelled(&cancelled),
        OkBody::DeletedEvent(deleted) => ticket::deleted_event(&deleted),
        OkBody::Delete(deleted) => sentence::deleted(&deleted),
        OkBody::Hello(hello) => sentence::hello(&hello),
        OkBody::Account(changed) => account::account(&changed),
        OkBody::DroppedAccount(dropped) => account::dropped(&dropped),
        OkBody::Watch(watched) => sentence::watched(&watched),
        OkBody::Unwatch(left) => sentence::watching(&left.watching, ""),
        OkBody::Count(count) => sentence::count(&count, rows),
    };
    fill(&sentence, page)
}

/// Whether [`ok`] has a sentence for the object, and not its fields alone.
pub fn has_sentence(body: &str) -> bool {
    match serde_json::from_str(body) {
        Ok(OkBody::Other(fields)) => fields.is_empty(),
        Ok(_) => true,
        Err(_) => false,
    }
}

/// The objects, if all of them have this shape.
fn parse_all<'a, T: Deserialize<'a>>(bodies: &'a [String]) -> Option<Vec<T>> {
    bodies.iter().map(|body| serde_json::from_str(body).ok()).collect()
}
