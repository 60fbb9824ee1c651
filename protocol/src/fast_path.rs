//! A fast path for the two most frequent requests, `BOOK <event-id> <n>` and `GET <event-id>`: 240
//! instructions in place of some 1,000. Every other line, and every invalid one, is left to the general
//! parser. A property test compares the two.

use crate::commands::{Book, BookedEvents, Booking, Get, Request};
use crate::id::Id;
use crate::limits::BOOKING_TICKETS_MAX;
use crate::number::parse_digits;

/// Parses one of the two requests, if it has single spaces, a valid id and plain digits, and no option, quote
/// or further argument.
#[inline]
pub(crate) fn parse(line: &[u8]) -> Option<Request<'_>> {
    let (verb, rest) = line.split_first_chunk::<4>()?;
    match verb {
        b"BOOK" => book(rest.strip_prefix(b" ")?),
        b"GET " => Some(Request::Get(Get::Event { id: id(rest)? })),
        _ => None,
    }
}

fn book(arguments: &[u8]) -> Option<Request<'_>> {
    let blank = arguments.iter().rposition(|&byte| byte == b' ')?;
    let (event, count) = (id(&arguments[..blank])?, count(&arguments[blank + 1..])?);
    Some(Request::Book(Book { bookings: BookedEvents::One(Booking { event, count }), attendee: None }))
}

#[inline]
fn id(bytes: &[u8]) -> Option<Id<'_>> {
    Id::new(std::str::from_utf8(bytes).ok()?).ok()
}

fn count(digits: &[u8]) -> Option<u32> {
    parse_digits(digits).filter(|count| (1..=BOOKING_TICKETS_MAX).contains(count))
}
