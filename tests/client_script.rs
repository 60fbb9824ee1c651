//! The client reads commands from a pipe: what goes out is what came in, what is printed is what was answered, and the
//! exit status tells a script how it went.

mod client_fake;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use client_fake::{Fake, Peer, bookline, pipe};

/// A server that answers the whole script at its end, and returns what it got.
fn answers_at_end(answers: &'static [u8]) -> Fake<Vec<u8>> {
    Fake::greeted(move |mut peer| {
        let received = peer.rest();
        peer.say_bytes(answers);
        received
    })
}

#[test]
fn bytes_go_out_as_they_come_and_answers_are_printed_as_they_are() {
    let script =
        b"get  e \t\r\n# a comment\n\n \n\xff\xfb\x01\n\x80\nPING\r\0cReAtE \"a b\" x=\"\n\xc5\xbd\n";
    let answers = b"ROW {\"a\": 1}\nOK {\"count\":1}\nERR BAD_REQUEST {\"message\":\"\xc5\xbd\"}\nOK {}\nERR X {}\nERR Y {}\n";
    let fake = answers_at_end(answers);
    let ran = pipe(bookline(fake.addr, &[]), *script);
    assert_eq!(fake.end(), script);
    ran.expect(1, std::str::from_utf8(answers).unwrap(), "");
}

#[test]
fn the_last_line_gets_the_end_that_it_lacks() {
    for (script, sent) in [
        ("PING", "PING\n"),
        ("PING\nPING", "PING\nPING\n"),
        ("PING\r", "PING\r\n"),
        ("PING\n# end", "PING\n# end\n"),
        ("PING\n  ", "PING\n  \n"),
    ] {
        let fake = Fake::greeted(|mut peer| {
            let received = String::from_utf8(peer.rest()).unwrap();
            peer.say(&"OK {}\n".repeat(received.matches("PING").count()));
            received
        });
        let ran = pipe(bookline(fake.addr, &[]), script);
        assert_eq!(fake.end(), sent);
        assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""), "{script:?}");
    }
}

#[test]
fn a_script_without_commands_is_fine() {
    for script in ["", "\n", "# nothing\n\n"] {
        let fake = answers_at_end(b"");
        pipe(bookline(fake.addr, &[]), script).expect(0, "", "");
        assert_eq!(fake.end(), script.as_bytes());
    }
}

#[test]
fn answers_are_printed_while_the_script_still_runs() {
    let fake = Fake::greeted(|mut peer| {
        peer.expect("PING\n", "OK {\"n\":1}\n");
        peer.expect("PING\n", "OK {\"n\":2}\n");
        assert_eq!(peer.rest(), b"");
    });
    let mut client = bookline(fake.addr, &[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = client.stdin.take().unwrap();
    let mut stdout = BufReader::new(client.stdout.take().unwrap()).lines();
    // The second command is only given once the first is answered.
    stdin.write_all(b"PING\n").unwrap();
    assert_eq!(stdout.next().unwrap().unwrap(), "OK {\"n\":1}");
    stdin.write_all(b"PING\n").unwrap();
    assert_eq!(stdout.next().unwrap().unwrap(), "OK {\"n\":2}");
    drop(stdin);
    assert!(client.wait().unwrap().success());
    fake.end();
}

#[test]
fn a_hundred_thousand_commands_to_a_server_that_reads_no_further_than_it_may_write() {
    const COMMANDS: usize = 100_000;
    // One thread that answers each line before it reads the next: with a client that only writes, both would wait for
    // ever as soon as the buffers between them are full. Answers are four times as long as commands.
    let fake = Fake::greeted(|mut peer| {
        let answer = format!("OK {{\"text\":\"{}\"}}\n", "x".repeat(200));
        let mut count = 0;
        while !peer.line().is_empty() {
            peer.say(&answer);
            count += 1;
        }
        count
    });
    let script = format!("GET {}\n", "e".repeat(50)).repeat(COMMANDS);
    let ran = pipe(bookline(fake.addr, &[]), script);
    assert_eq!(fake.end(), COMMANDS);
    assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout.lines().count(), COMMANDS);
}

#[test]
fn an_answer_may_be_one_very_long_line() {
    let fake = Fake::greeted(|mut peer| {
        let answer = format!("OK {{\"text\":\"{}\"}}\n", "x".repeat(5_000_000));
        peer.expect("GET\n", &answer);
        answer
    });
    let ran = pipe(bookline(fake.addr, &[]), "GET\n");
    ran.expect(0, &fake.end(), "");
}

#[test]
fn lines_behind_a_quit_are_not_sent_and_told() {
    for quit in ["QUIT", "exit", "  Quit\r"] {
        let fake = Fake::greeted(|mut peer| {
            peer.expect("PING\n", "OK {}\n");
            peer.line();
            peer.say("OK {}\n");
            peer.rest()
        });
        let script = format!("PING\n{quit}\n{}", "BOOK e 1\n".repeat(100_000));
        let told = "bookline: 100,000 lines after QUIT were not sent\n";
        pipe(bookline(fake.addr, &[]), script).expect(1, "OK {}\nOK {}\n", told);
        assert_eq!(fake.end(), b"");
    }
}

#[test]
fn a_quit_at_the_end_is_a_good_end() {
    for behind in ["", "\n", "\n\n# the end\n  "] {
        let fake = Fake::greeted(|mut peer| {
            peer.expect("PING\n", "OK {}\n");
            peer.expect("QUIT\n", "OK {}\n");
        });
        pipe(bookline(fake.addr, &[]), format!("PING\nQUIT{behind}")).expect(0, "OK {}\nOK {}\n", "");
        fake.end();
    }
}

#[test]
fn whoever_types_a_quit_is_not_waited_for() {
    let fake = Fake::greeted(|mut peer| peer.expect("QUIT\n", "OK {}\n"));
    let mut command = bookline(fake.addr, &[]);
    let mut client = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // Standard input stays open.
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(b"QUIT\n").unwrap();
    assert_eq!(client.wait().unwrap().code(), Some(0));
    fake.end();
}

#[test]
fn a_quit_that_is_refused_ends_nothing() {
    let fake = Fake::greeted(|mut peer| {
        peer.expect("QUIT\n", "ERR INTERNAL {}\n");
        peer.expect("PING\n", "OK {}\n");
        peer.expect("QUIT\n", "OK {}\n");
    });
    let told = "bookline: 1 line after QUIT was not sent\n";
    let ran = pipe(bookline(fake.addr, &[]), "QUIT\nPING\nQUIT\nGET");
    ran.expect(1, "ERR INTERNAL {}\nOK {}\nOK {}\n", told);
    fake.end();
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    for (script, sent) in
        [("\u{feff}PING\n", "PING\n"), ("\u{feff}# comment\nPING\n", "# comment\nPING\n"), ("\u{feff}", "")]
    {
        let fake = Fake::greeted(|mut peer| {
            let received = String::from_utf8(peer.rest()).unwrap();
            peer.say(&"OK {}\n".repeat(received.matches("PING").count()));
            received
        });
        let ran = pipe(bookline(fake.addr, &[]), script);
        assert_eq!((fake.end().as_str(), ran.exit), (sent, 0));
    }
}

#[test]
fn a_quit_after_a_refusal_still_tells_of_the_refusal() {
    let fake = Fake::greeted(|mut peer| {
        peer.expect("NO\n", "ERR UNKNOWN_COMMAND {}\n");
        peer.expect("QUIT\n", "OK {}\n");
    });
    pipe(bookline(fake.addr, &[]), "NO\nQUIT\n").expect(1, "ERR UNKNOWN_COMMAND {}\nOK {}\n", "");
    fake.end();
}

#[test]
fn a_connection_that_ends_too_early_is_lost() {
    let fake = Fake::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.rest();
        peer.say("ROW {\"a\":1}\nOK {\"cou");
    });
    let told = format!(
        "bookline: connection to {} lost; 2 commands went unanswered and may have been carried out\n",
        fake.addr
    );
    let ran = pipe(bookline(fake.addr, &[]), "PING\nGET\nPING\n");
    ran.expect(4, "OK {}\nROW {\"a\":1}\nOK {\"cou", &told);
    fake.end();
}

#[test]
fn a_server_that_goes_while_there_is_more_to_come_is_lost() {
    let fake = Fake::greeted(|mut peer| peer.expect("PING\n", "OK {}\n"));
    let told = format!("bookline: connection to {} lost\n", fake.addr);
    let mut client = bookline(fake.addr, &[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Standard input stays open: the client must not wait for it.
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(b"PING\n").unwrap();
    let mut stderr = String::new();
    client.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(client.wait().unwrap().code(), Some(3));
    assert_eq!(stderr, told);
    fake.end();
}

#[test]
fn a_quit_that_was_refused_is_no_good_end() {
    let fake = Fake::greeted(|mut peer| peer.expect("QUIT\n", "ERR INTERNAL {}\n"));
    let ran = pipe(bookline(fake.addr, &[]), "QUIT\nPING\n");
    assert_eq!((ran.exit, ran.stdout.as_str()), (4, "ERR INTERNAL {}\n"));
    fake.end();
}

#[test]
fn a_server_that_never_answers_is_waited_for_and_no_longer() {
    let fake = Fake::greeted(|mut peer| {
        peer.rest();
        // Kept, so that the connection stays open.
        peer
    });
    let told = format!(
        "bookline: no answer from {} within 500ms; one command went unanswered and may have been carried out\n",
        fake.addr
    );
    pipe(bookline(fake.addr, &["--timeout", "500ms"]), "PING\n").expect(4, "", &told);
    drop(fake.end());
}

#[test]
fn a_server_that_keeps_answering_is_not_silent_however_long_it_takes() {
    let fake = Fake::greeted(|mut peer| {
        peer.line();
        for _ in 0..8 {
            // A quarter of the client's patience, eight times.
            thread::sleep(Duration::from_millis(250));
            peer.say("ROW {}\n");
        }
        peer.say("OK {\"count\":8}\n");
    });
    let ran = pipe(bookline(fake.addr, &["--timeout", "1s"]), "GET\n");
    ran.expect(0, &("ROW {}\n".repeat(8) + "OK {\"count\":8}\n"), "");
    fake.end();
}

#[test]
fn a_script_that_takes_its_time_keeps_nobody_waiting() {
    let fake = Fake::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.expect("PING\n", "OK {}\n");
        assert_eq!(peer.rest(), b"");
    });
    let mut client = bookline(fake.addr, &["--timeout", "500ms"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = client.stdin.take().unwrap();
    for _ in 0..2 {
        // Longer than the client's patience, with no answer owed.
        thread::sleep(Duration::from_millis(800));
        stdin.write_all(b"PING\n").unwrap();
    }
    drop(stdin);
    assert_eq!(client.wait().unwrap().code(), Some(0));
    fake.end();
}

#[test]
fn a_server_that_does_not_close_is_not_waited_for_without_end() {
    let fake = Fake::with_listener(|listener| {
        let mut peer = Peer::accept(&listener);
        peer.greet();
        peer.rest();
        peer.say("OK {}\n");
        peer
    });
    pipe(bookline(fake.addr, &["--timeout", "500ms"]), "PING\n").expect(0, "OK {}\n", "");
    drop(fake.end());
}

#[test]
fn a_reader_of_our_output_may_leave() {
    let fake = Fake::greeted(|mut peer| {
        while !peer.line().is_empty() {
            if peer.try_say("OK {}\n").is_err() {
                break;
            }
        }
    });
    let mut client = bookline(fake.addr, &[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = client.stdin.take().unwrap();
    let feeder = thread::spawn(move || while stdin.write_all(b"PING\n").is_ok() {});
    let mut first = String::new();
    BufReader::new(client.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "OK {}\n");
    // Standard output is closed now, as by `head -1`.
    let mut stderr = String::new();
    client.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((client.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
    feeder.join().unwrap();
    fake.end();
}

#[test]
fn a_newcomer_who_is_turned_away_has_no_connection() {
    for code in ["BUSY", "SHUTTING_DOWN"] {
        let line = format!("ERR {code} {{\"message\":\"come back later\",\"retry\":true}}\n");
        for script in ["PING\n", "PING\nPING\n", ""] {
            let said = line.clone();
            // Said before anything was asked, as servers do; what the client sends may go nowhere.
            let fake = Fake::new(move |mut peer| peer.say(&said));
            let told = format!("bookline: {} accepts no new connections\n", fake.addr);
            pipe(bookline(fake.addr, &[]), script).expect(3, &line, &told);
            fake.end();
        }
    }
}

#[test]
fn busy_later_on_is_an_answer_like_any_other() {
    let fake = answers_at_end(b"OK {}\nERR SHUTTING_DOWN {}\n");
    let ran = pipe(bookline(fake.addr, &[]), "PING\nPING\n");
    ran.expect(1, "OK {}\nERR SHUTTING_DOWN {}\n", "");
    fake.end();
}

#[test]
fn a_script_may_ask_for_the_layout_for_people() {
    let fake = answers_at_end(
        br#"ERR SOLD_OUT {"message":"m","retry":false,"available":10,"requested":11}
OK {"name":"F1","date":"21-11-2026","schedule":[]}
"#,
    );
    let ran = pipe(bookline(fake.addr, &["--format", "pretty"]), "BOOK e 11\nGET F1 21-11-2026\n");
    ran.expect(1, "Too few left: m.\nF1 on 21-11-2026: nothing there.\n", "");
    fake.end();
}
