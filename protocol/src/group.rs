//! Groups: the members of meetings.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use thiserror::Error;

use crate::id::{self, IdError};
use crate::limits::GROUP_IDS_MAX;
use crate::shown::Echo;

/// Up to this many ids are compared pairwise to find duplicates. More go through a hash set, which allocates.
const PAIRWISE_IDS_MAX: usize = 16;

/// The members of a meeting: 1 to [`GROUP_IDS_MAX`] distinct ids in the order given, joined by commas.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group<'a> {
    joined: Cow<'a, str>,
    len: usize,
}

/// Why a text is not a group. The message continues a sentence that begins with the text:
/// `group "F2,,F3" has no member at position 2: …`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GroupError {
    /// The text is empty.
    #[error("names nobody: write at least one id, as in F2 or F2,F3")]
    Empty,
    /// There are two commas in a row, or one at an end.
    #[error(
        "has no member at position {place}: write one comma between two ids and none at the ends, as in F2,F3"
    )]
    EmptyMember {
        /// The position of the empty member, from 1.
        place: usize,
    },
    /// A member is not an id.
    #[error("has a member {} that {source}", Echo(.member))]
    Member {
        /// The member as given.
        member: String,
        /// What is wrong with it.
        source: IdError,
    },
    /// There are more than [`GROUP_IDS_MAX`] members.
    #[error("has {count} members: at most {GROUP_IDS_MAX} are allowed")]
    TooMany {
        /// The number of members as given, duplicates included.
        count: usize,
    },
}

impl<'a> Group<'a> {
    /// Validates comma-separated ids and removes duplicates: the first of each stays.
    ///
    /// # Errors
    ///
    /// See [`GroupError`]. An invalid member is reported before a number of members that is too large.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, GroupError> {
        let text = text.into();
        if text.is_empty() {
            return Err(GroupError::Empty);
        }
        let members = || text.as_bytes().split(|&byte| byte == b',');
        let count = members().count();
        if !members().all(id::is_id) {
            return Err(invalid_member(&text));
        }
        if count > GROUP_IDS_MAX {
            return Err(GroupError::TooMany { count });
        }
        Ok(match deduplicated(&text, count) {
            Some((joined, len)) => Self { joined: Cow::Owned(joined), len },
            None => Self { joined: text, len: count },
        })
    }

    /// The members joined by commas, as in `F3,F2`.
    pub fn as_str(&self) -> &str {
        &self.joined
    }

    /// The members, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.joined.split(',')
    }

    /// The number of members, at least 1.
    #[allow(clippy::len_without_is_empty, reason = "a group is never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Copies the group out of the line that it borrows from.
    pub fn into_owned(self) -> Group<'static> {
        Group { joined: Cow::Owned(self.joined.into_owned()), len: self.len }
    }
}

/// The error of the first invalid member.
fn invalid_member(text: &str) -> GroupError {
    for (index, member) in text.split(',').enumerate() {
        match id::check(member) {
            Ok(()) => {}
            Err(IdError::Empty) => return GroupError::EmptyMember { place: index + 1 },
            Err(source) => {
                return GroupError::Member { member: member.to_owned(), source };
            }
        }
    }
    GroupError::Empty
}

/// The text without its duplicates and the number of members that are left, or `None` if there are no
/// duplicates.
fn deduplicated(text: &str, count: usize) -> Option<(String, usize)> {
    if count <= PAIRWISE_IDS_MAX {
        let members = || text.as_bytes().split(|&byte| byte == b',');
        let is_repeated = |at: usize, member: &[u8]| members().take(at).any(|earlier| earlier == member);
        if !members().enumerate().any(|(at, member)| is_repeated(at, member)) {
            return None;
        }
    }
    let mut seen = HashSet::with_capacity(count);
    let kept: Vec<&str> = text.split(',').filter(|member| seen.insert(*member)).collect();
    (kept.len() < count).then(|| (kept.join(","), kept.len()))
}

impl fmt::Display for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined)
    }
}
