//! `booklined cluster status`: what a cluster says of itself.

use serde::Serialize;

use super::problems;
use crate::cluster::{CheckedNodes, MemberInfo, SyncReport, SyncState, ask_members};
use crate::storage::replicated::nats::{
    NatsClient, NatsError, NatsOptions, NatsStream, StreamReport, ask_all,
};

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
    /// Asks the members and NATS.
    ///
    /// # Errors
    ///
    /// [`NatsError`], if NATS does not answer.
    pub async fn ask(client: &NatsClient, options: &NatsOptions) -> Result<Self, NatsError> {
        let members = ask_members(client, &options.cluster).await?;
        // What it is to have is what most members were told. Each of them says if it was told something else.
        let replicas = members.iter().map(|member| member.replicas).max();
        let found = NatsStream::report(client, &with_replicas(options, replicas)).await?;
        let stream = match (found, replicas) {
            (Some(found), None) => {
                let options = with_replicas(options, Some(found.replicas_wanted));
                NatsStream::report(client, &options).await?
            }
            (found, _) => found,
        };
        // Once more, now that it is known how far the stream is.
        let members = ask_members(client, &options.cluster).await?;
        let sync = match options.monitors[..] {
            [] => sync_of(&members),
            _ => {
                let mut nodes = CheckedNodes::new(&options.monitors);
                nodes.note(ask_all(&options.monitors).await);
                nodes.sync()
            }
        };
        Ok(Self::new(options.cluster.to_string(), members, stream, sync))
    }

    pub fn new(
        cluster: String,
        members: Vec<MemberInfo>,
        stream: Option<StreamReport>,
        sync: SyncReport,
    ) -> Self {
        let last = stream.as_ref().map_or(0, |stream| stream.last);
        let member = |info: MemberInfo| MemberStatus { lag: last.saturating_sub(info.applied), info };
        let members = members.into_iter().map(member).collect();
        let mut status = Self { cluster, ok: false, problems: Vec::new(), members, stream, sync };
        status.problems = problems::of(&status);
        status.ok = status.problems.is_empty();
        status
    }
}

fn with_replicas(options: &NatsOptions, replicas: Option<usize>) -> NatsOptions {
    NatsOptions { replicas: replicas.unwrap_or(options.replicas), ..options.clone() }
}

/// What the members have found, the worst first.
fn sync_of(members: &[MemberInfo]) -> SyncReport {
    let with = |state| members.iter().map(|member| &member.sync).find(|sync| sync.state == state);
    with(SyncState::NotAlways).or_else(|| with(SyncState::Always)).cloned().unwrap_or_default()
}
