//! Opening of plain files only, never of a device, a pipe, a socket or a directory. A device may have no end,
//! and to open a pipe may block forever.

use std::fs::{File, FileType};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::retry_on_intr;

/// The permissions of our files: they contain titles and ticket ids.
const OWNER_ONLY: Mode = Mode::RUSR.union(Mode::WUSR);

/// Opens a file that the operator names, for reading. Symbolic links are followed.
///
/// # Errors
///
/// An error of the system, or one that says what kind of file it is if it is not a plain file.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(CWD, path, OFlags::RDONLY)
}

/// Opens a file of the data directory by its name in the directory `at`. A symbolic link is refused.
///
/// # Errors
///
/// An error of the system, or one that says what kind of file it is if it is not a plain file.
pub fn open_own(at: impl AsFd, name: &Path, flags: OFlags) -> io::Result<File> {
    open_with(&at, name, flags | OFlags::NOFOLLOW).map_err(|error| match is_link(&at, name) {
        Ok(true) => io::Error::other(
            "it is a symbolic link, and none is followed inside the data directory, because it could lead \
             to a file that is somebody else's or is removed apart from the rest: put the file itself in \
             its place",
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

/// The name of a file type, with its article.
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
    fn other_file_types_are_refused_without_blocking() {
        let directory = TempDir::new().expect("a temporary directory");
        let pipe = directory.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
        for (path, message) in [
            (pipe.as_path(), "it is a named pipe, not a plain file"),
            (directory.path(), "it is a directory, not a plain file"),
            (Path::new("/dev/zero"), "it is a character device, not a plain file"),
        ] {
            assert_eq!(open(path).expect_err(message).to_string(), message);
        }
        let disk = RealDisk::read_only(directory.path()).expect("a directory");
        assert!(disk.open("pipe").expect_err("a pipe").to_string().contains("named pipe"));
        let disk = RealDisk::open(directory.path()).expect("a directory");
        assert!(disk.create("pipe").expect_err("a pipe").to_string().contains("named pipe"));
    }

    #[test]
    fn a_disk_keeps_its_directory_when_the_path_is_renamed_or_replaced() {
        let directory = TempDir::new().expect("a temporary directory");
        let (path, renamed) = (directory.path().join("data"), directory.path().join("renamed"));
        fs::create_dir(&path).expect("create_dir succeeds");
        let disk = RealDisk::open(&path).expect("a directory");
        fs::rename(&path, &renamed).expect("rename succeeds");
        fs::create_dir(&path).expect("create_dir succeeds");
        disk.create("new").and_then(|_| disk.rename("new", "file")).expect("a file");
        assert_eq!(disk.list().expect("list succeeds"), ["file"]);
        assert!(renamed.join("file").exists() && !path.join("file").exists());
        disk.sync().and_then(|()| disk.remove("file")).expect("the file exists");
        assert!(!renamed.join("file").exists());
    }

    #[test]
    fn a_symbolic_link_is_followed_only_for_a_path_of_the_operator() {
        let directory = TempDir::new().expect("a temporary directory");
        let file = directory.path().join("file");
        fs::write(&file, "contents").expect("write succeeds");
        symlink("file", directory.path().join("link")).expect("symlink succeeds");
        symlink("nowhere", directory.path().join("dangling")).expect("symlink succeeds");
        assert!(open(&directory.path().join("link")).is_ok());
        let disk = RealDisk::open(directory.path()).expect("a directory");
        for refused in
            [disk.open("link"), disk.create("link"), disk.create("dangling"), disk.open("dangling")]
        {
            let refused = refused.expect_err("a link").to_string();
            assert!(refused.starts_with("it is a symbolic link"), "{refused}");
        }
        assert_eq!(fs::read(&file).expect("the file exists"), b"contents");
        assert!(!directory.path().join("nowhere").exists());
        assert_eq!(disk.open("absent").expect_err("no file").kind(), io::ErrorKind::NotFound);
    }
}
