//! Refusals in a script: the messages on standard error, and the end of the script with `--stop-on-error`.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use bookline_testkit::rng::Rng;
use tempfile::TempDir;

use crate::support::client::{Exited, bookline, run, run_with_input};
use crate::support::fake_server::FakeServer;
use crate::support::real_server::RealServer;

const SOLD_OUT: &str = "ERR SOLD_OUT {\"message\":\"m\",\"retry\":false,\"available\":0,\"requested\":1}\n";

/// A server that refuses each line with a `x`, and grants the others. It returns the lines.
fn refuses_x() -> FakeServer<Vec<String>> {
    FakeServer::greeted(|mut peer| {
        let mut lines = Vec::new();
        loop {
            let line = peer.read_line();
            if line.is_empty() {
                return lines;
            }
            match line.trim_start_matches('\u{feff}').trim() {
                "" => {}
                text if text.starts_with('#') => {}
                text if text.contains('x') => peer.send(SOLD_OUT),
                _ => peer.send("OK {}\n"),
            }
            lines.push(line);
        }
    })
}

/// A script in a file of this name.
fn script_file(name: &str, script: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    fs::write(&path, script).unwrap();
    (directory, path)
}

fn run_file(addr: SocketAddr, flags: &[&str], script: &str) -> Exited {
    let (directory, path) = script_file("script.txt", script);
    let mut command = bookline(addr, flags);
    command.current_dir(directory.path()).arg("-f").arg(path.file_name().unwrap());
    run(command)
}

#[test]
fn refusal_names_the_file_the_line_and_the_message() {
    let script = "\u{feff}# a script\n\nBOOK e 1\nBOOK jazz x\r\n  BOOK x 1 key=0123456789abcdef\nBOOK e 1";
    let messages = "script.txt:4: BOOK jazz x: Sold out: m.\n\
                    script.txt:5:   BOOK x 1 key=...: Sold out: m.\n\
                    bookline: 2 of 4 failed (lines 4, 5)\n";
    for flags in [&[][..], &["--retry", "1"]] {
        let fake = refuses_x();
        let exited = run_file(fake.addr, flags, script);
        exited.expect(1, &format!("OK {{}}\n{SOLD_OUT}{SOLD_OUT}OK {{}}\n"), messages);
        assert_eq!(fake.join().len(), 6, "{flags:?}");
    }
}

#[test]
fn message_is_short_printable_and_one_line() {
    let reply = "ERR CONFLICT {\"message\":\"a\\nb\\u001b[2J\",\"retry\":false}\n";
    let fake = FakeServer::greeted(move |mut peer| {
        let lines = peer.read_to_end();
        peer.send(&reply.repeat(2));
        lines
    });
    let script = format!("\u{1b}[31mx\nMEET {}\n", "y".repeat(1_000));
    let exited = run_with_input(bookline(fake.addr, &[]), script);
    let messages = format!(
        "stdin:1: \\u{{1b}}[31mx: Conflict: a\n\
         stdin:2: MEET {}...: Conflict: a\n\
         bookline: 2 of 2 failed (lines 1, 2)\n",
        "y".repeat(75)
    );
    exited.expect(1, &reply.repeat(2), &messages);
    fake.join();
}

#[test]
fn script_stops_with_the_first_refusal() {
    let script = "# a\nBOOK a 1\n\nBOOK x 1\n# b\nBOOK b 1\nBOOK c 1\nBOOK d";
    let messages = "script.txt:4: BOOK x 1: Sold out: m.\n\
                    bookline: 1 of 2 failed (line 4)\n\
                    bookline: 3 lines were not sent, from line 6 on\n";
    for flags in [&["-e"][..], &["--stop-on-error", "--retry", "1"]] {
        let fake = refuses_x();
        run_file(fake.addr, flags, script).expect(1, &format!("OK {{}}\n{SOLD_OUT}"), messages);
        let sent: Vec<_> = fake.join().into_iter().filter(|line| line.starts_with("BOOK")).collect();
        assert_eq!(sent, ["BOOK a 1\n", "BOOK x 1\n"], "{flags:?}");
    }
}

#[test]
fn script_that_stops_on_errors_sends_each_command_after_the_reply_before() {
    let fake = FakeServer::greeted(|mut peer| {
        for lines in [&["PING\n"][..], &["\n", "# a\n", "PING\n"], &["PING\n"]] {
            lines.iter().for_each(|line| assert_eq!(peer.read_line(), *line));
            // Nothing else is there until the reply.
            assert!(peer.is_silent(), "a command was sent before the reply to the one before it");
            peer.send("OK {}\n");
        }
        assert_eq!(peer.read_to_end(), b"");
    });
    let exited = run_with_input(bookline(fake.addr, &["-e"]), "PING\n\n# a\nPING\nPING");
    exited.expect(0, "OK {}\nOK {}\nOK {}\n", "");
    fake.join();
}

#[test]
fn last_line_that_is_refused_leaves_nothing_unsent() {
    let fake = refuses_x();
    let messages = "stdin:2: x: Sold out: m.\nbookline: 1 of 2 failed (line 2)\n";
    let exited = run_with_input(bookline(fake.addr, &["-e", "-f", "-"]), "PING\nx\n# the end\n");
    exited.expect(1, &format!("OK {{}}\n{SOLD_OUT}"), messages);
    fake.join();
}

#[test]
fn many_refusals_are_all_reported_and_some_are_named() {
    let fake = refuses_x();
    let exited = run_with_input(bookline(fake.addr, &[]), "x\n".repeat(30_000));
    assert_eq!((exited.exit, exited.stdout.lines().count()), (1, 30_000));
    let messages: Vec<_> = exited.stderr.lines().collect();
    assert_eq!(messages.len(), 30_001);
    assert_eq!(messages[29_999], "stdin:30000: x: Sold out: m.");
    assert!(messages[30_000].starts_with("bookline: 30,000 of 30,000 failed (lines 1, 2, 3, "));
    assert!(messages[30_000].ends_with(", 19, 20 and 29,980 more)"), "{}", messages[30_000]);
    fake.join();
}

#[test]
fn both_outputs_in_one_file_are_in_order() {
    let fake = refuses_x();
    let (directory, path) = script_file("a", "PING\nx\n");
    let shown = directory.path().join("shown");
    // Both write at the end of the file, as with `>shown 2>&1`.
    let append = || fs::OpenOptions::new().append(true).create(true).open(&shown).unwrap();
    let mut command = bookline(fake.addr, &["-f"]);
    command.arg(&path).stdin(Stdio::null()).stdout(append()).stderr(append());
    assert_eq!(command.status().unwrap().code(), Some(1));
    let shown = fs::read_to_string(&shown).unwrap();
    let message = format!("{}:2: x: Sold out: m.\n", path.display());
    assert_eq!(shown, format!("OK {{}}\n{SOLD_OUT}{message}bookline: 1 of 2 failed (line 2)\n"));
    fake.join();
}

#[test]
fn file_that_cannot_be_read_exits_2() {
    let fake = FakeServer::greeted(|mut peer| peer.read_to_end());
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let exited = run(bookline(fake.addr, &["-f", missing.to_str().unwrap()]));
    let message = format!("bookline: cannot read {}: No such file", missing.display());
    assert_eq!((exited.exit, exited.stdout.as_str()), (2, ""));
    assert!(exited.stderr.starts_with(&message), "{}", exited.stderr);

    let exited = run(bookline(fake.addr, &["-f", directory.path().to_str().unwrap()]));
    assert_eq!((exited.exit, exited.stdout.as_str()), (2, ""));
    let message = format!("bookline: cannot read {}: Is a directory", directory.path().display());
    assert!(exited.stderr.starts_with(&message), "{}", exited.stderr);
    assert_eq!(fake.join(), b"");
}

#[test]
fn file_and_command_exclude_each_other() {
    let exited = run(bookline(([127, 0, 0, 1], 1).into(), &["-f", "script.txt", "PING"]));
    assert_eq!((exited.exit, exited.stdout.as_str()), (2, ""));
    assert!(exited.stderr.starts_with("error: "), "{}", exited.stderr);
}

/// Catches: a line number that is off behind blank lines, comments, long lines or ends of another kind.
#[test]
fn line_numbers_are_those_of_an_editor() {
    let mut rng = Rng::from_environment();
    let server = RealServer::start();
    for round in 0..10 {
        let (mut script, mut refused) = (String::new(), Vec::new());
        for number in 1..=rng.range(1, 300) {
            let line = ["", "# a comment", "PING", "NOSUCH", "PING", "   "][rng.below(6)];
            script.push_str(line);
            if rng.one_in(50) && line.starts_with('#') {
                script.push_str(&"x".repeat(10_000));
            }
            script.push_str(if rng.one_in(4) { "\r\n" } else { "\n" });
            if line == "NOSUCH" {
                refused.push(format!("stdin:{number}: NOSUCH: "));
            }
        }
        for flags in [&[][..], &["--retry", "1"]] {
            let exited = run_with_input(bookline(server.addr, flags), script.clone());
            let messages: Vec<_> = exited.stderr.lines().filter(|line| line.starts_with("stdin:")).collect();
            assert_eq!(messages.len(), refused.len(), "in round {round}");
            for (message, expected) in messages.iter().zip(&refused) {
                assert!(message.starts_with(expected), "in round {round}: {message}, not {expected}");
            }
        }
    }
}
