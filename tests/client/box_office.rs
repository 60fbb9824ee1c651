//! A day at the box office, played through with the client: sales, holds, cancellations, check-in, the door
//! list, and two crashes of the server in between.
//!
//! Catches: a command that works alone but not after another one, a state that a crash loses or brings back,
//! and numbers that do not add up at the end of a day.

use std::time::Instant;

use bookline_testkit::HANG_TIMEOUT;
use serde_json::{Value, json};

use crate::support::durable_server::DurableServer;

impl DurableServer {
    /// Tickets of an event: all, those that are left, those that are held, and those that are valid.
    #[track_caller]
    fn numbers(&self, event: &str) -> [u64; 4] {
        let object = self.granted(&["GET", event]);
        let [total, available, held] =
            ["total_tickets", "available_tickets", "held_tickets"].map(|name| object[name].as_u64().unwrap());
        let valid = self.granted(&["TICKETS", event])["count"].as_u64().unwrap();
        assert_eq!(total, available + held + valid, "the numbers of {event} do not add up: {object}");
        [total, available, held, valid]
    }

    /// Waits until `is_reached` says so.
    #[track_caller]
    fn wait_until(&self, what: &str, is_reached: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_reached(self) {
            assert!(start.elapsed() < HANG_TIMEOUT, "{what} takes more than {HANG_TIMEOUT:?}");
        }
    }
}

/// The ids in the `tickets` of a booking.
fn tickets(booking: &Value) -> Vec<&str> {
    booking["tickets"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect()
}

/// The end of a ticket id, as it is on the door list.
fn end(ticket: &str) -> &str {
    &ticket[ticket.len() - 6..]
}

#[test]
fn day_at_the_box_office_ends_with_the_right_numbers() {
    let office = DurableServer::start();
    office.granted(&["CREATE", "Jazz Night", "2027-06-12", "10", "id=jazz"]);
    office.granted(&["CREATE", "Rust Conf", "2026-12-31", "5", "id=rustconf", "max_per_booking=4"]);

    // Sales, with names.
    let ada = office.granted(&["BOOK", "jazz", "3", "for=Ada Lovelace"]);
    let both = office.granted(&["BOOK", "jazz", "1", "rustconf", "2", "for=Žofie Nováková"]);
    let [ada_first, ada_second, ada_third] = tickets(&ada)[..] else { panic!("{ada}") };
    let (zofie, at_rustconf) = (tickets(&both["bookings"][0])[0], tickets(&both["bookings"][1]));
    let limit = office.refused(&["BOOK", "rustconf", "5"], "LIMIT");
    assert_eq!((&limit["limit"], &limit["requested"]), (&json!(4), &json!(5)));
    assert_eq!(office.numbers("jazz"), [10, 6, 0, 4]);

    // Holds: one is confirmed, one expires, one stays.
    let grace = office.granted(&["HOLD", "jazz", "2", "ttl=600", "for=Grace Hopper"]);
    let lost = office.granted(&["HOLD", "jazz", "1", "ttl=1"]);
    let kept = office.granted(&["HOLD", "rustconf", "1", "ttl=600"]);
    let [grace_hold, lost_hold, kept_hold] =
        [&grace, &lost, &kept].map(|hold| hold["hold_id"].as_str().unwrap());
    assert_eq!((&grace["available_tickets"], &kept["available_tickets"]), (&json!(4), &json!(2)));
    office.wait_until("the end of a hold", |office| {
        office.granted(&["HOLD", lost_hold])["status"] == "expired"
            && office.granted(&["GET", "jazz"])["available_tickets"] == 4
    });
    let expired = office.refused(&["CONFIRM", lost_hold], "EXPIRED");
    assert_eq!(expired["at"], lost["expires_at"]);
    let confirmed = office.granted(&["CONFIRM", grace_hold]);
    let [grace_first, grace_second] = tickets(&confirmed)[..] else { panic!("{confirmed}") };
    assert_eq!(office.refused(&["RELEASE", grace_hold], "CONFLICT")["status"], "confirmed");
    assert_eq!(office.numbers("jazz"), [10, 4, 0, 6]);

    // Cancellation.
    let cancelled = office.granted(&["CANCEL", ada_third]);
    assert_eq!(cancelled["events"], json!([{"event_id": "jazz", "available_tickets": 5}]));
    assert_eq!(office.refused(&["CANCEL", ada_third, zofie], "CONFLICT")["tickets"], json!([ada_third]));

    // Check-in, one twice, one by mistake.
    let first = office.granted(&["CHECKIN", ada_first]);
    assert_eq!((&first["status"], &first["for"]), (&json!("checked_in"), &json!("Ada Lovelace")));
    let again = office.refused(&["CHECKIN", ada_first], "CONFLICT");
    assert_eq!((&again["status"], &again["at"]), (&json!("checked_in"), &first["at"]));
    assert_eq!(office.refused(&["CHECKIN", ada_third], "CONFLICT")["status"], "cancelled");
    office.granted(&["CHECKIN", grace_first]);
    assert_eq!(office.granted(&["CHECKIN", grace_first, "undo=yes"])["status"], "booked");
    office.refused(&["CHECKIN", grace_first, "undo=yes"], "CONFLICT");

    let office = office.crash();
    assert_eq!(office.numbers("jazz"), [10, 5, 0, 5]);
    assert_eq!(office.numbers("rustconf"), [5, 2, 1, 2]);
    assert_eq!(office.granted(&["HOLD", kept_hold])["status"], "held");
    assert_eq!(office.granted(&["HOLD", lost_hold])["status"], "expired");
    assert_eq!(office.refused(&["CHECKIN", ada_first], "CONFLICT")["at"], first["at"]);

    // The door list, on paper and for a spreadsheet.
    let list = [
        (ada_first, "checked_in", "Ada Lovelace"),
        (ada_second, "booked", "Ada Lovelace"),
        (zofie, "booked", "Žofie Nováková"),
        (grace_first, "booked", "Grace Hopper"),
        (grace_second, "booked", "Grace Hopper"),
    ];
    let paper = office.run(&["--format", "table", "TICKETS", "jazz"]);
    assert_eq!((paper.exit, paper.stdout.lines().last()), (0, Some("5 tickets.")), "{paper:?}");
    assert!(paper.stdout.lines().all(|line| line.chars().count() <= 80), "{}", paper.stdout);
    let rows = paper.stdout.lines().skip(2).take(list.len());
    for ((ticket, status, name), row) in list.iter().zip(rows) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [shown, words, _, attendee] = cells[..] else { panic!("{row}") };
        assert_eq!((shown, words, attendee), (end(ticket), &*status.replace('_', " "), *name), "{row}");
    }
    let sheet = office.run(&["--format", "csv", "TICKETS", "jazz", "ids=yes"]);
    assert_eq!(sheet.stdout.lines().next(), Some("ticket,status,at,for"));
    for ((ticket, status, name), row) in list.iter().zip(sheet.stdout.lines().skip(1)) {
        let is_row = row.starts_with(&format!("{ticket},{status},")) && row.ends_with(&format!(",{name}"));
        assert!(is_row, "{row} is not the row of {ticket}");
    }
    assert_eq!(sheet.stdout.lines().count(), 1 + list.len());

    // Sales are closed, and everything else goes on.
    office.granted(&["UPDATE", "jazz", "sales=closed"]);
    office.refused(&["BOOK", "jazz", "1"], "CLOSED");
    office.refused(&["HOLD", "jazz", "1"], "CLOSED");
    office.granted(&["CHECKIN", zofie]);
    office.granted(&["CANCEL", grace_second]);
    assert_eq!(office.granted(&["RELEASE", kept_hold])["released"], 1);

    let office = office.crash();
    assert_eq!(office.numbers("jazz"), [10, 6, 0, 4]);
    assert_eq!(office.numbers("rustconf"), [5, 3, 0, 2]);
    for (status, count) in [("booked", 2), ("checked_in", 2), ("cancelled", 2), ("all", 6)] {
        let option = format!("status={status}");
        assert_eq!(office.granted(&["TICKETS", "jazz", &option])["count"], count, "{status}");
    }

    // An event of the past makes room.
    let sold = office.refused(&["DELETE", "rustconf"], "CONFLICT");
    assert_eq!((&sold["tickets"], &sold["holds"]), (&json!(2), &json!(0)));
    let deleted = office.granted(&["DELETE", "rustconf", "tickets=drop"]);
    assert_eq!(deleted, json!({"event_id": "rustconf", "deleted": "event", "tickets": 2, "holds": 0}));
    office.refused(&["TICKET", at_rustconf[0]], "NOT_FOUND");
    office.refused(&["HOLD", kept_hold], "NOT_FOUND");
    assert_eq!(office.numbers("jazz"), [10, 6, 0, 4]);
}
