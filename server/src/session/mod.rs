//! A session: the lines of one peer, executed in order, and their replies. It does no I/O and waits for
//! nothing. Its owner appends the bytes that it receives, runs turns, provides what the session needs next,
//! and sends the replies when the commit that they depend on is durable.

mod execution;
pub mod framing;
mod limits;
mod next_step;
mod request_buffer;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bookline_protocol::limits::{LINE_BYTES_MAX, UNAUTHENTICATED_LINE_BYTES_MAX};
use bookline_protocol::{ParsedLine, Refusal, expects_reply, parse, parse_first, refuse_binary};
use bytes::buf::Limit;

pub use crate::auth::{Peer, PeerOrigin};
pub use execution::{execute_line, try_execute_line};
pub use limits::{OWN_REPLY_BYTES, OWN_REQUEST_BYTES};
pub use next_step::NextStep;

use crate::auth::hashing::{Hashed, Hashing};
use crate::codec::Sequence;
use crate::commands::buffers::Share;
use crate::commands::turn_budget::Cost;
use crate::commands::{
    ChunkStatus, ChunkedReply, ExecutionStatus, Login, Service, Turn, authorize_watcher, dropped, snapshot,
};
use crate::feed::Watcher;
use crate::state::{Committed, SharedByConnections};
use crate::storage::snapshot::Made;
use crate::storage::snapshot::snapshotter::NotMade;
use execution::{cost_of_parsed, execute_parsed, refuse_foreign};
use framing::{FramingEvent, LineRange};
use limits::{IDLE_BUFFER_BYTES, TURN_REPLY_BYTES_TARGET};
use request_buffer::RequestBuffer;

/// A longer line counts as expensive, whatever it contains.
const SHORT_LINE_BYTES_MAX: usize = 256;

/// What is received from a peer, executed for it, and not sent to it yet.
#[derive(Debug, Default)]
pub struct Session {
    requests: RequestBuffer,
    /// Whether the peer speaks this protocol: its first line that is neither blank nor a comment was text,
    /// and not the opening of another protocol.
    is_established: bool,
    /// Whether the peer has proved who it is, on a server that requires it.
    is_admitted: bool,
    /// Whether it is refused, and the connection is to be closed.
    is_over: bool,
    turn: Turn,
    /// An unfinished reply, which later lines wait for.
    chunked_reply: Option<Box<dyn ChunkedReply>>,
    /// Whether the turn has begun with nothing to be shown: no reply, no part of one, no watcher.
    has_begun_empty: bool,
    /// For the parser.
    scratch: Vec<u8>,
}

impl Session {
    /// The session of this peer.
    pub fn new(peer: Peer) -> Self {
        let mut session = Self::default();
        session.turn.login = Login::new(peer);
        session
    }

    /// Lets `read` append bytes of the peer, when the session needs [`NextStep::Read`]. There is always free
    /// capacity.
    pub fn receive<T>(&mut self, read: impl FnOnce(&mut Limit<&mut Vec<u8>>) -> T) -> T {
        self.requests.receive(read)
    }

    /// Executes complete lines in order, within the budget of a turn. `has_yielded` says whether others could
    /// run since the last turn began.
    pub fn run_turn(&mut self, service: &Service, has_yielded: bool) -> NextStep {
        self.turn.budget.begin(service.clock.now(), has_yielded);
        self.turn.context.committed = Committed::default();
        self.has_begun_empty =
            self.turn.replies.is_empty() && !self.is_writing_reply() && !self.is_watching();
        self.turn.looks = self.is_writing_reply();
        self.begin(service);
        if self.turn.replies.capacity() == 0 {
            self.turn.replies.reserve_exact(IDLE_BUFFER_BYTES);
        }
        self.write_changes(service);
        let next = loop {
            if self.is_over || self.turn.watcher.as_ref().is_some_and(|watcher| watcher.is_closed()) {
                break NextStep::Close;
            }
            if self.turn.budget.is_exhausted() || self.turn.replies.len() >= TURN_REPLY_BYTES_TARGET {
                break NextStep::Yield;
            }
            if let Some(next) = self.advance(service) {
                break next;
            }
        };
        let has_changes = self.turn.watcher.as_ref().is_some_and(|watcher| watcher.has_output());
        let next = if next == NextStep::Read && has_changes { NextStep::Yield } else { next };
        // A reply has taken the share, or needs it no more.
        self.turn.shares.waited_for = None;
        if self.turn.budget.commands > 0 {
            service.counters.commands.fetch_add(self.turn.budget.commands, Relaxed);
        }
        self.count_turn(service);
        next
    }

    /// Adds what was executed and refused to the counters of the server.
    #[inline]
    pub fn count_turn(&mut self, service: &Service) {
        self.turn.counts.move_to(&service.counters);
    }

    /// Writes changes of what the peer watches, as far as half a turn has space for, so that its requests and
    /// the changes get on beside each other. The lines of an unfinished reply stay together. A watcher whose
    /// account may not watch this any more is refused, and the session is over.
    pub fn write_changes(&mut self, service: &Service) {
        if self.turn.watcher.is_none() || self.chunked_reply.is_some() {
            return;
        }
        if let Err(refusal) = authorize_watcher(&mut self.turn, service) {
            self.refuse(&refusal);
            self.turn.watcher = None;
            self.is_over = true;
        } else if let Some(watcher) = &mut self.turn.watcher {
            watcher.write(&mut self.turn.replies, TURN_REPLY_BYTES_TARGET / 2);
        }
    }

    /// Whether the peer has proved who it is, as far as the server requires it.
    pub fn is_authenticated(&self, service: &Service) -> bool {
        !service.authentication.is_required() || self.turn.context.identity.account().is_some()
    }

    /// Whether the account of the peer still exists, if it has one. If it was dropped, its unfinished reply
    /// is ended by the refusal, and the connection is to be closed.
    pub fn still_has_account(&mut self, service: &Service) -> bool {
        let Turn { login, context, .. } = &mut self.turn;
        if !service.authentication.is_required() || login.refresh(context, service).is_ok() {
            return true;
        }
        self.chunked_reply = None;
        self.turn.watcher = None;
        self.is_over = true;
        self.refuse(&dropped());
        false
    }

    /// What all connections of the account share, if the peer has one.
    pub fn account(&self) -> Option<&Arc<SharedByConnections>> {
        self.turn.login.shared()
    }

    /// What [`NextStep::Hashing`] waits for.
    pub fn take_hashing(&mut self) -> Option<Hashing> {
        self.turn.login.hashing.take()
    }

    /// Provides what [`NextStep::Hashing`] needs.
    pub fn finish_hashing(&mut self, hashed: Hashed) {
        self.turn.login.hashed = Some(hashed);
    }

    /// What the peer watches, if it does. The owner waits for changes, and gives it back.
    pub fn take_watcher(&mut self) -> Option<Box<Watcher>> {
        self.turn.watcher.take()
    }

    pub fn return_watcher(&mut self, watcher: Option<Box<Watcher>>) {
        self.turn.watcher = watcher;
    }

    pub fn is_watching(&self) -> bool {
        self.turn.watcher.is_some()
    }

    /// Whether lines were executed or refused in the last turn.
    pub fn has_executed(&self) -> bool {
        self.turn.budget.commands > 0
    }

    /// Whether a command of the last turn has held locks for long.
    pub fn has_held_locks(&self) -> bool {
        self.turn.budget.has_held_locks
    }

    /// Whether a chunked reply is unfinished.
    pub fn is_writing_reply(&self) -> bool {
        self.chunked_reply.is_some()
    }

    /// The replies to send when [`Self::depends_on`] is durable.
    pub fn replies(&self) -> &[u8] {
        &self.turn.replies
    }

    /// The commit that the replies depend on.
    pub fn depends_on(&self) -> Sequence {
        self.turn.context.depends_on.0
    }

    /// The changes of the last turn, once.
    pub fn take_committed(&mut self) -> Committed {
        std::mem::take(&mut self.turn.context.committed)
    }

    /// In a cluster, whether the replies show something that another leader could change.
    pub fn has_looked(&self) -> bool {
        self.turn.looks
    }

    /// Replaces the reply that may not be shown by a refusal, if it is the whole reply to one request that
    /// has changed nothing. Otherwise it returns false.
    pub fn retract_reply(&mut self, refusal: &Refusal) -> bool {
        let is_whole = self.has_begun_empty && !self.is_writing_reply() && !self.is_watching();
        let can_retract =
            is_whole && self.turn.budget.commands == 1 && self.turn.context.committed.count == 0;
        if can_retract {
            self.turn.replies.clear();
            self.refuse(refusal);
        }
        can_retract
    }

    /// Frees the memory of the replies, and of a long line that is executed.
    pub fn replies_sent(&mut self) {
        if let Some(watcher) = &mut self.turn.watcher {
            watcher.sent();
        }
        self.turn.replies.clear();
        let had_large_line = self.is_watching() && self.turn.replies.capacity() > OWN_REPLY_BYTES;
        if self.turn.shares.large.take().is_some() || had_large_line {
            self.turn.replies = Vec::new();
        }
        if self.requests.release_long_line() {
            self.turn.replies.shrink_to(OWN_REPLY_BYTES);
            self.scratch = Vec::new();
        }
    }

    /// Provides what [`NextStep::LineShare`] needs.
    pub fn grant_line_share(&mut self, share: Share) {
        self.requests.grant_share(share);
    }

    /// Provides what [`NextStep::ReplyShare`] needs, until the next turn is over.
    pub fn grant_reply_share(&mut self, share: Share) {
        self.turn.shares.waited_for = Some(share);
    }

    /// Provides what [`NextStep::Snapshot`] needs: writes the reply.
    pub fn finish_snapshot(&mut self, made: Result<Made, NotMade>) {
        snapshot(&mut self.turn, made);
    }

    /// Whether a line that is longer than the session's own buffer has a share and is not executed yet.
    pub fn has_long_line(&self) -> bool {
        self.requests.has_long_line()
    }

    /// Frees memory that an idle session does not need. It frees a buffer as a whole, because the rest of a
    /// shrunk one would keep the allocator from returning the memory around it.
    pub fn release_idle_memory(&mut self) {
        self.requests.release_idle_memory();
        if self.turn.replies.capacity() > IDLE_BUFFER_BYTES {
            self.turn.replies = Vec::new();
        }
        self.scratch = Vec::new();
    }

    /// Ends the session after the last byte of the peer. An incomplete line is refused, not executed.
    pub fn end_of_input(&mut self) {
        if expects_reply(self.requests.framer.incomplete_line()) {
            self.refuse(&Refusal::incomplete());
        }
    }

    /// Writes a refusal that is not the reply to a request.
    pub fn refuse(&mut self, refusal: &Refusal) {
        self.turn.counts.refused(refusal.code);
        refusal.write(&mut self.turn.replies);
    }

    /// Looks up, before the first line, the account that the transport has proved. Lines are shorter until
    /// the peer has proved who it is.
    fn begin(&mut self, service: &Service) {
        if !service.authentication.is_required() || self.is_admitted {
            return;
        }
        let Turn { login, context, .. } = &mut self.turn;
        login.begin(context, service);
        self.is_admitted = self.is_authenticated(service);
        self.requests.framer.line_bytes_max =
            if self.is_admitted { LINE_BYTES_MAX } else { UNAUTHENTICATED_LINE_BYTES_MAX };
    }

    /// Writes the next chunk, or executes the next line. Returns what the session needs before it goes on, if
    /// the turn is over.
    #[inline]
    fn advance(&mut self, service: &Service) -> Option<NextStep> {
        if self.chunked_reply.is_some() && !self.still_has_account(service) {
            return Some(NextStep::Close);
        }
        if let Some(reply) = &mut self.chunked_reply {
            match reply.write(&mut self.turn, service, TURN_REPLY_BYTES_TARGET) {
                ChunkStatus::Complete => self.chunked_reply = None,
                ChunkStatus::Partial => return Some(NextStep::Yield),
                ChunkStatus::NeedsShare(bytes) => return Some(NextStep::ReplyShare(bytes)),
            }
            return None;
        }
        match self.requests.framer.next_event() {
            FramingEvent::Incomplete => Some(self.wait_for_line()),
            FramingEvent::Telnet(response) => {
                self.turn.replies.extend_from_slice(&response);
                self.turn.budget.charge(Cost::Low, &service.clock);
                None
            }
            FramingEvent::TooLong => {
                self.turn.budget.commands += 1;
                self.refuse(&Refusal::line_too_long(self.requests.framer.line_bytes_max));
                (!self.is_established).then_some(NextStep::Close)
            }
            FramingEvent::Line(range) => self.execute_line(service, range),
        }
    }

    /// What the session needs when no complete line is left: the incomplete one may be another protocol, or a
    /// long line.
    fn wait_for_line(&mut self) -> NextStep {
        if !self.is_established
            && let Some(refusal) = refuse_binary(self.requests.framer.incomplete_line())
        {
            refuse_foreign(&mut self.turn, &refusal);
            return NextStep::Close;
        }
        if self.requests.needs_share() { NextStep::LineShare } else { NextStep::Read }
    }

    /// Executes the line at the front, and consumes it unless it has to be executed again.
    #[inline]
    fn execute_line(&mut self, service: &Service, range: LineRange) -> Option<NextStep> {
        let line = self.requests.framer.line(range);
        let is_short = line.len() <= SHORT_LINE_BYTES_MAX;
        let line = if self.is_established {
            parse(line, &mut self.scratch)
        } else {
            let first = parse_first(line, &mut self.scratch);
            self.is_established = !matches!(first, ParsedLine::Blank);
            first
        };
        let status = execute_parsed(&mut self.turn, service, &line);
        let cost = if is_short { cost_of_parsed(&line) } else { Cost::High };
        self.turn.budget.charge(cost, &service.clock);
        let next = match status {
            ExecutionStatus::Backpressure => return Some(NextStep::Capacity),
            ExecutionStatus::Unfinished => return Some(NextStep::Yield),
            ExecutionStatus::Hashing => return Some(NextStep::Hashing),
            ExecutionStatus::NeedsShare(bytes) => return Some(NextStep::ReplyShare(bytes)),
            ExecutionStatus::Complete => None,
            ExecutionStatus::Chunked(reply) => {
                self.chunked_reply = Some(reply);
                None
            }
            ExecutionStatus::Snapshot => Some(NextStep::Snapshot),
            ExecutionStatus::Close => Some(NextStep::Close),
        };
        self.requests.framer.consume(range);
        self.turn.budget.commands += 1;
        if !self.is_admitted {
            self.begin(service);
        }
        next
    }
}
