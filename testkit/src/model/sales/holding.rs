//! The model of holds.

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};

use super::bookings::about_no_event;
use super::{Sales, check_uuid, name_bytes};
use crate::model::check::{Outcome, Refusal, expect};
use crate::model::event::{Event, Hold};
use crate::model::request::format_moment;
use crate::reply::Reply;

/// The most seconds that a hold lives.
const HOLD_SECONDS_MAX: u64 = 7_200;

/// A hold is remembered for so many hours after its end.
const REMEMBERED_HOURS: i64 = 24;

impl Sales {
    /// The due holds to end so that `wanted` more tickets are left, earliest deadline first. `None` if there
    /// are too few.
    pub(super) fn due_holds(&self, event: &Event, wanted: u64, now: NaiveDateTime) -> Option<Vec<String>> {
        let mut due: Vec<&Hold> = self.active_holds(event).filter(|hold| hold.is_due(now)).collect();
        due.sort_by_key(|hold| hold.deadline);
        let (mut ended, mut tickets) = (Vec::new(), 0);
        for hold in due {
            if tickets < wanted {
                tickets += hold.tickets;
                ended.push(hold.id.clone());
            }
        }
        (tickets >= wanted).then_some(ended)
    }

    pub(super) fn end_due(&mut self, due: &[String], now: NaiveDateTime) {
        for id in due {
            self.end_hold(id, "expired", now);
        }
    }

    fn end_hold(&mut self, id: &str, status: &'static str, now: NaiveDateTime) {
        let hold = self.holds.iter_mut().find(|hold| hold.id == id).expect("a hold that was found");
        hold.end = Some((status, now));
        hold.attendee = None;
    }

    pub(super) fn remove_holds(&mut self, is_removed: impl Fn(&Hold) -> bool) {
        let removed = self.holds.iter().filter(|hold| is_removed(hold)).map(|hold| hold.id.clone());
        self.former_holds.extend(removed);
        self.holds.retain(|hold| !is_removed(hold));
    }

    pub(super) fn hold(
        &mut self,
        event: &str,
        tickets: u64,
        seconds: u64,
        attendee: Option<&String>,
        reply: &Reply,
        now: NaiveDateTime,
    ) -> Result<Outcome, String> {
        let due = match self.decide_hold(event, tickets, attendee, now) {
            Ok(due) => due,
            Err(refusal) => return Ok(Err(about_no_event(refusal))),
        };
        self.end_due(&due, now);
        let id = reply.body["hold_id"].as_str().unwrap_or_default().to_owned();
        check_uuid(&id)?;
        let is_new = self.holds.iter().all(|hold| hold.id != id) && !self.former_holds.contains(&id);
        expect(is_new, || "two holds have one id".to_owned())?;
        self.holds.push(Hold {
            id: id.clone(),
            event: self.find(event).expect("an event with tickets left").number,
            tickets,
            created: now,
            deadline: after(now, seconds),
            attendee: attendee.cloned(),
            end: None,
        });
        Ok(Ok(self.hold_json(&id)))
    }

    fn decide_hold(
        &self,
        event: &str,
        tickets: u64,
        attendee: Option<&String>,
        now: NaiveDateTime,
    ) -> Result<Vec<String>, Refusal> {
        let due = self.decide_sale(&[(event.to_owned(), tickets)], now)?;
        let active = self.holds.iter().filter(|hold| hold.is_active()).count();
        Refusal::check_full(self.limits.holds, active as u64, 1)?;
        self.check_names_limit(name_bytes(attendee))?;
        Ok(due)
    }

    /// The reply to HOLD and EXTEND.
    fn hold_json(&self, id: &str) -> Value {
        let hold = self.find_hold(id).expect("a hold that was made or extended");
        let event = self.event(hold.event);
        json!({
            "hold_id": id, "event_id": event.id, "tickets": hold.tickets,
            "expires_at": format_moment(hold.deadline), "available_tickets": self.available(event),
        })
    }

    pub(super) fn show_hold(&self, id: &str, now: NaiveDateTime) -> Outcome {
        let hold = self.find_hold(id)?;
        Ok(json!({
            "hold_id": id, "event_id": self.event(hold.event).id, "tickets": hold.tickets,
            "expires_at": format_moment(hold.deadline), "status": hold.status(now),
        }))
    }

    fn find_hold(&self, id: &str) -> Result<&Hold, Refusal> {
        self.holds.iter().find(|hold| hold.id == id).ok_or_else(Refusal::not_found)
    }

    /// A hold whose deadline has not passed, though it may have ended.
    fn find_unexpired(&self, id: &str, now: NaiveDateTime) -> Result<Hold, Refusal> {
        let hold = self.find_hold(id)?;
        if hold.status(now) == "expired" {
            return Err(Refusal::new("EXPIRED", json!({"at": format_moment(hold.deadline)})));
        }
        Ok(hold.clone())
    }

    pub(super) fn confirm(
        &mut self,
        id: &str,
        tickets: Option<u64>,
        attendee: Option<&String>,
        reply: &Reply,
        now: NaiveDateTime,
    ) -> Result<Outcome, String> {
        let (hold, count) = match self.decide_confirmation(id, tickets, attendee, now) {
            Ok(decided) => decided,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.end_hold(id, "confirmed", now);
        let event = self.event(hold.event).id.clone();
        let attendee = attendee.or(hold.attendee.as_ref());
        let mut json = self.issue(&event, count, attendee, &reply.body["tickets"], now)?;
        json["hold_id"] = json!(id);
        Ok(Ok(json))
    }

    fn decide_confirmation(
        &self,
        id: &str,
        tickets: Option<u64>,
        attendee: Option<&String>,
        now: NaiveDateTime,
    ) -> Result<(Hold, u64), Refusal> {
        let hold = self.find_unexpired(id, now)?;
        check_active(&hold)?;
        let count = tickets.unwrap_or(hold.tickets);
        if count > hold.tickets {
            return Err(Refusal::new("LIMIT", json!({"limit": hold.tickets, "requested": count})));
        }
        self.check_tickets_limit(count)?;
        let attendee = attendee.or(hold.attendee.as_ref());
        let added = self.added_name_bytes(self.event(hold.event), attendee);
        self.check_names_limit(added.saturating_sub(name_bytes(hold.attendee.as_ref())))?;
        Ok((hold, count))
    }

    pub(super) fn extend(&mut self, id: &str, seconds: u64, now: NaiveDateTime) -> Outcome {
        let hold = self.find_unexpired(id, now)?;
        check_active(&hold)?;
        let left = (after(hold.created, HOLD_SECONDS_MAX) - now).num_seconds().max(0) as u64;
        if seconds > left {
            return Err(Refusal::new("LIMIT", json!({"limit": left, "requested": seconds})));
        }
        let extended = self.holds.iter_mut().find(|hold| hold.id == id).expect("a hold that was found");
        extended.deadline = after(now, seconds);
        Ok(self.hold_json(id))
    }

    pub(super) fn release(&mut self, id: &str, now: NaiveDateTime) -> Outcome {
        let hold = self.find_unexpired(id, now)?;
        check_active(&hold)?;
        self.end_hold(id, "released", now);
        let event = self.event(hold.event);
        let available = self.available(event);
        let (event, released) = (&event.id, hold.tickets);
        Ok(json!({"hold_id": id, "event_id": event, "released": released, "available_tickets": available}))
    }

    /// The numbers of the events with due holds.
    pub fn events_with_due_holds(&self, now: NaiveDateTime) -> Vec<usize> {
        let has_due = |event: &&Event| self.active_holds(event).any(|hold| hold.is_due(now));
        self.events.iter().filter(has_due).map(|event| event.number).collect()
    }

    /// Ends the due holds of an event.
    pub fn end_due_holds(&mut self, event: usize, now: NaiveDateTime) {
        for hold in self.holds.iter_mut().filter(|hold| hold.event == event && hold.is_due(now)) {
            (hold.end, hold.attendee) = (Some(("expired", now)), None);
        }
    }

    /// Forgets holds that ended a day ago or earlier, and the oldest of those above the limit. Returns the
    /// number of their events.
    pub fn forget_ended_holds(&mut self, now: NaiveDateTime) -> usize {
        let mut ends: Vec<_> = self.holds.iter().filter_map(|hold| Some(hold.end?.1)).collect();
        ends.sort();
        let mut through = now - TimeDelta::hours(REMEMBERED_HOURS);
        let excess = (ends.len() as u64).saturating_sub(self.limits.ended_holds) as usize;
        if excess > 0 {
            through = through.max(ends[excess - 1]);
        }
        let is_old = |hold: &Hold| hold.end.is_some_and(|(_, at)| at <= through);
        let mut events: Vec<_> =
            self.holds.iter().filter(|hold| is_old(hold)).map(|hold| hold.event).collect();
        events.sort_unstable();
        events.dedup();
        self.remove_holds(is_old);
        events.len()
    }
}

fn after(at: NaiveDateTime, seconds: u64) -> NaiveDateTime {
    at + TimeDelta::seconds(seconds as i64)
}

fn check_active(hold: &Hold) -> Result<(), Refusal> {
    match hold.end {
        None => Ok(()),
        Some((status, at)) => {
            Err(Refusal::new("CONFLICT", json!({"status": status, "at": format_moment(at)})))
        }
    }
}
