//! The committer: one thread that writes what was appended, syncs it and releases who waited for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::disk::{Disk, DiskFile};
use super::durability::Durability;
use super::segment::{self};
use super::state::{End, Preallocated, Shared, State};
use super::tail::Tail;
use crate::codec::Sequence;
use crate::codec::frame;
use crate::codec::frame::{Header, Kind};
use crate::codec::segment_header;
use crate::codec::segment_header::{Salt, SegmentHeader};
use crate::storage::journal::error::Failure;

/// After this long without a commit the last ones are marked: short enough that a crash at leisure finds everything
/// proven durable, long enough that a client's pause for thought costs no second sync.
const SEAL_AFTER: Duration = Duration::from_millis(100);

/// `--durability interval`: at most this much is lost.
const SYNC_EVERY: Duration = Duration::from_secs(1);

const BROKEN: &str = "a thread panicked while it held the journal";

/// What there is to do.
enum Work {
    Commit,
    Sync,
    Marker,
    Close,
    /// Nothing: another thread has met a failure.
    GiveUp,
}

/// The committer's side of the journal.
#[derive(Debug)]
pub(super) struct Committer {
    shared: Arc<Shared>,
    disk: Arc<dyn Disk>,
    durability: Durability,
    tail: Tail,
    synced_at: Instant,
}

impl Committer {
    pub fn new(shared: Arc<Shared>, disk: Arc<dyn Disk>, durability: Durability, tail: Tail) -> Self {
        Self { shared, disk, durability, tail, synced_at: Instant::now() }
    }

    /// Runs until the journal is closed or fails. After a failure nobody who waits is told anything: memory holds what
    /// the disk may not, and a failed fsync is never retried.
    pub fn run(mut self) {
        if let Err(failure) = self.work() {
            self.shared.fail(failure);
        }
    }

    fn work(&mut self) -> Result<(), Failure> {
        let mut batch = Batch::default();
        loop {
            match self.next_work(&mut batch) {
                Work::Commit => self.commit(&mut batch)?,
                Work::Sync => self.sync()?,
                Work::Marker => self.write_durability_marker()?,
                Work::Close => return self.close(),
                Work::GiveUp => return Ok(()),
            }
            batch.clear();
        }
    }

    /// Waits for something to do; a batch is exchanged for the empty one given.
    fn next_work(&self, batch: &mut Batch) -> Work {
        let mut state = self.shared.lock();
        loop {
            if state.end == Some(End::Failed) {
                return Work::GiveUp;
            }
            if !state.batch.is_empty() {
                take_batch(&mut state, batch);
                self.shared.wake_for_capacity(&mut state);
                return Work::Commit;
            }
            if state.end.is_some() {
                state.reserve_marker();
                return Work::Close;
            }
            state = match self.idle_after() {
                None => self.shared.work.wait(state).unwrap_or_else(|_| crate::fatal(BROKEN)),
                Some(after) => {
                    let waited = self.shared.work.wait_timeout(state, after);
                    let (mut state, timeout) = waited.unwrap_or_else(|_| crate::fatal(BROKEN));
                    if timeout.timed_out() && state.batch.is_empty() && state.end.is_none() {
                        if self.tail.synced < self.tail.written {
                            return Work::Sync;
                        }
                        state.reserve_marker();
                        return Work::Marker;
                    }
                    state
                }
            };
        }
    }

    /// When quiet becomes idleness that has something to do.
    fn idle_after(&self) -> Option<Duration> {
        match self.durability {
            Durability::Never => None,
            Durability::Interval if self.tail.synced < self.tail.written => {
                Some(SYNC_EVERY.saturating_sub(self.synced_at.elapsed()))
            }
            _ if self.tail.marked => None,
            _ => Some(SEAL_AFTER),
        }
    }

    fn commit(&mut self, batch: &mut Batch) -> Result<(), Failure> {
        batch.finish();
        let mut frames = std::mem::take(&mut batch.frames);
        let mut run = 0;
        for plan in &mut frames {
            if let Some(space) = plan.rotates_into.take() {
                self.write(&batch.bytes[run..plan.start])?;
                self.rotate(space, plan.first)?;
                run = plan.start;
            }
            let header = self.header(Kind::Commits, plan.first, plan.commits);
            let bytes = &mut batch.bytes[plan.start..plan.start + frame::len(plan.payload)];
            self.tail.crc = frame::finish(bytes, plan.payload, &header, &self.tail.salt);
            self.tail.written = Sequence(plan.first.0 + u64::from(plan.commits) - 1);
        }
        batch.frames = frames;
        self.write(&batch.bytes[run..])?;
        self.tail.marked = false;
        let due = match self.durability {
            Durability::Always => true,
            Durability::Interval => self.synced_at.elapsed() >= SYNC_EVERY,
            Durability::Never => false,
        };
        if due { self.sync() } else { self.check_name() }
    }

    /// Marks what recovery found, before anything is appended.
    pub fn write_marker(&mut self) -> Result<(), Failure> {
        if !self.tail.marked {
            self.shared.lock().reserve_marker();
        }
        self.write_durability_marker()
    }

    /// Makes everything durable. A durability marker is a second sync: a stop that is late does without one, as if the
    /// process had been killed.
    fn close(&mut self) -> Result<(), Failure> {
        self.sync_written()?;
        if self.shared.lock().late { Ok(()) } else { self.write_durability_marker() }
    }

    /// Syncs what was written and proves it durable. The room was reserved.
    fn write_durability_marker(&mut self) -> Result<(), Failure> {
        self.sync_written()?;
        if self.tail.marked {
            return Ok(());
        }
        let filler = frame::filler(self.tail.at);
        for payload in filler.into_iter().chain([0]) {
            let header = self.header(Kind::Marker, self.tail.written.next(), 0);
            let (bytes, crc) = frame::bare(&header, &vec![0; payload], &self.tail.salt);
            self.tail.crc = crc;
            self.write(&bytes)?;
        }
        self.sync()?;
        self.tail.marked = true;
        Ok(())
    }

    /// Begins the segment of which `first` is the first commit, then closes the one before, naming it. In this order:
    /// everything before it is synced when a segment has a name, and a segment that is named is there.
    fn rotate(&mut self, space: Box<dyn DiskFile>, first: Sequence) -> Result<(), Failure> {
        self.sync_written()?;
        let name = segment::name(first);
        let length = space.len().map_err(|e| failure("beginning", &name, &e))?;
        let head = SegmentHeader { first, salt: Salt::random(), length: Some(length) };
        segment::adopt_preallocated(&*self.disk, &*space, &head)
            .map_err(|e| failure("beginning", &name, &e))?;
        {
            let mut state = self.shared.lock();
            state.preallocated = Preallocated::Making;
            self.shared.preallocation_work.notify_all();
        }
        let close = self.header(Kind::Trailer, first, 0);
        let (bytes, crc) = frame::bare(&close, &head.trailer(), &self.tail.salt);
        self.write(&bytes)?;
        self.sync()?;
        self.tail.file = space;
        self.tail.name = name;
        self.tail.salt = head.salt;
        self.tail.at = segment_header::BYTES as u64;
        self.tail.crc = crc;
        Ok(())
    }

    fn header(&self, kind: Kind, first: Sequence, commits: u32) -> Header {
        Header { kind, first, commits, durable_through: self.tail.synced, previous: self.tail.crc }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.tail.file.write_all_at(bytes, self.tail.at);
        written.map_err(|e| failure("writing to", &self.tail.name, &e))?;
        self.tail.at += bytes.len() as u64;
        self.shared.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn sync_written(&mut self) -> Result<(), Failure> {
        if self.tail.synced < self.tail.written { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), Failure> {
        self.tail.file.sync().map_err(|e| failure("syncing", &self.tail.name, &e))?;
        self.check_name()?;
        self.synced_at = Instant::now();
        self.tail.synced = self.tail.written;
        self.shared.publish(self.tail.synced);
        Ok(())
    }

    /// What is written to a file that was removed is lost with it: nobody is told that it is durable.
    fn check_name(&self) -> Result<(), Failure> {
        let has_name = self.tail.file.has_name().map_err(|e| failure("looking at", &self.tail.name, &e))?;
        if has_name { Ok(()) } else { Err(failure("writing to", &self.tail.name, &removed())) }
    }
}

fn removed() -> std::io::Error {
    std::io::Error::other("the file was removed while it was written to; the data directory may be gone")
}

fn take_batch(state: &mut State, empty: &mut Batch) {
    std::mem::swap(&mut state.batch, empty);
    state.in_flight = Sequence(state.next.0 - 1);
    state.in_flight_waiters.append(&mut empty.waiters);
}

fn failure(doing: &'static str, file: &str, error: &std::io::Error) -> Failure {
    Failure { doing, file: file.to_owned(), error: error.to_string() }
}
