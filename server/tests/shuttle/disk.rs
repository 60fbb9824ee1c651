//! A disk in memory that keeps apart what was written and what was synced. Before each operation on it others
//! may come.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use shuttle::thread;

use crate::codec::Sequence;
use crate::domain::Change;
use crate::explore::step;
use crate::storage::journal::{self, Base, DiskFile};
use crate::waiting::FIRST_DAY;

/// The disk. Cheap to share.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<Platter>>);

type Names = BTreeMap<String, usize>;

#[derive(Debug, Default)]
struct Platter {
    /// All files that ever were.
    files: Vec<Contents>,
    names: Names,
    synced_names: Names,
    /// Nothing new fits on it.
    full: bool,
    /// The committer's write or sync that is to fail, counting down to zero.
    fails_in: Option<u64>,
    failed: bool,
}

#[derive(Debug, Default)]
struct Contents {
    written: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Debug)]
struct File {
    disk: Disk,
    number: usize,
}

impl Disk {
    /// From now on nothing new fits on it, or again something does.
    pub fn set_full(&self, full: bool) {
        self.platter().full = full;
    }

    /// The committer's `nth` write or sync from now on fails, counting from zero.
    pub fn fail_in(&self, nth: u64) {
        self.platter().fails_in = Some(nth);
    }

    /// Has the committer met its failure?
    pub fn has_failed(&self) -> bool {
        self.platter().failed
    }

    /// What would be there if the power went now, and nothing that was not synced had reached the disk.
    pub fn after_a_power_cut(&self) -> Image {
        let platter = self.platter();
        let file =
            |(name, &file): (&String, &usize)| (name.clone(), platter.files[file].synced.clone().into());
        Image(platter.synced_names.iter().map(file).collect())
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().expect("no panic while the disk is looked at")
    }

    /// Begins an operation: who uses the disk may have to let others go first.
    fn begin(&self) -> MutexGuard<'_, Platter> {
        step();
        self.platter()
    }
}

impl Platter {
    fn may_fail(&mut self) -> io::Result<()> {
        if !is_committer() {
            return Ok(());
        }
        assert!(!self.failed, "the committer goes on after a failure");
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
        let mut platter = self.begin();
        if platter.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let number = platter.files.len();
        platter.files.push(Contents::default());
        platter.names.insert(name.to_owned(), number);
        drop(platter);
        Ok(Box::new(File { disk: self.clone(), number }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let number = *self.begin().names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(File { disk: self.clone(), number }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut platter = self.begin();
        let number = platter.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        platter.names.insert(to.to_owned(), number);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.begin().names.remove(name).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        let mut platter = self.begin();
        platter.may_fail()?;
        platter.synced_names = platter.names.clone();
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
        let mut platter = self.disk.begin();
        platter.may_fail()?;
        let written = &mut platter.files[self.number].written;
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
        let mut platter = self.disk.begin();
        platter.may_fail()?;
        let Contents { written, synced } = &mut platter.files[self.number];
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

/// What a power cut left. It is only read, and nobody comes in between.
#[derive(Debug)]
pub struct Image(BTreeMap<String, Arc<[u8]>>);

#[derive(Debug)]
struct ImageFile(Arc<[u8]>);

impl Image {
    /// Gives `see` every change in order, with the sequence of its commit. Recovery must not refuse whatever
    /// a power cut leaves. The last sequence.
    pub fn read(&self, snapshot: Sequence, mut see: impl FnMut(Sequence, &Change<'_>)) -> Sequence {
        let base = Base { snapshot, known_durable: snapshot, clean_stop: None, fresh: false };
        let recovered = journal::check(self, base, &mut |commit| {
            for change in commit.changes() {
                see(commit.sequence, &change.expect("a change as it was encoded"));
            }
            Ok(())
        });
        recovered.unwrap_or_else(|refused| panic!("after a power cut: {refused}")).last
    }

    /// The days of all commits behind `snapshot`, which is how the tests tell them apart.
    pub fn days(&self, snapshot: Sequence) -> Vec<u32> {
        let mut days = Vec::new();
        let mut next = snapshot.next();
        self.read(snapshot, |sequence, change| {
            assert_eq!(sequence, next, "a gap, or a commit of more than one change");
            next = next.next();
            let Change::BlockTaken { slot, .. } = change else { panic!("another change: {change:?}") };
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
