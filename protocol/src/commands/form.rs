//! The forms of commands: their usage, their help and an example.

use crate::needs::Needs;
use crate::parse::option::split_option;

/// One form of a command. GET and PUT have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandForm {
    /// The syntax: `<…>` is a value, `[…]` is optional, `|` separates alternatives.
    pub usage: &'static str,
    /// What the command does, in one line.
    pub help: &'static str,
    /// What the form is about.
    pub topic: Topic,
    /// What requests of this form need. A request may need more, by its options and arguments.
    pub needs: Needs,
    /// A request of this form.
    pub example: &'static str,
}

/// What commands are about. HELP shows it, so that clients can group what they list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Events and their tickets.
    Tickets,
    /// People's calendars.
    Calendars,
    /// The connection and the server.
    Server,
}

impl Topic {
    /// The name of the topic in HELP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::Calendars => "calendars",
            Self::Server => "server",
        }
    }
}

impl CommandForm {
    /// The names of the options of this form.
    pub fn options(&self) -> impl Iterator<Item = &'static str> + use<> {
        let words = self.usage.split(['[', ']', '|', ' ']);
        words.filter_map(|word| split_option(word).map(|(name, _)| name))
    }
}
