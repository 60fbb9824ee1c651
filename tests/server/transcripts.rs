//! Plays the transcripts in `tests/transcripts/`, each block against a fresh server, and tests commands that
//! transcripts cannot express. Each file lists at its head which bugs it catches.

use std::path::Path;

use bookline_testkit::Conn;
use bookline_testkit::process::Server;
use bookline_testkit::reply::words;
use bookline_testkit::transcript::play_file;

fn play(name: &str) {
    play_file(&Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/transcripts")).join(name));
}

#[test]
fn transcripts_of_words() {
    play("words.md");
}

#[test]
fn transcripts_of_events() {
    play("events.md");
}

#[test]
fn transcripts_of_tickets() {
    play("tickets.md");
}

#[test]
fn transcripts_of_calendars() {
    play("calendars.md");
}

#[test]
fn transcripts_of_month_and_service() {
    play("service.md");
}

#[test]
fn every_transcript_is_played() {
    let here = include_str!("transcripts.rs");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/transcripts");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(here.contains(&format!("play(\"{name}\")")), "{name} is not played");
    }
}

#[test]
fn requests_after_quit_are_not_executed() {
    for quit in ["QUIT", "EXIT", "quit"] {
        let server = Server::fresh();
        let mut conn = server.connect();
        conn.send_bytes(format!("PING\n{quit}\nCREATE late 2026-01-01 5 id=late\n"));
        assert!(conn.reply().is_ok());
        assert_eq!(conn.line(), "OK {}");
        conn.expect_end();
        server.connect().ask("GET late").err("NOT_FOUND");
    }
}

/// The first bytes that the server sends are the reply to the first request.
#[test]
fn new_connection_gets_no_greeting() {
    let server = Server::fresh();
    let mut silent = server.connect();
    let mut other = server.connect();
    assert_eq!(other.ask("STATS").number("connections"), 2);
    silent.half_close();
    assert_eq!(silent.rest(), "");
}

#[test]
fn generated_event_id_is_a_uuid_of_version_4() {
    let server = Server::fresh();
    let mut conn = server.connect();
    for _ in 0..20 {
        let reply = conn.ask("CREATE x 2026-01-01 1");
        let id = reply.ok()["id"].as_str().unwrap().to_owned();
        assert_eq!((id.len(), &id[14..15]), (36, "4"), "{id} is not a UUID of version 4");
        assert!("89ab".contains(&id[19..20]), "{id} is no UUID v4");
    }
}

/// HELP lists each form of every command once, and HELP of a verb lists the forms of that command.
#[test]
fn help_lists_every_command_once() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let all = conn.ask("HELP");
    assert_eq!(all.number("count"), all.rows.len() as u64);
    let mut usages: Vec<&str> = all.rows.iter().map(|row| row["usage"].as_str().unwrap()).collect();
    for verb in [
        "CREATE", "UPDATE", "GET", "BOOK", "HOLD", "CONFIRM", "EXTEND", "RELEASE", "TICKET", "TICKETS",
        "CANCEL", "CHECKIN", "BLOCK", "MEET", "FREE", "HOD", "DELETE", "PUT", "HELLO", "HELP", "PING",
        "STATS", "QUIT",
    ] {
        let forms: Vec<_> = all.rows.iter().filter(|row| row["command"] == verb).cloned().collect();
        assert!(!forms.is_empty(), "HELP does not list {verb}");
        assert!(forms.iter().all(|row| row["usage"].as_str().unwrap().starts_with(verb)), "{forms:?}");
        assert_eq!(conn.ask(&format!("HELP {verb}")).rows, forms);
    }
    usages.sort_unstable();
    usages.dedup();
    assert_eq!(usages.len(), all.rows.len(), "HELP lists a form twice");
}

#[test]
fn stats_counts_changes() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let before = conn.ask("STATS");
    let names: Vec<&String> = before.ok().as_object().unwrap().keys().collect();
    for name in [
        "version",
        "uptime_seconds",
        "connections",
        "commands",
        "events",
        "tickets",
        "entries",
        "sequence",
        "durable_sequence",
        "read_only",
    ] {
        assert!(names.iter().any(|known| *known == name), "STATS has no {name}: {names:?}");
    }
    conn.ask("CREATE x 2026-01-01 10 id=x").ok();
    conn.ask("BOOK x 3").ok();
    conn.ask("BOOK x 8").err("SOLD_OUT");
    conn.ask("BLOCK F1 2026-01-01 09:00").ok();
    conn.ask("MEET F1 2026-01-01 10:00 talk F2,F3").ok();
    let after = conn.ask("STATS");
    assert_eq!(after.number("events"), 1);
    assert_eq!(after.number("tickets"), 3);
    assert_eq!(after.number("entries"), 2, "a block and a meeting");
    assert_eq!(after.number("commands") - before.number("commands"), 6);
    assert!(after.number("sequence") >= before.number("sequence") + 4, "four changes");
    assert_eq!(after.number("sequence"), after.number("durable_sequence"), "every change is acknowledged");
    assert_eq!(after.ok()["read_only"], false);
    conn.ask("DELETE F1 2026-01-01 10:00").ok();
    assert_eq!(conn.ask("STATS").number("entries"), 1);
}

/// The counter `commands` includes the lines that end a turn or a connection.
#[test]
fn stats_counts_every_line() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let lines = |conn: &mut Conn| conn.ask("STATS").number("commands");
    let before = lines(&mut conn);
    conn.ask("SNAPSHOT").ok();
    let after_snapshot = lines(&mut conn);
    assert_eq!(after_snapshot - before, 2, "a STATS and a SNAPSHOT");
    server.connect().ask("QUIT").ok();
    let after_quit = lines(&mut conn);
    assert_eq!(after_quit - after_snapshot, 2, "a STATS and a QUIT");
    server.connect().ask("GET / HTTP/1.1").err("BAD_REQUEST");
    let after_http = lines(&mut conn);
    assert_eq!(after_http - after_quit, 2, "a STATS and a line of HTTP");
    server.connect().ask(&"x".repeat(70_000)).err("LINE_TOO_LONG");
    assert_eq!(lines(&mut conn) - after_http, 2, "a STATS and a line that is too long");
}

/// The largest group has a thousand people; one more is refused.
#[test]
fn meeting_of_a_thousand_people_is_in_every_calendar() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let group: Vec<String> = (0..1001).map(|n| format!("p{n}")).collect();
    let many = group.join(",");
    conn.ask(&format!("MEET host 2026-11-21 10:00 assembly {many}")).err("BAD_REQUEST");
    assert_eq!(conn.ask("GET p0 2026-11-21").ok()["schedule"].as_array().unwrap().len(), 0);

    let group = &group[..1000];
    let reply = conn.ask(&format!("MEET host 2026-11-21 10:00 assembly {}", group.join(",")));
    assert_eq!(words(&reply.ok()["group"]), group);
    let requests: Vec<String> = group.iter().map(|who| format!("GET {who} 2026-11-21")).collect();
    for (reply, who) in conn.ask_all(&requests).iter().zip(group) {
        assert_eq!(reply.ok()["schedule"][0]["meet"]["title"], "assembly", "{who} is not in the meeting");
    }
    let moved = format!("PUT host 2026-11-21 10:00 MEET 2026-11-22 11:00 assembly {}", group.join(","));
    assert!(conn.ask(&moved).is_ok());
    let again: Vec<String> = group.iter().map(|who| format!("GET {who} 2026-11-21")).collect();
    assert!(conn.ask_all(&again).iter().all(|reply| reply.ok()["schedule"].as_array().unwrap().is_empty()));
    assert_eq!(conn.ask("DELETE host 2026-11-22 11:00").ok()["deleted"], "meeting");
    let again: Vec<String> = group.iter().map(|who| format!("GET {who} 2026-11-22")).collect();
    assert!(conn.ask_all(&again).iter().all(|reply| reply.ok()["schedule"].as_array().unwrap().is_empty()));
}

#[test]
fn pages_of_any_size_list_the_same_events() {
    let server = Server::fresh();
    let mut conn = server.connect();
    let created: Vec<String> =
        (0..200).map(|n| format!("CREATE \"name {}\" 2026-01-{:02} 5 id=e{n}", n % 7, 1 + n % 3)).collect();
    assert!(conn.ask_all(&created).iter().all(|reply| reply.is_ok()));
    let whole = conn.ask("GET");
    assert_eq!((whole.rows.len(), whole.number("count")), (200, 200));
    let key = |row: &serde_json::Value| {
        ["date", "name", "id"].map(|field| row[field].as_str().unwrap().as_bytes().to_vec())
    };
    assert!(whole.rows.is_sorted_by(|a, b| key(a) < key(b)), "not in order");
    for limit in [1, 7, 100, 199, 200, 201] {
        let mut rows = Vec::new();
        let mut request = format!("GET limit={limit}");
        loop {
            let page = conn.ask(&request);
            assert_eq!(page.number("count"), page.rows.len() as u64);
            assert!(page.rows.len() <= limit);
            rows.extend(page.rows.iter().cloned());
            let Some(next) = page.body.get("next") else { break };
            assert_eq!(page.rows.len(), limit, "a page with a next page is not full");
            request = format!("GET after={} limit={limit}", next.as_str().unwrap());
        }
        assert_eq!(rows, whole.rows, "pages of {limit}");
    }
}
