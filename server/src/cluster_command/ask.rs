//! `booklined cluster status`: asks the members and NATS.

use super::problems;
use super::status::Status;
use crate::cluster::{CheckedNodes, MemberInfo, SyncReport, SyncState, ask_members};
use crate::storage::replicated::cluster_id::ClusterId;
use crate::storage::replicated::nats::{NatsClient, NatsOptions, NatsStream, SnapshotBucket, ask_all};

/// Asks the members and NATS.
///
/// # Errors
///
/// NATS does not answer.
pub(super) async fn ask(client: &NatsClient, options: &NatsOptions) -> anyhow::Result<Status> {
    let members = ask_members(client, &options.cluster).await?;
    // How many it is to have is what the members were told.
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
    let id = stream.as_ref().and_then(|stream| ClusterId::parse(stream.cluster_id.as_deref()?));
    let snapshots = SnapshotBucket::of(client, options, id).contents().await?.snapshots;
    let status = Status::new(options.cluster.to_string(), members, stream, snapshots, sync);
    let problems = problems::of(&status);
    Ok(status.judged(problems))
}

fn with_replicas(options: &NatsOptions, replicas: Option<usize>) -> NatsOptions {
    NatsOptions { replicas: replicas.unwrap_or(options.replicas), ..options.clone() }
}

/// What the members have found, the worst first.
fn sync_of(members: &[MemberInfo]) -> SyncReport {
    let with = |state| members.iter().map(|member| &member.sync).find(|sync| sync.state == state);
    with(SyncState::NotAlways).or_else(|| with(SyncState::Always)).cloned().unwrap_or_default()
}
