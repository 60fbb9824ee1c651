//! A simulated disk that guarantees no more than a real one.
//!
//! Unsynced writes are kept in sectors of 512 bytes, with every version that a sector has had since the last
//! sync. After a power cut, each sector has any of these versions, independently of the others. Names are
//! durable after a sync of the directory; without it, a power cut leaves the directory as it was after any of
//! the changes since. The length of a file is durable after its sync. A killed process loses nothing that it
//! wrote.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use bookline_server::storage::journal::disk::{Disk, DiskFile};

use super::faults::{Counts, Faults};
use super::file::{FileState, KeptVersions};
use super::image::Image;
use super::threads::{IoSource, Threads};
use crate::rng::Rng;
use crate::timeout::HANG_TIMEOUT;

/// The disk as a process has it. After [`SimDisk::kill`] or [`SimDisk::cut_power`] all operations of the
/// process fail.
#[derive(Debug, Clone)]
pub struct SimDisk {
    shared: Arc<Shared>,
    process: u64,
}

#[derive(Debug)]
struct Shared {
    threads: Threads,
    state: Mutex<DiskState>,
    changed: Condvar,
}

type Names = BTreeMap<String, usize>;

#[derive(Debug)]
struct DiskState {
    threads: Threads,
    /// The number of the process that may use the disk.
    process: u64,
    /// All files that were ever created, including removed ones.
    files: Vec<FileState>,
    names: Names,
    durable_names: Names,
    /// The directory after each change since its last sync.
    unsynced_names: Vec<Names>,
    faults: Faults,
    /// By [`IoSource`].
    counts: [Counts; 2],
    /// Whether writes are paused, by [`IoSource`].
    paused: [bool; 2],
    /// The number of writes that are paused.
    waiting: usize,
    /// Whether a write or sync of the committer has failed in this process.
    committer_failed: bool,
    /// Draws what survives a power cut.
    rng: Rng,
    /// Draw the completed part of a write, by [`IoSource`].
    rngs: [Rng; 2],
    /// A log of all operations, which tests print when they fail.
    operations: Vec<String>,
}

impl SimDisk {
    pub fn new(seed: u64) -> Self {
        Self::holding(&Image::default(), seed)
    }

    /// A disk with these files, all of them durable.
    pub fn holding(image: &Image, seed: u64) -> Self {
        Self::with(image, seed, Threads::OF_SYSTEM)
    }

    /// An empty disk that these threads use.
    pub fn of_threads(threads: Threads, seed: u64) -> Self {
        Self::with(&Image::default(), seed, threads)
    }

    fn with(image: &Image, seed: u64, threads: Threads) -> Self {
        let mut files = Vec::new();
        let mut names = Names::new();
        for (name, bytes) in &image.0 {
            names.insert(name.clone(), files.len());
            files.push(FileState { cached: bytes.to_vec(), durable: bytes.to_vec(), ..FileState::default() });
        }
        let state = DiskState {
            threads,
            process: 1,
            files,
            durable_names: names.clone(),
            names,
            unsynced_names: Vec::new(),
            faults: Faults::default(),
            counts: Default::default(),
            paused: [false; 2],
            waiting: 0,
            committer_failed: false,
            rng: Rng::new(seed),
            rngs: [Rng::new(!seed), Rng::new(seed ^ 1)],
            operations: Vec::new(),
        };
        let shared = Shared { threads, state: Mutex::new(state), changed: Condvar::new() };
        Self { shared: Arc::new(shared), process: 1 }
    }

    /// The files as processes read them.
    pub fn image(&self) -> Image {
        let state = self.state();
        state.image(&state.names, |file| &file.cached)
    }

    /// The files after a power cut now, if it loses everything that is not synced. The process goes on.
    pub fn durable_image(&self) -> Image {
        let state = self.state();
        state.image(&state.durable_names, |file| &file.durable)
    }

    /// Whether an operation of these threads has failed, or the process was killed.
    pub fn has_failed(&self, source: IoSource) -> bool {
        let state = self.state();
        state.process != self.process || state.counts[source as usize].errors > 0
    }

    /// The log of all operations, one a line.
    pub fn operations(&self) -> String {
        self.state().operations.join("\n")
    }

    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.state();
        state.log(|| format!("{faults:?}"));
        state.faults = faults;
    }

    pub fn counts(&self, source: IoSource) -> Counts {
        self.state().counts[source as usize]
    }

    /// Pauses all writes until [`SimDisk::resume_writes`].
    pub fn pause_writes(&self) {
        self.state().paused = [true; 2];
    }

    /// Pauses the writes of the preallocation thread until [`SimDisk::resume_writes`].
    pub fn pause_preallocation_writes(&self) {
        self.state().paused[IoSource::Preallocation as usize] = true;
    }

    /// Waits until a write is paused, or until an error makes sure that none will be.
    pub fn wait_for_paused_write(&self) {
        self.wait_until(|state| {
            state.waiting > 0
                || state.process != self.process
                || state.counts.iter().any(|counts| counts.errors > 0)
        });
    }

    pub fn resume_writes(&self) {
        self.state().paused = [false; 2];
        self.shared.changed.notify_all();
    }

    /// Waits until this process has done this many syncs, without those of the preallocation thread.
    pub fn wait_for_syncs(&self, count: u64) {
        self.wait_until(|state| state.counts[IoSource::Foreground as usize].syncs >= count);
    }

    /// Waits until this process has done this many writes, without those of the preallocation thread.
    pub fn wait_for_writes(&self, count: u64) {
        self.wait_until(|state| state.counts[IoSource::Foreground as usize].writes >= count);
    }

    /// Kills the process, which keeps everything that it wrote. Returns the disk for the next process.
    pub fn kill(&self) -> Self {
        self.end(|_| {})
    }

    /// Cuts the power, which keeps any part of the unsynced writes. Returns the disk for the next process.
    pub fn cut_power(&self) -> Self {
        self.end(DiskState::lose_unsynced)
    }

    fn end(&self, lose: impl FnOnce(&mut DiskState)) -> Self {
        let mut state = self.state();
        lose(&mut state);
        state.begin_process();
        let process = state.process;
        drop(state);
        self.shared.changed.notify_all();
        Self { shared: self.shared.clone(), process }
    }

    fn state(&self) -> MutexGuard<'_, DiskState> {
        self.shared.state.lock().expect("no panic under the lock")
    }

    fn wait_until(&self, done: impl Fn(&DiskState) -> bool) {
        let mut state = self.state();
        while !done(&state) {
            let waited = self.shared.changed.wait_timeout(state, HANG_TIMEOUT).expect("no panic");
            assert!(!waited.1.timed_out(), "timed out: {:?}", waited.0.counts);
            state = waited.0;
        }
    }

    /// Begins an operation. Other threads may run before it.
    fn enter(&self) -> MutexGuard<'_, DiskState> {
        (self.shared.threads.before_operation)();
        self.state()
    }

    /// Counts an operation, and kills the process if that is the fault.
    fn begin(&self) -> io::Result<MutexGuard<'_, DiskState>> {
        let mut state = self.enter();
        state.check_alive(self.process)?;
        if state.count() {
            state.begin_process();
            self.shared.changed.notify_all();
            return Err(killed());
        }
        Ok(state)
    }

    fn change_names<R>(&self, change: impl FnOnce(&mut DiskState) -> io::Result<R>) -> io::Result<R> {
        let mut state = self.begin()?;
        let changed = change(&mut state)?;
        let names = state.names.clone();
        state.unsynced_names.push(names);
        Ok(changed)
    }
}

impl DiskState {
    fn image(&self, names: &Names, bytes: impl Fn(&FileState) -> &Vec<u8>) -> Image {
        let file =
            |(name, &file): (&String, &usize)| (name.clone(), Arc::new(bytes(&self.files[file]).clone()));
        Image(names.iter().map(file).collect())
    }

    fn log(&mut self, line: impl FnOnce() -> String) {
        let line = format!("{:?} {}", self.threads.source(), line());
        self.operations.push(line);
    }

    fn begin_process(&mut self) {
        self.log(|| "the process has ended".to_owned());
        self.process += 1;
        self.faults = Faults::default();
        self.counts = Default::default();
        self.paused = [false; 2];
        self.committer_failed = false;
    }

    fn check_alive(&self, process: u64) -> io::Result<()> {
        if self.process == process { Ok(()) } else { Err(killed()) }
    }

    /// Counts an operation. Returns whether the process is killed at it.
    fn count(&mut self) -> bool {
        let source = self.threads.source();
        let counts = &mut self.counts[source as usize];
        counts.operations += 1;
        assert!(
            !self.committer_failed || !self.threads.is_committer(),
            "the committer goes on after a failure"
        );
        source == self.faults.source && self.faults.die_at == Some(counts.operations)
    }

    /// Counts an operation of one kind, and fails if it is number `at`.
    fn fail(&mut self, count: impl Fn(&mut Counts) -> &mut u64, at: Option<u64>) -> io::Result<()> {
        let source = self.threads.source();
        let counts = &mut self.counts[source as usize];
        *count(counts) += 1;
        let nth = *count(counts);
        if source != self.faults.source || at != Some(nth) {
            return Ok(());
        }
        counts.errors += 1;
        self.committer_failed |= self.threads.is_committer();
        Err(io::Error::other("EIO (simulated)"))
    }

    fn fail_sync(&mut self) -> io::Result<()> {
        self.fail(|counts| &mut counts.syncs, self.faults.fail_sync)
    }

    fn fail_directory_sync(&mut self) -> io::Result<()> {
        self.fail(|counts| &mut counts.directory_syncs, self.faults.fail_directory_sync)
    }

    fn fail_write(&mut self) -> io::Result<()> {
        self.fail(|counts| &mut counts.writes, self.faults.fail_write)
    }

    /// A random number from 0 to `n`.
    fn draw(&mut self, n: usize) -> usize {
        self.rngs[self.threads.source() as usize].below(n + 1)
    }

    fn used(&self) -> usize {
        self.names.values().map(|&file| self.files[file].cached.len()).sum()
    }

    /// The number of bytes that are written of a write of `bytes` bytes at `offset`.
    fn writable(&mut self, file: usize, bytes: usize, offset: usize) -> io::Result<usize> {
        let length = self.files[file].cached.len();
        let free = self.faults.capacity.map_or(usize::MAX, |capacity| capacity.saturating_sub(self.used()));
        let fits = length.saturating_add(free).saturating_sub(offset).min(bytes);
        if fits == 0 && bytes > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.shorten(fits)
    }

    /// `n`, or a smaller number if reads and writes may be short.
    fn shorten(&mut self, n: usize) -> io::Result<usize> {
        if !self.faults.short || n == 0 {
            return Ok(n);
        }
        match self.draw(15) {
            0 => Err(io::ErrorKind::Interrupted.into()),
            1..4 => Ok(1 + self.draw(n - 1)),
            _ => Ok(n),
        }
    }

    fn lose_unsynced(&mut self) {
        self.log(|| "power cut".to_owned());
        let rng = &mut self.rng;
        let kept = KeptVersions::draw(rng);
        for file in &mut self.files {
            file.lose_unsynced(kept, rng);
        }
        let kept = rng.below(self.unsynced_names.len() + 1);
        if let Some(kept) = kept.checked_sub(1) {
            self.durable_names = self.unsynced_names.swap_remove(kept);
        }
        self.unsynced_names.clear();
        self.names = self.durable_names.clone();
    }
}

fn killed() -> io::Error {
    io::Error::other("the process was killed (simulated)")
}

impl Disk for SimDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.begin()?.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = self.change_names(|state| {
            let file = state.files.len();
            state.log(|| format!("create {name}: {file}"));
            state.files.push(FileState::default());
            state.names.insert(name.to_owned(), file);
            Ok(file)
        })?;
        Ok(Box::new(SimFile { disk: self.clone(), file }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = *self.begin()?.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(SimFile { disk: self.clone(), file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change_names(|state| {
            state.log(|| format!("rename {from} to {to}"));
            let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            state.names.insert(to.to_owned(), file);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change_names(|state| {
            state.log(|| format!("remove {name}"));
            state.names.remove(name).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.begin()?;
        let failed = state.fail_sync().and(state.fail_directory_sync());
        state.log(|| format!("sync the directory: {failed:?}"));
        self.shared.changed.notify_all();
        failed?;
        state.unsynced_names.clear();
        state.durable_names = state.names.clone();
        self.shared.changed.notify_all();
        Ok(())
    }

    fn free(&self) -> io::Result<u64> {
        let state = self.state();
        Ok(state.faults.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(state.used()) as u64))
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    file: usize,
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.begin()?.files[self.file].cached.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.begin()?;
        let offset = usize::try_from(offset).expect("a small file");
        let available = state.files[self.file].cached.len().saturating_sub(offset);
        let n = state.shorten(available.min(into.len()))?;
        into[..n].copy_from_slice(&state.files[self.file].cached[offset..offset + n]);
        Ok(n)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.enter();
        while state.paused[state.threads.source() as usize] && state.process == self.disk.process {
            state.waiting += 1;
            self.disk.shared.changed.notify_all();
            state = self.disk.shared.changed.wait(state).expect("no panic under the lock");
            state.waiting -= 1;
        }
        state.check_alive(self.disk.process)?;
        let offset = usize::try_from(offset).expect("a small file");
        let is_killed = state.count();
        let failed = state.fail_write();
        if is_killed || failed.is_err() {
            let part = state.draw(bytes.len());
            state.log(|| {
                format!("write {}: {part} of {} bytes at {offset}, and fail", self.file, bytes.len())
            });
            state.files[self.file].write(&bytes[..part], offset);
            if is_killed {
                state.begin_process();
            }
            self.disk.shared.changed.notify_all();
            return failed.and(Err(killed()));
        }
        let n = state.writable(self.file, bytes.len(), offset)?;
        let source = state.threads.source();
        state.counts[source as usize].bytes += n as u64;
        state.log(|| format!("write {}: {n} of {} bytes at {offset}", self.file, bytes.len()));
        state.files[self.file].write(&bytes[..n], offset);
        self.disk.shared.changed.notify_all();
        Ok(n)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.begin()?;
        let failed = state.fail_sync();
        state.log(|| format!("sync {}: {failed:?}", self.file));
        self.disk.shared.changed.notify_all();
        if let Err(error) = failed {
            if state.faults.sync_error_drops_writes {
                state.files[self.file].unsynced.clear();
            }
            return Err(error);
        }
        state.files[self.file].sync();
        self.disk.shared.changed.notify_all();
        Ok(())
    }

    fn has_name(&self) -> io::Result<bool> {
        let state = self.disk.enter();
        state.check_alive(self.disk.process)?;
        Ok(state.names.values().any(|&file| file == self.file))
    }
}
