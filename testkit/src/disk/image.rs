//! The files of a disk at one moment, which tests corrupt and read.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bookline_server::storage::journal::disk::{Disk, DiskFile};

/// The files of a disk, by name. Copies share their unchanged files. As a [`Disk`], an image ignores writes,
/// renames and removals, so that recovery can be repeated on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image(pub BTreeMap<String, Arc<Vec<u8>>>);

impl Image {
    /// The names of the segments, in order.
    pub fn segments(&self) -> Vec<String> {
        self.0.keys().filter(|name| name.ends_with(".seg")).cloned().collect()
    }

    pub fn bytes(&self, name: &str) -> &[u8] {
        &self.0[name]
    }

    pub fn bytes_mut(&mut self, name: &str) -> &mut Vec<u8> {
        Arc::make_mut(self.0.get_mut(name).expect("a file of this image"))
    }
}

impl Disk for Image {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.0.keys().cloned().collect())
    }

    fn create(&self, _name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(ImageFile(Arc::default())))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let bytes = self.0.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(ImageFile(bytes.clone())))
    }

    fn rename(&self, _from: &str, _to: &str) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.get(name).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct ImageFile(Arc<Vec<u8>>);

impl DiskFile for ImageFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let offset = usize::try_from(offset).expect("a small file");
        let rest = self.0.get(offset..).unwrap_or_default();
        let n = rest.len().min(into.len());
        into[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn write_at(&self, bytes: &[u8], _offset: u64) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn has_name(&self) -> io::Result<bool> {
        Ok(true)
    }
}
