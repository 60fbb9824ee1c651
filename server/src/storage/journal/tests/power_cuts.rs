//! Lives of a journal on a disk that lies: appended to, killed, cut off, failing, full, and every time
//! recovered.
//!
//! It would fail if recovery lost or invented a commit, took a torn tail for corruption or corruption for a
//! torn tail, or if anyone were told what a crash takes back.

use super::generate::Draft;
use super::history::{History, SMALL, TINY, commit, failure, options, settle, wait_for_capacity};
use super::rng::{Rng, for_each_seed};
use super::sim_disk::{Faults, SimDisk, Whose};
use crate::codec::Sequence;
use crate::storage::journal::{AppendError, Durability, Journal, OpenError, Options};

#[test]
fn what_was_acknowledged_survives_every_crash() {
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

/// How the use of the journal ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// As its user liked.
    Well,
    /// For want of room.
    ReadOnly,
    /// It failed, and said so.
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

    /// One process: from the start to an end of some kind.
    fn run(&mut self) {
        let faults = self.faults();
        self.disk.set_faults(faults);
        match self.history.open(&self.disk, self.options) {
            Ok((journal, _)) => self.serve(&journal, faults),
            Err(OpenError::Io { .. } | OpenError::Failure(_)) if goes_wrong(faults) => self.crash(),
            Err(error) => panic!("{error}"),
        }
    }

    fn faults(&mut self) -> Faults {
        let rng = &mut self.rng;
        let mut faults = Faults { short: rng.one_in(3), forgetful: rng.one_in(2), ..Faults::default() };
        if rng.one_in(4) {
            faults.whose = Whose::Preallocation;
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
        let mut ended = Ended::Well;
        for _ in 0..self.rng.within(0..12) {
            ended = self.burst(journal);
            if ended != Ended::Well {
                break;
            }
            if self.rng.one_in(8) {
                self.trim(journal);
            }
        }
        match ended {
            Ended::Failed => self.check_failed(journal),
            // There may be space again by now: it is tried every second.
            Ended::ReadOnly | Ended::Well => {}
        }
        if self.rng.one_in(3) {
            self.close(journal, faults);
        }
        for (name, bytes) in &self.disk.image().0 {
            let whole = bytes.len() as u64 <= self.options.segment_size.max(SMALL.segment_size);
            assert!(whole, "{name} outgrew its space: {} bytes", bytes.len());
        }
        // What the journal itself says is durable counts, in whatever mode.
        self.history.acknowledge(journal.durable());
        self.crash();
        // The threads of a process that is dead end; what they still do reaches nobody.
        let _ = journal.close();
    }

    /// Appends a few commits, the first as a batch of its own, the others as the next, and may wait for the
    /// last.
    fn burst(&mut self, journal: &Journal) -> Ended {
        if wait_for_capacity(journal).is_err() {
            return Ended::Failed;
        }
        self.disk.hold();
        let appended = self.append_all(journal);
        self.disk.release();
        let last = match appended {
            Ok(last) => last,
            Err(ended) => return ended,
        };
        if self.rng.one_in(4) {
            return Ended::Well;
        }
        if settle(journal, last).is_err() {
            return Ended::Failed;
        }
        if self.options.durability == Durability::Always {
            assert!(journal.durable() >= last, "who waits is told what is durable");
            self.history.acknowledge(last);
        }
        Ended::Well
    }

    fn append_all(&mut self, journal: &Journal) -> Result<Sequence, Ended> {
        let mut last = None;
        for _ in 0..self.rng.within(1..20) {
            let draft = Draft::any(&mut self.rng);
            let sequence = loop {
                match self.history.append(journal, &draft) {
                    Ok(sequence) => break sequence,
                    Err(AppendError::ReadOnly { .. }) => return Err(Ended::ReadOnly),
                    Err(AppendError::Closed) => return Err(Ended::Failed),
                    Err(AppendError::Backpressure) => {
                        self.disk.release();
                        wait_for_capacity(journal).map_err(|_| Ended::Failed)?;
                    }
                }
            };
            if last.replace(sequence).is_none() {
                self.disk.wait_for_a_held_write();
            }
        }
        Ok(last.expect("one commit at least"))
    }

    /// A snapshot of some of what is durable sets old segments free, to be used again.
    fn trim(&mut self, journal: &Journal) {
        let through = self.rng.within(0..journal.durable().0 + 1);
        // A dead process trims nothing, and it does not matter.
        let _ = self.history.trim(journal, Sequence(through));
    }

    /// After a failure nothing becomes durable any more, nobody is told anything, and the failure names a
    /// file.
    fn check_failed(&mut self, journal: &Journal) {
        let failure = failure(journal);
        assert!(failure.file.ends_with(".seg") || failure.file.contains("directory"), "{failure}");
        let durable = journal.durable();
        let draft = Draft::small(&mut self.rng);
        if let Ok(sequence) = self.history.append(journal, &draft)
            && self.options.durability == Durability::Always
        {
            settle(journal, sequence).expect_err("nobody is told anything after a failure");
        }
        assert_eq!(journal.close(), Err(failure));
        assert_eq!(journal.durable(), durable);
    }

    fn close(&self, journal: &Journal, faults: Faults) {
        match journal.close() {
            Ok(()) => assert_eq!(journal.durable(), journal.appended()),
            Err(failure) => {
                assert!(goes_wrong(faults), "{failure}");
                assert!(failure.file.ends_with(".seg") || failure.file.contains("directory"), "{failure}");
            }
        }
    }

    fn crash(&mut self) {
        self.disk = if self.rng.one_in(2) { self.disk.cut_power() } else { self.disk.kill() };
    }

    /// In the end the disk behaves, and everything works.
    fn end(&mut self) {
        let (journal, _) = self.history.open(&self.disk, SMALL).expect("recovery");
        for _ in 0..20 {
            let draft = Draft::any(&mut self.rng);
            commit(&mut self.history, &journal, &draft).expect("a disk that behaves");
        }
        journal.close().expect("a disk that behaves");
        let last = journal.appended();
        self.disk = self.disk.cut_power();
        let (_, recovered) = self.history.open(&self.disk, SMALL).expect("recovery");
        assert_eq!((recovered.last, recovered.torn_tail), (last, None));
    }
}

/// May a disk with these faults refuse what is asked of it?
fn goes_wrong(faults: Faults) -> bool {
    faults.die_at.is_some()
        || faults.fail_write.is_some()
        || faults.fail_sync.is_some()
        || faults.capacity.is_some()
}
