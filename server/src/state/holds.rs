//! The holds of an event.

use std::collections::BTreeSet;

use super::name_bytes::name_bytes;
use crate::collections::chunked_vec::ChunkedVec;
use crate::domain::Contradiction;
use crate::domain::hold::{EndedHold, Hold, HoldState};

/// The holds of an event: the active ones, and those that ended and are remembered. A hold is found by its
/// position, and keeps it.
#[derive(Debug, Default)]
pub struct Holds {
    places: ChunkedVec<Place>,
    /// The first free place. Each names the next.
    free: Option<u32>,
    /// The active holds, earliest deadline first. A B-tree grows by one node at a time.
    active: BTreeSet<(i64, u32)>,
    /// The number of holds that ended.
    ended: u64,
    /// Bytes of memory of the names of attendees of active holds.
    name_bytes: u64,
}

#[derive(Debug)]
enum Place {
    Used(StoredHold),
    Free { next: Option<u32> },
}

#[derive(Debug)]
pub struct StoredHold {
    pub id: [u8; 16],
    pub hold: Hold,
    /// The name behind `for=`, or nothing. A hold that ended has none.
    pub attendee: Box<str>,
}

impl Holds {
    /// The number of active holds.
    pub fn active_count(&self) -> u64 {
        self.active.len() as u64
    }

    pub fn ended_count(&self) -> u64 {
        self.ended
    }

    pub fn name_bytes(&self) -> u64 {
        self.name_bytes
    }

    pub fn get(&self, position: u32) -> Option<&StoredHold> {
        match self.places.get(position as usize)? {
            Place::Used(stored) => Some(stored),
            Place::Free { .. } => None,
        }
    }

    /// The earliest deadline of an active hold.
    pub fn earliest_deadline(&self) -> Option<i64> {
        self.active.first().map(|&(deadline, _)| deadline)
    }

    /// The latest deadline of an active hold.
    pub fn latest_deadline(&self) -> Option<i64> {
        self.active.last().map(|&(deadline, _)| deadline)
    }

    /// The active holds whose deadline is not after `now`, earliest first.
    pub fn due(&self, now: i64) -> impl Iterator<Item = &StoredHold> {
        let due = self.active.iter().take_while(move |(deadline, _)| *deadline <= now);
        due.filter_map(|&(_, position)| self.get(position))
    }

    /// Adds a hold, and returns its position.
    pub fn insert(&mut self, stored: StoredHold) -> u32 {
        let Hold { deadline, state, .. } = stored.hold;
        self.name_bytes += name_bytes(&stored.attendee);
        let position = self.place(stored);
        match state {
            HoldState::Active => {
                self.active.insert((deadline, position));
            }
            HoldState::Ended(_) => self.ended += 1,
        }
        position
    }

    fn place(&mut self, stored: StoredHold) -> u32 {
        let Some(position) = self.free else {
            let index = self.places.push(Place::Used(stored));
            return u32::try_from(index).expect("2^32 holds exceed any memory");
        };
        let place = &mut self.places[position as usize];
        if let Place::Free { next } = place {
            self.free = *next;
        }
        *place = Place::Used(stored);
        position
    }

    /// Sets the deadline of an active hold. Returns its tickets.
    pub fn extend(&mut self, position: u32, deadline: i64) -> Result<u32, Contradiction> {
        let stored = active(&mut self.places, position)?;
        self.active.remove(&(stored.hold.deadline, position));
        self.active.insert((deadline, position));
        stored.hold.deadline = deadline;
        Ok(stored.hold.tickets)
    }

    /// Ends an active hold, and forgets its attendee. Returns the tickets that it held, and the bytes of the
    /// name.
    pub fn end(&mut self, position: u32, ended: EndedHold) -> Result<(u32, u64), Contradiction> {
        let stored = active(&mut self.places, position)?;
        self.active.remove(&(stored.hold.deadline, position));
        stored.hold.state = HoldState::Ended(ended);
        let name_bytes = name_bytes(&std::mem::take(&mut stored.attendee));
        self.ended += 1;
        self.name_bytes -= name_bytes;
        Ok((stored.hold.tickets, name_bytes))
    }

    /// Removes a hold that ended. Returns when.
    pub fn forget(&mut self, position: u32) -> Result<EndedHold, Contradiction> {
        match self.get(position).map(|stored| stored.hold.state) {
            Some(HoldState::Ended(ended)) => {
                self.places[position as usize] = Place::Free { next: self.free };
                self.free = Some(position);
                self.ended -= 1;
                Ok(ended)
            }
            _ => Err(Contradiction("a hold is forgotten and has not ended".into())),
        }
    }

    /// Takes one of the holds of an event that was deleted, or frees other memory of it. `None` if nothing is
    /// left.
    pub fn dismantle(&mut self) -> Option<Dismantled> {
        if self.active.pop_first().is_some() {
            return Some(Dismantled::Memory);
        }
        match self.places.pop()? {
            Place::Used(stored) => {
                let position = self.places.len() as u32;
                Some(Dismantled::Hold(position, stored))
            }
            Place::Free { .. } => Some(Dismantled::Memory),
        }
    }
}

/// What [`Holds::dismantle`] took.
#[derive(Debug)]
pub enum Dismantled {
    /// A hold, from this position.
    Hold(u32, StoredHold),
    Memory,
}

fn active(places: &mut ChunkedVec<Place>, position: u32) -> Result<&mut StoredHold, Contradiction> {
    match &mut places[position as usize] {
        Place::Used(stored) if stored.hold.state == HoldState::Active => Ok(stored),
        _ => Err(Contradiction("a hold is ended or extended and has ended before".into())),
    }
}
