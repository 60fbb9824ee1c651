//! UNWATCH.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use super::watch::write_watching;
use super::watched_words::parse_watched;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::watched::Watched;

/// Ends the watching of these on this connection, or of all. What is not watched is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwatch<'a> {
    /// At most [`crate::limits::WATCHED_MAX`], each once. None of them ends all.
    pub watched: Vec<Watched<'a>>,
}

impl<'a> Command<'a> for Unwatch<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "UNWATCH [<what>]…",
        help: "ends the CHANGE lines of what WATCH has named, or all of them",
        topic: Topic::Server,
        needs: Needs::Account,
        example: "UNWATCH person:F1",
    }];

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        Ok(Self { watched: parse_watched(args)? })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        for watched in &self.watched {
            line.argument(watched);
        }
    }
}

/// The reply to UNWATCH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnwatchReply<'a> {
    /// All that the connection still watches, in the order in which it was first named.
    #[serde(borrow)]
    pub watching: Vec<Cow<'a, str>>,
}

/// Appends an [`UnwatchReply`] as an `OK` line.
pub fn write_unwatch_reply<'a, 'b: 'a>(out: &mut Vec<u8>, watching: impl Iterator<Item = &'a Watched<'b>>) {
    out.extend_from_slice(b"OK {\"watching\":");
    write_watching(out, watching);
    out.extend_from_slice(b"}\n");
}
