//! What was appended, what was acknowledged, and whether the journal still knows.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use super::generate::Draft;
use crate::codec::commit::Commit;
use crate::codec::{Sequence, commit};
use crate::domain::Contradiction;
use crate::storage::journal::disk::Disk;
use crate::storage::journal::{
    AppendError, Base, Durability, Failure, Journal, OpenError, Options, Recovered,
};

/// Nothing here takes longer unless it hangs.
pub const HANG: Duration = Duration::from_secs(20);

/// Segments so small that every bit of them can be tried.
pub const TINY: Options = options(Durability::Always, 4 << 10);

/// Segments that hold some hundred commits.
pub const SMALL: Options = options(Durability::Always, 16 << 10);

pub const fn options(durability: Durability, segment_size: u64) -> Options {
    Options {
        durability,
        segment_size,
        base: Base { snapshot: Sequence(0), known_durable: Sequence(0), clean_stop: None, fresh: false },
        newest_snapshot: None,
    }
}

/// The model: commits by sequence, as bytes.
#[derive(Debug, Clone, Default)]
pub struct History {
    commits: Vec<Vec<u8>>,
    /// So many of them were acknowledged.
    acknowledged: u64,
    /// Has the journal ever been open?
    begun: bool,
    /// A snapshot holds so many of them, and is never lost.
    snapshot: Sequence,
}

impl History {
    pub fn len(&self) -> u64 {
        self.commits.len() as u64
    }

    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Whoever waited for `sequence` was told.
    pub fn acknowledge(&mut self, sequence: Sequence) {
        self.acknowledged = self.acknowledged.max(sequence.0);
    }

    /// The journal was open before.
    pub fn begun(&mut self) {
        self.begun = true;
    }

    /// The disk is known to have lost some.
    pub fn forget_acknowledgements(&mut self) {
        self.acknowledged = 0;
    }

    /// Nothing but the first `count` commits ever was.
    pub fn only(&mut self, count: u64) {
        self.commits.truncate(usize::try_from(count).expect("a small journal"));
        self.acknowledged = count;
    }

    /// Appends to the journal and to the model.
    pub fn append(&mut self, journal: &Journal, draft: &Draft) -> Result<Sequence, AppendError> {
        let sequence = journal.append(draft.micros, &draft.changes())?;
        self.commits.push(draft.bytes());
        assert_eq!(sequence.0, self.len(), "sequences are dense");
        Ok(sequence)
    }

    /// Is this commit what was appended in its place?
    pub fn check(&self, commit: Commit<'_>) -> Result<(), Contradiction> {
        let place = usize::try_from(commit.sequence.0 - 1).expect("a small journal");
        let appended = self.commits.get(place).expect("only what was appended is recovered");
        assert_eq!(&encoded(commit), appended, "commit {} comes back as it was appended", commit.sequence.0);
        Ok(())
    }

    /// Opens the journal on `disk`. If it opens, it holds a beginning of what was appended with all that was
    /// acknowledged, and what it holds counts from now on.
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

    /// A snapshot was made that holds all commits up to `through`: the journal may forget them.
    pub fn trim(&mut self, journal: &Journal, through: Sequence) -> io::Result<()> {
        self.snapshot = self.snapshot.max(through);
        journal.trim(self.snapshot).map(drop)
    }

    fn recovered(&mut self, recovered: &Recovered) {
        let last = recovered.last.0;
        assert_eq!(last, self.snapshot.0 + recovered.commits);
        assert!(
            last >= self.acknowledged,
            "{} commits were acknowledged, and {last} are left of them",
            self.acknowledged
        );
        self.commits.truncate(usize::try_from(last).expect("a small journal"));
        self.acknowledged = last;
    }
}

/// The bytes of a commit that was read.
pub fn encoded(commit: Commit<'_>) -> Vec<u8> {
    let changes: Vec<_> =
        commit.changes().collect::<Result<_, _>>().expect("recovery decodes before it applies");
    let mut bytes = Vec::new();
    commit::encode(&mut bytes, commit.micros, &changes);
    bytes
}

/// Waits as a connection does: until `sequence` may be told, or the journal has failed.
pub fn settle(journal: &Journal, sequence: Sequence) -> Result<(), Failure> {
    block_on(journal.settle(sequence))
}

/// Waits until an append is worth another try, or the journal has failed.
pub fn wait_for_capacity(journal: &Journal) -> Result<(), Failure> {
    block_on(async {
        tokio::select! {
            biased;
            failure = journal.failed() => Err(failure),
            () = journal.capacity() => Ok(()),
        }
    })
}

/// The failure that must have come.
pub fn failure(journal: &Journal) -> Failure {
    block_on(journal.failed())
}

/// Is it ready at this moment?
pub fn is_ready(future: impl Future) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    pin!(future).poll(&mut context).is_ready()
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(HANG, future).await.expect("it hangs") })
}

/// Appends, waiting for room as a connection does. Not for a disk on which there is none.
pub fn append(history: &mut History, journal: &Journal, draft: &Draft) -> Result<Sequence, Failure> {
    loop {
        match history.append(journal, draft) {
            Ok(sequence) => return Ok(sequence),
            Err(AppendError::Backpressure) => wait_for_capacity(journal)?,
            Err(AppendError::Closed) => return Err(failure(journal)),
            Err(read_only) => panic!("{read_only}"),
        }
    }
}

/// Appends and is acknowledged.
pub fn commit(history: &mut History, journal: &Journal, draft: &Draft) -> Result<Sequence, Failure> {
    let sequence = append(history, journal, draft)?;
    settle(journal, sequence)?;
    history.acknowledge(sequence);
    Ok(sequence)
}
