//! Accepting connections, up to the limits in total and per address, until the server stops.
//!
//! Each connection has a descriptor, also a refused one until its client has closed it. The maximum is known
//! in advance: the connections that are served and those that are refused, which include the one that was
//! just accepted.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use bookline_protocol::Refusal;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::commands::Service;
use crate::net::addresses::{AddressLimiter, AddressPermit};
use crate::net::stop::ServerStop;
use crate::net::transport::{self, LINGER_MAX};
use crate::net::{connection, socket};
use crate::session::OWN_REQUEST_BYTES;

/// The default of connections that are refused at a time and wait until their clients have read the refusal.
/// More are closed without waiting.
pub const REFUSED_CONNECTIONS_MAX: usize = 256;

/// The pause after the system as a whole had no descriptor or memory for a connection (ENFILE, ENOBUFS),
/// because no event announces that it has. The descriptors of this process are counted and do not run out.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections that are served at a time.
    pub connections: usize,
    /// Connections that are refused at a time, at least one.
    pub refusals: usize,
    /// Connections of one address that are served at a time.
    pub per_address: Option<usize>,
    /// How long a connection may be idle.
    pub idle_timeout: Option<Duration>,
}

/// Accepts connections of all listeners until it is dropped. After the begin of `server_stop` it refuses all
/// of them.
pub async fn accept(
    listeners: Vec<TcpListener>,
    service: Arc<Service>,
    limits: ConnectionLimits,
    server_stop: ServerStop,
    connections: TaskTracker,
) {
    let limiter = limits.per_address.map(AddressLimiter::new);
    // The connection that was just accepted is one of them.
    let refusals = Arc::new(Semaphore::new(limits.refusals - 1));
    let mut turn = 0;
    loop {
        turn += 1;
        let (stream, peer) = match accept_one(&listeners, turn).await {
            Ok(accepted) => accepted,
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(e) => {
                tracing::warn!("a connection could not be accepted: {e}");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        let open = if server_stop.has_begun() {
            Err(Refusal::shutting_down())
        } else {
            OpenConnection::admit(&service, limits.connections, limiter.as_ref(), peer.ip())
        };
        match open {
            Ok(open) => drop(connections.spawn(serve(
                stream,
                open,
                limits.idle_timeout,
                server_stop.clone(),
                server_stop.executes_requests(),
            ))),
            Err(refusal) => refuse(stream, refusal, &refusals),
        }
    }
}

/// Accepts the next connection of any listener. Each turn begins with another one, so that a busy listener
/// does not starve the others.
async fn accept_one(listeners: &[TcpListener], turn: usize) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| {
        let (before, from) = listeners.split_at(turn % listeners.len().max(1));
        let accepted = from.iter().chain(before).map(|listener| listener.poll_accept(context));
        accepted.into_iter().find(Poll::is_ready).unwrap_or(Poll::Pending)
    })
    .await
}

async fn serve(
    stream: TcpStream,
    open: OpenConnection,
    idle_timeout: Option<Duration>,
    server_stop: ServerStop,
    executes_requests: TaskTrackerToken,
) {
    let ended = match socket::prepare(&stream) {
        Ok(()) => {
            connection::serve(stream, &open.service, idle_timeout, &server_stop, executes_requests).await
        }
        Err(error) => Err(error),
    };
    if let Err(e) = ended {
        let expected =
            [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe, io::ErrorKind::NotConnected];
        if !expected.contains(&e.kind()) {
            tracing::debug!("a connection ended: {e}");
        }
    }
}

fn refuse(stream: TcpStream, refusal: Refusal, refusals: &Arc<Semaphore>) {
    let Ok(permit) = refusals.clone().try_acquire_owned() else {
        return refuse_at_once(stream, &refusal);
    };
    tokio::spawn(async move {
        // An error means that the client is gone.
        let _ = refuse_and_wait(stream, &refusal).await;
        drop(permit);
    });
}

/// Sends a refusal to a client and waits, for a bounded time, until it has read it.
async fn refuse_and_wait(mut stream: TcpStream, refusal: &Refusal) -> io::Result<()> {
    let mut out = Vec::new();
    refusal.write(&mut out);
    timeout(LINGER_MAX, stream.write_all(&out)).await??;
    transport::linger(&mut stream).await
}

/// Sends a refusal to a client and closes without waiting. It reads what the client has sent so far, because
/// unread bytes would make the system reset the connection.
fn refuse_at_once(stream: TcpStream, refusal: &Refusal) {
    let mut out = Vec::new();
    refusal.write(&mut out);
    // The stream does not block. An error means that the client is gone.
    let _ = stream.into_std().and_then(|mut stream| {
        stream.write_all(&out)?;
        stream.shutdown(Shutdown::Write)?;
        stream.read(&mut [0; OWN_REQUEST_BYTES])
    });
}

/// Counts as an open connection until it is dropped, however its task ends.
struct OpenConnection {
    service: Arc<Service>,
    _permit: Option<AddressPermit>,
}

impl OpenConnection {
    /// Counts one more connection, unless a limit is reached.
    fn admit(
        service: &Arc<Service>,
        connections_max: usize,
        limiter: Option<&AddressLimiter>,
        peer: IpAddr,
    ) -> Result<Self, Refusal> {
        // Not a race: only the task that accepts connections increments the counter.
        if service.counters.connections.load(Relaxed) >= connections_max {
            return Err(Refusal::busy(connections_max));
        }
        let permit = limiter.map(|limiter| limiter.acquire(peer)).transpose()?;
        service.counters.connections.fetch_add(1, Relaxed);
        Ok(Self { service: service.clone(), _permit: permit })
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.service.counters.connections.fetch_sub(1, Relaxed);
    }
}
