//! Compares `protocol.md` with this crate: its commands, limits and codes, and the refusals in its examples.
//! The examples also run against a real server, in `tests/protocol_md.rs`.

use std::collections::{HashMap, HashSet};

use bookline_protocol::json::write_value;
use bookline_protocol::limits::LINE_BYTES_MAX;
use bookline_protocol::refusal_order::{REFUSAL_ORDER, RefusalReason};
use bookline_protocol::reply::{ChangeBody, ChangeKind, ReplyLine};
use bookline_protocol::{
    Code, Cursor, Date, NEEDS, Needs, ParsedLine, Refusal, TicketCursor, Verb, limits, parse,
};

const DOCUMENT: &str = include_str!("../../protocol.md");

#[test]
fn command_headings_equal_the_table_in_order() {
    let headings: Vec<&str> = DOCUMENT.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let verbs: Vec<&str> = Verb::ALL.iter().map(|verb| verb.as_str()).collect();
    assert_eq!(headings, verbs);
}

#[test]
fn usages_equal_the_table_and_stand_under_their_verb() {
    let mut written = Vec::new();
    let mut verb = "";
    for line in DOCUMENT.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            verb = heading;
        } else if let Some(usage) = line.strip_prefix("    ").filter(|_| !verb.is_empty()) {
            written.push((verb, usage));
        }
    }
    let forms = |verb: &Verb| {
        let verb = *verb;
        verb.forms().iter().map(move |form| (verb.as_str(), form.usage))
    };
    let known: Vec<_> = Verb::ALL.iter().flat_map(forms).collect();
    assert_eq!(written, known);
}

#[test]
fn table_of_refusals_equals_the_codes_with_their_retry() {
    let start = "## Refusals";
    let section = &DOCUMENT[DOCUMENT.find(start).unwrap()..];
    let section = &section[..section[start.len()..].find("\n## ").unwrap()];
    let rows: Vec<(&str, &str)> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(code, rest)| (code, rest.split(' ').next().unwrap()))
        .collect();
    let known: Vec<_> = Code::ALL
        .into_iter()
        .map(|code| (code.as_str(), if code.retry() { "true" } else { "false" }))
        .collect();
    assert_eq!(rows, known);
}

#[test]
fn table_of_the_order_of_refusals_equals_the_order_of_the_server() {
    let section = &DOCUMENT[DOCUMENT.find("**Order.**").unwrap()..];
    let section = &section[..section.find("\n## ").unwrap()];
    let rows: Vec<&str> =
        section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |")).collect();
    let cell = |code: &Code| format!("`{code}`");
    let known: Vec<String> = (1..)
        .zip(REFUSAL_ORDER)
        .map(|(number, RefusalReason { codes, when })| {
            let codes = codes.iter().map(cell).collect::<Vec<_>>().join(", ");
            format!("| {number} | {codes} | {when} |")
        })
        .collect();
    assert_eq!(rows, known);
}

#[test]
fn table_of_what_requests_need_equals_the_one_of_the_server() {
    let section = &DOCUMENT[DOCUMENT.find("## Accounts").unwrap()..];
    let section = &section[..section[3..].find("\n## ").unwrap()];
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    let cell = |needs: Needs| match needs {
        Needs::Nothing => "nothing".to_owned(),
        Needs::Account => "an account".to_owned(),
        Needs::Role(role) => format!("`{role}`"),
        Needs::Calendar => "`organizer`, or the person's own account".to_owned(),
        Needs::Report => "`admin`, or the account of the head of department".to_owned(),
    };
    let known: Vec<String> =
        NEEDS.iter().map(|row| format!("| {} | {} |", cell(row.needs), row.requests)).collect();
    assert_eq!(rows, known);
}

#[test]
fn messages_of_refusals_without_a_request_are_quoted() {
    let refusals = [
        Refusal::line_too_long(LINE_BYTES_MAX),
        Refusal::incomplete(),
        Refusal::busy(10_000),
        Refusal::shutting_down(),
        Refusal::not_leader(Some("b.example:2665")),
        Refusal::unavailable("the log of the cluster does not answer"),
    ];
    for refusal in refusals {
        let start = format!("| `{}` | ", refusal.code);
        let row = DOCUMENT.lines().find(|line| line.starts_with(&start)).unwrap();
        assert!(row.ends_with(&format!("| `{}` |", refusal.message)), "{row}");
    }
}

#[test]
fn table_of_limits_equals_the_constants() {
    let section = &DOCUMENT[DOCUMENT.find("## Limits").unwrap()..];
    let section = &section[..section.find("## Telnet").unwrap()];
    let written: Vec<String> = section
        .lines()
        .filter_map(|line| line.strip_suffix(" |")?.rsplit_once("| "))
        .map(|(_, value)| value.replace(',', ""))
        .skip_while(|value| value != "value")
        .skip(1)
        .collect();
    let known = [
        limits::LINE_BYTES_MAX as u64,
        limits::LINE_OPTIONS_MAX as u64,
        limits::ID_BYTES_MAX as u64,
        limits::TEXT_CHARS_MAX as u64,
        limits::GROUP_IDS_MAX as u64,
        limits::ENTRY_HOURS_MAX.into(),
        limits::SERIES_OCCURRENCES_MAX.into(),
        limits::CHANGE_PERSON_HOURS_MAX,
        limits::COMMIT_BYTES_MAX,
        limits::EVENT_TICKETS_MAX.into(),
        limits::BOOKING_TICKETS_MAX.into(),
        limits::BOOKING_EVENTS_MAX as u64,
        limits::HOLD_SECONDS_MAX.into(),
        limits::CANCELLED_TICKETS_MAX as u64,
        limits::KEY_BYTES_MIN as u64,
        limits::KEY_BYTES_MAX as u64,
        limits::KEYED_TICKETS_MAX.into(),
        limits::LISTING_ROWS_MAX.into(),
        limits::HOD_HOURS.into(),
        limits::RANGE_DAYS_MAX.into(),
        limits::SEARCH_PERSON_DAYS_MAX,
        limits::SEARCH_ROWS_MAX.into(),
    ]
    .map(|value| value.to_string());
    assert_eq!(written, known);
}

/// A request that the parser refuses has exactly that refusal in the example. One that it accepts has another
/// reply.
#[test]
fn examples_agree_with_the_parser() {
    let (mut requests, mut refusals) = (0, 0);
    for block in DOCUMENT.split("```transcript").skip(1) {
        let (_, block) = block.split_once('\n').unwrap();
        let block = block.split("```").next().unwrap();
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let sent = line.strip_prefix("> ").unwrap_or_else(|| panic!("a reply without a request: {line}"));
            let mut replies = Vec::new();
            while let Some(reply) = lines.next_if(|line| line.starts_with("< ")) {
                replies.push(&reply[2..]);
            }
            replies.retain(|reply| !reply.starts_with("CHANGE "));
            match parse(without_placeholders(sent).as_bytes(), &mut Vec::new()) {
                ParsedLine::Blank => assert!(replies.is_empty(), "> {sent}"),
                ParsedLine::Refused(refusal) | ParsedLine::Foreign(refusal) => {
                    let mut reply = Vec::new();
                    refusal.write(&mut reply);
                    assert_eq!(replies.join("\n") + "\n", String::from_utf8(reply).unwrap(), "\n> {sent}");
                    refusals += 1;
                }
                ParsedLine::Request(_) | ParsedLine::Keyed(_) => {
                    let (last, rows) = replies.split_last().unwrap_or_else(|| panic!("no reply: {sent}"));
                    assert!(rows.iter().all(|row| row.starts_with("ROW {")), "> {sent}");
                    let last = ReplyLine::parse(last).unwrap();
                    assert!(last.is_final(), "> {sent}");
                    // Whether a WATCH since a commit is valid is known to the server alone.
                    if let ReplyLine::Err { code, .. } = last
                        && !sent.starts_with("WATCH ")
                    {
                        assert!(!["BAD_REQUEST", "UNKNOWN_COMMAND"].contains(&code), "> {sent}");
                    }
                    requests += 1;
                }
            }
        }
    }
    assert!(requests > 50 && refusals > 20, "{requests} requests and {refusals} refusals were found");
}

/// A request with valid values in place of the values of earlier replies.
fn without_placeholders(sent: &str) -> String {
    let cursor =
        Cursor { date: Date::parse("2026-12-31").unwrap(), name: "x".into(), id: "x".into() }.encode();
    let ticket_cursor = TicketCursor { event: 1, position: 1 }.encode();
    let known = HashMap::from([
        ("<word:next>", &*cursor),
        ("<word:next-ticket>", &*ticket_cursor),
        ("<uuid:ticket>", "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"),
        ("<uuid:other-ticket>", "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ef"),
        ("<uuid:hold>", "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee"),
        ("<today>", "21-11-2026"),
        ("<this-hour>", "09:00"),
    ]);
    known.iter().fold(sent.to_owned(), |sent, (placeholder, value)| sent.replace(placeholder, value))
}

/// The section about changes.
fn changes() -> &'static str {
    let section = &DOCUMENT[DOCUMENT.find("\n## Changes\n").unwrap() + 1..];
    &section[..section.find("\n## ").unwrap()]
}

#[test]
fn table_of_changes_equals_the_kinds_in_order() {
    let rows: Vec<&str> =
        changes().lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0)).collect();
    let known: Vec<&str> = ChangeKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(rows, known);
}

#[test]
fn examples_of_changes_have_the_fields_of_their_struct_and_show_every_kind() {
    let (mut shown, mut last) = (HashSet::new(), 0);
    for line in changes().lines().filter(|line| line.starts_with("CHANGE ") && !line.contains('…')) {
        let Ok(ReplyLine::Change { sequence, body }) = ReplyLine::parse(line) else {
            panic!("not a change: {line}")
        };
        assert!(sequence >= last, "out of order: {line}");
        last = sequence;
        let change: ChangeBody<'_> = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {line}"));
        let mut written = Vec::new();
        write_value(&mut written, &change);
        assert_eq!(String::from_utf8(written).unwrap(), body);
        let kind: ChangeKind = change.kind.parse().unwrap_or_else(|e| panic!("{} {e}", change.kind));
        assert_eq!(change.at.is_none(), [ChangeKind::Progress, ChangeKind::Gap].contains(&kind), "{line}");
        shown.insert(kind);
    }
    let missing: Vec<_> = ChangeKind::ALL.iter().filter(|kind| !shown.contains(kind)).collect();
    assert!(missing.is_empty(), "protocol.md has no example of {missing:?}");
}

/// It would fail if a kind could have a field that its row of the table does not name.
#[test]
fn fields_of_the_examples_are_those_of_the_table() {
    let counts = ["event_id", "count", "available_tickets", "held_tickets"];
    let entry = ["entry", "people", "date", "time", "hours", "title", "group", "host", "series"];
    let mut documented: HashMap<&str, HashSet<&str>> = HashMap::new();
    for line in changes().lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        let kind = cells[0].trim().trim_matches('`');
        let mut fields: HashSet<&str> = cells[2].split('`').skip(1).step_by(2).collect();
        if cells[2].contains("the same") {
            fields.extend(&documented["event_created"]);
        }
        if cells[2].contains("the counts") {
            fields.extend(counts);
        }
        if cells[2].contains("the entry") {
            fields.extend(entry);
        }
        documented.insert(kind, fields);
    }
    for line in changes().lines().filter(|line| line.starts_with("CHANGE ") && !line.contains('…')) {
        let object = &line[line.find('{').unwrap()..];
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(object).unwrap();
        let fields = &documented[object["kind"].as_str().unwrap()];
        for name in object.keys().filter(|name| !["kind", "at", "by", "end"].contains(&name.as_str())) {
            assert!(fields.contains(name.as_str()), "the table does not have {name}: {line}");
        }
    }
}
