//! The load of many clients and a few readers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use bookline_testkit::Rng;

use super::client::Client;
use super::fixture::Fixture;
use super::follower::{Follower, Shared};
use super::history::History;
use super::progress::Progress;
use super::reader::{Reader, ReaderLog};

pub const CLIENTS: usize = 20;

/// What has happened under load.
pub struct Outcome<T> {
    pub history: History,
    pub readers: Vec<ReaderLog>,
    /// What the one who made the faults returns.
    pub result: T,
}

/// Lets clients ask the servers, and a reader read each of them, as long as `during` runs.
pub fn under_load<T>(
    addresses: &[SocketAddr],
    fixture: &Fixture,
    rng: &mut Rng,
    during: impl FnOnce(&Progress) -> T,
) -> Outcome<T> {
    let shared = Arc::new(Shared::default());
    let progress = Progress::new(Arc::clone(&shared));
    let mut first = Follower::new(addresses.to_vec(), 0, Arc::clone(&shared));
    for line in fixture.create_lines() {
        first.must_ask(&line).reply.ok();
    }
    let mut history = History::new(fixture.clone(), shared);
    let (result, readers) = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let follower = Follower::new(addresses.to_vec(), number, Arc::clone(&progress.shared));
                let client = Client::new(number, fixture, &progress, follower, rng.fork());
                scope.spawn(|| {
                    let _abort = AbortOnPanic(&progress);
                    client.run()
                })
            })
            .collect();
        let readers: Vec<_> = (CLIENTS..)
            .zip(addresses)
            .map(|(number, &address)| {
                let reader = Reader::new(number, fixture, &progress, address, rng.fork());
                scope.spawn(|| {
                    let _abort = AbortOnPanic(&progress);
                    reader.run()
                })
            })
            .collect();
        let _abort = AbortOnPanic(&progress);
        let result = during(&progress);
        progress.stop();
        let mut logs = Vec::new();
        for reader in readers {
            let log = reader.join().expect("a reader");
            history.add_reads(&log.records);
            logs.push(log);
        }
        clients.into_iter().for_each(|client| history.add(client.join().expect("a client")));
        (result, logs)
    });
    Outcome { history, readers, result }
}

/// Ends the load when a part of it fails. A scope waits for all of its threads.
struct AbortOnPanic<'a>(&'a Progress);

impl Drop for AbortOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.abort();
        }
    }
}
