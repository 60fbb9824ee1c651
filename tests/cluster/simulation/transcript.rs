//! What has happened in a schedule, to be read by people.

use std::collections::VecDeque;

use super::clock::{Micros, SECOND};

/// How many of the last lines are shown.
const LINES_MAX: usize = 80;

/// The last lines of what has happened.
#[derive(Debug, Default)]
pub struct Transcript {
    /// Lines take time, so a schedule is recorded only when it is run again to be shown.
    pub is_recorded: bool,
    lines: VecDeque<String>,
}

impl Transcript {
    pub fn say(&mut self, now: Micros, what: impl FnOnce() -> String) {
        if !self.is_recorded {
            return;
        }
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        let (seconds, micros) = (now / SECOND, now % SECOND);
        self.lines.push_back(format!("  {seconds:>2}.{micros:06} {}\n", what()));
    }

    /// All of the last lines.
    pub fn text(self) -> String {
        self.lines.into_iter().collect()
    }
}
