//! The forms of commands: their usage and their help.

use crate::parse::option::split_option;

/// One form of a command. GET and PUT have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandForm {
    /// The syntax: `<…>` is a value, `[…]` is optional, `|` separates alternatives.
    pub usage: &'static str,
    /// What the command does, in one line.
    pub help: &'static str,
}

impl CommandForm {
    /// The names of the options of this form.
    pub fn options(&self) -> impl Iterator<Item = &'static str> + use<> {
        let words = self.usage.split(['[', ']', '|', ' ']);
        words.filter_map(|word| split_option(word).map(|(name, _)| name))
    }
}
