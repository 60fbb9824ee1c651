//! Replies that are written a piece at a time: no lock and no buffer is ever held for all of one.

use super::Service;
use super::answer::Answer;
use super::day::Day;
use super::listing::Listing;
use super::month::Month;
use super::tickets::Tickets;

/// Nothing longer is written at once. It is half of a connection's own buffer for replies: a turn ends when the other
/// half is full, so that both fit into it.
pub const AT_ONCE: usize = 32 << 10;

/// A reply of which more is to come. Boxed, as most connections have none.
#[derive(Debug)]
pub enum Pieces {
    /// GET: events.
    Listing(Box<Listing>),
    /// HOD: everybody's meetings of the month.
    Month(Box<Month>),
    /// GET of a large day.
    Day(Box<Day>),
    /// BOOK of many tickets.
    Tickets(Box<Tickets>),
}

/// How far a reply has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Its last line is written.
    Whole,
    /// The answer is full, or the turn is over.
    Part,
    /// It has to hold so many bytes of the state, for which no share was free.
    Share(usize),
}

impl Pieces {
    /// Writes until the answer has `enough` bytes or the turn is over.
    pub fn write(&mut self, service: &Service, answer: &mut Answer, enough: usize) -> Progress {
        match self {
            Pieces::Listing(listing) => listing.write(service, answer, enough),
            Pieces::Month(month) => month.write(service, answer, enough),
            Pieces::Day(day) => day.write(answer, enough),
            Pieces::Tickets(tickets) => tickets.write(answer, enough),
        }
    }
}
