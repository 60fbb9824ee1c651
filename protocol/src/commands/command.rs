//! What every command defines.

use super::arguments::Args;
use super::form::CommandForm;
use super::line_writer::LineWriter;
use crate::needs::Needs;
use crate::refusal::Refusal;

/// A command. The type is that of its requests.
pub(crate) trait Command<'a>: Sized {
    /// The forms, in the order of `protocol.md`.
    const FORMS: &'static [CommandForm];

    /// Whether requests, or those of one form, change the state when they are granted. These take a key.
    const CHANGES: bool = false;

    /// Whether this request changes the state when it is granted. A command that has forms of both kinds
    /// decides it here.
    fn changes(&self) -> bool {
        Self::CHANGES
    }

    /// What this request needs: what its form needs, which a command of several forms decides here.
    fn needs(&self) -> Needs {
        const { assert!(Self::FORMS.len() == 1, "a command of several forms decides what a request needs") };
        Self::FORMS[0].needs
    }

    /// Whether the calendar that this request is about is this person's own.
    fn is_own_of(&self, _person: &str) -> bool {
        false
    }

    /// Takes the arguments and then the options of the command, except its key. The caller takes the key and
    /// refuses what is left.
    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal>;

    /// Appends the arguments and then the options, in the order of the usage. An option at its default is
    /// left out, also one that a later version adds.
    fn write_arguments(&self, _line: &mut LineWriter<'_>) {}
}
