//! Requests that take several locks, and requests about several people.

use std::collections::BTreeMap;

use bookline_protocol::{SaleTerms, Slot};
use shuttle::thread::{JoinHandle, spawn};

use crate::changes::{BlockTaken, Change, EntryEnded, MeetingTaken};
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::domain::EntryNumber;
use crate::domain::calendar::Entry;
use crate::explore::{explore, yield_point};
use crate::state::{Context, Error, EventValues, NewEntry, Records, Replacement, StateLimits, Store};
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
struct Entries(BTreeMap<EntryNumber, (Slot, Vec<String>)>);

impl Entries {
    fn on(disk: &Disk) -> Self {
        let mut entries = BTreeMap::new();
        disk.after_power_cut().read(Sequence(0), |sequence, change| match *change {
            Change::BlockTaken(BlockTaken { slot, who }) => {
                entries.insert(EntryNumber(sequence.0), (slot, vec![who.to_owned()]));
            }
            Change::MeetingTaken(MeetingTaken { slot, who, group, .. }) => {
                let people = [who].into_iter().chain(group.split(',')).map(str::to_owned);
                entries.insert(EntryNumber(sequence.0), (slot, people.collect()));
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
        self.0.values().any(|(taken, people)| *taken == slot && people.iter().any(|person| person == who))
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
            store.take(&mut context, who, slot(day, "10:00"), &NewEntry::Block, None).expect("a free hour");
        }
        release(&store, context);
        let replacing = [("F1", 0), ("F2", 1)].map(|(who, day)| {
            let (old, new) = (slot(day, "10:00"), slot(1 - day, "11:00"));
            let replace = move |store: &Store, context: &mut Context| {
                let replacement = Replacement { who, old, new, entry: NewEntry::Block };
                store.replace(context, &replacement, |_| Ok(()), None).expect("a free hour");
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

fn take_or_be_refused(store: &Store, who: &str, hour: Slot, entry: &NewEntry<'_>, context: &mut Context) {
    let taken = store.take(context, who, hour, entry, None);
    assert!(matches!(taken, Ok(()) | Err(Error::Rejected(_))), "{taken:?}");
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
            move |store, context| take_or_be_refused(store, "F1", hour, &MEETING, context),
            move |entries| {
                let (meets, blocked) = (entries.has("F1", hour), entries.has("F3", hour));
                assert_eq!(meets, entries.has("F2", hour));
                assert!(blocked, "F3 is in the meeting or has the block");
            },
        );
        let block = client(
            &disk,
            &store,
            move |store, context| take_or_be_refused(store, "F3", hour, &NewEntry::Block, context),
            move |entries| assert!(entries.has("F3", hour), "the hour of F3 is filled"),
        );
        let reading = [("F1", "F2"), ("F2", "F3"), ("F2", "F1")].map(|(one, another)| {
            let meets = move |store: &Store, who: &str, context: &mut Context| {
                store.day(context, who, hour.date).iter().any(|(_, entry)| matches!(entry, Entry::Meeting(_)))
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
