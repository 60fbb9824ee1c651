//! Snapshots of random histories: what they and the journal since contain is what the journal alone contains.
//!
//! It would fail if compaction lost or repeated a ticket, hold or entry, gave one the state of another time
//! or the place before a move, changed the order of issue, mixed up attendees, kept a part of a deleted
//! event, a forgotten key, a dropped account or values of an account before its last change, or lost a key or
//! an account.

mod naive_state;
mod random_history;

use std::collections::BTreeSet;
use std::sync::Arc;

use bookline_protocol::limits::BOOKING_TICKETS_MAX;
use bookline_protocol::{Date, SaleTerms, Slot, TicketStatus, event_tag};
use bookline_server::changes::{Change, EventCreated, TicketsIssued, TicketsKept, commit};
use bookline_server::codec::Sequence;
use bookline_server::domain::{EventKey, EventNumber, TicketState};
use bookline_server::storage::disks::Disks;
use bookline_server::storage::journal::{Durability, Journal};
use bookline_server::storage::log::Log;
use bookline_server::storage::recovery::{Recovery, RecoveryOptions, recover};
use bookline_server::storage::replay::Replay;
use bookline_server::storage::snapshot::compaction::compact_journal;
use bookline_server::storage::snapshot::read::Snapshot;
use bookline_server::storage::snapshot::write::Writer;
use bookline_testkit::Rng;
use bookline_testkit::disk::{Image, SimDisk};
use bookline_testkit::seeds::for_each_seed;

use naive_state::NaiveState;
use random_history::RandomHistory;

use crate::storage::journal::generate::RandomCommit;
use crate::storage::journal::history::settle;
use crate::storage::journal::owned_change::{OwnedChange, OwnedEvent, OwnedValues, Uuid};

/// A journal and snapshots on simulated disks.
struct Storage {
    disks: Disks,
    journal: Journal,
    snapshots: SimDisk,
    /// The disk of the journal.
    segments: SimDisk,
    /// The newest snapshot.
    newest: Option<Sequence>,
}

fn recovered(disks: &Disks, fresh: bool) -> Recovery<NaiveState> {
    let options = RecoveryOptions {
        restore: None,
        durability: Durability::Always,
        segment_size: 768 << 10,
        keep_log: 0,
    };
    recover(disks, &options, fresh, NaiveState::default).expect("recovery succeeds")
}

impl Storage {
    fn new(seed: u64) -> Self {
        let (segments, snapshots) = (SimDisk::new(seed), SimDisk::new(!seed));
        let disks = Disks {
            root: Arc::new(Image::default()),
            journal: Arc::new(segments.clone()),
            snapshots: Arc::new(snapshots.clone()),
        };
        let journal = recovered(&disks, true).journal;
        Self { disks, journal, snapshots, segments, newest: None }
    }

    fn append(&self, commit: &RandomCommit) {
        let appended =
            self.journal.append(commit.micros, commit.actor(), &commit.changes()).expect("an open journal");
        settle(&self.journal, appended.sequence).expect("no disk error");
    }

    /// Makes a snapshot of all commits so far.
    fn snapshot(&mut self) -> Snapshot {
        let to = self.journal.appended();
        let snapshots = &*self.disks.snapshots;
        let previous = self.newest.map(|newest| Snapshot::open(snapshots, newest).expect("a snapshot"));
        let writer = Writer::new(snapshots, to, &|| false).expect("no disk error");
        let journal = &*self.disks.journal;
        compact_journal(previous.as_ref(), journal, writer, to, &mut |_| Ok(())).expect("no disk error");
        self.newest = Some(to);
        Snapshot::open(snapshots, to).expect("a snapshot")
    }

    /// The hash of the snapshot of all commits so far, as another member of a cluster makes it from the same
    /// snapshot and the same log.
    fn hash_made_elsewhere(&self) -> String {
        let (to, elsewhere) = (self.journal.appended(), SimDisk::new(7));
        let previous = self.newest.map(|newest| Snapshot::open(&self.snapshots, newest).expect("a snapshot"));
        let writer = Writer::new(&elsewhere, to, &|| false).expect("no disk error");
        let journal = &*self.disks.journal;
        compact_journal(previous.as_ref(), journal, writer, to, &mut |_| Ok(())).expect("no disk error");
        Snapshot::open(&elsewhere, to).and_then(|made| made.hash()).expect("a snapshot")
    }

    /// What recovery reads: from the newest snapshot and the journal since, and from the journal alone.
    fn recover(&self) -> [NaiveState; 2] {
        [self.snapshots.image(), Image::default()].map(|snapshots| {
            let disks = Disks {
                root: Arc::new(Image::default()),
                journal: Arc::new(self.segments.image()),
                snapshots: Arc::new(snapshots),
            };
            recovered(&disks, false).state
        })
    }
}

#[test]
fn snapshot_and_the_journal_since_give_the_state_of_the_journal_alone() {
    for_each_seed(100, |seed| {
        let (mut rng, mut storage) = (Rng::new(seed), Storage::new(seed));
        let mut history = RandomHistory::default();
        for round in 0..6 {
            for _ in 0..rng.below(120) {
                storage.append(&history.next(&mut rng));
            }
            if round > 0 {
                let [from_snapshot, from_journal] = storage.recover();
                assert_eq!(from_journal, history.state, "seed {seed}, round {round}: the journal");
                assert_eq!(from_snapshot, history.state, "seed {seed}, round {round}: snapshot and journal");
            }
            let elsewhere = storage.hash_made_elsewhere();
            let hash = storage.snapshot().hash().expect("no disk error");
            assert_eq!(hash, elsewhere, "seed {seed}, round {round}: the content");
            let [from_snapshot, _] = storage.recover();
            assert_eq!(from_snapshot, history.state, "seed {seed}, round {round}: the snapshot");
        }
    });
}

#[test]
fn random_histories_make_every_kind_that_a_journal_has() {
    let (mut rng, mut history) = (Rng::new(1), RandomHistory::default());
    let mut types = BTreeSet::new();
    for _ in 0..5_000 {
        for change in history.next(&mut rng).changes() {
            let mut bytes = Vec::new();
            change.encode(&mut bytes);
            types.insert(bytes[0]);
        }
    }
    // Creations and ends as version 0.1.0 journaled them, meetings, and the kinds of snapshots.
    let others = [1, 4, 5, 12, 16, 23];
    let expected: BTreeSet<u8> =
        Change::TYPES.iter().copied().filter(|kind| !others.contains(kind)).collect();
    assert_eq!(types, expected);
}

/// The runs of tickets in a snapshot.
fn runs(snapshot: &Snapshot) -> Vec<(String, Vec<Uuid>)> {
    let mut runs = Vec::new();
    let read = snapshot.read(&mut |_, change| {
        if let Change::TicketsKept(TicketsKept { attendee, tickets, .. }) = *change {
            runs.push((attendee.to_owned(), tickets.to_vec()));
        }
        Ok(())
    });
    read.expect("a valid snapshot");
    runs
}

fn date() -> Date {
    Date::from_day_number(740_000).expect("a day of 2027")
}

/// A storage with an event that has issued these tickets, a booking each.
fn with_bookings(bookings: &[(&str, usize)]) -> (Storage, Vec<Uuid>) {
    let storage = Storage::new(1);
    let (id, tag, number) = ("jazz".to_owned(), event_tag("jazz"), EventNumber(1));
    let (name, total, terms) = ("Jazz".to_owned(), 100_000, SaleTerms::default());
    let values = OwnedValues { id: id.clone(), name, date: date(), total, issued: 0, terms };
    storage.append(&RandomCommit::new(1, OwnedChange::Added { tag, values }));
    let [high, low] = tag.to_be_bytes();
    let mut issued: Vec<Uuid> = Vec::new();
    for (attendee, count) in bookings {
        let tickets: Vec<Uuid> = (issued.len()..issued.len() + count)
            .map(|n| {
                let mut ticket = [0; 16];
                [ticket[0], ticket[1]] = [high, low];
                ticket[8..].copy_from_slice(&(n as u64).to_be_bytes());
                ticket
            })
            .collect();
        issued.extend(&tickets);
        let event = OwnedEvent {
            key: EventKey { tag, number },
            id: id.clone(),
            total,
            issued: u32::try_from(issued.len()).expect("a few tickets"),
            held: 0,
        };
        let booked = OwnedChange::Booked { event, attendee: (*attendee).to_owned(), tickets };
        storage.append(&RandomCommit::new(2, booked));
    }
    (storage, issued)
}

#[test]
fn tickets_of_a_booking_with_an_attendee_stay_in_one_change_and_others_are_merged() {
    let most = BOOKING_TICKETS_MAX as usize;
    let bookings = [
        ("", 1),
        ("", 2),
        ("Ann", 2),
        ("Ann", 1),
        ("Bob", 1),
        ("", 4_000),
        ("", 100),
        ("Ann", most),
        ("Ann", 1),
    ];
    let (mut storage, issued) = with_bookings(&bookings);
    let snapshot = storage.snapshot();
    let runs = runs(&snapshot);
    let sizes: Vec<_> = runs.iter().map(|(attendee, tickets)| (attendee.as_str(), tickets.len())).collect();
    let expected = [("", 3), ("Ann", 3), ("Bob", 1), ("", 4_096), ("", 4), ("Ann", most), ("Ann", 1)];
    assert_eq!(sizes, expected);
    let tickets: Vec<Uuid> = runs.into_iter().flat_map(|(_, tickets)| tickets).collect();
    assert_eq!(tickets, issued, "in the order of issue");
    // Another snapshot without a change between copies them.
    let changes = snapshot.verify().expect("a valid snapshot");
    storage.append(&RandomCommit::new(3, block()));
    assert_eq!(storage.snapshot().verify().expect("a valid snapshot"), changes + 1);
}

fn block() -> OwnedChange {
    let slot = Slot::from_index(17_760_009).expect("an hour of 2026");
    OwnedChange::Block { slot, who: "F1".to_owned() }
}

/// An earlier version wrote type 14, without a time.
#[test]
fn check_in_has_its_own_time_or_else_that_of_its_commit() {
    let (storage, tickets) = with_bookings(&[("", 1)]);
    let (tag, number) = (event_tag("jazz").to_le_bytes(), 1_u64.to_le_bytes());
    let before = [&tag[..], &number, &tickets[0], &[0]].concat();
    let (time, id) = (2_i64.to_le_bytes(), [&[4, 0][..], b"jazz"].concat());
    for (change, at) in [
        ([&[14, 33, 0, 0][..], &before, &id].concat(), 3),
        ([&[25, 41, 0, 0][..], &before, &time, &id].concat(), 2),
        ([&[25, 41, 0, 0][..], &before, &[0; 8], &id].concat(), 3),
    ] {
        let mut payload = Vec::new();
        commit::encode(&mut payload, 3, None, &[]);
        payload.extend_from_slice(&change);
        let length = u32::try_from(payload.len()).expect("a small commit");
        payload[..4].copy_from_slice(&length.to_le_bytes());
        let mut commits = commit::decode(&payload, storage.journal.appended().next());
        let mut state = storage.recover()[1].clone();
        state.replay(commits.next().expect("a commit").expect("a valid commit")).expect("it fits");
        assert_eq!(state.events[&1].tickets[0].state, TicketState::new(TicketStatus::CheckedIn, Some(at)));
    }
}

#[test]
fn tickets_of_a_snapshot_of_version_0_1_0_have_unknown_times_until_they_change() {
    let (mut storage, tickets) = with_bookings(&[("", 2)]);
    let (tag, number) = (event_tag("jazz"), EventNumber(1));
    let event = EventKey { tag, number };
    let sequence = storage.journal.appended();
    let mut writer = Writer::new(&storage.snapshots, sequence, &|| false).expect("no disk error");
    let created = EventCreated { tag, id: "jazz", name: "Jazz", date: date(), total: 100_000, issued: 0 };
    writer.push(1, &created.into()).expect("no disk error");
    writer.push(1, &TicketsIssued { event, tickets: &tickets }.into()).expect("no disk error");
    writer.finish().expect("no disk error");
    storage.newest = Some(sequence);
    let id = "jazz".to_owned();
    let checked_in =
        OwnedChange::CheckedInUncounted { event, id, ticket: tickets[1], undone: false, at: None };
    storage.append(&RandomCommit::new(3, checked_in));

    let mut states = Vec::new();
    let read = storage.snapshot().read(&mut |_, change| {
        if let Change::TicketsKept(kept) = change {
            assert_eq!(kept.tickets, tickets);
            states.extend(kept.states.iter().filter_map(|state| TicketState::from_bytes(*state)));
        }
        Ok(())
    });
    read.expect("a valid snapshot");
    let booked = TicketState::new(TicketStatus::Booked, None);
    assert_eq!(states, [booked, TicketState::new(TicketStatus::CheckedIn, Some(3))]);
}
