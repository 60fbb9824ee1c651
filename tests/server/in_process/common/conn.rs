//! A connection to the server.

use std::net::SocketAddr;

use bookline_protocol::reply::ReplyLine;
use bookline_protocol::telnet::strip_answers;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::HANG_TIMEOUT;

/// The rows and the final line of a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The objects of the rows.
    pub rows: Vec<Value>,
    /// The code of a refusal. `None` for OK.
    pub code: Option<String>,
    /// The object of the final line.
    pub body: Value,
}

/// A connection to a server in this process.
#[derive(Debug)]
pub struct Conn {
    lines: BufReader<OwnedReadHalf>,
    out: OwnedWriteHalf,
    line: Vec<u8>,
}

impl Conn {
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
        let mut rows = Vec::new();
        loop {
            self.line.clear();
            let read = timeout(HANG_TIMEOUT, self.lines.read_until(b'\n', &mut self.line)).await;
            if read.expect("the server answers").expect("an open connection") == 0 {
                assert!(rows.is_empty(), "the server closed within a reply");
                return None;
            }
            assert!(self.line.ends_with(b"\n"), "an incomplete line: {:?}", self.line);
            let line = str::from_utf8(strip_answers(&self.line)).expect("UTF-8");
            let object = |text: &str| serde_json::from_str(text).expect("a JSON object");
            match ReplyLine::parse(line).expect("a reply line") {
                ReplyLine::Row(row) => rows.push(object(row)),
                ReplyLine::Ok(body) => return Some(Reply { rows, code: None, body: object(body) }),
                ReplyLine::Err { code, body } => {
                    return Some(Reply { rows, code: Some(code.to_owned()), body: object(body) });
                }
                ReplyLine::Unknown => panic!("the server sent an unknown line: {line}"),
            }
        }
    }

    /// Sends a request, and returns its reply.
    pub async fn ask(&mut self, line: &str) -> Reply {
        self.send(format!("{line}\n").as_bytes()).await;
        self.reply().await.unwrap_or_else(|| panic!("no reply to {line}"))
    }
}

impl Reply {
    /// The object of an OK. Panics for a refusal.
    pub fn ok(&self) -> &Value {
        assert!(self.code.is_none(), "{self:?}");
        &self.body
    }

    /// A number in the final line.
    pub fn number(&self, field: &str) -> u64 {
        self.body[field].as_u64().unwrap_or_else(|| panic!("no number {field} in {self:?}"))
    }
}
