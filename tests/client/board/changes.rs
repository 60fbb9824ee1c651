//! Every kind of change, applied to a board.
//!
//! Catches: a kind that is forgotten, counts that are added where they are absolute, a change that is applied
//! twice, an entry that stays where it was.

use super::drawn::{Drawn, LOADED, day, event};

fn jazz() -> Drawn {
    Drawn::events(&[event("jazz", "Jazz", "2026-12-01", (8, 10), r#","held_tickets":1"#)], false)
}

/// The row that has this text, its words separated by one blank, without the sign of a change.
fn row(drawn: &mut Drawn, text: &str) -> Option<String> {
    let shown = drawn.text_80();
    let row = shown.lines().find(|line| line.contains(text))?;
    let words: Vec<_> = row.split_whitespace().filter(|word| !matches!(*word, "●")).collect();
    Some(words.join(" "))
}

#[test]
fn counts_of_all_kinds_are_those_after_the_change() {
    for (kind, sold) in [
        ("tickets_booked", "3"),
        ("tickets_cancelled", "0"),
        ("ticket_checked_in", "0"),
        ("hold_made", "0"),
        ("hold_extended", "0"),
        ("hold_confirmed", "3"),
        ("hold_released", "0"),
        ("hold_expired", "0"),
        ("a_later_kind", "0"),
    ] {
        let mut drawn = jazz();
        let counts = r#""count":3,"available_tickets":5,"held_tickets":2"#;
        drawn.change(0, kind, &format!(r#""event_id":"jazz",{counts}"#));
        let expected = format!("Jazz 2026-12-01 ████░░░░ 5/10 2 {sold}");
        assert_eq!(row(&mut drawn, "Jazz").unwrap(), expected, "{kind}");
        assert!(drawn.text_80().contains("● Jazz"), "{kind} is not marked");
        drawn.change(0, kind, r#""event_id":"unknown","count":3,"available_tickets":1"#);
        assert_eq!(row(&mut drawn, "Jazz").unwrap(), expected, "{kind}");
    }
}

#[test]
fn events_come_change_and_go() {
    let mut drawn = jazz();
    let fields = r#""name":"Rock","date":"2026-11-30","total_tickets":20,"available_tickets":20"#;
    drawn.change(
        0,
        "event_created",
        &format!(r#""event_id":"rock",{fields},"held_tickets":0,"sales":"open""#),
    );
    assert_eq!(row(&mut drawn, "Rock").unwrap(), "Rock 2026-11-30 ████████ 20/20 0");
    assert!(drawn.text_80().contains("2 events"));
    drawn.change(0, "tickets_booked", r#""event_id":"rock","count":4,"available_tickets":16"#);
    let fields = r#""name":"Rock 2","date":"2026-12-02","total_tickets":40,"available_tickets":36"#;
    drawn.change(
        0,
        "event_updated",
        &format!(r#""event_id":"rock",{fields},"held_tickets":0,"sales":"closed""#),
    );
    // What was sold stays, and the order is that of the dates.
    assert_eq!(row(&mut drawn, "Rock").unwrap(), "Rock 2 2026-12-02 ███████░ 36/40 4");
    let shown = drawn.text_80();
    assert!(shown.find("Jazz") < shown.find("Rock"), "{shown}");
    drawn.change(0, "event_deleted", r#""event_id":"rock""#);
    assert_eq!(row(&mut drawn, "Rock"), None);
    drawn.change(0, "event_deleted", r#""event_id":"rock""#);
    assert!(drawn.text_80().contains("1 event "));
}

#[test]
fn change_is_applied_once_and_a_later_load_replaces_it() {
    let mut drawn = jazz();
    let json = r#"{"kind":"tickets_booked","event_id":"jazz","count":3,"available_tickets":5,"end":true}"#;
    drawn.apply(LOADED, json.to_owned(), 0);
    assert_eq!(row(&mut drawn, "Jazz").unwrap(), "Jazz 2026-12-01 ██████░░ 8/10 1 0");
    drawn.apply(LOADED + 1, json.to_owned(), 0);
    drawn.apply(LOADED + 1, json.to_owned(), 0);
    assert_eq!(row(&mut drawn, "Jazz").unwrap(), "Jazz 2026-12-01 ████░░░░ 5/10 1 3");
}

#[test]
fn lines_of_one_commit_are_all_applied() {
    let mut drawn = jazz();
    let line = |left: u32, end: &str| {
        format!(r#"{{"kind":"tickets_booked","event_id":"jazz","count":1,"available_tickets":{left}{end}}}"#)
    };
    drawn.apply_commit(LOADED + 1, vec![line(7, ""), line(6, r#","end":true"#)], 0);
    assert_eq!(row(&mut drawn, "Jazz").unwrap(), "Jazz 2026-12-01 █████░░░ 6/10 1 2");
}

#[test]
fn progress_and_unknown_kinds_change_nothing() {
    let mut drawn = jazz();
    let before = drawn.text_80();
    drawn.apply(LOADED + 5, r#"{"kind":"progress","end":true}"#.to_owned(), 0);
    drawn.apply(LOADED + 6, r#"{"kind":"later","end":true}"#.to_owned(), 0);
    assert_eq!(drawn.text_80(), before);
}

fn week() -> Drawn {
    let block = r#"{"time":"09:00","meet":{"title":"","group":[],"host":"F1"}}"#;
    Drawn::week("2026-11-23", &[("F1", vec![day("F1", "23-11-2026", &[block])]), ("F2", Vec::new())])
}

/// The hours from 8 to 17 of a person on a day, without the blanks between them.
fn hours(drawn: &mut Drawn, date: &str, who: &str) -> String {
    let shown = drawn.text((80, 30), super::drawn::UNICODE, 1);
    let mut lines = shown.lines().skip_while(|line| !line.contains(&format!("{date} F1")));
    let row = lines.find(|line| line.contains(&format!(" {who} "))).unwrap();
    let cells = row.split(&format!(" {who} ")).nth(1).unwrap();
    let cells: Vec<_> = cells.chars().collect();
    cells.chunks(3).map(|cell| cell[0]).collect()
}

#[test]
fn entries_are_made_moved_and_deleted() {
    let mut drawn = week();
    assert_eq!(hours(&mut drawn, "2026-11-23", "F1"), "·▒········");
    drawn.change(
        0,
        "block_made",
        r#""entry":"7-0","people":["F2"],"date":"24-11-2026","time":"10:00","hours":2,"host":"F2""#,
    );
    assert_eq!(hours(&mut drawn, "2026-11-24", "F2"), "··▒▒······");
    let meeting = r#""hours":1,"title":"review","group":["F2"],"host":"F1""#;
    drawn.change(
        0,
        "meeting_made",
        &format!(r#""entry":"8-0","people":["F1","F2","F9"],"date":"25-11-2026","time":"08:00",{meeting}"#),
    );
    assert_eq!(hours(&mut drawn, "2026-11-25", "F1"), "█·········");
    assert_eq!(hours(&mut drawn, "2026-11-25", "F2"), "█·········");
    assert!(drawn.text((80, 30), super::drawn::UNICODE, 1).contains("review with F2 (host F1)"));
    // It moves, and F2 is in it no more.
    let to = r#""date":"26-11-2026","time":"17:00","hours":1,"title":"review","group":["F9"],"host":"F1""#;
    drawn.change(
        0,
        "entry_moved",
        &format!(
            r#""entry":"8-0","people":["F1","F9"],"removed":["F2"],{to},
               "old_date":"25-11-2026","old_time":"08:00""#
        ),
    );
    assert_eq!(hours(&mut drawn, "2026-11-25", "F1"), "··········");
    assert_eq!(hours(&mut drawn, "2026-11-25", "F2"), "··········");
    assert_eq!(hours(&mut drawn, "2026-11-26", "F1"), "·········█");
    assert_eq!(hours(&mut drawn, "2026-11-26", "F2"), "··········");
    drawn.change(
        0,
        "entry_deleted",
        r#""entry":"8-0","people":["F1","F9"],"date":"26-11-2026","time":"17:00","hours":1,"title":"review",
           "group":["F9"],"host":"F1""#,
    );
    assert_eq!(hours(&mut drawn, "2026-11-26", "F1"), "··········");
    assert!(!drawn.text((80, 30), super::drawn::UNICODE, 1).contains("review"));
}

/// Each occurrence moves to where the next one was.
#[test]
fn series_that_moves_by_a_day_keeps_all_occurrences() {
    let mut drawn = week();
    let made = |index: u32, day: u32| {
        format!(
            r#"{{"kind":"block_made","entry":"5-{index}","people":["F2"],"date":"{day}-11-2026",
               "time":"10:00","hours":1}}"#
        )
    };
    drawn.apply_commit(LOADED + 1, vec![made(0, 23), made(1, 24), made(2, 25)], 0);
    let moved = |index: u32, day: u32| {
        made(index, day + 1).replace("block_made", "entry_moved").replace(
            r#""hours":1"#,
            &format!(r#""hours":1,"removed":[],"old_date":"{day}-11-2026","old_time":"10:00""#),
        )
    };
    drawn.apply_commit(LOADED + 2, vec![moved(0, 23), moved(1, 24), moved(2, 25)], 0);
    for (date, shown) in [
        ("2026-11-23", "··········"),
        ("2026-11-24", "··▒·······"),
        ("2026-11-25", "··▒·······"),
        ("2026-11-26", "··▒·······"),
    ] {
        assert_eq!(hours(&mut drawn, date, "F2"), shown, "{date}");
    }
}

#[test]
fn entry_of_another_week_is_not_shown() {
    let mut drawn = week();
    let fields = r#""people":["F1"],"time":"10:00","hours":2,"host":"F1""#;
    drawn.change(0, "block_made", &format!(r#""entry":"7-0","date":"30-11-2026",{fields}"#));
    for date in ["2026-11-23", "2026-11-29"] {
        assert_eq!(hours(&mut drawn, date, "F2"), "··········");
    }
    // From Sunday into Monday.
    let night = r#""people":["F1"],"time":"23:00","hours":10,"host":"F1""#;
    drawn.change(0, "block_made", &format!(r#""entry":"9-0","date":"22-11-2026",{night}"#));
    let shown = drawn.text((80, 30), super::drawn::UNICODE, 1);
    assert!(shown.lines().any(|line| line.contains("● Mon 2026-11-23 F1")), "{shown}");
}

/// Replaying what a reply has already shown ends with what the reply has.
#[test]
fn older_changes_on_a_newer_reply_end_as_the_reply() {
    let mut drawn = week();
    // The block at 09:00 on Monday was made last, after a meeting that was there before.
    let meeting = r#""people":["F1"],"date":"23-11-2026","time":"08:00","hours":3"#;
    drawn.change(
        0,
        "meeting_made",
        &format!(r#""entry":"5-0",{meeting},"title":"x","group":["F2"],"host":"F1""#),
    );
    drawn.change(
        0,
        "entry_deleted",
        &format!(r#""entry":"5-0",{meeting},"title":"x","group":["F2"],"host":"F1""#),
    );
    let block = r#""people":["F1"],"date":"23-11-2026","time":"09:00","hours":1"#;
    drawn.change(0, "block_made", &format!(r#""entry":"6-0",{block},"host":"F1""#));
    assert_eq!(hours(&mut drawn, "2026-11-23", "F1"), "·▒········");
}
