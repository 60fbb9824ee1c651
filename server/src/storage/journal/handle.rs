//! The journal as the store sees it: append, wait, close.

use std::io;
use std::sync::Arc;

use super::committer::Committer;
use super::disk::Disk;
use super::durability::Durability;
use super::error::OpenError;
use super::replay::{self, Base, Recovered};
use super::space::Space;
use super::state::{DIRECTORY, Shared, State};
use super::tail::Tail;
use super::wait::{CapacityWait, Wait};
use super::{preallocation, segment};
use crate::codec::Sequence;
use crate::codec::commit::Commit;
use crate::domain::{Change, Contradiction};
use crate::storage::journal::error::{AppendError, Failure};
use crate::sync::thread;

/// Old segments that wait to be used again: as many as a snapshot of the default size sets free.
const RECYCLED: usize = 4;

/// How to keep the journal.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// When a change counts as done.
    pub durability: Durability,
    /// Bytes of a segment.
    pub segment_size: u64,
    /// From where to read.
    pub base: Base,
    /// Bytes of the newest snapshot, where snapshots are made of this journal: space is left for the next.
    pub newest_snapshot: Option<u64>,
}

/// The open journal. Cheap to share behind an [`Arc`].
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    disk: Arc<dyn Disk>,
    durability: Durability,
    threads: std::sync::Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Journal {
    /// Reads the journal on `disk`, giving every commit to `apply` in order. Nothing on disk is changed until
    /// [`Opening::open`].
    pub fn read(
        disk: Arc<dyn Disk>,
        options: Options,
        apply: &mut dyn FnMut(Commit<'_>) -> Result<(), Contradiction>,
    ) -> Result<Opening, OpenError> {
        let mut last_micros = i64::MIN;
        let read = replay::read(&*disk, options.base, &mut |commit| {
            last_micros = last_micros.max(commit.micros);
            apply(commit)
        })?;
        Ok(Opening { disk, options, read, last_micros })
    }

    fn start(
        disk: Arc<dyn Disk>,
        options: Options,
        tail: Tail,
        recovered: &Recovered,
        last_micros: i64,
    ) -> Result<Self, OpenError> {
        let space = Space::new(options.newest_snapshot);
        let mut state = State::new(tail.written.next(), tail.at, tail.space, options.segment_size, space);
        state.last_micros = last_micros;
        let shared = Arc::new(Shared::new(state, recovered.bytes));
        let mut committer = Committer::new(shared.clone(), disk.clone(), options.durability, tail);
        committer.write_marker()?;

        let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            // Without its threads a journal would keep everybody waiting for ever.
            let guarded = move || {
                let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
                ended.unwrap_or_else(|_| crate::fatal("a thread of the journal panicked"));
            };
            let thread = thread::Builder::new().name(name.into()).spawn(guarded);
            thread.map_err(|error| OpenError::Io {
                doing: "starting the thread",
                file: name.to_owned(),
                error,
            })
        };
        let (for_preallocation, disk_for_spares) = (shared.clone(), disk.clone());
        let threads = vec![
            spawn("committer", Box::new(move || committer.run()))?,
            spawn(
                "spare",
                Box::new(move || {
                    preallocation::run(&for_preallocation, &disk_for_spares, options.segment_size)
                }),
            )?,
        ];
        Ok(Self { shared, disk, durability: options.durability, threads: threads.into() })
    }

    /// Gives a commit its sequence and its place behind all others. Called under the lock of every record that the
    /// changes are about; the commit counts once [`Journal::wait`] for it is over.
    pub fn append(&self, micros: i64, changes: &[Change<'_>]) -> Result<Sequence, AppendError> {
        let mut state = self.shared.lock();
        let was_empty = state.batch.is_empty();
        let sequence = state.append(micros, changes)?;
        drop(state);
        if was_empty {
            self.shared.work.notify_one();
        }
        Ok(sequence)
    }

    /// Ready once everything up to `sequence` may be told: with [`Durability::Always`], when it is on disk.
    pub fn wait(&self, sequence: Sequence) -> Wait<'_> {
        let sequence = if self.durability == Durability::Always { sequence } else { Sequence(0) };
        Wait { shared: &self.shared, sequence, registered: false }
    }

    /// Waits as [`Journal::wait`] does, but not for ever: a journal that has failed says so.
    pub async fn settle(&self, sequence: Sequence) -> Result<(), Failure> {
        tokio::select! {
            biased;
            () = self.wait(sequence) => Ok(()),
            failure = self.failed() => Err(failure),
        }
    }

    /// Ready when an append that met [`AppendError::Backpressure`] is worth another try.
    pub fn capacity(&self) -> CapacityWait<'_> {
        CapacityWait { shared: &self.shared }
    }

    /// When a change counts as done.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// The last sequence given out.
    pub fn appended(&self) -> Sequence {
        Sequence(self.shared.lock().next.0 - 1)
    }

    /// The last sequence known to be on disk.
    pub fn durable(&self) -> Sequence {
        self.shared.durable()
    }

    /// Bytes written so far: those of all commits read at the start that no snapshot holds, and all since.
    pub fn bytes(&self) -> u64 {
        self.shared.written()
    }

    /// Where its segments are.
    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Forgets commits up to `through`, which a snapshot holds: segments with none behind it become the space of
    /// segments to come, or go. Says how many there are.
    pub fn trim(&self, through: Sequence) -> io::Result<usize> {
        // Where space is short, the next segment is all that is kept for later.
        let recycled = if self.wants_snapshot() { 1 } else { RECYCLED };
        let firsts = segment::list(&*self.disk)?;
        let done = firsts.windows(2).filter(|pair| pair[1] <= through.next()).map(|pair| pair[0]);
        let mut names: Vec<String> = done.map(segment::name).collect();
        let count = names.len();
        let kept = names.split_off(count.saturating_sub(recycled));
        for name in &names {
            match self.disk.remove(name) {
                // The maker of preallocated segments was faster.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        if !names.is_empty() {
            self.disk.sync().inspect_err(|error| self.fail("syncing", DIRECTORY, error))?;
        }
        self.shared.lock().recyclable = kept;
        self.shared.preallocation_work.notify_all();
        Ok(count)
    }

    /// Is there too little space for the next segment before a snapshot has been made?
    pub fn wants_snapshot(&self) -> bool {
        self.shared.lock().space.wants_snapshot()
    }

    /// The snapshot that was wanted was made, or could not be: what space there is may be taken.
    pub fn snapshot_tried(&self) {
        self.shared.lock().space.try_again();
        self.shared.preallocation_work.notify_all();
    }

    /// A snapshot of `bytes` bytes was made, which holds the first `compacted` bytes of the journal: the next one will take
    /// as much and what comes since.
    pub fn snapshot_made(&self, bytes: u64, compacted: u64) {
        self.shared.lock().space.snapshot_made(bytes, compacted);
    }

    /// Nothing is made durable from now on, because of this: the process should end.
    pub fn fail(&self, doing: &'static str, file: &str, error: &io::Error) {
        self.shared.fail(Failure { doing, file: file.to_owned(), error: error.to_string() });
    }

    /// Are changes being refused for want of room?
    pub fn read_only(&self) -> bool {
        self.shared.lock().read_only
    }

    /// Ready when a write or a sync has failed. Nothing is made durable after that; the process should end.
    pub async fn failed(&self) -> Failure {
        let mut failure = self.shared.failure.subscribe();
        let failed = failure.wait_for(Option::is_some).await.ok().and_then(|failed| failed.clone());
        match failed {
            Some(failure) => failure,
            // The sender lives as long as `self`.
            None => std::future::pending().await,
        }
    }

    /// From now on [`Journal::close`] begins no sync that is not for the sake of a change.
    pub fn hurry(&self) {
        self.shared.lock().late = true;
    }

    /// Refuses what comes, writes, syncs and durability markers what was appended, and ends the journal's threads. Blocks for as
    /// long as the disk takes.
    pub fn close(&self) -> Result<(), Failure> {
        self.shared.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(|e| e.into_inner()));
        for thread in threads {
            // A panic has ended the process already.
            let _ = thread.join();
        }
        let failure = self.shared.failure.borrow().clone();
        failure.map_or(Ok(()), Err)
    }
}

/// A journal that was read and is not written to yet.
pub struct Opening {
    disk: Arc<dyn Disk>,
    options: Options,
    read: replay::Read,
    /// The latest time of the commits that were read. A snapshot has none.
    last_micros: i64,
}

impl Opening {
    /// Makes what was read durable, and continues writing where it ended.
    pub fn open(self) -> Result<(Journal, Recovered), OpenError> {
        let Self { disk, options, read, last_micros } = self;
        let (tail, recovered) = read.take_up(&*disk, options.segment_size)?;
        let journal = Journal::start(disk, options, tail, &recovered, last_micros)?;
        Ok((journal, recovered))
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(failure) = self.close() {
            tracing::error!("{failure}");
        }
    }
}
