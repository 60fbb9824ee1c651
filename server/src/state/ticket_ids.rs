//! Ids that nobody can guess: a ticket's id is all that its owner has to show.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// So many ids are drawn at a time: the generator is fetched once for all of them. 256 bytes a connection.
pub const AHEAD: usize = 16;

/// Ticket ids of small bookings, drawn a few ahead of their use.
#[derive(Debug, Default)]
pub struct TicketIdGenerator {
    drawn: [[u8; 16]; AHEAD],
    /// The first so many were not given out yet.
    left: usize,
}

impl TicketIdGenerator {
    /// `count` ids, at most [`AHEAD`], that nobody has seen, to be stamped: UUIDs of version 8, of which all bits but the
    /// first 16, which [`stamp`] sets, come from a cryptographic generator (ChaCha12, seeded by the system).
    pub fn draw(&mut self, count: usize) -> &mut [[u8; 16]] {
        if self.left < count {
            fill(&mut rand::rng(), &mut self.drawn);
            self.left = AHEAD;
        }
        self.left -= count;
        &mut self.drawn[self.left..][..count]
    }
}

/// Ticket ids of one large booking, like those of [`TicketIdGenerator`] but from a generator of their own (ChaCha12 too). Ten thousand
/// ids have 160 kB; to draw them once more takes 32 bytes.
#[derive(Debug)]
pub struct BookingIds {
    seed: [u8; 32],
    generator: StdRng,
}

impl Default for BookingIds {
    /// A seed that nobody has seen.
    fn default() -> Self {
        let seed = rand::random();
        Self { seed, generator: StdRng::from_seed(seed) }
    }
}

impl BookingIds {
    /// The first `count` ids. The next that are drawn are the same once more.
    pub fn all(&mut self, count: usize) -> Vec<[u8; 16]> {
        let mut ids = vec![[0; 16]; count];
        self.fill(&mut ids);
        self.generator = StdRng::from_seed(self.seed);
        ids
    }

    /// The next ids, whatever the number that is asked for at a time.
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

/// Makes ticket ids those of an event: they begin with its tag.
pub fn stamp(tickets: &mut [[u8; 16]], tag: u16) {
    for id in tickets {
        [id[0], id[1]] = tag.to_be_bytes();
    }
}

/// An id for an event that was given none: a UUID of version 4.
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
    fn tickets_are_uuids_of_version_8_that_begin_with_the_tag() {
        let mut ticket_ids = TicketIdGenerator::default();
        let drawn = ticket_ids.draw(AHEAD).iter().copied();
        for mut id in drawn.chain(BookingIds::default().all(100)) {
            stamp(std::slice::from_mut(&mut id), 0xbeef);
            let uuid = Uuid::from_bytes(id);
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (8, uuid::Variant::RFC4122));
            assert_eq!(TicketId(id).tag(), 0xbeef);
        }
    }

    #[test]
    fn no_ticket_is_drawn_twice_however_many_are_asked_for() {
        let mut ticket_ids = TicketIdGenerator::default();
        let mut seen = HashSet::new();
        for count in [1, 1, 15, 2, 16, 1, 10, 3, 1, 1].into_iter().cycle().take(200) {
            let drawn = ticket_ids.draw(count);
            assert_eq!(drawn.len(), count);
            assert!(drawn.iter().all(|id| seen.insert(*id)), "drawn before");
        }
        for count in [17, 100, 10_000, 10_000] {
            assert!(BookingIds::default().all(count).into_iter().all(|id| seen.insert(id)), "drawn before");
        }
    }

    #[test]
    fn a_large_booking_is_drawn_again_in_pieces_of_any_size() {
        for piece in [1, 3, 128, 10_000] {
            let mut draw = BookingIds::default();
            let first = draw.all(10_000);
            let mut again = vec![[0; 16]; 10_000];
            again.chunks_mut(piece).for_each(|ids| draw.fill(ids));
            assert!(first == again, "another ticket in pieces of {piece}");
        }
    }

    #[test]
    fn event_ids_are_uuids_of_version_4() {
        let id: Uuid = event_id().parse().unwrap();
        assert_eq!(id.get_version_num(), 4);
    }
}
