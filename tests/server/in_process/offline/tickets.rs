//! `booklined dump` of holds, cancellations, check-ins and deletions, from the journal and from a snapshot.
//!
//! It would fail if a change were printed with other counts than those after it, or if a snapshot lost what
//! became of a ticket or hold.

use std::path::Path;

use bookline_testkit::AsyncConn;
use bookline_testkit::in_process::Server;
use serde_json::{Value, json};

use super::{booklined, text};

/// The changes that `dump` prints, without their positions and times in the log.
fn dumped(directory: &Path) -> Vec<Value> {
    let output = booklined("dump", directory, &[]);
    assert!(output.status.success(), "{}", text(&output));
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let changes = lines.lines().map(|line| {
        let mut change: Value = serde_json::from_str(line).expect("an object");
        let fields = change.as_object_mut().expect("an object");
        fields.retain(|name, _| !["sequence", "at"].contains(&name.as_str()));
        change
    });
    changes.collect()
}

/// A change of so many tickets of the event jazz with ten tickets, and its counts after it.
fn after(kind: &str, count: usize, issued: u32, held: u32) -> Value {
    json!({
        "kind": kind, "event_id": "jazz", "count": count, "available_tickets": 10 - issued - held,
        "held_tickets": held,
    })
}

/// The object with these fields.
fn with(mut object: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    object.as_object_mut().expect("an object").extend(fields);
    object
}

async fn hold(conn: &mut AsyncConn, line: &str) -> (Value, Value) {
    let body = conn.ask(line).await.body;
    (body["hold_id"].clone(), body["expires_at"].clone())
}

#[tokio::test]
async fn dump_shows_what_became_of_tickets_and_holds() {
    let server = Server::fresh().await;
    let mut conn = server.connect().await;
    conn.ask("CREATE Jazz 2027-02-02 10 id=jazz").await.ok();
    let tickets = conn.ask("BOOK jazz 3 for=Ann").await.body["tickets"].clone();
    let ticket = |index: usize| tickets[index].as_str().expect("a ticket").to_owned();
    let (first, first_deadline) = hold(&mut conn, "HOLD jazz 2 for=Bob").await;
    let first_id = first.as_str().expect("a hold").to_owned();
    let (_, later) = hold(&mut conn, &format!("EXTEND {first_id} 600")).await;
    let confirmed = conn.ask(&format!("CONFIRM {first_id} 1")).await.body["tickets"].clone();
    let (second, second_deadline) = hold(&mut conn, "HOLD jazz 4").await;
    conn.ask(&format!("RELEASE {}", second.as_str().expect("a hold"))).await.ok();
    for line in ["CHECKIN T", "CHECKIN T undo=yes", "CHECKIN T"] {
        conn.ask(&line.replace('T', &ticket(0))).await.ok();
    }
    conn.ask(&format!("CANCEL {} {}", ticket(1), ticket(2))).await.ok();
    conn.ask("UPDATE jazz sales=closed").await.ok();
    conn.finish().await;
    let directory = server.stop().await;

    let checked_in =
        |undo| with(after("ticket_checked_in", 1, 4, 0), json!({ "undo": undo, "ticket": tickets[0] }));
    let made = |deadline, count, issued, held| {
        with(after("hold_made", count, issued, held), json!({ "expires_at": deadline }))
    };
    let event = |kind: &str, available: u32, sales: &str| {
        json!({
            "kind": kind, "event_id": "jazz", "name": "Jazz", "date": "2027-02-02", "total_tickets": 10,
            "available_tickets": available, "held_tickets": 0, "sales": sales,
        })
    };
    let expected = [
        event("event_created", 10, "open"),
        with(after("tickets_booked", 3, 3, 0), json!({ "tickets": tickets, "for": "Ann" })),
        with(made(&first_deadline, 2, 3, 2), json!({ "hold": first, "for": "Bob" })),
        with(after("hold_extended", 2, 3, 2), json!({ "expires_at": later, "hold": first })),
        with(after("hold_confirmed", 1, 4, 0), json!({ "hold": first, "tickets": confirmed, "for": "Bob" })),
        with(made(&second_deadline, 4, 4, 4), json!({ "hold": second })),
        with(after("hold_released", 4, 4, 0), json!({ "hold": second })),
        checked_in(false),
        checked_in(true),
        checked_in(false),
        with(after("tickets_cancelled", 2, 2, 0), json!({ "tickets": [tickets[1], tickets[2]] })),
        event("event_updated", 8, "closed"),
    ];
    let changes = dumped(directory.path());
    assert_eq!(changes, expected);

    let server = Server::on(directory).await.expect("a restart");
    let mut conn = server.connect().await;
    conn.ask("SNAPSHOT").await.ok();
    conn.ask("DELETE jazz tickets=drop").await.ok();
    conn.finish().await;
    let directory = server.stop().await;
    let changes = dumped(directory.path());
    let of = |name: &str| -> Vec<&Value> { changes.iter().filter(|change| change["kind"] == name).collect() };
    let statuses: Vec<_> = of("tickets_kept").iter().map(|change| &change["statuses"]).collect();
    assert_eq!(statuses, [&json!(["checked_in", "cancelled", "cancelled"]), &json!(["booked"])]);
    let attendees: Vec<_> = of("tickets_kept").iter().map(|change| &change["for"]).collect();
    assert_eq!(attendees, ["Ann", "Bob"]);
    let holds: Vec<_> = of("hold_kept").iter().map(|held| (&held["hold"], &held["status"])).collect();
    assert_eq!(holds, [(&first, &json!("confirmed")), (&second, &json!("released"))]);
    assert_eq!(of("hold_kept")[0]["expires_at"], later);
    assert!(of("hold_kept").iter().all(|held| held.get("for").is_none() && held["ended_at"].is_string()));
    assert_eq!(of("event_deleted"), [&json!({ "kind": "event_deleted", "event_id": "jazz" })]);
    assert_eq!(changes.len(), 6);

    // The next snapshot has nothing of the event.
    let server = Server::on(directory).await.expect("a restart");
    let mut conn = server.connect().await;
    conn.ask("SNAPSHOT").await.ok();
    conn.finish().await;
    assert_eq!(dumped(server.stop().await.path()), Vec::<Value>::new());
}
