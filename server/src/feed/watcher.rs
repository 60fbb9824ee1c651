//! The watcher of a connection: writes the `CHANGE` lines of what it watches.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use bookline_protocol::Watched;
use tokio::time::{Instant, sleep_until};

use super::about::About;
use super::commit_line::{CommitLine, write_gap, write_line, write_progress};
use super::handle::Feed;
use super::progress::Progress;
use super::queue::{Batch, Overflowed, Queue};
use super::replay::Replay;
use super::watches::{Shows, Watches};
use crate::codec::Sequence;
use crate::storage::log::FollowError;

/// The pause between two writes of a watcher that has caught up. A thousand watchers of one busy event would
/// otherwise take more of the processors with their writes than the bookings that they are told of.
const PACE: Duration = Duration::from_millis(10);

/// A watcher whose peer needs longer to take what was written, while its queue overflows, does not keep up.
/// One that was only overtaken by a burst of changes reads them from the log.
const STALL_MAX: Duration = Duration::from_secs(1);

/// What a connection watches, and what it was shown of it.
#[derive(Debug)]
pub struct Watcher {
    feed: Arc<Feed>,
    queue: Arc<Queue>,
    watches: Watches,
    /// Whether lines name the account that made the commit.
    shows_by: bool,
    /// Commits that are read from the log, before those of the queue.
    replay: Option<Box<Replay>>,
    /// Whether the feed fills the queue.
    is_registered: bool,
    /// Commits up to this one are not shown from the queue: they were replayed.
    queue_after: Sequence,
    /// The rest of a batch of the queue.
    batch: VecDeque<(Arc<CommitLine>, Shows)>,
    /// Whether the batch begins within a commit, some lines of which were shown.
    batch_is_within_commit: bool,
    /// Everything up to this commit was shown.
    shown: Sequence,
    progress: Progress,
    /// When something was written last.
    written_at: Instant,
    /// Whether the last write ended because there was enough.
    has_more: bool,
    /// Whether what was written last is not sent yet.
    is_sending: bool,
    /// Whether the peer took nothing for long, while more came than the queue holds.
    is_stalled: bool,
    /// Why commits cannot be read any more.
    failure: Option<String>,
    is_closed: bool,
}

impl Watcher {
    /// A watcher of nothing, which was shown everything up to `shown`. With `replays` it begins with the
    /// commits after that.
    pub fn new(feed: &Arc<Feed>, shown: Sequence, replays: bool) -> Self {
        let follow = || Box::new(Replay::new(feed.follow(shown), None));
        feed.add_watcher();
        Self {
            feed: feed.clone(),
            queue: Arc::default(),
            watches: Watches::default(),
            shows_by: false,
            replay: replays.then(follow),
            is_registered: !replays,
            queue_after: shown,
            batch: VecDeque::new(),
            batch_is_within_commit: false,
            shown,
            progress: Progress::new(),
            written_at: Instant::now(),
            has_more: false,
            is_sending: false,
            is_stalled: false,
            failure: None,
            is_closed: false,
        }
    }

    /// Shows in later lines who made a commit, or does not show it, as at the beginning.
    pub fn set_shows_by(&mut self, shows_by: bool) {
        self.shows_by = shows_by;
    }

    /// What is watched, in the order in which it was first named.
    pub fn watching(&self) -> &[Watched<'static>] {
        self.watches.list()
    }

    /// Whether something is shown with the ids of tickets and holds.
    pub fn shows_secrets(&self) -> bool {
        self.watches.show_secrets()
    }

    pub fn watches(&self, watched: &Watched<'_>) -> bool {
        self.watches.contains(watched)
    }

    /// Watches these too, from the commits after `after` on, or after a later one: that is returned.
    pub fn add(&mut self, watched: &[Watched<'_>], after: Sequence, with_secrets: bool) -> Sequence {
        let known = self.watches.list().len();
        watched.iter().for_each(|one| self.watches.add(one, after, with_secrets));
        if !self.is_registered {
            return after;
        }
        let matched = self.feed.add(self.watches.list()[known..].iter(), &self.queue);
        if matched > after {
            // Others have committed since the caller looked, and the queue has got nothing of it.
            self.watches.begin_after(known, matched);
        }
        after.max(matched)
    }

    /// Watches these no more. No line of theirs is written after it. The caller has seen that the watcher is
    /// not [within a commit](Self::is_within_commit).
    pub fn remove(&mut self, watched: &[Watched<'_>]) {
        let known: Vec<_> =
            watched.iter().filter(|one| self.watches(one)).cloned().map(Watched::into_owned).collect();
        if self.is_registered {
            self.feed.remove(known.iter(), &self.queue);
        }
        self.watches.remove(&known);
        let watches = &self.watches;
        self.batch.retain_mut(|(line, shows)| match shows_of(watches, line) {
            Some(still) => {
                *shows = still;
                true
            }
            None => false,
        });
    }

    /// Whether lines of a commit were written, and others of it are still to be written.
    pub fn is_within_commit(&self) -> bool {
        self.batch_is_within_commit || self.replay.as_ref().is_some_and(|replay| replay.is_within_commit())
    }

    /// Whether there is something to do without waiting: lines to write, or to go over to the queue.
    pub fn has_output(&self) -> bool {
        self.has_more
            || !self.batch.is_empty()
            || self
                .replay
                .as_ref()
                .is_some_and(|replay| replay.has_commits() || replay.has_caught_up(self.feed.position()))
    }

    /// Whether the connection is to be closed: the watcher did not keep up, and was told so.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether everything up to this commit was shown.
    pub fn has_shown(&self, commit: Sequence) -> bool {
        self.shown >= commit && self.batch.is_empty() && !self.is_within_commit()
    }

    /// Waits until there is something to write. It may be canceled.
    pub async fn ready(&mut self) {
        if self.has_output() || self.failure.is_some() {
            return;
        }
        let Self { queue, replay, progress, written_at, failure, .. } = self;
        let due = progress.due();
        let changes = async {
            match replay {
                Some(replay) => {
                    match replay.read().await {
                        Ok(()) => {}
                        // The server has stopped, and nothing follows.
                        Err(FollowError::Closed) => pending().await,
                        Err(error) => *failure = Some(error.to_string()),
                    }
                }
                None => {
                    poll_fn(|context| queue.poll_ready(context)).await;
                    sleep_until(*written_at + PACE).await;
                }
            }
        };
        tokio::select! {
            biased;
            () = changes => {}
            () = sleep_until(due) => {}
        }
    }

    /// Writes lines, without waiting, until `out` has `bytes_target` bytes or a line more.
    pub fn write(&mut self, out: &mut Vec<u8>, bytes_target: usize) {
        let start = out.len();
        while !self.is_closed && out.len() < bytes_target && self.write_some(out, bytes_target) {}
        self.has_more = !self.is_closed && out.len() >= bytes_target;
        if out.len() > start {
            self.written_at = Instant::now();
            self.is_sending = true;
        }
    }

    /// Notes that what was written is sent. It took as long as the peer needed to take it.
    pub fn sent(&mut self) {
        if std::mem::take(&mut self.is_sending) {
            self.is_stalled |= self.written_at.elapsed() > STALL_MAX && self.queue.has_overflowed();
        }
    }

    /// Writes some lines, and returns whether there may be more.
    fn write_some(&mut self, out: &mut Vec<u8>, bytes_target: usize) -> bool {
        if !self.batch.is_empty() {
            self.write_batch(out, bytes_target);
            return true;
        }
        if self.failure.is_some() {
            self.close(out);
            return false;
        }
        if self.replay.is_some() {
            return self.write_replay(out, bytes_target);
        }
        // Read first: the queue then has everything up to it.
        let position = self.feed.position();
        match self.queue.pop() {
            Ok(Some(batch)) => self.begin_batch(&batch),
            Ok(None) => {
                self.write_progress(out, position);
                return false;
            }
            Err(Overflowed) if self.is_stalled => {
                self.close(out);
                return false;
            }
            Err(Overflowed) => self.read_from_log(),
        }
        true
    }

    /// Goes on with what the log has after everything that was shown.
    fn read_from_log(&mut self) {
        self.feed.remove(self.watches.list().iter(), &self.queue);
        self.queue = Arc::default();
        self.is_registered = false;
        self.replay = Some(Box::new(Replay::new(self.feed.follow(self.shown), None)));
    }

    fn write_batch(&mut self, out: &mut Vec<u8>, bytes_target: usize) {
        while out.len() < bytes_target
            && let Some((line, shows)) = self.batch.pop_front()
        {
            let sequence = line.sequence;
            let is_last = self.batch.front().is_none_or(|(next, _)| next.sequence != sequence);
            let by = if self.shows_by { line.by.as_str() } else { "" };
            write_line(out, sequence, &line.line, shows.secrets, by, is_last);
            self.batch_is_within_commit = !is_last;
            if is_last {
                self.shown = sequence;
            }
        }
    }

    /// Writes commits of the log. Returns whether there may be more to write.
    fn write_replay(&mut self, out: &mut Vec<u8>, bytes_target: usize) -> bool {
        let Some(replay) = &mut self.replay else { return true };
        if let Err(error) = replay.write(out, bytes_target, &self.watches, self.shows_by) {
            // Who comes again is refused, and not told of the same gap for ever.
            self.feed.raise_start(replay.position().next());
            self.failure = Some(error.to_string());
            return true;
        }
        if replay.is_within_commit() {
            return false;
        }
        self.shown = self.shown.max(replay.position());
        if replay.has_caught_up(self.feed.position()) {
            // From here on the queue has what follows.
            let matched = self.feed.add(self.watches.list().iter(), &self.queue);
            self.is_registered = true;
            self.queue_after = matched.max(replay.position());
            replay.end = Some(self.queue_after);
        }
        if replay.is_over() {
            self.replay = None;
            return true;
        }
        let has_commits = replay.has_commits();
        if !has_commits {
            let position = replay.position();
            self.write_progress(out, position);
        }
        // The rest of what was read is for the next turn.
        false
    }

    fn begin_batch(&mut self, batch: &Batch) {
        match batch {
            Batch::Long(sequence) => self.begin_long_commit(*sequence),
            Batch::Lines { lines, .. } => {
                let wanted = lines.iter().filter(|line| line.sequence > self.queue_after);
                let shown = wanted.filter_map(|line| Some((line.clone(), shows_of(&self.watches, line)?)));
                self.batch = shown.collect();
            }
        }
    }

    fn begin_long_commit(&mut self, sequence: Sequence) {
        if sequence > self.queue_after {
            let before = Sequence(sequence.0 - 1);
            self.replay = Some(Box::new(Replay::new(self.feed.follow(before), Some(sequence))));
        }
    }

    /// Writes a progress line if one is due. Everything up to `position` was written.
    fn write_progress(&mut self, out: &mut Vec<u8>, position: Sequence) {
        self.shown = self.shown.max(position);
        if self.progress.is_due() {
            write_progress(out, self.shown);
            self.progress = Progress::new();
        }
    }

    /// Says that there is a gap, and closes.
    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some(why) = &self.failure {
            tracing::debug!("a watcher has a gap: {why}");
        }
        write_gap(out, self.shown);
        self.is_closed = true;
    }
}

/// How a line is shown, if it is wanted.
fn shows_of(watches: &Watches, line: &CommitLine) -> Option<Shows> {
    match &line.about {
        About::Event(id) => watches.of_event(id, line.sequence),
        About::Entry(people) => watches.of_people(people.split(','), line.sequence),
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.feed.remove_watcher();
        if self.is_registered {
            self.feed.remove(self.watches.list().iter(), &self.queue);
        }
    }
}
