//! The search of a MEET first, which goes on in a later turn.

use bookline_protocol::{Date, Slot};

use super::buffers::Share;
use crate::domain::HourSet;
use crate::state::TimeSearch;

/// The search of a request that is executed again in the next turn.
#[derive(Debug)]
pub struct FirstTimeSearch {
    pub search: TimeSearch,
    /// The day that was searched last, and its times that were not tried yet.
    pub found: Option<(Date, HourSet)>,
    /// For the people, if they are many.
    _share: Option<Share>,
}

impl FirstTimeSearch {
    pub fn new(search: TimeSearch, share: Option<Share>) -> Self {
        Self { search, found: None, _share: share }
    }

    /// The earliest time that was found and not tried yet.
    pub fn earliest(&self) -> Option<Slot> {
        let (date, starts) = self.found?;
        Some(Slot { date, hour: starts.iter().next()? })
    }

    /// Passes over the time that was tried.
    pub fn pass(&mut self) {
        if let Some((_, starts)) = &mut self.found {
            starts.pop_first();
        }
    }
}
