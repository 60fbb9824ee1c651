//! A fast path for the two most frequent requests, `BOOK <event-id> <n>` and `GET <event-id>`: 240
//! instructions in place of some 1,000. Every other line, and every invalid one, is left to the general
//! parser. A property test compares the two.

use crate::commands::request::Request;
use crate::id::Id;
use crate::limits::BOOKING_TICKETS_MAX;

/// Digits of [`BOOKING_TICKETS_MAX`].
const BOOKING_DIGITS_MAX: usize = 5;

const _: () = assert!(10_u64.pow(BOOKING_DIGITS_MAX as u32) > BOOKING_TICKETS_MAX as u64);
// A number of so many digits does not overflow.
const _: () = assert!(10_u64.pow(BOOKING_DIGITS_MAX as u32) <= u32::MAX as u64);

/// Parses one of the two requests, if it has single spaces, a valid id and plain digits, and no option, quote
/// or further argument.
#[inline]
pub(crate) fn parse(line: &[u8]) -> Option<Request<'_>> {
    let (verb, rest) = line.split_first_chunk::<4>()?;
    match verb {
        b"BOOK" => book(rest.strip_prefix(b" ")?),
        b"GET " => Some(Request::Event { id: id(rest)? }),
        _ => None,
    }
}

fn book(arguments: &[u8]) -> Option<Request<'_>> {
    let blank = arguments.iter().rposition(|&byte| byte == b' ')?;
    let (event, count) = (id(&arguments[..blank])?, number(&arguments[blank + 1..])?);
    Some(Request::Book { event, count })
}

#[inline]
fn id(bytes: &[u8]) -> Option<Id<'_>> {
    Id::new(std::str::from_utf8(bytes).ok()?).ok()
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.len() > BOOKING_DIGITS_MAX {
        return None;
    }
    let mut number = 0;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        number = number * 10 + u32::from(value);
    }
    (1..=BOOKING_TICKETS_MAX).contains(&number).then_some(number)
}
