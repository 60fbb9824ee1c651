//! A server that is a member of a cluster: standby, leader, and, when it was deposed, a new standby.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

use super::cluster_error::ClusterError;
use super::generation::{Before, Generation};
use super::log_runtime::LogRuntime;
use super::tasks::MemberTasks;
use crate::cluster::ClusterConfig;
use crate::commands::{Counters, CurrentService, Service};
use crate::config::Config;
use crate::net::listener::Listener;
use crate::server::new_service::connection_limits;
use crate::server::serving::Serving;
use crate::storage::data_dir::DataDir;
use crate::storage::replicated::log::End;
use crate::storage::replicated::nats::{NatsError, NatsStream, until_answered};
use crate::time::system_zone;
use crate::time::zone::Zone;

/// A member of a cluster, which has applied the log and has locked its data directory.
#[derive(Debug)]
pub struct ClusterServer {
    config: Config,
    cluster: ClusterConfig,
    zone: Zone,
    stream: Arc<NatsStream>,
    generation: Generation,
    tasks: MemberTasks,
    /// That of the generation, for those who outlive it.
    current: watch::Sender<Arc<Service>>,
    /// Of all generations.
    counters: Arc<Counters>,
    data_dir: DataDir,
    /// Whether it has begun anew because the log went on behind a snapshot that it did not have.
    has_missed_snapshot: bool,
    /// The last field: what is above may use it until it is dropped.
    runtime: LogRuntime,
}

impl ClusterServer {
    /// Locks the data directory, finds or creates the stream of the cluster, and applies it. It waits as long
    /// as NATS does not answer.
    ///
    /// # Errors
    ///
    /// [`ClusterError`]
    pub async fn open(config: &Config, cluster: &ClusterConfig) -> Result<Self, ClusterError> {
        let zone = Zone::new(config.time_zone.unwrap_or_else(system_zone::of_process));
        let data_dir = DataDir::open(&config.data_dir)?;
        let seen = data_dir.seen_by_member()?;
        let runtime = LogRuntime::start().map_err(ClusterError::Thread)?;
        let stream = runtime.handle().spawn(find_stream(cluster.clone(), seen.is_some())).await;
        let stream =
            Arc::new(stream.unwrap_or_else(|_| crate::fatal("the task that finds the stream panicked"))?);
        let found = stream.id().to_string();
        if let Some(seen) = seen.filter(|seen| seen.cluster != found) {
            return Err(ClusterError::OtherCluster { seen: seen.cluster, found });
        }
        let counters = Arc::new(Counters::new(config.max_connections));
        let before =
            Before { counters: counters.clone(), made: Arc::default(), has_accounts: false, resigned: None };
        let generation =
            Generation::start(config, cluster, &zone, &stream, &data_dir, runtime.handle(), before).await?;
        let tasks = MemberTasks::start(cluster, &stream, &generation, runtime.handle());
        let current = watch::Sender::new(generation.service.clone());
        let (config, cluster) = (config.clone(), cluster.clone());
        let mut server = Self {
            config,
            cluster,
            zone,
            stream,
            generation,
            tasks,
            current,
            counters,
            data_dir,
            has_missed_snapshot: false,
            runtime,
        };
        // The log may be purged while it is read.
        while let Err(end) = server.generation.catch_up().await {
            server.begin_anew(end).await?;
        }
        Ok(server)
    }

    /// The service of the current generation.
    #[doc(hidden)]
    pub fn current_service(&self) -> CurrentService {
        self.current.subscribe()
    }

    /// Whether every connection has to authenticate: whether the cluster has accounts.
    pub fn requires_authentication(&self) -> bool {
        self.generation.service.authentication.is_required()
    }

    /// Serves the connections of these listeners until `shutdown` completes. Then it drains the connections,
    /// makes all changes durable, and returns. A leader that is deposed closes its connections, and goes on
    /// as a standby with a new state.
    ///
    /// # Errors
    ///
    /// [`ClusterError`]. No change is acknowledged after that.
    pub async fn run(
        mut self,
        listeners: impl IntoIterator<Item: Into<Listener>>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ClusterError> {
        let listeners: Arc<[Listener]> = listeners.into_iter().map(Into::into).collect();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let mut serving = Serving::start(
                self.generation.service.clone(),
                listeners.clone(),
                connection_limits(&self.config),
                self.config.background_maintenance,
            );
            let end = tokio::select! {
                () = &mut shutdown => {
                    drop(listeners);
                    return self.stop(serving).await;
                }
                end = self.generation.ended() => end,
                gone = self.data_dir.gone() => return Err(gone.into()),
                never = serving.supervise() => match never {},
            };
            // The connections close by themselves.
            serving.end().await;
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                begun = self.begin_anew(end) => begun?,
            }
        }
    }

    /// Begins with a new state, if that is what follows from this end.
    async fn begin_anew(&mut self, end: End) -> Result<(), ClusterError> {
        let resigned = match end {
            End::Deposed => {
                tracing::warn!("another server leads: this one begins anew as a standby");
                None
            }
            End::Purged(message) => {
                tracing::warn!(
                    next_message = message,
                    "this server was so far behind that the log was purged: it begins anew with a snapshot"
                );
                None
            }
            // An import has begun the cluster since this server has looked at the bucket.
            End::NoSnapshot { commit } if !self.has_missed_snapshot => {
                self.has_missed_snapshot = true;
                tracing::warn!(
                    last_commit = commit.0,
                    "the log goes on behind data that was imported: this server begins anew with it"
                );
                None
            }
            End::Resigned { term } => Some(term),
            end => return Err(ClusterError::Log(end)),
        };
        self.generation.end_snapshots();
        self.generation = self.next_generation(resigned).await?;
        self.tasks.follow(&self.generation);
        self.current.send_replace(self.generation.service.clone());
        Ok(())
    }

    async fn next_generation(&self, resigned: Option<u32>) -> Result<Generation, ClusterError> {
        let Self { config, cluster, zone, stream, data_dir, runtime, .. } = self;
        let (counters, made) = (self.counters.clone(), self.generation.made.clone());
        let before = Before { counters, made, has_accounts: self.requires_authentication(), resigned };
        Generation::start(config, cluster, zone, stream, data_dir, runtime.handle(), before).await
    }

    async fn stop(mut self, mut serving: Serving) -> Result<(), ClusterError> {
        serving.begin_stop();
        // A snapshot that is being made is given up while connections drain.
        self.generation.end_snapshots();
        serving.drain().await;
        serving.end().await;
        self.generation.end().await;
        Ok(())
    }
}

/// Finds the stream, or, unless this server has joined one before, creates it, as soon as NATS answers.
async fn find_stream(cluster: ClusterConfig, has_joined: bool) -> Result<NatsStream, NatsError> {
    until_answered("the stream of the cluster is not found yet", || async {
        let opened = if has_joined {
            NatsStream::open_existing(&cluster.nats).await
        } else {
            NatsStream::open(&cluster.nats).await
        };
        match opened {
            Err(error) if error.is_temporary() => Err(error),
            opened => Ok(opened),
        }
    })
    .await
}
