//! Group commit: concurrent commits share one write and one sync, and every wait ends.

use std::sync::{Arc, Barrier};

use bookline_server::codec::Sequence;
use bookline_server::codec::frame::Kind;
use bookline_server::storage::journal::{Base, Durability, Journal, Opening, Options};
use bookline_server::storage::log::{AppendError, Log, LogExt};
use bookline_testkit::Rng;
use bookline_testkit::disk::{IoSource, SimDisk};

use super::corruption::frames;
use super::generate::RandomCommit;
use super::history::{
    History, SMALL, TINY, block_on, commit, encoded, is_ready, options, settle, wait_for_capacity,
};

/// The number of threads that append concurrently.
const APPENDERS: u64 = 8;

#[test]
fn commits_appended_during_a_write_share_the_next_write_and_sync() {
    let disk = SimDisk::new(1);
    let (journal, _) =
        History::default().open(&disk, options(Durability::Always, 256 << 10)).expect("a fresh journal");
    wait_for_capacity(&journal).expect("no disk error");
    disk.pause_writes();
    let first = append(&journal, &RandomCommit::small(&mut Rng::new(0)));
    disk.wait_for_paused_write();
    let before = disk.counts(IoSource::Foreground);

    let all_appended = Barrier::new(usize::try_from(APPENDERS).expect("a few") + 1);
    std::thread::scope(|scope| {
        for seed in 1..=APPENDERS {
            let (journal, all_appended) = (&journal, &all_appended);
            scope.spawn(move || {
                let mut rng = Rng::new(seed);
                let sequences: Vec<Sequence> =
                    (0..50).map(|_| append(journal, &RandomCommit::any(&mut rng))).collect();
                assert!(!is_ready(journal.wait_durable(sequences[0])), "acknowledged before it is written");
                all_appended.wait();
                for sequence in sequences {
                    settle(journal, sequence).expect("no disk error");
                    assert!(journal.durable() >= sequence);
                }
            });
        }
        all_appended.wait();
        assert_eq!(journal.appended(), Sequence(1 + APPENDERS * 50));
        assert_eq!(journal.durable(), Sequence(0));
        disk.resume_writes();
    });
    assert!(is_ready(journal.wait_durable(first)));
    assert_eq!(journal.durable(), journal.appended());
    let after = disk.counts(IoSource::Foreground);
    // The paused write was not counted before, and a durability marker may follow.
    assert!(after.syncs - before.syncs <= 3, "{before:?} {after:?}");
}

#[test]
fn sequences_are_dense_and_every_wait_ends_over_many_segments() {
    let disk = SimDisk::new(2);
    let (journal, _) = History::default().open(&disk, TINY).expect("a fresh journal");
    let mut appended: Vec<(Sequence, Vec<u8>)> = std::thread::scope(|scope| {
        let appenders: Vec<_> = (0..APPENDERS)
            .map(|seed| {
                let journal = &journal;
                scope.spawn(move || append_and_wait(journal, &mut Rng::new(seed)))
            })
            .collect();
        appenders.into_iter().flat_map(|appender| appender.join().expect("no panic")).collect()
    });
    appended.sort();
    let sequences = appended.iter().map(|(sequence, _)| sequence.0);
    assert!(sequences.eq(1..=APPENDERS * 200), "each sequence number is assigned once");
    assert_eq!(journal.durable(), journal.appended());
    assert!(disk.image().segments().len() > 5);

    let disk = disk.cut_power();
    let mut found = Vec::new();
    let read = Journal::read(std::sync::Arc::new(disk), TINY, &mut |commit| {
        found.push((commit.sequence, encoded(commit)));
        Ok(())
    });
    read.and_then(Opening::open).expect("recovery succeeds");
    assert_eq!(found, appended);
}

/// Appends commits, waits for some of them, and cancels the wait for others.
fn append_and_wait(journal: &Journal, rng: &mut Rng) -> Vec<(Sequence, Vec<u8>)> {
    let mut appended = Vec::new();
    for _ in 0..200 {
        let random_commit = RandomCommit::any(rng);
        let sequence = append(journal, &random_commit);
        appended.push((sequence, random_commit.bytes()));
        match rng.below(3) {
            0 => {
                settle(journal, sequence).expect("no disk error");
                assert!(journal.durable() >= sequence);
            }
            1 => drop(is_ready(journal.wait_durable(sequence))),
            _ => {}
        }
    }
    settle(journal, appended[appended.len() - 1].0).expect("no disk error");
    appended
}

#[test]
fn a_wait_for_a_durable_commit_is_ready_at_once() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let (journal, _) = history.open(&disk, SMALL).expect("a fresh journal");
    let sequence =
        commit(&mut history, &journal, &RandomCommit::small(&mut Rng::new(1))).expect("no disk error");
    disk.pause_writes();
    append(&journal, &RandomCommit::small(&mut Rng::new(2)));
    for durable in 0..=sequence.0 {
        assert!(is_ready(journal.wait_durable(Sequence(durable))));
    }
    disk.resume_writes();
    journal.close().expect("no disk error");
    assert!(is_ready(journal.wait_durable(journal.appended())));
}

/// The queue takes more than one frame. When it is full, appends meet backpressure until it is written.
#[test]
fn a_full_queue_has_capacity_again_when_it_is_written() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let options = options(Durability::Always, 8 << 20);
    let (journal, _) = history.open(&disk, options).expect("a fresh journal");
    let mut rng = Rng::new(1);
    wait_for_capacity(&journal).expect("no disk error");
    disk.pause_writes();
    history.append(&journal, &RandomCommit::small(&mut rng)).expect("capacity");
    disk.wait_for_paused_write();
    let refused = loop {
        // The largest booking.
        match history.append(&journal, &RandomCommit::tickets(&mut rng, 10_000)) {
            Ok(sequence) => assert!(sequence.0 < 100, "the queue is bounded"),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, AppendError::Backpressure);
    assert!(!is_ready(journal.capacity()));
    disk.resume_writes();
    block_on(journal.capacity());
    let last = super::history::commit(&mut history, &journal, &RandomCommit::small(&mut rng))
        .expect("no disk error");

    let image = disk.image();
    let written = frames(image.bytes(&image.segments()[0]));
    assert!(written.iter().filter(|frame| frame.range.len() > 900_000).count() > 3, "{written:?}");
    let disk = disk.cut_power();
    let (_, recovered) = history.open(&disk, options).expect("recovery succeeds");
    assert_eq!(recovered.last, last);
}

#[test]
fn an_idle_journal_writes_a_durability_marker_after_its_last_commit() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let (journal, _) = history.open(&disk, SMALL).expect("a fresh journal");
    let syncs = disk.counts(IoSource::Foreground).syncs;
    let last = commit(&mut history, &journal, &RandomCommit::small(&mut Rng::new(1))).expect("no disk error");
    // The sync of the commit, then that of the durability marker.
    disk.wait_for_syncs(syncs + 2);
    let image = disk.cut_power().image();
    let frames = frames(image.bytes(&image.segments()[0]));
    let marker = frames.last().expect("a durability marker");
    assert_eq!((marker.kind, marker.last), (Kind::Marker, last));
}

/// On a slow disk, a graceful shutdown that takes too long skips the durability marker and its sync. No
/// change is lost.
#[test]
fn a_hurried_close_syncs_the_changes_and_writes_no_marker() {
    for hurried in [true, false] {
        for durability in [Durability::Always, Durability::Interval, Durability::Never] {
            let disk = SimDisk::new(1);
            let options = options(durability, 16 << 10);
            let (journal, _) = History::default().open(&disk, options).expect("a fresh journal");
            wait_for_capacity(&journal).expect("no disk error");
            disk.pause_writes();
            append(&journal, &RandomCommit::small(&mut Rng::new(1)));
            disk.wait_for_paused_write();
            if hurried {
                journal.hurry();
            }
            std::thread::scope(|scope| {
                let closed = scope.spawn(|| journal.close());
                // The close has begun when appends are refused.
                while journal.append(0, None, &RandomCommit::small(&mut Rng::new(2)).changes())
                    != Err(AppendError::Closed)
                {}
                disk.resume_writes();
                closed.join().expect("no panic").expect("no disk error");
            });
            assert_eq!(journal.durable(), journal.appended(), "{durability:?}, hurried: {hurried}");
            let image = disk.cut_power().image();
            let frames = frames(image.bytes(image.segments().last().expect("a segment")));
            let kind = if hurried { Kind::Commits } else { Kind::Marker };
            assert_eq!(frames.last().expect("a frame").kind, kind, "{durability:?}, hurried: {hurried}");
        }
    }
}

#[test]
fn with_interval_a_commit_is_acknowledged_at_once_and_synced_later() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let options = options(Durability::Interval, 16 << 10);
    let (journal, _) = history.open(&disk, options).expect("a fresh journal");
    wait_for_capacity(&journal).expect("no disk error");
    disk.pause_writes();
    let last = history.append(&journal, &RandomCommit::small(&mut Rng::new(1))).expect("capacity");
    assert!(is_ready(journal.wait_durable(last)));
    assert!(journal.durable() < last);
    let syncs = disk.counts(IoSource::Foreground).syncs;
    disk.resume_writes();
    disk.wait_for_syncs(syncs + 1);
    let disk = disk.cut_power();
    let _ = journal.close();
    let (_, recovered) = history.open(&disk, options).expect("recovery succeeds");
    assert_eq!(recovered.last, last);
}

#[test]
fn with_never_a_commit_is_acknowledged_at_once_and_only_a_rotation_or_close_syncs() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let options = options(Durability::Never, 16 << 10);
    let (journal, _) = history.open(&disk, options).expect("a fresh journal");
    let syncs = disk.counts(IoSource::Foreground).syncs;
    let mut rng = Rng::new(1);
    for _ in 0..20 {
        let last = history.append(&journal, &RandomCommit::small(&mut rng)).expect("capacity");
        assert!(is_ready(journal.wait_durable(last)));
    }
    assert_eq!((disk.counts(IoSource::Foreground).syncs, journal.durable()), (syncs, Sequence(0)));
    journal.close().expect("no disk error");
    assert_eq!(journal.durable(), Sequence(20));
    let disk = disk.cut_power();
    let (_, recovered) = history.open(&disk, options).expect("recovery succeeds");
    assert_eq!(recovered.last, Sequence(20));
}

/// Requests may read the clock in another order than they append.
#[test]
fn the_times_of_commits_never_decrease() {
    let disk = SimDisk::new(1);
    let open = |fresh, snapshot| {
        let mut times = Vec::new();
        let base = Base { fresh, snapshot: Sequence(snapshot), ..Base::default() };
        let options = Options { base, ..SMALL };
        let read = Journal::read(Arc::new(disk.clone()), options, &mut |commit| {
            times.push(commit.micros);
            Ok(())
        });
        let (journal, recovered) = read.and_then(Opening::open).expect("no disk error");
        (journal, times, recovered.last_commit_micros)
    };
    let mut fresh = true;
    for (appended, recovered, last) in [
        (&[-7, 5, 3, 9, 1][..], &[][..], None),
        (&[2, 10], &[-7, 5, 5, 9, 9], Some(9)),
        (&[], &[9, 10], Some(10)),
    ] {
        let (journal, times, last_time) = open(fresh, 0);
        assert!(times.ends_with(recovered), "{times:?}");
        assert_eq!(last_time, last);
        for &micros in appended {
            let mut random_commit = RandomCommit::small(&mut Rng::new(1));
            random_commit.micros = micros;
            append(&journal, &random_commit);
        }
        journal.close().expect("no disk error");
        fresh = false;
    }
    let (journal, times, last_time) = open(false, 7);
    assert_eq!((&times[..], last_time), (&[][..], Some(10)), "all commits are in the snapshot");
    let mut random_commit = RandomCommit::small(&mut Rng::new(1));
    random_commit.micros = 4;
    append(&journal, &random_commit);
    journal.close().expect("no disk error");
    assert_eq!(open(false, 7).1, [10]);
}

/// Appends as a connection does.
fn append(journal: &Journal, random_commit: &RandomCommit) -> Sequence {
    loop {
        match journal.append(random_commit.micros, random_commit.actor(), &random_commit.changes()) {
            Ok(appended) => return appended.sequence,
            Err(AppendError::Backpressure) => wait_for_capacity(journal).expect("no disk error"),
            Err(refused) => panic!("{refused}"),
        }
    }
}
