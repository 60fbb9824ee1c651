//! A connection for tests on a runtime.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::connection::line;
use crate::reply::{PartialReply, Reply};
use crate::timeout::HANG_TIMEOUT;

/// A connection that removes the server's answers to telnet requests. A timeout is a failure.
#[derive(Debug)]
pub struct AsyncConn {
    lines: BufReader<OwnedReadHalf>,
    out: OwnedWriteHalf,
    line: Vec<u8>,
}

impl AsyncConn {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        let (read, out) = stream.into_split();
        Self { lines: BufReader::new(read), out, line: Vec::new() }
    }

    /// Sends these bytes.
    pub async fn send(&mut self, bytes: &[u8]) {
        let sent = timeout(HANG_TIMEOUT, self.out.write_all(bytes)).await.expect("the server reads");
        sent.expect("an open connection");
    }

    /// Closes the sending half.
    pub async fn finish(&mut self) {
        self.out.shutdown().await.expect("an open connection");
    }

    /// The next reply. `None` when the server has closed the connection.
    pub async fn reply(&mut self) -> Option<Reply> {
        let mut partial = PartialReply::default();
        loop {
            self.line.clear();
            let read = timeout(HANG_TIMEOUT, self.lines.read_until(b'\n', &mut self.line)).await;
            if read.expect("the server answers").expect("an open connection") == 0 {
                assert!(partial.is_empty(), "the server closed within a reply");
                return None;
            }
            let line = line::text(&self.line, true).expect("a complete line");
            if let Some(reply) = partial.add(line) {
                return Some(reply);
            }
        }
    }

    /// Sends a request, and returns its reply.
    pub async fn ask(&mut self, line: &str) -> Reply {
        self.send(format!("{line}\n").as_bytes()).await;
        self.reply().await.unwrap_or_else(|| panic!("no reply to {line}"))
    }
}
