//! A map by what is watched.

use std::collections::HashMap;

use bookline_protocol::Watched;
use compact_str::CompactString;

/// Values by what is watched. Its ids are chosen by clients, so the hash is seeded.
#[derive(Debug)]
pub(super) struct WatchedMap<T> {
    all: Option<T>,
    events: Option<T>,
    calendars: Option<T>,
    event: HashMap<CompactString, T>,
    person: HashMap<CompactString, T>,
}

impl<T> Default for WatchedMap<T> {
    fn default() -> Self {
        Self {
            all: None,
            events: None,
            calendars: None,
            event: HashMap::default(),
            person: HashMap::default(),
        }
    }
}

impl<T> WatchedMap<T> {
    pub fn get(&self, watched: &Watched<'_>) -> Option<&T> {
        match watched {
            Watched::All => self.all.as_ref(),
            Watched::Events => self.events.as_ref(),
            Watched::Calendars => self.calendars.as_ref(),
            Watched::Event(id) => self.event.get(id.as_str()),
            Watched::Person(id) => self.person.get(id.as_str()),
        }
    }

    pub fn insert(&mut self, watched: &Watched<'_>, value: T) -> Option<T> {
        match watched {
            Watched::All => self.all.replace(value),
            Watched::Events => self.events.replace(value),
            Watched::Calendars => self.calendars.replace(value),
            Watched::Event(id) => self.event.insert(id.as_str().into(), value),
            Watched::Person(id) => self.person.insert(id.as_str().into(), value),
        }
    }

    pub fn remove(&mut self, watched: &Watched<'_>) -> Option<T> {
        match watched {
            Watched::All => self.all.take(),
            Watched::Events => self.events.take(),
            Watched::Calendars => self.calendars.take(),
            Watched::Event(id) => self.event.remove(id.as_str()),
            Watched::Person(id) => self.person.remove(id.as_str()),
        }
    }

    /// The values of whoever watches this event.
    #[inline]
    pub fn of_event(&self, id: &str) -> impl Iterator<Item = &T> {
        // Most servers have few watchers: without one of an event nothing is hashed.
        let event = if self.event.is_empty() { None } else { self.event.get(id) };
        self.all.iter().chain(&self.events).chain(event)
    }

    /// The values of whoever watches the calendars of some of these people. A value appears as often as a
    /// person that it is for.
    pub fn of_people<'a>(&'a self, people: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a T> {
        let wanted = (!self.person.is_empty()).then_some(people);
        let persons = wanted.into_iter().flatten().filter_map(|person| self.person.get(person));
        self.all.iter().chain(&self.calendars).chain(persons)
    }
}
