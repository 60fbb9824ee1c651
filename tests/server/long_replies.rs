//! Replies that are written in several pieces.
//!
//! Catches: a row of HOD that grows without bound, a reply that loses, duplicates or changes something
//! between two pieces, a day that is not of one moment, unread replies that exhaust the memory.

use std::collections::HashSet;
use std::io::Write;
use std::net::TcpStream;

use bookline_testkit::Conn;
use bookline_testkit::process::Server;
use bookline_testkit::reply::words;
use chrono::{Duration, Utc};
use serde_json::{Value, json};

use crate::audit::check_tickets;

/// Bytes in the longest id.
const ID: usize = 64;
/// Ids in the largest group.
const GROUP: usize = 1_000;

fn people(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{name}-{n:0>width$}", width = ID - 1 - name.len())).collect()
}

/// An hour of yesterday, which is always in the month.
fn yesterday(hour: u32) -> String {
    format!("{} {hour:02}:00", (Utc::now() - Duration::days(1)).format("%d-%m-%Y"))
}

fn meet(conn: &mut Conn, who: &str, slot: &str, group: &[String]) -> Value {
    let met = conn.ask(&format!("MEET {who} {slot} \"a \\u00fc\\\" title\" {}", group.join(",")));
    assert_eq!(met.ok()["group"], json!(group));
    json!({"title": "a ü\" title", "group": group, "host": who})
}

fn meetings(rows: &[Value]) -> Vec<Value> {
    rows.iter().flat_map(|row| row["meetings"].as_array().unwrap().clone()).collect()
}

#[test]
fn hour_of_many_meetings_is_split_into_rows() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let (slot, empty) = (yesterday(9), yesterday(10));
    let requests: Vec<String> = (0..1_500).map(|n| format!("BLOCK B{n} {slot}")).collect();
    conn.ask_all(&requests).iter().for_each(|reply| assert!(reply.is_ok()));
    let mut made = Vec::new();
    for n in 0..150 {
        made.push(meet(&mut conn, &format!("A{n}"), &slot, &people(&format!("g{n}"), 1)));
    }
    // Some large meetings, and one that is larger than a row.
    for n in 0..5 {
        made.push(meet(&mut conn, &format!("C{n}"), &slot, &people(&format!("h{n}"), 250)));
    }
    made.push(meet(&mut conn, "D", &slot, &people("i", GROUP)));
    made.push(meet(&mut conn, "E", &slot, &people("j", 1)));
    let requests: Vec<String> = (0..1_500).map(|n| format!("BLOCK B{n} {empty}")).collect();
    conn.ask_all(&requests).iter().for_each(|reply| assert!(reply.is_ok()));

    conn.send("HOD F10");
    let mut rows = Vec::new();
    let last = loop {
        let line = conn.line();
        let Some(row) = line.strip_prefix("ROW ") else { break line };
        let value: Value = serde_json::from_str(row).unwrap();
        let count = value["meetings"].as_array().unwrap().len();
        assert!((1..=64).contains(&count), "{count} meetings in a row");
        assert!(row.len() <= 64 << 10 || count == 1, "a row of {} bytes and {count} meetings", row.len());
        assert_eq!(format!("{} {}", value["date"].as_str().unwrap(), value["time"].as_str().unwrap()), slot);
        rows.push(value);
    };
    assert_eq!(last, format!("OK {{\"count\":{}}}", rows.len()));
    assert!(rows.len() >= 5, "{} rows", rows.len());
    assert_eq!(meetings(&rows), made);
}

#[test]
fn booking_of_eight_events_has_all_tickets_of_each() {
    let server = Server::fresh();
    let mut conn = server.connect();
    // Less and more than what is drawn and written at a time, up to the maximum together.
    let counts = [1, 129, 2_000, 1, 3_000, 1_000, 128, 3_741];
    let events: Vec<String> = (0..counts.len()).map(|n| format!("e{n}")).collect();
    for event in &events {
        conn.ask(&format!("CREATE {event} 2026-01-01 10000 id={event}")).ok();
    }
    let bookings: String =
        events.iter().zip(counts).map(|(event, count)| format!(" {event} {count}")).collect();
    let booked = conn.ask(&format!("BOOK{bookings}"));
    let booked = booked.ok()["bookings"].as_array().unwrap();
    assert_eq!(booked.len(), events.len());
    let mut tickets = Vec::new();
    for ((event, count), booked) in events.iter().zip(counts).zip(booked) {
        assert_eq!(
            (&booked["event_id"], &booked["available_tickets"]),
            (&json!(event), &json!(10_000 - count))
        );
        let issued = words(&booked["tickets"]);
        assert_eq!(issued.len(), count, "{event}");
        tickets.extend(issued.into_iter().map(|ticket| (ticket, event)));
    }
    for event in &events {
        let of_event = tickets.iter().filter(|(_, other)| *other == event);
        let of_event: Vec<_> = of_event.map(|(ticket, _)| ticket.clone()).collect();
        check_tickets(&mut conn, event, &of_event);
    }
    let distinct: HashSet<&String> = tickets.iter().map(|(ticket, _)| ticket).collect();
    assert_eq!(distinct.len(), 10_000);
}

#[test]
fn large_day_is_complete_ordered_and_of_one_moment() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let date = "21-11-2026";
    let mut schedule = Vec::new();
    for hour in 0..24 {
        let time = format!("{hour:02}:00");
        let met = if hour == 12 {
            conn.ask(&format!("BLOCK F1 {date} {time}")).ok();
            json!({"title": "", "group": [], "host": "F1"})
        } else {
            meet(&mut conn, "F1", &format!("{date} {time}"), &people("g", GROUP))
        };
        schedule.push(json!({"time": time, "meet": met}));
    }
    let day = json!({"name": "F1", "date": date, "schedule": schedule});
    assert_eq!(*conn.ask(&format!("GET F1 {date}")).ok(), day);

    // The reply shows the day as of the request, although all of it is deleted before the reply is read.
    conn.send(&format!("GET F1 {date}\nPING"));
    let mut other = server.connect();
    conn.stream().peek(&mut [0]).unwrap();
    for hour in 0..24 {
        other.ask(&format!("DELETE F1 {date} {hour:02}:00")).ok();
    }
    assert_eq!(*conn.reply().ok(), day);
    assert_eq!(conn.line(), "OK {}");
    assert_eq!(conn.ask(&format!("GET F1 {date}")).ok()["schedule"], json!([]));
}

#[test]
fn large_booking_lists_exactly_the_sold_tickets() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 30000 id=x").ok();
    let mut all = HashSet::new();
    for count in [16, 17, 128, 129, 1_000, 10_000] {
        let booked = conn.ask(&format!("BOOK x {count}"));
        let tickets: Vec<&str> = booked.ok()["tickets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ticket| ticket.as_str().unwrap())
            .collect();
        assert_eq!(tickets.len(), count);
        let requests: Vec<String> = tickets.iter().map(|ticket| format!("TICKET {ticket}")).collect();
        for some in requests.chunks(500) {
            conn.ask_all(some).iter().for_each(|reply| assert_eq!(reply.ok()["event_id"], "x"));
        }
        assert!(tickets.iter().all(|ticket| all.insert((*ticket).to_owned())), "a ticket is listed twice");
        assert_eq!(booked.number("available_tickets"), 30_000 - all.len() as u64);
    }
    assert_eq!(conn.ask("STATS").number("tickets"), all.len() as u64);
    conn.ask("BOOK x 10000").ok();
    conn.ask("BOOK x 10000").err("SOLD_OUT");
    conn.ask("BOOK nosuch 10000").err("NOT_FOUND");
}

/// A client that requests large replies and does not read them takes no more memory than a connection may
/// have.
#[test]
fn unread_large_replies_are_bounded_in_memory() {
    const READERS: usize = 30;
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-01-01 1000000 id=x").ok();
    for hour in 0..24 {
        meet(&mut conn, "F1", &yesterday(hour), &people("g", GROUP));
    }
    for n in 0..50 {
        meet(&mut conn, &format!("A{n}"), &yesterday(9), &people(&format!("h{n}"), GROUP));
    }
    let date = yesterday(9)[..10].to_owned();
    for (request, kib) in [("HOD F10", 256), (&*format!("GET F1 {date}"), 256), ("BOOK x 10000", 768)] {
        let before = server.resident_kib();
        let unread: Vec<TcpStream> = (0..READERS)
            .map(|_| {
                let mut stream = server.connect().stream();
                // The replies are larger than the kernel's buffers.
                stream.write_all(format!("{request}\n").repeat(30).as_bytes()).unwrap();
                stream
            })
            .collect();
        for stream in &unread {
            assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
        }
        // Other connections are served, for long enough that the server could have written more.
        for _ in 0..500 {
            assert!(conn.ask("PING").is_ok());
        }
        let grown = server.resident_kib().saturating_sub(before) / READERS as u64;
        println!("{request}: {grown} KiB for each client that does not read");
        assert!(grown < kib, "{request}: {grown} KiB for each of {READERS} clients that do not read");
    }
}

#[test]
fn put_of_a_large_meeting_shows_it_completely() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let (old, new) = (yesterday(9), yesterday(10));
    for kept in [0, GROUP / 2] {
        let group = people("g", GROUP);
        let mut replaced = meet(&mut conn, "F1", &old, &group);
        let reply = match kept {
            0 => conn.ask(&format!("PUT F1 {old} BLOCK {new}")),
            _ => conn.ask(&format!("PUT F1 {old} MEET {new} new {}", group[..kept].join(","))),
        };
        replaced["date"] = old[..10].into();
        replaced["time"] = old[11..].into();
        replaced["removed"] = json!(group[kept..]);
        assert_eq!(reply.ok()["replaced"], replaced);
        conn.ask(&format!("DELETE F1 {new}")).ok();
    }
}

/// The search takes several locks for a day, and the line of the busy hours several pieces.
#[test]
fn search_for_a_large_group_looks_at_everybody() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let date = "20-11-2037";
    let group = people("g", GROUP);
    let search = format!("FREE {} {date} from=00:00 until=24:00", group.join(","));
    conn.ask(&format!("BLOCK {} {date} 10:00", group[GROUP - 1])).ok();
    let found = conn.ask(&format!("{search} hours=13"));
    assert_eq!(found.rows, [json!({"date": date, "time": "11:00", "hours": 13})]);

    let hours: Vec<String> = (0..24).map(|hour| format!("{hour:02}:00")).collect();
    for hour in &hours {
        let count = if hour == "10:00" { GROUP - 1 } else { GROUP };
        meet(&mut conn, &group[0], &format!("{date} {hour}"), &group[..count]);
    }
    let busy = conn.ask(&search).ok()["busy"].clone();
    assert_eq!(busy.as_object().unwrap().len(), GROUP);
    assert!(group.iter().all(|who| busy[who] == json!(hours)));
    let counts = conn.ask(&format!("{search} to=21-11-2037")).ok()["busy"].clone();
    assert!(group.iter().all(|who| counts[who] == json!(24)));
}

#[test]
fn range_of_large_days_is_complete_and_ordered() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let dates = ["20-11-2037", "22-11-2037"];
    for date in dates {
        for hour in 9..12 {
            meet(&mut conn, "F1", &format!("{date} {hour:02}:00"), &people("g", GROUP));
        }
    }
    let days = dates.map(|date| conn.ask(&format!("GET F1 {date}")).ok().clone());
    let range = conn.ask("GET F1 19-11-2037 23-11-2037");
    assert_eq!(range.rows, days);
    assert_eq!(range.number("count"), 2);
}
