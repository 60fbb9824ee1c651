//! Accepting connections, up to the limits, until the server stops.
//!
//! Each connection has a descriptor, also a refused one until its client has closed it. The maximum is known
//! in advance: the connections that are served and those that are refused, which include the one that was
//! just accepted.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bookline_protocol::Refusal;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::commands::Service;
use crate::commands::counters::NotAdmitted;
use crate::net::admission::{Admission, ConnectionLimits, OpenConnection};
use crate::net::incoming::Incoming;
use crate::net::listener::Listener;
use crate::net::stop::ServerStop;

/// The pause after the system as a whole had no descriptor or memory for a connection (ENFILE, ENOBUFS),
/// because no event announces that it has. The descriptors of this process are counted and do not run out.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// Accepts connections of all listeners until it is dropped. After the begin of `server_stop` it refuses all
/// of them.
pub async fn accept(
    listeners: Arc<[Listener]>,
    service: Arc<Service>,
    limits: ConnectionLimits,
    server_stop: ServerStop,
    connections: TaskTracker,
) {
    let admission = Admission::new(service.clone(), limits);
    // The connection that was just accepted is one of them.
    let refusals = Arc::new(Semaphore::new(limits.refusals - 1));
    let mut turn = 0;
    loop {
        turn += 1;
        let incoming = match accept_one(&listeners, turn).await {
            Ok(incoming) => incoming,
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(e) => {
                tracing::warn!("a connection could not be accepted: {e}");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        let open = match server_stop.has_begun() {
            true => Err(NotAdmitted::ShuttingDown),
            false => admission.admit(incoming.origin()),
        };
        match open {
            Ok(open) => {
                let executes_requests = server_stop.executes_requests();
                drop(connections.spawn(serve(incoming, open, server_stop.clone(), executes_requests)));
            }
            Err(why) => refuse(incoming, admission.refuse(why), &service, &refusals),
        }
    }
}

/// Accepts the next connection of any listener. Each turn begins with another one, so that a busy listener
/// does not starve the others.
async fn accept_one(listeners: &[Listener], turn: usize) -> io::Result<Incoming> {
    poll_fn(|context| {
        let (before, from) = listeners.split_at(turn % listeners.len().max(1));
        let accepted = from.iter().chain(before).map(|listener| listener.poll_accept(context));
        accepted.into_iter().find(Poll::is_ready).unwrap_or(Poll::Pending)
    })
    .await
}

async fn serve(
    incoming: Incoming,
    open: OpenConnection,
    server_stop: ServerStop,
    executes_requests: TaskTrackerToken,
) {
    let service = open.service.clone();
    let serving = pin!(incoming.serve(open, &server_stop, executes_requests));
    let served = match &service.cluster {
        None => serving.await,
        // What the connection waits for will never be known.
        Some(cluster) => {
            tokio::select! {
                served = serving => served,
                () = cluster.ended() => Ok(()),
            }
        }
    };
    if let Err(e) = served {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected, UnexpectedEof};
        // A client of TLS may close without a close_notify.
        if ![ConnectionReset, BrokenPipe, NotConnected, UnexpectedEof].contains(&e.kind()) {
            tracing::debug!("a connection ended: {e}");
        }
    }
}

fn refuse(incoming: Incoming, refusal: Refusal, service: &Arc<Service>, refusals: &Arc<Semaphore>) {
    let Ok(permit) = refusals.clone().try_acquire_owned() else {
        return incoming.refuse_at_once(&refusal);
    };
    let service = service.clone();
    tokio::spawn(async move {
        // An error means that the client is gone.
        let _ = incoming.refuse(&refusal, &service.backlogged_turns).await;
        drop(permit);
    });
}
