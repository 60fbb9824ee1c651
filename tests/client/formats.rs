//! `--format json`, `plain` and `csv`, of single commands, of scripts and at the prompt.

use bookline_testkit::rng::Rng;
use serde_json::{Value, json};

use crate::support::client::{Exited, bookline, run_with_input};
use crate::support::fake_server::{FakeServer, one_shot};
use crate::support::real_server::RealServer;
use crate::support::session::Session;

const EVENTS: &str = concat!(
    r#"ROW {"id":"e","name":"Rust\tConf","date":"2026-12-31","total_tickets":5,"available_tickets":1}"#,
    "\n",
    r#"OK {"count":1}"#,
    "\n"
);

const TICKET: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

const NOT_FOUND: &str = "ERR NOT_FOUND {\"message\":\"there is no event x\",\"retry\":false}\n";

fn in_format(format: &str, words: &[&str], reply: &str) -> Exited {
    one_shot(&[&["--format", format], words].concat(), reply).1
}

/// Runs a script against a server that sends these replies at its end.
fn script(format: &str, script: &str, replies: &'static str) -> Exited {
    let fake = FakeServer::greeted(move |mut peer| {
        peer.read_to_end();
        peer.send(replies);
    });
    let exited = run_with_input(bookline(fake.addr, &["--format", format]), script);
    fake.join();
    exited
}

#[test]
fn json_has_an_object_for_each_line() {
    let objects = concat!(
        r#"{"type":"row","id":"e","name":"Rust\tConf","date":"2026-12-31","#,
        r#""total_tickets":5,"available_tickets":1}"#,
        "\n",
        r#"{"type":"ok","count":1}"#,
        "\n"
    );
    in_format("json", &["GET"], EVENTS).expect(0, objects, "");
    let refused = r#"{"type":"err","code":"NOT_FOUND","message":"there is no event x","retry":false}"#;
    in_format("json", &["GET", "x"], NOT_FOUND).expect(6, &format!("{refused}\n"), "");
    let later = "{\"type\":\"unknown\",\"line\":\"LATER 7 {}\"}\n{\"type\":\"ok\"}\n";
    in_format("json", &["PING"], "LATER 7 {}\nOK {}\n").expect(0, later, "");
}

#[test]
fn json_of_a_script_has_the_refusals_as_well() {
    let replies = concat!("OK {}\n", "ERR NOT_FOUND {\"message\":\"m\",\"retry\":false}\n");
    let exited = script("json", "PING\nGET x\n", replies);
    let objects = "{\"type\":\"ok\"}\n\
                   {\"type\":\"err\",\"code\":\"NOT_FOUND\",\"message\":\"m\",\"retry\":false}\n";
    exited.expect(1, objects, "stdin:2: GET x: Not found: m.\nbookline: 1 of 2 failed (line 2)\n");
}

#[test]
fn json_of_a_lost_connection_has_whole_objects_only() {
    let fake = FakeServer::greeted(|mut peer| peer.expect("GET\n", "ROW {\"a\":1}\nROW {\"b"));
    let exited = run_with_input(bookline(fake.addr, &["--format", "json", "GET"]), "");
    assert_eq!((exited.exit, exited.stdout.as_str()), (4, "{\"type\":\"row\",\"a\":1}\n"));
    fake.join();
}

#[test]
fn json_of_a_rejected_connection_is_an_object() {
    let fake = FakeServer::new(|mut peer| peer.send("ERR BUSY {\"message\":\"m\",\"retry\":true}\n"));
    let exited = run_with_input(bookline(fake.addr, &["--format", "json", "GET"]), "");
    let object = "{\"type\":\"err\",\"code\":\"BUSY\",\"message\":\"m\",\"retry\":true}\n";
    assert_eq!((exited.exit, exited.stdout.as_str()), (3, object));
    fake.join();
}

/// Catches: a line that is no JSON, whatever a server sends.
#[test]
fn random_lines_are_valid_json() {
    const PIECES: [&[u8]; 16] = [
        b"OK ",
        b"ROW ",
        b"ERR X ",
        b"{",
        b"}",
        b"\"a\":1",
        b",",
        b"\"",
        b"\\u00",
        b"\\",
        b"[",
        b"]",
        b"\xff",
        b"\x1b",
        b" ",
        b"\"type\":2",
    ];
    let mut rng = Rng::from_environment();
    let mut reply = Vec::new();
    for _ in 0..20_000 {
        if rng.one_in(2) {
            reply.extend_from_slice(b"ROW {\"a\":");
        }
        (0..rng.below(8)).for_each(|_| reply.extend_from_slice(PIECES[rng.below(PIECES.len())]));
        reply.extend_from_slice(b"}\n");
    }
    reply.extend_from_slice(b"OK {\"count\":0}\n");
    let lines = reply.iter().filter(|&&byte| byte == b'\n').count();
    // Some of the lines are the final lines of replies.
    let fake = FakeServer::greeted(move |mut peer| {
        peer.read_to_end();
        peer.send_bytes(&reply);
    });
    let exited = run_with_input(bookline(fake.addr, &["--format", "json"]), "PING\n".repeat(1_000));
    fake.join();
    assert_eq!(exited.stdout.lines().count(), lines);
    for line in exited.stdout.lines() {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(matches!(object["type"].as_str(), Some("row" | "ok" | "err" | "unknown")), "{line}");
    }
}

#[test]
fn plain_has_tabs_between_cells_and_sentences() {
    let columns = "id\tname\tdate\ttotal_tickets\tavailable_tickets\theld_tickets\tsales\tmax_per_booking\n";
    let events = format!("{columns}e\tRust\\tConf\t2026-12-31\t5\t1\t0\topen\t\n");
    in_format("plain", &["GET"], EVENTS).expect(0, &events, "");
    let booked = format!("OK {{\"event_id\":\"e\",\"tickets\":[\"{TICKET}\"],\"available_tickets\":1}}\n");
    let sentence = format!("1 ticket for e, 1 left:\n{TICKET}\n");
    in_format("plain", &["BOOK", "e", "1"], &booked).expect(0, &sentence, "");
    in_format("plain", &["GET", "x"], NOT_FOUND).expect(6, "", "bookline: Not found: there is no event x.\n");
    in_format("plain", &["PING"], "OK {}\n").expect(0, "OK\n", "");
    let stats = "OK {\"events\":3,\"version\":\"1 2\",\"x\":[1]}\n";
    in_format("plain", &["STATS"], stats).expect(0, "events\t3\nversion\t1 2\nx\t[1]\n", "");
    in_format("plain", &["TICKETS", "e"], "OK {\"count\":0}\n").expect(0, "ticket\tstatus\tat\tfor\n", "");
    let more = EVENTS.replace("\"count\":1", "\"count\":1,\"next\":\"abc\"");
    let note = "bookline: there are more rows: they come with after=abc\n";
    in_format("plain", &["GET"], &more).expect(0, &events, note);
}

#[test]
fn plain_shows_what_it_does_not_know() {
    let reply = "ROW {\"seat\":7,\"row\":\"A\"}\nROW {\"seat\":8,\"row\":\"A\"}\nOK {\"count\":2}\n";
    in_format("plain", &["SEATS", "e"], reply).expect(0, "seat\trow\n7\tA\n8\tA\n", "");
    in_format("plain", &["TICKETS", "e"], reply).expect(0, "seat\trow\n7\tA\n8\tA\n", "");
}

#[test]
fn csv_of_a_script_has_the_columns_where_they_change() {
    let replies = concat!(
        "ROW {\"ticket\":\"t1\",\"status\":\"booked\"}\nOK {\"count\":1}\n",
        "OK {\"count\":0}\n",
        "ROW {\"ticket\":\"t2\",\"status\":\"booked\"}\nOK {\"count\":1}\n",
        "OK {\"event_id\":\"e\",\"available_tickets\":4,\"tickets\":[\"t3\",\"t4\"]}\n",
        "OK {\"event_id\":\"f\",\"available_tickets\":3,\"tickets\":[\"t5\"]}\n",
        "OK {}\n",
        "ERR SOLD_OUT {\"message\":\"m\",\"retry\":false}\n",
        "OK {\"count\":0}\n",
    );
    let lines = "TICKETS e\nTICKETS f\nTICKETS g\nBOOK e 2\nBOOK f 1\nPING\nBOOK e 9\nHOD F10\n";
    let csv = "ticket,status,at,for\r\nt1,booked,,\r\nt2,booked,,\r\n\n\
               event_id,available_tickets,tickets\r\ne,4,\"t3,t4\"\r\nf,3,t5\r\n\n\
               date,time,title,group,host,from,hours,series\r\n";
    let messages = "stdin:7: BOOK e 9: Sold out: m.\nbookline: 1 of 8 failed (line 7)\n";
    script("csv", lines, replies).expect(1, csv, messages);
    let first = "ticket,status,at,for\r\n";
    script("csv", "TICKETS e\n", "OK {\"count\":0}\n").expect(0, first, "");
}

#[test]
fn csv_at_the_prompt_has_the_columns_of_each_listing() {
    let fake = FakeServer::greeted(|mut peer| {
        for _ in 0..2 {
            peer.expect("TICKETS e\n", "ROW {\"ticket\":\"t1\",\"status\":\"booked\"}\nOK {\"count\":1}\n");
        }
        peer.expect("GET x\n", NOT_FOUND);
        peer.read_to_end()
    });
    let mut session = Session::start(bookline(fake.addr, &["--format", "csv"]));
    for _ in 0..2 {
        session.type_line("TICKETS e");
        session.wait_for("ticket,status,at,for\r");
        session.wait_for("t1,booked,,\r");
    }
    session.type_line("GET x");
    session.wait_for("bookline: Not found: there is no event x.\r\n");
    session.leave();
    fake.join();
}

#[test]
fn json_of_a_terminal_does_not_control_it() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {\"a\":\"\u{9b}2J\u{202e}\"}\n\u{1b}[2J\nOK {}\n");
        peer.read_to_end()
    });
    let mut session = Session::start(bookline(fake.addr, &["--format", "json", "PING"]));
    session.wait_for("{\"type\":\"ok\",\"a\":\"\\u009b2J\\u202e\"}\r\n");
    session.wait_for_exit();
    fake.join();
}

#[test]
fn replies_of_a_real_server_are_the_same_in_each_format() {
    let server = RealServer::start();
    let lines = "CREATE \"Rust Conf\" 2026-12-31 100 id=e\nBOOK e 2 for=\"Lovelace, Ada\"\nTICKETS e\n\
                 MEET F1 2026-11-26 09:00 talk F2 hours=2\nGET F2 2026-11-26\nHOD F10 2026-11-26 2026-11-26\n\
                 FREE F1 2026-11-26\nSTATS\nHELP\nGET\n";
    server.run_script(lines);
    for words in [
        &["GET"][..],
        &["TICKETS", "e"],
        &["HELP"],
        &["HOD", "F10", "2026-11-26", "2026-11-26"],
        &["GET", "F2", "2026-11-26", "2026-11-27"],
        &["FREE", "F1", "9999-11-26"],
    ] {
        let rows = |format| {
            let exited = server.run(&[&["--format", format], words].concat());
            assert_eq!((exited.exit, exited.stderr.as_str()), (0, ""), "{words:?}");
            exited.stdout
        };
        let raw = rows("raw");
        let objects: Vec<Value> =
            rows("json").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(objects.len(), raw.lines().count(), "{words:?}");
        for (object, line) in objects.iter().zip(raw.lines()) {
            let (word, body) = line.split_once(' ').unwrap();
            let mut expected: Value = serde_json::from_str(body).unwrap();
            expected["type"] = json!(word.to_lowercase());
            assert_eq!(*object, expected, "{words:?}");
        }
        let (plain, csv) = (rows("plain"), rows("csv"));
        assert_eq!(plain.lines().next(), csv.lines().next().map(|names| names.replace(',', "\t")).as_deref());
        assert!(plain.lines().count() > 1 && !plain.contains(" | "), "{words:?}: {plain}");
    }
}
