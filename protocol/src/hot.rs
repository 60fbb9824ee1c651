//! The two requests that come by the hundred thousand a second, `BOOK <event-id> <n>` and `GET <event-id>`, read in one
//! pass when they are written plainly. Everything else, and everything that is wrong, is left to the general way; a
//! property test holds the two against each other.

use crate::id::Id;
use crate::limits::MAX_BOOK;
use crate::request::Request;

/// Digits of the largest booking.
const MAX_DIGITS: usize = 5;

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
    if digits.len() > MAX_DIGITS {
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
    (1..=MAX_BOOK).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;
    use crate::line::{Line, parse_any};

    proptest! {
        #[test]
        fn what_is_read_here_is_read_alike_by_the_general_way(
            line in r"(BOOK|GET|book|GETX|BOOK) ?[a-z0-9._=\\-]{0,70}( {0,2}[0-9+-]{0,7})? ?"
        ) {
            if let Some(request) = read(line.as_bytes()) {
                let mut scratch = Vec::new();
                prop_assert_eq!(Line::Request(request), parse_any(line.as_bytes(), &mut scratch));
            }
        }
    }

    #[test]
    fn plain_lines_are_read_here() {
        for line in
            ["BOOK rustconf 2", "BOOK a 10000", "GET rustconf", "BOOK 2cdba4d5-65e5-4a4e-9d2b-64a5ba13b0ee 1"]
        {
            let mut scratch = Vec::new();
            let general = parse_any(line.as_bytes(), &mut scratch);
            assert_eq!(read(line.as_bytes()).map(Line::Request), Some(general), "{line}");
        }
    }

    #[test]
    fn everything_else_is_left_to_the_general_way() {
        for line in [
            "BOOK a 0",
            "BOOK a 10001",
            "BOOK a +5",
            "BOOK  a 1",
            "BOOK a 1 ",
            "GET ",
            "GET a b",
            "GET limit=1",
            "BOOK a",
            "PING",
        ] {
            assert_eq!(read(line.as_bytes()), None, "{line}");
        }
    }
}
