//! Commits that a watcher reads from the log itself: those of the past, and long ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commit_line::write_line;
use super::watches::{Shows, Watches};
use crate::changes::commit::Commit;
use crate::changes::{EntryPeople, Line, Listener, TellError};
use crate::codec::Sequence;
use crate::storage::commits::Commits;
use crate::storage::follower::Follower;
use crate::storage::log::FollowError;

/// How long commits are looked at in one turn, as long as a turn of requests.
const TURN_MAX: Duration = Duration::from_micros(300);

/// Reads commits, and writes their lines one by one.
#[derive(Debug)]
pub(super) struct Replay {
    follower: Follower,
    /// What was read last.
    commits: Option<Arc<Commits>>,
    /// The lines up to this commit were written.
    position: Sequence,
    /// How many wanted lines of the next commit were written.
    lines_written: usize,
    /// The last commit to replay: the queue has those after it. Until it is known, the watcher catches up.
    pub end: Option<Sequence>,
}

impl Replay {
    pub fn new(follower: Follower, end: Option<Sequence>) -> Self {
        let position = follower.position();
        Self { follower, commits: None, position, lines_written: 0, end }
    }

    /// The lines up to this commit were written.
    pub fn position(&self) -> Sequence {
        self.position
    }

    /// Whether a part of a commit was written.
    pub fn is_within_commit(&self) -> bool {
        self.lines_written > 0
    }

    pub fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.position >= end)
    }

    /// Whether there are commits to write.
    pub fn has_commits(&self) -> bool {
        self.commits.is_some()
    }

    /// Whether its end is to be set, for it has caught up with the feed, which has matched `matched`, or
    /// nearly: what follows is in the ring of recent commits.
    pub fn has_caught_up(&self, matched: Sequence) -> bool {
        self.end.is_none() && (self.follower.is_recent() || self.position >= matched)
    }

    /// Reads more commits, or waits for them. It may be canceled.
    pub async fn read(&mut self) -> Result<(), FollowError> {
        if self.commits.is_none() {
            self.commits = Some(self.follower.next().await?);
        }
        Ok(())
    }

    /// Writes the wanted lines of the commits that were read, until `out` has `bytes_target` bytes or
    /// [`TURN_MAX`] is over. `shows_by` adds who made a commit.
    pub fn write(
        &mut self,
        out: &mut Vec<u8>,
        bytes_target: usize,
        watches: &Watches,
        shows_by: bool,
    ) -> Result<(), TellError> {
        let Some(commits) = self.commits.clone() else { return Ok(()) };
        let begun = Instant::now();
        for commit in commits.after(self.position) {
            if begun.elapsed() > TURN_MAX {
                return Ok(());
            }
            let commit = commit?;
            if self.end.is_some_and(|end| commit.sequence > end) {
                break;
            }
            if !self.write_commit(&commit, out, bytes_target, watches, shows_by)? {
                return Ok(());
            }
            self.position = commit.sequence;
            if out.len() >= bytes_target && self.position < commits.last() {
                return Ok(());
            }
        }
        self.commits = None;
        Ok(())
    }

    /// Writes the wanted lines of a commit, and returns whether it is complete.
    fn write_commit(
        &mut self,
        commit: &Commit<'_>,
        out: &mut Vec<u8>,
        bytes_target: usize,
        watches: &Watches,
        shows_by: bool,
    ) -> Result<bool, TellError> {
        let mut counter = Counter { watched: Wanted::of(watches, commit.sequence), wanted: 0 };
        commit.tell(&mut counter)?;
        let total = counter.wanted;
        let mut writer = LineWriter {
            watched: Wanted::of(watches, commit.sequence),
            sequence: commit.sequence,
            by: commit.actor.filter(|_| shows_by).map_or("", |actor| actor.name),
            out,
            bytes_target,
            wanted: 0,
            written: self.lines_written,
            total,
        };
        commit.tell(&mut writer)?;
        let is_complete = writer.written >= total;
        self.lines_written = if is_complete { 0 } else { writer.written };
        Ok(is_complete)
    }
}

/// Finds which lines of a commit are wanted.
struct Wanted<'a> {
    watches: &'a Watches,
    sequence: Sequence,
    /// How the last line about an entry is shown.
    of_entry: Option<Shows>,
}

impl<'a> Wanted<'a> {
    fn of(watches: &'a Watches, sequence: Sequence) -> Self {
        Self { watches, sequence, of_entry: None }
    }

    fn event(&self, id: &str) -> Option<Shows> {
        self.watches.of_event(id, self.sequence)
    }

    fn entry(&mut self, people: EntryPeople<'_>) -> Option<Shows> {
        if !people.are_as_before() {
            // A series has hundreds of lines about the same people.
            self.of_entry = self.watches.of_people(people.iter(), self.sequence);
        }
        self.of_entry
    }
}

/// Counts the wanted lines of a commit.
struct Counter<'a> {
    watched: Wanted<'a>,
    wanted: usize,
}

impl Listener for Counter<'_> {
    fn event(&mut self, id: &str, _: &dyn Fn(&mut Line)) {
        self.wanted += usize::from(self.watched.event(id).is_some());
    }

    fn entry(&mut self, people: EntryPeople<'_>, _: &dyn Fn(&mut Line)) {
        self.wanted += usize::from(self.watched.entry(people).is_some());
    }
}

/// Writes the wanted lines of a commit after the first `written`, until `out` has `bytes_target` bytes.
struct LineWriter<'a> {
    watched: Wanted<'a>,
    sequence: Sequence,
    /// Who made the commit. Empty if it is not shown.
    by: &'a str,
    out: &'a mut Vec<u8>,
    bytes_target: usize,
    /// Wanted lines that were passed.
    wanted: usize,
    /// Of these, those that were written, now or before.
    written: usize,
    total: usize,
}

impl LineWriter<'_> {
    fn add(&mut self, shows: Option<Shows>, write: &dyn Fn(&mut Line)) {
        let Some(Shows { secrets }) = shows else { return };
        self.wanted += 1;
        if self.wanted <= self.written || self.out.len() >= self.bytes_target {
            return;
        }
        self.written += 1;
        let mut line = Line::default();
        write(&mut line);
        write_line(self.out, self.sequence, &line, secrets, self.by, self.written == self.total);
    }
}

impl Listener for LineWriter<'_> {
    fn event(&mut self, id: &str, write: &dyn Fn(&mut Line)) {
        let shows = self.watched.event(id);
        self.add(shows, write);
    }

    fn entry(&mut self, people: EntryPeople<'_>, write: &dyn Fn(&mut Line)) {
        let shows = self.watched.entry(people);
        self.add(shows, write);
    }
}
