//! Lines of reply, read by a client.

use serde::Deserialize;
use thiserror::Error;

/// One line of reply. The objects are left as text: whoever needs one reads it into its struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyLine<'a> {
    /// One of many objects; more lines follow.
    Row(&'a str),
    /// The last line, all went well.
    Ok(&'a str),
    /// The last line, refused.
    Err {
        /// The code, known to [`crate::Code`] or not.
        code: &'a str,
        /// The object, see [`ErrBody`].
        body: &'a str,
    },
    /// A line that a later version of the protocol may send, with a first word that this version does not know. It
    /// belongs to no reply: skip it.
    Unknown,
}

/// A line that no server of this protocol writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a line of reply: neither ROW, OK nor ERR CODE with a JSON object, nor another word")]
pub struct MalformedLine;

impl<'a> ReplyLine<'a> {
    /// Reads a line, with or without its end.
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
            _ if is_word(word) => Ok(Self::Unknown),
            _ => Err(MalformedLine),
        }
    }

    /// Whether it ends the reply.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Ok(_) | Self::Err { .. })
    }
}

/// Whether this can be the first word of a line, in this version or a later one.
fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn object(text: &str) -> Result<&str, MalformedLine> {
    if text.starts_with('{') && text.ends_with('}') { Ok(text) } else { Err(MalformedLine) }
}

/// The object of an `ERR` line. Fields that this version does not know are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ErrBody {
    /// A sentence for people.
    pub message: String,
    /// Whether the same request may be granted later, unchanged.
    pub retry: bool,
    /// SOLD_OUT: tickets that are left.
    #[serde(default)]
    pub available: Option<u32>,
    /// SOLD_OUT: tickets that were asked for. FULL: how many more were asked for.
    #[serde(default)]
    pub requested: Option<u64>,
    /// FULL: the most that there may be.
    #[serde(default)]
    pub limit: Option<u64>,
    /// CONFLICT: who is busy.
    #[serde(default)]
    pub busy: Option<Vec<String>>,
    /// FORBIDDEN: who alone may.
    #[serde(default)]
    pub host: Option<String>,
    /// UNKNOWN_COMMAND: the verb that was probably meant.
    #[serde(default)]
    pub did_you_mean: Option<String>,
}
