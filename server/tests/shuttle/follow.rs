//! Following the journal while it publishes, rotates, is trimmed, fails and is closed.

use std::sync::Arc;

use bookline_server::storage::follower::Follower;
use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::{JoinHandle, spawn};

use crate::changes::Change;
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::explore::explore;
use crate::storage::commits::Commits;
use crate::storage::journal::{Durability, Journal};
use crate::storage::log::{AppendError, CommitReader, FollowError, Log, LogExt, Recent};
use crate::waiting::{
    FIRST_DAY, ONE_SEGMENT, TINY_SEGMENTS, append, append_when_possible, assert_on_disk, open, open_keeping,
};

const BASE: Sequence = Sequence(0);

/// About two commits of [`append`], so that followers go back and forth between memory and disk.
const FEW_BYTES: usize = 600;

/// About the number of the committer's writes in a scenario, and of its syncs. Any of them, or none, fails.
const OPERATIONS_MAX: u64 = 8;

/// The day of each of these commits, which must follow `after`.
fn days(commits: &Commits, after: Sequence) -> Vec<u32> {
    let mut next = after.next();
    let mut days = Vec::new();
    for commit in commits.after(after) {
        let commit = commit.expect("a valid commit");
        assert_eq!(commit.sequence, next, "a gap, or a commit twice");
        next = next.next();
        let change = commit.changes().next().expect("a change").expect("a valid change");
        let Change::BlockTaken(block) = change else { panic!("another change: {change:?}") };
        days.push(block.slot.date.day_number() - FIRST_DAY);
    }
    assert_eq!(next, commits.last().next());
    days
}

/// What a [`Follower`] does, but reads on this thread: a blocking task would be none of shuttle's.
struct OwnFollower {
    disk: Disk,
    journal: Arc<Journal>,
    position: Sequence,
    reader: Option<Box<dyn CommitReader>>,
}

impl OwnFollower {
    fn new(disk: &Disk, journal: &Arc<Journal>) -> Self {
        Self { disk: disk.clone(), journal: journal.clone(), position: BASE, reader: None }
    }

    /// The days of the commits that follow. Asserts that they are on the disk, as recovery would read it.
    fn next(&mut self) -> Result<Vec<u32>, FollowError> {
        loop {
            let commits = match self.journal.recent(self.position) {
                Recent::Commits(commits) => {
                    self.reader = None;
                    commits
                }
                Recent::NoneYet => {
                    let (mut published, position) = (self.journal.published(), self.position);
                    let waited = block_on(published.wait_for(|&published| published > position)).map(drop);
                    waited.map_err(|_| FollowError::Closed)?;
                    continue;
                }
                Recent::NotKept => {
                    let begin = || self.journal.reader(self.position);
                    let reader = self.reader.get_or_insert_with(begin);
                    Arc::new(reader.next()?.expect("something that is not recent was published"))
                }
            };
            let days = days(&commits, self.position);
            for (sequence, &day) in (self.position.0 + 1..).zip(&days) {
                assert_on_disk(&self.disk, Sequence(sequence), day, BASE);
            }
            self.position = commits.last();
            return Ok(days);
        }
    }
}

/// Follows until the journal has ended.
fn follow_to_the_end(mut follower: OwnFollower) -> Vec<u32> {
    let mut followed = Vec::new();
    loop {
        match follower.next() {
            Ok(days) => followed.extend(days),
            Err(FollowError::Closed) => return followed,
            Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
        }
    }
}

fn client(journal: &Arc<Journal>, first: u32) -> JoinHandle<()> {
    let journal = journal.clone();
    spawn(move || {
        for day in first..first + 3 {
            let sequence = append_when_possible(&journal, day);
            block_on(journal.wait_durable(sequence));
            assert!(*journal.published().borrow() >= sequence, "acknowledged and not published");
        }
    })
}

#[test]
fn a_follower_sees_every_commit_once_and_durable_over_the_seam() {
    explore(|| {
        let disk = Disk::default();
        let journal = open_keeping(&disk, TINY_SEGMENTS, Durability::Always, FEW_BYTES);
        let follower = OwnFollower::new(&disk, &journal);
        let following = spawn(move || follow_to_the_end(follower));
        for client in [10, 20].map(|first| client(&journal, first)) {
            client.join().expect("a client");
        }
        journal.close().expect("no disk error");
        let followed = following.join().expect("a follower");
        assert_eq!(followed, disk.after_power_cut().days(BASE));
        assert_eq!(followed.len(), 6);
    });
}

/// No wake-up is lost between the last look and the wait.
#[test]
fn a_follower_of_what_is_recent_is_woken_for_every_commit() {
    explore(|| {
        let disk = Disk::default();
        let journal = open(&disk, ONE_SEGMENT);
        let mut follower = Follower::new(journal.clone(), BASE);
        let following = spawn(move || {
            let mut followed = Vec::new();
            while followed.len() < 6 {
                let after = follower.position();
                let commits = block_on(follower.next()).expect("the journal is open");
                followed.extend(days(&commits, after));
            }
            (follower, followed)
        });
        for client in [10, 20].map(|first| client(&journal, first)) {
            client.join().expect("a client");
        }
        // Before the close, which would wake it, too.
        let (mut follower, followed) = following.join().expect("a follower");
        assert_eq!(followed, disk.after_power_cut().days(BASE));
        journal.close().expect("no disk error");
        assert!(matches!(block_on(follower.next()), Err(FollowError::Closed)));
    });
}

#[test]
fn a_follower_sees_nothing_that_a_failure_loses() {
    explore(|| {
        let disk = Disk::default();
        let journal = open_keeping(&disk, TINY_SEGMENTS, Durability::Always, FEW_BYTES);
        let nth = thread_rng().gen_range(0..OPERATIONS_MAX);
        if thread_rng().r#gen() {
            disk.fail_write_in(nth)
        } else {
            disk.fail_sync_in(nth)
        }
        let follower = OwnFollower::new(&disk, &journal);
        let following = spawn(move || follow_to_the_end(follower));
        let appending = {
            let journal = journal.clone();
            spawn(move || {
                for day in 0..6 {
                    loop {
                        match append(&journal, day) {
                            Ok(_) => break,
                            Err(AppendError::Backpressure) => block_on(journal.capacity()),
                            Err(AppendError::Closed) => return,
                            Err(read_only) => panic!("{read_only}"),
                        }
                    }
                }
            })
        };
        appending.join().expect("a client");
        assert_eq!(journal.close().is_err(), disk.has_failed());
        let followed = following.join().expect("a follower");
        assert_eq!(followed.len() as u64, journal.published().borrow().0);
        assert!(disk.after_power_cut().days(BASE).starts_with(&followed));
        if !disk.has_failed() {
            assert_eq!(followed, [0, 1, 2, 3, 4, 5]);
        }
    });
}

#[test]
fn a_follower_reads_right_commits_or_learns_of_trimming() {
    explore(|| {
        let disk = Disk::default();
        let journal = open_keeping(&disk, TINY_SEGMENTS, Durability::Always, 0);
        let mut reader = journal.reader(BASE);
        let reading = {
            let journal = journal.clone();
            spawn(move || {
                let mut position = BASE;
                loop {
                    match reader.next() {
                        Ok(Some(commits)) => {
                            let expected = position.0 as u32..commits.last().0 as u32;
                            assert!(days(&commits, position).into_iter().eq(expected));
                            position = commits.last();
                        }
                        Ok(None) => {
                            let mut published = journal.published();
                            let more = published.wait_for(|&published| published > position);
                            if block_on(more).is_err() {
                                return position;
                            }
                        }
                        Err(FollowError::Trimmed { oldest }) => {
                            assert!(position < oldest);
                            reader = journal.reader(oldest);
                            position = oldest;
                        }
                        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
                    }
                }
            })
        };
        // The day of each commit is one less than its sequence number.
        for day in 0..8 {
            block_on(journal.wait_durable(append_when_possible(&journal, day)));
            if day % 3 == 2 {
                journal.trim(journal.durable()).expect("no disk error");
            }
        }
        journal.close().expect("no disk error");
        assert_eq!(reading.join().expect("a reader"), Sequence(8));
    });
}
