//! The table of commands. The parser, HELP, the client's completion and the tests of `protocol.md` all read
//! it.

use super::verb::Verb;
use crate::parse::option::split_option;

/// One form of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandForm {
    /// The verb. GET and PUT have several forms.
    pub verb: Verb,
    /// The syntax: `<…>` is a value, `[…]` is optional, `|` separates alternatives.
    pub usage: &'static str,
    /// What the command does, in one line.
    pub help: &'static str,
}

/// Every form of every command, in the order of `protocol.md`. The forms of a verb are adjacent.
pub static COMMANDS: &[CommandForm] = &[
    CommandForm {
        verb: Verb::Create,
        usage: "CREATE <name> <date> <tickets> [id=<id>]",
        help: "creates an event with that many tickets; its id is generated unless given",
    },
    GET_LIST,
    GET_EVENT,
    GET_DAY,
    CommandForm {
        verb: Verb::Book,
        usage: "BOOK <event-id> <n>",
        help: "buys n tickets of an event, all or none",
    },
    CommandForm { verb: Verb::Ticket, usage: "TICKET <ticket-id>", help: "says which event a ticket is for" },
    CommandForm {
        verb: Verb::Block,
        usage: "BLOCK <who> <date> <time>",
        help: "blocks an hour of a person's day",
    },
    CommandForm {
        verb: Verb::Meet,
        usage: "MEET <who> <date> <time> <title> <group> [<host>|host=<id>]",
        help: "schedules a meeting of who, the host (who unless given) and everyone in the group, \
               for all or none",
    },
    CommandForm {
        verb: Verb::Hod,
        usage: "HOD <who>",
        help: "lists the meetings of the last 720 hours, newest first; for the head of department only",
    },
    CommandForm {
        verb: Verb::Delete,
        usage: "DELETE <who> <date> <time>",
        help: "deletes who's block, or the meeting that who hosts, for everyone in it",
    },
    PUT_BLOCK,
    PUT_MEET,
    CommandForm {
        verb: Verb::Hello,
        usage: "HELLO",
        help: "shows the server's name, version, limits and time",
    },
    CommandForm { verb: Verb::Help, usage: "HELP [<verb>]", help: "lists the commands, or the forms of one" },
    CommandForm { verb: Verb::Ping, usage: "PING", help: "checks the connection" },
    CommandForm {
        verb: Verb::Stats,
        usage: "STATS",
        help: "shows what the server holds, how much it may hold, and what it has done",
    },
    CommandForm {
        verb: Verb::Snapshot,
        usage: "SNAPSHOT",
        help: "writes a snapshot of everything that is on disk, so that the next start is quick",
    },
    CommandForm { verb: Verb::Quit, usage: "QUIT", help: "closes the connection; EXIT does the same" },
];

pub(crate) const GET_LIST: CommandForm = CommandForm {
    verb: Verb::Get,
    usage: "GET [limit=<n>] [after=<cursor>]",
    help: "lists the events by date, name and id; after=<next> continues a listing that limit ended",
};

pub(crate) const GET_EVENT: CommandForm = CommandForm {
    verb: Verb::Get,
    usage: "GET <event-id>",
    help: "shows one event and how many tickets are left",
};

pub(crate) const GET_DAY: CommandForm =
    CommandForm { verb: Verb::Get, usage: "GET <who> <date>", help: "shows the schedule of a person's day" };

pub(crate) const PUT_BLOCK: CommandForm = CommandForm {
    verb: Verb::Put,
    usage: "PUT <who> <date> <time> BLOCK <date> <time>",
    help: "replaces who's entry at the first time by a block at the second, in one step",
};

pub(crate) const PUT_MEET: CommandForm = CommandForm {
    verb: Verb::Put,
    usage: "PUT <who> <date> <time> MEET <date> <time> <title> <group> [<host>|host=<id>]",
    help: "replaces who's entry at the first time by a meeting at the second, in one step",
};

impl Verb {
    /// The forms of the command with this verb.
    pub fn forms(self) -> impl Iterator<Item = &'static CommandForm> {
        COMMANDS.iter().filter(move |form| form.verb == self)
    }

    /// The names of the options of all forms of the command.
    pub fn options(self) -> impl Iterator<Item = &'static str> {
        self.forms().flat_map(|form| form.options())
    }
}

impl CommandForm {
    /// The names of the options of this form.
    pub fn options(&self) -> impl Iterator<Item = &'static str> + use<> {
        let words = self.usage.split(['[', ']', '|', ' ']);
        words.filter_map(|word| split_option(word).map(|(name, _)| name))
    }
}
