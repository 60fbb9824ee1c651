//! A server in this process.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bookline_server::commands::Service;
use bookline_server::storage::data_dir::DataDirError;
use bookline_server::{Config, OpenError, ServeError};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::connection::AsyncConn;
use crate::timeout::HANG_TIMEOUT;

/// A server that is open, with a free port on which it does not serve yet.
#[derive(Debug)]
pub struct Listening {
    server: bookline_server::Server,
    listener: TcpListener,
    pub address: SocketAddr,
}

impl Listening {
    /// Opens a server with this configuration, and binds a free port.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        Self::open_at(config, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Opens a server with this configuration, and binds this address.
    pub async fn open_at(config: &Config, address: SocketAddr) -> Result<Self, OpenError> {
        let server = Self::open_when_unlocked(config).await?;
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        Ok(Self { server, listener, address })
    }

    /// A process that another test starts has a copy of each file descriptor until it executes its program,
    /// also that with the lock of a server that was just stopped.
    async fn open_when_unlocked(config: &Config) -> Result<bookline_server::Server, OpenError> {
        let deadline = Instant::now() + HANG_TIMEOUT;
        loop {
            match bookline_server::Server::open(config).await {
                Err(OpenError::DataDir(DataDirError::InUse { .. })) if Instant::now() < deadline => {
                    yield_now().await;
                }
                opened => return opened,
            }
        }
    }

    /// Serves until `stop`, and shuts down gracefully.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        self.server.run([self.listener], stop).await
    }
}

/// A running server with its own directory and runtime.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    /// Its state, for tests that use more than the protocol.
    pub service: Arc<Service>,
    directory: TempDir,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<Result<(), ServeError>>,
}

impl Server {
    /// Starts a server on an empty directory.
    pub async fn fresh() -> Self {
        Self::fresh_with(|_| {}).await
    }

    /// Starts a server on an empty directory, with this change of the configuration.
    pub async fn fresh_with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = TempDir::with_prefix("bookline").expect("a directory");
        Self::on_with(directory, change).await.expect("a fresh start")
    }

    /// Starts a server on this directory.
    pub async fn on(directory: TempDir) -> Result<Self, OpenError> {
        Self::on_with(directory, |_| {}).await
    }

    /// Starts a server on this directory, with this change of the configuration.
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

    /// Starts a server on the runtime of the test, with its clock, and with this change of the configuration.
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
    ) -> Result<Self, OpenError> {
        let (opened, open) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let (ending, ended) = oneshot::channel();
        spawn(Box::pin(async move {
            let listening = match Listening::open(&config).await {
                Ok(listening) => listening,
                Err(refused) => return opened.send(Err(refused)).expect("a receiver"),
            };
            let handle = (listening.address, listening.server.service().clone());
            opened.send(Ok(handle)).expect("a receiver");
            let shutdown = async {
                // Dropping the sender stops the server, too.
                let _ = stopped.await;
            };
            // The receiver is dropped when a test has failed.
            let _ = ending.send(listening.serve(shutdown).await);
        }));
        let (address, service) = open.await.expect("no panic")?;
        Ok(Self { address, service, directory, stop, ended })
    }

    pub async fn connect(&self) -> AsyncConn {
        AsyncConn::open(self.address).await
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Stops the server as SIGTERM does, and returns its directory.
    pub async fn stop(self) -> TempDir {
        let _ = self.stop.send(());
        let ended = timeout(HANG_TIMEOUT, self.ended).await.expect("the server stops");
        ended.expect("no panic").expect("a graceful shutdown");
        self.directory
    }

    /// Returns a copy of the directory as a kill would leave it: with everything that was written, and
    /// without what a graceful shutdown adds. The server itself is stopped afterwards.
    pub async fn kill(self) -> TempDir {
        let copy = TempDir::with_prefix("bookline").expect("a directory");
        copy_all(self.directory.path(), copy.path()).expect("copying the data directory");
        self.stop().await;
        copy
    }
}

/// Segments smaller than the flag allows, so that they are rotated and recycled often.
const SEGMENT: u64 = 16 << 10;

/// The configuration of the test servers, with this change.
pub fn config(directory: &Path, change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config {
        data_dir: directory.to_owned(),
        time_zone: Some(chrono_tz::UTC),
        segment_size: SEGMENT,
        // Segments are given up as soon as they can be.
        keep_log: 0,
        // Snapshots are made as soon as they are requested.
        snapshot_interval_min: Duration::ZERO,
        ..Config::default()
    };
    change(&mut config);
    config
}

/// Copies a directory recursively.
pub fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &to)?;
        } else if let Err(e) = std::fs::copy(entry.path(), to)
            // An old segment may be recycled, and so renamed, at any moment.
            && e.kind() != io::ErrorKind::NotFound
        {
            return Err(e);
        }
    }
    Ok(())
}
