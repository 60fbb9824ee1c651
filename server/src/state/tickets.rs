//! The tickets of an event.

use bookline_protocol::TicketStatus;

use super::name_bytes::name_bytes;
use crate::collections::chunked_vec::ChunkedVec;
use crate::domain::{Contradiction, TicketState};

/// The tickets of an event that were issued here, in the order of issue. A ticket is found by its position,
/// and keeps it: cancelled tickets stay until their event is deleted.
#[derive(Debug, Default)]
pub struct Tickets {
    tickets: ChunkedVec<Ticket>,
    /// The names of attendees, in the order of their tickets, without gaps or overlaps that would matter: a
    /// ticket without a name is in none.
    names: ChunkedVec<NamedTickets>,
    /// Bytes of memory of all names.
    name_bytes: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    pub id: [u8; 16],
    pub state: TicketState,
}

const _: () = assert!(size_of::<Ticket>() == 24);

/// Neighboring tickets with the same name, as of one booking.
#[derive(Debug)]
struct NamedTickets {
    first: u32,
    /// The position after the last.
    end: u32,
    name: Box<str>,
}

impl Tickets {
    #[inline]
    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    pub fn name_bytes(&self) -> u64 {
        self.name_bytes
    }

    pub fn get(&self, position: u32) -> Option<&Ticket> {
        self.tickets.get(position as usize)
    }

    /// The name behind `for=`.
    pub fn attendee(&self, position: u32) -> Option<&str> {
        let after = self.names.partition_point(|named| named.first <= position);
        let named = self.names.get(after.checked_sub(1)?)?;
        (position < named.end).then_some(&*named.name)
    }

    /// The bytes that the next tickets add to the names: none if they continue those of the same attendee.
    pub fn added_name_bytes(&self, attendee: &str) -> u64 {
        if self.continues(attendee) { 0 } else { name_bytes(attendee) }
    }

    /// Whether the last ticket has this name.
    fn continues(&self, attendee: &str) -> bool {
        self.names.last().is_some_and(|last| last.end as usize == self.len() && *last.name == *attendee)
    }

    /// Names the next `count` tickets. Returns the added bytes.
    pub fn name_next(&mut self, attendee: &str, count: u32) -> u64 {
        let added = self.added_name_bytes(attendee);
        if attendee.is_empty() {
            return added;
        }
        let first = self.next_position();
        match self.names.last_mut() {
            Some(last) if added == 0 => last.end += count,
            _ => {
                self.names.push(NamedTickets { first, end: first + count, name: attendee.into() });
            }
        }
        self.name_bytes += added;
        added
    }

    pub fn next_position(&self) -> u32 {
        position(self.len())
    }

    /// Adds a ticket, and returns its position.
    #[inline]
    pub fn push(&mut self, ticket: Ticket) -> u32 {
        position(self.tickets.push(ticket))
    }

    /// Sets the state of a ticket that has the status `from`.
    pub fn set_state(
        &mut self,
        position: u32,
        from: TicketStatus,
        state: TicketState,
    ) -> Result<(), Contradiction> {
        let ticket = &mut self.tickets[position as usize];
        let status = ticket.state.status();
        if status != from {
            return Err(Contradiction(format!(
                "a ticket that is {} becomes {}",
                status.as_str(),
                state.status().as_str()
            )));
        }
        ticket.state = state;
        Ok(())
    }

    /// Removes the last ticket, and its name if no other ticket has it.
    pub fn pop(&mut self) -> Option<Ticket> {
        let ticket = self.tickets.pop()?;
        if self.names.last().is_some_and(|named| named.first as usize == self.len()) {
            self.names.pop();
        }
        Some(ticket)
    }
}

#[inline]
fn position(index: usize) -> u32 {
    u32::try_from(index).expect("2^32 tickets exceed any memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue(tickets: &mut Tickets, attendee: &str, count: u32) -> u64 {
        let added = tickets.name_next(attendee, count);
        for _ in 0..count {
            tickets.push(Ticket { id: [7; 16], state: TicketState::new(TicketStatus::Booked, Some(1)) });
        }
        added
    }

    #[test]
    fn tickets_keep_the_name_of_their_booking() {
        let mut tickets = Tickets::default();
        let bookings = [("", 2), ("Ada", 2), ("Ada", 1), ("", 1), ("Ada", 1), ("Grace", 3)];
        let added = bookings.map(|(name, count)| issue(&mut tickets, name, count));
        let (ada, grace) = (name_bytes("Ada"), name_bytes("Grace"));
        assert_eq!(added, [0, ada, 0, 0, ada, grace]);
        let name_at = |position| tickets.attendee(position).unwrap_or_default().to_owned();
        let names: Vec<_> = (0..=10).map(name_at).collect();
        assert_eq!(names, ["", "", "Ada", "Ada", "Ada", "", "Ada", "Grace", "Grace", "Grace", ""]);
        assert_eq!(tickets.name_bytes(), 2 * ada + grace);
        for left in (0..10).rev() {
            assert!(tickets.pop().is_some());
            let named = (0..=10).filter(|position| tickets.attendee(*position).is_some()).count();
            assert!(named >= names[..left].iter().filter(|name| !name.is_empty()).count());
        }
        assert!(tickets.pop().is_none() && tickets.names.is_empty());
    }
}
