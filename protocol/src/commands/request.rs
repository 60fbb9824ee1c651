//! A request as a type. Its values are valid by themselves; whether it can be granted is for the server to
//! decide.

use super::verb::Verb;
use crate::cursor::Cursor;
use crate::date::Date;
use crate::group::Group;
use crate::hour::Slot;
use crate::id::Id;
use crate::text::Text;
use crate::ticket::TicketId;

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// `CREATE`: create an event.
    Create {
        /// The name.
        name: Text<'a>,
        /// The date, which may be in the past.
        date: Date,
        /// The number of tickets, 1 to [`crate::limits::EVENT_TICKETS_MAX`].
        tickets: u32,
        /// The id. Without one the server generates a UUID.
        id: Option<Id<'a>>,
    },
    /// `GET`: list events.
    List {
        /// The maximum number of rows, 1 to [`crate::limits::LISTING_ROWS_MAX`].
        limit: Option<u32>,
        /// The event that the listing begins after.
        after: Option<Cursor<'a>>,
    },
    /// `GET <event-id>`: show an event.
    Event {
        /// The event.
        id: Id<'a>,
    },
    /// `GET <who> <date>`: show a person's day.
    Day {
        /// The person.
        who: Id<'a>,
        /// The day.
        date: Date,
    },
    /// `BOOK`: buy tickets.
    Book {
        /// The event.
        event: Id<'a>,
        /// The number of tickets, 1 to [`crate::limits::BOOKING_TICKETS_MAX`].
        count: u32,
    },
    /// `TICKET`: look up the event of a ticket.
    Ticket {
        /// The ticket.
        ticket: TicketId,
    },
    /// `BLOCK`: block an hour.
    Block {
        /// The person.
        who: Id<'a>,
        /// The hour.
        slot: Slot,
    },
    /// `MEET`: schedule a meeting.
    Meet {
        /// The requester, who takes part.
        who: Id<'a>,
        /// The hour.
        slot: Slot,
        /// The meeting.
        meeting: RequestedMeeting<'a>,
    },
    /// `HOD`: list the meetings of the last [`crate::limits::HOD_HOURS`] hours.
    Hod {
        /// The requester.
        who: Id<'a>,
    },
    /// `DELETE`: delete an entry.
    Delete {
        /// The owner of the block, or the host of the meeting.
        who: Id<'a>,
        /// The hour.
        slot: Slot,
    },
    /// `PUT`: replace an entry in one step.
    Put {
        /// The owner of the old block, or the host of the old meeting.
        who: Id<'a>,
        /// The hour of the old entry.
        old: Slot,
        /// The hour of the new entry.
        new: Slot,
        /// The new entry.
        entry: RequestedEntry<'a>,
    },
    /// `HELLO`: describe the server.
    Hello,
    /// `HELP`: list the commands.
    Help {
        /// List the forms of this command only.
        verb: Option<Verb>,
    },
    /// `PING`: check the connection.
    Ping,
    /// `STATS`: show counters and limits.
    Stats,
    /// `SNAPSHOT`: write a snapshot.
    Snapshot,
    /// `QUIT`: reply and close the connection.
    Quit,
}

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

/// The new entry of a PUT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedEntry<'a> {
    /// A block.
    Block,
    /// A meeting.
    Meeting(RequestedMeeting<'a>),
}

impl Request<'_> {
    /// The verb of the request.
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Create { .. } => Verb::Create,
            Self::List { .. } | Self::Event { .. } | Self::Day { .. } => Verb::Get,
            Self::Book { .. } => Verb::Book,
            Self::Ticket { .. } => Verb::Ticket,
            Self::Block { .. } => Verb::Block,
            Self::Meet { .. } => Verb::Meet,
            Self::Hod { .. } => Verb::Hod,
            Self::Delete { .. } => Verb::Delete,
            Self::Put { .. } => Verb::Put,
            Self::Hello => Verb::Hello,
            Self::Help { .. } => Verb::Help,
            Self::Ping => Verb::Ping,
            Self::Stats => Verb::Stats,
            Self::Snapshot => Verb::Snapshot,
            Self::Quit => Verb::Quit,
        }
    }

    /// Whether the request changes the state when it is granted. If its reply is lost, it may have been
    /// executed or not.
    pub const fn changes(&self) -> bool {
        matches!(self.verb(), Verb::Create | Verb::Book | Verb::Block | Verb::Meet | Verb::Delete | Verb::Put)
    }
}
