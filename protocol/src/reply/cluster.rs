//! What a server says of its cluster in the replies to HELLO and STATS.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What a server says of its cluster. A server without a cluster sends nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterReply<'a> {
    /// The name of the cluster.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// What the server is in it.
    pub role: ClusterRole,
    /// The number of the last leadership that it knows of.
    pub term: u64,
    /// The leader as `host:port`, if it is known.
    #[serde(borrow, default)]
    pub leader: Option<Cow<'a, str>>,
}

/// What a server is in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClusterRole {
    /// It answers all requests.
    Leader,
    /// It follows the leader, and may become it.
    Standby,
    /// One of a later version.
    #[serde(other)]
    Other,
}
