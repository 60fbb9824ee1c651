//! A standard output that is closed or full: an error message and exit code 1, never a panic.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::small;

/// Runs a command with this standard output.
fn run_with_output(out: Stdio, command: &[&Path]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_booklined"));
    program.args(command).stdout(out).stderr(Stdio::piped());
    program.spawn().and_then(|child| child.wait_with_output()).expect("the program runs")
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").expect("/dev/full").into()
}

/// A pipe without a reader.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[tokio::test]
async fn a_failed_write_to_standard_output_is_reported_and_exits_1() {
    let (directory, temp) = (small().await, TempDir::with_prefix("bookline").expect("a directory"));
    let file = temp.path().join("today.bak");
    let data = [Path::new("--data-dir"), directory.path()];
    let check = [&[Path::new("check")][..], &data].concat();
    let dump = [&[Path::new("dump")][..], &data].concat();
    let audit = [&[Path::new("audit")][..], &data].concat();
    let backup = [&[Path::new("backup")][..], &data, &[Path::new("--to"), &file]].concat();
    let copy = [&[Path::new("backup")][..], &data, &[Path::new("--to"), Path::new("-")]].concat();
    for (command, code_unread) in [(&check, 1), (&dump, 0), (&audit, 0), (&backup, 1), (&copy, 1)] {
        for (out, code) in [(full(), 1), (unread(), code_unread)] {
            let ended = run_with_output(out, command);
            let message = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(code), "{command:?}: {message}");
            assert_eq!(message.contains("standard output"), code == 1, "{command:?}: {message}");
            assert!(!message.contains("panicked"), "{command:?}: {message}");
        }
    }
    // The backup file itself is complete.
    assert!(file.exists());
    // The runtime opens the null device for a closed standard output. A backup would be lost there.
    let nowhere = run_with_output(Stdio::null(), &copy);
    let message = String::from_utf8_lossy(&nowhere.stderr);
    assert_eq!(nowhere.status.code(), Some(1), "{message}");
    assert!(message.contains("standard output is closed or leads to the null device"), "{message}");
    assert_eq!(
        run_with_output(Stdio::null(), &check).status.code(),
        Some(0),
        "the exit code is the result of check"
    );
}
