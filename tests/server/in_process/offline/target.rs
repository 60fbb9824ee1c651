//! `backup --to`: nothing that is somebody else's is replaced, and nothing is left behind.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{booklined, files, name, small, text};
use crate::in_process::common::Server;

fn place() -> TempDir {
    TempDir::with_prefix("bookline").expect("a directory")
}

fn backup(directory: &Path, to: &Path, more: &[&str]) -> Output {
    let more: Vec<&Path> = more.iter().map(Path::new).collect();
    booklined("backup", directory, &[&[Path::new("--to"), to][..], &more].concat())
}

/// It is refused in these words, whether it is forced or not.
fn refused_always(directory: &Path, to: &Path, said: &str) {
    for more in [&[][..], &["--force"]] {
        let refused = backup(directory, to, more);
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
        assert!(text(&refused).contains(said), "{}", text(&refused));
    }
}

/// A backup, as far as a look at its beginning tells.
fn is_backup(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"BOOKSNAP"))
}

/// Names of what is there, sorted.
fn names(place: &Path) -> Vec<String> {
    files(place, ".").iter().map(|path| name(path).to_owned()).collect()
}

#[tokio::test]
async fn only_a_backup_is_replaced_unless_it_is_forced() {
    let (directory, place) = (small().await, place());
    let file = place.path().join("mine");
    for mine in ["", "a novel", "BOOKSNAP, the novel"] {
        fs::write(&file, mine).expect("it can be written");
        let refused = backup(directory.path(), &file, &[]);
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
        assert!(text(&refused).contains("--force to replace it"), "{}", text(&refused));
        assert_eq!(fs::read_to_string(&file).expect("it is there"), mine);
    }
    for more in [&["--force"][..], &[]] {
        let done = backup(directory.path(), &file, more);
        assert!(done.status.success() && is_backup(&file), "{}", text(&done));
    }
    assert_eq!(file.metadata().expect("it is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(names(place.path()), ["mine"]);
}

#[tokio::test]
async fn a_symbolic_link_stays_and_its_target_is_written() {
    let (directory, place) = (small().await, place());
    let (here, there) = (place.path().join("here"), place.path().join("there"));
    for made in [&here, &there] {
        fs::create_dir(made).expect("it can be made");
    }
    let (link, over) = (here.join("link"), here.join("over"));
    symlink("../there/today.bak", &link).expect("it can be made");
    symlink(&link, &over).expect("it can be made");
    // Once where nothing is yet, once where a backup is.
    for to in [&link, &over] {
        let done = backup(directory.path(), to, &[]);
        assert!(done.status.success(), "{}", text(&done));
        assert!(link.is_symlink() && over.is_symlink() && is_backup(&there.join("today.bak")));
    }
    assert_eq!((names(&here), names(&there)), (vec!["link".into(), "over".into()], vec!["today.bak".into()]));

    symlink("loop", here.join("loop")).expect("it can be made");
    refused_always(directory.path(), &here.join("loop"), "symbolic links");
}

#[tokio::test]
async fn what_is_no_plain_file_is_never_replaced() {
    let (directory, place) = (small().await, place());
    let (pipe, socket, folder) =
        (place.path().join("pipe"), place.path().join("socket"), place.path().join("folder"));
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let _listener = UnixListener::bind(&socket).expect("a socket");
    fs::create_dir(&folder).expect("it can be made");
    let link = place.path().join("link");
    symlink(&pipe, &link).expect("it can be made");
    for (to, said) in [
        (&pipe, "is a named pipe"),
        (&link, "is a named pipe"),
        (&socket, "is a socket"),
        (&folder, "is a directory"),
    ] {
        refused_always(directory.path(), to, said);
    }
    refused_always(directory.path(), &place.path().join("nowhere/today.bak"), "there is no directory");
    refused_always(directory.path(), Path::new("/"), "is a directory");
    assert_eq!(names(place.path()), ["folder", "link", "pipe", "socket"]);
}

#[tokio::test]
async fn nothing_in_the_data_directory_is_replaced_under_any_name() {
    let (directory, place) = (small().await, place());
    let before = [
        files(directory.path(), "."),
        files(directory.path(), "journal"),
        files(directory.path(), "snapshots"),
    ];
    let segment =
        before[1].iter().find(|path| name(path).ends_with(".seg")).expect("a journal has a segment");
    let inside = place.path().join("inside");
    symlink(directory.path(), &inside).expect("it can be made");
    let (hard, soft) = (place.path().join("hard"), place.path().join("soft"));
    fs::hard_link(&before[2][0], &hard).expect("one file system");
    symlink(segment, &soft).expect("it can be made");
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
        refused_always(directory.path(), to, "in the data directory");
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
async fn what_dead_backups_left_is_removed_and_nothing_else_is() {
    let (directory, place) = (small().await, place());
    let inside = |left: &str, file: &str| {
        let left = place.path().join(left);
        fs::create_dir_all(&left).expect("it can be made");
        fs::write(left.join(file), "half").expect("it can be written");
        left
    };
    inside(".bookline-backup-1", "new");
    inside(".bookline-backup-1", "00000000000000000007.snap");
    // The pid of a process that lives, and that is not a backup.
    inside(&format!(".bookline-backup-{}", std::process::id()), "new");
    let busy = File::open(inside(".bookline-backup-2", "new")).expect("it is there");
    busy.lock().expect("nobody has it");
    inside(".bookline-backup-3", "somebody's");
    inside(".bookline-backup-notes", "new");
    let done = backup(directory.path(), &place.path().join("today.bak"), &[]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(
        names(place.path()),
        [".bookline-backup-2", ".bookline-backup-3", ".bookline-backup-notes", "today.bak"]
    );
    assert_eq!(names(&place.path().join(".bookline-backup-3")), ["somebody's"]);
}

/// A backup that waits for somebody to read on, its work directory in `place`.
fn waiting(shell: &str, directory: &Path, place: &Path) -> Child {
    let script = format!("{shell} exec \"$0\" backup --data-dir \"$1\" --to -");
    let mut program = Command::new("sh");
    program.args(["-c", &script, env!("CARGO_BIN_EXE_booklined")]).arg(directory).env("TMPDIR", place);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    // It is larger than what a pipe takes, so that it is not over when its first byte is read.
    child.stdout.as_mut().expect("a pipe").read_exact(&mut [0]).expect("it begins");
    assert_eq!(names(place).len(), 1, "it works somewhere");
    child
}

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a process");
    kill_process(pid, signal).expect("it runs");
}

#[tokio::test]
async fn a_backup_that_is_told_to_end_leaves_nothing_behind() {
    let (directory, place) = (small().await, place());
    for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
        let mut child = waiting("", directory.path(), place.path());
        send(&child, signal);
        // Nobody reads on, so that nothing but the signal ends it.
        let ended = child.wait().expect("it ends");
        assert_eq!(ended.code(), Some(128 + signal.as_raw()), "{ended}");
        assert!(names(place.path()).is_empty(), "{:?}", names(place.path()));
    }
}

#[tokio::test]
async fn a_signal_that_was_ignored_from_the_start_stays_ignored() {
    let (directory, place) = (small().await, place());
    let child = waiting("trap '' HUP;", directory.path(), place.path());
    send(&child, Signal::HUP);
    let done = child.wait_with_output().expect("it ends");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(names(place.path()).is_empty(), "{:?}", names(place.path()));
}

#[tokio::test]
async fn a_backup_on_standard_output_can_be_restored() {
    let (directory, place) = (small().await, place());
    let done = backup(directory.path(), Path::new("-"), &[]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8(done.stderr).expect("text");
    assert!(said.contains(&format!("sequences 1 to 3, {} bytes", done.stdout.len())), "{said}");
    let file = place.path().join("today.bak");
    fs::write(&file, done.stdout).expect("it can be written");
    let server =
        Server::fresh_with(|config| config.restore = Some(file.to_str().expect("a plain name").into())).await;
    let mut conn = server.connect().await;
    assert_eq!(conn.ask("GET jazz").await.number("available_tickets"), 10_000);
    conn.finish().await;
    server.stop().await;
}
