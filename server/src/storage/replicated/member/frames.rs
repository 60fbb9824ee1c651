//! The frames that a member reads and appends.

use bytes::Bytes;

use crate::codec::Sequence;
use crate::codec::frame::{self, Frame, Header, Kind};
use crate::codec::salt::Salt;
use crate::storage::replicated::position::Position;
use crate::storage::replicated::snapshot_point;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// Commits to append: [`frame::HEADER_BYTES`] unused bytes, and the encoding of the commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub bytes: Vec<u8>,
    /// At least one.
    pub commits: u32,
}

/// What a frame says, beside its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// What the members have to agree on. The log goes on behind a commit of a snapshot, or is whole.
    Genesis(Bytes),
    /// A leader with this address takes over.
    Takeover { leader: Box<str> },
    /// The leader is alive.
    Heartbeat,
    /// A snapshot is to be made of the log up to here, from the one that ends with this message.
    SnapshotPoint { base: StreamSequence },
    /// The leader ends its term, and leads no more.
    Resign,
    /// The encoding of commits.
    Commits { first: Sequence, payload: Bytes },
}

/// A frame with the position behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub content: Content,
    pub position: Position,
}

/// Why a message cannot follow the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    #[error("it is no frame of this cluster, or its checksum is wrong")]
    NoFrame,
    #[error("it follows another frame than the one before it")]
    OtherChain,
    #[error("its first commit is {found}, and {expected} is next")]
    OtherCommit { found: u64, expected: u64 },
    #[error("its term is {found}, and the last takeover began term {last}")]
    OtherTerm { found: u32, last: u32 },
    #[error("the leader of its term, {0}, has resigned before it")]
    Resigned(u32),
    #[error("it has content of an unknown kind, {0}: a newer version has written it")]
    UnknownKind(u8),
    #[error("its content is invalid")]
    Invalid,
}

/// Checks that the message at the next place of the stream follows this position, and decodes it.
///
/// # Errors
///
/// [`Break`]
pub fn read(message: &Bytes, after: Position, salt: &Salt) -> Result<Read, Break> {
    let Frame { header, crc, payload } = frame::read_replicated(message, salt).ok_or(Break::NoFrame)?;
    let Header { kind, first, commits, durable_through, previous, term } = header;
    if previous != after.crc {
        return Err(Break::OtherChain);
    }
    let expected = after.commit.next();
    if first != expected {
        return Err(Break::OtherCommit { found: first.0, expected: expected.0 });
    }
    let is_first = after.stream == StreamSequence(0);
    let begins_term = kind == Kind::Takeover && term > after.term;
    if !begins_term && (kind == Kind::Takeover || term != after.term) {
        return Err(Break::OtherTerm { found: term, last: after.term });
    }
    if after.is_resigned && !begins_term {
        return Err(Break::Resigned(term));
    }
    let payload = message.slice_ref(payload);
    let content = match kind {
        Kind::Unknown(kind) => return Err(Break::UnknownKind(kind)),
        Kind::Genesis if is_first && commits == 0 => Content::Genesis(payload),
        Kind::Takeover if !is_first && commits == 0 => {
            let leader = str::from_utf8(&payload).map_err(|_| Break::Invalid)?;
            Content::Takeover { leader: leader.into() }
        }
        Kind::Heartbeat if term > 0 && commits == 0 => Content::Heartbeat,
        Kind::SnapshotPoint if term > 0 && commits == 0 => {
            Content::SnapshotPoint { base: snapshot_point::base(&payload).ok_or(Break::Invalid)? }
        }
        Kind::Resign if term > 0 && commits == 0 && payload.is_empty() => Content::Resign,
        Kind::Commits if term > 0 && commits > 0 => Content::Commits { first, payload },
        _ => return Err(Break::Invalid),
    };
    let commit = match content {
        Content::Genesis(_) => durable_through,
        _ => Sequence(after.commit.0 + u64::from(commits)),
    };
    let is_resigned = content == Content::Resign;
    Ok(Read { content, position: Position { stream: after.stream.next(), commit, crc, term, is_resigned } })
}

/// The position that a message claims to follow, which is message `at` of the stream. `None` if it is no
/// frame of this cluster.
pub fn claimed_before(message: &[u8], at: StreamSequence, salt: &Salt) -> Option<Position> {
    let Header { kind, first, previous, term, .. } = frame::read_replicated(message, salt)?.header;
    let term = if kind == Kind::Takeover { term.checked_sub(1)? } else { term };
    let (stream, commit) = (StreamSequence(at.0.checked_sub(1)?), Sequence(first.0.checked_sub(1)?));
    // Only what follows it could tell whether it is a resignation.
    Some(Position { stream, commit, crc: previous, term, is_resigned: false })
}

/// The first frame of a log that goes on behind this commit of a snapshot, with the position behind it.
pub fn genesis(payload: &[u8], behind: Sequence, salt: &Salt) -> (Bytes, Position) {
    let header = Header {
        kind: Kind::Genesis,
        first: Position::default().commit.next(),
        commits: 0,
        durable_through: behind,
        previous: 0,
        term: 0,
    };
    let (bytes, crc) = frame::bare(&header, payload, salt);
    (bytes.into(), Position { stream: StreamSequence(1), commit: behind, crc, term: 0, is_resigned: false })
}

/// A frame to append, which follows `after`, with the position behind it.
pub(super) fn write(
    kind: Kind,
    term: u32,
    after: Position,
    mut batch: Batch,
    salt: &Salt,
) -> (Bytes, Position) {
    let payload = batch.bytes.len() - frame::HEADER_BYTES;
    let header = Header {
        kind,
        first: after.commit.next(),
        commits: batch.commits,
        // The stream itself says what is durable. In a genesis it is what was durable before the log.
        durable_through: Sequence(0),
        previous: after.crc,
        term,
    };
    batch.bytes.resize(frame::len(payload), 0);
    let crc = frame::finish(&mut batch.bytes, payload, &header, salt);
    let commit = Sequence(after.commit.0 + u64::from(batch.commits));
    let is_resigned = kind == Kind::Resign;
    (batch.bytes.into(), Position { stream: after.stream.next(), commit, crc, term, is_resigned })
}

impl Batch {
    /// What a frame without commits has.
    pub(super) fn without_commits(payload: &[u8]) -> Self {
        let mut bytes = vec![0; frame::HEADER_BYTES];
        bytes.extend_from_slice(payload);
        Self { bytes, commits: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_goes_on_behind_the_commit_of_its_genesis() {
        let salt = Salt::new([3; 16]);
        let (first, behind) = genesis(b"{}", Sequence(41), &salt);
        let read_first = read(&first, Position::default(), &salt).expect("a first frame");
        assert_eq!(read_first.content, Content::Genesis(Bytes::from_static(b"{}")));
        assert_eq!((read_first.position, behind.commit), (behind, Sequence(41)));

        let takeover = Batch::without_commits(b"a:1");
        let (second, after) = write(Kind::Takeover, 1, behind, takeover, &salt);
        assert_eq!(read(&second, behind, &salt).map(|read| read.position), Ok(after));
        assert_eq!(claimed_before(&second, StreamSequence(2), &salt), Some(behind));
        assert_eq!(claimed_before(b"garbage", StreamSequence(2), &salt), None);
    }
}
