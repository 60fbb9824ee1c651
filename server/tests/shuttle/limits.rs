//! Concurrent requests for the rest of a limit.

use std::fmt::Debug;

use bookline_protocol::commands::Booking;
use bookline_protocol::{Id, Period, SaleTerms, Slot, event_tag};
use shuttle::thread::{JoinHandle, spawn};

use crate::changes::{Change, EntriesMoved, EntryEnded, MeetingTaken, decode_entry};
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::domain::Busy;
use crate::explore::explore;
use crate::state::limits::Limited;
use crate::state::ticket_ids::DrawnTicketIds;
use crate::state::{
    BookingRejection, Context, Error, EventValues, Full, IdTaken, NewEntries, NewEntry, Records, Replacement,
    StateLimits, Store,
};
use crate::storage::log::AppendError;
use crate::waiting::{ONE_SEGMENT, clock, open, slot};

/// Two events in different shards, with enough tickets for all clients.
const EVENTS: [&str; 2] = ["sale", "jazz"];

const LIMITS: StateLimits = StateLimits { events: 2, tickets: 3, person_hours: 4, ..StateLimits::NONE };

fn new_store(disk: &Disk) -> Store {
    Store::new(Records::new(2), LIMITS, open(disk, ONE_SEGMENT), clock())
}

fn join(clients: impl IntoIterator<Item = JoinHandle<u64>>) -> u64 {
    clients.into_iter().map(|client| client.join().expect("a client")).sum()
}

fn create(store: &Store, id: &str) -> Result<(), Error<IdTaken>> {
    let (date, terms) = (slot(0, "20:00").date, SaleTerms::default());
    let event = EventValues { id, name: "a concert", date, total: 10, issued: 0, terms };
    store.create(&mut Context::default(), &event, None)
}

fn book(store: &Store, event: &str, first: u8, count: u8) -> Result<u32, Error<BookingRejection>> {
    let mut tickets: Vec<[u8; 16]> = (first..first + count).map(|n| [n; 16]).collect();
    let drawn = DrawnTicketIds::from_random(&mut tickets, store.place_cipher());
    store.book(&mut Context::default(), event, "", drawn, None).map(|booked| booked.available)
}

#[track_caller]
fn assert_full<R: Debug>(error: &Error<R>, what: Limited, limit: u64) {
    let Error::Full(full) = error else { panic!("{error:?}") };
    let Full { used, requested, .. } = *full;
    assert_eq!((full.what, full.limit), (what, limit));
    assert!(used <= limit && used + requested > limit, "refused below the limit: {full:?}");
}

#[test]
fn tickets_are_sold_up_to_the_limit_and_no_more() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        assert_ne!(event_tag(EVENTS[0]) % 2, event_tag(EVENTS[1]) % 2);
        for event in EVENTS {
            create(&store, event).expect("two events are allowed");
        }
        let bookings = (0..4).map(|n| {
            let store = store.clone();
            spawn(move || match book(&store, EVENTS[usize::from(n) % 2], n, 1) {
                Ok(_) => 1,
                Err(rejection) => {
                    assert_full(&rejection, Limited::Tickets, 3);
                    0
                }
            })
        });
        let bookings: Vec<_> = bookings.collect();
        let reading = spawn({
            let store = store.clone();
            move || {
                // It compares the totals with the counted tickets.
                assert!(store.totals(&mut Context::default()).counts.tickets <= 3);
                0
            }
        });
        assert_eq!(join(bookings), 3);
        assert_eq!(join([reading]), 0);
        store.log().close().expect("no disk error");
    });
}

fn take(store: &Store, who: &str, slot: Slot, entry: NewEntry<'_>) -> Result<(), Error<Busy>> {
    let new = NewEntries { who, entry, periods: &[Period::of_slot(slot)], series: None };
    store.create_entries(&mut Context::default(), &new, None).map(drop)
}

/// The person-hours by which the state grew.
fn grown_by<R: Debug>(done: Result<(), Error<R>>, hours: u64) -> u64 {
    match done {
        Ok(()) => hours,
        Err(error) => {
            assert_full(&error, Limited::PersonHours, 4);
            0
        }
    }
}

/// Concurrently takes an hour for a meeting of three, replaces a block by a meeting of two, and frees a
/// block.
#[test]
fn person_hours_are_released_and_never_exceed_the_limit() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        for who in ["F1", "F2"] {
            take(&store, who, slot(0, "09:00"), NewEntry::Block).expect("two of four person-hours");
        }
        let meeting = |group| NewEntry::Meeting { title: "plans", group, host: "F1" };
        let taking = spawn({
            let store = store.clone();
            move || grown_by(take(&store, "F1", slot(1, "10:00"), meeting("F3,F4")), 3)
        });
        let replacing = spawn({
            let store = store.clone();
            move || {
                let (old, new) = (slot(0, "09:00"), slot(1, "11:00"));
                let replacement =
                    Replacement { who: "F1", old, new, hours: None, entry: meeting("F3"), scope: None };
                let replaced = store.replace_entries(&mut Context::default(), &replacement, |_| Ok(()), None);
                grown_by(replaced.map(|_| ()), 1)
            }
        });
        let freeing = spawn({
            let store = store.clone();
            move || {
                let slot = slot(0, "09:00");
                store.delete_entries(&mut Context::default(), "F2", slot, None, None).expect("an own block");
                0
            }
        });
        let grown = join([taking, replacing, freeing]);
        let counted = store.totals(&mut Context::default()).counts.person_hours;
        assert_eq!(counted, 1 + grown);
        store.log().close().expect("no disk error");
        // The entries must also be valid in the order of the journal, in which recovery reads them.
        let mut hours = std::collections::BTreeMap::new();
        disk.after_power_cut().read(Sequence(0), |sequence, change| match *change {
            Change::BlockTaken(_) => _ = hours.insert(sequence.0, 1),
            Change::MeetingTaken(MeetingTaken { group, .. }) => {
                _ = hours.insert(sequence.0, 1 + group.split(',').count())
            }
            Change::EntryEnded(EntryEnded { entry, .. }) => _ = hours.remove(&entry.commit().0),
            Change::EntriesMoved(EntriesMoved { texts, entries, .. }) => {
                let [entry] = entries else { panic!("{} entries", entries.len()) };
                let (number, _) = decode_entry(entry).expect("an entry");
                hours.insert(number.commit().0, texts.content().people_count());
            }
            _ => panic!("unexpected change: {change:?}"),
        });
        assert_eq!(hours.values().sum::<usize>() as u64, counted);
    });
}

/// What the journal refuses is released again. A server at its limit says so even if the journal is closed.
#[test]
fn refused_changes_do_not_count_against_limits() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        create(&store, EVENTS[0]).expect("the first event");
        assert_eq!(book(&store, EVENTS[0], 0, 2), Ok(8));
        store.log().close().expect("no disk error");
        for _ in 0..2 {
            assert_eq!(create(&store, EVENTS[1]), Err(Error::Append(AppendError::Closed)));
            assert_eq!(book(&store, EVENTS[0], 2, 1), Err(Error::Append(AppendError::Closed)));
        }
        assert_full(
            &book(&store, EVENTS[0], 2, 2).expect_err("only one more ticket is allowed"),
            Limited::Tickets,
            3,
        );
        let one = Booking { event: Id::new(EVENTS[0]).expect("an id"), count: 1 };
        assert_eq!(store.can_book_all(&mut Context::default(), &[one], u32::MAX), Ok(()));
        store.totals(&mut Context::default());
    });
}
