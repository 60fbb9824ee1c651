//! Plain files: what is read and written here is never a device, a pipe, a socket or a directory. A device
//! may have no end, and a pipe may keep whoever opens it waiting for ever.

use std::fs::{File, FileType};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::retry_on_intr;

/// Files of ours are for their owner only: titles and ticket ids stand in them.
const OWNER_ONLY: Mode = Mode::RUSR.union(Mode::WUSR);

/// Opens a file that the operator names, to be read. Symbolic links are followed.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(CWD, path, OFlags::RDONLY)
}

/// Opens a file of ours in the directory `at` by its own name: a symbolic link is refused.
pub fn open_own(at: impl AsFd, name: &Path, flags: OFlags) -> io::Result<File> {
    open_with(&at, name, flags | OFlags::NOFOLLOW).map_err(|error| match is_link(&at, name) {
        Ok(true) => io::Error::other(
            "it is a symbolic link, and none is followed inside the data directory, because it could lead to a file \
             that is somebody else's or is removed apart from the rest: put the file itself in its place",
        ),
        _ => error,
    })
}

fn is_link(at: impl AsFd, name: &Path) -> io::Result<bool> {
    let found = rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(rustix::fs::FileType::from_raw_mode(found.st_mode).is_symlink())
}

fn open_with(at: impl AsFd, name: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(retry_on_intr(|| rustix::fs::openat(&at, name, flags, OWNER_ONLY))?);
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    Err(io::Error::other(format!("it is {}, not a plain file", describe(kind))))
}

/// What a file is, with its article.
pub fn describe(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_file() => "a plain file",
        kind if kind.is_dir() => "a directory",
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_block_device() => "a block device",
        kind if kind.is_char_device() => "a character device",
        _ => "of an unknown kind",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;
    use crate::storage::journal::{Disk, RealDisk};

    #[test]
    fn what_is_no_plain_file_is_refused_and_waits_for_nobody() {
        let place = TempDir::new().expect("a directory");
        let pipe = place.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
        for (path, said) in [
            (pipe.as_path(), "it is a named pipe, not a plain file"),
            (place.path(), "it is a directory, not a plain file"),
            (Path::new("/dev/zero"), "it is a character device, not a plain file"),
        ] {
            assert_eq!(open(path).expect_err(said).to_string(), said);
        }
        let disk = RealDisk::read_only(place.path()).expect("a directory");
        assert!(disk.open("pipe").expect_err("no file of ours").to_string().contains("named pipe"));
        let disk = RealDisk::open(place.path()).expect("a directory");
        assert!(disk.create("pipe").expect_err("no file of ours").to_string().contains("named pipe"));
    }

    #[test]
    fn a_disk_stays_in_the_directory_that_was_opened() {
        let place = TempDir::new().expect("a directory");
        let (path, away) = (place.path().join("data"), place.path().join("away"));
        fs::create_dir(&path).expect("it can be made");
        let disk = RealDisk::open(&path).expect("a directory");
        fs::rename(&path, &away).expect("it can be renamed");
        fs::create_dir(&path).expect("it can be made");
        disk.create("new").and_then(|_| disk.rename("new", "file")).expect("a file");
        assert_eq!(disk.list().expect("it can be read"), ["file"]);
        assert!(away.join("file").exists() && !path.join("file").exists());
        disk.sync().and_then(|()| disk.remove("file")).expect("it is there");
        assert!(!away.join("file").exists());
    }

    #[test]
    fn only_what_the_operator_names_may_be_a_symbolic_link() {
        let place = TempDir::new().expect("a directory");
        let file = place.path().join("file");
        fs::write(&file, "somebody's").expect("it can be written");
        symlink("file", place.path().join("link")).expect("it can be made");
        symlink("nowhere", place.path().join("dangling")).expect("it can be made");
        assert!(open(&place.path().join("link")).is_ok());
        let disk = RealDisk::open(place.path()).expect("a directory");
        for refused in
            [disk.open("link"), disk.create("link"), disk.create("dangling"), disk.open("dangling")]
        {
            let refused = refused.expect_err("a link").to_string();
            assert!(refused.starts_with("it is a symbolic link"), "{refused}");
        }
        assert_eq!(fs::read(&file).expect("it is there"), b"somebody's");
        assert!(!place.path().join("nowhere").exists());
        assert_eq!(disk.open("absent").expect_err("it is not there").kind(), io::ErrorKind::NotFound);
    }
}
