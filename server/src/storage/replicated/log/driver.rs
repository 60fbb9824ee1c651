//! Does the steps of a member: the I/O, the clock, and the state.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::time::Duration;

use thiserror::Error;
use tokio::time::sleep;

use super::shared::Shared;
use super::{Leadership, ReplicatedLog, Role};
use crate::codec::{Sequence, frame};
use crate::storage::commits::Commits;
use crate::storage::replicated::boot_time::BootTime;
use crate::storage::replicated::genesis::GenesisMismatch;
use crate::storage::replicated::member::{Batch, Content, Corrupt, Event, Member, Read, Settings, Step};
use crate::storage::replicated::position::Position;
use crate::storage::replicated::read_ahead::ReadAhead;
use crate::storage::replicated::replica::{Lost, Replica};
use crate::storage::replicated::snapshot_point::SnapshotPoint;
use crate::storage::replicated::start::Start;
use crate::storage::replicated::stream::Stream;
use crate::storage::replicated::stream_read::StreamRead;
use crate::storage::replicated::stream_sequence::StreamSequence;

/// How long a log that is closed waits for the stream. A server that stops has no more than five seconds.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// How long a leader that has resigned goes on to show what its last append proves, before its connections
/// are closed. Nobody waits for it: another member may lead already.
const RESIGNED_REPLIES_MAX: Duration = Duration::from_millis(200);

/// The leases for which the stream may end before what was seen of it.
const BEHIND_LEASES_MAX: u32 = 10;

/// Why a driver has ended.
#[derive(Debug, Error)]
pub enum End {
    /// The log was closed.
    #[error("the log was closed")]
    Closed,
    /// Another member has taken over. This one begins anew as a standby.
    #[error("another server has taken over")]
    Deposed,
    /// This member was to resign, and has. It begins anew as a standby.
    #[error("this server has resigned as the leader of term {term}")]
    Resigned { term: u32 },
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    #[error(transparent)]
    Genesis(#[from] GenesisMismatch),
    #[error(transparent)]
    Lost(#[from] Lost),
    /// What follows was purged. This member begins anew, with a newer snapshot.
    #[error("the stream has purged what this server was to read next, message {0}")]
    Purged(u64),
    /// The log goes on behind a snapshot, and this member has begun without one.
    #[error(
        "the log goes on behind commit {} of the data that the cluster was begun with, and no snapshot is left that holds \
         it: run `booklined cluster import` again with the same data, if no server has led since, or begin another cluster \
         with that data or a backup", commit.0
    )]
    NoSnapshot { commit: Sequence },
    #[error("commit {} of the log contradicts those before it: {reason}", commit.0)]
    Contradiction { commit: Sequence, reason: String },
}

/// Does the steps of one member, until it ends.
pub struct Driver<S, R> {
    stream: Arc<S>,
    read_ahead: ReadAhead<S>,
    shared: Arc<Shared>,
    member: Member,
    replica: R,
    /// An append may be undecided for so long before changes are refused.
    undecided_max: Duration,
    /// The commits of the append in flight.
    in_flight: Option<Commits>,
    /// The time of the last commit that was read, in microseconds since 1970 (UTC).
    last_micros: Option<i64>,
    closed_at: Option<BootTime>,
    /// Since when the stream has ended before what was seen of it.
    behind_since: Option<BootTime>,
}

impl<S: Stream, R: Replica> Driver<S, R> {
    /// The driver of a log, which has none yet, and is as at its start.
    pub fn new(
        log: &ReplicatedLog,
        stream: Arc<S>,
        replica: R,
        settings: Settings,
        undecided_max: Duration,
    ) -> Self {
        let shared = log.shared.clone();
        let Start { position, last_micros, .. } = shared.start;
        let member = Member::new(settings, position, BootTime::now());
        Self {
            read_ahead: ReadAhead::new(stream.clone()),
            stream,
            shared,
            member,
            replica,
            undecided_max,
            in_flight: None,
            last_micros,
            closed_at: None,
            behind_since: None,
        }
    }

    /// Follows the log, takes over, and appends.
    pub async fn run(mut self) -> End {
        let end = loop {
            if let Err(end) = self.step().await {
                break end;
            }
            self.shared.steps.fetch_add(1, Relaxed);
        };
        self.shared.set_role(Role::Ended);
        self.shared.set_confirmed(None);
        self.replica.end(self.member.position());
        end
    }

    async fn step(&mut self) -> Result<(), End> {
        let now = BootTime::now();
        self.check_seen(now)?;
        match self.next(now) {
            _ if self.is_to_end(now) => return Err(End::Closed),
            Step::Read(sequence) => {
                let read = self.read_ahead.read(sequence).await;
                self.check_purged(sequence, &read).await?;
                let event = self.member.on_read(BootTime::now(), read);
                self.note(event)?;
            }
            Step::Append(append) => {
                let result = self.stream.append(&append).await;
                let event = self.member.on_append(BootTime::now(), result);
                self.note(event)?;
            }
            Step::Wait(until) => {
                tokio::select! {
                    () = sleep(until.since(now)) => {}
                    () = self.shared.work.notified() => {}
                }
            }
            Step::Deposed => return Err(End::Deposed),
            Step::Resigned => {
                sleep(RESIGNED_REPLIES_MAX).await;
                return Err(End::Resigned { term: self.member.position().term });
            }
            Step::Stop(corrupt) => return Err(corrupt.into()),
        }
        Ok(())
    }

    /// Checks that the stream has what was seen of it before this start. A NATS server may be behind for a
    /// moment.
    fn check_seen(&mut self, now: BootTime) -> Result<(), Lost> {
        let Settings { seen, lease, .. } = *self.member.settings();
        let found = self.member.position().stream;
        if !self.member.is_current() || found >= seen {
            self.behind_since = None;
            return Ok(());
        }
        if now.since(*self.behind_since.get_or_insert(now)) >= BEHIND_LEASES_MAX * lease {
            return Err(Lost::Behind { found: found.0, seen: seen.0 });
        }
        Ok(())
    }

    /// A message that was purged is answered as one that does not exist yet. It is told from that at the end
    /// of what the start reads, and when this member has tried to take over in vain.
    async fn check_purged(&self, sequence: StreamSequence, read: &StreamRead) -> Result<(), End> {
        let is_doubtful = !self.member.is_current() || self.member.undecided_since().is_some();
        if *read != StreamRead::Absent || !is_doubtful {
            return Ok(());
        }
        match self.stream.first().await {
            Some(first) if first > sequence => Err(End::Purged(sequence.0)),
            _ => Ok(()),
        }
    }

    fn next(&mut self, now: BootTime) -> Step {
        self.begin_to_resign();
        let Self { member, shared, in_flight, .. } = self;
        let mut state = shared.lock();
        if std::mem::take(&mut state.wants_barrier) {
            member.want_barrier();
        }
        if let Some(base) = state.wants_snapshot.take() {
            member.want_snapshot(base);
        }
        drop(state);
        member.next(now, &mut || {
            let mut state = shared.lock();
            let frame = state.take_next()?;
            let bytes = std::mem::take(&mut frame.bytes);
            let (first, last, commits) = (frame.first, frame.last(), frame.commits);
            drop(state);
            shared.batches.observe(commits.into(), 1);
            *in_flight = Some(Commits::new(first, last, bytes[frame::HEADER_BYTES..].into()));
            Some(Batch { bytes, commits })
        })
    }

    /// Resigns, if this member leads and is to. It has no lease before its resignation is sent.
    fn begin_to_resign(&mut self) {
        let wants_to_resign = std::mem::take(&mut self.shared.lock().wants_to_resign);
        if wants_to_resign && self.member.is_leader() {
            tracing::info!(term = self.member.position().term, "this server resigns as the leader");
            self.member.resign();
            self.shared.has_lease.store(self.member.has_lease(), Release);
            self.shared.set_role(Role::Resigning);
        }
    }

    /// Whether the log was closed, and there is nothing left to wait for.
    fn is_to_end(&mut self, now: BootTime) -> bool {
        let state = self.shared.lock();
        if !state.is_closed {
            return false;
        }
        let has_resigned = !self.member.is_resigning() && !state.wants_to_resign;
        let has_nothing_left = state.queue.is_empty() && self.in_flight.is_none() && has_resigned;
        has_nothing_left || now.since(*self.closed_at.get_or_insert(now)) >= CLOSE_MAX
    }

    /// Notes what has happened, and whether appends are answered.
    fn note(&mut self, event: Option<Event>) -> Result<(), End> {
        if self.member.is_leader() || matches!(event, Some(Event::Resigned(_))) {
            // Before those are woken who wait for the append.
            let confirmed = self.member.confirmed();
            if confirmed != self.shared.confirmed() {
                self.shared.lock().heard = confirmed.unwrap_or_default();
                self.shared.set_confirmed(confirmed);
            }
            let undecided = self.member.undecided_since().map(|since| BootTime::now().since(since));
            let stalled = undecided.filter(|&undecided| undecided >= self.undecided_max);
            self.set_stalled(stalled.map(|stalled| stalled.as_secs()));
        }
        if let Some(event) = event {
            self.apply(event)?;
        }
        if self.member.is_current() {
            self.shared.is_current.send_if_modified(|is_current| !std::mem::replace(is_current, true));
        }
        Ok(())
    }

    fn set_stalled(&self, stalled: Option<u64>) {
        let mut state = self.shared.lock();
        let before = std::mem::replace(&mut state.stalled, stalled);
        if before.is_none() && stalled.is_some() {
            // Who waits for capacity waits for this append.
            state.wake_for_capacity();
            let seconds = self.undecided_max.as_secs();
            tracing::warn!(
                "NATS has not acknowledged an append for {seconds} s: changes are refused until it does"
            );
        } else if before.is_some() && stalled.is_none() {
            tracing::info!("NATS acknowledges appends again: changes are accepted");
        }
        drop(state);
        self.shared.is_stalled.send_if_modified(|is_stalled| {
            std::mem::replace(is_stalled, stalled.is_some()) != stalled.is_some()
        });
    }

    fn apply(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Read(read) => self.follow(read)?,
            Event::Leads(position) => self.lead(position),
            Event::SnapshotPoint { base } => self.reach_snapshot_point(base),
            Event::Resigned(position) => {
                tracing::info!(term = position.term, "this server has resigned: another one may take over");
            }
            Event::Durable(_) => {
                let position = self.member.position();
                if let Some(commits) = self.in_flight.take() {
                    let bytes = commits.bytes() as u64;
                    self.shared.lock().index.note(commits.first(), position.stream, bytes);
                    self.shared.publish(commits);
                }
            }
        }
        let position = self.member.position();
        self.shared.lock().position = position;
        self.replica.reached(position)?;
        Ok(())
    }

    fn reach_snapshot_point(&self, base: StreamSequence) {
        self.shared.reach(SnapshotPoint { base, position: self.member.position() });
    }

    /// Applies a frame of another leader, or the first one.
    fn follow(&mut self, Read { content, position }: Read) -> Result<(), End> {
        let mut state = self.shared.lock();
        state.heard = BootTime::now();
        match content {
            Content::Genesis(genesis) => {
                drop(state);
                self.replica.begin(&genesis)?;
                if position.commit > Sequence(0) {
                    return Err(End::NoSnapshot { commit: position.commit });
                }
            }
            Content::Takeover { leader } => {
                // Not those of the past, which it reads at its start.
                if *self.shared.is_current.borrow() {
                    tracing::info!(term = position.term, %leader, "another server has taken over");
                }
                state.leadership = Leadership { term: position.term, leader };
            }
            Content::Heartbeat => {}
            Content::SnapshotPoint { base } => {
                drop(state);
                self.reach_snapshot_point(base);
            }
            Content::Resign => {
                if *self.shared.is_current.borrow() {
                    tracing::info!(term = position.term, "the leader has resigned");
                }
                // Nobody is told to go to it.
                state.leadership.leader = Box::default();
            }
            Content::Commits { first, payload } => {
                state.index.note(first, position.stream, payload.len() as u64);
                state.next = position.commit.next();
                drop(state);
                let commits = Commits::new(first, position.commit, payload[..].into());
                // Before it is applied, as it is in the stream: nobody waits for what a standby shows.
                self.shared.set_durable(position.commit);
                self.apply_commits(&commits)?;
                self.shared.publish(commits);
            }
        }
        Ok(())
    }

    fn apply_commits(&mut self, commits: &Commits) -> Result<(), End> {
        let mut next = commits.first();
        for commit in commits.after(Sequence(commits.first().0 - 1)) {
            let contradiction = |reason: String| End::Contradiction { commit: next, reason };
            let commit = commit.map_err(|error| contradiction(error.to_string()))?;
            self.replica.apply(commit).map_err(|error| contradiction(error.to_string()))?;
            self.last_micros = Some(commit.micros);
            next = next.next();
        }
        if next != commits.last().next() {
            return Err(End::Contradiction { commit: next, reason: "its frame ends before it".into() });
        }
        Ok(())
    }

    fn lead(&mut self, position: Position) {
        // Before any request is decided.
        self.replica.lead(self.last_micros);
        let mut state = self.shared.lock();
        state.leadership =
            Leadership { term: position.term, leader: self.member.settings().advertise.clone() };
        state.last_micros = self.last_micros.unwrap_or(i64::MIN);
        drop(state);
        self.shared.set_role(Role::Leader);
        tracing::info!(term = position.term, commits = position.commit.0, "this server leads");
    }
}
