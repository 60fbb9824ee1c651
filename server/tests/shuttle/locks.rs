//! Requests that take more than one lock, and requests about many people.

use std::collections::BTreeMap;

use bookline_protocol::Slot;
use shuttle::future::block_on;
use shuttle::thread::{JoinHandle, spawn};

use crate::codec::Sequence;
use crate::disk::Disk;
use crate::domain::calendar::Entry;
use crate::domain::{Change, EntryNumber};
use crate::explore::{explore, step};
use crate::state::{DependsOn, NewEntry, NewEvent, Records, Replacement, StateLimits, StateRejection, Store};
use crate::waiting::{ONE_SEGMENT, open, slot};

const MEETING: NewEntry<'_> = NewEntry::Meeting { title: "plans", group: "F2,F3", host: "F1" };

fn new_store(disk: &Disk) -> Store {
    Store::new(Records::new(2), StateLimits::NONE, open(disk, ONE_SEGMENT))
}

/// A client that makes its request, waits as the reply does, and then looks what is on the disk.
fn client(
    disk: &Disk,
    store: &Store,
    request: impl FnOnce(&Store, &mut DependsOn) + Send + 'static,
    told: impl FnOnce(&Entries) + Send + 'static,
) -> JoinHandle<()> {
    let (disk, store) = (disk.clone(), store.clone());
    spawn(move || {
        let mut seen = DependsOn::default();
        request(&store, &mut seen);
        block_on(store.journal().wait(seen.0));
        told(&Entries::on(&disk));
    })
}

fn end(store: &Store, clients: impl IntoIterator<Item = JoinHandle<()>>) {
    for client in clients {
        client.join().expect("a client");
    }
    store.journal().close().expect("the disk is well");
}

/// Calendar entries after a power cut.
struct Entries(BTreeMap<EntryNumber, (Slot, Vec<String>)>);

impl Entries {
    fn on(disk: &Disk) -> Self {
        let mut entries = BTreeMap::new();
        disk.after_a_power_cut().read(Sequence(0), |sequence, change| match *change {
            Change::BlockTaken { slot, who } => {
                entries.insert(EntryNumber(sequence.0), (slot, vec![who.to_owned()]));
            }
            Change::MeetingTaken { slot, who, group, .. } => {
                let people = [who].into_iter().chain(group.split(',')).map(str::to_owned);
                entries.insert(EntryNumber(sequence.0), (slot, people.collect()));
            }
            Change::EntryFreed { entry, .. } => drop(entries.remove(&entry).expect("an entry that is there")),
            Change::EventCreated { .. } | Change::TicketsIssued { .. } => {}
        });
        Self(entries)
    }

    fn has(&self, who: &str, slot: Slot) -> bool {
        self.0.values().any(|(taken, people)| *taken == slot && people.iter().any(|person| person == who))
    }
}

/// The power may go at any moment.
fn watch_a_replacement(disk: &Disk) {
    for _ in 0..6 {
        step();
        let entries = Entries::on(disk);
        let (old, new) = (entries.has("F1", slot(0, "10:00")), entries.has("F1", slot(1, "11:00")));
        assert!(old != new, "half a replacement is on the disk");
    }
}

fn read_a_replacement(disk: &Disk, store: &Store) {
    let (old, new) = (slot(0, "10:00"), slot(1, "11:00"));
    let mut seen = DependsOn::default();
    let gone = store.day("F1", old.date, &mut seen).is_empty();
    let there = !store.day("F1", new.date, &mut seen).is_empty();
    assert!(there || !gone, "a replacement was seen in part");
    block_on(store.journal().wait(seen.0));
    let entries = Entries::on(disk);
    assert!(!there || entries.has("F1", new), "shown a replacement");
    assert!(!gone || !entries.has("F1", old), "shown a replacement");
}

#[test]
fn replacements_in_opposite_directions_pass_each_other() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        let mut seen = DependsOn::default();
        for (who, day) in [("F1", 0), ("F2", 1)] {
            store.take(who, slot(day, "10:00"), &NewEntry::Block, 0, &mut seen).expect("a free hour");
        }
        block_on(store.journal().wait(seen.0));
        let replacing = [("F1", 0), ("F2", 1)].map(|(who, day)| {
            let (old, new) = (slot(day, "10:00"), slot(1 - day, "11:00"));
            let replace = move |store: &Store, seen: &mut DependsOn| {
                let replacement = Replacement { who, old, new, entry: NewEntry::Block };
                store.replace(&replacement, |_| true, 0, seen).expect("nobody is in the way");
            };
            client(&disk, &store, replace, move |entries| {
                assert!(entries.has(who, new) && !entries.has(who, old), "told of a replacement");
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
            |store, seen| {
                let event =
                    NewEvent { id: "sale", name: "a", date: slot(0, "20:00").date, total: 1, issued: 0 };
                store.create(&event, 0, seen).expect("the first event");
                assert_eq!(store.page(None, 10, seen).len(), 1);
                assert_eq!(store.totals(seen).entries, 2, "entries move meanwhile, and are always two");
            },
            |_| {},
        );
        end(&store, replacing.into_iter().chain([watching, reading, listing]));
    });
}

fn take_or_be_refused(store: &Store, who: &str, hour: Slot, entry: &NewEntry<'_>, seen: &mut DependsOn) {
    let taken = store.take(who, hour, entry, 0, seen);
    assert!(matches!(taken, Ok(()) | Err(StateRejection::Rule(_))), "{taken:?}");
}

#[test]
fn a_meeting_is_with_everyone_or_with_nobody() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        let hour = slot(0, "10:00");
        let meeting = client(
            &disk,
            &store,
            move |store, seen| take_or_be_refused(store, "F1", hour, &MEETING, seen),
            move |entries| {
                let (meets, blocked) = (entries.has("F1", hour), entries.has("F3", hour));
                assert_eq!(meets, entries.has("F2", hour));
                assert!(blocked, "F3 is in the meeting, or was in its way");
            },
        );
        let block = client(
            &disk,
            &store,
            move |store, seen| take_or_be_refused(store, "F3", hour, &NewEntry::Block, seen),
            move |entries| assert!(entries.has("F3", hour), "told that F3 has the hour filled"),
        );
        let reading = [("F1", "F2"), ("F2", "F3"), ("F2", "F1")].map(|(one, another)| {
            let meets = move |store: &Store, who: &str, seen: &mut DependsOn| {
                store.day(who, hour.date, seen).iter().any(|(_, entry)| matches!(entry, Entry::Meeting(_)))
            };
            let look = move |store: &Store, seen: &mut DependsOn| {
                if meets(store, one, seen) {
                    assert!(meets(store, another, seen), "{one} meets, {another} does not");
                    assert_eq!(store.meetings(hour, None, |_, _| true, seen).0.len(), 1);
                }
            };
            client(&disk, &store, look, |_| {})
        });
        end(&store, reading.into_iter().chain([meeting, block]));
        let entries = Entries::on(&disk);
        assert_eq!(entries.0.len(), 1, "one was first");
        assert_eq!(entries.has("F1", hour), entries.has("F2", hour));
    });
}
