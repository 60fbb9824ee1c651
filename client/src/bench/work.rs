//! What is to be done over the connections: what to ask next, and what to make of the answer.

use super::failure::Failure;

/// Nanoseconds since the driver was made.
pub type Nanos = u64;

/// What was asked, as far as the answer cannot be judged without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// HELLO
    Hello,
    /// STATS
    Stats,
    /// CREATE of the event of this number.
    Create(u32),
    /// GET of the event of this number.
    Event(u32),
    /// BOOK of the event of this number.
    Book(u32),
    /// BLOCK, MEET or DELETE: the step of the calendar of this number.
    Calendar(u64),
    /// GET of a day.
    Day,
    /// TICKET: the one at this place in the ledger.
    Ticket(usize),
    /// GET of a day: what is expected stands at this place.
    Entry(usize),
}

/// Something to do. Connections are numbered from 0; replies come in the order of the requests of their connection.
pub trait Work {
    /// Tells the time: before each batch of replies, and every now and then when there are none.
    fn now(&mut self, _now: Nanos) {}

    /// Appends the connection's next request, line feed included. Nothing when there is none and will be none.
    fn ask(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Asked>;

    /// Takes the final line of a reply, without its line feed. A failure ends everything.
    fn hear(&mut self, asked: Asked, line: &[u8]) -> Result<(), Failure>;

    /// Takes the times of so many replies, heard just now.
    fn time(&mut self, _sent: Nanos, _now: Nanos, _replies: u64) {}
}
