//! `backup --to`: a backup replaces only another backup, and leaves no other file.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use bookline_testkit::in_process::Server;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{booklined, files, name, small, text};

fn temp_dir() -> TempDir {
    TempDir::with_prefix("bookline").expect("a directory")
}

fn backup(directory: &Path, to: &Path, more: &[&str]) -> Output {
    let more: Vec<&Path> = more.iter().map(Path::new).collect();
    booklined("backup", directory, &[&[Path::new("--to"), to][..], &more].concat())
}

/// Asserts that the backup is refused with this message, with and without `--force`.
fn assert_refused(directory: &Path, to: &Path, message: &str) {
    for more in [&[][..], &["--force"]] {
        let refused = backup(directory, to, more);
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
        assert!(text(&refused).contains(message), "{}", text(&refused));
    }
}

/// Whether the file begins like a backup.
fn is_backup(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"BOOKSNAP"))
}

/// The names of the files in a directory, sorted.
fn names(temp: &Path) -> Vec<String> {
    files(temp, ".").iter().map(|path| name(path).to_owned()).collect()
}

#[tokio::test]
async fn a_backup_replaces_only_a_backup_without_force() {
    let (directory, temp) = (small().await, temp_dir());
    let file = temp.path().join("mine");
    for mine in ["", "a novel", "BOOKSNAP, the novel"] {
        fs::write(&file, mine).expect("write succeeds");
        let refused = backup(directory.path(), &file, &[]);
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
        assert!(text(&refused).contains("--force to replace it"), "{}", text(&refused));
        assert_eq!(fs::read_to_string(&file).expect("an existing file"), mine);
    }
    for more in [&["--force"][..], &[]] {
        let done = backup(directory.path(), &file, more);
        assert!(done.status.success() && is_backup(&file), "{}", text(&done));
    }
    assert_eq!(file.metadata().expect("an existing file").permissions().mode() & 0o777, 0o600);
    assert_eq!(names(temp.path()), ["mine"]);
}

#[tokio::test]
async fn a_symbolic_link_is_kept_and_its_target_is_written() {
    let (directory, temp) = (small().await, temp_dir());
    let (here, there) = (temp.path().join("here"), temp.path().join("there"));
    for made in [&here, &there] {
        fs::create_dir(made).expect("the file is created");
    }
    let (link, over) = (here.join("link"), here.join("over"));
    symlink("../there/today.bak", &link).expect("the file is created");
    symlink(&link, &over).expect("the file is created");
    // First without, then with an existing target.
    for to in [&link, &over] {
        let done = backup(directory.path(), to, &[]);
        assert!(done.status.success(), "{}", text(&done));
        assert!(link.is_symlink() && over.is_symlink() && is_backup(&there.join("today.bak")));
    }
    assert_eq!((names(&here), names(&there)), (vec!["link".into(), "over".into()], vec!["today.bak".into()]));

    symlink("loop", here.join("loop")).expect("the file is created");
    assert_refused(directory.path(), &here.join("loop"), "symbolic links");
}

#[tokio::test]
async fn a_target_that_is_no_plain_file_is_refused() {
    let (directory, temp) = (small().await, temp_dir());
    let (pipe, socket, folder) =
        (temp.path().join("pipe"), temp.path().join("socket"), temp.path().join("folder"));
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let _listener = UnixListener::bind(&socket).expect("a socket");
    fs::create_dir(&folder).expect("the file is created");
    let link = temp.path().join("link");
    symlink(&pipe, &link).expect("the file is created");
    for (to, message) in [
        (&pipe, "is a named pipe"),
        (&link, "is a named pipe"),
        (&socket, "is a socket"),
        (&folder, "is a directory"),
    ] {
        assert_refused(directory.path(), to, message);
    }
    assert_refused(directory.path(), &temp.path().join("nowhere/today.bak"), "there is no directory");
    assert_refused(directory.path(), Path::new("/"), "is a directory");
    assert_eq!(names(temp.path()), ["folder", "link", "pipe", "socket"]);
}

#[tokio::test]
async fn a_target_in_the_data_directory_is_refused_under_any_name() {
    let (directory, temp) = (small().await, temp_dir());
    let before = [
        files(directory.path(), "."),
        files(directory.path(), "journal"),
        files(directory.path(), "snapshots"),
    ];
    let segment =
        before[1].iter().find(|path| name(path).ends_with(".seg")).expect("a journal has a segment");
    let inside = temp.path().join("inside");
    symlink(directory.path(), &inside).expect("the file is created");
    let (hard, soft) = (temp.path().join("hard"), temp.path().join("soft"));
    fs::hard_link(&before[2][0], &hard).expect("the same file system");
    symlink(segment, &soft).expect("the file is created");
    for to in [
        &directory.path().join("today.bak"),
        &directory.path().join("journal/today.bak"),
        segment,
        &before[2][0],
        &inside.join("today.bak"),
        &inside.join("snapshots/../today.bak"),
        &hard,
        &soft,
    ] {
        let inode = to.metadata().ok().map(|found| found.ino());
        assert_refused(directory.path(), to, "in the data directory");
        assert_eq!(to.metadata().ok().map(|found| found.ino()), inode);
    }
    let after = [
        files(directory.path(), "."),
        files(directory.path(), "journal"),
        files(directory.path(), "snapshots"),
    ];
    assert_eq!(after, before);
    let checked = booklined("check", directory.path(), &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
}

#[tokio::test]
async fn only_work_directories_of_ended_backups_are_removed() {
    let (directory, temp) = (small().await, temp_dir());
    let inside = |left: &str, file: &str| {
        let left = temp.path().join(left);
        fs::create_dir_all(&left).expect("the file is created");
        fs::write(left.join(file), "half").expect("write succeeds");
        left
    };
    inside(".bookline-backup-1", "new");
    inside(".bookline-backup-1", "00000000000000000007.snap");
    // The pid of a live process that is not a backup.
    inside(&format!(".bookline-backup-{}", std::process::id()), "new");
    let busy = File::open(inside(".bookline-backup-2", "new")).expect("an existing file");
    busy.lock().expect("an unlocked directory");
    inside(".bookline-backup-3", "somebody's");
    inside(".bookline-backup-notes", "new");
    let done = backup(directory.path(), &temp.path().join("today.bak"), &[]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(
        names(temp.path()),
        [".bookline-backup-2", ".bookline-backup-3", ".bookline-backup-notes", "today.bak"]
    );
    assert_eq!(names(&temp.path().join(".bookline-backup-3")), ["somebody's"]);
}

/// A backup that waits for a reader, with its work directory in `temp`. It ignores no signal that the process
/// of the tests ignores, as it does in the background of a shell.
fn start_waiting(shell: &str, directory: &Path, temp: &Path) -> Child {
    let script = format!("{shell} exec \"$0\" backup --data-dir \"$1\" --to -");
    let mut program = Command::new("env");
    program.args(["--default-signal", "sh", "-c", &script, env!("CARGO_BIN_EXE_booklined")]);
    program.arg(directory).env("TMPDIR", temp);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    // The backup is larger than the buffer of a pipe, so that it is not done when its first byte is read.
    child.stdout.as_mut().expect("a pipe").read_exact(&mut [0]).expect("the first byte");
    assert_eq!(names(temp).len(), 1, "the work directory");
    child
}

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a process");
    kill_process(pid, signal).expect("a running process");
}

#[tokio::test]
async fn a_backup_that_a_signal_ends_leaves_no_file() {
    let (directory, temp) = (small().await, temp_dir());
    for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
        let mut child = start_waiting("", directory.path(), temp.path());
        send(&child, signal);
        // Without a reader, only the signal can end it.
        let ended = child.wait().expect("the end of the process");
        assert_eq!(ended.code(), Some(128 + signal.as_raw()), "{ended}");
        assert!(names(temp.path()).is_empty(), "{:?}", names(temp.path()));
    }
}

#[tokio::test]
async fn an_ignored_signal_stays_ignored() {
    let (directory, temp) = (small().await, temp_dir());
    let child = start_waiting("trap '' HUP;", directory.path(), temp.path());
    send(&child, Signal::HUP);
    let done = child.wait_with_output().expect("the end of the process");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(names(temp.path()).is_empty(), "{:?}", names(temp.path()));
}

#[tokio::test]
async fn a_backup_on_standard_output_can_be_restored() {
    let (directory, temp) = (small().await, temp_dir());
    let done = backup(directory.path(), Path::new("-"), &[]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let message = String::from_utf8(done.stderr).expect("text");
    assert!(message.contains(&format!("sequences 1 to 3, {} bytes", done.stdout.len())), "{message}");
    let file = temp.path().join("today.bak");
    fs::write(&file, done.stdout).expect("write succeeds");
    let server =
        Server::fresh_with(|config| config.restore = Some(file.to_str().expect("a plain name").into())).await;
    let mut conn = server.connect().await;
    assert_eq!(conn.ask("GET jazz").await.number("available_tickets"), 10_000);
    conn.finish().await;
    server.stop().await;
}
