//! The search for a sequential order that explains the replies of one register (the linearizability check of
//! Wing and Gong, with the memoization of Lowe).
//!
//! Linearizability is local: a history is linearizable if that of each of its registers is.
//!
//! Two shortcuts keep the search short, and neither loses an order:
//! - A request that changes nothing here, and whose reply is right here, is placed at once. If there is an
//!   order of the others with this request at a later place, there is one with it here: nothing that is
//!   before it in the one order is after it in real time, and the register is the same without it.
//! - Of the same requests with unknown outcomes, the one that was sent first is executed first. If there is
//!   an order with a later one in place of an earlier one, they may be swapped.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::operation::{Answer, Operation, Register};

/// The most states of the search. Beyond it the history counts as undecided, which is a failure of the test:
/// right histories of thousands of operations need about one state for each.
const STATES_MAX: usize = 2_000_000;

/// So many operations on each side of the place at which the search got stuck are shown.
const SHOWN: usize = 16;

/// Searches for an order that explains the replies, and describes the place at which there is none.
pub fn find_order<R: Register>(start: &R, operations: &[Operation<R>]) -> Result<(), String> {
    Search::new(operations).run(start)
}

/// An operation with its reply.
struct Known<'a, R: Register> {
    operation: &'a Operation<R>,
    answer: &'a Answer<R>,
}

struct Search<'a, R: Register> {
    /// The operations whose replies are known, by the time at which they were sent.
    known: Vec<Known<'a, R>>,
    /// The others: the same requests together, by the time at which they were sent.
    unknown: Vec<Vec<&'a Operation<R>>>,
}

/// What a part of an order leads to.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State<R> {
    register: R,
    /// All known operations before this one are placed.
    base: usize,
    /// The known operations after `base` that are placed, in ascending order.
    beyond: Vec<usize>,
    /// How many of the same unknown requests are executed.
    executed: Vec<usize>,
}

impl<R> State<R> {
    /// How many known operations are placed.
    fn placed(&self) -> usize {
        self.base + self.beyond.len()
    }

    fn is_placed(&self, known: usize) -> bool {
        known < self.base || self.beyond.binary_search(&known).is_ok()
    }

    fn place(&mut self, known: usize) {
        let at = self.beyond.partition_point(|&other| other < known);
        self.beyond.insert(at, known);
        let joined =
            self.beyond.iter().zip(self.base..).take_while(|&(&placed, next)| placed == next).count();
        self.beyond.drain(..joined);
        self.base += joined;
    }
}

impl<'a, R: Register> Search<'a, R> {
    fn new(operations: &'a [Operation<R>]) -> Self {
        let mut known = Vec::new();
        let mut unknown: HashMap<&R::Request, Vec<&Operation<R>>> = HashMap::new();
        for operation in operations {
            match &operation.answer {
                Some(answer) => known.push(Known { operation, answer }),
                None => unknown.entry(&operation.request).or_default().push(operation),
            }
        }
        known.sort_by_key(|known| known.operation.sent);
        // In an order that is the same in every run.
        let mut unknown: Vec<_> = unknown.into_values().collect();
        unknown.iter_mut().for_each(|same| same.sort_by_key(|operation| operation.sent));
        unknown.sort_by_key(|same| same[0].sent);
        Self { known, unknown }
    }

    fn run(&self, start: &R) -> Result<(), String> {
        let executed = vec![0; self.unknown.len()];
        let start = State { register: start.clone(), base: 0, beyond: Vec::new(), executed };
        let mut furthest = Furthest::new(start.clone());
        let mut visited = HashSet::new();
        let mut open = vec![start];
        while let Some(mut state) = open.pop() {
            self.place_what_changes_nothing(&mut state);
            furthest.consider(&state);
            if state.placed() == self.known.len() {
                return Ok(());
            }
            if !visited.insert(state.clone()) {
                continue;
            }
            if visited.len() > STATES_MAX {
                return Err(format!("undecided after {STATES_MAX} states\n{}", self.describe(&furthest)));
            }
            self.push_next(&state, &mut open);
        }
        Err(format!("no order explains these replies\n{}", self.describe(&furthest)))
    }

    /// The known operations that may be next: none that is not placed was answered before one of them was
    /// sent. And the time before which an unknown operation has to be sent to be next.
    fn candidates(&self, state: &State<R>) -> (Vec<usize>, u64) {
        let (mut candidates, mut first_answer) = (Vec::new(), u64::MAX);
        for (index, known) in self.known.iter().enumerate().skip(state.base) {
            if known.operation.sent > first_answer {
                break;
            }
            if !state.is_placed(index) {
                candidates.push(index);
                first_answer = first_answer.min(known.answer.received);
            }
        }
        candidates.retain(|&index| self.known[index].operation.sent < first_answer);
        (candidates, first_answer)
    }

    fn answered(&self, state: &State<R>, index: usize) -> Option<R> {
        let known = &self.known[index];
        state.register.answered(&known.operation.request, &known.answer.reply)
    }

    fn place_what_changes_nothing(&self, state: &mut State<R>) {
        loop {
            let (candidates, _) = self.candidates(state);
            let changes_nothing = |&index: &usize| {
                self.answered(state, index).is_some_and(|register| register == state.register)
            };
            match candidates.into_iter().find(changes_nothing) {
                Some(index) => state.place(index),
                None => return,
            }
        }
    }

    /// Pushes what may be next. The last one is tried first: a known operation before an unknown one, and of
    /// the known the one that was answered first.
    fn push_next(&self, state: &State<R>, open: &mut Vec<State<R>>) {
        let (mut candidates, first_answer) = self.candidates(state);
        for (kind, same) in self.unknown.iter().enumerate() {
            let next = same.get(state.executed[kind]).filter(|operation| operation.sent < first_answer);
            let Some(operation) = next else { continue };
            let register = state.register.executed(&operation.request);
            // Not executed at all is the same.
            if register != state.register {
                let mut next = State { register, ..state.clone() };
                next.executed[kind] += 1;
                open.push(next);
            }
        }
        candidates.sort_by_key(|&index| std::cmp::Reverse(self.known[index].answer.received));
        for index in candidates {
            if let Some(register) = self.answered(state, index) {
                let mut next = State { register, ..state.clone() };
                next.place(index);
                open.push(next);
            }
        }
    }

    /// The operations around the place beyond which no order goes.
    fn describe(&self, furthest: &Furthest<R>) -> String {
        let state = &furthest.state;
        let (candidates, first_answer) = self.candidates(state);
        let mut lines = BTreeMap::new();
        let from = state.base.saturating_sub(SHOWN);
        for (index, Known { operation, answer }) in self.known.iter().enumerate().skip(from) {
            let mark = match (state.is_placed(index), candidates.contains(&index)) {
                (true, _) => "placed   ",
                (_, true) => "NOT RIGHT",
                _ => "later    ",
            };
            let Operation { client, sent, request, .. } = operation;
            let received = answer.received;
            lines.insert(
                (*sent, *client),
                format!("{mark} client {client:2} {sent}..{received}: {request:?}: {:?}", answer.reply),
            );
            if index > state.base + candidates.len() + SHOWN {
                break;
            }
        }
        for (kind, same) in self.unknown.iter().enumerate() {
            for (nth, operation) in
                same.iter().enumerate().filter(|(_, operation)| operation.sent < first_answer)
            {
                let mark = if nth < state.executed[kind] { "executed " } else { "unknown  " };
                let Operation { client, sent, request, .. } = operation;
                lines.insert((*sent, *client), format!("{mark} client {client:2} {sent}..: {request:?}"));
            }
        }
        let lines: Vec<String> = lines.into_values().collect();
        format!(
            "{} of {} replies are explained; the longest order leads to one of these: {:?}\n{}",
            state.placed(),
            self.known.len(),
            furthest.registers,
            lines.join("\n")
        )
    }
}

/// The states with the most operations placed.
struct Furthest<R> {
    state: State<R>,
    /// What the register is in them.
    registers: Vec<R>,
}

impl<R: Register> Furthest<R> {
    /// So many are shown.
    const REGISTERS_MAX: usize = 8;

    fn new(state: State<R>) -> Self {
        Self { registers: vec![state.register.clone()], state }
    }

    fn consider(&mut self, state: &State<R>) {
        if state.placed() > self.state.placed() {
            *self = Self::new(state.clone());
        } else if state.placed() == self.state.placed()
            && self.registers.len() < Self::REGISTERS_MAX
            && !self.registers.contains(&state.register)
        {
            self.registers.push(state.register.clone());
        }
    }
}
