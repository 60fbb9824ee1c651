//! Snapshots bound the journal, and never take from it what somebody may still need.

use super::machine::{Images, Machine};
use crate::codec::segment_header;
use crate::codec::{Sequence, frame};
use crate::storage::journal::tests::image::Image;
use crate::storage::journal::tests::rng::{Rng, for_each_seed};
use crate::storage::snapshot::parse_name;

/// Changes that fill one to two segments.
const ROUND: u64 = 120;

/// Segments that a journal trimmed at every round may have: those behind the older of two snapshots, and as
/// many that wait to be used again as are kept.
const BOUND: usize = 2 * 3 + 4 + 2;

#[test]
fn the_journal_is_bounded_and_the_older_snapshot_has_what_it_needs() {
    for_each_seed(3, |seed| {
        let mut rng = Rng::new(seed);
        let mut machine = Machine::new(seed);
        let mut server = machine.start().expect("a fresh disk");
        let mut recycled = 0;
        for round in 0..12 {
            machine.changes(&server, &mut rng, ROUND).expect("no disk error");
            server.snapshot().expect("no disk error");
            machine.check_that_the_older_one_would_do();
            let images = machine.images();
            let segments = images.journal.segments();
            assert!(segments.len() <= BOUND, "round {round}: {segments:?}");
            recycled += usize::from(stale(&images.journal).is_some());
            if round % 4 == 3 {
                machine.crash(server, rng.one_in(2));
                server = machine.start().expect("recovery succeeds");
            }
        }
        server.stop();
        assert!(recycled > 0, "old segments are used again");
    });
}

/// The newest segment, if bytes of an older one stand behind its frames.
fn stale(journal: &Image) -> Option<(String, usize)> {
    let name = journal.segments().pop()?;
    let bytes = journal.bytes(&name);
    let head = segment_header::SegmentHeader::decode(bytes, segment_header::MAGIC).ok()?;
    let mut at = segment_header::BYTES;
    while let Some(frame) = frame::read(&bytes[at..], &head.salt) {
        at += frame::len(frame.payload.len());
    }
    bytes[at..].iter().any(|&byte| byte != 0).then_some((name, at))
}

/// A machine source newest segment was another one before.
fn recycled(seed: u64) -> (Machine, Images, String, usize) {
    let mut rng = Rng::new(seed);
    let mut machine = Machine::new(seed);
    let server = machine.start().expect("a fresh disk");
    loop {
        machine.changes(&server, &mut rng, ROUND / 8).expect("no disk error");
        if let Some((name, at)) = stale(&machine.images().journal) {
            machine.settle(&server).expect("no disk error");
            let images = machine.images();
            machine.crash(server, false);
            return (machine, images, name, at);
        }
        if rng.one_in(4) {
            server.snapshot().expect("no disk error");
        }
    }
}

#[test]
fn what_stood_in_a_recycled_segment_never_comes_back() {
    for_each_seed(10, |seed| {
        let (machine, images, name, end) = recycled(seed);
        let whole = images.recover(&machine.tickets).expect("recovery succeeds");
        assert_eq!(whole, (machine.look().to_owned(), Sequence(machine.acknowledged)));
        // Torn anywhere in its frames: what is read ends there, and what stood there before stays unread.
        let snapshot = images.snapshots().iter().filter_map(|name| parse_name(name)).max();
        let base = snapshot.unwrap_or_default();
        let stale = images.journal.bytes(&name)[end..].to_vec();
        let mut at = end;
        while at > segment_header::BYTES {
            at -= 8.min(at - segment_header::BYTES);
            let mut torn = images.clone();
            let bytes = torn.journal.bytes_mut(&name);
            let n = stale.len().min(end - at);
            bytes[at..at + n].copy_from_slice(&stale[..n]);
            match torn.recover(&machine.tickets) {
                Ok((look, last)) => {
                    assert!(last >= base);
                    let then = usize::try_from(last.0).unwrap();
                    assert_eq!(look, machine.looks[then], "cut at {at}: the state after {last:?}");
                }
                // Something behind it says that it was whole.
                Err(refused) => assert!(refused.to_string().contains(&name), "cut at {at}: {refused}"),
            }
        }
    });
}

#[test]
fn a_recycled_segment_is_durable_under_its_new_name_before_it_is_used() {
    for_each_seed(20, |seed| {
        let (mut machine, _, _, _) = recycled(seed);
        let mut rng = Rng::new(seed);
        for _ in 0..3 {
            let server = machine.start().expect("recovery succeeds");
            machine.changes(&server, &mut rng, ROUND).expect("no disk error");
            server.snapshot().expect("no disk error");
            machine.crash(server, true);
        }
        machine.start().expect("recovery succeeds").stop();
    });
}
