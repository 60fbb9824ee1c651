//! Many who append and wait at once: one write and one sync for all, and every wait ends.

use std::sync::{Arc, Barrier};

use super::corruption::frames;
use super::generate::Draft;
use super::history::{
    History, SMALL, TINY, block_on, commit, encoded, is_ready, options, settle, wait_for_capacity,
};
use super::rng::Rng;
use super::sim_disk::{SimDisk, Whose};
use crate::codec::Sequence;
use crate::codec::frame::Kind;
use crate::storage::journal::{AppendError, Base, Durability, Journal, Opening, Options};

/// Who appends at the same time.
const APPENDERS: u64 = 8;

#[test]
fn one_write_and_one_sync_carry_all_who_came_while_the_last_was_under_way() {
    let disk = SimDisk::new(1);
    let (journal, _) =
        History::default().open(&disk, options(Durability::Always, 256 << 10)).expect("a fresh journal");
    wait_for_capacity(&journal).expect("a disk that behaves");
    disk.hold();
    let first = append(&journal, &Draft::small(&mut Rng::new(0)));
    disk.wait_for_a_held_write();
    let before = disk.counts(Whose::Commits);

    let all_appended = Barrier::new(usize::try_from(APPENDERS).expect("a few") + 1);
    std::thread::scope(|scope| {
        for seed in 1..=APPENDERS {
            let (journal, all_appended) = (&journal, &all_appended);
            scope.spawn(move || {
                let mut rng = Rng::new(seed);
                let sequences: Vec<Sequence> =
                    (0..50).map(|_| append(journal, &Draft::any(&mut rng))).collect();
                assert!(!is_ready(journal.wait(sequences[0])), "nothing is told before it is written");
                all_appended.wait();
                for sequence in sequences {
                    settle(journal, sequence).expect("a disk that behaves");
                    assert!(journal.durable() >= sequence);
                }
            });
        }
        all_appended.wait();
        assert_eq!(journal.appended(), Sequence(1 + APPENDERS * 50));
        assert_eq!(journal.durable(), Sequence(0));
        disk.release();
    });
    assert!(is_ready(journal.wait(first)));
    assert_eq!(journal.durable(), journal.appended());
    let after = disk.counts(Whose::Commits);
    // The held write had not been counted; a durability marker may have come since.
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
    assert!(sequences.eq(1..=APPENDERS * 200), "each sequence is given once");
    assert_eq!(journal.durable(), journal.appended());
    assert!(disk.image().segments().len() > 5);

    let disk = disk.cut_power();
    let mut found = Vec::new();
    let read = Journal::read(std::sync::Arc::new(disk), TINY, &mut |commit| {
        found.push((commit.sequence, encoded(commit)));
        Ok(())
    });
    read.and_then(Opening::open).expect("recovery");
    assert_eq!(found, appended);
}

/// Appends commits, waiting for some, and forgetting that it wanted to wait for others.
fn append_and_wait(journal: &Journal, rng: &mut Rng) -> Vec<(Sequence, Vec<u8>)> {
    let mut appended = Vec::new();
    for _ in 0..200 {
        let draft = Draft::any(rng);
        let sequence = append(journal, &draft);
        appended.push((sequence, draft.bytes()));
        match rng.below(3) {
            0 => {
                settle(journal, sequence).expect("a disk that behaves");
                assert!(journal.durable() >= sequence);
            }
            1 => drop(is_ready(journal.wait(sequence))),
            _ => {}
        }
    }
    settle(journal, appended[appended.len() - 1].0).expect("a disk that behaves");
    appended
}

#[test]
fn who_waits_for_what_is_durable_does_not_wait() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let (journal, _) = history.open(&disk, SMALL).expect("a fresh journal");
    let sequence =
        commit(&mut history, &journal, &Draft::small(&mut Rng::new(1))).expect("a disk that behaves");
    disk.hold();
    append(&journal, &Draft::small(&mut Rng::new(2)));
    for durable in 0..=sequence.0 {
        assert!(is_ready(journal.wait(Sequence(durable))));
    }
    disk.release();
    journal.close().expect("a disk that behaves");
    assert!(is_ready(journal.wait(journal.appended())));
}

/// More is queued than a frame holds, and more than may be queued: who comes then is sent to wait, and is let
/// in again.
#[test]
fn a_queue_that_is_full_lets_in_again_when_it_is_written() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let options = options(Durability::Always, 8 << 20);
    let (journal, _) = history.open(&disk, options).expect("a fresh journal");
    let mut rng = Rng::new(1);
    wait_for_capacity(&journal).expect("a disk that behaves");
    disk.hold();
    history.append(&journal, &Draft::small(&mut rng)).expect("room");
    disk.wait_for_a_held_write();
    let refused = loop {
        // The largest booking there is.
        match history.append(&journal, &Draft::tickets(&mut rng, 10_000)) {
            Ok(sequence) => assert!(sequence.0 < 100, "the queue is bounded"),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, AppendError::Backpressure);
    assert!(!is_ready(journal.capacity()));
    disk.release();
    block_on(journal.capacity());
    let last =
        super::history::commit(&mut history, &journal, &Draft::small(&mut rng)).expect("a disk that behaves");

    let image = disk.image();
    let written = frames(image.bytes(&image.segments()[0]));
    assert!(written.iter().filter(|frame| frame.place.len() > 900_000).count() > 3, "{written:?}");
    let disk = disk.cut_power();
    let (_, recovered) = history.open(&disk, options).expect("recovery");
    assert_eq!(recovered.last, last);
}

#[test]
fn a_journal_at_leisure_vouches_for_its_last_commit() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let (journal, _) = history.open(&disk, SMALL).expect("a fresh journal");
    let syncs = disk.counts(Whose::Commits).syncs;
    let last = commit(&mut history, &journal, &Draft::small(&mut Rng::new(1))).expect("a disk that behaves");
    // The commit's sync, and after a while the durability marker's.
    disk.wait_for_syncs(syncs + 2);
    let image = disk.cut_power().image();
    let frames = frames(image.bytes(&image.segments()[0]));
    let marker = frames.last().expect("a durability marker");
    assert_eq!((marker.kind, marker.last), (Kind::Marker, last));
}

/// On a slow disk a stop that is late does not begin another sync for the sake of a marker; no change is lost
/// by that.
#[test]
fn a_close_that_is_late_syncs_the_changes_and_nothing_else() {
    for late in [true, false] {
        for durability in [Durability::Always, Durability::Interval, Durability::Never] {
            let disk = SimDisk::new(1);
            let options = options(durability, 16 << 10);
            let (journal, _) = History::default().open(&disk, options).expect("a fresh journal");
            wait_for_capacity(&journal).expect("a disk that behaves");
            disk.hold();
            append(&journal, &Draft::small(&mut Rng::new(1)));
            disk.wait_for_a_held_write();
            if late {
                journal.hurry();
            }
            std::thread::scope(|scope| {
                let closed = scope.spawn(|| journal.close());
                // It is closing once it takes no more.
                while journal.append(0, &Draft::small(&mut Rng::new(2)).changes()) != Err(AppendError::Closed)
                {
                }
                disk.release();
                closed.join().expect("no panic").expect("a disk that behaves");
            });
            assert_eq!(journal.durable(), journal.appended(), "{durability:?}, late: {late}");
            let image = disk.cut_power().image();
            let frames = frames(image.bytes(image.segments().last().expect("a segment")));
            let kind = if late { Kind::Commits } else { Kind::Marker };
            assert_eq!(frames.last().expect("a frame").kind, kind, "{durability:?}, late: {late}");
        }
    }
}

#[test]
fn with_interval_nobody_waits_and_within_a_while_it_is_durable() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let options = options(Durability::Interval, 16 << 10);
    let (journal, _) = history.open(&disk, options).expect("a fresh journal");
    wait_for_capacity(&journal).expect("a disk that behaves");
    disk.hold();
    let last = history.append(&journal, &Draft::small(&mut Rng::new(1))).expect("room");
    assert!(is_ready(journal.wait(last)));
    assert!(journal.durable() < last);
    let syncs = disk.counts(Whose::Commits).syncs;
    disk.release();
    disk.wait_for_syncs(syncs + 1);
    let disk = disk.cut_power();
    let _ = journal.close();
    let (_, recovered) = history.open(&disk, options).expect("recovery");
    assert_eq!(recovered.last, last);
}

#[test]
fn with_never_nobody_waits_and_only_a_roll_or_a_close_syncs() {
    let disk = SimDisk::new(1);
    let mut history = History::default();
    let options = options(Durability::Never, 16 << 10);
    let (journal, _) = history.open(&disk, options).expect("a fresh journal");
    let syncs = disk.counts(Whose::Commits).syncs;
    let mut rng = Rng::new(1);
    for _ in 0..20 {
        let last = history.append(&journal, &Draft::small(&mut rng)).expect("room");
        assert!(is_ready(journal.wait(last)));
    }
    // A kill loses nothing that was written, and what was not written was not promised.
    assert_eq!((disk.counts(Whose::Commits).syncs, journal.durable()), (syncs, Sequence(0)));
    journal.close().expect("a disk that behaves");
    assert_eq!(journal.durable(), Sequence(20));
    let disk = disk.cut_power();
    let (_, recovered) = history.open(&disk, options).expect("recovery");
    assert_eq!(recovered.last, Sequence(20));
}

/// A clock that is put back, and turns that began in another order, leave no trace in the times of commits.
#[test]
fn times_of_commits_never_go_back() {
    let disk = SimDisk::new(1);
    let open = |fresh| {
        let mut times = Vec::new();
        let options = Options { base: Base { fresh, ..Base::default() }, ..SMALL };
        let read = Journal::read(Arc::new(disk.clone()), options, &mut |commit| {
            times.push(commit.micros);
            Ok(())
        });
        let (journal, _) = read.and_then(Opening::open).expect("a disk that behaves");
        (journal, times)
    };
    let mut fresh = true;
    for (drawn, recovered) in
        [(&[-7, 5, 3, 9, 1][..], &[][..]), (&[2, 10], &[-7, 5, 5, 9, 9]), (&[], &[9, 10])]
    {
        let (journal, times) = open(fresh);
        assert!(times.ends_with(recovered), "{times:?}");
        for &micros in drawn {
            let mut draft = Draft::small(&mut Rng::new(1));
            draft.micros = micros;
            append(&journal, &draft);
        }
        journal.close().expect("a disk that behaves");
        fresh = false;
    }
}

/// Appends as a connection does.
fn append(journal: &Journal, draft: &Draft) -> Sequence {
    loop {
        match journal.append(draft.micros, &draft.changes()) {
            Ok(sequence) => return sequence,
            Err(AppendError::Backpressure) => wait_for_capacity(journal).expect("a disk that behaves"),
            Err(refused) => panic!("{refused}"),
        }
    }
}
