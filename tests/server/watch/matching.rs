//! Who is told of what.

use bookline_testkit::process::Server;
use serde_json::Value;

use super::{changes_until, kinds_until, sequence};

#[test]
fn watchers_are_told_of_what_they_watch_and_of_nothing_else() {
    let server = Server::fresh();
    let mut writer = server.connect();
    let watch = |what: &str| {
        let mut conn = server.connect();
        conn.ask(&format!("WATCH {what}")).ok();
        conn
    };
    let (mut jazz, mut rock, mut events) = (watch("event:jazz"), watch("event:rock"), watch("events"));
    let (mut ada, mut calendars, mut all) = (watch("person:ada"), watch("calendars"), watch("all"));
    for line in [
        "CREATE Jazz 2026-12-31 100 id=jazz",
        "BOOK jazz 2",
        "MEET tom 21-11-2026 10:00 Plans ada,eva",
        "PUT tom 21-11-2026 10:00 MEET 21-11-2026 11:00 Plans eva",
        "BLOCK eva 21-11-2026 09:00",
        "CREATE Rock 2026-12-31 100 id=rock",
    ] {
        writer.ask(line).ok();
    }
    let last = sequence(&mut writer);
    assert_eq!(kinds_until(&mut events, last), ["event_created", "tickets_booked", "event_created"]);
    assert_eq!(kinds_until(&mut rock, last), ["event_created"]);
    assert_eq!(kinds_until(&mut jazz, 2), ["event_created", "tickets_booked"]);
    let moved = ["meeting_made", "entry_moved"];
    // Who is removed by a move is told of it.
    assert_eq!(kinds_until(&mut ada, 4), moved);
    assert_eq!(kinds_until(&mut calendars, 5), [&moved[..], &["block_made"]].concat());
    let every =
        ["event_created", "tickets_booked", "meeting_made", "entry_moved", "block_made", "event_created"];
    assert_eq!(kinds_until(&mut all, last), every);
    for conn in [&mut jazz, &mut rock, &mut events, &mut ada, &mut calendars, &mut all] {
        conn.half_close();
        conn.expect_end();
    }
}

#[test]
fn a_move_keeps_the_identity_of_the_entry_and_names_who_was_removed() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("MEET tom 21-11-2026 10:00 Plans ada,eva").ok();
    conn.ask("PUT tom 21-11-2026 10:00 MEET 22-11-2026 11:00 Plans eva hours=2").ok();
    conn.ask("PUT tom 22-11-2026 11:00 MEET 22-11-2026 12:00 Review eva").ok();
    conn.ask("DELETE tom 22-11-2026 12:00").ok();
    let mut watcher = server.connect();
    watcher.ask("WATCH person:eva since=0").ok();
    let changes = changes_until(&mut watcher, 4);
    let entries: Vec<&Value> = changes.iter().map(|change| &change.body["entry"]).collect();
    assert!(entries.iter().all(|entry| *entry == "1-0"), "{entries:?}");
    let moved = &changes[1].body;
    assert_eq!(moved["removed"], serde_json::json!(["ada"]));
    assert_eq!((&moved["old_date"], &moved["old_time"]), (&"21-11-2026".into(), &"10:00".into()));
    assert_eq!(
        (&moved["date"], &moved["time"], &moved["hours"]),
        (&"22-11-2026".into(), &"11:00".into(), &2.into())
    );
}

#[test]
fn ids_of_tickets_are_shown_only_to_those_who_asked_for_them() {
    let server = Server::fresh();
    let mut writer = server.connect();
    let mut with_ids = server.connect();
    with_ids.ask("WATCH event:jazz tickets=yes").ok();
    let mut without = server.connect();
    without.ask("WATCH event:jazz all").ok();
    writer.ask("CREATE Jazz 2026-12-31 100 id=jazz").ok();
    let ticket = writer.ask("BOOK jazz 1 for=Ada").tickets().remove(0);
    let hold = writer.ask("HOLD jazz 1 for=Eva").ok()["hold_id"].as_str().expect("an id").to_owned();
    writer.ask(&format!("CHECKIN {ticket}")).ok();
    writer.ask(&format!("RELEASE {hold}")).ok();
    let last = sequence(&mut writer);
    let shown = changes_until(&mut with_ids, last);
    assert_eq!(shown[1].body["tickets"][0], ticket.as_str());
    assert_eq!(shown[1].body["for"], "Ada");
    assert_eq!(shown[2].body["hold"], hold.as_str());
    assert_eq!(shown[3].body["ticket"], ticket.as_str());
    for change in changes_until(&mut without, last) {
        let text = change.body.to_string();
        for secret in [&ticket, &hold, "Ada", "Eva"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    // Keys and their replies are not told.
    writer.ask("BOOK jazz 1 key=0123456789abcdef").ok();
    let keyed = changes_until(&mut with_ids, last + 1);
    assert_eq!(keyed.len(), 1);
    assert!(!keyed[0].body.to_string().contains("0123456789abcdef"));
}

#[test]
fn unwatch_ends_the_changes_of_what_it_names() {
    let server = Server::fresh();
    let mut conn = server.connect();
    conn.ask("WATCH event:jazz person:F1").ok();
    conn.ask("CREATE Jazz 2026-12-31 100 id=jazz").ok();
    assert_eq!(conn.change().kind(), "event_created");
    conn.ask("UNWATCH event:jazz").ok();
    conn.ask("BOOK jazz 1").ok();
    conn.ask("BLOCK F1 21-11-2026 09:00").ok();
    assert_eq!(conn.change().kind(), "block_made");
    conn.ask("UNWATCH").ok();
    conn.ask("BLOCK F1 21-11-2026 10:00").ok();
    conn.ask("PING").ok();
    conn.half_close();
    conn.expect_end();
}

#[test]
fn a_connection_watches_a_thousand_things_at_most() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let names = |range: std::ops::Range<u32>| range.map(|n| format!(" event:e{n}")).collect::<String>();
    let watching = conn.ask(&format!("WATCH{}", names(0..600))).ok()["watching"].clone();
    assert_eq!(watching.as_array().map(Vec::len), Some(600));
    let refused = conn.ask(&format!("WATCH{}", names(500..1_001)));
    assert_eq!(refused.err("LIMIT")["requested"], 1_001);
    conn.ask(&format!("WATCH{}", names(500..1_000))).ok();
    conn.ask("CREATE x 2026-12-31 100 id=e999").ok();
    assert_eq!(conn.change().kind(), "event_created");
}

#[test]
fn a_change_is_never_within_the_lines_of_a_reply() {
    let server = Server::fresh();
    let mut conn = server.connect();
    for n in 0..2_000 {
        conn.send(&format!("CREATE \"A long name of an event, which makes long rows\" 2026-12-31 9 id=e{n}"));
    }
    (0..2_000).for_each(|_| _ = conn.reply().ok());
    conn.ask("WATCH all").ok();
    let mut writer = server.connect();
    let mut shown = 0;
    for round in 0..5 {
        conn.send("GET limit=2000");
        (0..50).for_each(|n| _ = writer.ask(&format!("BOOK e{} 1", round * 50 + n)).ok());
        // The connection fails the test if a change is between the rows.
        assert_eq!(conn.reply().rows.len(), 2_000);
        shown += 50;
    }
    let last = sequence(&mut writer);
    assert_eq!(changes_until(&mut conn, last).len(), shown);
}
