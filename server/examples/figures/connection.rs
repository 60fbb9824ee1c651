//! A connection of a client.

use std::net::SocketAddr;

use anyhow::ensure;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The longest line of the listings that are measured here.
const LINE_BYTES_MAX: usize = 4 << 10;

pub struct Connection {
    stream: BufReader<TcpStream>,
    reply: String,
}

impl Connection {
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), reply: String::new() })
    }

    /// The stream without its read buffer.
    pub fn into_stream(self) -> TcpStream {
        self.stream.into_inner()
    }

    pub async fn ask(&mut self, line: &str) -> anyhow::Result<&str> {
        self.stream.get_mut().write_all(line.as_bytes()).await?;
        self.reply.clear();
        self.stream.read_line(&mut self.reply).await?;
        Ok(&self.reply)
    }

    /// Sends a request whose reply has rows and returns the last line. It reads large chunks and does not
    /// parse the rows, so that the client does not dominate the measurement.
    pub async fn rows(&mut self, line: &str) -> anyhow::Result<String> {
        self.stream.get_mut().write_all(line.as_bytes()).await?;
        let (mut chunk, mut end) = (vec![0; 256 << 10], Vec::new());
        loop {
            let read = self.stream.read(&mut chunk).await?;
            ensure!(read > 0, "the server closed the connection");
            end.extend_from_slice(&chunk[..read]);
            end.drain(..end.len().saturating_sub(LINE_BYTES_MAX));
            if let Some(line) =
                end.strip_suffix(b"\n").and_then(|end| end.rsplit(|&byte| byte == b'\n').next())
                && !line.starts_with(b"ROW ")
            {
                return Ok(String::from_utf8_lossy(line).into_owned());
            }
        }
    }

    /// Sends many requests at once, and reads a reply to each.
    pub async fn batch(&mut self, lines: &[String]) -> anyhow::Result<()> {
        for some in lines.chunks(500) {
            self.stream.get_mut().write_all(some.concat().as_bytes()).await?;
            for line in some {
                self.reply.clear();
                self.stream.read_line(&mut self.reply).await?;
                ensure!(self.reply.starts_with("OK "), "{line}: {}", self.reply);
            }
        }
        Ok(())
    }
}
