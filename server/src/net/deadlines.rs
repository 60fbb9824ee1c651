//! Deadlines: how long a connection waits for its peer, and for shares.

use std::time::Duration;

use bookline_protocol::Refusal;
use tokio::time::Instant;

use crate::session::NextStep;

/// How long a line or a large reply waits for a share, and how long an incomplete line may keep one.
const SHARE_WAIT_MAX: Duration = Duration::from_secs(60);

/// How long a connection drains during a graceful shutdown, even if its peer keeps sending.
const DRAIN_MAX: Duration = Duration::from_millis(200);

/// A connection is drained when nothing arrives for so long.
const DRAIN_QUIET: Duration = Duration::from_millis(30);

const _: () = assert!(DRAIN_QUIET.as_millis() < DRAIN_MAX.as_millis());

/// How long a peer may take to prove who it is: to connect by hand and to type AUTH, on a server with
/// accounts.
const AUTHENTICATION_MAX: Duration = Duration::from_secs(10);

/// The deadlines of a connection.
#[derive(Debug)]
pub struct Deadlines {
    /// When the peer has to have proved who it is. `None` when it has, or need not.
    authentication: Option<Instant>,
    idle_timeout: Option<Duration>,
    /// Set while the connection has nothing to do.
    idle: Option<Instant>,
    /// When the long line has to be complete. Set while the connection waits for the rest of it.
    long_line: Option<Instant>,
    /// Set during a graceful shutdown.
    drain: Option<Instant>,
}

/// What a connection waited for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Requests during a graceful shutdown.
    Drained,
    /// The rest of a long line.
    LongLine,
    /// A complete line, for as long as a connection may be idle.
    Idle(Duration),
    /// A proof of who the peer is.
    Authentication,
    /// A share.
    Share,
}

impl Deadlines {
    pub fn new(idle_timeout: Option<Duration>, requires_authentication: bool) -> Self {
        let authentication = requires_authentication.then(|| Instant::now() + AUTHENTICATION_MAX);
        Self { authentication, idle_timeout, idle: None, long_line: None, drain: None }
    }

    /// Notes the end of a turn, and whether it has executed lines.
    pub fn end_turn(&mut self, next: NextStep, has_executed: bool) {
        if has_executed || next != NextStep::Read {
            self.idle = None;
        }
        if next == NextStep::LineShare {
            // It is another long line.
            self.long_line = None;
        }
    }

    /// When the peer has to have proved who it is, unless it has.
    pub fn authentication(&self) -> Option<Instant> {
        self.authentication
    }

    /// Notes that the peer has proved who it is.
    pub fn end_authentication(&mut self) {
        self.authentication = None;
    }

    /// Whether the peer had as long as it may to prove who it is.
    pub fn is_authentication_late(&self) -> bool {
        self.authentication.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Begins to drain the connection.
    pub fn begin_drain(&mut self) {
        self.drain.get_or_insert_with(|| Instant::now() + DRAIN_MAX);
    }

    pub fn is_draining(&self) -> bool {
        self.drain.is_some()
    }

    /// Whether the connection has drained for as long as it may.
    pub fn is_drained(&self) -> bool {
        self.drain.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// When a wait for `next` that begins now has taken too long, if ever, and what happens then.
    pub fn of_wait(
        &mut self,
        next: NextStep,
        has_long_line: bool,
        is_watching: bool,
    ) -> Option<(Instant, Expiry)> {
        match next {
            NextStep::Read => self.of_read(has_long_line, is_watching),
            NextStep::LineShare | NextStep::ReplyShare(_) => {
                Some((Instant::now() + SHARE_WAIT_MAX, Expiry::Share))
            }
            NextStep::Yield
            | NextStep::Capacity
            | NextStep::Hashing
            | NextStep::Snapshot
            | NextStep::Close => None,
        }
    }

    fn of_read(&mut self, has_long_line: bool, is_watching: bool) -> Option<(Instant, Expiry)> {
        if let Some(deadline) = self.drain {
            return Some((deadline.min(Instant::now() + DRAIN_QUIET), Expiry::Drained));
        }
        let long_line = has_long_line.then(|| {
            let deadline = *self.long_line.get_or_insert_with(|| Instant::now() + SHARE_WAIT_MAX);
            (deadline, Expiry::LongLine)
        });
        // A connection that waits for changes is not idle.
        let idle = self.idle_timeout.filter(|_| !is_watching).map(|timeout| {
            // Bytes of an incomplete line do not restart the timeout.
            (*self.idle.get_or_insert_with(|| Instant::now() + timeout), Expiry::Idle(timeout))
        });
        let authentication = self.authentication.map(|deadline| (deadline, Expiry::Authentication));
        [authentication, long_line, idle].into_iter().flatten().min_by_key(|(deadline, _)| *deadline)
    }
}

impl Expiry {
    /// What the peer is told before the connection is closed, if anything.
    pub fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Drained => None,
            Self::LongLine => Some(Refusal::line_stalled(SHARE_WAIT_MAX.as_secs())),
            Self::Idle(timeout) => Some(Refusal::idle(&humantime::format_duration(timeout).to_string())),
            Self::Authentication => Some(Refusal::not_authenticated_in_time()),
            Self::Share => Some(Refusal::no_buffers()),
        }
    }
}
