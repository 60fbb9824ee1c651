//! An hour of a day, in the calendars of a few people. A meeting takes it for all of its people at once.

use super::operation::Register;

/// The people whose calendars are used.
pub const PEOPLE: usize = 4;

/// What each person has in the hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Hour([Cell; PEOPLE]);

/// What a person has in an hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Cell {
    #[default]
    Free,
    Block,
    Meeting(Meeting),
}

/// A meeting. No two have the same title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Meeting {
    pub title: u64,
    pub host: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HourRequest {
    Block(usize),
    /// The host is one of the people.
    Meet {
        people: Vec<usize>,
        meeting: Meeting,
    },
    Delete(usize),
    Read(usize),
}

#[derive(Debug, Clone, PartialEq)]
pub enum HourReply {
    /// The hour is taken.
    Taken,
    /// The hour was not free for these, and nothing was taken.
    Busy(Vec<usize>),
    DeletedBlock,
    DeletedMeeting,
    /// There is nothing to delete.
    Nothing,
    /// It is a meeting of this host, who alone may delete it.
    HostIs(usize),
    /// What a read shows.
    Shown(Cell),
}

impl Hour {
    /// Who of these is busy.
    fn busy(&self, people: &[usize]) -> Vec<usize> {
        people.iter().copied().filter(|&who| self.0[who] != Cell::Free).collect()
    }

    fn with(mut self, people: &[usize], cell: Cell) -> Self {
        people.iter().for_each(|&who| self.0[who] = cell);
        self
    }

    /// Without what this person has, for everyone who has it.
    fn without(mut self, who: usize) -> Self {
        match self.0[who] {
            Cell::Meeting(_) => {
                let deleted = self.0[who];
                self.0.iter_mut().filter(|cell| **cell == deleted).for_each(|cell| *cell = Cell::Free);
            }
            Cell::Block | Cell::Free => self.0[who] = Cell::Free,
        }
        self
    }

    /// The reply to a request, and what is after it.
    fn execute(&self, request: &HourRequest) -> (HourReply, Self) {
        let take = |people: &[usize], cell| {
            let busy = self.busy(people);
            if busy.is_empty() {
                (HourReply::Taken, self.with(people, cell))
            } else {
                (HourReply::Busy(busy), *self)
            }
        };
        match request {
            HourRequest::Block(who) => take(&[*who], Cell::Block),
            HourRequest::Meet { people, meeting } => take(people, Cell::Meeting(*meeting)),
            HourRequest::Delete(who) => match self.0[*who] {
                Cell::Free => (HourReply::Nothing, *self),
                Cell::Block => (HourReply::DeletedBlock, self.without(*who)),
                Cell::Meeting(Meeting { host, .. }) if host == *who => {
                    (HourReply::DeletedMeeting, self.without(*who))
                }
                Cell::Meeting(Meeting { host, .. }) => (HourReply::HostIs(host), *self),
            },
            HourRequest::Read(who) => (HourReply::Shown(self.0[*who]), *self),
        }
    }
}

impl Register for Hour {
    type Request = HourRequest;
    type Reply = HourReply;

    fn answered(&self, request: &HourRequest, reply: &HourReply) -> Option<Self> {
        let (right, after) = self.execute(request);
        (right == *reply).then_some(after)
    }

    fn executed(&self, request: &HourRequest) -> Self {
        self.execute(request).1
    }
}
