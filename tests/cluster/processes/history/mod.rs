//! What all clients of a scenario have asked and were answered, and whether that is right.
//!
//! Catches: a reply that no sequential order of the requests explains, for an event or for an hour: a stale
//! read, a change that is lost, made twice, or answered by a server that could not know; a ticket that is
//! sold twice; two replies to one key; more tickets than there are.

pub mod event;
pub mod hour;
mod operation;
mod search;
#[cfg(test)]
mod tests;
mod tickets;

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use bookline_testkit::Reply;
use bookline_testkit::reply::words;
use serde_json::Value;

use event::{Available, EventReply, EventRequest};
use hour::{Cell, Hour, HourReply, HourRequest, Meeting, PEOPLE};
use operation::{Answer, Operation};
use search::find_order;

use super::client::ClientLog;
use super::fixture::{Fixture, HOURS, TICKETS};
use super::follower::{Follower, Shared};
use super::record::Record;
use super::request::Request;

/// The number of the client that reads everything at the end.
const LAST_READER: usize = 99;

pub struct History {
    fixture: Fixture,
    shared: Arc<Shared>,
    records: Vec<Record>,
    /// The lines of the changes that were granted, and the replies.
    granted: Vec<(String, String)>,
}

impl History {
    pub fn new(fixture: Fixture, shared: Arc<Shared>) -> Self {
        Self { fixture, shared, records: Vec::new(), granted: Vec::new() }
    }

    pub fn add(&mut self, log: ClientLog) {
        self.records.extend(log.records);
        self.granted.extend(log.granted);
    }

    pub fn add_reads(&mut self, reads: &[Record]) {
        self.records.extend_from_slice(reads);
    }

    /// How many replies there are, and of how many requests the outcome is unknown.
    pub fn counts(&self) -> (usize, usize) {
        let known = self.records.iter().filter(|record| record.answer.is_some()).count();
        (known, self.records.len() - known)
    }

    /// Asserts that no server with a lease has answered in this time.
    pub fn expect_no_answer(&self, during: &Range<Instant>) {
        for record in &self.records {
            let received = record.answer.as_ref().map(|(received, _)| received.at);
            assert!(
                !received.is_some_and(|received| during.contains(&received)),
                "answered without a log that answers: {record:?}"
            );
        }
    }

    /// Reads everything from the servers, and checks the history with it. No client asks meanwhile. It may be
    /// called again later.
    pub fn check(&mut self, servers: &mut Follower) {
        self.check_keys(servers);
        let listings: Vec<Reply> =
            (0..TICKETS.len()).map(|event| self.list_tickets(servers, event)).collect();
        for request in (0..TICKETS.len()).map(Request::Event).chain((0..PEOPLE).map(Request::Day)) {
            let asked = servers.must_ask(&request.line(&self.fixture));
            asked.reply.ok();
            // The two clocks are not the same, if the servers are others than those of the load.
            let (sent, received) = (self.shared.clock.now(), self.shared.clock.now());
            let answer = Some((received, asked.reply));
            self.records.push(Record { client: LAST_READER, request, key: None, sent, answer });
        }
        for (event, listing) in listings.iter().enumerate() {
            tickets::check(&self.records, event, listing);
        }
        self.explain();
    }

    /// Asserts that an order explains the replies about each event and each hour.
    fn explain(&self) {
        for (event, &total) in TICKETS.iter().enumerate() {
            let operations = self.event_operations(event);
            if let Err(what) = find_order(&Available(total), &operations) {
                panic!("{}: {what}", self.fixture.event(event));
            }
        }
        for hour in 0..HOURS {
            let operations = self.hour_operations(hour);
            if let Err(what) = find_order(&Hour::default(), &operations) {
                panic!("{} {}: {what}", self.fixture.date(), self.fixture.time(hour));
            }
        }
    }

    /// Sends every change that was granted again, with its key.
    fn check_keys(&self, servers: &mut Follower) {
        for (line, granted) in &self.granted {
            assert_eq!(servers.must_ask(line).reply.line, *granted, "another reply to the same key: {line}");
        }
    }

    /// All tickets that an event has had.
    fn list_tickets(&self, servers: &mut Follower, event: usize) -> Reply {
        let line = format!("TICKETS {} status=all ids=yes", self.fixture.event(event));
        let reply = servers.must_ask(&line).reply;
        reply.ok();
        reply
    }

    fn event_operations(&self, event: usize) -> Vec<Operation<Available>> {
        let of_event = self.records.iter().filter_map(|record| {
            let request = match &record.request {
                Request::Book { event: of, count } if *of == event => EventRequest::Book(*count),
                Request::Cancel { event: of, tickets } if *of == event => {
                    EventRequest::Cancel(tickets.len() as u64)
                }
                Request::Event(of) if *of == event => EventRequest::Read,
                _ => return None,
            };
            let answer = record.answer.as_ref().map(|(received, reply)| {
                let left = match (&reply.code, &record.request) {
                    (Some(_), _) => return Answer { received: received.tick, reply: sold_out(reply) },
                    (None, Request::Cancel { .. }) => reply.body["events"][0]["available_tickets"].as_u64(),
                    (None, _) => reply.body["available_tickets"].as_u64(),
                };
                let left = left.unwrap_or_else(|| panic!("no number of tickets: {record:?}"));
                Answer { received: received.tick, reply: EventReply::Left(left) }
            });
            Some(Operation { client: record.client, sent: record.sent.tick, request, answer })
        });
        of_event.collect()
    }

    fn hour_operations(&self, hour: usize) -> Vec<Operation<Hour>> {
        let of_hour = self.records.iter().filter_map(|record| {
            let request = match &record.request {
                Request::Block { who, hour: of } if *of == hour => HourRequest::Block(*who),
                Request::Meet { people, host, hour: of, title } if *of == hour => HourRequest::Meet {
                    people: people.clone(),
                    meeting: Meeting { title: *title, host: *host },
                },
                Request::Delete { who, hour: of } if *of == hour => HourRequest::Delete(*who),
                Request::Day(who) => HourRequest::Read(*who),
                _ => return None,
            };
            let answer = record.answer.as_ref().map(|(received, reply)| Answer {
                received: received.tick,
                reply: self.hour_reply(&record.request, hour, reply),
            });
            Some(Operation { client: record.client, sent: record.sent.tick, request, answer })
        });
        of_hour.collect()
    }

    fn hour_reply(&self, request: &Request, hour: usize, reply: &Reply) -> HourReply {
        let who = |name: &Value| {
            let who = name.as_str().and_then(|name| self.fixture.who(name));
            who.unwrap_or_else(|| panic!("{name} is not one of the people: {reply:?}"))
        };
        match (reply.code.as_deref(), request) {
            (None, Request::Delete { .. }) if reply.body["deleted"] == "block" => HourReply::DeletedBlock,
            (None, Request::Delete { .. }) => HourReply::DeletedMeeting,
            (None, Request::Day(_)) => HourReply::Shown(self.shown(hour, reply)),
            (None, _) => HourReply::Taken,
            (Some("CONFLICT"), _) => {
                let mut busy: Vec<usize> =
                    words(&reply.body["busy"]).into_iter().map(|name| who(&Value::from(name))).collect();
                busy.sort_unstable();
                HourReply::Busy(busy)
            }
            (Some("NOT_FOUND"), _) => HourReply::Nothing,
            (Some("FORBIDDEN"), _) => HourReply::HostIs(who(&reply.body["host"])),
            (Some(_), _) => panic!("{request:?} got {reply:?}"),
        }
    }

    /// What a day shows at an hour.
    fn shown(&self, hour: usize, day: &Reply) -> Cell {
        let schedule = day.body["schedule"].as_array().expect("a schedule");
        let at_hour = schedule.iter().find(|entry| {
            let time = entry["time"].as_str().unwrap_or_default();
            self.fixture.hour(time) == Some(hour)
        });
        let Some(entry) = at_hour else { return Cell::Free };
        let meet = &entry["meet"];
        match meet["title"].as_str().expect("a title").strip_prefix('t') {
            None => Cell::Block,
            Some(title) => {
                let host = meet["host"].as_str().and_then(|name| self.fixture.who(name));
                let title = title.parse().expect("the title of a meeting of a client");
                Cell::Meeting(Meeting { title, host: host.expect("one of the people") })
            }
        }
    }
}

fn sold_out(reply: &Reply) -> EventReply {
    let left = reply.err("SOLD_OUT")["available"].as_u64().expect("a number");
    EventReply::SoldOut(left)
}
