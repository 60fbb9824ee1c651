//! The narrow door to the disk: all that the journal asks of it. Tests put a disk behind it that lies.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use crate::plain_file;

/// Files of the journal are for their owner only: titles and ticket ids stand in them.
const FILE_MODE: u32 = 0o600;

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

/// The operating system's disk.
#[derive(Debug, Clone)]
pub struct RealDisk {
    directory: PathBuf,
    read_only: bool,
}

impl RealDisk {
    /// The files of `directory`, which must be there.
    pub fn new(directory: PathBuf) -> RealDisk {
        RealDisk { directory, read_only: false }
    }

    /// The same, only to be read; a directory that is not there has no files.
    pub fn read_only(directory: PathBuf) -> RealDisk {
        RealDisk { directory, read_only: true }
    }
}

impl Disk for RealDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.directory) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && self.read_only => return Ok(Vec::new()),
            entries => entries?,
        };
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(FILE_MODE);
        Ok(Box::new(plain_file::open_own(&mut options, &self.directory.join(name))?))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(!self.read_only);
        Ok(Box::new(plain_file::open_own(&mut options, &self.directory.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.directory.join(from), self.directory.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.directory.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }

    fn free(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.directory)?;
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
