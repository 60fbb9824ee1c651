//! A model of the stream, with everything that NATS was seen to do.

use std::collections::{HashMap, VecDeque};

use bookline_server::storage::replicated::append::{Append, AppendResult};
use bookline_server::storage::replicated::stream_read::StreamRead;
use bookline_server::storage::replicated::stream_sequence::StreamSequence;
use bookline_testkit::Rng;
use bytes::Bytes;

use super::clock::Micros;
use super::request::RequestId;
use super::summary::StreamCounts;

/// A stored message.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: String,
    pub frame: Bytes,
}

/// An append that a leader of the stream has accepted, and that is not stored yet. It may never be.
#[derive(Debug, Clone)]
struct Proposal {
    message: Message,
    request: RequestId,
}

/// The server of NATS that leads the stream, or believes so.
#[derive(Debug, Default)]
struct StreamLeader {
    /// How many messages it has, if it is alone: it stores nothing.
    alone_with: Option<usize>,
    proposed: VecDeque<Proposal>,
    /// How many of these the other servers of NATS may have, if it is alone.
    replicated: usize,
}

/// Which leader of the stream a request reaches, if there are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Majority,
    GivenUp,
}

/// What the stream does with an append.
#[derive(Debug)]
pub enum AppendAnswer {
    Now(AppendResult),
    /// It is stored later, if at all.
    Proposed,
    /// No leader is there.
    NoLeader,
}

/// Messages, and the servers of NATS that lead or led.
#[derive(Debug)]
pub struct ModelStream {
    pub messages: Vec<Message>,
    /// Where the message with an id is, and when it was stored.
    places: HashMap<String, (u64, Micros)>,
    /// How long an id is recognized.
    duplicate_window: Micros,
    leader: StreamLeader,
    /// Nobody leads. The next leader has the proposals of [`Self::leader`].
    is_electing: bool,
    /// The last leader, which is alone and has not found out that the others have given it up.
    given_up: Option<StreamLeader>,
    /// How many messages a server of NATS has that is behind and answers reads, if there is one.
    pub behind: Option<usize>,
    pub counts: StreamCounts,
}

impl ModelStream {
    pub fn new(duplicate_window: Micros) -> Self {
        Self {
            messages: Vec::new(),
            places: HashMap::new(),
            duplicate_window,
            leader: StreamLeader::default(),
            is_electing: false,
            given_up: None,
            behind: None,
            counts: StreamCounts::default(),
        }
    }

    /// Whether the stream stores what it is sent.
    pub fn is_sound(&self) -> bool {
        !self.is_electing && self.leader.alone_with.is_none()
    }

    /// How many proposals may be stored.
    pub fn proposals(&self) -> usize {
        self.leader.proposed.len()
    }

    /// An id that was seen is recognized before anything else, whatever its content. A refusal counts what
    /// is only proposed: it comes before the acknowledgments of earlier appends, and may never come true.
    pub fn append(&mut self, now: Micros, side: Side, append: &Append, request: RequestId) -> AppendAnswer {
        let leader = match (side, &mut self.given_up) {
            (Side::GivenUp, Some(leader)) => leader,
            _ if self.is_electing => return AppendAnswer::NoLeader,
            _ => &mut self.leader,
        };
        let stored = leader.alone_with.unwrap_or(self.messages.len()) as u64;
        if let Some(&(place, at)) = self.places.get(&append.id)
            && place <= stored
            && now < at + self.duplicate_window
        {
            self.counts.duplicates += 1;
            return AppendAnswer::Now(AppendResult::Stored { sequence: StreamSequence(place) });
        }
        if leader.proposed.iter().any(|proposal| proposal.message.id == append.id) {
            self.counts.in_process += 1;
            // Error 10158: an append with this id is in process.
            return AppendAnswer::Now(AppendResult::Unknown);
        }
        if append.expected.0 != stored + leader.proposed.len() as u64 {
            self.counts.refused_by_proposal += u32::from(append.expected.0 == stored);
            // Error 10071.
            return AppendAnswer::Now(AppendResult::WrongLastSequence);
        }
        let message = Message { id: append.id.clone(), frame: append.frame.clone() };
        leader.proposed.push_back(Proposal { message, request });
        AppendAnswer::Proposed
    }

    /// Stores the first proposal, and returns its request and its place.
    pub fn store(&mut self, now: Micros) -> Option<(RequestId, StreamSequence)> {
        if !self.is_sound() {
            return None;
        }
        let Proposal { message, request } = self.leader.proposed.pop_front()?;
        let place = self.messages.len() as u64 + 1;
        self.places.insert(message.id.clone(), (place, now));
        self.messages.push(message);
        Some((request, StreamSequence(place)))
    }

    /// Reads from the leader, or from a server that is behind. `None` if neither answers.
    pub fn read(&self, side: Side, sequence: StreamSequence, rng: &mut Rng) -> Option<StreamRead> {
        let all = self.messages.len();
        let seen = match (side, &self.given_up) {
            (Side::GivenUp, Some(leader)) => leader.alone_with.unwrap_or(all),
            // A server that still takes itself for the leader answers now and then.
            _ if self.is_electing && rng.one_in(20) => rng.range(all.saturating_sub(3), all + 1),
            _ if self.is_electing => return None,
            _ => self.behind.filter(|_| rng.one_in(2)).unwrap_or(all),
        };
        let index = usize::try_from(sequence.0 - 1).expect("a short log");
        Some(match self.messages[..seen].get(index) {
            Some(Message { id, frame }) => StreamRead::Message { id: id.clone(), frame: frame.clone() },
            None => StreamRead::Absent,
        })
    }

    /// The leader loses the others. It answers as before, and stores nothing.
    pub fn isolate_leader(&mut self) {
        self.leader.alone_with = Some(self.messages.len());
        self.leader.replicated = self.leader.proposed.len();
    }

    /// The others give the leader up, and elect another one, which has some of its proposals. It goes on
    /// until it finds out, if it is alive.
    pub fn give_up_leader(&mut self, is_alive: bool, rng: &mut Rng) {
        let old = std::mem::take(&mut self.leader);
        let is_alone = old.alone_with.is_some();
        let replicated = if is_alone { old.replicated } else { old.proposed.len() };
        let kept = rng.below(replicated + 1);
        self.leader.proposed = old.proposed.iter().take(kept).cloned().collect();
        self.is_electing = true;
        if is_alone && is_alive {
            self.given_up = Some(old);
        } else {
            self.counts.dropped += (old.proposed.len() - kept) as u32;
        }
    }

    /// The leader that was given up follows the new one. What it proposed is dropped.
    pub fn end_given_up_leader(&mut self) {
        if let Some(old) = self.given_up.take() {
            self.counts.dropped += old.proposed.len() as u32;
        }
    }

    /// Somebody leads and has a majority: the leader that was alone, or the one that was elected.
    pub fn recover(&mut self) {
        self.is_electing = false;
        self.leader.alone_with = None;
    }
}
