//! PING. Its reply is a [`crate::reply::EmptyReply`].

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use crate::needs::Needs;
use crate::refusal::Refusal;

/// Checks the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping;

impl Command<'_> for Ping {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "PING",
        help: "checks the connection",
        topic: Topic::Server,
        needs: Needs::Nothing,
        example: "PING",
    }];

    fn parse(_: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}
