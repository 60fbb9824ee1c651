//! The roles of accounts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What an account may do. Each role may do all that those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees events.
    Viewer,
    /// Checks tickets in.
    Door,
    /// Books and holds tickets.
    Seller,
    /// Creates events, and has everyone's calendar.
    Organizer,
    /// Has the accounts and the server.
    Admin,
}

/// Why a text is not a role. The message continues a sentence that begins with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a role, which are viewer, door, seller, organizer and admin")]
pub struct RoleError;

impl Role {
    /// All roles, in ascending order.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Door, Self::Seller, Self::Organizer, Self::Admin];

    /// The role as written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Door => "door",
            Self::Seller => "seller",
            Self::Organizer => "organizer",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// In lower case, as it is written.
impl FromStr for Role {
    type Err = RoleError;

    fn from_str(word: &str) -> Result<Self, RoleError> {
        Self::ALL.into_iter().find(|role| role.as_str() == word).ok_or(RoleError)
    }
}
