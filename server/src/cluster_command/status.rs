//! What a cluster says of itself.

use serde::Serialize;

use crate::cluster::{MemberInfo, SyncReport};
use crate::storage::replicated::nats::StreamReport;

/// What a cluster says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub cluster: String,
    /// Whether all is as it should be.
    pub ok: bool,
    pub problems: Vec<String>,
    pub members: Vec<MemberStatus>,
    pub stream: Option<StreamReport>,
    pub sync: SyncReport,
}

/// What a member says of itself, and how far it is behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberStatus {
    #[serde(flatten)]
    pub info: MemberInfo,
    /// The messages of the stream that it had not applied.
    pub lag: u64,
}

impl Status {
    /// The status, before it is known what is wrong.
    pub fn new(
        cluster: String,
        members: Vec<MemberInfo>,
        stream: Option<StreamReport>,
        sync: SyncReport,
    ) -> Self {
        let last = stream.as_ref().map_or(0, |stream| stream.last);
        let member = |info: MemberInfo| MemberStatus { lag: last.saturating_sub(info.applied), info };
        let members = members.into_iter().map(member).collect();
        Self { cluster, ok: true, problems: Vec::new(), members, stream, sync }
    }

    /// Notes what is wrong.
    pub fn judged(self, problems: Vec<String>) -> Self {
        Self { ok: problems.is_empty(), problems, ..self }
    }
}
