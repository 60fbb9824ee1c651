//! Listeners: sockets that accept connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::net::TcpListener;

use crate::net::incoming::Incoming;
use crate::net::tls::Tls;
use crate::net::unix_socket::UnixSocket;
use crate::net::users::Users;

/// A socket that accepts connections of one kind.
#[derive(Debug)]
pub enum Listener {
    Tcp(TcpListener),
    Tls(TcpListener, Arc<Tls>),
    /// `Users` names the accounts of its peers.
    Unix(UnixSocket, Option<Arc<Users>>),
}

impl Listener {
    /// The address, of a Unix socket none.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) | Self::Tls(listener, _) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }

    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Incoming>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = ready!(listener.poll_accept(context))?;
                Poll::Ready(Ok(Incoming::Tcp(stream, peer.ip())))
            }
            Self::Tls(listener, tls) => {
                let (stream, peer) = ready!(listener.poll_accept(context))?;
                Poll::Ready(Ok(Incoming::Tls(stream, peer.ip(), tls.clone())))
            }
            Self::Unix(socket, users) => {
                let (stream, user) = ready!(socket.poll_accept(context))?;
                Poll::Ready(Ok(Incoming::Unix(stream, user, users.clone())))
            }
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

/// As the log and the first line on standard output name it.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(socket, _) => write!(f, "unix:{}", socket.path().display()),
            Self::Tcp(listener) => write!(f, "{}", listener.local_addr().map_err(|_| fmt::Error)?),
            Self::Tls(listener, _) => write!(f, "{} (TLS)", listener.local_addr().map_err(|_| fmt::Error)?),
        }
    }
}
