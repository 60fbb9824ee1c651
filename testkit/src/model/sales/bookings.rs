//! The model of BOOK.

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::{Sales, check_uuid};
use crate::model::check::{Outcome, Refusal, expect};
use crate::model::event::Ticket;
use crate::reply::Reply;

impl Sales {
    /// The due holds to end before tickets of these events are booked or held, or the refusal.
    pub(super) fn decide_sale(
        &self,
        bookings: &[(String, u64)],
        now: NaiveDateTime,
    ) -> Result<Vec<String>, Refusal> {
        for (id, _) in bookings {
            self.find(id).map_err(|refusal| about(id, refusal))?;
        }
        for (id, _) in bookings {
            if self.find(id)?.closed {
                return Err(Refusal::new("CLOSED", json!({"event_id": id})));
            }
        }
        for (id, count) in bookings {
            if let Some(limit) = self.find(id)?.max_per_booking.filter(|limit| count > limit) {
                let fields = json!({"event_id": id, "limit": limit, "requested": count});
                return Err(Refusal::new("LIMIT", fields));
            }
        }
        let mut ended = Vec::new();
        for (id, count) in bookings {
            let event = self.find(id)?;
            let (available, held) = (self.available(event), self.held(event));
            let Some(due) = self.due_holds(event, count.saturating_sub(available), now) else {
                let fields =
                    json!({"event_id": id, "available": available, "held": held, "requested": count});
                return Err(Refusal::new("SOLD_OUT", fields));
            };
            ended.extend(due);
        }
        Ok(ended)
    }

    pub(super) fn book(
        &mut self,
        bookings: &[(String, u64)],
        attendee: Option<&String>,
        reply: &Reply,
        now: NaiveDateTime,
    ) -> Result<Outcome, String> {
        let (is_single, body) = (bookings.len() == 1, &reply.body);
        let due = match self.decide_booking(bookings, attendee, now) {
            Ok(due) => due,
            Err(refusal) => return Ok(Err(if is_single { about_no_event(refusal) } else { refusal })),
        };
        self.end_due(&due, now);
        let mut booked = Vec::new();
        for (index, (id, count)) in bookings.iter().enumerate() {
            let ids = if is_single { &body["tickets"] } else { &body["bookings"][index]["tickets"] };
            booked.push(self.issue(id, *count, attendee, ids, now)?);
        }
        Ok(Ok(if is_single { booked.remove(0) } else { json!({"bookings": booked}) }))
    }

    fn decide_booking(
        &self,
        bookings: &[(String, u64)],
        attendee: Option<&String>,
        now: NaiveDateTime,
    ) -> Result<Vec<String>, Refusal> {
        let due = self.decide_sale(bookings, now)?;
        self.check_tickets_limit(bookings.iter().map(|(_, count)| count).sum())?;
        let mut added = 0;
        for (id, _) in bookings {
            added += self.added_name_bytes(self.find(id)?, attendee);
        }
        self.check_names_limit(added)?;
        Ok(due)
    }

    pub(super) fn check_tickets_limit(&self, more: u64) -> Result<(), Refusal> {
        Refusal::check_full(self.limits.tickets, self.tickets.len() as u64, more)
    }

    pub(super) fn check_names_limit(&self, more: u64) -> Result<(), Refusal> {
        if more == 0 {
            return Ok(());
        }
        Refusal::check_full(self.limits.name_bytes, self.name_bytes(), more)
    }

    /// Issues tickets with these new ids, and returns the object of the booking.
    pub(super) fn issue(
        &mut self,
        event: &str,
        count: u64,
        attendee: Option<&String>,
        ids: &Value,
        now: NaiveDateTime,
    ) -> Result<Value, String> {
        let ids: Vec<String> = serde_json::from_value(ids.clone()).map_err(|_| "no tickets".to_owned())?;
        expect(ids.len() as u64 == count, || format!("{} tickets instead of {count}", ids.len()))?;
        let number = self.find(event).expect("a booked event").number;
        let before = self.tickets_of(self.event(number)).count();
        for (index, id) in ids.iter().enumerate() {
            check_uuid(id)?;
            let attendee = attendee.cloned();
            let ticket = Ticket { event: number, place: before + index, status: "booked", at: now, attendee };
            let other = self.tickets.insert(id.clone(), ticket);
            expect(other.is_none() && !self.deleted_tickets.contains(id), || {
                "a ticket was issued twice".to_owned()
            })?;
        }
        let available = self.available(self.event(number));
        Ok(json!({"event_id": event, "tickets": ids, "available_tickets": available}))
    }
}

/// The refusal with the event that it is about.
fn about(id: &str, mut refusal: Refusal) -> Refusal {
    refusal.fields["event_id"] = json!(id);
    refusal
}

/// The refusal of a request that has only one event.
pub(super) fn about_no_event(mut refusal: Refusal) -> Refusal {
    refusal.fields.as_object_mut().expect("an object").remove("event_id");
    refusal
}
