//! The operations that journal and snapshots need from a disk. Tests replace the disk by a simulated one.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

#[cfg(target_os = "linux")]
use rustix::fs::StatxFlags;
use rustix::fs::{AtFlags, Dir, Mode, OFlags};

use crate::storage::plain_file;

/// Bytes after which a new segment or a snapshot is synced, while commits are synced too: the sync of a
/// commit waits for the disk to write as much. On a disk that syncs in 0.2 ms, that takes about as long
/// again.
pub const BULK_BYTES_PER_SYNC: u64 = 256 << 10;

/// A directory of files.
pub trait Disk: Send + Sync + fmt::Debug {
    /// The names of all files in it, in no particular order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Creates an empty file, or truncates the one with this name.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file that exists.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Renames a file, and replaces a file with the new name. Durable after [`Disk::sync`].
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file. Durable after [`Disk::sync`].
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the names in the directory durable.
    fn sync(&self) -> io::Result<()>;
    /// The free space in bytes; `u64::MAX` where it is not known.
    fn free(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

impl dyn Disk + '_ {
    /// Writes a small file, or replaces it, atomically and durably.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = format!("{name}.new");
        let file = self.create(&temporary)?;
        file.write_all_at(bytes, 0)?;
        file.sync()?;
        self.rename(&temporary, name)?;
        self.sync()
    }
}

/// A file of a [`Disk`].
#[expect(clippy::len_without_is_empty, reason = "no caller needs is_empty")]
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Reads at `offset`, and returns the number of bytes read: 0 at the end of the file, possibly fewer than
    /// asked for.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at `offset`, and returns the number of bytes written, possibly fewer than given.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Makes the contents durable, and the length if it changed.
    fn sync(&self) -> io::Result<()>;
    /// Whether a directory has a name for the file. Writes to a removed file succeed, and are lost.
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

    /// Fills `into` with the bytes at `offset`.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::UnexpectedEof`] if the file ends before, and errors of the disk.
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

    /// Reads the file from its beginning to its end.
    pub fn read_all(&self) -> io::Result<Vec<u8>> {
        let len = usize::try_from(self.len()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut bytes = vec![0; len];
        self.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// Writes zeros from offset `from` up to offset `to`.
    pub fn zero(&self, from: u64, to: u64) -> io::Result<()> {
        let bytes = usize::try_from(to - from).unwrap_or(usize::MAX);
        let zeros = vec![0; bytes.min(ZERO_BYTES_PER_WRITE_MAX)];
        let mut at = from;
        while at < to {
            let n = usize::try_from(to - at).map_or(zeros.len(), |left| left.min(zeros.len()));
            self.write_all_at(&zeros[..n], at)?;
            at += n as u64;
        }
        Ok(())
    }
}

/// Large enough to make the cost of the system call negligible, small compared to the memory of the server.
const ZERO_BYTES_PER_WRITE_MAX: usize = 1 << 20;

/// A directory of the operating system. It stays open, so that a sync needs no new file descriptor, of which
/// none may be left, and so that all operations affect the same directory even if its path is renamed or
/// replaced.
#[derive(Debug)]
pub struct RealDisk {
    /// `None` if it is read-only and did not exist.
    directory: Option<File>,
    read_only: bool,
}

impl RealDisk {
    /// Opens the directory at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { directory: Some(File::open(path)?), read_only: false })
    }

    /// Opens the directory again, with a file descriptor of its own.
    pub fn in_directory(directory: &File) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(directory, ".", flags, Mode::empty())?;
        Ok(Self { directory: Some(directory.into()), read_only: false })
    }

    /// Opens the directory at `path` for reading. A directory that does not exist has no files.
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
        // Some file systems report no size.
        let free = if disk.f_blocks == 0 { u64::MAX } else { disk.f_bavail.saturating_mul(disk.f_frsize) };
        Ok(free)
    }
}

/// The number of names of a file.
///
/// On Linux it asks for nothing else. Once somebody has asked for the times of a file, some file systems give
/// its next write a new time stamp, and fdatasync writes the inode as well as the data.
fn link_count(file: &File) -> io::Result<u64> {
    #[cfg(target_os = "linux")]
    {
        let status = rustix::fs::statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::NLINK)?;
        Ok(status.stx_nlink.into())
    }
    #[cfg(not(target_os = "linux"))]
    {
        use std::os::unix::fs::MetadataExt;
        Ok(file.metadata()?.nlink())
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
        Ok(link_count(self)? > 0)
    }
}
