//! Corruption of snapshots of every kind. Recovery falls back to the older snapshot and the journal since, or
//! to the complete journal, with a warning; or it refuses with the name and offset in every file, and changes
//! nothing. It never recovers less than was acknowledged, panics or hangs.

use std::sync::Arc;

use bookline_server::codec::segment_header;
use bookline_server::codec::{Sequence, frame};
use bookline_server::storage::journal::disk::Disk;
use bookline_server::storage::recovery::RecoverError;
use bookline_server::storage::snapshot::read::Snapshot;
use bookline_testkit::Rng;
use bookline_testkit::disk::SECTOR;

use super::machine::{Images, Machine, disks, recover};

/// A stopped machine with this many snapshots, and changes before, between and after them.
fn stopped(snapshots: usize, changes: u64) -> (Machine, Images) {
    let mut rng = Rng::new(7);
    let mut machine = Machine::new(7);
    let server = machine.start().expect("a fresh disk");
    for _ in 0..snapshots {
        machine.changes(&server, &mut rng, changes).expect("no disk error");
        server.snapshot().expect("no disk error");
    }
    machine.changes(&server, &mut rng, changes).expect("no disk error");
    server.stop();
    let images = machine.images();
    (machine, images)
}

/// Asserts that recovery yields everything.
fn yields_everything(machine: &Machine, images: &Images, what: &str) {
    match images.recover(&machine.ids) {
        Ok((text, last)) => {
            assert_eq!((text.as_str(), last.0), (machine.text(), machine.acknowledged), "{what}");
        }
        Err(refused) => panic!("{what}: {refused}"),
    }
}

/// Asserts that recovery is refused with the names of these files.
fn refuses(images: &Images, machine: &Machine, named: &[&str]) -> RecoverError {
    let refused = images.recover(&machine.ids).expect_err("it is corrupt");
    let message = refused.to_string();
    for name in named {
        assert!(message.contains(&format!("{name}, offset ")), "{name} in {message}");
    }
    refused
}

fn flip(images: &Images, name: &str, bit: usize) -> Images {
    let mut images = images.clone();
    images.snapshots.bytes_mut(name)[bit / 8] ^= 1 << (bit % 8);
    images
}

fn flip_the_middle(images: &Images, name: &str) -> Images {
    flip(images, name, images.snapshots.bytes(name).len() * 4)
}

/// Contents of a file after a disk lost or swapped one of its sectors.
fn broken(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for sector in (0..bytes.len()).step_by(SECTOR) {
        let end = bytes.len().min(sector + SECTOR);
        let mut zeroed = bytes.to_vec();
        zeroed[sector..end].fill(0);
        all.push((format!("sector at {sector} zeroed"), zeroed));
        let mut moved = bytes.to_vec();
        let other = (sector + SECTOR) % (bytes.len() / SECTOR * SECTOR).max(1);
        for i in 0..(end - sector).min(bytes.len() - other) {
            moved.swap(sector + i, other + i);
        }
        if moved != bytes {
            all.push((format!("sectors at {sector} and {other} swapped"), moved));
        }
    }
    all
}

#[test]
fn any_flipped_bit_of_the_newest_falls_back_to_the_older() {
    let (machine, images) = stopped(2, 2);
    let [_, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    for bit in 0..images.snapshots.bytes(newest).len() * 8 {
        yields_everything(&machine, &flip(&images, newest, bit), &format!("bit {bit}"));
    }
}

#[test]
fn a_flipped_bit_of_the_older_loses_nothing() {
    let (machine, images) = stopped(2, 4);
    let [older, _] = &images.snapshots()[..] else { panic!("two snapshots") };
    for bit in (0..images.snapshots.bytes(older).len() * 8).step_by(11) {
        yields_everything(&machine, &flip(&images, older, bit), &format!("bit {bit}"));
    }
}

#[test]
fn a_flipped_bit_of_the_only_snapshot_falls_back_to_the_complete_journal() {
    let (machine, images) = stopped(1, 4);
    let [only] = &images.snapshots()[..] else { panic!("one snapshot") };
    for bit in (0..images.snapshots.bytes(only).len() * 8).step_by(7) {
        yields_everything(&machine, &flip(&images, only, bit), &format!("bit {bit}"));
    }
}

#[test]
fn any_flipped_bit_of_a_larger_snapshot_is_detected() {
    let (_, images) = stopped(2, 100);
    let [_, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    let sequence = bookline_server::storage::snapshot::parse_name(newest).unwrap();
    for bit in 0..images.snapshots.bytes(newest).len() * 8 {
        let images = flip(&images, newest, bit);
        let read = Snapshot::open(&images.snapshots, sequence).and_then(|snapshot| snapshot.verify());
        let bad = read.expect_err("the flipped bit is detected");
        let offset = usize::try_from(bad.offset).unwrap();
        assert!(bad.file == *newest && offset <= bit / 8, "bit {bit}: {bad}");
    }
}

#[test]
fn a_corrupt_snapshot_is_quarantined_and_replaced() {
    let (machine, images) = stopped(2, 60);
    let [older, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    let mut machine = machine.with(&flip_the_middle(&images, newest), 1);
    let mut rng = Rng::new(8);
    let server = machine.start().expect("recovery from the older snapshot");
    let quarantined = format!("{newest}.damaged");
    assert!(machine.images().snapshots.0.contains_key(&quarantined), "the quarantined file is kept");
    assert_eq!(machine.images().snapshots(), std::slice::from_ref(older));
    for _ in 0..3 {
        machine.changes(&server, &mut rng, 60).expect("no disk error");
        server.snapshot().expect("no disk error");
        machine.assert_older_snapshot_suffices();
    }
    machine.crash(server, true);
    machine.start().expect("recovery succeeds").stop();
    assert!(machine.images().snapshots.0.contains_key(&quarantined));
}

#[test]
fn two_corrupt_snapshots_are_refused_with_name_and_offset() {
    let (machine, images) = stopped(2, 60);
    let [older, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    let images = flip_the_middle(&flip_the_middle(&images, newest), older);
    refuses(&images, &machine, &[newest, older]);

    let mut machine = machine.with(&images, 1);
    machine.start().expect_err("it is corrupt");
    assert_eq!(machine.images().snapshots, images.snapshots, "nothing was changed");
    assert_eq!(machine.images().journal, images.journal, "nothing was changed");
}

#[test]
fn a_corrupt_only_snapshot_of_a_trimmed_journal_is_refused() {
    let (machine, images) = stopped(2, 250);
    let [older, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    assert!(
        images.journal.segments()[0] > bookline_server::storage::journal::segment::name(Sequence(1)),
        "the journal was trimmed"
    );
    let mut images = flip_the_middle(&images, older);
    images.snapshots.0.remove(newest);
    refuses(&images, &machine, &[older]);
    images.snapshots.0.clear();
    let refused =
        images.recover(&machine.ids).expect_err("the beginning of the journal is missing").to_string();
    assert!(refused.contains("00000000000000000001.seg, offset 0, sequence 1"), "{refused}");
}

#[test]
fn a_truncated_snapshot_falls_back_to_the_older() {
    let (machine, images) = stopped(2, 4);
    let [_, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    for length in 0..images.snapshots.bytes(newest).len() {
        let mut images = images.clone();
        images.snapshots.bytes_mut(newest).truncate(length);
        yields_everything(&machine, &images, &format!("{length} bytes left"));
    }
}

#[test]
fn bad_sectors_fall_back_to_the_older() {
    let (machine, images) = stopped(2, 60);
    let [_, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    for (what, bytes) in broken(images.snapshots.bytes(newest)) {
        let mut images = images.clone();
        *images.snapshots.bytes_mut(newest) = bytes;
        yields_everything(&machine, &images, &what);
    }
}

#[test]
fn missing_or_repeated_frames_are_detected() {
    let (machine, images) = stopped(2, 60);
    let [_, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    let bytes = images.snapshots.bytes(newest).to_vec();
    let changes = segment_header::BYTES;
    let salt = segment_header::SegmentHeader::decode(&bytes, bookline_server::storage::snapshot::MAGIC)
        .unwrap()
        .salt;
    let footer = changes + frame::len(frame::read(&bytes[changes..], &salt).expect("a frame").payload.len());
    assert_eq!(bytes.len(), footer + frame::len(8), "one frame of changes and a footer");
    let (head, changes, footer) = (&bytes[..changes], &bytes[changes..footer], &bytes[footer..]);
    for (what, parts) in [
        ("the changes twice", &[head, changes, changes, footer][..]),
        ("no changes", &[head, footer]),
        ("no footer", &[head, changes]),
        ("the footer first", &[head, footer, changes]),
    ] {
        let mut images = images.clone();
        *images.snapshots.bytes_mut(newest) = parts.concat();
        let opened = Snapshot::open_file(&images.snapshots, newest).unwrap();
        let bad = opened.verify().expect_err(what);
        assert!(bad.offset >= segment_header::BYTES as u64, "{what}: {bad}");
        yields_everything(&machine, &images, what);
    }
}

#[test]
fn an_older_snapshot_under_the_name_of_the_newest_falls_back() {
    let (machine, images) = stopped(2, 60);
    let [older, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    let mut swapped = images.clone();
    let other = images.snapshots.0[older].clone();
    swapped.snapshots.0.insert(newest.clone(), other);
    yields_everything(&machine, &swapped, "the older one under the newest's name");
}

#[test]
fn a_snapshot_newer_than_the_journal_is_refused() {
    let (machine, images) = stopped(2, 120);
    let [_, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    let segments = images.journal.segments();
    // The journal is that of an older copy, without its last segments.
    for keep in 1..segments.len() {
        let mut images = images.clone();
        for name in &segments[keep..] {
            images.journal.0.remove(name);
        }
        let refused = images.recover(&machine.ids).expect_err("the journal ends before the snapshot");
        let message = refused.to_string();
        assert!(message.contains(".seg, offset "), "{newest}: {message}");
    }
}

#[test]
fn a_corrupt_snapshot_still_proves_its_commits_durable() {
    // Its name alone proves all commits up to it durable. No crash loses the end of the journal before them.
    for snapshots in [1, 2] {
        let (machine, images) = stopped(snapshots, 4);
        let newest = images.snapshots().pop().expect("a snapshot");
        let last = images.journal.segments().pop().expect("a journal has a segment");
        let mut images = flip_the_middle(&images, &newest);
        // All frames of the last segment are lost, and nothing but the name of the snapshot proves them
        // durable.
        let bytes = images.journal.bytes_mut(&last);
        bytes[bookline_server::codec::segment_header::BYTES..].fill(0);
        let refused = images.recover(&machine.ids);
        let refused = refused.expect_err("commits that a snapshot held are not truncated").to_string();
        assert!(refused.contains(&format!("{last}, offset 64, sequence ")), "{refused}");
    }
}

#[test]
fn a_snapshot_of_a_newer_version_is_refused_and_not_quarantined() {
    let (machine, images) = stopped(2, 10);
    let [_, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    let mut images = images.clone();
    let bytes = images.snapshots.bytes_mut(newest);
    bytes[8] = 9;
    bytes[40..56].copy_from_slice(b"7.1.0\0\0\0\0\0\0\0\0\0\0\0");
    bytes[12..16].fill(0);
    let crc = crc32c::crc32c(&bytes[..64]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    let mut machine = machine.with(&images, 1);
    let refused = machine.start().expect_err("it was written by a newer version").to_string();
    assert!(refused.contains("start booklined 7.1.0 or newer"), "{refused}");
    assert_eq!(machine.images().snapshots, images.snapshots, "nothing was changed");
}

#[test]
fn short_reads_and_writes_are_completed() {
    use bookline_testkit::disk::Faults;
    let (machine, images) = stopped(2, 60);
    for seed in 0..20 {
        let mut machine = machine.with(&images, seed);
        machine.snapshots.set_faults(Faults { short: true, ..Faults::default() });
        machine.journal.set_faults(Faults { short: true, ..Faults::default() });
        let server = machine.start().expect("recovery succeeds");
        assert_eq!(machine.images().snapshots(), images.snapshots(), "nothing was quarantined");
        machine.changes(&server, &mut Rng::new(seed), 20).expect("no disk error");
        server.snapshot().expect("no disk error");
        server.stop();
    }
}

#[test]
fn corruption_of_a_snapshot_under_a_running_server_loses_nothing() {
    let (machine, images) = stopped(2, 60);
    let mut machine = machine.with(&images, 1);
    let mut rng = Rng::new(9);
    let server = machine.start().expect("no disk error");
    let newest = images.snapshots().pop().expect("two snapshots");
    let file = machine.snapshots.open(&newest).unwrap();
    let at = file.len().unwrap() / 2;
    file.write_all_at(&[0xff; 16], at).unwrap();
    machine.changes(&server, &mut rng, 60).expect("no disk error");
    // Whether the snapshot fails or is made from the older one, the journal must not be trimmed by it.
    let made = server.snapshot();
    machine.changes(&server, &mut rng, 60).expect("no disk error");
    machine.crash(server, false);
    machine.start().unwrap_or_else(|refused| panic!("{made:?}: {refused}")).stop();
}

#[test]
fn a_snapshot_is_quarantined_again_under_the_same_name() {
    let (machine, images) = stopped(2, 30);
    let [_, newest] = &images.snapshots()[..] else { panic!("two snapshots") };
    let mut corrupt = flip_the_middle(&images, newest);
    corrupt.snapshots.0.insert(format!("{newest}.damaged"), Arc::new(b"older contents".to_vec()));
    let mut machine = machine.with(&corrupt, 1);
    machine.start().expect("recovery from the older snapshot").stop();
    assert_eq!(machine.images().snapshots().len(), 1);
}

#[test]
fn two_corrupt_snapshots_under_a_running_server_stay_in_place() {
    let (machine, images) = stopped(2, 250);
    let mut machine = machine.with(&images, 1);
    let server = machine.start().expect("no disk error");
    for name in images.snapshots() {
        let file = machine.snapshots.open(&name).unwrap();
        let at = file.len().unwrap() / 2;
        file.write_all_at(&[0xff; 16], at).unwrap();
    }
    machine.changes(&server, &mut Rng::new(9), 10).expect("no disk error");
    server.snapshot().expect_err("no snapshot to start from");
    assert_eq!(machine.images().snapshots(), images.snapshots(), "they stay in place");
    machine.crash(server, false);
    let refused = machine.start().expect_err("two are corrupt").to_string();
    for name in images.snapshots() {
        assert!(refused.contains(&format!("{name}, offset ")), "{name} in {refused}");
    }
}

/// A disk on which one file cannot be read.
#[derive(Debug)]
struct FailingDisk {
    image: bookline_testkit::disk::Image,
    name: String,
    /// The error code of the system.
    error: i32,
}

#[derive(Debug)]
struct FailingFile(i32);

impl bookline_server::storage::journal::disk::DiskFile for FailingFile {
    fn len(&self) -> std::io::Result<u64> {
        Ok(100)
    }

    fn read_at(&self, _into: &mut [u8], _offset: u64) -> std::io::Result<usize> {
        Err(std::io::Error::from_raw_os_error(self.0))
    }

    fn write_at(&self, _bytes: &[u8], _offset: u64) -> std::io::Result<usize> {
        Err(std::io::Error::from_raw_os_error(self.0))
    }

    fn sync(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn has_name(&self) -> std::io::Result<bool> {
        Ok(true)
    }
}

impl Disk for FailingDisk {
    fn list(&self) -> std::io::Result<Vec<String>> {
        self.image.list()
    }

    fn create(
        &self,
        name: &str,
    ) -> std::io::Result<Box<dyn bookline_server::storage::journal::disk::DiskFile>> {
        self.image.create(name)
    }

    fn open(
        &self,
        name: &str,
    ) -> std::io::Result<Box<dyn bookline_server::storage::journal::disk::DiskFile>> {
        if name == self.name { Ok(Box::new(FailingFile(self.error))) } else { self.image.open(name) }
    }

    fn rename(&self, from: &str, to: &str) -> std::io::Result<()> {
        assert_eq!((from, self.error), (self.name.as_str(), EIO), "what is not corrupt is not quarantined");
        assert_eq!(to, format!("{from}.damaged"));
        Ok(())
    }

    fn remove(&self, name: &str) -> std::io::Result<()> {
        panic!("{name} is removed")
    }

    fn sync(&self) -> std::io::Result<()> {
        Ok(())
    }
}

const EIO: i32 = 5;
const EACCES: i32 = 13;
const EMFILE: i32 = 24;

#[test]
fn a_bad_sector_is_corruption_and_other_system_errors_are_not() {
    let (_, images) = stopped(2, 60);
    let newest = images.snapshots().pop().expect("two snapshots");
    for error in [EIO, EACCES, EMFILE] {
        let failing = FailingDisk { image: images.snapshots.clone(), name: newest.clone(), error };
        let recovered = recover(&disks(images.journal.clone(), failing), None, false);
        match recovered {
            Ok(state) => assert_eq!((error, state.snapshot < Sequence(u64::MAX)), (EIO, true)),
            Err(refused) => {
                assert_ne!(error, EIO, "{refused}");
                assert!(refused.to_string().contains(&newest), "{refused}");
            }
        }
    }
}
