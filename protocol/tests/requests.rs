//! What the parser takes: lines, and the requests they are.

use bookline_protocol::{
    Cursor, Date, Group, Hour, Id, ParsedLine, Request, RequestedEntry, RequestedMeeting, Slot, Text,
    TicketId, Verb, expects_reply, parse,
};

/// Reads one line and hands the request to a check, since it borrows from the line.
#[track_caller]
fn taken(line: impl AsRef<[u8]>, expected: &Request<'_>) {
    let line = line.as_ref();
    match parse(line, &mut Vec::new()) {
        ParsedLine::Request(request) => assert_eq!(&request, expected, "{}", String::from_utf8_lossy(line)),
        other => panic!("{}: {other:?}", String::from_utf8_lossy(line)),
    }
}

fn id(text: &str) -> Id<'_> {
    Id::new(text).unwrap()
}

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn slot(day: &str, time: &str) -> Slot {
    Slot { date: date(day), hour: Hour::parse(time).unwrap() }
}

fn meeting<'a>(title: &'a str, group: &'a str, host: &'a str) -> RequestedMeeting<'a> {
    RequestedMeeting { title: Text::new(title).unwrap(), group: Group::new(group).unwrap(), host: id(host) }
}

fn create<'a>(name: &'a str, id: Option<&'a str>) -> Request<'a> {
    Request::Create {
        name: Text::new(name).unwrap(),
        date: date("2026-12-31"),
        tickets: 100,
        id: id.map(|id| Id::new(id).unwrap()),
    }
}

#[test]
fn every_command_of_the_table() {
    taken("CREATE \"Rust Conf\" 2026-12-31 100", &create("Rust Conf", None));
    taken("GET", &Request::List { limit: None, after: None });
    taken("GET rustconf", &Request::Event { id: id("rustconf") });
    taken("GET F1 21-11-2026", &Request::Day { who: id("F1"), date: date("21-11-2026") });
    taken("BOOK rustconf 2", &Request::Book { event: id("rustconf"), count: 2 });
    let ticket: TicketId = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee".parse().unwrap();
    taken("TICKET 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee", &Request::Ticket { ticket });
    taken("TICKET 2CDBA4D5-65E5-8A4E-9D2B-64A5BA13B0EE", &Request::Ticket { ticket });
    let nine = slot("2026-11-21", "09:00");
    taken("BLOCK F1 21-11-2026 09:00", &Request::Block { who: id("F1"), slot: nine });
    let own = meeting("class committee meeting", "F2,F3", "F1");
    taken(
        "MEET F1 21-11-2026 09:00 \"class committee meeting\" F2,F3",
        &Request::Meet { who: id("F1"), slot: nine, meeting: own },
    );
    let hosted = meeting("x", "F2", "F9");
    taken(
        "MEET F1 2026-11-21 09:00 x F2 F9",
        &Request::Meet { who: id("F1"), slot: nine, meeting: hosted.clone() },
    );
    taken("HOD F10", &Request::Hod { who: id("F10") });
    taken("DELETE F1 21-11-2026 09:00", &Request::Delete { who: id("F1"), slot: nine });
    let ten = slot("2026-11-22", "10:00");
    let put = |entry| Request::Put { who: id("F1"), old: nine, new: ten, entry };
    taken("PUT F1 21-11-2026 09:00 BLOCK 22-11-2026 10:00", &put(RequestedEntry::Block));
    taken("PUT F1 21-11-2026 09:00 MEET 22-11-2026 10:00 x F2 F9", &put(RequestedEntry::Meeting(hosted)));
    let own = meeting("x", "F2", "F1");
    taken("PUT F1 21-11-2026 09:00 meet 22-11-2026 10:00 x F2", &put(RequestedEntry::Meeting(own)));
    taken("HELLO", &Request::Hello);
    taken("HELP", &Request::Help { verb: None });
    taken("HELP get", &Request::Help { verb: Some(Verb::Get) });
    taken("HELP exit", &Request::Help { verb: Some(Verb::Quit) });
    taken("PING", &Request::Ping);
    taken("STATS", &Request::Stats);
    taken("SNAPSHOT", &Request::Snapshot);
    taken("QUIT", &Request::Quit);
    taken("EXIT", &Request::Quit);
}

#[test]
fn verbs_in_any_case_ids_as_they_are() {
    taken("bOOk RustConf 2", &Request::Book { event: id("RustConf"), count: 2 });
    taken("\"BOOK\" \"RustConf\" \"2\"", &Request::Book { event: id("RustConf"), count: 2 });
}

#[test]
fn blanks_and_tabs_between_and_around() {
    taken(" \tBOOK\t\trustconf  2 \t", &Request::Book { event: id("rustconf"), count: 2 });
}

#[test]
fn options_stand_anywhere_in_any_order() {
    for line in [
        "CREATE \"Rust Conf\" 2026-12-31 100 id=rc",
        "CREATE \"Rust Conf\" 2026-12-31 id=rc 100",
        "CREATE id=\"rc\" \"Rust Conf\" 2026-12-31 100",
        "id=rc CREATE \"Rust Conf\" 2026-12-31 100",
    ] {
        taken(line, &create("Rust Conf", Some("rc")));
    }
    let after = Cursor { date: date("2026-12-31"), name: "Rust Conf".into(), id: "rustconf".into() };
    let word = after.encode();
    let both = Request::List { limit: Some(10), after: Some(after) };
    taken(format!("GET limit=10 after={word}"), &both);
    taken(format!("GET after={word} limit=10"), &both);
}

#[test]
fn what_only_looks_like_an_option_is_quoted_or_is_none() {
    taken("CREATE \"id=rc\" 2026-12-31 100", &create("id=rc", None));
    taken("CREATE ID=rc 2026-12-31 100", &create("ID=rc", None));
    taken("CREATE =rc 2026-12-31 100", &create("=rc", None));
    taken("CREATE a1=rc 2026-12-31 100", &create("a1=rc", None));
    taken("CREATE \"x\" 2026-12-31 100 id=a", &create("x", Some("a")));
}

#[test]
fn escapes_within_quotes_and_none_outside() {
    taken(r#"CREATE "a\"b\\c\nd\te" 2026-12-31 100"#, &create("a\"b\\c\nd\te", None));
    taken(r#"CREATE "\u00e9\u000A\u0009\u0041" 2026-12-31 100"#, &create("é\n\tA", None));
    taken(r#"CREATE "\uD83E\uDD80\ud83e\udd80" 2026-12-31 100"#, &create("🦀🦀", None));
    taken(r"CREATE a\nb\ 2026-12-31 100", &create(r"a\nb\", None));
    taken("CREATE \"a\tb\" 2026-12-31 100", &create("a\tb", None));
}

#[test]
fn a_title_has_up_to_200_characters_whatever_their_bytes() {
    let name = "🦀".repeat(200);
    taken(format!("CREATE {name} 2026-12-31 100"), &create(&name, None));
}

#[test]
fn leading_zeros_are_fine() {
    taken("BOOK e 007", &Request::Book { event: id("e"), count: 7 });
    taken("BOOK e 0000000000000000000000010000", &Request::Book { event: id("e"), count: 10_000 });
}

#[test]
fn the_largest_group_fits_a_line() {
    let members: Vec<String> = (0..1_000).map(|n| format!("{n:064}")).collect();
    let line = format!("MEET F1 21-11-2026 09:00 {} {} F9", "🦀".repeat(100), members.join(","));
    assert!(line.len() <= bookline_protocol::limits::LINE_BYTES_MAX, "{}", line.len());
    match parse(line.as_bytes(), &mut Vec::new()) {
        ParsedLine::Request(Request::Meet { meeting, .. }) => assert_eq!(meeting.group.len(), 1_000),
        other => panic!("{other:?}"),
    }
}

#[test]
fn duplicates_in_a_group_are_folded() {
    let meet = Request::Meet {
        who: id("F1"),
        slot: slot("21-11-2026", "09:00"),
        meeting: meeting("x", "F3,F2", "F1"),
    };
    taken("MEET F1 21-11-2026 09:00 x F3,F2,F3", &meet);
}

#[test]
fn telnet_sequences_are_stripped_wherever_they_stand() {
    taken(b"\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0PI\xff\xf1NG\xff\xfd", &Request::Ping);
    taken(b"CREATE \"Rust\xff\xfd\x22 Conf\" 2026-12-31 100", &create("Rust Conf", None));
}

#[test]
fn blank_lines_and_comments_are_silent() {
    for line in [
        &b""[..],
        b" ",
        b"\t \t",
        b"\r",
        b"#",
        b"# BOOK e 1",
        b"#\xfe",
        b"# GET / HTTP/1.1",
        b"\xff\xfd\x03#x",
    ] {
        assert_eq!(parse(line, &mut Vec::new()), ParsedLine::Blank, "{line:?}");
        assert!(!expects_reply(line), "{line:?}");
    }
    for line in [&b"\xff\xfd\x03"[..], b"\xff", b"\xff\xfa whatever"] {
        assert!(!expects_reply(line), "only telnet's: {line:?}");
    }
    for line in [&b"B"[..], b" #", b"\"#\"", b"\xfe", b"\"\""] {
        assert!(expects_reply(line), "{line:?}");
    }
}

#[test]
fn a_plain_request_borrows_all_it_has_from_its_line() {
    let line = b"MEET F1 21-11-2026 09:00 \"class committee meeting\" F2,F3 F9";
    let within = |text: &str| line.as_ptr_range().contains(&text.as_ptr());
    match parse(line, &mut Vec::new()) {
        ParsedLine::Request(Request::Meet { who, meeting, .. }) => {
            assert!(within(who.as_str()) && within(meeting.title.as_str()));
            assert!(within(meeting.group.as_str()) && within(meeting.host.as_str()));
        }
        other => panic!("{other:?}"),
    }
}
