//! A connection that a listener has accepted: how it becomes a stream of bytes of a known peer, or is
//! refused.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use bookline_protocol::Refusal;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::net::admission::OpenConnection;
use crate::net::connection::{self, Client};
use crate::net::refusal::{refuse, refuse_at_once};
use crate::net::socket;
use crate::net::stop::ServerStop;
use crate::net::tls::{Opened, Tls};
use crate::net::users::Users;
use crate::session::{Peer, PeerOrigin};

/// A connection that was accepted.
#[derive(Debug)]
pub enum Incoming {
    Tcp(TcpStream, IpAddr),
    /// The handshake is still to come.
    Tls(TcpStream, IpAddr, Arc<Tls>),
    /// From a process of this user. `Users` names its account.
    Unix(UnixStream, u32, Option<Arc<Users>>),
}

impl Incoming {
    pub fn origin(&self) -> PeerOrigin {
        match self {
            Self::Tcp(_, address) | Self::Tls(_, address, _) => PeerOrigin::Address(*address),
            Self::Unix(_, user, _) => PeerOrigin::User(*user),
        }
    }

    /// Serves the connection. If the server stops before it is open, it is closed.
    pub async fn serve(
        self,
        mut open: OpenConnection,
        server_stop: &ServerStop,
        executes_requests: TaskTrackerToken,
    ) -> io::Result<()> {
        let origin = self.origin();
        let unauthenticated = open.unauthenticated.take();
        let client = |account| Client { peer: Peer { origin, account }, unauthenticated };
        let (service, idle_timeout) = (&open.service, open.idle_timeout);
        match self {
            Self::Tcp(stream, _) => {
                socket::prepare(&stream)?;
                let client = client(None);
                connection::serve(stream, client, service, idle_timeout, server_stop, executes_requests).await
            }
            Self::Tls(stream, _, tls) => {
                socket::prepare(&stream)?;
                // In a box, as the state of a handshake is large.
                let opening = Box::pin(tls.open(stream, &service.backlogged_turns));
                match unless_stopped(opening, server_stop).await?? {
                    Opened::Tls(stream, account) => {
                        let client = client(account);
                        connection::serve(
                            stream,
                            client,
                            service,
                            idle_timeout,
                            server_stop,
                            executes_requests,
                        )
                        .await
                    }
                    Opened::Other(stream) => refuse(stream, &Refusal::needs_tls()).await,
                }
            }
            Self::Unix(stream, user, users) => {
                socket::prepare_unix(&stream)?;
                let account = match users {
                    Some(users) => unless_stopped(users.name(user), server_stop).await?,
                    None => None,
                };
                let client = client(account);
                connection::serve(stream, client, service, idle_timeout, server_stop, executes_requests).await
            }
        }
    }

    /// Sends a refusal and waits, for a bounded time, until the client has read it.
    pub async fn refuse(self, refusal: &Refusal, turns: &Semaphore) -> io::Result<()> {
        match self {
            Self::Tcp(stream, _) => refuse(stream, refusal).await,
            Self::Unix(stream, ..) => refuse(stream, refusal).await,
            Self::Tls(stream, _, tls) => match tls.open(stream, turns).await? {
                Opened::Tls(stream, _) => refuse(*stream, refusal).await,
                Opened::Other(stream) => refuse(stream, refusal).await,
            },
        }
    }

    /// Sends a refusal and closes without waiting. A client of TLS gets none, as that takes a handshake.
    pub fn refuse_at_once(self, refusal: &Refusal) {
        // An error means that the client is gone.
        let _ = match self {
            Self::Tcp(stream, _) => stream.into_std().and_then(|stream| refuse_at_once(stream, refusal)),
            Self::Unix(stream, ..) => stream.into_std().and_then(|stream| refuse_at_once(stream, refusal)),
            Self::Tls(..) => Ok(()),
        };
    }
}

/// What the future returns, unless the server stops first.
async fn unless_stopped<T>(future: impl Future<Output = T>, server_stop: &ServerStop) -> io::Result<T> {
    tokio::select! {
        output = future => Ok(output),
        () = server_stop.canceled() => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}
