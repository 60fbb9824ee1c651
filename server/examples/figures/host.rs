//! A server in this process, and connections to it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use bookline_server::Server;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::start::settings;

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

    /// Asks for rows, and reads past them to the last line.
    pub async fn rows(&mut self, line: &str) -> anyhow::Result<&str> {
        self.ask(line).await?;
        while self.answer.starts_with("ROW ") {
            self.answer.clear();
            self.stream.read_line(&mut self.answer).await?;
        }
        Ok(&self.answer)
    }

    /// Sends many lines at once, and reads an answer for each.
    pub async fn batch(&mut self, lines: &[String]) -> anyhow::Result<()> {
        for some in lines.chunks(500) {
            self.stream.get_mut().write_all(some.concat().as_bytes()).await?;
            for line in some {
                self.answer.clear();
                self.stream.read_line(&mut self.answer).await?;
                anyhow::ensure!(self.answer.starts_with("OK "), "{line}: {}", self.answer);
            }
        }
        Ok(())
    }
}
