//! Lines about entries that are created and deleted.

use std::num::NonZeroU64;

use bookline_protocol::{Hours, Period, SeriesId, Slot};

use super::super::{
    BlockTaken, EntriesCreated, EntriesEnded, EntryEnded, EntryTexts, MeetingTaken, encode_entry,
    encode_occurrence,
};
use super::{AT, told};
use crate::codec::Sequence;
use crate::domain::EntryNumber;

pub(super) const SERIES: SeriesId = SeriesId(NonZeroU64::new(0xabcd).unwrap());

/// Of 1 January 2027 at midnight.
pub(super) fn new_year() -> Slot {
    slot("01-01-2027", 0)
}

pub(super) fn slot(date: &str, hour: u8) -> Slot {
    use bookline_protocol::{Date, Hour};
    Slot { date: Date::parse(date).unwrap(), hour: Hour::new(hour).unwrap() }
}

pub(super) fn period(slot: Slot, hours: u8) -> Period {
    Period::new(slot, Hours::new(hours).unwrap()).unwrap()
}

pub(super) fn meeting<'a>(title: &'a str, group: &'a str) -> EntryTexts<'a> {
    EntryTexts { who: "F1", title, group, host: "F1" }
}

pub(super) fn number(commit: u64, index: u16) -> EntryNumber {
    EntryNumber::new(Sequence(commit), index).unwrap()
}

#[test]
fn a_block_has_its_person_and_its_hours() {
    let lines = told(&[BlockTaken { slot: new_year(), who: "F1" }.into()]);
    assert_eq!(
        lines.objects(),
        [format!(
            r#"{{"kind":"block_made",{AT},"entry":"4711-0","people":["F1"],"date":"01-01-2027","time":"00:00","hours":1}}"#
        )]
    );
    assert_eq!(lines.subjects(), ["people F1"]);
}

#[test]
fn a_meeting_has_everybody_once_and_its_title_escaped() {
    let title = "tea \"&\"\n\u{1b}[2J";
    let lines =
        told(&[MeetingTaken { slot: new_year(), who: "F1", title, group: "F2,F1,F3", host: "F4" }.into()]);
    assert_eq!(
        lines.objects(),
        [format!(
            r#"{{"kind":"meeting_made",{AT},"entry":"4711-0","people":["F1","F4","F2","F3"],"date":"01-01-2027","time":"00:00","hours":1,"title":"tea \"&\"\n\u001b[2J","group":["F2","F1","F3"],"host":"F4"}}"#
        )]
    );
    assert_eq!(lines.subjects(), ["people F1,F4,F2,F3"]);
}

#[test]
fn a_series_is_a_line_for_each_occurrence() {
    let occurrences = [
        encode_occurrence(0, period(slot("31-12-2026", 23), 2)),
        encode_occurrence(5, period(slot("07-01-2027", 23), 2)),
    ];
    let texts = meeting("class", "F2");
    let lines = told(&[EntriesCreated { series: Some(SERIES), texts, occurrences: &occurrences }.into()]);
    let rest = r#""title":"class","group":["F2"],"host":"F1","series":"000000000000abcd""#;
    let people = r#""people":["F1","F2"]"#;
    assert_eq!(
        lines.objects(),
        [
            format!(
                r#"{{"kind":"meeting_made",{AT},"entry":"4711-0",{people},"date":"31-12-2026","time":"23:00","hours":2,{rest}}}"#
            ),
            format!(
                r#"{{"kind":"meeting_made",{AT},"entry":"4711-5",{people},"date":"07-01-2027","time":"23:00","hours":2,{rest}}}"#
            ),
        ]
    );
    assert_eq!(lines.subjects(), ["people F1,F2", "people F1,F2 again"]);
}

#[test]
fn a_block_of_several_hours_has_neither_title_nor_host() {
    let occurrences = [encode_occurrence(0, period(new_year(), 3))];
    let texts = EntryTexts { who: "F1", title: "", group: "", host: "F1" };
    let lines = told(&[EntriesCreated { series: None, texts, occurrences: &occurrences }.into()]);
    assert_eq!(
        lines.objects(),
        [format!(
            r#"{{"kind":"block_made",{AT},"entry":"4711-0","people":["F1"],"date":"01-01-2027","time":"00:00","hours":3}}"#
        )]
    );
}

#[test]
fn a_deletion_tells_what_the_entry_was() {
    let block = EntryTexts { who: "F1", title: "", group: "", host: "F1" };
    let entries = [
        encode_entry(number(9, 1), period(new_year(), 2)),
        encode_entry(number(9, 2), period(slot("02-01-2027", 0), 2)),
    ];
    let lines = told(&[
        EntryEnded { slot: new_year(), entry: EntryNumber::first_of(Sequence(12)), texts: block }.into(),
        EntriesEnded { series: Some(SERIES), texts: meeting("class", "F2"), entries: &entries }.into(),
    ]);
    let rest = r#""hours":2,"title":"class","group":["F2"],"host":"F1","series":"000000000000abcd""#;
    assert_eq!(
        lines.objects(),
        [
            format!(
                r#"{{"kind":"entry_deleted",{AT},"entry":"12-0","people":["F1"],"date":"01-01-2027","time":"00:00","hours":1}}"#
            ),
            format!(
                r#"{{"kind":"entry_deleted",{AT},"entry":"9-1","people":["F1","F2"],"date":"01-01-2027","time":"00:00",{rest}}}"#
            ),
            format!(
                r#"{{"kind":"entry_deleted",{AT},"entry":"9-2","people":["F1","F2"],"date":"02-01-2027","time":"00:00",{rest}}}"#
            ),
        ]
    );
    assert_eq!(lines.subjects(), ["people F1", "people F1,F2", "people F1,F2 again"]);
}

/// Earlier versions wrote a PUT so.
#[test]
fn an_end_and_a_creation_are_told_as_such() {
    let entry = EntryNumber::first_of(Sequence(12));
    let lines = told(&[
        EntryEnded { slot: new_year(), entry, texts: meeting("class", "F2") }.into(),
        MeetingTaken { slot: new_year(), who: "F1", title: "class", group: "F3", host: "F1" }.into(),
    ]);
    let kinds: Vec<_> = lines.lines.iter().map(|(_, public, _)| public.split('"').nth(3).unwrap()).collect();
    assert_eq!(kinds, ["entry_deleted", "meeting_made"]);
}
