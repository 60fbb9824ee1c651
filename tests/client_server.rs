//! A real server in this process, and the client run against it.

#![allow(dead_code, reason = "each test file uses its part")]

use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use bookline_server::{Server, Settings};
use clap::Parser;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::client_fake::{Ran, bookline, pipe};

/// A server on an empty data directory, stopped when it is dropped.
pub struct Real {
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _data: TempDir,
}

impl Real {
    /// Starts one with these flags besides.
    pub fn start(flags: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let directory = data.path().to_str().unwrap().to_owned();
        let fixed = [
            "booklined",
            "--data-dir",
            &directory,
            "--hod",
            "F10",
            "--time-zone",
            "UTC",
            "--segment-size",
            "1MiB",
        ];
        let settings = Settings::try_parse_from([&fixed, flags].concat()).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::open(&settings).await.unwrap();
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                server.run(listener, async { _ = stopped.await }).await.unwrap();
            });
        });
        Self { addr: told.recv().unwrap(), stop: Some(stop), thread: Some(thread), _data: data }
    }

    /// Runs the client with these words.
    pub fn run(&self, words: &[&str]) -> Ran {
        pipe(bookline(self.addr, words), "")
    }

    /// Runs the client with this on standard input.
    pub fn script(&self, input: impl Into<Vec<u8>>) -> Ran {
        pipe(bookline(self.addr, &[]), input)
    }

    /// Stops it, and waits until it has.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The directory goes behind the server. A test that failed already says so itself.
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}
