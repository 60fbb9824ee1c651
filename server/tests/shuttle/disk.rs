//! A simulated disk that distinguishes written and synced contents. Other threads may run before each of its
//! operations.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use shuttle::thread;

use crate::changes::{BlockTaken, Change};
use crate::codec::Sequence;
use crate::explore::yield_point;
use crate::storage::journal::{self, Base, DiskFile};
use crate::waiting::FIRST_DAY;

/// The disk, which clones share.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<DiskState>>);

type Names = BTreeMap<String, usize>;

#[derive(Debug, Default)]
struct DiskState {
    /// All files that were ever created.
    files: Vec<FileState>,
    names: Names,
    synced_names: Names,
    /// Whether no file can be created.
    full: bool,
    /// The number of the committer's writes and syncs before the one that fails.
    fails_in: Option<u64>,
    failed: bool,
}

#[derive(Debug, Default)]
struct FileState {
    written: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Debug)]
struct File {
    disk: Disk,
    number: usize,
}

impl Disk {
    /// Sets whether no file can be created.
    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    /// Makes the committer's `nth` write or sync from now on fail, counted from zero.
    pub fn fail_in(&self, nth: u64) {
        self.state().fails_in = Some(nth);
    }

    /// Whether the committer's operation has failed.
    pub fn has_failed(&self) -> bool {
        self.state().failed
    }

    /// The files after a power cut now, if it loses everything that is not synced.
    pub fn after_power_cut(&self) -> Image {
        let state = self.state();
        let file = |(name, &file): (&String, &usize)| (name.clone(), state.files[file].synced.clone().into());
        Image(state.synced_names.iter().map(file).collect())
    }

    fn state(&self) -> MutexGuard<'_, DiskState> {
        self.0.lock().expect("no panic under the lock")
    }

    /// Begins an operation. Other threads may run before it.
    fn begin(&self) -> MutexGuard<'_, DiskState> {
        yield_point();
        self.state()
    }
}

impl DiskState {
    fn may_fail(&mut self) -> io::Result<()> {
        if !is_committer() {
            return Ok(());
        }
        assert!(!self.failed, "I/O of the committer after a failure");
        match self.fails_in {
            Some(0) => {
                self.failed = true;
                Err(io::Error::other("EIO (simulated)"))
            }
            left => {
                self.fails_in = left.map(|left| left - 1);
                Ok(())
            }
        }
    }
}

fn is_committer() -> bool {
    thread::current().name() == Some("committer")
}

impl journal::Disk for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.begin().names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.begin();
        if state.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let number = state.files.len();
        state.files.push(FileState::default());
        state.names.insert(name.to_owned(), number);
        drop(state);
        Ok(Box::new(File { disk: self.clone(), number }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let number = *self.begin().names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(File { disk: self.clone(), number }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.begin();
        let number = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), number);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.begin().names.remove(name).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.begin();
        state.may_fail()?;
        state.synced_names = state.names.clone();
        Ok(())
    }
}

impl DiskFile for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.begin().files[self.number].written.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        read_at(&self.disk.begin().files[self.number].written, into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.begin();
        state.may_fail()?;
        let written = &mut state.files[self.number].written;
        let start = usize::try_from(offset).expect("a small file");
        let end = start + bytes.len();
        if written.len() < end {
            assert!(!is_committer(), "the committer writes past the end of its segment");
            written.resize(end, 0);
        }
        written[start..end].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.begin();
        state.may_fail()?;
        let FileState { written, synced } = &mut state.files[self.number];
        synced.clone_from(written);
        Ok(())
    }

    fn has_name(&self) -> io::Result<bool> {
        Ok(self.disk.begin().names.values().any(|&number| number == self.number))
    }
}

fn read_at(from: &[u8], into: &mut [u8], offset: u64) -> io::Result<usize> {
    let left = usize::try_from(offset).ok().and_then(|offset| from.get(offset..)).unwrap_or_default();
    let count = left.len().min(into.len());
    into[..count].copy_from_slice(&left[..count]);
    Ok(count)
}

/// The files after a power cut. Reading them lets no other thread run.
#[derive(Debug)]
pub struct Image(BTreeMap<String, Arc<[u8]>>);

#[derive(Debug)]
struct ImageFile(Arc<[u8]>);

impl Image {
    /// Passes every change after `snapshot` to `see`, with the sequence number of its commit, and returns the
    /// last sequence number. Panics if recovery refuses the journal.
    pub fn read(&self, snapshot: Sequence, mut see: impl FnMut(Sequence, &Change<'_>)) -> Sequence {
        let base = Base { snapshot, known_durable: snapshot, clean_stop: None, fresh: false };
        let recovered = journal::check(self, base, &mut |commit| {
            for change in commit.changes() {
                see(commit.sequence, &change.expect("a valid change"));
            }
            Ok(())
        });
        recovered.unwrap_or_else(|refused| panic!("after a power cut: {refused}")).last
    }

    /// The days of all commits after `snapshot`. Tests identify commits by their days.
    pub fn days(&self, snapshot: Sequence) -> Vec<u32> {
        let mut days = Vec::new();
        let mut next = snapshot.next();
        self.read(snapshot, |sequence, change| {
            assert_eq!(sequence, next, "a gap, or a commit of more than one change");
            next = next.next();
            let Change::BlockTaken(BlockTaken { slot, .. }) = change else {
                panic!("another change: {change:?}")
            };
            days.push(slot.date.day_number() - FIRST_DAY);
        });
        days
    }
}

impl journal::Disk for Image {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.0.keys().cloned().collect())
    }

    fn create(&self, _: &str) -> io::Result<Box<dyn DiskFile>> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(ImageFile(self.0.get(name).ok_or(io::ErrorKind::NotFound)?.clone())))
    }

    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}

impl DiskFile for ImageFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        read_at(&self.0, into, offset)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn has_name(&self) -> io::Result<bool> {
        Ok(true)
    }
}
