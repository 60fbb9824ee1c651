//! A command given as arguments: what is sent, what is printed, and the exit status.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::client::{Exited, bookline, bookline_without_address, run, send_sigint};
use crate::support::fake_server::{FakeServer, Peer, one_shot};

#[test]
fn words_are_quoted_where_the_protocol_requires_it() {
    for (words, line) in [
        (&["BOOK", "rustconf", "2"][..], "BOOK rustconf 2\n"),
        (&["BOOK", "e", "-1"], "BOOK e -1\n"),
        (&["GET", "--", "--help"], "GET --help\n"),
        (&["CREATE", "a=b", "2026-12-01", "3"], "CREATE \"a=b\" 2026-12-01 3\n"),
        (&["CREATE", "id=x", "--", "id=y", "2026-12-01", "3"], "CREATE id=x \"id=y\" 2026-12-01 3\n"),
        (&["--", "--help"], "--help\n"),
        (
            &["CREATE", "Rust Conf", "2026-12-31", "100", "id=My Event"],
            "CREATE \"Rust Conf\" 2026-12-31 100 id=\"My Event\"\n",
        ),
        (&["CREATE", "say \"hi\" \\ o/", ""], "CREATE \"say \\\"hi\\\" \\\\ o/\" \"\"\n"),
        (&["MEET", "F1", "Žižka\tand\nfriends"], "MEET F1 \"Žižka\\tand\\nfriends\"\n"),
        (&["PING\nQUIT"], "\"PING\\nQUIT\"\n"),
        (&["# no comment"], "\"# no comment\"\n"),
        (&[""], "\"\"\n"),
        (&["help", "book"], "help book\n"),
    ] {
        let (sent, client) = one_shot(words, "OK {}\n");
        assert_eq!(sent, line);
        client.expect(0, "OK {}\n", "");
    }
}

#[test]
fn reply_is_printed_and_decides_the_exit_status() {
    let listing = "ROW {\"id\": \"a\"}\nROW {}\nOK {\"count\":2}\n";
    one_shot(&["GET"], listing).1.expect(0, listing, "");

    let refusal = "ERR SOLD_OUT {\"message\":\"m\",\"retry\":false,\"available\":1,\"requested\":2}\n";
    one_shot(&["BOOK", "e", "2"], refusal).1.expect(5, refusal, "");
    for (code, exit) in [("CONFLICT", 5), ("NOT_FOUND", 6), ("LIMIT", 1), ("NEW_CODE", 1)] {
        let refusal = format!("ERR {code} {{\"message\":\"m\",\"retry\":false}}\n");
        one_shot(&["BOOK", "e", "2"], &refusal).1.expect(exit, &refusal, "");
    }

    let cut = "ROW {}\nERR INTERNAL {\"message\":\"m\",\"retry\":false}\n";
    one_shot(&["GET"], cut).1.expect(1, cut, "");

    one_shot(&["QUIT"], "OK {}\n").1.expect(0, "OK {}\n", "");
}

#[test]
fn connection_closed_before_the_reply_exits_4() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("BOOK e 1\n", "OK {\"event_id\"");
    });
    let message = format!(
        "bookline: connection to {} lost; one command went unanswered and may have been carried out; look \
         before you send it again; with --retry 5 the client sends it again and finds out\n",
        fake.addr
    );
    run(bookline(fake.addr, &["BOOK", "e", "1"])).expect(4, "OK {\"event_id\"", &message);
    fake.join();
}

#[test]
fn missing_reply_times_out() {
    let fake = FakeServer::greeted(|mut peer| peer.read_to_end());
    let mut command = bookline(fake.addr, &["PING"]);
    command.env("BOOKLINE_TIMEOUT", "150ms");
    let client = run(command);
    assert_eq!(client.exit, 4);
    assert!(client.stderr.contains(" within 150ms"), "{}", client.stderr);
    fake.join();
}

#[test]
fn ctrl_c_exits_4_for_a_change_and_130_otherwise() {
    for (words, exit, message) in [
        (&["BOOK", "e", "1"][..], 4, "bookline: interrupted; the change was sent and may have been made\n"),
        (&["GET"], 130, "bookline: interrupted after 1,234 rows\n"),
        (&["PING"], 130, "bookline: interrupted\n"),
    ] {
        let (received, waits) = mpsc::channel();
        let fake = FakeServer::greeted(move |mut peer| {
            if peer.read_line() == "GET\n" {
                peer.send(&"ROW {}\n".repeat(1_234));
            }
            received.send(()).unwrap();
            peer.read_to_end()
        });
        let mut command = bookline(fake.addr, words);
        let mut client =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        waits.recv().unwrap();
        if words == ["GET"] {
            // The message counts the rows that were printed.
            client.stdout.as_mut().unwrap().read_exact(&mut vec![0; 7 * 1_234]).unwrap();
        }
        send_sigint(&client);
        let client: Exited = client.wait_with_output().unwrap().into();
        assert_eq!((client.exit, client.stderr.as_str()), (exit, message), "{words:?}");
        fake.join();
    }
}

#[test]
fn rejected_connection_prints_the_refusal_and_exits_3() {
    let busy = "ERR BUSY {\"message\":\"come back later\",\"retry\":true}\n";
    let fake = FakeServer::new(|mut peer| peer.send(busy));
    let message = format!("bookline: {} accepts no new connections\n", fake.addr);
    run(bookline(fake.addr, &["PING"])).expect(3, busy, &message);
    fake.join();
}

#[test]
fn peer_that_is_not_bookline_is_sent_no_command() {
    let long_line = "x".repeat(5_000);
    for (reply, beginning) in [
        ("SSH-2.0-OpenSSH_10.0\r\n", "SSH-2.0-OpenSSH_10.0"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        ("OK {\"server\":\"other\"}\n", "OK {\"server\":\"other\"}"),
        // A line without an end.
        (&long_line, &"x".repeat(200)),
    ] {
        let reply = reply.to_owned();
        let fake = FakeServer::new(move |mut peer| {
            peer.expect("HELLO\n", &reply);
            peer.read_to_end()
        });
        let message =
            format!("bookline: {} is not a bookline server: it answered HELLO with \"{beginning}", fake.addr);
        let client = run(bookline(fake.addr, &["--timeout", "60s", "BOOK", "e", "1"]));
        assert_eq!((client.exit, client.stdout.as_str()), (3, ""));
        assert!(client.stderr.starts_with(&message), "{}", client.stderr);
        assert_eq!(fake.join(), b"");
    }
}

#[test]
fn peer_that_sends_byte_by_byte_times_out() {
    let fake = FakeServer::new(|mut peer| {
        peer.read_line();
        while peer.try_send("x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let client = run(bookline(fake.addr, &["--timeout", "300ms", "PING"]));
    assert_eq!(client.exit, 3);
    assert!(
        client.stderr.contains(" is not a bookline server: it answered HELLO with \"xxx"),
        "{}",
        client.stderr
    );
    fake.join();
}

#[test]
fn max_time_bounds_the_whole_reply() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.read_line();
        while peer.try_send("ROW {}\n").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let client = run(bookline(fake.addr, &["--max-time", "300ms", "GET"]));
    let message = "took more than the 300ms of --max-time; one command went unanswered";
    assert_eq!(client.exit, 4);
    assert!(client.stdout.starts_with("ROW {}\n") && client.stderr.contains(message), "{client:?}");
    fake.join();
}

#[test]
fn reply_line_without_end_is_abandoned() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.read_line();
        while peer.try_send(&"x".repeat(1 << 20)).is_ok() {}
    });
    let mut client = bookline(fake.addr, &["GET"]);
    client.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = client.spawn().unwrap().wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(message.contains(" sent a line of more than 64 MiB that has no end"), "{message}");
    fake.join();
}

#[test]
fn refused_connection_exits_3() {
    // A port that was free a moment ago: nothing listens on it.
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = run(bookline(addr, &["PING"]));
    assert_eq!((client.exit, client.stdout.as_str()), (3, ""));
    assert!(client.stderr.starts_with(&format!("bookline: cannot connect to {addr}: ")), "{}", client.stderr);
}

#[test]
fn invalid_arguments_exit_2_and_send_nothing() {
    let fake = FakeServer::with_listener(|listener| {
        // Only the last of the clients below connects.
        let mut peer = Peer::greeted(&listener);
        peer.expect("PING\n", "OK {}\n");
    });
    for invalid in [
        &["--adr", "x", "PING"][..],
        &["--timeout", "0", "PING"],
        &["--timeout", "soon", "PING"],
        &["--format", "xml", "PING"],
        &["--addr", "a:b", "PING"],
        &["-x"],
        &["PING", "--timeout", "5"],
        &["GET", "--help"],
        &["GET", "e", "--format=raw"],
    ] {
        let mut command = bookline_without_address();
        command.env("BOOKLINE_ADDR", fake.addr.to_string()).args(invalid);
        let client = run(command);
        assert_eq!((client.exit, client.stdout.as_str()), (2, ""), "{invalid:?}");
        assert!(client.stderr.starts_with("error: "), "{invalid:?}: {}", client.stderr);
    }
    let mut command = bookline_without_address();
    command.env("BOOKLINE_ADDR", fake.addr.to_string()).arg("PING");
    run(command).expect(0, "OK {}\n", "");
    fake.join();
}

#[test]
fn empty_environment_variable_counts_as_unset() {
    let fake = FakeServer::greeted(|mut peer| peer.expect("PING\n", "OK {}\n"));
    let mut command = bookline(fake.addr, &["PING"]);
    command.env("BOOKLINE_ADDR", "").env("BOOKLINE_TIMEOUT", "").env("BOOKLINE_MAX_TIME", "");
    run(command).expect(0, "OK {}\n", "");
    fake.join();
    let mut command = bookline_without_address();
    command.args(["--timeout", "50ms", "PING"]).env("BOOKLINE_ADDR", "");
    assert!(!run(command).stderr.starts_with("error: "));
}

#[test]
fn full_disk_on_standard_output_exits_2() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let fake = FakeServer::greeted(|mut peer| peer.expect("PING\n", "OK {}\n"));
    let mut help = bookline_without_address();
    help.arg("--help");
    for mut command in [bookline(fake.addr, &["PING"]), help] {
        let output = command.stdin(Stdio::null()).stdout(full()).stderr(Stdio::piped()).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(message.starts_with("bookline: cannot write standard output: No space left"), "{message}");
    }
    fake.join();
}

#[test]
fn help_and_version_need_no_server_and_80_columns() {
    for (words, expected) in [
        (&["-h"][..], "--addr"),
        (&["--help"], "BOOKLINE_ADDR"),
        (&["--help"], "Exit status:"),
        (&["bench", "-h"], "--yes"),
        (&["bench", "--help"], "Exit status:"),
        (&["ics", "--help"], "Exit status:"),
        (&["week", "--help"], "Exit status:"),
        (&["day", "--help"], "Exit status:"),
        (&["watch", "--help"], "--resync"),
        (&["import-ics", "--help"], "This is not one commit"),
    ] {
        let mut command = bookline_without_address();
        command.args(words);
        let client = run(command);
        assert_eq!((client.exit, client.stderr.as_str()), (0, ""));
        assert!(client.stdout.contains(expected), "{expected} is missing in\n{}", client.stdout);
        let longest = client.stdout.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 80, "{words:?}: {longest} columns in\n{}", client.stdout);
    }
    let mut command = bookline_without_address();
    command.arg("--version");
    run(command).expect(0, concat!("bookline ", env!("CARGO_PKG_VERSION"), "\n"), "");
}
