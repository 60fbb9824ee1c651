//! Start, stop, flags, files, logs.
//!
//! Catches: a stop that loses what had arrived or waits for a client who does not read, two servers on one directory, a
//! flag that is ignored, data that others can read, a warning that nobody gives.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::common::process::Process;
use crate::common::server::{BOOKLINED, Home, listening, raise_open_files, refused};
use crate::common::{Conn, PATIENCE, Server};

/// The promise for a stop.
const STOP: Duration = Duration::from_secs(5);

#[test]
fn a_stop_answers_what_has_arrived() {
    // Hung up, a server under --durability interval keeps what it acknowledged, too.
    let hung_up = (Signal::HUP, "interval");
    for (signal, durability) in [(Signal::TERM, "always"), (Signal::INT, "always"), hung_up] {
        let mut server = Server::fresh_with(&["--durability", durability]);
        let mut conn = server.connect();
        conn.ask("CREATE x 2026-01-01 100000 id=x").ok();
        let mut idle = server.connect();
        assert!(idle.ask("PING").is_ok());
        conn.send_bytes("BOOK x 1\n".repeat(2_000));
        conn.answer().ok();
        let asked = Instant::now();
        server.signal(signal);
        for n in 1..2_000 {
            assert!(conn.try_answer().unwrap_or_else(|error| panic!("reply {n}: {error}")).is_ok());
        }
        conn.expect_end();
        // The server speaks only when spoken to: an idle client sees the end, without a word.
        idle.expect_end();
        let status = server.process().wait(PATIENCE).expect("it still runs");
        assert_eq!(status.code(), Some(0), "after {signal:?}");
        assert!(asked.elapsed() < STOP, "the stop took {:?}", asked.elapsed());
        server.start_again();
        assert_eq!(server.connect().ask("GET x").number("available_tickets"), 98_000);
    }
}

#[test]
fn a_stop_executes_no_half_line() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 100000 id=x").ok();
    conn.send_bytes("PING\nBOOK x 1");
    assert!(conn.answer().is_ok());
    assert_eq!(server.stop().code(), Some(0));
    server.start_again();
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 100_000);
}

/// A client that asks for much and reads nothing; its connection must live as long as the test.
fn stalled(server: &Server) -> Conn {
    let mut conn = server.connect();
    conn.send_bytes("HELP\n".repeat(20_000));
    conn.stream().peek(&mut [0]).unwrap();
    conn
}

#[test]
fn a_stop_does_not_wait_for_a_client_who_does_not_read() {
    let mut server = Server::fresh();
    let _stalled = stalled(&server);
    let asked = Instant::now();
    server.signal(Signal::TERM);
    let status = server.process().wait(PATIENCE).expect("it still runs");
    assert_eq!(status.code(), Some(0));
    assert!(asked.elapsed() < STOP, "the stop took {:?}", asked.elapsed());
    assert!(server.stderr().contains("waiting for its clients"), "{}", server.stderr());
}

/// Connects until the server refuses new connections; at that point it has understood the signal.
fn until_newcomers_are_refused(server: &mut Server) {
    let until = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < until, "new connections are still served");
        let mut late = Conn::try_open(server.addr())
            .unwrap_or_else(|error| panic!("a new connection is to be told SHUTTING_DOWN, not: {error}"));
        let _ = late.try_send_bytes(b"PING\n");
        match late.try_answer() {
            Ok(answer) if answer.is_ok() => {}
            Ok(answer) => {
                answer.err("SHUTTING_DOWN");
                late.expect_end();
                return;
            }
            Err(error) => panic!("a new connection is to be told SHUTTING_DOWN, not: {error}"),
        }
    }
}

#[test]
fn newcomers_are_told_that_it_is_shutting_down() {
    let mut server = Server::fresh();
    let _stalled = stalled(&server);
    server.signal(Signal::TERM);
    until_newcomers_are_refused(&mut server);
    let mut silent = server.connect();
    silent.answer().err("SHUTTING_DOWN");
    silent.expect_end();
    assert_eq!(server.process().wait(PATIENCE).and_then(|status| status.code()), Some(0));
}

/// Signals within a second are one, however many; a later one ends it at once.
#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 10 id=x").ok();
    let _stalled = stalled(&server);
    let asked = Instant::now();
    let status = loop {
        server.signal(Signal::TERM);
        if let Some(status) = server.process().wait(Duration::from_millis(20)) {
            break status;
        }
    };
    let took = asked.elapsed();
    assert_eq!(status.code(), Some(1), "{}", server.stderr());
    // A client that is stalled keeps an orderly stop for longer.
    assert!((Duration::from_secs(1)..Duration::from_millis(2500)).contains(&took), "it took {took:?}");
    assert!(server.stderr().contains("a second signal, SIGTERM"), "{}", server.stderr());
    server.start_again();
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 10);
}

/// Under nohup a server outlives its terminal.
#[test]
fn a_hangup_that_was_ignored_at_the_start_stays_ignored() {
    let home = Home::new();
    let (mut process, addr) = listening(&mut limited(&home, "trap '' HUP", &[]));
    process.signal(Signal::HUP);
    assert!(Conn::open(addr).ask("PING").is_ok());
    process.signal(Signal::TERM);
    assert_eq!(process.wait(PATIENCE).and_then(|status| status.code()), Some(0));
    let said = process.stderr();
    assert!(said.contains("stopping because of SIGTERM"), "{said}");
}

/// A write beyond the limit of a file's size fails like any other, with a sentence.
#[test]
fn a_limit_of_file_size_does_not_kill_it_without_a_word() {
    let home = Home::new();
    let (status, said) = refused(&mut limited(&home, "ulimit -f 100", &["--segment-size", "1MiB"]));
    assert_eq!(status.code(), Some(1), "{status}: {said}");
    assert!(said.contains("booklined: "), "{said}");
}

/// Requests for snapshots are merged, also those of clients who are gone, and none keeps a stop waiting.
#[test]
fn thousands_of_abandoned_requests_for_snapshots_do_not_keep_a_stop_waiting() {
    let mut server = Server::fresh();
    server.connect().ask("CREATE x 2026-01-01 100000 id=x").ok();
    let begun = Instant::now();
    for _ in 0..200 {
        let mut gone = server.connect();
        gone.send_bytes("BOOK x 1\nSNAPSHOT\n".repeat(10).as_bytes());
    }
    assert!(server.connect().ask("PING").is_ok());
    let asked = Instant::now();
    assert_eq!(server.stop().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "the stop took {:?}", asked.elapsed());
    let made = server.stderr().lines().filter(|line| line.contains("snapshot made")).count();
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert!(made <= seconds + 2, "{made} snapshots in {seconds} seconds");
}

/// Whatever `--durability` says about a crash, an orderly stop keeps everything.
#[test]
fn a_stop_makes_everything_durable() {
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
fn a_second_server_on_the_same_data_is_refused_and_told_the_pid() {
    let home = Home::new();
    let server = home.start(&[]);
    server.connect().ask("CREATE x 2026-01-01 10 id=x").ok();
    let (status, said) = home.refused(&[]);
    assert!(!status.success());
    assert!(said.contains(&server.pid().to_string()), "the pid {} is not named: {said}", server.pid());
    assert!(said.contains(&home.data().display().to_string()), "the directory is not named: {said}");
    assert_eq!(server.connect().ask("BOOK x 1").number("available_tickets"), 9);
}

#[test]
fn an_address_in_use_is_refused() {
    let server = Server::fresh();
    let home = Home::new();
    let addr = server.addr().to_string();
    let (status, said) = home.refused(&["--listen", &addr]);
    assert!(!status.success());
    assert!(said.contains(&addr), "the address is not named: {said}");
}

#[test]
fn everything_can_be_set_by_environment() {
    let home = Home::new();
    let mut command = Command::new(BOOKLINED);
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
    let (mut process, addr) = listening(&mut command);
    let mut conn = Conn::open(addr);
    assert_eq!(conn.ask("GET 1").number("available_tickets"), 5);
    assert!(conn.ask("HOD boss").is_ok());
    conn.ask("HOD F10").err("FORBIDDEN");
    assert_eq!(conn.ask("HELLO").ok()["time_zone"], "Asia/Tokyo");
    let mut second = Conn::open(addr);
    assert!(second.ask("PING").is_ok());
    Conn::open(addr).answer().err("BUSY");
    second.answer().err("BUSY");
    assert!(home.data().is_dir());
    process.signal(Signal::TERM);
    assert_eq!(process.wait(PATIENCE).and_then(|status| status.code()), Some(0));
    for line in process.stderr().lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry.is_object(), "{line}");
    }

    let mut command = home.command(&["--hod", "flag"]);
    command.env("BOOKLINE_HOD", "environment");
    let (_process, addr) = listening(&mut command);
    assert!(Conn::open(addr).ask("HOD flag").is_ok(), "a flag beats the environment");
}

/// Unit files and compose files set variables to nothing where they mean that they are not set.
#[test]
fn an_empty_variable_counts_as_unset() {
    let home = Home::new();
    let flags = home.command::<&str>(&["--listen", "127.0.0.1:0"]);
    let mut command = Command::new(BOOKLINED);
    command.args(flags.get_args().take(4)); // the data directory and where to listen
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
        "RUST_LOG",
    ] {
        command.env(variable, "");
    }
    let (mut process, addr) = listening(&mut command);
    assert!(Conn::open(addr).ask("HOD F10").is_ok());
    assert!(Conn::open(addr).ask("GET").rows.is_empty(), "no demo");
    process.signal(Signal::TERM);
    assert_eq!(process.wait(PATIENCE).and_then(|status| status.code()), Some(0));

    let mut check = Command::new(BOOKLINED);
    check.arg("check").env("BOOKLINE_DATA_DIR", "").current_dir(home.data().parent().unwrap());
    let said = check.output().unwrap();
    let said = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
    assert!(said.contains("bookline-data"), "the default directory is looked at: {said}");
}

#[test]
fn the_demo_is_loaded_when_its_variable_says_so() {
    for (value, loaded) in
        [("1", true), ("true", true), ("Yes", true), ("on", true), ("0", false), ("no", false)]
    {
        let home = Home::new();
        let (_process, addr) = listening(home.command::<&str>(&[]).env("BOOKLINE_DEMO", value));
        assert_eq!(!Conn::open(addr).ask("GET").rows.is_empty(), loaded, "BOOKLINE_DEMO={value}");
    }
    let (status, said) = refused(Home::new().command::<&str>(&[]).env("BOOKLINE_DEMO", "maybe"));
    assert_eq!(status.code(), Some(2), "{said}");
}

#[test]
fn a_name_to_listen_on_is_looked_up() {
    let home = Home::new();
    let server = home.start(&["--listen", "localhost:0"]);
    assert!(server.addr().ip().is_loopback(), "{}", server.addr());
    assert!(server.connect().ask("PING").is_ok());
    // Longer than a name's part may be: no server of names is asked.
    let unknown = "x".repeat(64);
    let (status, said) = Home::new().refused(&["--listen", &format!("{unknown}:2665")]);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("finding the addresses of {unknown}: ")), "{said}");
}

#[test]
fn bad_flags_end_it_with_2() {
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
        &["--segment-size", "511KiB"],
        &["--log-format", "xml"],
        &["--hod", "not/an/id"],
        &["--hod", ""],
        &["--hod"],
    ] {
        let (status, said) = home.refused(flags);
        assert_eq!(status.code(), Some(2), "{flags:?}: {said}");
        let wrong = flags.last().unwrap();
        assert!(said.contains(wrong), "{flags:?} does not name what is wrong: {said}");
        assert!(!said.contains("panicked"), "{flags:?}: {said}");
    }
    assert!(!home.data().exists(), "nothing is touched by a start with bad flags");
    let mut command = home.command::<&str>(&[]);
    command.env("BOOKLINE_DURABILITY", "sometimes");
    assert_eq!(refused(&mut command).0.code(), Some(2), "the environment is judged like the flags");
}

#[test]
fn help_names_every_flag_and_variable_with_its_default() {
    let mut process = Process::spawn(Command::new(BOOKLINED).arg("--help"));
    let mut help = String::new();
    while let Some(line) = process.stdout_line() {
        help += &(line + "\n");
    }
    assert_eq!(process.wait(PATIENCE).and_then(|status| status.code()), Some(0));
    for flag in [
        "listen",
        "data-dir",
        "durability",
        "max-connections",
        "max-per-address",
        "idle-timeout",
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

/// Whatever the number of shards and threads, the data is the same: neither is known on disk.
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
fn a_changed_time_zone_is_warned_about() {
    let home = Home::new();
    let mut server = home.start(&["--time-zone", "UTC"]);
    server.connect().ask("BLOCK F1 2026-11-21 09:00").ok();
    server.stop();
    assert!(!server.stderr().contains("WARN"), "an ordinary life warns: {}", server.stderr());
    let mut server = home.start(&["--time-zone", "Europe/Berlin"]);
    let day = server.connect().ask("GET F1 2026-11-21");
    assert_eq!(day.ok()["schedule"][0]["time"], "09:00", "hours are labels");
    server.stop();
    let said = server.stderr();
    let warning =
        said.lines().find(|line| line.contains("WARN")).unwrap_or_else(|| panic!("no warning: {said}"));
    assert!(warning.contains("UTC") && warning.contains("Europe/Berlin"), "both zones are named: {warning}");
}

/// The zone is that of the flag, else that of TZ; what TZ says and nobody understands is warned about.
#[test]
fn the_variable_tz_names_the_zone() {
    for (tz, flag, zone) in [
        (":Asia/Tokyo", None, Some("Asia/Tokyo")),
        ("Asia/Tokyo", Some("Europe/Berlin"), Some("Europe/Berlin")),
        ("CET-1CEST,M3.5.0,M10.5.0/3", None, None),
    ] {
        let home = Home::new();
        let mut command = Command::new(BOOKLINED);
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(home.data()).env("TZ", tz);
        command.args(flag.map(|zone| ["--time-zone", zone]).into_iter().flatten());
        let (mut process, addr) = listening(&mut command);
        let told = Conn::open(addr).ask("HELLO").ok()["time_zone"].clone();
        process.signal(Signal::TERM);
        process.wait(PATIENCE).unwrap();
        let said = process.stderr();
        let warnings: Vec<&str> = said.lines().filter(|line| line.contains("WARN")).collect();
        match zone {
            Some(zone) => assert_eq!((told.as_str(), warnings.len()), (Some(zone), 0), "TZ={tz}: {said}"),
            None => {
                assert!(warnings[0].contains("--time-zone") && warnings[0].contains(tz), "TZ={tz}: {said}")
            }
        }
    }
}

#[test]
fn listening_elsewhere_than_on_loopback_is_warned_about() {
    let mut server = Home::new().start(&["--listen", "0.0.0.0:0"]);
    let mut conn = Conn::open(([127, 0, 0, 1], server.addr().port()).into());
    assert!(conn.ask("PING").is_ok());
    server.stop();
    let said = server.stderr();
    assert!(said.lines().any(|line| line.contains("WARN") && line.contains("0.0.0.0")), "no warning: {said}");
}

#[test]
fn the_files_are_for_the_owner_alone() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 100000 id=x").ok();
    for _ in 0..10 {
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
        assert!(found.len() > 7, "segments of 512 KiB do not rotate: {found:?}");
    };
    check("running");
    server.stop();
    check("stopped");
}

/// Ticket ids are bearer secrets.
#[test]
fn no_ticket_id_is_logged() {
    let mut server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 100000 id=x").ok();
    let tickets = conn.ask("BOOK x 100").tickets();
    for ticket in &tickets {
        conn.ask(&format!("TICKET {ticket}")).ok();
    }
    server.stop();
    let said = server.stderr();
    assert!(!said.is_empty(), "it logs nothing at all");
    for ticket in &tickets {
        assert!(!said.contains(&ticket[9..]), "{ticket} is in the log");
    }
    assert_eq!(
        server.process().stdout_line(),
        None,
        "standard output holds one line, logs go to standard error"
    );
}

#[test]
fn each_command_is_logged_at_debug_level() {
    let home = Home::new();
    for (level, wanted) in [("info", false), ("debug", true)] {
        let mut command = home.command(&["--log-format", "json"]);
        let (mut process, addr) = listening(command.env("RUST_LOG", level));
        let mut conn = Conn::open(addr);
        conn.ask("BLOCK F1 2026-11-21 10:00");
        conn.ask("HOD F10").ok();
        process.signal(Signal::TERM);
        process.wait(PATIENCE).unwrap();
        let said = process.stderr();
        for verb in ["BLOCK", "HOD"] {
            assert_eq!(said.contains(&format!("\"{verb}\"")), wanted, "{verb} at {level}: {said}");
        }
    }
}

/// A server from a shell that sets a limit first.
fn limited(home: &Home, limit: &str, flags: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limit}; exec \"$0\" \"$@\""), BOOKLINED]);
    command.args(home.command(flags).get_args());
    command
}

/// Threads that cannot be started end the start with a sentence: no panic, no process that never listens.
#[test]
fn too_few_threads_are_told() {
    let home = Home::new();
    // The stacks of a thousand threads need two gigabytes of addresses.
    let (status, said) = refused(&mut limited(&home, "ulimit -v 1000000", &["--threads", "1024"]));
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("threads could be started") && said.contains("--threads"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(!home.data().exists(), "nothing is touched");
}

/// With few open files to be had, the limit of connections is lowered with a warning instead of failing later.
#[test]
fn few_open_files_lower_the_limit_of_connections() {
    if raise_open_files() < 2_000 {
        return println!("not tested: this process may not open enough files itself");
    }
    let home = Home::new();
    let (process, addr) = listening(&mut limited(&home, "ulimit -n 1024", &["--max-connections", "10000"]));
    assert!(process.heard(|said| said.lines().any(|line| line.contains("WARN"))), "no warning");
    let mut inside = Vec::new();
    let refused = loop {
        let mut conn = Conn::open(addr);
        let _ = conn.try_send_bytes(b"PING\n");
        let answer = conn.answer();
        if !answer.is_ok() {
            break answer;
        }
        inside.push(conn);
        assert!(inside.len() < 1024, "more connections than open files");
    };
    refused.err("BUSY");
    assert!(inside.len() > 200, "only {} connections with 1,024 open files", inside.len());
    // Room for the journal's next segments was left.
    inside[0].ask("CREATE x 2026-01-01 100000 id=x").ok();
    for _ in 0..10 {
        inside[0].ask("BOOK x 10000").ok();
    }
}

/// The soft limit of open files is raised to fit, without a warning, when the hard limit allows it.
#[test]
fn the_soft_limit_of_open_files_is_raised() {
    let home = Home::new();
    let (process, addr) = listening(&mut limited(&home, "ulimit -Sn 64", &["--max-connections", "300"]));
    let mut inside: Vec<Conn> = (0..300).map(|_| Conn::open(addr)).collect();
    for conn in &mut inside {
        assert!(conn.ask("PING").is_ok());
    }
    Conn::open(addr).answer().err("BUSY");
    assert!(!process.stderr().contains("WARN"), "{}", process.stderr());
}
