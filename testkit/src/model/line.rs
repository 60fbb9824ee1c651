//! Lines of requests, valid in any of the ways that protocol.md allows, or invalid in one that it refuses.

use chrono::NaiveDate;

use super::recurrence::{Every, Recurrence, RecurrenceEnd};
use super::request::{
    CalendarRequest, Meeting, Request, Scope, Terms, TicketList, When, Window, format_date, format_hour,
};
use super::slot::Slot;
use crate::rng::Rng;

/// The kind of an argument, which determines its notations and its invalid values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Verb,
    Id,
    Text,
    Date,
    Time,
    Number,
    Group,
    /// The id of a ticket or of a hold.
    Uuid,
    /// One of a few words.
    Choice,
    Cursor,
    Key,
    Word,
}

/// The most tickets of one CANCEL.
const CANCELLED_TICKETS_MAX: usize = 1_000;

/// The arguments of a request.
struct Words {
    words: Vec<(Kind, String)>,
    options: Vec<(&'static str, Kind, String)>,
    /// Whether one argument more or less is an error.
    exact: bool,
}

/// The line of a request, without its line ending.
pub fn request_line(request: &Request, rng: &mut Rng) -> Vec<u8> {
    join(&words(request, rng), rng)
}

/// A line like that of the request with one error, and the code with which it is refused.
pub fn invalid_line(request: &Request, rng: &mut Rng) -> (Vec<u8>, &'static str) {
    let takes_key = matches!(request, Request::Keyed { .. }) || request.takes_key();
    let mut request = words(request, rng);
    let code = "BAD_REQUEST";
    match rng.below(9) {
        0 if request.exact => request.words.push((Kind::Word, "extra".into())),
        1 if request.exact && request.words.len() > 1 => drop(request.words.pop()),
        2 if takes_key => request.options.push(("colour", Kind::Id, "red".into())),
        2 => request.options.push(("key", Kind::Key, "a-key-of-20-letters-".into())),
        3 if !request.options.is_empty() => request.options.push(request.options[0].clone()),
        4 => return (with_suffix(&request, rng, b" \"never closed"), code),
        5 => {
            let suffix: &[u8] = rng.pick::<&[u8]>(&[&b" a\"b\""[..], b" \x07", b" \x1b[2J", b" \xc3("]);
            return (with_suffix(&request, rng, suffix), code);
        }
        6 => {
            request.words[0].1 = (*rng.pick(&["BOKO", "LOGIN", "XYZZY", "GETT", "ПРИВЕТ"])).to_owned();
            return (join(&request, rng), "UNKNOWN_COMMAND");
        }
        7 if rng.one_in(8) => {
            let mut line = join(&request, rng);
            line.resize(65_537 + rng.below(70_000), b' ');
            return (line, "LINE_TOO_LONG");
        }
        8 if request.words[0].1 == "CANCEL" => {
            let ticket = request.words[1].clone();
            request.words.resize(1 + CANCELLED_TICKETS_MAX + 1, ticket);
        }
        _ => {
            let Words { words, options, .. } = &mut request;
            let words = words.iter_mut().skip(1).map(|(kind, word)| (kind, word));
            let options = options.iter_mut().map(|(_, kind, value)| (kind, value));
            let mut values: Vec<_> =
                words.chain(options).filter(|(kind, _)| !invalid_values(**kind).is_empty()).collect();
            if values.is_empty() {
                return (with_suffix(&request, rng, b" \"x\"y"), code);
            }
            let at = rng.below(values.len());
            let (kind, value) = &mut values[at];
            **value = (*rng.pick(invalid_values(**kind))).to_owned();
            if *value == "<long>" {
                **value = "é".repeat(if **kind == Kind::Text { 201 } else { 65 });
            }
            // It is quoted, so that blanks and quotes in it do not make it another argument.
            **kind = Kind::Word;
        }
    }
    (join(&request, rng), code)
}

/// Invalid arguments of this kind.
fn invalid_values(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Id => &["", "a b", "é", "<long>", "F1,F2", "a/b", "\n"],
        Kind::Text => &["", "<long>"],
        Kind::Date => {
            &["2014-2-3", "2026-02-30", "31-04-2026", "0000-01-01", "10000-01-01", "2026/01/01", "today"]
        }
        Kind::Time => &["9:00", "24:00", "09:30", "09:00:00", "-1:00", "0900"],
        Kind::Number => {
            &["0", "-1", "+5", "1e3", "0x1", "10001000000", "99999999999999999999", "١", "1.0", ""]
        }
        Kind::Group => &["", "F2,", ",F2", "F2,,F3", "F2 F3", "F2, F3"],
        Kind::Choice => &["", "perhaps", "0", "Booked", "no"],
        Kind::Cursor => &["", "123", "###", "AAAA"],
        Kind::Key => &["", "15-letters-long", "<long>", "a key with blanks", "key/with/slashes"],
        Kind::Uuid => &["123", "2cdba4d565e58a4e9d2b64a5ba13b0ee", "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0eg"],
        Kind::Verb | Kind::Word => &[],
    }
}

fn with_suffix(request: &Words, rng: &mut Rng, suffix: &[u8]) -> Vec<u8> {
    let mut line = join(request, rng);
    line.extend_from_slice(suffix);
    line
}

fn words(request: &Request, rng: &mut Rng) -> Words {
    let mut words = vec![(Kind::Verb, verb(request).to_owned())];
    let mut options = Vec::new();
    let mut exact = true;
    match request {
        Request::Invalid(_)
        | Request::Hello
        | Request::Ping
        | Request::Stats
        | Request::Snapshot
        | Request::Quit => {}
        Request::Create { name, date, tickets, id, terms } => {
            words.extend([(Kind::Text, name.clone()), day(*date, rng), number(*tickets, rng)]);
            options.extend(id.iter().map(|id| ("id", Kind::Id, id.clone())));
            options.extend(terms_options(*terms));
        }
        Request::Update { id, name, date, tickets, terms } => {
            words.push((Kind::Id, id.clone()));
            let mut option = |name, (kind, value)| options.push((name, kind, value));
            name.iter().for_each(|name| option("name", (Kind::Text, name.clone())));
            date.iter().for_each(|date| option("date", day(*date, rng)));
            tickets.iter().for_each(|tickets| option("tickets", number(*tickets, rng)));
            options.extend(terms_options(*terms));
        }
        Request::List { limit, after } => {
            options.extend(limit.map(|limit| ("limit", Kind::Number, limit.to_string())));
            options.extend(after.iter().map(|word| ("after", Kind::Cursor, word.clone())));
            exact = false;
        }
        Request::Event(id) => {
            words.push((Kind::Id, id.clone()));
            exact = false;
        }
        Request::Book { bookings, attendee } => {
            for (id, count) in bookings {
                words.extend([(Kind::Id, id.clone()), number(*count, rng)]);
            }
            options.extend(attendee_option(attendee));
        }
        Request::Hold { event, tickets, ttl, attendee } => {
            words.extend([(Kind::Id, event.clone()), number(*tickets, rng)]);
            options.extend(ttl.map(|ttl| ("ttl", Kind::Number, ttl.to_string())));
            options.extend(attendee_option(attendee));
            // Without a number it may show a hold.
            exact = false;
        }
        Request::ShowHold(hold) | Request::Release(hold) => words.push(uuid(hold, rng)),
        Request::Confirm { hold, tickets, attendee } => {
            words.push(uuid(hold, rng));
            words.extend(tickets.map(|tickets| number(tickets, rng)));
            options.extend(attendee_option(attendee));
            exact = false;
        }
        Request::Extend { hold, seconds } => words.extend([uuid(hold, rng), number(*seconds, rng)]),
        Request::Cancel(tickets) => {
            words.extend(tickets.iter().map(|ticket| uuid(ticket, rng)));
            exact = tickets.len() == 1;
        }
        Request::Ticket(ticket) => words.push(uuid(ticket, rng)),
        Request::CheckIn { ticket, undo } => {
            words.push(uuid(ticket, rng));
            options.extend(undo.then(|| ("undo", Kind::Choice, "yes".to_owned())));
        }
        Request::Tickets(list) => {
            words.push((Kind::Id, list.event.clone()));
            options.extend(list_options(list));
        }
        Request::DeleteEvent { id, drop_tickets } => {
            words.push((Kind::Id, id.clone()));
            options.extend(drop_tickets.then(|| ("tickets", Kind::Choice, "drop".to_owned())));
        }
        Request::Calendar(request) => {
            exact = calendar_words(request, &mut words, rng);
            options = calendar_options(request, rng);
        }
        Request::Keyed { key, request } => {
            let mut keyed = self::words(request, rng);
            keyed.options.push(("key", Kind::Key, key.clone()));
            return keyed;
        }
        Request::Range { who, first, last } => {
            words.extend([(Kind::Id, who.clone()), day(*first, rng), day(*last, rng)]);
            exact = false;
        }
        Request::Hod { who, range } => {
            words.push((Kind::Id, who.clone()));
            words.extend(range.iter().flat_map(|(first, last)| [*first, *last]).map(|date| day(date, rng)));
        }
        Request::Free(search) => {
            words.extend([(Kind::Group, search.people.join(",")), day(search.window.date, rng)]);
            options = window_options(&search.window, rng);
            options.extend(search.limit.map(|limit| ("limit", Kind::Number, limit.to_string())));
        }
        Request::Help(verb) => {
            words.extend(verb.iter().map(|verb| (Kind::Verb, (*verb).to_owned())));
            exact = false;
        }
    }
    Words { words, options, exact }
}

fn terms_options(terms: Terms) -> impl Iterator<Item = (&'static str, Kind, String)> {
    let sales = terms.closed.map(|closed| if closed { "closed" } else { "open" }.to_owned());
    let limit = |limit: Option<u64>| limit.map_or("none".to_owned(), |limit| limit.to_string());
    let max_per_booking = terms.max_per_booking.map(limit);
    let options = [("sales", sales), ("max_per_booking", max_per_booking)].into_iter();
    options.filter_map(|(name, value)| Some((name, Kind::Choice, value?)))
}

fn attendee_option(attendee: &Option<String>) -> Option<(&'static str, Kind, String)> {
    attendee.as_ref().map(|name| ("for", Kind::Text, name.clone()))
}

fn list_options(list: &TicketList) -> impl Iterator<Item = (&'static str, Kind, String)> {
    let options = [
        ("status", Kind::Choice, list.status.map(str::to_owned)),
        ("for", Kind::Text, list.attendee.clone()),
        ("ids", Kind::Choice, list.whole_ids.then(|| "yes".to_owned())),
        ("limit", Kind::Number, list.limit.map(|limit| limit.to_string())),
        ("after", Kind::Cursor, list.after.clone()),
    ];
    options.into_iter().filter_map(|(name, kind, value)| Some((name, kind, value?)))
}

/// The name of an option, and its value.
type Opt = (&'static str, Kind, String);

fn window_options(window: &Window, rng: &mut Rng) -> Vec<Opt> {
    let days = window.all_days.map(|all| if all { "all" } else { "weekdays" }.to_owned());
    let options = [
        ("from", Kind::Time, window.from.map(format_hour)),
        // Not a time: it may be 24:00.
        ("until", Kind::Choice, window.until.map(format_hour)),
        ("hours", Kind::Choice, window.hours.map(|hours| hours.to_string())),
        ("days", Kind::Choice, days),
    ];
    let given = options.into_iter().filter_map(|(name, kind, value)| Some((name, kind, value?)));
    given.chain(window.to.map(|to| date_option("to", to, rng))).collect()
}

fn date_option(name: &'static str, date: NaiveDate, rng: &mut Rng) -> Opt {
    let (kind, date) = day(date, rng);
    (name, kind, date)
}

fn calendar_options(request: &CalendarRequest, rng: &mut Rng) -> Vec<Opt> {
    let hours_option = |hours: &Option<u32>| hours.map(|hours| ("hours", Kind::Choice, hours.to_string()));
    match request {
        CalendarRequest::Take { when: When::First(window), .. } => window_options(window, rng),
        CalendarRequest::Take { when: When::At { hours, recurrence, .. }, .. } => {
            let series = recurrence.iter().flat_map(|recurrence| recurrence_options(recurrence, rng));
            hours_option(hours).into_iter().chain(series).collect()
        }
        CalendarRequest::Put { hours, scope, .. } => {
            hours_option(hours).into_iter().chain(scope_option(*scope)).collect()
        }
        CalendarRequest::Delete { scope, .. } => scope_option(*scope).into_iter().collect(),
        CalendarRequest::Day { .. } => Vec::new(),
    }
}

fn recurrence_options(recurrence: &Recurrence, rng: &mut Rng) -> Vec<Opt> {
    let every = match recurrence.every {
        Every::Day => "day",
        Every::Weekday => "weekday",
        Every::Week => "week",
        Every::TwoWeeks => "2weeks",
    };
    let mut options = vec![("every", Kind::Choice, every.to_owned())];
    options.push(match recurrence.end {
        RecurrenceEnd::Count(count) => ("count", Kind::Choice, count.to_string()),
        RecurrenceEnd::Last(last) => date_option("last", last, rng),
    });
    options.extend(recurrence.skips.then(|| ("on_conflict", Kind::Choice, "skip".to_owned())));
    options
}

fn scope_option(scope: Option<Scope>) -> Option<Opt> {
    let word = match scope? {
        Scope::This => "this",
        Scope::Following => "following",
        Scope::All => "all",
    };
    Some(("series", Kind::Choice, word.to_owned()))
}

/// Adds the arguments of a request about calendars. Returns whether one more or less is an error.
fn calendar_words(request: &CalendarRequest, words: &mut Vec<(Kind, String)>, rng: &mut Rng) -> bool {
    match request {
        CalendarRequest::Take { who, when, meeting } => {
            words.push((Kind::Id, who.clone()));
            match when {
                When::At { slot, .. } => words.extend(at(*slot, rng)),
                When::First(window) => {
                    words.extend([day(window.date, rng), (Kind::Word, "first".to_owned())]);
                }
            }
            meet(words, meeting.as_ref())
        }
        CalendarRequest::Put { who, old, new, meeting, .. } => {
            words.push((Kind::Id, who.clone()));
            words.extend(at(*old, rng));
            words.push((Kind::Verb, if meeting.is_some() { "MEET" } else { "BLOCK" }.into()));
            words.extend(at(*new, rng));
            meet(words, meeting.as_ref())
        }
        CalendarRequest::Delete { who, slot, .. } => {
            words.push((Kind::Id, who.clone()));
            words.extend(at(*slot, rng));
            true
        }
        CalendarRequest::Day { who, date } => {
            words.extend([(Kind::Id, who.clone()), day(*date, rng)]);
            false
        }
    }
}

fn verb(request: &Request) -> &'static str {
    match request {
        Request::Create { .. } => "CREATE",
        Request::Update { .. } => "UPDATE",
        Request::List { .. } | Request::Event(_) | Request::Range { .. } => "GET",
        Request::Book { .. } => "BOOK",
        Request::Hold { .. } | Request::ShowHold(_) => "HOLD",
        Request::Confirm { .. } => "CONFIRM",
        Request::Extend { .. } => "EXTEND",
        Request::Release(_) => "RELEASE",
        Request::Cancel(_) => "CANCEL",
        Request::Ticket(_) => "TICKET",
        Request::CheckIn { .. } => "CHECKIN",
        Request::Tickets(_) => "TICKETS",
        Request::DeleteEvent { .. } => "DELETE",
        Request::Calendar(CalendarRequest::Take { meeting: None, .. }) => "BLOCK",
        Request::Calendar(CalendarRequest::Take { .. }) => "MEET",
        Request::Calendar(CalendarRequest::Put { .. }) => "PUT",
        Request::Calendar(CalendarRequest::Delete { .. }) => "DELETE",
        Request::Calendar(CalendarRequest::Day { .. }) => "GET",
        Request::Keyed { request, .. } => verb(request),
        Request::Hod { .. } => "HOD",
        Request::Free(_) => "FREE",
        Request::Hello => "HELLO",
        Request::Help(_) => "HELP",
        Request::Invalid(_) | Request::Ping => "PING",
        Request::Stats => "STATS",
        Request::Snapshot => "SNAPSHOT",
        Request::Quit => "QUIT",
    }
}

fn at(slot: Slot, rng: &mut Rng) -> [(Kind, String); 2] {
    [day(slot.date, rng), (Kind::Time, format_hour(slot.hour))]
}

/// Adds the arguments of a meeting. Returns whether one more or less is an error: not if it has a host, which
/// is optional.
fn meet(words: &mut Vec<(Kind, String)>, meeting: Option<&Meeting>) -> bool {
    let Some(Meeting { title, group, host }) = meeting else { return true };
    words.extend([(Kind::Text, title.clone()), (Kind::Group, group.join(","))]);
    words.extend(host.iter().map(|host| (Kind::Id, host.clone())));
    false
}

fn day(date: NaiveDate, rng: &mut Rng) -> (Kind, String) {
    let written = if rng.one_in(2) { format_date(date) } else { date.format("%Y-%m-%d").to_string() };
    (Kind::Date, written)
}

/// An id with hexadecimal digits in lower case, as in replies, or at times in upper case.
fn uuid(id: &str, rng: &mut Rng) -> (Kind, String) {
    (Kind::Uuid, if rng.one_in(8) { id.to_ascii_uppercase() } else { id.to_owned() })
}

fn number(number: u64, rng: &mut Rng) -> (Kind, String) {
    (Kind::Number, format!("{}{number}", if rng.one_in(8) { "00" } else { "" }))
}

fn join(request: &Words, rng: &mut Rng) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for (kind, word) in &request.words {
        parts.push(match kind {
            Kind::Verb => any_case(word, rng).into_bytes(),
            _ => quoted(word, rng),
        });
    }
    for (name, _, value) in &request.options {
        let option = [format!("{name}=").into_bytes(), quoted(value, rng)].concat();
        parts.insert(1 + rng.below(parts.len()), option);
    }
    let mut line = Vec::new();
    for part in parts {
        let blanks = if line.is_empty() { rng.below(8) / 7 } else { 1 + rng.below(8) / 7 };
        line.extend((0..blanks).map(|_| if rng.one_in(6) { b'\t' } else { b' ' }));
        if rng.one_in(40) {
            // The telnet commands WILL, DO and NOP.
            line.extend_from_slice(rng.pick::<&[u8]>(&[&b"\xff\xfb\x01"[..], b"\xff\xfd\x03", b"\xff\xf1"]));
        }
        line.extend(part);
    }
    line.extend((0..rng.below(8) / 7).map(|_| b' '));
    line
}

fn any_case(word: &str, rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => word.to_ascii_lowercase(),
        1 => word.chars().map(|c| if rng.one_in(2) { c.to_ascii_lowercase() } else { c }).collect(),
        _ => word.to_owned(),
    }
}

/// An argument without quotes if it needs none, except at times.
fn quoted(word: &str, rng: &mut Rng) -> Vec<u8> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:,-".contains(c);
    if !word.is_empty() && word.chars().all(plain) && !rng.one_in(5) {
        return word.into();
    }
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' if rng.one_in(2) => text.push_str("\\t"),
            c if rng.one_in(12) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text.into_bytes()
}
