//! The events and the day that a scenario uses. Each scenario has its own.

use chrono::{Days, NaiveDate};

use super::history::hour::PEOPLE;

/// The hours of the day in which entries are made, and the first of them. So few that clients contend for
/// them.
pub const HOURS: usize = 8;
const FIRST_HOUR: usize = 9;

/// The tickets of the events: one that is often sold out, one that is sold out in a long run, and one that
/// never is.
pub const TICKETS: [u64; 3] = [40, 4_000, 10_000_000];

#[derive(Debug, Clone)]
pub struct Fixture {
    number: u64,
}

impl Fixture {
    /// Fixtures with different numbers have nothing in common but the people.
    pub fn new(number: u64) -> Self {
        Self { number }
    }

    pub fn event(&self, event: usize) -> String {
        format!("event-{}-{event}", self.number)
    }

    pub fn person(&self, who: usize) -> String {
        assert!(who < PEOPLE);
        format!("F{}", who + 1)
    }

    pub fn date(&self) -> String {
        let first = NaiveDate::from_ymd_opt(2030, 1, 1).expect("a date");
        (first + Days::new(self.number)).format("%Y-%m-%d").to_string()
    }

    pub fn time(&self, hour: usize) -> String {
        format!("{:02}:00", FIRST_HOUR + hour)
    }

    /// The hour with this time.
    pub fn hour(&self, time: &str) -> Option<usize> {
        (0..HOURS).find(|&hour| self.time(hour) == time)
    }

    /// The number of the person with this name.
    pub fn who(&self, name: &str) -> Option<usize> {
        (0..PEOPLE).find(|&who| self.person(who) == name)
    }

    /// The lines that create the events.
    pub fn create_lines(&self) -> impl Iterator<Item = String> {
        TICKETS.iter().enumerate().map(|(event, total)| {
            let id = self.event(event);
            format!("CREATE {id} 2029-12-31 {total} id={id} key=create-key-of-{id}")
        })
    }
}
