//! What an account may take: connections, changes, keys.

use bookline_protocol::Role;
use bookline_testkit::process::Home;

use super::Staffed;

#[test]
fn account_has_as_many_connections_as_it_may() {
    let staffed = Staffed::start(&["--max-per-account", "2"]);
    let (first, _second) = (staffed.connect(Role::Seller), staffed.connect(Role::Seller));
    let auth = format!("AUTH seller {}", staffed.tokens["seller"]);
    let mut third = staffed.server.connect();
    let message = third.ask(&auth).err("BUSY")["message"].to_string();
    assert!(message.contains("2 connections") && message.contains("--max-per-account"), "{message}");
    let _other = staffed.connect(Role::Door);
    drop(first);
    third.ask_until(&auth, |reply| reply.is_ok());
    // The same account again takes no further place.
    third.ask(&auth).ok();
}

#[test]
fn account_makes_as_many_changes_a_second_as_it_may() {
    let staffed = Staffed::start(&["--account-rate", "5"]);
    let mut organizer = staffed.connect(Role::Organizer);
    let lines: Vec<String> = (0..40).map(|n| format!("CREATE Jazz 2027-01-04 10 id=jazz-{n}")).collect();
    let replies = organizer.ask_all(&lines);
    let limited: Vec<_> = replies.iter().filter(|reply| !reply.is_ok()).collect();
    assert!(!limited.is_empty(), "forty changes at once");
    for reply in &limited {
        let wait = reply.err("RATE_LIMITED")["retry_after_ms"].as_u64().expect("a number");
        assert!((1..=1_000).contains(&wait), "{}", reply.line);
    }
    assert!(replies[..5].iter().all(|reply| reply.is_ok()), "five at once");
    // Reads are not limited, and others are not.
    organizer.ask_all(&["GET"; 40]).iter().for_each(|reply| assert!(reply.is_ok()));
    staffed.connect(Role::Admin).ask("CREATE Jazz 2027-01-04 10 id=another").ok();
    organizer.ask_until("CREATE Jazz 2027-01-04 10 id=later", |reply| reply.is_ok());
}

#[test]
fn key_belongs_to_the_account_that_used_it() {
    let mut staffed = Staffed::start(&[]);
    staffed.connect(Role::Admin).ask("CREATE Jazz 2027-01-04 10 id=jazz").ok();
    let request = "BOOK jazz 1 key=0123456789abcdef";
    let of_seller = staffed.connect(Role::Seller).ask(request);
    let of_organizer = staffed.connect(Role::Organizer).ask(request);
    assert_ne!(of_seller.tickets(), of_organizer.tickets());
    staffed.server.kill9();
    staffed.server.start_again();
    assert_eq!(staffed.connect(Role::Seller).ask(request).tickets(), of_seller.tickets());
    assert_eq!(staffed.connect(Role::Organizer).ask(request).tickets(), of_organizer.tickets());
}

#[test]
fn connections_without_an_account_take_a_tenth_of_the_places() {
    let home = Home::new();
    let token = home.add_account_with_token("root", &["--role", "admin"]);
    let server = home.start(&["--max-connections", "30"]);
    let mut waiting: Vec<_> = (0..3).map(|_| server.connect()).collect();
    for conn in &mut waiting {
        conn.ask("PING").ok();
    }
    let mut fourth = server.connect();
    fourth.reply().err("BUSY");
    // Who proves an account makes place for another.
    waiting[0].ask(&format!("AUTH root {token}")).ok();
    let mut fifth = server.connect();
    fifth.ask("PING").ok();
    // And so does who leaves.
    drop(fifth);
    let is_served = |_| {
        let mut conn = server.connect();
        conn.send("PING");
        conn.try_reply().is_ok_and(|reply| reply.is_ok())
    };
    assert!((0..1_000).any(is_served), "no place is returned");
}
