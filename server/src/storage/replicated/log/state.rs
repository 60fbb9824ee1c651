//! What appenders, waiters and the driver share under a lock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use super::frame_index::FrameIndex;
use super::pending_frame::PendingFrame;
use crate::changes::{Change, commit};
use crate::codec::{Sequence, frame};
use crate::domain::account::Actor;
use crate::storage::log::{AppendError, Appended};
use crate::storage::replicated::boot_time::BootTime;
use crate::storage::replicated::position::Position;
use crate::storage::replicated::start::Start;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// The number of bytes that may wait for the append before them. Above it, appenders wait before they take a
/// lock: four frames take the stream some milliseconds each.
const QUEUED_BYTES_MAX: usize = 4 << 20;

/// The newest kind of change that the first version with clusters knows, and so every member.
const FIRST_KINDS: u8 = 34;

const _: () = assert!(FIRST_KINDS <= Change::TYPE_MAX);

/// What this member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Standby,
    Leader,
    /// It leads, and resigns: nothing more is decided, and what was is appended.
    Resigning,
    /// It led, or has failed. Nothing that was decided and is not durable yet will be acknowledged.
    Ended,
}

/// The last takeover that was read or made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leadership {
    /// Zero before the first one.
    pub term: u32,
    /// The address of the leader.
    pub leader: Box<str>,
}

/// The kinds of changes that all members know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedKinds {
    /// The newest one.
    pub through: u8,
    /// Who knows no newer one, and what to do.
    pub upgrade: Arc<str>,
}

#[derive(Debug)]
pub(super) struct State {
    pub role: Role,
    pub leadership: Leadership,
    /// When the last frame of the leader was read, or, of this leader, was sent.
    pub heard: BootTime,
    /// The commits that are not given to the driver yet.
    pub queue: VecDeque<PendingFrame>,
    queued_bytes: usize,
    /// The commits that the driver appends.
    pub in_flight: Option<PendingFrame>,
    /// The sequence number of the next commit.
    pub next: Sequence,
    /// The time of the last commit. The times of commits never decrease, even if the clock does.
    pub last_micros: i64,
    /// The most bytes of a frame.
    pub frame_bytes_max: usize,
    pub capacity_waiters: Vec<Waker>,
    /// The append before is undecided for so many seconds, longer than anybody is to wait.
    pub stalled: Option<u64>,
    /// What is wrong with the stream, so that nothing is taken.
    pub misconfigured: Option<Arc<str>>,
    /// `None` until the members have answered.
    pub shared_kinds: Option<SharedKinds>,
    /// Nothing more is taken: the server stops.
    pub is_closed: bool,
    pub wants_barrier: bool,
    /// The base of the snapshot point that the leader is to append.
    pub wants_snapshot: Option<StreamSequence>,
    /// The leader is to resign.
    pub wants_to_resign: bool,
    /// What was applied.
    pub position: Position,
    pub index: FrameIndex,
    /// The bytes of the index at the last snapshot point.
    pub bytes_at_point: u64,
}

impl State {
    pub fn new(frame_bytes_max: usize, start: &Start) -> Self {
        assert!(frame::len(commit::BYTES_MAX) <= frame_bytes_max, "the largest commit fits into a message");
        Self {
            role: Role::Standby,
            leadership: Leadership { term: start.position.term, leader: start.leader.clone() },
            heard: BootTime::default(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            in_flight: None,
            next: start.position.commit.next(),
            last_micros: i64::MIN,
            frame_bytes_max,
            capacity_waiters: Vec::new(),
            stalled: None,
            misconfigured: None,
            shared_kinds: None,
            is_closed: false,
            wants_barrier: false,
            wants_snapshot: None,
            wants_to_resign: false,
            position: start.position,
            index: FrameIndex::behind(start.position),
            bytes_at_point: 0,
        }
    }

    /// Adds a commit to the last frame of the queue, or to a new one.
    pub fn append(
        &mut self,
        micros: i64,
        actor: Option<Actor<'_>>,
        changes: &[Change<'_>],
    ) -> Result<Appended, AppendError> {
        if self.role != Role::Leader || self.is_closed {
            return Err(AppendError::Closed);
        }
        // What is wrong with the stream may be why the log does not answer.
        if let Some(wrong) = &self.misconfigured {
            return Err(AppendError::Misconfigured { wrong: wrong.clone() });
        }
        if let Some(seconds) = self.stalled {
            return Err(AppendError::Unavailable { seconds });
        }
        self.check_kinds(changes)?;
        if self.queued_bytes >= QUEUED_BYTES_MAX {
            return Err(AppendError::Backpressure);
        }
        let length = commit::encoded_len(actor, changes);
        let sequence = self.next;
        self.last_micros = self.last_micros.max(micros);
        let frame_bytes_max = self.frame_bytes_max;
        if !self.queue.back().is_some_and(|open| open.has_space(length, frame_bytes_max)) {
            self.queue.push_back(PendingFrame::new(sequence));
        }
        let open = self.queue.back_mut().expect("a frame was pushed above if there was none");
        open.push(self.last_micros, actor, changes);
        self.queued_bytes += length;
        self.next = sequence.next();
        Ok(Appended { sequence, micros: self.last_micros })
    }

    /// Checks that all members know these changes.
    #[inline]
    fn check_kinds(&self, changes: &[Change<'_>]) -> Result<(), AppendError> {
        let through = self.shared_kinds.as_ref().map_or(FIRST_KINDS, |kinds| kinds.through);
        // As it nearly always is.
        if through >= Change::TYPE_MAX || changes.iter().all(|change| change.type_on_disk() <= through) {
            return Ok(());
        }
        let unanswered = || "the members have not said yet whether they know this kind of change".into();
        let wrong = self.shared_kinds.as_ref().map_or_else(unanswered, |kinds| kinds.upgrade.clone());
        Err(AppendError::Misconfigured { wrong })
    }

    /// Whether an append that met [`AppendError::Backpressure`] may have another result now.
    pub fn may_have_capacity(&self) -> bool {
        let cannot_append = self.stalled.is_some() || self.misconfigured.is_some();
        let takes_none = self.role != Role::Leader || self.is_closed || cannot_append;
        takes_none || self.queued_bytes < QUEUED_BYTES_MAX
    }

    /// Takes the next frame of the queue to append it. None is in flight.
    pub fn take_next(&mut self) -> Option<&mut PendingFrame> {
        debug_assert!(self.in_flight.is_none(), "one append is in flight at a time");
        let next = self.queue.pop_front()?;
        self.queued_bytes -= next.bytes.len() - frame::HEADER_BYTES;
        self.wake_for_capacity();
        Some(self.in_flight.insert(next))
    }

    /// The frame with this commit, unless it is durable.
    pub fn frame_of(&mut self, commit: Sequence) -> Option<&mut PendingFrame> {
        let mut frames = self.in_flight.iter_mut().chain(&mut self.queue);
        frames.find(|frame| frame.last() >= commit)
    }

    pub fn wake_for_capacity(&mut self) {
        self.capacity_waiters.drain(..).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::{AccountDropped, KeysForgotten};
    use crate::domain::account::AccountNumber;

    fn leader() -> State {
        State { role: Role::Leader, ..State::new(1 << 20, &Start::default()) }
    }

    #[test]
    fn commits_are_one_frame_as_far_as_a_message_has_space() {
        let mut state = leader();
        for sequence in 1..=60_000 {
            assert_eq!(state.append(5, None, &[]), Ok(Appended { sequence: Sequence(sequence), micros: 5 }));
        }
        let frames: Vec<_> = state.queue.iter().map(|frame| (frame.first.0, frame.last().0)).collect();
        let [(1, last), (first, 60_000)] = frames[..] else { panic!("{frames:?}") };
        assert_eq!(first, last + 1);
        assert!(frame::len(state.queue[0].bytes.len() - frame::HEADER_BYTES) <= 1 << 20);
        assert_eq!(state.frame_of(Sequence(last)).map(|frame| frame.first.0), Some(1));
        assert_eq!(state.frame_of(Sequence(first)).map(|frame| frame.first.0), Some(first));
    }

    #[test]
    fn queue_is_bounded_and_has_capacity_again_when_a_frame_is_taken() {
        let mut state = leader();
        while state.append(0, None, &[]).is_ok() {}
        assert_eq!(state.append(0, None, &[]), Err(AppendError::Backpressure));
        assert!(!state.may_have_capacity());
        assert!(state.queued_bytes < QUEUED_BYTES_MAX + commit::BYTES_MAX);
        state.take_next().expect("a frame");
        assert!(state.may_have_capacity());
        assert!(state.append(0, None, &[]).is_ok());
    }

    #[test]
    fn change_that_a_member_does_not_know_is_refused_and_others_are_taken() {
        let known = Change::from(KeysForgotten { through: Sequence(1) });
        let newer = Change::from(AccountDropped { account: AccountNumber(1), name: "ada" });
        let mut state = leader();
        assert!(state.append(0, None, &[newer]).is_ok());
        let upgrade: Arc<str> = "b:1 runs version 0.1.0".into();
        state.shared_kinds =
            Some(SharedKinds { through: newer.type_on_disk() - 1, upgrade: upgrade.clone() });
        let refused = Err(AppendError::Misconfigured { wrong: upgrade });
        assert_eq!(state.append(0, None, &[known, newer]), refused);
        assert!(state.append(0, None, &[known]).is_ok());
        state.shared_kinds = Some(SharedKinds { through: newer.type_on_disk(), upgrade: "".into() });
        assert!(state.append(0, None, &[newer]).is_ok());
    }

    #[test]
    fn nothing_is_taken_as_a_standby_nor_while_the_log_does_not_answer_or_is_misconfigured() {
        let mut state = State::new(1 << 20, &Start::default());
        assert_eq!(state.append(0, None, &[]), Err(AppendError::Closed));
        state.role = Role::Leader;
        state.stalled = Some(10);
        assert_eq!(state.append(0, None, &[]), Err(AppendError::Unavailable { seconds: 10 }));
        assert!(state.may_have_capacity(), "who waits learns it");
        // What is wrong is said first: it may be why the log does not answer.
        let wrong: Arc<str> = "it has one replica".into();
        state.misconfigured = Some(wrong.clone());
        assert_eq!(state.append(0, None, &[]), Err(AppendError::Misconfigured { wrong: wrong.clone() }));
        state.stalled = None;
        assert_eq!(state.append(0, None, &[]), Err(AppendError::Misconfigured { wrong }));
        assert!(state.may_have_capacity(), "who waits learns it");
        state.misconfigured = None;
        assert!(state.append(0, None, &[]).is_ok());
    }
}
