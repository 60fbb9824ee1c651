//! Lines about entries that move.

use bookline_protocol::SeriesId;

use super::super::entry_list::{EntryList, Existing};
use super::super::moves::Moves;
use super::super::{
    Change, EncodedEntry, EntriesMoved, EntryEnded, EntryTexts, KeyUsed, Origin, TellError, UsedKey,
    encode_entry,
};
use super::entries::{SERIES, meeting, new_year, number, period, slot};
use super::{AT, MICROS, Nobody, Told, assert_is_change_body};
use crate::codec::Sequence;

fn block(who: &str) -> EntryTexts<'_> {
    EntryTexts { who, title: "", group: "", host: who }
}

fn ended<'a>(series: Option<SeriesId>, texts: EntryTexts<'a>, entries: &'a [EncodedEntry]) -> Existing<'a> {
    Existing::Ended(EntryList::of_encoded(series, texts, entries))
}

fn moved<'a>(series: Option<SeriesId>, texts: EntryTexts<'a>, entries: &'a [EncodedEntry]) -> Existing<'a> {
    Existing::Moved(EntryList::of_encoded(series, texts, entries))
}

/// Tells what a commit does with entries of earlier ones.
fn told(lists: &[Existing<'_>]) -> Result<Told, TellError> {
    let moves = Moves::of(lists.iter().copied().map(Ok))?;
    let origin = Origin { sequence: Sequence(4711), micros: Some(MICROS) };
    let (mut told, mut nobody) = (Told::default(), Nobody::default());
    for list in lists {
        moves.tell(*list, origin, &mut told)?;
        moves.tell(*list, origin, &mut nobody)?;
    }
    assert_eq!(nobody.offered, told.lines.len(), "lines do not depend on who wants them");
    told.objects().iter().for_each(|object| assert_is_change_body(object));
    Ok(told)
}

#[test]
fn a_move_tells_the_old_place_and_keeps_the_entry() {
    let (before, now) = (
        [encode_entry(number(12, 0), period(new_year(), 1))],
        [encode_entry(number(12, 0), period(slot("02-01-2027", 9), 2))],
    );
    let lines = told(&[
        ended(None, meeting("class", "F2,F3"), &before),
        moved(None, meeting("class \"2\"", "F3,F4"), &now),
    ])
    .unwrap();
    assert_eq!(
        lines.objects(),
        [format!(
            r#"{{"kind":"entry_moved",{AT},"entry":"12-0","people":["F1","F3","F4"],"removed":["F2"],"date":"02-01-2027","time":"09:00","hours":2,"old_date":"01-01-2027","old_time":"00:00","title":"class \"2\"","group":["F3","F4"],"host":"F1"}}"#
        )]
    );
    // Who is in it no more is told, too. Those who stay may come twice.
    assert_eq!(lines.subjects(), ["people F1,F3,F4,F1,F2,F3"]);
}

/// The same from the changes of a commit, with a key.
#[test]
fn a_commit_tells_moves_in_place_of_its_ends_and_creations() {
    let entry = number(12, 0);
    let now = [encode_entry(entry, period(slot("02-01-2027", 9), 1))];
    let texts = meeting("class", "F2");
    let end = EntryEnded { slot: new_year(), entry, texts };
    let used = UsedKey { identity: "", key: "0123456789abcdef", request: [7; 16], reply: b"OK {}\n" };
    let moved = EntriesMoved { series: None, texts, entries: &now };
    let lines = super::told(&[end.into(), moved.into(), KeyUsed(used).into()]);
    let kinds: Vec<_> = lines.lines.iter().map(|(_, public, _)| public.split('"').nth(3).unwrap()).collect();
    assert_eq!(kinds, ["entry_moved"]);
    assert!(lines.objects()[0].contains(r#""old_date":"01-01-2027","old_time":"00:00""#), "{lines:?}");
}

/// A snapshot has the move without the end.
#[test]
fn a_moved_entry_of_a_snapshot_is_told_as_it_is() {
    let now = [encode_entry(number(12, 3), period(new_year(), 1))];
    let moved = Change::from(EntriesMoved { series: None, texts: meeting("class", "F2"), entries: &now });
    let mut heard = Told::default();
    moved.tell(Origin { sequence: Sequence(4711), micros: None }, &mut heard).unwrap();
    assert_eq!(
        heard.objects(),
        [
            r#"{"kind":"meeting_made","entry":"12-3","people":["F1","F2"],"date":"01-01-2027","time":"00:00","hours":1,"title":"class","group":["F2"],"host":"F1"}"#
        ]
    );
}

#[test]
fn a_move_of_time_alone_removes_nobody() {
    let before = [encode_entry(number(12, 0), period(new_year(), 1))];
    let now = [encode_entry(number(12, 0), period(slot("01-01-2027", 1), 1))];
    let texts = meeting("class", "F2");
    let lines = told(&[ended(None, texts, &before), moved(None, texts, &now)]).unwrap();
    assert_eq!(lines.subjects(), ["people F1,F2"]);
    assert!(lines.objects()[0].contains(r#""people":["F1","F2"],"removed":[],"date""#), "{lines:?}");
}

#[test]
fn a_block_becomes_a_meeting_and_a_meeting_a_block() {
    let before = [encode_entry(number(12, 0), period(new_year(), 1))];
    let lines =
        told(&[ended(None, block("F1"), &before), moved(None, meeting("tea", "F2"), &before)]).unwrap();
    let place = r#""date":"01-01-2027","time":"00:00","hours":1,"old_date":"01-01-2027","old_time":"00:00""#;
    assert_eq!(
        lines.objects(),
        [format!(
            r#"{{"kind":"entry_moved",{AT},"entry":"12-0","people":["F1","F2"],"removed":[],{place},"title":"tea","group":["F2"],"host":"F1"}}"#
        )]
    );
    let lines =
        told(&[ended(None, meeting("tea", "F2"), &before), moved(None, block("F1"), &before)]).unwrap();
    assert_eq!(
        lines.objects(),
        [format!(r#"{{"kind":"entry_moved",{AT},"entry":"12-0","people":["F1"],"removed":["F2"],{place}}}"#)]
    );
    assert_eq!(lines.subjects(), ["people F1,F1,F2"]);
}

#[test]
fn occurrences_of_a_series_move_with_their_own_old_places_and_people() {
    let hour = |index: u16, day: &str, hour: u8| encode_entry(number(9, index), period(slot(day, hour), 1));
    let alike = [hour(0, "01-01-2027", 8), hour(2, "03-01-2027", 8)];
    let different = [hour(1, "02-01-2027", 12)];
    let now = [hour(0, "01-01-2027", 9), hour(1, "02-01-2027", 13), hour(2, "03-01-2027", 9)];
    let lines = told(&[
        ended(Some(SERIES), meeting("class", "F2"), &alike),
        ended(Some(SERIES), meeting("class", "F3"), &different),
        moved(Some(SERIES), meeting("class", "F4"), &now),
    ])
    .unwrap();
    let line = |index: u16, removed: &str, date: &str, time: &str, old_time: &str| {
        format!(
            r#"{{"kind":"entry_moved",{AT},"entry":"9-{index}","people":["F1","F4"],"removed":["{removed}"],"date":"{date}","time":"{time}","hours":1,"old_date":"{date}","old_time":"{old_time}","title":"class","group":["F4"],"host":"F1","series":"000000000000abcd"}}"#
        )
    };
    assert_eq!(
        lines.objects(),
        [
            line(0, "F2", "01-01-2027", "09:00", "08:00"),
            line(1, "F3", "02-01-2027", "13:00", "12:00"),
            line(2, "F2", "03-01-2027", "09:00", "08:00"),
        ]
    );
    assert_eq!(lines.subjects(), ["people F1,F4,F1,F2", "people F1,F4,F1,F3", "people F1,F4,F1,F2"]);

    let lines = told(&[
        ended(Some(SERIES), meeting("class", "F2"), &alike),
        moved(Some(SERIES), meeting("class", "F4"), &alike),
    ])
    .unwrap();
    assert_eq!(lines.subjects(), ["people F1,F4,F1,F2", "people F1,F4,F1,F2 again"]);
    assert!(lines.objects().iter().all(|line| line.contains(r#""removed":["F2"]"#)), "{lines:?}");
}

#[test]
fn an_end_without_a_move_is_a_deletion_and_a_move_without_an_end_is_refused() {
    let two = [
        encode_entry(number(9, 0), period(new_year(), 1)),
        encode_entry(number(9, 1), period(new_year(), 1)),
    ];
    let texts = meeting("class", "F2");
    let lines = told(&[ended(Some(SERIES), texts, &two), moved(Some(SERIES), texts, &two[1..])]).unwrap();
    let kinds: Vec<_> = lines.lines.iter().map(|(_, public, _)| public.split('"').nth(3).unwrap()).collect();
    assert_eq!(kinds, ["entry_deleted", "entry_moved"]);
    assert!(lines.lines[0].1.contains(r#""entry":"9-0""#), "{lines:?}");

    let refused = told(&[ended(Some(SERIES), texts, &two[..1]), moved(Some(SERIES), texts, &two[1..])]);
    assert_eq!(refused.unwrap_err(), TellError::MoveWithoutEnd { commit: 9, entry: 1 });
}
