//! Why the state makes no change.

use bookline_protocol::period::PeriodError;
use bookline_protocol::{Period, TicketId};

use super::limits::Full;
use crate::domain::hold::HoldRejection;
use crate::domain::{BelowSold, Busy, FreeingRejection, SaleRejection, TicketState, TooLarge};
use crate::storage::log::AppendError;

/// Why the state makes no change. Nothing has changed. `R` is the rejections that the operation has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error<R> {
    /// A rule rejects the request.
    Rejected(R),
    /// The change would exceed a limit of the state.
    Full(Full),
    /// The change would exceed a limit of one change.
    TooLarge(TooLarge),
    /// The log does not take the change.
    Append(AppendError),
    /// There is no memory for the reply.
    NoShare(NoShare),
}

/// No share of the buffers for so many bytes is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoShare(pub usize);

impl<R> From<Full> for Error<R> {
    fn from(full: Full) -> Self {
        Self::Full(full)
    }
}

impl<R> From<TooLarge> for Error<R> {
    fn from(too_large: TooLarge) -> Self {
        Self::TooLarge(too_large)
    }
}

impl<R> From<AppendError> for Error<R> {
    fn from(append_error: AppendError) -> Self {
        Self::Append(append_error)
    }
}

impl<R> From<NoShare> for Error<R> {
    fn from(no_share: NoShare) -> Self {
        Self::NoShare(no_share)
    }
}

/// Rejections that `?` turns into an error.
macro_rules! rejections {
    ($($rejection:ty),*) => {
        $(impl From<$rejection> for Error<$rejection> {
            fn from(rejection: $rejection) -> Self {
                Self::Rejected(rejection)
            }
        })*
    };
}

rejections!(
    FreeingRejection,
    BookingRejection,
    BookingsRejection,
    UpdateRejection,
    HoldingRejection,
    CancellationRejection,
    CheckInRejection,
    DeletionRejection,
    AccountRejection
);

impl From<SaleRejection> for BookingRejection {
    fn from(rejection: SaleRejection) -> Self {
        Self::Sale(rejection)
    }
}

impl From<HoldRejection> for HoldingRejection {
    fn from(rejection: HoldRejection) -> Self {
        Self::Hold(rejection)
    }
}

impl From<HoldRejection> for Error<HoldingRejection> {
    fn from(rejection: HoldRejection) -> Self {
        Self::Rejected(rejection.into())
    }
}

impl From<BelowSold> for Error<UpdateRejection> {
    fn from(rejection: BelowSold) -> Self {
        Self::Rejected(UpdateRejection::BelowSold(rejection))
    }
}

impl From<FreeingRejection> for Error<ReplacementRejection> {
    fn from(rejection: FreeingRejection) -> Self {
        Self::Rejected(ReplacementRejection::Freeing(rejection))
    }
}

impl From<PeriodError> for Error<ReplacementRejection> {
    fn from(error: PeriodError) -> Self {
        Self::Rejected(ReplacementRejection::Period(error))
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
    BelowSold(BelowSold),
}

/// The place of LIMIT in the order of refusals of a booking.
const LIMIT_ORDER: u8 = 2;

impl BookingRejection {
    /// Its place in the order of refusals.
    pub(super) fn order(&self) -> u8 {
        match self {
            Self::NoSuchEvent => 0,
            Self::Sale(SaleRejection::Closed) => 1,
            Self::Sale(SaleRejection::AboveLimit(_)) => LIMIT_ORDER,
            Self::Sale(SaleRejection::SoldOut(_)) => 3,
        }
    }
}

/// Why bookings of several events are rejected: for the first reason in the order of refusals, and of equals
/// for that of the first booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingsRejection {
    /// The booking with this index is rejected.
    Booking { index: usize, rejection: BookingRejection },
    /// The request has a key, and more tickets than such a request may have.
    TooManyTickets { requested: u64 },
}

impl BookingsRejection {
    /// Its place in the order of refusals.
    pub(super) fn order(&self) -> u8 {
        match self {
            Self::Booking { rejection, .. } => rejection.order(),
            Self::TooManyTickets { .. } => LIMIT_ORDER,
        }
    }
}

/// Why a hold is not confirmed, extended, released or shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldingRejection {
    NoSuchHold,
    Hold(HoldRejection),
}

/// Why tickets are not cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancellationRejection {
    /// There are no such tickets.
    Unknown(Vec<TicketId>),
    /// They were cancelled before, or are checked in.
    NotBooked(Vec<TicketId>),
}

/// Why a ticket is not checked in, or a check-in is not taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckInRejection {
    NoSuchTicket,
    /// The state of the ticket does not allow it.
    State(TicketState),
}

/// Why an event is not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionRejection {
    NoSuchEvent,
    /// It has valid tickets, or active holds.
    Sold {
        tickets: u32,
        holds: u32,
    },
}

/// Why an entry is not replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplacementRejection {
    /// The old entry may not be freed.
    Freeing(FreeingRejection),
    /// The new entry would be outside of the dates.
    Period(PeriodError),
    /// Some people of the new entries are busy. There would be so many, and the one that the request has
    /// named would have this period.
    Busy { period: Period, occurrences: usize, busy: Busy },
}

/// Why an account is not added, set or dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountRejection {
    NameTaken,
    NoSuchAccount,
    /// Nobody could add accounts any more.
    LastAdmin,
    /// The account that asks for it is not an admin any more.
    NoAdmin,
}
