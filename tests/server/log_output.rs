//! The log's output in every bad state that it can be in: the service goes on, and stops, as if nothing were wrong.
//!
//! Catches: a thread that waits for a pipe that nobody reads, a panic over a closed standard error or a full disk, an
//! end of the process that cannot be printed and so does not come, lines that are lost without being counted.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};

use crate::common::server::{BOOKLINED, Home, listening};
use crate::common::{Conn, PATIENCE};

/// The promise for a stop.
const STOP: Duration = Duration::from_secs(5);

/// A process whose standard error is not listened to; it is killed when it is dropped.
struct Deaf {
    child: Child,
}

impl Deaf {
    fn spawn(command: &mut Command, stderr: impl Into<Stdio>) -> Deaf {
        Deaf { child: command.stdin(Stdio::null()).stderr(stderr).spawn().expect("it starts") }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Its exit status, which comes within this time.
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

impl Drop for Deaf {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server on this home that logs every command to this output.
fn start(home: &Home, stderr: impl Into<Stdio>) -> (Deaf, SocketAddr) {
    let mut command = home.command(&["--snapshot-every", "4KiB", "--max-connections", "20"]);
    let mut server = Deaf::spawn(command.env("RUST_LOG", "debug").stdout(Stdio::piped()), stderr);
    let mut first = String::new();
    let mut stdout = BufReader::new(server.child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    let addr = first.trim_end().rsplit(' ').next().and_then(|addr| addr.parse().ok());
    (server, addr.unwrap_or_else(|| panic!("it says {first:?} instead of its address")))
}

/// Uses everything that logs: commands, connections that are refused, segments, snapshots, and the stop.
fn use_and_stop(mut server: Deaf, addr: SocketAddr) {
    let mut conn = Conn::open(addr);
    conn.ask("CREATE x 2026-01-01 100000 id=x").ok();
    for n in 1..=100 {
        assert_eq!(conn.ask("BOOK x 100").number("available_tickets"), 100_000 - n * 100);
        conn.ask("BOKO x 1").err("UNKNOWN_COMMAND");
    }
    for _ in 0..3 {
        conn.ask("BLOCK F1 2026-01-01 09:00").ok();
        let sequence = conn.ask("STATS").number("durable_sequence");
        assert!(conn.ask("SNAPSHOT").number("sequence") >= sequence, "snapshots go on");
        conn.ask("DELETE F1 2026-01-01 09:00").ok();
    }
    let others: Vec<Conn> = (0..30).map(|_| Conn::open(addr)).collect();
    drop(others);
    assert!(conn.ask("PING").is_ok());
    let asked = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.ends_within(PATIENCE).code(), Some(0));
    assert!(asked.elapsed() < STOP, "the stop took {:?}", asked.elapsed());
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
fn a_pipe_that_nobody_reads() {
    let (_reader, writer) = full_pipe();
    let home = Home::new();
    let (server, addr) = start(&home, writer);
    use_and_stop(server, addr);
}

#[test]
fn a_pipe_without_a_reader() {
    let (reader, writer) = io::pipe().unwrap();
    let home = Home::new();
    let (server, addr) = start(&home, writer);
    drop(reader);
    use_and_stop(server, addr);
}

#[test]
fn a_standard_error_that_is_closed() {
    let home = Home::new();
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\" 2>&-", BOOKLINED, "--data-dir"]).arg(home.data());
    command.args(["--listen", "127.0.0.1:0", "--time-zone", "UTC"]);
    let mut server = Deaf::spawn(command.stdout(Stdio::piped()), Stdio::null());
    let mut stdout = server.child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 9]).expect("it announces itself");
    server.signal(Signal::TERM);
    assert_eq!(server.ends_within(PATIENCE).code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let home = Home::new();
    let (server, addr) = start(&home, full);
    use_and_stop(server, addr);
}

/// Nobody reads standard output either.
#[test]
fn an_announcement_that_nobody_takes() {
    let (_reader, writer) = full_pipe();
    let home = Home::new();
    let mut server = Deaf::spawn(home.command::<&str>(&[]).stdout(writer), Stdio::piped());
    let stderr = BufReader::new(server.child.stderr.take().unwrap());
    let mut said = stderr.lines().map(Result::unwrap);
    let addr = said.find_map(|line| line.split_once("listening on ").map(|(_, addr)| addr.parse().unwrap()));
    assert!(Conn::open(addr.expect("it ended")).ask("PING").is_ok());
    server.signal(Signal::TERM);
    assert_eq!(server.ends_within(PATIENCE).code(), Some(0));
}

/// Lines that were lost are counted where lines are taken again.
#[test]
fn lost_lines_are_counted() {
    let (mut reader, writer) = full_pipe();
    let home = Home::new();
    let (server, addr) = start(&home, writer);
    let mut conn = Conn::open(addr);
    // A line in the log is longer than what is sent for it.
    for _ in 0..10 {
        conn.pipeline("PING\n".repeat(5_000).into_bytes(), 5_000);
    }
    let reading = std::thread::spawn(move || {
        let mut said = String::new();
        reader.read_to_string(&mut said).unwrap();
        said
    });
    drop(conn);
    use_and_stop(server, addr);
    let said = reading.join().unwrap();
    let reports: Vec<&str> = said.lines().filter(|line| line.contains(" log lines were lost here")).collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("ERROR"), "{reports:?}");
    let tail = said.lines().last().unwrap_or_default();
    assert!(!tail.contains("PING"), "what came last is written last: {tail}");
}

/// A RUST_LOG with a mistake in it is told, not passed over.
#[test]
fn a_level_that_is_none_is_told() {
    for (level, wanted) in [
        ("loud=loud", "RUST_LOG is \"loud=loud\", which cannot be read"),
        ("verbose", "RUST_LOG lets nothing of booklined's through"),
        ("off", ""),
        ("", "listening on"),
    ] {
        let home = Home::new();
        let (mut process, _) = listening(home.command::<&str>(&[]).env("RUST_LOG", level));
        process.signal(Signal::TERM);
        assert_eq!(process.wait(PATIENCE).and_then(|status| status.code()), Some(0));
        let said = process.stderr();
        assert!(said.contains(wanted), "{level}: {said}");
        assert_eq!(said.is_empty(), wanted.is_empty(), "{level}: {said}");
    }
}

/// A process of this binary that ends as a server does that cannot go on.
fn ending(how: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "log_output::process_that_ends", "--ignored", "--nocapture"])
        .stdout(Stdio::null());
    command.env("BOOKLINE_TEST_ENDING", how);
    command
}

#[ignore = "it is the process that other tests start"]
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
fn an_end_without_promise_comes_whatever_the_output_does() {
    for how in ["fatal", "panic"] {
        let (_reader, writer) = full_pipe();
        let mut stuck = Deaf::spawn(&mut ending(how), writer);
        assert_eq!(stuck.ends_within(STOP).signal(), Some(6), "{how} with a pipe that nobody reads");

        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut closed = Deaf::spawn(&mut ending(how), writer);
        assert_eq!(closed.ends_within(STOP).signal(), Some(6), "{how} with a pipe without a reader");
    }
}

#[test]
fn an_end_without_promise_says_its_reason() {
    for (how, wanted) in [
        ("fatal", &["ERROR the reason: stopping at once"][..]),
        ("panic", &["panicked at", "a thread dies", "a thread is dead: stopping at once"]),
    ] {
        for level in ["info", "off"] {
            let ended = ending(how).env("RUST_LOG", level).stderr(Stdio::piped()).output().unwrap();
            assert_eq!(ended.status.signal(), Some(6), "{how}");
            let said = String::from_utf8(ended.stderr).unwrap();
            // The last one is printed whatever the level.
            let wanted = if level == "off" { &wanted[wanted.len() - 1..] } else { wanted };
            for wanted in wanted {
                assert!(said.contains(wanted), "{how} at {level}: {wanted:?} is not in {said}");
            }
        }
    }
}
