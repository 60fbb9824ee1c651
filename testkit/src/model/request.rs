//! Requests, and the notations of dates, hours and moments in replies.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};

use super::recurrence::{Recurrence, occurrences};
use super::slot::Slot;

/// The seconds of a hold without `ttl=`.
pub const HOLD_SECONDS: u64 = 300;

/// The arguments of a meeting.
#[derive(Debug, Clone, PartialEq)]
pub struct Meeting {
    pub title: String,
    pub group: Vec<String>,
    /// The person who alone may change it, if it is not the requester.
    pub host: Option<String>,
}

/// The options of CREATE and UPDATE about the sale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whether the sale is closed.
    pub closed: Option<bool>,
    /// The limit of a booking. `Some(None)` removes it.
    pub max_per_booking: Option<Option<u64>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// A request that is refused with this code in every state.
    Invalid(&'static str),
    Create {
        name: String,
        date: NaiveDate,
        tickets: u64,
        id: Option<String>,
        terms: Terms,
    },
    Update {
        id: String,
        name: Option<String>,
        date: Option<NaiveDate>,
        tickets: Option<u64>,
        terms: Terms,
    },
    List {
        limit: Option<usize>,
        after: Option<String>,
    },
    Event(String),
    /// Of one event, or of several different ones, of all or of none.
    Book {
        bookings: Vec<(String, u64)>,
        attendee: Option<String>,
    },
    Hold {
        event: String,
        tickets: u64,
        ttl: Option<u64>,
        attendee: Option<String>,
    },
    /// The request that shows a hold.
    ShowHold(String),
    Confirm {
        hold: String,
        tickets: Option<u64>,
        attendee: Option<String>,
    },
    Extend {
        hold: String,
        seconds: u64,
    },
    Release(String),
    Cancel(Vec<String>),
    Ticket(String),
    CheckIn {
        ticket: String,
        undo: bool,
    },
    Tickets(TicketList),
    DeleteEvent {
        id: String,
        drop_tickets: bool,
    },
    Calendar(CalendarRequest),
    /// A request with a key, which it may have.
    Keyed {
        key: String,
        request: Box<Self>,
    },
    /// The days from the first to the last date.
    Range {
        who: String,
        first: NaiveDate,
        last: NaiveDate,
    },
    /// The meetings of the month, or from the first to the last date.
    Hod {
        who: String,
        range: Option<(NaiveDate, NaiveDate)>,
    },
    Free(TimeSearch),
    Hello,
    Help(Option<&'static str>),
    Ping,
    Stats,
    Snapshot,
    Quit,
}

/// The arguments of FREE.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeSearch {
    pub people: Vec<String>,
    pub window: Window,
    pub limit: Option<usize>,
}

/// Where a time is searched. What is `None` has its default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Window {
    pub date: NaiveDate,
    pub to: Option<NaiveDate>,
    /// The hours between which to search.
    pub from: Option<u32>,
    pub until: Option<u32>,
    pub hours: Option<u32>,
    /// Whether all days of a range are searched, or only weekdays.
    pub all_days: Option<bool>,
}

impl Window {
    /// Whether it has several dates.
    pub fn is_range(&self) -> bool {
        self.to.is_some_and(|to| to != self.date)
    }

    fn canonical(&self) -> Self {
        let is_range = self.is_range();
        Self {
            date: self.date,
            to: self.to.filter(|_| is_range),
            from: self.from.filter(|from| *from != 9),
            until: self.until.filter(|until| *until != 17),
            hours: self.hours.filter(|hours| *hours != 1),
            all_days: self.all_days.filter(|all| *all && is_range),
        }
    }
}

/// The arguments of TICKETS.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TicketList {
    pub event: String,
    pub status: Option<&'static str>,
    /// A part of the names to list.
    pub attendee: Option<String>,
    pub whole_ids: bool,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

impl Request {
    /// A booking of one event.
    pub fn book(event: &str, tickets: u64) -> Self {
        Self::Book { bookings: vec![(event.to_owned(), tickets)], attendee: None }
    }

    /// The request with a key.
    pub fn with_key(self, key: String) -> Self {
        Self::Keyed { key, request: Box::new(self) }
    }

    /// The request without its key.
    pub fn without_key(&self) -> &Self {
        match self {
            Self::Keyed { request, .. } => request,
            request => request,
        }
    }

    /// Whether it may have a key.
    pub fn takes_key(&self) -> bool {
        self.is_change() || matches!(self, Self::ShowHold(_))
    }

    /// The request without what it may leave out. Requests are the same if their canonical forms are equal.
    pub fn canonical(&self) -> Self {
        let mut request = self.clone();
        match &mut request {
            Self::Create { terms, .. } => {
                terms.closed = terms.closed.filter(|closed| *closed);
                terms.max_per_booking = terms.max_per_booking.filter(Option::is_some);
            }
            Self::Hold { ttl, .. } => *ttl = ttl.filter(|seconds| *seconds != HOLD_SECONDS),
            Self::Cancel(tickets) => remove_duplicates(tickets),
            Self::Calendar(request) => request.make_canonical(),
            _ => {}
        }
        request
    }

    /// Whether an `OK` acknowledges a change, unless it is the stored reply of an earlier request.
    pub fn is_change(&self) -> bool {
        match self {
            Self::Create { .. }
            | Self::Update { .. }
            | Self::Book { .. }
            | Self::Hold { .. }
            | Self::Confirm { .. }
            | Self::Extend { .. }
            | Self::Release(_)
            | Self::Cancel(_)
            | Self::CheckIn { .. }
            | Self::DeleteEvent { .. } => true,
            Self::Calendar(request) => !matches!(request, CalendarRequest::Day { .. }),
            Self::Keyed { request, .. } => request.is_change(),
            Self::Invalid(_)
            | Self::List { .. }
            | Self::Event(_)
            | Self::ShowHold(_)
            | Self::Ticket(_)
            | Self::Tickets(_)
            | Self::Range { .. }
            | Self::Hod { .. }
            | Self::Free(_)
            | Self::Hello
            | Self::Help(_)
            | Self::Ping
            | Self::Stats
            | Self::Snapshot
            | Self::Quit => false,
        }
    }
}

/// Removes all but the first of equals.
fn remove_duplicates(words: &mut Vec<String>) {
    let mut known = BTreeSet::new();
    words.retain(|word| known.insert(word.clone()));
}

/// A request about the calendars of people. Without a meeting it is about a block.
#[derive(Debug, Clone, PartialEq)]
pub enum CalendarRequest {
    Take {
        who: String,
        when: When,
        meeting: Option<Meeting>,
    },
    Put {
        who: String,
        old: Slot,
        new: Slot,
        hours: Option<u32>,
        meeting: Option<Meeting>,
        scope: Option<Scope>,
    },
    Delete {
        who: String,
        slot: Slot,
        scope: Option<Scope>,
    },
    Day {
        who: String,
        date: NaiveDate,
    },
}

/// When an entry is to be.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    At {
        slot: Slot,
        hours: Option<u32>,
        recurrence: Option<Recurrence>,
    },
    /// At the first time that is free. Only of a meeting.
    First(Window),
}

/// Which occurrences of a series a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    This,
    Following,
    All,
}

impl When {
    /// An entry of one hour.
    pub fn hour(slot: Slot) -> Self {
        Self::At { slot, hours: None, recurrence: None }
    }
}

impl CalendarRequest {
    /// Whether it is not valid in any state, because a new entry would end after the last date, or a series
    /// would have no occurrence.
    pub fn is_malformed(&self) -> bool {
        match self {
            Self::Take { when: When::At { slot, hours, recurrence }, .. } => {
                occurrences(*slot, hours.unwrap_or(1), recurrence.as_ref()).is_err()
            }
            Self::Put { new, hours: Some(hours), .. } => new.later(i64::from(*hours) - 1).is_none(),
            Self::Take { .. } | Self::Put { .. } | Self::Delete { .. } | Self::Day { .. } => false,
        }
    }

    /// Whether it asks for a series.
    pub fn creates_series(&self) -> bool {
        matches!(self, Self::Take { when: When::At { recurrence: Some(_), .. }, .. })
    }

    fn make_canonical(&mut self) {
        if let Self::Take { when, .. } = self {
            match when {
                When::At { hours, .. } => *hours = hours.filter(|hours| *hours != 1),
                When::First(window) => *window = window.canonical(),
            }
        }
        if let Self::Take { who, meeting: Some(meeting), .. }
        | Self::Put { who, meeting: Some(meeting), .. } = self
        {
            remove_duplicates(&mut meeting.group);
            meeting.host = meeting.host.take().filter(|host| host != who);
        }
    }
}

pub fn format_date(date: NaiveDate) -> String {
    date.format("%d-%m-%Y").to_string()
}

pub fn format_hour(hour: u32) -> String {
    format!("{hour:02}:00")
}

/// A moment in UTC, to the microsecond.
pub fn format_moment(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
