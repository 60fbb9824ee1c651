//! The model: what the document promises, done in the simplest way.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use serde_json::{Value, json};

use crate::in_process::common::Reply;

/// An hour of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub date: NaiveDate,
    pub hour: u32,
}

/// What a MEET says.
#[derive(Debug, Clone, PartialEq)]
pub struct Meeting {
    pub title: String,
    pub group: Vec<String>,
    pub host: Option<String>,
}

/// What a line asks, as the document understands it.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// It is refused with this code whatever there is.
    Bad(&'static str),
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
    /// Whose hour it takes.
    people: BTreeSet<String>,
    /// Who may free it.
    owner: String,
    meeting: Option<Meeting>,
}

/// Everything there is.
#[derive(Debug, Clone, Default)]
pub struct Naive {
    events: Vec<Event>,
    /// Tickets and their events.
    tickets: BTreeMap<String, String>,
    entries: Vec<Entry>,
    /// Changes that were answered OK.
    changes: u64,
    /// The last of them that a snapshot holds.
    snapshot: u64,
    /// Ids that the server made up.
    minted: Vec<String>,
    /// Where listings went on: the place behind which, by the word for it.
    cursors: BTreeMap<String, (NaiveDate, String, String)>,
    /// Whether a change is on disk when it is answered.
    durable: bool,
    /// The most events, tickets and person-hours, where the server was told.
    limits: Option<[u64; 3]>,
}

/// The head of department.
const HEAD: &str = "F10";

/// Hours that HOD looks back, the current one included.
const MONTH: i64 = 720;

type Checked = Result<(), String>;

impl Naive {
    pub fn new(durable: bool) -> Self {
        Self { durable, ..Self::default() }
    }

    /// With at most so many events, tickets and person-hours.
    pub fn limited(self, limits: Option<[u64; 3]>) -> Self {
        Self { limits, ..self }
    }

    pub fn tickets(&self) -> impl Iterator<Item = &String> {
        self.tickets.keys()
    }

    pub fn minted(&self) -> &[String] {
        &self.minted
    }

    pub fn cursors(&self) -> impl Iterator<Item = &String> {
        self.cursors.keys()
    }

    /// Changes that were answered OK.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// A server that was started from a backup has one snapshot, of everything.
    pub fn restored(&mut self) {
        self.snapshot = self.changes;
    }

    /// Is this what the document promises? `now` is the time before and after.
    pub fn check(&mut self, ask: &Ask, reply: &Reply, now: [NaiveDateTime; 2]) -> Checked {
        match ask {
            Ask::Bad(code) => refused(reply, code, &json!({})),
            Ask::Create { name, date, tickets, id } => {
                self.create(reply, name, *date, *tickets, id.as_deref())
            }
            Ask::List { limit, after } => self.list(reply, *limit, after.as_deref()),
            Ask::Event(id) => match self.event(id) {
                Some(event) => ok(reply, &event.shown()),
                None => refused(reply, "NOT_FOUND", &json!({})),
            },
            Ask::Book(id, count) => self.book(reply, id, *count),
            Ask::Ticket(ticket) => match self.tickets.get(ticket) {
                Some(event) => ok(reply, &json!({"ticket": ticket, "event_id": event})),
                None => refused(reply, "NOT_FOUND", &json!({})),
            },
            Ask::Take { who, slot, meeting } => self.take(reply, who, *slot, meeting.as_ref()),
            Ask::Put { who, old, new, meeting } => self.put(reply, who, *old, *new, meeting.as_ref()),
            Ask::Delete { who, slot } => self.delete(reply, who, *slot),
            Ask::Day { who, date } => ok(reply, &self.day(who, *date)),
            Ask::Hod(who) => self.hod(reply, who, now),
            Ask::Hello => hello(reply),
            Ask::Help(verb) => help(reply, *verb),
            Ask::Ping | Ask::Quit => ok(reply, &json!({})),
            Ask::Stats => self.stats(reply),
            Ask::Snapshot => self.made(reply),
        }
    }

    fn event(&self, id: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.id == id)
    }

    /// What there is of what is limited: events, tickets and person-hours.
    fn held(&self) -> [u64; 3] {
        let person_hours: usize = self.entries.iter().map(|entry| entry.people.len()).sum();
        [self.events.len(), self.tickets.len(), person_hours].map(|count| count as u64)
    }

    /// How it is refused if so many more would be too many: of events, tickets or person-hours, by their
    /// place.
    fn full(&self, what: usize, more: u64) -> Option<Value> {
        let limit = self.limits?[what];
        let grows = more > 0 && self.held()[what] + more > limit;
        grows.then(|| json!({"limit": limit, "requested": more}))
    }

    fn create(
        &mut self,
        reply: &Reply,
        name: &str,
        date: NaiveDate,
        total: u64,
        id: Option<&str>,
    ) -> Checked {
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
                self.minted.push(id.clone());
                id
            }
        };
        let event = Event { id, name: name.to_owned(), date, total, sold: 0 };
        ok(reply, &event.shown())?;
        self.events.push(event);
        self.changes += 1;
        Ok(())
    }

    fn list(&mut self, reply: &Reply, limit: Option<usize>, after: Option<&str>) -> Checked {
        let behind = after.map(|word| &self.cursors[word]);
        let mut places: Vec<_> = self.events.iter().map(|e| (e.date, e.name.clone(), e.id.clone())).collect();
        places.sort();
        places.retain(|place| behind.is_none_or(|behind| place > behind));
        let cut = limit.is_some_and(|limit| limit < places.len());
        places.truncate(limit.unwrap_or(usize::MAX));
        let rows: Vec<Value> =
            places.iter().map(|(_, _, id)| self.event(id).expect("it is listed").shown()).collect();
        expect(reply.rows == rows, || format!("the rows should be {rows:?}"))?;
        let mut last = json!({"count": rows.len()});
        if cut {
            let next = reply.body["next"].as_str().unwrap_or_default().to_owned();
            expect(!next.is_empty(), || "it was cut and has no next".to_owned())?;
            last["next"] = json!(next);
            self.cursors.insert(next, places.pop().expect("a limit is not zero"));
        }
        expect(reply.code.is_none() && reply.body == last, || format!("it should end with {last}"))
    }

    fn book(&mut self, reply: &Reply, id: &str, count: u64) -> Checked {
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
            expect(uuid.as_ref() == Ok(&ticket), || format!("{ticket} is no UUID as they are written"))?;
            let twice = self.tickets.insert(ticket, id.to_owned());
            expect(twice.is_none(), || "a ticket was issued twice".to_owned())?;
        }
        self.changes += 1;
        Ok(())
    }

    /// Those of `people` who have something in the slot, sorted.
    fn busy(&self, people: &BTreeSet<String>, slot: Slot) -> Vec<String> {
        let taken = |who: &&String| self.at(who, slot).is_some();
        people.iter().filter(taken).cloned().collect()
    }

    fn at(&self, who: &str, slot: Slot) -> Option<usize> {
        self.entries.iter().position(|entry| entry.slot == slot && entry.people.contains(who))
    }

    fn take(&mut self, reply: &Reply, who: &str, slot: Slot, meeting: Option<&Meeting>) -> Checked {
        let entry = Entry::new(who, slot, meeting);
        let busy = self.busy(&entry.people, slot);
        if !busy.is_empty() {
            return refused(reply, "CONFLICT", &json!({"busy": busy}));
        }
        if let Some(full) = self.full(2, entry.people.len() as u64) {
            return refused(reply, "FULL", &full);
        }
        ok(reply, &entry.shown(who))?;
        self.entries.push(entry);
        self.changes += 1;
        Ok(())
    }

    /// Which entry `who` may free there, or how that is refused.
    fn to_free(&self, who: &str, slot: Slot) -> Result<usize, (&'static str, Value)> {
        let at = self.at(who, slot).ok_or(("NOT_FOUND", json!({})))?;
        let owner = &self.entries[at].owner;
        if owner == who { Ok(at) } else { Err(("FORBIDDEN", json!({"host": owner}))) }
    }

    fn put(&mut self, reply: &Reply, who: &str, old: Slot, new: Slot, meeting: Option<&Meeting>) -> Checked {
        let at = match self.to_free(who, old) {
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
        let mut shown = entry.shown(who);
        shown["replaced"] = replaced.shown_replaced(&entry);
        let mut reply = reply.clone();
        if let Some(removed) = reply.body.pointer_mut("/replaced/removed").and_then(Value::as_array_mut) {
            removed.sort_by_key(Value::to_string);
        }
        ok(&reply, &shown)?;
        self.entries.push(entry);
        self.changes += 1;
        Ok(())
    }

    fn delete(&mut self, reply: &Reply, who: &str, slot: Slot) -> Checked {
        let at = match self.to_free(who, slot) {
            Ok(at) => at,
            Err((code, fields)) => return refused(reply, code, &fields),
        };
        let kind = if self.entries[at].meeting.is_some() { "meeting" } else { "block" };
        ok(reply, &json!({"name": who, "date": civil(slot.date), "time": time(slot.hour), "deleted": kind}))?;
        self.entries.remove(at);
        self.changes += 1;
        Ok(())
    }

    fn day(&self, who: &str, date: NaiveDate) -> Value {
        let hours = (0..24).filter_map(|hour| {
            let entry = &self.entries[self.at(who, Slot { date, hour })?];
            Some(json!({"time": time(hour), "meet": entry.meet()}))
        });
        json!({"name": who, "date": civil(date), "schedule": hours.collect::<Vec<_>>()})
    }

    fn hod(&self, reply: &Reply, who: &str, now: [NaiveDateTime; 2]) -> Checked {
        if who != HEAD {
            return refused(reply, "FORBIDDEN", &json!({}));
        }
        // The hour may have struck between question and answer.
        let said = Reply { rows: reply.rows.iter().map(in_order).collect(), ..reply.clone() };
        let should = now.map(|now| self.month(now));
        let count = json!({"count": reply.rows.len()});
        expect(should.contains(&said.rows) && said.code.is_none() && said.body == count, || {
            format!("the month should be {:?}", should[0])
        })
    }

    fn month(&self, now: NaiveDateTime) -> Vec<Value> {
        let hours = (0..MONTH).filter_map(|back| {
            let then = now - TimeDelta::hours(back);
            let slot = Slot { date: then.date(), hour: then.hour() };
            let here = self.entries.iter().filter(|entry| entry.slot == slot && entry.meeting.is_some());
            let meetings: Vec<Value> = here.map(Entry::meet).collect();
            let row = json!({"date": civil(slot.date), "time": time(slot.hour), "meetings": meetings});
            (!meetings.is_empty()).then(|| in_order(&row))
        });
        hours.collect()
    }

    fn stats(&self, reply: &Reply) -> Checked {
        let known = json!({
            "events": self.events.len(), "tickets": self.tickets.len(), "ticket_ids": self.tickets.len(), "entries": self.entries.len(),
            "person_hours": self.held()[2], "sequence": self.changes, "snapshot_sequence": self.snapshot, "read_only": false,
        });
        for (field, value) in known.as_object().expect("it is one") {
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

    fn made(&mut self, reply: &Reply) -> Checked {
        let sequence = reply.ok()["sequence"].as_u64().unwrap_or(u64::MAX);
        let all = sequence == self.changes || !self.durable && sequence <= self.changes;
        expect(all, || format!("{} changes were made", self.changes))?;
        expect(reply.number("bytes") > 0 && reply.body["milliseconds"].is_u64(), || "no size".to_owned())?;
        self.snapshot = sequence;
        Ok(())
    }
}

impl Event {
    fn shown(&self) -> Value {
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
        let meeting = meeting.map(|asked| {
            owner = asked.host.clone().unwrap_or(owner.clone());
            people.insert(owner.clone());
            people.extend(asked.group.iter().cloned());
            let mut group: Vec<String> = Vec::new();
            for member in &asked.group {
                if !group.contains(member) {
                    group.push(member.clone());
                }
            }
            Meeting { title: asked.title.clone(), group, host: Some(owner.clone()) }
        });
        Self { slot, people, owner, meeting }
    }

    /// As PUT tells of what it replaced by `new`.
    fn shown_replaced(&self, new: &Self) -> Value {
        let mut said = json!({"date": civil(self.slot.date), "time": time(self.slot.hour)});
        if self.meeting.is_some() {
            said["title"] = self.meet()["title"].clone();
            said["group"] = self.meet()["group"].clone();
            said["host"] = self.meet()["host"].clone();
            said["removed"] = json!(self.people.difference(&new.people).collect::<Vec<_>>());
        }
        said
    }

    /// As BLOCK and MEET answer.
    fn shown(&self, who: &str) -> Value {
        let mut said = json!({"name": who, "date": civil(self.slot.date), "time": time(self.slot.hour)});
        if let Some(meeting) = &self.meeting {
            said["title"] = json!(meeting.title);
            said["group"] = json!(meeting.group);
            said["host"] = json!(self.owner);
        }
        said
    }

    /// As a day or a month shows it.
    fn meet(&self) -> Value {
        match &self.meeting {
            None => json!({"title": "", "group": [], "host": self.owner}),
            Some(meeting) => json!({"title": meeting.title, "group": meeting.group, "host": self.owner}),
        }
    }
}

/// A row of the month with its meetings in an order of ours: the document promises none.
fn in_order(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(meetings) = row["meetings"].as_array_mut() {
        meetings.sort_by_key(Value::to_string);
    }
    row
}

fn hello(reply: &Reply) -> Checked {
    let said = reply.ok();
    for (field, value) in [
        ("server", json!("bookline")),
        ("protocol", json!(1)),
        ("welcome", json!("Welcome to the ticket reservation system")),
        ("max_line", json!(65_536)),
        ("time_zone", json!("UTC")),
    ] {
        expect(said[field] == value, || format!("{field} should be {value}"))?;
    }
    let now = said["now"].as_str().map(chrono::DateTime::parse_from_rfc3339);
    expect(matches!(now, Some(Ok(_))), || "now is no time".to_owned())
}

fn help(reply: &Reply, verb: Option<&str>) -> Checked {
    let rows = &reply.rows;
    let whole = |row: &Value| {
        ["command", "usage", "help"].iter().all(|field| row[field].as_str().is_some_and(|t| !t.is_empty()))
    };
    expect(rows.iter().all(whole) && !rows.is_empty(), || "rows of command, usage and help".to_owned())?;
    expect(verb.is_none_or(|verb| rows.iter().all(|row| row["command"] == verb)), || {
        format!("only rows of {verb:?}")
    })?;
    expect(reply.code.is_none() && reply.body == json!({"count": rows.len()}), || "their count".to_owned())
}

fn ok(reply: &Reply, should: &Value) -> Checked {
    let right = reply.code.is_none() && reply.rows.is_empty() && &reply.body == should;
    expect(right, || format!("it should be OK {should}"))
}

/// Is it this refusal, with these fields beside message and retry, and no others?
fn refused(reply: &Reply, code: &str, fields: &Value) -> Checked {
    let mut said = reply.body.clone();
    let message = said["message"].as_str().is_some_and(|message| message.len() > 10);
    let retry = said["retry"] == json!(false);
    if let Some(said) = said.as_object_mut() {
        said.retain(|field, _| !["message", "retry", "did_you_mean"].contains(&field.as_str()));
    }
    if let Some(busy) = said["busy"].as_array_mut() {
        busy.sort_by_key(Value::to_string);
    }
    if said["busy"].is_null()
        && let Some(said) = said.as_object_mut()
    {
        said.remove("busy");
    }
    let right = reply.code.as_deref() == Some(code) && reply.rows.is_empty() && message && retry;
    expect(right && &said == fields, || format!("it should be ERR {code} with {fields}"))
}

fn expect(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

/// A date as calendars answer it.
pub fn civil(date: NaiveDate) -> String {
    date.format("%d-%m-%Y").to_string()
}

/// An hour.
pub fn time(hour: u32) -> String {
    format!("{hour:02}:00")
}
