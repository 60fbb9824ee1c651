//! Whether the NATS servers sync before they acknowledge.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether the NATS servers sync before they acknowledge, as their monitoring ports say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncReport {
    pub state: SyncState,
    /// The servers that do not.
    pub late: Vec<String>,
    /// The monitoring ports that do not answer.
    pub silent: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncState {
    /// All that answer do.
    Always,
    /// Some do not.
    NotAlways,
    /// Nobody was asked, or nobody has answered.
    #[default]
    #[serde(other)]
    Unchecked,
}

/// As in `not always: n1; no answer: http://c:8222`.
impl fmt::Display for SyncReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            SyncState::Always => write!(f, "always")?,
            SyncState::NotAlways => write!(f, "not always: {}", self.late.join(", "))?,
            SyncState::Unchecked => write!(f, "unchecked")?,
        }
        match self.silent[..] {
            [] => Ok(()),
            _ => write!(f, "; no answer: {}", self.silent.join(", ")),
        }
    }
}
