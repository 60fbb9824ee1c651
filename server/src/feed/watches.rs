//! What a connection watches.

use bookline_protocol::Watched;

use super::watched_map::WatchedMap;
use crate::codec::Sequence;

/// What a connection watches, each with the commit after which it does.
#[derive(Debug, Default)]
pub(super) struct Watches {
    /// In the order in which they were first named.
    list: Vec<Watched<'static>>,
    map: WatchedMap<Watch>,
}

#[derive(Debug, Clone, Copy)]
struct Watch {
    /// Commits after this one are shown.
    after: Sequence,
    with_secrets: bool,
}

/// How a wanted line is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shows {
    /// With the ids of tickets and holds.
    pub secrets: bool,
}

impl Watches {
    pub fn list(&self) -> &[Watched<'static>] {
        &self.list
    }

    /// Whether something is shown with the ids of tickets and holds.
    pub fn show_secrets(&self) -> bool {
        self.list.iter().any(|watched| self.map.get(watched).is_some_and(|watch| watch.with_secrets))
    }

    pub fn contains(&self, watched: &Watched<'_>) -> bool {
        self.map.get(watched).is_some()
    }

    /// Adds something, from the commits after `after` on. What is watched already is shown with secrets from
    /// now on, if they are wanted.
    pub fn add(&mut self, watched: &Watched<'_>, after: Sequence, with_secrets: bool) {
        let watch = match self.map.get(watched) {
            Some(known) => Watch { with_secrets: known.with_secrets || with_secrets, ..*known },
            None => {
                self.list.push(watched.clone().into_owned());
                Watch { after, with_secrets }
            }
        };
        self.map.insert(watched, watch);
    }

    /// Shows the things behind the first `known` from the commits after `after` on.
    pub fn begin_after(&mut self, known: usize, after: Sequence) {
        for watched in &self.list[known..] {
            if let Some(watch) = self.map.get(watched).copied() {
                self.map.insert(watched, Watch { after, ..watch });
            }
        }
    }

    pub fn remove(&mut self, watched: &[Watched<'_>]) {
        let removed = watched.iter().filter(|one| self.map.remove(one).is_some()).count();
        if removed > 0 {
            let map = &self.map;
            self.list.retain(|one| map.get(one).is_some());
        }
    }

    /// How a line of this commit about an event is shown, if it is.
    pub fn of_event(&self, id: &str, sequence: Sequence) -> Option<Shows> {
        shows(self.map.of_event(id), sequence)
    }

    /// How a line of this commit about an entry of these people is shown, if it is.
    pub fn of_people<'a>(
        &'a self,
        people: impl Iterator<Item = &'a str>,
        sequence: Sequence,
    ) -> Option<Shows> {
        shows(self.map.of_people(people), sequence)
    }
}

fn shows<'a>(watches: impl Iterator<Item = &'a Watch>, sequence: Sequence) -> Option<Shows> {
    let matching = watches.filter(|watch| sequence > watch.after);
    matching.map(|watch| watch.with_secrets).reduce(|one, other| one | other).map(|secrets| Shows { secrets })
}
