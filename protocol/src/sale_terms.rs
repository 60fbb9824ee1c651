//! The terms on which the tickets of an event are sold.

use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::BOOKING_TICKETS_MAX;
use crate::number::parse_digits;

/// Whether tickets are on sale, and how many one booking may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaleTerms {
    /// Whether tickets are on sale.
    pub sales: Sales,
    /// The limit of one booking.
    pub max_per_booking: MaxPerBooking,
}

/// Whether tickets are on sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sales {
    /// Tickets can be booked, as long as there are any.
    #[default]
    Open,
    /// No tickets can be booked.
    Closed,
}

/// The word is not one of [`Sales`]. The message continues a sentence that begins with the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is neither open nor closed: write one of the two")]
pub struct SalesError;

impl Sales {
    /// The word as written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for Sales {
    type Err = SalesError;

    fn from_str(word: &str) -> Result<Self, SalesError> {
        match word {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            _ => Err(SalesError),
        }
    }
}

/// The most tickets that one booking may have: a number from 1 to [`BOOKING_TICKETS_MAX`], or none, so that
/// [`BOOKING_TICKETS_MAX`] alone limits a booking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaxPerBooking(Option<NonZeroU32>);

/// The word is not a [`MaxPerBooking`]. The message continues a sentence that begins with the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is neither none nor a whole number from 1 to {BOOKING_TICKETS_MAX} in digits only")]
pub struct MaxPerBookingError;

impl MaxPerBooking {
    /// A limit, or `None` for a number that is not from 1 to [`BOOKING_TICKETS_MAX`].
    pub fn new(tickets: u32) -> Option<Self> {
        let tickets = NonZeroU32::new(tickets).filter(|tickets| tickets.get() <= BOOKING_TICKETS_MAX)?;
        Some(Self(Some(tickets)))
    }

    /// The limit, if there is one.
    #[inline]
    pub fn get(self) -> Option<u32> {
        self.0.map(NonZeroU32::get)
    }
}

impl FromStr for MaxPerBooking {
    type Err = MaxPerBookingError;

    fn from_str(word: &str) -> Result<Self, MaxPerBookingError> {
        if word == "none" {
            return Ok(Self::default());
        }
        parse_digits(word.as_bytes()).and_then(Self::new).ok_or(MaxPerBookingError)
    }
}
