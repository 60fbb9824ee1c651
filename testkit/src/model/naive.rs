//! The model: events, tickets, and the state of the server.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use super::calendar::{Calendar, in_order};
use super::check::{CheckResult, Outcome, Refusal, check_outcome, expect, hello, help, ok, refused};
use super::request::{CalendarRequest, Request, Terms};
use crate::reply::Reply;

#[derive(Debug, Clone)]
struct Event {
    id: String,
    name: String,
    date: NaiveDate,
    total: u64,
    sold: u64,
    closed: bool,
    max_per_booking: Option<u64>,
}

/// The state of the model.
#[derive(Debug, Clone, Default)]
pub struct Model {
    events: Vec<Event>,
    /// Tickets and the ids of their events.
    tickets: BTreeMap<String, String>,
    calendar: Calendar,
    /// The number of acknowledged changes.
    changes: u64,
    /// The number of changes in the newest snapshot.
    snapshot: u64,
    /// The event ids that the server has generated.
    generated_ids: Vec<String>,
    /// The cursors of incomplete listings, and the last event before each.
    cursors: BTreeMap<String, (NaiveDate, String, String)>,
    /// Whether a change is durable when it is acknowledged.
    durable: bool,
    /// The limits of events, tickets and person-hours, if there are any.
    limits: Option<[u64; 3]>,
}

const HEAD_OF_DEPARTMENT: &str = "F10";

impl Model {
    pub fn new(durable: bool) -> Self {
        Self { durable, ..Self::default() }
    }

    /// With these limits of events, tickets and person-hours.
    pub fn with_limits(self, limits: Option<[u64; 3]>) -> Self {
        let calendar = Calendar::with_limit(limits.map(|[_, _, person_hours]| person_hours));
        Self { limits, calendar, ..self }
    }

    pub fn tickets(&self) -> impl Iterator<Item = &String> {
        self.tickets.keys()
    }

    pub fn generated_ids(&self) -> &[String] {
        &self.generated_ids
    }

    pub fn cursors(&self) -> impl Iterator<Item = &String> {
        self.cursors.keys()
    }

    /// The number of acknowledged changes.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Records a restore from a backup: everything is in a snapshot.
    pub fn set_restored(&mut self) {
        self.snapshot = self.changes;
    }

    /// Checks the reply to a request, and applies its change. `now` is the time before and after the request.
    pub fn check(&mut self, request: &Request, reply: &Reply, now: [NaiveDateTime; 2]) -> CheckResult {
        match request {
            Request::Invalid(code) => refused(reply, code, &json!({})),
            Request::Create { name, date, tickets, id, terms } => {
                let event = Event {
                    id: id.clone().unwrap_or_default(),
                    name: name.clone(),
                    date: *date,
                    total: *tickets,
                    sold: 0,
                    closed: false,
                    max_per_booking: None,
                };
                self.create(reply, event.on(*terms))
            }
            Request::Update { id, name, date, tickets, terms } => {
                let Some(event) = self.event(id) else {
                    return refused(reply, "NOT_FOUND", &json!({}));
                };
                let updated = Event {
                    name: name.clone().unwrap_or_else(|| event.name.clone()),
                    date: date.unwrap_or(event.date),
                    total: tickets.unwrap_or(event.total),
                    ..event.clone()
                };
                self.update(reply, updated.on(*terms))
            }
            Request::List { limit, after } => self.list(reply, *limit, after.as_deref()),
            Request::Event(id) => match self.event(id) {
                Some(event) => ok(reply, &event.to_json()),
                None => refused(reply, "NOT_FOUND", &json!({})),
            },
            Request::Book(id, count) => self.book(reply, id, *count),
            Request::BookAll(bookings) => self.book_all(reply, bookings),
            Request::Ticket(ticket) => match self.tickets.get(ticket) {
                Some(event) => ok(reply, &json!({"ticket": ticket, "event_id": event})),
                None => refused(reply, "NOT_FOUND", &json!({})),
            },
            Request::Calendar(request) => self.calendar(reply, request),
            Request::Hod(who) => self.hod(reply, who, now),
            Request::Hello => hello(reply),
            Request::Help(verb) => help(reply, *verb),
            Request::Ping | Request::Quit => ok(reply, &json!({})),
            Request::Stats => self.stats(reply),
            Request::Snapshot => self.snapshot_made(reply),
        }
    }

    fn event(&self, id: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.id == id)
    }

    /// The tickets that are left of an event.
    fn left(&self, id: &str) -> u64 {
        self.event(id).map_or(0, |event| event.total - event.sold)
    }

    /// The totals that are limited: events, tickets and person-hours.
    fn totals(&self) -> [u64; 3] {
        [self.events.len() as u64, self.tickets.len() as u64, self.calendar.person_hours()]
    }

    /// The refusal of `more` events or tickets, by their index in the totals.
    fn full(&self, what: usize, more: u64) -> Option<Refusal> {
        Refusal::full(self.limits.map(|limits| limits[what]), self.totals()[what], more)
    }

    /// `event` has an empty id if the server generates one.
    fn create(&mut self, reply: &Reply, mut event: Event) -> CheckResult {
        let is_taken = self.event(&event.id).is_some();
        if let Some(full) = self.full(0, 1).filter(|_| !is_taken) {
            return check_outcome(reply, &Err(full));
        }
        if is_taken {
            return refused(reply, "CONFLICT", &json!({}));
        }
        if event.id.is_empty() {
            let id = reply.body["id"].as_str().unwrap_or_default().to_owned();
            let version = uuid::Uuid::parse_str(&id).map(|uuid| uuid.get_version_num());
            expect(version == Ok(4) && self.event(&id).is_none(), || {
                format!("no new UUID of version 4: {id:?}")
            })?;
            self.generated_ids.push(id.clone());
            event.id = id;
        }
        ok(reply, &event.to_json())?;
        self.events.push(event);
        self.changes += 1;
        Ok(())
    }

    fn update(&mut self, reply: &Reply, updated: Event) -> CheckResult {
        if updated.total < updated.sold {
            let fields = json!({"issued": updated.sold, "requested": updated.total});
            return refused(reply, "CONFLICT", &fields);
        }
        ok(reply, &updated.to_json())?;
        self.events.retain(|event| event.id != updated.id);
        self.events.push(updated);
        self.changes += 1;
        Ok(())
    }

    fn list(&mut self, reply: &Reply, limit: Option<usize>, after: Option<&str>) -> CheckResult {
        let behind = after.map(|word| &self.cursors[word]);
        let mut places: Vec<_> = self.events.iter().map(|e| (e.date, e.name.clone(), e.id.clone())).collect();
        places.sort();
        places.retain(|place| behind.is_none_or(|behind| place > behind));
        let is_incomplete = limit.is_some_and(|limit| limit < places.len());
        places.truncate(limit.unwrap_or(usize::MAX));
        let rows: Vec<Value> =
            places.iter().map(|(_, _, id)| self.event(id).expect("a listed event").to_json()).collect();
        expect(reply.rows == rows, || format!("the rows should be {rows:?}"))?;
        let mut last = json!({"count": rows.len()});
        if is_incomplete {
            let next = reply.body["next"].as_str().unwrap_or_default().to_owned();
            expect(!next.is_empty(), || "an incomplete listing without next".to_owned())?;
            last["next"] = json!(next);
            self.cursors.insert(next, places.pop().expect("a limit above zero"));
        }
        expect(reply.code.is_none() && reply.body == last, || format!("it should end with {last}"))
    }

    /// The object of `OK` to a booking of several events, or the refusal. `tickets` has the tickets of each.
    fn booking(&self, bookings: &[(String, u64)], tickets: &[Value]) -> Outcome {
        let refusal = |code, fields| Err(Refusal { code, fields });
        for (id, _) in bookings {
            if self.event(id).is_none() {
                return refusal("NOT_FOUND", json!({"event_id": id}));
            }
        }
        for (id, _) in bookings {
            if self.event(id).is_some_and(|event| event.closed) {
                return refusal("CLOSED", json!({"event_id": id}));
            }
        }
        for (id, count) in bookings {
            let limit = self.event(id).and_then(|event| event.max_per_booking);
            if let Some(limit) = limit.filter(|limit| count > limit) {
                let fields = json!({"event_id": id, "limit": limit, "requested": count});
                return refusal("LIMIT", fields);
            }
        }
        for (id, count) in bookings {
            let left = self.left(id);
            if *count > left {
                let fields = json!({"event_id": id, "available": left, "requested": count});
                return refusal("SOLD_OUT", fields);
            }
        }
        if let Some(full) = self.full(1, bookings.iter().map(|(_, count)| count).sum()) {
            return Err(full);
        }
        let booked = bookings.iter().enumerate().map(|(index, (id, count))| {
            let tickets = tickets.get(index).unwrap_or(&Value::Null);
            json!({"event_id": id, "tickets": tickets, "available_tickets": self.left(id) - count})
        });
        Ok(json!({"bookings": booked.collect::<Vec<_>>()}))
    }

    fn book(&mut self, reply: &Reply, id: &str, count: u64) -> CheckResult {
        let bookings = [(id.to_owned(), count)];
        let tickets = [reply.body["tickets"].clone()];
        let outcome = match self.booking(&bookings, &tickets) {
            Ok(booked) => Ok(booked["bookings"][0].clone()),
            Err(mut refusal) => {
                refusal.fields.as_object_mut().expect("an object").remove("event_id");
                Err(refusal)
            }
        };
        check_outcome(reply, &outcome)?;
        if outcome.is_ok() { self.sell(&bookings, &tickets) } else { Ok(()) }
    }

    fn book_all(&mut self, reply: &Reply, bookings: &[(String, u64)]) -> CheckResult {
        let booked = reply.body["bookings"].as_array().cloned().unwrap_or_default();
        let tickets: Vec<Value> = booked.iter().map(|booking| booking["tickets"].clone()).collect();
        let outcome = self.booking(bookings, &tickets);
        check_outcome(reply, &outcome)?;
        if outcome.is_ok() { self.sell(bookings, &tickets) } else { Ok(()) }
    }

    /// Applies a booking, which is one change.
    fn sell(&mut self, bookings: &[(String, u64)], tickets: &[Value]) -> CheckResult {
        for ((id, count), tickets) in bookings.iter().zip(tickets) {
            let sold = self.events.iter_mut().find(|event| event.id == *id).expect("a booked event");
            sold.sold += count;
            self.add_tickets(id, *count, tickets)?;
        }
        self.changes += 1;
        Ok(())
    }

    fn add_tickets(&mut self, id: &str, count: u64, tickets: &Value) -> CheckResult {
        let tickets: Vec<String> = serde_json::from_value(tickets.clone()).map_err(|e| e.to_string())?;
        expect(tickets.len() as u64 == count, || format!("{} tickets instead of {count}", tickets.len()))?;
        for ticket in tickets {
            let uuid = uuid::Uuid::parse_str(&ticket).map(|uuid| uuid.to_string());
            expect(uuid.as_ref() == Ok(&ticket), || format!("{ticket} is not a UUID in its canonical form"))?;
            let twice = self.tickets.insert(ticket, id.to_owned());
            expect(twice.is_none(), || "a ticket was issued twice".to_owned())?;
        }
        Ok(())
    }

    fn calendar(&mut self, reply: &Reply, request: &CalendarRequest) -> CheckResult {
        let outcome = self.calendar.apply(request);
        check_outcome(reply, &outcome)?;
        if outcome.is_ok() && !matches!(request, CalendarRequest::Day { .. }) {
            self.changes += 1;
        }
        Ok(())
    }

    fn hod(&self, reply: &Reply, who: &str, now: [NaiveDateTime; 2]) -> CheckResult {
        if who != HEAD_OF_DEPARTMENT {
            return refused(reply, "FORBIDDEN", &json!({}));
        }
        // The hour may have changed between request and reply.
        let sorted = Reply { rows: reply.rows.iter().map(in_order).collect(), ..reply.clone() };
        let expected = now.map(|now| self.calendar.month(now));
        let count = json!({"count": reply.rows.len()});
        expect(expected.contains(&sorted.rows) && sorted.code.is_none() && sorted.body == count, || {
            format!("the month should be {:?}", expected[0])
        })
    }

    fn stats(&self, reply: &Reply) -> CheckResult {
        let known = json!({
            "events": self.events.len(), "tickets": self.tickets.len(), "ticket_ids": self.tickets.len(),
            "entries": self.calendar.entries(), "person_hours": self.totals()[2], "sequence": self.changes,
            "snapshot_sequence": self.snapshot, "read_only": false,
        });
        for (field, value) in known.as_object().expect("an object") {
            expect(&reply.body[field] == value, || format!("{field} should be {value}"))?;
        }
        for (field, limit) in
            ["max_events", "max_tickets", "max_person_hours"].into_iter().zip(self.limits.iter().flatten())
        {
            expect(&reply.body[field] == limit, || format!("{field} should be {limit}"))?;
        }
        let durable = reply.number("durable_sequence");
        expect(durable <= self.changes, || format!("only {} changes were made", self.changes))
    }

    fn snapshot_made(&mut self, reply: &Reply) -> CheckResult {
        let sequence = reply.ok()["sequence"].as_u64().unwrap_or(u64::MAX);
        let all = sequence == self.changes || !self.durable && sequence <= self.changes;
        expect(all, || format!("{} changes were made", self.changes))?;
        expect(reply.number("bytes") > 0 && reply.body["milliseconds"].is_u64(), || {
            "no size or duration".to_owned()
        })?;
        self.snapshot = sequence;
        Ok(())
    }
}

impl Event {
    /// The event with the terms that are given.
    fn on(self, Terms { closed, max_per_booking }: Terms) -> Self {
        Self {
            closed: closed.unwrap_or(self.closed),
            max_per_booking: max_per_booking.unwrap_or(self.max_per_booking),
            ..self
        }
    }

    fn to_json(&self) -> Value {
        let mut json = json!({
            "id": self.id, "name": self.name, "date": self.date.format("%Y-%m-%d").to_string(),
            "total_tickets": self.total, "available_tickets": self.total - self.sold,
            "sales": if self.closed { "closed" } else { "open" },
        });
        if let Some(limit) = self.max_per_booking {
            json["max_per_booking"] = limit.into();
        }
        json
    }
}
