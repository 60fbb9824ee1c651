//! Who watches what.

use std::collections::HashMap;
use std::sync::Arc;

use bookline_protocol::Watched;

use super::commit_line::CommitLine;
use super::queue::{Item, Queue};
use super::watched_map::WatchedMap;
use crate::codec::Sequence;

/// The place of a topic in an [`Index`].
pub(super) type TopicIndex = usize;

/// Tells queues apart: the address of a queue, which its watcher keeps alive.
type QueueAddress = usize;

fn address(queue: &Arc<Queue>) -> QueueAddress {
    Arc::as_ptr(queue).addr()
}

/// The watchers by what they watch, and the lines of the batch that is being matched.
#[derive(Debug, Default)]
pub(super) struct Index {
    indices: WatchedMap<TopicIndex>,
    topics: Vec<Topic>,
    /// The places of topics that nobody watches any more.
    free: Vec<TopicIndex>,
    /// The topics that have lines in the batch.
    hit: Vec<TopicIndex>,
    /// The watchers that have got something in the batch.
    touched: Vec<Arc<Queue>>,
}

/// Something that is watched.
#[derive(Debug, Default)]
struct Topic {
    watchers: HashMap<QueueAddress, Arc<Queue>>,
    lines: Vec<Arc<CommitLine>>,
}

impl Index {
    /// Whether nobody watches anything.
    pub fn is_empty(&self) -> bool {
        self.topics.len() == self.free.len()
    }

    pub fn add(&mut self, watched: &Watched<'_>, queue: &Arc<Queue>) {
        let topic = match self.indices.get(watched) {
            Some(topic) => *topic,
            None => {
                let topic = self.free.pop().unwrap_or_else(|| {
                    self.topics.push(Topic::default());
                    self.topics.len() - 1
                });
                self.indices.insert(watched, topic);
                topic
            }
        };
        self.topics[topic].watchers.insert(address(queue), queue.clone());
    }

    pub fn remove(&mut self, watched: &Watched<'_>, queue: &Arc<Queue>) {
        let Some(&topic) = self.indices.get(watched) else { return };
        let watchers = &mut self.topics[topic].watchers;
        watchers.remove(&address(queue));
        if watchers.is_empty() {
            self.indices.remove(watched);
            self.topics[topic] = Topic::default();
            self.free.push(topic);
        }
    }

    /// Appends the topics of those who watch this event.
    #[inline]
    pub fn find_event(&self, id: &str, topics: &mut Vec<TopicIndex>) {
        topics.extend(self.indices.of_event(id));
    }

    /// Appends the topics of those who watch the calendars of some of these people, each once.
    pub fn find_people<'a>(&'a self, people: impl Iterator<Item = &'a str>, topics: &mut Vec<TopicIndex>) {
        let mut found: Vec<TopicIndex> = self.indices.of_people(people).copied().collect();
        found.sort_unstable();
        found.dedup();
        topics.append(&mut found);
    }

    /// Adds a line to the batch of a topic.
    pub fn add_line(&mut self, topic: TopicIndex, line: Arc<CommitLine>) {
        let lines = &mut self.topics[topic].lines;
        if lines.is_empty() {
            self.hit.push(topic);
        }
        lines.push(line);
    }

    /// Ends the batch: appends its lines to the queues of those who watch their topics.
    pub fn end_batch(&mut self) {
        for topic in std::mem::take(&mut self.hit) {
            let lines = std::mem::take(&mut self.topics[topic].lines);
            let item = Item::Lines(lines.into());
            self.push(topic, &item);
        }
        self.show();
    }

    /// Ends the batch, and makes a batch of its own of a long commit with these topics.
    pub fn add_long_commit(&mut self, sequence: Sequence, topics: &[TopicIndex]) {
        self.end_batch();
        for &topic in topics {
            self.push(topic, &Item::Long(sequence));
        }
        self.show();
    }

    fn push(&mut self, topic: TopicIndex, item: &Item) {
        for queue in self.topics[topic].watchers.values() {
            if queue.push(item.clone()) {
                self.touched.push(queue.clone());
            }
        }
    }

    fn show(&mut self) {
        self.touched.drain(..).for_each(|queue| queue.end_batch());
    }

    /// Gives up the batch, and what waits for all watchers.
    pub fn overflow_all(&mut self) {
        self.hit.clear();
        for topic in &mut self.topics {
            topic.lines.clear();
            topic.watchers.values().for_each(|queue| queue.overflow());
        }
    }
}
