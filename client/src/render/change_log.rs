//! Changes one after the other.

use bookline_protocol::commands::hello::HelloReply;
use chrono::{DateTime, NaiveDate};

use crate::render::change::ChangeWords;
use crate::render::server_time::ServerZone;
use crate::screen::{Role, Screen};

/// Changes as lines with the time of their day. The date stands on a line of its own before the first change
/// of a day, but for those of the day on which the log begins.
#[derive(Clone, Debug)]
pub struct ChangeLog {
    zone: ServerZone,
    /// The day of the line before, or of the beginning.
    day: Option<NaiveDate>,
}

impl Default for ChangeLog {
    fn default() -> Self {
        Self { zone: ServerZone::UTC, day: None }
    }
}

impl ChangeLog {
    /// Shows changes in the time of the server with this reply to HELLO. The first one begins the log.
    pub fn use_time_of(&mut self, hello: &str) {
        let Ok(hello) = serde_json::from_str::<HelloReply<'_>>(hello) else { return };
        self.zone = ServerZone::of(&hello.time_zone, &hello.now).unwrap_or(ServerZone::UTC);
        let today = DateTime::parse_from_rfc3339(&hello.now).ok().map(|now| now.date_naive());
        self.day = self.day.or(today);
    }

    /// The lines for the object of a `CHANGE` line. `None` for what is about the watcher itself.
    pub fn lines(&mut self, body: &str, screen: Screen) -> Option<String> {
        let words = ChangeWords::of(body, self.zone)?;
        let line = words.with_time(screen);
        let day = words.at.map(|at| at.date()).or(self.day);
        if day == self.day {
            return Some(line);
        }
        self.day = day;
        let heading = day.map(|day| day.format("%Y-%m-%d").to_string()).unwrap_or_default();
        Some(format!("{}\n{line}", screen.paint(Role::Heading, &heading)))
    }

    /// As [`Self::lines`], a single line that has its date.
    pub fn dated_line(&self, body: &str) -> Option<String> {
        Some(ChangeWords::of(body, self.zone)?.with_date(Screen::PLAIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> String {
        format!(r#"{{"kind":"event_deleted","at":"{day}T23:30:00Z","event_id":"e","end":true}}"#)
    }

    #[test]
    fn date_stands_before_the_first_change_of_another_day() {
        let mut log = ChangeLog::default();
        log.use_time_of(
            r#"{"server":"bookline","version":"1","protocol":1,"welcome":"","max_line":1,
            "time_zone":"Europe/Prague","now":"2026-11-22T12:00:00+01:00"}"#,
        );
        let mut lines = |day: &str| log.lines(&at(day), Screen::PLAIN).unwrap();
        assert_eq!(lines("2026-11-21"), "00:30:00 e: deleted");
        assert_eq!(lines("2026-11-19"), "2026-11-20\n00:30:00 e: deleted");
        assert_eq!(lines("2026-11-19"), "00:30:00 e: deleted");
        assert_eq!(lines("2026-11-21"), "2026-11-22\n00:30:00 e: deleted");
        assert_eq!(log.lines(r#"{"kind":"progress","end":true}"#, Screen::PLAIN), None);
        assert_eq!(log.dated_line(&at("2026-11-21")).unwrap(), "2026-11-22 00:30:00 e: deleted");
    }
}
