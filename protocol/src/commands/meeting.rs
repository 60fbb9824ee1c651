//! The arguments of a meeting, which MEET and PUT share.

use super::arguments::Args;
use super::line_writer::LineWriter;
use crate::group::Group;
use crate::id::Id;
use crate::refusal::Refusal;
use crate::text::Text;

/// A requested meeting, without its hour and requester.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedMeeting<'a> {
    /// The title.
    pub title: Text<'a>,
    /// The members.
    pub group: Group<'a>,
    /// The host: the requester, unless the request names another.
    pub host: Id<'a>,
}

impl<'a> RequestedMeeting<'a> {
    /// Parses `<title> <group> [<host>|host=<id>]`. `who` is the requester.
    pub(crate) fn parse(args: &mut Args<'a>, who: &Id<'a>) -> Result<Self, Refusal> {
        let title = args.next_text("title")?;
        let group = args.next_group()?;
        let argument = if args.has_next()? { Some(args.next_id("host")?) } else { None };
        let option = args.option_id("host")?;
        if let (Some(argument), Some(option)) = (&argument, &option) {
            return Err(Refusal::bad_request(format!(
                "the host is given twice, as {argument} and as host={option}: write host={option} alone, or \
                 put a comma before {argument} if it belongs to the group"
            )));
        }
        Ok(Self { title, group, host: option.or(argument).unwrap_or_else(|| who.clone()) })
    }

    /// Appends what [`RequestedMeeting::parse`] reads.
    pub(crate) fn write_arguments(&self, line: &mut LineWriter<'_>, who: &Id<'a>) {
        line.argument(&self.title);
        line.argument(&self.group);
        line.option_unless_default("host", &self.host, who);
    }
}
