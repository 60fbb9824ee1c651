//! What the system is told about a client's socket: how much it may hold, and when a silent peer is gone.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpStream;

/// What the kernel may hold of a connection's replies; Linux doubles it for its own books. As much as a turn writes.
pub const SEND_BUFFER: usize = 64 << 10;

/// A peer that does not take a turn's replies within this is given up; so is one of which the kernel holds all.
pub const WRITE_STALL: Duration = Duration::from_secs(60);

/// A peer that has been silent for so long is asked by the kernel whether it is still there (TCP keepalive).
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// It is asked again after this.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// So often, where nothing else ends it.
const KEEPALIVE_PROBES: u32 = 6;

/// A peer that lost power, or whose network did, is gone within this.
const GONE_WITHIN: Duration = Duration::from_secs(180);

const _: () = {
    let asked = KEEPALIVE_PROBES as u64 * KEEPALIVE_INTERVAL.as_secs();
    assert!(KEEPALIVE_IDLE.as_secs() + asked <= GONE_WITHIN.as_secs());
    // On Linux the timeout of what was sent ends the asking in place of the number, at the next time to ask. One lost
    // packet is no reason: there are three at the least.
    assert!(KEEPALIVE_IDLE.as_secs() + 3 * KEEPALIVE_INTERVAL.as_secs() <= WRITE_STALL.as_secs());
    assert!(WRITE_STALL.as_secs() + KEEPALIVE_INTERVAL.as_secs() <= GONE_WITHIN.as_secs());
};

/// Sets what every connection that is served has.
pub fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // Telnet sends the end of an interrupt as urgent data: out of line, a byte would be missing from its sequence.
    sockopt::set_socket_oobinline(stream, true)?;
    // Without this the kernel would hold megabytes of replies for a peer that takes nothing, and for ever.
    sockopt::set_socket_send_buffer_size(stream, SEND_BUFFER)?;
    #[cfg(target_os = "linux")]
    sockopt::set_tcp_user_timeout(stream, u32::try_from(WRITE_STALL.as_millis()).unwrap_or(u32::MAX))?;
    sockopt::set_socket_keepalive(stream, true)?;
    // OpenBSD has these for the whole system only.
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
    async fn the_kernel_holds_little_and_not_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let _peer =
            TcpStream::connect(listener.local_addr().expect("it is bound")).await.expect("it listens");
        let (stream, _) = listener.accept().await.expect("the peer has connected");
        prepare(&stream).expect("a socket");
        let held = sockopt::socket_send_buffer_size(&stream).expect("a socket");
        assert!(held <= 2 * SEND_BUFFER, "the kernel may hold {held} bytes");
        #[cfg(target_os = "linux")]
        assert_eq!(sockopt::tcp_user_timeout(&stream).expect("a socket"), 60_000);
        assert!(sockopt::socket_keepalive(&stream).expect("a socket"));
        #[cfg(not(target_os = "openbsd"))]
        {
            let (idle, interval) = (sockopt::tcp_keepidle(&stream), sockopt::tcp_keepintvl(&stream));
            let probes = sockopt::tcp_keepcnt(&stream).expect("a socket");
            let gone = idle.expect("a socket") + interval.expect("a socket") * probes;
            assert!(gone <= GONE_WITHIN, "a peer that lost power is there for {gone:?}");
        }
    }
}
