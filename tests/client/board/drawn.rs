//! A board without a terminal: a model, and the text of its screen.

use std::time::{Duration, Instant};

use bookline::board::clock::ServerClock;
use bookline::board::draw::{draw, fit};
use bookline::board::events::{Event, Events};
use bookline::board::kept_change::KeptChange;
use bookline::board::model::{Loaded, Model, Subject};
use bookline::board::week::{Week, calendar_of};
use bookline::screen::{Charset, Screen};
use bookline_protocol::commands::get::DayReply;
use bookline_protocol::{Date, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;
use unicode_width::UnicodeWidthStr;

use crate::support::fake_server::HELLO_REPLY;

pub const UNICODE: Screen = Screen { is_terminal: true, has_color: false, charset: Charset::Unicode };

/// The sequence number of what is loaded.
pub const LOADED: u64 = 100;

/// A board, and the moment at which its server said HELLO: 2026-11-22 at 12:00 in Prague.
pub struct Drawn {
    pub model: Model,
    start: Instant,
    sequence: u64,
}

impl Drawn {
    fn new(subject: Subject) -> Self {
        let start = Instant::now();
        let hello = HELLO_REPLY.strip_prefix("OK ").unwrap();
        let clock = ServerClock::of_hello(&serde_json::from_str(hello).unwrap(), start).unwrap();
        let model = Model::new("tickets.example:2665".to_owned(), subject, clock);
        Self { model, start, sequence: LOADED }
    }

    /// A board of the events of these rows, which were loaded more than a minute ago.
    pub fn events(rows: &[String], is_cut: bool) -> Self {
        let mut drawn = Self::new(Subject::Events(Events::default()));
        let events = rows.iter().map(|row| Event::of_row(&serde_json::from_str(row).unwrap())).collect();
        let loaded = Timestamp(drawn.time(0).0 - 60_000_000);
        drawn.model.load(Loaded::Events { events, is_cut }, LOADED, loaded);
        drawn
    }

    /// A board of the week that has this date. Each person has the rows of a reply to GET.
    pub fn week(date: &str, people: &[(&str, Vec<String>)]) -> Self {
        let ids = people.iter().map(|(who, _)| (*who).to_owned()).collect();
        let week = Week::empty(ids, Date::parse(date).unwrap());
        let first = week.first();
        let mut drawn = Self::new(Subject::Week(week));
        let calendar = |rows: &Vec<String>| {
            let days: Vec<DayReply<'_>> = rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
            calendar_of(&days)
        };
        let calendars = people.iter().map(|(_, rows)| calendar(rows)).collect();
        let now = drawn.time(0);
        drawn.model.load(Loaded::Week { first, calendars }, LOADED, now);
        drawn
    }

    /// The server's time, so many seconds after HELLO.
    pub fn time(&self, seconds: u64) -> Timestamp {
        self.model.clock.time(self.start + Duration::from_secs(seconds))
    }

    /// Applies a commit of one change, so many seconds after HELLO. `fields` follow the kind and the moment.
    pub fn change(&mut self, seconds: u64, kind: &str, fields: &str) {
        self.sequence += 1;
        let at = self.time(seconds);
        let json = format!(r#"{{"kind":"{kind}","at":"{at}",{fields},"end":true}}"#);
        self.apply(self.sequence, json, seconds);
    }

    pub fn apply(&mut self, sequence: u64, json: String, seconds: u64) {
        self.apply_commit(sequence, vec![json], seconds);
    }

    /// Applies the lines of a commit.
    pub fn apply_commit(&mut self, sequence: u64, lines: Vec<String>, seconds: u64) {
        let line = |json| KeptChange { sequence, json };
        let lines: Vec<_> = lines.into_iter().map(line).collect();
        assert!(lines.iter().all(|line| line.body().is_some()), "{lines:?} has no change");
        self.model.apply(&lines, self.start + Duration::from_secs(seconds));
    }

    /// The text of the screen, without blanks at the ends of lines.
    pub fn text(&mut self, (columns, rows): (u16, u16), screen: Screen, seconds: u64) -> String {
        let now = self.time(seconds);
        fit(&mut self.model, Size::new(columns, rows), screen, now);
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| draw(frame, &self.model, screen, now)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |y| {
            let (mut line, mut x) = (String::new(), 0);
            while x < columns {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += (symbol.width() as u16).max(1);
            }
            assert_eq!(x, columns, "a character is cut: {line}");
            line.trim_end().to_owned() + "\n"
        };
        (0..rows).map(line).collect()
    }

    /// As [`Self::text`] on 80 columns, just after a change.
    pub fn text_80(&mut self) -> String {
        self.text((80, 12), UNICODE, 1)
    }
}

/// A row of the listing.
pub fn event(id: &str, name: &str, date: &str, (left, total): (u32, u32), more: &str) -> String {
    format!(
        r#"{{"id":"{id}","name":"{name}","date":"{date}","total_tickets":{total},{}}}"#,
        format_args!("\"available_tickets\":{left}{more}"),
    )
}

/// A day of a person, with these hours.
pub fn day(who: &str, date: &str, hours: &[&str]) -> String {
    format!(r#"{{"name":"{who}","date":"{date}","schedule":[{}]}}"#, hours.join(","))
}
