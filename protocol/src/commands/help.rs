//! HELP.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use super::verb::Verb;
use crate::needs::Needs;
use crate::refusal::Refusal;

/// Lists the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Help {
    /// List the forms of this command only.
    pub verb: Option<Verb>,
}

impl Command<'_> for Help {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "HELP [<verb>]",
        help: "lists the commands, or the forms of one",
        topic: Topic::Server,
        needs: Needs::Nothing,
        example: "HELP BOOK",
    }];

    fn parse(args: &mut Args<'_>) -> Result<Self, Refusal> {
        if !args.has_next()? {
            return Ok(Self { verb: None });
        }
        let word = args.next_word("verb")?;
        Ok(Self { verb: Some(Verb::parse(&word)?) })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        if let Some(verb) = self.verb {
            line.argument(verb.as_str());
        }
    }
}

/// A row of HELP: one form of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpRow<'a> {
    /// The verb.
    #[serde(borrow)]
    pub command: Cow<'a, str>,
    /// The syntax.
    #[serde(borrow)]
    pub usage: Cow<'a, str>,
    /// What the command does.
    #[serde(borrow)]
    pub help: Cow<'a, str>,
    /// The name of a `Topic`. A server of version 0.1.0 sends none, and one of a later
    /// version may have further topics.
    #[serde(borrow, default)]
    pub topic: Cow<'a, str>,
    /// A request of this form. A server of version 0.1.0 sends none.
    #[serde(borrow, default)]
    pub example: Cow<'a, str>,
}

/// The rows of HELP for one verb or for all, in the order of `protocol.md`. `is_allowed` says whether the
/// requester may make requests that need this.
pub fn help_rows<'v>(
    verb: Option<Verb>,
    is_allowed: impl Fn(Needs) -> bool + Copy + 'v,
) -> impl Iterator<Item = HelpRow<'static>> + 'v {
    let verbs = Verb::ALL.iter().filter(move |it| verb.is_none_or(|verb| verb == **it));
    verbs.flat_map(move |verb| {
        verb.forms().iter().filter(move |form| is_allowed(form.needs)).map(|form| HelpRow {
            command: verb.as_str().into(),
            usage: form.usage.into(),
            help: form.help.into(),
            topic: form.topic.as_str().into(),
            example: form.example.into(),
        })
    })
}
