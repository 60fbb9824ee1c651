//! A server whose standard error is closed, full or not read: requests and the shutdown are not affected.
//!
//! Catches: a thread that waits for a pipe that nobody reads, a panic on a closed standard error or a full
//! disk, a fatal error that does not end the process because it cannot be printed, lost lines that are not
//! counted.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use bookline_testkit::process::{Home, booklined, spawn_listening};
use bookline_testkit::{Conn, HANG_TIMEOUT};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};

/// The documented limit of a shutdown.
const SHUTDOWN_MAX: Duration = Duration::from_secs(5);

/// A process whose standard error is not read. It is killed when dropped.
struct UnreadProcess {
    child: Child,
}

impl UnreadProcess {
    fn spawn(command: &mut Command, stderr: impl Into<Stdio>) -> UnreadProcess {
        UnreadProcess { child: command.stdin(Stdio::null()).stderr(stderr).spawn().expect("it starts") }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the exit status; a process that still runs after `within` is a failure.
    fn ends_within(&mut self, within: Duration) -> ExitStatus {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it still runs after {within:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for UnreadProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server that logs every command to this standard error.
fn start(home: &Home, stderr: impl Into<Stdio>) -> (UnreadProcess, SocketAddr) {
    let mut command = home.command(&["--snapshot-every", "4KiB", "--max-connections", "20"]);
    let mut server = UnreadProcess::spawn(command.env("RUST_LOG", "debug").stdout(Stdio::piped()), stderr);
    let mut first = String::new();
    let mut stdout = BufReader::new(server.child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    let addr = first.trim_end().rsplit(' ').next().and_then(|addr| addr.parse().ok());
    (server, addr.unwrap_or_else(|| panic!("no address in {first:?}")))
}

/// Uses everything that logs: commands, refused connections, segments, snapshots, and the shutdown.
fn use_and_stop(mut server: UnreadProcess, addr: SocketAddr) {
    let mut conn = Conn::open(addr);
    conn.ask("CREATE x 2026-01-01 100000 id=x").ok();
    for n in 1..=100 {
        assert_eq!(conn.ask("BOOK x 100").number("available_tickets"), 100_000 - n * 100);
        conn.ask("BOKO x 1").err("UNKNOWN_COMMAND");
    }
    for _ in 0..3 {
        conn.ask("BLOCK F1 2026-01-01 09:00").ok();
        let sequence = conn.ask("STATS").number("durable_sequence");
        assert!(conn.ask("SNAPSHOT").number("sequence") >= sequence, "snapshots are written");
        conn.ask("DELETE F1 2026-01-01 09:00").ok();
    }
    let others: Vec<Conn> = (0..30).map(|_| Conn::open(addr)).collect();
    drop(others);
    assert!(conn.ask("PING").is_ok());
    let started = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.ends_within(HANG_TIMEOUT).code(), Some(0));
    assert!(started.elapsed() < SHUTDOWN_MAX, "the shutdown took {:?}", started.elapsed());
}

/// A pipe that is full.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = io::pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    for size in [4096, 1] {
        loop {
            match writer.write(&[b'.'; 4096][..size]) {
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => panic!("{e}"),
            }
        }
    }
    fcntl_setfl(&writer, flags).unwrap();
    (reader, writer)
}

#[test]
fn server_runs_with_a_full_pipe_as_standard_error() {
    let (_reader, writer) = full_pipe();
    let home = Home::new();
    let (server, addr) = start(&home, writer);
    use_and_stop(server, addr);
}

#[test]
fn server_runs_with_a_closed_pipe_as_standard_error() {
    let (reader, writer) = io::pipe().unwrap();
    let home = Home::new();
    let (server, addr) = start(&home, writer);
    drop(reader);
    use_and_stop(server, addr);
}

#[test]
fn server_runs_with_standard_error_closed() {
    let home = Home::new();
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\" 2>&-", booklined(), "--data-dir"]).arg(home.data());
    command.args(["--listen", "127.0.0.1:0", "--time-zone", "UTC"]);
    let mut server = UnreadProcess::spawn(command.stdout(Stdio::piped()), Stdio::null());
    let mut stdout = server.child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 9]).expect("the first line");
    server.signal(Signal::TERM);
    assert_eq!(server.ends_within(HANG_TIMEOUT).code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn server_runs_with_a_full_disk_as_standard_error() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let home = Home::new();
    let (server, addr) = start(&home, full);
    use_and_stop(server, addr);
}

#[test]
fn server_runs_with_a_full_pipe_as_standard_output() {
    let (_reader, writer) = full_pipe();
    let home = Home::new();
    let mut server = UnreadProcess::spawn(home.command::<&str>(&[]).stdout(writer), Stdio::piped());
    let stderr = BufReader::new(server.child.stderr.take().unwrap());
    let mut stderr = stderr.lines().map(Result::unwrap);
    let addr =
        stderr.find_map(|line| line.split_once("listening on ").map(|(_, addr)| addr.parse().unwrap()));
    assert!(Conn::open(addr.expect("it ended")).ask("PING").is_ok());
    server.signal(Signal::TERM);
    assert_eq!(server.ends_within(HANG_TIMEOUT).code(), Some(0));
}

/// The log reports the number of lost lines as soon as standard error accepts lines again.
#[test]
fn lost_log_lines_are_counted() {
    let (mut reader, writer) = full_pipe();
    let home = Home::new();
    let (server, addr) = start(&home, writer);
    let mut conn = Conn::open(addr);
    // A line of the log is longer than the request that it logs.
    for _ in 0..10 {
        conn.pipeline("PING\n".repeat(5_000).into_bytes(), 5_000);
    }
    let reading = std::thread::spawn(move || {
        let mut stderr = String::new();
        reader.read_to_string(&mut stderr).unwrap();
        stderr
    });
    drop(conn);
    use_and_stop(server, addr);
    let stderr = reading.join().unwrap();
    let reports: Vec<&str> =
        stderr.lines().filter(|line| line.contains(" log lines were lost here")).collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("ERROR"), "{reports:?}");
    let tail = stderr.lines().last().unwrap_or_default();
    assert!(!tail.contains("PING"), "the last line is not the newest: {tail}");
}

#[test]
fn invalid_rust_log_is_reported() {
    for (level, wanted) in [
        ("loud=loud", "RUST_LOG is \"loud=loud\", which cannot be read"),
        ("verbose", "RUST_LOG lets nothing of booklined's through"),
        ("off", ""),
        ("", "listening on"),
    ] {
        let home = Home::new();
        let (mut process, _) = spawn_listening(home.command::<&str>(&[]).env("RUST_LOG", level));
        process.signal(Signal::TERM);
        assert_eq!(process.wait(HANG_TIMEOUT).and_then(|status| status.code()), Some(0));
        let stderr = process.stderr();
        assert!(stderr.contains(wanted), "{level}: {stderr}");
        assert_eq!(stderr.is_empty(), wanted.is_empty(), "{level}: {stderr}");
    }
}

/// A process of this binary that ends as a server does after a fatal error.
fn ending(how: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "log_output::process_that_ends", "--ignored", "--nocapture"])
        .stdout(Stdio::null());
    command.env("BOOKLINE_TEST_ENDING", how);
    command
}

#[ignore = "other tests run it as a process"]
#[test]
fn process_that_ends() {
    let Ok(how) = std::env::var("BOOKLINE_TEST_ENDING") else { return };
    let _flush = bookline_server::log::start(Default::default()).unwrap();
    match how.as_str() {
        "panic" => {
            let dead = std::thread::spawn(|| panic!("a thread dies")).join();
            assert!(dead.is_err());
            bookline_server::fatal("a thread is dead");
        }
        _ => bookline_server::fatal("the reason"),
    }
}

#[test]
fn fatal_error_ends_the_process_whatever_its_standard_error() {
    for how in ["fatal", "panic"] {
        let (_reader, writer) = full_pipe();
        let mut stuck = UnreadProcess::spawn(&mut ending(how), writer);
        assert_eq!(stuck.ends_within(SHUTDOWN_MAX).signal(), Some(6), "{how} with a pipe that nobody reads");

        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut closed = UnreadProcess::spawn(&mut ending(how), writer);
        assert_eq!(closed.ends_within(SHUTDOWN_MAX).signal(), Some(6), "{how} with a pipe without a reader");
    }
}

#[test]
fn fatal_error_logs_its_reason() {
    for (how, wanted) in [
        ("fatal", &["ERROR the reason: stopping at once"][..]),
        ("panic", &["panicked at", "a thread dies", "a thread is dead: stopping at once"]),
    ] {
        for level in ["info", "off"] {
            let ended = ending(how).env("RUST_LOG", level).stderr(Stdio::piped()).output().unwrap();
            assert_eq!(ended.status.signal(), Some(6), "{how}");
            let stderr = String::from_utf8(ended.stderr).unwrap();
            // The last one is printed at any level.
            let wanted = if level == "off" { &wanted[wanted.len() - 1..] } else { wanted };
            for wanted in wanted {
                assert!(stderr.contains(wanted), "{how} at {level}: {wanted:?} is not in {stderr}");
            }
        }
    }
}
