//! The keys that the client gives to changes.

use bookline_protocol::commands::help::HelpRow;
use bookline_protocol::limits::{KEYED_TICKETS_MAX, LINE_BYTES_MAX};
use bookline_protocol::{Code, KEY_OPTION, Key, ParsedLine, REFUSAL_ORDER, Request, Verb, split_option};

/// The verbs with which a server takes keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyedVerbs(Vec<Verb>);

impl KeyedVerbs {
    /// Adds the verb of a row of HELP if the row shows `key=`. A server of version 0.1.0 shows it nowhere.
    pub fn add(&mut self, row: &HelpRow<'_>) {
        let mut options = row.usage.split_whitespace().map(|place| place.trim_start_matches('['));
        let takes_key =
            options.any(|option| split_option(option).is_some_and(|(name, _)| name == KEY_OPTION));
        if let Some(verb) = Verb::from_word(&row.command)
            && takes_key
            && !self.0.contains(&verb)
        {
            self.0.push(verb);
        }
    }

    /// Whether a change may have a key: the server takes it, and the reply is short enough to be stored.
    pub fn admit(&self, change: &Request<'_>) -> bool {
        let tickets: u32 = match change {
            Request::Book(book) => book.bookings().iter().map(|booking| booking.count).sum(),
            Request::Confirm(confirm) => confirm.count.unwrap_or_default(),
            _ => 0,
        };
        self.0.contains(&change.verb()) && tickets <= KEYED_TICKETS_MAX
    }
}

/// Draws a key of 128 bits from a cryptographic generator.
pub fn draw() -> Key<'static> {
    Key::new(format!("{:032x}", rand::random::<u128>())).expect("32 hexadecimal digits are a key")
}

/// The line with a key behind it, if that is the same request with this key. It is not where the line ends
/// within a telnet sequence, and where the line would be too long.
pub fn attach(text: &[u8], key: &Key<'_>) -> Option<Vec<u8>> {
    let line = [text, format!(" {KEY_OPTION}={}", key.as_str()).as_bytes()].concat();
    if line.len() > LINE_BYTES_MAX {
        return None;
    }
    let (mut scratch, mut keyed_scratch) = (Vec::new(), Vec::new());
    let ParsedLine::Request(request) = bookline_protocol::parse(text, &mut scratch) else { return None };
    let is_same = match bookline_protocol::parse(&line, &mut keyed_scratch) {
        ParsedLine::Keyed(keyed) => keyed.key == *key && keyed.request == request,
        _ => false,
    };
    is_same.then_some(line)
}

/// Whether this refusal of a repeated request says that no try has made the change: the server looks for the
/// key first, and sends the stored reply if there is one.
pub fn denies_change(code: &str) -> bool {
    let mut judged = REFUSAL_ORDER.iter().skip_while(|reason| !reason.codes.contains(&Code::KeyReused));
    code.parse().is_ok_and(|code| judged.any(|reason| reason.codes.contains(&code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef";

    fn verbs(usages: &[(&'static str, &'static str)]) -> KeyedVerbs {
        let mut verbs = KeyedVerbs::default();
        for (command, usage) in usages {
            let row = HelpRow {
                command: (*command).into(),
                usage: (*usage).into(),
                help: "".into(),
                topic: "".into(),
                example: "".into(),
            };
            verbs.add(&row);
        }
        verbs
    }

    fn is_admitted(verbs: &KeyedVerbs, line: &str) -> bool {
        match bookline_protocol::parse(line.as_bytes(), &mut Vec::new()) {
            ParsedLine::Request(request) => verbs.admit(&request),
            parsed => panic!("{line} is {parsed:?}"),
        }
    }

    #[test]
    fn verb_takes_keys_if_a_row_of_help_shows_the_option() {
        let verbs = verbs(&[
            ("BOOK", "BOOK <event-id> <n> [for=<name>] [key=<key>]"),
            ("CANCEL", "CANCEL <ticket-id>"),
            ("CHECKIN", "CHECKIN <ticket-id> [monkey=<key>]"),
            ("DELETE", "DELETE <event-id> [tickets=drop]"),
            ("DELETE", "DELETE <who> <date> <time> key=<key>"),
            ("REFUND", "REFUND <ticket-id> [key=<key>]"),
        ]);
        assert_eq!(verbs, KeyedVerbs(vec![Verb::Book, Verb::Delete]));
        assert!(is_admitted(&verbs, "BOOK e 1"));
        assert!(!is_admitted(&verbs, "BLOCK F1 21-11-2026 09:00"));
    }

    #[test]
    fn request_for_more_tickets_than_a_key_allows_gets_none() {
        let verbs = KeyedVerbs(vec![Verb::Book, Verb::Confirm]);
        for (line, admitted) in [
            ("BOOK e 1000", true),
            ("BOOK e 1001", false),
            ("BOOK e 500 f 500", true),
            ("BOOK e 500 f 501", false),
            ("CONFIRM 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee", true),
            ("CONFIRM 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee 1000", true),
            ("CONFIRM 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee 1001", false),
        ] {
            assert_eq!(is_admitted(&verbs, line), admitted, "{line}");
        }
    }

    #[test]
    fn key_is_attached_behind_what_was_typed() {
        let attached = |text: &[u8]| attach(text, &Key::new(KEY).unwrap()).map(String::from_utf8);
        for text in ["book  e\t2", "BOOK for=\"a b\" e 2 ", "BOOK e 2 for=\\"] {
            assert_eq!(attached(text.as_bytes()), Some(Ok(format!("{text} key={KEY}"))));
        }
    }

    #[test]
    fn key_is_not_attached_where_it_would_change_the_request() {
        let attached = |text: &[u8]| attach(text, &Key::new(KEY).unwrap());
        let group = vec!["F1"; 1_000].join(",");
        let long = format!("MEET F1 21-11-2026 09:00 x {group}{}", " ".repeat(LINE_BYTES_MAX - 3_030));
        assert!(long.len() < LINE_BYTES_MAX);
        for text in [&b"BOOK e 2\xff"[..], b"BOOK e 2\xff\xfb", b"BOOK e", b"# BOOK e 2", long.as_bytes()] {
            assert!(attached(text).is_none(), "{}", String::from_utf8_lossy(text).trim_end());
        }
    }

    #[test]
    fn refusal_denies_a_change_if_the_key_was_looked_for_before() {
        for code in ["SOLD_OUT", "NOT_FOUND", "FULL", "READ_ONLY", "LIMIT"] {
            assert!(denies_change(code), "{code}");
        }
        for code in ["BUSY", "SHUTTING_DOWN", "UNAVAILABLE", "INTERNAL", "BAD_REQUEST", "NEW_CODE"] {
            assert!(!denies_change(code), "{code}");
        }
    }

    #[test]
    fn keys_differ() {
        let (one, two) = (draw(), draw());
        assert_ne!(one.as_str(), two.as_str());
        assert_eq!(one.as_str().len(), 32);
    }
}
