//! One flipped bit.

use super::*;

#[test]
fn no_flipped_bit_costs_a_sealed_journal_anything() {
    let mut journal = AtRest::sealed(TINY, 3, Draft::any);
    let last = journal.last_segment();
    for name in journal.image.segments() {
        let all = frames(journal.image.bytes(&name));
        let vouched = if name == last { without_the_seal(&all) } else { &all[..] };
        let vouched = vouched.last().expect("commits").place.end * 8;
        for bit in 0..vouched {
            assert_eq!(flip(&mut journal, &name, bit), 1, "{name}, bit {bit} is vouched for");
        }
        // The seal itself may go, and unused space is all alike.
        for bit in (vouched..journal.image.bytes(&name).len() * 8).step_by(17) {
            assert_eq!(flip(&mut journal, &name, bit), 0, "{name}, bit {bit}: no commit is damaged");
        }
    }
}

#[test]
fn no_flipped_byte_costs_a_sealed_journal_of_larger_segments_anything() {
    let mut journal = AtRest::sealed(64 << 10, 2, Draft::any);
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
    let mut journal = AtRest::unsealed(TINY, 2, Draft::any);
    let name = journal.last_segment();
    let frames = frames(journal.image.bytes(&name));
    let last = frames.last().expect("commits").clone();
    let before = frames[frames.len() - 2].last;
    for bit in segment::HEADER * 8..last.place.start * 8 {
        assert_eq!(flip(&mut journal, &name, bit), 1, "bit {bit} is vouched for, and refused");
    }
    for bit in last.place.start * 8..last.place.end * 8 {
        journal.image.bytes_mut(&name)[bit / 8] ^= 1 << (bit % 8);
        let recovered = journal.recover().expect("it cannot be told from a torn end");
        assert_eq!(recovered.last, before, "bit {bit}");
        assert_eq!(recovered.cut, Some((name.clone(), last.place.start as u64)), "bit {bit}");
        journal.image.bytes_mut(&name)[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(journal.recover().expect("whole again").last, journal.acknowledged());
}

fn without_the_seal(frames: &[Standing]) -> &[Standing] {
    let seals = frames.iter().rev().take_while(|frame| frame.kind == Kind::Seal).count();
    assert!(seals > 0, "it was closed");
    &frames[..frames.len() - seals]
}

/// Flips the bit, looks, and flips it back. Refused how often?
#[track_caller]
fn flip(journal: &mut AtRest, name: &str, bit: usize) -> usize {
    journal.image.bytes_mut(name)[bit / 8] ^= 1 << (bit % 8);
    let refused = journal.check(|| format!("{name}, bit {bit}"));
    if refused == 1 && bit.is_multiple_of(8) {
        let damage = journal.damage();
        assert_eq!(damage.file, name, "the file that is damaged is named");
        assert!(damage.offset as usize <= bit / 8, "the offset is that of what is damaged: {damage}");
    }
    journal.image.bytes_mut(name)[bit / 8] ^= 1 << (bit % 8);
    refused
}
