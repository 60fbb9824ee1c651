//! Ids that nobody can guess: a ticket's id is all that its owner has to show.

use rand::Rng;

/// So many ids are drawn at a time: the generator is fetched once for all of them. 256 bytes a connection.
const AHEAD: usize = 16;

/// Ticket ids, drawn a few ahead of their use.
#[derive(Debug, Default)]
pub struct Mint {
    drawn: Vec<[u8; 16]>,
    /// The first so many were not given out yet.
    left: usize,
}

impl Mint {
    /// `count` ids that nobody has seen, to be stamped: UUIDs of version 8, of which all bits but the first 16, which
    /// [`stamp`] sets, come from a cryptographic generator (ChaCha12, seeded by the system).
    pub fn draw(&mut self, count: u32) -> &mut [[u8; 16]] {
        let count = count as usize;
        if self.left < count {
            self.refill(count);
        }
        self.left -= count;
        &mut self.drawn[self.left..][..count]
    }

    /// Gives back what a large booking took.
    pub fn shrink(&mut self) {
        if self.drawn.len() > AHEAD {
            *self = Mint::default();
        }
    }

    fn refill(&mut self, count: usize) {
        self.left = count.max(AHEAD);
        self.drawn.resize(self.left, [0; 16]);
        rand::rng().fill_bytes(self.drawn.as_flattened_mut());
        for id in &mut self.drawn {
            id[6] = id[6] & 0x0f | 0x80;
            id[8] = id[8] & 0x3f | 0x80;
        }
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
        let mut mint = Mint::default();
        for id in mint.draw(100) {
            stamp(std::slice::from_mut(id), 0xbeef);
            let uuid = Uuid::from_bytes(*id);
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (8, uuid::Variant::RFC4122));
            assert_eq!(TicketId(*id).tag(), 0xbeef);
        }
    }

    #[test]
    fn no_ticket_is_drawn_twice_however_many_are_asked_for() {
        let mut mint = Mint::default();
        let mut seen = HashSet::new();
        for count in [1, 1, 15, 2, 16, 17, 1, 100, 30, 1, 1].into_iter().cycle().take(200) {
            let drawn = mint.draw(count);
            assert_eq!(drawn.len(), count as usize);
            assert!(drawn.iter().all(|id| seen.insert(*id)), "drawn before");
            if count == 100 {
                mint.shrink();
                assert!(mint.drawn.is_empty());
            }
        }
    }

    #[test]
    fn event_ids_are_uuids_of_version_4() {
        let id: Uuid = event_id().parse().unwrap();
        assert_eq!(id.get_version_num(), 4);
    }
}
