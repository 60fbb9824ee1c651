//! What every command defines.

use super::arguments::Args;
use super::form::CommandForm;
use crate::refusal::Refusal;

/// A command. The type is that of its requests.
pub(crate) trait Command<'a>: Sized {
    /// The forms, in the order of `protocol.md`.
    const FORMS: &'static [CommandForm];

    /// Whether requests change the state when they are granted.
    const CHANGES: bool = false;

    /// Whether this request changes the state when it is granted. A command that has forms of both kinds
    /// decides it here.
    fn changes(&self) -> bool {
        Self::CHANGES
    }

    /// Takes the arguments and then the options of the command. The caller refuses what is left.
    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal>;
}
