//! The place of a ticket, which its id carries: no index has to be kept, or searched, to find it.
//!
//! A ticket id is a UUID of version 8. Its bits, the highest first:
//!
//! | bits | content |
//! |---|---|
//! | 16 | the tag of its event |
//! | 32 | the upper bits of its place, encrypted |
//! | 4 | the version |
//! | 12 | the lower bits of its place, encrypted |
//! | 2 | the variant |
//! | 62 | random |
//!
//! The place is the number of the event modulo 2^16 and the position of the ticket among those of the event
//! modulo 2^28. It is XORed with a keyed hash of the random bits. So, without the key, all bits but those of
//! the tag, the version and the variant are unpredictable, and an id does not show how many tickets were sold
//! before it.

use siphasher::sip::SipHasher13;

use crate::collections::extendible_hash_table::hash_of_number;
use crate::domain::EventKey;

const POSITION_BITS: u32 = 28;

/// Positions that places tell apart.
pub const POSITIONS_MAX: usize = 1 << POSITION_BITS;

const POSITION_MASK: u32 = (1 << POSITION_BITS) - 1;

/// Where a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketPlace {
    tag: u16,
    /// The number of the event, modulo 2^16.
    event: u16,
    /// The position among the tickets of the event, modulo 2^28.
    position: u32,
}

impl TicketPlace {
    #[inline]
    pub fn new(event: EventKey, position: u32) -> Self {
        let position = position & POSITION_MASK;
        Self { tag: event.tag, event: event.number.0 as u16, position }
    }

    /// What the id of a hold carries: the tag of its event, and no place.
    pub(super) fn of_hold(tag: u16) -> Self {
        Self { tag, event: 0, position: 0 }
    }

    /// The place `count` positions further.
    #[inline]
    #[must_use]
    pub fn after(self, count: usize) -> Self {
        let position = self.position.wrapping_add(count as u32) & POSITION_MASK;
        Self { position, ..self }
    }

    #[inline]
    pub fn position(&self) -> u32 {
        self.position
    }

    /// What events of a shard are told apart by, where only the place of a ticket is known.
    pub fn event(&self) -> PlacedEvent {
        PlacedEvent { tag: self.tag, number: self.event }
    }

    /// The tag and the place as the upper half of an id, before the encryption.
    #[inline]
    fn upper_half(self) -> u64 {
        let place = u64::from(self.event) << POSITION_BITS | u64::from(self.position);
        u64::from(self.tag) << 48 | place >> 12 << 16 | place & 0xfff
    }

    #[inline]
    fn from_upper_half(half: u64) -> Self {
        let place = (half >> 16 & 0xffff_ffff) << 12 | half & 0xfff;
        let position = place as u32 & POSITION_MASK;
        Self { tag: (half >> 48) as u16, event: (place >> POSITION_BITS) as u16, position }
    }
}

/// The tag of an event and its number modulo 2^16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedEvent {
    tag: u16,
    number: u16,
}

impl PlacedEvent {
    pub fn of(event: EventKey) -> Self {
        TicketPlace::new(event, 0).event()
    }

    pub fn hash(self) -> u64 {
        hash_of_number(u64::from(self.tag) << 16 | u64::from(self.number))
    }
}

/// Encrypts and decrypts the places in the ids of tickets.
#[derive(Debug, Clone, Copy)]
pub struct PlaceCipher {
    hasher: SipHasher13,
}

impl Default for PlaceCipher {
    fn default() -> Self {
        Self::random()
    }
}

/// The bits of the upper half that a place takes.
const PLACE_BITS: u64 = 0x0000_ffff_ffff_0fff;

impl PlaceCipher {
    pub fn new(key: [u8; 16]) -> Self {
        Self { hasher: SipHasher13::new_with_key(&key) }
    }

    /// A cipher with a random key.
    pub fn random() -> Self {
        Self::new(rand::random())
    }

    /// Turns random bytes into an id without a tag, at the first place of event 0.
    pub(super) fn prepare(&self, id: &mut [u8; 16]) {
        id[8] = id[8] & 0x3f | 0x80;
        let upper = self.mask(id) | 0x8000;
        id[..8].copy_from_slice(&upper.to_be_bytes());
    }

    /// The place that an id carries. It is any place, if the id was drawn with another key.
    pub fn place_of(&self, id: &[u8; 16]) -> TicketPlace {
        TicketPlace::from_upper_half(upper_half(id) ^ self.mask(id))
    }

    #[inline]
    fn mask(&self, id: &[u8; 16]) -> u64 {
        self.hasher.hash(&id[8..]) & PLACE_BITS
    }
}

fn upper_half(id: &[u8; 16]) -> u64 {
    let (upper, _) = id.split_first_chunk().expect("an id has 16 bytes");
    u64::from_be_bytes(*upper)
}

/// Moves a prepared id to a place.
#[inline]
pub(super) fn set_place(id: &mut [u8; 16], place: TicketPlace) {
    let upper = upper_half(id) ^ place.upper_half();
    id[..8].copy_from_slice(&upper.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::EventNumber;

    proptest! {
        #[test]
        fn id_is_a_uuid_of_version_8_with_the_tag_and_the_place(
            key: [u8; 16], mut id: [u8; 16], tag: u16, number: u64, position in 0..1_u32 << POSITION_BITS,
        ) {
            let cipher = PlaceCipher::new(key);
            let place = TicketPlace::new(EventKey { tag, number: EventNumber(number) }, position);
            cipher.prepare(&mut id);
            set_place(&mut id, place);
            prop_assert_eq!(cipher.place_of(&id), place);
            prop_assert_eq!(place.position(), position);
            prop_assert_eq!(place.event(), PlacedEvent { tag, number: number as u16 });
            let uuid = Uuid::from_bytes(id);
            prop_assert_eq!((uuid.get_version_num(), uuid.get_variant()), (8, uuid::Variant::RFC4122));
            prop_assert_eq!(id[..2].to_vec(), tag.to_be_bytes());
        }

        #[test]
        fn place_after_others_is_that_of_the_later_position(
            position in 0..1_u32 << POSITION_BITS, count in 0..20_000_usize,
        ) {
            let event = EventKey { tag: 1, number: EventNumber(2) };
            let later = TicketPlace::new(event, position.wrapping_add(count as u32));
            prop_assert_eq!(TicketPlace::new(event, position).after(count), later);
        }
    }

    #[test]
    fn positions_beyond_the_largest_are_not_told_apart_from_lower_ones() {
        let event = EventKey { tag: 1, number: EventNumber(2) };
        assert_eq!(TicketPlace::new(event, POSITIONS_MAX as u32 + 5).position(), 5);
    }

    /// The places of consecutive tickets look unrelated without the key: each of their bits is set in about
    /// half of the ids.
    #[test]
    fn ids_of_consecutive_tickets_do_not_show_their_places() {
        const IDS: u32 = 4_000;
        let cipher = PlaceCipher::new(*b"a key for a test");
        let event = EventKey { tag: 0, number: EventNumber(0) };
        let mut set = [0_u32; 64];
        for position in 0..IDS {
            let mut id = [0; 16];
            id[8..].copy_from_slice(&u64::from(position).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
            cipher.prepare(&mut id);
            set_place(&mut id, TicketPlace::new(event, position));
            (0..64).for_each(|bit| set[bit] += (upper_half(&id) >> bit & 1) as u32);
        }
        let place_bits = (0..64).filter(|bit| PLACE_BITS >> bit & 1 == 1);
        for bit in place_bits {
            let set = set[bit];
            assert!((IDS * 2 / 5..IDS * 3 / 5).contains(&set), "bit {bit} is set in {set} of {IDS} ids");
        }
    }
}
