//! Replies as sentences.

use std::fmt::{Display, Write};

use bookline_protocol::Code;
use bookline_protocol::commands::block::BlockReply;
use bookline_protocol::commands::book::{BookReply, BookingsReply};
use bookline_protocol::commands::delete::{DeleteReply, EntryKind};
use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::commands::meet::MeetReply;
use bookline_protocol::commands::ticket::TicketReply;
use bookline_protocol::reply::{CountReply, ErrBody, Members, ReplacedEntry, ReplacedMeeting};

use crate::render::text::printable;

/// The kind of a reply's rows, by the command that lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// GET.
    Events,
    /// HOD.
    Hours,
    /// HELP.
    Forms,
    /// A command of a later version.
    Other,
}

/// The first lines of a session, from the object of the reply to HELLO.
pub fn greeting(hello: &str, address: &impl Display) -> String {
    let Ok(hello) = serde_json::from_str::<HelloReply<'_>>(hello) else {
        return printable(hello).into_owned();
    };
    format!(
        "{}\nbookline {} at {address}, time zone {}. HELP lists the commands, Ctrl-D leaves.",
        printable(&hello.welcome),
        printable(&hello.version),
        printable(&hello.time_zone),
    )
}

/// A refusal. `after_rows` says that rows were printed before it: they are incomplete.
pub fn refusal(code: &str, body: &str, after_rows: bool) -> String {
    let mut sentence = match serde_json::from_str::<ErrBody>(body) {
        Ok(body) => refusal_sentence(code, &body),
        Err(_) => format!("{}: {}", printable(code), printable(body)),
    };
    if after_rows {
        sentence.push_str("\nThe rows above are not all there are.");
    }
    sentence
}

fn refusal_sentence(code: &str, body: &ErrBody) -> String {
    let title = match (code.parse(), body.available) {
        (Ok(Code::SoldOut), Some(1..)) => "Too few left".to_owned(),
        _ => title_of(code),
    };
    let mut sentence = format!("{}: {}", printable(&title), printable(&body.message));
    if let Some(host) = &body.host
        && !body.message.contains(host.as_str())
    {
        let _ = write!(sentence, " (host: {})", printable(host));
    }
    let unnamed = |name: &&String| !body.message.contains(name.as_str());
    let busy: Vec<_> = body.busy.iter().flatten().filter(unnamed).map(String::as_str).collect();
    if !busy.is_empty() {
        let _ = write!(sentence, " (busy: {})", printable(&busy.join(", ")));
    }
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    if let Some(verb) = &body.did_you_mean
        && !body.message.contains(verb.as_str())
    {
        let _ = write!(sentence, " Did you mean {}?", printable(verb));
    }
    sentence
}

/// `SOLD_OUT` becomes `Sold out`.
fn title_of(code: &str) -> String {
    let mut words = code.replace('_', " ").to_lowercase();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

pub fn booked(booked: &BookReply<'_>) -> String {
    let mut lines = format!(
        "{} for {}, {} left:",
        tickets(u32::try_from(booked.tickets.len()).unwrap_or(u32::MAX)),
        printable(&booked.event_id),
        booked.available_tickets,
    );
    for ticket in &booked.tickets {
        let _ = write!(lines, "\n{ticket}");
    }
    lines
}

/// The bookings of several events, one after the other.
pub fn all_booked(booked: &BookingsReply<'_>) -> String {
    booked.bookings.iter().map(self::booked).collect::<Vec<_>>().join("\n")
}

pub fn ticket(ticket: &TicketReply<'_>) -> String {
    format!("Ticket {} is for {}.", ticket.ticket, printable(&ticket.event_id))
}

pub fn blocked(blocked: &BlockReply<'_>) -> String {
    let (name, date) = (printable(&blocked.name), blocked.date.dmy());
    format!("{name} is blocked on {date} at {}.{}", blocked.time, replaced_note(blocked.replaced.as_ref()))
}

pub fn met(met: &MeetReply<'_>) -> String {
    let with = join(&met.group);
    format!(
        "{} meets {} on {} at {}: {}{}.{}",
        printable(&met.name),
        printable(&with),
        met.date.dmy(),
        met.time,
        printable(&met.title),
        printable(&host_note(met)),
        replaced_note(met.replaced.as_ref()),
    )
}

/// The host of a meeting. One who is not in it may be a member that the user wrote after a blank instead of
/// a comma.
fn host_note(met: &MeetReply<'_>) -> String {
    let MeetReply { name, group, host, .. } = met;
    if host == name || group.iter().any(|member| member == host) {
        return format!(" (host {host})");
    }
    format!(", hosted by {host}, who alone can change it; for a member write {},{host}", group.0)
}

/// The entry that a PUT replaced.
fn replaced_note(replaced: Option<&ReplacedEntry<'_>>) -> String {
    let Some(ReplacedEntry { date, time, meeting }) = replaced else { return String::new() };
    let at = format!("on {} at {time}", date.dmy());
    let Some(ReplacedMeeting { meet, removed }) = meeting else {
        return format!(" It replaces the block {at}.");
    };
    let (title, with, host) = (&meet.title, join(&meet.group), &meet.host);
    let mut note = format!(" It replaces the meeting {at}: {title}, with {with} (host {host}).");
    if !removed.is_empty() {
        let _ = write!(note, " No longer in it: {}.", join(removed));
    }
    printable(&note).into_owned()
}

fn join(members: &Members<'_>) -> String {
    members.iter().collect::<Vec<_>>().join(", ")
}

pub fn deleted(deleted: &DeleteReply<'_>) -> String {
    let what = match deleted.deleted {
        EntryKind::Block => "block",
        EntryKind::Meeting => "meeting",
    };
    let (name, date) = (printable(&deleted.name), deleted.date.dmy());
    format!("The {what} of {name} on {date} at {} is deleted.", deleted.time)
}

pub fn hello(hello: &HelloReply<'_>) -> String {
    format!(
        "{}\nbookline {}, protocol {}, time zone {}, now {}.",
        printable(&hello.welcome),
        printable(&hello.version),
        hello.protocol,
        printable(&hello.time_zone),
        printable(&hello.now),
    )
}

pub fn count(count: &CountReply<'_>, rows: Option<RowKind>) -> String {
    let (one, many) = match rows {
        Some(RowKind::Events) => ("event", "events"),
        Some(RowKind::Hours) => ("hour with meetings", "hours with meetings"),
        Some(RowKind::Forms) => return String::new(),
        None if count.count == 0 => return "Nothing there.".to_owned(),
        Some(RowKind::Other) | None => ("row", "rows"),
    };
    let noun = if count.count == 1 { one } else { many };
    match &count.next {
        Some(next) => format!("{} {noun}; the next ones come with after={}", count.count, printable(next)),
        None => format!("{} {noun}.", count.count),
    }
}

fn tickets(count: u32) -> String {
    if count == 1 { "1 ticket".to_owned() } else { format!("{count} tickets") }
}
