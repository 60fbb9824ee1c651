//! A model of the journal: what was appended and acknowledged, which is compared with what recovery reads.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use bookline_server::changes::commit;
use bookline_server::changes::commit::Commit;
use bookline_server::codec::Sequence;
use bookline_server::domain::Contradiction;
use bookline_server::storage::journal::disk::Disk;
use bookline_server::storage::journal::{Base, Durability, Journal, OpenError, Options, Recovered};
use bookline_server::storage::log::{AppendError, Appended, Failure, Log, LogExt};
use bookline_testkit::HANG_TIMEOUT;

use super::generate::RandomCommit;

/// Segments so small that a test can flip every bit of them.
pub const TINY: Options = options(Durability::Always, 4 << 10);

/// Segments of about a hundred commits.
pub const SMALL: Options = options(Durability::Always, 16 << 10);

pub const fn options(durability: Durability, segment_size: u64) -> Options {
    Options {
        durability,
        segment_size,
        keep_bytes: 0,
        base: Base { snapshot: Sequence(0), known_durable: Sequence(0), clean_stop: None, fresh: false },
        newest_snapshot: None,
        recent_bytes: 64 << 10,
    }
}

/// The commits that were appended, encoded, in order.
#[derive(Debug, Clone, Default)]
pub struct History {
    commits: Vec<Vec<u8>>,
    /// The number of commits that were acknowledged.
    acknowledged: u64,
    /// Whether the journal was ever open.
    begun: bool,
    /// The last commit that a snapshot holds, which is never lost.
    snapshot: Sequence,
}

impl History {
    pub fn len(&self) -> u64 {
        self.commits.len() as u64
    }

    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Records that everything up to `sequence` was acknowledged.
    pub fn acknowledge(&mut self, sequence: Sequence) {
        self.acknowledged = self.acknowledged.max(sequence.0);
    }

    /// Records that the journal was open before.
    pub fn set_begun(&mut self) {
        self.begun = true;
    }

    /// Records that acknowledged commits may be lost, because the disk was corrupted.
    pub fn forget_acknowledgements(&mut self) {
        self.acknowledged = 0;
    }

    /// Removes all but the first `count` commits, which count as acknowledged.
    pub fn truncate(&mut self, count: u64) {
        self.commits.truncate(usize::try_from(count).expect("a small journal"));
        self.acknowledged = count;
    }

    /// Appends to the journal and to the model.
    pub fn append(
        &mut self,
        journal: &Journal,
        random_commit: &RandomCommit,
    ) -> Result<Sequence, AppendError> {
        let Appended { sequence, .. } =
            journal.append(random_commit.micros, random_commit.actor(), &random_commit.changes())?;
        self.commits.push(random_commit.bytes());
        assert_eq!(sequence.0, self.len(), "sequences are dense");
        Ok(sequence)
    }

    /// Asserts that a recovered commit equals the one that was appended with its sequence number.
    pub fn check(&self, commit: Commit<'_>) -> Result<(), Contradiction> {
        let index = usize::try_from(commit.sequence.0 - 1).expect("a small journal");
        let appended = self.commits.get(index).expect("recovery reads only what was appended");
        assert_eq!(&encoded(commit), appended, "commit {} differs from what was appended", commit.sequence.0);
        Ok(())
    }

    /// Opens the journal on `disk`. Asserts that it holds a prefix of the appended commits with all
    /// acknowledged ones, and truncates the history to it.
    pub fn open(
        &mut self,
        disk: &(impl Disk + Clone + 'static),
        options: Options,
    ) -> Result<(Journal, Recovered), OpenError> {
        let mut next = self.snapshot.0 + 1;
        let base = Base {
            snapshot: self.snapshot,
            known_durable: self.snapshot,
            clean_stop: None,
            fresh: !self.begun,
        };
        let options = Options { base, ..options };
        let opening = Journal::read(Arc::new(disk.clone()), options, &mut |commit| {
            assert_eq!(commit.sequence.0, next, "commits come in order");
            next += 1;
            self.check(commit)
        })?;
        let opened = opening.open()?;
        self.begun = true;
        self.recovered(&opened.1);
        Ok(opened)
    }

    /// Trims the journal as after a snapshot that holds all commits up to `through`.
    pub fn trim(&mut self, journal: &Journal, through: Sequence) -> io::Result<()> {
        self.snapshot = self.snapshot.max(through);
        journal.trim(self.snapshot).map(drop)
    }

    fn recovered(&mut self, recovered: &Recovered) {
        let last = recovered.last.0;
        assert_eq!(last, self.snapshot.0 + recovered.commits);
        assert!(
            last >= self.acknowledged,
            "{} commits were acknowledged, and {last} were recovered",
            self.acknowledged
        );
        self.commits.truncate(usize::try_from(last).expect("a small journal"));
        self.acknowledged = last;
    }
}

/// Encodes a recovered commit again.
pub fn encoded(commit: Commit<'_>) -> Vec<u8> {
    let changes: Vec<_> =
        commit.changes().collect::<Result<_, _>>().expect("recovery decodes before it applies");
    let mut bytes = Vec::new();
    commit::encode(&mut bytes, commit.micros, commit.actor, &changes);
    bytes
}

/// Waits as a connection does: until `sequence` may be acknowledged, or the journal has failed.
pub fn settle(journal: &Journal, sequence: Sequence) -> Result<(), Failure> {
    block_on(journal.settle(sequence))
}

/// Waits until an append may succeed, or the journal has failed.
pub fn wait_for_capacity(journal: &Journal) -> Result<(), Failure> {
    block_on(async {
        tokio::select! {
            biased;
            failure = journal.failed() => Err(failure),
            () = journal.capacity() => Ok(()),
        }
    })
}

/// Waits for the failure of the journal.
pub fn failure(journal: &Journal) -> Failure {
    block_on(journal.failed())
}

/// Polls the future once.
pub fn is_ready(future: impl Future) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    pin!(future).poll(&mut context).is_ready()
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(HANG_TIMEOUT, future).await.expect("no hang") })
}

/// Appends, and waits for capacity as a connection does. Panics if the journal is read-only.
pub fn append(
    history: &mut History,
    journal: &Journal,
    random_commit: &RandomCommit,
) -> Result<Sequence, Failure> {
    loop {
        match history.append(journal, random_commit) {
            Ok(sequence) => return Ok(sequence),
            Err(AppendError::Backpressure) => wait_for_capacity(journal)?,
            Err(AppendError::Closed) => return Err(failure(journal)),
            Err(read_only) => panic!("{read_only}"),
        }
    }
}

/// Appends a commit, and waits until it is acknowledged.
pub fn commit(
    history: &mut History,
    journal: &Journal,
    random_commit: &RandomCommit,
) -> Result<Sequence, Failure> {
    let sequence = append(history, journal, random_commit)?;
    settle(journal, sequence)?;
    history.acknowledge(sequence);
    Ok(sequence)
}
