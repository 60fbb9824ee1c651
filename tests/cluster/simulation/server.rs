//! A simulated server: a member, its clock, its state, and the reads that wait for the log.

use std::time::Duration;

use bookline_server::codec::frame::HEADER_BYTES;
use bookline_server::codec::salt::Salt;
use bookline_server::storage::replicated::append::{Append, AppendResult};
use bookline_server::storage::replicated::boot_time::BootTime;
use bookline_server::storage::replicated::lease::Lease;
use bookline_server::storage::replicated::member::{Batch, Bug, Content, Event, Member, Settings, Step};
use bookline_server::storage::replicated::stream_sequence::StreamSequence;
use bookline_testkit::Rng;

use super::clock::{Clock, Micros};
use super::link::Link;
use super::request::RequestId;

pub const SALT: [u8; 16] = [7; 16];

const LEASE: Duration = Duration::from_secs(3);

/// A leader appends a snapshot point each time that it has done so many steps.
const SNAPSHOT_POINT_TURNS: u32 = 32;

/// A read that has looked at the state and waits until its reply may be sent.
#[derive(Debug, Clone, Copy)]
pub struct PendingRead {
    /// The commits it has seen.
    pub seen: usize,
    /// The commits that were acknowledged, by whomever, when it began.
    pub acknowledged: usize,
    /// When the server has looked.
    pub looked: BootTime,
    /// Whether it relies on the lease, and not on a barrier alone.
    pub uses_lease: bool,
}

#[derive(Debug)]
pub struct Server {
    name: usize,
    /// There is none while the process does not run.
    pub member: Option<Member>,
    pub clock: Clock,
    /// The commits in its state. A leader's may be undecided.
    pub state: Vec<u64>,
    /// How many of them are durable.
    pub durable: usize,
    /// Commits that were decided and not given to the member yet.
    batch: Vec<u64>,
    /// A planted bug: the commits behind the undecided append, and their append, which is sent too.
    ahead: Option<(Vec<u64>, Append)>,
    pub reads: Vec<PendingRead>,
    /// It does nothing before this time.
    pub asleep_until: Micros,
    /// It falls asleep for this time when it has sent its next append.
    pub sleeps_next: Option<Micros>,
    pub to_stream: Link,
    pub from_stream: Link,
    /// The term that this process has resigned.
    resigned: Option<u32>,
    /// Of an earlier process nothing is reported to this one.
    pub life: u32,
    /// Counts the steps: a later one replaces what the member waited for.
    pub turn: u32,
    /// The request that is to be answered before the next step.
    pub awaited: Option<RequestId>,
}

impl Server {
    pub fn new(name: usize, clock: Clock) -> Self {
        Self {
            name,
            member: None,
            clock,
            state: Vec::new(),
            durable: 0,
            batch: Vec::new(),
            ahead: None,
            reads: Vec::new(),
            asleep_until: 0,
            sleeps_next: None,
            to_stream: Link::Up,
            from_stream: Link::Up,
            resigned: None,
            life: 0,
            turn: 0,
            awaited: None,
        }
    }

    pub fn start(&mut self, now: Micros, planted: Option<Bug>, rng: &mut Rng) {
        let settings = Settings {
            lease: LEASE,
            jitter: Duration::from_millis(rng.within(0..300)),
            salt: Salt::new(SALT),
            nonce: rng.next(),
            advertise: format!("host-{}:2665", self.name).into(),
            seen: StreamSequence(0),
            resigned: self.resigned,
            genesis: "a cluster".into(),
            planted,
        };
        self.member = Some(Member::new(settings, Default::default(), self.clock.read(now)));
    }

    /// Ends the process, without anything of what it had.
    pub fn stop(&mut self) {
        self.life += 1;
        self.resigned = None;
        (self.member, self.awaited, self.ahead, self.durable) = (None, None, None, 0);
        self.state.clear();
        self.batch.clear();
        self.reads.clear();
    }

    pub fn is_leader(&self) -> bool {
        self.member.as_ref().is_some_and(Member::is_leader)
    }

    /// Ends its state after its resignation, and goes on with an empty one.
    pub fn stop_resigned(&mut self) {
        let resigned = self.member.as_ref().map(|member| member.position().term);
        self.stop();
        self.resigned = resigned;
    }

    /// Whether it leads, and takes changes.
    pub fn decides(&self) -> bool {
        self.is_leader() && !self.member.as_ref().is_some_and(Member::is_resigning)
    }

    /// Decides a change.
    pub fn write(&mut self, id: u64) {
        self.state.push(id);
        self.batch.push(id);
    }

    /// What the member does next. `None` if it has to wait for an answer, or does not run.
    pub fn step(&mut self, now: Micros) -> Option<Step> {
        if self.awaited.is_some() {
            return None;
        }
        let Self { member, batch, ahead, .. } = self;
        let member = member.as_mut()?;
        if self.turn.is_multiple_of(SNAPSHOT_POINT_TURNS) {
            member.want_snapshot(StreamSequence(0));
        }
        let step = member.next(self.clock.read(now), &mut || {
            batch_of(&ahead.take().map_or_else(|| std::mem::take(batch), |(ids, _)| ids))
        });
        self.turn += 1;
        Some(step)
    }

    /// The append behind an undecided one, as a leader sends it that has two in flight. A copy of the member
    /// takes the undecided one for stored.
    pub fn append_ahead(&mut self, now: Micros, undecided: &Append) -> Option<Append> {
        if !self.is_leader() || self.ahead.is_some() || self.batch.is_empty() {
            return self.ahead.as_ref().map(|(_, append)| append.clone());
        }
        let now = self.clock.read(now);
        let mut copy = self.member.clone()?;
        copy.on_append(now, AppendResult::Stored { sequence: undecided.expected.next() })?;
        let Step::Append(append) = copy.next(now, &mut || batch_of(&self.batch)) else { return None };
        self.ahead = Some((std::mem::take(&mut self.batch), append.clone()));
        Some(append)
    }

    /// Applies what the member reports. Returns the commits that are acknowledged now: how many were so
    /// before, and their ids.
    pub fn apply(&mut self, event: Event) -> (usize, &[u64]) {
        let before = self.durable;
        match event {
            Event::Read(read) => {
                if let Content::Commits { payload, .. } = read.content {
                    self.state.extend(ids(&payload));
                }
                self.durable = self.state.len();
                (self.durable, &[])
            }
            Event::Leads(_) | Event::Resigned(_) | Event::SnapshotPoint { .. } => (before, &[]),
            Event::Durable(through) => {
                self.durable = usize::try_from(through.0).expect("a short log");
                (before, &self.state[before..self.durable])
            }
        }
    }

    /// The reads whose replies may be sent now.
    pub fn take_covered(&mut self) -> Vec<PendingRead> {
        let Some(member) = &mut self.member else { return Vec::new() };
        let (durable, confirmed, lease) = (self.durable, member.confirmed(), Lease::new(LEASE));
        let has_lease = member.has_lease();
        let is_covered = |read: &mut PendingRead| {
            let covers = |confirmed| match read.uses_lease && has_lease {
                true => lease.covers(confirmed, read.looked),
                false => Lease::proves(confirmed, read.looked),
            };
            read.seen <= durable && confirmed.is_some_and(covers)
        };
        let covered: Vec<_> = self.reads.extract_if(.., is_covered).collect();
        if !self.reads.is_empty() {
            member.want_barrier();
        }
        covered
    }
}

/// The commits with these ids, to be appended.
fn batch_of(ids: &[u64]) -> Option<Batch> {
    let mut bytes = vec![0; HEADER_BYTES];
    ids.iter().for_each(|id| bytes.extend_from_slice(&id.to_le_bytes()));
    let commits = u32::try_from(ids.len()).expect("a few");
    (commits > 0).then_some(Batch { bytes, commits })
}

/// The ids in the payload of a frame.
pub fn ids(payload: &[u8]) -> impl Iterator<Item = u64> {
    let (ids, _) = payload.as_chunks::<8>();
    ids.iter().map(|id| u64::from_le_bytes(*id))
}
