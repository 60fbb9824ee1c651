//! What a disk loses or puts in the wrong place: sectors.

use super::*;
use crate::storage::journal::tests::sim_disk::SECTOR;

/// A file and the number of a sector in it.
type Sector = (String, usize);

#[test]
fn no_zeroed_sector_costs_a_sealed_journal_anything() {
    for draft in [Draft::any, Draft::small] {
        let mut journal = AtRest::marked(TINY, 3, draft);
        for (name, sector) in sectors(&journal.image) {
            let before = read(&journal.image, &name, sector);
            write(&mut journal.image, &name, sector, &[0; SECTOR]);
            journal.check(|| format!("{name}, sector {sector} zeroed"));
            write(&mut journal.image, &name, sector, &before);
        }
    }
}

#[test]
fn no_two_swapped_sectors_cost_a_sealed_journal_anything() {
    let mut journal = AtRest::marked(TINY, 3, Draft::any);
    let sectors = sectors(&journal.image);
    for (i, (name, sector)) in sectors.iter().enumerate() {
        for (other_name, other_sector) in &sectors[..i] {
            let one = read(&journal.image, name, *sector);
            let other = read(&journal.image, other_name, *other_sector);
            write(&mut journal.image, name, *sector, &other);
            write(&mut journal.image, other_name, *other_sector, &one);
            journal
                .check(|| format!("{name}, sector {sector} and {other_name}, sector {other_sector} swapped"));
            write(&mut journal.image, name, *sector, &one);
            write(&mut journal.image, other_name, *other_sector, &other);
        }
    }
}

/// Without a durability marker, a sector takes the frames that touch it if no whole one stands behind them.
#[test]
fn a_zeroed_sector_costs_an_unsealed_journal_what_stood_in_it_at_most() {
    let mut journal = AtRest::unmarked(TINY, 2, Draft::any);
    let last = journal.last_segment();
    let frames = frames(journal.image.bytes(&last));
    for (name, sector) in sectors(&journal.image) {
        let before = read(&journal.image, &name, sector);
        write(&mut journal.image, &name, sector, &[0; SECTOR]);
        if let Ok(recovered) = journal.recover() {
            let lost = frames.iter().filter(|frame| frame.last > recovered.last);
            for frame in lost {
                let touches = frame.place.start < (sector + 1) * SECTOR && frame.place.end > sector * SECTOR;
                assert!(name == last && touches, "sector {sector} zeroed, {frame:?} is lost");
            }
        }
        write(&mut journal.image, &name, sector, &before);
    }
}

/// The journal ended in a durability marker that a power cut tore: its first half is there, in the sector of
/// the last commits. The next start proves durable them anew.
#[test]
fn half_a_durability_marker_proves_nothing() {
    let mut journal = AtRest::marked(TINY, 2, Draft::small);
    let name = journal.last_segment();
    let frames = frames(journal.image.bytes(&name));
    let [.., commit, half, marker] = &frames[..] else { panic!("too short: {frames:?}") };
    assert_eq!([commit.kind, half.kind, marker.kind], [Kind::Commits, Kind::Marker, Kind::Marker]);
    assert!(commit.place.end > SECTOR, "not in the sector of the header, which is proven durable anyway");
    journal.image.bytes_mut(&name)[marker.place.clone()].fill(0);

    let disk = SimDisk::holding(&journal.image, 1);
    let (opened, recovered) =
        journal.history.open(&disk, options(Durability::Always, TINY)).expect("a torn tail");
    assert_eq!(recovered.last, journal.acknowledged());
    drop(opened);
    let mut journal = AtRest { image: disk.image(), history: journal.history };
    for (name, sector) in sectors(&journal.image) {
        let before = read(&journal.image, &name, sector);
        write(&mut journal.image, &name, sector, &[0; SECTOR]);
        journal.check(|| format!("{name}, sector {sector} zeroed"));
        write(&mut journal.image, &name, sector, &before);
    }
}

fn sectors(image: &Image) -> Vec<Sector> {
    let of = |name: String| {
        let count = image.bytes(&name).len() / SECTOR;
        (0..count).map(move |sector| (name.clone(), sector))
    };
    image.segments().into_iter().flat_map(of).collect()
}

fn read(image: &Image, name: &str, sector: usize) -> Vec<u8> {
    image.bytes(name)[sector * SECTOR..][..SECTOR].to_vec()
}

fn write(image: &mut Image, name: &str, sector: usize, bytes: &[u8]) {
    image.bytes_mut(name)[sector * SECTOR..][..SECTOR].copy_from_slice(bytes);
}
