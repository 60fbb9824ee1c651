//! A fast path for the most frequent requests, `BOOK <event-id> <n>`, with or without a key, and
//! `GET <event-id>`: 240 instructions without a key in place of some 1,000. Every other line, and every
//! invalid one, is left to the general parser. A property test compares the two.

use memchr::memrchr;

use crate::commands::{Book, BookedEvents, Booking, Get, KeyedRequest, Request};
use crate::id::Id;
use crate::key::Key;
use crate::limits::BOOKING_TICKETS_MAX;
use crate::number::parse_digits;
use crate::parsed_line::ParsedLine;

/// The digits of the largest number of tickets.
const COUNT_DIGITS_MAX: usize = 5;

const _: () = assert!(BOOKING_TICKETS_MAX.ilog10() < COUNT_DIGITS_MAX as u32);

/// Parses one of the requests, if it has single spaces, a valid id, plain digits and a valid key, and no
/// other option, no quote and no further argument.
#[inline]
pub(crate) fn parse(line: &[u8]) -> Option<ParsedLine<'_>> {
    let (verb, rest) = line.split_first_chunk::<4>()?;
    match verb {
        b"BOOK" => book(rest.strip_prefix(b" ")?),
        b"GET " => Some(ParsedLine::Request(Request::Get(Get::Event { id: id(rest)? }))),
        _ => None,
    }
}

#[inline]
fn book(arguments: &[u8]) -> Option<ParsedLine<'_>> {
    let tail = arguments.len().saturating_sub(COUNT_DIGITS_MAX + 1);
    let Some(at) = arguments[tail..].iter().rposition(|&byte| byte == b' ') else {
        return keyed_booking(arguments);
    };
    let (event, count) = (&arguments[..tail + at], &arguments[tail + at + 1..]);
    Some(ParsedLine::Request(booking(id(event)?, count)?))
}

/// Parses the arguments of a BOOK whose last word is longer than a number.
#[inline(never)]
fn keyed_booking(arguments: &[u8]) -> Option<ParsedLine<'_>> {
    let blank = memrchr(b' ', arguments)?;
    let (booked, key) = std::str::from_utf8(arguments).ok()?.split_at(blank);
    let (event, count) = booked.split_once(' ')?;
    let request = booking(Id::new(event).ok()?, count.as_bytes())?;
    let key = Key::new(key.strip_prefix(" key=")?).ok()?;
    Some(ParsedLine::Keyed(Box::new(KeyedRequest { key, request })))
}

#[inline]
fn booking<'a>(event: Id<'a>, digits: &[u8]) -> Option<Request<'a>> {
    let booking = Booking { event, count: count(digits)? };
    Some(Request::Book(Book { bookings: BookedEvents::One(booking), attendee: None }))
}

#[inline]
fn id(bytes: &[u8]) -> Option<Id<'_>> {
    Id::new(std::str::from_utf8(bytes).ok()?).ok()
}

fn count(digits: &[u8]) -> Option<u32> {
    parse_digits(digits).filter(|count| (1..=BOOKING_TICKETS_MAX).contains(count))
}
