//! What was done, or refused, in words.

use std::fmt::{Display, Write};

use bookline_protocol::Code;
use bookline_protocol::reply::{
    Blocked, Booked, Count, Deleted, EntryKind, ErrBody, Hello, Members, Met, Replaced, ReplacedMeeting,
    Ticket,
};

use super::{Rows, plain};

/// The first lines of a session, from the object that answers HELLO.
pub fn greeting(hello: &str, address: &impl Display) -> String {
    let Ok(hello) = serde_json::from_str::<Hello<'_>>(hello) else {
        return plain::text(hello).into_owned();
    };
    format!(
        "{}\nbookline {} at {address}, time zone {}. HELP lists the commands, Ctrl-D leaves.",
        plain::text(&hello.welcome),
        plain::text(&hello.version),
        plain::text(&hello.time_zone),
    )
}

/// A refusal. `incomplete` says that rows were shown before it.
pub fn refusal(code: &str, body: &str, incomplete: bool) -> String {
    let mut sentence = match serde_json::from_str::<ErrBody>(body) {
        Ok(body) => reason(code, &body),
        Err(_) => format!("{}: {}", plain::text(code), plain::text(body)),
    };
    if incomplete {
        sentence.push_str("\nThe rows above are not all there are.");
    }
    sentence
}

fn reason(code: &str, body: &ErrBody) -> String {
    let title = match (code.parse(), body.available) {
        (Ok(Code::SoldOut), Some(1..)) => "Too few left".to_owned(),
        _ => in_words(code),
    };
    let mut sentence = format!("{}: {}", plain::text(&title), plain::text(&body.message));
    if let Some(host) = &body.host
        && !body.message.contains(host.as_str())
    {
        _ = write!(sentence, " (host: {})", plain::text(host));
    }
    let unnamed = |name: &&String| !body.message.contains(name.as_str());
    let busy: Vec<_> = body.busy.iter().flatten().filter(unnamed).map(String::as_str).collect();
    if !busy.is_empty() {
        _ = write!(sentence, " (busy: {})", plain::text(&busy.join(", ")));
    }
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    if let Some(verb) = &body.did_you_mean
        && !body.message.contains(verb.as_str())
    {
        _ = write!(sentence, " Did you mean {}?", plain::text(verb));
    }
    sentence
}

/// `SOLD_OUT` as `Sold out`.
fn in_words(code: &str) -> String {
    let mut words = code.replace('_', " ").to_lowercase();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

pub(super) fn booked(booked: &Booked<'_>) -> String {
    let mut lines = format!(
        "{} for {}, {} left:",
        tickets(u32::try_from(booked.tickets.len()).unwrap_or(u32::MAX)),
        plain::text(&booked.event_id),
        booked.available_tickets,
    );
    for ticket in &booked.tickets {
        _ = write!(lines, "\n{ticket}");
    }
    lines
}

pub(super) fn ticket(ticket: &Ticket<'_>) -> String {
    format!("Ticket {} is for {}.", ticket.ticket, plain::text(&ticket.event_id))
}

pub(super) fn blocked(blocked: &Blocked<'_>) -> String {
    let (name, date) = (plain::text(&blocked.name), blocked.date.civil());
    format!("{name} is blocked on {date} at {}.{}", blocked.time, replaced_note(blocked.replaced.as_ref()))
}

pub(super) fn met(met: &Met<'_>) -> String {
    let with = together(&met.group);
    format!(
        "{} meets {} on {} at {}: {}{}.{}",
        plain::text(&met.name),
        plain::text(&with),
        met.date.civil(),
        met.time,
        plain::text(&met.title),
        plain::text(&host_note(met)),
        replaced_note(met.replaced.as_ref()),
    )
}

/// Who is the host. One who is named nowhere else may be a member behind a blank that should be a comma.
fn host_note(met: &Met<'_>) -> String {
    let Met { name, group, host, .. } = met;
    if host == name || group.iter().any(|member| member == host) {
        return format!(" (host {host})");
    }
    format!(", hosted by {host}, who alone can change it; for a member write {},{host}", group.0)
}

/// What there was before a PUT.
fn replaced_note(replaced: Option<&Replaced<'_>>) -> String {
    let Some(Replaced { date, time, meeting }) = replaced else { return String::new() };
    let at = format!("on {} at {time}", date.civil());
    let Some(ReplacedMeeting { meet, removed }) = meeting else {
        return format!(" It replaces the block {at}.");
    };
    let (title, with, host) = (&meet.title, together(&meet.group), &meet.host);
    let mut note = format!(" It replaces the meeting {at}: {title}, with {with} (host {host}).");
    if !removed.is_empty() {
        _ = write!(note, " No longer in it: {}.", together(removed));
    }
    plain::text(&note).into_owned()
}

fn together(members: &Members<'_>) -> String {
    members.iter().collect::<Vec<_>>().join(", ")
}

pub(super) fn deleted(deleted: &Deleted<'_>) -> String {
    let what = match deleted.deleted {
        EntryKind::Block => "block",
        EntryKind::Meeting => "meeting",
    };
    let (name, date) = (plain::text(&deleted.name), deleted.date.civil());
    format!("The {what} of {name} on {date} at {} is deleted.", deleted.time)
}

pub(super) fn hello(hello: &Hello<'_>) -> String {
    format!(
        "{}\nbookline {}, protocol {}, time zone {}, now {}.",
        plain::text(&hello.welcome),
        plain::text(&hello.version),
        hello.protocol,
        plain::text(&hello.time_zone),
        plain::text(&hello.now),
    )
}

pub(super) fn count(count: &Count<'_>, rows: Option<Rows>) -> String {
    let (one, many) = match rows {
        Some(Rows::Events) => ("event", "events"),
        Some(Rows::Hours) => ("hour with meetings", "hours with meetings"),
        Some(Rows::Forms) => return String::new(),
        None if count.count == 0 => return "Nothing there.".to_owned(),
        Some(Rows::Other) | None => ("row", "rows"),
    };
    let noun = if count.count == 1 { one } else { many };
    match &count.next {
        Some(next) => format!("{} {noun}; the next ones come with after={}", count.count, plain::text(next)),
        None => format!("{} {noun}.", count.count),
    }
}

fn tickets(count: u32) -> String {
    if count == 1 { "1 ticket".to_owned() } else { format!("{count} tickets") }
}
