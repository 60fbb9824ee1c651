use bookline_protocol::{Date, Hour as HourOfDay, Hours, Period, Slot};

use super::Calendar;
use crate::codec::Sequence;
use crate::domain::calendar::{Entry, EntryContent};
use crate::domain::{Contradiction, EntryNumber, FreeingRejection};

fn slot() -> Slot {
    Slot { date: Date::parse("2026-11-21").unwrap(), hour: HourOfDay::parse("09:00").unwrap() }
}

/// The first entry of a commit.
fn number(commit: u64) -> EntryNumber {
    EntryNumber::first_of(Sequence(commit))
}

fn at(start: Slot, hours: u8, content: EntryContent) -> Entry {
    let period = Period::new(start, Hours::new(hours).unwrap()).unwrap();
    Entry { content, period, series: None }
}

fn take(calendar: &mut Calendar, commit: u64, entry: Entry) -> Result<(), Contradiction> {
    calendar.take(number(commit), entry.period.indices(), entry)
}

/// Frees an entry of one hour.
fn free(calendar: &mut Calendar, commit: u64) -> Result<Entry, Contradiction> {
    calendar.free(number(commit), Period::of_slot(slot()).indices())
}

/// A calendar with these entries in one hour, numbered from 1.
fn calendar(entries: impl IntoIterator<Item = Entry>) -> Calendar {
    let mut calendar = Calendar::default();
    for (commit, entry) in (1..).zip(entries) {
        take(&mut calendar, commit, entry).unwrap();
    }
    calendar
}

fn entry_of(calendar: &Calendar, who: &str) -> Option<EntryNumber> {
    calendar.hour(slot())?.entry_of(who).map(|(number, _)| number)
}

fn meetings(calendar: &Calendar, after: Option<u64>) -> Vec<u64> {
    let hour = calendar.hour(slot()).expect("an hour with entries");
    hour.meetings(after.map(number)).map(|(number, _)| number.commit().0).collect()
}

fn block_of(who: &str) -> Entry {
    at(slot(), 1, EntryContent::block(who))
}

/// A block of a person who has no other entry.
fn block(n: u64) -> Entry {
    block_of(&format!("P{n}"))
}

/// A meeting of three people who have no other entry.
fn meeting(n: u64) -> Entry {
    at(slot(), 1, EntryContent::meeting(&format!("A{n}"), "t", &format!("B{n},C{n}"), &format!("A{n}")))
}

#[test]
fn meeting_fills_the_slot_of_who_host_and_every_member() {
    let mut calendar = calendar([at(slot(), 1, EntryContent::meeting("F1", "t", "F2,F3", "F4"))]);
    for who in ["F1", "F2", "F3", "F4"] {
        assert_eq!(entry_of(&calendar, who), Some(number(1)), "{who}");
    }
    let hour = calendar.hour(slot()).unwrap();
    let not_host = FreeingRejection::NotHost { host: "F4".into(), start: slot() };
    assert_eq!(hour.decide_freeing("F1"), Err(not_host));
    assert_eq!(free(&mut calendar, 1).map(|entry| entry.content.people_count()), Ok(4));
    assert!(calendar.hour(slot()).is_none());
}

#[test]
fn reading_adds_no_hour_and_freeing_the_last_entry_removes_it() {
    let mut calendar = Calendar::default();
    assert!(calendar.hour(slot()).is_none());
    assert_eq!(calendar.hours(slot().date).count(), 0);
    assert_eq!(calendar.hours.len(), 0);
    take(&mut calendar, 1, block_of("F1")).unwrap();
    assert_eq!((calendar.hours.len(), calendar.hours(slot().date).count()), (1, 1));
    free(&mut calendar, 1).unwrap();
    assert_eq!(calendar.hours.len(), 0);
}

#[test]
fn freeing_an_entry_that_the_hour_does_not_have_is_a_contradiction() {
    let mut calendar = calendar([block_of("F1")]);
    let later = Slot { hour: HourOfDay::parse("10:00").unwrap(), ..slot() };
    take(&mut calendar, 2, at(later, 1, EntryContent::block("F1"))).unwrap();
    assert!(free(&mut calendar, 3).is_err());
    assert!(free(&mut calendar, 2).is_err());
}

#[test]
fn entry_of_several_hours_is_found_in_each_and_stored_once() {
    let mut calendar = Calendar::default();
    let entry = at(slot(), 3, EntryContent::meeting("F1", "t", "F2", "F1"));
    take(&mut calendar, 1, entry.clone()).unwrap();
    let found: Vec<_> = calendar.hours(slot().date).map(|(hour, view)| (hour, view.entry_of("F2"))).collect();
    let hours = ["09:00", "10:00", "11:00"].map(|hour| HourOfDay::parse(hour).unwrap());
    assert_eq!(found, hours.map(|hour| (hour, Some((number(1), &entry)))));
    assert_eq!(calendar.entry(number(1)), &entry);
    assert_eq!(calendar.free(number(1), entry.period.indices()), Ok(entry.clone()));
    assert_eq!(calendar.hours.len(), 0);
    assert!(calendar.free(number(1), entry.period.indices()).is_err(), "it is not there twice");
}

#[test]
fn entry_whose_second_hour_is_filled_is_a_contradiction() {
    let later = Slot { hour: HourOfDay::parse("10:00").unwrap(), ..slot() };
    let mut calendar = calendar([at(later, 1, EntryContent::block("F2"))]);
    let entry = at(slot(), 2, EntryContent::meeting("F1", "t", "F2", "F1"));
    assert!(take(&mut calendar, 2, entry).is_err_and(|refused| refused.0.contains("F2 has filled")));
}

#[test]
fn freeing_more_hours_than_the_entry_has_is_a_contradiction() {
    let mut calendar = calendar([at(slot(), 2, EntryContent::block("F1"))]);
    let longer = Period::new(slot(), Hours::new(3).unwrap()).unwrap();
    assert!(calendar.free(number(1), longer.indices()).is_err());
}

/// As many entries as make an hour of many people out of one of few, and more.
const ENTRIES: u64 = 200;

#[test]
fn hour_finds_everyone_while_it_grows_and_shrinks() {
    let entry = |n: u64| if n.is_multiple_of(3) { meeting(n) } else { block(n) };
    let mut calendar = Calendar::default();
    let check = |calendar: &Calendar, present: std::ops::RangeInclusive<u64>| {
        for n in 1..=ENTRIES {
            for who in entry(n).content.people() {
                let expected = present.contains(&n).then_some(number(n));
                assert_eq!(entry_of(calendar, who), expected, "{who} with entries {present:?}");
            }
        }
    };
    for n in 1..=ENTRIES {
        take(&mut calendar, n, entry(n)).unwrap();
        let taken = take(&mut calendar, n + ENTRIES, entry(n.div_ceil(2)));
        assert!(taken.is_err(), "someone has two entries after {n} entries");
        check(&calendar, 1..=n);
    }
    for n in 1..ENTRIES {
        assert_eq!(free(&mut calendar, n), Ok(entry(n)));
        check(&calendar, n + 1..=ENTRIES);
    }
    free(&mut calendar, ENTRIES).unwrap();
    assert_eq!(calendar.hours.len(), 0);
}

#[test]
fn meetings_are_listed_in_the_order_of_creation_among_few_and_many_people() {
    for entries in [8, ENTRIES] {
        let entry = |n: u64| if n.is_multiple_of(2) { meeting(n) } else { block(n) };
        let mut calendar = calendar((1..=entries).map(entry));
        free(&mut calendar, 4).unwrap();
        let all: Vec<u64> = (1..=entries).filter(|n| n.is_multiple_of(2) && *n != 4).collect();
        assert_eq!(meetings(&calendar, None), all);
        assert_eq!(meetings(&calendar, Some(2)), all[1..]);
        assert_eq!(meetings(&calendar, Some(4)), all[1..], "the entry to continue after is gone");
        assert!(meetings(&calendar, Some(entries)).is_empty());
    }
}

#[test]
fn meeting_that_is_moved_keeps_its_place_among_few_and_many_people() {
    for entries in [8, ENTRIES] {
        let all: Vec<u64> = (1..=entries).collect();
        for moved in [1, 2, entries / 2, entries] {
            // It comes from another hour, and the others are there already.
            let others = all.iter().copied().filter(|n| *n != moved);
            let mut calendar = Calendar::default();
            others.for_each(|n| take(&mut calendar, n, meeting(n)).unwrap());
            take(&mut calendar, moved, meeting(moved)).unwrap();
            assert_eq!(meetings(&calendar, None), all, "{moved} of {entries}");
            assert_eq!(meetings(&calendar, Some(moved)), all[moved as usize..]);
            for who in meeting(moved).content.people() {
                assert_eq!(entry_of(&calendar, who), Some(number(moved)), "{who}");
            }
            assert_eq!(free(&mut calendar, moved), Ok(meeting(moved)));
            assert!(!meetings(&calendar, None).contains(&moved));
        }
    }
}

#[test]
fn entry_that_begins_again_without_its_end_is_a_contradiction() {
    let later = Slot { hour: HourOfDay::parse("10:00").unwrap(), ..slot() };
    for again in [at(later, 1, EntryContent::block("F1")), block_of("F2")] {
        let mut calendar = calendar([block_of("F1")]);
        let refused = take(&mut calendar, 1, again).expect_err("it has not ended");
        assert!(refused.0.contains("has not ended before"), "{refused}");
    }
}
