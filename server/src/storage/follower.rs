//! Follows the log: what was published recently from memory, what is older from the disk.

use std::io;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::{self, JoinHandle};

use super::commits::Commits;
use super::log::{CommitReader, FollowError, Log, Recent};
use crate::codec::Sequence;

/// The blocking reads of all followers that run at the same time: enough to keep a disk busy. Each needs a
/// thread, and up to two megabytes while it reads a large frame, so that more followers wait for their turn.
const READS_MAX: usize = 4;

static READS: Semaphore = Semaphore::const_new(READS_MAX);

/// Returns all published commits after a position, in order, each once. It is at no moment ahead of
/// [`Log::published`].
///
/// A follower holds one piece of the log at most, and only while it reads it. The log can be closed while
/// there are followers: they return what was published, and then [`FollowError::Closed`].
#[derive(Debug)]
pub struct Follower {
    log: Arc<dyn Log>,
    published: watch::Receiver<Sequence>,
    position: Sequence,
    reader: Reader,
}

/// What reads the commits that are not recent.
#[derive(Debug)]
enum Reader {
    /// What follows is recent.
    None,
    Idle(Box<dyn CommitReader>),
    /// It is kept here, so that a canceled [`Follower::next`] loses nothing.
    Reading(JoinHandle<Read>),
}

/// A reader, and what it has read.
type Read = (Box<dyn CommitReader>, Result<Option<Commits>, FollowError>);

impl Follower {
    /// Follows the log from the commit after `after`.
    pub fn new(log: Arc<dyn Log>, after: Sequence) -> Self {
        let published = log.published();
        Self { log, published, position: after, reader: Reader::None }
    }

    /// The last commit that was returned; at first the one from which it began.
    pub fn position(&self) -> Sequence {
        self.position
    }

    /// Whether what follows can be returned without the disk, or nothing follows yet.
    pub fn is_recent(&self) -> bool {
        !matches!(self.log.recent(self.position), Recent::NotKept)
    }

    /// Returns the commits that follow: those from the one after [`Self::position`] to the new position.
    /// Waits until there are any. Nothing is lost if the future is dropped. Outside of a runtime of tokio, it
    /// must not be behind the recent commits.
    ///
    /// # Errors
    ///
    /// [`FollowError`]. A later call repeats the attempt.
    pub async fn next(&mut self) -> Result<Arc<Commits>, FollowError> {
        loop {
            if let Some(commits) = self.finish_read().await? {
                return self.advance(Arc::new(commits));
            }
            match self.log.recent(self.position) {
                Recent::Commits(commits) => {
                    self.reader = Reader::None;
                    return self.advance(commits);
                }
                Recent::NoneYet => self.wait().await?,
                Recent::NotKept => self.begin_read().await,
            }
        }
    }

    /// Returns the commits that follow if they are recent. `None` if nothing follows yet, if what follows is
    /// on the disk, and while a read from there runs that a canceled [`Self::next`] has begun.
    pub fn try_next(&mut self) -> Option<Arc<Commits>> {
        if let Reader::Reading(_) = self.reader {
            return None;
        }
        match self.log.recent(self.position) {
            Recent::Commits(commits) => {
                self.reader = Reader::None;
                // An error is that of the next call of `next`.
                self.advance(commits).ok()
            }
            Recent::NoneYet | Recent::NotKept => None,
        }
    }

    /// Moves to the last of these commits, and returns those that were not returned before: a frame may begin
    /// with some that were.
    fn advance(&mut self, commits: Arc<Commits>) -> Result<Arc<Commits>, FollowError> {
        let new = if commits.first() <= self.position {
            let tail = commits.tail(self.position);
            Arc::new(tail.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?)
        } else {
            commits
        };
        self.position = new.last();
        Ok(new)
    }

    /// Waits until something is published that was not returned.
    async fn wait(&mut self) -> Result<(), FollowError> {
        self.reader = Reader::None;
        let position = self.position;
        let waited = self.published.wait_for(|&published| published > position).await;
        waited.map(drop).map_err(|_| FollowError::Closed)
    }

    async fn begin_read(&mut self) {
        let permit = READS.acquire().await.expect("the semaphore is never closed");
        let mut reader = match std::mem::replace(&mut self.reader, Reader::None) {
            Reader::Idle(reader) => reader,
            Reader::None | Reader::Reading(_) => self.log.reader(self.position),
        };
        let read = task::spawn_blocking(move || {
            let _permit = permit;
            let read = reader.next();
            (reader, read)
        });
        self.reader = Reader::Reading(read);
    }

    /// Waits for the read that runs, if there is one.
    async fn finish_read(&mut self) -> Result<Option<Commits>, FollowError> {
        let Reader::Reading(read) = &mut self.reader else { return Ok(None) };
        let finished = read.await;
        self.reader = Reader::None;
        let (reader, read) = finished.map_err(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime shuts down.
            Err(_) => FollowError::Closed,
        })?;
        let commits = read?;
        self.reader = Reader::Idle(reader);
        Ok(commits)
    }
}
