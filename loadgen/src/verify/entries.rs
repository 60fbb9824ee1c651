//! Every calendar entry is on the days of all its people, and a deleted one on none.

use std::borrow::Cow;

use bookline_protocol::Slot;
use bookline_protocol::commands::get::{DayEntry, DayReply};
use bookline_protocol::reply::{EntryFields, EntryPlace, Members};

use crate::calendar::{Entry, ROLES, TITLE};
use crate::error::{Error, excerpt};
use crate::findings::Violation;
use crate::ledger::Ledger;
use crate::names::RunId;
use crate::phase::{Pending, Phase};
use crate::reply::FinalLine;

/// The size of the sample: it takes seconds, and finds a fault of one entry in ten thousand.
const ENTRIES_CHECKED_MAX: usize = 100_000;

/// GET of the days of all people in a sample of the entries.
#[derive(Debug)]
pub struct CheckEntries<'a> {
    ledger: &'a mut Ledger,
    run: RunId,
    /// The day of one person of one entry each.
    checks: Vec<(Entry, char)>,
    next: usize,
    pub acknowledged: u64,
    /// Entries in the sample.
    pub checked: u64,
}

impl<'a> CheckEntries<'a> {
    pub fn new(ledger: &'a mut Ledger, run: RunId) -> Self {
        let acknowledged = ledger.calendar.entries().count();
        // Kinds of entries repeat every eight entries: an odd step meets all of them, an even one does not.
        let step = acknowledged.div_ceil(ENTRIES_CHECKED_MAX) | 1;
        let sample = ledger.calendar.entries().step_by(step);
        let mut checked = 0;
        let checks = sample.flat_map(|entry| {
            checked += 1;
            let people = if entry.is_meeting { &ROLES[..] } else { &ROLES[..1] };
            people.iter().map(move |&role| (entry, role))
        });
        let checks = checks.collect();
        Self { ledger, run, checks, next: 0, acknowledged: acknowledged as u64, checked }
    }

    /// Whether this is the day that the entry requires.
    fn is_expected(&self, entry: Entry, person: &str, slot: Slot, day: &DayReply<'_>) -> bool {
        let [host, b, c] = ROLES.map(|role| self.run.person_id(role, entry.number));
        let (title, group) = if entry.is_meeting { (TITLE, format!("{b},{c}")) } else { ("", String::new()) };
        let meet = EntryFields { title: title.into(), group: Members(Cow::Owned(group)), host: host.into() };
        let scheduled = DayEntry { time: slot.hour, place: EntryPlace::default(), meet };
        let expected = if entry.is_deleted { &[][..] } else { &[scheduled] };
        day.name == person && day.date == slot.date && day.schedule == expected
    }
}

impl Phase for CheckEntries<'_> {
    fn next_request(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Pending> {
        let index = self.next;
        let &(entry, role) = self.checks.get(index)?;
        let (day, _) = self.ledger.calendar.hours.of(entry.number);
        self.next += 1;
        out.extend_from_slice(format!("GET {} ", self.run.person_id(role, entry.number)).as_bytes());
        out.extend_from_slice(&day);
        out.push(b'\n');
        Some(Pending::Entry(index))
    }

    fn on_reply(&mut self, request: Pending, line: &[u8]) -> Result<(), Error> {
        let Pending::Entry(index) = request else { return Ok(()) };
        let (entry, role) = self.checks[index];
        let person = self.run.person_id(role, entry.number);
        let slot = self.ledger.calendar.hours.slot(entry.number);
        let is_expected = match (FinalLine::parse(line)?, slot) {
            (FinalLine::Ok { body }, Some(slot)) => {
                serde_json::from_str(body).is_ok_and(|day| self.is_expected(entry, &person, slot, &day))
            }
            _ => false,
        };
        if !is_expected {
            let (violation, acknowledged) = match entry.is_deleted {
                true => (Violation::DeletedEntryExists, "was deleted"),
                false => (Violation::EntryMissing, "was acknowledged"),
            };
            let kind = if entry.is_meeting { "meeting" } else { "block" };
            let when = slot.map_or_else(String::new, |slot| format!("{} {}", slot.date.dmy(), slot.hour));
            let case = || {
                let day = excerpt(line);
                format!("the {kind} of {person} on {when} {acknowledged}; GET of the day says {day}")
            };
            self.ledger.findings.add(violation, case);
        }
        Ok(())
    }
}
