//! A server in this process, and connections to it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, ensure};
use bookline_server::Server;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::start::settings;

/// The last line of many rows is no longer than this, nor is a row of ours.
const LONGEST_END: usize = 4 << 10;

/// A server on a runtime of its own, as the program has it.
pub struct Host {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Host {
    pub async fn start(directory: &Path) -> anyhow::Result<Host> {
        let settings = settings(directory, "always")?;
        let (opened, open) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(async {
                let server = Server::open(&settings).await?;
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                // Whoever waits for the address has started this.
                let _ = opened.send(listener.local_addr()?);
                let shutdown = async {
                    let _ = stopped.await;
                };
                anyhow::Ok(server.run(listener, shutdown).await?)
            })
        });
        Ok(Host { address: open.await.context("the server does not start")?, stop, served })
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.served.await.context("the server's end")?
    }
}

/// One connection.
pub struct Lines {
    stream: BufReader<TcpStream>,
    answer: String,
}

impl Lines {
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Lines> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Lines { stream: BufReader::new(stream), answer: String::new() })
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
