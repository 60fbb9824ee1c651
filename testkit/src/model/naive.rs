//! The model: sales and calendars, and what the server shows of itself.

use std::collections::{BTreeMap, BTreeSet};

use bookline_server::state::StateLimits;
use chrono::{NaiveDate, NaiveDateTime, Timelike};
use serde_json::{Value, json};

use super::calendar::{Calendar, in_order};
use super::check::{CheckResult, Outcome, Refusal, check_outcome, expect, hello, help, ok, refused};
use super::event::Event;
use super::keys::{Keys, limit_tickets};
use super::request::{CalendarRequest, Request, TicketList, TimeSearch, When, format_moment};
use super::sales::Sales;
use super::slot::Slot;
use super::time_search::{Found, find_times, is_in_window};
use crate::reply::Reply;

/// The state of the model.
#[derive(Debug, Clone)]
pub struct Model {
    sales: Sales,
    calendar: Calendar,
    keys: Keys,
    /// The number of commits, except for [`Self::unseen`].
    commits: u64,
    /// At most so many more commits of maintenance: one may be about several events.
    unseen: u64,
    /// The number of commits in the newest snapshot.
    snapshot: u64,
    /// The cursors of incomplete listings, and the last event before each.
    cursors: BTreeMap<String, (NaiveDate, String, String)>,
    /// The cursors of incomplete listings of tickets.
    ticket_cursors: BTreeMap<String, TicketCursor>,
    /// Whether a change is durable when it is acknowledged.
    durable: bool,
    /// Whether other clients may change calendars while a time is searched.
    has_concurrent_searches: bool,
    limits: StateLimits,
}

/// Where a listing of tickets goes on.
#[derive(Debug, Clone, PartialEq)]
struct TicketCursor {
    /// The id of the event, and its number.
    event: String,
    number: usize,
    /// The place of the next ticket to look at.
    place: usize,
}

const HEAD_OF_DEPARTMENT: &str = "F10";

/// The most days of a range.
const RANGE_DAYS_MAX: i64 = 366;

impl Model {
    pub fn new(durable: bool, limits: StateLimits) -> Self {
        Self {
            sales: Sales::new(limits),
            calendar: Calendar::new(limits.person_hours),
            keys: Keys::new(limits.keys),
            commits: 0,
            unseen: 0,
            snapshot: 0,
            cursors: BTreeMap::new(),
            ticket_cursors: BTreeMap::new(),
            durable,
            has_concurrent_searches: false,
            limits,
        }
    }

    /// The model of a server with several clients at once. A `MEET … first` looks at its days one after
    /// another and keeps no lock, so its reply need not be that of a single moment: an earlier hour may have
    /// become free meanwhile, or a later one taken before it. What is checked is that the time that it took
    /// is in the window and was free for all when it was taken, and of a refusal only its form.
    pub fn with_concurrent_searches(self) -> Self {
        Self { has_concurrent_searches: true, ..self }
    }

    /// The dates on which there is an entry.
    pub fn calendar_dates(&self) -> BTreeSet<NaiveDate> {
        self.calendar.dates()
    }

    /// The ids of all tickets that were ever issued.
    pub fn tickets(&self) -> Vec<&String> {
        self.sales.tickets.keys().chain(&self.sales.deleted_tickets).collect()
    }

    /// The ids of the tickets of the events that there are, valid or not.
    pub fn present_tickets(&self) -> Vec<&String> {
        self.sales.tickets.keys().collect()
    }

    /// The ids of the holds that are active or remembered.
    pub fn present_holds(&self) -> Vec<&String> {
        self.sales.holds.iter().map(|hold| &hold.id).collect()
    }

    /// The ids of all holds that there ever were, the active ones first.
    pub fn holds(&self) -> Vec<&String> {
        let (active, ended): (Vec<_>, Vec<_>) = self.sales.holds.iter().partition(|hold| hold.is_active());
        let present = active.into_iter().chain(ended).map(|hold| &hold.id);
        present.chain(&self.sales.former_holds).collect()
    }

    /// The deadlines of the active holds.
    pub fn deadlines(&self) -> Vec<NaiveDateTime> {
        let active = self.sales.holds.iter().filter(|hold| hold.is_active());
        active.map(|hold| hold.deadline).collect()
    }

    /// When each key was used that is remembered.
    pub fn key_times(&self) -> Vec<NaiveDateTime> {
        self.keys.times()
    }

    /// The keys of all requests so far, each with the first request that had it.
    pub fn asked_with_keys(&self) -> Vec<(&String, &Request)> {
        self.keys.asked().collect()
    }

    /// A repeat of each request whose reply is stored.
    pub fn repeats(&self) -> Vec<Request> {
        self.keys.repeats().collect()
    }

    /// The ids of the events.
    pub fn events(&self) -> Vec<&String> {
        self.sales.events.iter().map(|event| &event.id).collect()
    }

    pub fn generated_ids(&self) -> &[String] {
        &self.sales.generated_ids
    }

    pub fn cursors(&self) -> Vec<&String> {
        self.cursors.keys().collect()
    }

    /// The cursors of listings of tickets, each with the id of its event.
    pub fn ticket_cursors(&self) -> Vec<(&String, &String)> {
        self.ticket_cursors.iter().map(|(word, cursor)| (word, &cursor.event)).collect()
    }

    /// The number of acknowledged changes.
    pub fn changes(&self) -> u64 {
        self.commits
    }

    /// Records a restore from a backup: everything is in a snapshot.
    pub fn set_restored(&mut self) {
        self.snapshot = self.commits;
    }

    /// The server ends all due holds, as at a start.
    pub fn end_due_holds(&mut self, now: NaiveDateTime) {
        for event in self.events_with_due_holds(now) {
            self.end_due_holds_of(event, now);
        }
    }

    /// The numbers of the events with due holds.
    pub fn events_with_due_holds(&self, now: NaiveDateTime) -> Vec<usize> {
        self.sales.events_with_due_holds(now)
    }

    /// The server ends the due holds of one event.
    pub fn end_due_holds_of(&mut self, event: usize, now: NaiveDateTime) {
        self.sales.end_due_holds(event, now);
        self.unseen += 1;
    }

    /// The server does all of its maintenance.
    pub fn maintain(&mut self, now: NaiveDateTime) {
        self.end_due_holds(now);
        self.commits += u64::from(self.keys.forget_old(now));
        self.unseen += self.sales.forget_ended_holds(now) as u64;
    }

    /// Checks the reply to a request, and applies its change. `now` is the server's time.
    pub fn check(&mut self, request: &Request, reply: &Reply, now: NaiveDateTime) -> CheckResult {
        if let Request::Calendar(calendar) = request.without_key()
            && calendar.is_malformed()
        {
            return refused(reply, "BAD_REQUEST", &json!({}));
        }
        if let Request::Keyed { key, request } = request {
            self.keys.record_asked(key, request);
            return if request.is_change() {
                self.check_keyed(key, request, reply, now)
            } else {
                self.check(request, reply, now)
            };
        }
        if let Some(outcome) = self.apply(request, reply, now) {
            let outcome = outcome?;
            check_outcome(reply, &outcome)?;
            if outcome.is_ok() && request.is_change() {
                self.commits += 1;
            }
            return Ok(());
        }
        match request {
            Request::Invalid(code) => refused(reply, code, &json!({})),
            Request::List { limit, after } => self.list(reply, *limit, after.as_deref()),
            Request::Tickets(list) => self.list_tickets(reply, list),
            Request::Range { who, first, last } => self.range(reply, who, *first, *last),
            Request::Hod { who, range } => self.hod(reply, who, *range, now),
            Request::Free(search) => self.free(reply, search, now),
            Request::Hello => hello(reply),
            Request::Help(verb) => help(reply, *verb),
            Request::Ping | Request::Quit => ok(reply, &json!({})),
            Request::Stats => self.stats(reply),
            Request::Snapshot => self.snapshot_made(reply),
            request => unreachable!("it is applied: {request:?}"),
        }
    }

    /// Applies a request about sales or calendars, and returns its outcome. `None` if it is about something
    /// else. New ids are those of the reply; the error says what is wrong with them.
    fn apply(
        &mut self,
        request: &Request,
        reply: &Reply,
        now: NaiveDateTime,
    ) -> Option<Result<Outcome, String>> {
        match request {
            Request::Calendar(request) => Some(self.apply_to_calendar(request, reply, now)),
            request => self.sales.apply(request, reply, now),
        }
    }

    fn apply_to_calendar(
        &mut self,
        request: &CalendarRequest,
        reply: &Reply,
        now: NaiveDateTime,
    ) -> Result<Outcome, String> {
        if self.has_concurrent_searches
            && let CalendarRequest::Take { who, when: When::First(window), meeting } = request
        {
            let Some(start) = start_in(reply) else { return check_no_time(reply) };
            expect(is_in_window(window, start, now), || "the time is not in the window".to_owned())?;
            let when = When::At { slot: start, hours: window.hours, recurrence: None };
            let taken = CalendarRequest::Take { who: who.clone(), when, meeting: meeting.clone() };
            return Ok(self.calendar.apply(&taken, "", now));
        }
        let series = reply.body["series"].as_str().unwrap_or_default();
        if request.creates_series() && reply.is_ok() {
            let is_id = series.len() == 16 && series.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
            expect(is_id, || "no id of a series".to_owned())?;
            expect(!self.calendar.has_series(series), || "the id of another series".to_owned())?;
        }
        Ok(self.calendar.apply(request, series, now))
    }

    /// Checks the reply to a change with a key.
    fn check_keyed(
        &mut self,
        key: &str,
        request: &Request,
        reply: &Reply,
        now: NaiveDateTime,
    ) -> CheckResult {
        if let Some(checked) = self.keys.check_used(key, request, reply) {
            return checked;
        }
        if self.keys.check_full().is_err() {
            self.commits += u64::from(self.keys.forget_for_another(now));
        }
        if let Some(refusal) = self.refusal_of_key(request, reply, now) {
            return check_outcome(reply, &Err(refusal));
        }
        self.check(request, reply, now)?;
        if reply.is_ok() {
            self.keys.add(key, request, reply, now);
        }
        Ok(())
    }

    /// The refusal of a request that would be granted without its key.
    fn refusal_of_key(&self, request: &Request, reply: &Reply, now: NaiveDateTime) -> Option<Refusal> {
        let refusal = match self.clone().apply(request, reply, now) {
            Some(Ok(Err(refusal))) => Some(refusal),
            // A refusal has no new ids, which the model would take from it.
            _ => None,
        };
        let full = || if refusal.is_none() { self.keys.check_full().err() } else { None };
        limit_tickets(request, refusal.as_ref()).or_else(full)
    }

    fn list(&mut self, reply: &Reply, limit: Option<usize>, after: Option<&str>) -> CheckResult {
        let behind = after.map(|word| &self.cursors[word]);
        let place = |event: &Event| (event.date, event.name.clone(), event.id.clone());
        let mut listed: Vec<_> = self.sales.events.iter().collect();
        listed.sort_by_key(|event| place(event));
        listed.retain(|event| behind.is_none_or(|behind| place(event) > *behind));
        let is_incomplete = limit.is_some_and(|limit| limit < listed.len());
        listed.truncate(limit.unwrap_or(usize::MAX));
        let rows: Vec<Value> = listed.iter().map(|event| self.sales.event_json(event)).collect();
        let last = listed.last().map(|event| place(event));
        if let Some(word) = check_listing(reply, &rows, is_incomplete)? {
            self.cursors.insert(word, last.expect("a limit above zero"));
        }
        Ok(())
    }

    fn list_tickets(&mut self, reply: &Reply, list: &TicketList) -> CheckResult {
        let Some(event) = self.sales.events.iter().find(|event| event.id == list.event) else {
            return refused(reply, "NOT_FOUND", &json!({}));
        };
        let after = list.after.as_ref().map(|word| &self.ticket_cursors[word]);
        if after.is_some_and(|after| after.number != event.number) {
            return refused(reply, "NOT_FOUND", &json!({}));
        }
        let from = after.map_or(0, |after| after.place);
        let mut listed = self.sales.in_order(event);
        listed.retain(|(_, ticket)| {
            ticket.place >= from && list.lists(ticket.status, ticket.attendee.as_deref())
        });
        let next = list.limit.and_then(|limit| listed.get(limit)).map(|(_, ticket)| ticket.place);
        listed.truncate(list.limit.unwrap_or(usize::MAX));
        let rows = listed
            .iter()
            .map(|(id, ticket)| ticket.to_json(if list.whole_ids { id } else { &id[id.len() - 6..] }));
        let (rows, number): (Vec<_>, _) = (rows.collect(), event.number);
        if let Some(word) = check_listing(reply, &rows, next.is_some())? {
            let place = next.expect("an incomplete listing");
            let cursor = TicketCursor { event: list.event.clone(), number, place };
            let known = self.ticket_cursors.insert(word, cursor.clone());
            expect(known.is_none_or(|known| known == cursor), || "a cursor of two places".to_owned())?;
        }
        Ok(())
    }

    fn range(&self, reply: &Reply, who: &str, first: NaiveDate, last: NaiveDate) -> CheckResult {
        if let Err(Refusal { code, fields }) = check_days(first, last) {
            return refused(reply, code, &fields);
        }
        let days = first.iter_days().take_while(|date| *date <= last);
        let days = days.map(|date| self.calendar.day(who, date));
        let days: Vec<_> = days.filter(|day| day["schedule"] != json!([])).collect();
        check_listing(reply, &days, false).map(|_| ())
    }

    fn hod(
        &self,
        reply: &Reply,
        who: &str,
        range: Option<(NaiveDate, NaiveDate)>,
        now: NaiveDateTime,
    ) -> CheckResult {
        if who != HEAD_OF_DEPARTMENT {
            return refused(reply, "FORBIDDEN", &json!({}));
        }
        if let Some(Err(Refusal { code, fields })) = range.map(|(first, last)| check_days(first, last)) {
            return refused(reply, code, &fields);
        }
        let sorted = Reply { rows: reply.rows.iter().map(in_order).collect(), ..reply.clone() };
        let rows = match range {
            None => self.calendar.month(now),
            Some((first, last)) => self.calendar.meetings(first, last),
        };
        check_listing(&sorted, &rows, false).map(|_| ())
    }

    fn free(&self, reply: &Reply, search: &TimeSearch, now: NaiveDateTime) -> CheckResult {
        match find_times(&|who, slot| self.calendar.is_busy(who, slot), search, now) {
            Err(Refusal { code, fields }) => refused(reply, code, &fields),
            Ok(Found::Times(rows)) => check_listing(reply, &rows, false).map(|_| ()),
            Ok(Found::Busy(busy)) => ok(reply, &json!({"count": 0, "busy": busy})),
        }
    }

    fn stats(&mut self, reply: &Reply) -> CheckResult {
        let active = self.sales.holds.iter().filter(|hold| hold.is_active()).count();
        self.see_commits(reply.number("sequence"))?;
        let known = json!({
            "events": self.sales.events.len(), "tickets": self.sales.issued_in_all(),
            "ticket_ids": self.sales.tickets.len(), "holds": active,
            "ended_holds": self.sales.holds.len() - active, "name_bytes": self.sales.name_bytes(),
            "keys": self.keys.len(), "key_bytes": self.keys.bytes(),
            "oldest_key": self.keys.oldest().map(format_moment), "entries": self.calendar.entries(), "person_hours": self.calendar.person_hours(),
            "snapshot_sequence": self.snapshot, "read_only": false,
            "max_events": self.limits.events, "max_tickets": self.limits.tickets,
            "max_person_hours": self.limits.person_hours, "max_holds": self.limits.holds,
            "max_ended_holds": self.limits.ended_holds, "max_name_bytes": self.limits.name_bytes,
            "max_keys": self.limits.keys, "max_key_bytes": self.limits.key_bytes,
            "accounts": 0, "max_accounts": self.limits.accounts,
        });
        for (field, value) in known.as_object().expect("an object") {
            expect(&reply.body[field] == value, || format!("{field} should be {value}"))?;
        }
        let durable = reply.number("durable_sequence");
        expect(durable <= self.commits, || format!("only {} changes were made", self.commits))
    }

    /// Learns how many commits there are.
    fn see_commits(&mut self, sequence: u64) -> CheckResult {
        let possible = self.commits..=self.commits + self.unseen;
        expect(possible.contains(&sequence), || format!("sequence should be in {possible:?}"))?;
        (self.commits, self.unseen) = (sequence, 0);
        Ok(())
    }

    fn snapshot_made(&mut self, reply: &Reply) -> CheckResult {
        let sequence = reply.ok()["sequence"].as_u64().unwrap_or(u64::MAX);
        if self.durable {
            self.see_commits(sequence)?;
        } else {
            let most = self.commits + self.unseen;
            expect(sequence <= most, || format!("{most} changes were made"))?;
        }
        expect(reply.number("bytes") > 0 && reply.body["milliseconds"].is_u64(), || {
            "no size or duration".to_owned()
        })?;
        self.snapshot = sequence;
        Ok(())
    }
}

impl TicketList {
    /// Whether a ticket with this status, for this attendee, is listed.
    fn lists(&self, status: &str, attendee: Option<&str>) -> bool {
        let has_status = match self.status {
            None => status != "cancelled",
            Some("all") => true,
            Some(only) => status == only,
        };
        let is_named = self.attendee.as_ref().is_none_or(|part| {
            attendee.is_some_and(|name| name.to_uppercase().contains(&part.to_uppercase()))
        });
        has_status && is_named
    }
}

/// The start of the entry that a reply is about.
fn start_in(reply: &Reply) -> Option<Slot> {
    let start = format!("{} {}", reply.body["date"].as_str()?, reply.body["time"].as_str()?);
    let start = NaiveDateTime::parse_from_str(&start, "%d-%m-%Y %H:%M").ok()?;
    Some(Slot { date: start.date(), hour: start.hour() })
}

/// Checks the form of the refusal of a search that found no time: `busy` has one person, or nobody if the
/// window is over.
fn check_no_time(reply: &Reply) -> Result<Outcome, String> {
    let busy = &reply.body["busy"];
    let is_refused = reply.code.as_deref() == Some("CONFLICT");
    expect(is_refused && busy.as_array().is_some_and(|busy| busy.len() <= 1), || {
        "it should be a time or ERR CONFLICT with at most one person".to_owned()
    })?;
    Ok(Err(Refusal::new("CONFLICT", json!({"busy": busy}))))
}

/// The refusal of a range of too many days.
fn check_days(first: NaiveDate, last: NaiveDate) -> Result<(), Refusal> {
    let days = (last - first).num_days() + 1;
    if days <= RANGE_DAYS_MAX {
        return Ok(());
    }
    Err(Refusal::new("LIMIT", json!({"limit": RANGE_DAYS_MAX, "requested": days})))
}

/// Checks the rows and the end of a listing. Returns the cursor, if it is incomplete.
fn check_listing(reply: &Reply, rows: &[Value], is_incomplete: bool) -> Result<Option<String>, String> {
    expect(reply.rows == rows, || format!("the rows should be {rows:?}"))?;
    let mut last = json!({"count": rows.len()});
    let mut cursor = None;
    if is_incomplete {
        let next = reply.body["next"].as_str().unwrap_or_default().to_owned();
        expect(!next.is_empty(), || "an incomplete listing without next".to_owned())?;
        last["next"] = json!(next);
        cursor = Some(next);
    }
    expect(reply.code.is_none() && reply.body == last, || format!("it should end with {last}"))?;
    Ok(cursor)
}
