//! The texts of `help <topic>`.

use bookline_protocol::Topic;
use bookline_protocol::commands::help::HelpRow;

/// What `help` explains, beside the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpTopic {
    Dates,
    Ids,
    Quotes,
    Tickets,
    Calendars,
    Server,
}

impl HelpTopic {
    /// All topics, in the order in which `help` names them.
    pub const ALL: [Self; 6] =
        [Self::Dates, Self::Ids, Self::Quotes, Self::Tickets, Self::Calendars, Self::Server];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Dates => "dates",
            Self::Ids => "ids",
            Self::Quotes => "quotes",
            Self::Tickets => Topic::Tickets.as_str(),
            Self::Calendars => Topic::Calendars.as_str(),
            Self::Server => Topic::Server.as_str(),
        }
    }

    /// The topic with this name, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name().eq_ignore_ascii_case(word))
    }

    /// The topic of `help <topic>`. Where the topic is a command of the server as well, this is about the
    /// command, unless it is among those that the topic lists.
    pub fn of_words(words: &[&str], is_verb: impl Fn(&str) -> bool) -> Option<Self> {
        let [help, word] = words else { return None };
        let topic = Self::from_word(word).filter(|topic| topic.has_commands() || !is_verb(word))?;
        help.eq_ignore_ascii_case("HELP").then_some(topic)
    }

    /// Paragraphs, with blank lines between them. Lines that begin with blanks are requests.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Dates => include_str!("dates.txt"),
            Self::Ids => include_str!("ids.txt"),
            Self::Quotes => include_str!("quotes.txt"),
            Self::Tickets => include_str!("tickets.txt"),
            Self::Calendars => include_str!("calendars.txt"),
            Self::Server => include_str!("server.txt"),
        }
    }

    /// Whether the text is about commands, which HELP lists.
    pub const fn has_commands(self) -> bool {
        matches!(self, Self::Tickets | Self::Calendars | Self::Server)
    }

    /// Whether a row of HELP, an object, is about a command of the topic. One without a topic may be: servers
    /// of version 0.1.0 send none.
    pub fn lists(self, row: &str) -> bool {
        let row = serde_json::from_str::<HelpRow<'_>>(row);
        row.is_ok_and(|row| row.topic.is_empty() || row.topic == self.name())
    }

    /// The names of all topics, with commas between them.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

#[cfg(test)]
mod tests {
    use bookline_protocol::{ParsedLine, Verb};

    use super::*;

    fn is_verb(word: &str) -> bool {
        Verb::from_word(word).is_some()
    }

    #[test]
    fn examples_are_requests() {
        for topic in HelpTopic::ALL {
            let examples: Vec<_> = topic.text().lines().filter(|line| line.starts_with(' ')).collect();
            assert_eq!(examples.is_empty(), topic.has_commands(), "{topic:?}");
            for example in examples {
                let mut parsed = Vec::new();
                let parsed = bookline_protocol::parse(example.as_bytes(), &mut parsed);
                assert!(matches!(parsed, ParsedLine::Request(_)), "{example}: {parsed:?}");
            }
        }
    }

    #[test]
    fn texts_are_short_and_fit_on_a_terminal() {
        for topic in HelpTopic::ALL {
            assert!((3..=20).contains(&topic.text().lines().count()), "{topic:?}");
            assert!(topic.text().is_ascii(), "{topic:?}");
            for line in topic.text().lines() {
                assert!(line.len() <= 79, "{line}");
            }
        }
    }

    #[test]
    fn command_of_a_server_precedes_a_topic_that_does_not_list_it() {
        assert_eq!(HelpTopic::of_words(&["help", "Dates"], is_verb), Some(HelpTopic::Dates));
        assert_eq!(HelpTopic::of_words(&["HELP", "dates"], |word| word == "dates"), None);
        assert_eq!(HelpTopic::of_words(&["HELP", "TICKETS"], is_verb), Some(HelpTopic::Tickets));
        assert_eq!(HelpTopic::of_words(&["HELP", "book"], is_verb), None);
        assert_eq!(HelpTopic::of_words(&["HELP"], is_verb), None);
        assert_eq!(HelpTopic::of_words(&["GET", "dates"], is_verb), None);
    }
}
