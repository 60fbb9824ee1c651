//! Unguessable ids: the id of a ticket is its owner's only proof.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::ticket_place::{PlaceCipher, TicketPlace, set_place};

/// Ticket ids that are drawn at a time, which saves the access to the thread's generator for each. They take
/// 256 bytes per connection.
pub const DRAWN_TICKET_IDS_MAX: usize = 16;

/// Draws the ticket ids of small bookings, some in advance.
#[derive(Debug, Default)]
pub struct TicketIdGenerator {
    drawn: [[u8; 16]; DRAWN_TICKET_IDS_MAX],
    /// The number of ids in `drawn`, from its beginning, that are unused.
    left: usize,
}

impl TicketIdGenerator {
    /// Draws `count` unused ids, at most [`DRAWN_TICKET_IDS_MAX`], with a cryptographic generator (ChaCha12,
    /// seeded by the system).
    pub fn draw(&mut self, count: usize, cipher: &PlaceCipher) -> DrawnTicketIds<'_> {
        if self.left < count {
            rand::rng().fill_bytes(self.drawn.as_flattened_mut());
            DrawnTicketIds::from_random(&mut self.drawn, cipher);
            self.left = DRAWN_TICKET_IDS_MAX;
        }
        self.left -= count;
        DrawnTicketIds(&mut self.drawn[self.left..][..count])
    }
}

/// Ids that were drawn, and have no place yet.
#[derive(Debug)]
pub struct DrawnTicketIds<'t>(&'t mut [[u8; 16]]);

impl<'t> DrawnTicketIds<'t> {
    /// Makes ids of random bytes.
    pub fn from_random(bytes: &'t mut [[u8; 16]], cipher: &PlaceCipher) -> Self {
        bytes.iter_mut().for_each(|id| cipher.prepare(id));
        Self(bytes)
    }

    #[inline]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The ids as those of tickets at consecutive places.
    #[inline]
    pub fn at(self, first: TicketPlace) -> &'t [[u8; 16]] {
        let Self(ids) = self;
        for (index, id) in ids.iter_mut().enumerate() {
            set_place(id, first.after(index));
        }
        ids
    }

    /// One id as that of a hold of an event with this tag.
    pub fn into_hold_id(self, tag: u16) -> [u8; 16] {
        self.at(TicketPlace::of_hold(tag))[0]
    }

    /// The first `count` ids, and the others.
    pub fn split_at(self, count: usize) -> (Self, Self) {
        let (first, others) = self.0.split_at_mut(count);
        (Self(first), Self(others))
    }

    /// These ids in another array.
    pub fn copied_to<'o>(&self, others: &'o mut [[u8; 16]]) -> DrawnTicketIds<'o> {
        let others = &mut others[..self.count()];
        others.copy_from_slice(self.0);
        DrawnTicketIds(others)
    }
}

/// Draws the ticket ids of one large booking, from a ChaCha12 generator of its own, so that they can be drawn
/// again. Ten thousand ids take 160 kB; to draw them again takes a seed of 32 bytes.
#[derive(Debug)]
pub struct BookingTicketIds {
    seed: [u8; 32],
    generator: StdRng,
    cipher: PlaceCipher,
}

impl BookingTicketIds {
    pub fn new(cipher: PlaceCipher) -> Self {
        Self::from_seed(rand::random(), cipher)
    }

    fn from_seed(seed: [u8; 32], cipher: PlaceCipher) -> Self {
        Self { seed, generator: StdRng::from_seed(seed), cipher }
    }

    /// A generator that draws the same ids, from the first on.
    pub fn rewound(&self) -> Self {
        Self::from_seed(self.seed, self.cipher)
    }

    /// Draws the next ids. They do not depend on how many are drawn at a time.
    pub fn draw<'t>(&mut self, ids: &'t mut [[u8; 16]]) -> DrawnTicketIds<'t> {
        self.generator.fill_bytes(ids.as_flattened_mut());
        DrawnTicketIds::from_random(ids, &self.cipher)
    }
}

/// Draws an id for an event: a UUID of version 4.
pub fn event_id() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use uuid::Uuid;

    use super::*;
    use crate::domain::{EventKey, EventNumber};

    /// The ids that `draw` draws, at the first places of an event.
    fn drawn(count: usize, mut draw: impl FnMut(&mut [[u8; 16]])) -> Vec<[u8; 16]> {
        let mut ids = vec![[0; 16]; count];
        draw(&mut ids);
        ids
    }

    fn place() -> TicketPlace {
        TicketPlace::new(EventKey { tag: 0xbeef, number: EventNumber(7) }, 0)
    }

    #[test]
    fn no_ticket_id_is_drawn_twice_for_any_count() {
        let (mut ticket_ids, cipher) = (TicketIdGenerator::default(), PlaceCipher::random());
        let mut previous = HashSet::new();
        for count in [1, 1, 15, 2, 16, 1, 10, 3, 1, 1].into_iter().cycle().take(200) {
            let drawn = ticket_ids.draw(count, &cipher).at(place());
            assert_eq!(drawn.len(), count);
            assert!(drawn.iter().all(|id| previous.insert(*id)), "drawn before");
        }
        for count in [17, 100, 10_000, 10_000] {
            let drawn = drawn(count, |ids| _ = BookingTicketIds::new(cipher).draw(ids).at(place()));
            assert!(drawn.into_iter().all(|id| previous.insert(id)), "drawn before");
        }
    }

    #[test]
    fn ids_of_a_large_booking_are_drawn_again_in_chunks_of_any_size() {
        for chunk in [1, 3, 128, 10_000] {
            let mut draw = BookingTicketIds::new(PlaceCipher::random());
            let first = drawn(10_000, |ids| _ = draw.rewound().draw(ids).at(place()));
            let again = drawn(10_000, |ids| {
                let mut written = 0;
                for ids in ids.chunks_mut(chunk) {
                    written += draw.draw(ids).at(place().after(written)).len();
                }
            });
            assert!(first == again, "other ids in chunks of {chunk}");
        }
    }

    #[test]
    fn event_ids_are_uuids_of_version_4() {
        let id: Uuid = event_id().parse().unwrap();
        assert_eq!(id.get_version_num(), 4);
    }
}
