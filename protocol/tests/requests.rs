//! Lines that the parser accepts, and the requests that they parse to.

use bookline_protocol::commands::meet::MeetingTime;
use bookline_protocol::commands::put::RequestedEntry;
use bookline_protocol::commands::{
    Block, Book, BookedEvents, Booking, Cancel, Checkin, Confirm, Create, Delete, Extend, Free, Get, Hello,
    Help, Hod, Hold, Meet, Ping, Put, Quit, Release, RequestedMeeting, Snapshot, Stats, Ticket, Tickets,
    Update,
};
use bookline_protocol::window::WindowValues;
use bookline_protocol::{
    Cursor, Date, DateRange, Days, Every, Group, HoldId, Hour, Hours, Id, KeyedRequest, MaxPerBooking,
    OnConflict, ParsedLine, Period, Recurrence, RecurrenceEnd, Request, SaleTerms, Sales, Scope, Slot,
    StatusFilter, Text, TicketCursor, TicketId, TicketStatus, Verb, Window, expects_reply, parse,
};

#[track_caller]
fn assert_request<'a>(line: impl AsRef<[u8]>, expected: impl Into<Request<'a>>) {
    let (line, expected) = (line.as_ref(), expected.into());
    match parse(line, &mut Vec::new()) {
        ParsedLine::Request(request) => assert_eq!(request, expected, "{}", String::from_utf8_lossy(line)),
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

/// An hour, once.
fn at(slot: Slot) -> MeetingTime {
    MeetingTime::At { period: Period::of_slot(slot), recurrence: None }
}

fn booking<'a>(event: Id<'a>, count: u32) -> Booking<'a> {
    Booking { event, count }
}

fn book<'a>(event: Id<'a>, count: u32) -> Book<'a> {
    Book { bookings: BookedEvents::One(booking(event, count)), attendee: None }
}

fn create<'a>(name: &'a str, id: Option<&'a str>) -> Create<'a> {
    Create {
        name: Text::new(name).unwrap(),
        date: date("2026-12-31"),
        tickets: 100,
        id: id.map(|id| Id::new(id).unwrap()),
        terms: SaleTerms::default(),
    }
}

#[test]
fn block_and_meet_parse_hours_and_a_series() {
    let night = |hours| Period::new(slot("21-11-2026", "22:00"), Hours::new(hours).unwrap()).unwrap();
    let block = |hours, recurrence| Block { who: id("F1"), period: night(hours), recurrence };
    assert_request("BLOCK F1 21-11-2026 22:00 hours=1", block(1, None));
    assert_request("BLOCK F1 21-11-2026 22:00 hours=24", block(24, None));
    let series = |every, end, on_conflict| Some(Recurrence { every, end, on_conflict });
    let weeks = series(Every::Week, RecurrenceEnd::Count(13), OnConflict::Refuse);
    assert_request("BLOCK F1 21-11-2026 22:00 hours=4 every=week count=13", block(4, weeks));
    let end = RecurrenceEnd::Last(date("2027-01-31"));
    let weekdays = series(Every::Weekday, end, OnConflict::Skip);
    assert_request(
        "BLOCK on_conflict=skip last=31-01-2027 every=weekday F1 21-11-2026 22:00",
        block(1, weekdays),
    );
    for (word, every) in [("day", Every::Day), ("2weeks", Every::TwoWeeks)] {
        let when = MeetingTime::At { period: night(2), recurrence: series(every, end, OnConflict::Skip) };
        assert_request(
            format!("MEET F1 21-11-2026 22:00 x F2 hours=2 every={word} last=2027-01-31 on_conflict=skip"),
            Meet { who: id("F1"), when, meeting: meeting("x", "F2", "F1") },
        );
    }
}

/// The server refuses it, with the number of occurrences.
#[test]
fn series_of_too_many_days_is_a_request() {
    let end = RecurrenceEnd::Last(date("9999-12-31"));
    let recurrence = Some(Recurrence { every: Every::Day, end, on_conflict: OnConflict::Refuse });
    let period = Period::of_slot(slot("21-11-2026", "09:00"));
    let block = Block { who: id("F1"), period, recurrence };
    assert_request("BLOCK F1 21-11-2026 09:00 every=day last=9999-12-31", block);
}

#[test]
fn meet_first_parses_its_window() {
    let window = |values| Window::new(date("2026-11-21"), values).unwrap();
    let meet = |when, host| Meet { who: id("F1"), when, meeting: meeting("x", "F2", host) };
    let first = MeetingTime::First(window(WindowValues::default()));
    assert_request("MEET F1 21-11-2026 first x F2", meet(first, "F1"));
    let values = WindowValues {
        to: Some(date("2026-11-30")),
        from: Hour::new(8),
        until: "24:00".parse().ok(),
        hours: Hours::new(3),
        days: Some(Days::All),
    };
    assert_request(
        "MEET F1 21-11-2026 first x F2 host=F9 to=30-11-2026 from=08:00 until=24:00 hours=3 days=all",
        meet(MeetingTime::First(window(values)), "F9"),
    );
}

#[test]
fn put_and_delete_parse_hours_and_a_scope() {
    let (nine, ten) = (slot("2026-11-21", "09:00"), slot("2026-11-22", "10:00"));
    for (word, scope) in [("this", Scope::This), ("following", Scope::Following), ("all", Scope::All)] {
        let scope = Some(scope);
        let line = format!("DELETE F1 21-11-2026 09:00 series={word}");
        assert_request(line, Delete::Entry { who: id("F1"), slot: nine, scope });
        let put = |hours, entry| Put { who: id("F1"), old: nine, new: ten, hours, entry, scope };
        assert_request(
            format!("PUT F1 21-11-2026 09:00 BLOCK 22-11-2026 10:00 series={word}"),
            put(None, RequestedEntry::Block),
        );
        assert_request(
            format!("PUT F1 21-11-2026 09:00 MEET 22-11-2026 10:00 x F2 hours=1 series={word}"),
            put(Some(Hours::ONE), RequestedEntry::Meeting(meeting("x", "F2", "F1"))),
        );
    }
}

#[test]
fn every_command_parses_to_its_request() {
    assert_request("CREATE \"Rust Conf\" 2026-12-31 100", create("Rust Conf", None));
    let four = MaxPerBooking::new(4).unwrap();
    let terms = SaleTerms { sales: Sales::Closed, max_per_booking: four };
    assert_request(
        "CREATE \"Rust Conf\" 2026-12-31 100 max_per_booking=4 sales=closed",
        Create { terms, ..create("Rust Conf", None) },
    );
    assert_request(
        "CREATE \"Rust Conf\" 2026-12-31 100 max_per_booking=none sales=open",
        create("Rust Conf", None),
    );
    let nothing = Update {
        event: id("rustconf"),
        name: None,
        date: None,
        tickets: None,
        sales: None,
        max_per_booking: None,
    };
    assert_request("UPDATE rustconf sales=open", Update { sales: Some(Sales::Open), ..nothing.clone() });
    let unlimited = Update { max_per_booking: Some(MaxPerBooking::default()), ..nothing.clone() };
    assert_request("UPDATE rustconf max_per_booking=none", unlimited);
    assert_request(
        "UPDATE max_per_booking=4 rustconf name=\"Rust Conf\" date=31-12-2026 tickets=100",
        Update {
            name: Some(Text::new("Rust Conf").unwrap()),
            date: Some(date("2026-12-31")),
            tickets: Some(100),
            max_per_booking: Some(four),
            ..nothing
        },
    );
    assert_request("GET", Get::List { limit: None, after: None });
    assert_request("GET rustconf", Get::Event { id: id("rustconf") });
    assert_request("GET F1 21-11-2026", Get::Day { who: id("F1"), date: date("21-11-2026") });
    let month = DateRange::new(date("21-11-2026"), date("20-12-2026")).unwrap();
    assert_request("GET F1 21-11-2026 2026-12-20", Get::Range { who: id("F1"), range: month });
    assert_request("BOOK rustconf 2", book(id("rustconf"), 2));
    let ticket: TicketId = UUID.parse().unwrap();
    assert_request("TICKET 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee", Ticket { ticket });
    assert_request("TICKET 2CDBA4D5-65E5-8A4E-9D2B-64A5BA13B0EE", Ticket { ticket });
    let nine = slot("2026-11-21", "09:00");
    assert_request(
        "BLOCK F1 21-11-2026 09:00",
        Block { who: id("F1"), period: Period::of_slot(nine), recurrence: None },
    );
    let own = meeting("class committee meeting", "F2,F3", "F1");
    assert_request(
        "MEET F1 21-11-2026 09:00 \"class committee meeting\" F2,F3",
        Meet { who: id("F1"), when: at(nine), meeting: own },
    );
    let hosted = meeting("x", "F2", "F9");
    assert_request(
        "MEET F1 2026-11-21 09:00 x F2 F9",
        Meet { who: id("F1"), when: at(nine), meeting: hosted.clone() },
    );
    assert_request("HOD F10", Hod { who: id("F10"), range: None });
    assert_request("HOD F10 21-11-2026 2026-12-20", Hod { who: id("F10"), range: Some(month) });
    let free = |window, limit| Free { people: Group::new("F2,F3").unwrap(), window, limit };
    let window = Window::new(date("21-11-2026"), WindowValues::default()).unwrap();
    assert_request("FREE F2,F3 21-11-2026", free(window, 10));
    let values = WindowValues {
        to: Some(date("20-12-2026")),
        from: Some("22:00".parse().unwrap()),
        until: Some("24:00".parse().unwrap()),
        hours: Hours::new(2),
        days: Some(Days::All),
    };
    assert_request(
        "FREE F2,F3 21-11-2026 to=20-12-2026 from=22:00 until=24:00 hours=2 days=all limit=1000",
        free(Window::new(date("21-11-2026"), values).unwrap(), 1_000),
    );
    assert_request("DELETE F1 21-11-2026 09:00", Delete::Entry { who: id("F1"), slot: nine, scope: None });
    let delete = |drop_tickets| Delete::Event { event: id("rustconf"), drop_tickets };
    assert_request("DELETE rustconf", delete(false));
    assert_request("DELETE rustconf tickets=drop", delete(true));
    let ten = slot("2026-11-22", "10:00");
    let put = |entry| Put { who: id("F1"), old: nine, new: ten, hours: None, entry, scope: None };
    assert_request("PUT F1 21-11-2026 09:00 BLOCK 22-11-2026 10:00", put(RequestedEntry::Block));
    assert_request(
        "PUT F1 21-11-2026 09:00 MEET 22-11-2026 10:00 x F2 F9",
        put(RequestedEntry::Meeting(hosted)),
    );
    let own = meeting("x", "F2", "F1");
    assert_request("PUT F1 21-11-2026 09:00 meet 22-11-2026 10:00 x F2", put(RequestedEntry::Meeting(own)));
    assert_request("HELLO", Hello);
    assert_request("HELP", Help { verb: None });
    assert_request("HELP get", Help { verb: Some(Verb::Get) });
    assert_request("HELP exit", Help { verb: Some(Verb::Quit) });
    assert_request("PING", Ping);
    assert_request("STATS", Stats);
    assert_request("SNAPSHOT", Snapshot);
    assert_request("QUIT", Quit);
    assert_request("EXIT", Quit);
}

const UUID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";
const OTHER_UUID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ef";

fn hold_id() -> HoldId {
    UUID.parse().unwrap()
}

fn ada() -> Option<Text<'static>> {
    Some(Text::new("Ada Lovelace").unwrap())
}

#[test]
fn book_has_the_name_of_the_attendee() {
    assert_request(
        "BOOK rustconf 2 for=\"Ada Lovelace\"",
        Book { attendee: ada(), ..book(id("rustconf"), 2) },
    );
    assert_request(
        "for=\"Ada Lovelace\" BOOK rustconf 2",
        Book { attendee: ada(), ..book(id("rustconf"), 2) },
    );
    let line = "BOOK a 1 b 2 for=x";
    match parse(line.as_bytes(), &mut Vec::new()) {
        ParsedLine::Request(Request::Book(book)) => {
            assert_eq!(book.attendee.as_ref().map(Text::as_str), Some("x"));
            assert_eq!(book.bookings(), [booking(id("a"), 1), booking(id("b"), 2)]);
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn commands_of_holds_parse_to_their_requests() {
    let hold = hold_id();
    let create = |ttl_seconds, attendee| Hold::Create { event: id("jazz"), count: 2, ttl_seconds, attendee };
    assert_request("HOLD jazz 2", create(300, None));
    assert_request("HOLD jazz 2 for=\"Ada Lovelace\" ttl=7200", create(7_200, ada()));
    assert_request(format!("HOLD {UUID}"), Hold::Show { hold });
    let generated = Hold::Create { event: id(UUID), count: 2, ttl_seconds: 300, attendee: None };
    assert_request(format!("HOLD {UUID} 2"), generated);
    assert_request(format!("CONFIRM {UUID}"), Confirm { hold, count: None, attendee: None });
    assert_request(
        format!("CONFIRM {UUID} 2 for=\"Ada Lovelace\""),
        Confirm { hold, count: Some(2), attendee: ada() },
    );
    assert_request(format!("EXTEND {UUID} 7200"), Extend { hold, seconds: 7_200 });
    assert_request(format!("RELEASE {UUID}"), Release { hold });
}

#[test]
fn commands_of_tickets_parse_to_their_requests() {
    let ticket: TicketId = UUID.parse().unwrap();
    assert_request(format!("CHECKIN {UUID}"), Checkin { ticket, undo: false });
    assert_request(format!("CHECKIN {UUID} undo=yes"), Checkin { ticket, undo: true });
    let all = Tickets {
        event: id("jazz"),
        status: StatusFilter::Valid,
        attendee: None,
        ids: false,
        limit: None,
        after: None,
    };
    assert_request("TICKETS jazz", all.clone());
    for (word, status) in [
        ("booked", StatusFilter::Only(TicketStatus::Booked)),
        ("checked_in", StatusFilter::Only(TicketStatus::CheckedIn)),
        ("cancelled", StatusFilter::Only(TicketStatus::Cancelled)),
        ("all", StatusFilter::All),
    ] {
        assert_request(format!("TICKETS jazz status={word}"), Tickets { status, ..all.clone() });
    }
    let after = TicketCursor { event: 7, position: 10_000 };
    assert_request(
        format!("TICKETS jazz after={} for=\"Ada Lovelace\" ids=yes limit=10000", after.encode()),
        Tickets { attendee: ada(), ids: true, limit: Some(10_000), after: Some(after), ..all },
    );
}

#[test]
fn cancel_has_each_ticket_once_in_the_order_of_its_first_mention() {
    let ids = |texts: &[&str]| Cancel { tickets: texts.iter().map(|text| text.parse().unwrap()).collect() };
    assert_request(format!("CANCEL {UUID}"), ids(&[UUID]));
    let upper = UUID.to_ascii_uppercase();
    assert_request(format!("CANCEL {OTHER_UUID} {UUID} {OTHER_UUID} {upper}"), ids(&[OTHER_UUID, UUID]));
    let most: Vec<String> = (0..1_000_u128).map(|n| TicketId(n.to_be_bytes()).to_string()).collect();
    let most: Vec<&str> = most.iter().map(String::as_str).collect();
    assert_request(format!("CANCEL {}", most.join(" ")), ids(&most));
}

#[test]
fn requests_that_only_read_do_not_change_the_state() {
    let changes = |line: &str| match parse(line.as_bytes(), &mut Vec::new()) {
        ParsedLine::Request(request) => request.changes(),
        other => panic!("{line}: {other:?}"),
    };
    for verb in ["CONFIRM", "RELEASE", "CANCEL", "CHECKIN"] {
        assert!(changes(&format!("{verb} {UUID}")), "{verb}");
    }
    assert!(changes("HOLD jazz 2") && changes(&format!("EXTEND {UUID} 1")) && changes("DELETE jazz"));
    assert!(changes("BOOK jazz 2") && changes("BLOCK F1 21-11-2026 09:00"));
    for line in [&*format!("HOLD {UUID}"), &*format!("TICKET {UUID}"), "TICKETS jazz", "GET", "PING", "STATS"]
    {
        assert!(!changes(line), "{line}");
    }
}

const KEY: &str = "0123456789abcdef";

#[track_caller]
fn assert_keyed<'a>(line: &str, expected: impl Into<Request<'a>>) {
    match parse(line.as_bytes(), &mut Vec::new()) {
        ParsedLine::Keyed(keyed) => {
            let KeyedRequest { key, request } = *keyed;
            assert_eq!((key.as_str(), request), (KEY, expected.into()), "{line}");
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn key_stands_anywhere_in_a_line_that_changes_something() {
    let [first, second] =
        ["BOOK rustconf 2 key=0123456789abcdef", "key=\"0123456789abcdef\" book rustconf 2"];
    assert_keyed(first, book(id("rustconf"), 2));
    assert_keyed(second, book(id("rustconf"), 2));
    let ada = Book { attendee: ada(), ..book(id("rustconf"), 2) };
    assert_keyed("BOOK rustconf key=0123456789abcdef 2 for=\"Ada Lovelace\"", ada);
    assert_keyed("DELETE a key=0123456789abcdef", Delete::Event { event: id("a"), drop_tickets: false });
    assert_keyed(&format!("RELEASE {UUID} key={KEY}"), Release { hold: hold_id() });
    let held = Hold::Create { event: id("jazz"), count: 2, ttl_seconds: 300, attendee: None };
    assert_keyed("HOLD jazz 2 key=0123456789abcdef", held);
}

#[test]
fn key_of_the_form_of_hold_that_reads_is_ignored() {
    assert_request(format!("HOLD {UUID} key={KEY}"), Hold::Show { hold: hold_id() });
}

#[test]
fn quoted_argument_that_looks_like_a_key_is_an_argument() {
    assert_request(format!("CREATE \"key={KEY}\" 2026-12-31 100"), create("key=0123456789abcdef", None));
}

#[test]
fn verbs_ignore_case_and_ids_keep_it() {
    assert_request("bOOk RustConf 2", book(id("RustConf"), 2));
    assert_request("\"BOOK\" \"RustConf\" \"2\"", book(id("RustConf"), 2));
}

#[test]
fn blanks_and_tabs_around_arguments_are_skipped() {
    assert_request(" \tBOOK\t\trustconf  2 \t", book(id("rustconf"), 2));
}

#[test]
fn options_stand_anywhere_in_any_order() {
    for line in [
        "CREATE \"Rust Conf\" 2026-12-31 100 id=rc",
        "CREATE \"Rust Conf\" 2026-12-31 id=rc 100",
        "CREATE id=\"rc\" \"Rust Conf\" 2026-12-31 100",
        "id=rc CREATE \"Rust Conf\" 2026-12-31 100",
    ] {
        assert_request(line, create("Rust Conf", Some("rc")));
    }
    let after = Cursor { date: date("2026-12-31"), name: "Rust Conf".into(), id: "rustconf".into() };
    let word = after.encode();
    let both = Get::List { limit: Some(10), after: Some(after) };
    assert_request(format!("GET limit=10 after={word}"), both.clone());
    assert_request(format!("GET after={word} limit=10"), both);
}

#[test]
fn argument_that_looks_like_an_option_is_an_argument_in_quotes() {
    assert_request("CREATE \"id=rc\" 2026-12-31 100", create("id=rc", None));
    assert_request("CREATE ID=rc 2026-12-31 100", create("ID=rc", None));
    assert_request("CREATE =rc 2026-12-31 100", create("=rc", None));
    assert_request("CREATE a1=rc 2026-12-31 100", create("a1=rc", None));
    assert_request("CREATE \"x\" 2026-12-31 100 id=a", create("x", Some("a")));
}

#[test]
fn escapes_are_resolved_within_quotes_only() {
    assert_request(r#"CREATE "a\"b\\c\nd\te" 2026-12-31 100"#, create("a\"b\\c\nd\te", None));
    assert_request(r#"CREATE "\u00e9\u000A\u0009\u0041" 2026-12-31 100"#, create("é\n\tA", None));
    assert_request(r#"CREATE "\uD83E\uDD80\ud83e\udd80" 2026-12-31 100"#, create("🦀🦀", None));
    assert_request(r"CREATE a\nb\ 2026-12-31 100", create(r"a\nb\", None));
    assert_request("CREATE \"a\tb\" 2026-12-31 100", create("a\tb", None));
}

#[test]
fn length_of_a_name_counts_characters_not_bytes() {
    let name = "🦀".repeat(200);
    assert_request(format!("CREATE {name} 2026-12-31 100"), create(&name, None));
}

#[track_caller]
fn assert_bookings(line: &str, expected: &[(&str, u32)]) {
    let mut scratch = Vec::new();
    let ParsedLine::Request(Request::Book(book)) = parse(line.as_bytes(), &mut scratch) else {
        panic!("{line}");
    };
    let bookings: Vec<_> = book.bookings().iter().map(|it| (it.event.as_str(), it.count)).collect();
    assert_eq!(bookings, expected, "{line}");
}

#[test]
fn book_of_several_events_has_its_bookings_in_the_order_written() {
    assert_bookings("BOOK b 2 a 1", &[("b", 2), ("a", 1)]);
    assert_bookings("book b  5000 \"A\" 05000", &[("b", 5_000), ("A", 5_000)]);
    let eight = ["h", "b", "c", "d", "e", "f", "g", "a"].map(|event| (event, 1_250));
    let line: String = eight.iter().map(|(event, count)| format!(" {event} {count}")).collect();
    assert_bookings(&format!("BOOK{line}"), &eight);
}

#[test]
fn numbers_may_have_leading_zeros() {
    assert_request("BOOK e 007", book(id("e"), 7));
    assert_request("BOOK e 0000000000000000000000010000", book(id("e"), 10_000));
}

#[test]
fn largest_group_fits_in_a_line() {
    let members: Vec<String> = (0..1_000).map(|n| format!("{n:064}")).collect();
    let line = format!("MEET F1 21-11-2026 09:00 {} {} F9", "🦀".repeat(100), members.join(","));
    assert!(line.len() <= bookline_protocol::limits::LINE_BYTES_MAX, "{}", line.len());
    match parse(line.as_bytes(), &mut Vec::new()) {
        ParsedLine::Request(Request::Meet(Meet { meeting, .. })) => assert_eq!(meeting.group.len(), 1_000),
        other => panic!("{other:?}"),
    }
}

#[test]
fn duplicates_in_a_group_are_removed() {
    let meet =
        Meet { who: id("F1"), when: at(slot("21-11-2026", "09:00")), meeting: meeting("x", "F3,F2", "F1") };
    assert_request("MEET F1 21-11-2026 09:00 x F3,F2,F3", meet);
}

#[test]
fn telnet_sequences_are_stripped_anywhere_in_a_line() {
    assert_request(b"\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0PI\xff\xf1NG\xff\xfd", Ping);
    assert_request(b"CREATE \"Rust\xff\xfd\x22 Conf\" 2026-12-31 100", create("Rust Conf", None));
}

#[test]
fn blank_lines_and_comments_get_no_reply() {
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
        assert!(!expects_reply(line), "only telnet sequences: {line:?}");
    }
    for line in [&b"B"[..], b" #", b"\"#\"", b"\xfe", b"\"\""] {
        assert!(expects_reply(line), "{line:?}");
    }
}

#[test]
fn request_without_escapes_borrows_from_its_line() {
    let line = b"MEET F1 21-11-2026 09:00 \"class committee meeting\" F2,F3 F9";
    let within = |text: &str| line.as_ptr_range().contains(&text.as_ptr());
    match parse(line, &mut Vec::new()) {
        ParsedLine::Request(Request::Meet(Meet { who, meeting, .. })) => {
            assert!(within(who.as_str()) && within(meeting.title.as_str()));
            assert!(within(meeting.group.as_str()) && within(meeting.host.as_str()));
        }
        other => panic!("{other:?}"),
    }
}
