//! Adds an account to a cluster that nobody leads: it takes the lead, makes the change, and ends.

use std::time::Duration;

use anyhow::bail;
use bookline_protocol::Id;
use chrono_tz::Tz;
use clap::Args;
use thiserror::Error;
use tokio::time::timeout;

use super::{append, has_admin};
use crate::argument::parse_id;
use crate::cluster::{ClusterConfig, ReadBarrier};
use crate::config::Config;
use crate::log;
use crate::server::{BriefLeader, NewCluster, NoLead};
use crate::state::{AccountValues, StateLimits};
use crate::storage::offline::interrupt::make_work_directory;
use crate::storage::offline::work_directory;
use crate::storage::replicated::lease::{lease_argument, parse_lease};
use crate::storage::replicated::nats::{NatsFlags, NatsOptions, parse_replicas};

/// How long the append of the account may take: an election of NATS takes 4 to 8 seconds.
const APPEND_MAX: Duration = Duration::from_secs(15);

/// The append of the account is undecided.
#[derive(Debug, Error)]
#[error(
    "NATS has not acknowledged it, or another server has taken over. Try again: if the account was added, its name is \
     taken"
)]
pub(super) struct OutcomeUnknown;

/// The cluster, and what it begins with if it has not begun.
#[derive(Debug, Clone, Args)]
pub(super) struct ClusterOfAccount {
    #[command(flatten)]
    nats: NatsFlags,
    /// The NATS servers that have a copy of the log: 1, 3 or 5
    #[arg(long, env = "BOOKLINE_CLUSTER_REPLICAS", default_value_t = 3, value_name = "N",
          value_parser = parse_replicas, requires = "cluster")]
    cluster_replicas: usize,
    /// For the first account of a new cluster: its head of department
    #[arg(long, env = "BOOKLINE_HOD", default_value = "F10", value_name = "ID", value_parser = parse_id)]
    hod: Id<'static>,
    /// For the first account of a new cluster: how long a leader is silent before a standby takes over
    #[arg(long, env = "BOOKLINE_LEASE", default_value = "3s", value_name = "TIME", value_parser = parse_lease)]
    lease: Duration,
    /// For the first account of a new cluster: its time zone [default: that of TZ, else the system's]
    #[arg(long, env = "BOOKLINE_TIME_ZONE", value_name = "ZONE")]
    time_zone: Option<Tz>,
}

impl ClusterOfAccount {
    /// How the cluster is reached, if one is named.
    pub fn options(&self) -> Option<NatsOptions> {
        self.nats.options(self.cluster_replicas)
    }

    /// Adds the account, durably. Returns whether any account is an admin.
    pub async fn add(&self, options: NatsOptions, values: &AccountValues<'_>) -> anyhow::Result<bool> {
        let work = make_work_directory(std::env::temp_dir())?;
        let config = Config {
            data_dir: work.path().join(work_directory::DATA),
            head: self.hod.clone(),
            time_zone: self.time_zone,
            limits: StateLimits::NONE,
            ..Config::default()
        };
        let cluster = ClusterConfig {
            nats: options,
            lease: self.lease,
            timeout: APPEND_MAX,
            advertise: String::new(),
            read_barrier: ReadBarrier::Lease,
        };
        let leader = match BriefLeader::take_over(&config, &cluster).await {
            Err(error @ NoLead::Other(_)) => {
                bail!("{error}: an admin adds accounts with ACCOUNT ADD, or stop all members first")
            }
            led => led?,
        };
        if let Some(NewCluster { time_zone, head, lease }) = leader.new_cluster() {
            log::print_line(&format!(
                "booklined: a new cluster has begun, {}: start its members with --time-zone {time_zone} --hod {head} --lease {}",
                cluster.nats.cluster,
                lease_argument(*lease)
            ));
        }
        let added = tokio::select! {
            added = timeout(APPEND_MAX, append(leader.store(), values)) => added.ok(),
            () = leader.ended() => None,
        };
        let has_admin = has_admin(leader.store());
        leader.end().await;
        match added {
            Some(added) => added.map(|()| has_admin),
            None => Err(OutcomeUnknown.into()),
        }
    }
}
