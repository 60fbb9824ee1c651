//! SIGHUP reads the files of TLS again.
//!
//! Catches: a connection that is disturbed, a new one with the old certificate, bad files that are taken, a
//! SIGHUP that stops the server.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bookline_testkit::certificates::{Authority, Certificate};
use bookline_testkit::process::{Home, Process, Server, booklined, spawn_listening};
use bookline_testkit::{HANG_TIMEOUT, TlsClient};
use rustix::process::Signal;

const READ_AGAIN: &str = "SIGHUP: the files of TLS were read again";

/// Files that are renewed in place.
struct Renewed {
    home: Home,
    file: PathBuf,
    key: PathBuf,
}

impl Renewed {
    fn new(first: &Certificate) -> Self {
        let home = Home::new();
        let (file, key) = (home.file("server.pem", ""), home.file("server.key", ""));
        first.copy_to(&file, &key).unwrap();
        Self { home, file, key }
    }

    fn flags(&self) -> Vec<&str> {
        let (file, key) = (self.file.to_str().unwrap(), self.key.to_str().unwrap());
        vec!["--tls-cert", file, "--tls-key", key, "--tls-listen", "127.0.0.1:0"]
    }
}

/// Sends SIGHUP, and waits until the log has this text once more.
fn reload(process: &mut Process, expected: &str) {
    let count = |text: &str| text.matches(expected).count();
    let before = count(&process.stderr());
    process.signal(Signal::HUP);
    assert!(process.wait_for_stderr(|text| count(text) > before), "{}", process.stderr());
}

#[test]
fn certificate_is_renewed_while_connections_book() {
    const BOOKERS: usize = 8;
    const RENEWALS: usize = 20;
    let authority = Authority::new();
    let certificates = [authority.server(&["localhost"]), authority.server(&["localhost", "127.0.0.1"])];
    let renewed = Renewed::new(&certificates[0]);
    let mut server = renewed.home.start(&renewed.flags());
    let client = TlsClient::trusting(&authority);
    let addr = server.tls_addr();
    server.connect().ask("CREATE x 2026-12-31 1000000 id=x").ok();
    let renewals_done = AtomicBool::new(false);
    let booked: usize = thread::scope(|scope| {
        let bookers: Vec<_> = (0..BOOKERS)
            .map(|number| {
                let (client, done) = (&client, &renewals_done);
                scope.spawn(move || {
                    let mut conn = client.open(addr, "localhost");
                    let mut booked = 0;
                    while !done.load(Ordering::Relaxed) {
                        conn.ask("BOOK x 1").ok();
                        booked += 1;
                        // Half of them connect again and again.
                        if number % 2 == 0 && booked % 10 == 0 {
                            conn.ask("QUIT").ok();
                            conn.expect_end();
                            conn = client.open(addr, "localhost");
                        }
                    }
                    booked
                })
            })
            .collect();
        for renewal in 1..=RENEWALS {
            let certificate = &certificates[renewal % 2];
            certificate.copy_to(&renewed.file, &renewed.key).unwrap();
            reload(server.process(), READ_AGAIN);
            assert!(client.open(addr, "localhost").has_seen(certificate), "renewal {renewal}");
        }
        renewals_done.store(true, Ordering::Relaxed);
        bookers.into_iter().map(|booker| booker.join().unwrap()).sum()
    });
    println!("{booked} bookings beside {RENEWALS} renewals");
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 1_000_000 - booked as u64);
    assert!(!server.stderr().contains("ERROR"), "{}", server.stderr());
}

#[test]
fn bad_files_leave_the_old_ones_in_use() {
    let authority = Authority::new();
    let [first, second] = [authority.server(&["localhost"]), authority.server(&["127.0.0.1", "localhost"])];
    let renewed = Renewed::new(&first);
    let mut server = renewed.home.start(&renewed.flags());
    let client = TlsClient::trusting(&authority);
    let addr = server.tls_addr();
    let mut open = client.open(addr, "localhost");
    let other_key = format!("{} is not the key of", renewed.key.display());
    // A renewal that was interrupted between the two files, an empty one, and none.
    fs::copy(&second.file, &renewed.file).unwrap();
    reload(server.process(), &other_key);
    fs::write(&renewed.file, "").unwrap();
    reload(server.process(), "has no certificate");
    fs::remove_file(&renewed.file).unwrap();
    reload(server.process(), "the files of TLS that were read before stay in use");
    assert!(client.open(addr, "localhost").has_seen(&first));
    assert_eq!(server.stderr().lines().filter(|line| line.contains("ERROR")).count(), 3);
    second.copy_to(&renewed.file, &renewed.key).unwrap();
    reload(server.process(), READ_AGAIN);
    assert!(client.open(addr, "localhost").has_seen(&second));
    open.ask("PING").ok();
}

#[test]
fn client_authorities_are_read_again() {
    let (first, second) = (Authority::new(), Authority::new());
    let home = Home::new();
    let trusted = home.file("trusted.pem", &fs::read_to_string(&first.file).unwrap());
    let certificate = first.server(&["localhost"]);
    let flags = [&certificate.server_flags()[..], &["--tls-client-ca", trusted.to_str().unwrap()]].concat();
    let mut server = home.start(&flags);
    let pings = |server: &Server, own: &Certificate| {
        let opened = TlsClient::with_certificate(&first, own).try_open(server.addr(), "localhost");
        opened.and_then(|mut conn| conn.try_send_bytes(b"PING\n").and_then(|()| conn.try_reply())).is_ok()
    };
    let (of_first, of_second) = (first.client("anna"), second.client("anna"));
    assert_eq!([&of_first, &of_second].map(|own| pings(&server, own)), [true, false]);
    fs::copy(&second.file, &trusted).unwrap();
    reload(server.process(), READ_AGAIN);
    assert_eq!([&of_first, &of_second].map(|own| pings(&server, own)), [false, true]);
}

/// Under nohup, SIGHUP is ignored when the server starts.
#[test]
fn sighup_under_nohup_reads_the_files_and_stops_nothing() {
    let authority = Authority::new();
    let [first, second] = [authority.server(&["localhost"]), authority.server(&["127.0.0.1", "localhost"])];
    let renewed = Renewed::new(&first);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", booklined()]);
    let flags = &renewed.flags()[..4];
    command.args(renewed.home.command(flags).get_args());
    let (mut process, addr) = spawn_listening(&mut command);
    second.copy_to(&renewed.file, &renewed.key).unwrap();
    reload(&mut process, READ_AGAIN);
    let mut conn = TlsClient::trusting(&authority).open(addr, "localhost");
    assert!(conn.has_seen(&second));
    conn.ask("PING").ok();
    process.signal(Signal::TERM);
    assert_eq!(process.wait(HANG_TIMEOUT).and_then(|status| status.code()), Some(0));
}
