//! A server in this process.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use bookline_server::Server;
use bookline_server::storage::journal::Durability;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::start::config;

/// A server on a runtime of its own, as the program has it.
pub struct Host {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Host {
    pub async fn start(directory: &Path) -> anyhow::Result<Self> {
        let config = config(directory, Durability::Always);
        let (opened, open) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(async {
                let server = Server::open(&config).await?;
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                // Whoever waits for the address has started this.
                let _ = opened.send(listener.local_addr()?);
                let shutdown = async {
                    let _ = stopped.await;
                };
                anyhow::Ok(server.run([listener], shutdown).await?)
            })
        });
        Ok(Self { address: open.await.context("the server does not start")?, stop, served })
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.served.await.context("the server's end")?
    }
}
