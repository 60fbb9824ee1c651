//! What the server acknowledged: it will be asked for it.

use bookline_protocol::TicketId;

use super::calendar::Calendar;

/// Tickets that are kept to be asked for one by one, 16 bytes each: a gibibyte. Those behind are counted, and only the
/// counts of their events are compared.
pub const KEPT_TICKETS: usize = 64 << 20;

/// The books of a run.
#[derive(Debug)]
pub struct Ledger {
    /// Tickets that were acknowledged, by event.
    pub sold: Vec<u64>,
    /// Events that said SOLD_OUT, by event.
    pub sold_out: Vec<bool>,
    /// The tickets themselves, as many as are kept.
    pub tickets: Vec<TicketId>,
    /// The calendar: which steps were taken.
    pub calendar: Calendar,
    /// What was wrong already when it was acknowledged.
    pub findings: Findings,
}

impl Ledger {
    /// Nothing is sold yet.
    pub fn new(events: u32, calendar: Calendar) -> Self {
        let events = events as usize;
        let mut tickets = Vec::new();
        // An address range only: what is not used takes no memory, and no growing vector is copied under way. Where
        // there is no such range it grows.
        if events > 0 {
            _ = tickets.try_reserve_exact(KEPT_TICKETS);
        }
        Self {
            sold: vec![0; events],
            sold_out: vec![false; events],
            tickets,
            calendar,
            findings: Findings::default(),
        }
    }

    /// Notes a ticket.
    #[inline]
    pub fn keep(&mut self, ticket: TicketId) {
        if self.tickets.len() < KEPT_TICKETS {
            self.tickets.push(ticket);
        }
    }
}

/// What a server can have done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// An event gave out more tickets than it counts as sold, or than it has.
    Oversold,
    /// An event counts more tickets as sold than it was asked for and gave out.
    Unacknowledged,
    /// An event said that it had not enough tickets, and has.
    NotSoldOut,
    /// An event that was made is not there.
    EventMissing,
    /// Two bookings were given the same ticket.
    TicketTwice,
    /// A ticket that was given out is not known.
    TicketMissing,
    /// A ticket is for another event than the one that gave it out.
    TicketElsewhere,
    /// A calendar entry that was acknowledged is not there, or not as it was asked for.
    EntryMissing,
    /// A calendar entry is there although its deletion was acknowledged.
    EntryBack,
    /// An OK that is about something else than what was asked.
    ReplyElsewhere,
}

impl Wrong {
    /// The sentence that tells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oversold => "oversold",
            Self::Unacknowledged => "sold more than was acknowledged",
            Self::NotSoldOut => "sold out with tickets left",
            Self::EventMissing => "event missing",
            Self::TicketTwice => "ticket given out twice",
            Self::TicketMissing => "ticket missing",
            Self::TicketElsewhere => "ticket of another event",
            Self::EntryMissing => "calendar entry missing",
            Self::EntryBack => "deleted calendar entry still there",
            Self::ReplyElsewhere => "reply about something else",
        }
    }
}

/// What was found wrong: of each kind how often, and the first case in words.
#[derive(Clone, Debug, Default, serde::Serialize)]
#[serde(transparent)]
pub struct Findings(pub Vec<Finding>);

/// Something that is wrong.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub what: Wrong,
    /// How many cases there are.
    pub count: u64,
    /// The first one.
    pub first: String,
}

impl Findings {
    /// Notes a case.
    #[cold]
    pub fn note(&mut self, what: Wrong, case: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|finding| finding.what == what) {
            Some(finding) => finding.count += 1,
            None => self.0.push(Finding { what, count: 1, first: case() }),
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
