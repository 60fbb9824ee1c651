//! The system's limit of open files, and clients who take all that they can get.
//!
//! Catches: clients, served or refused, who hold the descriptor that the journal needs for its next segment, which ends
//! the process; refused clients who are reset instead of told; a start with too few descriptors to go on.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::process::Process;
use crate::common::server::{BOOKLINED, Home, listening, raise_open_files, refused};
use crate::common::{Conn, PATIENCE};

/// What the server under attack may open.
const OPEN_FILES: usize = 128;

/// Clients who hold on, several times what it may open.
const CLIENTS: usize = 400;

/// Bookings that fill several segments of the smallest size, with a snapshot now and then.
const BOOKINGS: usize = 32;

/// A server that may open so many files.
fn limited(home: &Home, open_files: usize, flags: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {open_files}; exec \"$0\" \"$@\""), BOOKLINED]);
    command.args(home.command(flags).get_args());
    command
}

fn segments(home: &Home) -> Vec<String> {
    let files = fs::read_dir(home.data().join("journal")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".seg")).collect()
}

/// How many descriptors a process has.
#[cfg(target_os = "linux")]
fn descriptors(process: &Process) -> usize {
    fs::read_dir(Path::new("/proc").join(process.pid().to_string()).join("fd")).unwrap().count()
}

/// Ends the attack when it is dropped, also when a booking fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the server has said to a client who has said nothing: nothing, or why it is refused.
fn is_refused(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {
            let said = String::from_utf8(said).unwrap();
            assert!(said.starts_with("ERR BUSY {") && said.ends_with("}\n"), "{said:?}");
            true
        }
        Err(error) => {
            assert_eq!(
                error.kind(),
                std::io::ErrorKind::WouldBlock,
                "a client is not closed in order: {error}"
            );
            false
        }
    }
}

#[test]
fn clients_never_hold_what_the_journal_needs() {
    raise_open_files();
    let home = Home::new();
    let (mut process, addr) = listening(&mut limited(&home, OPEN_FILES, &[]));
    let mut booker = Conn::open(addr);
    booker.ask("CREATE x 2026-12-31 1000000 id=x").ok();
    let connect = || TcpStream::connect_timeout(&addr, PATIENCE).unwrap();
    let mut holding = Vec::new();
    holding.resize_with(CLIENTS, connect);
    let booked = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        // Others come and go, and never read.
        let attack = scope.spawn(|| {
            let (mut most, mut passing) = (0, Vec::new());
            while !booked.load(Ordering::Relaxed) {
                passing.push(connect());
                passing.truncate(if passing.len() < CLIENTS { CLIENTS } else { 0 });
                #[cfg(target_os = "linux")]
                {
                    most = most.max(descriptors(&process));
                }
            }
            most
        });
        let end = End(&booked);
        for booking in 0..BOOKINGS {
            booker.ask("BOOK x 10000").ok();
            if booking % 8 == 7 {
                booker.ask("SNAPSHOT").ok();
            }
        }
        drop(end);
        attack.join().unwrap()
    });
    println!("at most {most} descriptors were open");
    assert!(most < OPEN_FILES, "the last descriptor was taken");
    assert!(
        segments(&home).iter().all(|name| !name.starts_with("00000000000000000001")),
        "nothing was rotated"
    );
    let refused = holding.iter().filter(|stream| is_refused(stream)).count();
    let served = CLIENTS - refused;
    assert!((30..OPEN_FILES).contains(&served), "{served} clients are served");
    assert!(process.poll().is_none());
    let left = booker.ask("GET x").number("available_tickets");
    assert_eq!(left, 1_000_000 - 10_000 * BOOKINGS as u64);
}

#[test]
fn with_too_few_descriptors_it_does_not_start_and_says_why() {
    let home = Home::new();
    let (status, said) = refused(&mut limited(&home, 63, &[]));
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("allows 63 open files, and 64 are needed") && said.contains("ulimit -n"), "{said}");
    assert!(!home.data().exists(), "nothing is touched");

    let (process, addr) = listening(&mut limited(&home, 64, &[]));
    assert!(process.heard(|said| said.contains("--max-connections 10000 is lowered to 14")), "no warning");
    let mut inside: Vec<Conn> = (0..14).map(|_| Conn::open(addr)).collect();
    inside.iter_mut().for_each(|conn| assert!(conn.ask("PING").is_ok()));
    Conn::open(addr).answer().err("BUSY");
    inside[0].ask("CREATE x 2026-12-31 1000000 id=x").ok();
    inside[0].ask("SNAPSHOT").ok();
}
