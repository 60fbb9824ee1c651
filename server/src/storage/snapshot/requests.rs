//! Requests for a snapshot. One snapshot serves all requests that came before it began.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::NotMade;
use crate::codec::Sequence;

/// A snapshot that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The sequence number of the last commit that it holds.
    pub sequence: Sequence,
    /// Its length in bytes.
    pub bytes: u64,
    /// The time that it took.
    pub took: Duration,
}

pub(super) type Reply = Result<Made, NotMade>;

/// The sender of the reply to a request. The request is canceled when the receiver is dropped.
pub(super) type Request = oneshot::Sender<Reply>;

/// The queue of requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    requests: Vec<Request>,
    stopping: bool,
}

impl Requests {
    /// Requests a snapshot that begins after this call. To drop the receiver cancels the request.
    pub fn push(&self) -> Result<oneshot::Receiver<Reply>, NotMade> {
        let mut queue = self.lock();
        if queue.stopping {
            return Err(NotMade::Stopping);
        }
        let (request, reply) = oneshot::channel();
        // Canceled requests are removed before the queue grows, so that its memory stays bounded while a long
        // snapshot is made.
        if queue.requests.len() == queue.requests.capacity() {
            queue.requests.retain(|request| !request.is_closed());
        }
        let is_first = queue.requests.is_empty();
        queue.requests.push(request);
        drop(queue);
        if is_first {
            self.changed.notify_one();
        }
        Ok(reply)
    }

    /// Waits until `earliest` and until there is a request, at most for `timeout` after now or until
    /// `earliest`, whichever is later. Returns all requests, possibly none; `None` when the server stops.
    pub fn next(&self, earliest: Instant, timeout: Duration) -> Option<Vec<Request>> {
        let latest = earliest.max(Instant::now() + timeout);
        let mut queue = self.lock();
        loop {
            if queue.stopping {
                return None;
            }
            let due = if queue.requests.is_empty() { latest } else { earliest };
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                queue.requests.retain(|request| !request.is_closed());
                if !queue.requests.is_empty() || due == latest {
                    return Some(std::mem::take(&mut queue.requests));
                }
                continue;
            }
            let waited = self.changed.wait_timeout(queue, left);
            (queue, _) = waited.unwrap_or_else(|_| crate::fatal(LOCK_POISONED));
        }
    }

    /// Refuses further requests, and fails those in the queue with [`NotMade::Stopping`].
    pub fn stop(&self) {
        let mut queue = self.lock();
        queue.stopping = true;
        // The receiver of a dropped request takes that for `NotMade::Stopping`.
        queue.requests.clear();
        drop(queue);
        self.changed.notify_one();
    }

    /// Whether the server stops.
    pub fn stopping(&self) -> bool {
        self.lock().stopping
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(|_| crate::fatal(LOCK_POISONED))
    }
}

const LOCK_POISONED: &str = "a thread panicked while it held the requests for snapshots";

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Reply {
        Ok(Made { sequence: Default::default(), bytes: 1, took: Duration::ZERO })
    }

    #[test]
    fn queued_requests_get_the_same_snapshot_and_canceled_requests_none() {
        let requests = Requests::default();
        let now = Instant::now();
        assert!(requests.next(now, Duration::ZERO).expect("not stopped").is_empty(), "no request yet");
        let replies: Vec<_> = (0..3).map(|_| requests.push().expect("not stopped")).collect();
        drop(requests.push());
        let taken = requests.next(now, Duration::ZERO).expect("not stopped");
        assert_eq!(taken.len(), 3);
        // It comes after the snapshot began, so it waits for the next one.
        let late = requests.push().expect("not stopped");
        taken.into_iter().for_each(|request| request.send(made()).expect("a receiver"));
        for mut reply in replies {
            assert_eq!(reply.try_recv(), Ok(made()));
        }
        assert_eq!(requests.next(now, Duration::ZERO).expect("not stopped").len(), 1);
        drop(late);
    }

    #[test]
    fn canceled_requests_do_not_grow_the_queue() {
        let requests = Requests::default();
        for _ in 0..10_000 {
            drop(requests.push());
        }
        assert!(requests.lock().requests.capacity() <= 8);
    }

    #[test]
    fn a_request_is_not_taken_before_the_earliest_time() {
        let requests = Requests::default();
        let _reply = requests.push().expect("not stopped");
        let earliest = Instant::now() + Duration::from_millis(50);
        assert_eq!(requests.next(earliest, Duration::ZERO).expect("not stopped").len(), 1);
        assert!(Instant::now() >= earliest);
    }

    #[test]
    fn a_stop_fails_queued_and_further_requests() {
        let requests = Requests::default();
        let replies: Vec<_> = (0..2_000).map(|_| requests.push().expect("not stopped")).collect();
        requests.stop();
        for mut reply in replies {
            assert_eq!(reply.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        }
        assert_eq!(requests.push().err(), Some(NotMade::Stopping));
        let far = Duration::from_secs(3_600);
        assert!(requests.next(Instant::now() + far, far).is_none());
    }
}
