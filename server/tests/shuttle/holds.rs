//! A hold that is confirmed, released, and ended as its deadline passes, and tickets that are cancelled and
//! checked in while their event is deleted.

use std::sync::Arc;

use bookline_protocol::{HoldId, SaleTerms, TicketId};
use shuttle::thread::spawn;

use crate::changes::{
    Change, EventAdded, HoldConfirmed, HoldCreated, HoldsEnded, TicketsBooked, TicketsCancelled,
};
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::explore::{explore, yield_point};
use crate::state::ticket_ids::DrawnTicketIds;
use crate::state::{
    CancellationRejection, CheckInRejection, Context, Error, EventValues, HoldingRejection, NewHold, Records,
    StateLimits, Store,
};
use crate::time::clock::Clock;
use crate::time::source::ManualTime;
use crate::waiting::{ONE_SEGMENT, clock, open, release, slot};

const TOTAL: u32 = 3;

const HELD: u32 = 2;

/// Seconds until the hold expires.
const TTL_SECONDS: u32 = 1;

fn create_event(store: &Store) {
    let (date, terms) = (slot(0, "20:00").date, SaleTerms::default());
    let event = EventValues { id: "sale", name: "a concert", date, total: TOTAL, issued: 0, terms };
    store.create(&mut Context::default(), &event, None).expect("the first event");
}

fn create_hold(store: &Store) -> HoldId {
    let new = NewHold { event: "sale", count: HELD, seconds: TTL_SECONDS, attendee: "Ada" };
    let mut id = [[9; 16]];
    let drawn = DrawnTicketIds::from_random(&mut id, store.place_cipher());
    store.hold(&mut Context::default(), &new, drawn, None).expect("enough tickets").id
}

/// The issued and the held tickets after a power cut. Asserts that each commit has the counts after it, and
/// that the hold ended once.
fn on_disk(disk: &Disk) -> (u32, u32) {
    let (mut issued, mut held, mut ends) = (0, 0, 0);
    disk.after_power_cut().read(Sequence(0), |_, change| {
        let after = match *change {
            Change::EventAdded(EventAdded { .. }) => return,
            Change::HoldCreated(HoldCreated { event, tickets, .. }) => {
                held += tickets;
                event
            }
            Change::HoldConfirmed(HoldConfirmed { event, tickets, .. }) => {
                issued += u32::try_from(tickets.len()).expect("few tickets");
                held -= HELD;
                ends += 1;
                event
            }
            Change::HoldsEnded(HoldsEnded { event, holds, .. }) => {
                assert_eq!(holds.len(), 1);
                held -= HELD;
                ends += 1;
                event
            }
            Change::TicketsBooked(TicketsBooked { event, tickets, .. }) => {
                issued += u32::try_from(tickets.len()).expect("few tickets");
                event
            }
            ref other => panic!("unexpected change: {other:?}"),
        };
        assert_eq!((after.issued, after.held), (issued, held), "the counts in {change:?}");
        assert!(issued + held <= TOTAL && ends <= 1, "{issued} issued, {held} held, ended {ends} times");
    });
    (issued, held)
}

/// Confirms one of the two tickets. Returns the tickets that were booked.
fn confirm(disk: &Disk, store: &Store, hold: HoldId) -> u32 {
    let mut context = Context::default();
    let mut tickets = [[1; 16]];
    let drawn = DrawnTicketIds::from_random(&mut tickets, store.place_cipher());
    let confirmed = store.confirm(&mut context, hold, None, drawn, None);
    release(store, context);
    let (issued, held) = on_disk(disk);
    match confirmed {
        Ok(_) => {
            assert!(issued >= 1 && held == 0, "an acknowledged confirmation is not on the disk");
            1
        }
        Err(Error::Rejected(HoldingRejection::Hold(_))) => 0,
        Err(other) => panic!("{other:?}"),
    }
}

fn release_hold(disk: &Disk, store: &Store, hold: HoldId) -> u32 {
    let mut context = Context::default();
    let released = store.release(&mut context, hold, None);
    release(store, context);
    match released {
        Ok(_) => assert_eq!(on_disk(disk).1, 0, "an acknowledged release is not on the disk"),
        Err(Error::Rejected(HoldingRejection::Hold(_))) => {}
        Err(other) => panic!("{other:?}"),
    }
    0
}

/// Books more tickets than are left beside the hold.
fn book_all(disk: &Disk, store: &Store) -> u32 {
    let mut context = Context::default();
    let mut tickets = [[2; 16], [3; 16]];
    let drawn = DrawnTicketIds::from_random(&mut tickets, store.place_cipher());
    let booked = store.book(&mut context, "sale", "", drawn, None);
    release(store, context);
    let (issued, _) = on_disk(disk);
    match booked {
        Ok(_) => {
            assert!(issued >= 2, "an acknowledged booking is not on the disk");
            2
        }
        Err(Error::Rejected(_)) => 0,
        Err(other) => panic!("{other:?}"),
    }
}

fn end_due(store: &Store) -> u32 {
    for _ in 0..2 {
        for shard in store.shards() {
            store.end_due_holds(shard).expect("the journal is open");
        }
        yield_point();
    }
    0
}

#[test]
fn hold_ends_once_while_its_deadline_passes() {
    explore(|| {
        let disk = Disk::default();
        let time = Arc::new(ManualTime::new(0));
        let manual_clock = Arc::new(Clock::new(time.clone(), None));
        let journal = open(&disk, ONE_SEGMENT);
        let store = Store::new(Records::new(2), StateLimits::NONE, journal, manual_clock);
        create_event(&store);
        let hold = create_hold(&store);
        let clients: [fn(&Disk, &Store, HoldId) -> u32; 4] =
            [confirm, release_hold, |disk, store, _| book_all(disk, store), |_, store, _| end_due(store)];
        let clients = clients.map(|client| {
            let (disk, store) = (disk.clone(), store.clone());
            spawn(move || client(&disk, &store, hold))
        });
        yield_point();
        time.advance(i64::from(TTL_SECONDS) * 1_000_000);
        let sold: u32 = clients.into_iter().map(|client| client.join().expect("a client")).sum();
        for shard in store.shards() {
            store.end_due_holds(shard).expect("the journal is open");
        }
        let mut context = Context::default();
        let totals = store.totals(&mut context);
        release(&store, context);
        assert_eq!(on_disk(&disk), (sold, 0));
        assert_eq!((totals.counts.tickets, totals.counts.holds), (sold.into(), 0));
        assert_eq!(totals.counts.ended_holds, 1);
        store.log().close().expect("no disk error");
    });
}

/// The number of cancellations, check-ins and deletions after a power cut. Asserts that each cancels or
/// checks in a ticket that is booked.
fn ends_on_disk(disk: &Disk) -> [usize; 3] {
    let [mut cancelled, mut checked_in, mut deleted] = [0; 3];
    disk.after_power_cut().read(Sequence(0), |_, change| match change {
        Change::EventAdded(_) | Change::TicketsBooked(_) => {}
        Change::TicketsCancelled(TicketsCancelled { event, tickets }) => {
            cancelled += tickets.len();
            assert_eq!(event.issued, 1 - cancelled as u32);
        }
        Change::TicketCheckedIn(_) => checked_in += 1,
        Change::EventDeleted(_) => deleted += 1,
        other => panic!("unexpected change: {other:?}"),
    });
    assert!(cancelled + checked_in <= 1, "a ticket ended {cancelled} and {checked_in} times");
    [cancelled, checked_in, deleted]
}

#[test]
fn ticket_is_cancelled_or_checked_in_once_while_its_event_is_deleted() {
    explore(|| {
        let disk = Disk::default();
        let store = Store::new(Records::new(2), StateLimits::NONE, open(&disk, ONE_SEGMENT), clock());
        create_event(&store);
        let mut ids = [[1; 16]];
        let drawn = DrawnTicketIds::from_random(&mut ids, store.place_cipher());
        store.book(&mut Context::default(), "sale", "Ada", drawn, None).expect("a ticket");
        let ticket = TicketId(ids[0]);
        let cancelling = || {
            let (disk, store) = (disk.clone(), store.clone());
            spawn(move || {
                let mut context = Context::default();
                let cancelled = store.cancel(&mut context, &[ticket], None);
                release(&store, context);
                match cancelled {
                    Ok(events) => {
                        assert_eq!(events, [("sale".into(), TOTAL)]);
                        assert_eq!(ends_on_disk(&disk)[0], 1);
                    }
                    Err(Error::Rejected(CancellationRejection::Unknown(_))) => {
                        assert_eq!(ends_on_disk(&disk)[2], 1);
                    }
                    Err(Error::Rejected(CancellationRejection::NotBooked(_))) => {
                        assert_eq!(ends_on_disk(&disk)[..2].iter().sum::<usize>(), 1);
                    }
                    Err(other) => panic!("{other:?}"),
                }
            })
        };
        let checking_in = spawn({
            let (disk, store) = (disk.clone(), store.clone());
            move || {
                let mut context = Context::default();
                let checked_in =
                    store.check_in(&mut context, ticket, false, |view| view.attendee.is_some(), None);
                release(&store, context);
                let [cancelled, checked, deleted] = ends_on_disk(&disk);
                match checked_in {
                    Ok(is_named) => assert!(is_named && checked == 1),
                    Err(Error::Rejected(CheckInRejection::NoSuchTicket)) => assert_eq!(deleted, 1),
                    Err(Error::Rejected(CheckInRejection::State(_))) => assert_eq!(cancelled, 1),
                    Err(other) => panic!("{other:?}"),
                }
            }
        });
        let deleting = spawn({
            let store = store.clone();
            move || {
                store.delete_event(&mut Context::default(), "sale", true, None).expect("it exists");
                while store.shards().any(|shard| store.free_deleted(shard)) {}
                create_event(&store);
                let mut context = Context::default();
                assert_eq!(store.ticket(&mut context, ticket, |_| ()), None, "a ticket of the deleted event");
            }
        });
        for client in [cancelling(), cancelling(), checking_in, deleting] {
            client.join().expect("a client");
        }
        assert_eq!(store.totals(&mut Context::default()).counts.ticket_ids, 0);
        store.log().close().expect("no disk error");
    });
}
