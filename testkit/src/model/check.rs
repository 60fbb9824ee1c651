//! Comparison of replies with what the model expects.

use serde_json::{Value, json};

use crate::reply::Reply;

/// What is wrong with a reply, if anything.
pub type CheckResult = Result<(), String>;

/// The object of `OK`, or the refusal.
pub type Outcome = Result<Value, Refusal>;

/// A refusal: its code, and its fields besides `message`, `retry` and `did_you_mean`.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: &'static str,
    pub fields: Value,
}

impl Refusal {
    /// The refusal of `more` things beside those that count against `limit`, if they exceed it.
    pub fn check_full(limit: u64, count: u64, more: u64) -> Result<(), Self> {
        if more == 0 || count + more <= limit {
            return Ok(());
        }
        Err(Self::new("FULL", json!({"limit": limit, "requested": more})))
    }

    pub fn new(code: &'static str, fields: Value) -> Self {
        Self { code, fields }
    }

    pub fn not_found() -> Self {
        Self::new("NOT_FOUND", json!({}))
    }
}

/// Compares a reply with the outcome. The order of lists of people is not specified, except that of groups.
pub fn check_outcome(reply: &Reply, outcome: &Outcome) -> CheckResult {
    match outcome {
        Ok(expected) => ok(reply, expected),
        Err(Refusal { code, fields }) => refused(reply, code, fields),
    }
}

pub fn ok(reply: &Reply, expected: &Value) -> CheckResult {
    let right = reply.code.is_none() && reply.rows.is_empty() && &sorted(&reply.body) == expected;
    expect(right, || format!("it should be OK {expected}"))
}

/// Checks that the reply is this refusal, with exactly these fields besides `message`, `retry` and
/// `did_you_mean`.
pub fn refused(reply: &Reply, code: &str, fields: &Value) -> CheckResult {
    let mut json = sorted(&reply.body);
    let message = json["message"].as_str().is_some_and(|message| message.len() > 10);
    let retry = json["retry"] == json!(false);
    if let Some(json) = json.as_object_mut() {
        json.retain(|field, _| !["message", "retry", "did_you_mean"].contains(&field.as_str()));
    }
    let right = reply.code.as_deref() == Some(code) && reply.rows.is_empty() && message && retry;
    expect(right && &json == fields, || format!("it should be ERR {code} with {fields}"))
}

/// The object of a reply with its lists of people sorted.
fn sorted(body: &Value) -> Value {
    let mut body = body.clone();
    for list in ["/busy", "/replaced/removed"] {
        if let Some(people) = body.pointer_mut(list).and_then(Value::as_array_mut) {
            people.sort_by_key(Value::to_string);
        }
    }
    body
}

pub fn hello(reply: &Reply) -> CheckResult {
    let json = reply.ok();
    for (field, value) in [
        ("server", json!("bookline")),
        ("protocol", json!(1)),
        ("welcome", json!("Welcome to the ticket reservation system")),
        ("max_line", json!(65_536)),
        ("time_zone", json!("UTC")),
    ] {
        expect(json[field] == value, || format!("{field} should be {value}"))?;
    }
    let now = json["now"].as_str().map(chrono::DateTime::parse_from_rfc3339);
    expect(matches!(now, Some(Ok(_))), || "now is not a time".to_owned())
}

pub fn help(reply: &Reply, verb: Option<&str>) -> CheckResult {
    let rows = &reply.rows;
    let whole = |row: &Value| {
        ["command", "usage", "help"].iter().all(|field| row[field].as_str().is_some_and(|t| !t.is_empty()))
    };
    expect(rows.iter().all(whole) && !rows.is_empty(), || "rows of command, usage and help".to_owned())?;
    expect(verb.is_none_or(|verb| rows.iter().all(|row| row["command"] == verb)), || {
        format!("only rows of {verb:?}")
    })?;
    expect(reply.code.is_none() && reply.body == json!({"count": rows.len()}), || {
        "the count of the rows".to_owned()
    })
}

pub fn expect(holds: bool, what: impl FnOnce() -> String) -> CheckResult {
    if holds { Ok(()) } else { Err(what()) }
}
