//! Calendar entries of ever new people: what each step asks for follows from its number, so that nothing has to be
//! remembered to know what must be there in the end.

use super::names::{Hours, Run};
use super::pattern::Pattern;
use super::work::Asked;

/// Steps of a connection come in rounds: BLOCK, MEET, BLOCK, MEET, and DELETE of the round's first block or first
/// meeting, by turns.
const ROUND: u64 = 5;

/// The title of every meeting.
pub const TITLE: &str = "standup";

/// The people of an entry: who asks, and the members of a meeting.
pub const ROLES: [char; 3] = ['a', 'b', 'c'];

/// What a step asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An hour kept free.
    Block,
    /// A meeting of three.
    Meet,
    /// What this earlier step of the same connection made is deleted.
    Delete(u64),
}

impl Step {
    /// What the connection's step of this number asks for, counted from 0.
    #[inline]
    pub const fn of(step: u64) -> Self {
        match step % ROUND {
            0 | 2 => Self::Block,
            1 | 3 => Self::Meet,
            _ => Self::Delete(step - (ROUND - 1) + step / ROUND % 2),
        }
    }

    /// The step that deletes what this one makes, if one does.
    pub const fn deleted_by(step: u64) -> Option<u64> {
        let last = step - step % ROUND + ROUND - 1;
        match Self::of(last) {
            Self::Delete(made) if made == step => Some(last),
            _ => None,
        }
    }
}

/// The calendar of a run.
#[derive(Debug)]
pub struct Calendar {
    conns: u64,
    /// Steps asked so far, by connection.
    steps: Vec<u64>,
    /// Numbers of steps that were refused.
    refused: Vec<u64>,
    /// Where entries are.
    pub hours: Hours,
    block: Pattern,
    meet: Pattern,
    delete: Pattern,
    day: Pattern,
}

impl Calendar {
    /// No step is taken yet.
    pub fn new(run: Run, seed: u64, conns: u32) -> Self {
        let [a, b, c] = ROLES.map(|role| run.person(role));
        Self {
            conns: conns.into(),
            steps: vec![0; conns as usize],
            refused: Vec::new(),
            hours: Hours::new(seed),
            block: Pattern::new(&format!("BLOCK {a} @@@@@@@@@@ %%:00\n")),
            meet: Pattern::new(&format!("MEET {a} @@@@@@@@@@ %%:00 {TITLE} {b},{c}\n")),
            delete: Pattern::new(&format!("DELETE {a} @@@@@@@@@@ %%:00\n")),
            day: Pattern::new(&format!("GET {a} @@@@@@@@@@\n")),
        }
    }

    /// Asks for the connection's next step.
    #[inline]
    pub fn step(&mut self, connection: usize, out: &mut Vec<u8>) -> Asked {
        let step = self.steps[connection];
        self.steps[connection] = step + 1;
        let number = self.number(connection, step);
        let line = match Step::of(step) {
            Step::Block => self.block.with_hour(number, self.hours.of(number)),
            Step::Meet => self.meet.with_hour(number, self.hours.of(number)),
            Step::Delete(made) => {
                let entry = self.number(connection, made);
                self.delete.with_hour(entry, self.hours.of(entry))
            }
        };
        out.extend_from_slice(line);
        Asked::Calendar(number)
    }

    /// Asks for the day of whom the connection's last step was about, or would have been.
    #[inline]
    pub fn day(&mut self, connection: usize, out: &mut Vec<u8>) -> Asked {
        let step = self.steps[connection].saturating_sub(1);
        let entry = match Step::of(step) {
            Step::Delete(made) => self.number(connection, made),
            Step::Block | Step::Meet => self.number(connection, step),
        };
        out.extend_from_slice(self.day.with_hour(entry, self.hours.of(entry)));
        Asked::Day
    }

    /// Notes that the step of this number was refused.
    #[cold]
    pub fn refuse(&mut self, number: u64) {
        self.refused.push(number);
    }

    /// The number of a connection's step among those of all connections. An entry is known by that of the step that
    /// made it.
    #[inline]
    fn number(&self, connection: usize, step: u64) -> u64 {
        step * self.conns + connection as u64
    }

    /// What became of every entry that was acknowledged. All steps must be answered.
    pub fn entries(&mut self) -> impl Iterator<Item = Entry> {
        self.refused.sort_unstable();
        let calendar = &*self;
        let was_refused = |number: u64| calendar.refused.binary_search(&number).is_ok();
        calendar.steps.iter().enumerate().flat_map(move |(connection, &steps)| {
            (0..steps).filter_map(move |step| {
                let number = calendar.number(connection, step);
                let meeting = match Step::of(step) {
                    Step::Block => false,
                    Step::Meet => true,
                    Step::Delete(_) => return None,
                };
                let deleted = Step::deleted_by(step)
                    .is_some_and(|last| last < steps && !was_refused(calendar.number(connection, last)));
                (!was_refused(number)).then_some(Entry { number, meeting, deleted })
            })
        })
    }
}

/// An entry that was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from which its people and its hour follow.
    pub number: u64,
    /// A meeting of three, or else a block.
    pub meeting: bool,
    /// Whether its deletion was acknowledged too.
    pub deleted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_was_made_before_and_only_once() {
        for step in 0..1_000 {
            match Step::of(step) {
                Step::Delete(made) => {
                    assert!(made < step && matches!(Step::of(made), Step::Block | Step::Meet));
                    assert_eq!(Step::deleted_by(made), Some(step));
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
    fn refused_steps_leave_nothing_behind_and_delete_nothing() {
        let mut calendar = Calendar::new(Run(1), 1, 2);
        let mut out = Vec::new();
        // A whole round over one connection, two steps over the other.
        let numbers: Vec<_> =
            [0, 0, 0, 0, 0, 1, 1].map(|connection| calendar.step(connection, &mut out)).into();
        assert_eq!(numbers[4], Asked::Calendar(8));
        let entry = |number, meeting, deleted| Entry { number, meeting, deleted };
        let expected = [
            entry(0, false, true),
            entry(2, true, false),
            entry(4, false, false),
            entry(6, true, false),
            entry(1, false, false),
            entry(3, true, false),
        ];
        assert_eq!(calendar.entries().collect::<Vec<_>>(), expected);

        // BLOCK refused: nothing is there. DELETE refused: it still is.
        calendar.refuse(3);
        calendar.refuse(8);
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
