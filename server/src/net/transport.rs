//! Transports: streams of bytes between a client and the server.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, Interest};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

/// A peer that does not accept the replies of a turn within this is given up, and so is one that acknowledges
/// no bytes for so long.
pub const WRITE_STALL_MAX: Duration = Duration::from_secs(60);

/// How long a closing connection waits for its peer to read the last reply. If it closed while bytes of the
/// peer are unread, the system would reset the connection and discard that reply.
pub const LINGER_MAX: Duration = Duration::from_secs(1);

/// A stream of bytes between a client and the server.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    /// Waits until the peer has reset the connection, while nothing is read. The end of the peer's stream is
    /// not a reset. A transport that cannot tell waits without end.
    fn reset(&mut self) -> impl Future<Output = io::Error> + Send {
        pending()
    }
}

impl Transport for TcpStream {
    async fn reset(&mut self) -> io::Error {
        let ready = self.ready(Interest::ERROR).await;
        ready.err().unwrap_or_else(|| io::ErrorKind::ConnectionReset.into())
    }
}

impl Transport for UnixStream {
    async fn reset(&mut self) -> io::Error {
        let ready = self.ready(Interest::ERROR).await;
        ready.err().unwrap_or_else(|| io::ErrorKind::ConnectionReset.into())
    }
}

/// The end of the peer's stream is its close_notify. One that closes the socket without it is an error.
impl Transport for TlsStream<TcpStream> {
    async fn reset(&mut self) -> io::Error {
        self.get_mut().0.reset().await
    }
}

/// A stream that is large, so that connections of other kinds do not take its memory.
impl<T: Transport> Transport for Box<T> {
    fn reset(&mut self) -> impl Future<Output = io::Error> + Send {
        (**self).reset()
    }
}

/// Within the process.
impl Transport for DuplexStream {}

/// Sends all bytes. `permit` is dropped when they are sent, or when the peer has to be waited for.
///
/// # Errors
///
/// An error of the transport, or that the peer needs longer than [`WRITE_STALL_MAX`] to accept them.
pub async fn send<P>(stream: &mut impl Transport, bytes: &[u8], permit: P) -> io::Result<()> {
    let mut sending = pin!(async {
        stream.write_all(bytes).await?;
        stream.flush().await
    });
    // Most writes do not wait, and need no timer.
    match poll_fn(|context| Poll::Ready(sending.as_mut().poll(context))).await {
        Poll::Ready(sent) => sent,
        Poll::Pending => {
            drop(permit);
            timeout(WRITE_STALL_MAX, sending).await?
        }
    }
}

/// Shuts down this side of the connection. A peer of TLS is told so by a last record, and has to accept it.
pub async fn shut_down(stream: &mut impl Transport) -> io::Result<()> {
    timeout(WRITE_STALL_MAX, stream.shutdown()).await?
}

/// Shuts down this side of the connection and waits, for a bounded time, until the peer closes its side.
pub async fn linger(stream: &mut impl Transport) -> io::Result<()> {
    shut_down(stream).await?;
    let mut rest = [0; 1024];
    let drained = timeout(LINGER_MAX, async {
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    })
    .await;
    drained.unwrap_or(Ok(()))
}
