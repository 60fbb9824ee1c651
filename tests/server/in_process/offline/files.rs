//! Other files in a data directory, files in the place of segments and snapshots, and directories that are no
//! data directory.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use bookline_server::codec::frame;
use bookline_server::codec::frame::Kind;
use bookline_server::codec::segment_header::{BYTES, MAGIC, SegmentHeader};
use bookline_testkit::in_process::Server;
use tempfile::TempDir;

use super::{booklined, files, name, small, text};

/// Asserts that `check` exits with 1 and prints all of these messages.
fn assert_finds(directory: &Path, message: &[&str]) {
    let checked = booklined("check", directory, &[]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked));
    for message in message {
        assert!(text(&checked).contains(message), "{message} in {}", text(&checked));
    }
    assert!(!text(&checked).contains("all is well"), "{}", text(&checked));
    assert!(!text(&checked).contains(['\u{1b}', '\u{7}']), "{}", text(&checked));
}

fn assert_valid(directory: &Path) {
    let checked = booklined("check", directory, &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
}

/// The offset at which the last commits of a segment end.
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

/// A torn write of a crash, with nothing after it.
#[tokio::test]
async fn check_reports_a_torn_tail_and_exits_0() {
    let directory = small().await;
    fs::remove_file(directory.path().join("clean-stop")).expect("a graceful shutdown");
    let mut segments = files(directory.path(), "journal");
    segments.retain(|path| name(path).ends_with(".seg"));
    let path = segments.last().expect("at least one segment");
    let mut bytes = fs::read(path).expect("read succeeds");
    let end = end_of_commits(&bytes);
    bytes[end..].fill(0);
    bytes[end..end + 100].fill(0xaa);
    fs::write(path, bytes).expect("write succeeds");

    let checked = booklined("check", directory.path(), &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    let torn = format!("journal {}, offset {end}: a torn tail", name(path));
    assert!(text(&checked).contains(&torn), "{torn} in {}", text(&checked));
    assert!(!text(&checked).contains("all is well"), "{}", text(&checked));

    let server = Server::on(directory).await.expect("the start truncates the torn tail");
    assert_valid(server.stop().await.path());
}

#[tokio::test]
async fn check_reports_invalid_lock_time_zone_ticket_key_and_clean_stop_files() {
    let directory = small().await;
    let (lock, zone) = (directory.path().join("lock"), directory.path().join("time-zone"));
    for content in ["", "\n", "4711\n"] {
        fs::write(&lock, content).expect("write succeeds");
        assert_valid(directory.path());
    }
    for content in ["-1", "0", "a note\u{1b}[2J\u{7}"] {
        fs::write(&lock, content).expect("write succeeds");
        assert_finds(directory.path(), &["lock: it holds \""]);
    }
    fs::remove_file(&lock).expect("an existing file");
    assert_valid(directory.path());
    symlink("time-zone", &lock).expect("the file is created");
    assert_finds(directory.path(), &["lock: it is a symbolic link"]);
    fs::remove_file(&lock).expect("an existing file");
    fs::create_dir(&lock).expect("the file is created");
    assert_finds(directory.path(), &["lock: it is a directory"]);
    fs::remove_dir(&lock).expect("an existing file");

    for content in ["", "Mars/Base\n", "UTC\u{1b}[2J"] {
        fs::write(&zone, content).expect("write succeeds");
        assert_finds(directory.path(), &["time-zone: it holds \"", "not a known time zone"]);
    }
    fs::remove_file(&zone).expect("an existing file");
    assert_finds(directory.path(), &["time-zone: it is missing"]);
    fs::write(&zone, "Europe/Berlin\n").expect("write succeeds");
    assert_valid(directory.path());

    let key = directory.path().join("ticket-key");
    for content in ["", "no key", "0123456789abcdef0123456789abcdeg", "+123456789abcdef0123456789abcdef"] {
        fs::write(&key, content).expect("write succeeds");
        assert_finds(directory.path(), &["ticket-key: it does not hold 32 hexadecimal digits"]);
    }
    fs::remove_file(&key).expect("an existing file");
    assert_valid(directory.path());

    let stop = directory.path().join("clean-stop");
    fs::write(&stop, "bookline stopped at sequence 3, crc32c 00000000\n").expect("write succeeds");
    assert_finds(directory.path(), &["clean-stop: it is corrupt"]);
    fs::remove_file(&stop).expect("an existing file");
    assert_valid(directory.path());
}

#[tokio::test]
async fn a_symbolic_link_in_place_of_a_file_is_refused() {
    for part in ["journal", "snapshots"] {
        let (directory, elsewhere) = (small().await, TempDir::with_prefix("bookline").expect("a directory"));
        let kept = files(directory.path(), part).into_iter().rfind(|path| name(path) != "spare");
        let file = kept.expect("a segment or a snapshot");
        let moved = elsewhere.path().join("moved");
        fs::copy(&file, &moved).expect("copy succeeds");
        fs::remove_file(&file).expect("an existing file");
        symlink(&moved, &file).expect("the file is created");
        let original = fs::read(&moved).expect("an existing file");
        assert_finds(directory.path(), &[name(&file), "it is a symbolic link"]);
        let refused = Server::on(directory).await.expect_err("a symbolic link");
        let refused = format!("{:#}", anyhow::Error::from(refused));
        assert!(refused.contains(name(&file)) && refused.contains("it is a symbolic link"), "{refused}");
        assert!(!refused.contains("backup"), "no backup is needed: {refused}");
        assert_eq!(fs::read(&moved).expect("an existing file"), original);
    }
}

#[tokio::test]
async fn a_directory_that_is_no_data_directory_is_refused() {
    let temp = TempDir::with_prefix("bookline").expect("a directory");
    let (file, looped) = (temp.path().join("file"), temp.path().join("loop"));
    fs::write(&file, "").expect("write succeeds");
    symlink("loop", &looped).expect("the file is created");
    for command in ["check", "dump"] {
        for (directory, message) in [
            (temp.path(), "it has no journal"),
            (&temp.path().join("nowhere"), "No such file or directory"),
            (&file, "Not a directory"),
            (&looped, "symbolic links"),
        ] {
            let refused = booklined(command, directory, &[]);
            assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
            assert!(text(&refused).contains(message), "{message} in {}", text(&refused));
        }
    }
}

#[tokio::test]
async fn an_unreadable_data_directory_is_refused_with_advice() {
    let directory = small().await;
    let mut program = Command::new(env!("CARGO_BIN_EXE_booklined"));
    program.args([Path::new("check"), Path::new("--data-dir"), directory.path()]);
    if rustix::process::geteuid().is_root() {
        // Root may read everything.
        program.uid(65_534);
    } else {
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o000)).expect("an own directory");
    }
    let refused = program.output();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).expect("an own directory");
    let refused = refused.expect("the program runs");
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("as the user that the server runs as"), "{}", text(&refused));
    assert!(text(&refused).contains("Permission denied"), "{}", text(&refused));
}
