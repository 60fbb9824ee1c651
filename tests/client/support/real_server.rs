//! A server in this process.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use bookline_server::cli::Cli;
use bookline_server::{Config, Server};
use clap::Parser;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::support::client::{Exited, bookline, run_with_input};

/// A server on an empty data directory. Dropping it stops it.
pub struct RealServer {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _data: TempDir,
}

impl RealServer {
    /// Starts a server with these flags.
    pub fn start(flags: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let directory = data.path().to_str().unwrap().to_owned();
        let fixed =
            ["--data-dir", &directory, "--hod", "F10", "--time-zone", "UTC", "--segment-size", "1MiB"];
        let config = parse_config(&[&fixed, flags].concat());
        let (stop, stopped) = oneshot::channel::<()>();
        let (listening, address) = mpsc::channel();
        let thread = thread::spawn(move || {
            let stopped = async {
                let _ = stopped.await;
            };
            serve(&config, |addr| listening.send(addr).unwrap(), stopped);
        });
        Self { addr: address.recv().unwrap(), stop: Some(stop), thread: Some(thread), _data: data }
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
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for RealServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The data directory is removed after the server has ended. A failed test has its own message.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The configuration of a server with these flags.
pub fn parse_config(flags: &[&str]) -> Config {
    Cli::try_parse_from([&["booklined"], flags].concat()).unwrap().config()
}

/// Runs a server on a free port until `stopped`. `on_listening` gets its address.
pub fn serve(config: &Config, on_listening: impl FnOnce(SocketAddr), stopped: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::open(config).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        on_listening(listener.local_addr().unwrap());
        server.run([listener], stopped).await.unwrap();
    });
}
