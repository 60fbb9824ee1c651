//! All events that are not over.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bookline_protocol::reply::{ChangeBody, EventReply};
use bookline_protocol::{Date, Sales, Timestamp};

use crate::board::clock::later;
use crate::board::sold::{SECONDS, SoldLately};

/// Events that are shown: more rows than anybody scrolls through, in a few MiB of memory.
pub const EVENTS_MAX: usize = 10_000;

/// How long an event is marked after a change.
pub const MARKED: Duration = Duration::from_secs(3);

/// The order of events, which is that of the listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    date: Date,
    name: String,
    id: String,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub date: Date,
    pub total: u32,
    pub available: u32,
    pub held: u32,
    pub sales: Sales,
    pub sold: SoldLately,
    /// When it was last changed.
    changed: Option<Timestamp>,
}

/// Events by date.
#[derive(Clone, Debug, Default)]
pub struct Events {
    events: BTreeMap<Place, Event>,
    places: HashMap<String, Place>,
    /// The last event that is shown, if there are more than can be: those behind it are left out.
    end: Option<Place>,
    /// From when on all sales were seen.
    seen_since: Option<Timestamp>,
    /// When anything was last sold.
    last_sale: Option<Timestamp>,
    /// When anything was last changed.
    last_mark: Option<Timestamp>,
}

impl Event {
    /// The event of a row of the listing.
    pub fn of_row(row: &EventReply<'_>) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name.to_string(),
            date: row.date,
            total: row.total_tickets,
            available: row.available_tickets,
            held: row.held_tickets,
            sales: row.sales,
            sold: SoldLately::default(),
            changed: None,
        }
    }

    /// The event of a change that has all of its fields.
    fn of_change(change: &ChangeBody<'_>) -> Option<Self> {
        let total = change.total_tickets?;
        Some(Self {
            id: change.event_id.as_ref()?.to_string(),
            name: change.name.as_ref()?.to_string(),
            date: Date::parse(change.date.as_ref()?)?,
            total,
            available: change.available_tickets.unwrap_or(total),
            held: change.held_tickets.unwrap_or(0),
            sales: change.sales.unwrap_or_default(),
            sold: SoldLately::default(),
            changed: None,
        })
    }

    /// Whether it was changed within the last seconds.
    pub fn is_marked(&self, now: Timestamp) -> bool {
        self.changed.is_some_and(|changed| now < later(changed, MARKED))
    }

    fn place(&self) -> Place {
        Place { date: self.date, name: self.name.clone(), id: self.id.clone() }
    }

    /// Takes the fields that the change has. Its counts are those after it.
    fn take(&mut self, change: &ChangeBody<'_>) {
        if let Some(name) = &change.name {
            self.name = name.to_string();
        }
        self.date = change.date.as_deref().and_then(Date::parse).unwrap_or(self.date);
        self.total = change.total_tickets.unwrap_or(self.total);
        self.available = change.available_tickets.unwrap_or(self.available);
        self.held = change.held_tickets.unwrap_or(self.held);
        self.sales = change.sales.unwrap_or(self.sales);
    }
}

impl Events {
    /// Takes the events of a listing instead of those before. `is_cut` says that there are more of them.
    pub fn replace(&mut self, events: Vec<Event>, is_cut: bool, now: Timestamp) {
        *self = Self { seen_since: Some(now), ..Self::default() };
        for event in events {
            self.insert(event);
        }
        if is_cut {
            self.cut();
        }
    }

    /// Applies a change. One of an event that is not shown changes nothing.
    pub fn apply(&mut self, change: &ChangeBody<'_>, now: Timestamp) {
        let Some(id) = change.event_id.as_deref() else { return };
        self.last_mark = Some(now);
        if change.kind == "event_deleted" {
            self.remove(id);
            return;
        }
        let event = match self.remove(id) {
            Some(mut event) => {
                event.take(change);
                Some(event)
            }
            None if matches!(&*change.kind, "event_created" | "event_updated") => Event::of_change(change),
            None => None,
        };
        let Some(mut event) = event else { return };
        event.changed = Some(now);
        if matches!(&*change.kind, "tickets_booked" | "hold_confirmed") {
            let at = change.at.unwrap_or(now);
            event.sold.add(change.count.unwrap_or(0), at);
            self.last_sale = self.last_sale.max(Some(at));
        }
        self.insert(event);
    }

    /// The events from this date on.
    pub fn from(&self, date: Date) -> impl DoubleEndedIterator<Item = &Event> {
        let first = Place { date, name: String::new(), id: String::new() };
        self.events.range(first..).map(|(_, event)| event)
    }

    /// Whether there are more events than are shown.
    pub fn is_cut(&self) -> bool {
        self.end.is_some()
    }

    /// The seconds over which sales are counted: 60, or fewer if they were not seen for so long.
    pub fn seconds_counted(&self, now: Timestamp) -> u32 {
        let seen = self.seen_since.map_or(0, |since| (now.0 - since.0) / 1_000_000);
        seen.clamp(1, SECONDS) as u32
    }

    /// Whether what is shown changes within a second, without any change of an event.
    pub fn is_moving(&self, now: Timestamp) -> bool {
        let minute = Duration::from_secs(SECONDS as u64 + 1);
        let is_within = |at: Option<Timestamp>, time| at.is_some_and(|at| now < later(at, time));
        is_within(self.seen_since, minute)
            || is_within(self.last_sale, minute)
            || is_within(self.last_mark, MARKED + Duration::from_secs(1))
    }

    fn insert(&mut self, event: Event) {
        let place = event.place();
        if self.end.as_ref().is_some_and(|end| place > *end) {
            return;
        }
        if let Some(old) = self.places.insert(event.id.clone(), place.clone()) {
            self.events.remove(&old);
        }
        self.events.insert(place, event);
        if self.events.len() > EVENTS_MAX {
            if let Some((_, last)) = self.events.pop_last() {
                self.places.remove(&last.id);
            }
            self.cut();
        }
    }

    fn remove(&mut self, id: &str) -> Option<Event> {
        self.places.remove(id).and_then(|place| self.events.remove(&place))
    }

    fn cut(&mut self) {
        self.end = self.events.last_key_value().map(|(place, _)| place.clone());
    }
}
