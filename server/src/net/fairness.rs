//! Fairness: how a connection lets others run.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::commands::Service;
use crate::session::{NextStep, Session};

/// How long a chunked reply pauses between two turns while others are served. An unthrottled listing keeps
/// one processor busy and its reader another, which delays bookings by some milliseconds.
const CHUNK_THROTTLE: Duration = Duration::from_millis(1);

/// How long a connection with a backlog pauses after a change that held locks for long: as long as the
/// largest one may hold them. So the locks are free at least half of the time. Without the pause, twenty
/// connections that move series of 20,000 person-hours made the p99 of bookings 24 to 65 times the baseline:
/// who waits for a mutex is often overtaken by who comes next.
const LOCKS_THROTTLE: Duration = Duration::from_millis(5);

/// The end of a turn.
#[derive(Debug)]
pub struct Turned<'s> {
    pub next: NextStep,
    /// Kept while its lines are sent: thousands of watchers write at a time otherwise, and a write takes
    /// longer than the turn.
    pub permit: Option<SemaphorePermit<'s>>,
}

/// When a connection has let others run.
#[derive(Debug)]
pub struct Fairness {
    /// Whether others could run since the last turn began.
    has_yielded: bool,
    /// Whether a turn has exhausted its budget, and there was always more to do since.
    has_backlog: bool,
    /// Whether the next turn is for changes that the peer watches, and not for requests.
    serves_changes: bool,
    /// The commands of all connections when [`Self::others_were_served`] was last called.
    commands_before: u64,
}

impl Fairness {
    pub fn new() -> Self {
        Self { has_yielded: true, has_backlog: false, serves_changes: false, commands_before: 0 }
    }

    /// Runs a turn. A connection with a backlog waits for a permit. If its last turn held locks for long, it
    /// takes turns with others of its kind, and pauses before its own, so that all of them together leave the
    /// locks free.
    pub async fn run_turn<'s>(&mut self, session: &mut Session, service: &'s Service) -> Turned<'s> {
        let mut permit = None;
        if std::mem::take(&mut self.serves_changes) {
            permit = service.changes_turns.acquire().await.ok();
        }
        let next = if self.has_backlog {
            let _alone = match session.has_held_locks() {
                true => {
                    let alone = service.long_locks.acquire().await;
                    sleep(LOCKS_THROTTLE).await;
                    Some(alone)
                }
                false => None,
            };
            let _permit = service.backlogged_turns.acquire().await;
            session.run_turn(service, self.has_yielded)
        } else {
            session.run_turn(service, self.has_yielded)
        };
        self.has_backlog |= next == NextStep::Yield;
        self.has_yielded = next != NextStep::Read;
        Turned { next, permit }
    }

    /// Notes that the next turn is for changes that the peer watches. Such connections take turns.
    pub fn begin_changes(&mut self) {
        (self.has_yielded, self.serves_changes) = (true, true);
    }

    /// Notes that the connection waits for bytes.
    pub fn wait_for_bytes(&mut self) {
        (self.has_yielded, self.has_backlog) = (true, false);
    }

    /// Lets others run, and throttles a chunked reply while others are served.
    pub async fn yield_turn(&mut self, is_writing_reply: bool, service: &Service) {
        if is_writing_reply && self.others_were_served(service) {
            sleep(CHUNK_THROTTLE).await;
        } else {
            yield_now().await;
        }
    }

    /// Whether any connection executed commands since the last call.
    fn others_were_served(&mut self, service: &Service) -> bool {
        let commands = service.counters.commands.load(Relaxed);
        std::mem::replace(&mut self.commands_before, commands) != commands
    }
}
