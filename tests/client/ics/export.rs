//! `bookline ics` against a scripted server.

use crate::support::client::{Exited, bookline, run};
use crate::support::fake_server::{FakeServer, Peer};

/// Runs `bookline ics` with these arguments against a server that answers these requests.
fn export(args: &[&str], script: &'static [(&'static str, &'static str)]) -> Exited {
    let fake = FakeServer::greeted(move |mut peer: Peer| {
        for (request, reply) in script {
            peer.expect(request, reply);
        }
        assert_eq!(peer.read_to_end(), b"");
    });
    let client = run(bookline(fake.addr, &[&["ics"], args].concat()));
    fake.join();
    client
}

/// The lines of the events, without those that are always the same.
fn events(text: &str) -> Vec<String> {
    assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"), "{text}");
    let joined = text.replace("\r\n ", "");
    let shown = ["UID:", "DTSTART;", "DTEND;", "SUMMARY:", "ORGANIZER;", "ATTENDEE;"];
    let lines = joined.lines().filter(|line| shown.iter().any(|name| line.starts_with(name)));
    lines.map(str::to_owned).collect()
}

#[test]
fn default_days_are_from_30_back_to_335_ahead() {
    let client = export(&["F1"], &[("GET F1 2026-10-23 2027-10-23\n", "OK {\"count\":0}\n")]);
    assert_eq!((client.exit, client.stderr.as_str(), events(&client.stdout).len()), (0, "", 0));
    assert!(client.stdout.contains("\r\nTZID:Europe/Prague\r\n"), "{}", client.stdout);
}

#[test]
fn entry_of_several_hours_is_one_event_where_midnight_and_the_days_cut_it() {
    const FIRST: &str = concat!(
        r#"ROW {"name":"F2","date":"01-11-2026","schedule":["#,
        r#"{"time":"00:00","from":"31-10-2026 23:00","hours":2,"#,
        r#""meet":{"title":"","group":[],"host":"F2"}}]}"#,
        "\n",
        r#"ROW {"name":"F2","date":"01-11-2027","schedule":["#,
        r#"{"time":"22:00","from":"01-11-2027 22:00","hours":3,"series":"5f3a9c1e77d20b46","#,
        r#""meet":{"title":"Night, late","group":["F2","F3"],"host":"F1"}},"#,
        r#"{"time":"23:00","from":"01-11-2027 22:00","hours":3,"series":"5f3a9c1e77d20b46","#,
        r#""meet":{"title":"Night, late","group":["F2","F3"],"host":"F1"}}]}"#,
        "\nOK {\"count\":2}\n"
    );
    const SECOND: &str = concat!(
        r#"ROW {"name":"F2","date":"02-11-2027","schedule":["#,
        r#"{"time":"00:00","from":"01-11-2027 22:00","hours":3,"series":"5f3a9c1e77d20b46","#,
        r#""meet":{"title":"Night, late","group":["F2","F3"],"host":"F1"}},"#,
        r#"{"time":"09:00","meet":{"title":"short","group":["F4"],"host":"F5"}}]}"#,
        "\nOK {\"count\":1}\n"
    );
    let client = export(
        &["F2", "--from", "2026-11-01", "--to", "02-11-2027"],
        &[("GET F2 2026-11-01 2027-11-01\n", FIRST), ("GET F2 2027-11-02 2027-11-02\n", SECOND)],
    );
    assert_eq!((client.exit, client.stderr.as_str()), (0, ""));
    let expected = [
        "UID:F2-20261031T23@bookline",
        "DTSTART;TZID=Europe/Prague:20261031T230000",
        "DTEND;TZID=Europe/Prague:20261101T010000",
        "SUMMARY:Blocked",
        "UID:F1-20271101T22@bookline",
        "DTSTART;TZID=Europe/Prague:20271101T220000",
        "DTEND;TZID=Europe/Prague:20271102T010000",
        "SUMMARY:Night\\, late",
        "ORGANIZER;CN=F1:mailto:F1@bookline.invalid",
        "ATTENDEE;CN=F2;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:F2@bookline.invalid",
        "ATTENDEE;CN=F3;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:F3@bookline.invalid",
        "UID:F5-20271102T09@bookline",
        "DTSTART;TZID=Europe/Prague:20271102T090000",
        "DTEND;TZID=Europe/Prague:20271102T100000",
        "SUMMARY:short",
        "ORGANIZER;CN=F5:mailto:F5@bookline.invalid",
        "ATTENDEE;CN=F4;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:F4@bookline.invalid",
        "ATTENDEE;CN=F2;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:F2@bookline.invalid",
    ];
    assert_eq!(events(&client.stdout), expected);
}

#[test]
fn refusal_is_a_sentence_and_nothing_is_written() {
    const REFUSAL: &str = "ERR LIMIT {\"message\":\"too many days\",\"retry\":false}\n";
    let client = export(&["F1", "--from", "2026-11-01"], &[("GET F1 2026-11-01 2027-11-01\n", REFUSAL)]);
    client.expect(1, "", "bookline: Limit: too many days.\n");
}

#[test]
fn end_before_the_start_is_refused_without_a_request() {
    let client = export(&["F1", "--from", "2026-11-02", "--to", "2026-11-01"], &[]);
    client.expect(2, "", "bookline: --to 2026-11-01 is before --from 2026-11-02\n");
}
