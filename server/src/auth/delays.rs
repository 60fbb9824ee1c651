//! Delays after failed attempts to authenticate with a password.
//!
//! Failures delay the next attempt from the same address, and the next one at the same name from the same
//! address, also if no account has this name. They never delay an account: whoever guesses from elsewhere
//! does not keep its owner out.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

/// Addresses, and names at addresses, whose failures are remembered: some 5 MB. Beyond it those are forgotten
/// whose first failure is the oldest. To fill it takes a quarter of an hour of guesses, at 30 ms each.
const REMEMBERED_MAX: usize = 65_536;

/// The delay after the first failure. It doubles with each further one.
const DELAY_MIN: Duration = Duration::from_secs(1);

/// The longest delay.
const DELAY_MAX: Duration = Duration::from_secs(60);

/// Failures are forgotten when the last one is so long ago.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);

/// Attempts that may wait for their result at a time from an address without failures, a fourth of the queue:
/// one address does not keep the others out.
const PENDING_MAX: usize = 16;

/// When an attempt that has to wait for another one of its address may be made again: a hash takes some ten
/// milliseconds, and some wait.
const PENDING_RETRY: Duration = Duration::from_millis(250);

/// The failures of all addresses.
#[derive(Debug, Default)]
pub struct Delays {
    table: Mutex<Table>,
    hasher: RandomState,
}

/// An address, or a name at an address, by its hash.
type Key = u64;

#[derive(Debug, Default)]
struct Table {
    failures: HashMap<Key, Failures>,
    /// The keys of `failures`, from the oldest on.
    order: VecDeque<Key>,
    /// Attempts without a result, by address. There are never more entries than attempts.
    pending: HashMap<Key, usize>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// An attempt to authenticate. Unless it succeeds, it counts as a failure when it is dropped: who closes the
/// connection meanwhile has guessed as well.
#[derive(Debug)]
pub struct Attempt {
    delays: Arc<Delays>,
    address: Key,
    name_at_address: Key,
    is_failure: bool,
}

impl Delays {
    /// Begins an attempt at this name from this address.
    ///
    /// # Errors
    ///
    /// How long it has to be delayed.
    pub fn begin(self: &Arc<Self>, name: &str, address: &impl Hash) -> Result<Attempt, Duration> {
        let now = Instant::now();
        let (address, name_at_address) =
            (self.hasher.hash_one((address, false)), self.hasher.hash_one((address, true, name)));
        let mut table = self.lock();
        let keys = [address, name_at_address];
        let delay = keys.into_iter().map(|key| table.delay(key, now)).max().unwrap_or_default();
        if !delay.is_zero() {
            return Err(delay);
        }
        // Parallel attempts would otherwise all be made before the first of them fails.
        let has_failed = keys.into_iter().any(|key| table.recent(key, now).is_some());
        let pending = table.pending.entry(address).or_default();
        if *pending >= if has_failed { 1 } else { PENDING_MAX } {
            return Err(PENDING_RETRY);
        }
        *pending += 1;
        Ok(Attempt { delays: self.clone(), address, name_at_address, is_failure: true })
    }

    /// No code under this lock panics, so that a poisoned lock has a valid table.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Attempt {
    /// It has succeeded: the failures at this name from this address are forgotten. Those of the address are
    /// not, or who has an account would guess others between.
    pub fn succeed(mut self) {
        self.is_failure = false;
        self.delays.lock().forget(self.name_at_address);
    }

    /// It was not made.
    pub fn cancel(mut self) {
        self.is_failure = false;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut table = self.delays.lock();
        if let Some(pending) = table.pending.get_mut(&self.address) {
            *pending -= 1;
            if *pending == 0 {
                table.pending.remove(&self.address);
            }
        }
        if self.is_failure {
            let now = Instant::now();
            table.add(self.address, now);
            table.add(self.name_at_address, now);
        }
    }
}

impl Table {
    fn recent(&self, key: Key, now: Instant) -> Option<Failures> {
        let failures = self.failures.get(&key).copied();
        failures.filter(|failures| now.duration_since(failures.last) < FORGOTTEN_AFTER)
    }

    /// How long an attempt has to be delayed from now on.
    fn delay(&self, key: Key, now: Instant) -> Duration {
        self.recent(key, now).map_or(Duration::ZERO, |Failures { count, last }| {
            (last + delay_after(count)).saturating_duration_since(now)
        })
    }

    fn add(&mut self, key: Key, now: Instant) {
        let count = self.recent(key, now).map_or(0, |failures| failures.count);
        if self.failures.insert(key, Failures { count: count.saturating_add(1), last: now }).is_none() {
            self.order.push_back(key);
        }
        while self.failures.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.failures.remove(&oldest);
        }
    }

    /// The key keeps its place in the order: it is found there when it is the oldest.
    fn forget(&mut self, key: Key) {
        if let Some(failures) = self.failures.get_mut(&key) {
            failures.count = 0;
        }
    }
}

/// The delay after so many failures.
fn delay_after(count: u32) -> Duration {
    match count {
        0 => Duration::ZERO,
        count => DELAY_MIN.saturating_mul(1 << (count - 1).min(10)).min(DELAY_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(result: Result<Attempt, Duration>) -> Result<Attempt, u64> {
        result.map_err(|delay| delay.as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn failures_delay_the_name_and_the_address_up_to_a_minute() {
        let delays = Arc::new(Delays::default());
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            drop(delays.begin("anna", &"192.0.2.1").expect("the delay has passed"));
            assert_eq!(seconds(delays.begin("anna", &"192.0.2.1")).expect_err("a delay"), expected);
            assert_eq!(seconds(delays.begin("berta", &"192.0.2.1")).expect_err("a delay"), expected);
            assert!(delays.begin("anna", &"192.0.2.2").map(Attempt::succeed).is_ok(), "from elsewhere");
            tokio::time::advance(Duration::from_secs(expected)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn success_forgets_the_failures_at_its_name_but_not_those_of_the_address() {
        let delays = Arc::new(Delays::default());
        for _ in 0..3 {
            drop(delays.begin("anna", &1).expect("the delay has passed"));
            tokio::time::advance(Duration::from_secs(4)).await;
        }
        delays.begin("anna", &1).expect("the delay has passed").succeed();
        drop(delays.begin("anna", &1).expect("no delay after a success"));
        assert_eq!(seconds(delays.begin("berta", &1)).expect_err("the fourth of the address"), 8);
        tokio::time::advance(FORGOTTEN_AFTER).await;
        drop(delays.begin("berta", &1).expect("it is forgotten"));
        assert_eq!(seconds(delays.begin("berta", &1)).expect_err("the first again"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn few_attempts_of_an_address_wait_at_a_time_and_one_after_a_failure() {
        let delays = Arc::new(Delays::default());
        let pending: Vec<_> =
            (0..PENDING_MAX).map(|_| delays.begin("anna", &1).expect("below the limit")).collect();
        assert_eq!(delays.begin("berta", &1).expect_err("the limit"), PENDING_RETRY);
        let elsewhere = delays.begin("berta", &2).expect("another address");
        pending.into_iter().for_each(Attempt::succeed);
        elsewhere.succeed();
        drop(delays.begin("anna", &1).expect("no delay"));
        tokio::time::advance(DELAY_MIN).await;
        let one = delays.begin("anna", &1).expect("the delay has passed");
        assert_eq!(delays.begin("berta", &1).expect_err("one is pending"), PENDING_RETRY);
        one.succeed();
        assert!(delays.lock().pending.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn oldest_failures_are_forgotten_for_others() {
        let delays = Arc::new(Delays::default());
        drop(delays.begin("anna", &u64::MAX).expect("no delay"));
        for address in 0..REMEMBERED_MAX as u64 / 2 {
            assert!(delays.begin("anna", &address).is_ok(), "no delay");
        }
        assert_eq!(delays.lock().failures.len(), REMEMBERED_MAX);
        assert_eq!(delays.lock().order.len(), REMEMBERED_MAX);
        assert!(delays.begin("anna", &u64::MAX).map(Attempt::succeed).is_ok(), "it is forgotten");
        assert!(delays.begin("anna", &(REMEMBERED_MAX as u64 / 2 - 1)).is_err(), "the last is not");
    }
}
