//! Snapshots bound the journal, and trim only what no snapshot needs.

use bookline_server::codec::segment_header;
use bookline_server::codec::{Sequence, frame};
use bookline_server::storage::snapshot::parse_name;
use bookline_testkit::Rng;
use bookline_testkit::disk::Image;
use bookline_testkit::seeds::for_each_seed;

use super::machine::{Images, Machine};

/// The number of changes that fill one to two segments.
const ROUND_CHANGES: u64 = 120;

/// The number of segments of a journal that is trimmed in every round: those since the older of two
/// snapshots, and those that are kept for recycling.
const SEGMENTS_MAX: usize = 2 * 3 + 4 + 2;

#[test]
fn a_trimmed_journal_is_bounded_and_has_what_the_older_snapshot_needs() {
    for_each_seed(3, |seed| {
        let mut rng = Rng::new(seed);
        let mut machine = Machine::new(seed);
        let mut server = machine.start().expect("a fresh disk");
        let mut recycled = 0;
        for round in 0..12 {
            machine.changes(&server, &mut rng, ROUND_CHANGES).expect("no disk error");
            server.snapshot().expect("no disk error");
            machine.assert_older_snapshot_suffices();
            let images = machine.images();
            let segments = images.journal.segments();
            assert!(segments.len() <= SEGMENTS_MAX, "round {round}: {segments:?}");
            recycled += usize::from(stale(&images.journal).is_some());
            if round % 4 == 3 {
                machine.crash(server, rng.one_in(2));
                server = machine.start().expect("recovery succeeds");
            }
        }
        server.stop();
        assert!(recycled > 0, "no segment was recycled");
    });
}

/// The newest segment and the end of its frames, if bytes of an older segment follow them.
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

/// A machine whose newest segment is a recycled one.
fn recycled(seed: u64) -> (Machine, Images, String, usize) {
    let mut rng = Rng::new(seed);
    let mut machine = Machine::new(seed);
    let server = machine.start().expect("a fresh disk");
    loop {
        machine.changes(&server, &mut rng, ROUND_CHANGES / 8).expect("no disk error");
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
fn old_frames_of_a_recycled_segment_are_never_read() {
    for_each_seed(10, |seed| {
        let (machine, images, name, end) = recycled(seed);
        let complete = images.recover(&machine.ids).expect("recovery succeeds");
        assert_eq!(complete, (machine.text().to_owned(), Sequence(machine.acknowledged)));
        // Old bytes overwrite the end of the frames. Replay must end there, and not read the old frames.
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
            match torn.recover(&machine.ids) {
                Ok((text, last)) => {
                    assert!(last >= base);
                    let then = usize::try_from(last.0).unwrap();
                    assert_eq!(text, machine.states[then], "torn at {at}: the state after {last:?}");
                }
                // A later frame proves durable what was overwritten.
                Err(refused) => assert!(refused.to_string().contains(&name), "torn at {at}: {refused}"),
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
            machine.changes(&server, &mut rng, ROUND_CHANGES).expect("no disk error");
            server.snapshot().expect("no disk error");
            machine.crash(server, true);
        }
        machine.start().expect("recovery succeeds").stop();
    });
}
