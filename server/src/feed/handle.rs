//! The feed: who watches, and how far the log was matched.

use std::future::pending;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bookline_protocol::Watched;
use tokio::sync::watch;

use super::index::Index;
use super::matcher::Matcher;
use super::queue::Queue;
use crate::changes::TellError;
use crate::codec::Sequence;
use crate::storage::commits::Commits;
use crate::storage::follower::Follower;
use crate::storage::log::Log;

/// Commits that are matched under one lock. WATCH and UNWATCH wait for it, and with a thousand watchers of
/// one event it takes some hundred microseconds.
const BATCH_COMMITS_MAX: usize = 64;

/// The change feed of a server.
#[derive(Debug)]
pub struct Feed {
    log: Arc<dyn Log>,
    /// Commits after this one can be told.
    start: AtomicU64,
    /// Connections that watch something.
    watchers: AtomicUsize,
    state: Mutex<State>,
    /// The last commit that was matched. The queues have everything up to it.
    position: watch::Sender<Sequence>,
    /// The last commit that watchers are shown, when the server stops.
    end: watch::Sender<Option<Sequence>>,
}

#[derive(Debug, Default)]
struct State {
    index: Index,
    matcher: Matcher,
}

impl Feed {
    /// The feed of a log whose commits after `start` can be told. It begins with those that are appended from
    /// now on.
    pub fn new(log: Arc<dyn Log>, start: Sequence) -> Self {
        let position = watch::Sender::new(log.appended());
        let start = AtomicU64::new(start.0);
        let (watchers, state) = Default::default();
        Self { log, start, watchers, state, position, end: watch::Sender::new(None) }
    }

    /// Connections that watch something.
    pub fn watchers(&self) -> usize {
        self.watchers.load(Ordering::Relaxed)
    }

    pub(super) fn add_watcher(&self) {
        self.watchers.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove_watcher(&self) {
        self.watchers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Commits after this one can be told and are in the log.
    pub fn oldest(&self) -> Sequence {
        Sequence(self.start.load(Ordering::Relaxed)).max(self.log.trimmed())
    }

    /// The last commit that was matched.
    pub fn position(&self) -> Sequence {
        *self.position.borrow()
    }

    pub(super) fn log(&self) -> &Arc<dyn Log> {
        &self.log
    }

    /// Follows the log from the commit after `after`.
    pub(super) fn follow(&self, after: Sequence) -> Follower {
        Follower::new(self.log.clone(), after)
    }

    /// Waits until this commit was matched: the queues have everything up to it.
    pub async fn matched(&self, commit: Sequence) {
        // The sender lives as long as this.
        let _ = self.position.subscribe().wait_for(|position| *position >= commit).await;
    }

    /// Notes that commits up to this one cannot be told, so that nobody begins before it again.
    pub(super) fn raise_start(&self, start: Sequence) {
        self.start.fetch_max(start.0, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|_| crate::fatal("a thread panicked while it held the change feed"))
    }

    /// Adds a queue. It gets what the log has after the returned commit.
    pub(super) fn add<'a>(
        &self,
        watched: impl Iterator<Item = &'a Watched<'static>>,
        queue: &Arc<Queue>,
    ) -> Sequence {
        let mut state = self.lock();
        watched.for_each(|watched| state.index.add(watched, queue));
        self.position()
    }

    pub(super) fn remove<'a>(&self, watched: impl Iterator<Item = &'a Watched<'static>>, queue: &Arc<Queue>) {
        let mut state = self.lock();
        watched.for_each(|watched| state.index.remove(watched, queue));
    }

    /// Matches those of these commits that are after the position, up to [`BATCH_COMMITS_MAX`], and moves the
    /// position there. Returns whether more are left.
    ///
    /// # Errors
    ///
    /// A commit cannot be told: nothing after it was matched.
    pub fn advance(&self, commits: &Commits) -> Result<bool, TellError> {
        let mut state = self.lock();
        let State { index, matcher } = &mut *state;
        let mut last = commits.last();
        if !index.is_empty() {
            let left = commits.after(self.position());
            for (count, commit) in left.enumerate() {
                if count == BATCH_COMMITS_MAX {
                    break;
                }
                let commit = commit?;
                last = commit.sequence;
                matcher.add(&commit, index)?;
            }
            index.end_batch();
        }
        let last = last.max(self.position());
        self.position.send_replace(last);
        Ok(last < commits.last())
    }

    /// Goes on after this commit. The watchers read what is before from the log.
    pub fn skip_to(&self, position: Sequence) {
        let mut state = self.lock();
        state.index.overflow_all();
        self.position.send_replace(position);
    }

    /// Sets the last commit that watchers are shown before they are closed.
    pub fn end_after(&self, end: Sequence) {
        self.end.send_replace(Some(end));
    }

    /// Waits, when the server stops, for the last commit that watchers are shown.
    pub async fn end(&self) -> Sequence {
        let mut end = self.end.subscribe();
        let found = end.wait_for(Option::is_some).await.ok().and_then(|end| *end);
        match found {
            Some(end) => end,
            // Not while the sender lives, which is as long as this.
            None => pending().await,
        }
    }
}
