//! What is shown.

use std::time::Instant;

use bookline_protocol::reply::ChangeBody;
use bookline_protocol::{Date, Timestamp};

use crate::board::clock::ServerClock;
use crate::board::events::{Event, Events};
use crate::board::kept_change::KeptChange;
use crate::board::key::Key;
use crate::board::scroll::Scroll;
use crate::board::week::{Calendar, Week};

/// What the board is about.
#[derive(Clone, Debug)]
pub enum Subject {
    Events(Events),
    Week(Week),
}

/// What the server has sent at once, of the past.
#[derive(Clone, Debug)]
pub enum Loaded {
    /// The events of the listing, and whether there are more.
    Events { events: Vec<Event>, is_cut: bool },
    /// The calendars of the people, in the week from this date on.
    Week { first: Date, calendars: Vec<Calendar> },
}

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// What there is, is asked for.
    Loading,
    Live,
    /// There is none, for this reason, and another one is tried again and again.
    Lost(String),
}

/// What a key leads to, beside another screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Nothing,
    /// The week from this date on is needed.
    Load(Date),
    Quit,
    Interrupt,
    Suspend,
    Redraw,
}

/// All that is shown.
#[derive(Clone, Debug)]
pub struct Model {
    pub server: String,
    pub subject: Subject,
    pub link: LinkState,
    pub clock: ServerClock,
    pub scroll: Scroll,
    /// The time of the last change.
    pub last_change: Option<Timestamp>,
    /// The sequence number up to which changes are applied.
    sequence: u64,
    is_loaded: bool,
    pub shows_help: bool,
}

impl Model {
    pub fn new(server: String, subject: Subject, clock: ServerClock) -> Self {
        Self {
            server,
            subject,
            link: LinkState::Loading,
            clock,
            scroll: Scroll::default(),
            last_change: None,
            sequence: 0,
            is_loaded: false,
            shows_help: false,
        }
    }

    /// The server's date.
    pub fn today(&self, now: Timestamp) -> Date {
        self.clock.zone.date(now)
    }

    /// Whether what is shown came from the server.
    pub fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// Takes what there is at the server, to which the changes after this sequence number are applied.
    pub fn load(&mut self, loaded: Loaded, sequence: u64, now: Timestamp) {
        match (&mut self.subject, loaded) {
            (Subject::Events(events), Loaded::Events { events: rows, is_cut }) => {
                events.replace(rows, is_cut, now);
            }
            (Subject::Week(week), Loaded::Week { first, calendars }) if week.first() == first => {
                week.replace(calendars);
            }
            // The user has gone on to another week, which is still to come.
            _ => return,
        }
        self.sequence = sequence;
        self.is_loaded = true;
        self.link = LinkState::Live;
    }

    /// Applies the lines of whole commits, but for those that were applied before.
    pub fn apply(&mut self, lines: &[KeptChange], now: Instant) {
        for commit in lines.chunk_by(|one, next| one.sequence == next.sequence) {
            if commit[0].sequence > self.sequence {
                self.sequence = commit[0].sequence;
                // A line of a later version may be unknown.
                let changes: Vec<_> = commit.iter().filter_map(KeptChange::body).collect();
                self.apply_commit(&changes, now);
            }
        }
    }

    fn apply_commit(&mut self, changes: &[ChangeBody<'_>], now: Instant) {
        if let Some(at) = changes.iter().find_map(|change| change.at) {
            self.clock.observe(at, now);
            self.last_change = self.last_change.max(Some(at));
        }
        let now = self.clock.time(now);
        match &mut self.subject {
            Subject::Events(events) => changes.iter().for_each(|change| events.apply(change, now)),
            Subject::Week(week) => week.apply(changes, now),
        }
    }

    /// Whether what is shown changes with the time, so that it is drawn again after a second.
    pub fn is_moving(&self, now: Timestamp) -> bool {
        match &self.subject {
            Subject::Events(events) => events.is_moving(now),
            Subject::Week(week) => week.is_moving(now),
        }
    }

    /// Takes a key.
    pub fn press(&mut self, key: Key) -> Action {
        let had_help = std::mem::take(&mut self.shows_help);
        match key {
            Key::Quit => Action::Quit,
            Key::Interrupt => Action::Interrupt,
            Key::Suspend => Action::Suspend,
            Key::Redraw => Action::Redraw,
            Key::Escape if !had_help => Action::Quit,
            Key::Help => {
                self.shows_help = !had_help;
                Action::Nothing
            }
            Key::Left => self.shift(-1),
            Key::Right => self.shift(1),
            key => {
                self.scroll.press(key);
                Action::Nothing
            }
        }
    }

    fn shift(&mut self, weeks: i64) -> Action {
        let Subject::Week(week) = &mut self.subject else { return Action::Nothing };
        if !week.shift(weeks) {
            return Action::Nothing;
        }
        if self.link == LinkState::Live {
            self.link = LinkState::Loading;
        }
        Action::Load(week.first())
    }
}
