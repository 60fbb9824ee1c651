//! Whole frames in wrong places, and bytes of other times.

use super::*;
use crate::codec::segment_header;
use crate::codec::segment_header::Salt;
use crate::storage::journal::tests::sim_disk::Whose;

#[test]
fn a_frame_written_over_the_next_is_refused() {
    let mut journal = AtRest::marked(TINY, 2, Draft::small);
    for name in journal.image.segments() {
        let whole = journal.image.bytes(&name).to_vec();
        for pair in frames(&whole).windows(2) {
            let copy = whole[pair[0].place.clone()].to_vec();
            let to = pair[1].place.start;
            journal.image.bytes_mut(&name)[to..to + copy.len()].copy_from_slice(&copy);
            let refused = journal.check(|| format!("{name}: a frame at {to} again"));
            if pair[1].kind == Kind::Commits {
                assert_eq!(refused, 1, "{name}: a frame at {to} again");
            }
            *journal.image.bytes_mut(&name) = whole.clone();
        }
    }
}

#[test]
fn a_frame_behind_the_last_takes_nothing() {
    for mut journal in [AtRest::marked(TINY, 2, Draft::small), AtRest::unmarked(TINY, 2, Draft::small)] {
        let name = journal.last_segment();
        let whole = journal.image.bytes(&name).to_vec();
        let end = used(&whole);
        for frame in frames(&whole) {
            let copy = whole[frame.place.clone()].to_vec();
            journal.image.bytes_mut(&name)[end..end + copy.len()].copy_from_slice(&copy);
            journal.check(|| format!("the frame at {} again behind the last", frame.place.start));
            *journal.image.bytes_mut(&name) = whole.clone();
        }
    }
}

/// A recycled file: behind the frames stands what an earlier segment left, whole frames among it.
#[test]
fn what_an_earlier_segment_left_is_never_read() {
    let mut journal = AtRest::marked(TINY, 3, Draft::any);
    let segments = journal.image.segments();
    let stale = journal.image.bytes(&segments[0]).to_vec();
    let last = journal.last_segment();
    let end = used(journal.image.bytes(&last));
    // Frames of the other salt right behind the end, so that one begins where the next frame will be looked
    // for.
    let first = frames(&stale)[0].place.start;
    for from in [first, first + 8, first + 16] {
        let n = (stale.len() - from).min(stale.len() - end);
        journal.image.bytes_mut(&last)[end..end + n].copy_from_slice(&stale[from..from + n]);
        let recovered = journal.recover().expect("a marked durable journal");
        assert_eq!((recovered.last, recovered.torn_tail), (journal.acknowledged(), None));
        goes_on(&journal.image, &journal.history);
    }
}

#[test]
fn a_frame_of_a_later_version_is_refused_and_not_cut() {
    let mut journal = AtRest::unmarked(TINY, 1, Draft::small);
    let name = journal.last_segment();
    let whole = journal.image.bytes(&name).to_vec();
    let last = frames(&whole).last().expect("commits").place.clone();
    let salt = SegmentHeader::decode(&whole, segment_header::MAGIC).expect("whole").salt;
    for (at, value) in [(32, 6), (32, 200), (33, 1), (39, 0x80)] {
        let mut later = whole.clone();
        later[last.start + at] = value;
        stamp(&mut later[last.clone()], &salt);
        *journal.image.bytes_mut(&name) = later;
        let corruption = journal.corruption();
        assert_eq!((corruption.file.as_str(), corruption.offset), (name.as_str(), last.start as u64));
        let message = corruption.to_string();
        assert!(message.contains("newer"), "{message}");
        assert!(!message.contains("estore"), "a backup would not help: {message}");
    }
}

/// Its checksum is right, and it does not follow the one before.
#[test]
fn a_frame_that_does_not_belong_behind_the_one_before_is_refused() {
    let mut journal = AtRest::unmarked(TINY, 1, Draft::small);
    let name = journal.last_segment();
    let whole = journal.image.bytes(&name).to_vec();
    let last = frames(&whole).last().expect("commits").place.clone();
    let salt = SegmentHeader::decode(&whole, segment_header::MAGIC).expect("whole").salt;
    // Its first sequence, one lower and one higher, and its link.
    for (at, change) in [(8, 1), (8, 0xff), (28, 1), (31, 1)] {
        let mut wrong = whole.clone();
        let byte = &mut wrong[last.start + at];
        *byte = byte.wrapping_add(change);
        stamp(&mut wrong[last.clone()], &salt);
        *journal.image.bytes_mut(&name) = wrong;
        let corruption = journal.corruption();
        assert_eq!((corruption.file.as_str(), corruption.offset), (name.as_str(), last.start as u64));
        assert!(corruption.to_string().contains("belongs elsewhere"), "{corruption}");
    }
}

/// Many frames were on their way when the power went. The first was lost: the others, whole, must never be
/// met again by a reader, wherever among them the next commits end.
#[test]
fn what_was_cut_off_is_gone_for_good() {
    let mut rng = Rng::new(4);
    let mut history = History::default();
    let disk = SimDisk::new(4);
    let (journal, _) = history.open(&disk, options(Durability::Never, 16 << 10)).expect("a fresh journal");
    let written = disk.counts(Whose::Commits).writes;
    for written in written + 1..=written + 50 {
        history.append(&journal, &Draft::small(&mut rng)).expect("room");
        disk.wait_for_writes(written);
    }
    // The power goes before the last sync, and takes the durability marker and a frame near the beginning.
    journal.close().expect("a disk that behaves");
    let mut image = disk.image();
    let name = image.segments().pop().expect("one");
    let frames = frames(image.bytes(&name));
    for frame in frames.iter().filter(|frame| frame.kind == Kind::Marker).chain([&frames[3]]) {
        image.bytes_mut(&name)[frame.place.clone()].fill(0);
    }

    history.forget_acknowledgements();
    let disk = SimDisk::holding(&image, 4);
    let (journal, recovered) =
        history.open(&disk, options(Durability::Always, 16 << 10)).expect("a torn tail");
    assert_eq!(recovered.torn_tail, Some((name, frames[3].place.start as u64)));
    for _ in 0..60 {
        commit(&mut history, &journal, &Draft::any(&mut rng)).expect("a disk that behaves");
        let recovered = recover(&disk.image(), &history).expect("nothing is corrupt");
        assert_eq!(recovered.last.0, history.len());
    }
}

/// Gives a frame that was changed its right checksum.
fn stamp(frame: &mut [u8], salt: &Salt) {
    let crc = salt.crc(&frame[4..]);
    frame[..4].copy_from_slice(&crc.to_le_bytes());
}
