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

/// One part in so many of the keys is forgotten at a time when another needs a place.
const FORGOTTEN_DIVISOR: u64 = 64;

/// All keys.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The keys that are remembered.
    used: BTreeMap<String, UsedKey>,
    /// The keys of all requests, granted or not, each with the first request that had it.
    asked: BTreeMap<String, Request>,
    keys_max: u64,
    /// The number of keys that were used.
    count: usize,
}

#[derive(Debug, Clone)]
struct UsedKey {
    /// In its canonical form.
    request: Request,
    /// The stored reply, without its line feed.
    line: String,
    at: NaiveDateTime,
    /// Its place in the order of use.
    order: usize,
}

impl Keys {
    pub fn new(keys_max: u64) -> Self {
        Self { used: BTreeMap::new(), asked: BTreeMap::new(), keys_max, count: 0 }
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
        let (request, line, order) = (request.canonical(), reply.line.clone(), self.count);
        self.count += 1;
        let used = UsedKey { request, line, at, order };
        self.used.insert(key.to_owned(), used);
    }

    /// The refusal of a key, if as many are remembered as may be.
    pub fn check_full(&self) -> Result<(), Refusal> {
        Refusal::check_full(self.keys_max, self.len(), 1)
    }

    /// Forgets keys whose place another needs. Returns whether there are any.
    pub fn forget_for_another(&mut self, now: NaiveDateTime) -> bool {
        let count = (self.keys_max / FORGOTTEN_DIVISOR).max(1) as usize;
        self.forget(now - TimeDelta::seconds(REMEMBERED_SECONDS_MIN), count)
    }

    /// Forgets keys that were used long ago. Returns whether there are any.
    pub fn forget_old(&mut self, now: NaiveDateTime) -> bool {
        self.forget(now - TimeDelta::hours(REMEMBERED_HOURS), usize::MAX)
    }

    /// Forgets the oldest of the keys that were used up to `through`.
    fn forget(&mut self, through: NaiveDateTime, count: usize) -> bool {
        let old = self.used.values().filter(|used| used.at <= through);
        let mut old: Vec<_> = old.map(|used| used.order).collect();
        old.sort_unstable();
        old.truncate(count);
        self.used.retain(|_, used| !old.contains(&used.order));
        !old.is_empty()
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
