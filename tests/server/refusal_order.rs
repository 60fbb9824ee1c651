//! The order of refusals: requests for which two reasons hold.
//!
//! Catches: a command that checks in another order than the table; a refusal that changes something.

use bookline_protocol::Code::{
    self, BadRequest, Closed, Conflict, Expired, Forbidden, Full, KeyReused, Limit, NotFound, SoldOut,
    UnknownCommand,
};
use bookline_protocol::REFUSAL_ORDER;

use bookline_testkit::Conn;
use bookline_testkit::process::Server;
use serde_json::json;

use crate::audit::text;
use crate::limits::assert_full;

/// Sends a request for which two reasons hold, and expects the one that is earlier in the table. `FORBIDDEN`
/// is that of a host.
#[track_caller]
pub fn assert_earlier(conn: &mut Conn, line: &str, earlier: Code, later: Code) {
    let place = |code| REFUSAL_ORDER.iter().rposition(|reason| reason.codes.contains(&code));
    assert!(place(earlier) < place(later), "{earlier} is not before {later} in the table");
    assert_eq!(conn.ask(line).code.as_deref(), Some(earlier.as_str()), "{line}");
}

#[test]
fn request_with_two_reasons_is_refused_for_the_earlier() {
    let flags = ["--max-tickets", "2", "--max-events", "1", "--max-person-hours", "4"];
    let server = Server::fresh_with(&flags);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 4 id=x").ok();
    conn.ask("BOOK x 2").ok();
    conn.ask("MEET F1 2026-01-01 09:00 talk F2,F3").ok();
    conn.ask("BLOCK F7 2026-01-01 10:00").ok();
    for (line, earlier, later) in [
        ("BOOK nosuch 0", BadRequest, NotFound),
        ("BOKO nosuch 1", UnknownCommand, NotFound),
        ("BOOK nosuch 1", NotFound, Full),
        ("BOOK nosuch 10000", NotFound, Full),
        ("BOOK x 3", SoldOut, Full),
        ("BOOK x 10000", SoldOut, Full),
        ("CREATE y 2026-01-01 1 id=x", Conflict, Full),
        ("BLOCK F3 2026-01-01 09:00", Conflict, Full),
        ("MEET F4 2026-01-01 09:00 talk F5,F1", Conflict, Full),
        ("PUT F4 2026-01-01 09:00 BLOCK 2026-01-01 09:00 surplus", BadRequest, NotFound),
        ("PUT F4 2026-01-01 09:00 MEET 2026-01-01 10:00 talk F7", NotFound, Conflict),
        ("PUT F4 2026-01-01 09:00 MEET 2026-01-01 11:00 talk F5,F6", NotFound, Full),
        ("PUT F2 2026-01-01 09:00 MEET 2026-01-01 10:00 talk F7", Forbidden, Conflict),
        ("PUT F2 2026-01-01 09:00 MEET 2026-01-01 11:00 talk F3,F4,F5,F6", Forbidden, Full),
        ("PUT F1 2026-01-01 09:00 MEET 2026-01-01 10:00 talk F3,F4,F5,F7", Conflict, Full),
        ("DELETE F2 2026-01-01", BadRequest, Forbidden),
    ] {
        assert_earlier(&mut conn, line, earlier, later);
    }
    for (line, code) in [
        ("PUT F4 2026-01-01 09:00 BLOCK 2026-01-01 10:00", "NOT_FOUND"),
        ("PUT F2 2026-01-01 09:00 BLOCK 2026-01-01 11:00", "FORBIDDEN"),
        ("DELETE F2 2026-01-01 09:00", "FORBIDDEN"),
    ] {
        conn.ask(line).err(code);
    }
    for (line, limit, requested) in [
        ("BOOK x 2", 2, 2),
        ("CREATE y 2026-01-01 1 id=y", 1, 1),
        ("CREATE y 2026-01-01 1", 1, 1),
        ("BLOCK F4 2026-01-01 09:00", 4, 1),
        ("MEET F4 2026-01-01 09:00 talk F5,F6", 4, 3),
        ("PUT F1 2026-01-01 09:00 MEET 2026-01-01 11:00 talk F2,F3,F4", 4, 1),
        ("PUT F1 2026-01-01 09:00 MEET 2026-01-01 11:00 talk F2,F3,F4,F5", 4, 2),
    ] {
        assert_full(&conn.ask(line), limit, requested);
    }
    assert_eq!(conn.ask("STATS").number("sequence"), 4, "nothing was changed");
    let day = conn.ask("GET F3 2026-01-01");
    assert_eq!(day.ok()["schedule"][0]["time"], "09:00", "the old entry is still there");
}

#[test]
fn request_with_a_key_is_refused_for_the_key_before_anything_about_its_records() {
    let server = Server::fresh_with(&["--max-keys", "1"]);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 4 id=x max_per_booking=3").ok();
    conn.ask("CREATE y 2026-01-01 4 id=y sales=closed").ok();
    conn.ask("MEET F1 2026-01-01 09:00 talk F2,F3").ok();
    conn.ask("BOOK x 2 key=used-for-a-booking").ok();
    for (line, earlier, later) in [
        ("BOOK nosuch 0 key=used-for-a-booking", BadRequest, KeyReused),
        ("BOKO x 2 key=used-for-a-booking", UnknownCommand, KeyReused),
        ("BOOK nosuch 1 key=used-for-a-booking", KeyReused, NotFound),
        ("BOOK x 3 key=used-for-a-booking", KeyReused, SoldOut),
        ("BOOK x 1001 key=used-for-a-booking", KeyReused, Limit),
        ("BOOK y 2 key=used-for-a-booking", KeyReused, Closed),
        ("CREATE z 2026-01-01 1 id=x key=used-for-a-booking", KeyReused, Conflict),
        ("DELETE F2 2026-01-01 09:00 key=used-for-a-booking", KeyReused, Forbidden),
        ("CREATE z 2026-01-01 1 id=z key=used-for-a-booking", KeyReused, Full),
        ("BOOK nosuch 1001 key=a-key-never-used-before", NotFound, Limit),
        ("BOOK y 1001 key=a-key-never-used-before", Closed, Limit),
        ("BOOK x 1001 key=a-key-never-used-before", Limit, SoldOut),
        ("BOOK x 3 key=a-key-never-used-before", SoldOut, Full),
        ("CREATE z 2026-01-01 1 id=x key=a-key-never-used-before", Conflict, Full),
        ("BOOK x 1 key=a-key-never-used-before", Full, Code::ReadOnly),
    ] {
        assert_earlier(&mut conn, line, earlier, later);
    }
    assert_full(&conn.ask("BOOK x 1 key=a-key-never-used-before"), 1, 1);
    let refused = conn.ask("BOOK x 1001 key=a-key-never-used-before");
    let refusal = refused.err("LIMIT");
    assert_eq!((&refusal["limit"], &refusal["requested"]), (&1_000.into(), &1_001.into()));
    assert_eq!(conn.ask("STATS").number("sequence"), 4, "nothing was changed");
}

#[test]
fn booking_is_refused_for_closed_sales_then_for_the_limit_of_a_booking() {
    let server = Server::fresh_with(&["--max-tickets", "2", "--max-events", "2"]);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 4 id=x max_per_booking=3").ok();
    conn.ask("CREATE y 2026-01-01 4 id=y sales=closed max_per_booking=3").ok();
    for (line, earlier, later) in [
        ("BOOK y 0", BadRequest, Closed),
        ("BOOK y 4", Closed, Limit),
        ("BOOK y 5", Closed, SoldOut),
        ("BOOK y 3", Closed, Full),
        ("BOOK y 10000", Closed, SoldOut),
        ("BOOK x 5", Limit, SoldOut),
        ("BOOK x 4", Limit, Full),
        ("BOOK x 10000", Limit, SoldOut),
        ("BOOK x 3", Full, Code::ReadOnly),
        ("CREATE z 2026-01-01 4 id=x sales=closed", Conflict, Full),
        ("UPDATE z tickets=0", BadRequest, NotFound),
        ("UPDATE z", BadRequest, NotFound),
        ("UPDATE z tickets=1", NotFound, Conflict),
    ] {
        assert_earlier(&mut conn, line, earlier, later);
    }
    let refused = conn.ask("BOOK x 4");
    let refusal = refused.err("LIMIT");
    assert_eq!((&refusal["limit"], &refusal["requested"]), (&3.into(), &4.into()));
    assert_eq!(conn.ask("STATS").number("sequence"), 2, "nothing was changed");
    conn.ask("BOOK x 2").ok();
    let refused = conn.ask("UPDATE x tickets=1");
    let refusal = refused.err("CONFLICT");
    assert_eq!((&refusal["issued"], &refusal["requested"]), (&2.into(), &1.into()));
}

#[test]
fn book_of_several_events_is_refused_for_the_first_of_them_with_the_earliest_reason() {
    let server = Server::fresh_with(&["--max-tickets", "3"]);
    let mut conn = server.connect();
    for (id, tickets) in [("a", 2), ("b", 1), ("c", 10)] {
        conn.ask(&format!("CREATE {id} 2026-01-01 {tickets} id={id}")).ok();
    }
    for (line, earlier, later) in [
        ("BOOK a 1 nosuch 0", BadRequest, NotFound),
        ("BOOK a 3 nosuch 1 a 1", BadRequest, NotFound),
        ("BOOK a 3 nosuch 1", NotFound, SoldOut),
        ("BOOK c 4 nosuch 1", NotFound, Full),
        ("BOOK c 4 a 3", SoldOut, Full),
    ] {
        assert_earlier(&mut conn, line, earlier, later);
    }
    for (line, event, available, requested) in
        [("BOOK b 2 a 3", "b", 1, 2), ("BOOK a 3 b 2", "a", 2, 3), ("BOOK c 1 a 2 b 9990", "b", 1, 9_990)]
    {
        let fields = conn.ask(line).err("SOLD_OUT").clone();
        assert_eq!((&fields["event_id"], &fields["available"]), (&event.into(), &available.into()), "{line}");
        assert_eq!(fields["requested"], requested, "{line}");
    }
    for (line, event) in [("BOOK a 3 y 1 x 1", "y"), ("BOOK x 1 y 1", "x"), ("BOOK a 1 b 1 c 9000 x 1", "x")]
    {
        assert_eq!(conn.ask(line).err("NOT_FOUND")["event_id"], event, "{line}");
    }
    assert_full(&conn.ask("BOOK a 2 c 2"), 3, 4);
    let one_event = conn.ask("BOOK a 3");
    assert!(one_event.err("SOLD_OUT").get("event_id").is_none(), "{one_event:?}");
    let stats = conn.ask("STATS");
    assert_eq!((stats.number("sequence"), stats.number("tickets")), (3, 0), "nothing was changed");
    assert_eq!(conn.ask("BOOK b 1 a 2").ok()["bookings"][1]["available_tickets"], 0);
}

#[test]
fn requests_about_holds_and_tickets_are_refused_for_the_earlier_of_two_reasons() {
    const UNKNOWN: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";
    let flags = ["--max-tickets", "3", "--max-holds", "1", "--max-name-bytes", "60"];
    let server = Server::fresh_with(&flags);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 20 id=x max_per_booking=5").ok();
    conn.ask("CREATE y 2026-01-01 1 id=y sales=closed").ok();
    let [confirmed, released, expired] =
        [("x 3", "CONFIRM"), ("x 2", "RELEASE"), ("x 4 ttl=1", "")].map(|(request, end)| {
            let hold = text(&conn.ask(&format!("HOLD {request}")).ok()["hold_id"]);
            if end.is_empty() {
                conn.ask_until("STATS", |stats| stats.number("holds") == 0);
            } else {
                conn.ask(&format!("{end} {hold}")).ok();
            }
            hold
        });
    let tickets = conn.ask("TICKETS x ids=yes").rows;
    let [ticket, cancelled] = [0, 1].map(|n| text(&tickets[n]["ticket"]));
    conn.ask(&format!("CANCEL {cancelled}")).ok();
    let held = text(&conn.ask("HOLD x 2").ok()["hold_id"]);
    let before = conn.ask("STATS").number("sequence");
    let name = "A name that is longer than the server stores";
    for (line, earlier, later) in [
        ("HOLD nosuch 0".to_owned(), BadRequest, NotFound),
        ("HOLD nosuch 1".to_owned(), NotFound, Full),
        ("HOLD y 2".to_owned(), Closed, SoldOut),
        ("HOLD x 6".to_owned(), Limit, Full),
        (format!("HOLD x 1 for=\"{name}\""), Full, Code::ReadOnly),
        (format!("CONFIRM {UNKNOWN} 0"), BadRequest, NotFound),
        (format!("CONFIRM {UNKNOWN} 9"), NotFound, Limit),
        (format!("CONFIRM {expired} 9"), Expired, Limit),
        (format!("CONFIRM {confirmed} 9"), Conflict, Full),
        (format!("CONFIRM {released}"), Conflict, Full),
        (format!("CONFIRM {held} 3"), Limit, Full),
        (format!("EXTEND {UNKNOWN} 7200"), NotFound, Limit),
        (format!("EXTEND {expired} 7200"), Expired, Limit),
        (format!("EXTEND {released} 7200"), Conflict, Code::ReadOnly),
        (format!("EXTEND {released} 10"), Conflict, Code::ReadOnly),
        (format!("RELEASE {UNKNOWN}"), NotFound, Conflict),
        (format!("RELEASE {expired}"), Expired, Conflict),
        (format!("CANCEL {cancelled} {UNKNOWN} x"), BadRequest, NotFound),
        (format!("CANCEL {cancelled} {UNKNOWN}"), NotFound, Conflict),
        (format!("CHECKIN {UNKNOWN} undo=no"), BadRequest, NotFound),
        (format!("TICKETS nosuch after={UNKNOWN}"), BadRequest, NotFound),
        ("DELETE nosuch tickets=keep".to_owned(), BadRequest, NotFound),
        ("UPDATE nosuch tickets=1".to_owned(), NotFound, Conflict),
    ] {
        assert_earlier(&mut conn, &line, earlier, later);
    }
    let fields = |conn: &mut Conn, line: &str, code: &str, names: [&str; 2]| {
        let refused = conn.ask(line);
        names.map(|name| refused.err(code)[name].clone())
    };
    let unknown = fields(&mut conn, &format!("CANCEL {ticket} {UNKNOWN}"), "NOT_FOUND", ["tickets", "retry"]);
    assert_eq!(unknown, [json!([UNKNOWN]), json!(false)]);
    let taken = fields(&mut conn, &format!("CANCEL {ticket} {cancelled}"), "CONFLICT", ["tickets", "retry"]);
    assert_eq!(taken, [json!([cancelled]), json!(false)]);
    let numbers = fields(&mut conn, "DELETE x", "CONFLICT", ["tickets", "holds"]);
    assert_eq!(numbers, [json!(2), json!(1)]);
    let numbers = fields(&mut conn, "UPDATE x tickets=3", "CONFLICT", ["issued", "held"]);
    assert_eq!(numbers, [json!(2), json!(2)]);
    let numbers = fields(&mut conn, &format!("CONFIRM {held} 3"), "LIMIT", ["limit", "requested"]);
    assert_eq!(numbers, [json!(2), json!(3)]);
    conn.ask(&format!("CHECKIN {ticket}")).ok();
    for line in [format!("CHECKIN {ticket}"), format!("CHECKIN {cancelled}"), format!("CANCEL {ticket}")] {
        conn.ask(&line).err("CONFLICT");
    }
    assert_eq!(conn.ask("STATS").number("sequence"), before + 1, "nothing else was changed");
}

#[test]
fn hod_of_someone_else_than_the_head_is_forbidden_by_role() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let refused = conn.ask("HOD F1");
    assert!(refused.err("FORBIDDEN").get("host").is_none(), "{refused:?}");
    conn.ask("HOD F1 F10").err("BAD_REQUEST");
}
