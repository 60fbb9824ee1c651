//! Requests with the same key, and keys that are forgotten beside their repeats.

use std::sync::Arc;

use bookline_protocol::SaleTerms;
use shuttle::thread::spawn;

use crate::changes::Change;
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::explore::explore;
use crate::state::ticket_ids::DrawnTicketIds;
use crate::state::{
    Booked, Context, Error, EventValues, KeyState, Keyed, Records, RequestKey, StateLimits, Store,
};
use crate::time::clock::Clock;
use crate::time::source::ManualTime;
use crate::waiting::{ONE_SEGMENT, open, release, slot};

const EVENT: &str = "sale";

/// Longer than a key is remembered whose place another needs, in microseconds.
const MINUTE_MICROS: i64 = 61_000_000;

/// A store with an event, whose clock is moved.
fn new_store(disk: &Disk, limits: StateLimits) -> (Store, Arc<ManualTime>) {
    let time = Arc::new(ManualTime::new(0));
    let clock = Arc::new(Clock::new(time.clone(), None));
    let store = Store::new(Records::new(2), limits, open(disk, ONE_SEGMENT), clock);
    let (date, terms) = (slot(0, "20:00").date, SaleTerms::default());
    let event = EventValues { id: EVENT, name: "a concert", date, total: 10, issued: 0, terms };
    store.create(&mut Context::default(), &event, None).expect("a new event");
    (store, time)
}

/// Books a ticket with a key, and waits as the reply does. Returns the reply. `None` if the table is full.
fn book(disk: &Disk, store: &Store, key: &'static str, ticket: u8) -> Option<String> {
    let mut context = Context::default();
    let mut replies = Vec::new();
    let request = RequestKey { owner: "", key, request: [1; 16] };
    match store.look_up(&mut context, request).expect("the log accepts commits") {
        KeyState::Used(used) => replies.extend_from_slice(used.reply()),
        KeyState::Unused(mut key) => {
            let mut write = |booked: &Booked<'_>, replies: &mut Vec<u8>| {
                let available = booked.available;
                replies.extend_from_slice(format!("OK {{\"{ticket}\":{available}}}\n").as_bytes());
                Ok(())
            };
            let keyed = Keyed { key: &mut key, replies: &mut replies, write: &mut write };
            let mut tickets = [[ticket; 16]];
            let drawn = DrawnTicketIds::from_random(&mut tickets, store.place_cipher());
            let booked = store.book(&mut context, EVENT, "", drawn, Some(keyed)).map(drop);
            key.store(&replies);
            match booked {
                Ok(_) => {}
                Err(Error::Full(_)) => return None,
                Err(error) => panic!("{error:?}"),
            }
        }
        KeyState::Reused => panic!("it is the same request"),
    }
    release(store, context);
    let reply = String::from_utf8(replies).expect("a text");
    assert!(stored_on(disk).contains(&reply), "a reply that a crash would take back: {reply}");
    Some(reply)
}

/// The stored replies of the commits after a power cut now, each of which books a ticket.
fn stored_on(disk: &Disk) -> Vec<String> {
    let (mut replies, mut booked) = (Vec::new(), 0);
    disk.after_power_cut().read(Sequence(0), |_, change| match change {
        Change::TicketsBooked(_) => booked += 1,
        Change::KeyUsed(used) => replies.push(String::from_utf8(used.0.reply.to_vec()).expect("a text")),
        _ => {}
    });
    assert_eq!(booked, replies.len(), "a booking and its key are in one commit");
    replies
}

#[test]
fn concurrent_requests_with_one_key_make_one_change() {
    explore(|| {
        let disk = Disk::default();
        let (store, _) = new_store(&disk, StateLimits::NONE);
        let booking = (1..=3).map(|ticket| {
            let (disk, store) = (disk.clone(), store.clone());
            spawn(move || book(&disk, &store, "a-key-of-3-clients", ticket).expect("there is no limit"))
        });
        let booking: Vec<_> = booking.collect();
        let replies: Vec<_> = booking.into_iter().map(|client| client.join().expect("a client")).collect();
        assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
        assert_eq!(stored_on(&disk), [replies[0].as_str()]);
        assert_eq!(store.totals(&mut Context::default()).counts.tickets, 1);
        store.log().close().expect("no disk error");
    });
}

#[test]
fn repeat_beside_forgetting_gets_the_stored_reply_or_makes_one_change() {
    explore(|| {
        let disk = Disk::default();
        let (store, time) = new_store(&disk, StateLimits { keys: 1, ..StateLimits::NONE });
        let first = book(&disk, &store, "a-key-that-is-forgotten", 1).expect("there is space for one key");
        time.advance(MINUTE_MICROS);
        let clients =
            [("a-key-that-is-forgotten", 2), ("a-key-that-needs-a-place", 3)].map(|(key, ticket)| {
                let (disk, store) = (disk.clone(), store.clone());
                spawn(move || book(&disk, &store, key, ticket))
            });
        let [repeat, other] = clients.map(|client| client.join().expect("a client"));
        // The first of the two that needs a place gets it; the other may be refused.
        let totals = store.totals(&mut Context::default());
        let anew = repeat.iter().filter(|reply| **reply != first).count();
        let granted = anew + other.iter().count();
        assert_eq!((granted, totals.keys), (1, 1), "{repeat:?} {other:?}");
        assert_eq!(totals.counts.tickets, 2);
        store.log().close().expect("no disk error");
    });
}

/// STATS compares the counters of the limits with the contents of the shards.
#[test]
fn place_of_a_refused_request_is_released_before_its_key_is_unlocked() {
    explore(|| {
        let disk = Disk::default();
        let (store, _) = new_store(&disk, StateLimits::NONE);
        let refused = spawn({
            let store = store.clone();
            move || {
                let request = RequestKey { owner: "", key: "a-key-of-no-change", request: [1; 16] };
                let looked_up = store.look_up(&mut Context::default(), request);
                assert!(matches!(looked_up.expect("the log accepts commits"), KeyState::Unused(_)));
            }
        });
        assert_eq!(store.totals(&mut Context::default()).keys, 0);
        refused.join().expect("a client");
        store.log().close().expect("no disk error");
    });
}
