//! Start, shutdown, flags, files, logs.
//!
//! Catches: a shutdown that loses requests that had arrived or waits for a client that does not read, two
//! servers on one directory, a flag that is ignored, data that other users can read, a missing warning.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bookline_testkit::process::{
    Home, Process, Server, booklined, raise_open_files, spawn_failing, spawn_listening,
};
use bookline_testkit::{Conn, HANG_TIMEOUT};
use rustix::process::Signal;
use serde_json::Value;

/// The documented limit of a shutdown.
const SHUTDOWN_MAX: Duration = Duration::from_secs(5);

#[test]
fn shutdown_serves_the_requests_that_have_arrived() {
    // After SIGHUP a server under --durability interval keeps what it acknowledged, too.
    let hung_up = (Signal::HUP, "interval");
    for (signal, durability) in [(Signal::TERM, "always"), (Signal::INT, "always"), hung_up] {
        let mut server = Server::fresh_with(&["--durability", durability]);
        let mut conn = server.connect();
        conn.ask("CREATE x 2026-01-01 100000 id=x").ok();
        let mut idle = server.connect();
        assert!(idle.ask("PING").is_ok());
        conn.send_bytes("BOOK x 1\n".repeat(2_000));
        conn.reply().ok();
        let started = Instant::now();
        server.signal(signal);
        for n in 1..2_000 {
            assert!(conn.try_reply().unwrap_or_else(|error| panic!("reply {n}: {error}")).is_ok());
        }
        conn.expect_end();
        // An idle connection is closed without a reply: the server sends only replies.
        idle.expect_end();
        let status = server.process().wait(HANG_TIMEOUT).expect("it still runs");
        assert_eq!(status.code(), Some(0), "after {signal:?}");
        assert!(started.elapsed() < SHUTDOWN_MAX, "the shutdown took {:?}", started.elapsed());
        server.start_again();
        assert_eq!(server.connect().ask("GET x").number("available_tickets"), 98_000);
    }
}

#[test]
fn instance_of_hello_changes_with_each_start_and_with_nothing_else() {
    let mut server = Server::fresh();
    let instance = |server: &Server| server.connect().ask("HELLO").ok()["instance"].clone();
    let first = instance(&server);
    assert_eq!(first.as_str().map(str::len), Some(16));
    assert_eq!(instance(&server), first);
    server.stop();
    server.start_again();
    assert_ne!(instance(&server), first);
}

#[test]
fn shutdown_does_not_execute_an_incomplete_line() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 100000 id=x").ok();
    conn.send_bytes("PING\nBOOK x 1");
    assert!(conn.reply().is_ok());
    assert_eq!(server.stop().code(), Some(0));
    server.start_again();
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 100_000);
}

/// A client that requests large replies and reads nothing. Its connection must stay open during the test.
fn stalled(server: &Server) -> Conn {
    let mut conn = server.connect();
    conn.send_bytes("HELP\n".repeat(20_000));
    conn.stream().peek(&mut [0]).unwrap();
    conn
}

#[test]
fn shutdown_does_not_wait_for_a_client_that_does_not_read() {
    let mut server = Server::fresh();
    let _stalled = stalled(&server);
    let started = Instant::now();
    server.signal(Signal::TERM);
    let status = server.process().wait(HANG_TIMEOUT).expect("it still runs");
    assert_eq!(status.code(), Some(0));
    assert!(started.elapsed() < SHUTDOWN_MAX, "the shutdown took {:?}", started.elapsed());
    assert!(server.stderr().contains("waiting for its clients"), "{}", server.stderr());
}

/// Connects until the server refuses new connections: then it has handled the signal.
fn wait_for_refusal(server: &mut Server) {
    let until = Instant::now() + HANG_TIMEOUT;
    loop {
        assert!(Instant::now() < until, "new connections are still served");
        let mut late = Conn::try_open(server.addr())
            .unwrap_or_else(|error| panic!("a new connection is to be told SHUTTING_DOWN, not: {error}"));
        let _ = late.try_send_bytes(b"PING\n");
        match late.try_reply() {
            Ok(reply) if reply.is_ok() => {}
            Ok(reply) => {
                reply.err("SHUTTING_DOWN");
                late.expect_end();
                return;
            }
            Err(error) => panic!("a new connection is to be told SHUTTING_DOWN, not: {error}"),
        }
    }
}

#[test]
fn new_connections_get_shutting_down_during_a_shutdown() {
    let mut server = Server::fresh();
    let _stalled = stalled(&server);
    server.signal(Signal::TERM);
    wait_for_refusal(&mut server);
    let mut silent = server.connect();
    silent.reply().err("SHUTTING_DOWN");
    silent.expect_end();
    assert_eq!(server.process().wait(HANG_TIMEOUT).and_then(|status| status.code()), Some(0));
}

/// Signals within one second count as one. A later one ends the process at once.
#[test]
fn second_signal_ends_the_process_at_once() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 10 id=x").ok();
    let _stalled = stalled(&server);
    let started = Instant::now();
    let status = loop {
        server.signal(Signal::TERM);
        if let Some(status) = server.process().wait(Duration::from_millis(20)) {
            break status;
        }
    };
    let took = started.elapsed();
    assert_eq!(status.code(), Some(1), "{}", server.stderr());
    // A graceful shutdown would wait longer for the stalled client.
    assert!((Duration::from_secs(1)..Duration::from_millis(2500)).contains(&took), "it took {took:?}");
    assert!(server.stderr().contains("a second signal, SIGTERM"), "{}", server.stderr());
    server.start_again();
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 10);
}

/// Under nohup a server survives the end of its terminal.
#[test]
fn sighup_that_was_ignored_at_the_start_stays_ignored() {
    let home = Home::new();
    let (mut process, addr) = spawn_listening(&mut limited(&home, "trap '' HUP", &[]));
    process.signal(Signal::HUP);
    assert!(Conn::open(addr).ask("PING").is_ok());
    process.signal(Signal::TERM);
    assert_eq!(process.wait(HANG_TIMEOUT).and_then(|status| status.code()), Some(0));
    let stderr = process.stderr();
    assert!(stderr.contains("stopping because of SIGTERM"), "{stderr}");
}

/// A write beyond the file size limit fails like any other failed write.
#[test]
fn file_size_limit_fails_the_start_with_a_message() {
    let home = Home::new();
    let (status, stderr) = spawn_failing(&mut limited(&home, "ulimit -f 100", &["--segment-size", "1MiB"]));
    assert_eq!(status.code(), Some(1), "{status}: {stderr}");
    assert!(stderr.contains("booklined: "), "{stderr}");
}

/// Requests for snapshots share snapshots, also those of clients that disconnected, and do not delay a
/// shutdown.
#[test]
fn thousands_of_abandoned_snapshot_requests_do_not_delay_a_shutdown() {
    let mut server = Server::fresh();
    server.connect().ask("CREATE x 2026-01-01 100000 id=x").ok();
    let begun = Instant::now();
    for _ in 0..200 {
        let mut gone = server.connect();
        gone.send_bytes("BOOK x 1\nSNAPSHOT\n".repeat(10).as_bytes());
    }
    assert!(server.connect().ask("PING").is_ok());
    let started = Instant::now();
    assert_eq!(server.stop().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(5), "the shutdown took {:?}", started.elapsed());
    let made = server.stderr().lines().filter(|line| line.contains("snapshot made")).count();
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert!(made <= seconds + 2, "{made} snapshots in {seconds} seconds");
}

#[test]
fn shutdown_makes_everything_durable_under_any_durability() {
    for durability in ["always", "interval", "never"] {
        let mut server = Server::fresh_with(&["--durability", durability]);
        let mut conn = server.connect();
        conn.ask("CREATE x 2026-01-01 100000 id=x").ok();
        let booked = conn.ask_all(&vec!["BOOK x 3"; 1_000]);
        let last = booked[999].tickets();
        conn.ask("MEET F1 2026-11-21 10:00 talk F2").ok();
        assert_eq!(server.stop().code(), Some(0), "{durability}");
        server.start_again();
        let mut conn = server.connect();
        assert_eq!(conn.ask("GET x").number("available_tickets"), 97_000, "{durability}");
        conn.ask(&format!("TICKET {}", last[2])).ok();
        assert_eq!(conn.ask("GET F2 2026-11-21").ok()["schedule"][0]["time"], "10:00", "{durability}");
    }
}

#[test]
fn second_server_on_the_same_data_fails_with_the_pid() {
    let home = Home::new();
    let server = home.start(&[]);
    server.connect().ask("CREATE x 2026-01-01 10 id=x").ok();
    let (status, stderr) = home.start_fails(&[]);
    assert!(!status.success());
    assert!(stderr.contains(&server.pid().to_string()), "the pid {} is not named: {stderr}", server.pid());
    assert!(stderr.contains(&home.data().display().to_string()), "the directory is not named: {stderr}");
    assert_eq!(server.connect().ask("BOOK x 1").number("available_tickets"), 9);
}

#[test]
fn start_on_an_address_in_use_fails() {
    let server = Server::fresh();
    let home = Home::new();
    let addr = server.addr().to_string();
    let (status, stderr) = home.start_fails(&["--listen", &addr]);
    assert!(!status.success());
    assert!(stderr.contains(&addr), "the address is not named: {stderr}");
}

#[test]
fn every_flag_can_be_set_by_its_variable() {
    let home = Home::new();
    let mut command = Command::new(booklined());
    command.envs([
        ("BOOKLINE_LISTEN", "127.0.0.1:0"),
        ("BOOKLINE_DURABILITY", "interval"),
        ("BOOKLINE_MAX_CONNECTIONS", "2"),
        ("BOOKLINE_MAX_PER_ADDRESS", "2"),
        ("BOOKLINE_IDLE_TIMEOUT", "3s"),
        ("BOOKLINE_HOD", "boss"),
        ("BOOKLINE_TIME_ZONE", "Asia/Tokyo"),
        ("BOOKLINE_SHARDS", "4"),
        ("BOOKLINE_THREADS", "1"),
        ("BOOKLINE_SEGMENT_SIZE", "1MiB"),
        ("BOOKLINE_LOG_FORMAT", "json"),
    ]);
    let events = home.file(
        "events.json",
        r#"[{"id":"1","name":"Event 1","date":"2021-03-01","totalTickets":10,"availableTickets":5}]"#,
    );
    command.env("BOOKLINE_DATA_DIR", home.data()).env("BOOKLINE_IMPORT", events);
    let (mut process, addr) = spawn_listening(&mut command);
    let mut conn = Conn::open(addr);
    assert_eq!(conn.ask("GET 1").number("available_tickets"), 5);
    assert!(conn.ask("HOD boss").is_ok());
    conn.ask("HOD F10").err("FORBIDDEN");
    assert_eq!(conn.ask("HELLO").ok()["time_zone"], "Asia/Tokyo");
    let mut second = Conn::open(addr);
    assert!(second.ask("PING").is_ok());
    Conn::open(addr).reply().err("BUSY");
    second.reply().err("BUSY");
    assert!(home.data().is_dir());
    process.signal(Signal::TERM);
    assert_eq!(process.wait(HANG_TIMEOUT).and_then(|status| status.code()), Some(0));
    for line in process.stderr().lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry.is_object(), "{line}");
    }

    let mut command = home.command(&["--hod", "flag"]);
    command.env("BOOKLINE_HOD", "environment");
    let (_process, addr) = spawn_listening(&mut command);
    assert!(Conn::open(addr).ask("HOD flag").is_ok(), "a flag beats the environment");
}

/// Unit files and compose files set variables to the empty string to leave them unset.
#[test]
fn empty_variable_counts_as_unset() {
    let home = Home::new();
    let flags = home.command::<&str>(&["--listen", "127.0.0.1:0"]);
    let mut command = Command::new(booklined());
    command.args(flags.get_args().take(4)); // the data directory and the address
    for variable in [
        "BOOKLINE_LISTEN",
        "BOOKLINE_DATA_DIR",
        "BOOKLINE_DURABILITY",
        "BOOKLINE_MAX_CONNECTIONS",
        "BOOKLINE_MAX_PER_ADDRESS",
        "BOOKLINE_IDLE_TIMEOUT",
        "BOOKLINE_HOD",
        "BOOKLINE_TIME_ZONE",
        "BOOKLINE_SHARDS",
        "BOOKLINE_THREADS",
        "BOOKLINE_SEGMENT_SIZE",
        "BOOKLINE_SNAPSHOT_EVERY",
        "BOOKLINE_RESTORE",
        "BOOKLINE_IMPORT",
        "BOOKLINE_DEMO",
        "BOOKLINE_LOG_FORMAT",
        "BOOKLINE_TLS_CERT",
        "BOOKLINE_TLS_KEY",
        "BOOKLINE_TLS_LISTEN",
        "BOOKLINE_TLS_CLIENT_CA",
        "BOOKLINE_LISTEN_UNIX",
        "BOOKLINE_UNIX_ACCOUNTS",
        "BOOKLINE_INSECURE",
        "RUST_LOG",
    ] {
        command.env(variable, "");
    }
    let (mut process, addr) = spawn_listening(&mut command);
    assert!(Conn::open(addr).ask("HOD F10").is_ok());
    assert!(Conn::open(addr).ask("GET").rows.is_empty(), "no demo");
    process.signal(Signal::TERM);
    assert_eq!(process.wait(HANG_TIMEOUT).and_then(|status| status.code()), Some(0));

    let mut check = Command::new(booklined());
    check.arg("check").env("BOOKLINE_DATA_DIR", "").current_dir(home.data().parent().unwrap());
    let stderr = check.output().unwrap();
    let stderr = String::from_utf8_lossy(&[stderr.stdout, stderr.stderr].concat()).into_owned();
    assert!(stderr.contains("bookline-data"), "the default directory is looked at: {stderr}");
}

#[test]
fn demo_variable_accepts_the_usual_booleans() {
    for (value, loaded) in
        [("1", true), ("true", true), ("Yes", true), ("on", true), ("0", false), ("no", false)]
    {
        let home = Home::new();
        let (_process, addr) = spawn_listening(home.command::<&str>(&[]).env("BOOKLINE_DEMO", value));
        assert_eq!(!Conn::open(addr).ask("GET").rows.is_empty(), loaded, "BOOKLINE_DEMO={value}");
    }
    let (status, stderr) = spawn_failing(Home::new().command::<&str>(&[]).env("BOOKLINE_DEMO", "maybe"));
    assert_eq!(status.code(), Some(2), "{stderr}");
}

#[test]
fn listen_address_may_be_a_host_name() {
    let home = Home::new();
    let server = home.start(&["--listen", "localhost:0"]);
    assert!(server.addr().ip().is_loopback(), "{}", server.addr());
    assert!(server.connect().ask("PING").is_ok());
    // A label is longer than DNS allows, so that no name server is queried.
    let unknown = "x".repeat(64);
    let (status, stderr) = Home::new().start_fails(&["--listen", &format!("{unknown}:2665")]);
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(&format!("finding the addresses of {unknown}: ")), "{stderr}");
}

#[test]
fn invalid_flags_exit_with_2() {
    let home = Home::new();
    for flags in [
        &["--nonsense"][..],
        &["words"],
        &["--listen", "nowhere"],
        &["--listen", "127.0.0.1:99999"],
        &["--listen", "::1:2665"],
        &["--durability", "sometimes"],
        &["--max-connections", "many"],
        &["--max-connections", "-1"],
        &["--max-per-address", "0"],
        &["--idle-timeout", "10"],
        &["--idle-timeout", "31d"],
        &["--time-zone", "Mars/Olympus_Mons"],
        &["--shards", "0"],
        &["--shards", "3"],
        &["--threads", "0"],
        &["--threads", "1025"],
        &["--segment-size", "lots"],
        &["--segment-size", "767KiB"],
        &["--log-format", "xml"],
        &["--hod", "not/an/id"],
        &["--hod", ""],
        &["--hod"],
    ] {
        let (status, stderr) = home.start_fails(flags);
        assert_eq!(status.code(), Some(2), "{flags:?}: {stderr}");
        let wrong = flags.last().unwrap();
        assert!(stderr.contains(wrong), "the message of {flags:?} does not name the invalid value: {stderr}");
        assert!(!stderr.contains("panicked"), "{flags:?}: {stderr}");
    }
    assert!(!home.data().exists(), "invalid flags create no data directory");
    let mut command = home.command::<&str>(&[]);
    command.env("BOOKLINE_DURABILITY", "sometimes");
    assert_eq!(spawn_failing(&mut command).0.code(), Some(2), "a variable is validated like its flag");
}

#[test]
fn help_lists_flags_variables_and_defaults() {
    let mut process = Process::spawn(Command::new(booklined()).arg("--help"));
    let mut help = String::new();
    while let Some(line) = process.stdout_line() {
        help += &(line + "\n");
    }
    assert_eq!(process.wait(HANG_TIMEOUT).and_then(|status| status.code()), Some(0));
    for flag in [
        "listen",
        "data-dir",
        "durability",
        "max-connections",
        "max-per-address",
        "idle-timeout",
        "max-buffers",
        "max-tickets",
        "max-events",
        "max-person-hours",
        "max-holds",
        "max-ended-holds",
        "max-name-bytes",
        "hod",
        "time-zone",
        "shards",
        "threads",
        "segment-size",
        "import",
        "demo",
        "log-format",
    ] {
        assert!(help.contains(&format!("--{flag}")), "--help does not name --{flag}");
        let variable = format!("BOOKLINE_{}", flag.replace('-', "_").to_uppercase());
        assert!(help.contains(&variable), "--help does not name {variable}");
    }
    for default in ["127.0.0.1:2665", "bookline-data", "always", "10000", "F10", "64", "64MiB"] {
        assert!(help.contains(default), "--help does not name the default {default}");
    }
}

#[test]
fn tickets_are_found_after_the_ticket_key_is_kept_lost_or_invalid() {
    let home = Home::new();
    let key = home.data().join("ticket-key");
    let read = || fs::read_to_string(&key).expect("the server writes the key");
    let mut tickets = Vec::new();
    let mut book_and_find_all = || {
        let mut server = home.start(&[]);
        let mut conn = server.connect();
        if tickets.is_empty() {
            conn.ask("CREATE jazz 2030-01-01 1000 id=jazz").ok();
        }
        tickets.extend(conn.ask("BOOK jazz 3").tickets());
        for ticket in &tickets {
            assert_eq!(conn.ask(&format!("TICKET {ticket}")).ok()["event_id"], "jazz");
        }
        assert_eq!(server.stop().code(), Some(0));
        server.stderr()
    };
    book_and_find_all();
    let first = read();
    assert_eq!(first.trim_end().len(), 32, "{first:?}");
    assert!(!book_and_find_all().contains("ticket-key"));
    assert_eq!(read(), first, "it is kept");
    fs::remove_file(&key).expect("the file exists");
    assert!(!book_and_find_all().contains("ticket-key"));
    assert_ne!(read(), first);
    fs::write(&key, "no key\n").expect("write succeeds");
    let stderr = book_and_find_all();
    assert!(stderr.contains("the file ticket-key cannot be used, and another key is drawn"), "{stderr}");
    assert!(!book_and_find_all().contains("ticket-key"));
}

/// The numbers of shards and threads are not stored on disk.
#[test]
fn shards_and_threads_may_change_between_starts() {
    let home = Home::new();
    let mut tickets = Vec::new();
    for (cycle, (shards, threads)) in [("1", "1"), ("64", "2"), ("1024", "4"), ("2", "1")].iter().enumerate()
    {
        let mut server = home.start(&["--shards", shards, "--threads", threads]);
        let mut conn = server.connect();
        for n in 0..20 {
            if cycle == 0 {
                conn.ask(&format!("CREATE x{n} 2026-01-{:02} 100 id=x{n}", n + 1)).ok();
            }
            tickets.extend(conn.ask(&format!("BOOK x{n} 2")).tickets());
            conn.ask(&format!("MEET F{n} 2026-11-21 {cycle:02}:00 talk G{n},H{n}")).ok();
            let day = conn.ask(&format!("GET H{n} 2026-11-21"));
            assert_eq!(day.ok()["schedule"].as_array().unwrap().len(), cycle + 1);
        }
        for ticket in &tickets {
            conn.ask(&format!("TICKET {ticket}")).ok();
        }
        assert_eq!(conn.ask("GET").rows.len(), 20);
        assert_eq!(server.stop().code(), Some(0));
    }
}

#[test]
fn changed_time_zone_logs_a_warning() {
    let home = Home::new();
    home.start(&["--time-zone", "Asia/Tokyo"]).stop();
    let mut server = home.start(&["--time-zone", "UTC"]);
    server.connect().ask("BLOCK F1 2026-11-21 09:00").ok();
    server.stop();
    assert!(!server.stderr().contains("WARN"), "a warning without a reason: {}", server.stderr());
    let mut server = home.start(&["--time-zone", "Europe/Berlin"]);
    let day = server.connect().ask("GET F1 2026-11-21");
    assert_eq!(day.ok()["schedule"][0]["time"], "09:00", "hours are labels");
    server.stop();
    let stderr = server.stderr();
    let warning =
        stderr.lines().find(|line| line.contains("WARN")).unwrap_or_else(|| panic!("no warning: {stderr}"));
    assert!(warning.contains("UTC") && warning.contains("Europe/Berlin"), "both zones are named: {warning}");
}

/// The time zone is that of the flag, else that of TZ. An unsupported TZ logs a warning.
#[test]
fn variable_tz_sets_the_time_zone() {
    for (tz, flag, zone) in [
        (":Asia/Tokyo", None, Some("Asia/Tokyo")),
        ("Asia/Tokyo", Some("Europe/Berlin"), Some("Europe/Berlin")),
        ("CET-1CEST,M3.5.0,M10.5.0/3", None, None),
    ] {
        let home = Home::new();
        let mut command = Command::new(booklined());
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(home.data()).env("TZ", tz);
        command.args(flag.map(|zone| ["--time-zone", zone]).into_iter().flatten());
        let (mut process, addr) = spawn_listening(&mut command);
        let zone_shown = Conn::open(addr).ask("HELLO").ok()["time_zone"].clone();
        process.signal(Signal::TERM);
        process.wait(HANG_TIMEOUT).unwrap();
        let stderr = process.stderr();
        let warnings: Vec<&str> = stderr.lines().filter(|line| line.contains("WARN")).collect();
        match zone {
            Some(zone) => {
                assert_eq!((zone_shown.as_str(), warnings.len()), (Some(zone), 0), "TZ={tz}: {stderr}")
            }
            None => {
                assert!(warnings[0].contains("--time-zone") && warnings[0].contains(tz), "TZ={tz}: {stderr}")
            }
        }
    }
}

#[test]
fn listening_beyond_loopback_logs_a_warning() {
    let mut server = Home::new().start(&["--listen", "0.0.0.0:0", "--insecure"]);
    let mut conn = Conn::open(([127, 0, 0, 1], server.addr().port()).into());
    assert!(conn.ask("PING").is_ok());
    server.stop();
    let stderr = server.stderr();
    assert!(
        stderr.lines().any(|line| line.contains("WARN") && line.contains("0.0.0.0")),
        "no warning: {stderr}"
    );
}

#[test]
fn files_are_accessible_to_their_owner_only() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 1000000 id=x").ok();
    for _ in 0..15 {
        conn.ask("BOOK x 10000").ok(); // several segments
    }
    let home = server.home().clone();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let check = |when: &str| {
        assert_eq!(mode(&home.data()), 0o700, "the data directory, {when}");
        let found = home.listing();
        for path in &found {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(path), expected, "{}, {when}: {:o}", path.display(), mode(path));
        }
        assert!(found.len() > 7, "segments of 768 KiB do not rotate: {found:?}");
    };
    check("running");
    server.stop();
    check("stopped");
}

/// Ticket ids are bearer secrets.
#[test]
fn ticket_ids_are_not_logged() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 100000 id=x").ok();
    let tickets = conn.ask("BOOK x 100").tickets();
    for ticket in &tickets {
        conn.ask(&format!("TICKET {ticket}")).ok();
    }
    server.stop();
    let stderr = server.stderr();
    assert!(!stderr.is_empty(), "the log is empty");
    for ticket in &tickets {
        assert!(!stderr.contains(&ticket[9..]), "{ticket} is in the log");
    }
    assert_eq!(
        server.process().stdout_line(),
        None,
        "standard output has one line, and the log goes to standard error"
    );
}

#[test]
fn commands_are_logged_at_debug_level_only() {
    let home = Home::new();
    for (level, wanted) in [("info", false), ("debug", true)] {
        let mut command = home.command(&["--log-format", "json"]);
        let (mut process, addr) = spawn_listening(command.env("RUST_LOG", level));
        let mut conn = Conn::open(addr);
        conn.ask("BLOCK F1 2026-11-21 10:00");
        conn.ask("HOD F10").ok();
        process.signal(Signal::TERM);
        process.wait(HANG_TIMEOUT).unwrap();
        let stderr = process.stderr();
        for verb in ["BLOCK", "HOD"] {
            assert_eq!(stderr.contains(&format!("\"{verb}\"")), wanted, "{verb} at {level}: {stderr}");
        }
    }
}

/// A server started by a shell that sets a limit first.
fn limited(home: &Home, limit: &str, flags: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limit}; exec \"$0\" \"$@\""), booklined()]);
    command.args(home.command(flags).get_args());
    command
}

/// If threads cannot be started, the start fails with a message: no panic, no process that never listens.
#[test]
fn start_with_too_few_threads_fails_with_a_message() {
    let home = Home::new();
    // The stacks of a thousand threads need two gigabytes of address space.
    let (status, stderr) = spawn_failing(&mut limited(&home, "ulimit -v 1000000", &["--threads", "1024"]));
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("threads could be started") && stderr.contains("--threads"), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(!home.data().exists(), "nothing is touched");
}

#[test]
fn few_open_files_lower_the_limit_of_connections_with_a_warning() {
    if raise_open_files() < 2_000 {
        return println!("skipped: this process may not open enough files itself");
    }
    let home = Home::new();
    let (process, addr) =
        spawn_listening(&mut limited(&home, "ulimit -n 1024", &["--max-connections", "10000"]));
    assert!(process.wait_for_stderr(|stderr| stderr.lines().any(|line| line.contains("WARN"))), "no warning");
    let mut connected = Vec::new();
    let refused = loop {
        let mut conn = Conn::open(addr);
        let _ = conn.try_send_bytes(b"PING\n");
        let reply = conn.reply();
        if !reply.is_ok() {
            break reply;
        }
        connected.push(conn);
        assert!(connected.len() < 1024, "more connections than open files");
    };
    refused.err("BUSY");
    assert!(connected.len() > 200, "only {} connections with 1,024 open files", connected.len());
    // The journal can still open its next segments.
    connected[0].ask("CREATE x 2026-01-01 100000 id=x").ok();
    for _ in 0..10 {
        connected[0].ask("BOOK x 10000").ok();
    }
}

/// The soft limit of open files is raised to what is needed if the hard limit allows it.
#[test]
fn soft_limit_of_open_files_is_raised_without_a_warning() {
    let home = Home::new();
    let (process, addr) =
        spawn_listening(&mut limited(&home, "ulimit -Sn 64", &["--max-connections", "300"]));
    let mut connected: Vec<Conn> = (0..300).map(|_| Conn::open(addr)).collect();
    for conn in &mut connected {
        assert!(conn.ask("PING").is_ok());
    }
    Conn::open(addr).reply().err("BUSY");
    assert!(!process.stderr().contains("WARN"), "{}", process.stderr());
}
