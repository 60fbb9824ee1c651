//! A fast parser of the ids of tickets and holds, as the load reads one in most replies.

use bookline_protocol::TicketId;
use bookline_protocol::ticket::TICKET_ID_CHARS;

/// Bytes of an id in a JSON array: two quotes and a comma beside its characters. The last one has no comma.
const ELEMENT_BYTES: usize = TICKET_ID_CHARS + 3;

/// Splits the elements of a JSON array of `count` ticket ids, at least one, from what follows them. The ids
/// are those that can be parsed.
#[inline]
pub fn split_tickets(
    array: &[u8],
    count: usize,
) -> Option<(impl Iterator<Item = Option<TicketId>> + use<'_>, &[u8])> {
    let (elements, after) = array.split_at_checked(count * ELEMENT_BYTES - 1)?;
    let tickets = elements.chunks(ELEMENT_BYTES).map(|element| {
        let text = match element {
            [b'"', text @ .., b'"', b','] | [b'"', text @ .., b'"'] => text.as_array()?,
            _ => return None,
        };
        parse(text).map(TicketId)
    });
    Some((tickets, after))
}

/// Parses the hyphenated form with lower-case digits, eight digits at a time. The protocol's own parser also
/// accepts upper-case digits.
#[inline]
pub fn parse(text: &[u8; TICKET_ID_CHARS]) -> Option<[u8; 16]> {
    let (a, rest) = text.split_first_chunk::<8>()?;
    let (b, rest) = rest.split_first_chunk::<5>()?;
    let (c, rest) = rest.split_first_chunk::<5>()?;
    let (d, rest) = rest.split_first_chunk::<5>()?;
    let (e, rest) = rest.split_first_chunk::<5>()?;
    let f = rest.first_chunk::<8>()?;
    let words = [
        digits(u64::from_le_bytes(*a))?,
        digits(after_hyphen(b)? | after_hyphen(c)? << 32)?,
        digits(after_hyphen(d)? | after_hyphen(e)? << 32)?,
        digits(u64::from_le_bytes(*f))?,
    ];
    let [a, b, c, d] = words.map(u128::from);
    Some((a | b << 32 | c << 64 | d << 96).to_le_bytes())
}

/// The four characters after a hyphen, the first one in the lowest byte.
#[inline]
fn after_hyphen(text: &[u8; 5]) -> Option<u64> {
    match *text {
        [b'-', a, b, c, d] => Some(u64::from(u32::from_le_bytes([a, b, c, d]))),
        _ => None,
    }
}

/// Four bytes from eight hexadecimal digits, the first one in the lowest byte, in parallel.
#[inline]
const fn digits(text: u64) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // ASCII letters have the bit 0x40, digits have not.
    let letters = (text >> 6) & ONES;
    let values = (text & (ONES * 0x0f)).wrapping_add(letters * 9) & (ONES * 0x0f);
    // Encoding the values again must give the text: otherwise it has something other than digits.
    let above_nine = ((values + ONES * 6) >> 4) & ONES;
    if values + ONES * 0x30 + above_nine * 0x27 != text {
        return None;
    }
    let pairs = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff;
    let words = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    Some((words | words >> 16) as u32)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn parse_accepts_what_the_protocol_accepts_in_lower_case() {
        let mut random = StdRng::seed_from_u64(1);
        for _ in 0..10_000 {
            let id = TicketId(random.random());
            let mut written = Vec::new();
            id.write(&mut written);
            let mut text = *written.first_chunk().unwrap();
            assert_eq!(parse(&text), Some(id.0));

            let (at, byte) = (random.random_range(0..TICKET_ID_CHARS), random.random());
            text[at] = byte;
            let fast = parse(&text).map(TicketId);
            let general = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
            let upper_case = byte.is_ascii_uppercase();
            assert!(fast == general || (upper_case && fast.is_none()), "byte {byte} at {at} of {id}");
        }
    }
}
