//! HELP for people, and the topics of help.
//!
//! Catches: a command without its example, a topic of a later server that is left out, a topic that is sent
//! to the server, help that is wider than the screen.

use crate::support::client::{Exited, bookline, run};
use crate::support::fake_server::one_shot;
use crate::support::real_server::RealServer;

fn for_people(server: &RealServer, columns: &str, words: &[&str]) -> Exited {
    let mut client = bookline(server.addr, &["--format", "table"]);
    client.env("COLUMNS", columns).args(words);
    run(client)
}

/// A row of HELP.
fn row(command: &str, topic: &str, example: &str) -> String {
    format!(
        "ROW {{\"command\":\"{command}\",\"usage\":\"{command} <x>\",\"help\":\"does {command}\",\
         \"topic\":\"{topic}\",\"example\":\"{example}\"}}\n"
    )
}

#[test]
fn commands_are_grouped_by_topic_in_the_order_of_the_server() {
    let reply = [
        row("BOOK", "tickets", "BOOK e"),
        row("NEW", "venue_plans", "NEW e"),
        row("OLD", "", ""),
        row("FREE", "calendars", "FREE e"),
        row("GET", "tickets", "GET e"),
        "OK {\"count\":5}\n".to_owned(),
    ];
    let (line, client) = one_shot(&["--format", "table", "help"], &reply.concat());
    assert_eq!(line, "help\n");
    let form = |command: &str| format!("  {command} <x>\n    does {command}\n    example: {command} e\n");
    let groups = format!(
        "Tickets\n{}{}\nVenue plans\n{}\nCalendars\n{}\nOther\n  OLD <x>\n    does OLD\n\nhelp <command> is ",
        form("BOOK"),
        form("GET"),
        form("NEW"),
        form("FREE")
    );
    assert!(client.stdout.starts_with(&groups), "{}", client.stdout);
    for mentioned in
        ["dates, ids, quotes, tickets, calendars, server", "Tab", "Ctrl-R", "begins with a blank"]
    {
        let end = client.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(end.contains(mentioned), "{mentioned}");
    }
}

#[test]
fn rows_of_a_server_without_topics_have_no_headings() {
    let reply = "ROW {\"command\":\"PING\",\"usage\":\"PING\",\"help\":\"answers OK\"}\nOK {\"count\":1}\n";
    let (_, client) = one_shot(&["--format", "table", "help"], reply);
    client.expect(0, "  PING\n    answers OK\n", "");
}

#[test]
fn help_of_one_command_has_its_forms_alone() {
    let server = RealServer::start();
    let shown = for_people(&server, "80", &["help", "ticket"]);
    let form = "  TICKET <ticket-id>\n    \
                shows which event a ticket is for, whom it is for, and whether it is valid\n    \
                example: TICKET 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee\n";
    shown.expect(0, form, "");
}

#[test]
fn topic_with_commands_lists_these_alone() {
    let server = RealServer::start();
    let shown = for_people(&server, "80", &["help", "calendars"]);
    assert!(shown.stdout.starts_with("Each hour of a person's calendar holds one entry"), "{}", shown.stdout);
    for (command, is_listed) in [("MEET", true), ("FREE", true), ("BOOK", false), ("STATS", false)] {
        assert_eq!(shown.stdout.contains(&format!("\n  {command} <")), is_listed, "{command}");
    }
    assert!(!shown.stdout.contains("Ctrl-R"), "{}", shown.stdout);
    assert_eq!((shown.exit, shown.stderr.as_str()), (0, ""));
}

#[test]
fn text_topic_needs_no_server() {
    for (topic, beginning) in [("dates", "A date is"), ("IDS", "An id of"), ("quotes", "An argument that")] {
        let mut client = bookline("127.0.0.1:9".parse().unwrap(), &["--format", "table", "HELP", topic]);
        client.env("COLUMNS", "80");
        let shown = run(client);
        assert_eq!((shown.exit, shown.stderr.as_str()), (0, ""));
        assert!(shown.stdout.starts_with(beginning), "{}", shown.stdout);
    }
}

#[test]
fn topic_that_a_program_asks_for_is_sent_to_the_server() {
    let (line, client) = one_shot(&["HELP", "dates"], "ERR UNKNOWN_COMMAND {}\n");
    assert_eq!(line, "HELP dates\n");
    client.expect(1, "ERR UNKNOWN_COMMAND {}\n", "");
}

#[test]
fn help_fits_on_a_screen_of_any_width() {
    let server = RealServer::start();
    for columns in [40, 60, 80, 120] {
        for words in [&["HELP"][..], &["help", "dates"], &["help", "server"]] {
            let shown = for_people(&server, &columns.to_string(), words).stdout;
            for line in shown.lines() {
                let is_one_word = line.split_whitespace().count() == 1;
                assert!(line.chars().count() <= columns || is_one_word, "{columns}: {line}");
            }
        }
    }
}
