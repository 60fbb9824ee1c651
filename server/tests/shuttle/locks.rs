//! Requests that take several locks, and requests about several people.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use bookline_protocol::recurrence::OnConflict;
use bookline_protocol::{Hours, Period, SaleTerms, Scope, SeriesId, Slot};
use shuttle::thread::{JoinHandle, spawn};

use crate::changes::{
    BlockTaken, Change, EntriesCreated, EntriesEnded, EntriesMoved, EntryEnded, MeetingTaken, decode_entry,
    decode_occurrence,
};
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::domain::{Busy, EntryNumber};
use crate::explore::{explore, yield_point};
use crate::state::{
    Context, CreatedEntries, Error, EventValues, NewEntries, NewEntry, NewSeries, Records, Replacement,
    StateLimits, Store,
};
use crate::waiting::{ONE_SEGMENT, clock, open, release, slot};

const MEETING: NewEntry<'_> = NewEntry::Meeting { title: "plans", group: "F2,F3", host: "F1" };

fn new_store(disk: &Disk) -> Store {
    Store::new(Records::new(2), StateLimits::NONE, open(disk, ONE_SEGMENT), clock())
}

/// A client that makes its request, waits as its reply does, and then checks the disk.
fn client(
    disk: &Disk,
    store: &Store,
    request: impl FnOnce(&Store, &mut Context) + Send + 'static,
    check: impl FnOnce(&Entries) + Send + 'static,
) -> JoinHandle<()> {
    let (disk, store) = (disk.clone(), store.clone());
    spawn(move || {
        let mut context = Context::default();
        request(&store, &mut context);
        release(&store, context);
        check(&Entries::on(&disk));
    })
}

fn end(store: &Store, clients: impl IntoIterator<Item = JoinHandle<()>>) {
    for client in clients {
        client.join().expect("a client");
    }
    store.log().close().expect("no disk error");
}

/// Calendar entries after a power cut.
struct Entries(BTreeMap<EntryNumber, (Period, Vec<String>)>);

impl Entries {
    fn on(disk: &Disk) -> Self {
        let mut entries = BTreeMap::new();
        disk.after_power_cut().read(Sequence(0), |sequence, change| match *change {
            Change::BlockTaken(BlockTaken { slot, who }) => {
                let number = EntryNumber::first_of(sequence);
                entries.insert(number, (Period::of_slot(slot), vec![who.to_owned()]));
            }
            Change::MeetingTaken(MeetingTaken { slot, who, group, .. }) => {
                let people = [who].into_iter().chain(group.split(',')).map(str::to_owned);
                let number = EntryNumber::first_of(sequence);
                entries.insert(number, (Period::of_slot(slot), people.collect()));
            }
            Change::EntriesCreated(EntriesCreated { texts, occurrences, .. }) => {
                let people: Vec<_> = texts.content().people().map(str::to_owned).collect();
                for occurrence in occurrences {
                    let (index, period) = decode_occurrence(*occurrence).expect("an occurrence");
                    let number = EntryNumber::new(sequence, index).expect("a number");
                    entries.insert(number, (period, people.clone()));
                }
            }
            Change::EntriesEnded(EntriesEnded { entries: ended, .. }) => {
                for entry in ended {
                    let (number, period) = decode_entry(entry).expect("an entry");
                    assert_eq!(entries.remove(&number).expect("an existing entry").0, period);
                }
            }
            Change::EntriesMoved(EntriesMoved { texts, entries: moved, .. }) => {
                let people: Vec<_> = texts.content().people().map(str::to_owned).collect();
                for entry in moved {
                    let (number, period) = decode_entry(entry).expect("an entry");
                    let before = entries.insert(number, (period, people.clone()));
                    assert!(before.is_none(), "an entry that has not ended is moved");
                }
            }
            Change::EntryEnded(EntryEnded { entry, .. }) => {
                drop(entries.remove(&entry).expect("an existing entry"))
            }
            Change::EventAdded(_) => {}
            other => panic!("another change: {other:?}"),
        });
        Self(entries)
    }

    fn has(&self, who: &str, slot: Slot) -> bool {
        let is_in = |(period, people): &&(Period, Vec<String>)| {
            period.indices().contains(&slot.index()) && people.iter().any(|person| person == who)
        };
        let count = self.0.values().filter(is_in).count();
        assert!(count <= 1, "{who} has {count} entries at {slot:?}");
        count == 1
    }
}

/// The disk must be consistent after a power cut at any moment.
fn watch_a_replacement(disk: &Disk) {
    for _ in 0..6 {
        yield_point();
        let entries = Entries::on(disk);
        let (old, new) = (entries.has("F1", slot(0, "10:00")), entries.has("F1", slot(1, "11:00")));
        assert!(old != new, "a part of the replacement is on the disk");
    }
}

fn read_a_replacement(disk: &Disk, store: &Store) {
    let (old, new) = (slot(0, "10:00"), slot(1, "11:00"));
    let mut context = Context::default();
    let old_is_free = store.day(&mut context, "F1", old.date).is_empty();
    let new_is_filled = !store.day(&mut context, "F1", new.date).is_empty();
    assert!(new_is_filled || !old_is_free, "a read sees a part of the replacement");
    release(store, context);
    let entries = Entries::on(disk);
    assert!(
        !new_is_filled || entries.has("F1", new),
        "a read depends on a replacement that is not on the disk"
    );
    assert!(
        !old_is_free || !entries.has("F1", old),
        "a read depends on a replacement that is not on the disk"
    );
}

#[test]
fn concurrent_replacements_in_opposite_directions_do_not_deadlock() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        let mut context = Context::default();
        for (who, day) in [("F1", 0), ("F2", 1)] {
            create(&store, &mut context, who, NewEntry::Block, &[hour(day, "10:00")]).expect("a free hour");
        }
        release(&store, context);
        let replacing = [("F1", 0), ("F2", 1)].map(|(who, day)| {
            let (old, new) = (slot(day, "10:00"), slot(1 - day, "11:00"));
            let replace = move |store: &Store, context: &mut Context| {
                let replacement = replacement(who, old, new, NewEntry::Block, None);
                store.replace_entries(context, &replacement, |_| Ok(()), None).expect("a free hour");
            };
            client(&disk, &store, replace, move |entries| {
                assert!(entries.has(who, new) && !entries.has(who, old), "an acknowledged replacement");
            })
        });
        let watching = spawn({
            let disk = disk.clone();
            move || watch_a_replacement(&disk)
        });
        let reading = spawn({
            let (disk, store) = (disk.clone(), store.clone());
            move || read_a_replacement(&disk, &store)
        });
        let listing = client(
            &disk,
            &store,
            |store, context| {
                let (date, terms) = (slot(0, "20:00").date, SaleTerms::default());
                let event = EventValues { id: "sale", name: "a", date, total: 1, issued: 0, terms };
                store.create(context, &event, None).expect("the first event");
                assert_eq!(store.page(context, None, 10).len(), 1);
                assert_eq!(
                    store.totals(context).counts.entries,
                    2,
                    "replacements keep the number of entries"
                );
            },
            |_| {},
        );
        end(&store, replacing.into_iter().chain([watching, reading, listing]));
    });
}

/// Creates an entry, or a series if there are several periods.
fn create(
    store: &Store,
    context: &mut Context,
    who: &str,
    entry: NewEntry<'_>,
    periods: &[Period],
) -> Result<CreatedEntries, Error<Busy>> {
    let id = NonZeroU64::new(periods[0].start().index().into()).map(SeriesId);
    let series = id.filter(|_| periods.len() > 1);
    let series = series.map(|id| NewSeries { id, on_conflict: OnConflict::Refuse });
    store.create_entries(context, &NewEntries { who, entry, periods, series }, None)
}

fn replacement<'a>(
    who: &'a str,
    old: Slot,
    new: Slot,
    entry: NewEntry<'a>,
    scope: Option<Scope>,
) -> Replacement<'a> {
    Replacement { who, old, new, hours: None, entry, scope }
}

fn hour(day: u32, time: &str) -> Period {
    Period::of_slot(slot(day, time))
}

/// From eleven in the evening to one o'clock on the next day.
fn across_midnight(day: u32) -> Period {
    Period::new(slot(day, "23:00"), Hours::new(2).expect("two hours")).expect("hours of these years")
}

fn take_or_be_refused(
    store: &Store,
    who: &str,
    periods: &[Period],
    entry: NewEntry<'_>,
    context: &mut Context,
) {
    let taken = create(store, context, who, entry, periods);
    assert!(matches!(taken, Ok(_) | Err(Error::Rejected(_))), "{taken:?}");
}

#[test]
fn a_meeting_is_with_all_of_its_people_or_refused() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        let hour = slot(0, "10:00");
        let meeting = client(
            &disk,
            &store,
            move |store, context| take_or_be_refused(store, "F1", &[Period::of_slot(hour)], MEETING, context),
            move |entries| {
                let (meets, blocked) = (entries.has("F1", hour), entries.has("F3", hour));
                assert_eq!(meets, entries.has("F2", hour));
                assert!(blocked, "F3 is in the meeting or has the block");
            },
        );
        let block = client(
            &disk,
            &store,
            move |store, context| {
                take_or_be_refused(store, "F3", &[Period::of_slot(hour)], NewEntry::Block, context)
            },
            move |entries| assert!(entries.has("F3", hour), "the hour of F3 is filled"),
        );
        let reading = [("F1", "F2"), ("F2", "F3"), ("F2", "F1")].map(|(one, another)| {
            let meets = move |store: &Store, who: &str, context: &mut Context| {
                store.day(context, who, hour.date).iter().any(|(_, entry)| entry.content.is_meeting())
            };
            let read = move |store: &Store, context: &mut Context| {
                if meets(store, one, context) {
                    assert!(meets(store, another, context), "{one} meets, {another} does not");
                    assert_eq!(store.meetings(context, hour, None, |_, _| true).0.len(), 1);
                }
            };
            client(&disk, &store, read, |_| {})
        });
        end(&store, reading.into_iter().chain([meeting, block]));
        let entries = Entries::on(&disk);
        assert_eq!(entries.0.len(), 1, "one of the two entries");
        assert_eq!(entries.has("F1", hour), entries.has("F2", hour));
    });
}

/// Fails unless all people of an entry have each of its hours, or none has any.
fn assert_whole(entries: &Entries, people: &[&str], period: Period) -> bool {
    let mut has = period.slots().flat_map(|slot| people.iter().map(move |who| (who, slot)));
    let found: Vec<bool> = has.by_ref().map(|(who, slot)| entries.has(who, slot)).collect();
    assert!(found.iter().all(|has| *has == found[0]), "a part of an entry is on the disk: {found:?}");
    found[0]
}

#[test]
fn entry_across_midnight_is_in_all_of_its_hours_or_refused() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        let (period, block) = (across_midnight(0), hour(1, "00:00"));
        let meeting = client(
            &disk,
            &store,
            move |store, context| take_or_be_refused(store, "F1", &[period], MEETING, context),
            move |entries| {
                let meets = assert_whole(entries, &["F1", "F2"], period);
                assert!(meets || entries.has("F3", block.start()), "F3 is in the meeting or has the block");
            },
        );
        let blocking = client(
            &disk,
            &store,
            move |store, context| take_or_be_refused(store, "F3", &[block], NewEntry::Block, context),
            move |entries| assert!(entries.has("F3", block.start()), "the hour of F3 is filled"),
        );
        let watching = spawn({
            let disk = disk.clone();
            move || {
                for _ in 0..4 {
                    yield_point();
                    assert_whole(&Entries::on(&disk), &["F1", "F2"], period);
                }
            }
        });
        let counting = client(
            &disk,
            &store,
            |store, context| {
                let counts = store.totals(context).counts;
                assert!([(0, 0), (1, 1), (1, 6)].contains(&(counts.entries, counts.person_hours)));
            },
            |_| {},
        );
        end(&store, [meeting, blocking, watching, counting]);
        assert_eq!(Entries::on(&disk).0.len(), 1, "one of the two entries");
    });
}

#[test]
fn series_is_moved_with_or_without_the_occurrence_that_is_deleted_meanwhile() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        let days = [0, 1, 2];
        let mut context = Context::default();
        create(&store, &mut context, "F1", MEETING, &days.map(across_midnight)).expect("free hours");
        release(&store, context);
        let later = |day| across_midnight(day).shifted(1).expect("hours of these years");
        let moving = client(
            &disk,
            &store,
            move |store, context| {
                let (old, new) = (slot(0, "23:00"), slot(1, "00:00"));
                let replacement = replacement("F1", old, new, MEETING, Some(Scope::All));
                let replaced = store.replace_entries(context, &replacement, |_| Ok(()), None);
                assert!([2, 3].contains(&replaced.expect("its own hours").occurrences));
            },
            move |entries| {
                for day in [0, 2] {
                    assert!(assert_whole(entries, &["F1", "F2", "F3"], later(day)), "it was moved");
                }
            },
        );
        // At midnight it is in that hour, moved or not.
        let deleting = client(
            &disk,
            &store,
            |store, context| {
                let deleted = store.delete_entries(context, "F1", slot(2, "00:00"), None, None);
                assert_eq!(deleted.expect("an own meeting").occurrences, 1);
            },
            |entries| assert!(!entries.has("F1", slot(2, "00:00")), "it was deleted"),
        );
        let watching = spawn({
            let disk = disk.clone();
            move || {
                for _ in 0..4 {
                    yield_point();
                    let entries = Entries::on(&disk);
                    let count = entries.0.len();
                    assert!([2, 3].contains(&count), "{count} of three occurrences");
                    let moved = [0, 2].map(|day| entries.has("F1", slot(day + 1, "01:00")));
                    assert_eq!(moved[0], moved[1], "a part of the series has moved");
                }
            }
        });
        end(&store, [moving, deleting, watching]);
        assert_eq!(Entries::on(&disk).0.len(), 2, "two of three occurrences");
        let counts = store.totals(&mut Context::default()).counts;
        assert_eq!((counts.entries, counts.person_hours), (2, 12));
    });
}

#[test]
fn one_of_two_overlapping_series_is_created() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        // They meet in the night between the days 2 and 3.
        let both = [[0, 1, 2], [4, 3, 2]].map(|mut days| {
            days.sort_unstable();
            days.map(across_midnight)
        });
        let creating = [("F1", both[0]), ("F2", both[1])].map(|(who, periods)| {
            client(
                &disk,
                &store,
                move |store, context| take_or_be_refused(store, who, &periods, MEETING, context),
                move |entries| {
                    assert!(assert_whole(entries, &["F1", "F2", "F3"], across_midnight(2)));
                    assert_eq!(entries.0.len(), 3, "a series is created as a whole");
                },
            )
        });
        end(&store, creating);
        assert_eq!(Entries::on(&disk).0.len(), 3);
        let counts = store.totals(&mut Context::default()).counts;
        assert_eq!((counts.entries, counts.person_hours), (3, 18));
    });
}
