//! Replies by code.

use std::collections::BTreeMap;

use bookline_protocol::Code;
use bookline_protocol::reply::{ErrBody, Reply};
use serde::Serialize;

use super::failure::{Failure, shown};
use super::work::Asked;

/// Refusals: how many of each code, and what those say that nobody expects.
#[derive(Debug, Default)]
pub struct Tally {
    /// Refusals while it was counted, by code.
    counted: BTreeMap<String, u64>,
    /// Refusals that the workload does not explain, whenever they came.
    pub unexpected: Vec<Unexpected>,
}

/// A refusal that the workload does not explain.
#[derive(Clone, Debug, Serialize)]
pub struct Unexpected {
    /// Its code.
    pub code: String,
    /// How many there were.
    pub count: u64,
    /// What the first one said.
    pub first: String,
}

impl Tally {
    /// Takes the code of a reply that is no OK.
    pub fn refuse(
        &mut self,
        asked: Asked,
        code: &str,
        message: impl FnOnce() -> String,
        is_counting: bool,
    ) -> bool {
        if is_counting {
            match self.counted.get_mut(code) {
                Some(count) => *count += 1,
                None => _ = self.counted.insert(code.to_owned(), 1),
            }
        }
        let expected = matches!(asked, Asked::Book(_)) && code == Code::SoldOut.as_str();
        if !expected {
            match self.unexpected.iter_mut().find(|unexpected| unexpected.code == code) {
                Some(unexpected) => unexpected.count += 1,
                None => {
                    let code = code.to_owned();
                    self.unexpected.push(Unexpected { code, count: 1, first: message() });
                }
            }
        }
        expected
    }

    /// Replies by code, OK among them, of so many that were counted in all.
    pub fn codes(&self, replies: u64) -> BTreeMap<String, u64> {
        let mut codes = self.counted.clone();
        let refused: u64 = codes.values().sum();
        codes.insert("OK".to_owned(), replies.saturating_sub(refused));
        codes
    }
}

/// The final line of a reply as the protocol reads it.
pub enum Final<'a> {
    /// OK with this object.
    Ok(&'a str),
    /// ERR with this code and object.
    Err(&'a str, &'a str),
}

/// Reads a final line: where a glance at its beginning does not tell what it is.
pub fn read(line: &[u8]) -> Result<Final<'_>, Failure> {
    match std::str::from_utf8(line).ok().map(Reply::parse) {
        Some(Ok(Reply::Ok(body))) => Ok(Final::Ok(body)),
        Some(Ok(Reply::Err { code, body })) => Ok(Final::Err(code, body)),
        _ => Err(Failure::Malformed { line: shown(line) }),
    }
}

/// What a refusal says to people.
pub fn message(body: &str) -> String {
    serde_json::from_str::<ErrBody>(body).map_or_else(|_| body.to_owned(), |body| body.message)
}
