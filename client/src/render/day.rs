//! A day of a calendar as a list of its entries.

use bookline_protocol::Slot;
use bookline_protocol::commands::get::{DayEntry, DayReply};
use unicode_width::UnicodeWidthStr;

use crate::render::entry::{place_note, title};
use crate::render::layout::{fill, item};
use crate::render::page::Page;
use crate::render::text::printable;
use crate::screen::Role;

/// The blanks between the times and what is at them.
const GAP_WIDTH: usize = 2;

/// The entries of a day, each with its hours. Hours that are free are not listed.
pub fn day(day: &DayReply<'_>, page: &Page) -> String {
    let heading = format!("{} on {}", printable(&day.name), day.date.iso());
    if day.schedule.is_empty() {
        return fill(&format!("{heading}: nothing there."), page);
    }
    let entries: Vec<_> = day.schedule.chunk_by(is_same_entry).map(|hours| (times(hours), hours)).collect();
    let width = entries.iter().map(|(times, _)| times.width()).max().unwrap_or(0) + GAP_WIDTH;
    let items = entries.iter().map(|(times, hours)| item(times, width, &description(day, hours), page));
    let heading = page.paint(Role::Heading, &heading).into_owned();
    [heading].into_iter().chain(items).collect::<Vec<_>>().join("\n")
}

/// Whether two hours, one after the other in the list, are of one entry. No entry begins twice.
fn is_same_entry(hour: &DayEntry<'_>, next: &DayEntry<'_>) -> bool {
    hour.place.from.is_some()
        && hour.place.from == next.place.from
        && hour.time.get() + 1 == next.time.get()
        && hour.meet == next.meet
}

/// The hours of an entry on this day: `10:00`, or `10:00-12:00` if there are several.
fn times(hours: &[DayEntry<'_>]) -> String {
    match hours {
        [] => String::new(),
        [hour] => format!(" {}", hour.time),
        [first, .., last] => format!(" {}-{:02}:00", first.time, last.time.get() + 1),
    }
}

/// What an entry is, with whom, and who is its host if that is somebody else.
fn description(day: &DayReply<'_>, hours: &[DayEntry<'_>]) -> String {
    let [first, ..] = hours else { return String::new() };
    let slot = Slot { date: day.date, hour: first.time };
    let count = u32::try_from(hours.len()).unwrap_or(u32::MAX);
    let mut described = format!("{}{}", title(&first.meet), place_note(slot, count, first.place));
    let with: Vec<_> = first.meet.group.iter().collect();
    if !with.is_empty() {
        described.push_str(" with ");
        described.push_str(&with.join(", "));
    }
    if first.meet.host != day.name {
        described.push_str(", host ");
        described.push_str(&first.meet.host);
    }
    printable(&described).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Screen;

    const BLOCK: &str = r#""meet":{"title":"","group":[],"host":"F1"}"#;

    fn shown(schedule: &str, width: Option<u16>) -> String {
        let body = format!(r#"{{"name":"F1","date":"22-11-2026","schedule":[{schedule}]}}"#);
        day(&serde_json::from_str(&body).unwrap(), &Page::with_width(Screen::PLAIN, width))
    }

    #[test]
    fn group_is_wrapped_between_ids() {
        let meet = r#"{"time":"10:00","meet":{"title":"standup",
            "group":["alpha-person","beta-person","gamma-person"],"host":"F2"}}"#;
        let list = "\
F1 on 2026-11-22
 10:00  standup with alpha-person,
        beta-person, gamma-person, host
        F2";
        assert_eq!(shown(meet, Some(40)), list);
    }

    #[test]
    fn hours_of_a_longer_entry_are_numbered_across_midnight() {
        let entry = |time: &str| {
            let place = r#""from":"21-11-2026 23:00","hours":3,"series":"5f3a9c1e77d20b46""#;
            format!(r#"{{"time":"{time}",{place},{BLOCK}}}"#)
        };
        let last = shown(&entry("00:00"), None);
        assert!(last.contains("(blocked) (hour 2 of 3, in a series)"), "{last}");
        let both = shown(&[entry("00:00"), entry("01:00")].join(","), None);
        assert!(both.ends_with("\n 00:00-02:00  (blocked) (hours 2 to 3 of 3, in a series)"), "{both}");
    }

    #[test]
    fn hours_of_one_entry_are_one_item() {
        let of = |time: &str, from: &str| {
            format!(r#"{{"time":"{time}","from":"22-11-2026 {from}","hours":2,{BLOCK}}}"#)
        };
        let schedule =
            [of("20:00", "20:00"), of("21:00", "20:00"), of("22:00", "22:00"), of("23:00", "22:00")];
        let list = "F1 on 2026-11-22\n 20:00-22:00  (blocked)\n 22:00-24:00  (blocked)";
        assert_eq!(shown(&schedule.join(","), None), list);
        let hour = |time: &str| format!(r#"{{"time":"{time}",{BLOCK}}}"#);
        let list = "F1 on 2026-11-22\n 20:00  (blocked)\n 21:00  (blocked)";
        assert_eq!(shown(&[hour("20:00"), hour("21:00")].join(","), None), list);
    }
}
