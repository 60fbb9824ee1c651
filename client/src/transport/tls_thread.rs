//! The thread that speaks TLS for a connection.
//!
//! The prompt waits for keys and for the server at once, outside of a runtime, and asks the operating system
//! what has arrived. A TLS stream cannot answer that: bytes of the socket may be none of the protocol, and
//! bytes of the protocol may wait in the TLS session while the socket has none. So a thread carries the bytes
//! between the TLS stream and a pair of sockets, and everything else has one of the pair.

use std::future::pending;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::connect_error::ConnectError;
use super::tcp::connect_tcp;
use crate::tls::TlsProblem;
use bookline_loadgen::host_of;

/// Bytes that are carried at once: some records of TLS, of 16 KiB each.
const CARRIED_BYTES: usize = 64 * 1024;

/// How long the thread waits for a server that does not close a connection which the client has closed.
const LINGER: Duration = Duration::from_secs(1);

/// A handle to the thread, which ends soon after it is dropped.
#[derive(Debug)]
pub struct TlsThread {
    problem: Arc<OnceLock<TlsProblem>>,
    /// Dropping it tells the thread.
    _end: oneshot::Sender<()>,
}

/// What the caller gets of a thread that has a connection.
type Handed = (StdUnixStream, TlsThread);

impl TlsThread {
    /// What was wrong with TLS, if that has ended the connection. It is known when the socket has ended.
    pub fn problem(&self) -> Option<TlsProblem> {
        self.problem.get().cloned()
    }
}

/// Connects to `host:port` and agrees on TLS, with a thread of its own that carries the bytes.
pub async fn open(address: &str, config: Arc<ClientConfig>) -> Result<(UnixStream, TlsThread), ConnectError> {
    let (handing, handed) = oneshot::channel();
    let address = address.to_owned();
    thread::Builder::new().name("tls".to_owned()).spawn(move || run(&address, config, handing))?;
    let lost = |_| ConnectError::Tls(TlsProblem::Closed);
    let (stream, thread) = handed.await.map_err(lost)??;
    Ok((UnixStream::from_std(stream)?, thread))
}

fn run(address: &str, config: Arc<ClientConfig>, mut handing: oneshot::Sender<Result<Handed, ConnectError>>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(handing.send(Err(error.into()))),
    };
    runtime.block_on(async {
        // A caller that does not wait any more drops its end.
        let connected = tokio::select! {
            connected = connect_tls(address, config) => connected,
            () = handing.closed() => return,
        };
        let problem = Arc::new(OnceLock::new());
        let (end, ended) = oneshot::channel();
        let thread = TlsThread { problem: problem.clone(), _end: end };
        let carried = connected.and_then(|stream| Ok((stream, pair()?)));
        let (stream, socket) = match carried {
            Ok((stream, (socket, theirs))) => {
                let _ = handing.send(Ok((theirs, thread)));
                (stream, socket)
            }
            Err(error) => return drop(handing.send(Err(error))),
        };
        carry(stream, socket, ended, &problem).await;
    });
}

async fn connect_tls(address: &str, config: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, ConnectError> {
    let host = host_of(address).to_owned();
    let host =
        ServerName::try_from(host).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let stream = connect_tcp(address).await?;
    TlsConnector::from(config).connect(host, stream).await.map_err(|error| {
        // Without an error of TLS the server has closed.
        ConnectError::Tls(TlsProblem::of(&error).unwrap_or(TlsProblem::Closed))
    })
}

/// The end of the thread, and the one that the client uses.
fn pair() -> io::Result<(UnixStream, StdUnixStream)> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    theirs.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, theirs))
}

/// Carries the bytes of both directions until the server or the client has closed.
async fn carry(
    stream: TlsStream<TcpStream>,
    socket: UnixStream,
    ended: oneshot::Receiver<()>,
    problem: &OnceLock<TlsProblem>,
) {
    let (from_server, to_server) = split(stream);
    let (from_client, mut to_client) = socket.into_split();
    let sending = async {
        // What a server that has gone sent before can still be read.
        let _ = copy(from_client, to_server).await;
        pending::<()>().await;
    };
    let abandoned = async {
        let _ = ended.await;
        sleep(LINGER).await;
    };
    let received = tokio::select! {
        received = copy(from_server, &mut to_client) => received,
        () = sending => return,
        () = abandoned => return,
    };
    // Without an error of TLS, the connection was lost as one without TLS is.
    if let Some(found) = received.err().as_ref().and_then(TlsProblem::of_agreed) {
        let _ = problem.set(found);
    }
    // The client finds the problem when it finds the end.
    drop(to_client);
}

/// Copies to the end, and passes the end on. What has arrived is written before the next read: it must not be
/// lost with a connection that fails.
async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut buffer = vec![0; CARRIED_BYTES];
    loop {
        match from.read(&mut buffer).await? {
            0 => return to.shutdown().await,
            count => {
                to.write_all(&buffer[..count]).await?;
                to.flush().await?;
            }
        }
    }
}
