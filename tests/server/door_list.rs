//! TICKETS, the door list.
//!
//! Catches: a page that repeats or omits a ticket while others are sold, cancelled and checked in; a name
//! that is not found for its case; a cursor that continues the list of another event; an id of a ticket that
//! is shown to whoever prints the list.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bookline_testkit::process::Server;
use bookline_testkit::{Conn, Reply};

use crate::audit::text;

/// The tickets of a list, in pages of this size.
fn in_pages(conn: &mut Conn, options: &str, limit: usize) -> Vec<String> {
    let (mut tickets, mut after) = (Vec::new(), String::new());
    loop {
        let page = conn.ask(&format!("TICKETS x ids=yes {options} limit={limit}{after}"));
        assert_eq!(page.number("count"), page.rows.len() as u64);
        assert!(page.rows.len() <= limit);
        tickets.extend(page.rows.iter().map(|row| text(&row["ticket"])));
        let Some(next) = page.body.get("next") else { return tickets };
        assert_eq!(page.rows.len(), limit, "a page with a next page is not full");
        after = format!(" after={}", text(next));
    }
}

#[test]
fn every_ticket_is_listed_once_in_the_order_of_issue_while_others_are_sold_and_cancelled() {
    const TICKETS: usize = 30_000;
    let server = Server::fresh_with(&["--durability", "never", "--threads", "4"]);
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-12-31 1000000 id=x").ok();
    let mut sold = Vec::new();
    for n in 0..TICKETS / 1_000 {
        sold.extend(conn.ask(&format!("BOOK x 1000 for=\"guest {n}\"")).tickets());
    }
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        let changes = scope.spawn(|| {
            let mut conn = server.connect();
            for ticket in sold.iter().step_by(7) {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                conn.ask("BOOK x 3 for=late").ok();
                conn.ask(&format!("CHECKIN {ticket}")).ok();
                let late = conn.ask("BOOK x 1").tickets();
                conn.ask(&format!("CANCEL {}", late[0])).ok();
            }
        });
        for limit in [10_000, 999, 4_096] {
            for options in ["status=all", ""] {
                let listed = in_pages(&mut conn, options, limit);
                assert!(listed.len() >= TICKETS);
                assert!(listed[..TICKETS] == sold[..], "{options} in pages of {limit}");
                let distinct: HashSet<_> = listed.iter().collect();
                assert_eq!(distinct.len(), listed.len(), "listed twice");
            }
        }
        let whole = conn.ask("TICKETS x ids=yes status=all");
        assert!(whole.rows.iter().zip(&sold).all(|(row, ticket)| row["ticket"] == *ticket));
        assert!(whole.body.get("next").is_none());
        stopped.store(true, Ordering::Relaxed);
        changes.join().unwrap();
    });
    let listed = conn.ask("TICKETS x for=\"guest 17\" ids=yes");
    assert!(listed.rows.iter().map(|row| text(&row["ticket"])).eq(sold[17_000..18_000].iter().cloned()));
}

#[test]
fn pages_of_any_size_have_exactly_the_tickets_asked_for() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-12-31 1000 id=x").ok();
    let mut tickets = Vec::new();
    for n in 0..100 {
        let name = ["", " for=Ada", " for=Grace"][n % 3];
        tickets.extend(conn.ask(&format!("BOOK x {}{name}", 1 + n % 4)).tickets());
    }
    for ticket in tickets.iter().step_by(3) {
        conn.ask(&format!("CANCEL {ticket}")).ok();
    }
    for ticket in tickets.iter().skip(1).step_by(3) {
        conn.ask(&format!("CHECKIN {ticket}")).ok();
    }
    for options in
        ["", "status=all", "status=booked", "status=cancelled for=ada", "status=checked_in", "for=r"]
    {
        let whole = conn.ask(&format!("TICKETS x ids=yes {options}"));
        let whole: Vec<_> = whole.rows.iter().map(|row| text(&row["ticket"])).collect();
        assert!(!whole.is_empty(), "{options}");
        for limit in [1, 2, 7, whole.len(), whole.len() + 1] {
            assert_eq!(in_pages(&mut conn, options, limit), whole, "{options} in pages of {limit}");
        }
    }
}

#[test]
fn name_is_found_by_a_part_of_it_in_any_case() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-12-31 100 id=x").ok();
    let names = ["Jörg Älvsjö", "STRAẞE", "Straße", "ΟΔΥΣΣΕΥΣ", "Οδυσσεύς", "ada", "李小龍", "I. Diyarbakır"];
    for name in names {
        conn.ask(&format!("BOOK x 1 for=\"{name}\"")).ok();
    }
    conn.ask("BOOK x 1").ok();
    let found = |conn: &mut Conn, part: &str| {
        let rows = conn.ask(&format!("TICKETS x for=\"{part}\"")).rows;
        rows.iter().map(|row| text(&row["for"])).collect::<Vec<_>>()
    };
    for (part, expected) in [
        ("ÄLVSJÖ", &["Jörg Älvsjö"][..]),
        ("jÖrG ä", &["Jörg Älvsjö"]),
        ("straße", &["STRAẞE", "Straße"]),
        ("STRASSE", &["STRAẞE", "Straße"]),
        ("οδυσσ", &["ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"]),
        ("ΟΔΥΣ", &["ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"]),
        ("Σ", &["ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"]),
        ("ADA", &["ada"]),
        ("小", &["李小龍"]),
        ("i. d", &["I. Diyarbakır"]),
        ("nobody", &[]),
    ] {
        assert_eq!(found(&mut conn, part), expected, "{part}");
    }
}

#[test]
fn list_shows_the_end_of_each_id_unless_whole_ids_are_asked_for() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("CREATE x 2026-12-31 100 id=x").ok();
    let tickets = conn.ask("BOOK x 20").tickets();
    let shown = |list: &Reply| list.rows.iter().map(|row| text(&row["ticket"])).collect::<Vec<_>>();
    assert_eq!(shown(&conn.ask("TICKETS x ids=yes")), tickets);
    let ends: Vec<_> = tickets.iter().map(|ticket| ticket[30..].to_owned()).collect();
    assert_eq!(shown(&conn.ask("TICKETS x")), ends);
}

#[test]
fn cursor_of_a_deleted_or_another_event_is_not_found() {
    let server = Server::fresh();
    let mut conn = server.connect();
    for event in ["x", "y"] {
        conn.ask(&format!("CREATE {event} 2026-12-31 10 id={event}")).ok();
        conn.ask(&format!("BOOK {event} 3")).ok();
    }
    let next = text(&conn.ask("TICKETS x limit=1").ok()["next"]);
    conn.ask(&format!("TICKETS y after={next}")).err("NOT_FOUND");
    assert_eq!(conn.ask(&format!("TICKETS x after={next}")).rows.len(), 2);
    conn.ask("DELETE x tickets=drop").ok();
    conn.ask(&format!("TICKETS x after={next}")).err("NOT_FOUND");
    conn.ask("CREATE anew 2026-12-31 10 id=x").ok();
    conn.ask("BOOK x 3").ok();
    conn.ask(&format!("TICKETS x after={next}")).err("NOT_FOUND");
    let mut listing = conn.ask("GET limit=1");
    listing = conn.ask(&format!("TICKETS x after={}", text(&listing.ok()["next"])));
    listing.err("BAD_REQUEST");
}
