//! Requests, and the notations of dates and hours in replies about calendars.

use chrono::NaiveDate;

/// A date and an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    pub date: NaiveDate,
    /// From 0 to 23.
    pub hour: u32,
}

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
    Book(String, u64),
    /// Of several different events, of all or of none.
    BookAll(Vec<(String, u64)>),
    Ticket(String),
    Calendar(CalendarRequest),
    Hod(String),
    Hello,
    Help(Option<&'static str>),
    Ping,
    Stats,
    Snapshot,
    Quit,
}

/// A request about the calendars of people. Without a meeting it is about a block.
#[derive(Debug, Clone, PartialEq)]
pub enum CalendarRequest {
    Take { who: String, slot: Slot, meeting: Option<Meeting> },
    Put { who: String, old: Slot, new: Slot, meeting: Option<Meeting> },
    Delete { who: String, slot: Slot },
    Day { who: String, date: NaiveDate },
}

pub fn format_date(date: NaiveDate) -> String {
    date.format("%d-%m-%Y").to_string()
}

pub fn format_hour(hour: u32) -> String {
    format!("{hour:02}:00")
}
