//! Who may connect: as many as there is room for, in all and from one address, until the server stops.
//!
//! Each connection has a descriptor, and so has one that is refused, until its client is gone. How many there are at the
//! most is known before one is accepted: those served, and those refused, whoever was just accepted among them.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use bookline_protocol::Refusal;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::commands::Service;
use crate::net::addresses::{Addresses, Counted};
use crate::net::connection;

/// Connections that are refused at a time: their clients have a moment to read why. Those above this number are told, and
/// closed without waiting for them.
pub const REFUSALS: usize = 256;

/// How long to pause when the system as a whole has no descriptor or memory for a connection (ENFILE, ENOBUFS): the one
/// wait that no event ends. This process has descriptors, as they are counted.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// How many connections there may be at a time, and how long each may be idle.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Served.
    pub connections: usize,
    /// Refused, at least one.
    pub refusals: usize,
    /// Served of one address.
    pub per_address: Option<usize>,
    /// How long one may be idle.
    pub idle_timeout: Option<Duration>,
}

/// Accepts connections of all these listeners until it is dropped; from `stop` on, only to say that the server is
/// stopping.
pub async fn accept(
    listeners: Vec<TcpListener>,
    service: Arc<Service>,
    limits: ConnectionLimits,
    stop: CancellationToken,
    connections: TaskTracker,
) {
    let addresses = limits.per_address.map(Addresses::new);
    // Whoever was just accepted is one of them.
    let refusals = Arc::new(Semaphore::new(limits.refusals - 1));
    let mut turn = 0;
    loop {
        turn += 1;
        let (stream, peer) = match accept_one(&listeners, turn).await {
            Ok(accepted) => accepted,
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(e) => {
                tracing::warn!("a connection could not be accepted: {e}");
                tokio::time::sleep(EXHAUSTED).await;
                continue;
            }
        };
        let open = if stop.is_cancelled() {
            Err(Refusal::shutting_down())
        } else {
            Open::admit(&service, limits.connections, addresses.as_ref(), peer.ip())
        };
        match open {
            Ok(open) => drop(connections.spawn(serve(stream, open, limits.idle_timeout, stop.clone()))),
            Err(refusal) => refuse(stream, refusal, &refusals),
        }
    }
}

/// The next connection of any listener. The one of this turn is asked first, so that a busy listener does not keep the
/// others waiting.
async fn accept_one(listeners: &[TcpListener], turn: usize) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| {
        let (before, from) = listeners.split_at(turn % listeners.len().max(1));
        let accepted = from.iter().chain(before).map(|listener| listener.poll_accept(context));
        accepted.into_iter().find(Poll::is_ready).unwrap_or(Poll::Pending)
    })
    .await
}

async fn serve(stream: TcpStream, open: Open, idle_timeout: Option<Duration>, stop: CancellationToken) {
    if let Err(e) = connection::serve(stream, open.service.clone(), idle_timeout, stop).await {
        let expected =
            [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe, io::ErrorKind::NotConnected];
        if !expected.contains(&e.kind()) {
            tracing::debug!("a connection ended: {e}");
        }
    }
}

fn refuse(stream: TcpStream, refusal: Refusal, refusals: &Arc<Semaphore>) {
    let Ok(permit) = refusals.clone().try_acquire_owned() else {
        return connection::refuse_at_once(stream, &refusal);
    };
    tokio::spawn(async move {
        // Whether the client reads it or not, it is gone.
        let _ = connection::refuse(stream, &refusal).await;
        drop(permit);
    });
}

/// A connection that counts as open until this is dropped, however its task ends.
struct Open {
    service: Arc<Service>,
    _counted: Option<Counted>,
}

impl Open {
    /// Counts one more, unless there are as many as there may be.
    fn admit(
        service: &Arc<Service>,
        max_connections: usize,
        addresses: Option<&Addresses>,
        peer: IpAddr,
    ) -> Result<Self, Refusal> {
        // Nobody else counts up.
        if service.counters.connections.load(Relaxed) >= max_connections {
            return Err(Refusal::busy(max_connections));
        }
        let counted = addresses.map(|addresses| addresses.count(peer)).transpose()?;
        service.counters.connections.fetch_add(1, Relaxed);
        Ok(Self { service: service.clone(), _counted: counted })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.service.counters.connections.fetch_sub(1, Relaxed);
    }
}
