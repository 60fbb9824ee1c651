//! Entries of several hours and series in the store, with one shard and with several. After each step the
//! totals are counted, and the log is replayed to the same state.
//!
//! It would fail if a part of an entry were missing in a shard or left there, if an occurrence of a series
//! were not found or found after its end, if an entry that moves lost its place among those of its new hour,
//! if the entries of a moved series were busy for each other, if those that stay were not, or if a change
//! were larger than it may be.

use std::io;
use std::num::NonZeroU64;
use std::sync::Arc;

use bookline_protocol::recurrence::OnConflict;
use bookline_protocol::{Hours, Period, Scope, SeriesId, Slot};
use bookline_server::codec::Sequence;
use bookline_server::domain::calendar::Entry;
use bookline_server::domain::{Busy, FreeingRejection, TooLarge};
use bookline_server::state::{
    Context, CreatedEntries, DeletedEntries, Error, KeyState, Keyed, NewEntries, NewEntry, NewSeries,
    Records, ReplacedEntries, Replacement, ReplacementRejection, RequestKey, StateLimits, Store, Totals,
};
use bookline_server::storage::log::Log;
use bookline_server::storage::replay::Replay;
use bookline_testkit::{MemoryLog, system_clock};

/// Numbers of shards: all days in one, neighboring days in different ones, and as a server has them.
const SHARDS: [usize; 3] = [1, 2, 64];

const MEETING: NewEntry<'_> = NewEntry::Meeting { title: "plans", group: "F2,F3", host: "F1" };

/// People of [`MEETING`].
const PEOPLE: [&str; 3] = ["F1", "F2", "F3"];

const SERIES: SeriesId = SeriesId(NonZeroU64::MIN);

struct Calendar {
    store: Store,
    log: Arc<MemoryLog>,
    shards: usize,
}

fn slot(day: u32, hour: u32) -> Slot {
    Slot::from_index((740_000 + day) * 24 + hour).expect("an hour of 2027")
}

fn period(day: u32, hour: u32, hours: u8) -> Period {
    Period::new(slot(day, hour), Hours::new(hours).expect("hours of an entry")).expect("hours of 2027")
}

/// From 22:00 of a day to 02:00 of the next one.
fn across_midnight(day: u32) -> Period {
    period(day, 22, 4)
}

fn series(on_conflict: OnConflict) -> Option<NewSeries> {
    Some(NewSeries { id: SERIES, on_conflict })
}

fn totals(store: &Store) -> Totals {
    store.totals(&mut Context::default())
}

/// The meetings of an hour in the order of a listing.
fn meetings(store: &Store, slot: Slot) -> Vec<Entry> {
    store.meetings(&mut Context::default(), slot, None, |_, _| true).0
}

fn busy(error: &Error<Busy>) -> (&str, u32) {
    let Error::Rejected(Busy { people, clashes }) = error else { panic!("{error:?}") };
    (people, clashes.count())
}

impl Calendar {
    fn new(shards: usize) -> Self {
        let log = Arc::new(MemoryLog::default());
        let store = Store::new(Records::new(shards), StateLimits::NONE, log.clone(), system_clock());
        Self { store, log, shards }
    }

    /// Counts the totals, which compares them with the usage, and replays the log.
    fn check(&self) {
        let mut records = Records::new(self.shards);
        let replayed =
            self.log.replay(Sequence(0), &mut |commit| records.replay(commit).map_err(io::Error::other));
        replayed.expect("the commits fit each other");
        let log = Arc::new(MemoryLog::default());
        let replayed = Store::new(records, StateLimits::NONE, log, system_clock());
        assert_eq!(totals(&self.store).counts, totals(&replayed).counts);
        for who in PEOPLE {
            for day in 0..8 {
                let date = slot(day, 0).date;
                let days =
                    [&self.store, &replayed].map(|store| store.day(&mut Context::default(), who, date));
                assert_eq!(days[0], days[1], "{who} on day {day}");
            }
        }
        for slot in (0..8 * 24).map(|hour| slot(0, hour)) {
            let meetings = [&self.store, &replayed].map(|store| meetings(store, slot));
            assert_eq!(meetings[0], meetings[1], "at {slot:?}");
        }
    }

    fn create(
        &self,
        who: &str,
        entry: NewEntry<'_>,
        periods: &[Period],
        series: Option<NewSeries>,
    ) -> Result<CreatedEntries, Error<Busy>> {
        let new = NewEntries { who, entry, periods, series };
        let created = self.store.create_entries(&mut Context::default(), &new, None);
        self.check();
        created
    }

    /// Creates a series of meetings.
    fn create_series(&self, periods: &[Period]) -> CreatedEntries {
        self.create("F1", MEETING, periods, series(OnConflict::Refuse)).expect("free hours")
    }

    fn block(&self, who: &str, period: Period) {
        self.create(who, NewEntry::Block, &[period], None).expect("a free hour");
    }

    fn delete(&self, slot: Slot, scope: Option<Scope>) -> Result<DeletedEntries, Error<FreeingRejection>> {
        let deleted = self.store.delete_entries(&mut Context::default(), "F1", slot, scope, None);
        self.check();
        deleted
    }

    fn replace(&self, replacement: &Replacement<'_>) -> Result<ReplacedEntries, Error<ReplacementRejection>> {
        let context = &mut Context::default();
        let replaced = self.store.replace_entries(context, replacement, |_| Ok(()), None);
        self.check();
        replaced
    }

    /// Moves F1's meeting.
    fn move_to(
        &self,
        old: Slot,
        new: Slot,
        scope: Option<Scope>,
    ) -> Result<ReplacedEntries, Error<ReplacementRejection>> {
        self.replace(&Replacement { who: "F1", old, new, hours: None, entry: MEETING, scope })
    }

    /// The periods of the entries of a person on the days 0 to 7, each once for each of its hours.
    fn hours_of(&self, who: &str) -> Vec<(Slot, Period)> {
        let days = (0..8).flat_map(|day| self.store.day(&mut Context::default(), who, slot(day, 0).date));
        days.map(|(slot, entry)| (slot, entry.period)).collect()
    }

    #[track_caller]
    fn assert_has(&self, who: &str, periods: &[Period]) {
        let each = |period: &Period| period.slots().map(|slot| (slot, *period)).collect::<Vec<_>>();
        assert_eq!(self.hours_of(who), periods.iter().flat_map(each).collect::<Vec<_>>(), "{who}");
    }

    #[track_caller]
    fn assert_counts(&self, entries: u64, person_hours: u64) {
        let counts = totals(&self.store).counts;
        assert_eq!((counts.entries, counts.person_hours), (entries, person_hours));
    }
}

#[test]
fn entry_across_midnight_is_found_freed_and_counted_once() {
    for shards in SHARDS {
        for freed in across_midnight(1).slots() {
            let calendar = Calendar::new(shards);
            calendar.create("F1", MEETING, &[across_midnight(1)], None).expect("free hours");
            PEOPLE.iter().for_each(|who| calendar.assert_has(who, &[across_midnight(1)]));
            calendar.assert_counts(1, 12);
            let deleted = calendar.delete(freed, None).expect("an own meeting");
            assert_eq!((deleted.named.period, deleted.occurrences), (across_midnight(1), 1));
            calendar.assert_counts(0, 0);
            calendar.assert_has("F2", &[]);
        }
    }
}

#[test]
fn entry_across_midnight_that_clashes_on_the_second_day_is_refused() {
    for shards in SHARDS {
        let calendar = Calendar::new(shards);
        calendar.block("F3", period(2, 1, 1));
        let refused = calendar.create("F1", MEETING, &[across_midnight(1)], None).expect_err("F3 is busy");
        assert_eq!(busy(&refused), ("F3", 1));
        calendar.assert_counts(1, 1);
        calendar.create("F1", MEETING, &[period(1, 22, 3)], None).expect("free hours");
    }
}

#[test]
fn entry_across_midnight_is_replaced_from_any_of_its_hours_and_does_not_clash_with_itself() {
    for shards in SHARDS {
        for (old, new) in [(slot(1, 22), slot(1, 23)), (slot(2, 1), slot(2, 0)), (slot(2, 0), slot(1, 20))] {
            let calendar = Calendar::new(shards);
            calendar.create("F1", MEETING, &[across_midnight(1)], None).expect("free hours");
            let replaced = calendar.move_to(old, new, None).expect("free hours");
            assert_eq!(replaced.named.period, across_midnight(1));
            assert_eq!(replaced.period, Period::new(new, Hours::new(4).unwrap()).unwrap());
            calendar.assert_has("F3", &[replaced.period]);
            calendar.assert_counts(1, 12);
        }
    }
}

#[test]
fn entries_of_the_first_and_last_date_are_replaced_and_deleted() {
    let first = Slot::from_index(24).expect("the first hour");
    let last = Slot::from_index(3_652_059 * 24 + 23).expect("the last hour");
    for shards in SHARDS {
        let calendar = Calendar::new(shards);
        let longest = Period::new(Slot::from_index(24 + 20).unwrap(), Hours::new(8).unwrap()).unwrap();
        calendar.block("F1", longest);
        let replacement =
            |old, new, hours| Replacement { who: "F1", old, new, hours, entry: NewEntry::Block, scope: None };
        calendar.replace(&replacement(longest.start(), first, None)).expect("a free hour");
        calendar.replace(&replacement(first, last, Some(Hours::ONE))).expect("a free hour");
        let two = Some(Hours::new(2).unwrap());
        let refused = calendar.replace(&replacement(last, last, two)).expect_err("no such hours");
        assert!(matches!(refused, Error::Rejected(ReplacementRejection::Period(_))), "{refused:?}");
        calendar.delete(last, None).expect("an own block");
        calendar.assert_counts(0, 0);
    }
}

#[test]
fn series_is_deleted_following_and_all_in_the_order_of_the_starts() {
    let days = [0, 1, 2, 3, 5];
    for shards in SHARDS {
        let calendar = Calendar::new(shards);
        let created = calendar.create_series(&days.map(across_midnight));
        assert_eq!((created.first, created.occurrences), (across_midnight(0), 5));
        calendar.assert_counts(5, 60);
        // It is after the others now, though it was created first.
        let moved = calendar.move_to(slot(0, 22), slot(6, 9), None).expect("free hours");
        assert_eq!(moved.series, created.series);
        let deleted = calendar.delete(slot(4, 1), Some(Scope::Following)).expect("own meetings");
        assert_eq!((deleted.occurrences, deleted.named.period), (3, across_midnight(3)));
        calendar.assert_has("F2", &[1, 2].map(across_midnight));
        let deleted = calendar.delete(slot(2, 22), Some(Scope::All)).expect("own meetings");
        assert_eq!((deleted.occurrences, deleted.named.period), (2, across_midnight(2)));
        calendar.assert_counts(0, 0);
        // Nothing of it is left, so another one gets its id.
        assert_eq!(calendar.create_series(&days.map(across_midnight)).series, created.series);
    }
}

#[test]
fn series_with_the_id_of_another_gets_another_id() {
    let calendar = Calendar::new(2);
    let first = calendar.create_series(&[0, 1].map(across_midnight));
    let second = calendar.create_series(&[2, 3].map(across_midnight));
    assert_ne!(first.series, second.series);
    let deleted = calendar.delete(slot(2, 23), Some(Scope::All)).expect("own meetings");
    assert_eq!(deleted.occurrences, 2);
    calendar.assert_has("F1", &[0, 1].map(across_midnight));
}

#[test]
fn occurrence_with_a_new_host_leaves_its_series() {
    let calendar = Calendar::new(2);
    calendar.create_series(&[0, 1, 2].map(across_midnight));
    let entry = NewEntry::Meeting { title: "plans", group: "F1", host: "F2" };
    let (old, new) = (slot(1, 22), slot(1, 22));
    let replacement = Replacement { who: "F1", old, new, hours: None, entry, scope: Some(Scope::This) };
    assert_eq!(calendar.replace(&replacement).expect("free hours").series, None);
    let deleted = calendar.delete(slot(0, 22), Some(Scope::All)).expect("own meetings");
    assert_eq!(deleted.occurrences, 2);
    calendar.assert_counts(1, 8);
    let context = &mut Context::default();
    let refused = calendar.store.delete_entries(context, "F2", new, Some(Scope::All), None);
    assert_eq!(refused.map(drop), Err(Error::Rejected(FreeingRejection::NotInSeries)));
}

#[test]
fn moved_series_clashes_neither_with_itself_nor_leaves_anything_behind() {
    for shards in SHARDS {
        let calendar = Calendar::new(shards);
        calendar.create_series(&[0, 1, 2, 3].map(across_midnight));
        // To the next day, where the next occurrence is.
        let moved = calendar.move_to(slot(0, 22), slot(1, 22), Some(Scope::All)).expect("own hours");
        assert_eq!((moved.occurrences, moved.period), (4, across_midnight(1)));
        let expected = [1, 2, 3, 4].map(across_midnight);
        PEOPLE.iter().for_each(|who| calendar.assert_has(who, &expected));
        calendar.assert_counts(4, 48);
        // Backwards by an hour, named by its last hour.
        calendar.move_to(slot(2, 1), slot(1, 21), Some(Scope::All)).expect("own hours");
        calendar.assert_has("F1", &[1, 2, 3, 4].map(|day| period(day, 21, 4)));
    }
}

#[test]
fn occurrences_that_do_not_move_are_busy() {
    for shards in SHARDS {
        let calendar = Calendar::new(shards);
        let before = [0, 1, 2, 3].map(across_midnight);
        calendar.create_series(&before);
        let refused = calendar.move_to(slot(2, 22), slot(1, 23), Some(Scope::Following));
        let Err(Error::Rejected(ReplacementRejection::Busy { busy, occurrences, period: new })) = refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!((&*busy.people, busy.clashes.count()), ("F1,F2,F3", 1));
        assert_eq!((occurrences, new), (2, period(1, 23, 4)));
        let refused = calendar.move_to(slot(2, 22), slot(1, 23), Some(Scope::This));
        assert!(matches!(refused, Err(Error::Rejected(ReplacementRejection::Busy { .. }))), "{refused:?}");
        calendar.assert_has("F2", &before);
        calendar.move_to(slot(2, 22), slot(3, 3), Some(Scope::Following)).expect("free hours");
    }
}

#[test]
fn occurrences_that_would_overlap_each_other_are_clashes() {
    for shards in SHARDS {
        let calendar = Calendar::new(shards);
        let before = [period(0, 9, 1), period(0, 11, 1), period(1, 9, 1)];
        calendar.create_series(&before);
        let replacement = |hours| Replacement {
            who: "F1",
            old: slot(0, 9),
            new: slot(0, 9),
            hours: Hours::new(hours),
            entry: MEETING,
            scope: Some(Scope::All),
        };
        let refused = calendar.replace(&replacement(3));
        let Err(Error::Rejected(ReplacementRejection::Busy { busy, .. })) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((&*busy.people, busy.clashes.count()), ("F1,F2,F3", 1));
        calendar.assert_has("F1", &before);
        calendar.replace(&replacement(2)).expect("they are next to each other");
        calendar.assert_has("F3", &[period(0, 9, 2), period(0, 11, 2), period(1, 9, 2)]);
    }
}

#[test]
fn series_with_a_clash_is_refused_as_a_whole_or_created_without_it() {
    let periods = [0, 1, 2, 3].map(across_midnight);
    // Every set of occurrences at which F2 or F3 is busy, the first and the last one included.
    for shards in SHARDS {
        for clashing in 1..1_u32 << periods.len() {
            let calendar = Calendar::new(shards);
            let clashes = |day: u32| clashing >> day & 1 == 1;
            for day in (0..4).filter(|day| clashes(*day)) {
                calendar.block(["F2", "F3"][day as usize % 2], period(day + 1, 0, 1));
            }
            let count = clashing.count_ones();
            let people = match (clashing & 0b0101 > 0, clashing & 0b1010 > 0) {
                (true, true) => "F2,F3",
                (true, false) => "F2",
                _ => "F3",
            };
            let refused = calendar.create("F1", MEETING, &periods, series(OnConflict::Refuse));
            assert_eq!(busy(&refused.expect_err("someone is busy")), (people, count));
            calendar.assert_has("F1", &[]);
            let created = calendar.create("F1", MEETING, &periods, series(OnConflict::Skip));
            let free: Vec<Period> = (0..4).filter(|day| !clashes(*day)).map(across_midnight).collect();
            match created {
                Ok(created) => {
                    assert_eq!((created.first, created.occurrences), (free[0], 4 - count));
                    assert_eq!(created.skipped.expect("skipped ones").count(), count);
                }
                Err(refused) => assert_eq!((busy(&refused), count), ((people, 4), 4)),
            }
            calendar.assert_has("F1", &free);
        }
    }
}

#[test]
fn series_of_meetings_of_which_some_have_another_host_is_not_deleted() {
    let calendar = Calendar::new(2);
    calendar.create_series(&[0, 1, 2].map(across_midnight));
    let refused =
        calendar.store.delete_entries(&mut Context::default(), "F2", slot(0, 22), Some(Scope::All), None);
    let expected = FreeingRejection::NotHost { host: "F1".to_owned(), start: slot(0, 22) };
    assert_eq!(refused.map(drop), Err(Error::Rejected(expected)));
    calendar.assert_counts(3, 36);
}

/// As many ids as there are, separated by commas.
fn group(people: u32, id_bytes: usize) -> String {
    (0..people).map(|n| format!("{n:0id_bytes$}")).collect::<Vec<_>>().join(",")
}

#[test]
fn change_of_20000_person_hours_is_allowed_and_a_larger_one_is_refused() {
    let calendar = Calendar::new(64);
    let group = group(999, 3);
    let meeting = NewEntry::Meeting { title: "plans", group: &group, host: "F1" };
    let periods: Vec<_> = (0..21).map(|day| period(day * 2, 9, 1)).collect();
    let refused = calendar.create("F1", meeting, &periods, series(OnConflict::Refuse));
    assert_eq!(refused.map(drop), Err(Error::TooLarge(TooLarge::PersonHours(21_000))));
    calendar.assert_counts(0, 0);
    calendar.create("F1", meeting, &periods[..20], series(OnConflict::Refuse)).expect("20,000 person-hours");
    calendar.assert_counts(20, 20_000);
    // What is removed and what is added is counted apart.
    let replacement = Replacement {
        who: "F1",
        old: slot(0, 9),
        new: slot(1, 9),
        hours: None,
        entry: meeting,
        scope: Some(Scope::All),
    };
    calendar.replace(&replacement).expect("20,000 person-hours");
    let longer = Replacement { old: slot(1, 9), hours: Hours::new(2), ..replacement };
    let refused = calendar.replace(&longer).map(drop);
    assert_eq!(refused, Err(Error::TooLarge(TooLarge::PersonHours(40_000))));
    calendar.assert_counts(20, 20_000);
    assert_eq!(calendar.delete(slot(1, 9), Some(Scope::All)).expect("own meetings").occurrences, 20);
    calendar.assert_counts(0, 0);
    // 6,667 hours of three people.
    let hours = (0..277).map(|day| period(day, 0, 24)).chain([period(300, 0, 19)]);
    let refused = calendar.create("F1", MEETING, &hours.collect::<Vec<_>>(), series(OnConflict::Refuse));
    assert_eq!(refused.map(drop), Err(Error::TooLarge(TooLarge::PersonHours(20_001))));
}

#[test]
fn commit_above_256_kib_is_refused() {
    let calendar = Calendar::new(2);
    let store = &calendar.store;
    let create = |day, reply_bytes: usize| {
        let mut context = Context::default();
        let key = format!("key-of-{reply_bytes}-bytes");
        let request = RequestKey { owner: "", key: &key, request: [1; 16] };
        let looked_up = store.look_up(&mut context, request).expect("there is space for a key");
        let KeyState::Unused(mut unused) = looked_up else { panic!("a new key") };
        let mut replies = Vec::new();
        let mut write = |_: &CreatedEntries, replies: &mut Vec<u8>| {
            replies.extend_from_slice(format!("OK {{\"a\":\"{}\"}}\n", "x".repeat(reply_bytes)).as_bytes());
            Ok(())
        };
        let keyed = Keyed { key: &mut unused, replies: &mut replies, write: &mut write };
        let periods = [across_midnight(day), across_midnight(day + 1)];
        let new =
            NewEntries { who: "F1", entry: MEETING, periods: &periods, series: series(OnConflict::Refuse) };
        let created = store.create_entries(&mut context, &new, Some(keyed)).map(drop);
        unused.store(&replies);
        created
    };
    let refused = create(0, 1 << 18).expect_err("a reply as long as a commit may be");
    let Error::TooLarge(TooLarge::Bytes(bytes)) = refused else { panic!("{refused:?}") };
    // The rest of the commit.
    let rest = usize::try_from(bytes).expect("a length") - (1 << 18);
    assert!((1..1_000).contains(&rest), "{rest}");
    calendar.assert_counts(0, 0);
    assert_eq!(create(0, (1 << 18) - rest), Ok(()));
    let refused = create(2, (1 << 18) - rest + 1);
    assert_eq!(refused, Err(Error::TooLarge(TooLarge::Bytes((1 << 18) + 1))));
    calendar.assert_counts(2, 24);
}

/// It has one hour and no series then, and is not the first entry of its commit.
#[test]
fn occurrence_of_one_hour_that_left_its_series_is_moved_and_deleted() {
    for shards in SHARDS {
        let calendar = Calendar::new(shards);
        calendar.create_series(&[0, 1, 2].map(|day| period(day, 9, 1)));
        let entry = NewEntry::Meeting { title: "plans", group: "F1", host: "F2" };
        let replacement =
            |who, old, new, entry| Replacement { who, old, new, hours: None, entry, scope: None };
        let left = calendar.replace(&replacement("F1", slot(1, 9), slot(3, 9), entry)).expect("free hours");
        assert_eq!(left.series, None);
        let back = replacement("F2", slot(3, 9), slot(1, 9), NewEntry::Block);
        assert_eq!(calendar.replace(&back).expect("a free hour").period, period(1, 9, 1));
        calendar.assert_counts(3, 7);
        let context = &mut Context::default();
        let deleted = calendar.store.delete_entries(context, "F2", slot(1, 9), None, None);
        assert_eq!(deleted.expect("an own block").named.period, period(1, 9, 1));
        calendar.check();
        calendar.assert_counts(2, 6);
    }
}

#[test]
fn meeting_that_moves_keeps_its_place_in_the_order_of_creation() {
    let people: Vec<(String, String)> = (0..90).map(|n| (format!("A{n}"), format!("B{n}"))).collect();
    // An hour of few people, and one of many.
    for count in [5, 90] {
        let calendar = Calendar::new(2);
        let meet = |(host, member): &(String, String), slot: Slot| {
            let entry = NewEntry::Meeting { title: "plans", group: member, host };
            let periods = [Period::of_slot(slot)];
            let new = NewEntries { who: host, entry, periods: &periods, series: None };
            calendar.store.create_entries(&mut Context::default(), &new, None).expect("a free hour");
        };
        let moves = |(host, member): &(String, String), old, new| {
            let entry = NewEntry::Meeting { title: "moved", group: member, host };
            let replacement = Replacement { who: host, old, new, hours: None, entry, scope: None };
            let context = &mut Context::default();
            calendar.store.replace_entries(context, &replacement, |_| Ok(()), None).expect("a free hour");
        };
        let (here, there) = (slot(1, 9), slot(2, 9));
        let people = &people[..count];
        people.iter().enumerate().for_each(|(n, pair)| meet(pair, if n % 3 == 0 { there } else { here }));
        people.iter().step_by(3).rev().for_each(|pair| moves(pair, there, here));
        // In its own hour, too.
        moves(&people[1], here, here);
        calendar.check();
        let listed = meetings(&calendar.store, here);
        let hosts: Vec<_> = listed.iter().map(|entry| entry.content.who()).collect();
        assert_eq!(hosts, people.iter().map(|(host, _)| host.as_str()).collect::<Vec<_>>());
    }
}
