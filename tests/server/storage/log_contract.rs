//! What every log promises to the state: the journal, and the log in memory.
//!
//! It would fail if the log in memory, on which the model tests run too, differed from the journal: in what
//! it replays or publishes, in who waits, or in what it refuses.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::task::{Poll, Wake, Waker};
use std::time::Instant;

use bookline_server::codec::Sequence;
use bookline_server::storage::follower::Follower;
use bookline_server::storage::journal::Journal;
use bookline_server::storage::log::{AppendError, Failure, FollowError, Log, LogExt, Recent};
use bookline_testkit::disk::{Faults, IoSource, SimDisk};
use bookline_testkit::{HANG_TIMEOUT, MemoryLog, Rng};

use super::following::{follow, from, published, read};
use super::journal::generate::RandomCommit;
use super::journal::history::{History, TINY, block_on, encoded, is_ready};

/// A log whose storage a test controls.
trait Controlled {
    type Log: Log + 'static;

    /// A log without commits, which makes none durable until it is released.
    fn held() -> Self;

    fn log(&self) -> &Arc<Self::Log>;

    /// Makes everything durable that was appended.
    fn release(&self);

    /// Appends until an append meets backpressure, which lasts until the log is released.
    fn fill(&self);

    /// Uses up the disk, and appends until an append is refused because of that.
    fn fill_disk(&self);

    /// Makes space on the disk, and waits until appends are accepted.
    fn empty_disk(&self);

    /// Fails before it makes the commits durable that were appended since it was released.
    fn fail(&self);
}

struct OnDisk {
    disk: SimDisk,
    journal: Arc<Journal>,
}

impl Controlled for OnDisk {
    type Log = Journal;

    fn held() -> Self {
        let disk = SimDisk::new(1);
        let (journal, _) = History::default().open(&disk, TINY).expect("a fresh journal");
        block_on(journal.capacity());
        disk.pause_writes();
        Self { disk, journal: Arc::new(journal) }
    }

    fn log(&self) -> &Arc<Journal> {
        &self.journal
    }

    fn release(&self) {
        self.disk.resume_writes();
        block_on(self.journal.settle(self.journal.appended())).expect("no disk error");
    }

    fn fill(&self) {
        // Into the preallocated segment, while the next one cannot be written.
        while try_append(&*self.journal, &large()).is_ok() {}
    }

    fn fill_disk(&self) {
        self.disk.set_faults(Faults { capacity: Some(0), ..Faults::default() });
        while !matches!(append(&*self.journal, &large()), Err(AppendError::ReadOnly { .. })) {}
    }

    fn empty_disk(&self) {
        self.disk.set_faults(Faults::default());
        // Otherwise the next attempt to preallocate a segment follows after a second.
        self.journal.snapshot_tried();
        let begun = Instant::now();
        while self.journal.read_only() {
            assert!(begun.elapsed() < HANG_TIMEOUT, "the journal is read-only although there is space");
            std::thread::yield_now();
        }
    }

    fn fail(&self) {
        let syncs = self.disk.counts(IoSource::Foreground).syncs;
        self.disk.set_faults(Faults { fail_sync: Some(syncs + 1), ..Faults::default() });
        self.disk.resume_writes();
        block_on(self.journal.failed());
    }
}

/// A commit of a third of a segment.
fn large() -> RandomCommit {
    RandomCommit::tickets(&mut Rng::new(1), 80)
}

struct InMemory(Arc<MemoryLog>);

impl Controlled for InMemory {
    type Log = MemoryLog;

    fn held() -> Self {
        Self(Arc::new(MemoryLog::held()))
    }

    fn log(&self) -> &Arc<MemoryLog> {
        &self.0
    }

    fn release(&self) {
        self.0.set_refusal(None);
        self.0.sync();
    }

    fn fill(&self) {
        self.0.set_refusal(Some(AppendError::Backpressure));
    }

    fn fill_disk(&self) {
        self.0.set_refusal(Some(AppendError::ReadOnly { reason: "a full disk".into() }));
    }

    fn empty_disk(&self) {
        self.0.set_refusal(None);
    }

    fn fail(&self) {
        self.0.fail(Failure { doing: "syncing", file: "memory".into(), error: "EIO".into() });
    }
}

macro_rules! contract {
    ($($test:ident),* $(,)?) => {
        mod journal {
            $(#[test] fn $test() { super::$test(&<super::OnDisk as super::Controlled>::held()); })*
        }

        mod memory_log {
            $(#[test] fn $test() { super::$test(&<super::InMemory as super::Controlled>::held()); })*
        }
    };
}

contract! {
    durable_commits_are_replayed_in_order_after_any_of_them,
    times_of_commits_never_decrease,
    an_error_of_the_reader_ends_the_replay,
    a_commit_that_is_not_durable_waits_and_is_not_replayed,
    trimming_keeps_later_commits,
    backpressure_ends_with_capacity,
    a_full_disk_makes_the_log_read_only,
    a_closed_log_has_made_its_commits_durable_and_takes_no_more,
    a_failure_is_final,
    published_commits_are_followed_in_order_after_any_of_them,
    a_commit_is_published_once_it_is_durable,
    a_follower_waits_for_the_next_commit,
    trimmed_commits_cannot_be_read,
    a_follower_returns_everything_before_it_finds_the_log_closed,
    nothing_is_published_after_a_failure,
}

fn try_append(log: &impl Log, commit: &RandomCommit) -> Result<Sequence, AppendError> {
    log.append(commit.micros, commit.actor(), &commit.changes()).map(|appended| appended.sequence)
}

/// Appends, and waits for capacity as a connection does.
fn append(log: &impl Log, commit: &RandomCommit) -> Result<Sequence, AppendError> {
    loop {
        match try_append(log, commit) {
            Err(AppendError::Backpressure) => block_on(log.capacity()),
            appended => return appended,
        }
    }
}

/// Appends random commits, and makes them durable. Returns their encodings.
fn commit_some(controlled: &impl Controlled, count: u64) -> Vec<Vec<u8>> {
    let mut rng = Rng::new(count);
    controlled.release();
    let commits: Vec<RandomCommit> = (0..count).map(|_| RandomCommit::any(&mut rng)).collect();
    for commit in &commits {
        append(&**controlled.log(), commit).expect("an open log");
    }
    controlled.release();
    commits.iter().map(RandomCommit::bytes).collect()
}

/// The sequence numbers and encodings of the commits after `after`.
fn replayed(log: &impl Log, after: Sequence) -> io::Result<Vec<(u64, Vec<u8>)>> {
    let mut commits = Vec::new();
    log.replay(after, &mut |commit| {
        commits.push((commit.sequence.0, encoded(commit)));
        Ok(())
    })?;
    Ok(commits)
}

fn durable_commits_are_replayed_in_order_after_any_of_them(controlled: &impl Controlled) {
    let log = &**controlled.log();
    let commits: Vec<_> = (1..).zip(commit_some(controlled, 60)).collect();
    assert_eq!((log.appended(), log.durable()), (Sequence(60), Sequence(60)));
    for after in 0..=60 {
        let later = replayed(log, Sequence(after)).expect("no error");
        assert_eq!(later, commits[usize::try_from(after).expect("a few")..], "after {after}");
    }
}

fn times_of_commits_never_decrease(controlled: &impl Controlled) {
    let log = &**controlled.log();
    let append = |micros| log.append(micros, None, &RandomCommit::small(&mut Rng::new(1)).changes());
    let appended = [5, 3, 9].map(|micros| append(micros).expect("an open log").micros);
    assert_eq!(appended, [5, 5, 9]);
    controlled.release();
    let mut times = Vec::new();
    log.replay(Sequence(0), &mut |commit| {
        times.push(commit.micros);
        Ok(())
    })
    .expect("no error");
    assert_eq!(times, [5, 5, 9]);
}

fn an_error_of_the_reader_ends_the_replay(controlled: &impl Controlled) {
    commit_some(controlled, 20);
    let mut read = 0;
    let error = controlled.log().replay(Sequence(5), &mut |commit| {
        read += 1;
        if commit.sequence == Sequence(8) { Err(io::Error::other("enough")) } else { Ok(()) }
    });
    assert_eq!((read, error.expect_err("the reader's error").to_string().as_str()), (3, "enough"));
}

/// Tells a test that a task was woken.
struct Signal(Sender<()>);

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        // The receiver is dropped when the test has ended.
        let _ = self.0.send(());
    }
}

fn a_commit_that_is_not_durable_waits_and_is_not_replayed(controlled: &impl Controlled) {
    let log = &**controlled.log();
    let sequence = append(log, &RandomCommit::any(&mut Rng::new(1))).expect("an open log");
    assert_eq!((sequence, log.appended(), log.durable()), (Sequence(1), Sequence(1), Sequence(0)));
    assert!(is_ready(log.wait_durable(Sequence(0))), "nothing to wait for");
    assert_eq!(replayed(log, Sequence(0)).expect("no error"), []);

    let (signal, woken) = mpsc::channel();
    let waker = Waker::from(Arc::new(Signal(signal)));
    for registered in [false, true] {
        assert_eq!(log.poll_durable(sequence, registered, &waker), Poll::Pending);
    }
    controlled.release();
    woken.recv_timeout(HANG_TIMEOUT).expect("the task is woken");
    assert!(woken.try_recv().is_err(), "it was registered once");
    assert!(is_ready(log.wait_durable(sequence)));
    assert_eq!(replayed(log, Sequence(0)).expect("no error").len(), 1);
}

fn trimming_keeps_later_commits(controlled: &impl Controlled) {
    let log = &**controlled.log();
    // More segments than the journal keeps for recycling.
    let commits: Vec<_> = (1..).zip(commit_some(controlled, 400)).collect();
    let through = Sequence(300);
    assert_eq!(log.trimmed(), Sequence(0));
    assert!(log.trim(through).expect("no error") > 0);
    assert_eq!(replayed(log, through).expect("no error"), commits[300..]);
    assert!(replayed(log, Sequence(0)).is_err(), "the first commits were trimmed");
    let trimmed = log.trimmed();
    assert!(trimmed > Sequence(0) && trimmed <= through, "{trimmed:?}");
    assert_eq!(replayed(log, trimmed).expect("no error"), commits[trimmed.0 as usize..]);
    assert_eq!(append(log, &RandomCommit::any(&mut Rng::new(1))), Ok(Sequence(401)));
    controlled.release();
    assert_eq!(replayed(log, Sequence(400)).expect("no error").len(), 1);
}

fn backpressure_ends_with_capacity(controlled: &impl Controlled) {
    let log = &**controlled.log();
    controlled.fill();
    let appended = log.appended();
    let commit = large();
    assert_eq!(try_append(log, &commit), Err(AppendError::Backpressure));
    assert!(!is_ready(log.capacity()) && !log.read_only());
    assert_eq!(log.appended(), appended, "a refused commit takes no sequence number");
    controlled.release();
    assert_eq!(append(log, &commit), Ok(appended.next()));
}

fn a_full_disk_makes_the_log_read_only(controlled: &impl Controlled) {
    let log = &**controlled.log();
    controlled.release();
    assert!(!log.read_only());
    controlled.fill_disk();
    let appended = log.appended();
    let commit = large();
    assert!(matches!(try_append(log, &commit), Err(AppendError::ReadOnly { .. })));
    assert!(log.read_only() && is_ready(log.capacity()), "there may never be space again");
    assert_eq!(log.appended(), appended, "a refused commit takes no sequence number");
    controlled.empty_disk();
    assert_eq!(append(log, &commit), Ok(appended.next()));
    assert!(!log.read_only());
}

fn a_closed_log_has_made_its_commits_durable_and_takes_no_more(controlled: &impl Controlled) {
    let log = &**controlled.log();
    commit_some(controlled, 3);
    append(log, &RandomCommit::any(&mut Rng::new(1))).expect("an open log");
    for _ in 0..2 {
        log.close().expect("no disk error");
        assert_eq!(log.durable(), Sequence(4));
        assert_eq!(try_append(log, &large()), Err(AppendError::Closed));
        assert!(is_ready(log.capacity()), "nobody waits for the capacity of a closed log");
        assert_eq!(replayed(log, Sequence(0)).expect("no error").len(), 4);
    }
}

fn a_failure_is_final(controlled: &impl Controlled) {
    let log = &**controlled.log();
    let sequence = append(log, &RandomCommit::any(&mut Rng::new(1))).expect("an open log");
    controlled.fail();
    let failure = block_on(log.failed());
    assert_eq!(failure.doing, "syncing");
    assert_eq!(log.close(), Err(failure.clone()));
    assert!(!is_ready(log.wait_durable(sequence)), "a commit that may be lost");
    assert!(is_ready(log.wait_durable(Sequence(0))));
    assert_eq!((log.appended(), log.durable()), (sequence, Sequence(0)));
    assert_eq!(try_append(log, &large()), Err(AppendError::Closed));
    assert!(is_ready(log.capacity()), "nobody waits for the capacity of a failed log");
    assert_eq!(block_on(log.settle(sequence)), Err(failure));
}

fn published_commits_are_followed_in_order_after_any_of_them(controlled: &impl Controlled) {
    let log = controlled.log();
    let commits = commit_some(controlled, 60);
    for after in 0..=60 {
        let (from_start, after) = (&commits[after..], Sequence(after as u64));
        let mut follower = from(log, after);
        assert_eq!(follower.position(), after);
        assert_eq!(block_on(follow(&mut follower, Sequence(60))).expect("no error"), from_start, "{after:?}");
        assert_eq!(read(&**log, after).expect("no error"), from_start, "{after:?}");
    }
}

fn a_commit_is_published_once_it_is_durable(controlled: &impl Controlled) {
    let log = controlled.log();
    append(&**log, &RandomCommit::any(&mut Rng::new(1))).expect("an open log");
    let mut follower = from(log, Sequence(0));
    assert_eq!(published(&**log), Sequence(0));
    assert!(matches!(log.recent(Sequence(0)), Recent::NoneYet));
    assert!(read(&**log, Sequence(0)).expect("no error").is_empty());
    assert!(follower.is_recent() && follower.try_next().is_none());

    controlled.release();
    assert_eq!(published(&**log), Sequence(1), "it was acknowledged");
    assert!(matches!(log.recent(Sequence(0)), Recent::Commits(_)));
    assert_eq!(read(&**log, Sequence(0)).expect("no error").len(), 1);
    assert_eq!(follower.try_next().expect("a recent commit").last(), Sequence(1));
    assert!(follower.try_next().is_none() && follower.position() == Sequence(1));
}

fn a_follower_waits_for_the_next_commit(controlled: &impl Controlled) {
    let log = controlled.log();
    let mut follower = from(log, Sequence(0));
    assert!(!is_ready(follower.next()), "nothing was published");
    append(&**log, &RandomCommit::any(&mut Rng::new(1))).expect("an open log");
    // It is woken from another thread.
    std::thread::scope(|scope| {
        let following = scope.spawn(|| block_on(follow(&mut follower, Sequence(1))));
        controlled.release();
        assert_eq!(following.join().expect("no panic").expect("no error").len(), 1);
    });
}

fn trimmed_commits_cannot_be_read(controlled: &impl Controlled) {
    let log = controlled.log();
    let commits = commit_some(controlled, 400);
    let mut reader = log.reader(Sequence(0));
    log.trim(Sequence(300)).expect("no error");
    let trimmed = log.trimmed();
    for after in [Sequence(0), Sequence(trimmed.0 - 1)] {
        let error = log.reader(after).next().expect_err("a trimmed commit");
        assert!(matches!(error, FollowError::Trimmed { oldest } if oldest == trimmed), "{error}");
    }
    assert!(reader.next().is_err(), "it began before the log was trimmed");
    let kept = &commits[usize::try_from(trimmed.0).expect("a few")..];
    assert_eq!(read(&**log, trimmed).expect("no error"), kept);
    assert_eq!(block_on(follow(&mut from(log, trimmed), Sequence(400))).expect("no error"), kept);
}

fn a_follower_returns_everything_before_it_finds_the_log_closed(controlled: &impl Controlled) {
    let log = controlled.log();
    commit_some(controlled, 3);
    let mut followers = [0, 3].map(|after| from(log, Sequence(after)));
    append(&**log, &RandomCommit::any(&mut Rng::new(1))).expect("an open log");
    log.close().expect("no disk error");
    let after_the_close = from(log, Sequence(2));
    let ends = |follower: &mut Follower| {
        assert!(!block_on(follow(follower, Sequence(4))).expect("published commits").is_empty());
        for _ in 0..2 {
            assert!(matches!(block_on(follower.next()), Err(FollowError::Closed)));
        }
    };
    followers.iter_mut().for_each(ends);
    ends(&mut { after_the_close });
}

fn nothing_is_published_after_a_failure(controlled: &impl Controlled) {
    let log = controlled.log();
    let mut follower = from(log, Sequence(0));
    append(&**log, &RandomCommit::any(&mut Rng::new(1))).expect("an open log");
    controlled.fail();
    assert!(matches!(block_on(follower.next()), Err(FollowError::Closed)));
    assert!(matches!(log.recent(Sequence(0)), Recent::NoneYet));
    assert_eq!((published(&**log), follower.position()), (Sequence(0), Sequence(0)));
    assert!(read(&**log, Sequence(0)).expect("no error").is_empty());
}
