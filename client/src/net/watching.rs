//! What a connection watches.

use std::borrow::Cow;

use bookline_protocol::quote;
use serde::Deserialize;

use crate::change_line::{ChangeHead, ChangeLine};

/// Words that are named in a message. Others are left to the user, who has typed them.
const WORDS_SHOWN_MAX: usize = 10;

/// What a connection watches, as the replies to WATCH and UNWATCH say it, and how far it has been told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watching {
    words: Vec<String>,
    /// Everything up to this commit has been told.
    after: u64,
}

/// The object of a reply to WATCH or UNWATCH.
#[derive(Debug, Deserialize)]
struct WatchingReply<'a> {
    /// The reply to UNWATCH has none.
    #[serde(default)]
    sequence: Option<u64>,
    #[serde(borrow)]
    watching: Vec<Cow<'a, str>>,
}

impl Watching {
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Takes the object of an `OK`, which may be the one of another command.
    pub fn on_granted(&mut self, body: &str) {
        if memchr::memmem::find(body.as_bytes(), b"\"watching\"").is_none() {
            return;
        }
        let Ok(reply) = serde_json::from_str::<WatchingReply<'_>>(body) else { return };
        // A second WATCH only adds: what was to come is still to come.
        if self.is_empty() {
            self.after = reply.sequence.unwrap_or_default();
        }
        self.words = reply.watching.into_iter().map(Cow::into_owned).collect();
    }

    /// Takes a line that may be a change.
    pub fn on_line(&mut self, line: &[u8]) {
        if let Some(ChangeLine { sequence, body }) = ChangeLine::parse(line)
            && ChangeHead::parse(body).is_some_and(|head| head.end)
        {
            self.after = sequence;
        }
    }

    /// The line with which all that was watched is watched again from there on.
    pub fn resuming_line(&self) -> String {
        let after = self.after;
        if self.words.len() > WORDS_SHOWN_MAX {
            return format!("WATCH … since={after}");
        }
        let words: Vec<_> = self.words.iter().map(|word| quote(word)).collect();
        format!("WATCH {} since={after}", words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(replies: &[&str], lines: &[&str]) -> (bool, String) {
        let mut watching = Watching::default();
        replies.iter().for_each(|body| watching.on_granted(body));
        lines.iter().for_each(|line| watching.on_line(line.as_bytes()));
        (watching.is_empty(), watching.resuming_line())
    }

    #[test]
    fn replies_say_what_is_watched_and_changes_how_far_it_was_told() {
        let one = r#"{"sequence":7,"watching":["all"]}"#;
        let two = r#"{"sequence":9,"watching":["all","event:a b"]}"#;
        assert_eq!(after(&[one, two], &[]), (false, "WATCH all \"event:a b\" since=7".to_owned()));
        let lines = [
            r#"CHANGE 8 {"kind":"x","end":true}"#,
            r#"CHANGE 9 {"kind":"x"}"#,
            r#"OK {"kind":"x","end":true}"#,
            "CHANGE 10 {}",
        ];
        assert_eq!(after(&[one], &lines), (false, "WATCH all since=8".to_owned()));
        assert!(after(&[one, r#"{"watching":[]}"#], &[]).0);
        assert!(after(&[r#"{"watching":7}"#, r#"{"a":"\"watching\""}"#, "{}"], &[]).0);
        let many: Vec<_> = (0..11).map(|number| format!("\"person:F{number}\"")).collect();
        let many = format!(r#"{{"sequence":1,"watching":[{}]}}"#, many.join(","));
        assert_eq!(after(&[&many], &[]).1, "WATCH … since=1");
    }
}
