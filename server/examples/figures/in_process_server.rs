//! A server in this process.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use bookline_protocol::Role;
use bookline_server::Server;
use bookline_server::auth::new_token;
use bookline_server::state::{AccountValues, Context, StoredSecret};
use bookline_server::storage::journal::Durability;
use bookline_testkit::in_process::Listening;
use tokio::net::TcpListener;
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

    /// Adds an admin to the data of a server that does not run, and returns its token.
    pub async fn add_account(directory: &Path, name: &str) -> anyhow::Result<String> {
        let server = Server::open(&config(directory, Durability::Always)).await?;
        let (token, hash) = new_token();
        let secret = StoredSecret::Token(hash);
        let values = AccountValues { name, role: Role::Admin, person: "", secret: secret.as_hash() };
        let added = server.service().store.add_account(&mut Context::default(), &values);
        added.map_err(|refused| anyhow!("{refused:?}"))?;
        server.run(Vec::<TcpListener>::new(), async {}).await?;
        Ok(token)
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.finished.await.context("waiting for the server to stop")?
    }
}
