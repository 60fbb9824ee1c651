//! A connection, served by one task: run a turn of the session, wait until the commit that the replies depend
//! on is durable, send the replies with one write, and wait for the next event.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::pin;
use std::time::Duration;

use bookline_protocol::Refusal;
use tokio::io::AsyncReadExt;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::cluster::NotShown;
use crate::codec::Sequence;
use crate::commands::Service;
use crate::net::account_end::AccountEnd;
use crate::net::admission::UnauthenticatedPlace;
use crate::net::deadlines::{Deadlines, Expiry};
use crate::net::fairness::{Fairness, Turned};
use crate::net::stop::{ServerStop, Stop};
use crate::net::transport::{Transport, linger, send, shut_down};
use crate::session::{NextStep, Peer, Session};
use crate::state::Committed;
use crate::storage::log::{AppendError, LogExt};
use crate::storage::snapshot::snapshotter::NotMade;

/// Who is served.
#[derive(Debug, Default)]
pub struct Client {
    pub peer: Peer,
    /// Given up when the client has authenticated.
    pub unauthenticated: Option<UnauthenticatedPlace>,
}

/// How long a peer that has not authenticated may take to accept its last reply, beyond its deadline.
const LAST_WORD_MAX: Duration = Duration::from_secs(1);

struct Connection<'a, S> {
    stream: S,
    service: &'a Service,
    session: Session,
    unauthenticated: Option<UnauthenticatedPlace>,
    fairness: Fairness,
    deadlines: Deadlines,
    /// Until it is drained.
    executes_requests: Option<TaskTrackerToken>,
    /// Of the account that the peer has.
    account_end: AccountEnd,
}

/// What a connection waits for after a turn.
enum Event {
    /// The session has what it needs for the next turn.
    Ready,
    /// Something that the peer watches has changed.
    Changes,
    /// The peer sends no more.
    EndOfInput,
    /// The session is over.
    Closed,
    /// The account of the peer was dropped.
    AccountDropped,
    /// The server stops.
    Stopping,
    Expired(Expiry),
}

/// Serves a connection until the peer closes it, sends QUIT, or `server_stop` begins. `executes_requests` is
/// from it, taken when the connection was accepted.
///
/// # Errors
///
/// An error of the transport.
pub async fn serve(
    stream: impl Transport,
    client: Client,
    service: &Service,
    idle_timeout: Option<Duration>,
    server_stop: &ServerStop,
    executes_requests: TaskTrackerToken,
) -> io::Result<()> {
    let connection = Connection {
        stream,
        service,
        session: Session::new(client.peer),
        unauthenticated: client.unauthenticated,
        fairness: Fairness::new(),
        deadlines: Deadlines::new(idle_timeout, service.authentication.is_required()),
        account_end: AccountEnd::default(),
        executes_requests: Some(executes_requests),
    };
    let canceled = pin!(server_stop.canceled());
    connection.run(Stop::new(server_stop, canceled)).await
}

impl<S: Transport> Connection<'_, S> {
    async fn run(mut self, mut stop: Stop<'_, '_>) -> io::Result<()> {
        loop {
            let Turned { next, permit } = self.fairness.run_turn(&mut self.session, self.service).await;
            self.deadlines.end_turn(next, self.session.has_executed());
            // Before the reply, so that who reads it finds its place among the others free.
            self.note_account();
            self.send_replies(permit).await?;
            if self.deadlines.is_authentication_late() {
                return self.close(&Refusal::not_authenticated_in_time()).await;
            }
            match self.next_event(next, &mut stop).await? {
                Event::Ready => {}
                Event::Changes => self.fairness.begin_changes(),
                Event::EndOfInput => {
                    self.session.end_of_input();
                    self.send_replies(None).await?;
                    self.show_changes_through(self.service.store.log().appended()).await?;
                    return shut_down(&mut self.stream).await;
                }
                Event::Closed => return self.linger().await,
                Event::AccountDropped => {
                    // The refusal depends on the commit that dropped it.
                    self.session.still_has_account(self.service);
                    self.send_replies(None).await?;
                    return self.linger().await;
                }
                Event::Stopping if next == NextStep::Read => self.deadlines.begin_drain(),
                Event::Stopping => return self.close(&Refusal::shutting_down()).await,
                Event::Expired(Expiry::Drained) if self.session.is_watching() => {
                    return self.finish_watching().await;
                }
                Event::Expired(expiry) => match expiry.refusal() {
                    Some(refusal) => return self.close(&refusal).await,
                    None => return self.linger().await,
                },
            }
        }
    }

    /// Waits for the first event of all sources.
    async fn next_event(&mut self, next: NextStep, stop: &mut Stop<'_, '_>) -> io::Result<Event> {
        let Self { stream, service, session, fairness, deadlines, account_end, .. } = self;
        let mut heeds_stop = matches!(next, NextStep::LineShare | NextStep::ReplyShare(_));
        if next == NextStep::Read {
            if stop.is_requested() {
                deadlines.begin_drain();
            }
            if deadlines.is_drained() {
                return Ok(Event::Expired(Expiry::Drained));
            }
            heeds_stop = !deadlines.is_draining();
        }
        let has_long_line = session.has_long_line();
        let is_watching = session.is_watching();
        // While the connection is read, changes are waited for beside it.
        let mut watcher = if next == NextStep::Read { session.take_watcher() } else { None };
        let changes = async {
            match &mut watcher {
                Some(watcher) => watcher.ready().await,
                None => pending().await,
            }
        };
        let provided = async {
            match next {
                NextStep::Read if read(stream, session, fairness).await? == 0 => {
                    return Ok(Event::EndOfInput);
                }
                NextStep::Read => {}
                NextStep::Yield => fairness.yield_turn(session.is_writing_reply(), service).await,
                NextStep::Capacity => service.store.log().capacity().await,
                NextStep::LineShare => session.grant_line_share(service.buffers.line().await),
                NextStep::ReplyShare(bytes) => session.grant_reply_share(service.buffers.reply(bytes).await),
                NextStep::Hashing => hash(session).await,
                NextStep::Snapshot => make_snapshot(stream, session, service).await?,
                NextStep::Close => return Ok(Event::Closed),
            }
            Ok(Event::Ready)
        };
        // Most reads find bytes, and need no timer.
        let expired = async {
            let Some((deadline, expiry)) = deadlines.of_wait(next, has_long_line, is_watching) else {
                return pending().await;
            };
            sleep_until(deadline).await;
            expiry
        };
        let event = tokio::select! {
            biased;
            event = provided => event,
            () = changes => Ok(Event::Changes),
            () = account_end.wait(), if next == NextStep::Read => Ok(Event::AccountDropped),
            () = stop, if heeds_stop => Ok(Event::Stopping),
            expiry = expired => Ok(Event::Expired(expiry)),
        };
        if next == NextStep::Read {
            self.session.return_watcher(watcher);
        }
        event
    }

    /// Notes the account that the peer has got in the last turn.
    fn note_account(&mut self) {
        if self.session.is_authenticated(self.service) {
            self.deadlines.end_authentication();
            self.unauthenticated = None;
            self.account_end.follow(self.session.account());
        }
    }

    /// Shows what is watched until the last change of a server that stops, and closes the connection. Its
    /// requests are drained.
    async fn finish_watching(mut self) -> io::Result<()> {
        self.executes_requests = None;
        while let Some(mut watcher) = self.session.take_watcher() {
            let end = tokio::select! {
                end = self.service.feed.end() => Some(end),
                () = watcher.ready() => None,
            };
            self.session.return_watcher(Some(watcher));
            if let Some(end) = end {
                self.show_changes_through(end).await?;
                break;
            }
            self.session.write_changes(self.service);
            self.send_replies(None).await?;
        }
        linger(&mut self.stream).await
    }

    /// Shows what is watched up to this commit, if anything is.
    async fn show_changes_through(&mut self, commit: Sequence) -> io::Result<()> {
        if self.session.is_watching() {
            self.service.store.log().wait_durable(commit).await;
            self.service.feed.matched(commit).await;
        }
        loop {
            self.session.write_changes(self.service);
            self.send_replies(None).await?;
            let Some(mut watcher) = self.session.take_watcher() else { return Ok(()) };
            if watcher.has_shown(commit) || watcher.is_closed() {
                return Ok(());
            }
            watcher.ready().await;
            self.session.return_watcher(Some(watcher));
        }
    }

    /// Sends the replies when the commit that they depend on is durable. The permit is returned as soon as
    /// the peer has to be waited for.
    async fn send_replies(&mut self, permit: Option<SemaphorePermit<'_>>) -> io::Result<()> {
        if !self.session.replies().is_empty() {
            self.wait_until_shown().await?;
            self.count_acknowledged();
            let sending = send(&mut self.stream, self.session.replies(), permit);
            match self.deadlines.authentication() {
                None => sending.await?,
                // Who has not proved who it is does not keep its place by not reading.
                Some(deadline) => timeout_at(deadline.max(Instant::now() + LAST_WORD_MAX), sending).await??,
            }
        }
        self.session.replies_sent();
        Ok(())
    }

    /// Waits until the replies may be shown: the commit that they depend on is durable, and in a cluster no
    /// other server can have made them wrong.
    ///
    /// # Errors
    ///
    /// In a cluster, that their outcome is not known. The connection is closed without a reply.
    async fn wait_until_shown(&mut self) -> io::Result<()> {
        let depends_on = self.session.depends_on();
        let Some(cluster) = &self.service.cluster else {
            self.service.store.log().wait_durable(depends_on).await;
            return Ok(());
        };
        let Err(not_shown) = cluster.may_show(depends_on, self.session.has_looked()).await else {
            return Ok(());
        };
        let seconds = cluster.timeout.as_secs();
        let refusal = Refusal::unavailable(AppendError::Unavailable { seconds });
        if not_shown == NotShown::NotConfirmed && self.session.retract_reply(&refusal) {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "the replicated log does not answer"))
    }

    /// Counts the changes of the last turn, and how long they took until they may be acknowledged.
    fn count_acknowledged(&mut self) {
        let Self { session, service, .. } = self;
        session.count_turn(service);
        let Committed { count, since } = session.take_committed();
        if count > 0 {
            // The server's time never goes back.
            let micros = service.clock.now().abs_diff(since);
            service.counters.acknowledged.observe(micros, count.into());
        }
    }

    /// Sends a refusal and closes the connection.
    async fn close(&mut self, refusal: &Refusal) -> io::Result<()> {
        self.session.refuse(refusal);
        self.send_replies(None).await?;
        self.linger().await
    }

    /// Waits, for a bounded time, until the peer has read the last reply. No request follows.
    async fn linger(&mut self) -> io::Result<()> {
        self.executes_requests = None;
        linger(&mut self.stream).await
    }
}

/// Reads what has arrived, or waits. It reads at most once. Returns the number of bytes, 0 at the end of the
/// peer's stream. While it waits, the session keeps little memory.
async fn read(
    stream: &mut impl Transport,
    session: &mut Session,
    fairness: &mut Fairness,
) -> io::Result<usize> {
    poll_fn(|context| {
        let read = session.receive(|buffer| pin!(stream.read_buf(buffer)).poll(context));
        if read.is_pending() {
            session.release_idle_memory();
            fairness.wait_for_bytes();
        }
        read
    })
    .await
}

/// Waits until a password is hashed. Meanwhile the connection is not read, and the lines behind it wait.
async fn hash(session: &mut Session) {
    if let Some(hashing) = session.take_hashing() {
        session.finish_hashing(hashing.done().await);
    }
}

/// Makes a snapshot. Meanwhile the connection is not read, but a reset cancels the request. The end of the
/// peer's stream does not: the peer may wait for the reply.
async fn make_snapshot(
    stream: &mut impl Transport,
    session: &mut Session,
    service: &Service,
) -> io::Result<()> {
    let made = async {
        match (&service.snapshots, &service.cluster) {
            (Some(snapshots), _) => snapshots.make().await,
            (None, Some(cluster)) => cluster.make_snapshot().await,
            (None, None) => Err(NotMade::Stopping),
        }
    };
    tokio::select! {
        made = made => {
            session.finish_snapshot(made);
            Ok(())
        }
        error = stream.reset() => Err(error),
    }
}
