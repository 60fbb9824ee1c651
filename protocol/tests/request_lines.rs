//! Requests written as lines: [`Request::write_line`] is the inverse of the parser, and does not depend on
//! how the request was written. A failure of a property prints the smallest case found and records its seed
//! in `request_lines.proptest-regressions`.

mod usage;

use bookline_protocol::limits::BOOKING_EVENTS_MAX;
use bookline_protocol::{
    CommandForm, Cursor, Date, ParsedLine, Request, Role, TicketCursor, TicketId, Verb, parse, quote,
    split_option,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use usage::{alternatives, forms, parts};

/// A request in words: the verb and the arguments in order, and the options.
#[derive(Clone, Debug)]
struct Words {
    arguments: Vec<String>,
    options: Vec<String>,
}

impl Words {
    /// The line with the options at these places.
    fn line(&self, places: &[Index]) -> String {
        let mut words = self.arguments.clone();
        for (option, place) in self.options.iter().zip(places) {
            words.insert(place.index(words.len() + 1), option.clone());
        }
        words.join(" ")
    }
}

/// A request in any form of any command.
fn words() -> impl Strategy<Value = Words> {
    select(forms().collect::<Vec<_>>()).prop_flat_map(|(verb, form)| words_of(verb, form))
}

fn words_of(verb: Verb, form: &'static CommandForm) -> impl Strategy<Value = Words> {
    let (required, optional) = parts(form);
    let required = required.into_iter().map(|word| value(word, verb, 0)).collect::<Vec<_>>();
    let optional = optional.into_iter().map(|part| repeated(part, verb, form)).collect::<Vec<_>>();
    (required, optional).prop_map(move |(mut arguments, optional)| {
        let (mut options, more): (Vec<_>, Vec<_>) =
            optional.concat().into_iter().partition(|part| split_option(part).is_some());
        arguments.extend(more);
        if verb == Verb::Account && arguments[1] == "SET" && options.is_empty() {
            options.push("person=".to_owned());
        }
        if verb == Verb::Update && options.iter().all(|option| option.starts_with("key=")) {
            options.push("sales=open".to_owned());
        }
        if !options.iter().any(|option| option.starts_with("every=")) {
            options.retain(|option| !option.starts_with("on_conflict="));
        }
        Words { arguments, options }
    })
}

/// An optional part of a usage, as often as the usage allows, or not at all.
fn repeated(
    part: &'static str,
    verb: Verb,
    form: &CommandForm,
) -> impl Strategy<Value = Vec<String>> + use<> {
    let count_max = if form.usage.contains(&format!("[{part}]…")) { BOOKING_EVENTS_MAX - 1 } else { 1 };
    let parts = (1..=count_max).map(|index| {
        select(alternatives(part)).prop_flat_map(move |part| {
            part.split(' ').map(|word| value(word, verb, index)).collect::<Vec<_>>()
        })
    });
    (parts.collect::<Vec<_>>(), 0..=count_max).prop_map(|(mut parts, count)| {
        parts.truncate(count);
        parts.into_iter().map(|words| words.join(" ")).collect()
    })
}

/// A valid word in place of a word of a usage: `<date>`, `id=<id>` or `open`. `index` tells the events of a
/// BOOK apart, each of which may be named once.
fn value(word: &str, verb: Verb, index: usize) -> BoxedStrategy<String> {
    if let Some((name, value)) = word.split_once('=') {
        let value = match word {
            // A range ends on the last date, a window has room for four hours.
            "last=<date>" | "to=<date>" => "9999-12-31",
            "from=<time>" => "08:00",
            "until=<time>" => "24:00",
            _ => value,
        };
        let name = name.to_owned();
        return self::value(value, verb, index).prop_map(move |value| format!("{name}={value}")).boxed();
    }
    match word {
        "<name>" if verb == Verb::Account => "[A-Za-z0-9._-]{1,64}".boxed(),
        "<secret>" => text().prop_map(|text| quote(&format!("password {text}")).into_owned()).boxed(),
        "<role>" => select(Role::ALL.to_vec()).prop_map(|role| role.to_string()).boxed(),
        "<name>" | "<title>" | "<text>" => text().prop_map(|text| quote(&text).into_owned()).boxed(),
        // The longest series from the last of them on is within the dates.
        "<date>" => (1..=3_640_000_u32, any::<bool>())
            .prop_map(|(day, is_iso)| {
                let date = Date::from_day_number(day).unwrap();
                if is_iso { date.iso().to_string() } else { date.dmy().to_string() }
            })
            .boxed(),
        "<from>" => (1..=1_000_u32).prop_map(|year| format!("01-01-{year:04}")).boxed(),
        "<to>" => (1_000..=9_999_u32).prop_map(|year| format!("{year:04}-12-31")).boxed(),
        "<time>" => (0..24_u8).prop_map(|hour| format!("{hour:02}:00")).boxed(),
        // Eight bookings have 10,000 tickets at the most.
        "<n>" if verb == Verb::Free => {
            prop_oneof![1..=1_000_u32, Just(10)].prop_map(|n| n.to_string()).boxed()
        }
        "<n>" | "<tickets>" => prop_oneof![1..=1_250_u32, Just(4)].prop_map(|n| n.to_string()).boxed(),
        "<hours>" if matches!(verb, Verb::Meet | Verb::Free) => {
            (1..=4_u32).prop_map(|hours| hours.to_string()).boxed()
        }
        "<hours>" => (1..=24_u32).prop_map(|hours| hours.to_string()).boxed(),
        "<count>" => (2..=366_u32).prop_map(|count| count.to_string()).boxed(),
        "<seconds>" => prop_oneof![1..=7_200_u32, Just(300)].prop_map(|n| format!("{n:06}")).boxed(),
        "<event-id>" => "[A-Za-z0-9._-]{1,60}".prop_map(move |id| format!("{id}.{index}")).boxed(),
        // Two people, so that a host often is the requester.
        "<who>" | "<host>" | "<id>" => "F[12]|[A-Za-z0-9._-]{1,64}".boxed(),
        "<group>" | "<who,…>" => "[A-Za-z0-9._-]{1,9}(,[ab]){0,4}".boxed(),
        "<ticket-id>" | "<hold-id>" => (any::<[u8; 16]>(), any::<bool>())
            .prop_map(|(bytes, is_upper)| {
                let id = TicketId(bytes).to_string();
                if is_upper { id.to_ascii_uppercase() } else { id }
            })
            .boxed(),
        "<cursor>" if verb == Verb::Tickets => (any::<u64>(), any::<u32>())
            .prop_map(|(event, position)| TicketCursor { event, position }.encode())
            .boxed(),
        "<cursor>" => text()
            .prop_map(|name| {
                let date = Date::from_day_number(1).unwrap();
                Cursor { date, name: name.into(), id: "x".into() }.encode()
            })
            .boxed(),
        "<verb>" => select(Verb::ALL).prop_map(|verb| verb.to_string()).boxed(),
        "<what>" => prop_oneof![
            select(vec!["events", "calendars", "all"]).prop_map(str::to_owned),
            "(event|person):[A-Za-z0-9._-]{1,64}",
        ]
        .boxed(),
        "<sequence>" => any::<u64>().prop_map(|sequence| sequence.to_string()).boxed(),
        "<key>" => "[A-Za-z0-9._:-]{16,64}".boxed(),
        word => {
            assert!(!word.contains('<'), "there are no values of {word}");
            Just(word.to_owned()).boxed()
        }
    }
}

/// A valid name or title.
fn text() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        6 => prop::char::range(' ', '~'),
        2 => select(vec!['\n', '\t', '"', '\\', '#', '=', ' ', 'u']),
        1 => any::<char>().prop_filter("no control character", |c| !c.is_control()),
    ];
    let any = prop::collection::vec(c, 1..40).prop_map(String::from_iter);
    let special = select(vec!["HTTP/1.1", "Host:", "*1", "EHLO x", "#", "id=x", "key=0123456789abcdef", " "]);
    prop_oneof![4 => any, 1 => special.prop_map(str::to_owned)]
}

/// The request of a line, without its key.
#[track_caller]
fn request<'a>(line: &'a str, scratch: &'a mut Vec<u8>) -> Request<'a> {
    match parse(line.as_bytes(), scratch) {
        ParsedLine::Request(request) => request,
        ParsedLine::Keyed(keyed) => keyed.request,
        other => panic!("{line}: {other:?}"),
    }
}

/// The line of a request, from any line that parses to it.
#[track_caller]
fn canonical(line: &str) -> String {
    let mut out = Vec::new();
    request(line, &mut Vec::new()).write_line(&mut out);
    String::from_utf8(out).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn line_of_a_request_parses_to_it_and_does_not_depend_on_its_form(
        words in words(),
        places in any::<[Index; 8]>(),
        others in any::<[Index; 8]>(),
    ) {
        let line = words.line(&places);
        let written = canonical(&line);
        let (mut scratch, mut other) = (Vec::new(), Vec::new());
        let request = request(&line, &mut scratch);
        prop_assert_eq!(&canonical(&written), &written);
        prop_assert_eq!(&canonical(&words.line(&others)), &written, "options in another order");
        prop_assert!(!written.contains(char::is_control), "{:?}", written);
        prop_assert_eq!(parse(written.as_bytes(), &mut other), ParsedLine::Request(request), "{}", written);
    }
}

const TICKET: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";
const OTHER_TICKET: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ef";

/// The data directories of servers have hashes of these lines. If this test fails, a key that was used before
/// an upgrade would be refused after it as used for another request.
#[test]
fn lines_of_requests_do_not_change_from_version_to_version() {
    let lines = [
        (r#"create "Rust Conf" 31-12-2026 0100"#, r#"CREATE "Rust Conf" 2026-12-31 100"#),
        (
            "CREATE id=rc sales=closed jazz max_per_booking=4 2026-12-31 1",
            r#"CREATE "jazz" 2026-12-31 1 id=rc sales=closed max_per_booking=4"#,
        ),
        ("CREATE jazz 2026-12-31 1 max_per_booking=none sales=open", r#"CREATE "jazz" 2026-12-31 1"#),
        (
            r#"CREATE "a\"b\\c\nd\te\u00e9\ud83e\udd80 \u202e" 2026-12-31 1"#,
            "CREATE \"a\\\"b\\\\c\\nd\\teé🦀 \u{202e}\" 2026-12-31 1",
        ),
        (
            "UPDATE max_per_booking=none e sales=open tickets=5 date=31-12-2026 name=jazz",
            r#"UPDATE e name="jazz" date=2026-12-31 tickets=5 sales=open max_per_booking=none"#,
        ),
        ("GET", "GET"),
        ("GET after=AA6jEWphenoAag limit=010", "GET limit=10 after=AA6jEWphenoAag"),
        ("GET e", "GET e"),
        ("GET F1 21-11-2026", "GET F1 2026-11-21"),
        ("GET F1 21-11-2026 20-12-2026", "GET F1 2026-11-21 2026-12-20"),
        ("BOOK e 02", "BOOK e 2"),
        ("for=Ada BOOK e 2", r#"BOOK e 2 for="Ada""#),
        ("BOOK e 2 key=0123456789abcdef a 1", "BOOK e 2 a 1"),
        ("HOLD e 2 ttl=300", "HOLD e 2"),
        ("HOLD e 2 for=Ada ttl=5", r#"HOLD e 2 ttl=5 for="Ada""#),
        ("HOLD <ticket>", "HOLD <ticket>"),
        ("CONFIRM <ticket>", "CONFIRM <ticket>"),
        ("CONFIRM for=Ada <ticket> 2", r#"CONFIRM <ticket> 2 for="Ada""#),
        ("EXTEND <ticket> 300", "EXTEND <ticket> 300"),
        ("RELEASE <ticket>", "RELEASE <ticket>"),
        ("TICKET <ticket>", "TICKET <ticket>"),
        ("TICKETS e", "TICKETS e"),
        (
            "TICKETS e after=AAAAAAAAAAEAAAAB limit=5 ids=yes for=Ada status=checked_in",
            r#"TICKETS e status=checked_in for="Ada" ids=yes limit=5 after=AAAAAAAAAAEAAAAB"#,
        ),
        ("TICKETS e status=all", "TICKETS e status=all"),
        ("CANCEL <other> <ticket> <other>", "CANCEL <other> <ticket>"),
        ("CHECKIN <ticket>", "CHECKIN <ticket>"),
        ("CHECKIN undo=yes <ticket>", "CHECKIN <ticket> undo=yes"),
        ("BLOCK F1 21-11-2026 09:00", "BLOCK F1 2026-11-21 09:00"),
        ("BLOCK F1 21-11-2026 09:00 hours=01", "BLOCK F1 2026-11-21 09:00"),
        (
            "BLOCK on_conflict=skip last=21-12-2026 every=day hours=2 F1 21-11-2026 09:00",
            "BLOCK F1 2026-11-21 09:00 hours=2 every=day last=2026-12-21 on_conflict=skip",
        ),
        ("MEET F1 21-11-2026 09:00 x F2,F3,F2 F1", r#"MEET F1 2026-11-21 09:00 "x" F2,F3"#),
        ("MEET F1 21-11-2026 09:00 x F2 F9", r#"MEET F1 2026-11-21 09:00 "x" F2 host=F9"#),
        (
            "MEET F1 21-11-2026 09:00 x F2 count=013 every=2weeks host=F9 hours=3",
            r#"MEET F1 2026-11-21 09:00 "x" F2 host=F9 hours=3 every=2weeks count=13"#,
        ),
        (
            "MEET F1 21-11-2026 first x F2 to=21-11-2026 days=all from=09:00 until=17:00 hours=1",
            r#"MEET F1 2026-11-21 first "x" F2"#,
        ),
        (
            "MEET F1 days=all hours=2 until=24:00 from=00:00 to=31-12-2026 21-11-2026 first x F2 F9",
            r#"MEET F1 2026-11-21 first "x" F2 host=F9 to=2026-12-31 from=00:00 until=24:00 hours=2 days=all"#,
        ),
        (
            "FREE limit=5 days=all hours=2 until=18:00 from=08:00 to=20-12-2026 F2,F3,F2 21-11-2026",
            "FREE F2,F3 2026-11-21 to=2026-12-20 from=08:00 until=18:00 hours=2 days=all limit=5",
        ),
        (
            "FREE F2 21-11-2026 to=21-11-2026 from=09:00 until=17:00 hours=1 days=weekdays limit=10",
            "FREE F2 2026-11-21",
        ),
        ("HOD F10", "HOD F10"),
        ("HOD F10 21-11-2026 20-12-2026", "HOD F10 2026-11-21 2026-12-20"),
        ("DELETE F1 21-11-2026 09:00", "DELETE F1 2026-11-21 09:00"),
        ("DELETE F1 21-11-2026 09:00 series=this", "DELETE F1 2026-11-21 09:00 series=this"),
        ("DELETE series=all F1 21-11-2026 09:00", "DELETE F1 2026-11-21 09:00 series=all"),
        ("DELETE e", "DELETE e"),
        ("DELETE tickets=drop e", "DELETE e tickets=drop"),
        ("PUT F1 21-11-2026 09:00 block 22-11-2026 10:00", "PUT F1 2026-11-21 09:00 BLOCK 2026-11-22 10:00"),
        (
            "PUT host=F9 F1 21-11-2026 09:00 meet 22-11-2026 10:00 x F2",
            r#"PUT F1 2026-11-21 09:00 MEET 2026-11-22 10:00 "x" F2 host=F9"#,
        ),
        (
            "PUT F1 21-11-2026 09:00 block 22-11-2026 10:00 series=following hours=1",
            "PUT F1 2026-11-21 09:00 BLOCK 2026-11-22 10:00 hours=1 series=following",
        ),
        (
            "PUT series=this F1 21-11-2026 09:00 meet 22-11-2026 10:00 x F2 hours=24 host=F9",
            r#"PUT F1 2026-11-21 09:00 MEET 2026-11-22 10:00 "x" F2 host=F9 hours=24 series=this"#,
        ),
        ("HELLO", "HELLO"),
        ("HELP", "HELP"),
        ("HELP exit", "HELP QUIT"),
        ("PING", "PING"),
        ("STATS", "STATS"),
        ("SNAPSHOT", "SNAPSHOT"),
        (
            "WATCH tickets=yes since=007 event:e \"person:F1\" all event:e",
            "WATCH event:e person:F1 all since=7 tickets=yes",
        ),
        ("WATCH events calendars", "WATCH events calendars"),
        ("UNWATCH", "UNWATCH"),
        ("UNWATCH event:e event:e all", "UNWATCH event:e all"),
        ("auth anna hunter2", r#"AUTH "anna" "hunter2""#),
        ("WHOAMI", "WHOAMI"),
        ("account add anna person=F1 role=seller secret=", "ACCOUNT ADD anna role=seller person=F1"),
        ("ACCOUNT add anna secret=12345678 role=door", r#"ACCOUNT ADD anna role=door secret="12345678""#),
        (r#"ACCOUNT SET anna secret="" person="""#, r#"ACCOUNT SET anna person= secret="""#),
        ("ACCOUNT DROP anna", "ACCOUNT DROP anna"),
        ("ACCOUNT LIST", "ACCOUNT LIST"),
        ("EXIT", "QUIT"),
    ];
    let with_ids = |line: &str| line.replace("<ticket>", TICKET).replace("<other>", OTHER_TICKET);
    for (line, expected) in lines {
        assert_eq!(canonical(&with_ids(line)), with_ids(expected), "{line}");
    }
    assert_eq!(canonical(&format!("TICKET {}", TICKET.to_ascii_uppercase())), format!("TICKET {TICKET}"));
    for verb in Verb::ALL {
        let is_of_verb = |line: &str| line.split(' ').next() == Some(verb.as_str());
        assert!(lines.iter().any(|(_, line)| is_of_verb(line)), "no line of {verb}");
    }
}
