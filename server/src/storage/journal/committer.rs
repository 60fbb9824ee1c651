//! The committer: one thread that writes and syncs the appended commits and wakes the tasks that wait for
//! them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::batch::{Batch, PendingFrame};
use super::disk::{Disk, DiskFile};
use super::durability::Durability;
use super::segment;
use super::state::{EndReason, LOCK_POISONED, Preallocated, Shared, State};
use super::tail::Tail;
use crate::codec::Sequence;
use crate::codec::frame::{self, Header, Kind};
use crate::codec::salt::Salt;
use crate::codec::segment_header::{self, SegmentHeader};
use crate::storage::commits::Commits;
use crate::storage::log::Failure;
use crate::storage::recent::RecentCommits;
use crate::sync::thread;

/// The idle time after which a durability marker is written. It is short, so that a crash of an idle server
/// finds every commit proven durable. It is longer than the usual pause between two requests of a client,
/// which so costs no second sync.
const MARKER_AFTER: Duration = Duration::from_millis(100);

/// With `--durability interval`, the time between two syncs. A power cut loses the changes of this time at
/// most.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// The name of the thread.
pub const THREAD_NAME: &str = "committer";

/// What the committer does next.
enum Work {
    Commit,
    Sync,
    Marker,
    Close,
    /// Another thread has failed the journal.
    Stop,
}

#[derive(Debug)]
pub(super) struct Committer {
    shared: Arc<Shared>,
    disk: Arc<dyn Disk>,
    durability: Durability,
    tail: Tail,
    synced_at: Instant,
    recent: Arc<RecentCommits>,
    /// The frames that were encoded since the last publication, for the recent commits.
    unpublished: Vec<Arc<Commits>>,
    /// The last commit that may be shown. When the committer ends, so does what can be followed.
    published: watch::Sender<Sequence>,
}

impl Committer {
    pub fn new(
        shared: Arc<Shared>,
        disk: Arc<dyn Disk>,
        durability: Durability,
        tail: Tail,
        recent: Arc<RecentCommits>,
    ) -> Self {
        let published = watch::Sender::new(tail.written);
        let (synced_at, unpublished) = (Instant::now(), Vec::new());
        Self { shared, disk, durability, tail, synced_at, recent, unpublished, published }
    }

    /// The last commit that may be shown.
    pub fn published(&self) -> watch::Receiver<Sequence> {
        self.published.subscribe()
    }

    /// Runs until the journal is closed or fails. After a failure nothing is acknowledged, because the state
    /// may hold changes that the disk does not. A failed fsync is never retried.
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
                Work::Stop => return Ok(()),
            }
            batch.clear();
            // Lets the tasks run that the batch has woken: the next one then has more commits.
            thread::yield_now();
        }
    }

    /// Waits for work. For [`Work::Commit`], swaps the empty `batch` for the one to write.
    fn next_work(&self, batch: &mut Batch) -> Work {
        let mut state = self.shared.lock();
        loop {
            if state.end == Some(EndReason::Failed) {
                return Work::Stop;
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
                None => self.shared.work.wait(state).unwrap_or_else(|_| crate::fatal(LOCK_POISONED)),
                Some(after) => {
                    let waited = self.shared.work.wait_timeout(state, after);
                    let (mut state, timeout) = waited.unwrap_or_else(|_| crate::fatal(LOCK_POISONED));
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

    /// The time without a commit after which a sync or a durability marker is due.
    fn idle_after(&self) -> Option<Duration> {
        match self.durability {
            Durability::Never => None,
            Durability::Interval if self.tail.synced < self.tail.written => {
                Some(SYNC_INTERVAL.saturating_sub(self.synced_at.elapsed()))
            }
            _ if self.tail.marked => None,
            _ => Some(MARKER_AFTER),
        }
    }

    fn commit(&mut self, batch: &mut Batch) -> Result<(), Failure> {
        batch.finish();
        let mut frames = std::mem::take(&mut batch.frames);
        let commits_of_batch = frames.iter().map(|frame| u64::from(frame.commits)).sum();
        self.shared.batches.observe(commits_of_batch, 1);
        let mut written = 0;
        for frame in &mut frames {
            if let Some(file) = frame.rotates_into.take() {
                self.write(&batch.bytes[written..frame.start])?;
                self.rotate(file, frame.first)?;
                written = frame.start;
            }
            let header = self.header(Kind::Commits, frame.first, frame.commits);
            let bytes = &mut batch.bytes[frame.start..frame.start + frame::len(frame.payload)];
            self.tail.crc = frame::finish(bytes, frame.payload, &header, &self.tail.salt);
            self.tail.written = Sequence(frame.first.0 + u64::from(frame.commits) - 1);
            self.unpublished.push(Arc::new(commits(frame, bytes, self.tail.written)));
        }
        batch.frames = frames;
        self.write(&batch.bytes[written..])?;
        self.tail.marked = false;
        let due = match self.durability {
            Durability::Always => true,
            Durability::Interval => self.synced_at.elapsed() >= SYNC_INTERVAL,
            Durability::Never => false,
        };
        if due {
            return self.sync();
        }
        self.check_name()?;
        self.publish();
        Ok(())
    }

    /// Writes a durability marker for the commits that recovery read, before the first append.
    pub fn write_marker(&mut self) -> Result<(), Failure> {
        if !self.tail.marked {
            self.shared.lock().reserve_marker();
        }
        self.write_durability_marker()
    }

    /// Makes everything durable, and writes a durability marker. The marker costs a second sync, which a
    /// graceful shutdown that takes too long skips; the next start then recovers as after a kill.
    fn close(&mut self) -> Result<(), Failure> {
        self.sync_written()?;
        if self.shared.lock().skip_marker { Ok(()) } else { self.write_durability_marker() }
    }

    /// Syncs what was written, and writes and syncs a durability marker, for which the caller has reserved
    /// the space.
    fn write_durability_marker(&mut self) -> Result<(), Failure> {
        self.sync_written()?;
        if self.tail.marked {
            return Ok(());
        }
        let padding = frame::marker_padding(self.tail.offset);
        for payload in padding.into_iter().chain([0]) {
            let header = self.header(Kind::Marker, self.tail.written.next(), 0);
            let (bytes, crc) = frame::bare(&header, &vec![0; payload], &self.tail.salt);
            self.tail.crc = crc;
            self.write(&bytes)?;
        }
        self.sync()?;
        self.tail.marked = true;
        Ok(())
    }

    /// Begins the segment whose first commit is `first`, then ends the current one with a trailer that names
    /// it. The order matters: when a segment gets its name, everything before it is durable; and when a
    /// trailer names a segment, that segment exists.
    fn rotate(&mut self, file: Box<dyn DiskFile>, first: Sequence) -> Result<(), Failure> {
        self.sync_written()?;
        let name = segment::name(first);
        let length = file.len().map_err(|e| failure("beginning", &name, &e))?;
        let segment_header = SegmentHeader { first, salt: Salt::random(), length: Some(length) };
        segment::adopt_preallocated(&*self.disk, &*file, &segment_header)
            .map_err(|e| failure("beginning", &name, &e))?;
        {
            let mut state = self.shared.lock();
            state.preallocated = Preallocated::Pending;
            state.segments += 1;
            self.shared.preallocation_work.notify_all();
        }
        let header = self.header(Kind::Trailer, first, 0);
        let (bytes, crc) = frame::bare(&header, &segment_header.trailer(), &self.tail.salt);
        self.write(&bytes)?;
        self.sync()?;
        self.tail.file = file;
        self.tail.name = name;
        self.tail.salt = segment_header.salt;
        self.tail.offset = segment_header::BYTES as u64;
        self.tail.crc = crc;
        Ok(())
    }

    fn header(&self, kind: Kind, first: Sequence, commits: u32) -> Header {
        Header { kind, first, commits, durable_through: self.tail.synced, previous: self.tail.crc, term: 0 }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let result = self.tail.file.write_all_at(bytes, self.tail.offset);
        result.map_err(|e| failure("writing to", &self.tail.name, &e))?;
        self.tail.offset += bytes.len() as u64;
        self.shared.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn sync_written(&mut self) -> Result<(), Failure> {
        if self.tail.synced < self.tail.written { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        self.tail.file.sync().map_err(|e| failure("syncing", &self.tail.name, &e))?;
        self.check_name()?;
        self.synced_at = Instant::now();
        let took = self.synced_at.duration_since(begun);
        self.shared.syncs.observe(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), 1);
        self.tail.synced = self.tail.written;
        self.publish();
        Ok(())
    }

    /// Publishes what was written. With [`Durability::Always`] it is synced, too. The recent commits come
    /// first, where nobody finds them before they are published, so that who hears of them finds them there.
    fn publish(&mut self) {
        self.recent.add(self.unpublished.drain(..));
        self.shared.publish(self.tail.synced, self.tail.written, &self.published);
    }

    /// Fails if the segment was removed. What is written to it then is lost, and must not count as durable.
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

/// The commits of this encoded frame.
fn commits(frame: &PendingFrame, bytes: &[u8], last: Sequence) -> Commits {
    let payload = &bytes[frame::HEADER_BYTES..frame::HEADER_BYTES + frame.payload];
    Commits::new(frame.first, last, payload.into())
}

fn failure(doing: &'static str, file: &str, error: &std::io::Error) -> Failure {
    Failure { doing, file: file.to_owned(), error: error.to_string() }
}
