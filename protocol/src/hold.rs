//! Holds: their ids and their status.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::tagged_id::impl_tagged_id;

/// The id of a hold: a UUID of version 8. Its first 16 bits are the tag of its event
/// ([`crate::event_tag`]), and its other free bits are random.
///
/// Whoever knows the id can buy the tickets of the hold, so it must not be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct HoldId(pub [u8; 16]);

/// The text is not a hold id. The message continues a sentence that begins with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "is not a hold id: write it as HOLD gave it, 36 characters as in 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"
)]
pub struct HoldIdError;

impl_tagged_id!(HoldId, HoldIdError);

/// The status of a hold. All but the first are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldStatus {
    /// Its tickets are put aside until its deadline.
    Held,
    /// Its tickets were sold.
    Confirmed,
    /// Its tickets were given back before its deadline.
    Released,
    /// Its deadline has passed.
    Expired,
}

impl HoldStatus {
    /// The status as written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}
