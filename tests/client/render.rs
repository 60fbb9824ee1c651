//! Replies laid out for people, with `--format pretty`.

use bookline_protocol::needs_escape;

use crate::support::client::{bookline, run};
use crate::support::fake_server::{FakeServer, one_shot};

/// The reply as it is printed for people.
fn pretty(reply: &str) -> String {
    one_shot(&["--format", "table", "X"], reply).1.stdout
}

#[test]
fn events_are_a_table() {
    let listing = concat!(
        r#"ROW {"id":"rustconf","name":"Rust Conf","date":"2026-12-31","#,
        r#""total_tickets":100,"available_tickets":98}"#,
        "\n",
        r#"ROW {"id":"e2","name":"Ž","date":"2027-01-01","total_tickets":5,"available_tickets":0}"#,
        "\n",
        r#"OK {"count":2,"next":"abc"}"#,
        "\n",
    );
    let table = "\
\x20Event    | Name      | Date       | Left
----------+-----------+------------+--------------------
 rustconf | Rust Conf | 2026-12-31 | #######. 98 of 100
 e2       | Ž         | 2027-01-01 | ........  0 of   5
2 events; the next ones come with after=abc
";
    assert_eq!(pretty(listing), table);
    assert_eq!(pretty("OK {\"count\":0}\n"), "Nothing there.\n");
}

#[test]
fn tickets_are_a_table() {
    let listing = concat!(
        r#"ROW {"ticket":"b0ee01","status":"checked_in","at":"2026-11-26T09:57:53.123456Z","#,
        r#""for":"Žofie Nováková"}"#,
        "\n",
        r#"ROW {"ticket":"b0ee02","status":"booked"}"#,
        "\n",
        r#"OK {"count":2,"next":"abc"}"#,
        "\n",
    );
    let table = "\
\x20Ticket | Status     | Since (UTC)      | For
--------+------------+------------------+----------------
 b0ee01 | checked in | 2026-11-26 09:57 | Žofie Nováková
 b0ee02 | booked     |                  |
2 tickets; the next ones come with after=abc
";
    assert_eq!(pretty(listing), table);
}

#[test]
fn skipped_occurrences_and_clashes_of_a_series_are_tables() {
    let clashes = concat!(
        r#"[{"date":"21-11-2026","time":"10:00","busy":["F2","F3"]},"#,
        r#"{"date":"28-11-2026","time":"10:00","busy":["F3"],"busy_count":31}]"#
    );
    let table = "\
\x20Date       | Time  | Busy
------------+-------+-----------------
 2026-11-21 | 10:00 | F2, F3
 2026-11-28 | 10:00 | F3, and 30 more
3 more are not listed.
";
    let skipped = format!(
        "OK {{\"name\":\"F1\",\"date\":\"14-11-2026\",\"time\":\"10:00\",\"series\":\"5f3a9c1e77d20b46\",\
         \"occurrences\":7,\"skipped\":{clashes},\"skipped_count\":5}}\n"
    );
    let sentence =
        "F1 is blocked on 2026-11-14 at 10:00. 7 occurrences of series 5f3a9c1e77d20b46. 5 skipped:";
    assert_eq!(pretty(&skipped), format!("{sentence}\n{table}"));
    let refused = format!(
        "ERR CONFLICT {{\"message\":\"F2 is busy\",\"retry\":false,\"busy\":[\"F2\",\"F3\"],\"clashes\":{clashes},\
         \"clash_count\":5}}\n"
    );
    assert_eq!(pretty(&refused), format!("Conflict: F2 is busy.\n{table}"));
}

#[test]
fn day_is_a_list_and_month_is_a_table() {
    let day = concat!(
        r#"OK {"name":"F1","date":"21-11-2026","schedule":["#,
        r#"{"time":"09:00","meet":{"title":"","group":[],"host":"F1"}},"#,
        r#"{"time":"10:00","meet":{"title":"class committee meeting","group":["F2","F3"],"host":"F1"}}]}"#,
        "\n",
    );
    let list = "\
F1 on 2026-11-21
 09:00  (blocked)
 10:00  class committee meeting with F2, F3
";
    assert_eq!(pretty(day), list);

    let month = concat!(
        r#"ROW {"date":"21-11-2026","time":"10:00","meetings":["#,
        r#"{"title":"a","group":["F2"],"host":"F1"},{"title":"b","group":["F4"],"host":"F3"}]}"#,
        "\n",
        r#"OK {"count":1}"#,
        "\n",
    );
    let table = "\
\x20Date       | Time  | What | With | Host
------------+-------+------+------+------
 2026-11-21 | 10:00 | a    | F2   | F1
 2026-11-21 | 10:00 | b    | F4   | F3
1 hour with meetings.
";
    assert_eq!(pretty(month), table);

    let range = concat!(
        r#"ROW {"name":"F1","date":"21-11-2026","schedule":["#,
        r#"{"time":"22:00","from":"21-11-2026 22:00","hours":2,"meet":{"title":"","group":[],"host":"F1"}},"#,
        r#"{"time":"23:00","from":"21-11-2026 22:00","hours":2,"meet":{"title":"","group":[],"host":"F1"}}]}"#,
        "\n",
        r#"ROW {"name":"F1","date":"23-11-2026","schedule":["#,
        r#"{"time":"10:00","series":"5f3a9c1e77d20b46","meet":{"title":"a","group":["F2"],"host":"F1"}}]}"#,
        "\n",
        r#"OK {"count":2}"#,
        "\n",
    );
    let table = "\
F1
 Date       | Time  | What                    | With | Host
------------+-------+-------------------------+------+------
 2026-11-21 | 22:00 | (blocked) (hour 1 of 2) |      | F1
 2026-11-21 | 23:00 | (blocked) (hour 2 of 2) |      | F1
 2026-11-23 | 10:00 | a (in a series)         | F2   | F1
2 days.
";
    assert_eq!(pretty(range), table);
}

#[test]
fn times_and_the_reasons_for_none_are_tables() {
    let times = concat!(
        r#"ROW {"date":"21-11-2026","time":"10:00","hours":2}"#,
        "\n",
        r#"ROW {"date":"21-11-2026","time":"11:00","hours":2}"#,
        "\n",
        r#"OK {"count":2}"#,
        "\n",
    );
    let table = "\
\x20Date       | Time  | Hours
------------+-------+-------
 2026-11-21 | 10:00 |     2
 2026-11-21 | 11:00 |     2
2 times.
";
    assert_eq!(pretty(times), table);

    let table = "\
All are free at no time.
 Who | Busy at
-----+--------------
 F1  | 09:00, 10:00
 F2  | 10:00
";
    let busy = r#"OK {"count":0,"busy":{"F2":["10:00"],"F1":["09:00","10:00"]}}"#;
    assert_eq!(pretty(&format!("{busy}\n")), table);

    let table = "\
All are free at no time.
 Who | Busy hours
-----+------------
 F1  |         31
 F2  |          1
";
    assert_eq!(pretty("OK {\"count\":0,\"busy\":{\"F1\":31,\"F2\":1}}\n"), table);
    let free = "There is no such time, though nobody is busy.\n";
    assert_eq!(pretty("OK {\"count\":0,\"busy\":{}}\n"), free);
}

#[test]
fn width_without_terminal_comes_from_columns_variable() {
    let id = "2bc0eb7e-04a3-4048-a36a-2a781ecae285";
    let event = format!(
        "OK {{\"id\":\"{id}\",\"name\":\"Rust Conference\",\"date\":\"2026-12-31\",\
         \"total_tickets\":1000000,\"available_tickets\":1000000}}\n"
    );
    let record = format!(
        "\x20Event | {id}\n Name  | Rust Conference\n Date  | 2026-12-31\n Left  | ######## 1000000 of \
         1000000\n"
    );
    for (columns, is_table) in [("120", true), ("", true), ("wide", true), ("80", false), ("40", false)] {
        let event = event.clone();
        let fake = FakeServer::greeted(move |mut peer| peer.expect("X\n", &event));
        let mut command = bookline(fake.addr, &["--format", "table", "X"]);
        command.env("COLUMNS", columns);
        let client = run(command);
        let row = format!("\n {id} | Rust Conference | 2026-12-31 | ######## 1000000 of 1000000\n");
        let has_row = client.stdout.contains(&row);
        assert_eq!(has_row, is_table, "{columns:?} columns:\n{}", client.stdout);
        let below = record.replace(&format!("| {id}"), &format!("|\n{id}"));
        let record = if columns == "40" { &below } else { &record };
        assert!(is_table || client.stdout == *record, "{columns:?} columns:\n{}", client.stdout);
        fake.join();
    }
}

#[test]
fn changes_are_sentences() {
    for (reply, sentence) in [
        (
            r#"OK {"event_id":"e","tickets":["b5a1e3c4-0000-8000-8000-000000000001"],"available_tickets":9}"#,
            "1 ticket for e, 9 left:\nb5a1e3c4-0000-8000-8000-000000000001\n",
        ),
        (
            concat!(
                r#"OK {"bookings":["#,
                r#"{"event_id":"e","tickets":["b5a1e3c4-0000-8000-8000-000000000001"],"available_tickets":9},"#,
                r#"{"event_id":"f","tickets":["b5a1e3c4-0000-8000-8000-000000000002","#,
                r#""b5a1e3c4-0000-8000-8000-000000000003"],"available_tickets":0}]}"#
            ),
            concat!(
                "1 ticket for e, 9 left:\nb5a1e3c4-0000-8000-8000-000000000001\n",
                "2 tickets for f, 0 left:\nb5a1e3c4-0000-8000-8000-000000000002\n",
                "b5a1e3c4-0000-8000-8000-000000000003\n"
            ),
        ),
        (
            concat!(
                r#"OK {"hold_id":"b5a1e3c4-0000-8000-8000-000000000009","event_id":"e","#,
                r#""tickets":["b5a1e3c4-0000-8000-8000-000000000001"],"available_tickets":9}"#
            ),
            "Hold b5a1e3c4-0000-8000-8000-000000000009 is confirmed.\n\
             1 ticket for e, 9 left:\nb5a1e3c4-0000-8000-8000-000000000001\n",
        ),
        (
            concat!(
                r#"OK {"hold_id":"b5a1e3c4-0000-8000-8000-000000000009","event_id":"e","tickets":2,"#,
                r#""expires_at":"2026-11-26T09:57:53.123456Z","available_tickets":8}"#
            ),
            "2 tickets for e held until 2026-11-26 09:57:53 UTC, 8 left:\n\
             b5a1e3c4-0000-8000-8000-000000000009\n\
             CONFIRM <hold-id> buys, EXTEND <hold-id> <seconds> moves the deadline, RELEASE <hold-id> gives \
             back.\n",
        ),
        (
            concat!(
                r#"OK {"hold_id":"b5a1e3c4-0000-8000-8000-000000000009","event_id":"e","tickets":2,"#,
                r#""expires_at":"2026-11-26T09:57:53.123456Z","status":"expired"}"#
            ),
            "Hold b5a1e3c4-0000-8000-8000-000000000009 of 2 tickets for e expired at 2026-11-26 09:57:53 \
             UTC.\n",
        ),
        (
            concat!(
                r#"OK {"hold_id":"b5a1e3c4-0000-8000-8000-000000000009","event_id":"e","released":2,"#,
                r#""available_tickets":10}"#
            ),
            "Hold b5a1e3c4-0000-8000-8000-000000000009 is released: 2 tickets for e given back, 10 left.\n",
        ),
        (
            concat!(
                r#"OK {"ticket":"b5a1e3c4-0000-8000-8000-000000000001","event_id":"e","#,
                r#""status":"checked_in","at":"2026-11-26T09:57:53.123456Z","for":"Ada Lovelace","#,
                r#""name":"Rust Conf","date":"2026-12-31"}"#
            ),
            "Checked in since 2026-11-26 09:57:53 UTC: ticket b5a1e3c4-0000-8000-8000-000000000001 of Ada \
             Lovelace for Rust Conf (e) on 2026-12-31.\n",
        ),
        (
            concat!(
                r#"OK {"ticket":"b5a1e3c4-0000-8000-8000-000000000001","event_id":"e","status":"booked","#,
                r#""name":"Rust Conf","date":"2026-12-31"}"#
            ),
            "Booked: ticket b5a1e3c4-0000-8000-8000-000000000001 for Rust Conf (e) on 2026-12-31.\n",
        ),
        (
            concat!(
                r#"OK {"cancelled":["b5a1e3c4-0000-8000-8000-000000000001"],"#,
                r#""events":[{"event_id":"e","available_tickets":10}]}"#
            ),
            "Ticket b5a1e3c4-0000-8000-8000-000000000001 is cancelled: 10 left for e.\n",
        ),
        (
            concat!(
                r#"OK {"cancelled":["b5a1e3c4-0000-8000-8000-000000000001","#,
                r#""b5a1e3c4-0000-8000-8000-000000000002"],"events":["#,
                r#"{"event_id":"e","available_tickets":10},{"event_id":"f","available_tickets":1}]}"#
            ),
            "2 tickets are cancelled: 10 left for e, 1 left for f.\n",
        ),
        (r#"OK {"event_id":"e","deleted":"event","tickets":0,"holds":0}"#, "Event e is deleted.\n"),
        (
            r#"OK {"event_id":"e","deleted":"event","tickets":3,"holds":1}"#,
            "Event e is deleted, with 3 tickets and 1 hold.\n",
        ),
        (r#"OK {"name":"F1","date":"21-11-2026","time":"09:00"}"#, "F1 is blocked on 2026-11-21 at 09:00.\n"),
        (
            r#"OK {"name":"F1","date":"21-11-2026","time":"22:00","hours":4}"#,
            "F1 is blocked on 2026-11-21 at 22:00 for 4 hours.\n",
        ),
        (
            concat!(
                r#"OK {"name":"F1","date":"21-11-2026","time":"22:00","hours":4,"title":"plans","#,
                r#""group":["F2"],"host":"F1","series":"5f3a9c1e77d20b46","occurrences":13}"#
            ),
            "F1 meets F2 on 2026-11-21 at 22:00 for 4 hours: plans (host F1). 13 occurrences of series \
             5f3a9c1e77d20b46.\n",
        ),
        (
            concat!(
                r#"OK {"name":"F1","date":"21-11-2026","time":"10:00","title":"plans","group":["F2"],"#,
                r#""host":"F2","occurrences":1,"#,
                r#""replaced":{"date":"21-11-2026","time":"09:00","hours":2}}"#
            ),
            "F1 meets F2 on 2026-11-21 at 10:00: plans (host F2). It replaces the block on 2026-11-21 at \
             09:00 for 2 hours. It has left its series.\n",
        ),
        (
            concat!(
                r#"OK {"name":"F1","date":"21-11-2026","time":"10:00","hours":2,"#,
                r#""series":"5f3a9c1e77d20b46","occurrences":1,"deleted":"block"}"#
            ),
            "The block of F1 on 2026-11-21 at 10:00 for 2 hours is deleted. One occurrence of series \
             5f3a9c1e77d20b46.\n",
        ),
        (
            concat!(
                r#"OK {"name":"F1","date":"21-11-2026","time":"09:00","series":"5f3a9c1e77d20b46","#,
                r#""occurrences":2,"skipped":[],"skipped_count":0}"#
            ),
            "F1 is blocked on 2026-11-21 at 09:00. 2 occurrences of series 5f3a9c1e77d20b46. None was \
             skipped.\n",
        ),
        (
            concat!(
                r#"OK {"name":"F1","date":"21-11-2026","time":"10:00","#,
                r#""title":"plans","group":["F2","F3"],"host":"F3"}"#
            ),
            "F1 meets F2, F3 on 2026-11-21 at 10:00: plans (host F3).\n",
        ),
        (
            concat!(
                r#"OK {"name":"F1","date":"21-11-2026","time":"10:00","#,
                r#""title":"plans","group":["F2","F3"],"host":"F4"}"#
            ),
            "F1 meets F2, F3 on 2026-11-21 at 10:00: plans, hosted by F4, who alone can change it; \
             for a member write F2,F3,F4.\n",
        ),
        (
            concat!(
                r#"OK {"name":"F1","date":"21-11-2026","time":"09:00","#,
                r#""replaced":{"date":"20-11-2026","time":"08:00"}}"#
            ),
            "F1 is blocked on 2026-11-21 at 09:00. It replaces the block on 2026-11-20 at 08:00.\n",
        ),
        (
            concat!(
                r#"OK {"name":"F1","date":"21-11-2026","time":"09:00","replaced":{"date":"20-11-2026","#,
                r#""time":"08:00","title":"plans","group":["F2","F3"],"host":"F1","removed":["F2","F3"]}}"#
            ),
            "F1 is blocked on 2026-11-21 at 09:00. It replaces the meeting on 2026-11-20 at 08:00: plans, \
             with F2, F3 (host F1). No longer in it: F2, F3.\n",
        ),
        (
            r#"OK {"name":"F1","date":"21-11-2026","time":"10:00","deleted":"meeting"}"#,
            "The meeting of F1 on 2026-11-21 at 10:00 is deleted.\n",
        ),
        ("OK {}", "OK\n"),
        (r#"OK {"new":"field","count":3}"#, "3 rows.\n"),
        (r#"OK {"uptime_seconds":5,"read_only":false}"#, " uptime_seconds | 5\n read_only      | false\n"),
    ] {
        assert_eq!(pretty(&format!("{reply}\n")), sentence);
    }
}

#[test]
fn refusals_are_sentences() {
    for (reply, sentence) in [
        (r#"ERR SOLD_OUT {"message":"m","retry":false,"available":10,"requested":11}"#, "Too few left: m.\n"),
        (
            r#"ERR SOLD_OUT {"message":"event e is sold out","retry":false,"available":0,"requested":11}"#,
            "Sold out: event e is sold out.\n",
        ),
        (
            r#"ERR SOLD_OUT {"message":"m","retry":false,"available":1,"held":2,"requested":3}"#,
            "Too few left: m (2 more held).\n",
        ),
        (r#"ERR FULL {"message":"m","retry":false,"limit":10000000000,"requested":2}"#, "Full: m.\n"),
        (
            r#"ERR CONFLICT {"message":"someone has no time","retry":false,"busy":["F3","F4"]}"#,
            "Conflict: someone has no time (busy: F3, F4).\n",
        ),
        (
            r#"ERR CONFLICT {"message":"F3 has no time.","retry":false,"busy":["F3"]}"#,
            "Conflict: F3 has no time.\n",
        ),
        (
            r#"ERR UNKNOWN_COMMAND {"message":"no such verb: BOK","retry":false,"did_you_mean":"BOOK"}"#,
            "Unknown command: no such verb: BOK. Did you mean BOOK?\n",
        ),
        (r#"ERR NEW_CODE {"message":"unheard of","retry":false,"more":[1]}"#, "New code: unheard of.\n"),
        ("ERR ODD {}", "ODD: {}\n"),
        (
            "ROW {\"a\":1}\nERR INTERNAL {\"message\":\"m\",\"retry\":false}",
            "{\"a\":1}\nInternal: m.\nThe rows above are not all there are.\n",
        ),
    ] {
        assert_eq!(pretty(&format!("{reply}\n")), sentence);
    }
}

#[test]
fn control_characters_of_a_server_are_escaped() {
    for reply in [
        concat!(
            r#"OK {"name":"\u001b[2J","date":"21-11-2026","schedule":[{"time":"09:00","meet":"#,
            r#"{"title":"\u0007\u009b\u202e","group":["\r"],"host":"\u001b]0;x"}}]}"#
        ),
        r#"OK {"event_id":"\u001b[2J","tickets":[],"available_tickets":0}"#,
        r#"OK {"\u001b[2J":"\u001b[2J"}"#,
        "OK {\"\u{1b}[2J\" no JSON}",
        "ERR \u{1b}[31m {\"message\":\"\\u001b[2J\",\"retry\":false,\"busy\":[\"\\u001b\"],\
         \"host\":\"\\u007f\"}",
        "ERR \u{1b}[31m {\u{1b}}",
        "ROW {\"x\":\"\u{1b}[2J\"}\nOK {}",
        "ROW {\"command\":\"\",\"usage\":\"\\u001b[2J\",\"help\":\"\\u0008\"}\nOK {}",
        "\u{1b}[2J\nOK {}",
        concat!(
            r#"OK {"ticket":"2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee","#,
            r#""event_id":"\u200b\u2066\u2028\ufeff\udb40\udc41","status":"booked","for":"\u001b[2J","#,
            r#""name":"\u202e","date":"2026-12-31"}"#
        ),
        r#"ROW {"ticket":"\u001b[2J","status":"booked","for":"\u0007\u202e"}"#,
        "ERR NOT_FOUND {\"message\":\"\u{202e}\u{2029}\u{200d}\",\"retry\":false}",
        "ROW {\"x\":\"\u{202e}\u{e0041}\"}\nOK {}",
        "\u{2028}OK \u{feff}\nOK {}",
    ] {
        let shown = pretty(&format!("{reply}\n"));
        let controls: Vec<_> = shown.chars().filter(|&c| c != '\n' && needs_escape(c)).collect();
        assert_eq!(controls, [] as [char; 0], "{reply:?} is shown as {shown:?}");
    }
}

#[test]
fn long_listing_is_printed_in_several_tables() {
    let row = r#"ROW {"id":"e","name":"n","date":"2026-12-31","total_tickets":1,"available_tickets":1}"#;
    let shown = pretty(&(format!("{row}\n").repeat(2_500) + "OK {\"count\":2500}\n"));
    assert_eq!(shown.matches(" Event | Name").count(), 3);
    assert_eq!(shown.matches("\n e     |").count(), 2_500);
    assert!(shown.ends_with("2500 events.\n"));
}
