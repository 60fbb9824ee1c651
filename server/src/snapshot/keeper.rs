//! The keeper: one thread that makes snapshots when there is enough to fold or somebody asks, keeps the newest two,
//! and lets the journal drop what the older of them holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::fold::{FoldError, fold};
use super::read::{self, BadSnapshot, Snapshot};
use super::write::Writer;
use super::{DAMAGED, NEW, name};
use crate::journal::disk::Disk;
use crate::journal::{Journal, Sequence, segment};

/// How often the keeper looks whether there is enough to fold. The journal grows by tens of megabytes in this time at
/// the most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Folding works for so many bytes, then rests as long as that took, [`REST`] times: commits come first.
const BREATH: u64 = 256 << 10;

/// Of its time, folding rests three quarters.
const REST: u32 = 3;

/// Rests are no longer than this, so that a disk that stalls does not stall folding for much longer.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// A snapshot that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The last commit that it holds.
    pub sequence: Sequence,
    /// Its length.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

type Answer = oneshot::Sender<Result<Made, String>>;

/// The handle of the keeper's thread.
#[derive(Debug)]
pub struct Keeper {
    requests: std::sync::Mutex<Option<Sender<Answer>>>,
    stopping: Arc<AtomicBool>,
    newest: Arc<AtomicU64>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Keeper {
    /// Starts the keeper of the snapshots on `disk`, the newest of which is `newest`. A snapshot is made after every
    /// `every` bytes of journal.
    pub fn start(
        disk: Arc<dyn Disk>,
        journal: Arc<Journal>,
        newest: Sequence,
        every: u64,
    ) -> std::io::Result<Keeper> {
        let (requests, inbox) = mpsc::channel();
        let stopping = Arc::new(AtomicBool::new(false));
        let shown = Arc::new(AtomicU64::new(newest.0));
        let work = Work { disk, journal, every, folded: 0, stopping: stopping.clone(), shown: shown.clone() };
        let thread = std::thread::Builder::new().name("snapshots".into()).spawn(move || work.run(&inbox))?;
        Ok(Keeper { requests: Some(requests).into(), stopping, newest: shown, thread: Some(thread).into() })
    }

    /// Makes a snapshot of everything that is durable now, and waits for it.
    pub async fn make(&self) -> Result<Made, String> {
        let stopping = || "the server is stopping".to_owned();
        let (answer, made) = oneshot::channel();
        let requests = self.requests.lock().unwrap_or_else(|e| e.into_inner()).clone();
        requests.ok_or_else(stopping)?.send(answer).map_err(|_| stopping())?;
        made.await.map_err(|_| stopping())?
    }

    /// The last commit of the newest snapshot.
    pub fn newest(&self) -> Sequence {
        Sequence(self.newest.load(Ordering::Relaxed))
    }

    /// Gives up a snapshot in the making and ends the thread.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        drop(self.requests.lock().unwrap_or_else(|e| e.into_inner()).take());
        let thread = self.thread.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(thread) = thread {
            // It holds no state but files: whatever ended it, the journal has everything.
            let _ = thread.join();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The thread's side.
struct Work {
    disk: Arc<dyn Disk>,
    journal: Arc<Journal>,
    every: u64,
    /// Bytes of the journal that the newest snapshot holds, of those that the journal counts.
    folded: u64,
    stopping: Arc<AtomicBool>,
    shown: Arc<AtomicU64>,
}

impl Work {
    fn run(mut self, inbox: &Receiver<Answer>) {
        if let Err(e) = self.tidy() {
            tracing::warn!("snapshots could not be tidied up: {e}");
        }
        loop {
            match inbox.recv_timeout(LOOK_EVERY) {
                Ok(answer) => {
                    let made = self.make().map_err(|e| e.to_string());
                    // Whoever asked may have gone.
                    let _ = answer.send(made);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if self.journal.bytes() - self.folded >= self.every {
                        let _ = self.make();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn make(&mut self) -> Result<Made, FoldError> {
        let started = Instant::now();
        // Bytes first: what comes between the two counts for the next snapshot.
        let bytes_before = self.journal.bytes();
        let sequence = self.journal.durable();
        let made = self.write(sequence);
        match &made {
            Ok(bytes) => {
                let took = started.elapsed();
                let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(sequence = sequence.0, bytes, milliseconds, "snapshot made");
                self.folded = bytes_before;
                Ok(Made { sequence, bytes: *bytes, took })
            }
            Err(FoldError::Stopped) => Err(FoldError::Stopped),
            Err(e) => {
                tracing::warn!("no snapshot could be made, the journal goes on growing: {e}");
                // Tried again when as much has come again.
                self.folded = bytes_before;
                made.map(|_| unreachable!("it is an error"))
            }
        }
    }

    /// Writes the snapshot of `sequence`, unless it is there, and drops what is not needed any more.
    fn write(&mut self, sequence: Sequence) -> Result<u64, FoldError> {
        let Usable { snapshot: before, bad } = find_usable(&*self.disk)?;
        let whole_journal = segment::list(self.journal.disk())?.first() == Some(&Sequence(1));
        for bad in bad {
            // Not damaged, or with nothing to stand in for it: people have to look at it first.
            if !bad.is_damage() || (before.is_none() && !whole_journal) {
                return Err(bad.into());
            }
            tracing::warn!("{bad}; it is set aside, and the next one is made from what is before it");
            set_aside(&bad, &*self.disk)?;
        }
        if let Some(before) = before.as_ref().filter(|before| before.sequence() == sequence) {
            return Ok(before.bytes()?);
        }
        let writer = Writer::new(&*self.disk, sequence)?;
        let stopping = self.stopping.clone();
        let mut pace = pace(move || stopping.load(Ordering::Relaxed));
        let folded = fold(before.as_ref(), self.journal.disk(), writer, sequence, &mut pace);
        let bytes = folded.inspect_err(|_| {
            // Half of a snapshot is of no use, and its room is wanted.
            let _ = self.disk.remove(NEW);
        })?;
        self.shown.store(sequence.0, Ordering::Relaxed);
        self.tidy()?;
        Ok(bytes)
    }

    /// Keeps the newest two snapshots and what of the journal is behind the older of them.
    fn tidy(&self) -> Result<(), FoldError> {
        let snapshots = read::list(&*self.disk)?;
        for &old in snapshots.iter().skip(2) {
            self.disk.remove(&name(old))?;
        }
        if let [_, older, ..] = snapshots[..] {
            self.disk.sync()?;
            self.journal.trim(older)?;
        }
        Ok(())
    }
}

/// Rests now and then, until it is over.
pub fn pace(is_over: impl Fn() -> bool) -> impl FnMut(u64) -> Result<(), FoldError> {
    let (mut done, mut since) = (0, Instant::now());
    move |bytes| {
        done += bytes;
        if done >= BREATH {
            if is_over() {
                return Err(FoldError::Stopped);
            }
            std::thread::sleep((since.elapsed() * REST).min(LONGEST_REST));
            (done, since) = (0, Instant::now());
        }
        Ok(())
    }
}

/// Takes a damaged snapshot from among those that count; it stays for people to look at.
pub fn set_aside(bad: &BadSnapshot, disk: &dyn Disk) -> std::io::Result<()> {
    disk.rename(&bad.file, &format!("{}{DAMAGED}", bad.file))?;
    disk.sync()
}

/// Which snapshot a start can build on, and what was found wrong on the way to it.
#[derive(Debug, Default)]
pub struct Usable {
    /// The newest whole one.
    pub snapshot: Option<Snapshot>,
    /// Those that are not.
    pub bad: Vec<BadSnapshot>,
}

/// Finds the newest whole snapshot among the newest two.
pub fn find_usable(disk: &dyn Disk) -> std::io::Result<Usable> {
    let mut usable = Usable::default();
    for sequence in read::list(disk)?.into_iter().take(2) {
        match Snapshot::open(disk, sequence).and_then(|s| s.verify().map(|_| s)) {
            Ok(snapshot) => {
                usable.snapshot = Some(snapshot);
                break;
            }
            Err(bad) => usable.bad.push(bad),
        }
    }
    Ok(usable)
}
