//! Words that ask the prompt for something, and not the server.

use bookline_protocol::Verb;
use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};

use crate::calendar::{day, week};
use crate::error::Error;
use crate::help::HelpTopic;
use crate::net::requester::Requester;
use crate::printer::Printer;
use crate::prompt::history::{self, is_secret_id};
use crate::screen;

/// Lines that `history` lists.
const LINES_SHOWN: usize = 20;

/// The usages of what can be completed. Other spellings are for those who know them from other prompts.
pub const USAGES: &[&str] = &[
    "clear",
    "history [<n>]",
    "week <who> [<date>]",
    "day <date> <who,…>",
    "HELP dates",
    "HELP ids",
    "HELP quotes",
    "HELP tickets",
    "HELP calendars",
    "HELP server",
];

/// What a typed line asks the prompt for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnCommand {
    /// To send this line instead.
    Send(String),
    /// To show a topic of help.
    Topic(HelpTopic),
    /// To clear the screen.
    Clear,
    /// To list the last lines of the history, at most so many.
    History { lines_max: usize },
    /// To draw days.
    Grid(GridCommand),
}

/// What is drawn as a grid, and the words behind the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GridCommand {
    Week(Vec<String>),
    Day(Vec<String>),
}

/// What comes after a line was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the next line is read.
    Read,
    /// This line is sent.
    Send(String),
    /// Days are asked for and drawn.
    Draw(GridCommand),
}

impl GridCommand {
    /// Asks for the days, and prints the grid.
    ///
    /// # Errors
    ///
    /// The words are invalid, the server refuses, or there is no reply.
    pub async fn draw(&self, requester: &mut Requester<'_>, printer: &mut Printer) -> Result<(), Error> {
        let (Self::Week(arguments) | Self::Day(arguments)) = self;
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        match self {
            Self::Week(_) => week::run(requester, &arguments, printer).await,
            Self::Day(_) => day::run(requester, &arguments, printer).await,
        }
    }
}

impl OwnCommand {
    /// Parses one line. `None` means that it is sent as it is. A word that `is_verb` says is a command of the
    /// server is one.
    pub fn parse(line: &str, is_verb: impl Fn(&str) -> bool) -> Option<Self> {
        let line = line.trim();
        if is_secret_id(line) {
            return Some(Self::Send(format!("{} {line}", Verb::Ticket)));
        }
        let unended = line.trim_end_matches([';', ' ', '\t']);
        let words = Words::of(unended);
        let is_changed = words.is_question || unended.len() < line.len();
        match (words.first.to_lowercase().as_str(), &words.rest[..]) {
            ("\\q" | ":q", []) => Some(Self::Send(Verb::Quit.to_string())),
            ("quit" | "exit", []) => is_changed.then(|| Self::Send(words.first.to_owned())),
            ("help", []) => is_changed.then(|| Self::Send(Verb::Help.to_string())),
            ("help", ["week" | "day"]) if !is_verb(words.rest[0]) => Some(Self::Topic(HelpTopic::Calendars)),
            ("help", rest) => match HelpTopic::of_words(&[&["help"], rest].concat(), is_verb) {
                Some(topic) => Some(Self::Topic(topic)),
                None => is_changed.then(|| Self::Send(format!("{} {}", Verb::Help, rest.join(" ")))),
            },
            ("week", rest) if !is_verb("week") => Some(Self::Grid(GridCommand::Week(owned(rest)))),
            ("day", rest) if !is_verb("day") => Some(Self::Grid(GridCommand::Day(owned(rest)))),
            ("clear", []) if !is_verb("clear") => Some(Self::Clear),
            ("history", []) if !is_verb("history") => Some(Self::History { lines_max: LINES_SHOWN }),
            ("history", [count]) if !is_verb("history") => {
                count.parse().ok().map(|lines_max| Self::History { lines_max })
            }
            _ => None,
        }
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The words of a line. A question mark stands for `help`, also before a word.
struct Words<'a> {
    first: &'a str,
    rest: Vec<&'a str>,
    is_question: bool,
}

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        let asked = line.strip_prefix("\\?").or_else(|| line.strip_prefix('?'));
        let mut words = asked.unwrap_or(line).split_whitespace();
        let first = if asked.is_some() { "help" } else { words.next().unwrap_or_default() };
        Self { first, rest: words.collect(), is_question: asked.is_some() }
    }
}

/// Executes a line that asks the prompt for something. Of several pasted lines each is sent, and none is
/// executed here: their replies would come in another order.
///
/// # Errors
///
/// Standard output cannot be written.
pub fn execute<H: Helper>(
    line: String,
    editor: &mut Editor<H, FileHistory>,
    printer: &mut Printer,
    is_verb: impl Fn(&str) -> bool,
) -> Result<Next, Error> {
    if line.contains('\n') {
        return Ok(Next::Send(lines_to_send(&line, is_verb)));
    }
    match OwnCommand::parse(&line, is_verb) {
        None => return Ok(Next::Send(line)),
        Some(OwnCommand::Send(line)) => return Ok(Next::Send(line)),
        Some(OwnCommand::Grid(grid)) => return Ok(Next::Draw(grid)),
        // The text of a topic is for people alone.
        Some(OwnCommand::Topic(_)) if !printer.is_for_people() => return Ok(Next::Send(line)),
        Some(OwnCommand::Topic(topic)) => {
            printer.print_topic(topic)?;
            printer.flush()?;
            return Ok(if topic.has_commands() { Next::Send(Verb::Help.to_string()) } else { Next::Read });
        }
        Some(OwnCommand::Clear) if screen::is_dumb() => {}
        Some(OwnCommand::Clear) => {
            editor.clear_screen().map_err(|source| Error::Terminal { source })?;
        }
        Some(OwnCommand::History { lines_max }) => {
            printer.print_text(&history::last_lines(editor, lines_max))?;
            printer.flush()?;
        }
    }
    Ok(Next::Read)
}

fn lines_to_send(lines: &str, is_verb: impl Fn(&str) -> bool) -> String {
    let sent = |line: &str| match OwnCommand::parse(line, &is_verb) {
        Some(OwnCommand::Send(line)) => line,
        _ => line.to_owned(),
    };
    lines.split('\n').map(sent).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

    fn parse(line: &str) -> Option<OwnCommand> {
        OwnCommand::parse(line, |word| Verb::from_word(word).is_some())
    }

    #[track_caller]
    fn assert_sent(typed: &str, sent: &str) {
        assert_eq!(parse(typed), Some(OwnCommand::Send(sent.to_owned())), "{typed}");
    }

    #[test]
    fn habits_from_other_prompts_are_sent_as_the_commands_they_mean() {
        for (typed, sent) in [
            ("\\q", "QUIT"),
            (" :q ", "QUIT"),
            ("quit;", "quit"),
            ("EXIT ;", "EXIT"),
            ("?", "HELP"),
            ("\\?", "HELP"),
            ("help;", "HELP"),
            ("? book", "HELP book"),
            ("?BOOK", "HELP BOOK"),
            ("help book;", "HELP book"),
            ("? no such", "HELP no such"),
        ] {
            assert_sent(typed, sent);
        }
    }

    #[test]
    fn commands_of_the_server_are_sent_as_they_are() {
        for line in [
            "",
            "# note",
            "help",
            "HELP",
            "help book",
            "quit",
            "EXIT",
            "PING;",
            "BOOK jazz 2 ;",
            "quit now",
            "history of jazz",
            "history many",
            "clear all",
            "GET ?",
            ";",
            "TICKET x",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn line_that_is_a_ticket_id_asks_for_the_ticket() {
        assert_sent(TICKET, &format!("TICKET {TICKET}"));
        assert_sent(&format!(" {TICKET}\t"), &format!("TICKET {TICKET}"));
        let upper = TICKET.to_uppercase();
        assert_sent(&upper, &format!("TICKET {upper}"));
        // A UUID of version 4 is the id of an event.
        assert_eq!(parse("2cdba4d5-65e5-4a4e-9d2b-64a5ba13b0ee"), None);
        assert_eq!(parse(&format!("{TICKET} {TICKET}")), None);
        assert_eq!(parse(&TICKET[1..]), None);
    }

    #[test]
    fn topics_and_words_of_the_prompt_are_executed_here() {
        assert_eq!(parse("help dates"), Some(OwnCommand::Topic(HelpTopic::Dates)));
        assert_eq!(parse("?TICKETS"), Some(OwnCommand::Topic(HelpTopic::Tickets)));
        assert_eq!(parse("clear"), Some(OwnCommand::Clear));
        assert_eq!(parse("Clear;"), Some(OwnCommand::Clear));
        assert_eq!(parse("history"), Some(OwnCommand::History { lines_max: LINES_SHOWN }));
        assert_eq!(parse("history 5"), Some(OwnCommand::History { lines_max: 5 }));
    }

    #[test]
    fn usages_are_those_of_the_words_of_the_prompt() {
        let typed: Vec<_> = USAGES.iter().map(|usage| usage.replace("[<n>]", "5")).collect();
        assert!(typed.iter().all(|line| parse(line).is_some()));
        for topic in HelpTopic::ALL {
            assert!(typed.iter().any(|line| parse(line) == Some(OwnCommand::Topic(topic))), "{topic:?}");
        }
    }

    #[test]
    fn verb_of_a_later_server_is_not_hidden() {
        let is_verb = |word: &str| ["clear", "history", "dates"].contains(&word);
        for line in ["clear", "history", "history 5", "help dates"] {
            assert_eq!(OwnCommand::parse(line, is_verb), None, "{line}");
        }
    }

    #[test]
    fn pasted_lines_are_sent_one_by_one() {
        let pasted = format!("{TICKET}\nPING\nclear\n{TICKET}");
        let sent = format!("TICKET {TICKET}\nPING\nclear\nTICKET {TICKET}");
        assert_eq!(lines_to_send(&pasted, |_| false), sent);
    }
}
