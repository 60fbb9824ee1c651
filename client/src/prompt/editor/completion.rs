//! Completion with Tab: verbs, keywords, options, and values.

use std::time::Instant;

use bookline_protocol::Id;
use rustyline::completion::Pair;
use unicode_width::UnicodeWidthStr;

use crate::directory::{Directory, EVENTS_MAX, EventSummary};
use crate::prompt::editor::commands::{Commands, Fit};
use crate::prompt::editor::dates::{self, ServerClock};
use crate::prompt::editor::hint::fitted;
use crate::prompt::editor::typed_line::{Quoting, TypedLine, Word};
use crate::prompt::editor::usage::{Alternative, OptionValue, ValueKind};
use crate::render::number::thousands;
use crate::render::text::printable;
use crate::screen::{self, Charset, Screen};
use crate::session_ids::{IdKind, SessionIds};

/// Letters of a name from which an event is found by it: fewer are in most names.
const NAME_CHARS_MIN: usize = 2;

/// What can be watched, or how it begins.
const WATCHED: [&str; 5] = ["events", "calendars", "all", EVENT, PERSON];

/// What stands before the id of an event that is watched.
const EVENT: &str = "event:";

/// What stands before the id of a person who is watched.
pub const PERSON: &str = "person:";

/// Shown beside the events that are listed, if there may be others.
const NOT_LISTED: &str = "(there are more events than are listed)";

/// Where values come from.
#[derive(Clone, Debug)]
pub struct Values {
    pub directory: Directory,
    pub session_ids: SessionIds,
    pub clock: Option<ServerClock>,
    pub screen: Screen,
}

/// What a word can be completed to.
pub struct Candidates {
    /// Where the completed part of the word begins.
    pub start: usize,
    pub pairs: Vec<Pair>,
}

/// What the word at the end of `typed` can be completed to. Values that are not known by the deadline are
/// missing.
pub fn candidates(commands: &Commands, values: &Values, typed: &str, deadline: Instant) -> Candidates {
    let line = TypedLine::last_of(typed);
    let (before, at_cursor) = line.split_at_cursor(typed.len());
    let word = at_cursor.unwrap_or(Word { start: typed.len(), text: "", quoting: Quoting::Bare });
    let mut completion = Completion { values, word, deadline, found: Candidates::at(word.start) };
    // What is between quotes is the user's own.
    if word.quoting == Quoting::Bare && line.comment.is_none() {
        completion.complete(commands, before);
    }
    completion.found
}

struct Completion<'a> {
    values: &'a Values,
    word: Word<'a>,
    deadline: Instant,
    found: Candidates,
}

impl Completion<'_> {
    fn complete(&mut self, commands: &Commands, before: &[Word<'_>]) {
        if before.is_empty() {
            return commands.verbs().into_iter().for_each(|verb| self.offer_keyword(verb));
        }
        let fits = commands.fits(before, false);
        if let Some((name, value)) = self.word.option()
            && self.complete_option(commands, before[0].text, name, value)
        {
            return;
        }
        for fit in &fits {
            self.offer_words(commands, fit);
        }
        let is_given = |name: &str| before.iter().any(|word| word.option().is_some_and(|(it, _)| it == name));
        // Before anything is typed, values that must follow come before options.
        let has_values = self.word.text.is_empty() && !self.found.pairs.is_empty();
        let is_next = |fit: &&Fit<'_>| !fit.needs_keyword() && (!has_values || fit.ahead.required.is_empty());
        for fit in fits.iter().filter(is_next) {
            let options = fit.usage.options().filter(|(name, _)| !is_given(name));
            options.for_each(|(name, values)| self.offer_option(name, values));
        }
    }

    /// Completes the value of an option. Returns whether the option has values to choose.
    fn complete_option(&mut self, commands: &Commands, verb: &str, name: &str, value: &str) -> bool {
        let Some(kind) = commands.forms(verb).find_map(|usage| usage.kind_of_option(name)) else {
            return false;
        };
        let start = self.word.end() - value.len();
        self.found.start = start;
        let word = self.word;
        self.word = Word { start, text: &word.text[word.text.len() - value.len()..], ..word };
        self.offer_value(commands, kind);
        if self.found.pairs.is_empty() {
            // Another value may be a keyword, as none is.
            self.word = word;
            self.found.start = word.start;
        }
        !self.found.pairs.is_empty()
    }

    /// Offers what can stand at the next place of a form.
    fn offer_words(&mut self, commands: &Commands, fit: &Fit<'_>) {
        let optional = fit.ahead.optional.iter().filter_map(|group| group.places.first());
        let places = match fit.ahead.required.first() {
            Some(place) => vec![*place],
            None => optional.collect(),
        };
        for alternative in places.into_iter().flat_map(|place| &place.alternatives) {
            match alternative {
                Alternative::Keyword(keyword) => self.offer_keyword(keyword),
                Alternative::Value(kind) => self.offer_value(commands, *kind),
                Alternative::Option { .. } => {}
            }
        }
    }

    /// Offers an option with every value that it can have, or without one if the user chooses it.
    fn offer_option(&mut self, name: &str, values: &[OptionValue]) {
        for value in values {
            match value {
                OptionValue::Keyword(keyword) => self.offer_keyword(&format!("{name}={keyword}")),
                OptionValue::Value(_) => self.offer_keyword(&format!("{name}=")),
            }
        }
    }

    fn offer_value(&mut self, commands: &Commands, kind: ValueKind) {
        match kind {
            ValueKind::Event => self.offer_events(),
            ValueKind::Person => self.offer_ids(IdKind::Person),
            ValueKind::People => self.offer_people(),
            ValueKind::Hold => self.offer_ids(IdKind::Hold),
            ValueKind::Ticket => self.offer_ids(IdKind::Ticket),
            ValueKind::Date => self.offer_dates(),
            ValueKind::Watched => self.offer_watched(),
            ValueKind::Verb => commands.verbs().into_iter().for_each(|verb| self.offer_keyword(verb)),
            ValueKind::Number | ValueKind::Other => {}
        }
    }

    /// Offers what can be watched. Behind its colon, that is an id.
    fn offer_watched(&mut self) {
        let word = self.word;
        let Some(colon) = word.text.find(':') else {
            return WATCHED.iter().for_each(|what| self.offer_keyword(what));
        };
        let (prefix, id) = word.text.split_at(colon + 1);
        let start = word.end() - id.len();
        (self.found.start, self.word) = (start, Word { start, text: id, ..word });
        match prefix {
            EVENT => self.offer_events(),
            PERSON => self.offer_ids(IdKind::Person),
            _ => {}
        }
        self.word = word;
    }

    /// Offers a word in the case of its beginning.
    fn offer_keyword(&mut self, keyword: &str) {
        let prefix = self.word.text;
        if !keyword.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            return;
        }
        let is_lowercase = prefix.contains(|c: char| c.is_ascii_lowercase());
        let word = if is_lowercase { keyword.to_ascii_lowercase() } else { keyword.to_owned() };
        // A blank follows a word, a value follows an option, an id follows a colon.
        let replacement = if word.ends_with(['=', ':']) { word.clone() } else { format!("{word} ") };
        self.found.add(word, replacement);
    }

    /// Offers events by the beginning of their id, else by a part of their name.
    fn offer_events(&mut self) {
        let prefix = self.word.text;
        let events = self.values.directory.events(self.deadline);
        let mut found: Vec<_> = events.iter().filter(|event| event.id.starts_with(prefix)).cloned().collect();
        // Of more events than are listed, the one with this id may be missing.
        let is_cut = events.len() >= EVENTS_MAX;
        let is_missing = found.is_empty() || is_cut && !found.iter().any(|event| event.id == prefix);
        if is_missing && Id::new(prefix).is_ok() {
            found.extend(self.values.directory.event_by(prefix, self.deadline));
        }
        if found.is_empty() && prefix.chars().count() >= NAME_CHARS_MIN {
            let part = prefix.to_lowercase();
            let is_named = |event: &&EventSummary| event.name.to_lowercase().contains(&part);
            found.extend(events.iter().filter(is_named).cloned());
        }
        for event in found {
            let display = described(&event, self.values.screen.charset);
            self.found.add(display, format!("{} ", event.id));
        }
        if is_cut {
            // The typed word is one of the candidates, so that it is not completed to an event that is the
            // only one in the list, but not on the server.
            self.found.add(NOT_LISTED.to_owned(), prefix.to_owned());
        }
    }

    fn offer_ids(&mut self, kind: IdKind) {
        for id in self.values.session_ids.newest(kind) {
            if id.starts_with(self.word.text) {
                self.found.add(id.clone(), format!("{id} "));
            }
        }
    }

    /// Offers the last of several people, and none twice. What follows it may be a comma.
    fn offer_people(&mut self) {
        let (named, prefix) = self.word.text.rsplit_once(',').unwrap_or(("", self.word.text));
        let start = self.word.end() - prefix.len();
        for id in self.values.session_ids.newest(IdKind::Person) {
            if id.starts_with(prefix) && !named.split(',').any(|other| other == id) {
                self.found.start = start;
                self.found.add(id.clone(), id);
            }
        }
    }

    /// Offers the date of a word. Several words stay words, because the dates have a beginning in common that
    /// nobody typed.
    fn offer_dates(&mut self) {
        let Some(today) = self.values.clock.as_ref().and_then(ServerClock::today) else { return };
        let named = dates::named(self.word.text, today);
        let is_one = named.len() == 1;
        for named in named {
            let date = named.date.iso();
            let display = format!("{}  {date} {}", named.word, named.date.naive().format("%a"));
            let replacement = if is_one { format!("{date} ") } else { named.word.to_owned() };
            self.found.add(display, replacement);
        }
    }
}

impl Fit<'_> {
    /// With a keyword of the form missing, the user may mean another form, which has other options.
    fn needs_keyword(&self) -> bool {
        self.ahead.required.iter().any(|place| place.is_keyword())
    }
}

impl Candidates {
    fn at(start: usize) -> Self {
        Self { start, pairs: Vec::new() }
    }

    /// Adds a candidate once.
    fn add(&mut self, display: String, replacement: String) {
        if !self.pairs.iter().any(|pair| pair.replacement == replacement) {
            self.pairs.push(Pair { display, replacement });
        }
    }
}

/// The event on one line of the screen.
fn described(event: &EventSummary, charset: Charset) -> String {
    let dot = match charset {
        Charset::Unicode => '·',
        Charset::Ascii => '-',
    };
    let name = printable(&event.name).replace('\n', "\\n");
    let left = format!(" {dot} {} left", thousands(u64::from(event.available_tickets)));
    let columns = screen::width().map_or(usize::MAX, usize::from);
    let name_columns = columns.saturating_sub(event.id.width() + 2 + left.width() + 1);
    let name = fitted(name, name_columns, charset).unwrap_or_default();
    format!("{}  {name}{left}", event.id)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::target::Target;

    const UUID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

    /// What is known of a server that does not answer.
    fn values() -> Values {
        let address = "127.0.0.1:1".parse().unwrap();
        let target = Target::new(address, Duration::ZERO);
        let (directory, session_ids) = (Directory::open(&target), SessionIds::default());
        Values { directory, session_ids, clock: None, screen: Screen::PLAIN }
    }

    fn complete_with(values: &Values, typed: &str) -> Vec<(String, String)> {
        let found = candidates(&Commands::compiled_in(&[]), values, typed, Instant::now());
        assert!(typed.is_char_boundary(found.start));
        let line = |pair: &Pair| format!("{}{}", &typed[..found.start], pair.replacement);
        found.pairs.iter().map(|pair| (pair.display.clone(), line(pair))).collect()
    }

    fn complete(typed: &str) -> Vec<String> {
        complete_with(&values(), typed).into_iter().map(|(display, _)| display).collect()
    }

    /// The lines after each of the completions.
    fn lines(values: &Values, typed: &str) -> Vec<String> {
        complete_with(values, typed).into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn verb_is_completed_in_the_case_of_its_beginning() {
        assert_eq!(complete("CR"), ["CREATE"]);
        assert_eq!(complete("cr"), ["create"]);
        assert_eq!(complete("  B"), ["BOOK", "BLOCK"]);
        assert_eq!(complete("exi"), ["exit"]);
        assert_eq!(complete("tic"), ["ticket", "tickets"]);
        assert_eq!(complete("C"), ["CREATE", "CONFIRM", "CANCEL", "CHECKIN"]);
        assert_eq!(complete("x"), [""; 0]);
        assert_eq!(complete("").len(), bookline_protocol::Verb::words().count());
    }

    #[test]
    fn what_can_be_watched_is_offered_up_to_its_id() {
        let all = ["events", "calendars", "all", "event:", "person:"];
        assert_eq!(complete("WATCH "), all);
        assert_eq!(complete("WATCH all ev"), ["events", "event:"]);
        let values = values();
        values.session_ids.add(IdKind::Person, "F1");
        assert_eq!(lines(&values, "WATCH per"), ["WATCH person:"]);
        assert_eq!(lines(&values, "UNWATCH all person:"), ["UNWATCH all person:F1 "]);
        assert_eq!(lines(&values, "WATCH seat:"), [""; 0]);
    }

    #[test]
    fn option_is_offered_once() {
        assert_eq!(complete("GET "), ["limit=", "after="]);
        assert_eq!(complete("get l"), ["limit="]);
        assert_eq!(complete("GET limit=5 "), ["after="]);
        assert_eq!(complete("CREATE \"Rust Conf\" 2026-12-31 100 i"), ["id="]);
        assert_eq!(complete("GET limit=5 after=x "), [""; 0]);
        let series = ["every=day", "every=weekday", "every=week", "every=2weeks", "count=", "last="];
        let all = [&["host=", "hours="], &series[..], &["on_conflict=skip", "key="]].concat();
        assert_eq!(complete("MEET F1 2026-12-31 09:00 standup F2 "), all);
        assert_eq!(complete("PUT F1 2026-12-31 09:00 meet 2026-12-31 10:00 x h"), ["host=", "hours="]);
        assert_eq!(complete("PUT F1 2026-12-31 09:00 block h"), ["hours="]);
    }

    #[test]
    fn keyword_is_offered_at_its_position() {
        assert_eq!(complete("PUT F1 21-11-2026 09:00 "), ["BLOCK", "MEET"]);
        assert_eq!(complete("PUT F1 21-11-2026 09:00 m"), ["meet"]);
        assert_eq!(complete("PUT F1 21-11-2026 "), [""; 0]);
        assert_eq!(complete("MEET F1 21-11-2026 f"), ["first"]);
        assert_eq!(complete("MEET F1 21-11-2026 first x F2 d"), ["days=weekdays", "days=all"]);
        assert_eq!(complete("HELP cre"), ["create"]);
        assert_eq!(complete("GET rustconf "), [""; 0]);
    }

    #[test]
    fn option_of_a_form_is_offered_where_the_arguments_are_those_of_the_form() {
        assert_eq!(complete("BOOK jazz 2 rock "), ["for=", "key="]);
        assert_eq!(complete("HOLD jazz 2 "), ["ttl=", "for=", "key="]);
        assert_eq!(complete("HOLD jazz 2 for=\"Ada Lovelace\" "), ["ttl=", "key="]);
        assert_eq!(complete("CONFIRM 2cdba4d5 "), ["for=", "key="]);
        assert_eq!(complete("CANCEL 2cdba4d5 "), ["key="]);
        let scopes = ["series=this", "series=following", "series=all"];
        assert_eq!(complete("DELETE jazz "), [&scopes[..], &["key=", "tickets=drop"]].concat());
        assert_eq!(complete("DELETE F1 21-11-2026 "), [&scopes[..], &["key="]].concat());
        assert_eq!(complete("MEET F1 2026-12-31 09:00 \"a b c d e\" F2 h"), ["host=", "hours="]);
    }

    #[test]
    fn value_is_offered_where_the_user_cannot_choose_another() {
        assert_eq!(complete("CHECKIN 2cdba4d5 "), ["undo=yes", "key="]);
        let statuses = ["status=booked", "status=checked_in", "status=cancelled", "status=all"];
        let others = ["for=", "ids=yes", "limit=", "after="];
        assert_eq!(complete("TICKETS jazz "), [&statuses[..], &others].concat());
        assert_eq!(complete("TICKETS jazz status=c"), ["status=checked_in", "status=cancelled"]);
        assert_eq!(complete("TICKETS jazz ids=yes status=all "), ["for=", "limit=", "after="]);
        assert_eq!(complete("UPDATE jazz sales=c"), ["sales=closed"]);
        assert_eq!(complete("UPDATE jazz max"), ["max_per_booking=", "max_per_booking=none"]);
    }

    #[test]
    fn value_and_comment_have_no_completion() {
        assert_eq!(complete("CREATE \"a i"), [""; 0]);
        assert_eq!(complete("# P"), [""; 0]);
        assert_eq!(complete("NOSUCH "), [""; 0]);
        assert_eq!(complete("GET é"), [""; 0]);
    }

    #[test]
    fn last_of_several_pasted_lines_is_completed() {
        assert_eq!(complete("PING\nST"), ["STATS"]);
    }

    #[test]
    fn people_and_secret_ids_of_the_session_are_offered() {
        let values = values();
        ["F1", "F2", "Anna"].iter().for_each(|id| values.session_ids.add(IdKind::Person, id));
        values.session_ids.add(IdKind::Hold, UUID);
        assert_eq!(lines(&values, "BLOCK "), ["BLOCK Anna ", "BLOCK F2 ", "BLOCK F1 "]);
        assert_eq!(lines(&values, "GET F"), ["GET F2 ", "GET F1 "]);
        assert_eq!(
            lines(&values, "MEET F1 2026-12-31 09:00 x F1,"),
            ["MEET F1 2026-12-31 09:00 x F1,Anna", "MEET F1 2026-12-31 09:00 x F1,F2"]
        );
        assert_eq!(
            lines(&values, "MEET F1 2026-12-31 09:00 x F2 host=A"),
            ["MEET F1 2026-12-31 09:00 x F2 host=Anna "]
        );
        assert_eq!(lines(&values, "RELEASE "), [format!("RELEASE {UUID} ")]);
        assert_eq!(lines(&values, "CANCEL "), ["CANCEL key="]);
    }

    #[test]
    fn word_for_a_date_becomes_the_date() {
        let now = r#""time_zone":"Europe/Prague","now":"2026-11-26T12:00:00+01:00""#;
        let hello = format!(
            r#"{{"server":"bookline","version":"1","protocol":1,"welcome":"","max_line":65536,{now}}}"#
        );
        let values = Values { clock: ServerClock::of(&hello), ..values() };
        assert_eq!(lines(&values, "GET F1 tom"), ["GET F1 2026-11-27 "]);
        assert_eq!(lines(&values, "GET F1 2026-11-26 FR"), ["GET F1 2026-11-26 2026-11-27 "]);
        assert_eq!(lines(&values, "GET F1 "), ["GET F1 today", "GET F1 tomorrow"]);
        assert_eq!(lines(&values, "UPDATE jazz date=mon"), ["UPDATE jazz date=2026-11-30 "]);
        let shown: Vec<_> = complete_with(&values, "GET F1 t").into_iter().map(|(shown, _)| shown).collect();
        assert_eq!(
            shown,
            [
                "today  2026-11-26 Thu",
                "tomorrow  2026-11-27 Fri",
                "tuesday  2026-12-01 Tue",
                "thursday  2026-11-26 Thu"
            ]
        );
        assert_eq!(lines(&values, "CREATE \"Rust\" 2026-12-31 to"), [""; 0], "a number is expected");
    }

    #[test]
    fn event_is_shown_on_one_line() {
        let event = |name: &str| EventSummary {
            id: "jazz".to_owned(),
            name: name.to_owned(),
            date: bookline_protocol::Date::parse("2026-12-31").unwrap(),
            available_tickets: 1_042,
        };
        assert_eq!(described(&event("Jazz Night"), Charset::Unicode), "jazz  Jazz Night · 1,042 left");
        assert_eq!(described(&event("a\nb\u{1b}[2J"), Charset::Ascii), "jazz  a\\nb\\u{1b}[2J - 1,042 left");
    }
}
