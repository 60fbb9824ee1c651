//! A request as a type: everything in it is checked, nothing in it is decided.

use super::verb::Verb;
use crate::cursor::Cursor;
use crate::date::Date;
use crate::group::Group;
use crate::hour::Slot;
use crate::id::Id;
use crate::text::Text;
use crate::ticket::TicketId;

/// What was asked. Borrows from the line it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Make an event.
    Create {
        /// Its name.
        name: Text<'a>,
        /// Its day; past days are fine.
        date: Date,
        /// Its tickets, 1 to [`crate::limits::EVENT_TICKETS_MAX`].
        tickets: u32,
        /// Its id; the server makes one up when there is none.
        id: Option<Id<'a>>,
    },
    /// List events.
    List {
        /// Rows at most, 1 to [`crate::limits::LISTING_ROWS_MAX`].
        limit: Option<u32>,
        /// Begin behind this event.
        after: Option<Cursor<'a>>,
    },
    /// Show an event.
    Event {
        /// Its id.
        id: Id<'a>,
    },
    /// Show a person's day.
    Day {
        /// The person.
        who: Id<'a>,
        /// The day.
        date: Date,
    },
    /// Buy tickets.
    Book {
        /// The event.
        event: Id<'a>,
        /// How many, 1 to [`crate::limits::BOOKING_TICKETS_MAX`].
        count: u32,
    },
    /// Which event is this ticket for?
    Ticket {
        /// The ticket.
        ticket: TicketId,
    },
    /// Keep an hour free.
    Block {
        /// The person.
        who: Id<'a>,
        /// The hour.
        slot: Slot,
    },
    /// Set a meeting.
    Meet {
        /// Who asks for it, and is in it.
        who: Id<'a>,
        /// The hour.
        slot: Slot,
        /// The meeting.
        meeting: RequestedMeeting<'a>,
    },
    /// List the meetings of the last hours.
    Hod {
        /// Who asks.
        who: Id<'a>,
    },
    /// Free an hour.
    Delete {
        /// Whose block, or the host of the meeting.
        who: Id<'a>,
        /// The hour.
        slot: Slot,
    },
    /// Replace an entry by another.
    Put {
        /// Whose entry.
        who: Id<'a>,
        /// Where it is.
        old: Slot,
        /// Where the new one goes.
        new: Slot,
        /// The new one.
        entry: RequestedEntry<'a>,
    },
    /// What server is this?
    Hello,
    /// List the commands.
    Help {
        /// Only this one.
        verb: Option<Verb>,
    },
    /// Are you there?
    Ping,
    /// What does the server hold?
    Stats,
    /// Write a snapshot.
    Snapshot,
    /// Answer and close.
    Quit,
}

/// What a meeting is, beside its hour and who asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedMeeting<'a> {
    /// Its title.
    pub title: Text<'a>,
    /// Its members.
    pub group: Group<'a>,
    /// Its host: who asked for it, unless another was named.
    pub host: Id<'a>,
}

/// What a slot of a calendar can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedEntry<'a> {
    /// An hour kept free.
    Block,
    /// A meeting.
    Meeting(RequestedMeeting<'a>),
}

impl Request<'_> {
    /// The verb it was written with.
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
    /// Whether it changes something when it is granted: one that goes unanswered may have.
    pub const fn changes(&self) -> bool {
        matches!(self.verb(), Verb::Create | Verb::Book | Verb::Block | Verb::Meet | Verb::Delete | Verb::Put)
    }
}
