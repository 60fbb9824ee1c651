//! Replies read in full, for those that the fast comparison by position does not recognize.

use bookline_protocol::reply::{ErrBody, ReplyLine};
use serde::Deserialize;

use crate::error::{Error, excerpt};

/// The final line of a reply.
pub enum FinalLine<'a> {
    Ok { body: &'a str },
    Err { code: &'a str, body: &'a str },
}

impl<'a> FinalLine<'a> {
    pub fn parse(line: &'a [u8]) -> Result<Self, Error> {
        match std::str::from_utf8(line).ok().map(ReplyLine::parse) {
            Some(Ok(ReplyLine::Ok(body))) => Ok(Self::Ok { body }),
            Some(Ok(ReplyLine::Err { code, body })) => Ok(Self::Err { code, body }),
            _ => Err(Error::Malformed { line: excerpt(line) }),
        }
    }
}

/// The object of a line that is an `OK` and has an object of this type.
pub fn parse_ok<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    match FinalLine::parse(line) {
        Ok(FinalLine::Ok { body }) => serde_json::from_str(body).ok(),
        _ => None,
    }
}

/// The code and the message of a refusal after which the same request may succeed.
#[cold]
pub fn parse_temporary_refusal(line: &[u8]) -> Option<(&str, String)> {
    let Ok(FinalLine::Err { code, body }) = FinalLine::parse(line) else { return None };
    let body = serde_json::from_str::<ErrBody>(body).ok()?;
    body.retry.then_some((code, body.message))
}

/// The message in the object of a refusal.
pub fn message(body: &str) -> String {
    serde_json::from_str::<ErrBody>(body).map_or_else(|_| body.to_owned(), |body| body.message)
}
