//! A proxy that cuts connections at random bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bookline_testkit::rng::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// Bytes of requests after which every client has sent its HELLO and its HELP.
const HANDSHAKE_REQUEST_BYTES: usize = 16;

/// Bytes of replies after which every client has the replies to them.
const HANDSHAKE_REPLY_BYTES: usize = 8 * 1024;

/// A cut is at most this many bytes behind the handshake: some 250 bookings, or 150 of their replies.
const DISTANCE_BYTES_MAX: usize = 16 * 1024;

/// Bytes that are read at once. Fewer than most distances, so that replies arrive before requests are cut.
const BUFFER_BYTES: usize = 1024;

/// A proxy on a free port. Dropping it closes its connections.
pub struct CuttingProxy {
    pub addr: SocketAddr,
    cuts: Arc<AtomicUsize>,
    _runtime: Runtime,
}

impl CuttingProxy {
    /// Starts a proxy that forwards connections to `server`, and cuts each of them once.
    pub fn start(server: SocketAddr, mut rng: Rng) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let addr = listener.local_addr().unwrap();
        let cuts = Arc::new(AtomicUsize::new(0));
        let counted = cuts.clone();
        runtime.spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (plan, cuts) = (Plan::draw(&mut rng), counted.clone());
                tokio::spawn(async move {
                    let server = TcpStream::connect(server).await.unwrap();
                    if serve(client, server, plan).await == End::Cut {
                        cuts.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Self { addr, cuts, _runtime: runtime }
    }

    /// How many connections it has cut.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }
}

/// Where one direction of a connection is cut.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Never,
    /// After this many bytes.
    AfterBytes(usize),
    /// Before the first line feed behind this many bytes, so that only the last byte of a line is missing.
    BeforeLineFeed(usize),
}

impl Cut {
    /// How many of the next bytes pass, if the cut is among them.
    fn position(&mut self, bytes: &[u8]) -> Option<usize> {
        let (Self::AfterBytes(left) | Self::BeforeLineFeed(left)) = self else { return None };
        let skipped = bytes.len().min(*left);
        *left -= skipped;
        let behind = &bytes[skipped..];
        match self {
            Self::BeforeLineFeed(_) => memchr::memchr(b'\n', behind).map(|at| skipped + at),
            _ => (!behind.is_empty()).then_some(skipped),
        }
    }
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug)]
struct Plan {
    requests: Cut,
    replies: Cut,
    /// Whether both sides see a reset instead of the end of the stream.
    resets: bool,
}

impl Plan {
    fn draw(rng: &mut Rng) -> Self {
        let cuts_requests = rng.one_in(2);
        let handshake = if cuts_requests { HANDSHAKE_REQUEST_BYTES } else { HANDSHAKE_REPLY_BYTES };
        let bytes = match rng.below(8) {
            0 => 0,
            1 => rng.below(handshake),
            _ => handshake + rng.below(DISTANCE_BYTES_MAX),
        };
        let cut = if rng.one_in(4) { Cut::BeforeLineFeed(bytes) } else { Cut::AfterBytes(bytes) };
        let (requests, replies) = if cuts_requests { (cut, Cut::Never) } else { (Cut::Never, cut) };
        Self { requests, replies, resets: rng.one_in(2) }
    }
}

/// Why a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The proxy has cut it.
    Cut,
    /// One side has closed it.
    Closed,
}

/// Forwards both directions until one of them ends, and closes both sides.
async fn serve(mut client: TcpStream, mut server: TcpStream, plan: Plan) -> End {
    let end = {
        let ((requests, to_client), (replies, to_server)) = (client.split(), server.split());
        tokio::select! {
            end = forward(requests, to_server, plan.requests) => end,
            end = forward(replies, to_client, plan.replies) => end,
        }
    };
    if end == End::Cut && plan.resets {
        client.set_zero_linger().unwrap();
        server.set_zero_linger().unwrap();
    }
    end
}

async fn forward(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut cut: Cut) -> End {
    let mut buffer = [0; BUFFER_BYTES];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return End::Closed };
        let position = cut.position(&buffer[..count]);
        if to.write_all(&buffer[..position.unwrap_or(count)]).await.is_err() {
            return End::Closed;
        }
        if position.is_some() {
            return End::Cut;
        }
    }
}
