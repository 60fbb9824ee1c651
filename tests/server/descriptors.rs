//! The limit of open files, and clients that open as many connections as they can.
//!
//! Catches: connections, served or refused, that hold the descriptor that the journal needs for its next
//! segment, which would end the process; refused clients that are reset instead of getting a reply; a start
//! with too few descriptors to run.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bookline_testkit::process::{Home, Process, booklined, raise_open_files, spawn_failing, spawn_listening};
use bookline_testkit::{Conn, HANG_TIMEOUT};

/// The limit of open files of the server.
const OPEN_FILES: usize = 128;

/// Clients that keep their connections, several times the limit.
const CLIENTS: usize = 400;

/// Bookings that fill several segments of the smallest size, with a snapshot after every eighth.
const BOOKINGS: usize = 32;

/// A server with a limit of open files.
fn limited(home: &Home, open_files: usize, flags: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {open_files}; exec \"$0\" \"$@\""), booklined()]);
    command.args(home.command(flags).get_args());
    command
}

fn segments(home: &Home) -> Vec<String> {
    let files = fs::read_dir(home.data().join("journal")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".seg")).collect()
}

/// The number of descriptors that a process has open.
#[cfg(target_os = "linux")]
fn descriptors(process: &Process) -> usize {
    fs::read_dir(Path::new("/proc").join(process.pid().to_string()).join("fd")).unwrap().count()
}

/// Ends the attack when it is dropped, also if a booking fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether the server has refused a connection that sent nothing.
fn is_refused(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut stderr = Vec::new();
    match stream.read_to_end(&mut stderr) {
        Ok(_) => {
            let stderr = String::from_utf8(stderr).unwrap();
            assert!(stderr.starts_with("ERR BUSY {") && stderr.ends_with("}\n"), "{stderr:?}");
            true
        }
        Err(error) => {
            assert_eq!(
                error.kind(),
                std::io::ErrorKind::WouldBlock,
                "a connection is not closed in order: {error}"
            );
            false
        }
    }
}

#[test]
fn connections_leave_the_journal_its_descriptors() {
    raise_open_files();
    let home = Home::new();
    let (mut process, addr) = spawn_listening(&mut limited(&home, OPEN_FILES, &[]));
    let mut booker = Conn::open(addr);
    booker.ask("CREATE x 2026-12-31 1000000 id=x").ok();
    let connect = || TcpStream::connect_timeout(&addr, HANG_TIMEOUT).unwrap();
    let mut holding = Vec::new();
    holding.resize_with(CLIENTS, connect);
    let booked = AtomicBool::new(false);
    let descriptors_max = thread::scope(|scope| {
        // Other clients connect and disconnect, and never read.
        let attack = scope.spawn(|| {
            let (mut descriptors_max, mut passing) = (0, Vec::new());
            while !booked.load(Ordering::Relaxed) {
                passing.push(connect());
                passing.truncate(if passing.len() < CLIENTS { CLIENTS } else { 0 });
                #[cfg(target_os = "linux")]
                {
                    descriptors_max = descriptors_max.max(descriptors(&process));
                }
            }
            descriptors_max
        });
        let end = StopOnDrop(&booked);
        for booking in 0..BOOKINGS {
            booker.ask("BOOK x 10000").ok();
            if booking % 8 == 7 {
                booker.ask("SNAPSHOT").ok();
            }
        }
        drop(end);
        attack.join().unwrap()
    });
    println!("at most {descriptors_max} descriptors were open");
    assert!(descriptors_max < OPEN_FILES, "the last descriptor was used");
    assert!(
        segments(&home).iter().all(|name| !name.starts_with("00000000000000000001")),
        "nothing was rotated"
    );
    let refused = holding.iter().filter(|stream| is_refused(stream)).count();
    let served = CLIENTS - refused;
    assert!((30..OPEN_FILES).contains(&served), "{served} connections are served");
    assert!(process.poll().is_none());
    let left = booker.ask("GET x").number("available_tickets");
    assert_eq!(left, 1_000_000 - 10_000 * BOOKINGS as u64);
}

#[test]
fn start_with_too_few_descriptors_fails_with_the_reason() {
    let home = Home::new();
    let (status, stderr) = spawn_failing(&mut limited(&home, 63, &[]));
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("allows 63 open files, and 64 are needed") && stderr.contains("ulimit -n"),
        "{stderr}"
    );
    assert!(!home.data().exists(), "the data directory is created");

    let (process, addr) = spawn_listening(&mut limited(&home, 64, &[]));
    assert!(
        process.wait_for_stderr(|stderr| stderr.contains("--max-connections 10000 is lowered to 14")),
        "no warning"
    );
    let mut inside: Vec<Conn> = (0..14).map(|_| Conn::open(addr)).collect();
    inside.iter_mut().for_each(|conn| assert!(conn.ask("PING").is_ok()));
    Conn::open(addr).reply().err("BUSY");
    inside[0].ask("CREATE x 2026-12-31 1000000 id=x").ok();
    inside[0].ask("SNAPSHOT").ok();
}
