//! Valid frames in wrong positions, frames of other versions, and stale bytes.

use bookline_server::codec::salt::Salt;
use bookline_server::codec::segment_header;
use bookline_server::storage::log::Log;
use bookline_testkit::disk::IoSource;

use super::*;

#[test]
fn a_frame_that_overwrites_the_next_is_refused() {
    let mut journal = StoppedJournal::marked(TINY, 2, RandomCommit::small);
    for name in journal.image.segments() {
        let original = journal.image.bytes(&name).to_vec();
        for pair in frames(&original).windows(2) {
            let copy = original[pair[0].range.clone()].to_vec();
            let to = pair[1].range.start;
            journal.image.bytes_mut(&name)[to..to + copy.len()].copy_from_slice(&copy);
            let refused = journal.check(|| format!("{name}: the previous frame at {to}"));
            if pair[1].kind == Kind::Commits {
                assert_eq!(refused, 1, "{name}: the previous frame at {to}");
            }
            *journal.image.bytes_mut(&name) = original.clone();
        }
    }
}

#[test]
fn a_copy_of_a_frame_after_the_last_is_refused_or_harmless() {
    for mut journal in [
        StoppedJournal::marked(TINY, 2, RandomCommit::small),
        StoppedJournal::unmarked(TINY, 2, RandomCommit::small),
    ] {
        let name = journal.last_segment();
        let original = journal.image.bytes(&name).to_vec();
        let end = frames_end(&original);
        for frame in frames(&original) {
            let copy = original[frame.range.clone()].to_vec();
            journal.image.bytes_mut(&name)[end..end + copy.len()].copy_from_slice(&copy);
            journal.check(|| format!("the frame at {} after the last", frame.range.start));
            *journal.image.bytes_mut(&name) = original.clone();
        }
    }
}

/// In a recycled file, valid frames of an earlier segment follow the last frame.
#[test]
fn frames_of_a_recycled_segment_are_not_read() {
    let mut journal = StoppedJournal::marked(TINY, 3, RandomCommit::any);
    let segments = journal.image.segments();
    let stale = journal.image.bytes(&segments[0]).to_vec();
    let last = journal.last_segment();
    let end = frames_end(journal.image.bytes(&last));
    // Frames with another salt directly after the end, so that one begins where the next frame is expected.
    let first = frames(&stale)[0].range.start;
    for from in [first, first + 8, first + 16] {
        let n = (stale.len() - from).min(stale.len() - end);
        journal.image.bytes_mut(&last)[end..end + n].copy_from_slice(&stale[from..from + n]);
        let recovered = journal.recover().expect("a marked journal");
        assert_eq!((recovered.last, recovered.torn_tail), (journal.acknowledged(), None));
        assert_can_resume(&journal.image, &journal.history);
    }
}

#[test]
fn a_frame_of_a_later_version_is_refused_and_not_truncated() {
    let mut journal = StoppedJournal::unmarked(TINY, 1, RandomCommit::small);
    let name = journal.last_segment();
    let original = journal.image.bytes(&name).to_vec();
    let last = frames(&original).last().expect("commits").range.clone();
    let salt = SegmentHeader::decode(&original, segment_header::MAGIC).expect("a valid header").salt;
    for (at, value) in [(32, 6), (32, 200), (33, 1), (39, 0x80)] {
        let mut later = original.clone();
        later[last.start + at] = value;
        update_crc(&mut later[last.clone()], &salt);
        *journal.image.bytes_mut(&name) = later;
        let corruption = journal.corruption();
        assert_eq!((corruption.file.as_str(), corruption.offset), (name.as_str(), last.start as u64));
        let message = corruption.to_string();
        assert!(message.contains("newer"), "{message}");
        assert!(!message.contains("estore"), "a backup does not help: {message}");
    }
}

/// A frame with a correct checksum that does not continue the frame before it.
#[test]
fn a_frame_with_a_wrong_sequence_or_link_is_refused() {
    let mut journal = StoppedJournal::unmarked(TINY, 1, RandomCommit::small);
    let name = journal.last_segment();
    let original = journal.image.bytes(&name).to_vec();
    let last = frames(&original).last().expect("commits").range.clone();
    let salt = SegmentHeader::decode(&original, segment_header::MAGIC).expect("a valid header").salt;
    // Its first sequence number, one higher and one lower, and the CRC of the previous frame.
    for (at, change) in [(8, 1), (8, 0xff), (28, 1), (31, 1)] {
        let mut wrong = original.clone();
        let byte = &mut wrong[last.start + at];
        *byte = byte.wrapping_add(change);
        update_crc(&mut wrong[last.clone()], &salt);
        *journal.image.bytes_mut(&name) = wrong;
        let corruption = journal.corruption();
        assert_eq!((corruption.file.as_str(), corruption.offset), (name.as_str(), last.start as u64));
        assert!(corruption.to_string().contains("does not belong here"), "{corruption}");
    }
}

/// A power cut loses one of many unsynced frames. The later frames, which are valid, must not be read by any
/// later recovery, wherever between them the frames of the next commits end.
#[test]
fn frames_after_a_torn_frame_are_never_read_again() {
    let mut rng = Rng::new(4);
    let mut history = History::default();
    let disk = SimDisk::new(4);
    let (journal, _) = history.open(&disk, options(Durability::Never, 16 << 10)).expect("a fresh journal");
    let written = disk.counts(IoSource::Foreground).writes;
    for written in written + 1..=written + 50 {
        history.append(&journal, &RandomCommit::small(&mut rng)).expect("capacity");
        disk.wait_for_writes(written);
    }
    // A power cut before the last sync loses the durability marker and a frame near the beginning.
    journal.close().expect("no disk error");
    let mut image = disk.image();
    let name = image.segments().pop().expect("a segment");
    let frames = frames(image.bytes(&name));
    for frame in frames.iter().filter(|frame| frame.kind == Kind::Marker).chain([&frames[3]]) {
        image.bytes_mut(&name)[frame.range.clone()].fill(0);
    }

    history.forget_acknowledgements();
    let disk = SimDisk::holding(&image, 4);
    let (journal, recovered) =
        history.open(&disk, options(Durability::Always, 16 << 10)).expect("a torn tail");
    assert_eq!(recovered.torn_tail, Some((name, frames[3].range.start as u64)));
    for _ in 0..60 {
        commit(&mut history, &journal, &RandomCommit::any(&mut rng)).expect("no disk error");
        let recovered = recover(&disk.image(), &history).expect("recovery succeeds");
        assert_eq!(recovered.last.0, history.len());
    }
}

/// Writes the correct checksum into a changed frame.
fn update_crc(frame: &mut [u8], salt: &Salt) {
    let crc = salt.crc(&frame[4..]);
    frame[..4].copy_from_slice(&crc.to_le_bytes());
}
