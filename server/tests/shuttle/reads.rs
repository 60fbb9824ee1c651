//! Whoever reads what others have just changed waits as long as they do.

use shuttle::future::block_on;
use shuttle::thread::spawn;

use crate::codec::Sequence;
use crate::disk::Disk;
use crate::domain::{Change, Rejection};
use crate::explore::explore;
use crate::state::{DependsOn, NewEvent, Records, StateLimits, StateRejection, Store};
use crate::waiting::{ONE_SEGMENT, open, slot};

/// Tickets of the event, too few for all.
const TOTAL: u32 = 2;

fn event(id: &str) -> NewEvent<'_> {
    NewEvent { id, name: "a concert", date: slot(0, "20:00").date, total: TOTAL, issued: 0 }
}

/// Waits as the reply of a request that has seen this does.
fn release(store: &Store, seen: DependsOn) {
    block_on(store.journal().wait(seen.0));
}

/// The events that were created and the tickets issued, after a power cut.
fn on_disk(disk: &Disk) -> (Vec<String>, u32) {
    let (mut created, mut issued) = (Vec::new(), 0);
    disk.after_a_power_cut().read(Sequence(0), |_, change| match change {
        Change::EventCreated { id, .. } => created.push((*id).to_owned()),
        Change::TicketsIssued { tickets, .. } => issued += u32::try_from(tickets.len()).expect("few tickets"),
        other => panic!("nobody did this: {other:?}"),
    });
    (created, issued)
}

fn book(disk: &Disk, store: &Store, ticket: u8) {
    let mut seen = DependsOn::default();
    let booked = store.book("sale", &mut [[ticket; 16]], 0, &mut seen);
    release(store, seen);
    let (_, issued) = on_disk(disk);
    match booked {
        Ok(left) => assert!(issued >= TOTAL - left, "told of {left} left; {issued} issued on the disk"),
        Err(StateRejection::Rule(Rejection::SoldOut { .. })) => {
            assert_eq!(issued, TOTAL, "told that it is sold out")
        }
        Err(rejection) => panic!("{rejection:?}"),
    }
}

fn look(disk: &Disk, store: &Store) {
    let mut seen = DependsOn::default();
    let shown =
        store.event("sale", &mut seen, |event| event.sale.issued).expect("it was created at the start");
    release(store, seen);
    let (_, issued) = on_disk(disk);
    assert!(issued >= shown, "shown {shown} issued; {issued} on the disk");
}

fn create(disk: &Disk, store: &Store) {
    let mut seen = DependsOn::default();
    let created = store.create(&event("another"), 0, &mut seen);
    release(store, seen);
    assert!(matches!(created, Ok(()) | Err(StateRejection::IdTaken)), "{created:?}");
    assert!(on_disk(disk).0.iter().any(|id| id == "another"), "told {created:?}");
}

fn look_for_the_other(disk: &Disk, store: &Store) {
    let mut seen = DependsOn::default();
    let shown = store.event("another", &mut seen, |_| ()).is_some();
    let totals = store.totals(&mut seen);
    release(store, seen);
    let (created, issued) = on_disk(disk);
    assert!(!shown || created.iter().any(|id| id == "another"), "shown an event that is not on the disk");
    assert!(created.len() as u64 >= totals.events && u64::from(issued) >= totals.tickets, "shown {totals:?}");
    // Each change here is an event or a ticket, in a commit of its own.
    assert_eq!(totals.sequence.0, totals.events + totals.tickets, "the totals are of one moment: {totals:?}");
    assert!(disk.after_a_power_cut().read(Sequence(0), |_, _| {}) >= totals.sequence, "shown {totals:?}");
}

/// Looks at the listing and at nothing else, as a `GET limit=n` does to learn whether more follows.
fn look_at_the_listing(disk: &Disk, store: &Store) {
    let mut seen = DependsOn::default();
    let listed = store.page(None, 2, &mut seen);
    release(store, seen);
    let (created, _) = on_disk(disk);
    assert!(
        listed.iter().all(|place| created.iter().any(|id| *id == place.id)),
        "shown a place in the listing of an event that is not on the disk"
    );
}

#[test]
fn nobody_is_shown_what_is_not_on_the_disk() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, ONE_SEGMENT);
        let store = Store::new(Records::new(2), StateLimits::NONE, journal.clone());
        let mut seen = DependsOn::default();
        store.create(&event("sale"), 0, &mut seen).expect("the first event");

        let clients = [
            |disk: &Disk, store: &Store| {
                book(disk, store, 1);
                look(disk, store);
            },
            |disk: &Disk, store: &Store| {
                book(disk, store, 2);
                book(disk, store, 3);
            },
            |disk: &Disk, store: &Store| {
                look(disk, store);
                create(disk, store);
            },
            |disk: &Disk, store: &Store| {
                look_at_the_listing(disk, store);
                look_for_the_other(disk, store);
                create(disk, store);
            },
        ];
        let clients = clients.map(|requests| {
            let (disk, store) = (disk.clone(), store.clone());
            spawn(move || requests(&disk, &store))
        });
        for client in clients {
            client.join().expect("a client");
        }
        let (created, issued) = on_disk(&disk);
        assert_eq!((created.len(), issued), (2, TOTAL));
        journal.close().expect("the disk is well");
    });
}
