//! Matching: which lines of a commit somebody watches.

use std::ops::Range;
use std::sync::Arc;

use super::about::About;
use super::commit_line::CommitLine;
use super::index::{Index, TopicIndex};
use crate::changes::commit::Commit;
use crate::changes::{EntryPeople, Line, Listener, TellError};

/// A commit whose lines have more bytes is not queued: each watcher reads it from the log and writes its
/// lines one by one. It bounds what the feed writes for one commit, and lets a series of many people pass
/// queues that are smaller.
const QUEUED_COMMIT_BYTES_MAX: usize = 128 << 10;

/// Finds the lines of a commit that somebody watches. It is kept from commit to commit for its memory.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    lines: Vec<MatchedLine>,
    /// Where the lines go to.
    topics: Vec<TopicIndex>,
}

#[derive(Debug)]
struct MatchedLine {
    number: u32,
    about: About,
    line: Line,
    /// Its topics, in [`Matcher::topics`].
    topics: Range<usize>,
}

impl Matcher {
    /// Adds the lines of a commit to the batch of the index.
    pub fn add(&mut self, commit: &Commit<'_>, index: &mut Index) -> Result<(), TellError> {
        self.lines.clear();
        self.topics.clear();
        let mut listener = MatchingListener { matcher: self, index, number: 0, bytes: 0, of_entry: 0..0 };
        commit.tell(&mut listener)?;
        let bytes = listener.bytes;
        if self.topics.is_empty() {
            return Ok(());
        }
        if bytes > QUEUED_COMMIT_BYTES_MAX {
            self.topics.sort_unstable();
            self.topics.dedup();
            index.add_long_commit(commit.sequence, &self.topics);
            return Ok(());
        }
        let by = commit.actor.map_or("", |actor| actor.name);
        for MatchedLine { number, about, line, topics } in self.lines.drain(..) {
            let line = Arc::new(CommitLine { sequence: commit.sequence, number, about, line, by: by.into() });
            for &topic in &self.topics[topics] {
                index.add_line(topic, line.clone());
            }
        }
        Ok(())
    }
}

struct MatchingListener<'a> {
    matcher: &'a mut Matcher,
    index: &'a Index,
    number: u32,
    bytes: usize,
    /// The topics of the last line about an entry.
    of_entry: Range<usize>,
}

impl MatchingListener<'_> {
    /// Writes a line if somebody watches it: if topics were found since there were `start` of them.
    fn add(&mut self, start: usize, about: impl FnOnce() -> About, write: &dyn Fn(&mut Line)) {
        let number = self.number;
        self.number += 1;
        let topics = start..self.matcher.topics.len();
        if topics.is_empty() || self.bytes > QUEUED_COMMIT_BYTES_MAX {
            return;
        }
        let mut line = Line::default();
        write(&mut line);
        let about = about();
        self.bytes += about.bytes() + line.public.len() + line.secret.len();
        self.matcher.lines.push(MatchedLine { number, about, line, topics });
    }
}

impl Listener for MatchingListener<'_> {
    fn event(&mut self, id: &str, write: &dyn Fn(&mut Line)) {
        let start = self.matcher.topics.len();
        self.index.find_event(id, &mut self.matcher.topics);
        self.add(start, || About::Event(id.into()), write);
    }

    fn entry(&mut self, people: EntryPeople<'_>, write: &dyn Fn(&mut Line)) {
        let start = self.matcher.topics.len();
        if people.are_as_before() {
            // A series has hundreds of lines about the same people.
            self.matcher.topics.extend_from_within(self.of_entry.clone());
        } else {
            self.index.find_people(people.iter(), &mut self.matcher.topics);
        }
        self.of_entry = start..self.matcher.topics.len();
        self.add(start, || About::Entry(joined(people.iter())), write);
    }
}

/// Ids, joined by commas.
fn joined<'a>(ids: impl Iterator<Item = &'a str>) -> Box<str> {
    let mut joined = String::new();
    for id in ids {
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(id);
    }
    joined.into()
}
