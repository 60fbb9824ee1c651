//! The budget of memory for what exceeds a connection's own buffers. It is given out in shares.
//!
//! A connection has buffers of 16 KiB for requests and 64 KiB for replies of its own. A longer line, and a
//! reply that keeps more of the state in memory, need a share until they are done. An eighth of the budget is
//! for lines only, so that clients that read large replies slowly do not block requests.

use std::sync::Arc;

use bookline_protocol::limits::{ID_BYTES_MAX, LINE_BYTES_MAX, TEXT_CHARS_MAX};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit of shares. A semaphore grants at most 2^32 permits at a time, and no smaller share is worth
/// counting.
const UNIT_BYTES: usize = 1 << 10;

/// The share of a long line: 48 KiB for the line, and 64 KiB for its reply, which repeats the ids of its
/// people.
pub const LINE_SHARE_BYTES: usize = 2 * LINE_BYTES_MAX;

/// What the largest reply keeps in memory: the meetings of a day, each with the texts of the longest line.
const REPLY_SHARE_BYTES_MAX: usize = 24 * (LINE_BYTES_MAX + 4 * TEXT_CHARS_MAX + ID_BYTES_MAX);

/// The share of a large reply that is not chunked. A PUT that replaces a large meeting writes its people
/// twice and those of the new meeting once, after the other replies of the turn, and a buffer doubles.
pub const LARGE_REPLY_SHARE_BYTES: usize = 256 << 10;

/// The smallest `--max-buffers`. A single connection can always be served.
pub const BUFFERS_BYTES_MIN: u64 = 32 << 20;

/// The largest `--max-buffers`: more than any machine has.
pub const BUFFERS_BYTES_MAX: u64 = 1 << 40;

const _: () = assert!(BUFFERS_BYTES_MAX / UNIT_BYTES as u64 <= Semaphore::MAX_PERMITS as u64);

// A connection holds at most a sixteenth of the smallest budget.
const _: () = assert!(
    (LINE_SHARE_BYTES + REPLY_SHARE_BYTES_MAX + LARGE_REPLY_SHARE_BYTES) as u64 <= BUFFERS_BYTES_MIN / 16
);

#[derive(Debug)]
pub struct Buffers {
    /// For lines and replies.
    common: Arc<Semaphore>,
    /// For lines only, when `common` is used up.
    lines: Arc<Semaphore>,
}

/// A part of the budget, returned when it is dropped.
#[derive(Debug)]
pub struct Share(OwnedSemaphorePermit);

impl Share {
    /// At least what was requested.
    pub fn bytes(&self) -> usize {
        self.0.num_permits() * UNIT_BYTES
    }
}

impl Buffers {
    pub fn new(bytes: u64) -> Self {
        let units = usize::try_from(bytes).unwrap_or(usize::MAX) / UNIT_BYTES;
        let semaphore = |units: usize| Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)));
        Self { common: semaphore(units - units / 8), lines: semaphore(units / 8) }
    }

    /// A share for a reply, if it is free.
    pub fn try_reply(&self, bytes: usize) -> Option<Share> {
        self.common.clone().try_acquire_many_owned(units(bytes)).ok().map(Share)
    }

    /// Waits for a share for a reply. Waiters are served in order.
    pub async fn reply(&self, bytes: usize) -> Share {
        share(&self.common, bytes).await
    }

    /// Waits for a share for a line. Waiters are served in order.
    pub async fn line(&self) -> Share {
        tokio::select! {
            biased;
            share = share(&self.common, LINE_SHARE_BYTES) => share,
            share = share(&self.lines, LINE_SHARE_BYTES) => share,
        }
    }
}

async fn share(semaphore: &Arc<Semaphore>, bytes: usize) -> Share {
    let permit = semaphore.clone().acquire_many_owned(units(bytes)).await;
    Share(permit.unwrap_or_else(|_| unreachable!("the semaphores are never closed")))
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn shares_of_replies_are_bounded_and_returned() {
        let buffers = Buffers::new(BUFFERS_BYTES_MIN);
        let mut shares: Vec<Share> =
            std::iter::from_fn(|| buffers.try_reply(REPLY_SHARE_BYTES_MAX)).collect();
        let held: usize = shares.iter().map(Share::bytes).sum();
        assert!(held as u64 <= BUFFERS_BYTES_MIN / 8 * 7, "replies hold {held}");
        assert!(shares.len() >= 16, "only {} replies are held", shares.len());
        assert!(poll_once(buffers.reply(REPLY_SHARE_BYTES_MAX)).is_none());
        shares.pop();
        assert!(poll_once(buffers.reply(REPLY_SHARE_BYTES_MAX)).is_some());
    }

    #[test]
    fn an_eighth_of_the_budget_is_for_lines_only() {
        let buffers = Buffers::new(BUFFERS_BYTES_MIN);
        let replies: Vec<Share> = std::iter::from_fn(|| buffers.try_reply(UNIT_BYTES)).collect();
        assert!(buffers.try_reply(1).is_none());
        let lines: Vec<Share> = std::iter::from_fn(|| poll_once(buffers.line())).collect();
        assert_eq!(lines.len() * LINE_SHARE_BYTES, BUFFERS_BYTES_MIN as usize / 8);
        // Lines may take all of the budget while no reply has a share.
        drop(replies);
        let more: Vec<Share> = std::iter::from_fn(|| poll_once(buffers.line())).collect();
        assert_eq!((lines.len() + more.len()) * LINE_SHARE_BYTES, BUFFERS_BYTES_MIN as usize);
        assert!(buffers.try_reply(1).is_none());
    }

    #[test]
    fn waiting_reply_is_served_before_later_requests() {
        let buffers = Buffers::new(BUFFERS_BYTES_MIN);
        let mut all: Vec<Share> = std::iter::from_fn(|| buffers.try_reply(UNIT_BYTES)).collect();
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(buffers.reply(2 * UNIT_BYTES));
        assert!(first.as_mut().poll(&mut context).is_pending());
        all.pop();
        assert!(buffers.try_reply(UNIT_BYTES).is_none(), "what is returned is kept for the waiter");
        all.pop();
        assert!(first.as_mut().poll(&mut context).is_ready());
    }
}
