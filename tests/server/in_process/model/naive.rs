//! The model: protocol.md in the simplest implementation.

use std::collections::{BTreeMap, BTreeSet};

use bookline_testkit::Reply;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use serde_json::{Value, json};

/// A date and an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub date: NaiveDate,
    pub hour: u32,
}

/// The arguments of a meeting.
#[derive(Debug, Clone, PartialEq)]
pub struct Meeting {
    pub title: String,
    pub group: Vec<String>,
    pub host: Option<String>,
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// A request that is refused with this code in every state.
    Invalid(&'static str),
    Create {
        name: String,
        date: NaiveDate,
        tickets: u64,
        id: Option<String>,
    },
    List {
        limit: Option<usize>,
        after: Option<String>,
    },
    Event(String),
    Book(String, u64),
    Ticket(String),
    Take {
        who: String,
        slot: Slot,
        meeting: Option<Meeting>,
    },
    Put {
        who: String,
        old: Slot,
        new: Slot,
        meeting: Option<Meeting>,
    },
    Delete {
        who: String,
        slot: Slot,
    },
    Day {
        who: String,
        date: NaiveDate,
    },
    Hod(String),
    Hello,
    Help(Option<&'static str>),
    Ping,
    Stats,
    Snapshot,
    Quit,
}

#[derive(Debug, Clone)]
struct Event {
    id: String,
    name: String,
    date: NaiveDate,
    total: u64,
    sold: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    slot: Slot,
    /// The people whose hour is filled.
    people: BTreeSet<String>,
    /// The person who may free it.
    owner: String,
    meeting: Option<Meeting>,
}

/// The state of the model.
#[derive(Debug, Clone, Default)]
pub struct Model {
    events: Vec<Event>,
    /// Tickets and the ids of their events.
    tickets: BTreeMap<String, String>,
    entries: Vec<Entry>,
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

/// The number of hours in the reply to HOD, including the current one.
const MONTH_HOURS: i64 = 720;

type CheckResult = Result<(), String>;

impl Model {
    pub fn new(durable: bool) -> Self {
        Self { durable, ..Self::default() }
    }

    /// With these limits of events, tickets and person-hours.
    pub fn with_limits(self, limits: Option<[u64; 3]>) -> Self {
        Self { limits, ..self }
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
            Request::Create { name, date, tickets, id } => {
                self.create(reply, name, *date, *tickets, id.as_deref())
            }
            Request::List { limit, after } => self.list(reply, *limit, after.as_deref()),
            Request::Event(id) => match self.event(id) {
                Some(event) => ok(reply, &event.to_json()),
                None => refused(reply, "NOT_FOUND", &json!({})),
            },
            Request::Book(id, count) => self.book(reply, id, *count),
            Request::Ticket(ticket) => match self.tickets.get(ticket) {
                Some(event) => ok(reply, &json!({"ticket": ticket, "event_id": event})),
                None => refused(reply, "NOT_FOUND", &json!({})),
            },
            Request::Take { who, slot, meeting } => self.take(reply, who, *slot, meeting.as_ref()),
            Request::Put { who, old, new, meeting } => self.put(reply, who, *old, *new, meeting.as_ref()),
            Request::Delete { who, slot } => self.delete(reply, who, *slot),
            Request::Day { who, date } => ok(reply, &self.day(who, *date)),
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

    /// The totals that are limited: events, tickets and person-hours.
    fn totals(&self) -> [u64; 3] {
        let person_hours: usize = self.entries.iter().map(|entry| entry.people.len()).sum();
        [self.events.len(), self.tickets.len(), person_hours].map(|count| count as u64)
    }

    /// The fields of the refusal if `more` would exceed a limit. `what` is the index of events, tickets or
    /// person-hours.
    fn full(&self, what: usize, more: u64) -> Option<Value> {
        let limit = self.limits?[what];
        let grows = more > 0 && self.totals()[what] + more > limit;
        grows.then(|| json!({"limit": limit, "requested": more}))
    }

    fn create(
        &mut self,
        reply: &Reply,
        name: &str,
        date: NaiveDate,
        total: u64,
        id: Option<&str>,
    ) -> CheckResult {
        let is_taken = id.is_some_and(|id| self.event(id).is_some());
        if let Some(full) = self.full(0, 1).filter(|_| !is_taken) {
            return refused(reply, "FULL", &full);
        }
        let id = match id {
            Some(_) if is_taken => return refused(reply, "CONFLICT", &json!({})),
            Some(id) => id.to_owned(),
            None => {
                let id = reply.body["id"].as_str().unwrap_or_default().to_owned();
                let version = uuid::Uuid::parse_str(&id).map(|uuid| uuid.get_version_num());
                expect(version == Ok(4) && self.event(&id).is_none(), || {
                    format!("no new UUID of version 4: {id:?}")
                })?;
                self.generated_ids.push(id.clone());
                id
            }
        };
        let event = Event { id, name: name.to_owned(), date, total, sold: 0 };
        ok(reply, &event.to_json())?;
        self.events.push(event);
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

    fn book(&mut self, reply: &Reply, id: &str, count: u64) -> CheckResult {
        let full = self.full(1, count);
        let Some(event) = self.events.iter_mut().find(|event| event.id == id) else {
            return refused(reply, "NOT_FOUND", &json!({}));
        };
        let left = event.total - event.sold;
        if count > left {
            return refused(reply, "SOLD_OUT", &json!({"available": left, "requested": count}));
        }
        if let Some(full) = full {
            return refused(reply, "FULL", &full);
        }
        let tickets = reply.body["tickets"].clone();
        ok(reply, &json!({"event_id": id, "tickets": tickets, "available_tickets": left - count}))?;
        event.sold += count;
        let tickets: Vec<String> = serde_json::from_value(tickets).map_err(|e| e.to_string())?;
        expect(tickets.len() as u64 == count, || format!("{} tickets instead of {count}", tickets.len()))?;
        for ticket in tickets {
            let uuid = uuid::Uuid::parse_str(&ticket).map(|uuid| uuid.to_string());
            expect(uuid.as_ref() == Ok(&ticket), || format!("{ticket} is not a UUID in its canonical form"))?;
            let twice = self.tickets.insert(ticket, id.to_owned());
            expect(twice.is_none(), || "a ticket was issued twice".to_owned())?;
        }
        self.changes += 1;
        Ok(())
    }

    /// Those of `people` whose hour is filled, sorted.
    fn busy(&self, people: &BTreeSet<String>, slot: Slot) -> Vec<String> {
        let taken = |who: &&String| self.at(who, slot).is_some();
        people.iter().filter(taken).cloned().collect()
    }

    fn at(&self, who: &str, slot: Slot) -> Option<usize> {
        self.entries.iter().position(|entry| entry.slot == slot && entry.people.contains(who))
    }

    fn take(&mut self, reply: &Reply, who: &str, slot: Slot, meeting: Option<&Meeting>) -> CheckResult {
        let entry = Entry::new(who, slot, meeting);
        let busy = self.busy(&entry.people, slot);
        if !busy.is_empty() {
            return refused(reply, "CONFLICT", &json!({"busy": busy}));
        }
        if let Some(full) = self.full(2, entry.people.len() as u64) {
            return refused(reply, "FULL", &full);
        }
        ok(reply, &entry.to_json(who))?;
        self.entries.push(entry);
        self.changes += 1;
        Ok(())
    }

    /// The index of the entry that `who` may free, or the code and fields of the refusal.
    fn find_freeable(&self, who: &str, slot: Slot) -> Result<usize, (&'static str, Value)> {
        let at = self.at(who, slot).ok_or(("NOT_FOUND", json!({})))?;
        let owner = &self.entries[at].owner;
        if owner == who { Ok(at) } else { Err(("FORBIDDEN", json!({"host": owner}))) }
    }

    fn put(
        &mut self,
        reply: &Reply,
        who: &str,
        old: Slot,
        new: Slot,
        meeting: Option<&Meeting>,
    ) -> CheckResult {
        let at = match self.find_freeable(who, old) {
            Ok(at) => at,
            Err((code, fields)) => return refused(reply, code, &fields),
        };
        let entry = Entry::new(who, new, meeting);
        let grows = entry.people.len().saturating_sub(self.entries[at].people.len()) as u64;
        let full = self.full(2, grows);
        let replaced = self.entries.remove(at);
        let busy = self.busy(&entry.people, new);
        if !busy.is_empty() {
            self.entries.push(replaced);
            return refused(reply, "CONFLICT", &json!({"busy": busy}));
        }
        if let Some(full) = full {
            self.entries.push(replaced);
            return refused(reply, "FULL", &full);
        }
        let mut json = entry.to_json(who);
        json["replaced"] = replaced.replaced_to_json(&entry);
        let mut reply = reply.clone();
        if let Some(removed) = reply.body.pointer_mut("/replaced/removed").and_then(Value::as_array_mut) {
            removed.sort_by_key(Value::to_string);
        }
        ok(&reply, &json)?;
        self.entries.push(entry);
        self.changes += 1;
        Ok(())
    }

    fn delete(&mut self, reply: &Reply, who: &str, slot: Slot) -> CheckResult {
        let at = match self.find_freeable(who, slot) {
            Ok(at) => at,
            Err((code, fields)) => return refused(reply, code, &fields),
        };
        let kind = if self.entries[at].meeting.is_some() { "meeting" } else { "block" };
        ok(
            reply,
            &json!({
                "name": who, "date": format_date(slot.date), "time": format_hour(slot.hour), "deleted": kind,
            }),
        )?;
        self.entries.remove(at);
        self.changes += 1;
        Ok(())
    }

    fn day(&self, who: &str, date: NaiveDate) -> Value {
        let hours = (0..24).filter_map(|hour| {
            let entry = &self.entries[self.at(who, Slot { date, hour })?];
            Some(json!({"time": format_hour(hour), "meet": entry.meet()}))
        });
        json!({"name": who, "date": format_date(date), "schedule": hours.collect::<Vec<_>>()})
    }

    fn hod(&self, reply: &Reply, who: &str, now: [NaiveDateTime; 2]) -> CheckResult {
        if who != HEAD_OF_DEPARTMENT {
            return refused(reply, "FORBIDDEN", &json!({}));
        }
        // The hour may have changed between request and reply.
        let sorted = Reply { rows: reply.rows.iter().map(in_order).collect(), ..reply.clone() };
        let expected = now.map(|now| self.month(now));
        let count = json!({"count": reply.rows.len()});
        expect(expected.contains(&sorted.rows) && sorted.code.is_none() && sorted.body == count, || {
            format!("the month should be {:?}", expected[0])
        })
    }

    fn month(&self, now: NaiveDateTime) -> Vec<Value> {
        let hours = (0..MONTH_HOURS).filter_map(|back| {
            let then = now - TimeDelta::hours(back);
            let slot = Slot { date: then.date(), hour: then.hour() };
            let here = self.entries.iter().filter(|entry| entry.slot == slot && entry.meeting.is_some());
            let meetings: Vec<Value> = here.map(Entry::meet).collect();
            let row =
                json!({"date": format_date(slot.date), "time": format_hour(slot.hour), "meetings": meetings});
            (!meetings.is_empty()).then(|| in_order(&row))
        });
        hours.collect()
    }

    fn stats(&self, reply: &Reply) -> CheckResult {
        let known = json!({
            "events": self.events.len(), "tickets": self.tickets.len(), "ticket_ids": self.tickets.len(),
            "entries": self.entries.len(), "person_hours": self.totals()[2], "sequence": self.changes,
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
    fn to_json(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "date": self.date.format("%Y-%m-%d").to_string(),
            "total_tickets": self.total, "available_tickets": self.total - self.sold,
        })
    }
}

impl Entry {
    fn new(who: &str, slot: Slot, meeting: Option<&Meeting>) -> Self {
        let mut people = BTreeSet::from([who.to_owned()]);
        let mut owner = who.to_owned();
        let meeting = meeting.map(|meeting| {
            owner = meeting.host.clone().unwrap_or(owner.clone());
            people.insert(owner.clone());
            people.extend(meeting.group.iter().cloned());
            let mut group: Vec<String> = Vec::new();
            for member in &meeting.group {
                if !group.contains(member) {
                    group.push(member.clone());
                }
            }
            Meeting { title: meeting.title.clone(), group, host: Some(owner.clone()) }
        });
        Self { slot, people, owner, meeting }
    }

    /// The field `replaced` in the reply to PUT.
    fn replaced_to_json(&self, new: &Self) -> Value {
        let mut json = json!({"date": format_date(self.slot.date), "time": format_hour(self.slot.hour)});
        if self.meeting.is_some() {
            json["title"] = self.meet()["title"].clone();
            json["group"] = self.meet()["group"].clone();
            json["host"] = self.meet()["host"].clone();
            json["removed"] = json!(self.people.difference(&new.people).collect::<Vec<_>>());
        }
        json
    }

    /// The reply to BLOCK and MEET.
    fn to_json(&self, who: &str) -> Value {
        let mut json =
            json!({"name": who, "date": format_date(self.slot.date), "time": format_hour(self.slot.hour)});
        if let Some(meeting) = &self.meeting {
            json["title"] = json!(meeting.title);
            json["group"] = json!(meeting.group);
            json["host"] = json!(self.owner);
        }
        json
    }

    /// The field `meet` in a day or a month.
    fn meet(&self) -> Value {
        match &self.meeting {
            None => json!({"title": "", "group": [], "host": self.owner}),
            Some(meeting) => json!({"title": meeting.title, "group": meeting.group, "host": self.owner}),
        }
    }
}

/// A row of the month with its meetings sorted, because their order is not specified.
fn in_order(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(meetings) = row["meetings"].as_array_mut() {
        meetings.sort_by_key(Value::to_string);
    }
    row
}

fn hello(reply: &Reply) -> CheckResult {
    let json = reply.ok();
    for (field, value) in [
        ("server", json!("bookline")),
        ("protocol", json!(1)),
        ("welcome", json!("Welcome to the ticket reservation system")),
        ("max_line", json!(65_536)),
        ("time_zone", json!("UTC")),
    ] {
        expect(json[field] == value, || format!("{field} should be {value}"))?;
    }
    let now = json["now"].as_str().map(chrono::DateTime::parse_from_rfc3339);
    expect(matches!(now, Some(Ok(_))), || "now is not a time".to_owned())
}

fn help(reply: &Reply, verb: Option<&str>) -> CheckResult {
    let rows = &reply.rows;
    let whole = |row: &Value| {
        ["command", "usage", "help"].iter().all(|field| row[field].as_str().is_some_and(|t| !t.is_empty()))
    };
    expect(rows.iter().all(whole) && !rows.is_empty(), || "rows of command, usage and help".to_owned())?;
    expect(verb.is_none_or(|verb| rows.iter().all(|row| row["command"] == verb)), || {
        format!("only rows of {verb:?}")
    })?;
    expect(reply.code.is_none() && reply.body == json!({"count": rows.len()}), || {
        "the count of the rows".to_owned()
    })
}

fn ok(reply: &Reply, expected: &Value) -> CheckResult {
    let right = reply.code.is_none() && reply.rows.is_empty() && &reply.body == expected;
    expect(right, || format!("it should be OK {expected}"))
}

/// Checks that the reply is this refusal, with exactly these fields besides `message`, `retry` and
/// `did_you_mean`.
fn refused(reply: &Reply, code: &str, fields: &Value) -> CheckResult {
    let mut json = reply.body.clone();
    let message = json["message"].as_str().is_some_and(|message| message.len() > 10);
    let retry = json["retry"] == json!(false);
    if let Some(json) = json.as_object_mut() {
        json.retain(|field, _| !["message", "retry", "did_you_mean"].contains(&field.as_str()));
    }
    if let Some(busy) = json["busy"].as_array_mut() {
        busy.sort_by_key(Value::to_string);
    }
    if json["busy"].is_null()
        && let Some(json) = json.as_object_mut()
    {
        json.remove("busy");
    }
    let right = reply.code.as_deref() == Some(code) && reply.rows.is_empty() && message && retry;
    expect(right && &json == fields, || format!("it should be ERR {code} with {fields}"))
}

fn expect(holds: bool, what: impl FnOnce() -> String) -> CheckResult {
    if holds { Ok(()) } else { Err(what()) }
}

/// A date in the notation of calendar replies.
pub fn format_date(date: NaiveDate) -> String {
    date.format("%d-%m-%Y").to_string()
}

pub fn format_hour(hour: u32) -> String {
    format!("{hour:02}:00")
}
