//! Reads published commits from the segments, while the journal is written and trimmed.

use std::io;
use std::sync::Arc;

use tokio::sync::watch;

use super::disk::Disk;
use super::state::Shared;
use super::walk::{Found, Position, Step};
use crate::changes::commit;
use crate::codec::frame::Kind;
use crate::codec::{DecodeError, Sequence};
use crate::storage::commits::Commits;
use crate::storage::log::{CommitReader, FollowError};

/// The bytes of commits that are returned at a time, or one commit that is larger: a follower holds no more,
/// and reads so much with one task. It is also the number of bytes that are read at a time.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// Reads from one segment after the other. Between two calls it keeps neither an open file nor a buffer:
/// what it would have read behind the published frames may be torn.
#[derive(Debug)]
pub(super) struct SegmentReader {
    disk: Arc<dyn Disk>,
    shared: Arc<Shared>,
    published: watch::Receiver<Sequence>,
    /// The last commit that was returned.
    returned: Sequence,
    /// The frame that holds the commit after it, or a frame before. `None` before the first read.
    position: Option<Position>,
}

impl SegmentReader {
    pub fn new(
        disk: Arc<dyn Disk>,
        shared: Arc<Shared>,
        published: watch::Receiver<Sequence>,
        after: Sequence,
    ) -> Self {
        Self { disk, shared, published, returned: after, position: None }
    }

    /// Reads the next piece of the commits up to `published`.
    fn read(&mut self, published: Sequence) -> io::Result<Commits> {
        let mut position = match self.position.take() {
            Some(position) => position,
            None => Position::in_segment_of::<io::Error>(self.returned.next(), &*self.disk)?,
        };
        let mut piece = Piece { last: self.returned, published, payload: Vec::new() };
        let walked = position.walk(&*self.disk, PIECE_BYTES_MAX, &mut |found| piece.add(found));
        if !piece.payload.is_empty() {
            // The next read meets the error again, if there was one.
            self.position = Some(position);
            return Ok(Commits::new(self.returned.next(), piece.last, piece.payload.into()));
        }
        walked.and(Err(io::Error::other("the journal has no commit where one was published")))
    }
}

impl CommitReader for SegmentReader {
    fn next(&mut self) -> Result<Option<Commits>, FollowError> {
        // The committer wrote these frames before it published them.
        let published = *self.published.borrow();
        if self.returned >= published {
            return Ok(None);
        }
        let mut read = self.read(published);
        if read.is_err() {
            // The position may be at the end of a segment that was given up, before the one that follows. It
            // is lost with the error, so that the next read begins in the segment of the next commit.
            read = self.read(published);
        }
        // Before a segment is removed or recycled, the journal records that it is trimmed. So what was read
        // before that was still in its place, and an error was none of trimming.
        let trimmed = self.shared.lock().trimmed;
        if self.returned < trimmed {
            self.position = None;
            return Err(FollowError::Trimmed { oldest: trimmed });
        }
        let commits = read?;
        self.returned = commits.last();
        Ok(Some(commits))
    }
}

/// The commits of some frames.
struct Piece {
    /// The last commit that it holds, or that was returned before.
    last: Sequence,
    published: Sequence,
    payload: Vec<u8>,
}

impl Piece {
    /// Adds the commits of a frame that follow, as many as it has space for.
    fn add(&mut self, found: &Found<'_>) -> io::Result<Step> {
        let header = &found.frame.header;
        if header.kind != Kind::Commits {
            return Ok(Step::On);
        }
        let (mut rest, mut sequence) = (found.frame.payload, header.first);
        while !rest.is_empty() {
            let (commit, after) = commit::split_first(rest).map_err(|error| found.malformed(&error))?;
            if sequence > self.last {
                let fits = self.payload.is_empty() || self.payload.len() + commit.len() <= PIECE_BYTES_MAX;
                if !fits || sequence > self.published {
                    return Ok(Step::EndBefore);
                }
                self.payload.extend_from_slice(commit);
                self.last = sequence;
            }
            (rest, sequence) = (after, sequence.next());
        }
        if sequence.0 - header.first.0 != u64::from(header.commits) {
            return Err(found.malformed(&DecodeError::Malformed).into());
        }
        let is_full = self.payload.len() >= PIECE_BYTES_MAX;
        Ok(if is_full || self.last >= self.published { Step::EndAfter } else { Step::On })
    }
}
