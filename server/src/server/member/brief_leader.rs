//! A member without clients, which leads for a moment.

use std::sync::Arc;
use std::time::Duration;

use bookline_protocol::Id;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

use super::cluster_error::ClusterError;
use super::generation::{Before, Generation};
use crate::cluster::ClusterConfig;
use crate::commands::Counters;
use crate::config::Config;
use crate::state::Store;
use crate::storage::data_dir::DataDir;
use crate::storage::replicated::boot_time::BootTime;
use crate::storage::replicated::found_genesis::{NoGenesis, find_genesis};
use crate::storage::replicated::genesis::Genesis;
use crate::storage::replicated::log::Role;
use crate::storage::replicated::nats::{NatsError, NatsStream, patiently, silence};
use crate::time::system_zone;
use crate::time::zone::Zone;

/// The time between two looks at who leads.
const LOOK_AFTER: Duration = Duration::from_millis(50);

/// How long a takeover may take beside the lease: an election of NATS takes 4 to 8 seconds.
const TAKEOVER_MAX: Duration = Duration::from_secs(20);

/// How long a takeover may be known before this member knows that it is its own: the state is prepared
/// meanwhile.
const OWN_LEAD_AFTER: Duration = Duration::from_millis(500);

/// Why this process does not lead.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NoLead {
    /// Another member leads.
    #[error("{} leads the cluster", address(.0))]
    Other(String),
    /// NATS has stopped answering.
    #[error("NATS has not answered for {} s: {reason}", silent.as_secs())]
    Silent {
        /// For so long.
        silent: Duration,
        /// The last error.
        reason: String,
    },
    /// NATS does not answer, or others lead in turns.
    #[error("no lead within {} s: NATS does not answer as it should, or servers of the cluster come and go", .0.as_secs())]
    Late(Duration),
    /// The settings of the cluster cannot be read.
    #[error(transparent)]
    Genesis(#[from] NoGenesis),
    /// They are not valid for this version.
    #[error("the cluster has a setting that this version does not know: {0}")]
    Setting(String),
    /// It cannot be a member.
    #[error(transparent)]
    Member(#[from] ClusterError),
}

fn address(leader: &str) -> &str {
    if leader.is_empty() { "another command" } else { leader }
}

/// What the members of a cluster have to agree on that has begun just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCluster {
    /// Its time zone.
    pub time_zone: String,
    /// Its head of department.
    pub head: String,
    /// How long a leader is silent before a standby takes over.
    pub lease: Duration,
}

/// A member without clients, which leads.
#[derive(Debug)]
pub struct BriefLeader {
    generation: Generation,
    new_cluster: Option<NewCluster>,
    /// The last field: what is above uses it.
    _data_dir: DataDir,
}

impl BriefLeader {
    /// Reads the log of the cluster, on this runtime, and takes the lead if nobody has it. The settings of
    /// the configuration that the members have to agree on count only if the cluster has not begun, and so
    /// does the number of replicas.
    ///
    /// # Errors
    ///
    /// [`NoLead`]
    pub async fn take_over(config: &Config, cluster: &ClusterConfig) -> Result<Self, NoLead> {
        let open = async || NatsStream::open_with_its_replicas(&cluster.nats).await;
        let stream = patiently(NatsError::is_temporary, open).await.map_err(ClusterError::from)?;
        let stream = Arc::new(stream);
        let genesis = find_genesis(&stream).await?;
        let (config, cluster) = (config.clone(), cluster.clone());
        let (config, cluster) = match &genesis {
            Some(genesis) => agreed(config, cluster, genesis)?,
            None => (config, cluster),
        };
        let zone = Zone::new(config.time_zone.unwrap_or_else(system_zone::of_process));
        let data_dir = DataDir::open(&config.data_dir).map_err(ClusterError::from)?;
        let counters = Arc::new(Counters::new(config.max_connections));
        let before = Before { counters, made: Arc::default(), has_accounts: false, resigned: None };
        let runtime = Handle::current();
        let new_cluster = genesis.is_none().then(|| NewCluster {
            time_zone: zone.name().to_owned(),
            head: config.head.as_str().to_owned(),
            lease: cluster.lease,
        });
        let read = async {
            let mut generation =
                Generation::start(&config, &cluster, &zone, &stream, &data_dir, &runtime, before).await?;
            // Those of the members decide when the log is purged.
            generation.end_snapshots();
            generation.catch_up().await.map_err(ClusterError::Log)?;
            Ok::<_, ClusterError>(generation)
        };
        // A member asks for ever.
        let mut generation = tokio::select! {
            read = read => read?,
            silent = silence_of(&stream) => return Err(silent),
        };
        lead(&mut generation, cluster.lease).await?;
        Ok(Self { generation, new_cluster, _data_dir: data_dir })
    }

    /// The cluster, if it has begun with this leader.
    pub fn new_cluster(&self) -> Option<&NewCluster> {
        self.new_cluster.as_ref()
    }

    /// The state, as long as this process leads.
    pub fn store(&self) -> &Store {
        &self.generation.service.store
    }

    /// Waits until this process does not lead any more.
    pub async fn ended(&self) {
        self.generation.log.ended().await;
    }

    /// Resigns, so that the next leader need not wait for a lease.
    pub async fn end(mut self) {
        self.generation.end().await;
    }
}

/// The configuration with what the members have agreed on.
fn agreed(
    config: Config,
    cluster: ClusterConfig,
    genesis: &Genesis,
) -> Result<(Config, ClusterConfig), NoLead> {
    let zone = genesis.time_zone.parse().map_err(|_| NoLead::Setting(genesis.time_zone.clone()))?;
    let head = Id::new(genesis.head.clone()).map_err(|_| NoLead::Setting(genesis.head.clone()))?;
    let lease = Duration::from_millis(genesis.lease_milliseconds);
    Ok((Config { time_zone: Some(zone), head, ..config }, ClusterConfig { lease, ..cluster }))
}

/// Completes when NATS has not answered for some time.
async fn silence_of(stream: &NatsStream) -> NoLead {
    let ask = async || {
        stream.messages().await.map_err(|error| error.to_string())?;
        stream.bucket().contents().await.map_err(|error| error.to_string())
    };
    let (silent, reason) = silence(ask).await;
    NoLead::Silent { silent, reason }
}

/// Waits until this member leads.
async fn lead(generation: &mut Generation, lease: Duration) -> Result<(), NoLead> {
    let log = generation.log.clone();
    let mut role = log.role();
    let (_, heard_before) = log.leadership();
    let patience = lease + TAKEOVER_MAX;
    let deadline = Instant::now() + patience;
    loop {
        tokio::select! {
            biased;
            _ = role.wait_for(|role| *role == Role::Leader) => return Ok(()),
            end = generation.ended() => return Err(ClusterError::Log(end).into()),
            () = sleep(LOOK_AFTER) => {}
        }
        let (leadership, heard) = log.leadership();
        let is_heard = heard > heard_before && heard > BootTime::default();
        if is_heard && leadership.term > 0 && !log.position().is_resigned {
            // The own takeover is heard of, too, a moment before this member knows that it leads.
            match timeout(OWN_LEAD_AFTER, role.wait_for(|role| *role == Role::Leader)).await {
                Ok(_) => return Ok(()),
                Err(_) => return Err(NoLead::Other(leadership.leader.into())),
            }
        }
        if Instant::now() >= deadline {
            return Err(NoLead::Late(patience));
        }
    }
}
