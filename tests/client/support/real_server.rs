//! A server in this process.

use std::net::SocketAddr;

use bookline_server::Config;
use bookline_testkit::in_process::Server;
use tempfile::TempDir;

use crate::support::client::{Exited, bookline, run_with_input};

/// A server on an empty data directory. Dropping it stops it.
pub struct RealServer {
    pub addr: SocketAddr,
    /// `None` after a stop.
    server: Option<Server>,
}

impl RealServer {
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// Starts a server with this change of the configuration.
    pub fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let server = block_on(Server::fresh_with(|config| {
            // Scripts of 100,000 commands would rotate smaller segments all the time.
            config.segment_size = 1 << 20;
            change(config);
        }));
        Self { addr: server.address, server: Some(server) }
    }

    /// Starts a server on the data in this directory.
    pub fn start_on(directory: TempDir) -> Self {
        let server = block_on(Server::on(directory)).unwrap();
        Self { addr: server.address, server: Some(server) }
    }

    /// Runs the client with these arguments.
    pub fn run(&self, words: &[&str]) -> Exited {
        run_with_input(bookline(self.addr, words), "")
    }

    /// Runs the client with `input` on standard input.
    pub fn run_script(&self, input: impl Into<Vec<u8>>) -> Exited {
        run_with_input(bookline(self.addr, &[]), input)
    }

    /// Stops the server and waits for its end.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            block_on(server.stop());
        }
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        // A failed test has its own message.
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

/// Runs a future on this thread. Servers run on threads of their own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}
