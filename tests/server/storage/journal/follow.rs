//! Following a journal: from memory, behind it from the segments, and over the seam between the two, while
//! the journal is written, rotates, is trimmed, recycles its segments, fails and is killed.
//!
//! It would fail if a follower missed a commit, saw one twice or in another order, took a recycled segment or
//! a torn write for commits, or saw a commit that a crash takes back.

use std::sync::{Arc, Mutex};

use bookline_server::codec::segment_header;
use bookline_server::codec::{Sequence, frame};
use bookline_server::storage::commits::Commits;
use bookline_server::storage::follower::Follower;
use bookline_server::storage::journal::{Disk, Durability, Journal, Options, RealDisk, segment};
use bookline_server::storage::log::{AppendError, FollowError, Log, LogExt};
use bookline_testkit::Rng;
use bookline_testkit::disk::{Faults, IoSource, SimDisk};
use bookline_testkit::seeds::for_each_seed;
use tempfile::TempDir;

use super::generate::RandomCommit;
use super::history::{
    History, SMALL, TINY, append, block_on, commit, failure, is_ready, options, settle, wait_for_capacity,
};
use crate::storage::following::{encodings, follow, from, published, read, read_on};

/// Nothing is recent, so that everything is read from the segments.
const NOTHING_RECENT: Options = Options { recent_bytes: 0, ..TINY };

/// The bytes that a reader returns at a time.
const PIECE_BYTES: usize = 64 << 10;

/// Appends so many random commits, and waits for them. Returns their encodings.
fn commit_some(history: &mut History, journal: &Journal, rng: &mut Rng, count: u64) -> Vec<Vec<u8>> {
    let mut appended = Vec::new();
    for _ in 0..count {
        let random_commit = RandomCommit::any(rng);
        append(history, journal, &random_commit).expect("no disk error");
        appended.push(random_commit.bytes());
    }
    settle(journal, journal.appended()).expect("no disk error");
    appended
}

fn open(disk: &(impl Disk + Clone + 'static), history: &mut History, options: Options) -> Arc<Journal> {
    Arc::new(history.open(disk, options).expect("recovery succeeds").0)
}

#[test]
fn followers_lose_nothing_over_rotations_and_the_seam_between_memory_and_disk() {
    for_each_seed(60, |seed| {
        let mut rng = Rng::new(seed);
        // From none to all of the commits are recent.
        let recent_bytes = [0, 1 << 10, 8 << 10, 1 << 20][rng.below(4)];
        let segment_size = [4 << 10, 16 << 10, 256 << 10][rng.below(3)];
        let mut history = History::default();
        let disk = SimDisk::new(seed);
        let options = Options { recent_bytes, ..options(Durability::Always, segment_size) };
        let journal = open(&disk, &mut history, options);
        let begun = rng.within(0..200);
        let mut commits = commit_some(&mut history, &journal, &mut rng, begun);
        let count = begun + rng.within(1..400);
        let last = Sequence(count);
        let starts = [0, rng.within(0..count), rng.within(0..count)];
        std::thread::scope(|scope| {
            let followers = starts.map(|after| {
                let (follower, mut rng) = (from(&journal, Sequence(after)), rng.fork());
                scope.spawn(move || block_on(follow_and_cancel(follower, last, &mut rng)))
            });
            while journal.appended() < last {
                let burst = rng.within(1..40).min(last.0 - journal.appended().0);
                commits.extend(commit_some(&mut history, &journal, &mut rng, burst));
            }
            for (after, follower) in starts.into_iter().zip(followers) {
                let followed = follower.join().expect("no panic");
                assert!(followed == commits[after as usize..], "after {after}");
            }
        });
    });
}

/// Follows up to `through`. Some waits are given up and begun again.
async fn follow_and_cancel(mut follower: Follower, through: Sequence, rng: &mut Rng) -> Vec<Vec<u8>> {
    let mut followed = Vec::new();
    while follower.position() < through {
        let before = follower.position();
        let commits = match rng.below(4) {
            0 => follower.try_next(),
            1 => {
                // Polled a few times, and dropped.
                tokio::select! {
                    biased;
                    commits = follower.next() => Some(commits.expect("no error")),
                    () = yield_some(rng.below(4)) => None,
                }
            }
            _ => Some(follower.next().await.expect("no error")),
        };
        match commits {
            Some(commits) => followed.extend(encodings(&commits, before)),
            None => assert_eq!(follower.position(), before),
        }
    }
    followed
}

async fn yield_some(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

#[test]
fn what_recovery_read_is_followed_from_the_segments_and_then_from_memory() {
    let disk = SimDisk::new(1);
    let (mut history, mut rng) = (History::default(), Rng::new(1));
    let journal = open(&disk, &mut history, TINY);
    let mut commits = commit_some(&mut history, &journal, &mut rng, 100);
    journal.close().expect("no disk error");

    let journal = open(&disk, &mut history, TINY);
    assert_eq!(published(&*journal), Sequence(100));
    let mut follower = from(&journal, Sequence(0));
    assert!(!follower.is_recent() && follower.try_next().is_none());
    assert_eq!(block_on(follow(&mut follower, Sequence(100))).expect("no error"), commits);
    assert!(follower.is_recent());
    commits.extend(commit_some(&mut history, &journal, &mut rng, 10));
    let followed = block_on(async { follower.next().await.expect("no error") });
    assert_eq!(followed.first(), Sequence(101));
    assert_eq!(
        block_on(follow(&mut from(&journal, Sequence(40)), Sequence(110))).expect("no error"),
        commits[40..]
    );
    // What was published since the start is found in memory, and only that.
    assert!(!from(&journal, Sequence(99)).is_recent() && from(&journal, Sequence(100)).is_recent());
}

#[test]
fn a_frame_larger_than_a_piece_is_returned_in_pieces() {
    let disk = SimDisk::new(1);
    let (mut history, mut rng) = (History::default(), Rng::new(1));
    let large = Options { recent_bytes: 0, ..options(Durability::Always, 1 << 20) };
    let journal = open(&disk, &mut history, large);
    let mut commits = commit_some(&mut history, &journal, &mut rng, 1);
    // While a write is paused, the next frame grows.
    disk.pause_writes();
    let first = RandomCommit::small(&mut rng);
    append(&mut history, &journal, &first).expect("no disk error");
    disk.wait_for_paused_write();
    commits.push(first.bytes());
    let counts: Vec<usize> = (0..300).map(|_| rng.below(80)).chain([5_000]).collect();
    for tickets in counts {
        let random_commit = RandomCommit::tickets(&mut rng, tickets);
        append(&mut history, &journal, &random_commit).expect("no disk error");
        commits.push(random_commit.bytes());
    }
    disk.resume_writes();
    settle(&journal, journal.appended()).expect("no disk error");

    let mut reader = journal.reader(Sequence(0));
    let (mut pieces, mut after) = (Vec::new(), Sequence(0));
    while let Some(piece) = reader.next().expect("no error") {
        pieces.push((piece.last().0 - piece.first().0 + 1, piece.bytes()));
        assert_eq!(encodings(&piece, after), commits[after.0 as usize..piece.last().0 as usize]);
        after = piece.last();
    }
    assert_eq!(after.0, commits.len() as u64);
    let fits = |&(commits, bytes): &(u64, usize)| bytes <= PIECE_BYTES || commits == 1;
    assert!(pieces.len() > 4 && pieces.iter().all(fits), "{pieces:?}");
    // To begin in the middle of the frame, and to go from a piece of it to memory.
    for after in [2, 3, 150, commits.len() as u64 - 1] {
        let followed = read(&*journal, Sequence(after)).expect("no error");
        assert_eq!(followed, commits[after as usize..], "after {after}");
    }
}

#[test]
fn a_segment_that_is_trimmed_or_recycled_while_it_is_read_is_an_error_with_the_oldest_commit() {
    let disk = SimDisk::new(1);
    let (mut history, mut rng) = (History::default(), Rng::new(1));
    let journal = open(&disk, &mut history, NOTHING_RECENT);
    let mut commits = commit_some(&mut history, &journal, &mut rng, 2_000);
    // One reader has not begun, one is within a segment.
    let mut readers = [journal.reader(Sequence(0)), journal.reader(Sequence(0))];
    let piece = readers[1].next().expect("no error").expect("commits");
    assert!(piece.last() < Sequence(2_000));
    history.trim(&journal, Sequence(1_900)).expect("no disk error");
    let trimmed = journal.trimmed();
    assert!(piece.last() < trimmed && trimmed < Sequence(2_000));
    let mut assert_trimmed = || {
        for reader in &mut readers {
            let error = reader.next().expect_err("trimmed commits");
            assert!(matches!(error, FollowError::Trimmed { oldest } if oldest == trimmed), "{error}");
        }
    };
    assert_trimmed();
    // The segments that were trimmed become new ones.
    commits.extend(commit_some(&mut history, &journal, &mut rng, 200));
    assert_trimmed();
    let followed = block_on(follow(&mut from(&journal, trimmed), Sequence(2_200)));
    assert_eq!(followed.expect("no error"), commits[trimmed.0 as usize..]);
}

/// The reader has read the last commit of a segment, and not its trailer.
#[test]
fn a_reader_at_the_end_of_a_segment_that_is_gone_goes_on_in_the_next_one() {
    let disk = SimDisk::new(1);
    let (mut history, mut rng) = (History::default(), Rng::new(1));
    let journal = open(&disk, &mut history, NOTHING_RECENT);
    let mut reader = journal.reader(Sequence(0));
    let mut read_next = |expected: &RandomCommit, sequence: Sequence| {
        let piece = reader.next().expect("no error").expect("a commit");
        assert_eq!(encodings(&piece, Sequence(sequence.0 - 1)), [expected.bytes()]);
    };
    let old = disk.image().segments().remove(0);
    loop {
        let random_commit = RandomCommit::any(&mut rng);
        let sequence = commit(&mut history, &journal, &random_commit).expect("no disk error");
        if disk.image().segments().len() > 1 {
            // The commit has begun a segment, and a snapshot holds those before it.
            history.trim(&journal, Sequence(sequence.0 - 1)).expect("no disk error");
            assert_eq!(journal.trimmed(), Sequence(sequence.0 - 1));
            // Unless it was recycled already.
            let _ = disk.remove(&old);
            return read_next(&random_commit, sequence);
        }
        read_next(&random_commit, sequence);
    }
}

#[test]
fn followers_read_right_commits_or_learn_of_trimming_while_segments_are_recycled() {
    for_each_seed(20, |seed| {
        let disk = SimDisk::new(seed);
        follow_while_trimming(&disk, seed, 600);
    });
}

#[test]
fn followers_read_right_commits_on_a_real_disk_while_segments_are_recycled() {
    let directory = TempDir::new().expect("a temporary directory");
    let disk = Arc::new(RealDisk::open(directory.path()).expect("a directory"));
    let disk: Arc<dyn Disk> = disk;
    let read = Journal::read(disk, Options { base: fresh(), ..NOTHING_RECENT }, &mut |_| Ok(()));
    let (journal, _) = read.and_then(|opening| opening.open()).expect("a fresh journal");
    let mut history = History::default();
    trim_beside_followers(&Arc::new(journal), &mut history, Rng::from_environment(), 2_000);
}

fn fresh() -> bookline_server::storage::journal::Base {
    bookline_server::storage::journal::Base { fresh: true, ..Default::default() }
}

fn follow_while_trimming(disk: &SimDisk, seed: u64, count: u64) {
    let mut history = History::default();
    let journal = open(disk, &mut history, NOTHING_RECENT);
    trim_beside_followers(&journal, &mut history, Rng::new(seed), count);
}

/// Appends commits and trims the journal at once, beside followers.
fn trim_beside_followers(journal: &Arc<Journal>, history: &mut History, mut rng: Rng, count: u64) {
    let commits = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let followers: Vec<_> =
            (0..2).map(|_| scope.spawn(|| block_on(follow_to_the_end(journal, &commits)))).collect();
        while journal.appended() < Sequence(count) {
            for _ in 0..rng.within(1..30) {
                let random_commit = RandomCommit::any(&mut rng);
                // Before it is appended, so that it is there when it is published.
                commits.lock().expect("no panic").push(random_commit.bytes());
                append(history, journal, &random_commit).expect("no disk error");
            }
            settle(journal, journal.appended()).expect("no disk error");
            let through = Sequence(rng.within(0..journal.durable().0 + 1));
            history.trim(journal, through).expect("no disk error");
        }
        journal.close().expect("no disk error");
        for follower in followers {
            assert_eq!(follower.join().expect("no panic"), journal.appended());
        }
    });
}

/// Follows until the journal is closed, and after trimming from the oldest commit.
async fn follow_to_the_end(journal: &Arc<Journal>, appended: &Mutex<Vec<Vec<u8>>>) -> Sequence {
    let mut follower = from(journal, Sequence(0));
    loop {
        let before = follower.position();
        match follower.next().await {
            Ok(commits) => {
                let range = before.0 as usize..commits.last().0 as usize;
                let expected = appended.lock().expect("no panic")[range].to_vec();
                assert_eq!(encodings(&commits, before), expected);
            }
            Err(FollowError::Trimmed { oldest }) => {
                assert!(oldest > before, "{oldest:?} after {before:?}");
                follower = from(journal, oldest);
            }
            Err(FollowError::Closed) => return follower.position(),
            Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
        }
    }
}

#[test]
fn a_corrupt_frame_is_an_error_after_the_commits_before_it() {
    let disk = SimDisk::new(1);
    let (mut history, mut rng) = (History::default(), Rng::new(1));
    let journal = open(&disk, &mut history, NOTHING_RECENT);
    let mut commits = Vec::new();
    // Each in a frame of its own.
    while disk.image().segments().len() < 4 {
        let random_commit = RandomCommit::any(&mut rng);
        commit(&mut history, &journal, &random_commit).expect("no disk error");
        commits.push(random_commit.bytes());
    }
    let names = disk.image().segments();
    let image = disk.image();
    let (second, bytes) = (&names[1], image.bytes(&names[1]));
    let header = segment_header::SegmentHeader::decode(bytes, segment_header::MAGIC).expect("a segment");
    let frames = &bytes[segment_header::BYTES..];
    let first_frame = frame::read(frames, &header.salt).expect("a frame");
    let corrupt_at = segment_header::BYTES + frame::len(first_frame.payload.len()) + frame::HEADER_BYTES;
    let before = first_frame.header.first.0 - 1 + u64::from(first_frame.header.commits);
    let file = disk.open(second).expect("a segment");
    file.write_all_at(&[!bytes[corrupt_at]], corrupt_at as u64).expect("no disk error");

    let mut reader = journal.reader(Sequence(0));
    let piece = reader.next().expect("commits before it").expect("commits before it");
    assert_eq!(encodings(&piece, Sequence(0)), commits[..before as usize]);
    for _ in 0..2 {
        let error = reader.next().expect_err("a corrupt frame");
        let FollowError::Unreadable(error) = error else { panic!("{error}") };
        assert!(error.to_string().contains(&**second), "{error}");
    }
    // It is read again when it is right again.
    file.write_all_at(&[bytes[corrupt_at]], corrupt_at as u64).expect("no disk error");
    assert_eq!(read_on(&mut *reader, piece.last()).expect("no error"), commits[before as usize..]);
    disk.remove(second).expect("no disk error");
    assert!(matches!(journal.reader(Sequence(before)).next(), Err(FollowError::Unreadable(_))));
}

#[test]
fn without_a_sync_a_commit_is_published_when_it_is_written() {
    for durability in [Durability::Interval, Durability::Never] {
        let disk = SimDisk::new(1);
        let (mut history, mut rng) = (History::default(), Rng::new(1));
        let journal = open(&disk, &mut history, options(durability, 64 << 10));
        block_on(journal.capacity());
        disk.pause_writes();
        append(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("capacity");
        disk.wait_for_paused_write();
        let mut follower = from(&journal, Sequence(0));
        assert!(!is_ready(follower.next()), "{durability:?}: acknowledged and not written");
        let syncs = disk.counts(IoSource::Foreground).syncs;
        disk.resume_writes();
        assert_eq!(block_on(follower.next()).expect("no error").last(), Sequence(1));
        assert_eq!(read(&*journal, Sequence(0)).expect("no error").len(), 1);
        if durability == Durability::Never {
            assert_eq!((disk.counts(IoSource::Foreground).syncs, journal.durable()), (syncs, Sequence(0)));
        }
    }
}

/// The commit is in the page cache, where a reader could find it.
#[test]
fn a_commit_whose_sync_failed_is_never_published() {
    let disk = SimDisk::new(1);
    let (mut history, mut rng) = (History::default(), Rng::new(1));
    let journal = open(&disk, &mut history, SMALL);
    let last = commit(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("no disk error");
    let mut followers = [Sequence(0), last].map(|after| from(&journal, after));
    let syncs = disk.counts(IoSource::Foreground).syncs;
    disk.set_faults(Faults { fail_sync: Some(syncs + 1), ..Faults::default() });
    append(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("capacity");
    failure(&journal);
    assert_eq!(block_on(follow(&mut followers[0], last)).expect("a published commit").len(), 1);
    for follower in &mut followers {
        assert!(matches!(block_on(follower.next()), Err(FollowError::Closed)));
    }
    assert_eq!((published(&*journal), journal.durable()), (last, last));
    assert_eq!(read(&*journal, Sequence(0)).expect("a published commit").len(), 1);
    let disk = disk.kill();
    assert_eq!(
        history.open(&disk, SMALL).expect("recovery succeeds").1.last,
        last.next(),
        "it is in the cache"
    );
}

#[test]
fn a_commit_that_was_not_written_is_never_published_under_any_durability() {
    for durability in [Durability::Always, Durability::Interval, Durability::Never] {
        let disk = SimDisk::new(1);
        let (mut history, mut rng) = (History::default(), Rng::new(1));
        let journal = open(&disk, &mut history, options(durability, SMALL.segment_size));
        let mut follower = from(&journal, Sequence(0));
        let writes = disk.counts(IoSource::Foreground).writes;
        disk.set_faults(Faults { fail_write: Some(writes + 1), ..Faults::default() });
        append(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("capacity");
        assert!(matches!(block_on(follower.next()), Err(FollowError::Closed)), "{durability:?}");
        assert_eq!(published(&*journal), Sequence(0), "{durability:?}");
    }
}

/// A follower reads while commits are appended, writes and syncs fail, and the process is killed or loses
/// power. What it saw is what recovery finds.
#[test]
fn no_crash_takes_back_what_was_followed() {
    for_each_seed(300, |seed| {
        let mut rng = Rng::new(seed);
        let options = Options { recent_bytes: [0, 1 << 10][rng.below(2)], ..[TINY, SMALL][rng.below(2)] };
        let mut disk = SimDisk::new(rng.next());
        let mut history = History::default();
        let mut followed: Vec<Vec<u8>> = Vec::new();
        for _ in 0..rng.within(2..5) {
            let journal = open(&disk, &mut history, options);
            let recovered = Sequence(history.len());
            assert!(published(&*journal) == recovered && followed.len() as u64 <= recovered.0);
            assert_eq!(read(&*journal, Sequence(0)).expect("no error").len() as u64, recovered.0);
            disk.set_faults(faults(&mut rng, &disk));
            std::thread::scope(|scope| {
                let mut follower = from(&journal, Sequence(followed.len() as u64));
                let following = scope.spawn(move || {
                    let mut seen = Vec::new();
                    // Closed, or the disk of a killed process.
                    while let Some((after, commits)) = block_on(next(&mut follower)) {
                        seen.extend(encodings(&commits, after));
                    }
                    seen
                });
                for _ in 0..rng.within(0..80) {
                    if !append_if_alive(&mut history, &journal, &RandomCommit::any(&mut rng)) {
                        break;
                    }
                }
                if rng.one_in(2) {
                    let _ = settle(&journal, journal.appended());
                }
                disk = if rng.one_in(3) { disk.kill() } else { disk.cut_power() };
                // Ends the threads of the killed process. Their I/O fails.
                let _ = journal.close();
                followed.extend(following.join().expect("no panic"));
            });
            history.acknowledge(Sequence(followed.len() as u64));
        }
        // Recovery compares each commit with the one that was appended.
        let journal = open(&disk, &mut history, options);
        let all = read(&*journal, Sequence(0)).expect("no error");
        assert!(all.len() >= followed.len() && all[..followed.len()] == followed);
    });
}

/// A killed process cannot preallocate a segment, and may learn of that before the committer fails.
fn append_if_alive(history: &mut History, journal: &Journal, random_commit: &RandomCommit) -> bool {
    loop {
        match history.append(journal, random_commit) {
            Ok(_) => return true,
            Err(AppendError::Backpressure) if wait_for_capacity(journal).is_ok() => {}
            Err(_) => return false,
        }
    }
}

async fn next(follower: &mut Follower) -> Option<(Sequence, Arc<Commits>)> {
    let after = follower.position();
    follower.next().await.ok().map(|commits| (after, commits))
}

fn faults(rng: &mut Rng, disk: &SimDisk) -> Faults {
    let counts = disk.counts(IoSource::Foreground);
    let mut faults =
        Faults { short: rng.one_in(3), sync_error_drops_writes: rng.one_in(2), ..Faults::default() };
    match rng.below(4) {
        0 => faults.die_at = Some(counts.operations + rng.within(1..100)),
        1 => faults.fail_write = Some(counts.writes + rng.within(1..30)),
        2 => faults.fail_sync = Some(counts.syncs + rng.within(1..30)),
        _ => {}
    }
    faults
}

#[test]
fn the_name_of_a_segment_that_is_missing_is_reported() {
    let disk = SimDisk::new(1);
    let (mut history, mut rng) = (History::default(), Rng::new(1));
    let journal = open(&disk, &mut history, NOTHING_RECENT);
    commit_some(&mut history, &journal, &mut rng, 20);
    disk.remove(&segment::name(Sequence(1))).expect("no disk error");
    let error = journal.reader(Sequence(0)).next().expect_err("a missing segment");
    let source = std::error::Error::source(&error).expect("an error of the journal").to_string();
    assert!(source.contains(&segment::name(Sequence(1))) && source.contains("missing"), "{source}");
}
