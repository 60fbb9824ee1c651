//! A copy of the state of a server, rebuilt from changes.

use std::collections::BTreeMap;

use bookline_testkit::reply::words;
use serde_json::{Value, json};

use super::calendars::Calendars;

/// Events, tickets, holds and calendars. `complete` says whether it was begun with an empty server, so that
/// every change is about something that it knows.
#[derive(Debug, Clone)]
pub struct Copy {
    is_complete: bool,
    /// As GET shows them, by id.
    pub events: BTreeMap<String, Value>,
    /// The rows of TICKETS of each event.
    pub tickets: BTreeMap<String, Vec<Value>>,
    /// As GET shows them, by id, with `for`.
    pub holds: BTreeMap<String, Value>,
    pub calendars: Calendars,
}

impl Copy {
    /// A copy of an empty server.
    pub fn complete() -> Self {
        Self::new(true)
    }

    /// A copy of a server whose past is not known.
    pub fn incomplete() -> Self {
        Self::new(false)
    }

    fn new(is_complete: bool) -> Self {
        Self {
            is_complete,
            events: BTreeMap::new(),
            tickets: BTreeMap::new(),
            holds: BTreeMap::new(),
            calendars: Calendars::default(),
        }
    }

    /// Applies a change. The error says what is wrong with it.
    pub fn apply(&mut self, change: &Value) -> Result<(), String> {
        let applied = match change["kind"].as_str().unwrap_or_default() {
            "block_made" | "meeting_made" => self.calendars.made(change),
            "entry_moved" => self.calendars.moved(change),
            "entry_deleted" => self.calendars.deleted(change),
            "event_created" => self.set_event(change, false),
            "event_updated" => self.set_event(change, true),
            "event_deleted" => self.delete_event(change),
            _ => self.change_sale(change),
        };
        applied.map_err(|what| format!("{what}: {change}"))
    }

    fn expect(&self, holds: bool, what: &str) -> Result<(), String> {
        if holds || !self.is_complete { Ok(()) } else { Err(what.to_owned()) }
    }

    fn set_event(&mut self, change: &Value, is_known: bool) -> Result<(), String> {
        let id = text(change, "event_id");
        self.expect(self.events.contains_key(&id) == is_known, "it was created or not")?;
        let mut event = json!({"id": id});
        for field in ["name", "date", "total_tickets", "available_tickets", "held_tickets", "sales"] {
            event[field] = change[field].clone();
        }
        if let Some(limit) = change.get("max_per_booking") {
            event["max_per_booking"] = limit.clone();
        }
        self.events.insert(id.clone(), event);
        self.tickets.entry(id).or_default();
        Ok(())
    }

    fn delete_event(&mut self, change: &Value) -> Result<(), String> {
        let id = text(change, "event_id");
        self.expect(self.events.contains_key(&id), "there is no such event")?;
        self.events.remove(&id);
        self.tickets.remove(&id);
        self.holds.retain(|_, hold| hold["event_id"] != id.as_str());
        Ok(())
    }

    /// A change of tickets or holds, with the counts of the event.
    fn change_sale(&mut self, change: &Value) -> Result<(), String> {
        let id = text(change, "event_id");
        self.expect(self.events.contains_key(&id), "there is no such event")?;
        if let Some(event) = self.events.get_mut(&id) {
            event["available_tickets"] = change["available_tickets"].clone();
            event["held_tickets"] = change["held_tickets"].clone();
        }
        let kind = text(change, "kind");
        let count = change["count"].as_u64().ok_or("no count")?;
        match kind.as_str() {
            "tickets_booked" => self.add_tickets(&id, change),
            "tickets_cancelled" => {
                let tickets = words(&change["tickets"]);
                self.expect(tickets.len() as u64 == count, "the count is wrong")?;
                tickets.iter().try_for_each(|ticket| self.set_status(&id, ticket, "cancelled", change))
            }
            "ticket_checked_in" => {
                let status = if change["undo"] == true { "booked" } else { "checked_in" };
                self.set_status(&id, &text(change, "ticket"), status, change)
            }
            "hold_made" | "hold_extended" => {
                let hold = text(change, "hold");
                let known = self.holds.get(&hold).cloned();
                self.expect(known.is_some() == (kind == "hold_extended"), "it was made or not")?;
                let attendee = match kind.as_str() {
                    "hold_made" => change.get("for").cloned(),
                    _ => known.and_then(|known| known.get("for").cloned()),
                };
                let mut shown = json!({
                    "hold_id": hold, "event_id": id, "tickets": count,
                    "expires_at": change["expires_at"], "status": "held",
                });
                if let Some(attendee) = attendee {
                    shown["for"] = attendee;
                }
                self.holds.insert(hold, shown);
                Ok(())
            }
            "hold_confirmed" => {
                self.end_hold(&text(change, "hold"), "confirmed")?;
                self.add_tickets(&id, change)
            }
            "hold_released" => {
                let held = self.end_hold(&text(change, "hold"), "released")?;
                self.expect(held == count, "the count is wrong")
            }
            "hold_expired" => {
                let mut held = 0;
                for hold in words(&change["holds"]) {
                    held += self.end_hold(&hold, "expired")?;
                }
                self.expect(held == count, "the count is wrong")
            }
            _ => Err("an unknown kind".to_owned()),
        }
    }

    fn add_tickets(&mut self, event: &str, change: &Value) -> Result<(), String> {
        let added = words(&change["tickets"]);
        self.expect(change["count"] == added.len() as u64, "the count is wrong")?;
        let is_complete = self.is_complete;
        let tickets = self.tickets.entry(event.to_owned()).or_default();
        for ticket in added {
            let mut row = json!({"ticket": ticket, "status": "booked", "at": change["at"]});
            if let Some(attendee) = change.get("for") {
                row["for"] = attendee.clone();
            }
            match tickets.iter_mut().find(|known| known["ticket"] == ticket.as_str()) {
                Some(_) if is_complete => return Err("it was booked before".to_owned()),
                Some(known) => *known = row,
                None => tickets.push(row),
            }
        }
        Ok(())
    }

    fn set_status(&mut self, event: &str, ticket: &str, status: &str, change: &Value) -> Result<(), String> {
        let tickets = self.tickets.get_mut(event).into_iter().flatten();
        match tickets.into_iter().find(|known| known["ticket"] == ticket) {
            Some(known) => {
                known["status"] = json!(status);
                known["at"] = change["at"].clone();
                Ok(())
            }
            None => self.expect(false, "there is no such ticket"),
        }
    }

    /// Ends a hold, and returns its tickets.
    fn end_hold(&mut self, id: &str, status: &str) -> Result<u64, String> {
        let Some(hold) = self.holds.get_mut(id) else {
            self.expect(false, "there is no such hold")?;
            return Ok(0);
        };
        let was_held = hold["status"] == "held";
        hold["status"] = json!(status);
        let held = hold["tickets"].as_u64().ok_or("no tickets")?;
        self.expect(was_held, "the hold had ended")?;
        Ok(held)
    }
}

fn text(change: &Value, field: &str) -> String {
    change[field].as_str().unwrap_or_else(|| panic!("no {field}: {change}")).to_owned()
}
