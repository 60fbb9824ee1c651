//! Calendar entries are on the days of everyone in them, and deleted ones are not.

use std::borrow::Cow;

use bookline_protocol::Slot;
use bookline_protocol::reply::{Day, Meet, Members, Scheduled};

use crate::bench::calendar::{Entry, ROLES, TITLE};
use crate::bench::failure::{Failure, shown};
use crate::bench::ledger::{Ledger, Wrong};
use crate::bench::names::Run;
use crate::bench::tally::{self, Final};
use crate::bench::work::{Asked, Work};

/// Entries that are looked for: enough that a fault of one in ten thousand shows, and a matter of seconds.
const SAMPLE: usize = 100_000;

/// GET of the days of everyone in a sample of entries.
#[derive(Debug)]
pub struct Entries<'a> {
    ledger: &'a mut Ledger,
    run: Run,
    questions: Vec<(Entry, char)>,
    next: usize,
    /// Entries that were acknowledged.
    pub acknowledged: u64,
    /// Entries in the sample.
    pub checked: u64,
}

impl<'a> Entries<'a> {
    /// Draws the sample.
    pub fn new(ledger: &'a mut Ledger, run: Run) -> Self {
        let all = ledger.calendar.entries().count();
        // Odd, since what entries are repeats after every eight: an even one would pass over some kinds.
        let every = all.div_ceil(SAMPLE) | 1;
        let sample = ledger.calendar.entries().step_by(every);
        let mut checked = 0;
        let questions = sample.flat_map(|entry| {
            checked += 1;
            let people = if entry.meeting { &ROLES[..] } else { &ROLES[..1] };
            people.iter().map(move |&role| (entry, role))
        });
        let questions = questions.collect();
        Self { ledger, run, questions, next: 0, acknowledged: all as u64, checked }
    }

    /// Whether this is the day that the entry asks for.
    fn is_right(&self, entry: Entry, who: &str, slot: Slot, day: &Day<'_>) -> bool {
        let [host, b, c] = ROLES.map(|role| self.run.person_id(role, entry.number));
        let (title, group) = if entry.meeting { (TITLE, format!("{b},{c}")) } else { ("", String::new()) };
        let meet = Meet { title: title.into(), group: Members(Cow::Owned(group)), host: host.into() };
        let scheduled = Scheduled { time: slot.hour, meet };
        let expected = if entry.deleted { &[][..] } else { &[scheduled] };
        day.name == who && day.date == slot.date && day.schedule == expected
    }
}

impl Work for Entries<'_> {
    fn ask(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Asked> {
        let place = self.next;
        let &(entry, role) = self.questions.get(place)?;
        let (day, _) = self.ledger.calendar.hours.of(entry.number);
        self.next += 1;
        out.extend_from_slice(format!("GET {} ", self.run.person_id(role, entry.number)).as_bytes());
        out.extend_from_slice(&day);
        out.push(b'\n');
        Some(Asked::Entry(place))
    }

    fn hear(&mut self, asked: Asked, line: &[u8]) -> Result<(), Failure> {
        let Asked::Entry(place) = asked else { return Ok(()) };
        let (entry, role) = self.questions[place];
        let who = self.run.person_id(role, entry.number);
        let slot = self.ledger.calendar.hours.slot(entry.number);
        let right = match (tally::read(line)?, slot) {
            (Final::Ok(body), Some(slot)) => {
                serde_json::from_str(body).is_ok_and(|day| self.is_right(entry, &who, slot, &day))
            }
            _ => false,
        };
        if !right {
            let (wrong, fate) = match entry.deleted {
                true => (Wrong::EntryBack, "was deleted"),
                false => (Wrong::EntryMissing, "was taken"),
            };
            let what = if entry.meeting { "meeting" } else { "block" };
            let when = slot.map_or_else(String::new, |slot| format!("{} {}", slot.date.civil(), slot.hour));
            let case =
                || format!("the {what} of {who} on {when} {fate}; GET of the day says {}", shown(line));
            self.ledger.findings.note(wrong, case);
        }
        Ok(())
    }
}
