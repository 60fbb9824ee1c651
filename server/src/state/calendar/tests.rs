use bookline_protocol::{Date, Hour as HourOfDay, Slot};

use super::Calendar;
use crate::domain::calendar::{Entry, attendees};
use crate::domain::{EntryNumber, FreeingRejection};

fn slot() -> Slot {
    Slot { date: Date::parse("2026-11-21").unwrap(), hour: HourOfDay::parse("09:00").unwrap() }
}

/// A calendar with these entries in one hour, numbered from 1.
fn calendar(entries: impl IntoIterator<Item = Entry>) -> Calendar {
    let mut calendar = Calendar::default();
    for (number, entry) in (1..).zip(entries) {
        calendar.take(EntryNumber(number), slot(), entry).unwrap();
    }
    calendar
}

fn entry_of(calendar: &Calendar, who: &str) -> Option<EntryNumber> {
    calendar.hour(slot())?.entry_of(who).map(|(number, _)| number)
}

fn meetings(calendar: &Calendar, after: Option<u64>) -> Vec<u64> {
    let hour = calendar.hour(slot()).expect("an hour with entries");
    hour.meetings(after.map(EntryNumber)).map(|(number, _)| number.0).collect()
}

/// A block of a person who has no other entry.
fn block(n: u64) -> Entry {
    Entry::block(&format!("P{n}"))
}

/// A meeting of three people who have no other entry.
fn meeting(n: u64) -> Entry {
    Entry::meeting(&format!("A{n}"), "t", &format!("B{n},C{n}"), &format!("A{n}"))
}

#[test]
fn meeting_fills_the_slot_of_who_host_and_every_member() {
    let mut calendar = calendar([Entry::meeting("F1", "t", "F2,F3", "F4")]);
    for who in ["F1", "F2", "F3", "F4"] {
        assert_eq!(entry_of(&calendar, who), Some(EntryNumber(1)), "{who}");
    }
    let hour = calendar.hour(slot()).unwrap();
    assert_eq!(hour.decide_freeing("F1"), Err(FreeingRejection::NotHost { host: "F4".into() }));
    assert_eq!(calendar.free(slot(), EntryNumber(1)).map(|entry| entry.people_count()), Ok(4));
    assert!(calendar.hour(slot()).is_none());
}

#[test]
fn reading_adds_no_hour_and_freeing_the_last_entry_removes_it() {
    let mut calendar = Calendar::default();
    assert!(calendar.hour(slot()).is_none());
    assert_eq!(calendar.hours(slot().date).count(), 0);
    assert_eq!(calendar.hours.len(), 0);
    calendar.take(EntryNumber(1), slot(), Entry::block("F1")).unwrap();
    assert_eq!((calendar.hours.len(), calendar.hours(slot().date).count()), (1, 1));
    calendar.free(slot(), EntryNumber(1)).unwrap();
    assert_eq!(calendar.hours.len(), 0);
}

#[test]
fn busy_people_are_listed_once_in_the_given_order() {
    let calendar = calendar([Entry::block("F2"), Entry::block("F3")]);
    let hour = calendar.hour(slot()).unwrap();
    assert_eq!(hour.busy(attendees("F1", "F3", "F2,F3,F5"), None), ["F3", "F2"]);
    assert_eq!(hour.busy(attendees("F2", "F2", "F2,F3"), None), ["F2", "F3"]);
    assert_eq!(hour.entry_of("F5"), None, "busy changes nothing");
}

#[test]
fn people_of_the_replaced_entry_are_not_busy() {
    let mut calendar = calendar([Entry::meeting("F1", "t", "F2", "F1")]);
    let busy = |calendar: &Calendar| {
        let hour = calendar.hour(slot()).unwrap();
        hour.busy(attendees("F1", "F1", "F2,F3"), Some(EntryNumber(1))).join(",")
    };
    assert_eq!(busy(&calendar), "");
    calendar.take(EntryNumber(2), slot(), Entry::block("F3")).unwrap();
    assert_eq!(busy(&calendar), "F3");
}

#[test]
fn freeing_an_entry_that_the_hour_does_not_have_is_a_contradiction() {
    let mut calendar = calendar([Entry::block("F1")]);
    let later = Slot { hour: HourOfDay::parse("10:00").unwrap(), ..slot() };
    calendar.take(EntryNumber(2), later, Entry::block("F1")).unwrap();
    assert!(calendar.free(slot(), EntryNumber(3)).is_err());
    assert!(calendar.free(slot(), EntryNumber(2)).is_err());
}

/// As many entries as make an hour of many people out of one of few, and more.
const ENTRIES: u64 = 200;

#[test]
fn hour_finds_everyone_while_it_grows_and_shrinks() {
    let entry = |n: u64| if n.is_multiple_of(3) { meeting(n) } else { block(n) };
    let mut calendar = Calendar::default();
    let check = |calendar: &Calendar, present: std::ops::RangeInclusive<u64>| {
        for n in 1..=ENTRIES {
            for who in entry(n).people() {
                let expected = present.contains(&n).then_some(EntryNumber(n));
                assert_eq!(entry_of(calendar, who), expected, "{who} with entries {present:?}");
            }
        }
    };
    for n in 1..=ENTRIES {
        calendar.take(EntryNumber(n), slot(), entry(n)).unwrap();
        let taken = calendar.take(EntryNumber(n + ENTRIES), slot(), entry(n.div_ceil(2)));
        assert!(taken.is_err(), "someone has two entries after {n} entries");
        check(&calendar, 1..=n);
    }
    for n in 1..ENTRIES {
        assert_eq!(calendar.free(slot(), EntryNumber(n)), Ok(entry(n)));
        check(&calendar, n + 1..=ENTRIES);
    }
    calendar.free(slot(), EntryNumber(ENTRIES)).unwrap();
    assert_eq!(calendar.hours.len(), 0);
}

#[test]
fn meetings_are_listed_in_the_order_of_creation_among_few_and_many_people() {
    for entries in [8, ENTRIES] {
        let entry = |n: u64| if n.is_multiple_of(2) { meeting(n) } else { block(n) };
        let mut calendar = calendar((1..=entries).map(entry));
        calendar.free(slot(), EntryNumber(4)).unwrap();
        let all: Vec<u64> = (1..=entries).filter(|n| n.is_multiple_of(2) && *n != 4).collect();
        assert_eq!(meetings(&calendar, None), all);
        assert_eq!(meetings(&calendar, Some(2)), all[1..]);
        assert_eq!(meetings(&calendar, Some(4)), all[1..], "the entry to continue after is gone");
        assert!(meetings(&calendar, Some(entries)).is_empty());
    }
}
