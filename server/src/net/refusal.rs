//! The last words to a client that is not served.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use bookline_protocol::Refusal;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::net::transport::{self, LINGER_MAX, Transport};
use crate::session::OWN_REQUEST_BYTES;

/// A socket that does not block.
pub trait StdSocket: Read + Write {
    /// Closes the writing side.
    fn half_close(&self) -> io::Result<()>;
}

impl StdSocket for std::net::TcpStream {
    fn half_close(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl StdSocket for std::os::unix::net::UnixStream {
    fn half_close(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// Sends a refusal to a client and waits, for a bounded time, until it has read it.
pub async fn refuse(mut stream: impl Transport, refusal: &Refusal) -> io::Result<()> {
    let mut out = Vec::new();
    refusal.write(&mut out);
    timeout(LINGER_MAX, async {
        stream.write_all(&out).await?;
        stream.flush().await
    })
    .await??;
    transport::linger(&mut stream).await
}

/// Sends a refusal to a client and closes without waiting. It reads what the client has sent so far, because
/// unread bytes would make the system reset the connection.
pub fn refuse_at_once(mut stream: impl StdSocket, refusal: &Refusal) -> io::Result<()> {
    let mut out = Vec::new();
    refusal.write(&mut out);
    stream.write_all(&out)?;
    stream.half_close()?;
    stream.read(&mut [0; OWN_REQUEST_BYTES]).map(drop)
}
