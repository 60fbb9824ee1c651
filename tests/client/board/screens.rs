//! Screens of the board at 60, 80 and 120 columns, as text in `tests/client/screens/`. With BOOKLINE_BLESS=1
//! in the environment these files are written anew: read what has changed in them.
//!
//! Catches: columns that do not fit or are not aligned, a name that breaks a row, a status that lies.

use std::fmt::Write;

use bookline::board::key::Key;
use bookline::board::model::{Action, LinkState, Loaded};
use bookline::screen::{Charset, Screen};
use bookline_protocol::Date;

use super::drawn::{Drawn, UNICODE, day, event};
use crate::screens::compare;

const ASCII: Screen = Screen { charset: Charset::Ascii, ..UNICODE };

/// The screens at each width.
fn at_all_widths(drawn: &mut Drawn, rows: u16, seconds: u64) -> String {
    let mut screens = String::new();
    for columns in [60, 80, 120] {
        let text = drawn.text((columns, rows), UNICODE, seconds);
        let _ = writeln!(screens, "# {columns} columns\n{text}");
    }
    screens
}

fn events() -> Drawn {
    let mut drawn = Drawn::events(
        &[
            event("old", "Over since yesterday", "2026-11-21", (5, 10), ""),
            event("today", "Today", "2026-11-22", (3, 80), ""),
            event("recital", "上田美和子リサイタル、東京文化会館", "2026-12-01", (1_000, 1_000), ""),
            event("rustconf", "Rust Conf", "2026-12-31", (96, 100), r#","held_tickets":12"#),
            event("klezmer", "קונצרט כליזמר בתל אביב", "2027-01-02", (0, 350), ""),
            event("long", "An event whose name is so long that it does not fit", "2027-01-03", (9, 90), ""),
            event("soon", "Not on sale", "2027-01-04", (50, 50), r#","sales":"closed""#),
            event("evil", "\\u001b[2J\\u202egone", "2027-01-05", (1, 2), ""),
        ],
        false,
    );
    drawn.change(0, "tickets_booked", r#""event_id":"today","count":2,"available_tickets":1"#);
    let counts = r#""available_tickets":95,"held_tickets":10"#;
    drawn.change(7, "hold_confirmed", &format!(r#""event_id":"rustconf","count":3,{counts}"#));
    drawn
}

#[test]
fn events_with_what_was_sold() {
    compare("board_events", &at_all_widths(&mut events(), 10, 8));
}

#[test]
fn million_tickets_leave_no_room_for_the_bar_on_a_narrow_screen() {
    let mut drawn = Drawn::events(
        &[event("big", "Stadium of the capital", "2026-12-31", (999_999, 1_000_000), "")],
        false,
    );
    compare("board_million", &at_all_widths(&mut drawn, 4 + 2, 0));
}

#[test]
fn events_in_ascii_with_other_states_of_the_connection() {
    let mut drawn = events();
    let mut screens = drawn.text((80, 10), ASCII, 8);
    drawn.model.link = LinkState::Lost("connection to tickets.example:2665 lost".to_owned());
    screens += &drawn.text((80, 10), ASCII, 8);
    drawn.model.link = LinkState::Loading;
    screens += &drawn.text((60, 8), ASCII, 8);
    drawn.model.press(Key::Help);
    screens += &drawn.text((60, 9), ASCII, 8);
    drawn.model.press(Key::Escape);
    screens += &drawn.text((39, 8), ASCII, 8);
    compare("board_ascii", &screens);
}

#[test]
fn more_events_than_rows_are_scrolled() {
    let row = |n| event(&format!("e{n}"), &format!("No {n:02}"), "2026-12-01", (1, 1), "");
    let mut drawn = Drawn::events(&(0..30).map(row).collect::<Vec<_>>(), true);
    let first = drawn.text((80, 8), UNICODE, 1);
    assert!(first.contains("No 00") && first.contains("No 05") && !first.contains("No 06"), "{first}");
    assert!(first.contains("the first 30 events  1-6"), "{first}");
    drawn.model.press(Key::PageDown);
    drawn.model.press(Key::Down);
    let next = drawn.text((80, 8), UNICODE, 1);
    assert!(next.contains("No 07") && next.contains("No 12") && !next.contains("No 06"), "{next}");
    drawn.model.press(Key::End);
    let last = drawn.text((80, 8), UNICODE, 1);
    assert!(last.contains("No 29") && last.contains("25-30"), "{last}");
}

#[test]
fn sales_are_counted_for_as_long_as_they_were_seen() {
    let mut drawn = events();
    let shown = drawn.text((80, 10), UNICODE, 30);
    assert!(shown.contains("Sold/min"), "{shown}");
    let sold = |text: &str, name: &str| {
        let row = text.lines().find(|line| line.contains(name)).unwrap();
        row.split_whitespace().last().unwrap().to_owned()
    };
    assert_eq!((sold(&shown, "Today"), sold(&shown, "Rust")), ("2".to_owned(), "3".to_owned()));
    let shown = drawn.text((80, 10), UNICODE, 61);
    assert_eq!((sold(&shown, "Today"), sold(&shown, "Rust")), ("0".to_owned(), "3".to_owned()));
    let shown = drawn.text((80, 10), UNICODE, 68);
    assert_eq!(sold(&shown, "Rust"), "0");

    let mut drawn = Drawn::events(&[], false);
    let now = drawn.time(0);
    let none = Loaded::Events { events: Vec::new(), is_cut: false };
    drawn.model.load(none, 100, now);
    let shown = drawn.text((80, 10), UNICODE, 12);
    assert!(shown.contains("Sold/12s") && shown.contains("There are no events."), "{shown}");
}

fn week(people: usize) -> Drawn {
    let meet = r#""meet":{"title":"standup","group":["F2","F3"],"host":"F1"}"#;
    let block = r#""meet":{"title":"","group":[],"host":"F1"}"#;
    let night = r#""from":"21-11-2026 23:00","hours":3,"meet":{"title":"夜間","group":["F2"],"host":"F1"}"#;
    let hour = |time: &str, rest: &str| format!(r#"{{"time":"{time}",{rest}}}"#);
    let with_standup = |who: &str| {
        vec![
            day(who, "16-11-2026", &[&hour("09:00", meet)]),
            day(who, "21-11-2026", &[&hour("23:00", night)]),
            day(who, "22-11-2026", &[&hour("00:00", night), &hour("01:00", night)]),
        ]
    };
    let blocked = vec![day("F3", "18-11-2026", &[&hour("12:00", block)])];
    let all = [("F1", with_standup("F1")), ("F2", with_standup("F2")), ("F3", blocked)];
    let mut drawn = Drawn::week("2026-11-22", &all[..people]);
    drawn.change(
        1,
        "entry_moved",
        r#""entry":"9-0","people":["F1","F2","F3"],"date":"17-11-2026","time":"10:00","hours":2,
           "title":"standup","group":["F2","F3"],"host":"F1","old_date":"16-11-2026","old_time":"09:00""#,
    );
    drawn
}

#[test]
fn week_of_one_person() {
    compare("board_week", &at_all_widths(&mut week(1), 16, 2));
}

#[test]
fn week_of_three_people() {
    let mut drawn = week(3);
    let mut screens = at_all_widths(&mut drawn, 30, 2);
    screens += &drawn.text((80, 12), ASCII, 5);
    drawn.model.press(Key::End);
    screens += &drawn.text((80, 12), ASCII, 5);
    compare("board_week_of_three", &screens);
}

#[test]
fn keys_change_the_week() {
    let mut drawn = week(1);
    let next = drawn.model.press(Key::Right);
    assert_eq!(next, Action::Load(Date::parse("2026-11-23").unwrap()));
    let shown = drawn.text_80();
    assert!(shown.contains("2026-11-23 to 2026-11-29") && shown.contains("loading"), "{shown}");
    assert!(!shown.contains("standup"), "{shown}");
}
