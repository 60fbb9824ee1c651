//! Lines of replies, as a client reads them.

use serde::Deserialize;
use thiserror::Error;

use super::clash::Clash;
use crate::ticket::TicketId;
use crate::timestamp::Timestamp;

/// One line of a reply. JSON objects are left as text, for the caller to deserialize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyLine<'a> {
    /// One of several objects; more lines follow.
    Row(&'a str),
    /// The final line of a request that was granted.
    Ok(&'a str),
    /// The final line of a request that was refused.
    Err {
        /// The code, which [`crate::Code`] may not know.
        code: &'a str,
        /// The object, an [`ErrBody`].
        body: &'a str,
    },
    /// A change, between the lines of replies or after them. It belongs to no reply.
    Change {
        /// The sequence number of its commit.
        sequence: u64,
        /// The object, a [`super::ChangeBody`].
        body: &'a str,
    },
    /// A line of a later version of the protocol, with an unknown first word. It belongs to no reply; skip
    /// it.
    Unknown,
}

/// A line that no server of this protocol sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a line of reply: neither ROW, OK nor ERR CODE with a JSON object, nor another word")]
pub struct MalformedLine;

impl<'a> ReplyLine<'a> {
    /// Parses a line, with or without its end.
    ///
    /// # Errors
    ///
    /// The first word is not a word of capital letters, or what follows `ROW`, `OK` or `ERR` and its code
    /// does not look like a JSON object. The objects themselves are not validated.
    pub fn parse(line: &'a str) -> Result<Self, MalformedLine> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (word, rest) = line.split_once(' ').ok_or(MalformedLine)?;
        match word {
            "ROW" => object(rest).map(Self::Row),
            "OK" => object(rest).map(Self::Ok),
            "ERR" => {
                let (code, rest) = rest.split_once(' ').ok_or(MalformedLine)?;
                if code.is_empty() {
                    return Err(MalformedLine);
                }
                object(rest).map(|body| Self::Err { code, body })
            }
            "CHANGE" => {
                let (sequence, rest) = rest.split_once(' ').ok_or(MalformedLine)?;
                let sequence = sequence.parse().map_err(|_| MalformedLine)?;
                object(rest).map(|body| Self::Change { sequence, body })
            }
            _ if is_word(word) => Ok(Self::Unknown),
            _ => Err(MalformedLine),
        }
    }

    /// Whether the line ends its reply.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Ok(_) | Self::Err { .. })
    }
}

/// Whether a word can be the first of a line, in this version or a later one.
fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn object(text: &str) -> Result<&str, MalformedLine> {
    if text.starts_with('{') && text.ends_with('}') { Ok(text) } else { Err(MalformedLine) }
}

/// The object of an `ERR` line. Unknown fields are skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ErrBody {
    /// A sentence for people.
    pub message: String,
    /// Whether the same request may succeed later without a change.
    pub retry: bool,
    /// The event that the refusal is about, if the request is about several.
    #[serde(default)]
    pub event_id: Option<String>,
    /// SOLD_OUT: tickets that are left.
    #[serde(default)]
    pub available: Option<u32>,
    /// SOLD_OUT, CONFLICT: tickets that are held.
    #[serde(default)]
    pub held: Option<u32>,
    /// SOLD_OUT, LIMIT, CONFLICT: how many were requested. FULL: how many more were requested.
    #[serde(default)]
    pub requested: Option<u64>,
    /// FULL, LIMIT: the maximum.
    #[serde(default)]
    pub limit: Option<u64>,
    /// CONFLICT: tickets that are issued.
    #[serde(default)]
    pub issued: Option<u32>,
    /// CONFLICT: the status of the hold or the ticket, which this version may not know.
    #[serde(default)]
    pub status: Option<String>,
    /// EXPIRED: the deadline. CONFLICT: when the hold or the ticket got its status.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// NOT_FOUND, CONFLICT: the tickets that the refusal is about, or how many the event has.
    #[serde(default)]
    pub tickets: Option<ErrTickets>,
    /// CONFLICT: holds of the event.
    #[serde(default)]
    pub holds: Option<u32>,
    /// CONFLICT: the people who are busy.
    #[serde(default)]
    pub busy: Option<Vec<String>>,
    /// CONFLICT of a series: the occurrences that cannot be had, the first of them.
    #[serde(default)]
    pub clashes: Option<Vec<Clash<'static>>>,
    /// CONFLICT of a series: how many occurrences cannot be had.
    #[serde(default)]
    pub clash_count: Option<u32>,
    /// NOT_LEADER: the leader as `host:port`, if it is known.
    #[serde(default)]
    pub leader: Option<String>,
    /// FORBIDDEN: the host, who alone may change the meeting.
    #[serde(default)]
    pub host: Option<String>,
    /// FORBIDDEN: the least role that would be needed.
    #[serde(default)]
    pub needs: Option<String>,
    /// RATE_LIMITED: when the same request may succeed, in milliseconds from now.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    /// GONE: the smallest `since=` that would be granted.
    #[serde(default)]
    pub oldest: Option<u64>,
    /// BAD_REQUEST of a WATCH: the sequence number of the last commit.
    #[serde(default)]
    pub sequence: Option<u64>,
    /// UNKNOWN_COMMAND: the verb that was probably intended.
    #[serde(default)]
    pub did_you_mean: Option<String>,
}

/// The tickets of an [`ErrBody`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ErrTickets {
    /// How many valid tickets the event to delete has.
    Count(u32),
    /// The tickets that are unknown, or that cannot be cancelled.
    Ids(Vec<TicketId>),
}
