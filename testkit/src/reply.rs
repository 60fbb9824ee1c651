//! Replies, decoded independently of the types of the server and the protocol crate.

use serde_json::Value;

/// The codes of the protocol.
pub const CODES: [&str; 22] = [
    "BAD_REQUEST",
    "UNKNOWN_COMMAND",
    "LINE_TOO_LONG",
    "INCOMPLETE",
    "KEY_REUSED",
    "NOT_FOUND",
    "GONE",
    "EXPIRED",
    "CLOSED",
    "LIMIT",
    "SOLD_OUT",
    "CONFLICT",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "RATE_LIMITED",
    "FULL",
    "BUSY",
    "READ_ONLY",
    "SHUTTING_DOWN",
    "INTERNAL",
    "NOT_LEADER",
    "UNAVAILABLE",
];

/// The rows and the final line of a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The final line as it was received, without its line feed.
    pub line: String,
    /// The objects of the ROW lines.
    pub rows: Vec<Value>,
    /// `None` for `OK`, otherwise the code.
    pub code: Option<String>,
    /// The object of the final line.
    pub body: Value,
}

/// One line of a reply.
enum Line {
    /// `ROW {…}`
    Row(Value),
    /// `OK {…}`
    Ok(Value),
    /// `ERR CODE {…}`
    Err(String, Value),
}

impl Line {
    /// Decodes a line and checks what holds for every line.
    fn decode(line: &str) -> Self {
        let object = |text: &str| {
            let value: Value =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("not JSON ({error}): {line:?}"));
            assert!(value.is_object(), "not an object: {line:?}");
            value
        };
        if let Some(text) = line.strip_prefix("ROW ") {
            return Self::Row(object(text));
        }
        if let Some(text) = line.strip_prefix("OK ") {
            return Self::Ok(object(text));
        }
        let err = line.strip_prefix("ERR ").and_then(|rest| rest.split_once(' '));
        let (code, text) = err.unwrap_or_else(|| panic!("neither ROW, OK nor ERR: {line:?}"));
        let body = object(text);
        assert!(CODES.contains(&code), "unknown code: {line:?}");
        assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "no message: {line:?}");
        let retry = matches!(
            code,
            "RATE_LIMITED" | "BUSY" | "SHUTTING_DOWN" | "READ_ONLY" | "NOT_LEADER" | "UNAVAILABLE"
        );
        assert_eq!(body["retry"], Value::Bool(retry), "retry of {code} is {retry}: {line:?}");
        Self::Err(code.to_owned(), body)
    }
}

/// A reply whose final line is missing.
#[derive(Debug, Default)]
pub struct PartialReply {
    rows: Vec<Value>,
}

impl PartialReply {
    /// Adds a line, and returns the reply if it is the final one.
    pub fn add(&mut self, line: &str) -> Option<Reply> {
        let (code, body) = match Line::decode(line) {
            Line::Row(row) => {
                self.rows.push(row);
                return None;
            }
            Line::Ok(body) => (None, body),
            Line::Err(code, body) => (Some(code), body),
        };
        Some(Reply { line: line.to_owned(), rows: std::mem::take(&mut self.rows), code, body })
    }

    /// Whether it has no line.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Reply {
    pub fn is_ok(&self) -> bool {
        self.code.is_none()
    }

    /// The object of an `OK`; panics on a refusal.
    #[track_caller]
    pub fn ok(&self) -> &Value {
        assert!(self.is_ok(), "expected OK, got {self:?}");
        &self.body
    }

    /// The object of a refusal with this code; panics on any other reply.
    #[track_caller]
    pub fn err(&self, code: &str) -> &Value {
        assert_eq!(self.code.as_deref(), Some(code), "expected ERR {code}, got {self:?}");
        &self.body
    }

    /// A number in the final object.
    #[track_caller]
    pub fn number(&self, field: &str) -> u64 {
        self.body[field].as_u64().unwrap_or_else(|| panic!("no number {field} in {self:?}"))
    }

    /// The ticket ids of a BOOK.
    #[track_caller]
    pub fn tickets(&self) -> Vec<String> {
        words(&self.ok()["tickets"])
    }

    /// The `busy` list of a CONFLICT, sorted.
    #[track_caller]
    pub fn busy(&self) -> Vec<String> {
        let mut busy = words(&self.err("CONFLICT")["busy"]);
        busy.sort();
        busy
    }
}

/// An array of strings.
#[track_caller]
pub fn words(value: &Value) -> Vec<String> {
    let array = value.as_array().unwrap_or_else(|| panic!("not an array: {value}"));
    array
        .iter()
        .map(|word| word.as_str().unwrap_or_else(|| panic!("not a string: {word}")).to_owned())
        .collect()
}
