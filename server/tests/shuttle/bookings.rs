//! Bookings of two events, which take two locks.

use std::collections::BTreeMap;

use bookline_protocol::commands::Booking;
use bookline_protocol::{Id, SaleTerms, event_tag};
use shuttle::thread::spawn;

use crate::changes::{Change, TicketsBooked};
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::domain::{SaleRejection, SoldOut};
use crate::explore::{explore, yield_point};
use crate::state::ticket_ids::DrawnTicketIds;
use crate::state::{
    BookingRejection, BookingsRejection, Context, Error, EventValues, Records, StateLimits, Store,
};
use crate::waiting::{ONE_SEGMENT, clock, open, release, slot};

/// Two events in different shards.
const EVENTS: [&str; 2] = ["sale", "jazz"];

/// The tickets of each event. They are enough for one client, who books two.
const TICKETS_TOTAL: u32 = 3;

/// The events of the commits that booked tickets, after a power cut now.
fn booked_on(disk: &Disk) -> Vec<Vec<String>> {
    let mut booked = BTreeMap::<u64, Vec<String>>::new();
    disk.after_power_cut().read(Sequence(0), |sequence, change| match change {
        Change::EventAdded(_) => {}
        Change::TicketsBooked(TicketsBooked { event, tickets, .. }) => {
            assert_eq!(tickets.len(), 2, "tickets of {}", event.id);
            booked.entry(sequence.0).or_default().push(event.id.to_owned());
        }
        other => panic!("unexpected change: {other:?}"),
    });
    booked.into_values().collect()
}

/// Books two tickets of each event. Returns whether they were sold.
fn book_both(disk: &Disk, store: &Store, events: [&'static str; 2], ticket: u8) -> bool {
    let bookings = events.map(|event| Booking { event: Id::new(event).expect("an id"), count: 2 });
    let mut tickets = [0, 1, 2, 3].map(|n| [ticket + n; 16]);
    let mut context = Context::default();
    let drawn = DrawnTicketIds::from_random(&mut tickets, store.place_cipher());
    let booked = store.book_all(&mut context, &bookings, "", drawn, None);
    release(store, context);
    let on_disk = booked_on(disk);
    assert_eq!(on_disk.len(), 1, "a reply to one client depends on the booking of either: {on_disk:?}");
    match booked {
        Ok(booked) => {
            let available = booked.iter().map(|booked| booked.available).collect();
            assert_eq!((available, &on_disk[0][..]), (vec![1, 1], &events.map(str::to_owned)[..]));
            true
        }
        Err(error) => {
            let sold_out = SoldOut { available: 1, held: 0, requested: 2 };
            let rejection = BookingRejection::Sale(SaleRejection::SoldOut(sold_out));
            assert_eq!(error, Error::Rejected(BookingsRejection::Booking { index: 0, rejection }));
            false
        }
    }
}

#[test]
fn concurrent_bookings_of_two_events_in_opposite_orders_are_all_or_nothing() {
    explore(|| {
        let disk = Disk::default();
        let store = Store::new(Records::new(2), StateLimits::NONE, open(&disk, ONE_SEGMENT), clock());
        assert_ne!(event_tag(EVENTS[0]) % 2, event_tag(EVENTS[1]) % 2);
        let mut context = Context::default();
        for id in EVENTS {
            let date = slot(0, "20:00").date;
            let terms = SaleTerms::default();
            let event = EventValues { id, name: "a concert", date, total: TICKETS_TOTAL, issued: 0, terms };
            store.create(&mut context, &event, None).expect("a new event");
        }
        release(&store, context);
        let booking = [(EVENTS, 0), ([EVENTS[1], EVENTS[0]], 4)].map(|(events, ticket)| {
            let (disk, store) = (disk.clone(), store.clone());
            spawn(move || book_both(&disk, &store, events, ticket))
        });
        let watching = spawn({
            let disk = disk.clone();
            move || {
                for _ in 0..4 {
                    yield_point();
                    let booked = booked_on(&disk);
                    assert!(booked.iter().all(|events| events.len() == 2), "a part of a booking: {booked:?}");
                }
            }
        });
        let reading = spawn({
            let store = store.clone();
            move || {
                let tickets = store.totals(&mut Context::default()).counts.tickets;
                assert!(tickets == 0 || tickets == 4, "a read sees a part of a booking: {tickets} tickets");
            }
        });
        let sold = booking.map(|client| client.join().expect("a client"));
        assert_eq!(sold.iter().filter(|sold| **sold).count(), 1, "one of the two has all tickets");
        watching.join().expect("no part of a booking");
        reading.join().expect("a read");
        assert_eq!(store.totals(&mut Context::default()).counts.tickets, 4);
        store.log().close().expect("no disk error");
    });
}
