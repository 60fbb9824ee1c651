//! `CHANGE` lines, decoded independently of the types of the server and the protocol crate.

use serde_json::Value;

/// A line about a change that a connection watches.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeLine {
    /// The sequence number of its commit.
    pub sequence: u64,
    pub body: Value,
}

impl ChangeLine {
    /// Decodes a line, unless it is one of a reply.
    #[track_caller]
    pub fn decode(line: &str) -> Option<Self> {
        let (sequence, object) =
            line.strip_prefix("CHANGE ")?.split_once(' ').expect("a number and an object");
        let sequence = sequence.parse().unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let body: Value = serde_json::from_str(object).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert!(body["kind"].is_string(), "no kind: {line:?}");
        Some(Self { sequence, body })
    }

    pub fn kind(&self) -> &str {
        self.body["kind"].as_str().unwrap_or_default()
    }

    /// Whether it is the last line of its commit.
    pub fn is_end(&self) -> bool {
        self.body["end"] == true
    }
}
