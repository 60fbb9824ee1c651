//! Replies that are written a piece at a time: no lock and no buffer is ever held for all of one.

use super::answer::Answer;
use super::day::Day;
use super::listing::Listing;
use super::long_booking::Tickets;
use super::month::Month;
use super::progress::Progress;
use super::service::Service;

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

impl Pieces {
    /// Writes until the answer has `enough` bytes or the turn is over.
    pub fn write(&mut self, service: &Service, answer: &mut Answer, enough: usize) -> Progress {
        match self {
            Self::Listing(listing) => listing.write(service, answer, enough),
            Self::Month(month) => month.write(service, answer, enough),
            Self::Day(day) => day.write(answer, enough),
            Self::Tickets(tickets) => tickets.write(answer, enough),
        }
    }
}
