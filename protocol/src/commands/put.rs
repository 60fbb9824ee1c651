//! PUT. Its reply is that of BLOCK or MEET, with what it replaced.

use super::arguments::Args;
use super::command::Command;
use super::form::CommandForm;
use super::line_writer::LineWriter;
use super::meeting::RequestedMeeting;
use crate::hour::Slot;
use crate::id::Id;
use crate::refusal::Refusal;
use crate::shown::Echo;

/// Replaces an entry in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put<'a> {
    /// The owner of the old block, or the host of the old meeting.
    pub who: Id<'a>,
    /// The hour of the old entry.
    pub old: Slot,
    /// The hour of the new entry.
    pub new: Slot,
    /// The new entry.
    pub entry: RequestedEntry<'a>,
}

/// The new entry of a PUT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedEntry<'a> {
    /// A block.
    Block,
    /// A meeting.
    Meeting(RequestedMeeting<'a>),
}

const BLOCK: CommandForm = CommandForm {
    usage: "PUT <who> <date> <time> BLOCK <date> <time> [key=<key>]",
    help: "replaces who's entry at the first time by a block at the second, in one step",
};

const MEET: CommandForm = CommandForm {
    usage: "PUT <who> <date> <time> MEET <date> <time> <title> <group> [<host>|host=<id>] [key=<key>]",
    help: "replaces who's entry at the first time by a meeting at the second, in one step",
};

impl<'a> Command<'a> for Put<'a> {
    const FORMS: &'static [CommandForm] = &[BLOCK, MEET];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let who = args.next_id("who")?;
        let old = args.next_slot()?;
        let word = args.next_word("BLOCK or MEET")?;
        if word.eq_ignore_ascii_case("BLOCK") {
            args.set_form(&BLOCK);
            let new = args.next_slot()?;
            Ok(Self { who, old, new, entry: RequestedEntry::Block })
        } else if word.eq_ignore_ascii_case("MEET") {
            args.set_form(&MEET);
            let new = args.next_slot()?;
            let entry = RequestedEntry::Meeting(RequestedMeeting::parse(args, &who)?);
            Ok(Self { who, old, new, entry })
        } else {
            Err(Refusal::bad_request(format!(
                "{} is neither BLOCK nor MEET: write {}",
                Echo(&word),
                args.usage()
            )))
        }
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.who);
        line.argument(&self.old);
        match &self.entry {
            RequestedEntry::Block => {
                line.argument("BLOCK");
                line.argument(&self.new);
            }
            RequestedEntry::Meeting(meeting) => {
                line.argument("MEET");
                line.argument(&self.new);
                meeting.write_arguments(line, &self.who);
            }
        }
    }
}
