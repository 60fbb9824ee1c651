//! Replies that are written in chunks, so that none holds a lock or fills a buffer for long.

use super::chunk_status::ChunkStatus;
use super::day::ChunkedDay;
use super::large_booking::ChunkedBooking;
use super::listing::ChunkedListing;
use super::month::ChunkedMonth;
use super::service::Service;
use super::turn_context::TurnContext;

/// An unfinished reply. The variants are boxed because most connections have none.
#[derive(Debug)]
pub enum ChunkedReply {
    Listing(Box<ChunkedListing>),
    Month(Box<ChunkedMonth>),
    Day(Box<ChunkedDay>),
    Booking(Box<ChunkedBooking>),
}

impl ChunkedReply {
    /// Writes until the reply buffer has `bytes_target` bytes or the turn is over.
    pub fn write(
        &mut self,
        service: &Service,
        context: &mut TurnContext,
        bytes_target: usize,
    ) -> ChunkStatus {
        match self {
            Self::Listing(listing) => listing.write(service, context, bytes_target),
            Self::Month(month) => month.write(service, context, bytes_target),
            Self::Day(day) => day.write(context, bytes_target),
            Self::Booking(booking) => booking.write(context, bytes_target),
        }
    }
}
