//! Replies about calendars and about the server as sentences. Those about tickets are in `ticket` and `hold`.

use std::borrow::Cow;
use std::fmt::{Display, Write};

use bookline_protocol::commands::block::BlockReply;
use bookline_protocol::commands::delete::{DeleteReply, EntryKind};
use bookline_protocol::commands::hello::{AUTH_REQUIRED, HelloReply};
use bookline_protocol::commands::meet::MeetReply;
use bookline_protocol::commands::watch::WatchReply;
use bookline_protocol::reply::{
    CountReply, Members, ReplacedEntry, ReplacedMeeting, SeriesFields, SkippedFields,
};
use bookline_protocol::{Date, Hour, Hours};

use crate::render::clashes::clashes;
use crate::render::layout::fill;
use crate::render::listing::Listing;
use crate::render::page::Page;
use crate::render::text::printable;

/// The kind of a reply's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// Those of a listing.
    Of(Listing),
    /// Those of a command of a later version.
    Other,
}

/// The first lines of a session, from the object of the reply to HELLO.
pub fn greeting(hello: &str, address: &impl Display) -> String {
    let Ok(hello) = serde_json::from_str::<HelloReply<'_>>(hello) else {
        return printable(hello).into_owned();
    };
    if hello.auth == AUTH_REQUIRED {
        return format!(
            "bookline at {address}: this server has accounts.\nAUTH <name> asks for the secret of yours, HELP \
             lists the commands, Ctrl-D leaves."
        );
    }
    format!(
        "{}\nbookline {} at {address}, time zone {}.\nHELP lists the commands, Tab completes, Ctrl-D leaves.",
        printable(&hello.welcome),
        printable(&hello.version),
        printable(&hello.time_zone),
    )
}

pub fn blocked(blocked: &BlockReply<'_>, page: &Page) -> String {
    let sentence = format!(
        "{} is blocked {}.{}{}",
        printable(&blocked.name),
        period(blocked.date, blocked.time, blocked.hours),
        replaced_note(blocked.replaced.as_ref()),
        series_note(blocked.series),
    );
    with_skipped(sentence, blocked.skipped.as_ref(), page)
}

pub fn met(met: &MeetReply<'_>, page: &Page) -> String {
    let with = join(&met.group);
    let sentence = format!(
        "{} meets {} {}: {}{}.{}{}",
        printable(&met.name),
        printable(&with),
        period(met.date, met.time, met.hours),
        printable(&met.title),
        printable(&host_note(met)),
        replaced_note(met.replaced.as_ref()),
        series_note(met.series),
    );
    with_skipped(sentence, met.skipped.as_ref(), page)
}

/// The hours of an entry: `on 2026-11-21 at 22:00 for 4 hours`.
fn period(date: Date, time: Hour, hours: Option<Hours>) -> String {
    let length = hours.map(|hours| format!(" for {hours} hours")).unwrap_or_default();
    format!("on {} at {time}{length}", date.iso())
}

/// How many occurrences of a series a change is about.
fn series_note(fields: Option<SeriesFields>) -> String {
    match fields {
        None => String::new(),
        Some(SeriesFields { series: None, .. }) => " It has left its series.".to_owned(),
        Some(SeriesFields { series: Some(id), occurrences: 1 }) => format!(" One occurrence of series {id}."),
        Some(SeriesFields { series: Some(id), occurrences }) => {
            format!(" {occurrences} occurrences of series {id}.")
        }
    }
}

/// The sentence on a page, with the occurrences of a series that were skipped in the lines below.
fn with_skipped(sentence: String, fields: Option<&SkippedFields<'_>>, page: &Page) -> String {
    match fields {
        None => fill(&sentence, page),
        Some(SkippedFields { skipped_count: 0, .. }) => fill(&(sentence + " None was skipped."), page),
        Some(SkippedFields { skipped, skipped_count }) => {
            let sentence = format!("{sentence} {skipped_count} skipped:");
            format!("{}\n{}", fill(&sentence, page), clashes(skipped, *skipped_count, page))
        }
    }
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
    let Some(ReplacedEntry { date, time, hours, meeting }) = replaced else { return String::new() };
    let at = period(*date, *time, *hours);
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
    let at = period(deleted.date, deleted.time, deleted.hours);
    format!("The {what} of {} {at} is deleted.{}", printable(&deleted.name), series_note(deleted.series))
}

pub fn hello(hello: &HelloReply<'_>) -> String {
    if hello.auth == AUTH_REQUIRED {
        return format!("bookline, protocol {}: this server has accounts, type AUTH <name>.", hello.protocol);
    }
    format!(
        "{}\nbookline {}, protocol {}, time zone {}, now {}.",
        printable(&hello.welcome),
        printable(&hello.version),
        hello.protocol,
        printable(&hello.time_zone),
        printable(&hello.now),
    )
}

/// The reply to WATCH.
pub fn watched(watched: &WatchReply<'_>) -> String {
    watching(&watched.watching, &format!(" after {}", watched.sequence))
}

/// What a connection watches, and from where on.
pub fn watching(words: &[Cow<'_, str>], place: &str) -> String {
    if words.is_empty() {
        return "Nothing is watched.".to_owned();
    }
    let words: Vec<_> = words.iter().map(|word| printable(word)).collect();
    format!("Watching {}{place}.", words.join(", "))
}

pub fn count(count: &CountReply<'_>, rows: Option<RowKind>) -> String {
    let (one, many) = match rows {
        Some(RowKind::Of(Listing::Events)) => ("event", "events"),
        Some(RowKind::Of(Listing::Tickets)) => ("ticket", "tickets"),
        Some(RowKind::Of(Listing::Days)) => ("day", "days"),
        Some(RowKind::Of(Listing::Times)) => ("time", "times"),
        Some(RowKind::Of(Listing::Accounts)) => ("account", "accounts"),
        Some(RowKind::Of(Listing::Hours)) => ("hour with meetings", "hours with meetings"),
        Some(RowKind::Of(Listing::Forms)) => return String::new(),
        None if count.count == 0 => return "Nothing there.".to_owned(),
        Some(RowKind::Other) | None => ("row", "rows"),
    };
    let noun = if count.count == 1 { one } else { many };
    match &count.next {
        Some(next) => format!("{} {noun}; the next ones come with after={}", count.count, printable(next)),
        None => format!("{} {noun}.", count.count),
    }
}
