//! Sectors that are zeroed, or written in the wrong place.

use bookline_testkit::disk::SECTOR;

use super::*;

/// A file and the number of a sector in it.
type Sector = (String, usize);

#[test]
fn a_zeroed_sector_in_a_marked_journal_is_refused_or_harmless() {
    for random_commit in [RandomCommit::any, RandomCommit::small] {
        let mut journal = StoppedJournal::marked(TINY, 3, random_commit);
        for (name, sector) in sectors(&journal.image) {
            let before = read(&journal.image, &name, sector);
            write(&mut journal.image, &name, sector, &[0; SECTOR]);
            journal.check(|| format!("{name}, sector {sector} zeroed"));
            write(&mut journal.image, &name, sector, &before);
        }
    }
}

#[test]
fn two_swapped_sectors_in_a_marked_journal_are_refused_or_harmless() {
    let mut journal = StoppedJournal::marked(TINY, 3, RandomCommit::any);
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

/// Without a durability marker, a zeroed sector loses the frames in it if no valid frame follows.
#[test]
fn a_zeroed_sector_in_an_unmarked_journal_loses_at_most_the_frames_in_it() {
    let mut journal = StoppedJournal::unmarked(TINY, 2, RandomCommit::any);
    let last = journal.last_segment();
    let frames = frames(journal.image.bytes(&last));
    for (name, sector) in sectors(&journal.image) {
        let before = read(&journal.image, &name, sector);
        write(&mut journal.image, &name, sector, &[0; SECTOR]);
        if let Ok(recovered) = journal.recover() {
            let lost = frames.iter().filter(|frame| frame.last > recovered.last);
            for frame in lost {
                let touches = frame.range.start < (sector + 1) * SECTOR && frame.range.end > sector * SECTOR;
                assert!(name == last && touches, "sector {sector} zeroed, {frame:?} is lost");
            }
        }
        write(&mut journal.image, &name, sector, &before);
    }
}

/// The journal ends in a torn durability marker, of which only the first frame exists, in the sector of the
/// last commits. The next start writes a new marker.
#[test]
fn a_torn_durability_marker_is_written_again_by_the_next_start() {
    let mut journal = StoppedJournal::marked(TINY, 2, RandomCommit::small);
    let name = journal.last_segment();
    let frames = frames(journal.image.bytes(&name));
    let [.., commit, padding, marker] = &frames[..] else { panic!("too short: {frames:?}") };
    assert_eq!([commit.kind, padding.kind, marker.kind], [Kind::Commits, Kind::Marker, Kind::Marker]);
    assert!(commit.range.end > SECTOR, "not in the sector of the header, which is proven durable otherwise");
    journal.image.bytes_mut(&name)[marker.range.clone()].fill(0);

    let disk = SimDisk::holding(&journal.image, 1);
    let (opened, recovered) =
        journal.history.open(&disk, options(Durability::Always, TINY)).expect("a torn tail");
    assert_eq!(recovered.last, journal.acknowledged());
    drop(opened);
    let mut journal = StoppedJournal { image: disk.image(), history: journal.history };
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
