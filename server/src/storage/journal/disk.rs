//! The narrow door to the disk: all that the journal asks of it. Tests put a disk behind it that lies.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, Mode, OFlags};

use crate::storage::plain_file;

/// One directory of files.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Names of all files in it, in no order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// A new, empty file; one of that name is replaced.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// A file that is there.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, replacing what had it. Durable after [`Disk::sync`].
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file. Durable after [`Disk::sync`].
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the directory's names durable.
    fn sync(&self) -> io::Result<()>;
    /// Bytes that may still be taken of it. Where that is not known, there is enough.
    fn free(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

impl dyn Disk + '_ {
    /// Puts a small file in the place of one that may be there: whole and durable, or as before.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let fresh = format!("{name}.new");
        let file = self.create(&fresh)?;
        file.write_all_at(bytes, 0)?;
        file.sync()?;
        self.rename(&fresh, name)?;
        self.sync()
    }
}

/// One file of a [`Disk`].
#[expect(clippy::len_without_is_empty, reason = "nobody asks whether a journal file is empty")]
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Reads at `offset`; fewer bytes than asked only at the end of the file or as a short read.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at `offset`; may write fewer bytes than given.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Makes what was written durable, and the length if it changed.
    fn sync(&self) -> io::Result<()>;
    /// Has it a name in any directory? One that was removed takes what is written, and nobody will find it again.
    fn has_name(&self) -> io::Result<bool>;
}

impl dyn DiskFile + '_ {
    /// Writes all of `bytes` at `offset`.
    pub fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_at(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    bytes = &bytes[n..];
                    offset += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Fills `into` with what stands at `offset`; the file must reach so far.
    pub fn read_exact_at(&self, into: &mut [u8], offset: u64) -> io::Result<()> {
        let mut read = 0;
        while read < into.len() {
            match self.read_at(&mut into[read..], offset + read as u64) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => read += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Reads the whole file.
    pub fn read_all(&self) -> io::Result<Vec<u8>> {
        let len = usize::try_from(self.len()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut bytes = vec![0; len];
        self.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// Writes zeros from `from` to `to`, in pieces of at most [`ZEROS`].
    pub fn zero(&self, from: u64, to: u64) -> io::Result<()> {
        let zeros = vec![0; ZEROS.min(usize::try_from(to - from).unwrap_or(ZEROS))];
        let mut at = from;
        while at < to {
            let n = usize::try_from(to - at).map_or(zeros.len(), |left| left.min(zeros.len()));
            self.write_all_at(&zeros[..n], at)?;
            at += n as u64;
        }
        Ok(())
    }
}

/// Large enough that a syscall's cost disappears, small enough not to show in memory.
const ZEROS: usize = 1 << 20;

/// The operating system's disk. Its directory stays open: a sync of it needs no descriptor when there may be none left,
/// and what is done in it is done in one directory, whatever its path leads to by then.
#[derive(Debug)]
pub struct RealDisk {
    /// None where it was not there, and was only to be read.
    directory: Option<File>,
    read_only: bool,
}

impl RealDisk {
    /// The files of the directory at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { directory: Some(File::open(path)?), read_only: false })
    }

    /// The files of a directory that is open.
    pub fn in_directory(directory: &File) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(directory, ".", flags, Mode::empty())?;
        Ok(Self { directory: Some(directory.into()), read_only: false })
    }

    /// The files of the directory at `path`, only to be read; a directory that is not there has no files.
    pub fn read_only(path: &Path) -> io::Result<Self> {
        let directory = match File::open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            directory => Some(directory?),
        };
        Ok(Self { directory, read_only: true })
    }

    fn directory(&self) -> io::Result<&File> {
        self.directory.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for RealDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let Some(directory) = &self.directory else { return Ok(Vec::new()) };
        let names = Dir::read_from(directory)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .filter(|name| !matches!(name.as_deref(), Ok("." | "..")));
        names.collect()
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC;
        Ok(Box::new(plain_file::open_own(self.directory()?, name.as_ref(), flags)?))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let flags = if self.read_only { OFlags::RDONLY } else { OFlags::RDWR };
        Ok(Box::new(plain_file::open_own(self.directory()?, name.as_ref(), flags)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let directory = self.directory()?.as_fd();
        Ok(rustix::fs::renameat(directory, from, directory, to)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(self.directory()?, name, AtFlags::empty())?)
    }

    fn sync(&self) -> io::Result<()> {
        self.directory()?.sync_all()
    }

    fn free(&self) -> io::Result<u64> {
        let disk = rustix::fs::fstatvfs(self.directory()?)?;
        // Some file systems have no size.
        let free = if disk.f_blocks == 0 { u64::MAX } else { disk.f_bavail.saturating_mul(disk.f_frsize) };
        Ok(free)
    }
}

impl DiskFile for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn has_name(&self) -> io::Result<bool> {
        Ok(self.metadata()?.nlink() > 0)
    }
}
