//! What stands in a data directory beside segments and snapshots, what stands in their place, and what is no
//! data directory at all.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use bookline_server::codec::frame;
use bookline_server::codec::frame::Kind;
use bookline_server::codec::segment_header::{BYTES, MAGIC, SegmentHeader};
use tempfile::TempDir;

use super::{booklined, files, name, small, text};
use crate::in_process::common::Server;

/// `check` exits with 1 and says all of this.
fn finds(directory: &Path, said: &[&str]) {
    let checked = booklined("check", directory, &[]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked));
    for said in said {
        assert!(text(&checked).contains(said), "{said} in {}", text(&checked));
    }
    assert!(!text(&checked).contains("all is well"), "{}", text(&checked));
    assert!(!text(&checked).contains(['\u{1b}', '\u{7}']), "{}", text(&checked));
}

fn is_well(directory: &Path) {
    let checked = booklined("check", directory, &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
}

/// Where the last commits of a segment end.
fn end_of_commits(segment: &[u8]) -> usize {
    let salt = SegmentHeader::decode(segment, MAGIC).expect("a header").salt;
    let (mut at, mut end) = (BYTES, BYTES);
    while let Some(frame) = frame::read(&segment[at..], &salt) {
        at += frame::len(frame.payload.len());
        if frame.header.kind == Kind::Commits {
            end = at;
        }
    }
    end
}

/// A crash left a write in pieces, and nothing behind it.
#[tokio::test]
async fn check_calls_a_torn_tail_by_its_name() {
    let directory = small().await;
    fs::remove_file(directory.path().join("clean-stop")).expect("it stopped in order");
    let mut segments = files(directory.path(), "journal");
    segments.retain(|path| name(path).ends_with(".seg"));
    let path = segments.last().expect("one at least");
    let mut bytes = fs::read(path).expect("it can be read");
    let end = end_of_commits(&bytes);
    bytes[end..].fill(0);
    bytes[end..end + 100].fill(0xaa);
    fs::write(path, bytes).expect("it can be written");

    let checked = booklined("check", directory.path(), &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    let torn = format!("journal {}, offset {end}: a torn tail", name(path));
    assert!(text(&checked).contains(&torn), "{torn} in {}", text(&checked));
    assert!(!text(&checked).contains("all is well"), "{}", text(&checked));

    let server = Server::on(directory).await.expect("it truncates it");
    is_well(server.stop().await.path());
}

#[tokio::test]
async fn check_looks_at_what_stands_beside_the_journal() {
    let directory = small().await;
    let (lock, zone) = (directory.path().join("lock"), directory.path().join("time-zone"));
    for content in ["", "\n", "4711\n"] {
        fs::write(&lock, content).expect("it can be written");
        is_well(directory.path());
    }
    for content in ["-1", "0", "a note\u{1b}[2J\u{7}"] {
        fs::write(&lock, content).expect("it can be written");
        finds(directory.path(), &["lock: it holds \""]);
    }
    fs::remove_file(&lock).expect("it is there");
    is_well(directory.path());
    symlink("time-zone", &lock).expect("it can be made");
    finds(directory.path(), &["lock: it is a symbolic link"]);
    fs::remove_file(&lock).expect("it is there");
    fs::create_dir(&lock).expect("it can be made");
    finds(directory.path(), &["lock: it is a directory"]);
    fs::remove_dir(&lock).expect("it is there");

    for content in ["", "Mars/Base\n", "UTC\u{1b}[2J"] {
        fs::write(&zone, content).expect("it can be written");
        finds(directory.path(), &["time-zone: it holds \"", "not a known time zone"]);
    }
    fs::remove_file(&zone).expect("it is there");
    finds(directory.path(), &["time-zone: it is missing"]);
    fs::write(&zone, "Europe/Berlin\n").expect("it can be written");
    is_well(directory.path());

    let stop = directory.path().join("clean-stop");
    fs::write(&stop, "bookline stopped at sequence 3, crc32c 00000000\n").expect("it can be written");
    finds(directory.path(), &["clean-stop: it is corrupt"]);
    fs::remove_file(&stop).expect("it is there");
    is_well(directory.path());
}

#[tokio::test]
async fn a_symbolic_link_in_place_of_a_file_is_refused() {
    for part in ["journal", "snapshots"] {
        let (directory, elsewhere) = (small().await, TempDir::with_prefix("bookline").expect("a directory"));
        let kept = files(directory.path(), part).into_iter().rfind(|path| name(path) != "spare");
        let file = kept.expect("a segment or a snapshot");
        let moved = elsewhere.path().join("moved");
        fs::copy(&file, &moved).expect("it can be copied");
        fs::remove_file(&file).expect("it is there");
        symlink(&moved, &file).expect("it can be made");
        let whole = fs::read(&moved).expect("it is there");
        finds(directory.path(), &[name(&file), "it is a symbolic link"]);
        let refused = Server::on(directory).await.expect_err("a link is not followed").to_string();
        assert!(refused.contains(name(&file)) && refused.contains("it is a symbolic link"), "{refused}");
        assert!(!refused.contains("backup"), "nothing is lost, so no backup is advised: {refused}");
        assert_eq!(fs::read(&moved).expect("it is there"), whole);
    }
}

#[tokio::test]
async fn what_is_no_data_directory_is_told_from_one_that_cannot_be_read() {
    let place = TempDir::with_prefix("bookline").expect("a directory");
    let (file, looped) = (place.path().join("file"), place.path().join("loop"));
    fs::write(&file, "").expect("it can be written");
    symlink("loop", &looped).expect("it can be made");
    for command in ["check", "dump"] {
        for (directory, said) in [
            (place.path(), "it has no journal"),
            (&place.path().join("nowhere"), "No such file or directory"),
            (&file, "Not a directory"),
            (&looped, "symbolic links"),
        ] {
            let refused = booklined(command, directory, &[]);
            assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
            assert!(text(&refused).contains(said), "{said} in {}", text(&refused));
        }
    }
}

#[tokio::test]
async fn a_directory_that_may_not_be_read_is_one() {
    let directory = small().await;
    let mut program = Command::new(env!("CARGO_BIN_EXE_booklined"));
    program.args([Path::new("check"), Path::new("--data-dir"), directory.path()]);
    if rustix::process::geteuid().is_root() {
        // For root nothing is out of reach.
        program.uid(65_534);
    } else {
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o000)).expect("it is ours");
    }
    let refused = program.output();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).expect("it is ours");
    let refused = refused.expect("others may run the program");
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("as the user that the server runs as"), "{}", text(&refused));
    assert!(text(&refused).contains("Permission denied"), "{}", text(&refused));
}
