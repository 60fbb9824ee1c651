//! Flipped bits.

use super::*;

#[test]
fn a_flipped_bit_in_a_marked_journal_is_refused_or_harmless() {
    let mut journal = StoppedJournal::marked(TINY, 3, RandomCommit::any);
    for name in journal.image.segments() {
        let bits = journal.image.bytes(&name).len() * 8;
        every_bit(&mut journal, &name, 0..bits);
    }
}

/// A segment of this size with a few dozen commits and a durability marker is mostly zeros.
const LARGER: u64 = 64 << 10;

/// Flips every bit of the frames and of the sector after them, and every 23rd bit of the zeros after that. A
/// recovery takes 0.1 ms, so that all 500,000 bits would take a minute.
#[test]
fn a_flipped_bit_in_a_larger_marked_segment_is_refused_or_harmless() {
    let mut journal = StoppedJournal::of(25, LARGER, RandomCommit::any);
    let name = journal.last_segment();
    let written = (frames_end(journal.image.bytes(&name)) + frame::SECTOR_BYTES) * 8;
    every_bit(&mut journal, &name, 0..written);
    let all = journal.image.bytes(&name).len() * 8;
    every_bit(&mut journal, &name, (written..all).step_by(23));
}

#[test]
#[ignore = "takes a minute"]
fn any_flipped_bit_in_a_larger_marked_segment_is_refused_or_harmless() {
    let mut journal = StoppedJournal::of(25, LARGER, RandomCommit::any);
    let name = journal.last_segment();
    let bits = journal.image.bytes(&name).len() * 8;
    every_bit(&mut journal, &name, 0..bits);
}

#[test]
#[ignore = "takes many minutes, because a full segment takes longer to recover"]
fn any_flipped_bit_in_several_larger_marked_segments_is_refused_or_harmless() {
    let mut journal = StoppedJournal::marked(LARGER, 2, RandomCommit::any);
    for name in journal.image.segments() {
        let bits = journal.image.bytes(&name).len() * 8;
        every_bit(&mut journal, &name, 0..bits);
    }
}

#[test]
fn a_flipped_bit_in_every_11th_byte_of_larger_marked_segments_is_refused_or_harmless() {
    let mut journal = StoppedJournal::marked(LARGER, 2, RandomCommit::any);
    let mut rng = Rng::new(3);
    for name in journal.image.segments() {
        let used = frames_end(journal.image.bytes(&name));
        for byte in (0..used).step_by(11) {
            flip(&mut journal, &name, byte * 8 + rng.below(8));
        }
    }
}

/// The documented limit: without a durability marker, corruption of the last frame cannot be distinguished
/// from a torn tail. Only that frame is lost.
#[test]
fn a_flipped_bit_in_an_unmarked_journal_loses_at_most_the_last_frame() {
    let mut journal = StoppedJournal::unmarked(TINY, 2, RandomCommit::any);
    let name = journal.last_segment();
    let frames = frames(journal.image.bytes(&name));
    let last = frames.last().expect("commits").clone();
    let before = frames[frames.len() - 2].last;
    for bit in segment_header::BYTES * 8..last.range.start * 8 {
        assert_eq!(flip(&mut journal, &name, bit), 1, "bit {bit} is proven durable");
    }
    for bit in last.range.start * 8..last.range.end * 8 {
        journal.image.bytes_mut(&name)[bit / 8] ^= 1 << (bit % 8);
        let recovered = journal.recover().expect("a torn tail");
        assert_eq!(recovered.last, before, "bit {bit}");
        assert_eq!(recovered.torn_tail, Some((name.clone(), last.range.start as u64)), "bit {bit}");
        journal.image.bytes_mut(&name)[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(journal.recover().expect("a valid journal").last, journal.acknowledged());
}

/// Flips each of these bits. Those that are proven durable must be refused. The others, of the durability
/// marker itself and of unused space, belong to no commit and are ignored.
#[track_caller]
fn every_bit(journal: &mut StoppedJournal, name: &str, bits: impl Iterator<Item = usize>) {
    let all = frames(journal.image.bytes(name));
    let known_durable = if *name == journal.last_segment() { without_the_marker(&all) } else { &all[..] };
    let known_durable = known_durable.last().expect("commits").range.end * 8;
    for bit in bits {
        let refused = flip(journal, name, bit);
        assert_eq!(refused, usize::from(bit < known_durable), "{name}, bit {bit}");
    }
}

fn without_the_marker(frames: &[FrameOnDisk]) -> &[FrameOnDisk] {
    let markers = frames.iter().rev().take_while(|frame| frame.kind == Kind::Marker).count();
    assert!(markers > 0, "a closed journal ends in a durability marker");
    &frames[..frames.len() - markers]
}

/// Flips the bit, recovers, and flips it back. Returns how often recovery was refused: 0 or 1.
#[track_caller]
fn flip(journal: &mut StoppedJournal, name: &str, bit: usize) -> usize {
    journal.image.bytes_mut(name)[bit / 8] ^= 1 << (bit % 8);
    let refused = journal.check(|| format!("{name}, bit {bit}"));
    if refused == 1 && bit.is_multiple_of(8) {
        let corruption = journal.corruption();
        assert_eq!(corruption.file, name, "the corrupt file");
        assert!(corruption.offset as usize <= bit / 8, "the offset of the corrupt frame: {corruption}");
    }
    journal.image.bytes_mut(name)[bit / 8] ^= 1 << (bit % 8);
    refused
}
