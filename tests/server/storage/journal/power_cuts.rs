//! Randomized crash cycles of a journal on a simulated disk: appends, kills, power cuts, I/O errors and a
//! full disk, each followed by recovery.
//!
//! It would fail if recovery lost or invented a commit, took a torn tail for corruption or corruption for a
//! torn tail, or if a commit were acknowledged that a crash takes back.

use bookline_server::codec::Sequence;
use bookline_server::storage::journal::{Durability, Journal, OpenError, Options};
use bookline_server::storage::log::{AppendError, Log};
use bookline_testkit::Rng;
use bookline_testkit::disk::{Faults, IoSource, SimDisk};
use bookline_testkit::seeds::for_each_seed;

use super::generate::RandomCommit;
use super::history::{History, SMALL, TINY, commit, failure, options, settle, wait_for_capacity};

#[test]
fn acknowledged_commits_survive_every_crash() {
    for_each_seed(2_000, |seed| {
        let mut scenario = Scenario::new(seed);
        for _ in 0..scenario.rng.within(2..7) {
            scenario.run();
        }
        scenario.end();
    });
}

struct Scenario {
    rng: Rng,
    disk: SimDisk,
    history: History,
    options: Options,
}

/// The outcome of a burst of commits.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Success,
    ReadOnly,
    Failed,
}

impl Drop for Scenario {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.disk.operations());
        }
    }
}

impl Scenario {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let durability = match rng.below(4) {
            0 => Durability::Never,
            1 => Durability::Interval,
            _ => Durability::Always,
        };
        let segment_size = [TINY.segment_size, SMALL.segment_size, 64 << 10][rng.below(3)];
        let disk = SimDisk::new(rng.next());
        Self { rng, disk, history: History::default(), options: options(durability, segment_size) }
    }

    /// One process, from recovery to a crash.
    fn run(&mut self) {
        let faults = self.faults();
        self.disk.set_faults(faults);
        match self.history.open(&self.disk, self.options) {
            Ok((journal, _)) => self.serve(&journal, faults),
            Err(OpenError::Io { .. } | OpenError::Failure(_)) if may_fail(faults) => self.crash(),
            Err(error) => panic!("{error}"),
        }
    }

    fn faults(&mut self) -> Faults {
        let rng = &mut self.rng;
        let mut faults =
            Faults { short: rng.one_in(3), sync_error_drops_writes: rng.one_in(2), ..Faults::default() };
        if rng.one_in(4) {
            faults.source = IoSource::Preallocation;
        }
        match rng.below(8) {
            0 | 1 => faults.die_at = Some(rng.within(1..100)),
            2 => faults.fail_write = Some(rng.within(1..40)),
            3 => faults.fail_sync = Some(rng.within(1..40)),
            4 => faults.capacity = Some(rng.below(200 << 10)),
            _ => {}
        }
        faults
    }

    fn serve(&mut self, journal: &Journal, faults: Faults) {
        let mut outcome = Outcome::Success;
        for _ in 0..self.rng.within(0..12) {
            outcome = self.burst(journal);
            if outcome != Outcome::Success {
                break;
            }
            if self.rng.one_in(8) {
                self.trim(journal);
            }
        }
        match outcome {
            Outcome::Failed => self.check_failed(journal),
            // A read-only journal may have space again by now, because the allocation is retried.
            Outcome::ReadOnly | Outcome::Success => {}
        }
        if self.rng.one_in(3) {
            self.close(journal, faults);
        }
        for (name, bytes) in &self.disk.image().0 {
            let fits = bytes.len() as u64 <= self.options.segment_size.max(SMALL.segment_size);
            assert!(fits, "{name} has grown to {} bytes", bytes.len());
        }
        // Under every durability, recovery must yield what the journal has reported durable.
        self.history.acknowledge(journal.durable());
        self.crash();
        // Ends the threads of the killed process. Their I/O fails.
        let _ = journal.close();
    }

    /// Appends a few commits, the first as one batch, the others as the next, and may wait for the last.
    fn burst(&mut self, journal: &Journal) -> Outcome {
        if wait_for_capacity(journal).is_err() {
            return Outcome::Failed;
        }
        self.disk.pause_writes();
        let appended = self.append_all(journal);
        self.disk.resume_writes();
        let last = match appended {
            Ok(last) => last,
            Err(outcome) => return outcome,
        };
        if self.rng.one_in(4) {
            return Outcome::Success;
        }
        if settle(journal, last).is_err() {
            return Outcome::Failed;
        }
        if self.options.durability == Durability::Always {
            assert!(journal.durable() >= last, "acknowledged before it is durable");
            self.history.acknowledge(last);
        }
        Outcome::Success
    }

    fn append_all(&mut self, journal: &Journal) -> Result<Sequence, Outcome> {
        let mut last = None;
        for _ in 0..self.rng.within(1..20) {
            let random_commit = RandomCommit::any(&mut self.rng);
            let sequence = loop {
                match self.history.append(journal, &random_commit) {
                    Ok(sequence) => break sequence,
                    Err(AppendError::ReadOnly { .. }) => return Err(Outcome::ReadOnly),
                    Err(AppendError::Closed) => return Err(Outcome::Failed),
                    Err(AppendError::Unavailable { .. } | AppendError::Misconfigured { .. }) => {
                        unreachable!("a journal is no replicated log")
                    }
                    Err(AppendError::Backpressure) => {
                        self.disk.resume_writes();
                        wait_for_capacity(journal).map_err(|_| Outcome::Failed)?;
                    }
                }
            };
            if last.replace(sequence).is_none() {
                self.disk.wait_for_paused_write();
            }
        }
        Ok(last.expect("at least one commit"))
    }

    /// Trims the journal as a snapshot of some of the durable commits does, so that old segments are
    /// recycled.
    fn trim(&mut self, journal: &Journal) {
        let through = self.rng.within(0..journal.durable().0 + 1);
        // It fails if the process was killed.
        let _ = self.history.trim(journal, Sequence(through));
    }

    /// Asserts that after a failure nothing becomes durable or is acknowledged, and that the failure names a
    /// file.
    fn check_failed(&mut self, journal: &Journal) {
        let failure = failure(journal);
        assert!(failure.file.ends_with(".seg") || failure.file.contains("directory"), "{failure}");
        let durable = journal.durable();
        let random_commit = RandomCommit::small(&mut self.rng);
        if let Ok(sequence) = self.history.append(journal, &random_commit)
            && self.options.durability == Durability::Always
        {
            settle(journal, sequence).expect_err("nothing is acknowledged after a failure");
        }
        assert_eq!(journal.close(), Err(failure));
        assert_eq!(journal.durable(), durable);
    }

    fn close(&self, journal: &Journal, faults: Faults) {
        match journal.close() {
            Ok(()) => assert_eq!(journal.durable(), journal.appended()),
            Err(failure) => {
                assert!(may_fail(faults), "{failure}");
                assert!(failure.file.ends_with(".seg") || failure.file.contains("directory"), "{failure}");
            }
        }
    }

    fn crash(&mut self) {
        self.disk = if self.rng.one_in(2) { self.disk.cut_power() } else { self.disk.kill() };
    }

    /// Recovers, commits and recovers again, without faults.
    fn end(&mut self) {
        let (journal, _) = self.history.open(&self.disk, SMALL).expect("recovery succeeds");
        for _ in 0..20 {
            let random_commit = RandomCommit::any(&mut self.rng);
            commit(&mut self.history, &journal, &random_commit).expect("no disk error");
        }
        journal.close().expect("no disk error");
        let last = journal.appended();
        self.disk = self.disk.cut_power();
        let (_, recovered) = self.history.open(&self.disk, SMALL).expect("recovery succeeds");
        assert_eq!((recovered.last, recovered.torn_tail), (last, None));
    }
}

/// Whether operations may fail with these faults.
fn may_fail(faults: Faults) -> bool {
    faults.die_at.is_some()
        || faults.fail_write.is_some()
        || faults.fail_sync.is_some()
        || faults.capacity.is_some()
}
