//! The records of the model: events, tickets and holds.

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use super::request::{Terms, format_moment};

#[derive(Debug, Clone)]
pub struct Event {
    /// Differs from that of every other event, also of one with the same id that was deleted.
    pub number: usize,
    pub id: String,
    pub name: String,
    pub date: NaiveDate,
    pub total: u64,
    pub closed: bool,
    pub max_per_booking: Option<u64>,
}

/// A ticket, valid or not.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// The number of its event.
    pub event: usize,
    /// Its place among the tickets of its event, in the order of issue.
    pub place: usize,
    pub status: &'static str,
    /// The time of the last change of its status.
    pub at: NaiveDateTime,
    pub attendee: Option<String>,
}

/// A hold that is active or remembered.
#[derive(Debug, Clone)]
pub struct Hold {
    pub id: String,
    /// The number of its event.
    pub event: usize,
    pub tickets: u64,
    pub created: NaiveDateTime,
    pub deadline: NaiveDateTime,
    pub attendee: Option<String>,
    /// How and when it ended.
    pub end: Option<(&'static str, NaiveDateTime)>,
}

impl Event {
    /// The event with the terms that are given.
    pub fn on(self, Terms { closed, max_per_booking }: Terms) -> Self {
        Self {
            closed: closed.unwrap_or(self.closed),
            max_per_booking: max_per_booking.unwrap_or(self.max_per_booking),
            ..self
        }
    }

    pub fn iso_date(&self) -> String {
        self.date.format("%Y-%m-%d").to_string()
    }
}

impl Ticket {
    pub fn is_valid(&self) -> bool {
        self.status != "cancelled"
    }

    /// A row of TICKETS with this id, and a part of the reply to TICKET.
    pub fn to_json(&self, id: &str) -> Value {
        let mut json = json!({"ticket": id, "status": self.status, "at": format_moment(self.at)});
        if let Some(attendee) = &self.attendee {
            json["for"] = json!(attendee);
        }
        json
    }
}

impl Hold {
    pub fn is_active(&self) -> bool {
        self.end.is_none()
    }

    /// Whether it is to be ended.
    pub fn is_due(&self, now: NaiveDateTime) -> bool {
        self.is_active() && now >= self.deadline
    }

    pub fn status(&self, now: NaiveDateTime) -> &'static str {
        match self.end {
            Some((status, _)) => status,
            None if self.is_due(now) => "expired",
            None => "held",
        }
    }
}
