//! Ids that nobody can guess: a ticket's id is all that its owner has to show.

use rand::Rng;

/// Draws `count` ticket ids into `tickets`, which is emptied first: UUIDs of version 8, of which all bits but the first
/// 16, which [`stamp`] sets, come from a cryptographic generator (ChaCha12, seeded by the system).
pub fn draw_tickets(tickets: &mut Vec<[u8; 16]>, count: u32) {
    tickets.clear();
    tickets.resize(count as usize, [0; 16]);
    rand::rng().fill_bytes(tickets.as_flattened_mut());
    for id in tickets {
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
    use bookline_protocol::TicketId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn tickets_are_uuids_of_version_8_that_begin_with_the_tag() {
        let mut tickets = vec![[1; 16]];
        draw_tickets(&mut tickets, 100);
        stamp(&mut tickets, 0xbeef);
        assert_eq!(tickets.len(), 100);
        for id in &tickets {
            let uuid = Uuid::from_bytes(*id);
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (8, uuid::Variant::RFC4122));
            assert_eq!(TicketId(*id).tag(), 0xbeef);
        }
        tickets.sort_unstable();
        tickets.dedup();
        assert_eq!(tickets.len(), 100);
    }

    #[test]
    fn event_ids_are_uuids_of_version_4() {
        let id: Uuid = event_id().parse().unwrap();
        assert_eq!(id.get_version_num(), 4);
    }
}
