//! A client that books, cancels, blocks, schedules, deletes and reads. Each of its changes has a key, so that
//! it asks again until it knows what became of it.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use bookline_testkit::{Reply, Rng};

use super::fixture::{Fixture, TICKETS};
use super::follower::{Asked, Follower, LateReply, NoReply};
use super::progress::Progress;
use super::record::Record;
use super::request::Request;

/// The longest pause between two requests. The servers share their processors with the clients, and NATS has
/// to be on time in its elections. And a member that is started again reads the whole log, one message after
/// another.
const PAUSE_MAX: Duration = Duration::from_millis(80);

pub struct Client<'a> {
    number: usize,
    fixture: &'a Fixture,
    progress: &'a Progress,
    follower: Follower,
    rng: Rng,
    /// The tickets of each event that it has and has not asked to cancel.
    owned: Vec<Vec<String>>,
    /// The lines of its changes that were granted, and the replies.
    granted: Vec<(String, String)>,
    /// What it asked with attempts that got no reply.
    in_doubt: HashMap<String, (Request, Option<String>)>,
    records: Vec<Record>,
}

/// What a client has done.
pub struct ClientLog {
    pub records: Vec<Record>,
    /// The lines of its changes that were granted, and the replies.
    pub granted: Vec<(String, String)>,
}

impl<'a> Client<'a> {
    pub fn new(
        number: usize,
        fixture: &'a Fixture,
        progress: &'a Progress,
        follower: Follower,
        rng: Rng,
    ) -> Self {
        Self {
            number,
            fixture,
            progress,
            follower,
            rng,
            owned: vec![Vec::new(); TICKETS.len()],
            granted: Vec::new(),
            in_doubt: HashMap::new(),
            records: Vec::new(),
        }
    }

    /// Asks until the load is stopped.
    pub fn run(mut self) -> ClientLog {
        while !self.progress.is_stopped() {
            match self.rng.below(24) {
                0 => self.repeat(),
                1..5 => {
                    if let Some(request) = Request::draw_cancel(&mut self.owned, &mut self.rng) {
                        self.execute(request);
                    }
                }
                _ => {
                    let request = Request::draw(&mut self.rng);
                    self.execute(request);
                }
            }
            thread::sleep(PAUSE_MAX.mul_f64(self.rng.below(1_000) as f64 / 1_000.0));
        }
        self.finish()
    }

    fn execute(&mut self, request: Request) {
        let mut line = request.line(self.fixture);
        let key = request.changes().then(|| format!("client-{}-{:016x}", self.number, self.rng.next()));
        if let Some(key) = &key {
            line += &format!(" key={key}");
        }
        let (client, request_again) = (self.number, request.clone());
        let mut record = |sent, answer| {
            let (request, key) = (request.clone(), key.clone());
            self.records.push(Record { client, request, key, sent, answer });
        };
        let in_doubt_since = match self.follower.ask(&line) {
            Ok(Asked { reply, sent, received, in_doubt_since }) => {
                assert!(request.allows(&reply), "client {client} sent {line} and got {}", reply.line);
                if request.changes() && reply.is_ok() {
                    record(in_doubt_since.unwrap_or(sent), Some((received, reply.clone())));
                    self.granted.push((line.clone(), reply.line.clone()));
                    self.progress.granted(client, sent.at, received.at);
                } else {
                    // It says nothing about an attempt that is executed after it.
                    if request.changes()
                        && let Some(sent) = in_doubt_since
                    {
                        record(sent, None);
                    }
                    record(sent, Some((received, reply.clone())));
                }
                self.own(&request, &reply);
                in_doubt_since
            }
            Err(NoReply { in_doubt_since }) => {
                let in_doubt = in_doubt_since.filter(|_| request.changes());
                in_doubt.into_iter().for_each(|sent| record(sent, None));
                self.progress.gave_up(&line);
                in_doubt_since
            }
        };
        if in_doubt_since.is_some() {
            self.in_doubt.insert(line, (request_again, key));
        }
    }

    fn own(&mut self, request: &Request, reply: &Reply) {
        if let Request::Book { event, .. } = request
            && reply.is_ok()
        {
            self.owned[*event].extend(reply.tickets());
        }
    }

    /// Sends a change again that was granted: the reply is the same.
    fn repeat(&mut self) {
        if self.granted.is_empty() {
            return;
        }
        let (line, granted) = self.rng.pick(&self.granted).clone();
        match self.follower.ask(&line) {
            Ok(Asked { reply, .. }) => {
                assert_eq!(reply.line, granted, "another reply to the same key: {line}");
            }
            Err(NoReply { .. }) => self.progress.gave_up(&line),
        }
    }

    fn finish(mut self) -> ClientLog {
        // There is nobody who would answer after a failure.
        if self.progress.shared.is_aborted.load(Ordering::Relaxed) {
            return ClientLog { records: self.records, granted: self.granted };
        }
        let follower = self.follower;
        let mut granted: HashMap<&str, &str> = HashMap::new();
        granted.extend(self.granted.iter().map(|(line, reply)| (line.as_str(), reply.as_str())));
        for late in follower.late_replies() {
            let LateReply { line, sent, received, reply } = late;
            if matches!(reply.code.as_deref(), Some("NOT_LEADER" | "UNAVAILABLE")) {
                continue;
            }
            match granted.get(line.as_str()) {
                Some(known) if reply.is_ok() => {
                    assert_eq!(reply.line, *known, "a late reply to the same key: {line}");
                }
                _ => {
                    let Some((request, key)) = self.in_doubt.get(&line) else { continue };
                    assert!(request.allows(&reply), "{line} got late {}", reply.line);
                    let (request, key) = (request.clone(), key.clone());
                    if reply.is_ok() && request.changes() {
                        // It is known now that it was executed. It was not when the record was made.
                        self.records.retain(|record| record.key != key || record.answer.is_some());
                    }
                    let (client, answer) = (self.number, Some((received, reply)));
                    self.records.push(Record { client, request, key, sent, answer });
                }
            }
        }
        ClientLog { records: self.records, granted: self.granted }
    }
}
