//! The server, started in this process through its library.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bookline_server::commands::Service;
use bookline_server::server::ServeError;
use bookline_server::{Config, OpenError};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Conn, PATIENCE};

/// A server that runs on a directory and a runtime of its own.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    /// What its connections reach, for who reaches past them.
    pub service: Arc<Service>,
    directory: TempDir,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<Result<(), ServeError>>,
}

impl Server {
    /// Starts one on an empty directory.
    pub async fn fresh() -> Self {
        Self::fresh_with(|_| {}).await
    }

    /// Starts one on an empty directory, with this change of its configuration.
    pub async fn fresh_with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = TempDir::with_prefix("bookline").expect("a directory");
        Self::on_with(directory, change).await.expect("a fresh start")
    }

    /// Starts one on this directory.
    pub async fn on(directory: TempDir) -> Result<Self, OpenError> {
        Self::on_with(directory, |_| {}).await
    }

    /// Starts one on this directory, with this change of its configuration.
    pub async fn on_with(directory: TempDir, change: impl FnOnce(&mut Config)) -> Result<Self, OpenError> {
        let config = config(directory.path(), change);
        Self::start_by(directory, config, |serve| {
            std::thread::spawn(move || {
                let runtime =
                    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
                runtime.block_on(serve);
            });
        })
        .await
    }

    /// Starts one on the runtime of the test, with its clock, and with this change of its configuration.
    pub async fn on_this_runtime(change: impl FnOnce(&mut Config)) -> Self {
        let directory = TempDir::with_prefix("bookline").expect("a directory");
        let config = config(directory.path(), change);
        let started = Self::start_by(directory, config, |serve| drop(tokio::spawn(serve))).await;
        started.expect("a fresh start")
    }

    async fn start_by(
        directory: TempDir,
        config: Config,
        spawn: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>),
    ) -> Result<Server, OpenError> {
        let (opened, open) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let (ending, ended) = oneshot::channel();
        spawn(Box::pin(async move {
            let server = match bookline_server::Server::open(&config).await {
                Ok(server) => server,
                Err(refused) => return opened.send(Err(refused)).expect("somebody waits"),
            };
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("it is bound");
            opened.send(Ok((address, server.service().clone()))).expect("somebody waits");
            let shutdown = async {
                // To drop it is to stop, too.
                let _ = stopped.await;
            };
            // A test that failed does not wait for the end.
            let _ = ending.send(server.run([listener], shutdown).await);
        }));
        let (address, service) = open.await.expect("it does not panic")?;
        Ok(Server { address, service, directory, stop, ended })
    }

    pub async fn connect(&self) -> Conn {
        Conn::open(self.address).await
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Stops it as SIGTERM does. What is left is its directory.
    pub async fn stop(self) -> TempDir {
        let _ = self.stop.send(());
        let ended = timeout(PATIENCE, self.ended).await.expect("it stops");
        ended.expect("it does not panic").expect("it stops well");
        self.directory
    }

    /// Kills it, as far as its files are concerned: what is left is a copy of the directory as it stands at
    /// this moment, with all that was written and nothing that a stop would add. The server itself ends
    /// unseen.
    pub async fn kill(self) -> TempDir {
        let copy = TempDir::with_prefix("bookline").expect("a directory");
        copy_all(self.directory.path(), copy.path()).expect("copying the data directory");
        self.stop().await;
        copy
    }
}

/// Segments smaller than the flag takes: they are begun, closed and used again all the time.
const SEGMENT: u64 = 16 << 10;

/// What the servers of all tests are told, with this change.
pub fn config(directory: &Path, change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config {
        data_dir: directory.to_owned(),
        time_zone: Some(chrono_tz::UTC),
        segment_size: SEGMENT,
        // Who asks for a snapshot gets it at once.
        snapshot_interval_min: Duration::ZERO,
        ..Config::default()
    };
    change(&mut config);
    config
}

/// Copies a directory and all that is in it.
pub fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &to)?;
        } else if let Err(e) = std::fs::copy(entry.path(), to)
            // An old segment may become the preallocated segment at any moment.
            && e.kind() != io::ErrorKind::NotFound
        {
            return Err(e);
        }
    }
    Ok(())
}
