//! A script on standard input: its bytes are sent unchanged, the replies are printed unchanged, and the exit
//! status sums them up.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::client::{Exited, bookline, run_with_input};
use crate::support::fake_server::{FakeServer, Peer};

/// A server that sends these replies after the end of the script, and returns what it received.
fn replies_at_end(replies: &'static [u8]) -> FakeServer<Vec<u8>> {
    FakeServer::greeted(move |mut peer| {
        let received = peer.read_to_end();
        peer.send_bytes(replies);
        received
    })
}

/// A server that answers each PING of a script at the end of the script, and returns the script.
fn answers_pings() -> FakeServer<String> {
    FakeServer::greeted(|mut peer| {
        let received = String::from_utf8(peer.read_to_end()).unwrap();
        peer.send(&"OK {}\n".repeat(received.matches("PING").count()));
        received
    })
}

fn run_script(addr: SocketAddr, script: impl Into<Vec<u8>>) -> Exited {
    run_with_input(bookline(addr, &[]), script)
}

/// Starts the client with these arguments and pipes.
fn spawn(addr: SocketAddr, args: &[&str]) -> (Child, ChildStdin) {
    let mut command = bookline(addr, args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut client = command.spawn().unwrap();
    let stdin = client.stdin.take().unwrap();
    (client, stdin)
}

/// Reads standard error to its end, which comes with that of the client. Standard input may stay open.
fn wait(mut client: Child) -> (Option<i32>, String) {
    let mut stderr = String::new();
    client.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (client.wait().unwrap().code(), stderr)
}

#[test]
fn script_is_sent_and_replies_are_printed_byte_for_byte() {
    let script =
        b"get  e \t\r\n# a comment\n\n \n\xff\xfb\x01\n\x80\nPING\r\0cReAtE \"a b\" x=\"\n\xc5\xbd\n";
    let replies =
        "ROW {\"a\": 1}\nOK {\"count\":1}\nERR BAD_REQUEST {\"message\":\"Ž\"}\nOK {}\nERR X {}\nERR Y {}\n";
    let fake = replies_at_end(replies.as_bytes());
    let client = run_script(fake.addr, *script);
    assert_eq!(fake.join(), script);
    let messages = "stdin:6: \u{fffd}: BAD_REQUEST: {\"message\":\"Ž\"}\n\
                    stdin:8: cReAtE \"a b\" x=\": X: {}\n\
                    stdin:9: Ž: Y: {}\n\
                    bookline: 3 of 5 failed (lines 6, 8, 9)\n";
    client.expect(1, replies, messages);
}

#[test]
fn last_line_without_line_feed_gets_one() {
    for (script, sent) in [
        ("PING", "PING\n"),
        ("PING\nPING", "PING\nPING\n"),
        ("PING\r", "PING\r\n"),
        ("PING\n# end", "PING\n# end\n"),
        ("PING\n  ", "PING\n  \n"),
    ] {
        let fake = answers_pings();
        let client = run_script(fake.addr, script);
        assert_eq!(fake.join(), sent);
        assert_eq!((client.exit, client.stderr.as_str()), (0, ""), "{script:?}");
    }
}

#[test]
fn script_without_commands_exits_0() {
    for script in ["", "\n", "# nothing\n\n"] {
        let fake = replies_at_end(b"");
        run_script(fake.addr, script).expect(0, "", "");
        assert_eq!(fake.join(), script.as_bytes());
    }
}

#[test]
fn replies_are_printed_while_the_script_goes_on() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {\"n\":1}\n");
        peer.expect("PING\n", "OK {\"n\":2}\n");
        assert_eq!(peer.read_to_end(), b"");
    });
    let (mut client, mut stdin) = spawn(fake.addr, &[]);
    let mut stdout = BufReader::new(client.stdout.take().unwrap()).lines();
    // The second command is written only after the reply to the first one.
    stdin.write_all(b"PING\n").unwrap();
    assert_eq!(stdout.next().unwrap().unwrap(), "OK {\"n\":1}");
    stdin.write_all(b"PING\n").unwrap();
    assert_eq!(stdout.next().unwrap().unwrap(), "OK {\"n\":2}");
    drop(stdin);
    assert_eq!(wait(client), (Some(0), String::new()));
    fake.join();
}

#[test]
fn client_reads_while_it_writes_100_000_commands() {
    const COMMANDS: usize = 100_000;
    // The server answers each line before it reads the next one. A client that only writes would deadlock
    // with it as soon as the buffers between them are full. Replies are four times as long as commands.
    let fake = FakeServer::greeted(|mut peer| {
        let reply = format!("OK {{\"text\":\"{}\"}}\n", "x".repeat(200));
        let mut count = 0;
        while !peer.read_line().is_empty() {
            peer.send(&reply);
            count += 1;
        }
        count
    });
    let script = format!("GET {}\n", "e".repeat(50)).repeat(COMMANDS);
    let client = run_script(fake.addr, script);
    assert_eq!(fake.join(), COMMANDS);
    assert_eq!((client.exit, client.stderr.as_str()), (0, ""));
    assert_eq!(client.stdout.lines().count(), COMMANDS);
}

#[test]
fn reply_of_5_mb_is_printed_whole() {
    let fake = FakeServer::greeted(|mut peer| {
        let reply = format!("OK {{\"text\":\"{}\"}}\n", "x".repeat(5_000_000));
        peer.expect("GET\n", &reply);
        reply
    });
    let client = run_script(fake.addr, "GET\n");
    client.expect(0, &fake.join(), "");
}

#[test]
fn lines_after_quit_are_not_sent_and_counted() {
    for quit in ["QUIT", "exit", "  Quit\r"] {
        let fake = FakeServer::greeted(|mut peer| {
            peer.expect("PING\n", "OK {}\n");
            peer.read_line();
            peer.send("OK {}\n");
            peer.read_to_end()
        });
        let script = format!("PING\n{quit}\n{}", "BOOK e 1\n".repeat(100_000));
        let message = "bookline: 100,000 lines after QUIT were not sent\n";
        run_script(fake.addr, script).expect(1, "OK {}\nOK {}\n", message);
        assert_eq!(fake.join(), b"");
    }
}

#[test]
fn quit_at_the_end_exits_0() {
    for rest in ["", "\n", "\n\n# the end\n  "] {
        let fake = FakeServer::greeted(|mut peer| {
            peer.expect("PING\n", "OK {}\n");
            peer.expect("QUIT\n", "OK {}\n");
        });
        run_script(fake.addr, format!("PING\nQUIT{rest}")).expect(0, "OK {}\nOK {}\n", "");
        fake.join();
    }
}

#[test]
fn quit_with_standard_input_open_exits_at_once() {
    let fake = FakeServer::greeted(|mut peer| peer.expect("QUIT\n", "OK {}\n"));
    // Standard input stays open.
    let (client, mut stdin) = spawn(fake.addr, &[]);
    stdin.write_all(b"QUIT\n").unwrap();
    assert_eq!(wait(client), (Some(0), String::new()));
    fake.join();
}

#[test]
fn refused_quit_does_not_end_the_script() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("QUIT\n", "ERR INTERNAL {}\n");
        peer.expect("PING\n", "OK {}\n");
        peer.expect("QUIT\n", "OK {}\n");
    });
    let message = "stdin:1: QUIT: INTERNAL: {}\n\
                   bookline: 1 of 3 failed (line 1)\n\
                   bookline: 1 line after QUIT was not sent\n";
    let client = run_script(fake.addr, "QUIT\nPING\nQUIT\nGET");
    client.expect(1, "ERR INTERNAL {}\nOK {}\nOK {}\n", message);
    fake.join();
}

#[test]
fn byte_order_mark_is_not_sent() {
    for (script, sent) in
        [("\u{feff}PING\n", "PING\n"), ("\u{feff}# comment\nPING\n", "# comment\nPING\n"), ("\u{feff}", "")]
    {
        let fake = answers_pings();
        let client = run_script(fake.addr, script);
        assert_eq!((fake.join().as_str(), client.exit), (sent, 0));
    }
}

#[test]
fn refusal_before_quit_exits_1() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("NO\n", "ERR UNKNOWN_COMMAND {}\n");
        peer.expect("QUIT\n", "OK {}\n");
    });
    let messages = "stdin:1: NO: UNKNOWN_COMMAND: {}\nbookline: 1 of 2 failed (line 1)\n";
    run_script(fake.addr, "NO\nQUIT\n").expect(1, "ERR UNKNOWN_COMMAND {}\nOK {}\n", messages);
    fake.join();
}

#[test]
fn connection_closed_before_the_last_reply_exits_4() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
        peer.send("ROW {\"a\":1}\nOK {\"cou");
    });
    let message = format!(
        "bookline: connection to {} lost; 2 commands went unanswered and may have been carried out\n",
        fake.addr
    );
    let client = run_script(fake.addr, "PING\nGET\nPING\n");
    client.expect(4, "OK {}\nROW {\"a\":1}\nOK {\"cou", &message);
    fake.join();
}

#[test]
fn change_in_doubt_says_how_to_find_out() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let message = format!(
        "bookline: connection to {} lost; 2 commands went unanswered and may have been carried out; look \
         before you send it again; with --retry 5 the client sends it again and finds out\n",
        fake.addr
    );
    run_script(fake.addr, "PING\nBOOK e 1\nPING\n").expect(4, "OK {}\n", &message);
    fake.join();
}

#[test]
fn connection_closed_with_standard_input_open_exits_3() {
    let fake = FakeServer::greeted(|mut peer| peer.expect("PING\n", "OK {}\n"));
    let message = format!("bookline: connection to {} lost\n", fake.addr);
    // Standard input stays open: the client must not wait for it.
    let (client, mut stdin) = spawn(fake.addr, &[]);
    stdin.write_all(b"PING\n").unwrap();
    assert_eq!(wait(client), (Some(3), message));
    fake.join();
}

#[test]
fn connection_closed_after_refused_quit_exits_4() {
    let fake = FakeServer::greeted(|mut peer| peer.expect("QUIT\n", "ERR INTERNAL {}\n"));
    let client = run_script(fake.addr, "QUIT\nPING\n");
    assert_eq!((client.exit, client.stdout.as_str()), (4, "ERR INTERNAL {}\n"));
    fake.join();
}

#[test]
fn missing_reply_times_out() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.read_to_end();
        // Returning the peer keeps the connection open.
        peer
    });
    let message = format!(
        "bookline: no answer from {} within 500ms; one command went unanswered and may have been \
         carried out\n",
        fake.addr
    );
    run_with_input(bookline(fake.addr, &["--timeout", "500ms"]), "PING\n").expect(4, "", &message);
    drop(fake.join());
}

#[test]
fn rows_that_keep_arriving_do_not_time_out() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.read_line();
        for _ in 0..8 {
            // A quarter of the client's timeout, eight times.
            thread::sleep(Duration::from_millis(250));
            peer.send("ROW {}\n");
        }
        peer.send("OK {\"count\":8}\n");
    });
    let client = run_with_input(bookline(fake.addr, &["--timeout", "1s"]), "GET\n");
    client.expect(0, &("ROW {}\n".repeat(8) + "OK {\"count\":8}\n"), "");
    fake.join();
}

#[test]
fn pause_in_the_script_does_not_time_out() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.expect("PING\n", "OK {}\n");
        assert_eq!(peer.read_to_end(), b"");
    });
    let (client, mut stdin) = spawn(fake.addr, &["--timeout", "500ms"]);
    for _ in 0..2 {
        // Longer than the client's timeout, with no reply outstanding.
        thread::sleep(Duration::from_millis(800));
        stdin.write_all(b"PING\n").unwrap();
    }
    drop(stdin);
    assert_eq!(wait(client), (Some(0), String::new()));
    fake.join();
}

#[test]
fn connection_left_open_after_the_last_reply_exits_0() {
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::greeted(&listener);
        peer.read_to_end();
        peer.send("OK {}\n");
        peer
    });
    run_with_input(bookline(fake.addr, &["--timeout", "500ms"]), "PING\n").expect(0, "OK {}\n", "");
    drop(fake.join());
}

#[test]
fn closed_standard_output_exits_0() {
    let fake = FakeServer::greeted(|mut peer| {
        while !peer.read_line().is_empty() {
            if peer.try_send("OK {}\n").is_err() {
                break;
            }
        }
    });
    let (mut client, mut stdin) = spawn(fake.addr, &[]);
    let feeder = thread::spawn(move || while stdin.write_all(b"PING\n").is_ok() {});
    let mut first = String::new();
    BufReader::new(client.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "OK {}\n");
    // Standard output is closed, as by `head -1`.
    assert_eq!(wait(client), (Some(0), String::new()));
    feeder.join().unwrap();
    fake.join();
}

#[test]
fn rejected_connection_prints_the_refusal_and_exits_3() {
    for code in ["BUSY", "SHUTTING_DOWN"] {
        let line = format!("ERR {code} {{\"message\":\"come back later\",\"retry\":true}}\n");
        for script in ["PING\n", "PING\nPING\n", ""] {
            let refusal = line.clone();
            // Servers send this without reading anything.
            let fake = FakeServer::new(move |mut peer| peer.send(&refusal));
            let message = format!("bookline: {} accepts no new connections\n", fake.addr);
            run_script(fake.addr, script).expect(3, &line, &message);
            fake.join();
        }
    }
}

#[test]
fn shutting_down_later_is_a_refusal() {
    let fake = replies_at_end(b"OK {}\nERR SHUTTING_DOWN {}\n");
    let client = run_script(fake.addr, "PING\nPING\n");
    let messages = "stdin:2: PING: SHUTTING_DOWN: {}\nbookline: 1 of 2 failed (line 2)\n";
    client.expect(1, "OK {}\nERR SHUTTING_DOWN {}\n", messages);
    fake.join();
}

#[test]
fn script_with_format_pretty_prints_sentences() {
    let fake = replies_at_end(
        br#"ERR SOLD_OUT {"message":"m","retry":false,"available":10,"requested":11}
OK {"name":"F1","date":"21-11-2026","schedule":[]}
"#,
    );
    let client =
        run_with_input(bookline(fake.addr, &["--format", "table"]), "BOOK e 11\nGET F1 21-11-2026\n");
    let messages = "stdin:1: BOOK e 11: Too few left: m.\nbookline: 1 of 2 failed (line 1)\n";
    client.expect(1, "Too few left: m.\nF1 on 2026-11-21: nothing there.\n", messages);
    fake.join();
}
