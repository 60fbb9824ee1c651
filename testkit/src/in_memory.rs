//! The server in memory: it executes lines without sockets, on a log in memory.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bookline_server::codec::Sequence;
use bookline_server::commands::Service;
use bookline_server::maintenance;
use bookline_server::session::{NextStep, Session};
use bookline_server::state::{Records, StateLimits, Store};
use bookline_server::storage::journal::{Base, Durability, Journal, Opening, Options};
use bookline_server::storage::log::Log;
use bookline_server::storage::replay::Replay;
use bookline_server::storage::snapshot::snapshotter::{Schedule, Snapshotter};
use bookline_server::time::clock::Clock;

use bytes::BufMut;
use tokio::runtime::Builder;

use crate::clock::system_clock;
use crate::connection::line::text;
use crate::disk::SimDisk;
use crate::memory_log::MemoryLog;
use crate::reply::{PartialReply, Reply};
use crate::service::service;

/// A server on a log in memory, with the client that sends it lines. It has no snapshots.
#[derive(Debug)]
pub struct Server {
    pub log: Arc<MemoryLog>,
    service: Service,
    session: Session,
    /// What the replies of earlier sessions depend on.
    depended_on: Sequence,
    shards: usize,
    limits: StateLimits,
}

impl Server {
    /// Starts with the state that the commits of the log make.
    pub fn on(log: MemoryLog, shards: usize, limits: StateLimits) -> Self {
        Self::with_clock(log, shards, limits, system_clock())
    }

    /// Starts in the same way, with the time of this clock.
    pub fn with_clock(log: MemoryLog, shards: usize, limits: StateLimits, clock: Arc<Clock>) -> Self {
        let mut records = Records::new(shards);
        let replayed =
            log.replay(Sequence(0), &mut |commit| records.replay(commit).map_err(io::Error::other));
        replayed.expect("the commits fit each other");
        let log = Arc::new(log);
        let store = Store::new(records, limits, log.clone(), clock.clone());
        let service = service(store, idle_snapshotter(), clock);
        let session = established(&service);
        Self { log, service, session, depended_on: Sequence(0), shards, limits }
    }

    /// Crashes, and starts again with the durable commits.
    pub fn restart(&mut self) {
        let clock = self.service.clock.clone();
        *self = Self::with_clock(self.log.after_crash(), self.shards, self.limits, clock);
    }

    /// The state. Nothing but the test does what a server does on its own.
    pub fn store(&self) -> &Store {
        &self.service.store
    }

    /// Runs a round of maintenance.
    pub fn maintain(&self) {
        block_on(maintenance::round(self.store())).expect("the log accepts commits");
    }

    /// The last commit that the replies so far depend on. They may be shown when it is durable.
    pub fn depends_on(&self) -> Sequence {
        self.depended_on.max(self.session.depends_on())
    }

    /// Executes complete lines, and returns their replies.
    pub fn execute(&mut self, mut lines: &[u8]) -> Vec<Reply> {
        let mut written = Vec::new();
        loop {
            let next = self.session.run_turn(&self.service, true);
            written.extend_from_slice(self.session.replies());
            self.session.replies_sent();
            match next {
                NextStep::Yield => {}
                NextStep::Read if lines.is_empty() => return replies(&written),
                NextStep::Close => {
                    // The client connects again.
                    self.depended_on = self.depends_on();
                    self.session = established(&self.service);
                    return replies(&written);
                }
                NextStep::Read => self.session.receive(|buffer| {
                    let count = lines.len().min(buffer.remaining_mut());
                    buffer.put_slice(&lines[..count]);
                    lines = &lines[count..];
                }),
                // A single client gets any share.
                NextStep::LineShare => {
                    self.session.grant_line_share(block_on(self.service.buffers.line()));
                }
                NextStep::ReplyShare(bytes) => {
                    self.session.grant_reply_share(self.service.buffers.try_reply(bytes).expect("a share"));
                }
                next => panic!("not with this log: {next:?}"),
            }
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// A session whose first line was executed: that line must not be of another protocol.
fn established(service: &Service) -> Session {
    let mut session = Session::default();
    session.receive(|buffer| buffer.put_slice(b"PING\n"));
    session.run_turn(service, true);
    session.replies_sent();
    session
}

fn replies(written: &[u8]) -> Vec<Reply> {
    let mut partial = PartialReply::default();
    let lines = written.split_inclusive(|&byte| byte == b'\n');
    lines.filter_map(|line| partial.add(text(line, true).expect("a complete line"))).collect()
}

/// A snapshotter that has nothing to do: it is one of an empty journal.
fn idle_snapshotter() -> Snapshotter {
    let options = Options {
        durability: Durability::Always,
        segment_size: 4 << 10,
        keep_bytes: 0,
        base: Base { fresh: true, ..Base::default() },
        newest_snapshot: None,
        recent_bytes: 0,
    };
    let disk = Arc::new(SimDisk::new(0));
    let opened = Journal::read(disk.clone(), options, &mut |_| Ok(())).and_then(Opening::open);
    let (journal, _) = opened.expect("an empty disk");
    let schedule = Schedule { every: u64::MAX, at_most_every: Duration::ZERO };
    Snapshotter::start(disk, Arc::new(journal), Sequence(0), schedule).expect("a thread")
}
