//! What NATS says of the stream of a cluster.

use async_nats::jetstream::stream::Info;
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

use super::options::NatsOptions;
use super::settings;

/// The stream of a cluster, as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamReport {
    pub name: String,
    /// The id of the cluster. `None` if its metadata has no valid one.
    pub cluster_id: Option<String>,
    /// When it was created, as in `2026-11-27T19:00:00.123456Z`.
    pub created: String,
    /// The NATS server that leads it, if one does.
    pub leader: Option<String>,
    /// The NATS servers that are to have a copy.
    pub replicas_wanted: usize,
    /// Those that have one.
    pub replicas: Vec<ReplicaReport>,
    pub messages: u64,
    pub bytes: u64,
    pub first: u64,
    pub last: u64,
    /// What in its configuration is not as it has to be, and what to do.
    pub wrong: Option<String>,
}

/// A copy of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplicaReport {
    pub node: String,
    pub is_current: bool,
    pub is_offline: bool,
    /// Appends that it does not have yet.
    pub lag: u64,
}

impl StreamReport {
    pub(super) fn new(info: &Info, options: &NatsOptions) -> Self {
        let Info { config, state, cluster, created, .. } = info;
        let leader = cluster.as_ref().and_then(|cluster| cluster.leader.clone());
        // The leader is not in the list of its replicas.
        let mut replicas: Vec<_> = leader.iter().map(|leader| ReplicaReport::current(leader)).collect();
        let others = cluster.iter().flat_map(|cluster| &cluster.replicas).map(|peer| ReplicaReport {
            node: peer.name.clone(),
            is_current: peer.current,
            is_offline: peer.offline,
            lag: peer.lag.unwrap_or(0),
        });
        replicas.extend(others);
        replicas.sort_by(|a, b| a.node.cmp(&b.node));
        Self {
            name: config.name.clone(),
            cluster_id: settings::cluster_id(config).ok().map(|id| id.to_string()),
            created: text_of(created.unix_timestamp(), created.nanosecond()),
            leader,
            replicas_wanted: config.num_replicas,
            replicas,
            messages: state.messages,
            bytes: state.bytes,
            first: state.first_sequence,
            last: state.last_sequence,
            wrong: settings::check(config, options).err().map(|error| error.to_string()),
        }
    }
}

impl ReplicaReport {
    fn current(node: &str) -> Self {
        Self { node: node.to_owned(), is_current: true, is_offline: false, lag: 0 }
    }
}

fn text_of(seconds: i64, nanos: u32) -> String {
    let time = DateTime::from_timestamp(seconds, nanos).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
