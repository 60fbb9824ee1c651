//! The use of a key, as several kinds of changes hold it.
//!
//! Encoded: hash of the request of 16 bytes, identity, key, reply (its length as u32).

use std::fmt;

use bookline_protocol::Key;
use bookline_protocol::limits::{ID_BYTES_MAX, KEY_BYTES_MAX};
use bookline_protocol::reply::KEYED_REPLY_BYTES_MAX;

use super::invalid::{InvalidChange, check_id};
use super::line::Line;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_long_bytes, put_string};

/// A key that made a request happen, and the reply that every later request with this key gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UsedKey<'a> {
    /// Whose key it is: the number of an account in digits, or empty for everybody.
    pub identity: &'a str,
    /// 16 to 64 bytes. It is a secret.
    pub key: &'a str,
    /// The hash of the request, which tells it from another request with the same key.
    pub request: [u8; 16],
    /// The `OK` line with its line feed, at most [`KEYED_REPLY_BYTES_MAX`] bytes. It may hold the ids of
    /// tickets and holds, which are secrets.
    pub reply: &'a [u8],
}

/// The bytes of an encoded [`UsedKey`], without its strings.
const FIXED_BYTES: usize = 16 + 2 + 2 + 4;

pub(super) const USED_KEY_BYTES_MAX: usize =
    FIXED_BYTES + ID_BYTES_MAX + KEY_BYTES_MAX + KEYED_REPLY_BYTES_MAX;

impl<'a> UsedKey<'a> {
    pub(super) fn bytes(&self) -> usize {
        FIXED_BYTES + self.identity.len() + self.key.len() + self.reply.len()
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.request);
        put_string(out, self.identity);
        put_string(out, self.key);
        put_long_bytes(out, self.reply);
    }

    pub(super) fn decode(body: &mut Fields<'a>) -> Result<Self, DecodeError> {
        let request = body.array()?;
        Ok(Self { identity: body.string()?, key: body.string()?, request, reply: body.long_bytes()? })
    }

    /// Checks the use of a key in the commit with this sequence number.
    pub(super) fn check(&self, commit: u64) -> Result<(), InvalidChange> {
        if !self.identity.is_empty() {
            check_id("identity of commit", commit, self.identity)?;
        }
        Key::new(self.key).map_err(|_| InvalidChange::Key { commit })?;
        check_reply(commit, self.reply)
    }

    /// Puts its fields, without what is secret.
    pub(super) fn put_fields(&self, line: &mut Line) {
        line.number("reply_bytes", self.reply.len() as u64);
    }
}

/// Without what is secret.
impl fmt::Debug for UsedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("UsedKey");
        shown.field("identity", &self.identity).field("reply_bytes", &self.reply.len());
        shown.finish_non_exhaustive()
    }
}

/// Checks that a client reads the reply as what acknowledges a change.
fn check_reply(commit: u64, reply: &[u8]) -> Result<(), InvalidChange> {
    let line = std::str::from_utf8(reply).ok().and_then(|line| line.strip_prefix("OK {"));
    let object = line.and_then(|rest| rest.strip_suffix("}\n"));
    // Without an early exit, several bytes are compared at a time.
    let is_line = |object: &str| !object.bytes().fold(false, |found, byte| found | byte.is_ascii_control());
    if reply.len() <= KEYED_REPLY_BYTES_MAX && object.is_some_and(is_line) {
        Ok(())
    } else {
        Err(InvalidChange::Reply { commit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::{Change, EntryPeople, KeyKept, KeyUsed, Listener, Origin};
    use crate::codec::Sequence;

    const KEY: &str = "a.b_c:d-e0123456";

    fn used<'a>(identity: &'a str, key: &'a str, reply: &'a str) -> UsedKey<'a> {
        UsedKey { identity, key, request: [7; 16], reply: reply.as_bytes() }
    }

    /// The changes that hold a used key.
    fn changes<'a>(key: &'a str, reply: &'a str) -> [Change<'a>; 2] {
        let used = used("", key, reply);
        [KeyUsed(used).into(), KeyKept { used, at: 5 }.into()]
    }

    /// A reply of this many bytes.
    fn reply_of(bytes: usize) -> String {
        format!("OK {{\"n\":\"{}\"}}\n", "x".repeat(bytes - "OK {\"n\":\"\"}\n".len()))
    }

    #[test]
    fn check_accepts_the_shortest_and_the_longest_identities_keys_and_replies() {
        let longest = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
        let (id, reply) = ("x".repeat(ID_BYTES_MAX), reply_of(KEYED_REPLY_BYTES_MAX));
        for used in [used("", KEY, "OK {}\n"), used(&id, longest, &reply), used("a", KEY, "OK {\"ü\":1}\n")]
        {
            assert_eq!(used.check(9), Ok(()), "{used:?}");
        }
    }

    #[test]
    fn check_refuses_keys_that_the_protocol_refuses_without_showing_them() {
        for key in [
            "",
            "fifteen-bytes-1",
            &"k".repeat(65),
            "sixteen bytes 12",
            "sixteen-bytes-ü",
            "16-bytes/or-more",
        ] {
            for change in changes(key, "OK {}\n") {
                let message = change.check(9).expect_err(key).to_string();
                assert_eq!(message, "the key of commit 9 is not 16 to 64 of A-Z a-z 0-9 . _ : -");
            }
        }
    }

    #[test]
    fn check_refuses_replies_that_are_not_one_line_of_ok_and_an_object_without_showing_them() {
        let too_long = reply_of(KEYED_REPLY_BYTES_MAX + 1);
        for reply in [
            "",
            "\n",
            "OK {}",
            "OK {",
            "OK {}\n\n",
            "OK {}\nOK {}\n",
            "OK {}\r\n",
            "OK {\r}\n",
            "OK {\u{1b}}\n",
            "OK \n",
            "OK 1\n",
            " OK {}\n",
            "ROW {}\n",
            "ERR FULL {}\n",
            &too_long,
        ] {
            for change in changes(KEY, reply) {
                let refused = change.check(9);
                assert_eq!(refused, Err(InvalidChange::Reply { commit: 9 }), "{reply:?}");
            }
        }
    }

    /// The lines that `dump` shows.
    #[derive(Default)]
    struct Dumped(Vec<String>);

    impl Listener for Dumped {
        fn event(&mut self, id: &str, _write: &dyn Fn(&mut Line)) {
            panic!("a key is of no event: {id}");
        }

        fn entry(&mut self, people: EntryPeople<'_>, _write: &dyn Fn(&mut Line)) {
            panic!("a key is of no entry: {people:?}");
        }

        fn internal(&mut self, write: &dyn Fn(&mut Line)) {
            let mut line = Line::default();
            write(&mut line);
            self.0.extend([line.public, line.secret].map(|bytes| String::from_utf8(bytes).expect("UTF-8")));
        }
    }

    #[test]
    fn used_key_shows_no_secret_where_it_is_printed() {
        for change in changes(KEY, "OK {\"secret\":1}\n") {
            let mut dumped = Dumped::default();
            change.tell(Origin { sequence: Sequence(9), micros: Some(5) }, &mut dumped).expect("it is told");
            assert_eq!(dumped.0.len(), 2, "a line of two parts");
            for shown in [format!("{change:?}"), dumped.0.concat()] {
                assert!(shown.contains("16") && shown.contains("reply_bytes"), "{shown}");
                assert!(!shown.contains(KEY) && !shown.contains("secret"), "{shown}");
            }
        }
    }
}
