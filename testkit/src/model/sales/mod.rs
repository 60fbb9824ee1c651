//! The model of events, tickets and holds.

mod bookings;
mod holding;
mod ticketing;

use std::collections::BTreeMap;

use bookline_server::state::StateLimits;
use chrono::NaiveDateTime;
use serde_json::{Value, json};

use crate::model::check::{Outcome, Refusal, expect};
use crate::model::event::{Event, Hold, Ticket};
use crate::model::request::{HOLD_SECONDS, Request};
use crate::reply::Reply;

/// What a name takes of `--max-name-bytes` besides its bytes.
const NAME_OVERHEAD_BYTES: u64 = 64;

/// All events, tickets and holds.
#[derive(Debug, Clone)]
pub struct Sales {
    pub events: Vec<Event>,
    /// Tickets by their ids.
    pub tickets: BTreeMap<String, Ticket>,
    pub holds: Vec<Hold>,
    /// The number of events that were ever created.
    created: usize,
    /// The event ids that the server has generated.
    pub generated_ids: Vec<String>,
    /// The ids of tickets of deleted events.
    pub deleted_tickets: Vec<String>,
    /// The ids of holds that are forgotten, or of deleted events.
    pub former_holds: Vec<String>,
    limits: StateLimits,
}

impl Sales {
    pub fn new(limits: StateLimits) -> Self {
        Self {
            events: Vec::new(),
            tickets: BTreeMap::new(),
            holds: Vec::new(),
            created: 0,
            generated_ids: Vec::new(),
            deleted_tickets: Vec::new(),
            former_holds: Vec::new(),
            limits,
        }
    }

    /// Applies a request and returns its outcome. `None` if it is about something else. New ids are those of
    /// the reply; the error says what is wrong with them.
    pub fn apply(
        &mut self,
        request: &Request,
        reply: &Reply,
        now: NaiveDateTime,
    ) -> Option<Result<Outcome, String>> {
        Some(match request {
            Request::Create { name, date, tickets, id, terms } => {
                let event = Event {
                    number: self.created,
                    id: id.clone().unwrap_or_default(),
                    name: name.clone(),
                    date: *date,
                    total: *tickets,
                    closed: false,
                    max_per_booking: None,
                };
                self.create(event.on(*terms), reply)
            }
            Request::Book { bookings, attendee } => self.book(bookings, attendee.as_ref(), reply, now),
            Request::Hold { event, tickets, ttl, attendee } => {
                self.hold(event, *tickets, ttl.unwrap_or(HOLD_SECONDS), attendee.as_ref(), reply, now)
            }
            Request::Confirm { hold, tickets, attendee } => {
                self.confirm(hold, *tickets, attendee.as_ref(), reply, now)
            }
            request => Ok(self.apply_without_ids(request, now)?),
        })
    }

    /// Applies a request that makes no ids.
    fn apply_without_ids(&mut self, request: &Request, now: NaiveDateTime) -> Option<Outcome> {
        Some(match request {
            Request::Update { id, name, date, tickets, terms } => self.update(id, now, |event| Event {
                name: name.clone().unwrap_or_else(|| event.name.clone()),
                date: date.unwrap_or(event.date),
                total: tickets.unwrap_or(event.total),
                ..event.clone().on(*terms)
            }),
            Request::Event(id) => self.find(id).map(|event| self.event_json(event)),
            Request::ShowHold(id) => self.show_hold(id, now),
            Request::Extend { hold, seconds } => self.extend(hold, *seconds, now),
            Request::Release(hold) => self.release(hold, now),
            Request::Cancel(tickets) => self.cancel(tickets, now),
            Request::Ticket(id) => self.ticket_json(id).ok_or_else(Refusal::not_found),
            Request::CheckIn { ticket, undo } => self.check_in(ticket, *undo, now),
            Request::DeleteEvent { id, drop_tickets } => self.delete(id, *drop_tickets, now),
            _ => return None,
        })
    }

    fn find(&self, id: &str) -> Result<&Event, Refusal> {
        self.events.iter().find(|event| event.id == id).ok_or_else(Refusal::not_found)
    }

    fn event(&self, number: usize) -> &Event {
        self.events.iter().find(|event| event.number == number).expect("an event that was not deleted")
    }

    /// The number of valid tickets of an event.
    fn issued(&self, event: &Event) -> u64 {
        self.tickets_of(event).filter(|(_, ticket)| ticket.is_valid()).count() as u64
    }

    fn active_holds(&self, event: &Event) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(|hold| hold.event == event.number && hold.is_active())
    }

    fn held(&self, event: &Event) -> u64 {
        self.active_holds(event).map(|hold| hold.tickets).sum()
    }

    fn available(&self, event: &Event) -> u64 {
        event.total - self.issued(event) - self.held(event)
    }

    /// The number of valid tickets of all events.
    pub fn issued_in_all(&self) -> usize {
        self.tickets.values().filter(|ticket| ticket.is_valid()).count()
    }

    fn tickets_of(&self, event: &Event) -> impl Iterator<Item = (&String, &Ticket)> {
        let number = event.number;
        self.tickets.iter().filter(move |(_, ticket)| ticket.event == number)
    }

    /// The tickets of an event, with their ids, in the order of issue.
    pub fn in_order(&self, event: &Event) -> Vec<(&String, &Ticket)> {
        let mut tickets: Vec<_> = self.tickets_of(event).collect();
        tickets.sort_by_key(|(_, ticket)| ticket.place);
        tickets
    }

    /// What the names take: once for neighboring tickets with the same name, and once for each active hold.
    pub fn name_bytes(&self) -> u64 {
        let mut sum = 0;
        for event in &self.events {
            let mut last = None;
            for (_, ticket) in self.in_order(event) {
                if ticket.attendee.as_ref() != last {
                    sum += name_bytes(ticket.attendee.as_ref());
                }
                last = ticket.attendee.as_ref();
            }
        }
        let active = self.holds.iter().filter(|hold| hold.is_active());
        sum + active.map(|hold| name_bytes(hold.attendee.as_ref())).sum::<u64>()
    }

    /// What the next tickets of an event would add to the names.
    fn added_name_bytes(&self, event: &Event, attendee: Option<&String>) -> u64 {
        let last = self.tickets_of(event).max_by_key(|(_, ticket)| ticket.place);
        let last = last.and_then(|(_, ticket)| ticket.attendee.as_ref());
        if attendee == last { 0 } else { name_bytes(attendee) }
    }

    pub fn event_json(&self, event: &Event) -> Value {
        let mut json = json!({
            "id": event.id, "name": event.name, "date": event.iso_date(), "total_tickets": event.total,
            "available_tickets": self.available(event), "held_tickets": self.held(event),
            "sales": if event.closed { "closed" } else { "open" },
        });
        if let Some(limit) = event.max_per_booking {
            json["max_per_booking"] = limit.into();
        }
        json
    }

    /// `event` has an empty id if the server generates one.
    fn create(&mut self, mut event: Event, reply: &Reply) -> Result<Outcome, String> {
        if self.find(&event.id).is_ok() {
            return Ok(Err(Refusal::new("CONFLICT", json!({}))));
        }
        if let Err(full) = Refusal::check_full(self.limits.events, self.events.len() as u64, 1) {
            return Ok(Err(full));
        }
        if event.id.is_empty() {
            let id = reply.body["id"].as_str().unwrap_or_default().to_owned();
            let version = uuid::Uuid::parse_str(&id).map(|uuid| uuid.get_version_num());
            expect(version == Ok(4) && self.find(&id).is_err(), || {
                format!("no new UUID of version 4: {id:?}")
            })?;
            self.generated_ids.push(id.clone());
            event.id = id;
        }
        let json = self.event_json(&event);
        self.events.push(event);
        self.created += 1;
        Ok(Ok(json))
    }

    fn update(&mut self, id: &str, now: NaiveDateTime, change: impl FnOnce(&Event) -> Event) -> Outcome {
        let event = self.find(id)?;
        let updated = change(event);
        let (issued, held) = (self.issued(event), self.held(event));
        let wanted = (issued + held).saturating_sub(updated.total);
        let Some(due) = self.due_holds(event, wanted, now) else {
            let fields = json!({"issued": issued, "held": held, "requested": updated.total});
            return Err(Refusal::new("CONFLICT", fields));
        };
        self.end_due(&due, now);
        let json = self.event_json(&updated);
        self.events.retain(|event| event.id != id);
        self.events.push(updated);
        Ok(json)
    }

    fn delete(&mut self, id: &str, drop_tickets: bool, now: NaiveDateTime) -> Outcome {
        let event = self.find(id)?.clone();
        let tickets = self.issued(&event);
        // Due holds may count beside others.
        let is_held = self.active_holds(&event).any(|hold| !hold.is_due(now));
        let holds = if is_held { self.active_holds(&event).count() } else { 0 };
        if !drop_tickets && (tickets > 0 || holds > 0) {
            return Err(Refusal::new("CONFLICT", json!({"tickets": tickets, "holds": holds})));
        }
        self.events.retain(|other| other.number != event.number);
        let deleted = self.tickets.iter().filter(|(_, ticket)| ticket.event == event.number);
        self.deleted_tickets.extend(deleted.map(|(id, _)| id.clone()));
        self.tickets.retain(|_, ticket| ticket.event != event.number);
        self.remove_holds(|hold| hold.event == event.number);
        Ok(json!({"event_id": id, "deleted": "event", "tickets": tickets, "holds": holds}))
    }
}

fn name_bytes(name: Option<&String>) -> u64 {
    name.map_or(0, |name| name.len() as u64 + NAME_OVERHEAD_BYTES)
}

fn check_uuid(id: &str) -> Result<(), String> {
    let canonical = uuid::Uuid::parse_str(id).map(|uuid| uuid.to_string());
    expect(canonical.as_deref() == Ok(id), || format!("{id:?} is not a UUID in its canonical form"))
}
