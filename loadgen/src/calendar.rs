//! The calendar load: entries of ever new people. What a step requests follows from its number, so that
//! verification knows every entry without a record of it.

use crate::names::{EntryHours, RunId};
use crate::phase::Pending;
use crate::template::Template;

/// Steps of a connection come in rounds: BLOCK, MEET, BLOCK, MEET, and DELETE of the round's first block or
/// first meeting, in turn.
const STEPS_PER_ROUND: u64 = 5;

/// The title of every meeting.
pub const TITLE: &str = "standup";

/// The last letters in the ids of an entry's people: the host, and the members of a meeting.
pub const ROLES: [char; 3] = ['a', 'b', 'c'];

/// What a step requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Block,
    /// A meeting of three.
    Meet,
    /// The entry of this earlier step of the connection is deleted.
    Delete(u64),
}

impl Step {
    /// The connection's step with this number, counted from 0.
    #[inline]
    pub const fn of(step: u64) -> Self {
        match step % STEPS_PER_ROUND {
            0 | 2 => Self::Block,
            1 | 3 => Self::Meet,
            _ => Self::Delete(step - (STEPS_PER_ROUND - 1) + step / STEPS_PER_ROUND % 2),
        }
    }

    /// The step that deletes the entry of this one, if there is one.
    pub const fn deleted_by(step: u64) -> Option<u64> {
        let last = step - step % STEPS_PER_ROUND + STEPS_PER_ROUND - 1;
        match Self::of(last) {
            Self::Delete(entry) if entry == step => Some(last),
            _ => None,
        }
    }
}

/// The calendar requests of a run.
#[derive(Debug)]
pub struct Calendar {
    connections: u64,
    /// Steps that were requested, by connection.
    steps: Vec<u64>,
    /// Numbers of the steps that were refused.
    refused: Vec<u64>,
    pub hours: EntryHours,
    block: Template,
    meet: Template,
    delete: Template,
    day: Template,
}

impl Calendar {
    pub fn new(run: RunId, seed: u64, connections: u32) -> Self {
        let [a, b, c] = ROLES.map(|role| run.person_template(role));
        Self {
            connections: connections.into(),
            steps: vec![0; connections as usize],
            refused: Vec::new(),
            hours: EntryHours::new(seed),
            block: Template::new(&format!("BLOCK {a} @@@@@@@@@@ %%:00\n")),
            meet: Template::new(&format!("MEET {a} @@@@@@@@@@ %%:00 {TITLE} {b},{c}\n")),
            delete: Template::new(&format!("DELETE {a} @@@@@@@@@@ %%:00\n")),
            day: Template::new(&format!("GET {a} @@@@@@@@@@\n")),
        }
    }

    /// Appends the request of the connection's next step.
    #[inline]
    pub fn request_step(&mut self, connection: usize, out: &mut Vec<u8>) -> Pending {
        let step = self.steps[connection];
        self.steps[connection] = step + 1;
        let number = self.number(connection, step);
        let line = match Step::of(step) {
            Step::Block => self.block.with_hour(number, self.hours.of(number)),
            Step::Meet => self.meet.with_hour(number, self.hours.of(number)),
            Step::Delete(step) => {
                let entry = self.number(connection, step);
                self.delete.with_hour(entry, self.hours.of(entry))
            }
        };
        out.extend_from_slice(line);
        Pending::Calendar(number)
    }

    /// Appends a GET of the host's day of the connection's last step, or of its first one.
    #[inline]
    pub fn request_day(&mut self, connection: usize, out: &mut Vec<u8>) -> Pending {
        let step = self.steps[connection].saturating_sub(1);
        let entry = match Step::of(step) {
            Step::Delete(entry) => self.number(connection, entry),
            Step::Block | Step::Meet => self.number(connection, step),
        };
        out.extend_from_slice(self.day.with_hour(entry, self.hours.of(entry)));
        Pending::Day
    }

    /// Records that the step with this number was refused.
    #[cold]
    pub fn add_refusal(&mut self, number: u64) {
        self.refused.push(number);
    }

    /// Numbers a connection's step among those of all connections. An entry has the number of the step that
    /// made it.
    #[inline]
    fn number(&self, connection: usize, step: u64) -> u64 {
        step * self.connections + connection as u64
    }

    /// Every entry that was acknowledged. Every request must have its reply.
    pub fn entries(&mut self) -> impl Iterator<Item = Entry> {
        self.refused.sort_unstable();
        let calendar = &*self;
        let was_refused = |number: u64| calendar.refused.binary_search(&number).is_ok();
        calendar.steps.iter().enumerate().flat_map(move |(connection, &steps)| {
            (0..steps).filter_map(move |step| {
                let number = calendar.number(connection, step);
                let is_meeting = match Step::of(step) {
                    Step::Block => false,
                    Step::Meet => true,
                    Step::Delete(_) => return None,
                };
                let is_deleted = Step::deleted_by(step)
                    .is_some_and(|last| last < steps && !was_refused(calendar.number(connection, last)));
                (!was_refused(number)).then_some(Entry { number, is_meeting, is_deleted })
            })
        })
    }
}

/// A calendar entry that was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from which its people and its hour follow.
    pub number: u64,
    /// A meeting of three, or a block.
    pub is_meeting: bool,
    /// Whether its deletion was acknowledged.
    pub is_deleted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delete_step_follows_its_entry_and_deletes_it_once() {
        for step in 0..1_000 {
            match Step::of(step) {
                Step::Delete(entry) => {
                    assert!(entry < step && matches!(Step::of(entry), Step::Block | Step::Meet));
                    assert_eq!(Step::deleted_by(entry), Some(step));
                }
                Step::Block | Step::Meet => {
                    let deleted =
                        Step::deleted_by(step).is_some_and(|last| Step::of(last) == Step::Delete(step));
                    assert_eq!(deleted, Step::deleted_by(step).is_some());
                }
            }
        }
    }

    #[test]
    fn refused_steps_make_no_entry_and_delete_none() {
        let mut calendar = Calendar::new(RunId(1), 1, 2);
        let mut out = Vec::new();
        // A whole round over the first connection, two steps over the second.
        let numbers: Vec<_> =
            [0, 0, 0, 0, 0, 1, 1].map(|connection| calendar.request_step(connection, &mut out)).into();
        assert_eq!(numbers[4], Pending::Calendar(8));
        let entry = |number, is_meeting, is_deleted| Entry { number, is_meeting, is_deleted };
        let expected = [
            entry(0, false, true),
            entry(2, true, false),
            entry(4, false, false),
            entry(6, true, false),
            entry(1, false, false),
            entry(3, true, false),
        ];
        assert_eq!(calendar.entries().collect::<Vec<_>>(), expected);

        // A refused BLOCK makes no entry; a refused DELETE leaves the entry in place.
        calendar.add_refusal(3);
        calendar.add_refusal(8);
        let left = [&[entry(0, false, false)][..], &expected[1..5]].concat();
        assert_eq!(calendar.entries().collect::<Vec<_>>(), left);
        let lines = String::from_utf8(out).unwrap();
        assert!(lines.starts_with("BLOCK bench-00000001-p000000000000a "), "{lines}");
        assert!(
            lines.contains("standup bench-00000001-p000000000002b,bench-00000001-p000000000002c\n"),
            "{lines}"
        );
    }
}
