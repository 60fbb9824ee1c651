//! A phase of a run: which requests to send over the connections, and what to do with the replies.

use crate::bookings::Booking;
use crate::error::Error;
use crate::holds::OpenHold;

/// Nanoseconds since the driver was created.
pub type Nanos = u64;

/// A request without a reply, with the data that its reply is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// HELLO.
    Hello,
    /// STATS.
    Stats,
    /// CREATE of the event with this number.
    Create(u32),
    /// GET of the event with this number.
    Event(u32),
    /// BOOK of the event with this number.
    Book(u32),
    /// CANCEL of a booking.
    Cancel(Booking),
    /// HOLD of the event with this number.
    Hold(u32),
    /// CONFIRM, EXTEND or RELEASE.
    HoldStep(OpenHold),
    /// HOLD that shows the ended hold at this index of the ledger.
    EndedHold(usize),
    /// DELETE of the event with this number.
    Delete(u32),
    /// BLOCK, MEET or DELETE: the calendar step with this number.
    Calendar(u64),
    /// GET of a day.
    Day,
    /// TICKET of the ticket at this index of the ledger.
    Ticket(usize),
    /// GET of a day: the index of the check that it belongs to.
    Entry(usize),
}

impl Pending {
    /// Whether the request changes what the server has.
    #[inline]
    pub const fn is_change(self) -> bool {
        match self {
            Self::Create(_)
            | Self::Book(_)
            | Self::Cancel(_)
            | Self::Hold(_)
            | Self::HoldStep(_)
            | Self::Delete(_)
            | Self::Calendar(_) => true,
            Self::Hello
            | Self::Stats
            | Self::Event(_)
            | Self::EndedHold(_)
            | Self::Day
            | Self::Ticket(_)
            | Self::Entry(_) => false,
        }
    }
}

/// Connections are numbered from 0. The replies of a connection come in the order of its requests.
pub trait Phase {
    /// Passes the time before each batch of replies, and at least every `driver::TICK`.
    fn on_time(&mut self, _now: Nanos) {}

    /// Appends the connection's next request with its line feed, or returns `None` when there is none. It is
    /// asked again once for each further reply over the connection.
    fn next_request(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Pending>;

    /// Takes the final line of a reply, without its line feed.
    ///
    /// # Errors
    ///
    /// An error ends the phase.
    fn on_reply(&mut self, request: Pending, line: &[u8]) -> Result<(), Error>;

    /// Passes the time at which `replies` requests were sent, and the time at which their replies arrived.
    fn on_latency(&mut self, _sent: Nanos, _now: Nanos, _replies: u64) {}
}
