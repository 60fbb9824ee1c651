//! How far the changes of a server were shown.

use crate::change_line::ChangeHead;

/// How far the changes were shown, over as many connections as it takes.
///
/// A connection may end between two lines of a commit, and the server sends the whole commit again. So the
/// lines of it that were shown are counted, and passed over then: no line is held back until the commit is
/// complete, and a commit of any size takes no memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchPlace {
    /// Everything up to this commit was shown, or is not asked for. `None` until the server has said where
    /// the changes begin.
    after: Option<u64>,
    open: Option<OpenCommit>,
}

/// A commit of which not all lines were shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OpenCommit {
    sequence: u64,
    /// Lines that were shown.
    shown: u64,
    /// Lines that have arrived over the current connection.
    arrived: u64,
}

/// What to do with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Show,
    /// It was shown before.
    PassOver,
}

/// The changes are not those of which a part was shown: the server has another history now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherHistory {
    /// The commit of which a part was shown.
    pub sequence: u64,
}

impl WatchPlace {
    /// A place after this commit, or at the end of the log.
    pub fn new(after: Option<u64>) -> Self {
        Self { after, open: None }
    }

    /// The commit after which further changes are asked for.
    pub fn after(&self) -> Option<u64> {
        self.after
    }

    /// Changes after this commit follow, over a new connection.
    pub fn begin(&mut self, sequence: u64) {
        self.after.get_or_insert(sequence);
        self.open.iter_mut().for_each(|open| open.arrived = 0);
    }

    /// Goes on after this commit, without the changes up to there.
    pub fn leave_out_to(&mut self, sequence: u64) {
        *self = Self::new(Some(sequence));
    }

    /// Takes a line.
    ///
    /// # Errors
    ///
    /// [`OtherHistory`]
    pub fn take(&mut self, sequence: u64, head: &ChangeHead<'_>) -> Result<Step, OtherHistory> {
        let other = |open: OpenCommit| OtherHistory { sequence: open.sequence };
        let is_earlier = self.after.is_some_and(|after| sequence <= after);
        if head.is_progress() {
            if let Some(open) = self.open.filter(|open| open.sequence <= sequence) {
                return Err(other(open));
            }
            self.after = self.after.max(Some(sequence));
            return Ok(Step::Show);
        }
        if is_earlier {
            return Ok(Step::PassOver);
        }
        let open = self.open.get_or_insert(OpenCommit { sequence, shown: 0, arrived: 0 });
        if open.sequence != sequence {
            return Err(other(*open));
        }
        open.arrived += 1;
        let step = if open.arrived <= open.shown { Step::PassOver } else { Step::Show };
        open.shown = open.shown.max(open.arrived);
        if head.end {
            // Lines that were shown had no end.
            if step == Step::PassOver {
                return Err(other(*open));
            }
            (self.after, self.open) = (Some(sequence), None);
        }
        Ok(step)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use bookline_testkit::rng::Rng;

    use super::*;

    const PROGRESS: ChangeHead<'_> = ChangeHead { kind: Cow::Borrowed("progress"), end: true };

    fn line(end: bool) -> ChangeHead<'static> {
        ChangeHead { kind: Cow::Borrowed("tickets_booked"), end }
    }

    /// Takes lines, each with its sequence and whether it is the last of its commit.
    fn take(place: &mut WatchPlace, lines: &[(u64, bool)]) -> Vec<Step> {
        lines.iter().map(|&(sequence, end)| place.take(sequence, &line(end)).unwrap()).collect()
    }

    #[test]
    fn commit_that_was_cut_is_gone_on_with_where_it_was_cut() {
        use Step::{PassOver, Show};
        let mut place = WatchPlace::new(None);
        place.begin(6);
        assert_eq!(take(&mut place, &[(7, true), (9, false), (9, false)]), [Show, Show, Show]);
        assert_eq!(place.after(), Some(7));
        place.begin(7);
        assert_eq!(take(&mut place, &[(9, false)]), [PassOver]);
        place.begin(7);
        let rest = [(9, false), (9, false), (9, false), (9, true), (12, true)];
        assert_eq!(take(&mut place, &rest), [PassOver, PassOver, Show, Show, Show]);
        assert_eq!(place, WatchPlace::new(Some(12)));
        assert_eq!(take(&mut place, &[(12, true), (3, false)]), [PassOver, PassOver]);
    }

    #[test]
    fn progress_moves_the_place_and_is_always_shown() {
        let mut place = WatchPlace::new(Some(7));
        assert_eq!(place.take(7, &PROGRESS), Ok(Step::Show));
        assert_eq!(place.take(12, &PROGRESS), Ok(Step::Show));
        assert_eq!(place.take(3, &PROGRESS), Ok(Step::Show));
        assert_eq!(place.after(), Some(12));
    }

    #[test]
    fn commit_whose_rest_is_missing_is_of_another_history() {
        let cut = || {
            let mut place = WatchPlace::new(Some(7));
            take(&mut place, &[(9, false), (9, false)]);
            place.begin(7);
            place
        };
        let other = Err(OtherHistory { sequence: 9 });
        assert_eq!(cut().take(10, &line(true)), other);
        assert_eq!(cut().take(8, &line(true)), other);
        assert_eq!(cut().take(9, &line(true)), other);
        assert_eq!(cut().take(9, &PROGRESS), other);
        let mut place = cut();
        place.leave_out_to(20);
        assert_eq!(take(&mut place, &[(9, true), (21, true)]), [Step::PassOver, Step::Show]);
    }

    /// Catches: a line that is lost or shown twice, wherever connections end.
    #[test]
    fn lines_are_shown_once_over_any_cuts() {
        let mut rng = Rng::from_environment();
        for _ in 0..200 {
            let mut lines = Vec::new();
            for sequence in 1..20_u64 {
                // Commits that are not about what is watched have no lines.
                let count = rng.below(5);
                lines.extend((0..count).map(|index| (sequence, index, index + 1 == count)));
            }
            let (mut place, mut shown) = (WatchPlace::new(Some(0)), Vec::new());
            while shown.len() < lines.len() {
                let since = place.after().unwrap();
                place.begin(since);
                let left = 1 + rng.below(lines.len());
                for &(sequence, index, end) in lines.iter().filter(|it| it.0 > since).take(left) {
                    if place.take(sequence, &line(end)).unwrap() == Step::Show {
                        shown.push((sequence, index, end));
                    }
                }
            }
            assert_eq!(shown, lines);
        }
    }
}
