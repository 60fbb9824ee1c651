//! The server in memory: it executes lines without sockets, on a log in memory.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bookline_protocol::{ParsedLine, Refusal, parse};
use bookline_server::codec::Sequence;
use bookline_server::commands::{ChunkStatus, ChunkedReply, ExecutionStatus, Service, Turn, execute};
use bookline_server::net::framing::{Framer, FramingEvent};
use bookline_server::state::{Records, StateLimits, Store};
use bookline_server::storage::journal::{Base, Durability, Journal, Opening, Options};
use bookline_server::storage::log::Log;
use bookline_server::storage::replay::Replay;
use bookline_server::storage::snapshot::snapshotter::{Schedule, Snapshotter};

use crate::clock::system_clock;
use crate::disk::SimDisk;
use crate::memory_log::MemoryLog;
use crate::reply::{PartialReply, Reply};
use crate::service::service;

/// A server on a log in memory, with the client that sends it lines. It has no snapshots.
#[derive(Debug)]
pub struct Server {
    pub log: Arc<MemoryLog>,
    service: Service,
    framer: Framer,
    turn: Turn,
    shards: usize,
    limits: StateLimits,
}

impl Server {
    /// Starts with the state that the commits of the log make.
    pub fn on(log: MemoryLog, shards: usize, limits: StateLimits) -> Self {
        let records = Records::new(shards);
        let replayed =
            log.replay(Sequence(0), &mut |commit| records.replay(commit).map_err(io::Error::other));
        replayed.expect("the commits fit each other");
        let (log, clock) = (Arc::new(log), system_clock());
        let store = Store::new(records, limits, log.clone(), clock.clone());
        let service = service(store, idle_snapshotter(), clock);
        Self { log, service, framer: Framer::default(), turn: Turn::default(), shards, limits }
    }

    /// Crashes, and starts again with the durable commits.
    pub fn restart(&mut self) {
        *self = Self::on(self.log.after_crash(), self.shards, self.limits);
    }

    /// The last commit that the replies so far depend on. They may be shown when it is durable.
    pub fn depends_on(&self) -> Sequence {
        self.turn.context.depends_on.0
    }

    /// Executes complete lines, and returns their replies.
    pub fn execute(&mut self, lines: &[u8]) -> Vec<Reply> {
        self.framer.buffer().extend_from_slice(lines);
        loop {
            match self.framer.next_event() {
                FramingEvent::Incomplete => return self.take_replies(),
                // The client does not negotiate.
                FramingEvent::Telnet(_) => {}
                FramingEvent::TooLong => Refusal::line_too_long().write(&mut self.turn.replies),
                FramingEvent::Line(range) => {
                    let mut scratch = Vec::new();
                    match parse(self.framer.line(range), &mut scratch) {
                        ParsedLine::Blank => {}
                        ParsedLine::Refused(refusal) | ParsedLine::Foreign(refusal) => {
                            refusal.write(&mut self.turn.replies);
                        }
                        ParsedLine::Request(request) => {
                            let status = execute(&mut self.turn, &self.service, &request);
                            complete(status, &mut self.turn, &self.service);
                        }
                    }
                    self.framer.consume(range);
                }
            }
        }
    }

    fn take_replies(&mut self) -> Vec<Reply> {
        self.turn.large_reply_share = None;
        let replies = String::from_utf8(std::mem::take(&mut self.turn.replies)).expect("UTF-8");
        let mut partial = PartialReply::default();
        replies.lines().filter_map(|line| partial.add(line)).collect()
    }
}

/// Writes what is left of a reply. The log always has capacity, and a single client gets any share.
fn complete(status: ExecutionStatus, turn: &mut Turn, service: &Service) {
    match status {
        ExecutionStatus::Complete | ExecutionStatus::Close => {}
        ExecutionStatus::Chunked(mut reply) => while !write_chunk(&mut *reply, turn, service) {},
        status => panic!("not without a server: {status:?}"),
    }
}

/// Writes as much as fits into a turn. Returns whether the reply is complete.
fn write_chunk(reply: &mut dyn ChunkedReply, turn: &mut Turn, service: &Service) -> bool {
    turn.budget.begin(service.clock.now(), true);
    match reply.write(turn, service, usize::MAX) {
        ChunkStatus::Complete => true,
        ChunkStatus::Partial => false,
        status @ ChunkStatus::NeedsShare(_) => panic!("not with a single client: {status:?}"),
    }
}

/// A snapshotter that has nothing to do: it is one of an empty journal.
fn idle_snapshotter() -> Snapshotter {
    let options = Options {
        durability: Durability::Always,
        segment_size: 4 << 10,
        base: Base { fresh: true, ..Base::default() },
        newest_snapshot: None,
    };
    let disk = Arc::new(SimDisk::new(0));
    let opened = Journal::read(disk.clone(), options, &mut |_| Ok(())).and_then(Opening::open);
    let (journal, _) = opened.expect("an empty disk");
    let schedule = Schedule { every: u64::MAX, at_most_every: Duration::ZERO };
    Snapshotter::start(disk, Arc::new(journal), Sequence(0), schedule).expect("a thread")
}
