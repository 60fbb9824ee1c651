//! Requests for a snapshot. All that wait get the next one that is begun, so that however many ask, few are made.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::NotMade;
use crate::codec::Sequence;

/// A snapshot that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The last commit that it holds.
    pub sequence: Sequence,
    /// Its length.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

/// What is answered to who asked.
pub(super) type Reply = Result<Made, NotMade>;

/// Who waits for a snapshot. One whose other end is gone does not count.
pub(super) type Client = oneshot::Sender<Reply>;

/// The requests that wait for the next snapshot.
#[derive(Debug, Default)]
pub(super) struct Requests {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    clients: Vec<Client>,
    stopping: bool,
}

impl Requests {
    /// Asks for the next snapshot that is begun. To drop the receiver takes the request back.
    pub fn ask(&self) -> Result<oneshot::Receiver<Reply>, NotMade> {
        let mut waiting = self.lock();
        if waiting.stopping {
            return Err(NotMade::Stopping);
        }
        let (client, reply) = oneshot::channel();
        // While a long snapshot is made many may come and go: they leave no memory behind.
        if waiting.clients.len() == waiting.clients.capacity() {
            waiting.clients.retain(|client| !client.is_closed());
        }
        let is_first = waiting.clients.is_empty();
        waiting.clients.push(client);
        drop(waiting);
        if is_first {
            self.changed.notify_one();
        }
        Ok(reply)
    }

    /// Waits until a snapshot may be begun, which is not before `earliest`, and somebody asks for one, but not longer
    /// than `patience`. Those who ask; none when the server stops.
    pub fn next(&self, earliest: Instant, patience: Duration) -> Option<Vec<Client>> {
        let until = earliest.max(Instant::now() + patience);
        let mut waiting = self.lock();
        loop {
            if waiting.stopping {
                return None;
            }
            let due = if waiting.clients.is_empty() { until } else { earliest };
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                waiting.clients.retain(|client| !client.is_closed());
                if !waiting.clients.is_empty() || due == until {
                    return Some(std::mem::take(&mut waiting.clients));
                }
                continue;
            }
            let waited = self.changed.wait_timeout(waiting, left);
            (waiting, _) = waited.unwrap_or_else(|_| crate::fatal(BROKEN));
        }
    }

    /// From now on none is made. Those who wait are told.
    pub fn stop(&self) {
        let mut waiting = self.lock();
        waiting.stopping = true;
        // A client whose sender is dropped is told that the server stops.
        waiting.clients.clear();
        drop(waiting);
        self.changed.notify_one();
    }

    /// Does the server stop?
    pub fn stopping(&self) -> bool {
        self.lock().stopping
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(|_| crate::fatal(BROKEN))
    }
}

const BROKEN: &str = "a thread panicked while it held the requests for snapshots";

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Reply {
        Ok(Made { sequence: Default::default(), bytes: 1, took: Duration::ZERO })
    }

    #[test]
    fn all_who_wait_get_the_same_one_and_those_who_are_gone_do_not_count() {
        let requests = Requests::default();
        let now = Instant::now();
        assert!(requests.next(now, Duration::ZERO).expect("it goes on").is_empty(), "nobody asked");
        let replies: Vec<_> = (0..3).map(|_| requests.ask().expect("it goes on")).collect();
        drop(requests.ask());
        let clients = requests.next(now, Duration::ZERO).expect("it goes on");
        assert_eq!(clients.len(), 3);
        // This one comes when that snapshot was begun.
        let late = requests.ask().expect("it goes on");
        clients.into_iter().for_each(|client| client.send(made()).expect("it waits"));
        for mut reply in replies {
            assert_eq!(reply.try_recv(), Ok(made()));
        }
        assert_eq!(requests.next(now, Duration::ZERO).expect("it goes on").len(), 1);
        drop(late);
    }

    #[test]
    fn many_who_come_and_go_leave_no_memory_behind() {
        let requests = Requests::default();
        for _ in 0..10_000 {
            drop(requests.ask());
        }
        assert!(requests.lock().clients.capacity() <= 8);
    }

    #[test]
    fn one_is_not_begun_before_its_time() {
        let requests = Requests::default();
        let _reply = requests.ask().expect("it goes on");
        let earliest = Instant::now() + Duration::from_millis(50);
        assert_eq!(requests.next(earliest, Duration::ZERO).expect("it goes on").len(), 1);
        assert!(Instant::now() >= earliest);
    }

    #[test]
    fn a_stop_tells_everyone_who_waits() {
        let requests = Requests::default();
        let replies: Vec<_> = (0..2_000).map(|_| requests.ask().expect("it goes on")).collect();
        requests.stop();
        for mut reply in replies {
            assert_eq!(reply.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        }
        assert_eq!(requests.ask().err(), Some(NotMade::Stopping));
        let far = Duration::from_secs(3_600);
        assert!(requests.next(Instant::now() + far, far).is_none());
    }
}
