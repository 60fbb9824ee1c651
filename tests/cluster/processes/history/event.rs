//! The tickets of an event that are left.

use super::operation::Register;

/// The number of available tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Available(pub u64);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EventRequest {
    Book(u64),
    /// Of so many tickets that are booked. Their client cancels each once.
    Cancel(u64),
    Read,
}

#[derive(Debug, Clone, PartialEq)]
pub enum EventReply {
    /// So many are left, after the change or at the read.
    Left(u64),
    /// So many are left, fewer than asked for.
    SoldOut(u64),
}

impl Register for Available {
    type Request = EventRequest;
    type Reply = EventReply;

    fn answered(&self, request: &EventRequest, reply: &EventReply) -> Option<Self> {
        let (after, is_right) = match (request, reply) {
            (EventRequest::Book(count), EventReply::SoldOut(left)) => {
                (*self, *left < *count && *left == self.0)
            }
            (EventRequest::Book(count), EventReply::Left(left)) => {
                let after = Self(self.0.checked_sub(*count)?);
                (after, *left == after.0)
            }
            (EventRequest::Cancel(count), EventReply::Left(left)) => {
                (Self(self.0 + count), *left == self.0 + count)
            }
            (EventRequest::Read, EventReply::Left(left)) => (*self, *left == self.0),
            (_, EventReply::SoldOut(_)) => return None,
        };
        is_right.then_some(after)
    }

    fn executed(&self, request: &EventRequest) -> Self {
        match request {
            EventRequest::Book(count) => self.0.checked_sub(*count).map_or(*self, Self),
            EventRequest::Cancel(count) => Self(self.0 + count),
            EventRequest::Read => *self,
        }
    }
}
