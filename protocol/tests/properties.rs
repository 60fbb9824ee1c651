//! Property tests of the parser and of the value types. A failure prints the smallest case found and records
//! its seed in `properties.proptest-regressions`.

use bookline_protocol::commands::{Create, Meet};
use bookline_protocol::reply::ReplyLine;
use bookline_protocol::{
    Cursor, Date, Group, HoldId, Hour, Id, ParsedLine, Request, Slot, Text, TicketCursor, TicketId,
    Timestamp, expects_reply, needs_escape, parse, parse_first, quote, split_option,
};
use proptest::prelude::*;

/// A line of pieces that have a meaning to the parser, with arbitrary bytes between them.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "CREATE",
        "GET",
        "BOOK",
        "TICKET",
        "TICKETS",
        "HOLD",
        "CONFIRM",
        "EXTEND",
        "CANCEL",
        "CHECKIN",
        "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
        "BLOCK",
        "MEET",
        "HOD",
        "FREE",
        "DELETE",
        "PUT",
        "HELP",
        "AUTH",
        "2026-12-31",
        "31-12-2026",
        "0000-01-01",
        "2026-02-30",
        "09:00",
        "24:00",
        "F2,F3,F2",
        "F2,",
        "1",
        "-1",
        "10001",
        "id=",
        "id=x",
        "limit=",
        "for=x",
        "ttl=5",
        "undo=yes",
        "status=all",
        "tickets=drop",
        "to=2026-12-31",
        "until=24:00",
        "hours=2",
        "days=all",
        "key=0123456789abcdef",
        "key=",
        "after=AAAA",
        "after=",
        "\"",
        "\\",
        "\\u",
        "\\u0007",
        "\\ud83e\\udd80",
        "\\ud800",
        "\\n",
        "#",
        "HTTP/1.1",
        "Host:",
        "SIP/2.0",
        "EHLO",
        "*1",
        "\t",
        "\r",
        "\u{1b}",
        "\u{7f}",
        "\u{9b}",
        "é",
        "🦀",
        "\u{202e}",
        "\u{2028}",
        "\u{e0041}",
        " ",
        " ",
        " ",
        " ",
        "\"Rust Conf\"",
    ])
    .prop_map(|piece| piece.as_bytes().to_vec());
    let telnet =
        prop::sample::select(vec![&b"\xff"[..], b"\xff\xfd", b"\xff\xfb\x01", b"\xff\xfa", b"\xff\xf0"])
            .prop_map(<[u8]>::to_vec);
    let any = prop::collection::vec(any::<u8>(), 0..6);
    prop::collection::vec(prop_oneof![12 => known, 1 => telnet, 1 => any], 0..16)
        .prop_map(|pieces| pieces.concat())
}

/// A valid name or title.
fn text() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        6 => prop::char::range(' ', '~'),
        2 => prop::sample::select(vec!['\n', '\t', '"', '\\', '#', '=', ' ', 'u']),
        1 => any::<char>().prop_filter("no control character", |c| !c.is_control()),
    ];
    prop::collection::vec(c, 1..40).prop_map(String::from_iter)
}

fn id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9._-]{1,64}"
}

fn slot() -> impl Strategy<Value = Slot> {
    (1..=3_652_059_u32, 0..24_u8).prop_map(|(day, hour)| Slot {
        date: Date::from_day_number(day).unwrap(),
        hour: Hour::new(hour).unwrap(),
    })
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

/// Every refusal is one line of bounded length, with a JSON object and without characters that control a
/// terminal.
fn check_line(line: &[u8]) -> Result<(), TestCaseError> {
    check_parsed(line, &parse(line, &mut Vec::new()))?;
    let (mut scratch, mut other) = (Vec::new(), Vec::new());
    let first = parse_first(line, &mut scratch);
    check_parsed(line, &first)?;
    if !matches!(first, ParsedLine::Foreign(_)) {
        prop_assert_eq!(
            first,
            parse(line, &mut other),
            "the first line is parsed like the others, or is foreign"
        );
    }
    Ok(())
}

fn check_parsed(line: &[u8], parsed: &ParsedLine<'_>) -> Result<(), TestCaseError> {
    match parsed {
        ParsedLine::Blank => prop_assert!(!expects_reply(line)),
        ParsedLine::Request(_) => prop_assert!(expects_reply(line)),
        ParsedLine::Keyed(keyed) => prop_assert!(expects_reply(line) && keyed.request.changes()),
        ParsedLine::Refused(refusal) | ParsedLine::Foreign(refusal) => {
            prop_assert!(expects_reply(line));
            let mut out = Vec::new();
            refusal.write(&mut out);
            let reply = std::str::from_utf8(&out).unwrap();
            prop_assert!(reply.ends_with("}\n") && reply.len() < 1_000, "{}", reply);
            prop_assert!(!reply.trim_end_matches('\n').contains(needs_escape), "{:?}", reply);
            let Ok(ReplyLine::Err { code, body }) = ReplyLine::parse(reply) else { panic!("{reply}") };
            prop_assert_eq!(code, refusal.code.as_str());
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            prop_assert_eq!(body["message"].as_str(), Some(refusal.message.as_str()));
            prop_assert_eq!(body["retry"].as_bool(), Some(false));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn arbitrary_bytes_parse_to_a_request_a_refusal_or_blank(line in prop::collection::vec(any::<u8>(), 0..200)) {
        check_line(&line)?;
    }

    #[test]
    fn meaningful_pieces_parse_to_a_request_a_refusal_or_blank(line in pieces()) {
        check_line(&line)?;
    }

    #[test]
    fn quoted_text_round_trips(name in text(), host in id()) {
        let line = format!("MEET F1 2026-12-31 09:00 {} F2 {}", quote(&name), quote(&host));
        match parse(line.as_bytes(), &mut Vec::new()) {
            ParsedLine::Request(Request::Meet(Meet { meeting, .. })) => {
                prop_assert_eq!(meeting.title.as_str(), name);
                prop_assert_eq!(meeting.host.as_str(), host);
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn quoted_option_round_trips(name in text(), value in id()) {
        let line = format!("CREATE id={} {} 2026-12-31 1", quote(&value), quote(&name));
        match parse(line.as_bytes(), &mut Vec::new()) {
            ParsedLine::Request(Request::Create(Create { name: read, id, .. })) => {
                prop_assert_eq!(read.as_str(), name);
                prop_assert_eq!(id.as_ref().map(Id::as_str), Some(value.as_str()));
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn quoted_word_is_one_argument(word in any::<String>()) {
        let quoted = quote(&word);
        prop_assert!(!quoted.contains(char::is_control), "{quoted}");
        prop_assert!(expects_reply(quoted.as_bytes()), "neither blank nor a comment: {quoted}");
        // As the last word of a line it is neither another protocol, nor an option, nor two words.
        let line = format!("PING {quoted}");
        match parse_first(line.as_bytes(), &mut Vec::new()) {
            ParsedLine::Refused(refusal) => prop_assert!(
                refusal.message.contains("one argument too many: write PING")
                    || refusal.message.contains("control character"),
                "{}", refusal.message
            ),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn plain_word_is_not_quoted(word in "[A-Z0-9][A-Za-z0-9._:/,'\\\\-]{0,20}") {
        prop_assert_eq!(quote(&word), word.as_str());
    }

    #[test]
    fn option_splits_into_name_and_value(name in "[a-z_]{1,8}", value in ".*") {
        let word = format!("{name}={value}");
        prop_assert_eq!(split_option(&word), Some((name.as_str(), value.as_str())));
    }

    #[test]
    fn group_keeps_the_first_of_each_duplicate(members in prop::collection::vec("[a-c]{1,2}", 1..40)) {
        let joined = members.join(",");
        let mut first: Vec<&str> = Vec::new();
        for member in &members {
            if !first.contains(&member.as_str()) {
                first.push(member);
            }
        }
        let group = Group::new(&*joined).unwrap();
        prop_assert_eq!(group.as_str(), first.join(","));
        prop_assert_eq!(group.len(), first.len());
        prop_assert_eq!(group.iter().collect::<Vec<_>>(), first);
    }

    #[test]
    fn cursor_round_trips(slot in slot(), name in text(), id in id()) {
        let cursor = Cursor { date: slot.date, name: name.into(), id: id.into() };
        let word = cursor.encode();
        prop_assert_eq!(quote(&word), word.as_str(), "a cursor needs no quotes");
        prop_assert_eq!(Cursor::decode(&word), Some(cursor));
    }

    #[test]
    fn forged_cursor_has_a_valid_name_and_id(word in "[A-Za-z0-9_-]{0,80}") {
        if let Some(cursor) = Cursor::decode(&word) {
            prop_assert!(Text::new(&*cursor.name).is_ok() && Id::new(&*cursor.id).is_ok());
            prop_assert_eq!(cursor.encode(), word);
        }
    }

    #[test]
    fn ticket_cursor_round_trips(event in any::<u64>(), position in any::<u32>()) {
        let cursor = TicketCursor { event, position };
        let word = cursor.encode();
        prop_assert_eq!(quote(&word), word.as_str(), "a cursor needs no quotes");
        prop_assert_eq!(word.parse(), Ok(cursor));
        if event <= u32::MAX.into() {
            prop_assert_eq!(Cursor::decode(&word), None, "it is no cursor of the other listing");
        }
    }

    #[test]
    fn forged_ticket_cursor_has_the_word_that_it_was_decoded_from(word in "[A-Za-z0-9_-]{14,18}") {
        if let Some(cursor) = TicketCursor::decode(&word) {
            prop_assert_eq!(cursor.encode(), word);
        }
    }

    #[test]
    fn timestamp_agrees_with_chrono_and_round_trips(
        micros in Timestamp::MIN.0..=Timestamp::MAX.0,
        offset_minutes in -1_439..1_440,
    ) {
        let moment = chrono::DateTime::from_timestamp_micros(micros).unwrap();
        let written = written(|out| Timestamp(micros).write(out));
        prop_assert_eq!(&written, &moment.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
        prop_assert_eq!(&written, &Timestamp(micros).to_string());
        prop_assert_eq!(written.parse(), Ok(Timestamp(micros)));
        let zone = chrono::FixedOffset::east_opt(offset_minutes * 60).unwrap();
        let elsewhere = moment.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string();
        if elsewhere.len() == "2026-11-26T09:57:53.123456+05:30".len() {
            prop_assert_eq!(elsewhere.parse(), Ok(Timestamp(micros)));
        }
    }

    #[test]
    fn slot_index_round_trips_and_keeps_the_order(slot in slot()) {
        prop_assert_eq!(Slot::from_index(slot.index()), Some(slot));
        let next = Slot::from_index(slot.index() + 1);
        prop_assert!(next.is_none_or(|next| next > slot));
    }

    #[test]
    fn ticket_id_round_trips_and_begins_with_its_tag(bytes in any::<[u8; 16]>()) {
        let ticket = TicketId(bytes);
        let written = written(|out| ticket.write(out));
        prop_assert_eq!(&written, &uuid::Uuid::from_bytes(bytes).to_string());
        prop_assert_eq!(&written, &ticket.to_string());
        prop_assert_eq!(written.parse(), Ok(ticket));
        prop_assert_eq!(written[..4].to_owned(), format!("{:04x}", ticket.tag()));
        prop_assert_eq!(written.parse(), Ok(HoldId(bytes)), "a hold id is written as a ticket id");
        prop_assert_eq!(HoldId(bytes).to_string(), written);
    }

    #[test]
    fn dates_agree_with_chrono(text in "[0-9]{4}-[0-3][0-9]-[0-3][0-9]|[0-3][0-9]-[01][0-9]-[0-9]{4}|[0-9-]{8,11}") {
        let form = if text.as_bytes().get(2) == Some(&b'-') { "%d-%m-%Y" } else { "%Y-%m-%d" };
        let expected = chrono::NaiveDate::parse_from_str(&text, form).ok()
            // chrono accepts numbers without padding, and the year 0.
            .filter(|date| date.format(form).to_string() == text)
            .and_then(Date::from_naive);
        prop_assert_eq!(Date::parse(&text), expected);
    }
}

#[test]
fn timestamp_outside_of_the_years_of_dates_is_written_as_the_nearest() {
    assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000000Z");
    assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999999Z");
    for (micros, nearest) in [
        (Timestamp::MIN.0, "0001-01-01T00:00:00.000000Z"),
        (Timestamp::MIN.0 - 1, "0001-01-01T00:00:00.000000Z"),
        (i64::MIN, "0001-01-01T00:00:00.000000Z"),
        (Timestamp::MAX.0, "9999-12-31T23:59:59.999999Z"),
        (Timestamp::MAX.0 + 1, "9999-12-31T23:59:59.999999Z"),
        (i64::MAX, "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(Timestamp(micros).to_string(), nearest, "{micros}");
    }
    for text in ["", "2026-11-26", "2026-11-26T09:57:53", "2026-02-30T09:57:53Z", "1000"] {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
    }
}

#[test]
fn dates_of_all_years_round_trip() {
    let mut days = 0;
    for number in (1..=3_652_059).step_by(7).chain([3_652_059]) {
        let date = Date::from_day_number(number).unwrap();
        assert_eq!(date.day_number(), number);
        let (mut iso, mut dmy) = (Vec::new(), Vec::new());
        date.write_iso(&mut iso);
        date.write_dmy(&mut dmy);
        assert_eq!(iso, date.naive().format("%Y-%m-%d").to_string().into_bytes());
        assert_eq!(dmy, date.naive().format("%d-%m-%Y").to_string().into_bytes());
        assert_eq!(Date::parse(&date.iso().to_string()), Some(date));
        assert_eq!(Date::parse(&date.dmy().to_string()), Some(date));
        days += 1;
    }
    assert_eq!(days, 521_723 + 1);
    assert_eq!((Date::from_day_number(0), Date::from_day_number(3_652_060)), (None, None));
    assert_eq!(Date::from_day_number(3_652_059), Date::parse("9999-12-31"));
    assert_eq!((Slot::from_index(23), Slot::from_index(u32::MAX)), (None, None));
}
