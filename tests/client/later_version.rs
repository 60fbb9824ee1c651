//! A server of a later version sends lines, fields and codes that this client does not know. The client skips
//! the lines and fields, and shows the codes.

use std::sync::mpsc;

use crate::support::client::{bookline, run_with_input};
use crate::support::fake_server::{FakeServer, one_shot};
use crate::support::session::Session;

const LATER: &str = "LATER 7 {\"id\":\"rustconf\",\"available_tickets\":97}\n";

const EVENT_WITH_UNKNOWN_FIELDS: &str = concat!(
    r#"{"id":"rustconf","venue":{"hall":[1,2]},"name":"Rust Conf","date":"2026-12-31","#,
    r#""total_tickets":100,"available_tickets":98,"returned_tickets":3}"#
);

const TABLE: &str = "\
\x20Event    | Name      | Date       | Left
----------+-----------+------------+--------------------
 rustconf | Rust Conf | 2026-12-31 | #######. 98 of 100
";

/// What the client prints for people, and its exit status.
fn pretty(reply: &str) -> (String, i32) {
    let (_, client) = one_shot(&["--format", "table", "X"], reply);
    assert_eq!(client.stderr, "");
    (client.stdout, client.exit)
}

#[test]
fn unknown_line_before_and_within_a_reply_is_skipped() {
    let event = EVENT_WITH_UNKNOWN_FIELDS;
    let reply = format!("{LATER}OK {event}\n");
    assert_eq!(pretty(&reply), (TABLE.to_owned(), 0));

    let reply = format!("{LATER}ROW {event}\n{LATER}{LATER}OK {{\"count\":1,\"more\":false}}\n");
    assert_eq!(pretty(&reply), (format!("{TABLE}1 event.\n"), 0));

    let reply = format!("ROW {event}\n{LATER}ERR NEW_CODE {{\"message\":\"try later\",\"retry\":true}}\n");
    let shown = format!("{TABLE}New code: try later.\nThe rows above are not all there are.\n");
    assert_eq!(pretty(&reply), (shown, 1));
}

#[test]
fn unknown_fields_are_skipped() {
    let booked = concat!(
        r#"OK {"event_id":"e","price":{"currency":"EUR"},"available_tickets":9,"#,
        r#""tickets":["b5a1e3c4-0000-8000-8000-000000000001"]}"#,
        "\n"
    );
    let shown = "1 ticket for e, 9 left:\nb5a1e3c4-0000-8000-8000-000000000001\n";
    assert_eq!(pretty(booked), (shown.to_owned(), 0));

    let refused = concat!(
        r#"ERR SOLD_OUT {"message":"m","retry":false,"available":0,"requested":11,"#,
        r#""waiting_list":["x"],"held":null}"#,
        "\n"
    );
    assert_eq!(pretty(refused), ("Sold out: m.\n".to_owned(), 5));
}

#[test]
fn unknown_code_is_a_refusal() {
    let reply = "ERR NEW_CODE {\"message\":\"m\",\"retry\":false,\"reason\":7}\n";
    assert_eq!(pretty(reply), ("New code: m.\n".to_owned(), 1));
    one_shot(&["X"], reply).1.expect(1, reply, "");
}

#[test]
fn unknown_line_in_a_script_is_printed_raw_and_answers_no_request() {
    let fake = FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", LATER);
        peer.send("OK {}\n");
        // The LATER must not be taken for the reply to the second PING.
        peer.expect("PING\n", LATER);
        peer.read_to_end();
        peer.send("ERR NEW_CODE {}\n");
    });
    let client = run_with_input(bookline(fake.addr, &[]), "PING\nPING\n");
    let messages = "stdin:2: PING: NEW_CODE: {}\nbookline: 1 of 2 failed (line 2)\n";
    client.expect(1, &format!("{LATER}OK {{}}\n{LATER}ERR NEW_CODE {{}}\n"), messages);
    fake.join();
}

#[test]
fn unknown_line_at_the_prompt_is_skipped() {
    let (send, sends) = mpsc::channel::<()>();
    let (sent, is_sent) = mpsc::channel();
    let fake = FakeServer::greeted(move |mut peer| {
        sends.recv().unwrap();
        peer.send(LATER);
        sent.send(()).unwrap();
        peer.expect("PING\n", &format!("{LATER}OK {{}}\n"));
        peer.read_to_end()
    });
    let mut session = Session::at_prompt(fake.addr);
    send.send(()).unwrap();
    is_sent.recv().unwrap();
    session.press("PING\r");
    assert!(!session.wait_for("OK\r\n").contains("LATER"));
    session.leave();
    assert_eq!(fake.join(), b"");
}
