//! A member of a cluster: how it follows the log, takes over, appends, and finds that it was deposed.
//!
//! It does no I/O and has no clock. Its owner does the [`Step`] that [`Member::next`] names, one at a time,
//! and reports the result. So the same code runs in the server and in simulations.

mod bug;
mod frames;
mod quiet;
mod settings;
#[cfg(test)]
mod tests;
mod undecided;

use std::time::Duration;

use thiserror::Error;

pub use bug::Bug;
pub use frames::{Batch, Break, Content, Read, claimed_before, genesis, read as read_frame};
pub use settings::Settings;

use super::append::{Append, AppendResult};
use super::boot_time::BootTime;
use super::position::Position;
use super::snapshot_point;
use super::stream_read::StreamRead;
use super::stream_sequence::StreamSequence;
use crate::codec::Sequence;
use crate::codec::frame::Kind;
use quiet::Quiet;
use undecided::Undecided;

/// A standby that has read everything asks for more after this time.
const POLL_AFTER: Duration = Duration::from_millis(20);

/// The time after which a message that cannot follow is read again, and how often it is: the NATS server that
/// has answered may be behind.
pub(super) const BREAK_READ_AFTER: Duration = Duration::from_millis(200);
pub(super) const BREAK_READS: u32 = 5;

/// What the owner of a member does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read this message, and report it to [`Member::on_read`].
    Read(StreamSequence),
    /// Send this append, and report its result to [`Member::on_append`].
    Append(Append),
    /// Do nothing until this time. A leader goes on earlier if there is a batch or a barrier is wanted.
    Wait(BootTime),
    /// Begin anew with another member and an empty state: this one led, and another one has taken over.
    Deposed,
    /// Begin anew in the same way: this one led, and has resigned. What was looked up before its last append
    /// may still be shown.
    Resigned,
    /// Stop: the log is corrupt.
    Stop(Corrupt),
}

/// What has happened, in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A standby has read this frame, and applies it.
    Read(Read),
    /// Leads from now on. The log ends at this position.
    Leads(Position),
    /// Everything that was appended up to this commit is durable.
    Durable(Sequence),
    /// It has appended a snapshot point with this base, as the leader.
    SnapshotPoint { base: StreamSequence },
    /// Leads no more: its resignation is at this position.
    Resigned(Position),
}

/// A message that cannot follow the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the log is corrupt: message {} of the stream cannot follow the one before it: {reason}", at.0)]
pub struct Corrupt {
    pub at: StreamSequence,
    pub reason: Break,
}

#[derive(Debug, Clone)]
enum Role {
    Standby {
        quiet: Quiet,
        read_at: BootTime,
        /// The last read found nothing: what is known has been applied.
        is_current: bool,
        /// How often the next message could not follow.
        breaks: u32,
    },
    Leader {
        heartbeat_at: BootTime,
        wants_barrier: bool,
        /// The base of the snapshot point that is wanted.
        wants_snapshot: Option<StreamSequence>,
        /// It appends its resignation when there is no batch left.
        resigns: bool,
    },
    Deposed,
    Resigned,
    Corrupt(Corrupt),
}

/// A member of a cluster.
#[derive(Debug, Clone)]
pub struct Member {
    settings: Settings,
    position: Position,
    role: Role,
    undecided: Option<Undecided>,
    confirmed: Option<BootTime>,
}

impl Member {
    /// A standby that has applied the log up to `position`.
    pub fn new(settings: Settings, position: Position, now: BootTime) -> Self {
        Self { settings, position, role: Role::standby(now), undecided: None, confirmed: None }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The last frame that it has applied, or, as the leader, that is durable.
    pub fn position(&self) -> Position {
        self.position
    }

    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader { .. })
    }

    /// Whether it has applied all that it knows of, or leads.
    pub fn is_current(&self) -> bool {
        match self.role {
            Role::Standby { is_current, .. } => is_current,
            Role::Leader { .. } => true,
            Role::Deposed | Role::Resigned | Role::Corrupt(_) => false,
        }
    }

    /// When the append whose outcome is not known was first sent, if there is one.
    pub fn undecided_since(&self) -> Option<BootTime> {
        self.undecided.as_ref().map(|undecided| undecided.sent)
    }

    /// When the last append that is known durable was first sent, by this member as the leader. It has led
    /// then.
    pub fn confirmed(&self) -> Option<BootTime> {
        self.confirmed
    }

    /// Makes a leader resign: it appends the batches that are left, and then its resignation. From now on it
    /// has no lease. Its owner makes no new batches.
    pub fn resign(&mut self) {
        if let Role::Leader { resigns, .. } = &mut self.role {
            *resigns = true;
        }
    }

    /// Whether it leads, and ends its term.
    pub fn is_resigning(&self) -> bool {
        matches!(self.role, Role::Leader { resigns: true, .. })
    }

    /// Whether what was looked up may be shown because of the lease. A leader that resigns shows only what
    /// was looked up before an append that is known durable was sent: another one may lead as soon as its
    /// resignation is sent.
    pub fn has_lease(&self) -> bool {
        match self.role {
            Role::Leader { resigns, .. } => !resigns || self.settings.has(Bug::ResignedLease),
            Role::Resigned => self.settings.has(Bug::ResignedLease),
            Role::Standby { .. } | Role::Deposed | Role::Corrupt(_) => false,
        }
    }

    /// Makes a leader append something, although there is no batch, to prove that it leads.
    pub fn want_barrier(&mut self) {
        if let Role::Leader { wants_barrier, .. } = &mut self.role {
            *wants_barrier = true;
        }
    }

    /// Makes a leader append a snapshot point with this base.
    pub fn want_snapshot(&mut self, base: StreamSequence) {
        if let Role::Leader { wants_snapshot, .. } = &mut self.role {
            *wants_snapshot = Some(base);
        }
    }

    /// What to do next. `take_batch` takes the commits that are to be appended, if there are any; it is asked
    /// only if nothing is undecided, so that one append is in flight at a time.
    pub fn next(&mut self, now: BootTime, take_batch: &mut dyn FnMut() -> Option<Batch>) -> Step {
        if let Some(undecided) = &mut self.undecided {
            if undecided.again > now {
                return Step::Wait(undecided.again);
            }
            undecided.note_try(now);
            return if undecided.looks {
                Step::Read(undecided.append.expected.next())
            } else {
                Step::Append(undecided.append.clone())
            };
        }
        match &self.role {
            Role::Standby { read_at, .. } if *read_at > now => Step::Wait(*read_at),
            Role::Standby { quiet, is_current, .. } => {
                let is_quiet = quiet.counted() >= self.settings.quiet_before_takeover(self.position);
                if *is_current && is_quiet && self.position.stream >= self.settings.seen {
                    self.take_over(now)
                } else {
                    Step::Read(self.position.stream.next())
                }
            }
            &Role::Leader { wants_snapshot: Some(base), resigns: false, .. } => {
                let batch = Batch::without_commits(&snapshot_point::payload(base));
                let step = self.lead_with(Kind::SnapshotPoint, batch, now);
                if let Role::Leader { wants_snapshot, .. } = &mut self.role {
                    *wants_snapshot = None;
                }
                if let Some(undecided) = &mut self.undecided {
                    undecided.snapshot_base = Some(base);
                }
                step
            }
            &Role::Leader { heartbeat_at, wants_barrier, resigns, .. } => {
                let is_due = wants_barrier || heartbeat_at <= now;
                match take_batch() {
                    Some(batch) => self.lead_with(Kind::Commits, batch, now),
                    None if resigns => self.lead_with(Kind::Resign, Batch::without_commits(&[]), now),
                    None if is_due => self.lead_with(Kind::Heartbeat, Batch::without_commits(&[]), now),
                    None => Step::Wait(heartbeat_at),
                }
            }
            Role::Deposed => Step::Deposed,
            Role::Resigned => Step::Resigned,
            Role::Corrupt(corrupt) => Step::Stop(*corrupt),
        }
    }

    /// Reports what the stream has said to [`Step::Append`].
    pub fn on_append(&mut self, now: BootTime, result: AppendResult) -> Option<Event> {
        let undecided = self.undecided.as_mut()?;
        match result {
            AppendResult::Stored { sequence } if sequence == undecided.position.stream => {
                return self.decide_stored(now);
            }
            AppendResult::WrongLastSequence if self.settings.has(Bug::RefusalDecides) => self.lose(now),
            // An append that is stored elsewhere is not this one, although it has its id.
            AppendResult::Stored { .. } | AppendResult::WrongLastSequence => undecided.look(now),
            AppendResult::Unknown => undecided.send_again(now),
        }
        None
    }

    /// Reports what the stream has said to [`Step::Read`].
    pub fn on_read(&mut self, now: BootTime, read: StreamRead) -> Option<Event> {
        if let Some(undecided) = &mut self.undecided {
            match &read {
                StreamRead::Message { id, frame }
                    if *id == undecided.append.id && *frame == undecided.append.frame =>
                {
                    return self.decide_stored(now);
                }
                StreamRead::Message { .. } => self.lose(now),
                StreamRead::Absent | StreamRead::NoAnswer => {
                    undecided.send_again(now);
                    return None;
                }
            }
        }
        let Role::Standby { quiet, read_at, is_current, breaks } = &mut self.role else { return None };
        match read {
            StreamRead::NoAnswer => {
                if self.settings.has(Bug::OutageCountsAsQuiet) {
                    quiet.count_all(now);
                } else {
                    quiet.note_silence();
                }
                *read_at = now + POLL_AFTER;
                None
            }
            StreamRead::Absent => {
                quiet.count(now);
                (*is_current, *read_at) = (true, now + POLL_AFTER);
                None
            }
            StreamRead::Message { frame, .. } => {
                match frames::read(&frame, self.position, &self.settings.salt) {
                    Ok(read) => {
                        self.position = read.position;
                        self.role = Role::standby(now);
                        return Some(Event::Read(read));
                    }
                    Err(reason) if *breaks >= BREAK_READS => {
                        let at = self.position.stream.next();
                        self.role = Role::Corrupt(Corrupt { at, reason });
                    }
                    Err(_) => (*breaks, *read_at) = (*breaks + 1, now + BREAK_READ_AFTER),
                }
                None
            }
        }
    }

    /// Makes the first frame of an empty stream, or one that makes this member the leader.
    fn take_over(&mut self, now: BootTime) -> Step {
        if self.position.stream == StreamSequence(0) {
            let genesis = Batch::without_commits(&self.settings.genesis);
            return self.append(Kind::Genesis, 0, genesis, now);
        }
        let takeover = Batch::without_commits(self.settings.advertise.as_bytes());
        self.append(Kind::Takeover, self.position.term + 1, takeover, now)
    }

    /// Appends a frame as the leader. Whatever it is, it is the barrier that is wanted so far.
    fn lead_with(&mut self, kind: Kind, batch: Batch, now: BootTime) -> Step {
        if let Role::Leader { heartbeat_at, wants_barrier, .. } = &mut self.role {
            (*heartbeat_at, *wants_barrier) = (now + self.settings.heartbeat_after(), false);
        }
        self.append(kind, self.position.term, batch, now)
    }

    fn append(&mut self, kind: Kind, term: u32, batch: Batch, now: BootTime) -> Step {
        let expected = self.position.stream;
        let (frame, position) = frames::write(kind, term, self.position, batch, &self.settings.salt);
        // An id that the stream has seen is acknowledged whatever the content, so it names the content.
        let id = format!("{term}-{}-{:016x}-{:08x}", expected.0, self.settings.nonce, position.crc);
        let append = Append { expected, id, frame };
        self.undecided = Some(Undecided::new(append.clone(), position, now));
        Step::Append(append)
    }

    /// The undecided append is in the log, at its place.
    fn decide_stored(&mut self, now: BootTime) -> Option<Event> {
        let Undecided { append, position, sent, snapshot_base, .. } = self.undecided.take()?;
        let before = std::mem::replace(&mut self.position, position);
        if position.term == 0 {
            self.role = Role::standby(now);
            let content = Content::Genesis(self.settings.genesis.clone());
            return Some(Event::Read(Read { content, position }));
        }
        debug_assert_eq!(append.expected, before.stream);
        let counted_from = if self.settings.has(Bug::LeaseFromAcknowledgment) { now } else { sent };
        self.confirmed = Some(counted_from);
        if position.is_resigned {
            self.role = Role::Resigned;
            return Some(Event::Resigned(position));
        }
        if position.term > before.term {
            self.role = Role::leader(sent + self.settings.heartbeat_after());
            return Some(Event::Leads(position));
        }
        Some(match snapshot_base {
            Some(base) => Event::SnapshotPoint { base },
            None => Event::Durable(position.commit),
        })
    }

    /// Another frame is at the place of the undecided append, which so will never be in the log.
    fn lose(&mut self, now: BootTime) {
        self.undecided = None;
        self.role = match self.role {
            Role::Leader { .. } => Role::Deposed,
            _ => Role::standby(now),
        };
    }
}

impl Role {
    fn leader(heartbeat_at: BootTime) -> Self {
        Self::Leader { heartbeat_at, wants_barrier: false, wants_snapshot: None, resigns: false }
    }

    fn standby(now: BootTime) -> Self {
        Self::Standby { quiet: Quiet::since(now), read_at: now, is_current: false, breaks: 0 }
    }
}
