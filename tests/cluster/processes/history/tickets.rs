//! The tickets of an event: each is sold once, and none is lost.

use std::collections::{BTreeMap, BTreeSet};

use bookline_testkit::Reply;

use super::super::fixture::TICKETS;
use super::super::record::Record;
use super::super::request::Request;

/// Checks the list of all tickets of an event, which was read when no client asked any more.
pub fn check(records: &[Record], event: usize, listing: &Reply) {
    let mut listed = BTreeMap::new();
    for row in &listing.rows {
        let (ticket, status) = (row["ticket"].as_str(), row["status"].as_str());
        let (ticket, status) = ticket.zip(status).unwrap_or_else(|| panic!("no ticket: {row}"));
        assert!(listed.insert(ticket, status).is_none(), "{ticket} is listed twice");
    }
    let valid = listed.values().filter(|status| **status == "booked").count() as u64;
    assert!(valid <= TICKETS[event], "{valid} of {} tickets are sold", TICKETS[event]);

    let (mut booked, mut cancelled, mut in_doubt) = (BTreeSet::new(), BTreeSet::new(), InDoubt::default());
    for record in records {
        match (&record.request, &record.answer) {
            (Request::Book { event: of, count }, Some((_, reply))) if *of == event && reply.is_ok() => {
                let tickets = reply.tickets();
                assert_eq!(tickets.len() as u64, *count, "{record:?}");
                for ticket in tickets {
                    assert!(booked.insert(ticket.clone()), "{ticket} is sold twice, also by {record:?}");
                }
            }
            (Request::Cancel { event: of, tickets }, Some((_, reply))) if *of == event => {
                reply.ok();
                cancelled.extend(tickets.clone());
            }
            (Request::Book { event: of, count }, None) if *of == event => in_doubt.booked += count,
            (Request::Cancel { event: of, tickets }, None) if *of == event => {
                in_doubt.cancelled.extend(tickets.clone());
            }
            _ => {}
        }
    }
    for ticket in &booked {
        let status = listed.get(ticket.as_str()).unwrap_or_else(|| panic!("{ticket} was sold, and is lost"));
        let is_right = match *status {
            "booked" => !cancelled.contains(ticket),
            "cancelled" => cancelled.contains(ticket) || in_doubt.cancelled.contains(ticket),
            _ => false,
        };
        assert!(is_right, "{ticket} is {status}");
    }
    // Whoever booked these was not told.
    let untold = (listed.len() - booked.len()) as u64;
    assert!(untold <= in_doubt.booked, "{untold} tickets are sold to nobody");
}

/// What may have happened.
#[derive(Default)]
struct InDoubt {
    booked: u64,
    cancelled: BTreeSet<String>,
}
