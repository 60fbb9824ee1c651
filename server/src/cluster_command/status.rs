//! What a cluster says of itself.

use serde::Serialize;

use crate::cluster::{MemberInfo, SyncReport};
use crate::storage::replicated::nats::StreamReport;
use crate::storage::replicated::snapshot::Listed;

/// What a cluster says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub cluster: String,
    /// Whether all is as it should be.
    pub ok: bool,
    pub problems: Vec<String>,
    pub members: Vec<MemberStatus>,
    pub stream: Option<StreamReport>,
    /// The newest first.
    pub snapshots: Vec<SnapshotStatus>,
    pub sync: SyncReport,
}

/// A snapshot in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SnapshotStatus {
    /// The last message of the stream that it holds.
    pub message: u64,
    /// The last commit.
    pub commit: u64,
    pub bytes: u64,
    pub maker: String,
    /// The member that has made the same one. It counts only then.
    pub confirmed_by: Option<String>,
}

impl From<Listed> for SnapshotStatus {
    fn from(Listed { info, confirmed_by }: Listed) -> Self {
        let (message, commit, bytes, maker) = (info.message, info.commit, info.bytes, info.maker);
        Self { message, commit, bytes, maker, confirmed_by }
    }
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
        snapshots: Vec<Listed>,
        sync: SyncReport,
    ) -> Self {
        let last = stream.as_ref().map_or(0, |stream| stream.last);
        let member = |info: MemberInfo| MemberStatus { lag: last.saturating_sub(info.applied), info };
        let members = members.into_iter().map(member).collect();
        let snapshots = snapshots.into_iter().map(Into::into).collect();
        Self { cluster, ok: true, problems: Vec::new(), members, stream, snapshots, sync }
    }

    /// Notes what is wrong.
    pub fn judged(self, problems: Vec<String>) -> Self {
        Self { ok: problems.is_empty(), problems, ..self }
    }
}
