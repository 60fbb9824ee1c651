//! The usage of a command as HELP writes it, parsed into its places.
//!
//! `<…>` is a value, `[…]` may be left out, `…` behind a place repeats it, and `|` separates alternatives.

use bookline_protocol::split_option;

use crate::prompt::editor::dates;

/// One form of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    pub verb: String,
    groups: Vec<Group>,
}

/// Places that are written together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// As it is written, with its brackets.
    pub text: String,
    pub places: Vec<Place>,
    is_optional: bool,
    is_repeated: bool,
}

/// What stands for one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As it is written.
    pub text: String,
    pub alternatives: Vec<Alternative>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// The word itself.
    Keyword(String),
    Value(ValueKind),
    Option {
        name: String,
        values: Vec<OptionValue>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// The word itself.
    Keyword(String),
    Value(ValueKind),
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    Event,
    Person,
    /// Several people, with commas between them.
    People,
    Hold,
    Ticket,
    Date,
    /// What can be watched.
    Watched,
    /// A number or a time of day.
    Number,
    Verb,
    /// What only the user knows.
    Other,
}

/// What may follow the words that are typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ahead<'a> {
    /// What must follow.
    pub required: Vec<&'a Place>,
    /// What may be left out.
    pub optional: Vec<&'a Group>,
    /// The kinds of the values that are typed, for each word the kind of its place.
    pub typed: Vec<ValueKind>,
}

impl Usage {
    /// Parses a usage, which begins with its verb. `None` if it is empty.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (verb, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if verb.is_empty() {
            return None;
        }
        Some(Self { verb: verb.to_owned(), groups: groups(rest).into_iter().map(Group::parse).collect() })
    }

    /// What follows these words, or `None` if they are not of this form. The last word may be incomplete.
    /// `is_given` says whether an option is in the line.
    pub fn after(
        &self,
        words: &[&str],
        is_partial: bool,
        is_given: impl Fn(&str) -> bool,
    ) -> Option<Ahead<'_>> {
        let mut words = words.iter();
        let mut ahead = Ahead::default();
        for group in &self.groups {
            let mut is_repeated = false;
            while group.takes(&mut words, is_partial, is_repeated, &is_given, &mut ahead)? {
                is_repeated = true;
            }
        }
        words.as_slice().is_empty().then_some(ahead)
    }

    /// The options of the form: the name of each, and its values.
    pub fn options(&self) -> impl Iterator<Item = (&str, &[OptionValue])> {
        self.places().flat_map(|place| &place.alternatives).filter_map(|alternative| match alternative {
            Alternative::Option { name, values } => Some((name.as_str(), values.as_slice())),
            Alternative::Keyword(_) | Alternative::Value(_) => None,
        })
    }

    /// What the value of an option is. `None` if there is no such option, or its values are keywords.
    pub fn kind_of_option(&self, name: &str) -> Option<ValueKind> {
        let values = self.options().find(|(option, _)| *option == name)?.1;
        values.iter().find_map(|value| match value {
            OptionValue::Value(kind) => Some(*kind),
            OptionValue::Keyword(_) => None,
        })
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.groups.iter().flat_map(|group| &group.places)
    }
}

impl Group {
    fn parse(text: &str) -> Self {
        let inner = text.strip_suffix('…').or_else(|| text.strip_suffix("...")).unwrap_or(text);
        let is_repeated = inner.len() < text.len();
        let is_optional = inner.starts_with('[');
        let inner = inner.trim_matches(['[', ']']);
        let places = inner.split_whitespace().map(Place::parse).collect();
        Self { text: text.to_owned(), places, is_optional, is_repeated }
    }

    /// Takes the words of the group, for the first time or again. Returns whether it may take more, or `None`
    /// if they do not fit.
    fn takes<'a>(
        &'a self,
        words: &mut std::slice::Iter<'_, &str>,
        is_partial: bool,
        is_again: bool,
        is_given: &impl Fn(&str) -> bool,
        ahead: &mut Ahead<'a>,
    ) -> Option<bool> {
        let mut missing = Vec::new();
        let mut has_begun = false;
        for place in &self.places {
            if place.is_option_given(is_given) {
                has_begun = true;
                continue;
            }
            if !place.is_positional() || words.as_slice().is_empty() {
                missing.push(place);
                continue;
            }
            let word = words.next()?;
            ahead.typed.push(place.kind_of(word, is_partial && words.as_slice().is_empty())?);
            has_begun = true;
        }
        if missing.is_empty() {
            return Some(self.is_repeated && self.places.iter().any(Place::is_positional));
        }
        if !has_begun && (self.is_optional || is_again) {
            ahead.optional.push(self);
        } else {
            ahead.required.append(&mut missing);
        }
        Some(false)
    }
}

impl Place {
    fn parse(text: &str) -> Self {
        let mut alternatives = Vec::new();
        for alternative in text.split('|') {
            match (split_option(alternative), alternatives.last_mut()) {
                (Some((name, value)), _) => {
                    let values = vec![OptionValue::parse(name, value)];
                    alternatives.push(Alternative::Option { name: name.to_owned(), values });
                }
                (None, Some(Alternative::Option { name, values })) => {
                    values.push(OptionValue::parse(name, alternative));
                }
                (None, _) => alternatives.push(match ValueKind::parse(alternative, None) {
                    Some(kind) => Alternative::Value(kind),
                    None => Alternative::Keyword(alternative.to_owned()),
                }),
            }
        }
        Self { text: text.to_owned(), alternatives }
    }

    /// Whether a word is written here, not only options.
    fn is_positional(&self) -> bool {
        self.alternatives.iter().any(|alternative| !matches!(alternative, Alternative::Option { .. }))
    }

    /// Whether only certain words are written here.
    pub fn is_keyword(&self) -> bool {
        self.alternatives.iter().any(|alternative| matches!(alternative, Alternative::Keyword(_)))
    }

    fn is_option_given(&self, is_given: impl Fn(&str) -> bool) -> bool {
        self.alternatives.iter().any(|alternative| match alternative {
            Alternative::Option { name, .. } => is_given(name),
            Alternative::Keyword(_) | Alternative::Value(_) => false,
        })
    }

    /// What the word is here, or `None` if it cannot stand here.
    fn kind_of(&self, word: &str, is_partial: bool) -> Option<ValueKind> {
        self.alternatives.iter().find_map(|alternative| match alternative {
            Alternative::Keyword(keyword) => is_like(word, keyword, is_partial).then_some(ValueKind::Other),
            Alternative::Value(kind) => kind.admits(word).then_some(*kind),
            Alternative::Option { .. } => None,
        })
    }
}

impl OptionValue {
    fn parse(option: &str, text: &str) -> Self {
        match ValueKind::parse(text, Some(option)) {
            Some(kind) => Self::Value(kind),
            None => Self::Keyword(text.to_owned()),
        }
    }
}

impl ValueKind {
    /// The kind of a place like `<date>`. `None` if the text is a keyword.
    fn parse(text: &str, option: Option<&str>) -> Option<Self> {
        let name = text.strip_prefix('<')?.trim_end_matches('>');
        Some(match name {
            "event-id" => Self::Event,
            "who" | "host" => Self::Person,
            "id" if option == Some("host") => Self::Person,
            "group" | "who,…" => Self::People,
            "hold-id" => Self::Hold,
            "ticket-id" => Self::Ticket,
            "date" | "from" | "to" => Self::Date,
            "time" | "n" | "tickets" | "seconds" | "hours" | "count" => Self::Number,
            "what" => Self::Watched,
            "verb" => Self::Verb,
            _ => Self::Other,
        })
    }

    /// Whether the word may become such a value: it need not be complete.
    fn admits(self, word: &str) -> bool {
        match self {
            Self::Date => begins_with_digit(word) || dates::is_beginning(word),
            Self::Number => begins_with_digit(word),
            _ => true,
        }
    }
}

fn begins_with_digit(word: &str) -> bool {
    word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether the word is the keyword, or begins it, in any case.
fn is_like(word: &str, keyword: &str, is_partial: bool) -> bool {
    let compared = if is_partial { keyword.get(..word.len()) } else { Some(keyword) };
    compared.is_some_and(|compared| compared.eq_ignore_ascii_case(word))
}

/// The parts of a usage behind its verb: split at blanks outside of brackets.
fn groups(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_between = |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && c.is_whitespace()
    };
    text.split(is_between).filter(|group| !group.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of what must follow and of what may follow.
    fn after(usage: &str, words: &[&str], given: &[&str]) -> Option<(Vec<String>, Vec<String>)> {
        let usage = Usage::parse(usage).unwrap();
        let ahead = usage.after(words, false, |name| given.contains(&name))?;
        let required = ahead.required.iter().map(|place| place.text.clone()).collect();
        Some((required, ahead.optional.iter().map(|group| group.text.clone()).collect()))
    }

    fn shown(usage: &str, words: &[&str], given: &[&str]) -> String {
        after(usage, words, given).map_or("none".to_owned(), |(required, optional)| {
            format!("{}; {}", required.join(" "), optional.join(" "))
        })
    }

    const BOOK: &str = "BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>]";
    const BLOCK: &str = "BLOCK <who> <date> <time> [every=day|week count=<count>|last=<date>] [key=<key>]";
    const MEET: &str = "MEET <who> <date> first <title> <group> [<host>|host=<id>]";

    #[test]
    fn words_are_followed_by_what_is_missing() {
        assert_eq!(shown(BOOK, &[], &[]), "<event-id> <n>; [<event-id> <n>]… [for=<name>] [key=<key>]");
        assert_eq!(shown(BOOK, &["jazz"], &[]), "<n>; [<event-id> <n>]… [for=<name>] [key=<key>]");
        assert_eq!(shown(BOOK, &["jazz", "2"], &["for"]), "; [<event-id> <n>]… [key=<key>]");
        assert_eq!(shown(BOOK, &["jazz", "2", "rock"], &["for"]), "<n>; [key=<key>]");
        assert_eq!(
            shown(BOOK, &["jazz", "2", "rock", "1"], &[]),
            "; [<event-id> <n>]… [for=<name>] [key=<key>]"
        );
        assert_eq!(shown("HOD <who> [<from> <to>]", &["F1", "2026-11-26"], &[]), "<to>; ");
        assert_eq!(shown("CANCEL <ticket-id> [<ticket-id>]…", &["a", "b"], &[]), "; [<ticket-id>]…");
        assert_eq!(shown("TOUCH <id>…", &[], &[]), "<id>; ");
        assert_eq!(shown("TOUCH <id>…", &["a"], &[]), "; <id>…");
    }

    #[test]
    fn words_that_do_not_fit_are_of_another_form() {
        assert_eq!(shown("PING", &["x"], &[]), "none");
        assert_eq!(shown(BOOK, &["jazz", "two"], &[]), "none");
        assert_eq!(shown(MEET, &["F1", "2026-11-26", "09:00"], &[]), "none");
        assert_eq!(shown(MEET, &["F1", "2026-11-26", "FIRST"], &[]), "<title> <group>; [<host>|host=<id>]");
        let usage = Usage::parse(MEET).unwrap();
        assert!(usage.after(&["F1", "2026-11-26", "fi"], true, |_| false).is_some());
        assert!(usage.after(&["F1", "to", "fi"], true, |_| false).is_some());
    }

    #[test]
    fn group_that_is_begun_is_completed() {
        let block = ["F1", "2026-11-26", "09:00"];
        let every = "[every=day|week count=<count>|last=<date>]";
        assert_eq!(shown(BLOCK, &block, &[]), format!("; {every} [key=<key>]"));
        assert_eq!(shown(BLOCK, &block, &["every"]), "count=<count>|last=<date>; [key=<key>]");
        assert_eq!(shown(BLOCK, &block, &["every", "last"]), "; [key=<key>]");
        let meet = ["F1", "2026-11-26", "first", "x", "F2"];
        assert_eq!(shown(MEET, &meet, &["host"]), "; ");
        assert_eq!(shown(MEET, &[&meet[..], &["F3"]].concat(), &[]), "; ");
    }

    #[test]
    fn option_has_its_values() {
        let usage = Usage::parse("UPDATE <event-id> [sales=open|closed] [max_per_booking=<n>|none]").unwrap();
        let options: Vec<_> = usage.options().map(|(name, values)| (name, values.len())).collect();
        assert_eq!(options, [("sales", 2), ("max_per_booking", 2)]);
        assert_eq!(Usage::parse(" "), None);
    }

    #[test]
    fn usage_of_unknown_syntax_is_parsed_as_far_as_it_goes() {
        for usage in ["X ]…[ <", "X [[<a>] <b>", "X |=|", "X …", "X a=|<b"] {
            assert!(Usage::parse(usage).is_some_and(|usage| usage.verb == "X"), "{usage}");
        }
        assert_eq!(shown("X …", &["a", "b"], &[]), "none", "an empty place takes no word");
    }
}
