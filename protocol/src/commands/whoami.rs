//! WHOAMI. Its reply is an [`super::auth::AccountReply`].

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use crate::needs::Needs;
use crate::refusal::Refusal;

/// Shows the account of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whoami;

impl Command<'_> for Whoami {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "WHOAMI",
        help: "shows the account of this connection",
        topic: Topic::Server,
        needs: Needs::Account,
        example: "WHOAMI",
    }];

    fn parse(_: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}
