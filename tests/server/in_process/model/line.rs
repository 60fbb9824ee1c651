//! Lines: one request written in any of the ways that the document allows, or spoilt in one that it refuses.

use chrono::NaiveDate;

use super::naive::{Ask, Meeting, Slot, civil, time};
use crate::in_process::common::Rng;

/// What a word is, which says how it may be written and how it may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Verb,
    Id,
    Text,
    Date,
    Time,
    Number,
    Group,
    Ticket,
    Word,
}

/// A request in words.
struct Words {
    words: Vec<(Kind, String)>,
    options: Vec<(&'static str, Kind, String)>,
    /// A word more, or the last one less, is an error.
    exact: bool,
}

/// The line of a request, without its end.
pub fn write(ask: &Ask, rng: &mut Rng) -> Vec<u8> {
    join(&words(ask, rng), rng)
}

/// A line that would be this request if it were not wrong, and the code with which it is refused.
pub fn spoil(ask: &Ask, rng: &mut Rng) -> (Vec<u8>, &'static str) {
    let mut request = words(ask, rng);
    let bad = "BAD_REQUEST";
    match rng.below(9) {
        0 if request.exact => request.words.push((Kind::Word, "extra".into())),
        1 if request.exact && request.words.len() > 1 => drop(request.words.pop()),
        2 => request.options.push(("colour", Kind::Id, "red".into())),
        3 if !request.options.is_empty() => request.options.push(request.options[0].clone()),
        4 => return (with_behind(&request, rng, b" \"never closed"), bad),
        5 => {
            let behind: &[u8] = rng.pick::<&[u8]>(&[&b" a\"b\""[..], b" \x07", b" \x1b[2J", b" \xc3("]);
            return (with_behind(&request, rng, behind), bad);
        }
        6 => {
            request.words[0].1 = (*rng.pick(&["BOKO", "AUTH", "XYZZY", "GETT", "ПРИВЕТ"])).to_owned();
            return (join(&request, rng), "UNKNOWN_COMMAND");
        }
        7 if rng.one_in(8) => {
            let mut line = join(&request, rng);
            line.resize(65_537 + rng.below(70_000), b' ');
            return (line, "LINE_TOO_LONG");
        }
        _ => {
            let places: Vec<usize> =
                (1..request.words.len()).filter(|&at| !wrong(request.words[at].0).is_empty()).collect();
            if places.is_empty() {
                return (with_behind(&request, rng, b" \"x\"y"), bad);
            }
            let at = *rng.pick(&places);
            let (kind, word) = &mut request.words[at];
            *word = (*rng.pick(wrong(*kind))).to_owned();
            if word == "<long>" {
                *word = "é".repeat(if *kind == Kind::Text { 201 } else { 65 });
            }
            // Quoted, so that no blank and no quote in it makes it something else.
            *kind = Kind::Word;
        }
    }
    (join(&request, rng), bad)
}

/// What no word of this kind may be.
fn wrong(kind: Kind) -> &'static [&'static str] {
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
        Kind::Ticket => &["123", "2cdba4d565e58a4e9d2b64a5ba13b0ee", "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0eg"],
        Kind::Verb | Kind::Word => &[],
    }
}

fn with_behind(request: &Words, rng: &mut Rng, behind: &[u8]) -> Vec<u8> {
    let mut line = join(request, rng);
    line.extend_from_slice(behind);
    line
}

fn words(ask: &Ask, rng: &mut Rng) -> Words {
    let mut words = vec![(Kind::Verb, verb(ask).to_owned())];
    let mut options = Vec::new();
    let mut exact = true;
    match ask {
        Ask::Bad(_) | Ask::Hello | Ask::Ping | Ask::Stats | Ask::Snapshot | Ask::Quit => {}
        Ask::Create { name, date, tickets, id } => {
            words.extend([(Kind::Text, name.clone()), day(*date, rng), number(*tickets, rng)]);
            options.extend(id.iter().map(|id| ("id", Kind::Id, id.clone())));
        }
        Ask::List { limit, after } => {
            options.extend(limit.map(|limit| ("limit", Kind::Number, limit.to_string())));
            options.extend(after.iter().map(|word| ("after", Kind::Word, word.clone())));
            exact = false;
        }
        Ask::Event(id) => {
            words.push((Kind::Id, id.clone()));
            exact = false;
        }
        Ask::Book(id, count) => words.extend([(Kind::Id, id.clone()), number(*count, rng)]),
        Ask::Ticket(ticket) => words.push((Kind::Ticket, ticket.clone())),
        Ask::Take { who, slot, meeting } => {
            words.push((Kind::Id, who.clone()));
            words.extend(at(*slot, rng));
            exact = meet(&mut words, meeting.as_ref());
        }
        Ask::Put { who, old, new, meeting } => {
            words.push((Kind::Id, who.clone()));
            words.extend(at(*old, rng));
            words.push((Kind::Verb, if meeting.is_some() { "MEET" } else { "BLOCK" }.into()));
            words.extend(at(*new, rng));
            exact = meet(&mut words, meeting.as_ref());
        }
        Ask::Delete { who, slot } => {
            words.push((Kind::Id, who.clone()));
            words.extend(at(*slot, rng));
        }
        Ask::Day { who, date } => {
            words.extend([(Kind::Id, who.clone()), day(*date, rng)]);
            exact = false;
        }
        Ask::Hod(who) => words.push((Kind::Id, who.clone())),
        Ask::Help(verb) => {
            words.extend(verb.iter().map(|verb| (Kind::Verb, (*verb).to_owned())));
            exact = false;
        }
    }
    Words { words, options, exact }
}

fn verb(ask: &Ask) -> &'static str {
    match ask {
        Ask::Create { .. } => "CREATE",
        Ask::List { .. } | Ask::Event(_) | Ask::Day { .. } => "GET",
        Ask::Book(..) => "BOOK",
        Ask::Ticket(_) => "TICKET",
        Ask::Take { meeting: None, .. } => "BLOCK",
        Ask::Take { .. } => "MEET",
        Ask::Put { .. } => "PUT",
        Ask::Delete { .. } => "DELETE",
        Ask::Hod(_) => "HOD",
        Ask::Hello => "HELLO",
        Ask::Help(_) => "HELP",
        Ask::Bad(_) | Ask::Ping => "PING",
        Ask::Stats => "STATS",
        Ask::Snapshot => "SNAPSHOT",
        Ask::Quit => "QUIT",
    }
}

fn at(slot: Slot, rng: &mut Rng) -> [(Kind, String); 2] {
    [day(slot.date, rng), (Kind::Time, time(slot.hour))]
}

/// Adds what a meeting says. With a host, a word more or less is another thing.
fn meet(words: &mut Vec<(Kind, String)>, meeting: Option<&Meeting>) -> bool {
    let Some(Meeting { title, group, host }) = meeting else { return true };
    words.extend([(Kind::Text, title.clone()), (Kind::Group, group.join(","))]);
    words.extend(host.iter().map(|host| (Kind::Id, host.clone())));
    false
}

fn day(date: NaiveDate, rng: &mut Rng) -> (Kind, String) {
    let written = if rng.one_in(2) { civil(date) } else { date.format("%Y-%m-%d").to_string() };
    (Kind::Date, written)
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
            // A telnet client says WILL, DO or nothing at all.
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

/// A word as it is where that is allowed, else, or now and then, in quotes.
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
