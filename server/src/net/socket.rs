//! Options of a client's socket: how much the kernel buffers, and when it gives up a silent peer.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpStream, UnixStream};

use crate::net::transport::WRITE_STALL_MAX;
use crate::session::OWN_REPLY_BYTES;

/// The kernel's buffer for the replies of a connection, which Linux doubles for its own bookkeeping. As much
/// as a turn writes.
const SEND_BUFFER_BYTES: usize = OWN_REPLY_BYTES;

/// How long a peer is silent before the kernel sends the first keepalive probe.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// The time between two probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Unanswered probes after which the kernel gives up the peer.
const KEEPALIVE_PROBES: u32 = 6;

/// The time within which a peer that lost its power or network is given up.
const DEAD_PEER_DETECTION_MAX: Duration = Duration::from_secs(180);

const _: () = {
    let probing = KEEPALIVE_PROBES as u64 * KEEPALIVE_INTERVAL.as_secs();
    assert!(KEEPALIVE_IDLE.as_secs() + probing <= DEAD_PEER_DETECTION_MAX.as_secs());
    // On Linux, TCP_USER_TIMEOUT replaces the number of probes, and takes effect at the next probe. It allows
    // at least three, so that a lost packet does not end a connection.
    assert!(KEEPALIVE_IDLE.as_secs() + 3 * KEEPALIVE_INTERVAL.as_secs() <= WRITE_STALL_MAX.as_secs());
    assert!(WRITE_STALL_MAX.as_secs() + KEEPALIVE_INTERVAL.as_secs() <= DEAD_PEER_DETECTION_MAX.as_secs());
};

/// Sets the options of a connection within the machine: it has no network to lose.
pub fn prepare_unix(stream: &UnixStream) -> io::Result<()> {
    Ok(sockopt::set_socket_send_buffer_size(stream, SEND_BUFFER_BYTES)?)
}

/// Sets the options of a connection that is served.
pub fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // Telnet sends the end of an interrupt as urgent data. Out of line, its sequence would lack a byte.
    sockopt::set_socket_oobinline(stream, true)?;
    // Without these two the kernel would buffer megabytes for a peer that reads nothing, without end.
    sockopt::set_socket_send_buffer_size(stream, SEND_BUFFER_BYTES)?;
    #[cfg(target_os = "linux")]
    sockopt::set_tcp_user_timeout(stream, u32::try_from(WRITE_STALL_MAX.as_millis()).unwrap_or(u32::MAX))?;
    sockopt::set_socket_keepalive(stream, true)?;
    // OpenBSD sets these for the whole system only.
    #[cfg(not(target_os = "openbsd"))]
    {
        sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE)?;
        sockopt::set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL)?;
        sockopt::set_tcp_keepcnt(stream, KEEPALIVE_PROBES)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn kernel_buffers_little_and_gives_up_dead_peers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let _peer =
            TcpStream::connect(listener.local_addr().expect("it is bound")).await.expect("it listens");
        let (stream, _) = listener.accept().await.expect("the peer has connected");
        prepare(&stream).expect("a socket");
        let bytes = sockopt::socket_send_buffer_size(&stream).expect("a socket");
        assert!(bytes <= 2 * SEND_BUFFER_BYTES, "the kernel buffers {bytes} bytes");
        #[cfg(target_os = "linux")]
        assert_eq!(sockopt::tcp_user_timeout(&stream).expect("a socket"), 60_000);
        assert!(sockopt::socket_keepalive(&stream).expect("a socket"));
        #[cfg(not(target_os = "openbsd"))]
        {
            let (idle, interval) = (sockopt::tcp_keepidle(&stream), sockopt::tcp_keepintvl(&stream));
            let probes = sockopt::tcp_keepcnt(&stream).expect("a socket");
            let detection = idle.expect("a socket") + interval.expect("a socket") * probes;
            assert!(detection <= DEAD_PEER_DETECTION_MAX, "a dead peer is given up after {detection:?}");
        }
    }
}
