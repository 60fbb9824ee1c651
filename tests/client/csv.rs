//! Listings for spreadsheets, with `--format csv`: what is on standard output is CSV and nothing else.

use std::net::TcpListener;

use crate::support::client::{Exited, bookline, run};
use crate::support::fake_server::{FakeServer, one_shot};
use crate::support::session::Session;

/// What the client writes for this reply to TICKETS.
fn tickets(reply: &str) -> Exited {
    let (line, client) = one_shot(&["--format", "csv", "TICKETS", "e"], reply);
    assert_eq!(line, "TICKETS e\n");
    client
}

#[test]
fn tickets_have_a_line_with_the_columns_and_a_line_for_each_row() {
    let rows = concat!(
        r#"ROW {"ticket":"b0ee01","status":"checked_in","at":"2026-11-26T09:57:53.123456Z","#,
        r#""for":"Lovelace, Ada"}"#,
        "\n",
        r#"ROW {"ticket":"b0ee02","status":"booked","for":"=HYPERLINK(\"http://x\")"}"#,
        "\n",
        r#"OK {"count":2}"#,
        "\n"
    );
    let csv = "ticket,status,at,for\r\n\
               b0ee01,checked_in,2026-11-26T09:57:53.123456Z,\"Lovelace, Ada\"\r\n\
               b0ee02,booked,,\"'=HYPERLINK(\"\"http://x\"\")\"\r\n";
    tickets(rows).expect(0, csv, "");
}

#[test]
fn listing_without_rows_has_the_columns_only() {
    tickets("OK {\"count\":0}\n").expect(0, "ticket,status,at,for\r\n", "");
    let (_, client) = one_shot(&["--format", "csv", "hod", "F10"], "OK {\"count\":0}\n");
    client.expect(0, "date,time,title,group,host,from,hours,series\r\n", "");
}

#[test]
fn long_listing_has_the_columns_once() {
    let row = "ROW {\"ticket\":\"b0ee01\",\"status\":\"booked\"}\n";
    for count in [1_000, 2_500] {
        let client = tickets(&(row.repeat(count) + "OK {\"count\":1}\n"));
        client.expect(0, &format!("ticket,status,at,for\r\n{}", "b0ee01,booked,,\r\n".repeat(count)), "");
    }
}

#[test]
fn event_and_day_are_tables() {
    let event = concat!(
        r#"OK {"id":"e","name":"n","date":"2026-12-31","total_tickets":5,"available_tickets":1,"#,
        r#""held_tickets":2,"sales":"open"}"#,
        "\n"
    );
    let csv = "id,name,date,total_tickets,available_tickets,held_tickets,sales,max_per_booking\r\n\
               e,n,2026-12-31,5,1,2,open,\r\n";
    one_shot(&["--format=csv", "GET", "e"], event).1.expect(0, csv, "");
    let day = "OK {\"name\":\"F1\",\"date\":\"21-11-2026\",\"schedule\":[]}\n";
    let (_, client) = one_shot(&["--format", "csv", "GET", "F1", "21-11-2026"], day);
    client.expect(0, "date,time,title,group,host,from,hours,series,name\r\n", "");
}

#[test]
fn refusal_goes_to_standard_error() {
    let refusal = "ERR NOT_FOUND {\"message\":\"there is no event e\",\"retry\":false}\n";
    tickets(refusal).expect(6, "", "bookline: Not found: there is no event e.\n");
    let row = "ROW {\"ticket\":\"b0ee01\",\"status\":\"booked\"}\n";
    let late = format!("{row}ERR INTERNAL {{\"message\":\"m\",\"retry\":false}}\n");
    let message = "bookline: Internal: m.\nThe rows above are not all there are.\n";
    tickets(&late).expect(1, "ticket,status,at,for\r\nb0ee01,booked,,\r\n", message);
}

#[test]
fn cursor_of_the_next_rows_goes_to_standard_error() {
    let row = "ROW {\"ticket\":\"b0ee01\",\"status\":\"booked\"}\n";
    let client = tickets(&format!("LATER {{}}\n{row}OK {{\"count\":1,\"next\":\"abc\"}}\n"));
    let note = "bookline: there are more rows: they come with after=abc\n";
    client.expect(0, "ticket,status,at,for\r\nb0ee01,booked,,\r\n", note);
}

#[test]
fn reply_of_another_shape_exits_2() {
    for (reply, shown) in [
        ("ROW {\"seat\":7}\nOK {\"count\":1}\n", r#"{"seat":7}"#),
        ("OK {\"event_id\":\"e\"}\n", r#"{"event_id":"e"}"#),
        ("HTTP/1.1 400\n", "HTTP/1.1 400"),
    ] {
        let message = format!("bookline: the reply cannot be written as CSV: \"{shown}\"\n");
        tickets(reply).expect(2, "", &message);
    }
}

#[test]
fn connection_lost_within_a_listing_keeps_whole_rows() {
    let fake = FakeServer::greeted(|mut peer| {
        let row = "ROW {\"ticket\":\"b0ee01\",\"status\":\"booked\"}\n";
        peer.expect("TICKETS e\n", &format!("{row}ROW {{\"tick"));
    });
    let client = run(bookline(fake.addr, &["--format", "csv", "TICKETS", "e"]));
    assert_eq!((client.exit, client.stdout.as_str()), (4, "ticket,status,at,for\r\nb0ee01,booked,,\r\n"));
    fake.join();
}

#[test]
fn command_without_a_listing_is_not_sent() {
    // Nothing accepts a connection.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let message = "bookline: --format csv needs a command that lists something, as arguments: GET, TICKETS, \
                   FREE, HOD, HELP, ACCOUNT; nothing was sent\n";
    for words in [&["BOOK", "e", "1"][..], &["CANCEL", "x"], &["NOSUCH"], &[""], &["limit=1", "GET"]] {
        run(bookline(addr, &[&["--format", "csv"], words].concat())).expect(2, "", message);
    }
}

#[test]
fn terminal_is_not_controlled_by_a_cell() {
    let fake = FakeServer::greeted(|mut peer| {
        let row = "ROW {\"ticket\":\"b0ee01\",\"status\":\"booked\",\"for\":\"\\u001b[2J\\u202e\"}\n";
        peer.expect("TICKETS e\n", &format!("{row}OK {{\"count\":1}}\n"));
        peer.read_to_end()
    });
    let mut session = Session::start(bookline(fake.addr, &["--format", "csv", "TICKETS", "e"]));
    session.wait_for("b0ee01,booked,,\\u{1b}[2J\\u{202e}\r");
    assert_eq!(session.wait_for_exit().0, 0);
    fake.join();
}
