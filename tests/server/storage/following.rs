//! What tests do with those who follow a log.

use std::sync::Arc;

use bookline_server::codec::Sequence;
use bookline_server::storage::commits::Commits;
use bookline_server::storage::follower::Follower;
use bookline_server::storage::log::{CommitReader, FollowError, Log};

use super::journal::history::encoded;

/// The encodings of these commits. Asserts that they are those that follow `after`, and all up to their last.
pub fn encodings(commits: &Commits, after: Sequence) -> Vec<Vec<u8>> {
    assert_eq!(commits.first(), after.next(), "the commits follow what was returned before");
    let decoded: Vec<_> = commits.after(after).map(|commit| commit.expect("a valid commit")).collect();
    let sequences = decoded.iter().map(|commit| commit.sequence.0);
    assert!(sequences.eq(commits.first().0..=commits.last().0), "{commits:?}");
    decoded.into_iter().map(encoded).collect()
}

/// The encodings of the commits that follow, up to this one.
pub async fn follow(follower: &mut Follower, through: Sequence) -> Result<Vec<Vec<u8>>, FollowError> {
    let mut followed = Vec::new();
    while follower.position() < through {
        let before = follower.position();
        let commits = follower.next().await?;
        assert_eq!(commits.last(), follower.position());
        followed.extend(encodings(&commits, before));
    }
    assert_eq!(follower.position(), through, "nothing later was published");
    Ok(followed)
}

/// The encodings of the published commits that follow `after`, from the storage.
pub fn read(log: &dyn Log, after: Sequence) -> Result<Vec<Vec<u8>>, FollowError> {
    read_on(&mut *log.reader(after), after)
}

/// The encodings of the published commits that this reader has not returned yet. It has returned `after`.
pub fn read_on(reader: &mut dyn CommitReader, mut after: Sequence) -> Result<Vec<Vec<u8>>, FollowError> {
    let mut read = Vec::new();
    while let Some(commits) = reader.next()? {
        read.extend(encodings(&commits, after));
        after = commits.last();
    }
    Ok(read)
}

/// Follows the log from the commit after this one.
pub fn from(log: &Arc<impl Log + 'static>, after: Sequence) -> Follower {
    Follower::new(log.clone(), after)
}

/// What is published.
pub fn published(log: &dyn Log) -> Sequence {
    *log.published().borrow()
}
