//! The model of keys: which requests used them, and the stored replies.

use std::collections::BTreeMap;

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::json;

use super::check::{CheckResult, Refusal, expect, refused};
use super::request::Request;
use crate::reply::Reply;

/// A key is remembered for so many hours.
const REMEMBERED_HOURS: i64 = 24;

/// A key is remembered for so many seconds even if another needs its place.
const REMEMBERED_SECONDS_MIN: i64 = 60;

/// What a key takes of `--max-key-bytes` besides its text and its reply.
const KEY_OVERHEAD_BYTES: u64 = 112;

/// The most tickets of a request with a key.
const KEYED_TICKETS_MAX: u64 = 1_000;

/// All keys.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The keys that are remembered.
    used: BTreeMap<String, UsedKey>,
    /// The keys of all requests, granted or not, each with the first request that had it.
    asked: BTreeMap<String, Request>,
    keys_max: u64,
}

#[derive(Debug, Clone)]
struct UsedKey {
    /// In its canonical form.
    request: Request,
    /// The stored reply, without its line feed.
    line: String,
    at: NaiveDateTime,
}

impl Keys {
    pub fn new(keys_max: u64) -> Self {
        Self { used: BTreeMap::new(), asked: BTreeMap::new(), keys_max }
    }

    pub fn record_asked(&mut self, key: &str, request: &Request) {
        self.asked.entry(key.to_owned()).or_insert_with(|| request.clone());
    }

    /// Checks the reply to a request whose key was used. `None` if it was not.
    pub fn check_used(&self, key: &str, request: &Request, reply: &Reply) -> Option<CheckResult> {
        let used = self.used.get(key)?;
        Some(if used.request == request.canonical() {
            expect(reply.rows.is_empty() && reply.line == used.line, || {
                format!("it should be the stored reply {}", used.line)
            })
        } else {
            refused(reply, "KEY_REUSED", &json!({}))
        })
    }

    /// Records that the request was granted.
    pub fn add(&mut self, key: &str, request: &Request, reply: &Reply, at: NaiveDateTime) {
        let used = UsedKey { request: request.canonical(), line: reply.line.clone(), at };
        self.used.insert(key.to_owned(), used);
    }

    /// The refusal of a key, if as many are remembered as may be.
    pub fn check_full(&self) -> Result<(), Refusal> {
        Refusal::check_full(self.keys_max, self.len(), 1)
    }

    /// Forgets keys whose place another needs. Returns whether there are any.
    pub fn forget_for_another(&mut self, now: NaiveDateTime) -> bool {
        self.forget(now - TimeDelta::seconds(REMEMBERED_SECONDS_MIN))
    }

    /// Forgets keys that were used long ago. Returns whether there are any.
    pub fn forget_old(&mut self, now: NaiveDateTime) -> bool {
        self.forget(now - TimeDelta::hours(REMEMBERED_HOURS))
    }

    fn forget(&mut self, through: NaiveDateTime) -> bool {
        let before = self.used.len();
        self.used.retain(|_, used| used.at > through);
        self.used.len() < before
    }

    pub fn len(&self) -> u64 {
        self.used.len() as u64
    }

    /// What the keys take of `--max-key-bytes`. The line feed of a reply counts.
    pub fn bytes(&self) -> u64 {
        let bytes = |(key, used): (&String, &UsedKey)| key.len() + used.line.len() + 1;
        self.used.iter().map(|used| KEY_OVERHEAD_BYTES + bytes(used) as u64).sum()
    }

    /// When the oldest key was used.
    pub fn oldest(&self) -> Option<NaiveDateTime> {
        self.used.values().map(|used| used.at).min()
    }

    /// When each key was used, in the order of the keys.
    pub fn times(&self) -> Vec<NaiveDateTime> {
        self.used.values().map(|used| used.at).collect()
    }

    /// The keys of all requests so far, each with the first that had it.
    pub fn asked(&self) -> impl Iterator<Item = (&String, &Request)> {
        self.asked.iter()
    }

    /// The requests that are answered by a stored reply.
    pub fn repeats(&self) -> impl Iterator<Item = Request> {
        self.used.iter().map(|(key, used)| used.request.clone().with_key(key.clone()))
    }
}

/// The outcome of a request because it has a key, where that differs from its outcome without one.
pub fn limit_tickets(request: &Request, refusal: Option<&Refusal>) -> Option<Refusal> {
    let Request::Book { bookings, .. } = request else { return None };
    let requested: u64 = bookings.iter().map(|(_, count)| count).sum();
    let is_earlier = refusal.is_some_and(|refusal| ["NOT_FOUND", "CLOSED"].contains(&refusal.code));
    let fields = json!({"limit": KEYED_TICKETS_MAX, "requested": requested});
    (requested > KEYED_TICKETS_MAX && !is_earlier).then(|| Refusal::new("LIMIT", fields))
}
