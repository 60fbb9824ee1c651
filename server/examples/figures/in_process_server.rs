//! A server in this process.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use bookline_server::storage::journal::Durability;
use bookline_testkit::in_process::Listening;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::recovery::config;

/// A server on a runtime of its own, as in the binary.
pub struct InProcessServer {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    finished: JoinHandle<anyhow::Result<()>>,
}

impl InProcessServer {
    pub async fn start(directory: &Path) -> anyhow::Result<Self> {
        let config = config(directory, Durability::Always);
        let (bound, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let finished = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(async {
                let server = Listening::open(&config).await?;
                // The receiver is in `start`, which waits.
                let _ = bound.send(server.address);
                let stop = async {
                    let _ = stopped.await;
                };
                anyhow::Ok(server.serve(stop).await?)
            })
        });
        Ok(Self { address: address.await.context("the server does not start")?, stop, finished })
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.finished.await.context("waiting for the server to stop")?
    }
}
