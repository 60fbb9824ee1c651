//! The two requests that come by the hundred thousand a second, `BOOK <event-id> <n>` and `GET <event-id>`, read in one
//! pass when they are written plainly. Everything else, and everything that is wrong, is left to the general way; a
//! property test holds the two against each other.

use crate::commands::request::Request;
use crate::id::Id;
use crate::limits::BOOKING_TICKETS_MAX;

/// Digits of the largest booking.
const BOOKING_DIGITS_MAX: usize = 5;

/// The request, if it is one of the two with single blanks, an id and plain digits, and no option, quote or surplus.
#[inline]
pub(crate) fn read(line: &[u8]) -> Option<Request<'_>> {
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
