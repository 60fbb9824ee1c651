//! A connection for tests on a runtime.

use std::collections::VecDeque;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::change::ChangeLine;
use crate::connection::line;
use crate::reply::{PartialReply, Reply};
use crate::timeout::HANG_TIMEOUT;

/// A connection that removes the server's answers to telnet requests. A timeout is a failure.
#[derive(Debug)]
pub struct AsyncConn {
    lines: BufReader<OwnedReadHalf>,
    out: OwnedWriteHalf,
    line: Vec<u8>,
    /// Changes that arrived before replies that were waited for.
    changes: VecDeque<ChangeLine>,
}

impl AsyncConn {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        let (read, out) = stream.into_split();
        Self { lines: BufReader::new(read), out, line: Vec::new(), changes: VecDeque::new() }
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
            let Some(line) = self.line().await else {
                assert!(partial.is_empty(), "the server closed within a reply");
                return None;
            };
            if let Some(change) = ChangeLine::decode(&line) {
                assert!(partial.is_empty(), "a change within the lines of a reply: {line}");
                self.changes.push_back(change);
            } else if let Some(reply) = partial.add(&line) {
                return Some(reply);
            }
        }
    }

    /// The next change. `None` when the server has closed the connection.
    pub async fn change(&mut self) -> Option<ChangeLine> {
        if let Some(change) = self.changes.pop_front() {
            return Some(change);
        }
        let line = self.line().await?;
        Some(ChangeLine::decode(&line).unwrap_or_else(|| panic!("not a change: {line}")))
    }

    /// The next line. `None` when the server has closed the connection.
    async fn line(&mut self) -> Option<String> {
        self.line.clear();
        let read = timeout(HANG_TIMEOUT, self.lines.read_until(b'\n', &mut self.line)).await;
        if read.expect("the server answers").expect("an open connection") == 0 {
            return None;
        }
        Some(line::text(&self.line, true).expect("a complete line").to_owned())
    }

    /// Sends a request, and returns its reply.
    pub async fn ask(&mut self, line: &str) -> Reply {
        self.send(format!("{line}\n").as_bytes()).await;
        self.reply().await.unwrap_or_else(|| panic!("no reply to {line}"))
    }
}
