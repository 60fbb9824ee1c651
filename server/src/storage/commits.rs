//! Commits as those who follow the log get them.

use crate::changes::commit::{self, Commit};
use crate::codec::{DecodeError, Sequence};

/// Consecutive commits, encoded as in the payload of a frame. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commits {
    first: Sequence,
    last: Sequence,
    payload: Box<[u8]>,
}

impl Commits {
    /// The commits from `first` to `last`, of which `payload` is the encoding.
    pub fn new(first: Sequence, last: Sequence, payload: Box<[u8]>) -> Self {
        debug_assert!(first <= last, "no commits: from {first:?} to {last:?}");
        Self { first, last, payload }
    }

    /// The sequence number of the first commit.
    pub fn first(&self) -> Sequence {
        self.first
    }

    /// The sequence number of the last commit.
    pub fn last(&self) -> Sequence {
        self.last
    }

    /// The length of their encoding in bytes.
    pub fn bytes(&self) -> usize {
        self.payload.len()
    }

    /// Decodes the commits after `after`, in order. The iterator ends after the first error.
    pub fn after(&self, after: Sequence) -> impl Iterator<Item = Result<Commit<'_>, DecodeError>> {
        let commits = commit::decode(&self.payload, self.first);
        commits.skip_while(move |commit| commit.as_ref().is_ok_and(|commit| commit.sequence <= after))
    }

    /// A copy of the commits after `after`, which is before the last.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if a commit before them cannot be decoded.
    pub fn tail(&self, after: Sequence) -> Result<Self, DecodeError> {
        let (mut rest, mut first) = (&*self.payload, self.first);
        while first <= after {
            (_, rest) = commit::split_first(rest)?;
            first = first.next();
        }
        Ok(Self::new(first, self.last, rest.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits without changes from `first` to `last`. Their times are their sequence numbers.
    fn commits(first: u64, last: u64) -> Commits {
        let mut payload = Vec::new();
        (first..=last).for_each(|sequence| commit::encode(&mut payload, sequence.cast_signed(), None, &[]));
        Commits::new(Sequence(first), Sequence(last), payload.into())
    }

    fn sequences(commits: &Commits, after: u64) -> Vec<u64> {
        let commits = commits.after(Sequence(after)).map(|commit| commit.expect("a valid commit"));
        commits
            .inspect(|commit| assert_eq!(commit.micros, commit.sequence.0.cast_signed()))
            .map(|commit| commit.sequence.0)
            .collect()
    }

    #[test]
    fn the_commits_after_any_of_them_are_decoded() {
        let commits = commits(5, 8);
        for (after, expected) in
            [(0, &[5, 6, 7, 8][..]), (4, &[5, 6, 7, 8]), (6, &[7, 8]), (8, &[]), (9, &[])]
        {
            assert_eq!(sequences(&commits, after), expected, "after {after}");
        }
    }

    #[test]
    fn the_tail_has_the_commits_after_it_and_no_others() {
        let whole = commits(5, 8);
        assert_eq!(whole.tail(Sequence(4)), Ok(commits(5, 8)));
        assert_eq!(whole.tail(Sequence(6)), Ok(commits(7, 8)));
        assert_eq!(whole.tail(Sequence(7)), Ok(commits(8, 8)));
    }

    #[test]
    fn commits_that_cannot_be_decoded_are_an_error_once() {
        let mut cut = commits(5, 8);
        cut.payload = cut.payload[..cut.bytes() - 1].into();
        let decoded: Vec<_> =
            cut.after(Sequence(6)).map(|commit| commit.map(|commit| commit.sequence.0)).collect();
        assert_eq!(decoded, [Ok(7), Err(DecodeError::Malformed)]);
        let broken = Commits::new(Sequence(1), Sequence(2), [0; 3].into());
        assert_eq!(broken.after(Sequence(1)).filter(Result::is_err).count(), 1);
        assert!(broken.tail(Sequence(1)).is_err());
    }
}
