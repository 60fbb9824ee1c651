//! Encoding and decoding of commits, and of invalid bytes.

use std::collections::BTreeSet;

use bookline_protocol::limits::{
    BOOKING_EVENTS_MAX, BOOKING_TICKETS_MAX, ID_BYTES_MAX, KEY_BYTES_MAX, LINE_BYTES_MAX, TEXT_CHARS_MAX,
};
use bookline_protocol::reply::KEYED_REPLY_BYTES_MAX;
use bookline_protocol::{Period, Slot};
use bookline_server::changes::commit;
use bookline_server::changes::commit::Commit;
use bookline_server::changes::{
    Change, EntriesEnded, EntriesMoved, EntryTexts, EventAfter, HOLDS_ENDED_MAX, HoldsEnded, KeyUsed,
    KeysForgotten, TicketsBooked, UsedKey, encode_entry,
};
use bookline_server::codec::DecodeError;
use bookline_server::codec::Sequence;
use bookline_server::codec::frame;
use bookline_server::codec::frame::{Header, Kind};
use bookline_server::codec::salt::Salt;
use bookline_server::codec::segment_header::{MAGIC, SegmentHeader};
use bookline_server::domain::account::{AccountNumber, Actor};
use bookline_server::domain::hold::HoldEnd;
use bookline_server::domain::{EntryNumber, EventKey, EventNumber};
use bookline_testkit::Rng;
use bookline_testkit::seeds::for_each_seed;

use super::generate::RandomCommit;

const FIRST: Sequence = Sequence(42);

#[test]
fn an_encoded_commit_decodes_to_the_same() {
    for_each_seed(2_000, |seed| {
        let mut rng = Rng::new(seed);
        let mut random_commits: Vec<RandomCommit> =
            (0..rng.within(0..20)).map(|_| RandomCommit::any(&mut rng)).collect();
        for random_commit in &mut random_commits {
            random_commit.micros = rng.next().cast_signed();
        }
        let payload: Vec<u8> = random_commits.iter().flat_map(RandomCommit::bytes).collect();
        let commits: Vec<Commit<'_>> =
            commit::decode(&payload, FIRST).collect::<Result<_, _>>().expect("what was encoded");
        assert_eq!(commits.len(), random_commits.len());
        for ((commit, random_commit), sequence) in commits.iter().zip(&random_commits).zip(FIRST.0..) {
            assert_eq!((commit.sequence, commit.micros), (Sequence(sequence), random_commit.micros));
            assert_eq!(commit.actor, random_commit.actor());
            let changes: Vec<Change<'_>> =
                commit.changes().collect::<Result<_, _>>().expect("what was encoded");
            assert_eq!(changes, random_commit.changes());
            assert_eq!(random_commit.bytes().len(), commit::encoded_len(random_commit.actor(), &changes));
        }
    });
}

#[test]
fn random_commits_have_every_kind_of_change() {
    let mut rng = Rng::new(1);
    let mut types = BTreeSet::new();
    for _ in 0..1_000 {
        let random_commit = RandomCommit::any(&mut rng);
        for change in random_commit.changes() {
            let mut bytes = Vec::new();
            change.encode(&mut bytes);
            types.insert(bytes[0]);
        }
    }
    assert_eq!(types, Change::TYPES.iter().copied().collect(), "RandomCommit makes each kind");
}

#[test]
fn the_largest_replacement_with_a_key_is_the_largest_commit() {
    let id = "x".repeat(ID_BYTES_MAX);
    let slot = Slot::from_index(17_760_009).expect("an hour of 2026");
    let (who, host) = (&*id, &*id);
    // A line has who, title and group.
    let title = "🎫".repeat(TEXT_CHARS_MAX);
    let group = "x".repeat(LINE_BYTES_MAX - who.len() - title.len());
    let (title, group) = (&*title, &*group);
    let texts = EntryTexts { who, title, group, host };
    let key = "k".repeat(KEY_BYTES_MAX);
    let reply = "x".repeat(KEYED_REPLY_BYTES_MAX);
    let used = UsedKey { identity: &id, key: &key, request: [0; 16], reply: reply.as_bytes() };
    let entries = [encode_entry(EntryNumber::first_of(Sequence(1)), Period::of_slot(slot))];
    let changes: [Change<'_>; 4] = [
        EntriesEnded { series: None, texts, entries: &entries }.into(),
        EntriesMoved { series: None, texts, entries: &entries }.into(),
        KeysForgotten { through: Sequence(1) }.into(),
        KeyUsed(used).into(),
    ];
    let actor = Some(Actor { account: AccountNumber(1), name: &id });
    assert_eq!(commit::encoded_len(actor, &changes), commit::BYTES_MAX);
}

#[test]
fn the_largest_booking_that_ends_due_holds_is_smaller_than_the_largest_commit() {
    let (id, key) = ("x".repeat(ID_BYTES_MAX), EventKey { tag: 0, number: EventNumber(1) });
    let event = EventAfter { key, id: &id, total: 1, issued: 1, held: 0 };
    let attendee = "🎫".repeat(TEXT_CHARS_MAX);
    let tickets = vec![[0; 16]; BOOKING_TICKETS_MAX as usize];
    let holds = vec![[0; 16]; HOLDS_ENDED_MAX];
    let ended = |holds| HoldsEnded { event, end: HoldEnd::Expired, tickets: u32::MAX, holds }.into();
    let booked = |tickets| Change::from(TicketsBooked { event, attendee: &attendee, tickets });
    let mut changes: Vec<Change<'_>> = holds.chunks(holds.len() / BOOKING_EVENTS_MAX).map(ended).collect();
    changes.extend(tickets.chunks(tickets.len() / BOOKING_EVENTS_MAX).map(booked));
    assert_eq!(changes.len(), 2 * BOOKING_EVENTS_MAX);
    let actor = Some(Actor { account: AccountNumber(1), name: &id });
    assert!(commit::encoded_len(actor, &changes) < commit::BYTES_MAX);
}

#[test]
fn an_unknown_change_type_is_refused_with_its_number() {
    for unknown in [0, 200, 255, Change::TYPES.iter().max().expect("kinds of changes") + 1] {
        let mut bytes = small();
        bytes[20] = unknown;
        assert_eq!(read(&bytes), Err(DecodeError::UnknownChange(unknown)));
        assert!(DecodeError::UnknownChange(unknown).to_string().contains("newer booklined"));
    }
}

#[test]
fn unknown_flags_are_refused() {
    for bit in 0..16 {
        let mut bytes = small();
        bytes[16..18].copy_from_slice(&(1u16 << bit).to_le_bytes());
        assert_eq!(read(&bytes), Err(DecodeError::UnknownFlags(1 << bit)));
    }
}

/// This commit with another term, and with these bytes as its extensions.
fn extended(commit: &[u8], extensions: &[u8]) -> Vec<u8> {
    let mut bytes = commit.to_vec();
    bytes[12..16].copy_from_slice(&77u32.to_le_bytes());
    bytes[18..20].copy_from_slice(&u16::try_from(extensions.len()).expect("a length").to_le_bytes());
    bytes.splice(20..20, extensions.iter().copied());
    let length = u32::try_from(bytes.len()).expect("small");
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// An extension of this type.
fn extension(type_on_disk: u8, body: &[u8]) -> Vec<u8> {
    [&[type_on_disk, u8::try_from(body.len()).expect("a short body")], body].concat()
}

/// The extension of an actor.
fn actor(account: u64, name: &[u8]) -> Vec<u8> {
    extension(1, &[&account.to_le_bytes(), name].concat())
}

#[test]
fn unknown_extensions_and_another_term_are_skipped() {
    for_each_seed(500, |seed| {
        let mut rng = Rng::new(seed);
        let unknown = |rng: &mut Rng| -> Vec<u8> {
            let mut one = || {
                let types = [0, 2, 3, 200, 255];
                let body: Vec<u8> = (0..rng.below(256)).map(|_| rng.next() as u8).collect();
                extension(types[rng.below(types.len())], &body)
            };
            (0..3).flat_map(|_| one()).collect()
        };
        let (plain, before, after) = (small(), unknown(&mut rng), unknown(&mut rng));
        for (extensions, name) in
            [(before.clone(), None), ([&before[..], &actor(7, b"anna"), &after].concat(), Some("anna"))]
        {
            let bytes = extended(&plain, &extensions);
            assert_eq!(read(&bytes), read(&plain));
            let commit = commit::decode(&bytes, FIRST).next().expect("a commit").expect("a valid commit");
            assert_eq!(commit.actor, name.map(|name| Actor { account: AccountNumber(7), name }));
        }
    });
}

#[test]
fn actor_that_no_version_writes_is_malformed() {
    let long = [b'a'; ID_BYTES_MAX + 1];
    let valid = extended(&small(), &actor(1, &long[1..]));
    assert_eq!(read(&valid), Ok((1, 1)), "the longest name");
    let twice = [actor(1, b"anna"), actor(1, b"anna")].concat();
    let cut = actor(1, b"anna").split_last().map(|(_, rest)| rest.to_vec()).expect("a body");
    for extensions in [
        extension(1, &[]),
        extension(1, &[1; 7]),
        actor(1, b""),
        actor(1, &long),
        actor(1, b"an na"),
        actor(1, b"an\xff"),
        actor(1, "änn".as_bytes()),
        actor(0, b"anna"),
        twice,
        cut,
        vec![2],
        vec![2, 1],
    ] {
        assert_eq!(read(&extended(&small(), &extensions)), Err(DecodeError::Malformed), "{extensions:?}");
    }
}

#[test]
fn account_that_is_not_older_than_the_commit_cannot_have_made_it() {
    let check = |account| {
        let bytes = extended(&small_valid(), &actor(account, b"anna"));
        let commit = commit::decode(&bytes, FIRST).next().expect("a commit").expect("a valid encoding");
        commit.check().map_err(|contradiction| contradiction.to_string())
    };
    assert_eq!(check(41), Ok(()));
    for account in [42, 43, u64::MAX] {
        let refused =
            format!("commit 42 was made by account {account}, which no commit before it can have added");
        assert_eq!(check(account), Err(refused));
    }
}

#[test]
fn a_commit_truncated_anywhere_is_malformed() {
    let mut rng = Rng::new(5);
    for _ in 0..50 {
        let bytes = RandomCommit::any(&mut rng).bytes();
        for length in 1..bytes.len() {
            assert_eq!(read(&bytes[..length]), Err(DecodeError::Malformed), "{length} of {}", bytes.len());
        }
    }
}

#[test]
fn a_commit_or_change_with_a_wrong_length_is_malformed() {
    let bytes = small();
    for length in [0, 1, 19, 21, u32::MAX, u32::MAX - 7, 1 << 31] {
        let mut wrong = bytes.clone();
        wrong[..4].copy_from_slice(&length.to_le_bytes());
        assert_eq!(read(&wrong), Err(DecodeError::Malformed), "a commit of {length} bytes");
    }
    for length in [0, 1, 11, 13, 0xff_ffff] {
        let mut wrong = bytes.clone();
        wrong[21..24].copy_from_slice(&u32::to_le_bytes(length)[..3]);
        assert_eq!(read(&wrong), Err(DecodeError::Malformed), "a change of {length} bytes");
    }
}

#[test]
fn invalid_utf_8_invalid_slots_and_wrong_body_lengths_are_malformed() {
    let slot = 24u32;
    let who = [&slot.to_le_bytes()[..], &2u16.to_le_bytes(), &[0xff, 0xfe]].concat();
    assert_eq!(read(&of_change(3, &who)), Err(DecodeError::Malformed));
    for slot in [0, 23, u32::MAX] {
        let block = [&slot.to_le_bytes()[..], &1u16.to_le_bytes(), b"a"].concat();
        assert_eq!(read(&of_change(3, &block)), Err(DecodeError::Malformed), "slot {slot}");
    }
    // One and a half tickets.
    assert_eq!(read(&of_change(2, &[0; 2 + 8 + 24])), Err(DecodeError::Malformed));
    // One and a half tickets with their states, behind an empty name.
    assert_eq!(read(&of_change(12, &[0; 2 + 8 + 2 + 36])), Err(DecodeError::Malformed));
    // A check-in that is neither undone nor not.
    let checked_in = [&[0; 2 + 8 + 16][..], &[2], &[0; 2]].concat();
    assert_eq!(read(&of_change(14, &checked_in)), Err(DecodeError::Malformed));
    // A hold in a state that does not exist.
    let hold_kept = [&[0; 2 + 8 + 16 + 4 + 8 + 8][..], &[4], &[0; 8 + 2]].concat();
    assert_eq!(read(&of_change(16, &hold_kept)), Err(DecodeError::Malformed));
    // Entries without their series.
    assert_eq!(read(&of_change(26, &[0; 7])), Err(DecodeError::Malformed));
    // One and a half occurrences, behind a series and empty texts.
    assert_eq!(read(&of_change(26, &[0; 8 + 10 + 7])), Ok((1, 1)));
    assert_eq!(read(&of_change(26, &[0; 8 + 10 + 10])), Err(DecodeError::Malformed));
    // One and a half entries that end.
    assert_eq!(read(&of_change(27, &[0; 8 + 10 + 15])), Ok((1, 1)));
    assert_eq!(read(&of_change(27, &[0; 8 + 10 + 22])), Err(DecodeError::Malformed));
    // An end of an entry of a commit above the maximum.
    let ended = [&slot.to_le_bytes()[..], &(Sequence::MAX.0 + 1).to_le_bytes()].concat();
    assert_eq!(read(&of_change(5, &ended)), Err(DecodeError::Malformed));
    // One byte too many.
    let block = [&slot.to_le_bytes()[..], &1u16.to_le_bytes(), b"a", &[0]].concat();
    assert_eq!(read(&of_change(3, &block)), Err(DecodeError::Malformed));
}

/// It would fail if a decoder panicked, hung, or read beyond the end.
#[test]
fn arbitrary_bytes_are_decoded_or_refused() {
    for_each_seed(20_000, |seed| {
        let mut rng = Rng::new(seed);
        let bytes = if rng.one_in(2) { random_bytes(&mut rng) } else { corrupt_commits(&mut rng) };
        let _ = read(&bytes);
        let salt = Salt::new([1; 16]);
        assert!(frame::read(&bytes, &salt).is_none(), "correct by chance with 2^-32");
        assert!(frame::find_proof(&bytes, &salt, Sequence(0)).is_none());
        assert!(SegmentHeader::decode(&bytes, MAGIC).is_err());
    });
}

/// A frame with a wrong length and the checksum that belongs to it.
#[test]
fn a_frame_longer_than_the_bytes_is_rejected() {
    let salt = Salt::new([1; 16]);
    let header = Header {
        kind: Kind::Commits,
        first: FIRST,
        commits: 1,
        durable_through: FIRST,
        previous: 0,
        term: 0,
    };
    let (valid, _) = frame::bare(&header, &small(), &salt);
    for length in [0, 1, 100_000, frame::PAYLOAD_BYTES_MAX as u32, u32::MAX, u32::MAX - 7] {
        let mut wrong = valid.clone();
        wrong[4..8].copy_from_slice(&length.to_le_bytes());
        let crc = salt.crc(&wrong[4..]);
        wrong[..4].copy_from_slice(&crc.to_le_bytes());
        assert!(frame::read(&wrong, &salt).is_none(), "{length}");
    }
}

fn small() -> Vec<u8> {
    RandomCommit::small(&mut Rng::new(1)).bytes()
}

/// A commit of a block.
fn small_valid() -> Vec<u8> {
    of_change(3, &[&24u32.to_le_bytes()[..], &2u16.to_le_bytes(), b"F1"].concat())
}

/// A commit of one change of this kind.
fn of_change(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("small");
    let header = u32::from(kind) | length << 8;
    let mut bytes = small()[..20].to_vec();
    bytes.extend_from_slice(&header.to_le_bytes());
    bytes.extend_from_slice(body);
    bytes[..4].copy_from_slice(&(24 + length).to_le_bytes());
    bytes
}

/// Decodes all commits and all their changes, and returns their numbers.
fn read(payload: &[u8]) -> Result<(usize, usize), DecodeError> {
    let mut counts = (0, 0);
    for commit in commit::decode(payload, FIRST) {
        counts.0 += 1;
        for change in commit?.changes() {
            change?;
            counts.1 += 1;
        }
    }
    Ok(counts)
}

fn random_bytes(rng: &mut Rng) -> Vec<u8> {
    (0..rng.below(400)).map(|_| if rng.one_in(3) { 0 } else { rng.next() as u8 }).collect()
}

/// A few encoded commits with some bytes changed.
fn corrupt_commits(rng: &mut Rng) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..rng.within(1..4)).flat_map(|_| RandomCommit::any(rng).bytes()).collect();
    for _ in 0..rng.within(1..5) {
        let at = rng.below(bytes.len());
        bytes[at] = rng.next() as u8;
    }
    bytes
}
