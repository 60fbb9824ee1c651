//! The client is given a command as arguments: what it sends, what it prints, how it ends.

mod client_fake;

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bookline_protocol::needs_escape;
use client_fake::{Fake, Peer, Ran, bare, bookline, interrupt};

fn run(mut command: std::process::Command) -> Ran {
    command.stdin(Stdio::null()).output().unwrap().into()
}

/// Runs the client with these words against a server that answers with this, and returns what was sent and how it went.
fn one_shot(words: &[&str], answer: &str) -> (String, Ran) {
    let answer = answer.to_owned();
    let fake = Fake::greeted(move |mut peer| {
        let line = peer.line();
        peer.say(&answer);
        // It leaves when it has its answer, and sends nothing else.
        assert_eq!(peer.rest(), b"");
        line
    });
    let ran = run(bookline(fake.addr, words));
    (fake.end(), ran)
}

#[test]
fn words_are_quoted_where_the_protocol_needs_it() {
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
        let (sent, ran) = one_shot(words, "OK {}\n");
        assert_eq!(sent, line);
        ran.expect(0, "OK {}\n", "");
    }
}

#[test]
fn the_answer_is_printed_as_it_is_and_the_exit_status_tells_how_it_went() {
    let listing = "ROW {\"id\": \"a\"}\nROW {}\nOK {\"count\":2}\n";
    one_shot(&["GET"], listing).1.expect(0, listing, "");

    let refusal = "ERR SOLD_OUT {\"message\":\"m\",\"retry\":false,\"available\":1,\"requested\":2}\n";
    one_shot(&["BOOK", "e", "2"], refusal).1.expect(1, refusal, "");

    let cut = "ROW {}\nERR INTERNAL {\"message\":\"m\",\"retry\":false}\n";
    one_shot(&["GET"], cut).1.expect(1, cut, "");

    one_shot(&["QUIT"], "OK {}\n").1.expect(0, "OK {}\n", "");
}

#[test]
fn a_connection_that_ends_before_the_answer_is_lost() {
    let fake = Fake::greeted(|mut peer| {
        peer.expect("BOOK e 1\n", "OK {\"event_id\"");
    });
    let told = format!(
        "bookline: connection to {} lost; one command went unanswered and may have been carried out\n",
        fake.addr
    );
    run(bookline(fake.addr, &["BOOK", "e", "1"])).expect(4, "OK {\"event_id\"", &told);
    fake.end();
}

#[test]
fn a_server_that_never_answers_is_waited_for_and_no_longer() {
    let fake = Fake::greeted(|mut peer| peer.rest());
    let mut command = bookline(fake.addr, &["PING"]);
    command.env("BOOKLINE_TIMEOUT", "150ms");
    let ran = run(command);
    assert_eq!(ran.exit, 4);
    assert!(ran.stderr.contains(" within 150ms"), "{}", ran.stderr);
    fake.end();
}

#[test]
fn ctrl_c_says_whether_anything_is_in_doubt() {
    for (words, exit, said) in [
        (&["BOOK", "e", "1"][..], 4, "bookline: interrupted; the change was sent and may have been made\n"),
        (&["GET"], 130, "bookline: interrupted after 1,234 rows\n"),
        (&["PING"], 130, "bookline: interrupted\n"),
    ] {
        let (received, waits) = mpsc::channel();
        let fake = Fake::greeted(move |mut peer| {
            if peer.line() == "GET\n" {
                peer.say(&"ROW {}\n".repeat(1_234));
            }
            received.send(()).unwrap();
            peer.rest()
        });
        let mut command = bookline(fake.addr, words);
        let mut client =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        waits.recv().unwrap();
        if words == ["GET"] {
            // Only what was printed is counted.
            client.stdout.as_mut().unwrap().read_exact(&mut vec![0; 7 * 1_234]).unwrap();
        }
        interrupt(&client);
        let ran: Ran = client.wait_with_output().unwrap().into();
        assert_eq!((ran.exit, ran.stderr.as_str()), (exit, said), "{words:?}");
        fake.end();
    }
}

#[test]
fn a_newcomer_who_is_turned_away_has_no_connection() {
    let busy = "ERR BUSY {\"message\":\"come back later\",\"retry\":true}\n";
    let fake = Fake::new(|mut peer| peer.say(busy));
    let told = format!("bookline: {} accepts no new connections\n", fake.addr);
    run(bookline(fake.addr, &["PING"])).expect(3, busy, &told);
    fake.end();
}

#[test]
fn whoever_is_not_bookline_is_found_out_at_once_and_sent_nothing() {
    let is_flood = "x".repeat(5_000);
    for (said, beginning) in [
        ("SSH-2.0-OpenSSH_10.0\r\n", "SSH-2.0-OpenSSH_10.0"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        ("OK {\"server\":\"other\"}\n", "OK {\"server\":\"other\"}"),
        // No line end, neither soon nor ever.
        (&is_flood, &"x".repeat(200)),
    ] {
        let said = said.to_owned();
        let fake = Fake::new(move |mut peer| {
            peer.expect("HELLO\n", &said);
            peer.rest()
        });
        let told =
            format!("bookline: {} is not a bookline server: it answered HELLO with \"{beginning}", fake.addr);
        let ran = run(bookline(fake.addr, &["--timeout", "60s", "BOOK", "e", "1"]));
        assert_eq!((ran.exit, ran.stdout.as_str()), (3, ""));
        assert!(ran.stderr.starts_with(&told), "{}", ran.stderr);
        assert_eq!(fake.end(), b"");
    }
}

#[test]
fn whoever_speaks_drop_by_drop_has_as_long_as_anybody() {
    let fake = Fake::new(|mut peer| {
        peer.line();
        while peer.try_say("x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let ran = run(bookline(fake.addr, &["--timeout", "300ms", "PING"]));
    assert_eq!(ran.exit, 3);
    assert!(ran.stderr.contains(" is not a bookline server: it answered HELLO with \"xxx"), "{}", ran.stderr);
    fake.end();
}

#[test]
fn max_time_bounds_all_of_it() {
    let fake = Fake::greeted(|mut peer| {
        peer.line();
        while peer.try_say("ROW {}\n").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let ran = run(bookline(fake.addr, &["--max-time", "300ms", "GET"]));
    let told = "took more than the 300ms of --max-time; one command went unanswered";
    assert_eq!(ran.exit, 4);
    assert!(ran.stdout.starts_with("ROW {}\n") && ran.stderr.contains(told), "{ran:?}");
    fake.end();
}

#[test]
fn a_line_without_an_end_is_given_up() {
    let fake = Fake::greeted(|mut peer| {
        peer.line();
        while peer.try_say(&"x".repeat(1 << 20)).is_ok() {}
    });
    let mut client = bookline(fake.addr, &["GET"]);
    client.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = client.spawn().unwrap().wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(told.contains(" sent a line of more than 64 MiB that has no end"), "{told}");
    fake.end();
}

#[test]
fn nobody_there_is_told() {
    // A port that was free a moment ago, and is not listened on.
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = run(bookline(addr, &["PING"]));
    assert_eq!((ran.exit, ran.stdout.as_str()), (3, ""));
    assert!(ran.stderr.starts_with(&format!("bookline: cannot connect to {addr}: ")), "{}", ran.stderr);
}

#[test]
fn a_wrong_use_is_told_and_nothing_is_sent() {
    let fake = Fake::with_listener(|listener| {
        // The only one who connects is the last of them.
        let mut peer = Peer::accept(&listener);
        peer.greet();
        peer.expect("PING\n", "OK {}\n");
    });
    for wrong in [
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
        let mut command = bare();
        command.env("BOOKLINE_ADDR", fake.addr.to_string()).args(wrong);
        let ran = run(command);
        assert_eq!((ran.exit, ran.stdout.as_str()), (2, ""), "{wrong:?}");
        assert!(ran.stderr.starts_with("error: "), "{wrong:?}: {}", ran.stderr);
    }
    let mut command = bare();
    command.env("BOOKLINE_ADDR", fake.addr.to_string()).arg("PING");
    run(command).expect(0, "OK {}\n", "");
    fake.end();
}

#[test]
fn a_variable_that_is_empty_counts_as_unset() {
    let fake = Fake::greeted(|mut peer| peer.expect("PING\n", "OK {}\n"));
    let mut command = bookline(fake.addr, &["PING"]);
    command.env("BOOKLINE_ADDR", "").env("BOOKLINE_TIMEOUT", "").env("BOOKLINE_MAX_TIME", "");
    run(command).expect(0, "OK {}\n", "");
    fake.end();
    let mut command = bare();
    command.args(["--timeout", "50ms", "PING"]).env("BOOKLINE_ADDR", "");
    assert!(!run(command).stderr.starts_with("error: "));
}

#[test]
fn output_that_cannot_be_written_is_told() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let fake = Fake::greeted(|mut peer| peer.expect("PING\n", "OK {}\n"));
    let mut help = bare();
    help.arg("--help");
    for mut command in [bookline(fake.addr, &["PING"]), help] {
        let output = command.stdin(Stdio::null()).stdout(full()).stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(told.starts_with("bookline: cannot write standard output: No space left"), "{told}");
    }
    fake.end();
}

#[test]
fn help_and_version_need_no_server_and_80_columns() {
    for (words, said) in [
        (&["-h"][..], "--addr"),
        (&["--help"], "BOOKLINE_ADDR"),
        (&["--help"], "Exit status:"),
        (&["bench", "-h"], "--yes"),
        (&["bench", "--help"], "Exit status:"),
    ] {
        let mut command = bare();
        command.args(words);
        let ran = run(command);
        assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""));
        assert!(ran.stdout.contains(said), "{said} is missing in\n{}", ran.stdout);
        let longest = ran.stdout.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 80, "{words:?}: {longest} columns in\n{}", ran.stdout);
    }
    let mut command = bare();
    command.arg("--version");
    run(command).expect(0, concat!("bookline ", env!("CARGO_PKG_VERSION"), "\n"), "");
}

/// What a person sees of an answer.
fn pretty(answer: &str) -> String {
    one_shot(&["--format", "pretty", "X"], answer).1.stdout
}

#[test]
fn events_are_laid_out_as_a_table() {
    let listing = concat!(
        r#"ROW {"id":"rustconf","name":"Rust Conf","date":"2026-12-31","total_tickets":100,"available_tickets":98}"#,
        "\n",
        r#"ROW {"id":"e2","name":"Ž","date":"2027-01-01","total_tickets":5,"available_tickets":0}"#,
        "\n",
        r#"OK {"count":2,"next":"abc"}"#,
        "\n",
    );
    let table = "\
\x20Event    | Name      | Date       | Left | Tickets
----------+-----------+------------+------+---------
 rustconf | Rust Conf | 2026-12-31 |   98 |     100
 e2       | Ž         | 2027-01-01 |    0 |       5
2 events; the next ones come with after=abc
";
    assert_eq!(pretty(listing), table);
    assert_eq!(pretty("OK {\"count\":0}\n"), "Nothing there.\n");
}

#[test]
fn a_day_and_a_month_are_laid_out_as_tables() {
    let day = concat!(
        r#"OK {"name":"F1","date":"21-11-2026","schedule":["#,
        r#"{"time":"09:00","meet":{"title":"","group":[],"host":"F1"}},"#,
        r#"{"time":"10:00","meet":{"title":"class committee meeting","group":["F2","F3"],"host":"F1"}}]}"#,
        "\n",
    );
    let table = "\
F1 on 21-11-2026
 Time  | What                    | With   | Host
-------+-------------------------+--------+------
 09:00 | (blocked)               |        | F1
 10:00 | class committee meeting | F2, F3 | F1
";
    assert_eq!(pretty(day), table);

    let month = concat!(
        r#"ROW {"date":"21-11-2026","time":"10:00","meetings":["#,
        r#"{"title":"a","group":["F2"],"host":"F1"},{"title":"b","group":["F4"],"host":"F3"}]}"#,
        "\n",
        r#"OK {"count":1}"#,
        "\n",
    );
    let table = "\
\x20Date       | Time  | What | With | Host
------------+-------+------+------+------
 21-11-2026 | 10:00 | a    | F2   | F1
 21-11-2026 | 10:00 | b    | F4   | F3
1 hour with meetings.
";
    assert_eq!(pretty(month), table);
}

#[test]
fn where_there_is_no_terminal_columns_are_counted_by_the_environment() {
    let id = "2bc0eb7e-04a3-4048-a36a-2a781ecae285";
    let event = format!(
        "OK {{\"id\":\"{id}\",\"name\":\"Rust Conference\",\"date\":\"2026-12-31\",\
         \"total_tickets\":1000000,\"available_tickets\":1000000}}\n"
    );
    let record = format!(
        "\x20Event   | {id}\n Name    | Rust Conference\n Date    | 2026-12-31\n Left    | 1000000\n \
         Tickets | 1000000\n"
    );
    for (columns, is_table) in [("120", true), ("", true), ("wide", true), ("80", false), ("40", false)] {
        let event = event.clone();
        let fake = Fake::greeted(move |mut peer| peer.expect("X\n", &event));
        let mut command = bookline(fake.addr, &["--format", "pretty", "X"]);
        command.env("COLUMNS", columns);
        let ran = run(command);
        let has_row =
            ran.stdout.contains(&format!("\n {id} | Rust Conference | 2026-12-31 | 1000000 | 1000000\n"));
        assert_eq!(has_row, is_table, "{columns:?} columns:\n{}", ran.stdout);
        let below = record.replace(&format!("| {id}"), &format!("|\n{id}"));
        let record = if columns == "40" { &below } else { &record };
        assert!(is_table || ran.stdout == *record, "{columns:?} columns:\n{}", ran.stdout);
        fake.end();
    }
}

#[test]
fn changes_are_told_in_sentences() {
    for (answer, sentence) in [
        (
            r#"OK {"event_id":"e","tickets":["b5a1e3c4-0000-8000-8000-000000000001"],"available_tickets":9}"#,
            "1 ticket for e, 9 left:\nb5a1e3c4-0000-8000-8000-000000000001\n",
        ),
        (
            r#"OK {"ticket":"b5a1e3c4-0000-8000-8000-000000000001","event_id":"e"}"#,
            "Ticket b5a1e3c4-0000-8000-8000-000000000001 is for e.\n",
        ),
        (r#"OK {"name":"F1","date":"21-11-2026","time":"09:00"}"#, "F1 is blocked on 21-11-2026 at 09:00.\n"),
        (
            r#"OK {"name":"F1","date":"21-11-2026","time":"10:00","title":"plans","group":["F2","F3"],"host":"F3"}"#,
            "F1 meets F2, F3 on 21-11-2026 at 10:00: plans (host F3).\n",
        ),
        (
            r#"OK {"name":"F1","date":"21-11-2026","time":"10:00","title":"plans","group":["F2","F3"],"host":"F4"}"#,
            "F1 meets F2, F3 on 21-11-2026 at 10:00: plans, hosted by F4, who alone can change it; \
             for a member write F2,F3,F4.\n",
        ),
        (
            r#"OK {"name":"F1","date":"21-11-2026","time":"09:00","replaced":{"date":"20-11-2026","time":"08:00"}}"#,
            "F1 is blocked on 21-11-2026 at 09:00. It replaces the block on 20-11-2026 at 08:00.\n",
        ),
        (
            concat!(
                r#"OK {"name":"F1","date":"21-11-2026","time":"09:00","replaced":{"date":"20-11-2026","#,
                r#""time":"08:00","title":"plans","group":["F2","F3"],"host":"F1","removed":["F2","F3"]}}"#
            ),
            "F1 is blocked on 21-11-2026 at 09:00. It replaces the meeting on 20-11-2026 at 08:00: plans, with F2, F3 \
             (host F1). No longer in it: F2, F3.\n",
        ),
        (
            r#"OK {"name":"F1","date":"21-11-2026","time":"10:00","deleted":"meeting"}"#,
            "The meeting of F1 on 21-11-2026 at 10:00 is deleted.\n",
        ),
        ("OK {}", "OK\n"),
        (r#"OK {"new":"field","count":3}"#, "3 rows.\n"),
        (r#"OK {"uptime_seconds":5,"read_only":false}"#, " uptime_seconds | 5\n read_only      | false\n"),
    ] {
        assert_eq!(pretty(&format!("{answer}\n")), sentence);
    }
}

#[test]
fn refusals_are_told_in_sentences() {
    for (answer, sentence) in [
        (r#"ERR SOLD_OUT {"message":"m","retry":false,"available":10,"requested":11}"#, "Too few left: m.\n"),
        (
            r#"ERR SOLD_OUT {"message":"event e is sold out","retry":false,"available":0,"requested":11}"#,
            "Sold out: event e is sold out.\n",
        ),
        (r#"ERR FULL {"message":"m","retry":false,"limit":10000000000,"requested":2}"#, "Full: m.\n"),
        (
            r#"ERR CONFLICT {"message":"someone has no time","retry":false,"busy":["F3","F4"]}"#,
            "Conflict: someone has no time (busy: F3, F4).\n",
        ),
        (
            r#"ERR CONFLICT {"message":"F3 has no time.","retry":false,"busy":["F3"]}"#,
            "Conflict: F3 has no time.\n",
        ),
        (
            r#"ERR UNKNOWN_COMMAND {"message":"no such verb: BOK","retry":false,"did_you_mean":"BOOK"}"#,
            "Unknown command: no such verb: BOK. Did you mean BOOK?\n",
        ),
        (r#"ERR NEW_CODE {"message":"unheard of","retry":false,"more":[1]}"#, "New code: unheard of.\n"),
        ("ERR ODD {}", "ODD: {}\n"),
        (
            "ROW {\"a\":1}\nERR INTERNAL {\"message\":\"m\",\"retry\":false}",
            "{\"a\":1}\nInternal: m.\nThe rows above are not all there are.\n",
        ),
    ] {
        assert_eq!(pretty(&format!("{answer}\n")), sentence);
    }
}

#[test]
fn no_text_from_a_server_acts_on_the_terminal() {
    for answer in [
        r#"OK {"name":"\u001b[2J","date":"21-11-2026","schedule":[{"time":"09:00","meet":{"title":"\u0007\u009b\u202e","group":["\r"],"host":"\u001b]0;x"}}]}"#,
        r#"OK {"event_id":"\u001b[2J","tickets":[],"available_tickets":0}"#,
        r#"OK {"\u001b[2J":"\u001b[2J"}"#,
        "OK {\"\u{1b}[2J\" no JSON}",
        "ERR \u{1b}[31m {\"message\":\"\\u001b[2J\",\"retry\":false,\"busy\":[\"\\u001b\"],\"host\":\"\\u007f\"}",
        "ERR \u{1b}[31m {\u{1b}}",
        "ROW {\"x\":\"\u{1b}[2J\"}\nOK {}",
        "ROW {\"command\":\"\",\"usage\":\"\\u001b[2J\",\"help\":\"\\u0008\"}\nOK {}",
        "\u{1b}[2J\nOK {}",
        r#"OK {"ticket":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","event_id":"\u200b\u2066\u2028\ufeff\udb40\udc41"}"#,
        "ERR NOT_FOUND {\"message\":\"\u{202e}\u{2029}\u{200d}\",\"retry\":false}",
        "ROW {\"x\":\"\u{202e}\u{e0041}\"}\nOK {}",
        "\u{2028}OK \u{feff}\nOK {}",
    ] {
        let shown = pretty(&format!("{answer}\n"));
        let acts: Vec<_> = shown.chars().filter(|&c| c != '\n' && needs_escape(c)).collect();
        assert_eq!(acts, [] as [char; 0], "{answer:?} is shown as {shown:?}");
    }
}

#[test]
fn a_listing_of_any_length_is_shown_in_parts() {
    let row = r#"ROW {"id":"e","name":"n","date":"2026-12-31","total_tickets":1,"available_tickets":1}"#;
    let shown = pretty(&(format!("{row}\n").repeat(2_500) + "OK {\"count\":2500}\n"));
    assert_eq!(shown.matches(" Event | Name").count(), 3);
    assert_eq!(shown.matches("\n e     |").count(), 2_500);
    assert!(shown.ends_with("2500 events.\n"));
}
