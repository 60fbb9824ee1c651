//! PUT. Its reply is that of BLOCK or MEET, with what it replaced.

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use super::meeting::RequestedMeeting;
use super::recurrence::period;
use crate::hour::Slot;
use crate::id::Id;
use crate::needs::Needs;
use crate::period::Hours;
use crate::refusal::Refusal;
use crate::series::Scope;
use crate::shown::Echo;

/// Replaces an entry in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put<'a> {
    /// The owner of the old block, or the host of the old meeting.
    pub who: Id<'a>,
    /// An hour of the old entry.
    pub old: Slot,
    /// The first hour of the new entry.
    pub new: Slot,
    /// How many hours the new entry has, if not as many as the old one. They are within the dates.
    pub hours: Option<Hours>,
    /// The new entry.
    pub entry: RequestedEntry<'a>,
    /// Which occurrences of the series are replaced. `None` is the named entry, be it in a series or not.
    pub scope: Option<Scope>,
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
    usage: "PUT <who> <date> <time> BLOCK <date> <time> [hours=<hours>] [series=this|following|all] \
            [key=<key>]",
    help: "replaces who's entry at the first time by a block at the second, in one step; series= moves the \
           later or all occurrences of its series likewise",
    topic: Topic::Calendars,
    needs: Needs::Calendar,
    example: "PUT F1 2026-11-26 14:00 BLOCK 2026-11-26 16:00",
};

const MEET: CommandForm = CommandForm {
    usage: "PUT <who> <date> <time> MEET <date> <time> <title> <group> [<host>|host=<id>] [hours=<hours>] \
            [series=this|following|all] [key=<key>]",
    help: "replaces who's entry at the first time by a meeting at the second, in one step; series= moves the \
           later or all occurrences of its series likewise",
    topic: Topic::Calendars,
    needs: Needs::Calendar,
    example: "PUT F1 2026-11-27 10:00 MEET 2026-11-27 15:00 \"project review\" F2,F3",
};

impl<'a> Command<'a> for Put<'a> {
    const FORMS: &'static [CommandForm] = &[BLOCK, MEET];
    const CHANGES: bool = true;

    fn needs(&self) -> Needs {
        match self.entry {
            RequestedEntry::Block => BLOCK.needs,
            RequestedEntry::Meeting(_) => MEET.needs,
        }
    }

    fn is_own_of(&self, person: &str) -> bool {
        self.who.as_str() == person
    }

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let who = args.next_id("who")?;
        let old = args.next_slot()?;
        let word = args.next_word("BLOCK or MEET")?;
        let is_block = word.eq_ignore_ascii_case("BLOCK");
        if !is_block && !word.eq_ignore_ascii_case("MEET") {
            return Err(Refusal::bad_request(format!(
                "{} is neither BLOCK nor MEET: write {}",
                Echo(&word),
                args.usage()
            )));
        }
        args.set_form(if is_block { &BLOCK } else { &MEET });
        let new = args.next_slot()?;
        let entry = if is_block {
            RequestedEntry::Block
        } else {
            RequestedEntry::Meeting(RequestedMeeting::parse(args, &who)?)
        };
        let hours = args.option_value("hours")?;
        period(new, hours.unwrap_or_default())?;
        let scope = args.option_value("series")?;
        Ok(Self { who, old, new, hours, entry, scope })
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
        line.option("hours", self.hours.as_ref());
        line.option("series", self.scope.as_ref());
    }
}
