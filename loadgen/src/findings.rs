//! Violations of what a server promises.

use serde::Serialize;

/// A kind of violation. The names in the JSON report are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Violation {
    /// An event issued more tickets than it counts as sold, or than it has.
    Oversold,
    /// An event counts more tickets as sold than it acknowledged.
    Unacknowledged,
    /// An event refused a booking as sold out although it has enough tickets left.
    NotSoldOut,
    /// An event that was created does not exist.
    EventMissing,
    /// Two bookings got the same ticket.
    #[serde(rename = "ticket_twice")]
    DuplicateTicket,
    /// A ticket that was issued does not exist.
    TicketMissing,
    /// A ticket belongs to another event than the one that issued it.
    #[serde(rename = "ticket_elsewhere")]
    TicketOfOtherEvent,
    /// A ticket has another status than the one that was acknowledged.
    TicketStatus,
    /// An event counts more or fewer tickets as held than it acknowledged.
    HeldMiscounted,
    /// A hold that was acknowledged does not exist, or has not ended as it was acknowledged.
    HoldMissing,
    /// A calendar entry that was acknowledged does not exist, or differs from the request.
    EntryMissing,
    /// A calendar entry exists although its deletion was acknowledged.
    #[serde(rename = "entry_back")]
    DeletedEntryExists,
    /// STATS counts more or less than was acknowledged.
    CountsDiffer,
    /// An `OK` is about something else than its request.
    #[serde(rename = "reply_elsewhere")]
    ReplyMismatch,
}

impl Violation {
    /// The violation in a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oversold => "oversold",
            Self::Unacknowledged => "sold more than was acknowledged",
            Self::NotSoldOut => "sold out with tickets left",
            Self::EventMissing => "event missing",
            Self::DuplicateTicket => "duplicate ticket",
            Self::TicketMissing => "ticket missing",
            Self::TicketOfOtherEvent => "ticket of another event",
            Self::TicketStatus => "ticket with the wrong status",
            Self::HeldMiscounted => "wrong number of held tickets",
            Self::HoldMissing => "hold missing or ended otherwise",
            Self::EntryMissing => "calendar entry missing",
            Self::DeletedEntryExists => "deleted calendar entry still there",
            Self::CountsDiffer => "the server counts more or less than was acknowledged",
            Self::ReplyMismatch => "reply about something else",
        }
    }
}

/// All violations of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The kind.
    #[serde(rename = "what")]
    pub violation: Violation,
    /// How many cases there are.
    pub count: u64,
    /// The first case, in a sentence.
    pub first: String,
}

/// The violations of a run, one [`Finding`] for each kind.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    #[cold]
    pub(crate) fn add(&mut self, violation: Violation, case: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|finding| finding.violation == violation) {
            Some(finding) => finding.count += 1,
            None => self.0.push(Finding { violation, count: 1, first: case() }),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
