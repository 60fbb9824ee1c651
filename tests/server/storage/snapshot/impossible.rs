//! Snapshots with correct checksums and contents that no server writes. They are refused with the offset
//! wherever they are read, and never restored.
//!
//! It would fail if a reader relied on the checksum alone.

use std::num::NonZeroU64;
use std::path::Path;

use bookline_protocol::{Date, Hours, Period, Role, SaleTerms, SeriesId, Slot, TicketStatus, event_tag};
use bookline_server::changes::{
    AccountAdded, AccountDropped, AccountSet, BlockTaken, Change, EncodedEntry, EncodedOccurrence,
    EntriesCreated, EntriesEnded, EntriesMoved, EntryEnded, EntryFreed, EntryTexts, EventAfter, EventCreated,
    EventDeleted, EventUpdated, HoldConfirmed, HoldCreated, HoldKept, KeyKept, KeyUsed, KeysForgotten,
    MeetingTaken, TicketCheckedIn, TicketsIssued, TicketsKept, UsedKey, encode_entry, encode_occurrence,
};
use bookline_server::codec::Sequence;
use bookline_server::codec::segment_header::BYTES;
use bookline_server::domain::account::{AccountNumber, AccountValues, SecretHash};
use bookline_server::domain::hold::{EndedHold, Hold, HoldEnd, HoldState};
use bookline_server::domain::{EntryNumber, EventKey, EventNumber, EventValues, TicketState};
use bookline_server::storage::journal::disk::Disk;
use bookline_server::storage::snapshot::error::SnapshotErrorKind;
use bookline_server::storage::snapshot::name;
use bookline_server::storage::snapshot::read::Snapshot;
use bookline_server::storage::snapshot::write::Writer;
use bookline_testkit::disk::SimDisk;
use tempfile::NamedTempFile;

use super::machine::{disks, recover};

const JAZZ: EventNumber = EventNumber(1);

/// A snapshot of these changes, with correct checksums.
fn snapshot(sequence: Sequence, changes: &[(u64, Change<'_>)]) -> SimDisk {
    let disk = SimDisk::new(1);
    let mut writer = Writer::new(&disk, sequence, &|| false).expect("no disk error");
    for (number, change) in changes {
        writer.push(*number, change).expect("no disk error");
    }
    writer.finish().expect("no disk error");
    disk
}

fn bytes(disk: &SimDisk, sequence: Sequence) -> Vec<u8> {
    disk.open(&name(sequence)).and_then(|file| file.read_all()).expect("a snapshot")
}

/// Restores a file to empty disks. Returns the error, and whether any file was left on the disks.
fn restore(file: &Path) -> (Result<(), String>, bool) {
    let (journal, snapshots) = (SimDisk::new(1), SimDisk::new(2));
    let restored = recover(&disks(journal.clone(), snapshots.clone()), Some(file), true);
    let left = [journal, snapshots].iter().any(|disk| !disk.list().expect("no disk error").is_empty());
    (restored.map(|_| ()).map_err(|refused| refused.to_string()), left)
}

fn restore_bytes(bytes: &[u8]) -> (Result<(), String>, bool) {
    let file = NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("write succeeds");
    restore(file.path())
}

fn slot(hour: u32) -> Slot {
    Slot::from_index(17_760_000 + hour).expect("an hour of 2026")
}

fn event(id: &str, total: u32) -> Change<'_> {
    let date = Date::from_day_number(740_000).expect("a day of 2027");
    EventCreated { tag: event_tag(id), id, name: "Jazz", date, total, issued: 1 }.into()
}

fn tickets<'a>(tag: u16, event: EventNumber, tickets: &'a [[u8; 16]]) -> Change<'a> {
    TicketsIssued { event: EventKey { tag, number: event }, tickets }.into()
}

/// The use of a key.
fn used(key: &str) -> UsedKey<'_> {
    UsedKey { identity: "", key, request: [1; 16], reply: b"OK {}\n" }
}

fn key_kept(key: &str) -> Change<'_> {
    KeyKept { used: used(key), at: 5 }.into()
}

/// Tickets of the event `jazz` in these states.
fn kept<'a>(tickets: &'a [[u8; 16]], states: &'a [[u8; 8]]) -> Change<'a> {
    let event = EventKey { tag: event_tag("jazz"), number: JAZZ };
    TicketsKept { event, attendee: "Ann", tickets, states }.into()
}

/// A hold of the event with this tag and number.
fn hold(tag: u16, event: EventNumber, id: [u8; 16], tickets: u32, state: HoldState) -> Change<'static> {
    let hold = Hold { tickets, created: 5, deadline: 6, state };
    HoldKept { event: EventKey { tag, number: event }, id, hold, attendee: "" }.into()
}

const ENDED: HoldState = HoldState::Ended(EndedHold { end: HoldEnd::Released, at: 5 });

fn state(status: TicketStatus) -> [u8; 8] {
    TicketState::new(status, Some(5)).to_bytes()
}

/// Ids of tickets or holds of the event `jazz`.
fn of_jazz(count: u8) -> Vec<[u8; 16]> {
    let [high, low] = event_tag("jazz").to_be_bytes();
    (0..count).map(|n| [high, low, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, n]).collect()
}

const ANNA: AccountValues<'_> =
    AccountValues { name: "anna", role: Role::Admin, person: "F1", secret: SecretHash::Token([7; 32]) };

fn account(values: AccountValues<'_>) -> Change<'_> {
    AccountAdded(values).into()
}

const BLOCK: EntryTexts<'_> = EntryTexts { who: "F1", title: "", group: "", host: "F1" };

const SERIES: Option<SeriesId> = Some(SeriesId(NonZeroU64::MIN));

fn occurrence(index: u16, hour: u32, hours: u8) -> EncodedOccurrence {
    let hours = Hours::new(hours).expect("hours of an entry");
    encode_occurrence(index, Period::new(slot(hour), hours).expect("hours of 2026"))
}

/// Blocks of a series.
fn entries_created(occurrences: &[EncodedOccurrence]) -> Change<'_> {
    EntriesCreated { series: SERIES, texts: BLOCK, occurrences }.into()
}

/// An entry of a commit, in this hour now.
fn moved_entry(commit: u64, index: u16, hour: u32) -> EncodedEntry {
    let number = EntryNumber::new(Sequence(commit), index).expect("a number");
    encode_entry(number, Period::of_slot(slot(hour)))
}

/// Blocks of a series that were moved.
fn entries_moved(entries: &[EncodedEntry]) -> Change<'_> {
    EntriesMoved { series: SERIES, texts: BLOCK, entries }.into()
}

#[test]
fn a_valid_snapshot_is_restored() {
    let (tag, two, five) = (event_tag("jazz"), of_jazz(2), of_jazz(5));
    let cancelled = [state(TicketStatus::Cancelled); 2];
    let meeting = MeetingTaken { slot: slot(9), who: "F2", title: "standup", group: "F3", host: "F2" }.into();
    let occurrences = [occurrence(2, 23, 2), occurrence(365, 50, 24)];
    // One is of the commit whose other entries follow it.
    let moved = [moved_entry(4, 7, 100), moved_entry(2, 3, 8)];
    let changes = [
        (1, event("jazz", 3)),
        (3, BlockTaken { slot: slot(9), who: "F1" }.into()),
        // Others of the same commit have ended.
        (4, entries_created(&occurrences)),
        (6, entries_moved(&moved)),
        (7, meeting),
        (8, account(ANNA)),
        (1, tickets(tag, JAZZ, &two)),
        // It counts neither cancelled tickets nor ended holds.
        (1, kept(&five[2..4], &cancelled)),
        (1, hold(tag, JAZZ, five[4], 3, ENDED)),
        // The first key is that of the creation of the event.
        (1, key_kept("key-of-the-event")),
        (7, key_kept("key-of-the-meeting")),
    ];
    let (restored, left) = restore_bytes(&bytes(&snapshot(Sequence(8), &changes), Sequence(8)));
    assert_eq!((restored, left), (Ok(()), true));
}

#[test]
fn invalid_contents_are_refused_with_their_offset_and_leave_nothing() {
    let tag = event_tag("jazz");
    let jazz = (1, event("jazz", 3));
    let block: Change<'_> = BlockTaken { slot: slot(9), who: "F1" }.into();
    let (two, three) = (of_jazz(2), of_jazz(3));
    let end_of_block =
        EntryEnded { slot: slot(9), entry: EntryNumber::first_of(Sequence(2)), texts: BLOCK }.into();
    let (one, two_hours) = (occurrence(0, 9, 1), occurrence(1, 33, 2));
    let entries = [encode_entry(EntryNumber::first_of(Sequence(1)), Period::of_slot(slot(9)))];
    let end_of_entries = EntriesEnded { series: SERIES, texts: BLOCK, entries: &entries };
    let of_no_hours = [one, [1, 0, 0, 0, 15, 1, 0]];
    let (first, second, descending) = ([one], [two_hours], [two_hours, one]);
    let (moved, of_own_commit) = ([moved_entry(1, 0, 9)], [moved_entry(3, 0, 9)]);
    let moved_twice = [moved_entry(1, 0, 9), moved_entry(1, 0, 10)];
    let key = EventKey { tag, number: JAZZ };
    let after = EventAfter { key, id: "jazz", total: 3, issued: 3, held: 0 };
    let (id, ticket) = (two[0], two[1]);
    let confirmed = HoldConfirmed { event: after, hold: id, attendee: "", tickets: &two };
    let holding = EventAfter { issued: 1, held: 1, ..after };
    let held = HoldCreated { event: holding, hold: id, tickets: 1, deadline: 6, attendee: "" };
    let checked_in = TicketCheckedIn { event: after, ticket, undone: false, at: 5 };
    let booked = [state(TicketStatus::Booked); 3];
    let unknown_statuses = [3_u64.to_le_bytes(); 2];
    let update = EventUpdated {
        event: key,
        held: 0,
        values: EventValues {
            id: "jazz",
            name: "Jazz",
            date: Date::from_day_number(740_000).expect("a day of 2027"),
            total: 4,
            issued: 1,
            terms: SaleTerms::default(),
        },
    };
    let set = AccountSet { account: AccountNumber(2), values: ANNA };
    let dropped = AccountDropped { account: AccountNumber(2), name: "anna" };
    let cases: &[(&str, &[(u64, Change<'_>)])] = &[
        ("a change of 2 that no snapshot holds", &[(2, account(ANNA)), (2, set.into())]),
        ("a change of 2 that no snapshot holds", &[(2, account(ANNA)), (2, dropped.into())]),
        ("the name of account 2 holds a blank", &[(2, account(AccountValues { name: "an na", ..ANNA }))]),
        (
            "the password of account 2 has no hash",
            &[(2, account(AccountValues { secret: SecretHash::Password("$argon2id$v=19"), ..ANNA }))],
        ),
        ("an event, entry or account 8, and the snapshot holds commits 1 to 7", &[(8, account(ANNA))]),
        ("creates 1 after 1", &[jazz, (1, account(ANNA))]),
        ("creates 1 after 3", &[(3, account(ANNA)), jazz]),
        ("a change of 1 that no snapshot holds", &[jazz, (1, update.into())]),
        ("holds a blank", &[(1, event("ja zz", 3))]),
        ("an event, entry or account 8, and the snapshot holds commits 1 to 7", &[(8, event("jazz", 3))]),
        ("an event, entry or account 0,", &[(0, block)]),
        ("creates 3 after 3", &[(3, block), (3, BlockTaken { slot: slot(10), who: "F2" }.into())]),
        ("creates 1 after 3", &[(3, block), jazz]),
        ("creates 3 after 3", &[(3, entries_created(&first)), (3, entries_created(&second))]),
        ("creates 3 after 3", &[(3, block), (3, entries_created(&second))]),
        ("the entries of commit 3 are not", &[(3, entries_created(&[]))]),
        ("the entries of commit 3 are not", &[(3, entries_created(&descending))]),
        ("the entries of commit 3 are not", &[(3, entries_created(&of_no_hours))]),
        (
            "an event, entry or account 8, and the snapshot holds commits 1 to 7",
            &[(8, entries_created(&first))],
        ),
        ("creates 3 after 3", &[(3, block), (3, entries_moved(&moved))]),
        ("creates 3 after 3", &[(3, entries_moved(&moved)), (3, block)]),
        ("the entries of commit 3 are not", &[(3, entries_moved(&[]))]),
        ("the entries of commit 3 are not", &[(3, entries_moved(&moved_twice))]),
        ("commit 3 changes event, entry or account 3", &[(3, entries_moved(&of_own_commit))]),
        (
            "an event, entry or account 8, and the snapshot holds commits 1 to 7",
            &[(8, entries_moved(&moved))],
        ),
        ("a change of 3 that no snapshot holds", &[(3, end_of_entries.into())]),
        (
            "a change of 2 that no snapshot holds",
            &[(2, EntryFreed { slot: slot(9), entry: EntryNumber::first_of(Sequence(2)) }.into())],
        ),
        ("a change of 2 that no snapshot holds", &[(2, end_of_block)]),
        ("tickets of event 1", &[(1, tickets(tag, JAZZ, &two)), jazz]),
        ("tickets of event 2", &[jazz, (2, tickets(tag, JAZZ, &two))]),
        ("tickets of event 1", &[jazz, (1, tickets(0, JAZZ, &[[0; 16]]))]),
        ("with tag 0000 has a ticket with tag", &[jazz, (1, tickets(0, JAZZ, &two))]),
        ("issues 3 tickets and has 2", &[jazz, (1, tickets(tag, JAZZ, &three))]),
        ("issues 3 tickets and has 2", &[jazz, (1, kept(&three, &booked))]),
        ("tickets of event 1", &[(1, kept(&two, &booked[..2])), jazz]),
        ("a status that does not exist", &[jazz, (1, kept(&two, &unknown_statuses))]),
        ("holds 3 tickets and has 2", &[jazz, (1, hold(tag, JAZZ, id, 3, HoldState::Active))]),
        (
            "holds 1 tickets and has 0",
            &[jazz, (1, tickets(tag, JAZZ, &two)), (1, hold(tag, JAZZ, id, 1, HoldState::Active))],
        ),
        ("a hold or tickets of event 1", &[(1, hold(tag, JAZZ, id, 1, ENDED)), jazz]),
        ("a hold or tickets of event 2", &[jazz, (2, hold(tag, JAZZ, id, 1, ENDED))]),
        ("a hold or tickets of event 1", &[jazz, (1, hold(0, JAZZ, [0; 16], 1, ENDED))]),
        ("a change of 1 that no snapshot holds", &[jazz, (1, confirmed.into())]),
        ("a change of 1 that no snapshot holds", &[jazz, (1, held.into())]),
        ("a change of 1 that no snapshot holds", &[jazz, (1, checked_in.into())]),
        ("a change of 1 that no snapshot holds", &[jazz, (1, EventDeleted { event: after }.into())]),
        ("a change of 2 that no snapshot holds", &[(2, KeyUsed(used("sixteen-bytes-12")).into())]),
        ("a change of 2 that no snapshot holds", &[(2, KeysForgotten { through: Sequence(1) }.into())]),
        ("the key of commit 2 is not 16 to 64", &[(2, key_kept("short"))]),
        ("numbers a key 8, and the snapshot holds commits 1 to 7", &[(8, key_kept("sixteen-bytes-12"))]),
        ("numbers a key 0,", &[(0, key_kept("sixteen-bytes-12"))]),
        (
            "creates 3 after 3: each is a key",
            &[(3, key_kept("sixteen-bytes-12")), (3, key_kept("sixteen-bytes-34"))],
        ),
        (
            "creates 2 after 3: each is a key",
            &[(3, key_kept("sixteen-bytes-12")), (2, key_kept("sixteen-bytes-34"))],
        ),
    ];
    for (message, changes) in cases {
        let disk = snapshot(Sequence(7), changes);
        let opened = Snapshot::open(&disk, Sequence(7)).expect("a valid header");
        let bad = opened.verify().expect_err(message);
        assert!(bad.offset == BYTES as u64 && bad.to_string().contains(message), "{message}: {bad}");
        assert!(bad.is_corruption(), "an older snapshot may replace it: {bad}");
        let (refused, left) = restore_bytes(&bytes(&disk, Sequence(7)));
        let refused = refused.expect_err(message);
        assert!(refused.contains(&format!("offset {BYTES}: ")) && refused.contains(message), "{refused}");
        assert!(!left, "{message}: a file is left");
    }
}

#[test]
fn contents_that_contradict_the_state_are_refused_and_leave_nothing() {
    let block = |who| BlockTaken { slot: slot(9), who }.into();
    let from_eight = [occurrence(0, 8, 2)];
    let overlapping = [occurrence(0, 9, 2), occurrence(1, 10, 2)];
    let (onto_block, there_already) = ([moved_entry(1, 1, 9)], [moved_entry(1, 0, 10)]);
    for (message, changes) in [
        ("F1 has filled", [(1, block("F1")), (2, block("F1"))]),
        ("F1 has filled", [(1, block("F1")), (2, entries_created(&from_eight))]),
        ("F1 has filled", [(1, block("F2")), (2, entries_created(&overlapping))]),
        ("F1 has filled", [(1, block("F1")), (2, entries_moved(&onto_block))]),
        ("has not ended before", [(1, block("F2")), (2, entries_moved(&there_already))]),
        ("event jazz is created", [(1, event("jazz", 3)), (2, event("jazz", 3))]),
        ("account 2 is added, and its name is taken", [(1, account(ANNA)), (2, account(ANNA))]),
    ] {
        let (refused, left) = restore_bytes(&bytes(&snapshot(Sequence(7), &changes), Sequence(7)));
        assert!(refused.as_ref().is_err_and(|refused| refused.contains(message)), "{refused:?}");
        assert!(!left, "{message}: a file is left");
    }
}

#[test]
fn a_sequence_above_the_maximum_is_refused() {
    let highest = snapshot(Sequence::MAX, &[]);
    assert!(Snapshot::open(&highest, Sequence::MAX).and_then(|s| s.verify()).is_ok());
    for sequence in [1 << 55, 1 << 62, u64::MAX - 1, u64::MAX].map(Sequence) {
        let disk = snapshot(sequence, &[]);
        let bad = Snapshot::open(&disk, sequence).expect_err("a sequence number above the maximum");
        assert!(matches!(bad.kind, SnapshotErrorKind::Sequence(_)) && bad.is_corruption(), "{bad}");
        let (refused, left) = restore_bytes(&bytes(&disk, sequence));
        assert!(refused.as_ref().is_err_and(|refused| refused.contains("offset 0: ")), "{refused:?}");
        assert!(!left);
    }
}

#[test]
fn bytes_after_the_footer_are_refused() {
    let complete = bytes(&snapshot(Sequence(7), &[(1, event("jazz", 3))]), Sequence(7));
    for behind in [&[0][..], &[0; 4096], b"\n", &complete] {
        let (refused, left) = restore_bytes(&[&complete[..], behind].concat());
        let refused = refused.expect_err("bytes after the footer");
        let message = format!("offset {}: it ends here, and {} bytes follow", complete.len(), behind.len());
        assert!(refused.contains(&message), "{refused}");
        assert!(!left);
        let disk = snapshot(Sequence(7), &[]);
        let file = disk.create(&name(Sequence(7))).expect("no disk error");
        file.write_all_at(&[&complete[..], behind].concat(), 0).expect("no disk error");
        let bad =
            Snapshot::open(&disk, Sequence(7)).and_then(|s| s.verify()).expect_err("bytes after the footer");
        assert_eq!(bad.offset, complete.len() as u64);
    }
}

#[test]
fn a_device_or_directory_is_no_backup() {
    let (refused, left) = restore(Path::new("/dev/zero"));
    assert!(
        refused.as_ref().is_err_and(|r| r.contains("it is a character device, not a plain file")),
        "{refused:?}"
    );
    let (refused, _) = restore(Path::new("/"));
    assert!(refused.as_ref().is_err_and(|r| r.contains("it is a directory")), "{refused:?}");
    assert!(!left);
}
