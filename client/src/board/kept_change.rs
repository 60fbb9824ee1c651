//! Changes as they came from the server.

use bookline_protocol::reply::ChangeBody;

/// A `CHANGE` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptChange {
    /// The sequence number of its commit.
    pub sequence: u64,
    /// The object.
    pub json: String,
}

impl KeptChange {
    /// The change. `None` if it is none of this version of the protocol.
    pub fn body(&self) -> Option<ChangeBody<'_>> {
        serde_json::from_str(&self.json).ok()
    }
}
