//! A reply to a read waits until the changes that it depends on are durable.

use bookline_protocol::SaleTerms;
use shuttle::thread::spawn;

use crate::changes::{Change, EventAdded, TicketsBooked};
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::domain::SaleRejection;
use crate::explore::explore;
use crate::state::ticket_ids::DrawnTicketIds;
use crate::state::{
    Booked, BookingRejection, Context, Error, EventValues, IdTaken, Records, StateLimits, Store,
};
use crate::storage::log::Log;
use crate::waiting::{ONE_SEGMENT, clock, open, release, slot};

/// The tickets of the event, fewer than the clients ask for.
const TICKETS_TOTAL: u32 = 2;

fn event(id: &str) -> EventValues<'_> {
    let (date, terms) = (slot(0, "20:00").date, SaleTerms::default());
    EventValues { id, name: "a concert", date, total: TICKETS_TOTAL, issued: 0, terms }
}

/// The events created and the number of tickets issued after a power cut.
fn on_disk(disk: &Disk) -> (Vec<String>, u32) {
    let (mut created, mut issued) = (Vec::new(), 0);
    disk.after_power_cut().read(Sequence(0), |_, change| match change {
        Change::EventAdded(EventAdded { values, .. }) => created.push(values.id.to_owned()),
        Change::TicketsBooked(TicketsBooked { tickets, .. }) => {
            issued += u32::try_from(tickets.len()).expect("few tickets")
        }
        other => panic!("unexpected change: {other:?}"),
    });
    (created, issued)
}

fn book(disk: &Disk, store: &Store, ticket: u8) {
    let mut context = Context::default();
    let mut tickets = [[ticket; 16]];
    let drawn = DrawnTicketIds::from_random(&mut tickets, store.place_cipher());
    let booked = store.book(&mut context, "sale", "", drawn, None);
    release(store, context);
    let (_, issued) = on_disk(disk);
    match booked {
        Ok(Booked { available: left, .. }) => {
            assert!(issued >= TICKETS_TOTAL - left, "replied {left} left; {issued} issued on the disk")
        }
        Err(Error::Rejected(BookingRejection::Sale(SaleRejection::SoldOut(_)))) => {
            assert_eq!(issued, TICKETS_TOTAL, "replied that it is sold out")
        }
        Err(rejection) => panic!("{rejection:?}"),
    }
}

fn read_event(disk: &Disk, store: &Store) {
    let mut context = Context::default();
    let shown = store.event(&mut context, "sale", |event| event.sale.issued).expect("an existing event");
    release(store, context);
    let (_, issued) = on_disk(disk);
    assert!(issued >= shown, "read {shown} issued; {issued} on the disk");
}

fn create(disk: &Disk, store: &Store) {
    let mut context = Context::default();
    let created = store.create(&mut context, &event("another"), None);
    release(store, context);
    assert!(matches!(created, Ok(()) | Err(Error::Rejected(IdTaken))), "{created:?}");
    assert!(on_disk(disk).0.iter().any(|id| id == "another"), "replied {created:?}");
}

fn read_other_event(disk: &Disk, store: &Store) {
    let mut context = Context::default();
    let shown = store.event(&mut context, "another", |_| ()).is_some();
    let totals = store.totals(&mut context);
    release(store, context);
    let (created, issued) = on_disk(disk);
    assert!(!shown || created.iter().any(|id| id == "another"), "the event is not on the disk");
    let tickets = totals.counts.tickets;
    assert!(created.len() as u64 >= totals.events && u64::from(issued) >= tickets, "read {totals:?}");
    // Each change is an event or a ticket, in a commit of its own.
    assert_eq!(totals.sequence.0, totals.events + tickets, "the totals are consistent: {totals:?}");
    assert!(disk.after_power_cut().read(Sequence(0), |_, _| {}) >= totals.sequence, "read {totals:?}");
}

/// Reads only the listing, as `GET limit=n` does to learn whether more events follow.
fn read_listing(disk: &Disk, store: &Store) {
    let mut context = Context::default();
    let listed = store.page(&mut context, None, 2);
    release(store, context);
    let (created, _) = on_disk(disk);
    assert!(
        listed.iter().all(|place| created.iter().any(|id| *id == place.id)),
        "the listing contains an event that is not on the disk"
    );
}

#[test]
fn no_reply_shows_a_change_that_is_not_on_the_disk() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, ONE_SEGMENT);
        let store = Store::new(Records::new(2), StateLimits::NONE, journal.clone(), clock());
        let mut context = Context::default();
        store.create(&mut context, &event("sale"), None).expect("the first event");

        let clients = [
            |disk: &Disk, store: &Store| {
                book(disk, store, 1);
                read_event(disk, store);
            },
            |disk: &Disk, store: &Store| {
                book(disk, store, 2);
                book(disk, store, 3);
            },
            |disk: &Disk, store: &Store| {
                read_event(disk, store);
                create(disk, store);
            },
            |disk: &Disk, store: &Store| {
                read_listing(disk, store);
                read_other_event(disk, store);
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
        assert_eq!((created.len(), issued), (2, TICKETS_TOTAL));
        journal.close().expect("no disk error");
    });
}
