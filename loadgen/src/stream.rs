//! The stream of a connection: over TCP, TLS or a Unix socket.

use std::io::{self, Read, Write};
use std::net::{Shutdown, ToSocketAddrs};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use crate::config::Tls;
use crate::error::Error;

/// What the path of a Unix socket follows.
const UNIX_PREFIX: &str = "unix:";

/// Where all connections of a run lead to.
#[derive(Debug)]
pub enum Endpoint {
    Tcp(std::net::SocketAddr),
    Tls(std::net::SocketAddr, TlsPeer),
    Unix(PathBuf),
}

/// The server that TLS is spoken with.
#[derive(Clone, Debug)]
pub struct TlsPeer {
    config: Arc<rustls::ClientConfig>,
    host: ServerName<'static>,
}

/// A nonblocking stream.
#[derive(Debug)]
pub enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream>),
    Unix(UnixStream),
}

/// A TLS session over a socket. What the socket does not take waits in the session for the next flush.
#[derive(Debug)]
pub struct TlsStream {
    session: ClientConnection,
    socket: TcpStream,
}

impl Endpoint {
    /// Connects to the first address of `host:port` that accepts, or to `unix:` and a path. Returns where
    /// further connections lead to as well.
    pub fn connect_first(
        address: &str,
        tls: Option<&Tls>,
        timeout: Duration,
    ) -> Result<(Self, Stream), Error> {
        let mut last = Error::Connect(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        for endpoint in Self::resolve(address, tls)? {
            match endpoint.connect(timeout) {
                Ok(stream) => return Ok((endpoint, stream)),
                // Another address would only hide it.
                Err(error) if is_of_tls(&error) => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The addresses of `host:port`, or `unix:` and a path.
    pub fn resolve(address: &str, tls: Option<&Tls>) -> Result<Vec<Self>, Error> {
        if let Some(path) = address.strip_prefix(UNIX_PREFIX) {
            return Ok(vec![Self::Unix(path.into())]);
        }
        let peer = tls.map(|tls| TlsPeer::of(tls, host_of(address))).transpose()?;
        let endpoint = |address| match &peer {
            None => Self::Tcp(address),
            Some(peer) => Self::Tls(address, peer.clone()),
        };
        Ok(address.to_socket_addrs().map_err(Error::Connect)?.map(endpoint).collect())
    }

    /// Connects, and agrees on TLS.
    pub fn connect(&self, timeout: Duration) -> Result<Stream, Error> {
        let (address, peer) = match self {
            Self::Unix(path) => {
                let stream = StdUnixStream::connect(path).map_err(Error::Connect)?;
                stream.set_nonblocking(true).map_err(Error::Start)?;
                return Ok(Stream::Unix(UnixStream::from_std(stream)));
            }
            Self::Tcp(address) => (address, None),
            Self::Tls(address, peer) => (address, Some(peer)),
        };
        let deadline = Instant::now() + timeout;
        let mut socket = std::net::TcpStream::connect_timeout(address, timeout).map_err(Error::Connect)?;
        let session =
            peer.map(|peer| peer.agree(&mut socket, deadline)).transpose().map_err(Error::Connect)?;
        socket.set_nonblocking(true).map_err(Error::Start)?;
        let socket = without_delay(TcpStream::from_std(socket)).map_err(Error::Start)?;
        Ok(match session {
            None => Stream::Tcp(socket),
            Some(session) => Stream::Tls(Box::new(TlsStream { session, socket })),
        })
    }

    /// Begins to connect.
    pub fn begin_connecting(&self) -> io::Result<Stream> {
        Ok(match self {
            Self::Unix(path) => Stream::Unix(UnixStream::connect(path)?),
            Self::Tcp(address) => Stream::Tcp(without_delay(TcpStream::connect(*address)?)?),
            Self::Tls(address, peer) => {
                let (session, socket) = (peer.session()?, without_delay(TcpStream::connect(*address)?)?);
                Stream::Tls(Box::new(TlsStream { session, socket }))
            }
        })
    }
}

impl TlsPeer {
    fn of(tls: &Tls, host: &str) -> Result<Self, Error> {
        let host = ServerName::try_from(host.to_owned());
        let invalid = |error| Error::Connect(io::Error::new(io::ErrorKind::InvalidInput, error));
        Ok(Self { config: tls.config.clone(), host: host.map_err(invalid)? })
    }

    fn session(&self) -> io::Result<ClientConnection> {
        ClientConnection::new(self.config.clone(), self.host.clone()).map_err(io::Error::other)
    }

    /// Agrees on TLS over a blocking socket.
    fn agree(&self, socket: &mut std::net::TcpStream, deadline: Instant) -> io::Result<ClientConnection> {
        let mut session = self.session()?;
        while session.is_handshaking() {
            let remaining = deadline.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            socket.set_read_timeout(Some(remaining))?;
            socket.set_write_timeout(Some(remaining))?;
            match session.complete_io(socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => drop(done?),
            }
        }
        Ok(session)
    }
}

impl Stream {
    /// Whether a read that does not fill the buffer has emptied the socket.
    pub const fn is_emptied_by_short_read(&self) -> bool {
        !matches!(self, Self::Tls(_))
    }

    /// Whether the socket is connected. One that is connected to itself is shut down.
    pub fn is_connected(&self) -> bool {
        let socket = match self {
            Self::Unix(socket) => return socket.peer_addr().is_ok(),
            Self::Tcp(socket) => socket,
            Self::Tls(stream) => &stream.socket,
        };
        let (Ok(peer), Ok(local)) = (socket.peer_addr(), socket.local_addr()) else { return false };
        if peer == local {
            // Without a listener, a socket that happens to get the server's port connects to itself. The end
            // of the stream follows. If the shutdown fails, the stream has ended already.
            let _ = socket.shutdown(Shutdown::Both);
        }
        peer != local
    }

    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interests = Interest::READABLE | Interest::WRITABLE;
        match self {
            Self::Tcp(socket) => socket.register(registry, token, interests),
            Self::Tls(stream) => stream.socket.register(registry, token, interests),
            Self::Unix(socket) => socket.register(registry, token, interests),
        }
    }

    pub fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.deregister(registry),
            Self::Tls(stream) => stream.socket.deregister(registry),
            Self::Unix(socket) => socket.deregister(registry),
        }
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
pub fn host_of(host_and_port: &str) -> &str {
    let host = host_and_port.rsplit_once(':').map_or(host_and_port, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Whether a server was there, and TLS was not agreed with it.
fn is_of_tls(error: &Error) -> bool {
    let Error::Connect(source) = error else { return false };
    source.get_ref().is_some_and(|source| source.is::<rustls::Error>())
}

impl Read for Stream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
            Self::Unix(socket) => socket.read(buffer),
        }
    }
}

impl Write for Stream {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
            Self::Unix(socket) => socket.write(bytes),
        }
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tls(stream) => stream.flush(),
            Self::Tcp(_) | Self::Unix(_) => Ok(()),
        }
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
            // The handshake needs both directions.
            match self.flush() {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
            if self.session.read_tls(&mut self.socket)? == 0 {
                return Ok(0);
            }
            self.session.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

impl Write for TlsStream {
    /// Takes bytes once the socket has those before them, so that the session does not grow.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let count = self.session.writer().write(bytes)?;
        match self.flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            // Before the handshake is done, the session keeps only so much.
            _ if count == 0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(count),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.socket)?;
        }
        Ok(())
    }
}

/// Nagle's algorithm would delay a small request until the reply to the one before it.
fn without_delay(socket: TcpStream) -> io::Result<TcpStream> {
    socket.set_nodelay(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_has_no_brackets() {
        for (address, host) in
            [("localhost:2665", "localhost"), ("127.0.0.1:9", "127.0.0.1"), ("[::1]:9", "::1")]
        {
            assert_eq!(host_of(address), host);
        }
    }
}
