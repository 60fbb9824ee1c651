//! One flipped bit.

use super::*;

#[test]
fn no_flipped_bit_costs_a_sealed_journal_anything() {
    let mut journal = AtRest::marked(TINY, 3, Draft::any);
    for name in journal.image.segments() {
        let bits = journal.image.bytes(&name).len() * 8;
        every_bit(&mut journal, &name, 0..bits);
    }
}

/// One segment of this size, with some dozens of commits and a durability marker at its beginning and zeros
/// behind them.
const LARGER: u64 = 64 << 10;

/// Every bit of what was written and of the sector behind it, and one of 23 of the zeros behind that: a
/// recovery takes a tenth of a millisecond, and all half a million take a minute.
#[test]
fn no_flipped_bit_costs_a_sealed_journal_of_a_larger_segment_anything() {
    let mut journal = AtRest::of(25, LARGER, Draft::any);
    let name = journal.last_segment();
    let written = (used(journal.image.bytes(&name)) + frame::SECTOR_BYTES) * 8;
    every_bit(&mut journal, &name, 0..written);
    let all = journal.image.bytes(&name).len() * 8;
    every_bit(&mut journal, &name, (written..all).step_by(23));
}

#[test]
#[ignore = "takes a minute"]
fn no_flipped_bit_at_all_costs_a_sealed_journal_of_a_larger_segment_anything() {
    let mut journal = AtRest::of(25, LARGER, Draft::any);
    let name = journal.last_segment();
    let bits = journal.image.bytes(&name).len() * 8;
    every_bit(&mut journal, &name, 0..bits);
}

#[test]
#[ignore = "takes many minutes: recovering a full segment costs more"]
fn no_flipped_bit_at_all_costs_a_sealed_journal_of_larger_segments_anything() {
    let mut journal = AtRest::marked(LARGER, 2, Draft::any);
    for name in journal.image.segments() {
        let bits = journal.image.bytes(&name).len() * 8;
        every_bit(&mut journal, &name, 0..bits);
    }
}

#[test]
fn no_flipped_byte_costs_a_sealed_journal_of_larger_segments_anything() {
    let mut journal = AtRest::marked(LARGER, 2, Draft::any);
    let mut rng = Rng::new(3);
    for name in journal.image.segments() {
        let used = used(journal.image.bytes(&name));
        for byte in (0..used).step_by(11) {
            flip(&mut journal, &name, byte * 8 + rng.below(8));
        }
    }
}

/// The one limit: a bit in the last frame behind which nothing stands. That frame is lost, and nothing else.
#[test]
fn a_flipped_bit_costs_an_unsealed_journal_its_last_frame_at_most() {
    let mut journal = AtRest::unmarked(TINY, 2, Draft::any);
    let name = journal.last_segment();
    let frames = frames(journal.image.bytes(&name));
    let last = frames.last().expect("commits").clone();
    let before = frames[frames.len() - 2].last;
    for bit in segment_header::BYTES * 8..last.place.start * 8 {
        assert_eq!(flip(&mut journal, &name, bit), 1, "bit {bit} is proven durable, and refused");
    }
    for bit in last.place.start * 8..last.place.end * 8 {
        journal.image.bytes_mut(&name)[bit / 8] ^= 1 << (bit % 8);
        let recovered = journal.recover().expect("it cannot be told from a torn tail");
        assert_eq!(recovered.last, before, "bit {bit}");
        assert_eq!(recovered.torn_tail, Some((name.clone(), last.place.start as u64)), "bit {bit}");
        journal.image.bytes_mut(&name)[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(journal.recover().expect("whole again").last, journal.acknowledged());
}

/// Each of these bits is proven durable and refused, or belongs to no commit and is passed over: the
/// durability marker itself may go, and unused space is all alike.
#[track_caller]
fn every_bit(journal: &mut AtRest, name: &str, bits: impl Iterator<Item = usize>) {
    let all = frames(journal.image.bytes(name));
    let known_durable = if *name == journal.last_segment() { without_the_marker(&all) } else { &all[..] };
    let known_durable = known_durable.last().expect("commits").place.end * 8;
    for bit in bits {
        let refused = flip(journal, name, bit);
        assert_eq!(refused, usize::from(bit < known_durable), "{name}, bit {bit}");
    }
}

fn without_the_marker(frames: &[Standing]) -> &[Standing] {
    let markers = frames.iter().rev().take_while(|frame| frame.kind == Kind::Marker).count();
    assert!(markers > 0, "it was closed");
    &frames[..frames.len() - markers]
}

/// Flips the bit, looks, and flips it back. Refused how often?
#[track_caller]
fn flip(journal: &mut AtRest, name: &str, bit: usize) -> usize {
    journal.image.bytes_mut(name)[bit / 8] ^= 1 << (bit % 8);
    let refused = journal.check(|| format!("{name}, bit {bit}"));
    if refused == 1 && bit.is_multiple_of(8) {
        let corruption = journal.corruption();
        assert_eq!(corruption.file, name, "the file that is corrupt is named");
        assert!(corruption.offset as usize <= bit / 8, "the offset is that of what is corrupt: {corruption}");
    }
    journal.image.bytes_mut(name)[bit / 8] ^= 1 << (bit % 8);
    refused
}
