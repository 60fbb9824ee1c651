//! The lock of the data directory, and a server whose directory is removed or replaced.
//!
//! Catches: two servers that sell the same tickets, changes that are acknowledged in removed files, the end
//! of a journal that was lost while no server ran.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use bookline_testkit::process::{Home, Server, booklined};
use bookline_testkit::{Conn, HANG_TIMEOUT};

/// A server with an event of 1,000 tickets, 100 of them sold.
fn selling() -> (Server, Conn) {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 1000 id=x").ok();
    for _ in 0..10 {
        conn.ask("BOOK x 10").ok();
    }
    (server, conn)
}

fn assert_in_use(home: &Home) {
    let (status, stderr) = home.start_fails(&[]);
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("in use by another booklined"), "{stderr}");
}

/// The server exits with 1, and its message names the directory.
fn assert_ends_because_of(server: &mut Server, directory: &Path) {
    let status = server.process().wait(HANG_TIMEOUT).expect("it still runs");
    let stderr = server.stderr();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("not the one that was opened"), "{stderr}");
    assert!(stderr.contains(&directory.display().to_string()), "{stderr}");
}

#[test]
fn second_server_is_refused_without_the_lock_file() {
    let (server, mut conn) = selling();
    let lock = server.data().join("lock");
    fs::remove_file(&lock).unwrap();
    assert_in_use(server.home());
    let other = server.home().file("other", "1\n");
    fs::rename(other, &lock).unwrap();
    assert_in_use(server.home());
    conn.ask("BOOK x 1").ok();
}

#[test]
fn missing_lock_file_is_rewritten_with_a_warning() {
    let (mut server, _) = selling();
    let lock = server.data().join("lock");
    let pid = fs::read_to_string(&lock).unwrap();
    fs::remove_file(&lock).unwrap();
    assert!(
        server.process().wait_for_stderr(|stderr| stderr.contains("the file lock was removed")),
        "no warning"
    );
    assert_eq!(fs::read_to_string(&lock).unwrap(), pid);
    assert_eq!(server.stop().code(), Some(0));
    assert_eq!(fs::read_to_string(&lock).unwrap(), "", "a graceful shutdown empties it");
}

/// `journal/` may be reached by another path, so it is locked itself.
#[test]
fn journal_directory_is_locked() {
    let (server, _) = selling();
    let journal = File::open(server.data().join("journal")).unwrap();
    assert!(matches!(journal.try_lock(), Err(fs::TryLockError::WouldBlock)));
}

#[test]
fn nothing_is_acknowledged_in_a_removed_directory() {
    let (mut server, mut conn) = selling();
    let data = server.data();
    fs::remove_dir_all(&data).unwrap();
    let _ = conn.try_send_bytes(b"BOOK x 1\n");
    let reply = conn.try_reply();
    assert!(reply.is_err(), "acknowledged: {reply:?}");
    assert_ends_because_of(&mut server, &data);
}

#[test]
fn idle_server_ends_when_its_directory_is_removed_renamed_or_replaced() {
    let take_away: [fn(&Path); 4] = [
        |data| fs::remove_dir_all(data).unwrap(),
        |data| fs::rename(data, data.with_extension("away")).unwrap(),
        |data| {
            let away = data.with_extension("away");
            fs::rename(data.join("journal"), &away).unwrap();
            fs::create_dir(data.join("journal")).unwrap();
            for file in fs::read_dir(away).unwrap().map(|file| file.unwrap()) {
                fs::copy(file.path(), data.join("journal").join(file.file_name())).unwrap();
            }
        },
        |data| {
            fs::rename(data.join("snapshots"), data.with_extension("away")).unwrap();
            fs::create_dir(data.join("snapshots")).unwrap();
        },
    ];
    for take_away in take_away {
        let (mut server, _) = selling();
        let data = server.data();
        take_away(&data);
        assert_ends_because_of(&mut server, &data);
    }
}

#[test]
fn renamed_directory_keeps_every_change() {
    let (mut server, _) = selling();
    let (data, away) = (server.data(), server.data().with_extension("away"));
    fs::rename(&data, &away).unwrap();
    assert_ends_because_of(&mut server, &data);
    fs::rename(&away, &data).unwrap();
    server.start_again();
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 900);
}

#[test]
fn clean_shutdown_record_exists_until_the_next_start() {
    let (mut server, mut conn) = selling();
    let sequence = conn.ask("STATS").number("sequence");
    let record = server.data().join("clean-stop");
    assert!(!record.exists(), "the server runs");
    assert_eq!(server.stop().code(), Some(0));
    let text = fs::read_to_string(&record).unwrap();
    assert!(text.starts_with(&format!("bookline stopped at sequence {sequence}, ")), "{text}");
    server.start_again();
    assert!(!record.exists(), "the server runs again");
    server.kill9();
    assert!(!record.exists(), "it was killed");
}

fn last_segment(data: &Path) -> PathBuf {
    let files = fs::read_dir(data.join("journal")).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|it| it == "seg")).max().unwrap()
}

/// `check` and a start both fail, and name the segment and the reason.
fn assert_all_refuse(home: &Home, segment: &Path, why: &str) {
    let (status, stderr) = home.start_fails(&[]);
    assert_eq!(status.code(), Some(1), "{stderr}");
    let check = Command::new(booklined()).args(["check", "--data-dir"]).arg(home.data()).output().unwrap();
    assert_eq!(check.status.code(), Some(1), "{check:?}");
    for text in [stderr, String::from_utf8(check.stdout).unwrap()] {
        let name = segment.file_name().unwrap().to_str().unwrap();
        assert!(text.contains(name) && text.contains(why), "{text}");
        assert!(!text.contains("all is well"), "{text}");
    }
}

#[test]
fn last_segment_truncated_after_a_clean_shutdown_is_refused() {
    let (mut server, _) = selling();
    server.stop();
    let segment = last_segment(&server.data());
    let whole = fs::read(&segment).unwrap();
    for length in [whole.len() - 1, whole.len() / 2, 2_000, 64, 0] {
        fs::write(&segment, &whole[..length]).unwrap();
        let why = if length == 0 { "header" } else { "was made with" };
        assert_all_refuse(server.home(), &segment, why);
    }
    fs::write(&segment, &whole).unwrap();
    server.start_again();
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 900);
}

#[test]
fn last_segment_of_zeros_after_a_clean_shutdown_is_refused() {
    let (mut server, _) = selling();
    server.stop();
    let segment = last_segment(&server.data());
    let whole = fs::read(&segment).unwrap();
    let mut zeros = whole.clone();
    zeros[64..].fill(0);
    fs::write(&segment, zeros).unwrap();
    assert_all_refuse(server.home(), &segment, "the orderly stop at sequence 11");
    fs::write(&segment, &whole).unwrap();
    server.start_again();
}

#[test]
fn links_inside_the_data_directory_are_not_followed() {
    for name in ["lock", "journal", "snapshots"] {
        let (mut server, _) = selling();
        server.stop();
        let (path, away) = (server.data().join(name), server.data().with_extension("away"));
        fs::rename(&path, &away).unwrap();
        symlink(&away, &path).unwrap();
        let (status, stderr) = server.home().start_fails(&[]);
        assert_eq!(status.code(), Some(1), "{name}: {stderr}");
        assert!(
            stderr.contains(&path.display().to_string()) && stderr.contains("symbolic link"),
            "{name}: {stderr}"
        );
    }
}

#[test]
fn directory_writable_by_others_logs_a_warning() {
    let home = Home::new();
    fs::create_dir(home.data()).unwrap();
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o777)).unwrap();
    let mut server = home.start(&[]);
    assert!(
        server
            .process()
            .wait_for_stderr(|stderr| stderr.contains("others may write") && stderr.contains("777"))
    );
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o700)).unwrap();
}

/// A crash while the record is written may leave a corrupt one, which proves nothing.
#[test]
fn corrupt_clean_shutdown_record_logs_a_warning_and_is_ignored() {
    let (mut server, _) = selling();
    server.stop();
    let mut record = OpenOptions::new().append(true).open(server.data().join("clean-stop")).unwrap();
    std::io::Write::write_all(&mut record, b"x").unwrap();
    server.start_again();
    assert!(server.process().wait_for_stderr(|stderr| stderr.contains("clean-stop is corrupt")));
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 900);
}
