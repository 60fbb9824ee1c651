//! Updates of the number of tickets compete with bookings.

use bookline_protocol::SaleTerms;
use shuttle::thread::spawn;

use crate::changes::{Change, EventAdded, EventUpdated, TicketsBooked};
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::domain::sale::Sale;
use crate::domain::{BelowSold, SaleRejection, SoldOut};
use crate::explore::explore;
use crate::state::ticket_ids::DrawnTicketIds;
use crate::state::{
    BookingRejection, Context, Error, EventUpdate, EventValues, Records, StateLimits, Store, UpdateRejection,
};
use crate::storage::log::Log;
use crate::waiting::{ONE_SEGMENT, clock, open, release, slot};

const TOTAL: u32 = 3;

/// The total and the issued tickets after a power cut. Asserts that no commit has more issued than in all,
/// and that each has the counts after it.
fn on_disk(disk: &Disk) -> (u32, u32) {
    let (mut total, mut issued) = (0, 0);
    disk.after_power_cut().read(Sequence(0), |_, change| {
        let counts = match *change {
            Change::EventAdded(EventAdded { values, .. })
            | Change::EventUpdated(EventUpdated { values, .. }) => (values.total, values.issued),
            Change::TicketsBooked(TicketsBooked { event, tickets, .. }) => {
                issued += u32::try_from(tickets.len()).expect("few tickets");
                assert_eq!(event.issued, issued, "the count in a booking");
                (event.total, issued)
            }
            ref other => panic!("unexpected change: {other:?}"),
        };
        assert_eq!(counts.1, issued, "an update issues nothing");
        assert!(issued <= counts.0, "{issued} issued of {}", counts.0);
        total = counts.0;
    });
    (total, issued)
}

fn book(disk: &Disk, store: &Store, ticket: u8) {
    let mut context = Context::default();
    let mut tickets = [[ticket; 16]];
    let drawn = DrawnTicketIds::from_random(&mut tickets, store.place_cipher());
    let booked = store.book(&mut context, "sale", "", drawn, None);
    release(store, context);
    let (_, issued) = on_disk(disk);
    match booked {
        Ok(_) => assert!(issued > 0, "an acknowledged booking is not on the disk"),
        Err(Error::Rejected(BookingRejection::Sale(SaleRejection::SoldOut(SoldOut {
            available, ..
        })))) => {
            assert_eq!(available, 0)
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn update(store: &Store, to: u32) -> Result<(u32, u32), BelowSold> {
    let mut context = Context::default();
    let update = EventUpdate { total: Some(to), name: Some("another name"), ..EventUpdate::default() };
    let updated = store.update(&mut context, "sale", &update, None);
    release(store, context);
    match updated {
        Ok(updated) => {
            let Sale { total, issued, .. } = updated.sale;
            assert!(total == to && issued <= total, "replied {issued} issued of {total}");
            Ok((total, issued))
        }
        Err(Error::Rejected(UpdateRejection::BelowSold(below))) => {
            assert!(below.requested == to && below.issued > to, "{below:?}");
            Err(below)
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// A listing finds the event once, under its old or its new name.
fn list(store: &Store) {
    let mut context = Context::default();
    let listed = store.page(&mut context, None, 2);
    assert_eq!(listed.len(), 1, "{listed:?}");
    let shown = store.event(&mut context, "sale", |event| (event.sale.total, event.sale.issued));
    let (total, issued) = shown.expect("an existing event");
    assert!(issued <= total, "read {issued} issued of {total}");
    release(store, context);
}

#[test]
fn updates_and_bookings_never_leave_more_issued_than_in_all() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, ONE_SEGMENT);
        let store = Store::new(Records::new(2), StateLimits::NONE, journal.clone(), clock());
        let (date, terms) = (slot(0, "20:00").date, SaleTerms::default());
        let event = EventValues { id: "sale", name: "a concert", date, total: TOTAL, issued: 0, terms };
        store.create(&mut Context::default(), &event, None).expect("the first event");

        let clients = [
            |disk: &Disk, store: &Store| {
                book(disk, store, 1);
                book(disk, store, 2);
            },
            |disk: &Disk, store: &Store| book(disk, store, 3),
            |disk: &Disk, store: &Store| {
                let lowered = update(store, 1);
                assert!(lowered.is_err() || on_disk(disk).0 > 0, "an acknowledged update is on the disk");
                list(store);
            },
            |_: &Disk, store: &Store| {
                list(store);
                update(store, TOTAL).expect("as many as the clients can book");
            },
        ];
        let clients = clients.map(|requests| {
            let (disk, store) = (disk.clone(), store.clone());
            spawn(move || requests(&disk, &store))
        });
        for client in clients {
            client.join().expect("a client");
        }
        let (total, issued) = on_disk(&disk);
        assert!((1..=TOTAL).contains(&issued) && (total == TOTAL || total == 1), "{issued} of {total}");
        journal.close().expect("no disk error");
    });
}
