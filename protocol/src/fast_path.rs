//! A fast path for the most frequent requests, `BOOK <event-id> <n>`, with or without a key, and
//! `GET <event-id>`: 240 instructions without a key in place of some 1,000. Every other line, and every
//! invalid one, is left to the general parser. A property test compares the two.

use crate::commands::{Book, BookedEvents, Booking, Get, KeyedRequest, Request};
use crate::id::Id;
use crate::key::Key;
use crate::limits::BOOKING_TICKETS_MAX;
use crate::number::parse_digits;
use crate::parsed_line::ParsedLine;

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
    let (rest, last) = split_last_word(arguments)?;
    match last.strip_prefix(b"key=") {
        None => Some(ParsedLine::Request(booking(rest, last)?)),
        Some(key) => keyed_booking(rest, key),
    }
}

#[inline(never)]
fn keyed_booking<'a>(arguments: &'a [u8], key: &'a [u8]) -> Option<ParsedLine<'a>> {
    let (event, count) = split_last_word(arguments)?;
    let request = booking(event, count)?;
    let key = Key::new(std::str::from_utf8(key).ok()?).ok()?;
    Some(ParsedLine::Keyed(Box::new(KeyedRequest { key, request })))
}

#[inline]
fn booking<'a>(event: &'a [u8], digits: &[u8]) -> Option<Request<'a>> {
    let (event, count) = (id(event)?, count(digits)?);
    Some(Request::Book(Book { bookings: BookedEvents::One(Booking { event, count }), attendee: None }))
}

#[inline]
fn split_last_word(words: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = words.iter().rposition(|&byte| byte == b' ')?;
    Some((&words[..blank], &words[blank + 1..]))
}

#[inline]
fn id(bytes: &[u8]) -> Option<Id<'_>> {
    Id::new(std::str::from_utf8(bytes).ok()?).ok()
}

fn count(digits: &[u8]) -> Option<u32> {
    parse_digits(digits).filter(|count| (1..=BOOKING_TICKETS_MAX).contains(count))
}
