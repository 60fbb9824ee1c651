//! A standard output that is closed or full: a sentence and exit 1, never a panic.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::small;

/// Runs a command with this standard output; what it says there is not seen.
fn into(out: Stdio, command: &[&Path]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_booklined"));
    program.args(command).stdout(out).stderr(Stdio::piped());
    program.spawn().and_then(|child| child.wait_with_output()).expect("the program runs")
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").expect("this system has one").into()
}

/// A pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[tokio::test]
async fn what_cannot_be_printed_is_said_and_exits_1() {
    let (directory, place) = (small().await, TempDir::with_prefix("bookline").expect("a directory"));
    let file = place.path().join("today.bak");
    let data = [Path::new("--data-dir"), directory.path()];
    let check = [&[Path::new("check")][..], &data].concat();
    let dump = [&[Path::new("dump")][..], &data].concat();
    let backup = [&[Path::new("backup")][..], &data, &[Path::new("--to"), &file]].concat();
    let copy = [&[Path::new("backup")][..], &data, &[Path::new("--to"), Path::new("-")]].concat();
    for (command, code_unread) in [(&check, 1), (&dump, 0), (&backup, 1), (&copy, 1)] {
        for (out, code) in [(full(), 1), (unread(), code_unread)] {
            let ended = into(out, command);
            let said = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(code), "{command:?}: {said}");
            assert_eq!(said.contains("standard output"), code == 1, "{command:?}: {said}");
            assert!(!said.contains("panicked"), "{command:?}: {said}");
        }
    }
    // The backup itself is whole.
    assert!(file.exists());
    // The runtime puts the null device in the place of a standard output that is closed. A backup would be
    // lost there.
    let nowhere = into(Stdio::null(), &copy);
    let said = String::from_utf8_lossy(&nowhere.stderr);
    assert_eq!(nowhere.status.code(), Some(1), "{said}");
    assert!(said.contains("standard output is closed or leads to the null device"), "{said}");
    assert_eq!(into(Stdio::null(), &check).status.code(), Some(0), "its exit code is its answer");
}
