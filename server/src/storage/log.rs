//! The log between state and storage: commits in order, durable before they are acknowledged.

use std::fmt::Debug;
use std::future::{self, Future};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use thiserror::Error;
use tokio::sync::watch;

use crate::changes::Change;
use crate::changes::commit::Commit;
use crate::codec::Sequence;
use crate::domain::account::Actor;
use crate::storage::commits::Commits;
use crate::storage::statistics::{LogStatistics, Progress};

/// A log of commits. The journal of this machine is one.
pub trait Log: Debug + Send + Sync {
    /// Appends a commit of `actor`, the account that makes it, if one does. The caller holds the locks of all
    /// records that the changes are about, so that the order in the log is the order in the state. `micros`
    /// is the time of the decision, in microseconds since 1970 (UTC); the times of commits never decrease.
    /// The commit may be acknowledged once [`Wait`] is ready.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; the log is unchanged.
    fn append(
        &self,
        micros: i64,
        actor: Option<Actor<'_>>,
        changes: &[Change<'_>],
    ) -> Result<Appended, AppendError>;

    /// The sequence number of the last commit that was appended.
    fn appended(&self) -> Sequence;

    /// The sequence number of the last commit that is known durable.
    fn durable(&self) -> Sequence;

    /// Ready once everything up to `through` may be acknowledged. If the log fails before, it never becomes
    /// ready, so that nothing is acknowledged that may not be durable. Unless the waker is `registered`
    /// already, it is woken then.
    fn poll_durable(&self, through: Sequence, registered: bool, waker: &Waker) -> Poll<()>;

    /// Ready when an append that met [`AppendError::Backpressure`] may succeed. Otherwise the waker is woken
    /// then.
    fn poll_capacity(&self, waker: &Waker) -> Poll<()>;

    /// Whether changes are refused, because there is no space for them or the log is not as it has to be.
    fn read_only(&self) -> bool;

    /// Whether this server appends to the log. A standby of a cluster only follows it.
    fn leads(&self) -> bool {
        true
    }

    /// Passes the durable commits after `after` to `each`, in order.
    ///
    /// # Errors
    ///
    /// The error of `each`, or of a read. A commit that was trimmed cannot be read.
    fn replay(&self, after: Sequence, each: &mut dyn FnMut(Commit<'_>) -> io::Result<()>) -> io::Result<()>;

    /// The last commit that may be shown to those who follow the log. With a log that acknowledges what is
    /// durable, it is durable: no crash takes it back. Otherwise it was written. It never decreases.
    ///
    /// A commit is published before those are woken who wait for it with [`Wait`]. So who was acknowledged a
    /// durable commit finds it published. The log of a failed disk publishes nothing more. The sender is
    /// dropped when nothing more will be published, because the log was closed or has failed.
    ///
    /// The value must not be held on to: the log waits for that when it publishes.
    fn published(&self) -> watch::Receiver<Sequence>;

    /// The published commits that follow `after`, if they are recent. They are those of a whole frame, which
    /// may begin with commits up to `after`. It does not block.
    fn recent(&self, after: Sequence) -> Recent;

    /// Reads the published commits after `after` from the storage. It may block.
    fn reader(&self, after: Sequence) -> Box<dyn CommitReader>;

    /// Commits up to this one were trimmed, and those after it can be replayed.
    fn trimmed(&self) -> Sequence;

    /// Gives up commits up to `through`, which a snapshot holds. The log may keep some of them. Returns the
    /// number of segments that were given up.
    ///
    /// # Errors
    ///
    /// An error of the storage.
    fn trim(&self, through: Sequence) -> io::Result<usize>;

    /// The failure after which nothing is made durable any more, if there was one.
    fn failure(&self) -> watch::Receiver<Option<Failure>>;

    /// What it has done so far. It waits neither for the disk nor for the network.
    fn statistics(&self) -> LogStatistics<'_> {
        LogStatistics::default()
    }

    /// How far it has got with its work. `None` after its end.
    fn progress(&self) -> Option<Progress> {
        let published = self.published();
        let appended = self.appended();
        // The sender is dropped when nothing more will be published.
        published.has_changed().ok()?;
        Some(Progress::of_commits(*published.borrow(), appended))
    }

    /// Refuses further commits, makes those durable that were appended, and ends the threads of the log.
    ///
    /// # Errors
    ///
    /// The failure, if the log has failed.
    fn close(&self) -> Result<(), Failure>;
}

/// What follows a commit, as far as the log has it in memory.
#[derive(Debug, Clone)]
pub enum Recent {
    /// Some of the commits that follow, at least the next one.
    Commits(Arc<Commits>),
    /// No commit is published that follows.
    NoneYet,
    /// The next commit is not recent any more: a [`CommitReader`] finds it.
    NotKept,
}

/// Reads published commits from the storage of a log, in order. It blocks. It can be used while the log
/// trims, and after it was closed.
pub trait CommitReader: Debug + Send {
    /// The commits that follow those that were returned before, or some of them. `None` if nothing more is
    /// published.
    ///
    /// # Errors
    ///
    /// [`FollowError`], but not [`FollowError::Closed`]. A later call repeats the attempt.
    fn next(&mut self) -> Result<Option<Commits>, FollowError>;
}

/// Why no more commits follow.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The commits that follow were trimmed.
    #[error("the commits up to {} are not kept any more", oldest.0)]
    Trimmed {
        /// The commits after this one can be followed: [`Log::trimmed`].
        oldest: Sequence,
    },
    /// They cannot be read.
    #[error("the log cannot be read")]
    Unreadable(#[from] io::Error),
    /// The log was closed or has failed, and everything that was published was returned.
    #[error("the log is closed")]
    Closed,
}

/// A commit that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub sequence: Sequence,
    /// The time of the commit, in microseconds since 1970 (UTC): that of its decision, or of the commit
    /// before if that is later. Replay has no other, so the state has to have the same.
    pub micros: i64,
}

/// Why a commit was not appended. The log is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AppendError {
    /// The queue is full, or the next segment is not preallocated yet: await `capacity`, then decide and
    /// append again.
    #[error("the log cannot take a change at the moment")]
    Backpressure,
    /// The disk has no space for the next segment. The server is read-only until it has.
    #[error("there is no room on disk for the next journal segment: {reason}")]
    ReadOnly {
        /// Why there is no space.
        reason: String,
    },
    /// The cluster is not as it has to be: what is acknowledged might be lost, or a member could not read it.
    /// A person has to correct it.
    #[error("{wrong}")]
    Misconfigured {
        /// What is wrong, and what to do.
        wrong: Arc<str>,
    },
    /// The replicated log has not answered for so many seconds. It may answer again at any time.
    #[error("the log of the cluster has not answered for {seconds} s")]
    Unavailable { seconds: u64 },
    /// The log is closed, or it has failed.
    #[error("the log takes no more changes")]
    Closed,
}

/// The first failed write or sync, after which the log makes nothing durable any more.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{doing} {file} failed: {error}")]
pub struct Failure {
    /// The operation.
    pub doing: &'static str,
    /// The file.
    pub file: String,
    /// The error of the system.
    pub error: String,
}

/// Ready once a sequence number may be acknowledged. If the log fails before, it never becomes ready.
#[derive(Debug)]
#[must_use = "a reply may only be sent after the wait"]
pub struct Wait<'a, L: ?Sized> {
    log: &'a L,
    sequence: Sequence,
    /// The waker is registered once, because the task that polls does not change.
    registered: bool,
}

impl<L: Log + ?Sized> Future for Wait<'_, L> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let poll = self.log.poll_durable(self.sequence, self.registered, context.waker());
        self.registered = true;
        poll
    }
}

/// Waits for a log.
pub trait LogExt: Log {
    /// Waits until everything up to `sequence` may be acknowledged.
    fn wait_durable(&self, sequence: Sequence) -> Wait<'_, Self> {
        Wait { log: self, sequence, registered: false }
    }

    /// Waits as [`Self::wait_durable`] does.
    ///
    /// # Errors
    ///
    /// The failure, if the log fails before.
    fn settle(&self, sequence: Sequence) -> impl Future<Output = Result<(), Failure>> + Send {
        async move {
            tokio::select! {
                biased;
                () = self.wait_durable(sequence) => Ok(()),
                failure = self.failed() => Err(failure),
            }
        }
    }

    /// Waits until an append that met [`AppendError::Backpressure`] may succeed.
    fn capacity(&self) -> impl Future<Output = ()> + Send {
        future::poll_fn(|context| self.poll_capacity(context.waker()))
    }

    /// Waits until the log has failed. Nothing is made durable after that, and the process should end.
    fn failed(&self) -> impl Future<Output = Failure> + Send {
        let mut failure = self.failure();
        async move {
            let failed = failure.wait_for(Option::is_some).await.ok().and_then(|failed| failed.clone());
            match failed {
                Some(failure) => failure,
                // The log was dropped without a failure.
                None => future::pending().await,
            }
        }
    }
}

impl<L: Log + ?Sized> LogExt for L {}
