//! A connection to a server.

use std::net::SocketAddr;

use anyhow::ensure;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The last line of many rows is no longer than this, nor is a row of ours.
const LONGEST_END: usize = 4 << 10;

/// One connection.
pub struct Lines {
    stream: BufReader<TcpStream>,
    answer: String,
}

impl Lines {
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), answer: String::new() })
    }

    /// The bare connection, without what this end keeps to read it.
    pub fn rest(self) -> TcpStream {
        self.stream.into_inner()
    }

    pub async fn ask(&mut self, line: &str) -> anyhow::Result<&str> {
        self.stream.get_mut().write_all(line.as_bytes()).await?;
        self.answer.clear();
        self.stream.read_line(&mut self.answer).await?;
        Ok(&self.answer)
    }

    /// Asks for rows and gives the last line. The rows are taken in large pieces and not looked at: what is measured is
    /// the server.
    pub async fn rows(&mut self, line: &str) -> anyhow::Result<String> {
        self.stream.get_mut().write_all(line.as_bytes()).await?;
        let (mut piece, mut end) = (vec![0; 256 << 10], Vec::new());
        loop {
            let read = self.stream.read(&mut piece).await?;
            ensure!(read > 0, "the server closed the connection");
            end.extend_from_slice(&piece[..read]);
            end.drain(..end.len().saturating_sub(LONGEST_END));
            if let Some(line) =
                end.strip_suffix(b"\n").and_then(|end| end.rsplit(|&byte| byte == b'\n').next())
                && !line.starts_with(b"ROW ")
            {
                return Ok(String::from_utf8_lossy(line).into_owned());
            }
        }
    }

    /// Sends many lines at once, and reads an answer for each.
    pub async fn batch(&mut self, lines: &[String]) -> anyhow::Result<()> {
        for some in lines.chunks(500) {
            self.stream.get_mut().write_all(some.concat().as_bytes()).await?;
            for line in some {
                self.answer.clear();
                self.stream.read_line(&mut self.answer).await?;
                ensure!(self.answer.starts_with("OK "), "{line}: {}", self.answer);
            }
        }
        Ok(())
    }
}
