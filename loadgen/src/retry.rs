//! What a connection needs to send requests again: their keys, which of them have a reply, and when it is
//! opened again.

use std::time::Duration;

use serde::Serialize;

use crate::keys::Keys;
use crate::phase::Nanos;
use crate::refusal_counts::RefusalCounts;

/// The pause before a connection is opened again. It doubles with every further attempt.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest pause.
pub const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The longest pause where several servers are tried in turn: a new leader is found soon.
pub const PAUSE_OF_SEVERAL_MAX: Duration = Duration::from_millis(500);

/// How long a connection that gets no reply is opened again: a server restarts in less.
pub const RETRY_TIME_MAX: Duration = Duration::from_secs(60);

/// How often something was sent again.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Retries {
    /// Lost connections that were opened again.
    pub reconnections: u64,
    /// Requests that were sent again, each time that they were.
    #[serde(rename = "repeated")]
    pub repeated_requests: u64,
    /// Refusals after which the request was sent again.
    pub refused: RefusalCounts,
}

impl Retries {
    /// Adds those of another connection.
    pub(crate) fn add(&mut self, other: &Self) {
        self.reconnections += other.reconnections;
        self.repeated_requests += other.repeated_requests;
        for refused in &other.refused.0 {
            self.refused.add(&refused.code, refused.count, || refused.first.clone());
        }
    }
}

/// The pauses of a connection that is lost.
#[derive(Debug)]
struct Backoff {
    /// The pause before the next attempt.
    pause: Duration,
    /// The longest one.
    pause_max: Duration,
    /// When the connection was lost, if no reply has arrived since.
    lost_since: Option<Nanos>,
}

impl Backoff {
    const fn new(pause_max: Duration) -> Self {
        Self { pause: PAUSE_MIN, pause_max, lost_since: None }
    }

    /// Begins again with the shortest pause.
    const fn reset(&mut self) {
        (self.pause, self.lost_since) = (PAUSE_MIN, None);
    }

    /// When to open the connection again, or `None` if it is given up.
    fn next(&mut self, now: Nanos) -> Option<Nanos> {
        let since = *self.lost_since.get_or_insert(now);
        let at = now + self.pause.as_nanos() as Nanos;
        self.pause = (self.pause * 2).min(self.pause_max);
        (Duration::from_nanos(now - since) < RETRY_TIME_MAX).then_some(at)
    }
}

/// The state of a connection's retries. Its requests stay in a buffer until they have their replies.
#[derive(Debug)]
pub struct Retry {
    pub keys: Keys,
    /// Bytes at the beginning of the buffer whose requests have their replies.
    answered: usize,
    backoff: Backoff,
    /// The leader that the server has named in its last refusal.
    pub leader: Option<String>,
    pub counts: Retries,
}

impl Retry {
    /// Its pauses are at most this long.
    pub fn new(pause_max: Duration) -> Self {
        let (backoff, counts) = (Backoff::new(pause_max), Retries::default());
        Self { keys: Keys::new(), answered: 0, backoff, leader: None, counts }
    }

    /// Records the replies to the oldest `replies` requests of `lines`. Returns how many bytes the buffer
    /// must remove from its beginning.
    #[inline]
    pub fn answer(&mut self, replies: u64, lines: &[u8]) -> usize {
        for _ in 0..replies {
            let unanswered = &lines[self.answered..];
            self.answered += memchr::memchr(b'\n', unanswered).map_or(unanswered.len(), |end| end + 1);
        }
        if replies > 0 {
            self.backoff.reset();
        }
        // At least half of the buffer goes at a time, so that the rest is not moved for every reply.
        if self.answered * 2 >= lines.len() { std::mem::take(&mut self.answered) } else { 0 }
    }

    /// Records that the connection is lost, after it has written the first `written` bytes of `lines`.
    /// Returns where to begin again, and when, or `None` if the connection is given up.
    pub fn lose(&mut self, lines: &[u8], written: usize, now: Nanos) -> Option<(usize, Nanos)> {
        if self.answered == lines.len() {
            // No request waits, so there is nothing to give up.
            self.backoff.reset();
        }
        let at = self.backoff.next(now)?;
        let unanswered = lines.get(self.answered..written).unwrap_or_default();
        self.counts.repeated_requests += memchr::memchr_iter(b'\n', unanswered).count() as u64;
        Some((self.answered, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses of a connection with these requests, which is lost again right after each of them.
    fn pauses(retry: &mut Retry, lines: &[u8]) -> impl Iterator<Item = Duration> {
        let mut now = 1_000;
        std::iter::from_fn(move || {
            let (_, at) = retry.lose(lines, 0, now)?;
            let pause = Duration::from_nanos(at - now);
            now = at;
            Some(pause)
        })
    }

    #[test]
    fn pause_doubles_until_a_reply_and_ends_after_a_minute() {
        let lines = b"BOOK a 1\nBOOK b 1\nBOOK c 1\n";
        let mut retry = Retry::new(PAUSE_MAX);
        let first: Vec<_> = pauses(&mut retry, lines).collect();
        let millis: Vec<_> = first.iter().map(Duration::as_millis).collect();
        assert_eq!(millis[..8], [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        let total: Duration = first.iter().sum();
        assert!(total >= RETRY_TIME_MAX && total < RETRY_TIME_MAX + PAUSE_MAX, "{total:?}");

        retry.answer(1, lines);
        assert_eq!(pauses(&mut retry, lines).collect::<Vec<_>>(), first);
    }

    #[test]
    fn connection_without_requests_is_never_given_up() {
        assert!(pauses(&mut Retry::new(PAUSE_MAX), b"").take(10_000).all(|pause| pause == PAUSE_MIN));
    }

    #[test]
    fn lost_connection_begins_again_with_the_oldest_request_without_a_reply() {
        let mut retry = Retry::new(PAUSE_MAX);
        let lines = b"BOOK a 1\nBOOK b 1\nBOOK c 1\nBOOK d 1\n";
        assert_eq!(retry.answer(1, lines), 0);
        // The third request is not written in full.
        let begin = retry.lose(lines, 20, 0).map(|(begin, _)| begin);
        assert_eq!((begin, retry.counts.repeated_requests), (Some(9), 1));
        assert_eq!(retry.answer(1, lines), 18);
        assert_eq!(retry.lose(&lines[18..], 18, 0).map(|(begin, _)| begin), Some(0));
        assert_eq!(retry.counts.repeated_requests, 3);
    }
}
