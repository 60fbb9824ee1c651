//! Memory for what exceeds a connection's own buffers: one budget for all, which is given out in shares.
//!
//! A connection has 16 KiB for requests and 64 KiB for replies of its own. A longer line, and a reply that holds more of
//! the state than that, take a share until they are done. An eighth of the budget is for lines alone, so that readers who
//! read slowly cannot keep everybody from writing.

use std::sync::Arc;

use bookline_protocol::limits::{ID_BYTES_MAX, LINE_BYTES_MAX, TEXT_CHARS_MAX};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Shares are counted in this unit: a semaphore counts up to 2^32 at a time, and nothing smaller is worth counting.
const UNIT: usize = 1 << 10;

/// What a long line takes: 48 KiB for the line, and 64 KiB for its reply, which names the same people again.
pub const LINE_SHARE: usize = 2 * LINE_BYTES_MAX;

/// What the largest reply holds: the meetings of a day, each with the texts of the longest line.
const REPLY_SHARE_MAX: usize = 24 * (LINE_BYTES_MAX + 4 * TEXT_CHARS_MAX + ID_BYTES_MAX);

/// What a large reply that is written at once takes: a PUT that replaces a large meeting names its people twice, and
/// those of the new one, behind the replies before it. A buffer doubles.
pub const LONG_REPLY_SHARE: usize = 256 << 10;

/// The smallest `--max-buffers`: every request can be served when nobody else is.
pub const BUFFERS_MIN: u64 = 32 << 20;

/// The largest: more than any machine has, and far from what a semaphore can count.
pub const BUFFERS_MAX: u64 = 1 << 40;

// One connection holds at most a sixteenth, however small the budget is.
const _: () = assert!((LINE_SHARE + REPLY_SHARE_MAX + LONG_REPLY_SHARE) as u64 <= BUFFERS_MIN / 16);

/// The budget.
#[derive(Debug)]
pub struct Buffers {
    /// For lines and replies.
    common: Arc<Semaphore>,
    /// For lines, when nothing of the other is left.
    lines: Arc<Semaphore>,
}

/// A part of the budget, which goes back when it is dropped.
#[derive(Debug)]
pub struct Share(OwnedSemaphorePermit);

impl Share {
    /// How much it is: at least what was asked for.
    pub fn bytes(&self) -> usize {
        self.0.num_permits() * UNIT
    }
}

impl Buffers {
    /// A budget of so many bytes.
    pub fn new(bytes: u64) -> Self {
        let units = usize::try_from(bytes).unwrap_or(usize::MAX) / UNIT;
        let semaphore = |units: usize| Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)));
        Self { common: semaphore(units - units / 8), lines: semaphore(units / 8) }
    }

    /// A share for a reply, if it is free.
    pub fn try_reply(&self, bytes: usize) -> Option<Share> {
        self.common.clone().try_acquire_many_owned(units(bytes)).ok().map(Share)
    }

    /// A share for a reply, in the order of asking.
    pub async fn reply(&self, bytes: usize) -> Share {
        share(&self.common, bytes).await
    }

    /// A share for a line, in the order of asking.
    pub async fn line(&self) -> Share {
        tokio::select! {
            biased;
            share = share(&self.common, LINE_SHARE) => share,
            share = share(&self.lines, LINE_SHARE) => share,
        }
    }
}

async fn share(of: &Arc<Semaphore>, bytes: usize) -> Share {
    let permit = of.clone().acquire_many_owned(units(bytes)).await;
    Share(permit.unwrap_or_else(|_| unreachable!("nobody closes the budget")))
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn shares_never_exceed_the_budget_and_come_back() {
        let buffers = Buffers::new(BUFFERS_MIN);
        let mut shares: Vec<Share> = std::iter::from_fn(|| buffers.try_reply(REPLY_SHARE_MAX)).collect();
        let held: usize = shares.iter().map(Share::bytes).sum();
        assert!(held as u64 <= BUFFERS_MIN / 8 * 7, "replies hold {held}");
        assert!(shares.len() >= 16, "only {} replies are held", shares.len());
        assert!(now(buffers.reply(REPLY_SHARE_MAX)).is_none());
        shares.pop();
        assert!(now(buffers.reply(REPLY_SHARE_MAX)).is_some());
    }

    #[test]
    fn an_eighth_is_for_lines_alone() {
        let buffers = Buffers::new(BUFFERS_MIN);
        let replies: Vec<Share> = std::iter::from_fn(|| buffers.try_reply(UNIT)).collect();
        assert!(buffers.try_reply(1).is_none());
        let lines: Vec<Share> = std::iter::from_fn(|| now(buffers.line())).collect();
        assert_eq!(lines.len() * LINE_SHARE, BUFFERS_MIN as usize / 8);
        // Where no reply holds any, lines take all.
        drop(replies);
        let more: Vec<Share> = std::iter::from_fn(|| now(buffers.line())).collect();
        assert_eq!((lines.len() + more.len()) * LINE_SHARE, BUFFERS_MIN as usize);
        assert!(buffers.try_reply(1).is_none());
    }

    #[test]
    fn who_asked_first_is_served_first() {
        let buffers = Buffers::new(BUFFERS_MIN);
        let mut all: Vec<Share> = std::iter::from_fn(|| buffers.try_reply(UNIT)).collect();
        let mut context = Context::from_waker(Waker::noop());
        let mut first = pin!(buffers.reply(2 * UNIT));
        assert!(first.as_mut().poll(&mut context).is_pending());
        all.pop();
        assert!(buffers.try_reply(UNIT).is_none(), "what comes free is kept for who waits");
        all.pop();
        assert!(first.as_mut().poll(&mut context).is_ready());
    }
}
