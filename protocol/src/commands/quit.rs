//! QUIT. Its reply is a [`crate::reply::EmptyReply`].

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use crate::needs::Needs;
use crate::refusal::Refusal;

/// Closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quit;

impl Command<'_> for Quit {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "QUIT",
        help: "closes the connection; EXIT does the same",
        topic: Topic::Server,
        needs: Needs::Nothing,
        example: "QUIT",
    }];

    fn parse(_: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}
