//! A disk in memory that keeps the promises of a real one, and not one more.
//!
//! What was written and not synced is kept by sectors of 512 bytes, with every content that each of them has
//! had since: at a power cut each may be any of those, whatever the others are. Names are durable after a
//! sync of the directory; before it, the directory may be as it was after any of the changes since. The size
//! of a file is durable after its sync. A killed process loses nothing that it wrote.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::image::Image;
use super::rng::Rng;
use crate::storage::journal::disk::{Disk, DiskFile};

/// What a disk writes whole or not at all.
pub const SECTOR: usize = 512;

/// The two that use the disk at the same time. What goes wrong is counted and drawn for each of them alone,
/// so that their race does not change the scenario that a seed tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Whose {
    /// Recovery, then the committer.
    #[default]
    Commits,
    /// The maker of preallocated segments.
    Preallocation,
}

impl Whose {
    fn of_this_thread() -> Self {
        if std::thread::current().name() == Some(super::super::preallocation::THREAD_NAME) {
            Self::Preallocation
        } else {
            Self::Commits
        }
    }
}

/// What is to go wrong. Numbers count from 1 over the cycle of a process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Whose operations count.
    pub whose: Whose,
    /// The process dies at this operation of any kind; of a write it may have done a part.
    pub die_at: Option<u64>,
    /// This write fails; of it, too, a part may be done.
    pub fail_write: Option<u64>,
    /// This sync fails, of a file or of the directory.
    pub fail_sync: Option<u64>,
    /// This sync of the directory fails, counted among those.
    pub fail_directory_sync: Option<u64>,
    /// A sync that fails forgets what it should have written, as Linux does: it reads as written, a later
    /// sync has nothing to do, and only a power cut shows that it never was on the disk.
    pub forgetful: bool,
    /// Reads and writes may do less than they were asked, or be interrupted.
    pub short: bool,
    /// Bytes that fit on the disk.
    pub capacity: Option<usize>,
}

/// How often what was done in the cycle of a process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub operations: u64,
    pub writes: u64,
    /// Bytes of those writes.
    pub bytes: u64,
    pub syncs: u64,
    pub directory_syncs: u64,
    pub errors: u64,
}

/// A process's view of the disk. After [`SimDisk::kill`] or [`SimDisk::cut_power`] it reaches nothing any
/// more.
#[derive(Debug, Clone)]
pub struct SimDisk {
    world: Arc<World>,
    cycle: u64,
}

#[derive(Debug)]
struct World {
    platter: Mutex<Platter>,
    changed: Condvar,
}

type Names = BTreeMap<String, usize>;

#[derive(Debug)]
struct Platter {
    /// Which process may use it.
    cycle: u64,
    /// All files that ever were, with a name or without.
    files: Vec<Contents>,
    names: Names,
    durable_names: Names,
    /// The directory after each change since its sync.
    unsynced_names: Vec<Names>,
    faults: Faults,
    /// By [`Whose`].
    counts: [Counts; 2],
    /// By [`Whose`]: writes wait while this is so.
    held: [bool; 2],
    waiting: usize,
    rng: Rng,
    /// By [`Whose`]: how much of a write is done.
    rngs: [Rng; 2],
    /// What was done, for whoever looks for the cause of a failure.
    operations: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct Contents {
    /// What processes read.
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// What each sector has been since the last sync, in order.
    unsynced: BTreeMap<usize, Vec<Vec<u8>>>,
}

impl SimDisk {
    pub fn new(seed: u64) -> Self {
        Self::holding(&Image::default(), seed)
    }

    /// A disk on which `image` stands, all of it durable.
    pub fn holding(image: &Image, seed: u64) -> Self {
        let mut files = Vec::new();
        let mut names = Names::new();
        for (name, bytes) in &image.0 {
            names.insert(name.clone(), files.len());
            files.push(Contents { cached: bytes.to_vec(), durable: bytes.to_vec(), ..Contents::default() });
        }
        let platter = Platter {
            cycle: 1,
            files,
            durable_names: names.clone(),
            names,
            unsynced_names: Vec::new(),
            faults: Faults::default(),
            counts: Default::default(),
            held: [false; 2],
            waiting: 0,
            rng: Rng::new(seed),
            rngs: [Rng::new(!seed), Rng::new(seed ^ 1)],
            operations: Vec::new(),
        };
        Self { world: Arc::new(World { platter: Mutex::new(platter), changed: Condvar::new() }), cycle: 1 }
    }

    /// What processes read.
    pub fn image(&self) -> Image {
        let platter = self.platter();
        let file =
            |(name, &file): (&String, &usize)| (name.clone(), Arc::new(platter.files[file].cached.clone()));
        Image(platter.names.iter().map(file).collect())
    }

    /// Has something gone wrong in this cycle, or ended it?
    pub fn has_struck(&self, whose: Whose) -> bool {
        let platter = self.platter();
        platter.cycle != self.cycle || platter.counts[whose as usize].errors > 0
    }

    /// What was done, line by line.
    pub fn operations(&self) -> String {
        self.platter().operations.join("\n")
    }

    pub fn set_faults(&self, faults: Faults) {
        let mut platter = self.platter();
        platter.tell(|| format!("{faults:?}"));
        platter.faults = faults;
    }

    pub fn counts(&self, whose: Whose) -> Counts {
        self.platter().counts[whose as usize]
    }

    /// Writes wait from now on, until [`SimDisk::release`].
    pub fn hold(&self) {
        self.platter().held = [true; 2];
    }

    /// Those of the maker of preallocated segments do.
    pub fn hold_spares(&self) {
        self.platter().held[Whose::Preallocation as usize] = true;
    }

    /// Returns once a write waits, or when none will because something went wrong before.
    pub fn wait_for_a_held_write(&self) {
        self.wait_until(|platter| {
            platter.waiting > 0
                || platter.cycle != self.cycle
                || platter.counts.iter().any(|counts| counts.errors > 0)
        });
    }

    pub fn release(&self) {
        self.platter().held = [false; 2];
        self.world.changed.notify_all();
    }

    /// Returns once so many syncs of commits were done in this cycle.
    pub fn wait_for_syncs(&self, count: u64) {
        self.wait_until(|platter| platter.counts[Whose::Commits as usize].syncs >= count);
    }

    /// Returns once so many writes of commits were done in this cycle.
    pub fn wait_for_writes(&self, count: u64) {
        self.wait_until(|platter| platter.counts[Whose::Commits as usize].writes >= count);
    }

    /// The process dies: what it wrote stays. The next one's view.
    pub fn kill(&self) -> Self {
        self.end(|_| {})
    }

    /// The power goes: what was not synced may be there or not. The next process's view.
    pub fn cut_power(&self) -> Self {
        self.end(Platter::lose_what_was_not_synced)
    }

    fn end(&self, how: impl FnOnce(&mut Platter)) -> Self {
        let mut platter = self.platter();
        how(&mut platter);
        platter.begin_cycle();
        let cycle = platter.cycle;
        drop(platter);
        self.world.changed.notify_all();
        Self { world: self.world.clone(), cycle }
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.world.platter.lock().expect("no panic under the lock")
    }

    fn wait_until(&self, done: impl Fn(&Platter) -> bool) {
        let mut platter = self.platter();
        while !done(&platter) {
            let waited = self.world.changed.wait_timeout(platter, super::history::HANG).expect("no panic");
            assert!(!waited.1.timed_out(), "this never came to be: {:?}", waited.0.counts);
            platter = waited.0;
        }
    }

    /// Counts an operation, and lets the process die if it is to.
    fn begin(&self) -> io::Result<MutexGuard<'_, Platter>> {
        let mut platter = self.platter();
        platter.check_alive(self.cycle)?;
        if platter.count() {
            platter.begin_cycle();
            self.world.changed.notify_all();
            return Err(died());
        }
        Ok(platter)
    }

    fn change_names<R>(&self, change: impl FnOnce(&mut Platter) -> io::Result<R>) -> io::Result<R> {
        let mut platter = self.begin()?;
        let changed = change(&mut platter)?;
        let names = platter.names.clone();
        platter.unsynced_names.push(names);
        Ok(changed)
    }
}

impl Platter {
    fn tell(&mut self, line: impl FnOnce() -> String) {
        let line = format!("{:?} {}", Whose::of_this_thread(), line());
        self.operations.push(line);
    }

    fn begin_cycle(&mut self) {
        self.tell(|| "the process is gone".to_owned());
        self.cycle += 1;
        self.faults = Faults::default();
        self.counts = Default::default();
        self.held = [false; 2];
    }

    fn check_alive(&self, cycle: u64) -> io::Result<()> {
        if self.cycle == cycle { Ok(()) } else { Err(died()) }
    }

    /// One more operation. Is it the one at which the process dies?
    fn count(&mut self) -> bool {
        let whose = Whose::of_this_thread();
        let counts = &mut self.counts[whose as usize];
        counts.operations += 1;
        whose == self.faults.whose && self.faults.die_at == Some(counts.operations)
    }

    /// One more write, or one more sync: fails if it is the one that is to.
    fn fail(&mut self, count: impl Fn(&mut Counts) -> &mut u64, at: Option<u64>) -> io::Result<()> {
        let whose = Whose::of_this_thread();
        let counts = &mut self.counts[whose as usize];
        *count(counts) += 1;
        let nth = *count(counts);
        if whose != self.faults.whose || at != Some(nth) {
            return Ok(());
        }
        counts.errors += 1;
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

    /// A number up to `n`.
    fn part(&mut self, n: usize) -> usize {
        self.rngs[Whose::of_this_thread() as usize].below(n + 1)
    }

    fn used(&self) -> usize {
        self.names.values().map(|&file| self.files[file].cached.len()).sum()
    }

    /// How much of a write of `bytes` at `offset` is done before it ends or fails.
    fn room_for(&mut self, file: usize, bytes: usize, offset: usize) -> io::Result<usize> {
        let length = self.files[file].cached.len();
        let free = self.faults.capacity.map_or(usize::MAX, |capacity| capacity.saturating_sub(self.used()));
        let fits = length.saturating_add(free).saturating_sub(offset).min(bytes);
        if fits == 0 && bytes > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.shorten(fits)
    }

    /// A number of bytes that may be less than `n`, if that is to be.
    fn shorten(&mut self, n: usize) -> io::Result<usize> {
        if !self.faults.short || n == 0 {
            return Ok(n);
        }
        match self.part(15) {
            0 => Err(io::ErrorKind::Interrupted.into()),
            1..4 => Ok(1 + self.part(n - 1)),
            _ => Ok(n),
        }
    }

    fn lose_what_was_not_synced(&mut self) {
        self.tell(|| "the power is gone".to_owned());
        let rng = &mut self.rng;
        // Now and then all or nothing, which chance alone would hardly ever do.
        let whim = rng.below(4);
        for file in &mut self.files {
            if file.cached.len() > file.durable.len() && rng.one_in(2) {
                file.durable.resize(file.cached.len(), 0);
            }
            for (sector, versions) in std::mem::take(&mut file.unsynced) {
                let kept = match whim {
                    0 => 0,
                    1 => versions.len(),
                    _ => rng.below(versions.len() + 1),
                };
                let Some(version) = kept.checked_sub(1).map(|kept| &versions[kept]) else { continue };
                let at = sector * SECTOR;
                let n = version.len().min(file.durable.len().saturating_sub(at));
                if n > 0 {
                    file.durable[at..at + n].copy_from_slice(&version[..n]);
                }
            }
            file.cached = file.durable.clone();
        }
        let kept = rng.below(self.unsynced_names.len() + 1);
        if let Some(kept) = kept.checked_sub(1) {
            self.durable_names = self.unsynced_names.swap_remove(kept);
        }
        self.unsynced_names.clear();
        self.names = self.durable_names.clone();
    }
}

impl Contents {
    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        for sector in offset / SECTOR..end.div_ceil(SECTOR) {
            let whole = &self.cached[sector * SECTOR..self.cached.len().min((sector + 1) * SECTOR)];
            self.unsynced.entry(sector).or_default().push(whole.to_vec());
        }
    }

    fn sync(&mut self) {
        self.durable.resize(self.cached.len(), 0);
        for (sector, versions) in std::mem::take(&mut self.unsynced) {
            let newest = versions.last().expect("a sector is listed with what was written");
            let at = sector * SECTOR;
            self.durable[at..at + newest.len()].copy_from_slice(newest);
        }
    }
}

fn died() -> io::Error {
    io::Error::other("the process is dead (simulated)")
}

impl Disk for SimDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.begin()?.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = self.change_names(|platter| {
            let file = platter.files.len();
            platter.tell(|| format!("create {name}: {file}"));
            platter.files.push(Contents::default());
            platter.names.insert(name.to_owned(), file);
            Ok(file)
        })?;
        Ok(Box::new(SimFile { disk: self.clone(), file }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = *self.begin()?.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(SimFile { disk: self.clone(), file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change_names(|platter| {
            platter.tell(|| format!("rename {from} to {to}"));
            let file = platter.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            platter.names.insert(to.to_owned(), file);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change_names(|platter| {
            platter.tell(|| format!("remove {name}"));
            platter.names.remove(name).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    fn sync(&self) -> io::Result<()> {
        let mut platter = self.begin()?;
        let failed = platter.fail_sync().and(platter.fail_directory_sync());
        platter.tell(|| format!("sync the directory: {failed:?}"));
        self.world.changed.notify_all();
        failed?;
        platter.unsynced_names.clear();
        platter.durable_names = platter.names.clone();
        self.world.changed.notify_all();
        Ok(())
    }

    fn free(&self) -> io::Result<u64> {
        let platter = self.platter();
        Ok(platter
            .faults
            .capacity
            .map_or(u64::MAX, |capacity| capacity.saturating_sub(platter.used()) as u64))
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
        let mut platter = self.disk.begin()?;
        let offset = usize::try_from(offset).expect("a small file");
        let there = platter.files[self.file].cached.len().saturating_sub(offset);
        let n = platter.shorten(there.min(into.len()))?;
        into[..n].copy_from_slice(&platter.files[self.file].cached[offset..offset + n]);
        Ok(n)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut platter = self.disk.platter();
        while platter.held[Whose::of_this_thread() as usize] && platter.cycle == self.disk.cycle {
            platter.waiting += 1;
            self.disk.world.changed.notify_all();
            platter = self.disk.world.changed.wait(platter).expect("no panic under the lock");
            platter.waiting -= 1;
        }
        platter.check_alive(self.disk.cycle)?;
        let offset = usize::try_from(offset).expect("a small file");
        let dies = platter.count();
        let failed = platter.fail_write();
        if dies || failed.is_err() {
            let part = platter.part(bytes.len());
            platter.tell(|| {
                format!("write {}: {part} of {} bytes at {offset}, and fail", self.file, bytes.len())
            });
            platter.files[self.file].write(&bytes[..part], offset);
            if dies {
                platter.begin_cycle();
            }
            self.disk.world.changed.notify_all();
            return failed.and(Err(died()));
        }
        let n = platter.room_for(self.file, bytes.len(), offset)?;
        platter.counts[Whose::of_this_thread() as usize].bytes += n as u64;
        platter.tell(|| format!("write {}: {n} of {} bytes at {offset}", self.file, bytes.len()));
        platter.files[self.file].write(&bytes[..n], offset);
        self.disk.world.changed.notify_all();
        Ok(n)
    }

    fn sync(&self) -> io::Result<()> {
        let mut platter = self.disk.begin()?;
        let failed = platter.fail_sync();
        platter.tell(|| format!("sync {}: {failed:?}", self.file));
        self.disk.world.changed.notify_all();
        if let Err(error) = failed {
            if platter.faults.forgetful {
                platter.files[self.file].unsynced.clear();
            }
            return Err(error);
        }
        platter.files[self.file].sync();
        self.disk.world.changed.notify_all();
        Ok(())
    }

    fn has_name(&self) -> io::Result<bool> {
        let platter = self.disk.platter();
        platter.check_alive(self.disk.cycle)?;
        Ok(platter.names.values().any(|&file| file == self.file))
    }
}
