//! AUTH.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::needs::Needs;
use crate::parse::quote::Quoted;
use crate::refusal::Refusal;
use crate::role::Role;

/// Proves which account the connection has.
///
/// Its words are not validated: what is no name or no secret is answered as a wrong one.
#[derive(Clone, PartialEq, Eq)]
pub struct Auth<'a> {
    /// The name of an account.
    pub name: Cow<'a, str>,
    /// Its secret, which must not be shown or logged.
    pub secret: Cow<'a, str>,
}

impl<'a> Command<'a> for Auth<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "AUTH <name> <secret>",
        help: "proves which account this connection has, by its token or its password",
        topic: Topic::Server,
        needs: Needs::Nothing,
        example: "AUTH anna \"correct horse battery staple\"",
    }];

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        args.hide_words(|args| {
            let request =
                Self { name: args.next_hidden_word("name")?, secret: args.next_hidden_word("secret")? };
            args.finish()?;
            Ok(request)
        })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&Quoted(&self.name));
        line.argument(&Quoted(&self.secret));
    }
}

/// Without the secret, and without the name: who takes one for the other has the secret there.
impl fmt::Debug for Auth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

/// The reply to AUTH and WHOAMI, and a row of ACCOUNT LIST.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReply<'a> {
    /// The name of the account.
    #[serde(borrow)]
    pub account: Cow<'a, str>,
    /// Its role.
    pub role: Role,
    /// The person whose calendar is its own.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Cow<'a, str>>,
}
