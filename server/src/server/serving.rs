//! The tasks that serve, over one state.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::commands::Service;
use crate::feed;
use crate::maintenance;
use crate::net::accept::accept;
use crate::net::admission::ConnectionLimits;
use crate::net::listener::Listener;
use crate::net::stop::ServerStop;
use crate::storage::log::LogExt;

/// How long connections drain during a graceful shutdown. With the last sync of the journal, the shutdown
/// stays within the five seconds that supervisors usually grant.
pub(super) const DRAIN_MAX: Duration = Duration::from_secs(3);

/// How long requests drain before watchers are shown the last changes, if some peer does not read its
/// replies. Requests are read for 200 ms at the most.
const REQUESTS_DRAIN_MAX: Duration = Duration::from_secs(1);

const _: () = assert!(REQUESTS_DRAIN_MAX.as_secs() < DRAIN_MAX.as_secs());

/// The tasks that serve, and the connections. When it is dropped, no more connections are accepted.
#[derive(Debug)]
pub(super) struct Serving {
    service: Arc<Service>,
    stopping: ServerStop,
    connections: TaskTracker,
    accepting: AbortOnDropHandle<()>,
    maintenance: AbortOnDropHandle<()>,
    following: AbortOnDropHandle<()>,
}

impl Serving {
    /// Accepts connections, does maintenance if it `is_maintained`, and follows the log for watchers. A
    /// member of a cluster begins with the latter two when it leads.
    pub fn start(
        service: Arc<Service>,
        listeners: Arc<[Listener]>,
        limits: ConnectionLimits,
        is_maintained: bool,
    ) -> Self {
        let stopping = ServerStop::default();
        let connections = TaskTracker::new();
        let accepting = accept(listeners, service.clone(), limits, stopping.clone(), connections.clone());
        let maintained = service.clone();
        let maintenance = async move {
            if is_maintained {
                leads(&maintained).await;
                maintenance::run(maintained.store.clone()).await;
            }
        };
        let followed = service.clone();
        let following = async move {
            leads(&followed).await;
            feed::run(followed.feed.clone()).await;
        };
        Self {
            stopping,
            connections,
            accepting: spawn(accepting),
            maintenance: spawn(maintenance),
            following: spawn(following),
            service,
        }
    }

    /// Ends the process if a task ends that everybody needs.
    pub async fn supervise(&mut self) -> Infallible {
        tokio::select! {
            // The task does not return: it ends only by a panic.
            _ = &mut self.accepting => crate::fatal("the task that accepts connections ended"),
            // It returns when the log is closed, after a failure that is reported by itself.
            Err(_) = &mut self.maintenance => crate::fatal("the task that ends due holds panicked"),
            Err(_) = &mut self.following => crate::fatal("the task that follows the log panicked"),
            else => std::future::pending().await,
        }
    }

    /// Lets connections finish their requests, and takes no new ones.
    pub fn begin_stop(&self) {
        self.stopping.begin();
        if let Some(snapshots) = &self.service.snapshots {
            // Connections that wait for a snapshot would delay the shutdown.
            snapshots.give_up();
        }
        if let Some(cluster) = &self.service.cluster {
            cluster.snapshots.give_up();
        }
        self.connections.close();
    }

    /// Waits, for a bounded time, until all requests are replied to, and all watchers were shown the last
    /// changes.
    pub async fn drain(&mut self) {
        if tokio::time::timeout(DRAIN_MAX, self.drained()).await.is_err() {
            match self.connections.len() {
                0 => tracing::warn!("the last changes were not durable in time"),
                count => tracing::warn!("{count} connections did not read their last replies"),
            }
        }
    }

    async fn drained(&mut self) {
        // A peer that does not read its replies does not keep the last changes from others.
        let _ = tokio::time::timeout(REQUESTS_DRAIN_MAX, self.stopping.drained()).await;
        end(&mut self.maintenance).await;
        let log = self.service.store.log();
        let last = log.appended();
        log.wait_durable(last).await;
        self.service.feed.end_after(last);
        self.connections.wait().await;
    }

    /// Closes the listeners, if nobody else has them.
    pub async fn end(mut self) {
        end(&mut self.accepting).await;
    }
}

/// Waits until this server leads. A single server does from its start.
async fn leads(service: &Service) {
    if let Some(cluster) = &service.cluster {
        cluster.leads().await;
    }
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    let task: JoinHandle<()> = tokio::spawn(task);
    AbortOnDropHandle::new(task)
}

/// Ends a task, and waits until it has dropped what it has.
async fn end(task: &mut AbortOnDropHandle<()>) {
    task.abort();
    if !task.is_finished() {
        let _ = task.await;
    }
}
