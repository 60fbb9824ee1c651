//! A simulated server: a member, its clock, its state, and the requests that wait for the log.

use std::time::Duration;

use bookline_server::codec::frame::HEADER_BYTES;
use bookline_server::storage::replicated::boot_time::BootTime;
use bookline_server::storage::replicated::lease::Lease;
use bookline_server::storage::replicated::member::{Batch, Content, Event, Member, Settings};

/// The time of the simulation, in microseconds.
pub type Micros = u64;

/// A clock that runs at another speed than the time of the simulation.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub offset: Micros,
    /// Of a thousand.
    pub speed: u64,
}

impl Clock {
    pub fn read(self, now: Micros) -> BootTime {
        BootTime(Duration::from_micros(self.offset + now * self.speed / 1_000))
    }

    /// The time of the simulation at which the clock shows this, or a moment later.
    pub fn when(self, time: BootTime) -> Micros {
        let micros = u64::try_from(time.0.as_micros()).expect("a short simulation");
        micros.saturating_sub(self.offset) * 1_000 / self.speed + 1
    }
}

/// A read that has looked at the state and waits until its reply may be sent.
#[derive(Debug)]
pub struct PendingRead {
    /// The commits it has seen.
    pub seen: usize,
    /// The commits that were acknowledged, by whomever, when it began.
    pub acknowledged: usize,
    /// When the server has looked.
    pub looked: BootTime,
}

#[derive(Debug)]
pub struct Server {
    pub member: Member,
    pub clock: Clock,
    /// The commits in its state. A leader's may be undecided.
    pub state: Vec<u64>,
    /// How many of them are durable.
    pub durable: usize,
    /// Commits that were decided and not given to the member yet.
    batch: Vec<u64>,
    pub reads: Vec<PendingRead>,
    lease: Lease,
    /// It does nothing before this time.
    pub asleep_until: Micros,
    /// The stream gets nothing from it before this time.
    pub mute_until: Micros,
    /// It gets nothing from the stream before this time.
    pub deaf_until: Micros,
    /// Steps of an earlier process are not reported to this one.
    pub life: u32,
    pub is_busy: bool,
}

impl Server {
    pub fn new(settings: Settings, clock: Clock, life: u32, now: Micros) -> Self {
        let lease = Lease::new(settings.lease);
        let member = Member::new(settings, Default::default(), clock.read(now));
        Self {
            member,
            clock,
            state: Vec::new(),
            durable: 0,
            batch: Vec::new(),
            reads: Vec::new(),
            lease,
            asleep_until: 0,
            mute_until: 0,
            deaf_until: 0,
            life,
            is_busy: false,
        }
    }

    /// Decides a change, and returns its sequence number.
    pub fn write(&mut self, id: u64) -> usize {
        self.state.push(id);
        self.batch.push(id);
        self.state.len()
    }

    /// Takes what is to be appended next.
    pub fn take_batch(batch: &mut Vec<u64>) -> Option<Batch> {
        if batch.is_empty() {
            return None;
        }
        let mut bytes = vec![0; HEADER_BYTES];
        batch.iter().for_each(|id| bytes.extend_from_slice(&id.to_le_bytes()));
        let commits = u32::try_from(batch.len()).expect("a few");
        batch.clear();
        Some(Batch { bytes, commits })
    }

    /// The member and what it may append.
    pub fn parts(&mut self) -> (&mut Member, &mut Vec<u64>) {
        (&mut self.member, &mut self.batch)
    }

    /// Applies what the member reports.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Read(read) => {
                if let Content::Commits { first, payload } = read.content {
                    assert_eq!(first.0, self.state.len() as u64 + 1, "the first commit of a frame");
                    self.state.extend(ids(&payload));
                }
                self.durable = self.state.len();
            }
            Event::Leads(position) => assert_eq!(position.commit.0, self.state.len() as u64),
            Event::Durable(through) => self.durable = usize::try_from(through.0).expect("a short log"),
        }
    }

    /// The reads whose replies may be sent now.
    pub fn take_covered(&mut self) -> Vec<PendingRead> {
        let (durable, lease) = (self.durable, self.lease);
        let confirmed = self.member.confirmed();
        let is_covered = |read: &mut PendingRead| {
            read.seen <= durable && confirmed.is_some_and(|confirmed| lease.covers(confirmed, read.looked))
        };
        let covered: Vec<_> = self.reads.extract_if(.., is_covered).collect();
        if !self.reads.is_empty() {
            self.member.want_barrier();
        }
        covered
    }
}

/// The ids in the payload of a frame.
pub fn ids(payload: &[u8]) -> impl Iterator<Item = u64> {
    let (ids, _) = payload.as_chunks::<8>();
    ids.iter().map(|id| u64::from_le_bytes(*id))
}
