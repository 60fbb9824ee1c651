//! The final lines that several commands have.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The reply to PING and QUIT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyReply {}

/// The final line after rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountReply<'a> {
    /// The number of rows before this line.
    pub count: u64,
    /// The word for `after=`, if `limit=` ended the listing before its last row.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Cow<'a, str>>,
}

impl CountReply<'_> {
    /// The final line of a complete listing.
    pub const fn of(count: u64) -> Self {
        Self { count, next: None }
    }
}
