//! Unguessable ids: the id of a ticket is its owner's only proof.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

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
    /// Draws `count` unused ids, at most [`DRAWN_TICKET_IDS_MAX`]. They are UUIDs of version 8: [`set_tag`]
    /// sets the first 16 bits, and a cryptographic generator (ChaCha12, seeded by the system) draws all
    /// others.
    pub fn draw(&mut self, count: usize) -> &mut [[u8; 16]] {
        if self.left < count {
            fill(&mut rand::rng(), &mut self.drawn);
            self.left = DRAWN_TICKET_IDS_MAX;
        }
        self.left -= count;
        &mut self.drawn[self.left..][..count]
    }

    /// Draws any number of unused ids, as [`Self::draw`] does.
    pub fn draw_many(&mut self, count: usize) -> Vec<[u8; 16]> {
        if count <= DRAWN_TICKET_IDS_MAX {
            return self.draw(count).to_vec();
        }
        let mut ids = vec![[0; 16]; count];
        fill(&mut rand::rng(), &mut ids);
        ids
    }
}

/// Draws the ticket ids of one large booking, from a ChaCha12 generator of its own, so that they can be drawn
/// again. Ten thousand ids take 160 kB; to draw them again takes a seed of 32 bytes.
#[derive(Debug)]
pub struct BookingTicketIds {
    seed: [u8; 32],
    generator: StdRng,
}

impl Default for BookingTicketIds {
    fn default() -> Self {
        let seed = rand::random();
        Self { seed, generator: StdRng::from_seed(seed) }
    }
}

impl BookingTicketIds {
    /// Draws the first `count` ids and rewinds the generator: the next call draws the same ids again.
    pub fn draw_and_rewind(&mut self, count: usize) -> Vec<[u8; 16]> {
        let mut ids = vec![[0; 16]; count];
        self.fill(&mut ids);
        self.generator = StdRng::from_seed(self.seed);
        ids
    }

    /// A generator that draws the same ids, from the first on.
    pub fn rewound(&self) -> Self {
        Self { seed: self.seed, generator: StdRng::from_seed(self.seed) }
    }

    /// Draws the next ids. They do not depend on how many are drawn at a time.
    pub fn fill(&mut self, ids: &mut [[u8; 16]]) {
        fill(&mut self.generator, ids);
    }
}

fn fill(generator: &mut impl Rng, ids: &mut [[u8; 16]]) {
    generator.fill_bytes(ids.as_flattened_mut());
    for id in ids {
        id[6] = id[6] & 0x0f | 0x80;
        id[8] = id[8] & 0x3f | 0x80;
    }
}

/// Writes the tag of an event into the ids of its tickets.
pub fn set_tag(tickets: &mut [[u8; 16]], tag: u16) {
    for id in tickets {
        [id[0], id[1]] = tag.to_be_bytes();
    }
}

/// Draws an id for an event: a UUID of version 4.
pub fn event_id() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use bookline_protocol::TicketId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn ticket_ids_are_uuids_of_version_8_that_begin_with_the_tag() {
        let mut ticket_ids = TicketIdGenerator::default();
        let drawn = ticket_ids.draw(DRAWN_TICKET_IDS_MAX).iter().copied();
        for mut id in drawn.chain(BookingTicketIds::default().draw_and_rewind(100)) {
            set_tag(std::slice::from_mut(&mut id), 0xbeef);
            let uuid = Uuid::from_bytes(id);
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (8, uuid::Variant::RFC4122));
            assert_eq!(TicketId(id).tag(), 0xbeef);
        }
    }

    #[test]
    fn no_ticket_id_is_drawn_twice_for_any_count() {
        let mut ticket_ids = TicketIdGenerator::default();
        let mut previous = HashSet::new();
        for count in [1, 1, 15, 2, 16, 1, 10, 3, 1, 1].into_iter().cycle().take(200) {
            let drawn = ticket_ids.draw(count);
            assert_eq!(drawn.len(), count);
            assert!(drawn.iter().all(|id| previous.insert(*id)), "drawn before");
        }
        for count in [17, 100, 10_000, 10_000] {
            let drawn = BookingTicketIds::default().draw_and_rewind(count);
            assert!(drawn.into_iter().all(|id| previous.insert(id)), "drawn before");
        }
    }

    #[test]
    fn ids_of_a_large_booking_are_drawn_again_in_chunks_of_any_size() {
        for chunk in [1, 3, 128, 10_000] {
            let mut draw = BookingTicketIds::default();
            let first = draw.draw_and_rewind(10_000);
            let mut again = vec![[0; 16]; 10_000];
            again.chunks_mut(chunk).for_each(|ids| draw.fill(ids));
            assert!(first == again, "other ids in chunks of {chunk}");
        }
    }

    #[test]
    fn event_ids_are_uuids_of_version_4() {
        let id: Uuid = event_id().parse().unwrap();
        assert_eq!(id.get_version_num(), 4);
    }
}
