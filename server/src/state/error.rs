//! Why the state makes no change.

use super::limits::Full;
use crate::domain::{BelowIssued, Busy, FreeingRejection, SaleRejection};
use crate::storage::log::AppendError;

/// Why the state makes no change. Nothing has changed. `R` is the rejections that the operation has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error<R> {
    /// A rule rejects the request.
    Rejected(R),
    /// The change would exceed a limit.
    Full(Full),
    /// The log does not take the change.
    Append(AppendError),
}

impl<R> From<Full> for Error<R> {
    fn from(full: Full) -> Self {
        Self::Full(full)
    }
}

impl<R> From<AppendError> for Error<R> {
    fn from(append_error: AppendError) -> Self {
        Self::Append(append_error)
    }
}

impl From<FreeingRejection> for Error<FreeingRejection> {
    fn from(rejection: FreeingRejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<BookingRejection> for Error<BookingRejection> {
    fn from(rejection: BookingRejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<SaleRejection> for BookingRejection {
    fn from(rejection: SaleRejection) -> Self {
        Self::Sale(rejection)
    }
}

impl From<BookingsRejection> for Error<BookingsRejection> {
    fn from(rejection: BookingsRejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<UpdateRejection> for Error<UpdateRejection> {
    fn from(rejection: UpdateRejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<BelowIssued> for Error<UpdateRejection> {
    fn from(rejection: BelowIssued) -> Self {
        Self::Rejected(UpdateRejection::BelowIssued(rejection))
    }
}

impl<E> From<FreeingRejection> for Error<ReplacementRejection<E>> {
    fn from(rejection: FreeingRejection) -> Self {
        Self::Rejected(ReplacementRejection::Freeing(rejection))
    }
}

/// An event with this id exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdTaken;

/// Why a booking is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingRejection {
    NoSuchEvent,
    Sale(SaleRejection),
}

/// Why an event is not updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateRejection {
    NoSuchEvent,
    BelowIssued(BelowIssued),
}

impl BookingRejection {
    /// Its place in the order of refusals.
    pub(super) fn order(&self) -> u8 {
        match self {
            Self::NoSuchEvent => 0,
            Self::Sale(SaleRejection::Closed) => 1,
            Self::Sale(SaleRejection::AboveLimit(_)) => 2,
            Self::Sale(SaleRejection::SoldOut(_)) => 3,
        }
    }
}

/// Why bookings of several events are rejected: for the first rejection in the order of refusals, and of
/// equals for that of the first booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingsRejection {
    /// The index of the booking.
    pub index: usize,
    pub rejection: BookingRejection,
}

/// Why an entry is not replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplacementRejection<E> {
    /// The old entry may not be freed.
    Freeing(FreeingRejection),
    /// Some people of the new entry are busy.
    Busy(Busy),
    /// The caller does not accept the old entry.
    NotAccepted(E),
}
