//! The model of tickets after they were issued.

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::Sales;
use crate::model::check::{Outcome, Refusal};
use crate::model::request::format_moment;

impl Sales {
    pub(super) fn cancel(&mut self, tickets: &[String], now: NaiveDateTime) -> Outcome {
        let mut different: Vec<&String> = Vec::new();
        for ticket in tickets {
            if !different.contains(&ticket) {
                different.push(ticket);
            }
        }
        let unknown: Vec<_> = different.iter().filter(|id| !self.tickets.contains_key(**id)).collect();
        if !unknown.is_empty() {
            return Err(Refusal::new("NOT_FOUND", json!({"tickets": unknown})));
        }
        let others: Vec<_> = different.iter().filter(|id| self.tickets[**id].status != "booked").collect();
        if !others.is_empty() {
            return Err(Refusal::new("CONFLICT", json!({"tickets": others})));
        }
        let mut events: Vec<usize> = Vec::new();
        for id in &different {
            let ticket = self.tickets.get_mut(*id).expect("a known ticket");
            (ticket.status, ticket.at) = ("cancelled", now);
            if !events.contains(&ticket.event) {
                events.push(ticket.event);
            }
        }
        let available = events.into_iter().map(|number| {
            let event = self.event(number);
            json!({"event_id": event.id, "available_tickets": self.available(event)})
        });
        Ok(json!({"cancelled": different, "events": available.collect::<Vec<_>>()}))
    }

    pub(super) fn check_in(&mut self, id: &str, undo: bool, now: NaiveDateTime) -> Outcome {
        let ticket = self.tickets.get_mut(id).ok_or_else(Refusal::not_found)?;
        let (from, to) = if undo { ("checked_in", "booked") } else { ("booked", "checked_in") };
        if ticket.status != from {
            let fields = json!({"status": ticket.status, "at": format_moment(ticket.at)});
            return Err(Refusal::new("CONFLICT", fields));
        }
        (ticket.status, ticket.at) = (to, now);
        self.ticket_json(id).ok_or_else(Refusal::not_found)
    }

    /// The reply to TICKET and CHECKIN.
    pub(super) fn ticket_json(&self, id: &str) -> Option<Value> {
        let ticket = self.tickets.get(id)?;
        let event = self.event(ticket.event);
        let mut json = ticket.to_json(id);
        json["event_id"] = json!(event.id);
        json["name"] = json!(event.name);
        json["date"] = json!(event.iso_date());
        Some(json)
    }
}
