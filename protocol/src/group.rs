//! Groups of people.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use thiserror::Error;

use crate::id::{self, IdError};
use crate::limits::GROUP_IDS_MAX;
use crate::shown::Echo;

/// Up to this many members are compared with each other in place; more go through a set.
const PAIRWISE_IDS_MAX: usize = 16;

/// The members of a meeting: 1 to 1,000 different ids in the order given, joined by commas.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group<'a> {
    joined: Cow<'a, str>,
    len: usize,
}

/// Why a text is no group. Reads on from the text itself: `group "F2,,F3" has an empty member …`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GroupError {
    /// Nothing between the quotes.
    #[error("names nobody: write at least one id, as in F2 or F2,F3")]
    Empty,
    /// Two commas in a row, or one at an end.
    #[error("has nobody at place {place}: write one comma between two ids and none at the ends, as in F2,F3")]
    EmptyMember {
        /// Which member is empty, counted from 1.
        place: usize,
    },
    /// A member is no id.
    #[error("has a member {} that {source}", Echo(.member))]
    Member {
        /// The member as typed.
        member: String,
        /// What is wrong with it.
        source: IdError,
    },
    /// More than [`GROUP_IDS_MAX`].
    #[error("has {count} members: at most {GROUP_IDS_MAX} are taken")]
    TooMany {
        /// Members as typed.
        count: usize,
    },
}

impl<'a> Group<'a> {
    /// Checks comma-separated ids and folds duplicates: the first of each stays, in the order given.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, GroupError> {
        let text = text.into();
        if text.is_empty() {
            return Err(GroupError::Empty);
        }
        let members = || text.as_bytes().split(|&byte| byte == b',');
        let count = members().count();
        if !members().all(id::is_id) {
            return Err(wrong_member(&text));
        }
        if count > GROUP_IDS_MAX {
            return Err(GroupError::TooMany { count });
        }
        Ok(match folded(&text, count) {
            Some((joined, len)) => Self { joined: Cow::Owned(joined), len },
            None => Self { joined: text, len: count },
        })
    }

    /// The members joined by commas: `F3,F2`.
    pub fn as_str(&self) -> &str {
        &self.joined
    }

    /// The members in order, each once.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.joined.split(',')
    }

    /// How many members there are: at least one.
    #[allow(clippy::len_without_is_empty, reason = "a group is never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The same group, no longer tied to the line it was read from.
    pub fn into_owned(self) -> Group<'static> {
        Group { joined: Cow::Owned(self.joined.into_owned()), len: self.len }
    }
}

/// What is wrong with the first member that is no id.
fn wrong_member(text: &str) -> GroupError {
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

/// The text without its duplicates and what is left of them, or nothing when it has none.
fn folded(text: &str, count: usize) -> Option<(String, usize)> {
    if count <= PAIRWISE_IDS_MAX {
        let members = || text.as_bytes().split(|&byte| byte == b',');
        let repeated = |at: usize, member: &[u8]| members().take(at).any(|earlier| earlier == member);
        if !members().enumerate().any(|(at, member)| repeated(at, member)) {
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
